// What was read, with the quotes marked, and the second reading where it differs.

import { FormulaText } from "../formula_text.mjs";
import { html } from "../library.mjs";

export function Reading({ answer }) {
  const look = answer.second_look;
  const differences = look ? [
    ["A grader who saw the page reads", look.reading],
    ["A second reading has", look.second_reading],
  ].filter(([, lines]) => lines?.length) : [];
  return html`<section class="reading" aria-labelledby="reading">
    <h2 id="reading">${answer.read_by_person ? "Read by a person" : "Read"}</h2>
    ${answer.raw_text.trim()
      ? html`<p class="text"><${FormulaText} text=${answer.raw_text} quotes=${answer.quotes} /></p>`
      : html`<p class="none">Nothing was read.</p>`}
    ${differences.map(([words, lines]) => html`<div class="differs" key=${words}>
      <h3>${words}</h3>
      <ul>${lines.map((line) => html`<li key=${line.transcribed + line.read}>
        <${FormulaText} text=${line.read || "(nothing)"} /> <span class="instead">where this was read: </span>
        <${FormulaText} text=${line.transcribed || "(nothing)"} /></li>`)}</ul>
    </div>`)}
    ${look?.missing && html`<p class="instead">The graders saw this text and not the page: ${look.missing}.</p>`}
  </section>`;
}
