// Whether all decisions are on the server, and the list of those that are not.

import { html, useState } from "./library.mjs";
import { isParked, standing } from "./logic/outbox.mjs";
import { link, route } from "./route.mjs";
import { unsent } from "./sending.mjs";

export function SaveState() {
  const [shown, setShown] = useState(false);
  const entries = unsent.entries.value;
  const told = standing(entries);
  const parked = entries.some(isParked);
  const stuck = parked || entries.some((each) => each.state !== "waiting" && each.state !== "sending");
  return html`<div class="saving">
    <p role="status" class=${stuck ? "stuck" : ""}>${told || "All saved"}</p>
    ${stuck && html`${!parked && html`<button type="button" aria-expanded=${shown} onClick=${() => setShown(!shown)}>Show</button>`}
      <button type="button" onClick=${() => unsent.retry()}>Send now</button>`}
    ${stuck && (shown || parked) && html`<ul class="entries">${entries.map((each) => html`<li key=${each.id}>
      ${each.address ? html`<a href=${each.address}>${each.words}</a>`
        : html`<a href=${link(each.assignment, "grade", each.answer.question_id, each.cell)}
          onClick=${(event) => showInPlace(event, each)}>Question ${each.answer.question_id}, answer ${each.cell}</a>`}:
      ${each.request.action}, ${each.state}. ${each.message} <${Parked} entry=${each} /></li>`)}</ul>`}
  </div>`;
}

/** Show an entry's answer with its draft, if it is in the screen's queue; else the link is followed. */
function showInPlace(event, { assignment, answer, queue, cell }) {
  const { screen, part, ...at } = route.value;
  if (at.assignment !== assignment || screen !== "grade" || part !== answer.question_id) return;
  event.preventDefault();
  queue.show(cell);
}

/** Buttons of a decision that the server failed at again and again, while others go on. */
export function Parked({ entry }) {
  if (!isParked(entry)) return null;
  const sending = entry.state === "sending";
  const discard = () => {
    const dropped = unsent.discard(entry.id);
    if (dropped) dropped.discarded?.(dropped);
  };
  return html`<span class="tools"><button type="button" disabled=${sending} onClick=${() => unsent.retry(entry.id)}>Try again</button>
    <button type="button" disabled=${sending} onClick=${discard}>Discard</button></span>`;
}
