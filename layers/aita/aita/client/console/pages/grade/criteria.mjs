// The rubric's criteria with the points of the draft, each by a key, a button or a field.

import { FormulaText } from "../formula_text.mjs";
import { html } from "../library.mjs";
import { toggled, written } from "../logic/points.mjs";

export function Criteria({ answer, rubric, step, draft, set }) {
  if (!rubric) return html`<p class="none">The question has no rubric: set the points as one number (s).</p>`;
  return html`<ol class="criteria">${rubric.criteria.map((criterion, index) => html`
    <${Criterion} key=${index} number=${index + 1} criterion=${criterion} step=${step} points=${draft.criteria[index]}
      proposed=${answer.proposal?.criteria[index]} set=${(points) => set(index, points)} />`)}</ol>`;
}

function Criterion({ number, criterion, proposed, points, step, set }) {
  const full = points === criterion.points;
  const state = points === null ? "undecided" : full ? "full" : points ? "part" : "zero";
  const changed = proposed && points !== proposed.points;
  const read = (event) => {
    const given = event.currentTarget.valueAsNumber;
    if (Number.isFinite(given) && given >= 0 && given <= criterion.points) set(given);
  };
  return html`<li class=${state}>
    <button type="button" class="toggle" aria-pressed=${full} onClick=${() => set(toggled(points, criterion.points))}>
      <kbd aria-hidden="true">${number <= 9 ? number : ""}</kbd>
      <span class="heard">Criterion ${number}: </span><${FormulaText} text=${criterion.description} />
    </button>
    <label class="points"><span class="heard">Points for criterion ${number}, of ${criterion.points}</span>
      <input type="number" min="0" max=${criterion.points} step=${step} value=${points ?? ""} onChange=${read} />
      <span aria-hidden="true">/ ${written(criterion.points)}</span></label>
    ${proposed && html`<p class="why">
      ${changed && html`<strong>Proposed: ${written(proposed.points)}. </strong>`}
      <${FormulaText} text=${proposed.reason} />
      ${!proposed.quote_found && html`<strong class="flag"> Its quote is not in what was read: </strong>
        <q><${FormulaText} text=${proposed.quote} /></q>`}
    </p>`}
  </li>`;
}
