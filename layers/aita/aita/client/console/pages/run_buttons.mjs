// What a person can do with a run: let it go on, or end it.

import { call } from "./calls.mjs";
import { html, useState } from "./library.mjs";

const GO_ON = {
  WAITING_FOR_REVIEW: "The rubrics are checked: go on", PARTIAL: "Run what failed again", FAILED: "Go on", HALTED: "Go on", CANCELLED: "Go on",
};

/** Buttons for a run; `newest` is whether no other run was started since, and `changed()` is called once one has acted. */
export function RunButtons({ run, newest, changed }) {
  const [asked, setAsked] = useState(false); // whether to end it, which is asked once more
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState("");
  const act = (action) => async () => {
    setBusy(true);
    setFailed("");
    try {
      const key = action === "resume" ? `console-${run.run_id}-${run.attempt}` : undefined; // once for each attempt
      await call("POST", ["runs", run.run_id, action], { key });
      changed();
    } catch (error) {
      setFailed(error.message);
    }
    setAsked(false);
    setBusy(false);
  };
  return html`<span class="tools">
    ${newest && GO_ON[run.status] && html`<button type="button" class=${run.status === "WAITING_FOR_REVIEW" ? "main" : ""} disabled=${busy} onClick=${act("resume")}>${GO_ON[run.status]}</button>`}
    ${run.status === "RUNNING" && (asked
      ? html`<button type="button" disabled=${busy} onClick=${act("cancel")}>End it: finished work is kept</button>
        <button type="button" onClick=${() => setAsked(false)}>Let it run</button>`
      : html`<button type="button" onClick=${() => setAsked(true)}>End the run</button>`)}
    ${failed && html`<span class="flag" role="alert">${failed}</span>`}</span>`;
}
