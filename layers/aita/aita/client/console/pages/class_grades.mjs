// The class's grades, fetched whole, page by page.

import { call } from "./calls.mjs";

const STUDENTS = 500; // largest page

/** Return an assignment's grades: {questions, students, final, total_students, version}. */
export async function classGrades(assignment) {
  let grades = null;
  let token = null;
  do {
    const page = await call("GET", ["assignments", assignment, "grades"], { query: { limit: STUDENTS, next_token: token } });
    grades = { ...page, students: [...(grades?.students ?? []), ...page.students] };
    token = page.next_token;
  } while (token);
  return grades;
}
