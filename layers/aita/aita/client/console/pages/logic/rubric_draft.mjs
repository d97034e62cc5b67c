// A rubric that is being edited: its sum, and what is wrong with it.

import { exact } from "./points.mjs";

const TOLERANCE = 0.01; // as the API has it: rubrics are written with two decimals

/** Return a draft of a rubric: {criteria: [{points: text, description, examples}]}; one empty criterion without one. */
export const draftOf = (content) => ({
  criteria: (content?.criteria ?? [{ points: "", description: "" }]).map(({ points, description, examples = [] }) => ({
    points: String(points), description, examples,
  })),
});

const number = (text) => (String(text).trim() === "" ? NaN : Number(text));

/** Return the sum of a draft's points; NaN if one is no number. */
export const sumOf = (draft) => exact(draft.criteria.reduce((sum, each) => sum + number(each.points), 0));

/** Return what is wrong with a draft for a question of some points: sentences. */
export function problemsOf(draft, points) {
  const problems = draft.criteria.flatMap((each, index) => {
    const given = number(each.points);
    return [
      !(given > 0) && `Criterion ${index + 1} needs points above 0.`,
      !each.description.trim() && `Criterion ${index + 1} needs words.`,
    ].filter(Boolean);
  });
  if (!draft.criteria.length) problems.push("A rubric has at least one criterion.");
  const sum = sumOf(draft);
  if (draft.criteria.length && Number.isFinite(sum) && Math.abs(sum - points) > TOLERANCE + 1e-9) {
    problems.push(`The criteria sum to ${sum} points, and the question is worth ${points}.`);
  }
  return problems;
}

/** Return the rubric that a draft stands for, as the file has it. */
export const contentOf = (draft) => ({
  total_points: sumOf(draft),
  criteria: draft.criteria.map(({ points, description, examples }) => ({
    points: exact(number(points)), description: description.trim(), ...(examples.length ? { examples } : {}),
  })),
});

/** Return the lines of a text that are not empty. */
export const lines = (text) => text.split("\n").map((each) => each.trim()).filter(Boolean);
