// A text or rubric that somebody else changed while it is being edited here: their state stands beside one's own draft.

import { html } from "../library.mjs";

const says = (draft) => JSON.stringify(draft);

/** Return whether two drafts say the same. */
export const isSame = (one, other) => says(one) === says(other);

/** The state that the server has now; `take` puts it in the draft's place. */
export function ChangedMeanwhile({ take, children }) {
  return html`<aside class="alert" aria-label="As it is now">
    <h3>Somebody else has changed it. As it is now:</h3>
    ${children}
    <p>Your draft is kept: saving it replaces this. <button type="button" onClick=${take}>Take this instead</button></p>
  </aside>`;
}
