// A rubric with its fields: criteria, points and their sum.

import { FormulaText } from "../formula_text.mjs";
import { html, useState } from "../library.mjs";
import { contentOf, draftOf, problemsOf, sumOf } from "../logic/rubric_draft.mjs";
import { written } from "../logic/points.mjs";
import { ChangedMeanwhile, isSame } from "./changed_meanwhile.mjs";

export function RubricForm({ content, points, step, busy, save, leave }) {
  const now = draftOf(content);
  const [draft, setDraft] = useState(now);
  const [seen, setSeen] = useState(now); // the state in which the person began
  const take = () => {
    setDraft(now);
    setSeen(now);
  };
  const problems = problemsOf(draft, points);
  const set = (criteria) => setDraft({ ...draft, criteria });
  const change = (index, name) => (event) => set(draft.criteria.with(index, { ...draft.criteria[index], [name]: event.currentTarget.value }));
  const move = (index, by) => {
    const criteria = draft.criteria.filter((_, place) => place !== index);
    set(criteria.toSpliced(index + by, 0, draft.criteria[index]));
  };
  const submit = (event) => {
    event.preventDefault();
    if (!problems.length) save(contentOf(draft));
  };
  const sum = sumOf(draft);
  return html`<form class="rubric-form" noValidate onSubmit=${submit} onKeyDown=${(event) => {
    if (event.key === "Escape") leave();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
  }} aria-label="Rubric">
    <ol>${draft.criteria.map((each, index) => html`<li key=${index}>
      <label>Points <input type="number" min="0" step=${step} value=${each.points} onInput=${change(index, "points")} /></label>
      <label class="grow">Criterion ${index + 1}; formulas in LaTeX <textarea rows="2" value=${each.description} onInput=${change(index, "description")}></textarea></label>
      <span class="tools"><button type="button" disabled=${index === 0} onClick=${() => move(index, -1)}>Up<span class="heard"> criterion ${index + 1}</span></button>
        <button type="button" onClick=${() => set(draft.criteria.filter((_, place) => place !== index))}>Remove<span class="heard"> criterion ${index + 1}</span></button></span></li>`)}</ol>
    ${!isSame(seen, now) && html`<${ChangedMeanwhile} take=${take}>
      <ol class="given">${now.criteria.map((each, index) => html`<li key=${index}><strong>${each.points}</strong> <${FormulaText} text=${each.description} /></li>`)}</ol><//>`}
    <p><button type="button" onClick=${() => set([...draft.criteria, { points: "", description: "", examples: [] }])}>Add a criterion</button></p>
    <p role="status" class=${problems.length ? "flag" : "cost"}>Together ${Number.isFinite(sum) ? written(sum) : "–"} of ${written(points)} points. ${problems.join(" ")}</p>
    <p class="tools"><button class="main" disabled=${busy || problems.length > 0}>Save <kbd>Ctrl Enter</kbd></button>
      <button type="button" onClick=${leave}>Leave <kbd>Esc</kbd></button></p>
  </form>`;
}
