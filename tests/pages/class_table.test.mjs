// The class's table: order, search, rows in sight, moves, and the distribution of points.

import assert from "node:assert/strict";
import { test } from "node:test";

const LOGIC = "../../layers/aita/aita/client/console/pages/logic/";
const { arranged, distribution, inSight, mean, movedBy } = await import(`${LOGIC}class_table.mjs`);

const row = (id, ...points) => ({
  student_id: id,
  points: points.reduce((sum, each) => sum + (each ?? 0), 0),
  cells: points.map((each, index) => ({ cell_id: `${id}-${index}`, points: each, state: each === null ? "FAILED" : "GRADED" })),
});
const ids = (rows) => rows.map((each) => each.student_id);
const rows = [row("s-10", 2, null), row("s-2", 5, 1), row("s-1", 0, 4)];

test("rows are ordered by id as numbers, by total, by question and by open answers", () => {
  assert.deepEqual(ids(arranged(rows)), ["s-1", "s-2", "s-10"]);
  assert.deepEqual(ids(arranged(rows, { by: "points", down: true })), ["s-2", "s-1", "s-10"]);
  assert.deepEqual(ids(arranged(rows, { by: 0 })), ["s-1", "s-10", "s-2"]);
  assert.deepEqual(ids(arranged(rows, { by: "open", down: true }))[0], "s-10");
});

test("answers without points come last, up and down", () => {
  assert.deepEqual(ids(arranged(rows, { by: 1 })), ["s-2", "s-1", "s-10"]);
  assert.deepEqual(ids(arranged(rows, { by: 1, down: true })), ["s-1", "s-2", "s-10"]);
});

test("a search finds names without their accents, and ids", () => {
  const nameOf = (each) => ({ "s-1": "Zoë Łęcka", "s-2": "Bo <b>", "s-10": "Ada" })[each.student_id];
  assert.deepEqual(ids(arranged(rows, { search: " ZOE ", nameOf })), ["s-1"]);
  assert.deepEqual(ids(arranged(rows, { search: "<b>", nameOf })), ["s-2"]);
  assert.deepEqual(ids(arranged(rows, { search: "s-10", nameOf })), ["s-10"]);
  assert.deepEqual(arranged(rows, { search: "nobody", nameOf }), []);
});

test("the rows in sight are drawn, and no more than some beyond", () => {
  for (let top = 0; top < 500 * 34; top += 333) {
    const [first, last] = inSight({ count: 500, row: 34, top, height: 700 });
    assert.ok(first * 34 <= top && (last * 34 >= Math.min(top + 700, 500 * 34)), `at ${top}`);
    assert.ok(last - first < 40);
  }
  assert.deepEqual(inSight({ count: 0, row: 34, top: 0, height: 700 }), [0, 0]);
  assert.deepEqual(inSight({ count: 3, row: 34, top: 9000, height: 700 }), [0, 3], "the list was shortened by a search");
});

test("keys move within the grid", () => {
  const size = { rows: 10, columns: 4, page: 5 };
  assert.deepEqual(movedBy("ArrowUp", [0, 0], size), [0, 0]);
  assert.deepEqual(movedBy("PageDown", [7, 1], size), [9, 1]);
  assert.deepEqual(movedBy("End", [7, 1], size), [7, 3]);
  assert.equal(movedBy("a", [7, 1], size), null);
});

test("each answer with points is behind one bar, and the last bar has the full ones", () => {
  for (const most of [0.5, 1, 2.5, 4, 7, 10, 33]) {
    const many = Array.from({ length: 200 }, (_, number) => row(`s-${number}`, (most * (number % 21)) / 20));
    const bars = distribution([...many, row("s-x", null)], 0, most);
    assert.ok(bars.length <= 12, `${most}: ${bars.length}`);
    assert.equal(bars.reduce((sum, each) => sum + each.cells.length, 0), 200);
    assert.ok(bars.at(-1).cells.every((each) => each.points === most) && bars.at(-1).cells.length === 9);
    for (const bar of bars.slice(0, -1)) assert.ok(bar.cells.every((each) => each.points >= bar.from - 1e-9 && each.points < bar.to));
  }
});

test("the mean is of the answers with points", () => {
  assert.equal(mean(rows, 1), 2.5);
  assert.equal(mean([row("s-1", null)], 0), null);
});
