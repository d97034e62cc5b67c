// A run of an assignment: what it asks, costs and takes, before it is started.

import { call } from "../calls.mjs";
import { html, useEffect, useMemo, useState } from "../library.mjs";
import { link } from "../route.mjs";

const PIPELINES = {
  exam: "All: questions, answer keys, rubrics, transcriptions, grades, reports",
  transcribe: "Transcribe the scans",
  rubric: "Write answer keys and rubrics",
  grade: "Grade, and make reports",
};

export function Start({ assignment }) {
  const [pipeline, setPipeline] = useState("exam");
  const [review, setReview] = useState(true);
  const [estimate, setEstimate] = useState(null);
  const [failed, setFailed] = useState("");
  const [cap, setCap] = useState("");
  const [run, setRun] = useState(null);
  const [busy, setBusy] = useState(false);
  const options = { ...(pipeline === "exam" && review ? { review: true } : {}), ...(cap ? { max_cost_usd: cap } : {}) };
  const key = useMemo(() => `console-${crypto.randomUUID()}`, [pipeline, review, cap]);
  useEffect(() => {
    let left = false;
    setEstimate(null);
    setFailed("");
    call("POST", ["runs", "estimate"], { body: { assignment, pipeline, options: pipeline === "exam" && review ? { review } : {} } }).then(
      (found) => left || setEstimate(found),
      (error) => left || setFailed(`The cost is not known: ${error.message}`),
    );
    return () => { left = true; };
  }, [assignment, pipeline, review]);
  const start = async (event) => {
    event.preventDefault();
    setBusy(true);
    setFailed("");
    try {
      setRun(await call("POST", ["runs"], { body: { assignment, pipeline, options }, key }));
    } catch (error) {
      setFailed(error.message);
    }
    setBusy(false);
  };
  if (run) return html`<p role="status">The run has started${run.warning ? `: ${run.warning}` : ""}. <a href=${link(assignment)}>Look at its progress</a></p>`;
  return html`<section aria-labelledby="start"><h2 id="start">Start</h2>
    <form onSubmit=${start}>
      <label>Work <select value=${pipeline} onChange=${(event) => setPipeline(event.currentTarget.value)}>
        ${Object.entries(PIPELINES).map(([name, words]) => html`<option key=${name} value=${name}>${words}</option>`)}</select></label>
      ${pipeline === "exam" && html`<label class="check"><input type="checkbox" checked=${review} onChange=${(event) => setReview(event.currentTarget.checked)} />
        Stop before grading, so that I can check the rubrics</label>`}
      <label>Stop at a cost of (USD) <input type="number" min="0.01" step="0.01" value=${cap} placeholder="no limit" onInput=${(event) => setCap(event.currentTarget.value)} /></label>
      <div role="status">${estimate ? html`<${Estimated} estimate=${estimate} />` : !failed && html`<p class="none">Being estimated …</p>`}</div>
      ${failed && html`<p class="alert" role="alert">${failed}</p>`}
      <p class="tools"><button class="main" disabled=${busy}>Start</button> <a href=${link(assignment)}>Not now</a></p>
    </form></section>`;
}

function Estimated({ estimate }) {
  return html`<p><strong>${estimate.cost_usd === null ? "Cost unknown" : `About ${estimate.cost_usd} USD`}</strong>, ${estimate.calls} calls.
      ${estimate.batch_cost_usd !== null && ` In the provider's batches: about ${estimate.batch_cost_usd} USD.`}</p>
    ${estimate.duration && html`<p>It takes <strong>${estimate.duration.text}</strong>.</p>
      <ul class="cost">${estimate.duration.basis.map((each) => html`<li key=${each}>${each}</li>`)}</ul>`}
    ${estimate.stages.some((each) => each.calls) && html`<ul class="cost">${estimate.stages.filter((each) => each.calls).map((each) => html`
      <li key=${each.stage}>${each.stage}: ${each.calls} calls of ${each.model}, ${each.cost_usd === null ? "cost unknown" : `${each.cost_usd} USD`}</li>`)}</ul>`}
    ${estimate.notes.length > 0 && html`<ul class="cost">${estimate.notes.map((each) => html`<li key=${each}>${each}</li>`)}</ul>`}`;
}
