// Taking back of a change to a question, answer key or rubric: only as long as nobody has changed the same one since.

export function standing(exam, kind, questionId) {
  const one = exam.questions.find((each) => each.question.question_id === questionId);
  if (!one) return null;
  return kind === "question" ? { question_text: one.question.question_text, points: one.question.points }
    : one[kind].own ? one[kind].content : null;
}

export const withResult = (exam, change) => ({ ...change, left: JSON.stringify(standing(exam, change.kind, change.question_id)) });

export const isAsLeft = (exam, change) => change.left === JSON.stringify(standing(exam, change.kind, change.question_id));
