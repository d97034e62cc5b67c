// The questions of an exam, each with how many of its answers wait.

import { call } from "../calls.mjs";
import { html, useEffect, useRef, useState } from "../library.mjs";
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
 * Links to the questions. `open` is how many answers to the present question are open, once that is known: then the
 * others are counted, as that takes longer than to show the first answer.
 */
export function Questions({ assignment, part, open }) {
  const [questions, setQuestions] = useState([]);
  const [failed, setFailed] = useState("");
  const newer = useRef({});
  const awaited = Boolean(part) && open === null && !questions.length;
  if (part && open !== null && open !== undefined) newer.current[part] = open;
  useEffect(() => {
    if (awaited) return;
    openByQuestion(assignment).then((found) => {
      setQuestions(found);
      const first = found.find((each) => each.open) ?? found[0];
      if (!part && first) location.replace(link(assignment, "grade", first.id));
    }, (error) => setFailed(error.message));
  }, [assignment, awaited]);
  if (failed) return html`<p class="alert" role="alert">The questions did not come: ${failed}</p>`;
  const waiting = (each) => newer.current[each.id] ?? each.open;
  return html`<nav class="questions" aria-label="Questions"><ul>${questions.map((each) => html`<li key=${each.id}>
    <a href=${link(assignment, "grade", each.id)} aria-current=${each.id === part ? "page" : undefined}>
      ${each.id} <span class=${waiting(each) ? "count" : "count done"}>${waiting(each)}<span class="heard"> open</span></span></a></li>`)}</ul></nav>`;
}
