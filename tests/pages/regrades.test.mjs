// Answers that are graded again.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Regrades } from "../../layers/aita/aita/client/console/pages/logic/regrades.mjs";

const RUNNING = { run_id: "r", status: "RUNNING", reason: "" };
const DONE = { run_id: "r", status: "SUCCEEDED", reason: "" };
const pause = () => Promise.resolve();

test("answers that are corrected while a run grades are graded by the next one, together", async () => {
  const [started, ended] = [[], []];
  let go;
  const held = new Promise((done) => { go = done; });
  const regrades = new Regrades({
    start: async (cells, key) => { started.push([cells, key]); return RUNNING; },
    look: async () => { await held; return DONE; },
    ended: (cell) => ended.push(cell),
    pause,
  });
  const all = regrades.add("c-1", "one");
  regrades.add("c-2", "two");
  regrades.add("c-3", "three");
  assert.equal(regrades.states.value["c-2"], "waits to be graded again");
  go();
  await all;
  assert.deepEqual(started, [[["c-1"], "one"], [["c-2", "c-3"], "three"]]);
  assert.deepEqual(ended, ["c-1", "c-2", "c-3"]);
  assert.deepEqual(Object.values(regrades.states.value), ["", "", ""]);
});

test("another run of grading is waited for, and any other refusal is told", async () => {
  const answers = [{ status: 409 }, { status: 409 }, null];
  const seen = [];
  const regrades = new Regrades({
    start: async () => {
      seen.push(regrades.states.value["c-1"]);
      const refused = answers.shift();
      if (refused) throw Object.assign(new Error("busy"), refused);
      return DONE;
    },
    look: async () => DONE, ended() {}, pause,
  });
  await regrades.add("c-1", "one");
  assert.equal(seen.at(-1), "waits for another run of grading to end");
  assert.equal(regrades.states.value["c-1"], "");
  answers.push({ status: 422 });
  await regrades.add("c-1", "one");
  assert.equal(regrades.states.value["c-1"], "was not graded again: busy");
});

test("a run that fails is told with its reason", async () => {
  const failed = { run_id: "r", status: "FAILED", reason: "no key" };
  const regrades = new Regrades({ start: async () => failed, look: async () => failed, ended() {}, pause });
  await regrades.add("c-1", "one");
  assert.equal(regrades.states.value["c-1"], "was not graded again: the run is failed. no key");
});
