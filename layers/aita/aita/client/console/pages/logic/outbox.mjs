// Decisions on their way to the server: each is there, or is shown as unsent until it is.

import { signal } from "../vendor/signals-core.mjs";

const PAUSES = [1, 2, 4, 8, 15, 30]; // seconds before each further try; the last one again and again

const PARKED_AFTER = 3; // tries that the server failed at, until an entry counts as parked
/** Return whether the server failed at an entry again and again: it is shown with the reason, and tried after the others. */
export const isParked = (entry) => entry.failures >= PARKED_AFTER;

const WRITTEN = ["note", "correct"]; // neither do they take the place of another kind, nor another kind theirs

const takesPlaceOf = (later, earlier) => later === earlier || (!WRITTEN.includes(later) && !WRITTEN.includes(earlier));

const isToSend = (entry) => entry.state === "waiting" || entry.state === "unsent";

/**
 * The decisions that are not on the server yet, sent one at a time: those on one answer in their order, and of the
 * others those first that the server failed at least often, so that one of them holds back none of the rest.
 *
 * An entry's state is "waiting", "sending", "unsent" (to be tried again), "conflict" (another decision came between:
 * the entry's `theirs`) or "refused" (the entry's `message` says why). Its `failures` are the tries that the server
 * failed at, by a status of 500 or more.
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
    this._failures = 0; // tries in a row that were of no use
    this._next = 1;
    this._wake = () => {};
    this._first = null; // id of the entry that is asked to be tried first
  }

  /**
   * Return the decision that a new one on an answer takes the place of: the last one, if it is not on its way. One that
   * is sent in a way of its own, such as one on all equal answers, is no other screen's to replace.
   */
  givesWay(cell, request, details = {}) {
    const before = this.of(cell);
    const isAlike = before && Boolean(before.send) === Boolean(details.send) && takesPlaceOf(request.action, before.request.action);
    return isAlike && before.state !== "sending" ? before : undefined;
  }

  /** Take a decision on an answer. A note or a corrected reading takes the place of its own kind alone. */
  add(cell, request, details = {}) {
    const before = this.givesWay(cell, request, details);
    if (before) this.discard(before.id);
    const entry = { ...details, id: this._next++, cell, request, state: "waiting", message: "", theirs: null, failures: 0 };
    this.entries.value = [...this.entries.value, entry];
    this._wake();
    return this._run();
  }

  /** Take back the last decision on an answer if it is not on its way; return it, if there was one. */
  withdraw(cell) {
    const found = this.of(cell);
    return found && this.discard(found.id);
  }

  /** Drop an entry by its id, unless it is on its way; return it, if it was dropped. */
  discard(id) {
    const found = this.entries.value.find((each) => each.id === id && each.state !== "sending");
    if (found) this.entries.value = this.entries.value.filter((each) => each !== found);
    return found;
  }

  /** Return the last entry of an answer, if it has one. */
  of(cell) {
    return this.entries.value.findLast((each) => each.cell === cell);
  }

  /** Try the waiting entries at once: all of them or, by its id, one before the others. */
  retry(id = null) {
    this._first = id;
    this._wake();
    return this._run();
  }

  async _run() {
    if (this._running) return;
    this._running = true;
    try {
      for (;;) {
        const entry = this._due();
        if (!entry) return;
        this._first = null;
        if (await this._try(entry)) continue;
        this._failures += 1;
        if (this._failures === 1 && this._due()?.id !== entry.id) continue; // it may be this one alone
        const seconds = PAUSES[Math.min(this._failures - 1, PAUSES.length - 1)];
        await Promise.race([this._pause(seconds), new Promise((done) => { this._wake = done; })]);
      }
    } finally {
      this._running = false;
    }
  }

  /** Return the entry to send next: none before an earlier one on the same answer. */
  _due() {
    const firsts = new Map();
    for (const entry of this.entries.value) if (isToSend(entry) && !firsts.has(entry.cell)) firsts.set(entry.cell, entry);
    const due = [...firsts.values()].sort((one, other) => one.failures - other.failures);
    return due.find((each) => each.id === this._first) ?? due[0];
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
        const failures = entry.failures + (error.status < 500 ? 0 : 1);
        this._change(entry.id, { state: "unsent", message: error.message, failures });
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
