// How the points of each question are distributed; behind each bar are its answers.

import { html } from "../library.mjs";
import { distribution, mean } from "../logic/class_table.mjs";
import { written } from "../logic/points.mjs";

/** `open(cells, words)` shows the answers behind a bar. */
export function Distributions({ questions, rows, open }) {
  return html`<div class="cards">${questions.map((question, index) => html`
    <${Distribution} key=${question.question_id} question=${question} rows=${rows} index=${index} open=${open} />`)}</div>`;
}

function Distribution({ question, rows, index, open }) {
  const bars = distribution(rows, index, question.points);
  const most = Math.max(1, ...bars.map((each) => each.cells.length));
  const average = mean(rows, index);
  const without = rows.filter((row) => (row.cells[index]?.points ?? null) === null).length;
  const named = `Question ${question.question_id}`;
  return html`<section class="card" aria-label=${named}>
    <h2>${named}, ${written(question.points)} points</h2>
    <ul class="bars">${bars.map((bar) => {
      const range = bar.from === bar.to ? written(bar.from) : `${written(bar.from)} to below ${written(bar.to)}`;
      const words = `${named}, ${range} points: ${bar.cells.length} ${bar.cells.length === 1 ? "answer" : "answers"}`;
      return html`<li key=${bar.from === bar.to ? "full" : bar.from}>
        <button type="button" disabled=${!bar.cells.length} aria-label=${words} onClick=${() => open(bar.cells, words)}>
          <span class="number">${bar.cells.length || ""}</span>
          <span class="column" style=${{ height: `${(100 * bar.cells.length) / most}%` }}></span>
        </button><span class="scale" aria-hidden="true">${written(bar.from)}</span></li>`;
    })}</ul>
    <p class="cost">Mean ${average === null ? "–" : written(Math.round(average * 100) / 100)}${without ? `; ${without} without points` : ""}.</p>
  </section>`;
}
