// Decisions on parts of pages that belong to no answer yet.

/** Return the questions that a part may belong to: those whose answers are open beside it first. */
export const questionsOf = (part) => [...part.opens, ...part.question_ids.filter((each) => !part.opens.includes(each))];

/** Return the request that a key stands for: {action, question_id?}; null if it has none. */
export function requestOf(key, part) {
  if (key === "s") return { action: "scratch" };
  if (key === "x") return { action: "nothing" };
  if (/^[1-9]$/.test(key)) {
    const question = questionsOf(part)[Number(key) - 1];
    return question === undefined ? null : { action: "belongs", question_id: question };
  }
  return null;
}

/** Return whether the decision that counts is what a request asks for. */
export const isSame = (decision, request) =>
  Boolean(decision) && decision.action === request.action && (decision.question_id ?? null) === (request.question_id ?? null);

/** Return a request or a decision in words. */
export const inWords = ({ action, question_id: question }) =>
  ({ belongs: `belongs to ${question}`, scratch: "scratch work", nothing: "nothing that counts" })[action];
