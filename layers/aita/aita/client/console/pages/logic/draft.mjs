// What a person makes of an answer before it is sent: points by criterion, and feedback.

import { total } from "./points.mjs";

/** Return the decision that an answer's points are from, if there is one. */
export const counting = (answer) => answer.decisions.find((each) => each.decision_id === answer.counts);

/** Return the draft that an answer begins with: what a person decided or, before that, what is proposed. */
export function beginning(answer, rubric) {
  const count = rubric ? rubric.criteria.length : 0;
  const decision = counting(answer);
  const proposed = answer.proposal?.criteria.map((each) => each.points) ?? [];
  const decided = decision?.action === "set";
  let criteria = proposed.length === count && !(decided && !decision.criteria.length) ? proposed : Array(count).fill(null);
  if (decided && decision.criteria.length === count) criteria = [...decision.criteria];
  const feedback = decided ? decision.feedback : answer.proposal?.feedback ?? "";
  return { criteria, feedback };
}

/** Return whether two drafts say the same. */
export const same = (one, other) =>
  one.feedback === other.feedback && one.criteria.length === other.criteria.length &&
  one.criteria.every((points, index) => points === other.criteria[index]);

/**
 * Return the decision that a draft stands for: {request}, {nothing: true} if it is decided so already, or
 * {missing: [numbers of criteria]} if it is not whole.
 */
export function decisionOf(answer, rubric, draft) {
  const before = beginning(answer, rubric);
  if (counting(answer) && !answer.outdated && answer.state !== "NEEDS_REVIEW" && same(draft, before)) {
    return { nothing: true };
  }
  const proposal = answer.proposal;
  const proposed = proposal && { criteria: proposal.criteria.map((each) => each.points), feedback: proposal.feedback };
  if (proposed && proposal.points !== null && same(draft, proposed)) return { request: { action: "accept" } };
  const missing = draft.criteria.flatMap((points, index) => points === null ? [index + 1] : []);
  if (missing.length || !draft.criteria.length) return { missing };
  const criteria = Object.fromEntries(draft.criteria.map((points, index) => [index + 1, points]));
  return { request: { action: "set", criteria, feedback: draft.feedback } };
}

/** Return an answer as it is once a request is decided, until the server tells. */
export function expected(answer, request) {
  switch (request.action) {
    case "accept": return { ...answer, points: answer.proposal.points, state: "GRADED", hidden: false };
    case "set": {
      const points = request.points ?? total(Object.values(request.criteria));
      return { ...answer, points, state: "OVERRIDDEN", hidden: false };
    }
    default: return answer;
  }
}

/** Return whether a recorded decision is what a request asked for, as when an answer to it was lost on the way. */
export function isOf(decision, request, answer) {
  if (!decision || decision.action !== request.action) return false;
  switch (request.action) {
    case "accept": return decision.points === answer.proposal?.points;
    case "correct": return decision.transcription === request.transcription.trim();
    case "note": return decision.why === request.why.trim();
    case "undo": return answer.decisions.some((each) => each.decision_id === decision.undoes);
    case "set": {
      if (decision.feedback !== (request.feedback ?? "").trim()) return false;
      if (request.points !== undefined) return !decision.criteria.length && decision.points === request.points;
      return decision.criteria.length === Object.keys(request.criteria).length &&
        decision.criteria.every((points, index) => points === request.criteria[index + 1]);
    }
    default: return false;
  }
}

/** Return the basis of an answer after a decision of one's own on it. */
export const basisAfter = (basis, decision) => `${basis.split(", after ")[0]}, after ${decision.decision_id}`;
