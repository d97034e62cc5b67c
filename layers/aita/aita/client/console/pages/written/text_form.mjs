// A question, or an answer key, with its fields.

import { FormulaText } from "../formula_text.mjs";
import { html, useState } from "../library.mjs";
import { lines } from "../logic/rubric_draft.mjs";
import { ChangedMeanwhile, isSame } from "./changed_meanwhile.mjs";

/** `fields`: [name, words, kind]; kinds are "text", "lines" and "points". `save(content)` gets the fields. */
export function TextForm({ label, content, fields, step, busy, save, leave }) {
  const now = Object.fromEntries(fields.map(([name, , kind]) =>
    [name, kind === "lines" ? (content?.[name] ?? []).join("\n") : String(content?.[name] ?? "")]));
  const [draft, setDraft] = useState(now);
  const [seen, setSeen] = useState(now); // the state in which the person began
  const take = () => {
    setDraft(now);
    setSeen(now);
  };
  const missing = fields.filter(([name, , kind, required]) => required && (kind === "points" ? !(Number(draft[name]) > 0) : !draft[name].trim()))
    .map(([, words]) => words);
  const submit = (event) => {
    event.preventDefault();
    if (missing.length) return;
    save(Object.fromEntries(fields.map(([name, , kind]) =>
      [name, kind === "lines" ? lines(draft[name]) : kind === "points" ? Number(draft[name]) : draft[name].trim()])));
  };
  const change = (name) => (event) => setDraft({ ...draft, [name]: event.currentTarget.value });
  return html`<form noValidate onSubmit=${submit} aria-label=${label} onKeyDown=${(event) => {
    if (event.key === "Escape") leave();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
  }}>
    ${fields.map(([name, words, kind]) => html`<label key=${name}>${words}
      ${kind === "points" ? html`<input type="number" min="0.01" step=${step} value=${draft[name]} onInput=${change(name)} />`
        : html`<textarea rows=${kind === "lines" ? 2 : 4} value=${draft[name]} onInput=${change(name)}></textarea>`}</label>`)}
    ${!isSame(seen, now) && html`<${ChangedMeanwhile} take=${take}><dl>${fields.filter(([name]) => now[name]).map(([name, words]) => html`
      <dt key=${name}>${words.split(";")[0]}</dt><dd class="text"><${FormulaText} text=${now[name]} /></dd>`)}</dl><//>`}
    <p role="status" class="flag">${missing.length ? `Missing: ${missing.join(", ")}.` : ""}</p>
    <p class="tools"><button class="main" disabled=${busy || missing.length > 0}>Save <kbd>Ctrl Enter</kbd></button>
      <button type="button" onClick=${leave}>Leave <kbd>Esc</kbd></button></p>
  </form>`;
}
