// Decisions on an answer so far, and two that were made at the same time.

import { FormulaText } from "../formula_text.mjs";
import { html } from "../library.mjs";
import { written } from "../logic/points.mjs";

const WORDS = {
  accept: "accepted", set: "set the points", correct: "corrected the reading", note: "left a note", undo: "undid a decision",
};

/** Return a decision, or a request for one, in words, without the reason. */
function inWords(decision) {
  const points = decision.points ?? (decision.criteria && Object.values(decision.criteria).reduce((sum, each) => sum + each, 0));
  return [
    WORDS[decision.action],
    decision.action === "set" || decision.action === "accept" ? points !== undefined && `: ${written(points)}` : "",
  ].filter(Boolean).join("");
}

/** The reason that was given for a decision, if one was. */
const Why = ({ decision }) => decision.why ? html` (<${FormulaText} text=${decision.why} />)` : null;

export function Decisions({ answer }) {
  if (!answer.decisions.length) return null;
  return html`<section class="decisions" aria-labelledby="decisions">
    <h2 id="decisions">Decisions</h2>
    <ul>${answer.decisions.map((each) => html`<li key=${each.decision_id}
      class=${each.decision_id === answer.counts ? "counts" : ""}>
      ${each.by} ${inWords(each)}<${Why} decision=${each} />, <time datetime=${each.at}>${new Date(each.at).toLocaleString()}</time>
      ${each.decision_id === answer.counts && html`<strong> counts</strong>`}</li>`)}</ul>
  </section>`;
}

/** Both decisions where two were made at once; `keep` drops one's own, `insist` sends it again. */
export function Conflict({ entry, keep, insist }) {
  const { theirs, request, state, message } = entry;
  if (state === "refused") {
    return html`<div class="alert" role="alert"><p>Your decision was not taken: ${message}</p>
      <p><button type="button" onClick=${keep}>Decide anew</button></p></div>`;
  }
  return html`<div class="alert conflict" role="alert">
    <h2>Decided by two at once</h2>
    <dl>
      <dt>${theirs ? theirs.by : "Meanwhile"}</dt>
      <dd>${theirs ? html`${inWords(theirs)}<${Why} decision=${theirs} />` : "the answer was graded anew"}${theirs?.feedback && html`: “<${FormulaText} text=${theirs.feedback} />”`}</dd>
      <dt>You</dt><dd>${inWords(request)}<${Why} decision=${request} />${request.feedback && html`: “<${FormulaText} text=${request.feedback} />”`}</dd>
    </dl>
    <p><button type="button" onClick=${keep}>${theirs ? "Keep theirs" : "Look at the new proposal"}</button>
      ${theirs && html`<button type="button" onClick=${insist}>Decide as I did</button>`}</p>
  </div>`;
}
