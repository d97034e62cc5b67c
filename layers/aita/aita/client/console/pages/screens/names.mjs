// Names: whose folder of scans one is, by the roster beside it.

import { call, ownCall } from "../calls.mjs";
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../library.mjs";
import { isWaiting, ranked, replaced } from "../logic/name_matching.mjs";
import { forgetNames } from "../names.mjs";
import { picture } from "../pictures.mjs";
import { link } from "../route.mjs";
import { unsent } from "../sending.mjs";

const MOST = 50; // lines of the roster that are shown
const AHEAD = 3; // folders whose heads are fetched before they are shown

/** Return the students whom their folders' names don't tell, by id, with the heads of their pages and likely lines. */
async function headed(assignment) {
  const found = {};
  let token = null;
  do {
    const page = await call("GET", ["assignments", assignment, "names"], { query: { next_token: token } });
    for (const { student_id: id, heads, likely, was_read: read } of page.students) {
      found[id] = { heads, read, likely: likely.map((each) => each.line) };
    }
    token = page.next_token;
  } while (token);
  return found;
}

async function classList(assignment) {
  const [listed, heads] = await Promise.all([ownCall("class-list", { assignment }), headed(assignment)]);
  return { ...listed, students: listed.students.map((each) => ({ heads: [], likely: [], ...each, ...heads[each.student_id] })) };
}

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
    return classList(assignment).then(setFound, (error) => setFailed(error.message));
  };
  useEffect(() => { load(); }, [assignment]);
  const students = useMemo(() => (found?.students ?? []).filter((each) => everybody || isWaiting(each) || each.student_id === at), [found, everybody, at]);
  const index = Math.max(0, students.findIndex((each) => each.student_id === at));
  const student = students[index];
  useEffect(() => {
    const heads = students.slice(index + 1, index + 1 + AHEAD).flatMap((each) => each.heads);
    for (const { url } of heads) picture(url).catch(() => {}); // the folder shows the failure
  }, [students, index]);
  const lines = useMemo(() => student && found.roster ? ranked(found.roster, student, search).slice(0, MOST) : [], [found, student, search]);
  const chosen = Math.min(line, Math.max(0, lines.length - 1));
  const show = (next) => {
    setAt(next?.student_id ?? null);
    setSearch("");
    setLine(0);
    field.current?.focus();
  };
  const go = (step) => show(students[Math.max(0, Math.min(students.length - 1, index + step))]);
  const decide = (action, entry) => {
    const { student_id: id } = student;
    const request = { action, line: entry?.line ?? "", replaces: replaced(student) };
    const words = `${student.folder} ${{ match: `is ${entry?.name}`, nobody: "is nobody on the roster", undo: "waits again" }[action]}`;
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
          if (last && last.action === request.action && last.decision_id !== request.replaces && (action !== "match" || last.line === request.line)) return last; // its answer was lost
          throw error;
        }
      },
      discarded: load,
      saved: (_, decision) => {
        forgetNames(assignment);
        setFound((now) => ({ ...now, students: now.students.map((each) => each.student_id === id ? { ...each, decisions: [...each.decisions, decision] } : each) }));
        setTold(`Saved: ${words}.`);
        if (!unsent.entries.value.length) load();
      },
    });
    if (action === "undo") return; // how the folder is found then, the server tells
    setFound((now) => ({
      ...now,
      students: now.students.map((each) => each.student_id === id ? { ...each, match: entry ? "decided" : "nobody", found: "decided by you", roster: entry && { name: entry.name, number: entry.number } } : each),
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
    else if (event.key === "Enter" && lines[chosen]) decide("match", lines[chosen]);
    else if (event.altKey && event.key === "ArrowDown" || event.key === "PageDown") go(1);
    else if (event.altKey && event.key === "ArrowUp" || event.key === "PageUp") go(-1);
    else if (event.altKey && event.code === "KeyN") decide("nobody");
    else if (event.altKey && event.code === "KeyU" && replaced(student)) decide("undo");
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
    <label class="check"><input type="checkbox" checked=${everybody} onChange=${(event) => setEverybody(event.currentTarget.checked)} /> Also folders that are matched</label>
    ${student && found.roster !== null && html`<div class="folders">
      <${Whose} key=${student.student_id} student=${student} lines=${lines} chosen=${chosen} search=${search} field=${field} press=${press}
        setSearch=${(text) => { setSearch(text); setLine(0); }} decide=${decide} entry=${unsent.of(student.student_id)}
        anew=${() => { unsent.withdraw(student.student_id); load(); }} />
      <ol class="choices" aria-label="Folders">${students.map((each) => html`<li key=${each.student_id}>
        <button type="button" aria-current=${each === student ? "true" : undefined} onClick=${() => show(each)}>${each.folder}
          <span class="excerpt">${each.found}${each.roster ? `: ${each.roster.name}` : ""}</span></button></li>`)}</ol>
    </div>`}
    ${found.missing.length > 0 && html`<details><summary>On the roster, and no scans are surely theirs (${found.missing.length})</summary>
      <ul class="columns">${found.missing.map((each, number) => html`<li key=${number}>${each}</li>`)}</ul></details>`}`;
}

function Whose({ student, lines, chosen, search, field, press, setSearch, decide, entry, anew }) {
  const stuck = entry && (entry.state === "conflict" || entry.state === "refused");
  useLayoutEffect(() => { field.current?.focus({ preventScroll: true }); }, []); // before the next key comes
  useEffect(() => { document.querySelector(".choices [aria-current]")?.scrollIntoView({ block: "nearest" }); }, []);
  useEffect(() => { document.querySelector(".roster [aria-selected=true]")?.scrollIntoView({ block: "nearest" }); }, [chosen, search]);
  const last = student.decisions.at(-1);
  return html`<section class="folder" aria-labelledby="whose">
    <div class="folder-seen"><h2 id="whose">Whose is “${student.folder}”?</h2>
    <p>${student.found}${last ? `; last decided by ${last.by}${last.why ? ` (${last.why})` : ""}` : ""}. <code>${student.student_id}</code></p>
    ${stuck && html`<div class="alert" role="alert"><p>Your decision was not taken: ${entry.message || "somebody decided on it meanwhile"}</p>
      <p><button type="button" onClick=${anew}>Look at it afresh</button></p></div>`}
    ${student.heads.length > 0 ? html`<div class="paper" tabindex="0" role="group" aria-label="Heads of the first pages">${student.heads.map((head) => html`<${Head} key=${head.page} ...${head} />`)}</div>`
      : html`<p class="none">Of this folder no page's head is there to look at.</p>`}</div>
    <div class="folder-line"><label>Name, number or section on the roster
      <input type="search" ref=${field} value=${search} autocomplete="off" role="combobox" aria-expanded="true" aria-controls="roster"
        aria-activedescendant=${lines.length ? `line-${chosen}` : undefined} onKeyDown=${press} onInput=${(event) => setSearch(event.currentTarget.value)} /></label>
    <ul class="roster" id="roster" role="listbox" aria-label="Roster">${lines.map((each, index) => html`
      <li key=${each.line} id=${`line-${index}`} role="option" aria-selected=${index === chosen} onClick=${() => decide("match", each)}>
        ${each.name}${each.number && html` <code>${each.number}</code>`}${each.section && ` ${each.section}`}
        ${each.students.some((id) => id !== student.student_id) && html`<span class="flag"> has a folder already</span>`}</li>`)}</ul>
    ${!lines.length && html`<p class="none">No line of the roster holds that.</p>`}
    <p class="tools"><button type="button" class="main" disabled=${!lines.length} onClick=${() => decide("match", lines[chosen])}>It is this one <kbd>Enter</kbd></button>
      <button type="button" onClick=${() => decide("nobody")}>Nobody on the roster <kbd>Alt N</kbd></button>
      ${replaced(student) && html`<button type="button" onClick=${() => decide("undo")}>Take the decision back <kbd>Alt U</kbd></button>`}</p>
    <p class="cost of-keys">Up and down choose a line; Page up and Page down go to other folders.</p></div>
  </section>`;
}

function Head({ url, page }) {
  const [address, setAddress] = useState("");
  const [failed, setFailed] = useState("");
  useEffect(() => {
    let left = false;
    picture(url).then((found) => left || setAddress(found), (error) => left || setFailed(error.message));
    return () => { left = true; };
  }, [url]);
  return html`<figure>${failed ? html`<p class="alert">The head is not shown: ${failed}</p>` : address && html`<img src=${address} alt=${`Head of page ${page}`} draggable=${false} />`}
    <figcaption>Page ${page}</figcaption></figure>`;
}
