// Versions of the instructor's questions, answer keys or rubrics: their differences, and restoring one.

import { ownCall } from "../calls.mjs";
import { html, useEffect, useRef, useState } from "../library.mjs";
import { link } from "../route.mjs";

const KINDS = { question: "Questions", answer_key: "Answer keys", rubric: "Rubrics" };
const MARKS = { "-": "only now", "+": "only then", " ": "both" };

/** `open`: the kind whose versions are shown, or "". `restored(notes)` is called once a version was restored. */
export function Versions({ assignment, open, show, restored }) {
  return html`<p class="tools version-kinds"><span>Versions of</span> ${Object.entries(KINDS).map(([kind, words]) => html`<button key=${kind} type="button" aria-expanded=${open === kind}
      onClick=${() => show(open === kind ? "" : kind)}>${words}${kind === "rubric" && html` <kbd>v</kbd>`}</button> `)}</p>
    ${open && html`<${Panel} key=${open} assignment=${assignment} kind=${open} leave=${() => show("")} restored=${restored} />`}`;
}

function Panel({ assignment, kind, leave, restored }) {
  const [versions, setVersions] = useState(null);
  const [chosen, setChosen] = useState("");
  const [found, setFound] = useState(null); // the chosen version beside the present file
  const [failed, setFailed] = useState("");
  const [busy, setBusy] = useState(false);
  const asked = useRef("");
  const heading = useRef(null);
  const choose = async (version_id) => {
    asked.current = version_id;
    setChosen(version_id);
    setFound(null);
    setFailed("");
    try {
      const compared = await ownCall("version", { assignment, kind, version_id });
      if (asked.current === version_id) setFound(compared);
    } catch (error) {
      if (asked.current === version_id) setFailed(error.message);
    }
  };
  const load = async () => {
    setFailed("");
    try {
      setVersions((await ownCall("versions", { assignment, kind })).versions);
      if (asked.current) await choose(asked.current);
    } catch (error) {
      setFailed(error.message);
    }
  };
  useEffect(() => {
    heading.current.focus();
    load();
  }, []);
  const submit = async (event) => {
    event.preventDefault();
    if (busy || !found?.changed.length) return;
    setBusy(true);
    setFailed("");
    try {
      const { notes } = await ownCall("restore", { assignment, kind, version_id: chosen, seen: found.seen });
      restored(notes);
    } catch (error) {
      setFailed(error.message);
      setBusy(false);
    }
  };
  return html`<form class="versions" aria-labelledby="versions" onSubmit=${submit} onKeyDown=${(event) => { if (event.key === "Escape") leave(); }}>
    <h2 id="versions" tabindex="-1" ref=${heading}>Versions of your ${KINDS[kind].toLowerCase()}</h2>
    ${failed && html`<p class="alert" role="alert">${failed} <button type="button" onClick=${load}>Load again</button></p>`}
    ${!versions && !failed && html`<p class="none" role="status">Loading …</p>`}
    ${versions?.length === 0 && html`<p class="none">There is none: you have none of your own here.</p>`}
    ${versions?.length > 0 && html`<fieldset><legend>The newest first, choose by the arrows</legend>${versions.map((each) => html`<label key=${each.version_id} class="check">
      <input type="radio" name="version" checked=${chosen === each.version_id} onChange=${() => choose(each.version_id)} />
      ${` ${new Date(each.written_at).toLocaleString()}, by ${each.by || "somebody unknown"}, ${each.size.toLocaleString()} bytes${each.is_present ? ": the present one" : ""}`}</label>`)}</fieldset>`}
    <div role="status">${chosen && !found && !failed && html`<p class="none">Being compared …</p>`}
      ${found && (found.changed.length ? html`<${Difference} assignment=${assignment} changed=${found.changed} />` : html`<p>It says the same as the present ones.</p>`)}</div>
    <p class="tools"><button class="main" disabled=${busy || !found?.changed.length}>Restore this version <kbd>Enter</kbd></button>
      <button type="button" onClick=${leave}>Leave <kbd>Esc</kbd></button></p>
  </form>`;
}

function Difference({ assignment, changed }) {
  return html`<p>Restoring it changes ${changed.length === 1 ? "one question" : `${changed.length} places`}. No grade changes until you grade again; after restoring, the answers that it touches are shown.</p>
    ${changed.map(({ question_id: id, lines }) => html`<section key=${id}><h3>${id ? html`<a href=${link(assignment, "rubrics", id)}>Question ${id}</a>` : "The exam"}</h3>
      <ul class="difference">${lines.map(([mark, text], index) => html`<li key=${index} data-mark=${mark}><span aria-hidden="true">${mark}</span><span class="heard">${MARKS[mark]}: </span> ${text}</li>`)}</ul></section>`)}`;
}
