// Equal answers, parts, names, and who is final.

import assert from "node:assert/strict";
import { test } from "node:test";

const LOGIC = "../../layers/aita/aita/client/console/pages/logic/";
const { decisionOn, othersOf, pointsInWords } = await import(`${LOGIC}equal.mjs`);
const { isSame, questionsOf, requestOf } = await import(`${LOGIC}part_decisions.mjs`);
const { likeness, ranked, replaced } = await import(`${LOGIC}name_matching.mjs`);
const { notFinal, openByQuestion } = await import(`${LOGIC}standing_of_class.mjs`);
const { folded } = await import(`${LOGIC}folded_text.mjs`);

const proposal = { points: 3, criteria: [{ points: 2 }, { points: 1 }], feedback: "Good." };
const answer = { points: 3, proposal };
const cells = [3, 3, 4, null].map((points, index) => ({ cell_id: `c-${index}`, points, basis: `b${index}` }));

test("points of equal answers are told once each, the most first", () => {
  assert.equal(pointsInWords(cells), "4 (1 answer), 3 (2), none (1)");
  assert.equal(pointsInWords([]), "");
});

test("a proposal is accepted for all only where it gives all the same points", () => {
  const draft = { criteria: [2, 1], feedback: "Good." };
  assert.deepEqual(decisionOn({ differ: false }, answer, draft), { request: { action: "accept" } });
  const set = { action: "set", criteria: { 1: 2, 2: 1 }, feedback: "Good." };
  assert.deepEqual(decisionOn({ differ: true }, answer, draft), { request: set });
  assert.deepEqual(decisionOn({ differ: false }, { ...answer, points: 5 }, draft), { request: set }, "a person had set it");
  assert.deepEqual(decisionOn({ differ: false }, answer, { ...draft, criteria: [2, null] }), { missing: [2] });
  assert.deepEqual(decisionOn({ differ: false }, answer, { ...draft, criteria: [] }), { missing: [] });
});

test("the others are the chosen ones, each with its own basis", () => {
  assert.deepEqual(othersOf({ cells }, new Set(["c-0", "c-2"]), "c-0"), { "c-2": "b2" });
});

test("a part's digits are the questions that it opens first", () => {
  const part = { opens: ["3"], question_ids: ["1", "2", "3"] };
  assert.deepEqual(questionsOf(part), ["3", "1", "2"]);
  assert.deepEqual(requestOf("1", part), { action: "belongs", question_id: "3" });
  assert.equal(requestOf("4", part), null);
  assert.deepEqual([requestOf("s", part), requestOf("x", part)], [{ action: "scratch" }, { action: "nothing" }]);
  assert.ok(isSame({ action: "belongs", question_id: "3" }, requestOf("1", part)));
  assert.ok(!isSame({ action: "belongs", question_id: "2" }, requestOf("1", part)) && !isSame(null, requestOf("s", part)));
});

const line = (name, number, students = []) => ({ line: `v${number}`, name, number, section: "", students });
const roster = [line("Ada Lovelace", "11", ["s-9"]), line("Łęcka, Zoë", "12"), line("Lovelace, Adam", "13"), line("Bo Li", "14")];

test("lines are ordered by their likeness to the folder, taken ones last", () => {
  const student = { student_id: "s-1", folder: "ada_lovelace", line: "" };
  assert.equal(ranked(roster, student)[0].number, "13");
  assert.equal(ranked(roster, student).at(-1).number, "11");
  assert.equal(ranked(roster, { ...student, line: "v14" })[0].number, "14", "the line that the folder's name is close to");
  const read = { ...student, line: "v14", likely: ["v12", "v11"] };
  assert.deepEqual(ranked(roster, read).map((each) => each.number), ["12", "11", "14", "13"], "what was read comes before it");
});

test("names are found by parts of words, accents or not, and by number", () => {
  const student = { student_id: "s-1", folder: "x", line: "" };
  const found = (search) => ranked(roster, student, search).map((each) => each.number);
  assert.deepEqual(found("lec zo"), ["12"]);
  assert.deepEqual(found("14"), ["14"]);
  assert.deepEqual(found("nobody"), []);
  assert.equal(folded("Łódź, Strauß, Ærø"), "lodz, strauss, aero");
});

test("likeness is of the letters, in any order of the words", () => {
  assert.equal(likeness("Ada Lovelace", "Lovelace, Ada"), 1);
  assert.equal(likeness("", "Ada"), 0);
  assert.ok(likeness("Lovelase Ada", "Ada Lovelace") > likeness("Lovelase Ada", "Bo Li"));
});

test("a decision on a name replaces the last one", () => {
  assert.equal(replaced({ decisions: [] }), "");
  assert.equal(replaced({ decisions: [{ decision_id: "000001" }, { decision_id: "000002" }] }), "000002");
});

test("who is not final, and why", () => {
  const questions = [{ question_id: "1" }, { question_id: "2" }];
  const students = [
    { student_id: "a", final: true, cells: [{ state: "GRADED", flags: [] }, { state: "BLANK", flags: [] }] },
    { student_id: "b", final: false, cells: [{ state: "NEEDS_REVIEW", flags: ["asked"] }, { state: "GRADED", flags: ["asked"] }] },
    { student_id: "c", final: false, cells: [{ state: "NEEDS_REVIEW", flags: ["asked", "unread"] }, { state: "FAILED", flags: [] }] },
  ];
  assert.deepEqual(openByQuestion(questions, students), [
    { question_id: "1", index: 0, open: 2, flags: [["asked", 2], ["unread", 1]] },
    { question_id: "2", index: 1, open: 1, flags: [["FAILED", 1]] },
  ]);
  assert.deepEqual(notFinal(questions, students), [{ student_id: "c", open: ["1", "2"] }, { student_id: "b", open: ["1"] }]);
});
