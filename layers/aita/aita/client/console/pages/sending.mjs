// The decisions of this page on their way to the stack.
//
// A decision on an answer of the grading screen is sent as below. Another screen's entry brings its own `send(entry)`,
// `recognize(decision, entry)` and `saved(entry, decision)`, and `words` and `address` for the list of what is not sent.
// An entry's `discarded(entry)` is called once the person has discarded it.

import { call } from "./calls.mjs";
import { basisAfter, isOf } from "./logic/draft.mjs";
import { Outbox } from "./logic/outbox.mjs";

/**
 * The page's outbox. An entry holds its `assignment`, its `queue` (an AnswerQueue), the `answer` as the person saw it,
 * and `before`, the answer without any decision that this one took the place of; the answer's basis is read from the queue when the entry is sent, as a decision before it may have changed it.
 */
export const unsent = new Outbox({
  async send(entry) {
    const { assignment, queue, cell, request } = entry;
    if (entry.send) return entry.send(entry);
    const { basis } = queue.find(cell);
    return call("POST", ["assignments", assignment, "reviews", cell], { body: { ...request, basis } });
  },
  recognize: (decision, entry) =>
    entry.recognize ? entry.recognize(decision, entry) : isOf(decision, entry.request, entry.queue.find(entry.cell)),
  saved(entry, decision) {
    const { queue, cell, request, after } = entry;
    if (entry.saved) {
      entry.saved(entry, decision);
      return;
    }
    const answer = queue.find(cell);
    const closes = request.action === "accept" || request.action === "set";
    queue.replace({
      ...answer,
      basis: basisAfter(answer.basis, decision),
      decisions: [...answer.decisions, decision],
      ...(closes ? { counts: decision.decision_id } : {}),
    });
    after?.(decision);
  },
});
