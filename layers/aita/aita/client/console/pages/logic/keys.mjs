// Keys of the grading screen, with what each does in words.

export const KEYS = [
  ["1 … 9", "give the criterion all its points, or none"],
  ["Shift 1 … 9", "give it a part: half at first, then a step more"],
  ["Enter", "accept what is shown, and go to the next answer"],
  ["j, →", "next answer"],
  ["k, ←", "previous answer"],
  ["u", "undo your last decision"],
  ["e", "edit the feedback for the student"],
  ["t", "correct the reading, and have the answer graded again"],
  ["n", "write a note, and leave the answer to the instructor"],
  ["s", "set the points as one number, with a reason"],
  ["z", "zoom into the picture; again: back"],
  ["p", "the whole page; again: the answer's part of it"],
  ["w", "who it is: the student's name; again: hidden"],
  ["/", "filters"],
  ["Ctrl Enter", "save what you write"],
  ["Esc", "leave what you write, or close a window"],
  ["?", "these keys"],
];

const LETTERS = {
  j: "next", k: "previous", u: "undo", e: "feedback", t: "reading", n: "note", s: "total", z: "zoom", p: "page", w: "name",
  "/": "filters", "?": "keys", ArrowRight: "next", ArrowLeft: "previous", Enter: "accept",
};

/**
 * Return the action of a key: {action} or, for digits, {action: "criterion", number, part}; null if it has none.
 *
 * Digits are taken by their place on the keyboard, as shift makes other characters of them.
 */
export function actionOf(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return null;
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
  if (digit) return { action: "criterion", number: Number(digit[1]), part: event.shiftKey };
  const action = LETTERS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  return action ? { action } : null;
}

const MOVES = /^(Arrow|Page|Home$|End$|Tab$|[jk]$)/i;

/**
 * Return whether a keydown comes of a key that is held down and would decide again: only moving and writing repeat.
 *
 * `field` is where it was pressed: "lines" in a text of many lines, "line" in another field, or "".
 */
export function isHeld({ repeat, key, altKey, ctrlKey, metaKey }, field) {
  if (!repeat || MOVES.test(key)) return false;
  if (key === "Enter") return field !== "lines" || ctrlKey;
  if (altKey) return true;
  return !field && !ctrlKey && !metaKey;
}
