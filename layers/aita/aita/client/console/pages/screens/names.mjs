// Names: whose folder of scans one is, by the roster beside it.

import { call, ownCall } from "../calls.mjs";
import { html, useEffect, useMemo, useRef, useState } from "../library.mjs";
import { isWaiting, ranked, replaced } from "../logic/name_matching.mjs";
import { forgetNames } from "../names.mjs";
import { link } from "../route.mjs";
import { unsent } from "../sending.mjs";

const MOST = 50; // lines of the roster that are shown

const FOUND = {
  exact: "found by name or number", decided: "decided by a person", close: "close to a name", nobody: "nobody's, as a person decided",
  changed: "decided, and the roster has changed since", ambiguous: "fits several lines, or several folders fit one",
  none: "not on the roster", no_roster: "there is no roster",
};

export function Names({ assignment }) {
  const [found, setFound] = useState(null);
  const [failed, setFailed] = useState("");
  const [everybody, setEverybody] = useState(false);
  const [at, setAt] = useState(null); // id of the student who is shown
  const [search, setSearch] = useState("");
  const [line, setLine] = useState(0);
  const [told, setTold] = useState("");
  const field = useRef(null);
  const load = () => {
    setFailed("");
    return ownCall("class-list", { assignment }).then(setFound, (error) => setFailed(error.message));
  };
  useEffect(() => { load(); }, [assignment]);
  const students = useMemo(() => (found?.students ?? []).filter((each) => everybody || isWaiting(each) || each.student_id === at), [found, everybody, at]);
  const index = Math.max(0, students.findIndex((each) => each.student_id === at));
  const student = students[index];
  const lines = useMemo(() => student && found.roster ? ranked(found.roster, student, search).slice(0, MOST) : [], [found, student, search]);
  const chosen = Math.min(line, Math.max(0, lines.length - 1));
  const show = (next) => {
    setAt(next?.student_id ?? null);
    setSearch("");
    setLine(0);
    field.current?.focus();
  };
  const go = (step) => show(students[Math.max(0, Math.min(students.length - 1, index + step))]);
  const decide = (entry) => {
    const { student_id: id } = student;
    const request = { action: entry ? "match" : "nobody", line: entry?.line ?? "", replaces: replaced(student) };
    const words = entry ? `${student.folder} is ${entry.name}` : `${student.folder} is nobody on the roster`;
    const next = students[index + 1] ?? students[index - 1];
    unsent.add(id, request, {
      assignment,
      words,
      address: link(assignment, "names"),
      send: async () => {
        try {
          return await call("POST", ["assignments", assignment, "students", id], { body: request });
        } catch (error) {
          if (error.status !== 409) throw error;
          const now = (await ownCall("class-list", { assignment })).students.find((each) => each.student_id === id);
          const last = now?.decisions.at(-1);
          if (last && last.action === request.action && (request.action === "nobody" || last.line === request.line)) return last; // its answer was lost
          throw error;
        }
      },
      saved: () => {
        forgetNames(assignment);
        setTold(`Saved: ${words}.`);
        if (!unsent.entries.value.length) load();
      },
    });
    setFound((now) => ({
      ...now,
      students: now.students.map((each) => each.student_id === id ? { ...each, match: entry ? "decided" : "nobody", roster: entry && { name: entry.name, number: entry.number }, sent: true } : each),
      roster: now.roster.map((each) => {
        const others = each.students.filter((one) => one !== id);
        return { ...each, students: entry && each.line === entry.line ? [...others, id] : others };
      }),
    }));
    show(next);
  };
  const press = (event) => {
    if (event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowDown" && !event.altKey) setLine(Math.min(chosen + 1, lines.length - 1));
    else if (event.key === "ArrowUp" && !event.altKey) setLine(Math.max(0, chosen - 1));
    else if (event.key === "Enter" && lines[chosen]) decide(lines[chosen]);
    else if (event.altKey && event.key === "ArrowDown" || event.key === "PageDown") go(1);
    else if (event.altKey && event.key === "ArrowUp" || event.key === "PageUp") go(-1);
    else if (event.altKey && event.code === "KeyN") decide(null);
    else return;
    event.preventDefault();
  };
  if (failed) return html`<p class="alert" role="alert">The names did not come: ${failed} <button type="button" onClick=${load}>Try again</button></p>`;
  if (!found) return html`<p class="none" role="status">Loading …</p>`;
  const waiting = found.students.filter(isWaiting).length;
  return html`<h1>Names</h1>
    <p role="status">${waiting ? `${waiting} ${waiting === 1 ? "folder waits" : "folders wait"} for a name.` : "No folder waits for a name."} ${told}</p>
    ${found.untranscribed.length > 0 && html`<p>Uploaded after the last transcription: ${found.untranscribed.join("; ")}</p>`}
    ${found.roster === null && html`<p class="alert">There is no roster: add <code>roster.csv</code> to the exam.</p>`}
    <label class="check"><input type="checkbox" checked=${everybody} onChange=${(event) => setEverybody(event.currentTarget.checked)} /> Also those that are sure</label>
    ${student && found.roster !== null && html`<div class="beside">
      <ol class="choices" aria-label="Folders">${students.map((each) => html`<li key=${each.student_id}>
        <button type="button" aria-current=${each === student ? "true" : undefined} onClick=${() => show(each)}>${each.folder}
          <span class="excerpt">${FOUND[each.match]}${each.roster ? `: ${each.roster.name}` : ""}</span></button></li>`)}</ol>
      <${Whose} key=${student.student_id} student=${student} lines=${lines} chosen=${chosen} search=${search} field=${field} press=${press}
        setSearch=${(text) => { setSearch(text); setLine(0); }} decide=${decide} entry=${unsent.of(student.student_id)}
        anew=${() => { unsent.withdraw(student.student_id); load(); }} />
    </div>`}
    ${found.missing.length > 0 && html`<details><summary>On the roster, and no scans are surely theirs (${found.missing.length})</summary>
      <ul class="columns">${found.missing.map((each, number) => html`<li key=${number}>${each}</li>`)}</ul></details>`}`;
}

function Whose({ student, lines, chosen, search, field, press, setSearch, decide, entry, anew }) {
  const stuck = entry && (entry.state === "conflict" || entry.state === "refused");
  useEffect(() => {
    field.current?.focus();
  }, []);
  useEffect(() => { document.querySelector(".roster [aria-selected=true]")?.scrollIntoView({ block: "nearest" }); }, [chosen, search]);
  const last = student.decisions.at(-1);
  return html`<section aria-labelledby="whose">
    <h2 id="whose">Whose is “${student.folder}”?</h2>
    <p>${FOUND[student.match]}${last ? `; last decided by ${last.by}${last.why ? ` (${last.why})` : ""}` : ""}. <code>${student.student_id}</code></p>
    ${stuck && html`<div class="alert" role="alert"><p>Your decision was not taken: ${entry.message || "somebody decided on it meanwhile"}</p>
      <p><button type="button" onClick=${anew}>Look at it afresh</button></p></div>`}
    <label>Name, number or section on the roster
      <input type="search" ref=${field} value=${search} autocomplete="off" role="combobox" aria-expanded="true" aria-controls="roster"
        aria-activedescendant=${lines.length ? `line-${chosen}` : undefined} onKeyDown=${press} onInput=${(event) => setSearch(event.currentTarget.value)} /></label>
    <ul class="roster" id="roster" role="listbox" aria-label="Roster">${lines.map((each, index) => html`
      <li key=${each.line} id=${`line-${index}`} role="option" aria-selected=${index === chosen} onClick=${() => decide(each)}>
        ${each.name}${each.number && html` <code>${each.number}</code>`}${each.section && ` ${each.section}`}
        ${each.students.some((id) => id !== student.student_id) && html`<span class="flag"> has a folder already</span>`}</li>`)}</ul>
    ${!lines.length && html`<p class="none">No line of the roster holds that.</p>`}
    <p class="tools"><button type="button" class="main" disabled=${!lines.length} onClick=${() => decide(lines[chosen])}>It is this one <kbd>Enter</kbd></button>
      <button type="button" onClick=${() => decide(null)}>Nobody on the roster <kbd>Alt N</kbd></button></p>
    <p class="cost">Up and down choose a line; Page up and Page down go to other folders.</p>
  </section>`;
}
