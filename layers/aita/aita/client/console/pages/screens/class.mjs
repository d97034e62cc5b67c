// The class: each student's points by question, the distribution of each question's, and the answers behind both.

import { AnswersDialog } from "../class/answers_dialog.mjs";
import { Distributions } from "../class/distributions.mjs";
import { Matrix } from "../class/matrix.mjs";
import { classGrades } from "../class_grades.mjs";
import { html, useCallback, useEffect, useMemo, useState } from "../library.mjs";
import { arranged, isOpen } from "../logic/class_table.mjs";
import { written } from "../logic/points.mjs";
import { isNotYet, NotYet } from "../not_yet.mjs";
import { NamesSwitch, useNames } from "../student_names.mjs";

export function Class({ assignment }) {
  const [grades, setGrades] = useState(null);
  const [failed, setFailed] = useState(null);
  const [search, setSearch] = useState("");
  const [sort, setSort] = useState({ by: "student", down: false });
  const [charts, setCharts] = useState(false);
  const [named, setNamed] = useState(false);
  const [shown, setShown] = useState(null);
  const { names, failed: unnamed } = useNames(assignment, named);
  const nameOf = useCallback((row) => names[row.student_id] ?? row.student_id, [names]);
  const load = () => {
    setFailed(null);
    classGrades(assignment).then(setGrades, setFailed);
  };
  useEffect(load, [assignment]);
  const rows = useMemo(
    () => arranged(grades?.students ?? [], { search, ...sort, nameOf }), [grades, search, sort, nameOf],
  );
  if (isNotYet(failed)) return html`<${NotYet} assignment=${assignment} title="Class" what="grades" />`;
  if (failed) return html`<p class="alert" role="alert">The grades did not come: ${failed.message} <button type="button" onClick=${load}>Try again</button></p>`;
  if (!grades) return html`<p class="none" role="status">Loading …</p>`;
  const { questions } = grades;
  const order = (by) => setSort({ by, down: sort.by === by ? !sort.down : by !== "student" });
  const ofStudent = (row, start) => setShown({
    title: `Answers of ${nameOf(row)}`,
    summary: html`<p>${written(row.points)} of ${written(row.out_of)} points${row.letter ? `, ${row.letter}` : ""}${row.final ? "" : ", not final"}.
      ${row.not_counted.length > 0 && ` Not counted: ${row.not_counted.join(", ")}.`}</p>`,
    answers: row.cells.map(({ cell_id: cell }, index) => ({ cell, words: `Question ${questions[index].question_id}` })),
    start,
  });
  const ofBar = (cells, words) => setShown({
    title: words,
    answers: cells.map((each) => ({ cell: each.cell_id, words: nameOf(each) })),
    start: 0,
  });
  const open = rows.reduce((sum, row) => sum + row.cells.filter(isOpen).length, 0);
  return html`<h1>Class</h1>
    <p>${grades.final} of ${grades.total_students} students are final.</p>
    <form class="filters" onSubmit=${(event) => event.preventDefault()} aria-label="Students">
      <label>Search <input type="search" value=${search} autocomplete="off" onInput=${(event) => setSearch(event.currentTarget.value)} /></label>
      <label>Order <select value=${sort.by} onChange=${(event) => order(/^\d+$/.test(event.currentTarget.value) ? Number(event.currentTarget.value) : event.currentTarget.value)}>
        <option value="student">student</option><option value="points">total</option><option value="open">open answers</option>
        ${questions.map((each, index) => html`<option key=${index} value=${index}>question ${each.question_id}</option>`)}</select></label>
      <button type="button" onClick=${() => setSort({ ...sort, down: !sort.down })}>Reverse</button>
      <${NamesSwitch} shown=${named} set=${setNamed} failed=${unnamed} />
      <label class="check"><input type="checkbox" checked=${charts} onChange=${(event) => setCharts(event.currentTarget.checked)} /> Distributions</label>
    </form>
    <p role="status" class="cost">${rows.length} ${rows.length === 1 ? "student" : "students"}, ${open} open answers.</p>
    ${charts ? html`<${Distributions} questions=${questions} rows=${rows} open=${ofBar} />`
      : html`<${Matrix} questions=${questions} rows=${rows} nameOf=${nameOf} sort=${sort} setSort=${order} open=${ofStudent} />
        <p class="cost key"><span class="open">waits for a person</span> <span class="by-person">decided by a person</span>
          Totals leave out what waits. <i class="of-keys">Arrows move, Enter shows the answers.</i></p>`}
    ${shown && html`<${AnswersDialog} assignment=${assignment} ...${shown} close=${() => setShown(null)} />`}`;
}
