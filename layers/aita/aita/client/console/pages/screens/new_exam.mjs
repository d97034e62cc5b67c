// A new exam, or more of one: what was dropped is checked, uploaded, and graded once its cost is known.

import { call, dropFile, ownCall } from "../calls.mjs";
import { html, useEffect, useMemo, useRef, useState } from "../library.mjs";
import { filesOf, inParts, isLeftover, nameProblem, size } from "../logic/dropped.mjs";
import { link } from "../route.mjs";
import { StartRun } from "../start_run.mjs";

export function NewExam({ assignment: known }) {
  const [name, setName] = useState(known);
  const [told, setTold] = useState("");
  const [failed, setFailed] = useState("");
  const [step, setStep] = useState("choose"); // "choose", "copying", "checked", "sending", "sent"
  const [found, setFound] = useState(null); // what the server took the files for
  const [sent, setSent] = useState(0); // bytes
  const [pile, setPile] = useState(false);
  const [pages, setPages] = useState("");
  const [run, setRun] = useState(null);
  const drop = useMemo(() => crypto.randomUUID(), []);
  const given = useRef(0);
  const problem = nameProblem(name);
  const isNamed = Boolean(name) && !problem;

  useEffect(() => {
    const warn = (event) => { if (step === "copying" || step === "sending") event.preventDefault(); };
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [step]);

  const check = async () => {
    setFailed("");
    try {
      setFound(await ownCall("upload-check", { assignment: name, drop, pile, pages: (pile && Number(pages)) || null }));
      setTold("The files were checked.");
      setStep("checked");
    } catch (error) {
      setFailed(error.message);
      setStep("choose");
      await discard();
    }
  };
  const discard = () => {
    given.current = 0;
    return ownCall("upload-discard", { assignment: name, drop }).catch(() => {}); // they go with the server at the latest
  };
  const take = async (files) => {
    if (!files.length) return;
    setFailed("");
    setStep("copying");
    try {
      for (const [index, { path, file }] of files.entries()) {
        setTold(`Reading file ${index + 1} of ${files.length} …`);
        await dropFile(drop, path, file);
        given.current += 1;
      }
      await check();
    } catch (error) {
      setFailed(error.message);
      setStep("choose");
    }
  };
  const dropped = (event) => {
    event.preventDefault();
    if (!isNamed) setFailed("Name the assignment first, and drop the files again.");
    if (!isNamed || step !== "choose") return;
    const entries = [...event.dataTransfer.items].map((each) => each.webkitGetAsEntry?.()).filter(Boolean);
    filesOf(entries).then(take, () => setFailed("the browser can't read what was dropped: choose it by the buttons"));
  };
  const chosen = (event) => {
    const files = [...event.currentTarget.files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
    event.currentTarget.value = "";
    take(files.filter(({ path }) => !isLeftover(path)));
  };
  const upload = async () => {
    setFailed("");
    setStep("sending");
    const left = found.files.filter((each) => !each.there);
    try {
      for (const part of inParts(left)) {
        await ownCall("upload-send", { assignment: name, drop, names: part.map((each) => each.name) });
        for (const each of part) each.there = true;
        setSent((before) => before + part.reduce((sum, each) => sum + each.size, 0));
      }
      await discard();
      setStep("sent");
      setTold("All files are uploaded.");
    } catch (error) {
      setStep("checked");
      setFailed(`${error.message} What was uploaded stays: go on where it stopped.`);
    }
  };
  const again = async () => {
    await discard();
    setFound(null);
    setStep("choose");
    setTold("");
    setFailed("");
  };
  return html`<h1>${known ? "Add files" : "New exam"}</h1>
    ${!known && html`<label>Name of the assignment <input value=${name} autocomplete="off" disabled=${step !== "choose"} aria-describedby="name-rule"
      aria-invalid=${Boolean(problem)} onInput=${(event) => setName(event.currentTarget.value.trim())} /></label>
      <p id="name-rule" class=${problem ? "flag" : "cost"}>${problem || "Letters, digits, - and _. It is in addresses and files' names: no student's name."}</p>`}
    ${failed && html`<p class="alert" role="alert">${failed}</p>`}
    <p role="status">${told}</p>
    ${step === "choose" && html`<label class="check"><input type="checkbox" checked=${pile} onChange=${(event) => setPile(event.currentTarget.checked)} />
      A pile: scans of the whole class, in one file or in many, that are not in students' folders</label>
      ${pile && html`<label>Pages of each booklet <input type="number" min="1" max="1000" value=${pages} placeholder="by the blank exam"
        onInput=${(event) => setPages(event.currentTarget.value)} /></label>`}
      <div class="drop" onDragOver=${(event) => event.preventDefault()} onDrop=${dropped}>
      <p>${pile ? "Drop the scanner's files here: a PDF of the class, or a folder of scans. The next run separates them into booklets."
        : html`Drop the exam's folder here (<code>questions.json</code>, <code>blank_exam.pdf</code>, <code>roster.csv</code> beside <code>scans</code>), students' folders, or the zip that the LMS gives.`}</p>
      ${!isNamed && html`<p class="flag">${name ? "The name above is not one yet: put it right, and the buttons take files." : "Name the assignment above first: then files can be chosen and dropped."}</p>`}
      <div class="tools"><label class="pick">Choose a folder <input type="file" webkitdirectory multiple disabled=${!isNamed} onChange=${chosen} /></label>
        <label class="pick">Choose files or a zip <input type="file" multiple disabled=${!isNamed} onChange=${chosen} /></label></div></div>`}
    ${found && step !== "choose" && html`<${Taken} found=${found} />`}
    ${step === "checked" && html`<p class="tools"><button type="button" class="main" onClick=${upload}>${sent ? "Go on" : "Upload"}</button>
      <button type="button" onClick=${again}>Other files</button></p>`}
    ${(step === "sending" || sent > 0) && found && html`<${Progress} found=${found} />`}
    ${step === "sent" && !run && html`<section aria-labelledby="start"><h2 id="start">Start</h2>
      <${StartRun} assignment=${name} started=${setRun}><a href=${link(name)}>Not now</a></${StartRun}></section>`}
    ${run && html`<p role="status">The run has started${run.warning ? `: ${run.warning}` : ""}. <a href=${link(name)}>Look at its progress</a></p>`}
    ${known && step === "choose" && html`<p><a href=${link(known)}>Back to the overview</a></p>`}`;
}

function Taken({ found }) {
  const { files, material, pile, students, notes, plan } = found;
  const there = files.filter((each) => each.there).length;
  const scans = students.reduce((sum, each) => sum + each.files, 0);
  return html`<section aria-labelledby="taken"><h2 id="taken">What each file was taken for</h2>
    <ul>${material.map((each) => html`<li key=${each}><code>${each}</code>: ${MATERIAL[each] ?? (each.startsWith("blank_exam") ? "the exam without answers" : "")}</li>`)}
      ${pile.map((each) => html`<li key=${each.name}>${each.name}, ${size(each.size)}: of a pile, which the next run separates into booklets</li>`)}
      ${students.length > 0 && html`<li>${scans} ${scans === 1 ? "scan" : "scans"} of ${students.length} ${students.length === 1 ? "student" : "students"}</li>`}</ul>
    ${there > 0 && html`<p>${there} of ${files.length} files are there already, with the same content, and are not sent again.</p>`}
    ${plan?.unplaced.length > 0 && html`<h3>Not placed, and not uploaded</h3>
      <ul class="flags">${plan.unplaced.map((each) => html`<li key=${each.reason}>${each.paths.join("; ")}: ${each.reason}${each.command && html` <code>${each.command}</code>`}</li>`)}</ul>`}
    ${plan?.missing.length > 0 && html`<h3>Missing</h3><ul>${plan.missing.map((each) => html`<li key=${each}>${each}</li>`)}</ul>`}
    ${notes.length > 0 && html`<ul class="flags">${notes.map((each, index) => html`<li key=${index}>${each}</li>`)}</ul>`}
    ${students.length > 0 && html`<details><summary>Folders of students</summary><ul class="columns">${students.map((each) => html`<li key=${each.folder}>${each.folder}: ${each.files}</li>`)}</ul></details>`}
  </section>`;
}

const MATERIAL = {
  "questions.json": "the questions", "user_rubrics.json": "your rubrics", "user_answer_keys.json": "your answer keys",
  "question_specific_instructions.json": "your instructions for questions", "rubric_instructions.txt": "your instructions for rubrics",
  "roster.csv": "the roster", "grade_scale.json": "the grade scale",
  "piles.json": "the pages of a booklet",
};

function Progress({ found }) {
  const total = found.files.reduce((sum, each) => sum + each.size, 0);
  const done = found.files.reduce((sum, each) => sum + (each.there ? each.size : 0), 0);
  const left = found.files.filter((each) => !each.there).length;
  return html`<p><label>Uploaded <progress max=${total || 1} value=${done}></progress></label> ${size(done)} of ${size(total)}; ${left} ${left === 1 ? "file" : "files"} left.</p>`;
}
