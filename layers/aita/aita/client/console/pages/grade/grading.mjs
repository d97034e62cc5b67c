// One person's way through the answers of a question: what each key and button does.

import { call, CallError } from "../calls.mjs";
import { prepare } from "../formula_text.mjs";
import { signal } from "../library.mjs";
import { AnswerQueue } from "../logic/answer_queue.mjs";
import { beginning, counting, decisionOf, expected } from "../logic/draft.mjs";
import { Regrades } from "../logic/regrades.mjs";
import { partOf, toggled, total, written } from "../logic/points.mjs";
import { unsent } from "../sending.mjs";
import { prefetch } from "./answer_picture.mjs";

const PAGE = 25;
const AHEAD = 3; // answers whose pictures are fetched before they are shown

const isOpen = ({ state }) => state === "NEEDS_REVIEW" || state === "FAILED";

export class Grading {
  /** `cell`: an answer that is shown first, whether the filter has it or not; empty without one. */
  constructor(assignment, question, filter, cell = "") {
    this.assignment = assignment;
    this.filter = filter;
    this.writing = signal("");
    this.notice = signal("");
    this.zoomed = signal(false);
    this.whole = signal(false);
    this.finished = signal(false); // the person has gone past the last answer
    this.drafts = signal({});
    this.regrades = new Regrades({
      start: (cells, key) => call("POST", ["runs"], { body: { assignment, pipeline: "grade", options: { cells } }, key }),
      look: (run) => call("GET", ["runs", run.run_id]),
      ended: (cell) => this.renew(cell),
    });
    this._decided = []; // answers that were decided on since the page was opened, in the order of their decisions
    this._texts = {};
    this.queue = new AnswerQueue((token) => this._page(question, token, token ? "" : cell));
    this.queue.load();
  }

  async _page(question, token, cell) {
    const { show, flag, student, sample, blind } = this.filter;
    const query = { question, limit: PAGE, next_token: token, flag: blind ? "" : flag, student };
    if (sample) query.sample = sample;
    else query.show = show;
    if (blind) query.blind = "true";
    const path = ["assignments", this.assignment, "answers"];
    const [page, first] = await Promise.all([
      call("GET", path, { query }),
      cell && this._linked(cell, question),
    ]);
    if (first) {
      page.answers = [...first.answers, ...page.answers.filter((each) => each.cell_id !== cell)];
      page.rubrics = { ...page.rubrics, ...first.rubrics };
    }
    await this._prepare(page);
    return page;
  }

  /** Return a page with the answer that the address names; null, with a notice, if the question has none of that id. */
  async _linked(cell, question) {
    try {
      const found = await call("GET", ["assignments", this.assignment, "answers", cell], { query: this.filter.blind ? { blind: "true" } : {} });
      if (found.question.question_id === question) return found;
      this.notice.value = `The answer that the link names is one to question ${found.question.question_id}: here are those to question ${question}.`;
    } catch (error) {
      if (!(error instanceof CallError) || ![400, 404].includes(error.status)) throw error;
      this.notice.value = `The answer that the link names is not shown: ${error.message}`;
    }
    return null;
  }

  _prepare(page) {
    const texts = page.answers.flatMap((each) => [
      each.raw_text, ...(each.proposal?.criteria ?? []).flatMap(({ reason, quote }) => [reason, quote]),
      each.proposal?.feedback ?? "",
    ]);
    const common = Object.values(page.rubrics).flatMap((each) => each.criteria.map((one) => one.description));
    return prepare([page.question.question_text, ...common, ...texts]);
  }

  get answer() {
    return this.queue.current;
  }

  get rubric() {
    return this.answer && this.queue.question.value?.rubrics[this.answer.rubric];
  }

  get draft() {
    return this.drafts.value[this.answer.cell_id] ?? beginning(this.answer, this.rubric);
  }

  /** Fetch the pictures of the next answers. */
  lookAhead() {
    const from = this.queue.position.value;
    for (const answer of this.queue.answers.value.slice(from, from + 1 + AHEAD)) prefetch(answer);
  }

  /** Draft that was typed for an answer, by kind, so that leaving it loses nothing. */
  typed(kind) {
    const own = this._texts[this.answer.cell_id]?.[kind];
    if (own !== undefined) return own;
    return kind === "feedback" ? this.draft.feedback : kind === "reading" ? this.answer.raw_text : "";
  }

  keep(kind, text) {
    const cell = this.answer.cell_id;
    this._texts[cell] = { ...this._texts[cell], [kind]: text };
    if (kind === "feedback") this._change({ feedback: text });
  }

  setCriterion(index, points) {
    const criteria = [...this.draft.criteria];
    criteria[index] = points;
    this._change({ criteria });
    this.notice.value = `Criterion ${index + 1}: ${written(points)}. Together ${written(total(criteria))}.`;
  }

  criterion(number, part) {
    const one = this.rubric?.criteria[number - 1];
    if (!one) return;
    const points = this.draft.criteria[number - 1] ?? null;
    const step = this.queue.question.value.points_step;
    this.setCriterion(number - 1, part ? partOf(points, one.points, step) : toggled(points, one.points));
  }

  _change(changes) {
    this.finished.value = false;
    this.drafts.value = { ...this.drafts.value, [this.answer.cell_id]: { ...this.draft, ...changes } };
  }

  /** Accept what is shown, and go on. */
  accept() {
    const answer = this.answer;
    const decision = decisionOf(answer, this.rubric, this.draft);
    if (decision.missing) {
      this.notice.value = decision.missing.length
        ? `Not saved: give points for criterion ${decision.missing.join(", ")} first.`
        : "Not saved: there is no rubric, so set the points as one number (s).";
      return undefined;
    }
    if (decision.nothing) return this.next();
    return this.decide(decision.request);
  }

  /** Save what was written, and go on. */
  save(kind, text, points) {
    const cell = this.answer.cell_id;
    switch (kind) {
      case "feedback": return this.accept();
      case "note": return this.decide({ action: "note", why: text });
      case "reading": return this.decide({ action: "correct", transcription: text }, ({ decision_id: id }) => this.regrades.add(cell, `console-${id}`));
      default: return this.decide({ action: "set", points, why: text, feedback: this.draft.feedback });
    }
  }

  /** Decide on the answer that is shown, and go on; the decision is sent meanwhile. */
  decide(request, after) {
    const answer = this.answer;
    const wasOpen = isOpen(answer);
    const closes = request.action === "accept" || request.action === "set";
    this._decided = [...this._decided.filter((cell) => cell !== answer.cell_id), answer.cell_id];
    const { assignment, queue } = this;
    const forget = this._forgetting(answer.cell_id);
    unsent.add(answer.cell_id, request, {
      assignment, queue, answer,
      before: unsent.givesWay(answer.cell_id, request)?.before ?? answer,
      discarded: (entry) => this._discarded(entry),
      after: (decision) => {
        forget();
        if (after) after(decision);
        else if (answer.hidden || request.action === "note") this.renew(answer.cell_id);
      },
    });
    if (closes) queue.replace({ ...answer, ...expected(answer, request), hidden: answer.hidden });
    if (closes && wasOpen) queue.open.value = Math.max(0, queue.open.value - 1);
    this.writing.value = "";
    return this.next();
  }

  async next() {
    this.whole.value = false;
    this.zoomed.value = false;
    this.writing.value = "";
    const shown = this.answer;
    const there = await this.queue.next();
    this.notice.value = there ? "" : "That was the last answer.";
    this.finished.value = !there && this.answer === shown;
  }

  previous() {
    this.whole.value = false;
    this.zoomed.value = false;
    this.writing.value = "";
    this.finished.value = false;
    this.queue.previous();
  }

  /** Undo the decision on the answer that is shown or, if it has none, the last one since the page was opened. */
  undo() {
    const shown = this.answer;
    const own = (answer) => answer && (unsent.of(answer.cell_id) || counting(answer));
    const cell = own(shown) ? shown.cell_id : this._decided.at(-1);
    if (!cell) {
      this.notice.value = "There is nothing to undo.";
      return;
    }
    this._decided = this._decided.filter((each) => each !== cell);
    this.finished.value = false;
    this.queue.show(cell);
    const withdrawn = unsent.withdraw(cell);
    if (withdrawn) {
      if (withdrawn.before) this._restore(withdrawn);
      else withdrawn.discarded?.(withdrawn);
      this.notice.value = `Your decision${withdrawn.words ? ` on ${withdrawn.words}` : ""} was taken back before it was sent.`;
      return;
    }
    const { assignment, queue } = this;
    const forget = this._forgetting(cell);
    this.notice.value = "Undone.";
    unsent.add(cell, { action: "undo" }, {
      assignment, queue, answer: this.answer, before: this.answer,
      discarded: (entry) => this._discarded(entry),
      after: () => {
        forget();
        return this.renew(cell);
      },
    });
  }

  /** Show an answer as it was before a decision that is not sent any more. */
  _restore({ cell, before: { state, points } }) {
    const { queue } = this;
    const shown = queue.find(cell);
    if (!shown) return;
    if (isOpen({ state }) && !isOpen(shown)) queue.open.value += 1;
    queue.replace({ ...shown, state, points });
  }

  _discarded(entry) {
    this._restore(entry);
    return this.renew(entry.cell); // the server may have recorded it all the same
  }

  /** Fetch an answer afresh, with links that have not expired; what the person has drafted stays. */
  async renew(cell = this.answer.cell_id) {
    const query = this.filter.blind ? { blind: "true" } : {};
    try {
      const page = await call("GET", ["assignments", this.assignment, "answers", cell], { query });
      await this._prepare(page);
      const { question, rubrics } = { question: this.queue.question.value, rubrics: page.rubrics };
      this.queue.question.value = { ...question, rubrics: { ...question.rubrics, ...rubrics } };
      this.queue.open.value = page.open_answers;
      this.queue.replace(page.answers[0]);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this.notice.value = `The answer was not fetched afresh: ${error.message}`;
    }
  }

  /** Go on with the feedback of a decision on an older proposal, beside the points that are proposed now. */
  _carryOver({ cell, request }) {
    const answer = this.queue.find(cell);
    const draft = this.drafts.value[cell];
    if (draft) {
      const criteria = beginning(answer, this.queue.question.value?.rubrics[answer.rubric]).criteria;
      this.drafts.value = { ...this.drafts.value, [cell]: { ...draft, criteria } };
    }
    const given = request.criteria ? Object.values(request.criteria) : [];
    this.notice.value = given.length ? `You had given ${given.map(written).join(" + ")}: the answer was graded anew since.` : "";
  }

  /** Return a function that drops an answer's draft and texts, unless the person has gone on with them since. */
  _forgetting(cell) {
    const [draft, texts] = [this.drafts.value[cell], this._texts[cell]];
    return () => {
      if (this._texts[cell] === texts) delete this._texts[cell];
      if (this.drafts.value[cell] !== draft) return;
      this.drafts.value = Object.fromEntries(Object.entries(this.drafts.value).filter(([each]) => each !== cell));
    };
  }

  /**
   * Settle two decisions at once: with `mine`, decide again, unless another proposal is there than the person saw.
   * The draft of a decision that was refused stays; of one on an older proposal, the feedback stays, and the points are
   * told beside the new ones.
   */
  async settle(entry, mine) {
    const forget = this._forgetting(entry.cell);
    await this.renew(entry.cell);
    unsent.discard(entry.id);
    if (!mine && entry.state === "refused") return undefined;
    if (!mine && !entry.theirs) return this._carryOver(entry);
    if (!mine) return forget();
    const seen = ({ proposal, rubric }) => JSON.stringify([proposal, rubric]);
    if (seen(this.queue.find(entry.cell)) !== seen(entry.answer)) {
      this.notice.value = "The answer was graded anew since you decided: look at it, and decide again.";
      return undefined;
    }
    const after = () => {
      forget();
      return this.renew(entry.cell);
    };
    return unsent.add(entry.cell, entry.request, { ...entry, after });
  }
}
