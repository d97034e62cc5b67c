// Whose folder one is: the lines of the roster, those that are most like the folder's name first.

import { folded } from "./folded_text.mjs";

const WAITING = ["close", "changed", "ambiguous", "none"];

/** Return whether a student waits for a person. */
export const isWaiting = (student) => WAITING.includes(student.match);

const words = (text) => folded(text).split(/[^\p{L}\p{N}]+/u).filter(Boolean);

/** Return how much two names are alike: the share of the pairs of letters that both have, 0 to 1. */
export function likeness(one, other) {
  const pairs = (text) => words(text).flatMap((word) => word.length < 2 ? [word] : [...word].slice(1).map((each, index) => [...word][index] + each));
  const [left, right] = [pairs(one), pairs(other)];
  if (!left.length || !right.length) return 0;
  const rest = [...right];
  let shared = 0;
  for (const pair of left) {
    const place = rest.indexOf(pair);
    if (place < 0) continue;
    rest.splice(place, 1);
    shared += 1;
  }
  return (2 * shared) / (left.length + right.length);
}

/**
 * Return the lines of the roster that hold all that was searched, in order: the student's likely lines, then those that
 * are nobody's, each by its likeness to the folder's name.
 *
 * student.likely: versions of lines, the likeliest first; student.line: the line that the folder's name is close to.
 */
export function ranked(roster, student, search = "") {
  const wanted = words(search);
  const found = roster.filter((each) => {
    const text = words(`${each.name} ${each.number} ${each.section}`).join(" ");
    return wanted.every((word) => text.includes(word));
  });
  const likely = [...(student.likely ?? []), student.line];
  const place = (each) => {
    const index = likely.indexOf(each.line);
    return index < 0 ? likely.length : index;
  };
  const keyed = found.map((each) => ({
    line: each,
    key: [-place(each), Number(each.students.every((id) => id === student.student_id)), likeness(student.folder, each.name)],
  }));
  keyed.sort((one, other) => {
    const first = one.key.findIndex((value, index) => value !== other.key[index]);
    return first < 0 ? 0 : other.key[first] - one.key[first];
  });
  return keyed.map((each) => each.line);
}

/** Return the id of the decision that a new one replaces; empty if there is none. */
export const replaced = (student) => student.decisions.at(-1)?.decision_id ?? "";
