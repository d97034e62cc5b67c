// The screen on which answers are graded, by question.

import { FormulaText } from "../formula_text.mjs";
import { AnswerPicture } from "../grade/answer_picture.mjs";
import { Claims } from "../grade/claims.mjs";
import { Criteria } from "../grade/criteria.mjs";
import { Conflict, Decisions } from "../grade/decisions.mjs";
import { EVERYTHING_OPEN, FilterBar } from "../grade/filter_bar.mjs";
import { Grading } from "../grade/grading.mjs";
import { KeysDialog } from "../grade/keys_dialog.mjs";
import { GoOn, Questions, useQuestions } from "../grade/questions.mjs";
import { Reading } from "../grade/reading.mjs";
import { Writing } from "../grade/writing.mjs";
import { html, useEffect, useMemo, useRef, useState } from "../library.mjs";
import { actionOf } from "../logic/keys.mjs";
import { isParked } from "../logic/outbox.mjs";
import { total, written } from "../logic/points.mjs";
import { names } from "../names.mjs";
import { isNotYet, NotYet } from "../not_yet.mjs";
import { Parked } from "../save_state.mjs";
import { unsent } from "../sending.mjs";

const BUTTONS = [
  ["accept", "Accept", "Enter"], ["previous", "Previous", "k"], ["next", "Next", "j"], ["undo", "Undo", "u"],
  ["feedback", "Feedback", "e"], ["reading", "Reading", "t"], ["note", "Note", "n"], ["total", "Points", "s"],
];
const VIEWS = [["zoom", "Zoom", "z"], ["page", "Whole page", "p"], ["name", "Name", "w"]];
/** Whether the question stands open below what was read: at first where there is room, then as the person leaves it. */
const roomy = matchMedia("(min-width: 62rem)").matches;
const WRITTEN = ["feedback", "note", "reading", "total"];

export function Grade({ assignment, part, cell }) {
  const [filter, setFilter] = useState(EVERYTHING_OPEN);
  const [keysShown, setKeysShown] = useState(false);
  const [keysOn, setKeysOn] = useState(true);
  const [filtersShown, setFiltersShown] = useState(false);
  const [named, setNamed] = useState(null);
  const linked = useRef({ cell, filter });
  if (linked.current.cell !== cell) linked.current = { cell, filter };
  const first = linked.current.filter === filter ? cell : ""; // a filter that is set afterwards chooses the answers alone
  const grading = useMemo(() => part && new Grading(assignment, part, filter, first), [assignment, part, filter, first]);
  const { questions, failed } = useQuestions(assignment, part, known(grading));
  const claims = useMemo(() => new Claims(assignment), [assignment]);
  useEffect(() => () => claims.end(), [claims]);

  const actions = {
    next: () => grading.next(), previous: () => grading.previous(),
    accept: () => grading.accept(),
    undo: () => grading.undo(), criterion: ({ number, part: half }) => grading.criterion(number, half),
    zoom: () => { grading.zoomed.value = !grading.zoomed.value; },
    page: () => { grading.whole.value = !grading.whole.value; },
    filters: () => { setFiltersShown(true); requestAnimationFrame(() => document.querySelector("#filters")?.focus()); },
    keys: () => setKeysShown(true),
    name: () => {
      if (named) setNamed(null);
      else names(assignment).then(setNamed, (error) => { grading.notice.value = `The names did not come: ${error.message}`; });
    },
    ...Object.fromEntries(WRITTEN.map((kind) => [kind, () => { grading.writing.value = kind; }])),
  };
  useEffect(() => {
    const press = (event) => {
      const at = event.target;
      if (!keysOn || keysShown || !grading || at.closest("input, textarea, select, dialog")) return;
      const found = actionOf(event);
      if (!found || (found.action === "accept" && at.closest("a, button, summary"))) return;
      if (!grading.answer && !["filters", "keys", "undo", "accept"].includes(found.action)) return;
      event.preventDefault();
      const onward = found.action === "accept" && document.querySelector(".go-on a");
      if (onward) location.hash = onward.hash;
      else if (grading.answer || found.action !== "accept") actions[found.action](found);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });

  useEffect(() => { if (part) toMain(); }, [part]);

  if (isNotYet(failed)) return html`<${NotYet} assignment=${assignment} title="Grade" what="grades" />`;
  return html`<div class="grade" onClick=${leaveButton}>
    <div class="head"><${Questions} assignment=${assignment} part=${part} questions=${questions} />
    <p class="tools">
      ${grading && VIEWS.map(([action, words, key]) => html`<button type="button" key=${action} onClick=${() => actions[action]()}
        aria-pressed=${{ zoom: grading.zoomed.value, page: grading.whole.value, name: Boolean(named) }[action]}>${words} <kbd>${key}</kbd></button>`)}
      <button type="button" aria-expanded=${filtersShown} onClick=${() => setFiltersShown(!filtersShown)}>Filters <kbd>/</kbd></button>
      <button type="button" class="of-keys" onClick=${() => setKeysShown(true)}>Keys <kbd>?</kbd></button>
    </p></div>
    ${filtersShown && html`<${FilterBar} filter=${filter} set=${setFilter} />`}
    ${failed && html`<p class="alert" role="alert">The questions did not come: ${failed.message}</p>`}
    ${grading ? html`<${Answer} key=${grading} grading=${grading} claims=${claims} actions=${actions} named=${named}
        goOn=${html`<${GoOn} assignment=${assignment} part=${part} questions=${questions} again=${() => setFilter({ ...EVERYTHING_OPEN })} />`}
        showAll=${() => setFilter({ ...EVERYTHING_OPEN, show: "all" })} />`
      : !failed && html`<p class="none">${questions.length ? "Choose a question." : "Loading …"}</p>`}
    ${keysShown && html`<${KeysDialog} on=${keysOn} set=${setKeysOn} close=${() => setKeysShown(false)} />`}
  </div>`;
}

/** Return how many answers to the question are open: null until that is known, and undefined if it did not come. */
function known(grading) {
  if (!grading || grading.queue.state.value === "loading") return null;
  return grading.queue.question.value ? grading.queue.open.value : undefined;
}

/** Give the keys back to the screen after a click by mouse: Enter accepts, and does not press the button again. */
function leaveButton(event) {
  if (event.detail > 0 && event.target.closest("button, a, summary")) {
    requestAnimationFrame(() => { if (document.activeElement?.matches("button, a, summary")) toMain(); });
  }
}

const toMain = () => document.querySelector("#main").focus({ preventScroll: true });

function Answer({ grading, claims, actions, named, goOn, showAll }) {
  const { queue } = grading;
  const answer = grading.answer;
  const cell = answer?.cell_id;
  useEffect(() => cell && claims.hold(cell), [cell]);
  useEffect(() => { grading.lookAhead(); }, [cell, queue.answers.value.length]);
  if (queue.state.value === "failed" && !answer) {
    return html`<p class="alert" role="alert">The answers did not come: ${queue.message.value}
      <button type="button" onClick=${() => queue.load()}>Try again</button></p>`;
  }
  if (!answer) {
    return queue.state.value === "loading" ? html`<p class="none" role="status">Loading …</p>`
      : html`<p class="none" role="status">Nothing waits here: no answer fits the filters.
          <button type="button" onClick=${showAll}>Show all answers</button></p>${goOn}`;
  }
  const question = queue.question.value;
  const { rubric, draft } = grading;
  const last = unsent.of(cell);
  const entry = last?.send ? undefined : last; // one on equal answers is settled where it was made
  const stuck = entry && (entry.state === "conflict" || entry.state === "refused");
  const parked = entry && !stuck && isParked(entry);
  const other = claims.others.value[cell];
  const kind = grading.writing.value;
  const again = grading.regrades.states.value[cell];
  const sum = rubric ? total(draft.criteria) : answer.points;
  const place = `Answer ${queue.position.value + 1} of ${queue.answers.value.length}${queue.ended ? "" : " or more"}`;
  return html`
    <p class="heard" role="status" aria-live="polite">${grading.notice.value || `${place}. ${written(sum)} of ${answer.max_points} points.`}</p>
    <div class="answer">
      <div class="seen">
        <${AnswerPicture} answer=${answer} zoomed=${grading.zoomed.value} whole=${grading.whole.value} renew=${() => grading.renew()} />
        <${Reading} answer=${answer} />
        <details class="asked" open=${roomy}><summary>Question ${question.question_id}, ${written(question.points)} points</summary>
          <p class="text"><${FormulaText} text=${question.question_text} /></p>
          ${question.answer_key && html`<h3>Answer key</h3>
            <p class="text"><${FormulaText} text=${question.answer_key.correct_answer} /></p>`}</details>
      </div>
      <div class="decided"><div class="points-and-why">
        <h1><span>${place}</span> <span class="whose">${named && html`${named[answer.student_id] ?? "no name"} `}<code>${answer.student_id}</code></span></h1>
        ${other && html`<p class="alert" role="status">${other.by} is at this answer.</p>`}
        ${last?.send && html`<p class="alert" role="status">A decision of yours on this answer is not sent: <a href=${last.address}>${last.words}</a></p>`}
        ${stuck && html`<${Conflict} entry=${entry} keep=${() => grading.settle(entry, false)} insist=${() => grading.settle(entry, true)} />`}
        ${parked && html`<div class="alert" role="alert"><p>The server fails at your decision, and the others go on: ${entry.message}</p>
          <p><${Parked} entry=${entry} /></p></div>`}
        ${entry && !stuck && html`<p class="chip">${entry.state === "unsent" ? "Not sent yet" : "Being saved"}: ${entry.request.action}</p>`}
        ${again && html`<p class="alert" role="status">This answer ${again}.</p>`}
        ${answer.flags.length > 0 && html`<ul class="flags">${answer.flags.map((flag) => html`<li key=${flag.kind + flag.text}><${FormulaText} text=${flag.text} /></li>`)}</ul>`}
        ${answer.reason && html`<p class="alert">${answer.reason}</p>`}
        <p class="sum"><strong>${written(sum)}</strong> / ${written(answer.max_points)}
          <span class="state">${stateOf(answer, entry)}</span></p>
        <${Criteria} answer=${answer} rubric=${rubric} step=${question.points_step} draft=${draft}
          set=${(index, points) => grading.setCriterion(index, points)} />
        ${kind !== "feedback" && html`<section aria-labelledby="feedback"><h2 id="feedback">Feedback</h2>
          <p class="text">${draft.feedback ? html`<${FormulaText} text=${draft.feedback} />` : "none"}</p></section>`}
        <${Decisions} answer=${answer} /></div>
        <div class="actions">
          ${grading.finished.value && goOn}
          ${grading.notice.value && html`<p class="notice" aria-hidden="true">${grading.notice.value}</p>`}
          ${kind ? html`<${Writing} key=${cell + kind} kind=${kind} text=${grading.typed(kind)} most=${answer.max_points}
            step=${question.points_step} keep=${(text) => grading.keep(kind, text)}
            save=${(text, points) => grading.save(kind, text, points)} leave=${() => { grading.writing.value = ""; }} />`
          : BUTTONS.map(([action, words, key]) => html`<button type="button" key=${action} class=${action === "accept" ? "main" : ""}
            onClick=${() => actions[action]()}>${words} <kbd>${key}</kbd></button>`)}
        </div>
      </div>
    </div>`;
}

const STATES = { NEEDS_REVIEW: "waits for a decision", FAILED: "failed", GRADED: "graded", BLANK: "blank", OVERRIDDEN: "set by a person" };

function stateOf(answer, entry) {
  if (answer.hidden) return "the proposal is hidden until you have decided";
  return entry ? "" : STATES[answer.state] ?? answer.state;
}
