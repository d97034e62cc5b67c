// A decision on a group of equal answers: which of them, by which points, and what became of it.

import { call } from "../calls.mjs";
import { FLAGS } from "../flags.mjs";
import { Criteria } from "../grade/criteria.mjs";
import { html, useEffect, useRef, useState } from "../library.mjs";
import { stateWord } from "../logic/class_table.mjs";
import { basisAfter, beginning } from "../logic/draft.mjs";
import { decisionOn, othersOf } from "../logic/equal.mjs";
import { actionOf } from "../logic/keys.mjs";
import { partOf, toggled, total, written } from "../logic/points.mjs";
import { fetchAnswer } from "../one_answer.mjs";
import { link } from "../route.mjs";
import { unsent } from "../sending.mjs";

const ASKED = "asked";

/** `drafts` keeps the draft of a decision that was not taken, by the first answer's cell, until it is decided anew. */
export function EqualDecision({ assignment, group, reload, look, drafts }) {
  const [first, setFirst] = useState(null); // the answer whose criteria are shown, as the API gives it
  const [draft, setDraft] = useState(null);
  const [chosen, setChosen] = useState(() => new Set(group.cells.filter((each) => !each.flags.some(({ kind }) => kind === ASKED)).map((each) => each.cell_id)));
  const [told, setTold] = useState("");
  const [made, setMade] = useState(null); // {decisions, left} once decided
  const there = useRef(true);
  useEffect(() => () => { there.current = false; }, []);
  const lead = group.cells.find((each) => chosen.has(each.cell_id))?.cell_id;
  const load = () => {
    if (!lead) return;
    fetchAnswer(assignment, lead).then((found) => {
      if (!there.current) return;
      setFirst(found);
      const begun = beginning(found.answer, found.rubric);
      const kept = drafts.get(lead);
      const isKept = kept?.criteria.length === begun.criteria.length;
      setDraft(isKept ? kept : begun);
      if (isKept) setTold("Your draft is kept: above it are the answers as they are now.");
    }, (error) => setTold(`The answer did not come: ${error.message}`));
  };
  useEffect(load, [lead]);

  const entry = lead && unsent.of(lead);
  const decide = () => {
    if (!first || made || entry) return;
    const decision = decisionOn(group, first.answer, draft);
    if (!decision.request) {
      setTold(decision.missing?.length ? `Not saved: give points for criterion ${decision.missing.join(", ")} first.`
        : "Not saved: the question has no rubric, so decide on each answer by itself.");
      return;
    }
    setTold("");
    const { answer } = first;
    const bases = { [answer.cell_id]: answer.basis, ...othersOf(group, chosen, answer.cell_id) };
    const { [answer.cell_id]: basis, ...others } = bases;
    unsent.add(answer.cell_id, decision.request, {
      assignment,
      words: `Question ${group.question_id}, ${Object.keys(bases).length} equal answers`,
      address: link(assignment, "equal"),
      send: () => call("POST", ["assignments", assignment, "reviews", answer.cell_id, "equal"], { body: { decision: { ...decision.request, basis }, others } }),
      discarded: () => there.current && reload(),
      recognize: () => false, // sent again, the request goes on with the answers that are left: a conflict is with another person
      saved: (_, result) => {
        drafts.delete(answer.cell_id);
        if (there.current) setMade({ ...result, bases });
      },
    });
  };
  const undo = (decision) => {
    const { cell_id: cell } = decision;
    unsent.add(cell, { action: "undo" }, {
      assignment,
      words: `Question ${group.question_id}, answer ${cell}`,
      address: link(assignment, "equal"),
      send: () => call("POST", ["assignments", assignment, "reviews", cell], { body: { action: "undo", basis: basisAfter(made.bases[cell], decision) } }),
      discarded: () => there.current && reload(),
      recognize: (theirs) => theirs.action === "undo" && theirs.undoes === decision.decision_id,
      saved: () => {
        setMade((now) => ({ ...now, decisions: now.decisions.filter((each) => each.cell_id !== cell), undone: [...(now.undone ?? []), cell] }));
        setTold(`Undone: ${nameOf(group, cell)}.`);
      },
    });
  };
  useEffect(() => {
    const press = (event) => {
      const at = event.target;
      if (!draft || made || at.closest("input, textarea, select, dialog")) return;
      const found = actionOf(event);
      if (found?.action === "accept" && !at.closest("a, button, summary")) decide();
      else if (found?.action === "criterion" && first.rubric?.criteria[found.number - 1]) {
        const index = found.number - 1;
        const most = first.rubric.criteria[index].points;
        set(index, found.part ? partOf(draft.criteria[index], most, first.points_step) : toggled(draft.criteria[index], most));
      } else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });
  const set = (index, points) => {
    const criteria = draft.criteria.with(index, points);
    setDraft({ ...draft, criteria });
    setTold(`Criterion ${index + 1}: ${written(points)}. Together ${written(total(criteria))}.`);
  };
  const choose = (cell) => setChosen((now) => {
    const next = new Set(now);
    if (!next.delete(cell)) next.add(cell);
    return next;
  });
  if (made) return html`<${Made} group=${group} made=${made} undo=${undo} told=${told} reload=${reload} />`;
  const stuck = entry && (entry.state === "conflict" || entry.state === "refused");
  const anew = () => {
    drafts.set(lead, draft);
    unsent.withdraw(lead);
    setFirst(null); // no decision on changed answers: the list comes anew, and with it a new form
    reload();
  };
  return html`<div>
    <table class="cells close"><caption class="heard">Equal answers</caption><thead><tr><th scope="col">Decide</th><th scope="col">Student</th><th scope="col">Points</th><th scope="col">State</th><th scope="col"><span class="heard">Answer</span></th></tr></thead>
      <tbody>${group.cells.map((each, number) => html`<tr key=${each.cell_id}>
        <td><input type="checkbox" aria-label=${`Decide on ${each.student_id}`} checked=${chosen.has(each.cell_id)} onChange=${() => choose(each.cell_id)} /></td>
        <td><code>${each.student_id}</code></td><td>${written(each.points)}</td>
        <td>${stateWord(each)}${each.flags.map(({ kind, text }, index) => html`${index ? "; " : ": "}<span class="flag" key=${kind}>${FLAGS[kind] ?? text}</span>`)}</td>
        <td><button type="button" onClick=${() => look(number)}>Look<span class="heard"> at ${each.student_id}</span></button></td></tr>`)}</tbody></table>
    ${first && draft && html`<p class="sum"><strong>${written(total(draft.criteria))}</strong> / ${written(group.max_points)}</p>
      <${Criteria} answer=${first.answer} rubric=${first.rubric} step=${first.points_step} draft=${draft} set=${set} />
      <label>Feedback for each student <textarea rows="3" value=${draft.feedback}
        onInput=${(event) => setDraft({ ...draft, feedback: event.currentTarget.value })}></textarea></label>`}
    <p role="status" class="flag">${told}</p>
    ${stuck && html`<div class="alert" role="alert"><p>Your decision was not taken: ${entry.message || "somebody decided on the first answer meanwhile"}</p>
      <p><button type="button" onClick=${anew}>Look at them afresh</button></p></div>`}
    ${entry && !stuck && html`<p class="chip">${entry.state === "unsent" ? "Not sent yet" : "Being saved"}</p>`}
    <p class="tools"><button type="button" class="main" disabled=${!first || !chosen.size || Boolean(entry)} onClick=${decide}>
      Decide on ${chosen.size} ${chosen.size === 1 ? "answer" : "answers"} <kbd>Enter</kbd></button>
      <span class="cost of-keys">1 to 9 toggle a criterion, j and k go to other groups.</span></p>
  </div>`;
}

const nameOf = (group, cell) => group.cells.find((each) => each.cell_id === cell)?.student_id ?? cell;

function Made({ group, made, undo, told, reload }) {
  return html`<div>
    <p role="status">Decided on ${made.decisions.length} ${made.decisions.length === 1 ? "answer" : "answers"}. ${told}</p>
    <ul>${made.decisions.map((each) => html`<li key=${each.cell_id}><code>${nameOf(group, each.cell_id)}</code>: ${written(each.points)}
      <button type="button" onClick=${() => undo(each)}>Undo<span class="heard"> for ${nameOf(group, each.cell_id)}</span></button></li>`)}</ul>
    ${made.left.length > 0 && html`<div class="alert"><p>Left as they are:</p>
      <ul>${made.left.map((each) => html`<li key=${each.cell_id}><code>${nameOf(group, each.cell_id)}</code>: ${each.message}</li>`)}</ul></div>`}
    <p><button type="button" onClick=${reload}>Renew the list</button></p>
  </div>`;
}
