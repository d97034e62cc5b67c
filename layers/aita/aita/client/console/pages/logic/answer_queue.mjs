// The answers of a question that a person goes through, loaded before they are asked for.

import { signal } from "../vendor/signals-core.mjs";

const AHEAD = 10; // answers that should be loaded beyond the one that is shown

export class AnswerQueue {
  /** fetchPage(token): Promise of a page of answers as the API gives it. */
  constructor(fetchPage) {
    this.answers = signal([]);
    this.position = signal(0);
    this.question = signal(null);
    this.open = signal(0);
    this.state = signal("loading"); // "ready" once a page is there; "failed" if the last one did not come
    this.message = signal("");
    this._fetchPage = fetchPage;
    this._token = null;
    this._ended = false;
    this._loading = null;
  }

  /** The answer that is shown; undefined without one. */
  get current() {
    return this.answers.value[this.position.value];
  }

  get ended() {
    return this._ended;
  }

  /** Load the next page unless enough is there; pages are asked for one at a time. */
  load() {
    if (this._ended || this.answers.value.length > this.position.value + AHEAD) return this._loading;
    this._loading ??= this._load().finally(() => { this._loading = null; });
    return this._loading;
  }

  async _load() {
    try {
      const page = await this._fetchPage(this._token);
      this._token = page.next_token;
      this._ended = page.next_token === null;
      const { question, points_step, answer_key, rubrics } = page;
      const known = this.question.value?.rubrics ?? {};
      this.question.value = { ...question, points_step, answer_key, rubrics: { ...known, ...rubrics } };
      this.open.value = page.open_answers;
      const there = new Set(this.answers.value.map((each) => each.cell_id));
      this.answers.value = [...this.answers.value, ...page.answers.filter((each) => !there.has(each.cell_id))];
      this.state.value = "ready";
    } catch (error) {
      this.state.value = "failed";
      this.message.value = error.message;
    }
  }

  /** Show the next answer; return whether there is one. With the last one decided, nothing is left to show. */
  async next() {
    if (this.position.value + 1 >= this.answers.value.length) await this.load();
    const there = this.position.value + 1 < this.answers.value.length;
    if (there) this.position.value += 1;
    this.load();
    return there;
  }

  previous() {
    if (this.position.value > 0) this.position.value -= 1;
  }

  /** Show an answer that was loaded. */
  show(cell) {
    const index = this.answers.value.findIndex((each) => each.cell_id === cell);
    if (index >= 0) this.position.value = index;
  }

  find(cell) {
    return this.answers.value.find((each) => each.cell_id === cell);
  }

  /** Put another state of an answer in its place. */
  replace(answer) {
    this.answers.value = this.answers.value.map((each) => each.cell_id === answer.cell_id ? answer : each);
  }
}
