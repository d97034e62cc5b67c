// Answers that are graded again, each alone: one run at a time, for all that have come until it begins.

import { signal } from "../vendor/signals-core.mjs";

const LOOK = 2; // seconds between looks at a run
const BUSY = 5; // seconds until the next try while another run grades

export class Regrades {
  /**
   * start(cells, key): Promise of the run that grades these answers; rejects with an error that has `status`.
   * look(run): Promise of the run as it is now. ended(cell): called once an answer's run has ended.
   */
  constructor({ start, look, ended, pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000)) }) {
    this.states = signal({}); // by answer: how its new grading is getting on, in words
    Object.assign(this, { _start: start, _look: look, _ended: ended, _pause: pause });
    this._waiting = [];
    this._running = false;
  }

  /** Have an answer graded again; `key` names the correction, so that it is paid once. */
  add(cell, key) {
    this._waiting.push({ cell, key });
    this._tell([cell], "waits to be graded again");
    return this._run();
  }

  async _run() {
    if (this._running) return;
    this._running = true;
    while (this._waiting.length) await this._grade(this._waiting.splice(0));
    this._running = false;
  }

  async _grade(corrected) {
    const cells = [...new Set(corrected.map((each) => each.cell))];
    let words = "";
    try {
      let run = await this._begun(cells, corrected.at(-1).key);
      this._tell(cells, "is being graded again");
      while (run.status === "RUNNING") {
        await this._pause(LOOK);
        run = await this._look(run);
      }
      if (run.status !== "SUCCEEDED") words = `was not graded again: the run is ${run.status.toLowerCase()}. ${run.reason}`;
    } catch (error) {
      words = `was not graded again: ${error.message}`;
    }
    this._tell(cells, words);
    for (const cell of cells) this._ended(cell);
  }

  /** Start the run; while another one grades, wait for its end. */
  async _begun(cells, key) {
    for (;;) {
      try {
        return await this._start(cells, key);
      } catch (error) {
        if (error.status !== 409) throw error;
        this._tell(cells, "waits for another run of grading to end");
        await this._pause(BUSY);
      }
    }
  }

  _tell(cells, words) {
    this.states.value = { ...this.states.value, ...Object.fromEntries(cells.map((cell) => [cell, words])) };
  }
}
