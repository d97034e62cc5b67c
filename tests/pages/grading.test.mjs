// A person's way through answers: what is shown is what is decided, or on its way.

import assert from "node:assert/strict";
import { test } from "node:test";

const { Grading } = await import("../../layers/aita/aita/client/console/pages/grade/grading.mjs");
const { unsent } = await import("../../layers/aita/aita/client/console/pages/sending.mjs");

const OPEN = { show: "open", flag: "", student: "", sample: "", blind: false };

const answerOf = (cell, question = "1a") => ({
  cell_id: cell, question_id: question, student_id: cell, state: "NEEDS_REVIEW", points: null, max_points: 4, rubric: "r", basis: "b",
  raw_text: "", flags: [], decisions: [], counts: "", pictures: [], strips: [],
  proposal: { points: 3, criteria: [{ points: 3, reason: "", quote: "" }], feedback: "" },
});

const pageOf = (answers, question = "1a") => ({
  question: { question_id: question, question_text: "" }, points_step: 0.5, answer_key: null,
  rubrics: { r: { criteria: [{ points: 4, description: "" }] } }, open_answers: answers.length, answers, next_token: null,
});

/** The server: `posted` answers a decision's call with a status; what it was asked is in `asked`. */
function serve(pages, posted = () => 503) {
  const asked = [];
  globalThis.fetch = async (address, { method, body }) => {
    const reply = (status, value) => new Response(JSON.stringify(value), { status });
    if (address === "/formulas") return reply(200, { texts: JSON.parse(body).texts.map((text) => [text]) });
    if (method === "POST") {
      asked.push(JSON.parse(body).action);
      const status = posted(JSON.parse(body));
      return reply(status, status < 300 ? { decision_id: String(asked.length), ...JSON.parse(body) } : { message: "no" });
    }
    const found = pages[address.split("?")[0]];
    return found ? reply(200, structuredClone(found)) : reply(404, { error: "NotFoundError", message: "there is no such answer" });
  };
  return asked;
}

async function begun(cell = "") {
  const grading = new Grading("x", "1a", OPEN, cell);
  await grading.queue.load();
  return grading;
}

const failed = async () => { while (unsent.entries.value.some((each) => each.state !== "unsent")) await new Promise(setImmediate); };

test("what is taken back before it was sent shows no decision that was never sent", async () => {
  serve({ "/api/assignments/x/answers": pageOf([answerOf("a"), answerOf("b")]) });
  const grading = await begun();
  await grading.accept();
  await failed();
  grading.previous();
  grading.setCriterion(0, 1);
  await grading.accept();
  grading.previous();
  assert.deepEqual(unsent.entries.value.map(({ request }) => request.action), ["set"]);
  assert.deepEqual([grading.answer.state, grading.answer.points, grading.queue.open.value], ["OVERRIDDEN", 1, 1]);
  await failed();
  grading.undo();
  assert.deepEqual(unsent.entries.value, []);
  assert.deepEqual([grading.answer.state, grading.answer.points, grading.queue.open.value], ["NEEDS_REVIEW", null, 2]);
});

test("an answer that the link names, but another question has, is not graded as one of this question's", async () => {
  serve({ "/api/assignments/x/answers": pageOf([answerOf("a")]), "/api/assignments/x/answers/z": pageOf([answerOf("z", "2b")], "2b") });
  const grading = await begun("z");
  assert.deepEqual(grading.queue.answers.value.map((each) => each.cell_id), ["a"]);
  assert.match(grading.notice.value, /to question 2b/);
});

test("an answer that the link names and that is gone hides none of the others", async () => {
  serve({ "/api/assignments/x/answers": pageOf([answerOf("a")]) });
  const grading = await begun("gone");
  assert.deepEqual([grading.queue.state.value, grading.answer.cell_id], ["ready", "a"]);
  assert.match(grading.notice.value, /there is no such answer/);
});

test("a link to an answer shows it first", async () => {
  serve({ "/api/assignments/x/answers": pageOf([answerOf("a"), answerOf("b")]), "/api/assignments/x/answers/b": pageOf([answerOf("b")]) });
  const grading = await begun("b");
  assert.deepEqual(grading.queue.answers.value.map((each) => each.cell_id), ["b", "a"]);
  assert.equal(grading.notice.value, "");
});

test("a decision on equal answers that waits does not give way to one on the first of them", async () => {
  const asked = serve({ "/api/assignments/x/answers": pageOf([answerOf("e"), answerOf("f")]) });
  const grading = await begun();
  const discarded = [];
  unsent.add("e", { action: "set" }, {
    assignment: "x", words: "Question 1a, 3 equal answers", address: "#/x/equal",
    send: () => Promise.reject(Object.assign(new Error("down"), { status: 503 })), discarded: ({ words }) => discarded.push(words),
  });
  await failed();
  await grading.accept();
  assert.deepEqual(unsent.entries.value.map(({ words, request }) => [words, request.action]), [
    ["Question 1a, 3 equal answers", "set"], [undefined, "accept"]]);
  assert.ok(!asked.includes("accept"), "it goes behind");
  grading.previous();
  while (unsent.entries.value.some(({ state }) => state === "sending")) await new Promise(setImmediate);
  grading.undo();
  assert.deepEqual(unsent.entries.value.map(({ words }) => words), ["Question 1a, 3 equal answers"]);
  assert.equal(grading.answer.state, "NEEDS_REVIEW");
  grading.undo();
  assert.deepEqual([unsent.entries.value, discarded], [[], ["Question 1a, 3 equal answers"]]);
  assert.equal(grading.notice.value, "Your decision on Question 1a, 3 equal answers was taken back before it was sent.");
});
