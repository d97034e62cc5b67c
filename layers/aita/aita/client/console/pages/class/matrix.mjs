// The class as a grid, students by questions: only the rows in sight are drawn, and the arrows move in it.

import { h, html, useEffect, useLayoutEffect, useRef, useState } from "../library.mjs";
import { inSight, isOpen, movedBy, stateWord } from "../logic/class_table.mjs";
import { written } from "../logic/points.mjs";

const ROW = 34; // px, as in screens.css
const LEADING = 2; // columns before the questions: the student, and the total

/** `rows` in their order; `sort` {by, down} with `setSort(by)`; `open(student, question's index)` shows answers. */
export function Matrix({ questions, rows, nameOf, sort, setSort, open }) {
  const box = useRef(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const [at, setAt] = useState([0, 0]);
  const wanted = useRef(false); // whether the cell that is moved to gets the focus
  const drawn = useRef(new Map()); // rows that were drawn, so that scrolling draws new ones alone
  const columns = questions.length + LEADING;
  const active = [Math.min(at[0], Math.max(0, rows.length - 1)), Math.min(at[1], columns - 1)];

  useEffect(() => { drawn.current.clear(); }, [questions, nameOf]);
  useEffect(() => {
    const there = box.current;
    const look = () => setView({ top: there.scrollTop, height: there.clientHeight });
    const watch = new ResizeObserver(look);
    watch.observe(there);
    let frame = 0;
    const scrolled = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(look);
    };
    there.addEventListener("scroll", scrolled, { passive: true });
    return () => {
      watch.disconnect();
      cancelAnimationFrame(frame);
      there.removeEventListener("scroll", scrolled);
    };
  }, []);
  useLayoutEffect(() => {
    if (!wanted.current) return;
    wanted.current = false;
    box.current.querySelector("[tabindex='0']")?.focus({ preventScroll: true });
  });

  const move = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(view.height / ROW) - 2);
    const to = movedBy(event.key, active, { rows: rows.length, columns, page });
    if (!to) return;
    event.preventDefault();
    const top = to[0] * ROW;
    const there = box.current;
    if (top < there.scrollTop) there.scrollTop = top;
    if (top + 2 * ROW > there.scrollTop + there.clientHeight) there.scrollTop = top + 2 * ROW - there.clientHeight;
    wanted.current = true;
    setView({ top: there.scrollTop, height: there.clientHeight });
    setAt(to);
  };

  const press = (event) => {
    const cell = event.target.closest("tbody [aria-colindex]");
    if (!cell || (event.type === "keydown" && event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    const place = Number(cell.getAttribute("aria-colindex")) - 1;
    const number = Number(cell.parentNode.getAttribute("aria-rowindex")) - 2;
    setAt([number, place]);
    open(rows[number], Math.max(0, place - LEADING));
  };
  const [first, last] = inSight({ count: rows.length, row: ROW, ...view });
  const line = (row, number) => {
    const column = number === active[0] ? active[1] : -1;
    const key = row.student_id;
    const before = drawn.current.get(key);
    if (before && before.row === row && before.number === number && before.column === column) return before.line;
    const made = h(Row, { key, row, number, column, name: nameOf(row) });
    drawn.current.set(key, { row, number, column, line: made });
    return made;
  };
  return html`<div class="matrix" ref=${box} onClick=${press} onKeyDown=${(event) => { move(event); press(event); }}>
    <table role="grid" aria-label="Points of each student" aria-rowcount=${rows.length + 1} aria-colcount=${columns}>
      <thead><tr aria-rowindex="1">
        <${Heading} by="student" words="Student" sort=${sort} set=${setSort} />
        <${Heading} by="points" words="Total" sort=${sort} set=${setSort} />
        ${questions.map((each, index) => html`<${Heading} key=${each.question_id} by=${index} sort=${sort} set=${setSort}
          words=${`${each.question_id}${each.bonus ? " +" : ""}`} title=${`Question ${each.question_id}, ${written(each.points)} points${each.bonus ? ", bonus" : ""}`} />`)}
      </tr></thead>
      <tbody>
        <tr class="gap" aria-hidden="true"><td style=${{ height: `${first * ROW}px` }}></td></tr>
        ${rows.slice(first, last).map((row, index) => line(row, first + index))}
        <tr class="gap" aria-hidden="true"><td style=${{ height: `${(rows.length - last) * ROW}px` }}></td></tr>
      </tbody>
    </table>
  </div>`;
}

function Heading({ by, words, title, sort, set }) {
  const order = sort.by !== by ? "none" : sort.down ? "descending" : "ascending";
  return html`<th role="columnheader" scope="col" aria-sort=${order}>
    <button type="button" title=${title} onClick=${() => set(by)}>${words}<span aria-hidden="true">${{ none: "", ascending: " ↑", descending: " ↓" }[order]}</span></button></th>`;
}

/** A row; `column` is the one that is active in it. Elements are made without templates, as scrolling makes many. */
function Row({ row, number, column, name }) {
  const cell = (tag, place, role, className, ...inside) =>
    h(tag, { key: place, role, tabindex: place === column ? 0 : -1, "aria-colindex": place + 1, class: className }, ...inside);
  const heard = (words) => h("span", { class: "heard" }, ` ${words}`);
  return h("tr", { "aria-rowindex": number + 2 },
    cell("th", 0, "rowheader", "", name),
    cell("td", 1, "gridcell", row.final ? "" : "open", written(row.points), row.letter ? ` ${row.letter}` : "", row.final ? null : heard("not final")),
    row.cells.map((one, index) => {
      const words = isOpen(one) ? stateWord(one) : one.decided ? "decided by a person" : "";
      return cell("td", index + LEADING, "gridcell", isOpen(one) ? "open" : one.decided ? "by-person" : "", written(one.points), words ? heard(words) : null);
    }));
}
