// Hand back: who is final and who is not, the grades for other systems, and the reports.

import { ownCall } from "../calls.mjs";
import { classGrades } from "../class_grades.mjs";
import { download } from "../download.mjs";
import { FLAGS } from "../flags.mjs";
import { html, useEffect, useRef, useState } from "../library.mjs";
import { notFinal, openByQuestion } from "../logic/standing_of_class.mjs";
import { isNotYet, NotYet } from "../not_yet.mjs";
import { link } from "../route.mjs";
import { progress, runToEnd } from "../runs.mjs";
import { NamesSwitch, useNames } from "../student_names.mjs";

const FORMATS = {
  canvas: "Canvas, a column of its gradebook",
  moodle: "Moodle, a file for its import of grades",
  brightspace: "Brightspace, a file for its import of grades",
  blackboard: "Blackboard, a column of its gradebook",
  gradescope: "Gradescope, as its download of grades",
  "canvas-feedback": "Canvas, each report for its student",
  "moodle-feedback": "Moodle, each report for its student",
  matrix: "A table of everyone and every question, with states",
  jsonl: "JSON Lines, every criterion of every answer, for staff",
};
const OF_EVERYONE = ["matrix", "jsonl"]; // final or not
const WITH_COLUMN = ["canvas", "moodle", "brightspace", "blackboard"];
const WORDS = { ...FLAGS, FAILED: "failed", NEEDS_REVIEW: "waits" };

export function Export({ assignment }) {
  const [grades, setGrades] = useState(null);
  const [failed, setFailed] = useState(null);
  const load = () => {
    setFailed(null);
    classGrades(assignment).then(setGrades, setFailed);
  };
  useEffect(load, [assignment]);
  if (isNotYet(failed)) return html`<${NotYet} assignment=${assignment} title="Hand back" what="grades" />`;
  return html`<h1>Hand back</h1>
    ${failed && html`<p class="alert" role="alert">The grades did not come: ${failed.message} <button type="button" onClick=${load}>Try again</button></p>`}
    ${grades ? html`<${Standing} assignment=${assignment} grades=${grades} />
      <div class="cards wide">
        <${Gradebook} assignment=${assignment} final=${grades.final} />
        <${Reports} assignment=${assignment} />
      </div>` : !failed && html`<p class="none" role="status">Loading …</p>`}`;
}

function Standing({ assignment, grades }) {
  const [named, setNamed] = useState(false);
  const { names, failed } = useNames(assignment, named);
  const { questions, students, final, total_students: total } = grades;
  const open = openByQuestion(questions, students);
  const waiting = notFinal(questions, students);
  return html`<section aria-labelledby="standing"><h2 id="standing">${final} of ${total} students are final</h2>
    ${open.length > 0 && html`<p>A gradebook has only students who are final. The others wait for these answers:</p>
      <ul>${open.map((each) => html`<li key=${each.question_id}>
        <a href=${link(assignment, "grade", each.question_id)}>Question ${each.question_id}: ${each.open} open</a>${" "}
        (${each.flags.map(([kind, count]) => `${WORDS[kind] ?? kind} ${count}`).join(", ")})</li>`)}</ul>`}
    ${waiting.length > 0 && html`<details><summary>Students who are not final (${waiting.length})</summary>
      <${NamesSwitch} shown=${named} set=${setNamed} failed=${failed} />
      <ul class="columns">${waiting.map((each) => html`<li key=${each.student_id}>${names[each.student_id] ?? each.student_id}:
        ${each.open.length ? each.open.join(", ") : "no answers"}</li>`)}</ul></details>`}
  </section>`;
}

function Gradebook({ assignment, final }) {
  const offered = Object.entries(FORMATS).filter(([name]) => final > 0 || OF_EVERYONE.includes(name)); // others would be empty
  const [format, setFormat] = useState(offered[0][0]);
  const [column, setColumn] = useState("");
  const [key, setKey] = useState("");
  const [busy, setBusy] = useState(false);
  const [made, setMade] = useState(null);
  const [failed, setFailed] = useState("");
  const make = async (event) => {
    event.preventDefault();
    setBusy(true);
    setFailed("");
    setMade(null);
    try {
      const asked = { assignment, format, column: (WITH_COLUMN.includes(format) && column.trim()) || null, key: (format === "moodle" && key) || null };
      const answer = await ownCall("export", asked);
      download(answer);
      setMade(answer);
    } catch (error) {
      setFailed(error.message);
    }
    setBusy(false);
  };
  return html`<section class="card" aria-labelledby="gradebook"><h2 id="gradebook">Grades</h2>
    ${final === 0 && html`<p>Gradebooks, and reports that an LMS hands out, are offered once a student is final: until then they would be empty.</p>`}
    <form onSubmit=${make}>
      <fieldset><legend>For</legend>${offered.map(([name, words]) => html`
        <label class="check" key=${name}><input type="radio" name="format" value=${name} checked=${format === name}
          onChange=${() => setFormat(name)} /> ${words}</label>`)}</fieldset>
      ${WITH_COLUMN.includes(format) && html`<label>The grade's name there <input value=${column} maxlength="200" autocomplete="off"
        placeholder="the exam's name" onInput=${(event) => setColumn(event.currentTarget.value)} /></label>`}
      ${format === "moodle" && html`<label>Students are found by <select value=${key} onChange=${(event) => setKey(event.currentTarget.value)}>
        <option value="">the ids that the roster has</option><option value="email">email</option><option value="number">number</option></select></label>`}
      <p><button class="main" disabled=${busy}>${busy ? "Being made …" : "Download"}</button></p>
    </form>
    <div role="status">${failed && html`<p class="alert">No file was made: ${failed}</p>`}
    ${made && html`<p>${made.name}: ${made.written} ${made.written === 1 ? "student" : "students"}, out of ${made.out_of} points;
      version of the grades <code>${made.grades_version}</code>.</p>
      ${made.notes.length > 0 && html`<ul>${made.notes.map((each) => html`<li key=${each}>${each}</li>`)}</ul>`}
      ${made.left_out.length > 0 && html`<p>Left out, ${made.left_out.length}:</p>
        <ul>${made.left_out.map((each, index) => html`<li key=${index}>${each.name}: ${each.reason}${each.open_questions.length > 0
          && ` (open: ${each.open_questions.join(", ")})`}</li>`)}</ul>`}`}</div>
  </section>`;
}

function Reports({ assignment }) {
  const [told, setTold] = useState("");
  const [failed, setFailed] = useState("");
  const [busy, setBusy] = useState(false);
  const gone = useRef(false);
  useEffect(() => () => { gone.current = true; }, []);
  const work = (does) => async () => {
    setBusy(true);
    setFailed("");
    try {
      await does();
    } catch (error) {
      setFailed(error.message);
    }
    setBusy(false);
  };
  const anew = work(async () => {
    await runToEnd(assignment, "report", { tell: (run) => setTold(`The run is ${progress(run)}.`), left: () => gone.current });
  });
  const fetched = work(async () => {
    const answer = await ownCall("reports", { assignment });
    download(answer);
    setTold([
      `${answer.name}: ${answer.written} files.`,
      answer.out_of_date && `${answer.out_of_date} are older than a decision, a grade or an upload: make them anew.`,
      answer.untranscribed.length && `${answer.untranscribed.length} folders were uploaded after the last transcription, and are in no report.`,
    ].filter(Boolean).join(" "));
  });
  return html`<section class="card" aria-labelledby="reports"><h2 id="reports">Reports</h2>
    <p>The class's report and each student's, as the student will see it: pages that open offline.</p>
    <p class="tools"><button type="button" disabled=${busy} onClick=${anew}>Make them anew</button>
      <button type="button" class="main" disabled=${busy} onClick=${fetched}>Download all</button></p>
    <div role="status">${told && html`<p>${told}</p>`}${failed && html`<p class="alert">${failed}</p>`}</div>
  </section>`;
}
