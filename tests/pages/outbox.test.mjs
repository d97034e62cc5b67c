// A decision is on the server, or visibly unsent: whatever happens on the way.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox, isParked, standing } from "../../layers/aita/aita/client/console/pages/logic/outbox.mjs";

const failure = (status, body = null) => Object.assign(new Error(`status ${status}`), { status, body });

/** An outbox whose sends are answered in turn: a decision, or an error to throw. */
function outboxWith(...answers) {
  const sent = [];
  const saved = [];
  const outbox = new Outbox({
    send: async ({ cell, request }) => {
      sent.push([cell, request.action]);
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    },
    recognize: (decision, { request }) => decision.action === request.action && decision.points === request.points,
    saved: ({ cell }, decision) => saved.push([cell, decision.decision_id]),
    pause: () => Promise.resolve(),
  });
  return { outbox, sent, saved };
}

test("decisions are sent in their order, one after another", async () => {
  const { outbox, sent, saved } = outboxWith({ decision_id: "1" }, { decision_id: "2" });
  outbox.add("a", { action: "accept" });
  const done = outbox.add("b", { action: "accept" });
  assert.equal(standing(outbox.entries.value), "2 being saved");
  await done;
  await outbox.retry();
  await new Promise(setImmediate);
  assert.deepEqual(sent, [["a", "accept"], ["b", "accept"]]);
  assert.deepEqual(saved, [["a", "1"], ["b", "2"]]);
  assert.equal(standing(outbox.entries.value), "");
});

for (const status of [0, 401, 403, 408, 429, 500, 502, 503]) {
  test(`a decision that meets ${status} is kept, shown as unsent, and sent again`, async () => {
    const { outbox, sent, saved } = outboxWith(failure(status), failure(status), { decision_id: "1" });
    const shown = new Set();
    outbox.entries.subscribe((entries) => shown.add(standing(entries)));
    await outbox.add("a", { action: "accept" });
    assert.ok(shown.has("1 not sent"));
    assert.equal(sent.length, 3);
    assert.deepEqual(saved, [["a", "1"]]);
  });
}

test("a decision whose answer was lost on the way is recognized, and not made twice", async () => {
  const theirs = { decision_id: "1", action: "set", points: 3 };
  const { outbox, saved } = outboxWith(failure(0), failure(409, { theirs }));
  await outbox.add("a", { action: "set", points: 3 });
  assert.deepEqual(saved, [["a", "1"]]);
  assert.deepEqual(outbox.entries.value, []);
});

test("another's decision is shown against one's own, and hinders no other answer", async () => {
  const theirs = { decision_id: "1", action: "set", points: 4 };
  const { outbox, saved } = outboxWith(failure(409, { theirs }), { decision_id: "2" });
  outbox.add("a", { action: "set", points: 3 });
  await outbox.add("b", { action: "accept" });
  await new Promise(setImmediate);
  const entry = outbox.of("a");
  assert.equal(entry.state, "conflict");
  assert.deepEqual(entry.theirs, theirs);
  assert.deepEqual(entry.request, { action: "set", points: 3 });
  assert.deepEqual(saved, [["b", "2"]]);
  assert.equal(standing(outbox.entries.value), "1 to settle");
});

test("a decision that is refused stays, with the reason", async () => {
  const { outbox } = outboxWith(failure(400));
  await outbox.add("a", { action: "set", points: 99 });
  assert.equal(outbox.of("a").state, "refused");
  assert.equal(outbox.of("a").message, "status 400");
});

test("a decision that waits gives way to a newer one on the same answer, and can be taken back", async () => {
  let answer;
  const sent = [];
  const outbox = new Outbox({
    send: ({ cell, request }) => { sent.push([cell, request.points]); return new Promise((done) => { answer = done; }); },
    recognize: () => false, saved: () => {}, pause: () => Promise.resolve(),
  });
  const first = outbox.add("a", { action: "set", points: 1 });
  outbox.add("b", { action: "set", points: 2 });
  outbox.add("b", { action: "set", points: 3 });
  outbox.add("c", { action: "set", points: 4 });
  assert.equal(outbox.withdraw("a"), undefined, "it is on its way");
  assert.equal(outbox.withdraw("c").request.points, 4);
  answer({ decision_id: "1" });
  await new Promise(setImmediate);
  answer({ decision_id: "2" });
  await first;
  assert.deepEqual(sent, [["a", 1], ["b", 3]]);
});

/** An outbox in front of a server that fails at one answer for as long as `failing` holds it. */
function outboxOver(failing) {
  const sent = [];
  let wake = () => {};
  const outbox = new Outbox({
    send: async ({ cell, request }) => {
      sent.push([cell, request.action]);
      if (failing.has(cell)) throw failure(500);
      return { decision_id: cell };
    },
    recognize: () => false, saved: () => {},
    pause: () => new Promise((done) => { wake = done; }),
  });
  const pass = async () => {
    await new Promise(setImmediate);
    wake();
    await new Promise(setImmediate);
  };
  return { outbox, sent, pass };
}

test("a decision that the server fails at again and again holds back none of the others, and is parked", async () => {
  const failing = new Set(["a"]);
  const { outbox, sent, pass } = outboxOver(failing);
  for (const cell of "abc") outbox.add(cell, { action: "accept" });
  await new Promise(setImmediate);
  assert.deepEqual(outbox.entries.value.map((each) => each.cell), ["a"]);
  assert.deepEqual(sent.map(([cell]) => cell).slice(0, 3), ["a", "b", "c"]);
  while (!isParked(outbox.of("a"))) await pass();
  outbox.add("d", { action: "accept" });
  await pass();
  assert.equal(outbox.of("d"), undefined);
  assert.equal(outbox.of("a").message, "status 500");
  assert.equal(standing(outbox.entries.value), "1 not sent");
  failing.clear();
  outbox.retry(outbox.of("a").id);
  await pass();
  assert.deepEqual(outbox.entries.value, []);
});

test("decisions on one answer keep their order, and what was written does not give way to another decision", async () => {
  const failing = new Set(["a"]);
  const { outbox, sent, pass } = outboxOver(failing);
  outbox.add("a", { action: "note" });
  await pass();
  outbox.add("a", { action: "accept" });
  outbox.add("b", { action: "accept" });
  await pass();
  assert.deepEqual(outbox.entries.value.map(({ cell, request }) => [cell, request.action]), [["a", "note"], ["a", "accept"]]);
  assert.ok(!sent.some(([cell, action]) => cell === "a" && action === "accept"));
  outbox.discard(outbox.entries.value[0].id);
  failing.clear();
  outbox.retry();
  await pass();
  assert.deepEqual(sent.at(-1), ["a", "accept"]);
  assert.deepEqual(outbox.entries.value, []);
});

test("with all calls failing, each decision is kept and the server is asked ever less", async () => {
  const failing = new Set("abcdef");
  const { outbox, sent, pass } = outboxOver(failing);
  for (const cell of "abcdef") outbox.add(cell, { action: "accept" });
  await new Promise(setImmediate);
  assert.ok(sent.length <= 3, `${sent.length} calls at once`);
  for (let times = 0; times < 30; times++) await pass();
  assert.equal(standing(outbox.entries.value), "6 not sent");
  failing.clear();
  outbox.retry();
  await pass();
  await pass();
  assert.deepEqual(outbox.entries.value, []);
});

for (const written of ["note", "correct"]) {
  test(`points that wait to be sent do not give way to a ${written} that is written afterwards`, async () => {
    const failing = new Set(["a"]);
    const { outbox, sent, pass } = outboxOver(failing);
    outbox.add("a", { action: "accept" });
    await pass();
    outbox.add("a", { action: written });
    outbox.add("a", { action: written });
    assert.deepEqual(outbox.entries.value.map(({ request }) => request.action), ["accept", written]);
    failing.clear();
    outbox.retry();
    await pass();
    assert.deepEqual(sent.slice(-2).map(([, action]) => action), ["accept", written]);
    assert.deepEqual(outbox.entries.value, []);
  });
}
