// The work that waits for a run, and the pipeline that does it.

import assert from "node:assert/strict";
import { test } from "node:test";

const LOGIC = "../../layers/aita/aita/client/console/pages/logic/";
const { pipelineFor, workForRuns } = await import(`${LOGIC}work_for_runs.mjs`);

const DONE = { questions: 2, without_rubric: [], unseparated_piles: 0, untranscribed_students: 0, ungraded_answers: 0, runs: [] };
const words = (changes) => workForRuns({ ...DONE, ...changes }).map((each) => each.words);

test("each kind of work has the narrowest pipeline that does it, and several kinds have the whole one", () => {
  for (const [changes, pipeline] of [
    [{}, ""],
    [{ questions: 0 }, "extract-questions"],
    [{ without_rubric: ["1a"] }, "rubric"],
    [{ untranscribed_students: 1, unseparated_piles: 1 }, "transcribe"],
    [{ ungraded_answers: 3 }, "grade"],
    [{ questions: 0, untranscribed_students: 30 }, "exam"],
    [{ without_rubric: ["1a"], ungraded_answers: 3 }, "exam"],
  ]) assert.equal(pipelineFor({ ...DONE, ...changes }), pipeline, JSON.stringify(changes));
});

test("the work is told with its number", () => {
  assert.deepEqual(words({ without_rubric: ["1a"], untranscribed_students: 1, ungraded_answers: 2 }),
    ["1 rubric to write", "1 student's pages to transcribe", "2 answers to grade"]);
  assert.deepEqual(words({ questions: 0, unseparated_piles: 2 }), ["questions to extract", "2 files of piles to separate"]);
});

test("nothing waits for a run that is at work, or that goes on once the rubrics are checked", () => {
  const runs = (...statuses) => ({ ungraded_answers: 2, runs: statuses.map((status) => ({ status })) });
  assert.deepEqual(words(runs("RUNNING")), []);
  assert.deepEqual(words(runs("SUCCEEDED", "RUNNING")), []);
  assert.deepEqual(words(runs("WAITING_FOR_REVIEW")), []);
  assert.deepEqual(words(runs("FAILED", "WAITING_FOR_REVIEW")), ["2 answers to grade"]);
});
