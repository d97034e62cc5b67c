// Students' names, fetched once they are asked for, and kept in this page's memory alone.

import { ownCall } from "./calls.mjs";

const fetched = new Map();

/** Return the promise of the names of an assignment's students, by their ids, as people's decisions have them. */
export function names(assignment) {
  if (!fetched.has(assignment)) {
    const found = ownCall("class-list", { assignment })
      .then(({ students }) => Object.fromEntries(students.map((each) => [each.student_id, each.name])));
    found.catch(() => forgetNames(assignment));
    fetched.set(assignment, found);
  }
  return fetched.get(assignment);
}

/** Forget the names of an assignment's students, as after a decision on them. */
export const forgetNames = (assignment) => fetched.delete(assignment);
