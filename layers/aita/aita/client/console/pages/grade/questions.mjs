// The questions of an exam, each with how many of its answers wait.

import { call } from "../calls.mjs";
import { html, useEffect, useRef, useState } from "../library.mjs";
import { nextOpen } from "../logic/next_question.mjs";
import { link } from "../route.mjs";

const STUDENTS = 500; // largest page of the class's grades
const OPEN = ["NEEDS_REVIEW", "FAILED"];

/** Return an exam's questions, each with the number of its open answers. */
async function openByQuestion(assignment) {
  let token = null;
  let found = [];
  do {
    const query = { limit: STUDENTS, next_token: token };
    const page = await call("GET", ["assignments", assignment, "grades"], { query });
    found = page.questions.map(({ question_id: id }, index) => ({
      id,
      open: (found[index]?.open ?? 0) + page.students.filter((each) => OPEN.includes(each.cells[index]?.state)).length,
    }));
    token = page.next_token;
  } while (token);
  return found;
}

/**
 * The questions, each with how many of its answers wait: {questions, failed}, of which `failed` is the error of the call. `open` is how many answers to the present
 * question are open, once that is known: then the others are counted, as that takes longer than to show the first answer.
 */
export function useQuestions(assignment, part, open) {
  const [questions, setQuestions] = useState([]);
  const [failed, setFailed] = useState(null);
  const newer = useRef({});
  const awaited = Boolean(part) && open === null && !questions.length;
  if (part && open !== null && open !== undefined) newer.current[part] = open;
  useEffect(() => {
    if (awaited) return;
    openByQuestion(assignment).then(setQuestions, setFailed);
  }, [assignment, awaited]);
  useEffect(() => {
    const first = questions.find((each) => each.open) ?? questions[0];
    if (!part && first) location.replace(link(assignment, "grade", first.id));
  }, [assignment, part, questions]);
  return { questions: questions.map((each) => ({ ...each, open: newer.current[each.id] ?? each.open })), failed };
}

/** Links to the questions. */
export function Questions({ assignment, part, questions }) {
  return html`<nav class="questions" aria-label="Questions"><ul>${questions.map((each) => html`<li key=${each.id}>
    <a href=${link(assignment, "grade", each.id)} aria-current=${each.id === part ? "page" : undefined}>
      ${each.id} <span class=${each.open ? "count" : "count done"}>${each.open}<span class="heard"> open</span></span></a></li>`)}</ul></nav>`;
}

/** Where to go on once the last answer of a question is decided: its own that still wait, the next question, or the end. */
export function GoOn({ assignment, part, questions, again }) {
  const here = questions.find((each) => each.id === part)?.open ?? 0;
  const next = nextOpen(questions, part);
  return html`<div class="go-on">
    ${here > 0 && html`<p><button type="button" onClick=${again}>${counted(here)} of question ${part} still ${here === 1 ? "waits" : "wait"}: show ${here === 1 ? "it" : "them"}</button></p>`}
    ${next ? html`<p><a class="main" href=${link(assignment, "grade", next.id)}>Next question: ${next.id} (${counted(next.open)}) <kbd>Enter</kbd></a></p>`
      : questions.length > 0 && !here && html`<p>All answers are decided. <a class="main" href=${link(assignment, "export")}>Hand back <kbd>Enter</kbd></a></p>`}
  </div>`;
}

const counted = (open) => `${open} ${open === 1 ? "answer" : "answers"}`;
