// Where to go on from a screen that has nothing to show until a run has ended.

import { html } from "./library.mjs";
import { link } from "./route.mjs";

/** Return whether a call failed as something is missing that a run makes. */
export const isNotYet = (error) => error?.body?.error === "MissingMaterialError";

/** The title of a screen, and in place of its content, which is `what`, the way to the run that makes it. */
export function NotYet({ assignment, title, what }) {
  return html`<h1>${title}</h1>
    <p class="alert" role="alert">There are no ${what} yet. <a href=${link(assignment)}>Start a run, or follow it, on the overview</a></p>`;
}
