// What changed rubrics do to the grades: the answers that they touch, the cost, and how five of them change.

import { call, stored } from "../calls.mjs";
import { html, useEffect, useRef, useState } from "../library.mjs";
import { written } from "../logic/points.mjs";
import { link } from "../route.mjs";
import { progress, runToEnd } from "../runs.mjs";

const SAMPLE = "regrade_sample.json";
const DONE = ["SUCCEEDED", "PARTIAL"];

export function Preview({ assignment, times }) {
  const [diff, setDiff] = useState(null);
  const [sample, setSample] = useState(null);
  const [told, setTold] = useState("");
  const [failed, setFailed] = useState("");
  const [busy, setBusy] = useState(false);
  const gone = useRef(false);
  useEffect(() => () => { gone.current = true; }, []);
  useEffect(() => {
    setSample(null);
    setFailed("");
    call("GET", ["assignments", assignment, "rubric-changes"]).then(setDiff, (error) => {
      setDiff(null);
      if (error.status !== 404 && error.status !== 422) setFailed(error.message); // nothing is graded yet
    });
  }, [assignment, times]);
  const work = (does) => async () => {
    setBusy(true);
    setFailed("");
    try {
      await does();
    } catch (error) {
      setFailed(error.message);
    }
    setBusy(false);
  };
  const follow = (run) => setTold(`The run is ${progress(run)}.`);
  const grade = work(async () => {
    const run = await runToEnd(assignment, "regrade-sample", { tell: follow, left: () => gone.current });
    if (!DONE.includes(run.status)) throw new Error(`the sample was not graded: ${run.reason || run.status}`);
    const { files } = await call("GET", ["runs", run.run_id, "results"]);
    const file = files.find((each) => each.name === SAMPLE);
    if (!file) throw new Error(`the run made no ${SAMPLE}`);
    setSample(JSON.parse(await (await stored(file.url)).text()));
    setTold("");
  });
  const apply = work(async () => {
    const run = await runToEnd(assignment, "grade", { tell: follow, left: () => gone.current });
    setTold(DONE.includes(run.status) ? "The changed rubrics are applied." : `The run is ${progress(run)}: ${run.reason}`);
    setDiff(await call("GET", ["assignments", assignment, "rubric-changes"]));
  });
  if (!diff?.questions.length) return html`<div role="status">${told && html`<p>${told}</p>`}${failed && html`<p class="alert">The preview did not come: ${failed}</p>`}</div>`;
  const { estimate } = diff;
  return html`<section class="alert" aria-labelledby="preview"><h2 id="preview">Changed since grading</h2>
    <ul>${diff.questions.map((each) => html`<li key=${each.question_id}><a href=${link(assignment, "rubrics", each.question_id)}>Question ${each.question_id}</a>:
      ${[each.regraded && `${each.regraded} answers are graded again`, each.rescaled && `${each.rescaled} change without a call`,
        each.without_rubric && `${each.without_rubric} go to a person`, each.lapsing && `${each.lapsing} decisions of people lapse`].filter(Boolean).join(", ") || "no answer is touched"}</li>`)}</ul>
    <p>${diff.regraded} ${diff.regraded === 1 ? "answer" : "answers"}, ${estimate.calls} calls, ${estimate.cost_usd === null ? "of unknown cost" : `about ${estimate.cost_usd} USD`}.
      ${diff.others > 0 && ` ${diff.others} more answers are graded for other reasons.`}</p>
    <div role="status">${told && html`<p>${told}</p>`}${failed && html`<p>${failed}</p>`}
      ${sample && html`<table class="cells"><caption>How a sample changes</caption><thead><tr><th scope="col">Question</th><th scope="col">Student</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>
        <tbody>${sample.map((each) => html`<tr key=${each.cell_id}><td>${each.question_id}</td><td><code>${each.student_id}</code></td>
          <td>${written(each.before)} / ${written(each.out_of_before)}</td><td>${written(each.after)} / ${written(each.out_of)}${each.reason ? ` (${each.reason})` : ""}</td></tr>`)}</tbody></table>`}</div>
    <p class="tools"><button type="button" disabled=${busy || !diff.regraded} onClick=${grade}>Grade a sample: nothing changes yet</button>
      <button type="button" class="main" disabled=${busy} onClick=${apply}>Apply: grade again what is touched</button></p>
  </section>`;
}
