// The class's grades as a table: order, search, the rows in sight, and the distribution of points.

import { folded } from "./folded_text.mjs";
import { exact } from "./points.mjs";

const OPEN = ["NEEDS_REVIEW", "FAILED"];
const STATES = { NEEDS_REVIEW: "waits", FAILED: "failed", GRADED: "graded", BLANK: "blank", OVERRIDDEN: "set" };

/** Return whether a cell or an answer waits for a person. */
export const isOpen = (cell) => OPEN.includes(cell.state);

/** Return the state of a cell in a word. */
export const stateWord = (cell) => STATES[cell.state] ?? cell.state.toLowerCase();

const text = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

const VALUES = {
  student: (row, nameOf) => nameOf(row),
  points: (row) => row.points,
  open: (row) => row.cells.filter(isOpen).length,
};

/**
 * Return the rows whose name or id holds what was searched, in order.
 *
 * by: "student", "points", "open", or the index of a question; cells without points come last both ways.
 */
export function arranged(rows, { search = "", by = "student", down = false, nameOf = (row) => row.student_id } = {}) {
  const wanted = folded(search.trim());
  const found = rows.filter((row) => folded(`${nameOf(row)} ${row.student_id}`).includes(wanted));
  const value = VALUES[by] ?? ((row) => row.cells[by]?.points ?? null);
  const keyed = found.map((row) => [value(row, nameOf), row]);
  const sign = down ? -1 : 1;
  keyed.sort(([one], [other]) => {
    if (one === null || other === null) return (one === null) - (other === null);
    return sign * (typeof one === "string" ? text.compare(one, other) : one - other);
  });
  return keyed.map(([, row]) => row);
}

/** Return the rows to draw, [first, last), of a list that is scrolled by `top` in a box of `height` pixels. */
export function inSight({ count, row, top, height, beyond = 6 }) {
  const first = Math.max(0, Math.min(count, Math.floor(top / row)) - beyond);
  const last = Math.min(count, Math.ceil((top + height) / row) + beyond);
  return [first, Math.max(first, last)];
}

/** Return the place of the cell that a key leads to from [row, column]; null if the key leads nowhere. */
export function movedBy(key, [row, column], { rows, columns, page }) {
  const within = (value, count) => Math.max(0, Math.min(count - 1, value));
  switch (key) {
    case "ArrowUp": return [within(row - 1, rows), column];
    case "ArrowDown": return [within(row + 1, rows), column];
    case "ArrowLeft": return [row, within(column - 1, columns)];
    case "ArrowRight": return [row, within(column + 1, columns)];
    case "PageUp": return [within(row - page, rows), column];
    case "PageDown": return [within(row + page, rows), column];
    case "Home": return [row, 0];
    case "End": return [row, columns - 1];
    default: return null;
  }
}

const BARS = 11; // at most; with ten steps each, a scale of 0 to 10 has one bar for each point

/**
 * Return the distribution of a question's points: bars {from, to, cells}, of which the last one holds full points.
 *
 * Bars have the same width, a multiple of 0.5; cells without points are in none.
 */
export function distribution(rows, index, most) {
  const width = exact(Math.max(0.5, Math.ceil((2 * most) / (BARS - 1)) / 2));
  const count = Math.max(1, Math.ceil(exact(most / width)));
  const bars = Array.from({ length: count + 1 }, (_, number) => ({
    from: number === count ? most : exact(number * width),
    to: number === count ? most : exact(Math.min(most, (number + 1) * width)),
    cells: [],
  }));
  for (const row of rows) {
    const cell = row.cells[index];
    if (!cell || cell.points === null) continue;
    const number = cell.points >= most ? count : Math.max(0, Math.floor(exact(cell.points / width)));
    bars[Math.min(number, count)].cells.push({ ...cell, student_id: row.student_id });
  }
  return bars;
}

/** Return the mean of a question's points; null without any. */
export function mean(rows, index) {
  const given = rows.map((row) => row.cells[index]?.points).filter((points) => points !== null && points !== undefined);
  return given.length ? given.reduce((sum, points) => sum + points, 0) / given.length : null;
}
