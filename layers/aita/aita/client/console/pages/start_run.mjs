// A run of an assignment before its start: its calls, cost and time.

import { call } from "./calls.mjs";
import { html, useEffect, useMemo, useState } from "./library.mjs";

const PIPELINES = {
  exam: "All: questions, answer keys, rubrics, transcriptions, grades, reports",
  "extract-questions": "Extract the questions from the blank exam",
  transcribe: "Transcribe the scans",
  rubric: "Write answer keys and rubrics",
  grade: "Grade, and make reports",
};

/**
 * The form that starts a run. `first` is the pipeline that it offers first, `started(run)` is called once the run has
 * started, `refused()` once the server has refused it, and the children stand beside the button.
 */
export function StartRun({ assignment, first = "exam", started, refused = () => {}, children }) {
  const [pipeline, setPipeline] = useState(first);
  const [review, setReview] = useState(true);
  const [estimate, setEstimate] = useState(null);
  const [failed, setFailed] = useState("");
  const [cap, setCap] = useState("");
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
      started(await call("POST", ["runs"], { body: { assignment, pipeline, options }, key }));
    } catch (error) {
      setFailed(error.message);
      refused();
    }
    setBusy(false);
  };
  return html`<form onSubmit=${start}>
      <label>Work <select value=${pipeline} onChange=${(event) => setPipeline(event.currentTarget.value)}>
        ${Object.entries(PIPELINES).map(([name, words]) => html`<option key=${name} value=${name}>${words}</option>`)}</select></label>
      ${pipeline === "exam" && html`<label class="check"><input type="checkbox" checked=${review} onChange=${(event) => setReview(event.currentTarget.checked)} />
        Stop before grading, so that I can check the rubrics</label>`}
      <label>Stop at a cost of (USD) <input type="number" min="0.01" step="0.01" value=${cap} placeholder="no limit" onInput=${(event) => setCap(event.currentTarget.value)} /></label>
      <div role="status">${estimate ? html`<${Estimated} estimate=${estimate} />` : !failed && html`<p class="none">Being estimated …</p>`}</div>
      ${failed && html`<p class="alert" role="alert">${failed}</p>`}
      <p class="tools"><button class="main" disabled=${busy}>Start</button> ${children}</p>
    </form>`;
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
