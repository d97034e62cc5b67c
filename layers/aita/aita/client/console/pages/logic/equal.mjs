// Equal answers: what is asked of all of them at once.

import { same } from "./draft.mjs";
import { written } from "./points.mjs";

/** Return the points of a group's answers in words, each number once: "3 (2 answers), none (1)". */
export function pointsInWords(cells) {
  const counts = new Map();
  for (const { points } of cells) counts.set(points, (counts.get(points) ?? 0) + 1);
  const order = [...counts].sort(([one], [other]) => (other ?? -1) - (one ?? -1));
  return order.map(([points, count], index) => {
    const answers = index ? "" : count === 1 ? " answer" : " answers";
    return `${points === null ? "none" : written(points)} (${count}${answers})`;
  }).join(", ");
}

/**
 * Return the decision on a group: {request}, or {missing: [numbers of criteria]}.
 *
 * The proposal is accepted where that gives all the same points; otherwise the points of the criteria are set.
 */
export function decisionOn(group, answer, draft) {
  const missing = draft.criteria.flatMap((points, index) => points === null ? [index + 1] : []);
  if (missing.length || !draft.criteria.length) return { missing };
  const { proposal } = answer;
  const proposed = proposal && { criteria: proposal.criteria.map((each) => each.points), feedback: proposal.feedback };
  if (proposed && proposal.points !== null && same(draft, proposed) && !group.differ && proposal.points === answer.points) {
    return { request: { action: "accept" } };
  }
  const criteria = Object.fromEntries(draft.criteria.map((points, index) => [index + 1, points]));
  return { request: { action: "set", criteria, feedback: draft.feedback } };
}

/** Return the bases of the chosen answers but the first one, by cell. */
export const othersOf = (group, chosen, first) =>
  Object.fromEntries(group.cells.filter((each) => chosen.has(each.cell_id) && each.cell_id !== first)
    .map((each) => [each.cell_id, each.basis]));
