// Decisions on their way to the server: each is there, or is shown as unsent until it is.

import { signal } from "../vendor/signals-core.mjs";

const PAUSES = [1, 2, 4, 8, 15, 30]; // seconds before each further try; the last one again and again

/**
 * The decisions that are not on the server yet, sent one after another in their order.
 *
 * An entry's state is "waiting", "sending", "unsent" (to be tried again), "conflict" (another decision came between:
 * the entry's `theirs`) or "refused" (the entry's `message` says why).
 */
export class Outbox {
  /**
   * send(entry): Promise of the recorded decision; rejects with an error that has `status` (0: unreachable) and `body`.
   * recognize(decision, entry): whether a recorded decision is the entry's own.
   * saved(entry, decision): called once a decision is on the server.
   */
  constructor({ send, recognize, saved, pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000)) }) {
    this.entries = signal([]);
    this._send = send;
    this._recognize = recognize;
    this._saved = saved;
    this._pause = pause;
    this._running = false;
    this._failures = 0;
    this._next = 1;
    this._wake = () => {};
  }

  /** Take a decision on an answer; one on the same answer that was not sent yet gives way to it. */
  add(cell, request, details = {}) {
    this.withdraw(cell);
    const entry = { ...details, id: this._next++, cell, request, state: "waiting", message: "", theirs: null };
    this.entries.value = [...this.entries.value, entry];
    this._wake();
    return this._run();
  }

  /** Take back the decision on an answer that was not sent yet; return it, if there was one. */
  withdraw(cell) {
    const found = this.entries.value.find((each) => each.cell === cell && each.state !== "sending");
    if (found) this.entries.value = this.entries.value.filter((each) => each !== found);
    return found;
  }

  /** Return the entry of an answer, if it has one. */
  of(cell) {
    return this.entries.value.findLast((each) => each.cell === cell);
  }

  /** Try at once what waits for its next try. */
  retry() {
    this._wake();
    return this._run();
  }

  async _run() {
    if (this._running) return;
    this._running = true;
    try {
      for (;;) {
        const entry = this.entries.value.find((each) => each.state === "waiting" || each.state === "unsent");
        if (!entry) return;
        if (await this._try(entry)) continue;
        const seconds = PAUSES[Math.min(this._failures++, PAUSES.length - 1)];
        await Promise.race([this._pause(seconds), new Promise((done) => { this._wake = done; })]);
      }
    } finally {
      this._running = false;
    }
  }

  /** Send an entry once; return false if the server can't take any now. */
  async _try(entry) {
    this._change(entry.id, { state: "sending" });
    let decision = null;
    try {
      decision = await this._send(entry);
    } catch (error) {
      const theirs = error.body?.theirs ?? null;
      if (error.status === 409 && theirs && this._recognize(theirs, entry)) decision = theirs;
      else if (error.status === 409) this._change(entry.id, { state: "conflict", theirs, message: error.message });
      else if (error.status >= 400 && error.status < 500 && ![401, 403, 408, 429].includes(error.status)) {
        this._change(entry.id, { state: "refused", message: error.message });
      } else {
        this._change(entry.id, { state: "unsent", message: error.message });
        return false;
      }
    }
    this._failures = 0;
    if (decision) {
      this.entries.value = this.entries.value.filter((each) => each.id !== entry.id);
      this._saved(entry, decision);
    }
    return true;
  }

  _change(id, changes) {
    this.entries.value = this.entries.value.map((each) => each.id === id ? { ...each, ...changes } : each);
  }
}

/** Return in words how entries stand; empty if all is saved. */
export function standing(entries) {
  const count = (states) => entries.filter((each) => states.includes(each.state)).length;
  const [unsent, stuck, sending] = [count(["unsent"]), count(["conflict", "refused"]), count(["waiting", "sending"])];
  return [
    unsent && `${unsent} not sent`,
    stuck && `${stuck} to settle`,
    sending && `${sending} being saved`,
  ].filter(Boolean).join(", ");
}
