// The question to go on with.

/** Return the next question after one that has open answers, from the first again after the last; undefined without one. */
export function nextOpen(questions, id) {
  const index = questions.findIndex((each) => each.id === id);
  return [...questions.slice(index + 1), ...questions.slice(0, Math.max(0, index))].find((each) => each.open);
}
