// One answer to look at: its picture, what was read, its points and why, and the decisions on it.

import { call } from "./calls.mjs";
import { FormulaText, prepare } from "./formula_text.mjs";
import { AnswerPicture } from "./grade/answer_picture.mjs";
import { Decisions } from "./grade/decisions.mjs";
import { Reading } from "./grade/reading.mjs";
import { html, useEffect, useState } from "./library.mjs";
import { stateWord } from "./logic/class_table.mjs";
import { written } from "./logic/points.mjs";
import { link } from "./route.mjs";

/** Return an answer with its question and rubric: {answer, question, rubric, points_step}. */
export async function fetchAnswer(assignment, cell) {
  const page = await call("GET", ["assignments", assignment, "answers", cell]);
  const [answer] = page.answers;
  const rubric = page.rubrics[answer.rubric];
  const reasons = (answer.proposal?.criteria ?? []).flatMap(({ reason, quote }) => [reason, quote]);
  const criteria = (rubric?.criteria ?? []).map((each) => each.description);
  await prepare([page.question.question_text, answer.raw_text, answer.proposal?.feedback ?? "", ...reasons, ...criteria]);
  return { answer, question: page.question, rubric, points_step: page.points_step };
}

/** An answer's points, criteria and feedback as they count now. */
function Points({ answer, rubric }) {
  const decision = answer.decisions.find((each) => each.decision_id === answer.counts);
  const own = decision?.action === "set";
  const proposed = answer.proposal?.criteria ?? [];
  const points = own ? decision.criteria : proposed.map((each) => each.points);
  const feedback = own ? decision.feedback : answer.proposal?.feedback;
  return html`<p class="sum"><strong>${written(answer.points)}</strong> / ${written(answer.max_points)}
      <span class="state">${stateWord(answer)}</span></p>
    ${answer.flags.length > 0 && html`<ul class="flags">${answer.flags.map((flag) => html`<li key=${flag.kind + flag.text}><${FormulaText} text=${flag.text} /></li>`)}</ul>`}
    ${rubric && html`<ol class="given">${rubric.criteria.map((each, index) => html`<li key=${index}>
      <strong>${written(points[index])} / ${written(each.points)}</strong> <${FormulaText} text=${each.description} />
      ${!own && proposed[index]?.reason && html`<br /><span class="instead"><${FormulaText} text=${proposed[index].reason} /></span>`}</li>`)}</ol>`}
    ${feedback && html`<h3>Feedback</h3><p class="text"><${FormulaText} text=${feedback} /></p>`}`;
}

/** An answer by its cell's id, fetched when it is shown. */
export function OneAnswer({ assignment, cell, heading = "h3" }) {
  const [found, setFound] = useState(null);
  const [failed, setFailed] = useState("");
  const load = () => {
    setFailed("");
    fetchAnswer(assignment, cell).then(setFound, (error) => setFailed(error.message));
  };
  useEffect(() => {
    setFound(null);
    load();
  }, [assignment, cell]);
  if (failed) return html`<p class="alert" role="alert">The answer did not come: ${failed} <button type="button" onClick=${load}>Try again</button></p>`;
  if (!found) return html`<p class="none">Loading …</p>`;
  const { answer, question, rubric } = found;
  const Heading = heading;
  return html`<article class="one">
    <${Heading}>Question ${question.question_id} <a href=${link(assignment, "grade", question.question_id, cell)}>Grade this answer</a></${Heading}>
    <details class="asked"><summary>What is asked</summary><p class="text"><${FormulaText} text=${question.question_text} /></p></details>
    <div class="one-answer"><div>
      <${AnswerPicture} answer=${answer} zoomed=${false} whole=${false} renew=${load} />
      <${Reading} answer=${answer} /></div>
    <div><${Points} answer=${answer} rubric=${rubric} /><${Decisions} answer=${answer} /></div></div>
  </article>`;
}
