// Whether all decisions are on the server, and the list of those that are not.

import { html, useState } from "./library.mjs";
import { standing } from "./logic/outbox.mjs";
import { link } from "./route.mjs";
import { unsent } from "./sending.mjs";

export function SaveState() {
  const [shown, setShown] = useState(false);
  const entries = unsent.entries.value;
  const told = standing(entries);
  const stuck = entries.some((each) => each.state !== "waiting" && each.state !== "sending");
  return html`<div class="saving">
    <p role="status" class=${stuck ? "stuck" : ""}>${told || "All saved"}</p>
    ${stuck && html`<button type="button" aria-expanded=${shown} onClick=${() => setShown(!shown)}>Show</button>
      <button type="button" onClick=${() => unsent.retry()}>Send now</button>`}
    ${stuck && shown && html`<ul class="entries">${entries.map((each) => html`<li key=${each.id}>
      ${each.address ? html`<a href=${each.address}>${each.words}</a>`
        : html`<a href=${link(each.assignment, "grade", each.answer.question_id)}
          onClick=${() => each.queue.show(each.cell)}>Question ${each.answer.question_id}, answer ${each.cell}</a>`}:
      ${each.request.action}, ${each.state}. ${each.message}</li>`)}</ul>`}
  </div>`;
}
