// Questions, answer keys and rubrics: to read and to change, with what a change does to the grades.

import { ownCall } from "../calls.mjs";
import { FormulaText, prepare } from "../formula_text.mjs";
import { html, useEffect, useState } from "../library.mjs";
import { written } from "../logic/points.mjs";
import { isAsLeft, standing, withResult } from "../logic/taking_back.mjs";
import { isNotYet, NotYet } from "../not_yet.mjs";
import { link } from "../route.mjs";
import { Preview } from "../written/preview.mjs";
import { RubricForm } from "../written/rubric_form.mjs";
import { TextForm } from "../written/text_form.mjs";
import { Versions } from "../written/versions.mjs";

const QUESTION = [["question_text", "Question; formulas in LaTeX", "text", true], ["points", "Points", "points", true]];
const KEY = [
  ["correct_answer", "Right answer; formulas in LaTeX", "text", true], ["alternative_answers", "Other right answers, one a line", "lines"],
  ["explanation", "Explanation", "text"], ["grading_notes", "Notes for grading", "text"], ["solution_steps", "Steps of the solution, one a line", "lines"],
];

export function Rubrics({ assignment, part }) {
  const [exam, setExam] = useState(null);
  const [failed, setFailed] = useState(null);
  const [told, setTold] = useState("");
  const [times, setTimes] = useState(0);
  const [editing, setEditing] = useState(""); // "question", "answer_key" or "rubric"
  const [busy, setBusy] = useState(false);
  const [versions, setVersions] = useState(""); // kind whose versions are shown
  const [before, setBefore] = useState([]); // changes of this page, to take back
  const load = async () => {
    setFailed(null);
    try {
      const found = await ownCall("written", { assignment });
      await prepare(found.questions.flatMap(({ question, answer_key: key, rubric }) => [
        question.question_text, key.content?.correct_answer ?? "", ...(rubric.content?.criteria ?? []).map((each) => each.description)]));
      setExam(found);
      setTimes((now) => now + 1);
      return found;
    } catch (error) {
      setFailed(error);
      return null;
    }
  };
  useEffect(() => { load(); }, [assignment]);
  const index = Math.max(0, exam?.questions.findIndex((each) => each.question.question_id === part) ?? 0);
  useEffect(() => { setEditing(""); }, [part]);
  const go = (step) => {
    const to = exam.questions[Math.max(0, Math.min(exam.questions.length - 1, index + step))];
    location.hash = link(assignment, "rubrics", to.question.question_id);
  };
  useEffect(() => {
    const press = (event) => {
      if (editing || event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, textarea, select, dialog")) return;
      if (event.key === "v") setVersions("rubric");
      else if (!exam) return;
      else if (event.key === "j") go(1);
      else if (event.key === "k") go(-1);
      else if (event.key === "e") setEditing("rubric");
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });
  const put = async (kind, question_id, content, back) => {
    setBusy(true);
    setFailed(null);
    try {
      const { notes, version } = await ownCall("change", { assignment, kind, question_id, content, seen: exam.versions[kind] });
      setEditing("");
      setTold([back ? "Saved." : "Taken back.", ...notes].join(" "));
      const found = await load();
      const isAlone = found?.versions[kind] === version; // else another change came between, and the state after this one is not known
      setBefore((now) => !back ? now.slice(0, -1) : isAlone ? [...now, withResult(found, back)] : now);
    } catch (error) {
      setFailed(error);
    }
    setBusy(false);
  };
  const older = html`<${Versions} assignment=${assignment} open=${versions} show=${setVersions} restored=${(notes) => restored(notes)} />`;
  if (isNotYet(failed) && !exam) return html`<${NotYet} assignment=${assignment} title="Questions and rubrics" what="questions" />${older}`;
  if (failed && !exam) return html`<p class="alert" role="alert">The questions did not come: ${failed.message} <button type="button" onClick=${load}>Try again</button></p>${older}`;
  if (!exam) return html`<p class="none" role="status">Loading …</p>`;
  const shown = exam.questions[index];
  const save = (kind) => (content) => {
    const { question_id } = shown.question;
    put(kind, question_id, content, { kind, question_id, content: standing(exam, kind, question_id) });
  };
  const undo = () => {
    const { kind, question_id, content } = before.at(-1);
    if (isAsLeft(exam, before.at(-1))) put(kind, question_id, content, null);
    else {
      setBefore((now) => now.slice(0, -1));
      setTold(`Question ${question_id} was changed by somebody else since, and that stays: your change of it can't be taken back.`);
    }
  };
  const restored = async (notes) => {
    setVersions("");
    setEditing("");
    setTold(["Restored.", ...notes].join(" "));
    setBefore([]); // they were changes of an earlier state
    await load();
  };
  return html`<h1>Questions and rubrics</h1>
    <p>${exam.exam_name}, ${exam.questions.length} questions, out of ${written(exam.out_of)} points.</p>
    <p role="status">${told}</p>
    ${failed && html`<p class="alert" role="alert">${failed.message} <button type="button" onClick=${load}>Load again</button></p>`}
    ${before.length > 0 && html`<p><button type="button" disabled=${busy} onClick=${undo}>Take back the last change (question ${before.at(-1).question_id})</button></p>`}
    ${older}
    <${Preview} assignment=${assignment} times=${times} />
    <div class="beside">
      <ol class="choices" aria-label="Questions">${exam.questions.map(({ question, rubric, answer_key: key }) => html`<li key=${question.question_id}>
        <a href=${link(assignment, "rubrics", question.question_id)} aria-current=${question === shown.question ? "true" : undefined}>
          <strong>${question.question_id}</strong> ${written(question.points)} points${!rubric.content && html`<span class="flag"> no rubric</span>`}${(rubric.problem || key.problem) && html`<span class="flag"> to check</span>`}
          <span class="excerpt"><${FormulaText} text=${question.question_text} /></span></a></li>`)}</ol>
      <${Question} key=${shown.question.question_id} shown=${shown} step=${exam.points_step} editing=${editing} edit=${setEditing} busy=${busy} save=${save} />
    </div>`;
}

const whose = (one) => one.own ? "yours" : one.content ? "written by aita" : "";

function Question({ shown, step, editing, edit, busy, save }) {
  const { question, rubric, answer_key: key, choice } = shown;
  const leave = () => edit("");
  const heading = (kind, words, one) => html`<h2 id=${kind}>${words}${one && whose(one) && html` <span class="cost">${whose(one)}</span>`}
    ${editing !== kind && html` <button type="button" onClick=${() => edit(kind)}>Edit<span class="heard"> ${words.toLowerCase()}</span>${kind === "rubric" && html` <kbd>e</kbd>`}</button>`}</h2>
    ${one?.problem && html`<p class="alert">${one.problem}</p>`}`;
  const form = { busy, leave, step };
  return html`<div>
    <section aria-labelledby="question">${heading("question", `Question ${question.question_id}`)}
      ${editing === "question" ? html`<${TextForm} ...${form} label="Question" content=${question} fields=${QUESTION} save=${save("question")} />`
        : html`<p class="text"><${FormulaText} text=${question.question_text} /></p>
          <p class="cost">${written(question.points)} points${question.bonus ? ", bonus" : ""}${choice ? `; ${choice}` : ""}; ${question.question_type.replaceAll("_", " ")}</p>`}</section>
    <section aria-labelledby="answer_key">${heading("answer_key", "Answer key", key)}
      ${editing === "answer_key" ? html`<${TextForm} ...${form} label="Answer key" content=${key.content} fields=${KEY} save=${save("answer_key")} />`
        : key.content ? html`<p class="text"><${FormulaText} text=${key.content.correct_answer} /></p>
          ${KEY.slice(1).filter(([name]) => key.content[name]?.length).map(([name, words]) => html`<h3 key=${name}>${words.split(",")[0]}</h3>
            <p class="text"><${FormulaText} text=${[key.content[name]].flat().join("\n")} /></p>`)}` : html`<p class="none">There is none.</p>`}</section>
    <section aria-labelledby="rubric">${heading("rubric", "Rubric", rubric)}
      ${editing === "rubric" ? html`<${RubricForm} ...${form} content=${rubric.content} points=${question.points} save=${save("rubric")} />`
        : rubric.content ? html`<ol class="given">${rubric.content.criteria.map((each, index) => html`<li key=${index}><strong>${written(each.points)}</strong> <${FormulaText} text=${each.description} />
          ${each.examples?.length > 0 && html`<br /><span class="instead"><${FormulaText} text=${each.examples.join("; ")} /></span>`}</li>`)}</ol>`
          : html`<p class="none">There is none.</p>`}</section>
  </div>`;
}
