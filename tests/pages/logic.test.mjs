// Points, drafts, quotes, keys and the queue.

import assert from "node:assert/strict";
import { test } from "node:test";

const LOGIC = "../../layers/aita/aita/client/console/pages/logic/";
const { exact, partOf, toggled, total, written } = await import(`${LOGIC}points.mjs`);
const { basisAfter, beginning, decisionOf, isOf } = await import(`${LOGIC}draft.mjs`);
const { marked } = await import(`${LOGIC}marks.mjs`);
const { actionOf, isHeld } = await import(`${LOGIC}keys.mjs`);
const { nextOpen } = await import(`${LOGIC}next_question.mjs`);
const { AnswerQueue } = await import(`${LOGIC}answer_queue.mjs`);

const rubric = { criteria: [{ points: 2 }, { points: 1.5 }] };
const proposal = { points: 2.5, criteria: [{ points: 2 }, { points: 0.5 }], feedback: "Good." };
const answer = { cell_id: "a", state: "NEEDS_REVIEW", points: 2.5, proposal, decisions: [], counts: "" };

test("sums of points are exact", () => {
  assert.equal(total([0.1, 0.2]), 0.3);
  assert.equal(total([1, null]), null);
  assert.equal(total([]), 0);
  assert.equal(exact(0.1 * 3), 0.3);
  assert.deepEqual([written(null), written(2), written(0.1 + 0.2)], ["–", "2", "0.3"]);
});

test("a criterion's key gives all or nothing, and with shift parts of it", () => {
  assert.deepEqual([toggled(null, 2), toggled(0, 2), toggled(0.5, 2), toggled(2, 2)], [2, 2, 2, 0]);
  let points = 0;
  const seen = [];
  for (let press = 0; press < 5; press++) seen.push(points = partOf(points, 2, 0.5));
  assert.deepEqual(seen, [1, 1.5, 0.5, 1, 1.5]);
  assert.equal(partOf(1.5, 1.5, 0.5), 0.5);
  assert.equal(partOf(0, 0.5, 0.5), 0.5, "a criterion without parts is given whole");
  assert.equal(partOf(0.1, 0.5, 0.1), 0.2);
});

test("parts always lie between nothing and all, and on a step", () => {
  for (const step of [0.1, 0.25, 0.5, 1]) {
    for (let most = 2 * step; most <= 5; most += step) {
      let points = null;
      for (let press = 0; press < 30; press++) {
        points = partOf(points, exact(most), step);
        assert.ok(points > 0 && points < most - step / 2, `${points} of ${most}`);
        assert.ok(Math.abs(points / step - Math.round(points / step)) < 1e-6);
      }
    }
  }
});

test("a draft begins with what is proposed, and what is proposed is accepted", () => {
  const draft = beginning(answer, rubric);
  assert.deepEqual(draft, { criteria: [2, 0.5], feedback: "Good." });
  assert.deepEqual(decisionOf(answer, rubric, draft), { request: { action: "accept" } });
});

test("other points or feedback are set, with all criteria and the feedback", () => {
  const expected = { action: "set", criteria: { 1: 2, 2: 1.5 }, feedback: "Good." };
  assert.deepEqual(decisionOf(answer, rubric, { criteria: [2, 1.5], feedback: "Good." }), { request: expected });
  const other = decisionOf(answer, rubric, { criteria: [2, 0.5], feedback: "" });
  assert.deepEqual(other.request, { action: "set", criteria: { 1: 2, 2: 0.5 }, feedback: "" });
});

test("without a proposal, as when it is hidden, each criterion is needed", () => {
  const hidden = { ...answer, proposal: null, points: null };
  assert.deepEqual(beginning(hidden, rubric), { criteria: [null, null], feedback: "" });
  assert.deepEqual(decisionOf(hidden, rubric, { criteria: [null, 1], feedback: "" }), { missing: [1] });
  assert.deepEqual(decisionOf(hidden, rubric, { criteria: [0, 0], feedback: "" }).request.criteria, { 1: 0, 2: 0 });
  assert.deepEqual(decisionOf(hidden, undefined, beginning(hidden, undefined)), { missing: [] });
});

test("a decided answer begins with the decision, and Enter decides nothing twice", () => {
  const set = { decision_id: "d", action: "set", criteria: [1, 1], points: 2, feedback: "Mine." };
  const decided = { ...answer, state: "OVERRIDDEN", decisions: [set], counts: "d" };
  const draft = beginning(decided, rubric);
  assert.deepEqual(draft, { criteria: [1, 1], feedback: "Mine." });
  assert.deepEqual(decisionOf(decided, rubric, draft), { nothing: true });
  const one = { ...set, criteria: [] }; // set as one number
  assert.deepEqual(beginning({ ...decided, decisions: [one] }, rubric).criteria, [null, null]);
});

test("a lost answer's decision is told from another's", () => {
  const request = { action: "set", criteria: { 1: 2, 2: 0 }, feedback: " Good. " };
  const decision = { action: "set", criteria: [2, 0], points: 2, feedback: "Good." };
  assert.ok(isOf(decision, request, answer));
  assert.ok(!isOf({ ...decision, criteria: [0, 2] }, request, answer));
  assert.ok(!isOf({ ...decision, feedback: "" }, request, answer));
  assert.ok(!isOf({ ...decision, criteria: [] }, request, answer));
  assert.ok(!isOf(null, request, answer));
  const noted = { counts: "", decisions: [{ decision_id: "d" }] };
  assert.ok(isOf({ action: "undo", undoes: "d" }, { action: "undo" }, noted));
  assert.ok(!isOf({ action: "undo", undoes: "e" }, { action: "undo" }, noted));
});

test("a basis follows one's own decisions", () => {
  assert.equal(basisAfter("b, proposing p", { decision_id: "d" }), "b, proposing p, after d");
  assert.equal(basisAfter("b, proposing p, after d", { decision_id: "e" }), "b, proposing p, after e");
});

test("quotes are marked in text and around formulas, and the text stays as it is", () => {
  const pieces = [["so ", null], ["$x$", ["math", {}]], [" is one 😀 two", null]];
  const quotes = [[[1, 5]], [[9, 12], [16, 19]], []];
  const found = marked(pieces, quotes);
  assert.equal(found.map(([source]) => source).join(""), "so $x$ is one 😀 two");
  assert.deepEqual(found.map(([source, , numbers]) => [source, numbers]), [
    ["s", []], ["o ", [1]], ["$x$", [1]], [" is", []], [" on", [2]], ["e 😀", []], [" tw", [2]], ["o", []],
  ]);
});

test("quotes that lie within each other are both told", () => {
  const found = marked([["abcdef", null]], [[[0, 4]], [[2, 6]]]);
  assert.deepEqual(found.map(([source, , numbers]) => [source, numbers]), [["ab", [1]], ["cd", [1, 2]], ["ef", [2]]]);
});

test("keys act alone, and digits by their place on the keyboard", () => {
  const key = (given) => actionOf({ key: "", code: "", ctrlKey: false, altKey: false, metaKey: false, ...given });
  assert.deepEqual(key({ key: "j" }), { action: "next" });
  assert.deepEqual(key({ key: "J" }), { action: "next" });
  assert.deepEqual(key({ key: "!", code: "Digit1", shiftKey: true }), { action: "criterion", number: 1, part: true });
  assert.deepEqual(key({ key: "&", code: "Digit1", shiftKey: false }), { action: "criterion", number: 1, part: false });
  assert.equal(key({ key: "u", ctrlKey: true }), null);
  assert.equal(key({ key: "0", code: "Digit0" }), null);
  assert.equal(key({ key: "Escape" }), null);
});

test("a key that is held down moves and writes, and decides once", () => {
  const held = (key, field = "", given = {}) => isHeld({ repeat: true, key, altKey: false, ctrlKey: false, metaKey: false, ...given }, field);
  for (const key of ["Enter", "1", "s", "x", "u", "N", " "]) assert.equal(held(key), true, key);
  for (const key of ["j", "K", "ArrowDown", "PageDown", "Tab"]) assert.equal(held(key), false, key);
  assert.equal(held("Enter", "line"), true, "the search on the names' screen decides by it");
  assert.equal(held("n", "line", { altKey: true }), true);
  assert.equal(held("n", "line"), false);
  assert.deepEqual([held("Enter", "lines"), held("Enter", "lines", { ctrlKey: true })], [false, true]);
  assert.equal(held("-", "", { ctrlKey: true }), false, "the browser's own keys are its own");
  assert.equal(isHeld({ repeat: false, key: "Enter" }, ""), false);
});

const page = (from, count, next) => ({
  question: { question_id: "1" }, points_step: 0.5, answer_key: null, rubrics: {}, open_answers: 30, next_token: next,
  answers: Array.from({ length: count }, (_, index) => ({ cell_id: `c-${from + index}` })),
});

test("answers are loaded before they are asked for, and none twice", async () => {
  const asked = [];
  const queue = new AnswerQueue(async (token) => {
    asked.push(token);
    return token === null ? page(0, 25, "next") : page(24, 6, null);
  });
  await queue.load();
  assert.equal(queue.answers.value.length, 25);
  for (let step = 0; step < 14; step++) await queue.next();
  assert.deepEqual(asked, [null]);
  await queue.next();
  await new Promise(setImmediate);
  assert.deepEqual(asked, [null, "next"]);
  assert.equal(queue.answers.value.length, 30);
  for (let step = 0; step < 14; step++) assert.ok(await queue.next());
  assert.equal(await queue.next(), false);
  assert.equal(queue.current.cell_id, "c-29");
});

test("a page that does not come is told, and asked for again", async () => {
  let fails = true;
  const queue = new AnswerQueue(async () => {
    if (fails) throw new Error("gone");
    return page(0, 2, null);
  });
  await queue.load();
  assert.deepEqual([queue.state.value, queue.message.value], ["failed", "gone"]);
  fails = false;
  await queue.load();
  assert.deepEqual([queue.state.value, queue.current.cell_id], ["ready", "c-0"]);
});

test("the next question is the next one with open answers, and from the last one it goes back to the first", () => {
  const questions = [{ id: "1", open: 2 }, { id: "2", open: 1 }, { id: "3", open: 0 }, { id: "4", open: 3 }];
  assert.deepEqual(["1", "2", "3", "4"].map((id) => nextOpen(questions, id).id), ["2", "4", "4", "1"]);
  assert.equal(nextOpen([{ id: "1", open: 2 }], "1"), undefined);
});
