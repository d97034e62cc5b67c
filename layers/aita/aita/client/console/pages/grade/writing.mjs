// What a person writes about an answer: feedback, a note, another reading, points as one number.

import { html, useLayoutEffect, useRef, useState } from "../library.mjs";

/** Words of each kind: its heading, what is saved, and the button. */
const KINDS = {
  feedback: { title: "Feedback for the student", save: "Accept with this feedback" },
  note: { title: "Note to the instructor, who decides", save: "Leave it to the instructor" },
  reading: { title: "Correct the reading", save: "Correct, and grade again" },
  total: { title: "Points as one number", save: "Set the points" },
};

/** A form for one kind of text. `save(text, points)` is called with what was written; `keep(text)` as it is written. */
export function Writing({ kind, text, most, step, keep, save, leave }) {
  const { title, save: words } = KINDS[kind];
  const [written, setWritten] = useState(text);
  const [points, setPoints] = useState("");
  const first = useRef(null);
  useLayoutEffect(() => { first.current.focus(); }, []); // before the next key comes
  const change = (event) => {
    setWritten(event.currentTarget.value);
    keep(event.currentTarget.value);
  };
  const given = points === "" ? NaN : Number(points);
  const ready = kind === "feedback" || (written.trim() && (kind !== "total" || (given >= 0 && given <= most)));
  const submit = (event) => {
    event.preventDefault();
    if (ready) save(written, given);
  };
  const key = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
    else if (event.key === "Escape") leave();
    else return;
    event.stopPropagation();
  };
  return html`<form class="writing" onSubmit=${submit} onKeyDown=${key} aria-labelledby="writing">
    <h2 id="writing">${title}</h2>
    ${kind === "total" && html`<label>Points, of ${most} <input type="number" ref=${first} min="0" max=${most}
      step=${step} required value=${points} onInput=${(event) => setPoints(event.currentTarget.value)} /></label>`}
    <label>${kind === "total" ? "Reason" : kind === "reading" ? "What is written there; formulas in LaTeX" : "Text"}
      <textarea ref=${kind === "total" ? undefined : first} rows=${kind === "reading" ? 8 : 4}
        value=${written} onInput=${change}></textarea></label>
    <p><button class="main" disabled=${!ready}>${words} <kbd>Ctrl Enter</kbd></button>
      <button type="button" onClick=${leave}>Leave <kbd>Esc</kbd></button></p>
  </form>`;
}
