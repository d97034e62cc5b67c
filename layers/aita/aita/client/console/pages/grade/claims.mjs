// Claims: two people who work at once see that the other is at an answer.

import { call } from "../calls.mjs";
import { signal } from "../library.mjs";

const SETTLED = 400; // ms on an answer before it is claimed: who passes by claims nothing
const RENEW = 60_000;
const LOOK = 20_000;

const ownWindow = crypto.randomUUID();

/** People at work on answers, by answer. A claim that can't be made or seen hinders nobody: the basis keeps decisions apart. */
export class Claims {
  constructor(assignment) {
    this.others = signal({});
    this._assignment = assignment;
    this._first = setTimeout(() => this._look(), SETTLED); // the answers come first
    this._looking = setInterval(() => this._look(), LOOK);
  }

  /** Claim an answer until the function that is returned is called. */
  hold(cell) {
    let held = false;
    const claim = () => {
      held = true;
      this._post(cell, "claim").then(
        () => this._tell(cell, undefined),
        (error) => { if (error.status === 409) this._look(); },
      );
    };
    const settling = setTimeout(claim, SETTLED);
    const renewing = setInterval(claim, RENEW);
    const release = () => {
      if (held) this._post(cell, "release").catch(() => {}); // it ends by itself
      held = false;
    };
    addEventListener("pagehide", release);
    return () => {
      clearTimeout(settling);
      clearInterval(renewing);
      removeEventListener("pagehide", release);
      setTimeout(release, SETTLED); // the next answer comes first
    };
  }

  end() {
    clearTimeout(this._first);
    clearInterval(this._looking);
  }

  _post(cell, action) {
    return call("POST", ["assignments", this._assignment, "reviews", cell, action], { body: { window: ownWindow } });
  }

  _tell(cell, claim) {
    this.others.value = { ...this.others.value, [cell]: claim };
  }

  async _look() {
    try {
      const { claims } = await call("GET", ["assignments", this._assignment, "claims"], { query: { window: ownWindow } });
      this.others.value = Object.fromEntries(claims.filter((each) => !each.mine).map((each) => [each.cell_id, each]));
    } catch {
      this.others.value = {};
    }
  }
}
