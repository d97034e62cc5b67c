// Which answers to go through.

import { html } from "../library.mjs";
import { FLAGS } from "../flags.mjs";

const SHOWS = { open: "waiting for a decision", unseen: "not decided by me", closed: "closed", all: "all" };
const SAMPLES = [5, 10, 20, 50];

export const EVERYTHING_OPEN = { show: "open", flag: "", student: "", sample: "", blind: false };

export function FilterBar({ filter, set }) {
  const change = (name) => (event) => {
    const { type, checked, value } = event.currentTarget;
    set({ ...filter, [name]: type === "checkbox" ? checked : value });
  };
  return html`<form class="filters" onSubmit=${(event) => event.preventDefault()} aria-label="Filters">
    <label>Answers <select id="filters" value=${filter.show} disabled=${Boolean(filter.sample)} onChange=${change("show")}>
      ${Object.entries(SHOWS).map(([value, words]) => html`<option value=${value}>${words}</option>`)}</select></label>
    <label>Flag <select value=${filter.flag} disabled=${filter.blind} onChange=${change("flag")}>
      <option value="">any</option>
      ${Object.entries(FLAGS).map(([value, words]) => html`<option value=${value}>${words}</option>`)}</select></label>
    <label>Student <input value=${filter.student} size="12" autocomplete="off" onChange=${change("student")} /></label>
    <label>Spot check of what nobody flagged <select value=${filter.sample} onChange=${change("sample")}>
      <option value="">off</option>
      ${SAMPLES.map((percent) => html`<option value=${percent}>${percent} %</option>`)}</select></label>
    <label class="check"><input type="checkbox" checked=${filter.blind} onChange=${change("blind")} />
      Blind: hide proposals until I have decided</label>
  </form>`;
}
