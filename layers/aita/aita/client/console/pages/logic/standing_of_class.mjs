// Who is final and who is not, with the reasons.

import { isOpen } from "./class_table.mjs";

/**
 * Return why students are not final, by question: [{question_id, index, open, flags: [[kind, count]]}], of those with
 * open answers; an answer that failed, or whose state has no flag, counts under its state.
 */
export function openByQuestion(questions, students) {
  const found = questions.map(({ question_id }, index) => {
    const cells = students.map((row) => row.cells[index]).filter(isOpen);
    const counts = new Map();
    for (const { flags, state } of cells) {
      for (const kind of flags.length ? flags : [state]) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    return { question_id, index, open: cells.length, flags: [...counts].sort((one, other) => other[1] - one[1]) };
  });
  return found.filter((each) => each.open);
}

/** Return the students who are not final: [{student_id, open: [question_id]}], those with most open answers first. */
export function notFinal(questions, students) {
  return students
    .filter((row) => !row.final)
    .map((row) => ({
      student_id: row.student_id,
      open: row.cells.flatMap((cell, index) => isOpen(cell) ? [questions[index].question_id] : []),
    }))
    .sort((one, other) => other.open.length - one.open.length);
}
