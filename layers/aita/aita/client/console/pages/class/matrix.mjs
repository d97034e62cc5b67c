// The class as a grid, students by questions: only the rows in sight are drawn, and the arrows move in it.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../library.mjs";
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

  const [first, last] = inSight({ count: rows.length, row: ROW, ...view });
  const line = (row, number) => {
    const column = number === active[0] ? active[1] : -1;
    const key = row.student_id;
    const before = drawn.current.get(key);
    if (before && before.row === row && before.number === number && before.column === column) return before.line;
    const made = html`<${Row} key=${key} row=${row} number=${number} column=${column} name=${nameOf(row)} questions=${questions}
      open=${(index, place) => { setAt([number, place]); open(row, index); }} />`;
    drawn.current.set(key, { row, number, column, line: made });
    return made;
  };
  return html`<div class="matrix" ref=${box} onKeyDown=${move}>
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

function Row({ row, number, column, name, questions, open }) {
  const cell = (place) => ({ role: "gridcell", tabindex: place === column ? 0 : -1, "aria-colindex": place + 1 });
  const press = (index, place) => ({
    onClick: () => open(index, place),
    onKeyDown: (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      open(index, place);
    },
  });
  return html`<tr aria-rowindex=${number + 2}>
    <th scope="row" ...${cell(0)} role="rowheader" ...${press(0, 0)}>${name}</th>
    <td ...${cell(1)} ...${press(0, 1)} class=${row.final ? "" : "open"}>${written(row.points)}${row.letter ? ` ${row.letter}` : ""}${!row.final && html`<span class="heard"> not final</span>`}</td>
    ${questions.map((each, index) => {
      const one = row.cells[index];
      return html`<td key=${each.question_id} ...${cell(index + LEADING)} ...${press(index, index + LEADING)}
        class=${isOpen(one) ? "open" : one.decided ? "by-person" : ""}>${written(one.points)}${(isOpen(one) || one.decided)
          && html`<span class="heard"> ${isOpen(one) ? stateWord(one) : "decided by a person"}</span>`}</td>`;
    })}
  </tr>`;
}
