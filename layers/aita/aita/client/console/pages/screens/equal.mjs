// Equal answers: answers that say the same, decided on at once, and taken back one by one.

import { AnswersDialog } from "../class/answers_dialog.mjs";
import { call } from "../calls.mjs";
import { EqualDecision } from "../equal/equal_decision.mjs";
import { FormulaText, prepare } from "../formula_text.mjs";
import { html, useEffect, useRef, useState } from "../library.mjs";
import { pointsInWords } from "../logic/equal.mjs";
import { isNotYet, NotYet } from "../not_yet.mjs";

export function Equal({ assignment, part }) {
  const [groups, setGroups] = useState(null);
  const [at, setAt] = useState(0);
  const [failed, setFailed] = useState(null);
  const [shown, setShown] = useState(null);
  const drafts = useRef(new Map()); // by group: of decisions that were not taken
  const [times, setTimes] = useState(0); // the list was loaded: what was decided on a group is in it now
  const load = async () => {
    setFailed(null);
    try {
      const found = (await call("GET", ["assignments", assignment, "equal-answers"], { query: { question: part } })).groups;
      await prepare(found.flatMap((each) => [each.text, ...each.texts]));
      setGroups(found);
      setTimes((before) => before + 1);
    } catch (error) {
      setFailed(error);
    }
  };
  useEffect(() => { load(); }, [assignment, part]);
  const index = Math.min(at, Math.max(0, (groups?.length ?? 0) - 1));
  useEffect(() => {
    const press = (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, textarea, select, dialog")) return;
      const step = { j: 1, k: -1 }[event.key];
      if (!step || !groups?.length) return;
      event.preventDefault();
      setAt(Math.max(0, Math.min(groups.length - 1, index + step)));
      document.querySelector("#main").focus({ preventScroll: true });
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });
  if (isNotYet(failed)) return html`<${NotYet} assignment=${assignment} title="Equal answers" what="grades" />`;
  if (failed) return html`<p class="alert" role="alert">The equal answers did not come: ${failed.message} <button type="button" onClick=${load}>Try again</button></p>`;
  if (!groups) return html`<p class="none" role="status">Loading …</p>`;
  const differing = groups.filter((each) => each.differ).length;
  const group = groups[index];
  return html`<h1>Equal answers</h1>
    <p>${groups.length} ${groups.length === 1 ? "group" : "groups"} of answers that say the same; ${differing} with different points.
      Answers are equal if their texts are, without struck-out words and whatever the white space and the way of writing formulas and numbers.</p>
    ${group && html`<div class="beside">
      <ol class="choices" aria-label="Groups">${groups.map((each, number) => html`<li key=${keyOf(each)}>
        <button type="button" aria-current=${number === index ? "true" : undefined} onClick=${() => setAt(number)}>
          <strong>${each.question_id}</strong> ${each.cells.length} answers
          ${each.differ && html`<span class="flag"> points differ</span>`}
          <span class="excerpt"><${FormulaText} text=${each.text} /></span></button></li>`)}</ol>
      <section aria-labelledby="group" key=${`${keyOf(group)} ${times}`}>
        <h2 id="group">Question ${group.question_id}: ${group.cells.length} equal answers</h2>
        <p class="heard" role="status">Group ${index + 1} of ${groups.length}</p>
        <div class="reading">${(group.texts.length > 1 ? group.texts : [group.text]).map((text, number) => html`
          <p class="text" key=${number}><${FormulaText} text=${text} /></p>`)}</div>
        <p class=${group.differ ? "alert" : ""}>Points: ${pointsInWords(group.cells)}.</p>
        <${EqualDecision} assignment=${assignment} group=${group} reload=${load} drafts=${drafts.current}
          look=${(start) => setShown({ start, answers: group.cells.map((each) => ({ cell: each.cell_id, words: each.student_id })) })} />
      </section></div>`}
    ${shown && html`<${AnswersDialog} assignment=${assignment} title="Equal answers" ...${shown} close=${() => setShown(null)} />`}`;
}

const keyOf = (group) => group.cells[0].cell_id;
