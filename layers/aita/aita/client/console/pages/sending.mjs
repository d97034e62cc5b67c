// The decisions of this page on their way to the stack.

import { call } from "./calls.mjs";
import { basisAfter, isOf } from "./logic/draft.mjs";
import { Outbox } from "./logic/outbox.mjs";

/**
 * The page's outbox. An entry holds its `assignment`, its `queue` (an AnswerQueue) and the `answer` as the person saw
 * it; the answer's basis is read from the queue when the entry is sent, as a decision before it may have changed it.
 */
export const unsent = new Outbox({
  async send({ assignment, queue, cell, request }) {
    const { basis } = queue.find(cell);
    return call("POST", ["assignments", assignment, "reviews", cell], { body: { ...request, basis } });
  },
  recognize: (decision, { queue, cell, request }) => isOf(decision, request, queue.find(cell)),
  saved({ queue, cell, request, after }, decision) {
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
