// Students' names, fetched once they are asked for, and kept in this page's memory alone.

import { call, stored } from "./calls.mjs";

const CERTAIN = ["exact", "decided"];
const fetched = new Map();

/** Return the promise of the names of an assignment's students, by their ids. */
export function names(assignment) {
  if (!fetched.has(assignment)) {
    const found = fetchNames(assignment);
    found.catch(() => fetched.delete(assignment));
    fetched.set(assignment, found);
  }
  return fetched.get(assignment);
}

async function fetchNames(assignment) {
  const { files } = await call("GET", ["assignments", assignment, "files"]);
  const file = files.find((each) => each.name === "students.json");
  if (!file) return {};
  const { students } = JSON.parse(await (await stored(file.url)).text());
  return Object.fromEntries(students.map(({ student_id: id, roster_name: name, folder, match }) =>
    [id, name && CERTAIN.includes(match) ? name : folder]));
}
