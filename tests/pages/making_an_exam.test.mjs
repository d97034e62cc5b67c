// Dropped files, and rubrics that are edited.

import assert from "node:assert/strict";
import { test } from "node:test";

const LOGIC = "../../layers/aita/aita/client/console/pages/logic/";
const { filesOf, inParts, isLeftover, nameProblem, size } = await import(`${LOGIC}dropped.mjs`);
const { isAsLeft, standing, withResult } = await import(`${LOGIC}taking_back.mjs`);
const { contentOf, draftOf, lines, problemsOf, sumOf } = await import(`${LOGIC}rubric_draft.mjs`);

const MB = 1024 * 1024;

test("parts keep the order, and are small", () => {
  const files = Array.from({ length: 130 }, (_, number) => ({ name: `${number}`, size: (number % 7) * MB }));
  const parts = inParts([...files, { name: "thick", size: 90 * MB }]);
  assert.deepEqual(parts.flat().map((each) => each.name), [...files.map((each) => each.name), "thick"]);
  assert.ok(parts.every((part) => part.length <= 20 && (part.length === 1 || part.reduce((sum, each) => sum + each.size, 0) <= 16 * MB)));
  assert.deepEqual(inParts([]), []);
});

test("folders are gone through, all of their files, without what desktops leave", async () => {
  const file = (path) => ({ isFile: true, fullPath: path, file: (done) => done({ name: path }) });
  const folder = (path, entries) => ({
    isFile: false,
    fullPath: path,
    createReader() {
      const left = [...entries];
      return { readEntries: (done) => done(left.splice(0, 2)) }; // a browser gives some at once
    },
  });
  const many = Array.from({ length: 5 }, (_, number) => file(`/exam/scans/${number}.jpg`));
  const found = await filesOf([folder("/exam", [folder("/exam/scans", many), file("/exam/.DS_Store"), file("/exam/Thumbs.db")]), file("/x.pdf")]);
  assert.deepEqual(found.map((each) => each.path), [...many.map((each) => each.fullPath.slice(1)), "x.pdf"]);
  assert.ok(isLeftover("__MACOSX/x.jpg") && !isLeftover("a/b.c.jpg"));
});

test("names and sizes in words", () => {
  assert.deepEqual([12, 1500, 2.5e6, 250e6, 3e9].map(size), ["12 bytes", "1.5 kB", "2.5 MB", "250 MB", "3.0 GB"]);
  assert.deepEqual(["a", "Midterm_2-b", ""].map(nameProblem), ["", "", ""]);
  assert.ok(["runs", "-a", "a b", "é", "a".repeat(65), "../x"].every(nameProblem));
});

const content = { total_points: 3, criteria: [{ points: 2.5, description: "a", examples: ["x"] }, { points: 0.5, description: "b" }] };

test("a rubric that nobody changed is the same", () => {
  assert.deepEqual(contentOf(draftOf(content)), content);
  assert.deepEqual(problemsOf(draftOf(content), 3), []);
});

test("sums are exact, and compared with the question's points", () => {
  const draft = draftOf({ criteria: [0.1, 0.2].map((points) => ({ points, description: "a" })) });
  assert.equal(sumOf(draft), 0.3);
  assert.deepEqual(problemsOf(draft, 0.3), []);
  assert.deepEqual(problemsOf(draft, 1), ["The criteria sum to 0.3 points, and the question is worth 1."]);
});

test("a criterion needs points and words, and a rubric a criterion", () => {
  const draft = { criteria: [{ points: "", description: "a", examples: [] }, { points: "-1", description: " ", examples: [] }] };
  assert.deepEqual(problemsOf(draft, 1), ["Criterion 1 needs points above 0.", "Criterion 2 needs points above 0.", "Criterion 2 needs words."]);
  assert.deepEqual(problemsOf({ criteria: [] }, 1), ["A rubric has at least one criterion."]);
  assert.deepEqual(problemsOf(draftOf(null), 1).length, 2);
});

test("lines", () => assert.deepEqual(lines(" a \n\n b"), ["a", "b"]));

const examOf = (rubric, points = 5) => ({ questions: [{
  question: { question_id: "1a", question_text: "What?", points },
  answer_key: { own: false, content: { correct_answer: "4" } },
  rubric,
}] });

test("a change is taken back only while it stands as it was left", () => {
  const [mine, theirs] = ["mine", "theirs"].map((description) => ({ own: true, content: { criteria: [{ points: 5, description }] } }));
  const ofAita = { own: false, content: { criteria: [{ points: 5, description: "of aita" }] } };
  const change = withResult(examOf(mine), { kind: "rubric", question_id: "1a", content: standing(examOf(ofAita), "rubric", "1a") });
  assert.equal(change.content, null); // taking it back brings aita's own again
  assert.equal(isAsLeft(examOf(mine), change), true);
  assert.equal(isAsLeft(examOf(mine, 6), change), true); // the question is another matter
  assert.equal(isAsLeft(examOf(theirs), change), false);
  assert.equal(isAsLeft(examOf(ofAita), change), false);
  assert.equal(isAsLeft({ questions: [] }, change), false);
  assert.deepEqual(standing(examOf(mine, 6), "question", "1a"), { question_text: "What?", points: 6 });
});
