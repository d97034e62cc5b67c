// Runs that a screen starts, followed to their end.

import { call } from "./calls.mjs";

const LOOK = 2000; // ms between looks

/** Return a run's progress in words. */
export function progress(run) {
  const stage = run.stages?.find((each) => each.stage === run.stage);
  const done = stage?.total ? `: ${stage.stage}, ${stage.succeeded + stage.failed} of ${stage.total}` : "";
  return `${run.status.toLowerCase().replaceAll("_", " ")}${done}${run.wait_reason ? ` (${run.wait_reason})` : ""}`;
}

/** Start a run, and return it once it has ended; `tell(run)` is called at each look, and `left()` ends the looking. */
export async function runToEnd(assignment, pipeline, { options, tell = () => {}, left = () => false } = {}) {
  const body = { assignment, pipeline, ...(options ? { options } : {}) };
  let run = await call("POST", ["runs"], { body, key: `console-${crypto.randomUUID()}` });
  tell(run);
  while (run.status === "RUNNING" && !left()) {
    await new Promise((done) => setTimeout(done, LOOK));
    run = await call("GET", ["runs", run.run_id]);
    tell(run);
  }
  return run;
}
