// Parts of pages that belong to no answer: which question's they are, or that they are scratch work, or nothing.

import { call } from "../calls.mjs";
import { FormulaText, prepare } from "../formula_text.mjs";
import { AnswerPicture } from "../grade/answer_picture.mjs";
import { html, useEffect, useRef, useState } from "../library.mjs";
import { inWords, isSame, questionsOf, requestOf } from "../logic/part_decisions.mjs";
import { isNotYet, NotYet } from "../not_yet.mjs";
import { link } from "../route.mjs";
import { unsent } from "../sending.mjs";

const PAGE = 100;

async function allParts(assignment) {
  let parts = [];
  let token = null;
  do {
    const page = await call("GET", ["assignments", assignment, "parts"], { query: { limit: PAGE, next_token: token } });
    parts = [...parts, ...page.parts];
    token = page.next_token;
  } while (token);
  await prepare(parts.flatMap((part) => part.lines.map((line) => line.text)));
  return parts;
}

export function Parts({ assignment }) {
  const [parts, setParts] = useState(null);
  const [failed, setFailed] = useState(null);
  const [at, setAt] = useState(0);
  const [forClass, setForClass] = useState(false);
  const [whole, setWhole] = useState(false);
  const [told, setTold] = useState("");
  const shown = useRef(null); // id of the part that is shown: the list has another order once it is loaded again
  const load = async () => {
    setFailed(null);
    try {
      const found = await allParts(assignment);
      setParts(found);
      setAt(Math.max(0, found.findIndex((each) => each.part_id === shown.current)));
    } catch (error) {
      setFailed(error);
    }
  };
  useEffect(() => { load(); }, [assignment]);
  const index = Math.min(at, Math.max(0, (parts?.length ?? 0) - 1));
  const part = parts?.[index];
  shown.current = part?.part_id ?? null;
  const go = (step) => {
    setWhole(false);
    setAt(Math.max(0, Math.min(parts.length - 1, index + step)));
  };
  const renew = async (id) => {
    const found = await call("GET", ["assignments", assignment, "parts", id]);
    setParts((now) => now.map((each) => each.part_id === id ? found : each));
    return found;
  };
  const decide = (request) => {
    const { part_id: id, basis } = part;
    const path = ["assignments", assignment, "parts", id];
    const asked = { ...request, for_class: forClass };
    unsent.add(id, asked, {
      assignment,
      words: `Part of page ${part.page}: ${inWords(request)}`,
      address: link(assignment, "parts"),
      send: async () => {
        try {
          return await call("POST", [...path, "decisions"], { body: { ...asked, basis } });
        } catch (error) {
          if (error.status === 409 && !forClass && isSame((await call("GET", path)).counts, request)) return {}; // its answer was lost
          throw error;
        }
      },
      discarded: load,
      saved: (_, made) => {
        const others = (made.decisions?.length ?? 1) - 1;
        setTold(`Saved: ${inWords(request)}${others ? `, and the same for ${others} other ${others === 1 ? "student" : "students"}` : ""}.`);
        if (others) load();
        else renew(id).catch((error) => setTold(`Saved, but the part was not fetched afresh: ${error.message}`));
      },
    });
    setForClass(false);
    go(1);
  };
  useEffect(() => {
    const press = (event) => {
      if (!part || event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input:not([type=checkbox]), textarea, select, dialog")) return;
      const request = requestOf(event.key, part);
      if (request) decide(request);
      else if (event.key === "j" || event.key === "ArrowRight") go(1);
      else if (event.key === "k" || event.key === "ArrowLeft") go(-1);
      else if (event.key === "c") setForClass(!forClass);
      else if (event.key === "p") setWhole(!whole);
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });
  if (isNotYet(failed)) return html`<${NotYet} assignment=${assignment} title="Unplaced parts" what="questions" />`;
  if (failed) return html`<p class="alert" role="alert">The parts did not come: ${failed.message} <button type="button" onClick=${load}>Try again</button></p>`;
  if (!parts) return html`<p class="none" role="status">Loading …</p>`;
  const undecided = parts.filter((each) => !each.counts).length;
  return html`<h1>Unplaced parts</h1>
    <p>${parts.length === 0 ? "No part of a page is unplaced." : `${parts.length} ${parts.length === 1 ? "part" : "parts"} of pages ${parts.length === 1 ? "belongs" : "belong"} to no answer by ${parts.length === 1 ? "itself" : "themselves"}; ${undecided} undecided.`}</p>
    <p role="status">${told}</p>
    ${part && html`<${Part} key=${part.part_id} part=${part} place=${`Part ${index + 1} of ${parts.length}`} whole=${whole}
      entry=${unsent.of(part.part_id)} decide=${decide} forClass=${forClass} setForClass=${setForClass} go=${go} setWhole=${setWhole}
      renew=${() => renew(part.part_id)} withdraw=${() => { unsent.withdraw(part.part_id); load(); }} />`}`;
}

function Part({ part, place, whole, entry, decide, forClass, setForClass, go, setWhole, renew, withdraw }) {
  const pictures = { pages: part.url ? [{ url: part.url, page: part.page, top: part.top, bottom: part.bottom }] : [], strips: [] };
  const stuck = entry && (entry.state === "conflict" || entry.state === "refused");
  const button = (request, key) => html`<button type="button" key=${key} aria-pressed=${isSame(part.counts, request)}
    onClick=${() => decide(request)}>${inWords(request)} <kbd>${key}</kbd></button>`;
  return html`<div class="answer">
    <div class="seen"><${AnswerPicture} answer=${pictures} zoomed=${false} whole=${whole} renew=${renew} />
      ${part.lines.length > 0 && html`<section class="reading" aria-labelledby="lines"><h2 id="lines">Read there</h2>
        <p class="text">${part.lines.map((line, index) => html`<span key=${index}><${FormulaText} text=${line.text} />${"\n"}</span>`)}</p></section>`}</div>
    <div class="decided"><h1><span>${place}</span> <code>${part.student_id}</code></h1>
      <p>Page ${part.page}. ${part.opens.length > 0 ? `While it is undecided, these answers stay open: ${part.opens.join(", ")}.` : "It opens no answer."}</p>
      ${part.counts && html`<p class="chip">${part.counts.by}: ${inWords(part.counts)}</p>`}
      ${stuck && html`<div class="alert" role="alert"><p>Your decision was not taken: ${entry.message || "somebody decided on it meanwhile"}</p>
        <p><button type="button" onClick=${withdraw}>Look at it afresh</button></p></div>`}
      ${entry && !stuck && html`<p class="chip">${entry.state === "unsent" ? "Not sent yet" : "Being saved"}: ${inWords(entry.request)}</p>`}
      <h2>This part …</h2>
      <p class="tools">${questionsOf(part).slice(0, 9).map((question, index) => button({ action: "belongs", question_id: question }, String(index + 1)))}</p>
      ${part.question_ids.length > 9 && html`<label>belongs to <select value="" onChange=${(event) => decide({ action: "belongs", question_id: event.currentTarget.value })}>
        <option value="" disabled>another question</option>
        ${questionsOf(part).slice(9).map((each) => html`<option key=${each} value=${each}>${each}</option>`)}</select></label>`}
      <p class="tools">is ${button({ action: "scratch" }, "s")} ${button({ action: "nothing" }, "x")}</p>
      <label class="check"><input type="checkbox" checked=${forClass} onChange=${(event) => setForClass(event.currentTarget.checked)} />
        The same for the whole class, at this place of the page <kbd>c</kbd></label>
      <p class="tools"><button type="button" onClick=${() => go(-1)}>Previous <kbd>k</kbd></button>
        <button type="button" onClick=${() => go(1)}>Next <kbd>j</kbd></button>
        <button type="button" aria-pressed=${whole} onClick=${() => setWhole(!whole)}>Page <kbd>p</kbd></button></p>
      <p class="cost">Another decision takes the place of the one before.</p>
    </div></div>`;
}
