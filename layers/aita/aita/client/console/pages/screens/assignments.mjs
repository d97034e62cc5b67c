// The assignments, and what each needs from a person now.

import { call } from "../calls.mjs";
import { html, useEffect, useState } from "../library.mjs";
import { isAtWork, pipelineFor, workForRuns } from "../logic/work_for_runs.mjs";
import { link } from "../route.mjs";
import { RunButtons } from "../run_buttons.mjs";
import { StartRun } from "../start_run.mjs";

const AGAIN = 5000; // ms between looks at a run in progress

export function Assignments({ assignment }) {
  const [names, setNames] = useState(null);
  const [failed, setFailed] = useState("");
  useEffect(() => {
    if (assignment) setNames([assignment]);
    else {
      call("GET", ["assignments"]).then(
        ({ assignments }) => setNames(assignments.map((each) => each.assignment)),
        (error) => setFailed(error.message),
      );
    }
  }, [assignment]);
  if (failed) return html`<p class="alert" role="alert">The assignments did not come: ${failed}</p>`;
  if (!names) return html`<p class="none" role="status">Loading …</p>`;
  return html`<h1>${assignment || "Assignments"}</h1>
    ${names.length === 0 && html`<p class="none">There are none yet: <a href=${link("+new")}>make one</a>.</p>`}
    <div class=${assignment ? "cards alone" : "cards"}>${names.map((name) => html`<${Assignment} key=${name} name=${name} alone=${Boolean(assignment)} />`)}</div>`;
}

function Assignment({ name, alone }) {
  const [state, setState] = useState(null);
  const [failed, setFailed] = useState("");
  const [times, setTimes] = useState(0); // to look anew
  useEffect(() => {
    let timer = 0;
    const look = async () => {
      try {
        const found = await call("GET", ["assignments", name, "state"]);
        setState(found);
        setFailed("");
        if (found.runs.some(isAtWork)) timer = setTimeout(look, AGAIN);
      } catch (error) {
        setFailed(error.message);
      }
    };
    look();
    return () => clearTimeout(timer);
  }, [name, times]);
  const changed = () => setTimes((before) => before + 1);
  return html`<section class="card" aria-label=${name}>
    ${!alone && html`<h2><a href=${link(name)}>${name}</a></h2>`}
    ${failed && html`<p class="alert" role="alert">${failed}</p>`}
    ${state ? html`<${Needs} state=${state} alone=${alone} />
        ${alone && html`<${NewRun} state=${state} changed=${changed} />`}
        <${Runs} runs=${alone ? state.runs : state.runs.slice(0, 1)} changed=${changed} />` : !failed && html`<p class="none">Loading …</p>`}
  </section>`;
}

function Needs({ state, alone }) {
  const work = workForRuns(state);
  const needs = [
    work.length > 0 && html`A run is needed${alone ? "" : html` (<a href=${link(state.assignment)}>start it</a>)`}: ${work.map((each) => each.words).join(", ")}`,
    state.names_to_match && html`<a href=${link(state.assignment, "names")}>${state.names_to_match} ${state.names_to_match === 1 ? "name" : "names"} to match</a>`,
    state.unplaced_pages > 0 && html`<a href=${link(state.assignment, "loose")}>${state.unplaced_pages} ${state.unplaced_pages === 1 ? "page of a pile is" : "pages of a pile are"} in no booklet</a>`,
    state.without_rubric.length > 0 && html`<a href=${link(state.assignment, "rubrics", state.without_rubric[0])}>No rubric for ${state.without_rubric.join(", ")}</a>: write it, or have it written by a run`,
    state.open_parts && html`<a href=${link(state.assignment, "parts")}>${state.open_parts} ${state.open_parts === 1 ? "part of a page belongs" : "parts of pages belong"} to no answer</a>`,
    state.open_answers && html`<a class="main" href=${link(state.assignment, "grade")}>Grade ${state.open_answers} ${state.open_answers === 1 ? "answer" : "answers"}</a>`,
  ].filter(Boolean);
  const unpriced = state.unpriced_calls ? `, and ${state.unpriced_calls} calls of unknown price` : "";
  return html`${needs.length ? html`<ul class="needs">${needs.map((need, index) => html`<li key=${index}>${need}</li>`)}</ul>` : html`<p>Nothing waits for you.</p>`}
    <p>${state.final_students} of ${state.students} students are final; ${state.answers} answers to ${state.questions} questions.
      ${state.answers > 0 && state.open_answers === 0 && html` <a href=${link(state.assignment, "grade")}>Look at the answers</a>`}</p>
    <p class="cost">Cost so far: ${state.cost_usd} USD${unpriced}.</p>`;
}

/** The start of a run of the present material: open where a run is needed, and refused while one is at work. */
function NewRun({ state, changed }) {
  const first = pipelineFor(state);
  const [open, setOpen] = useState(Boolean(first));
  const [told, setTold] = useState("");
  const atWork = state.runs.find(isAtWork);
  useEffect(() => { if (first) setOpen(true); }, [first]);
  const started = (run) => {
    setTold(`The run has started${run.warning ? `: ${run.warning}` : ""}.`);
    setOpen(false);
    changed();
  };
  return html`<div role="status">${told && html`<p>${told}</p>`}</div>
    ${atWork ? html`<p>No other run can be started now: the run <strong>${atWork.pipeline}</strong> is at work. Wait until it ends, or end it below.</p>`
      : html`<details class="start" open=${open} onToggle=${(event) => setOpen(event.currentTarget.open)}><summary>Start a run</summary>
        ${open && html`<${StartRun} key=${first} assignment=${state.assignment} first=${first || "exam"} started=${started} refused=${changed} />`}</details>`}`;
}

function modelOf(run) {
  const models = [...new Set([run.model, run.reader_model, run.grader_model].filter(Boolean))];
  return models.every((each) => each === "simulated") ? ", simulated: no model was asked" : `, model ${models.join(", ")}`;
}

function Runs({ runs, changed }) {
  if (!runs.length) return html`<p class="none">No run yet.</p>`;
  return html`<ul class="runs">${runs.map((run, index) => {
    const stage = run.stages?.find((each) => each.stage === run.stage);
    return html`<li key=${run.run_id}><strong>${run.pipeline}</strong> ${run.status.toLowerCase().replaceAll("_", " ")}
      ${isAtWork(run) && stage && html`: ${stage.stage} <progress max=${stage.total || 1} value=${stage.succeeded + stage.failed}></progress>
        ${stage.succeeded + stage.failed} of ${stage.total}${run.eta_seconds ? `, about ${Math.ceil(run.eta_seconds / 60)} min left` : ""}`}
      ${(run.wait_reason || run.reason) && html`<br />${run.wait_reason || run.reason}`}
      <br /><time datetime=${run.created_at}>${new Date(run.created_at).toLocaleString()}</time>${modelOf(run)}
      <${RunButtons} run=${run} newest=${index === 0} changed=${changed} /></li>`;
  })}</ul>`;
}
