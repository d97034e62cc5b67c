// A decision is on the server, or visibly unsent: whatever happens on the way.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox, standing } from "../../layers/aita/aita/client/console/pages/logic/outbox.mjs";

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
