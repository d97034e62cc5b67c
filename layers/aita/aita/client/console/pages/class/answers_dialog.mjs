// Some answers, one at a time, in a window: a student's, or those behind a bar.

import { html, useEffect, useRef, useState } from "../library.mjs";
import { OneAnswer } from "../one_answer.mjs";

/** `answers`: [{cell, words}], of which the one at `start` is shown first. */
export function AnswersDialog({ assignment, title, summary = null, answers, start = 0, close }) {
  const [index, setIndex] = useState(start);
  const dialog = useRef(null);
  useEffect(() => { dialog.current.showModal(); }, []);
  const to = (next) => setIndex(Math.max(0, Math.min(answers.length - 1, next)));
  const press = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, textarea, select")) return;
    if (event.key === "j" || event.key === "ArrowRight") to(index + 1);
    else if (event.key === "k" || event.key === "ArrowLeft") to(index - 1);
    else return;
    event.preventDefault();
  };
  const shown = answers[index];
  return html`<dialog class="wide" ref=${dialog} onClose=${close} onKeyDown=${press} aria-labelledby="answers-title">
    <div class="dialog-head"><h2 id="answers-title">${title}</h2>
      <form method="dialog"><button>Close <kbd>Esc</kbd></button></form></div>
    ${summary}
    <p class="tools"><button type="button" disabled=${index === 0} onClick=${() => to(index - 1)}>Previous <kbd>k</kbd></button>
      <button type="button" disabled=${index + 1 >= answers.length} onClick=${() => to(index + 1)}>Next <kbd>j</kbd></button>
      <span role="status">${shown.words}: ${index + 1} of ${answers.length}</span></p>
    <${OneAnswer} key=${shown.cell} assignment=${assignment} cell=${shown.cell} />
  </dialog>`;
}
