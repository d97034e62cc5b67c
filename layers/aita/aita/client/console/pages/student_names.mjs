// Students' names on a screen that shows ids until somebody asks for names.

import { html, useEffect, useState } from "./library.mjs";
import { names as namesOf } from "./names.mjs";

/** Return the names of an assignment's students by id, once `shown`; {} until then. */
export function useNames(assignment, shown) {
  const [names, setNames] = useState({});
  const [failed, setFailed] = useState("");
  useEffect(() => {
    setNames({});
    setFailed("");
    if (!shown) return;
    namesOf(assignment).then(setNames, (error) => setFailed(error.message));
  }, [assignment, shown]);
  return { names, failed };
}

/** The switch that shows names. */
export function NamesSwitch({ shown, set, failed }) {
  return html`<label class="check"><input type="checkbox" checked=${shown}
    onChange=${(event) => set(event.currentTarget.checked)} /> Names</label>
    ${failed && html`<span class="flag" role="alert">The names did not come: ${failed}</span>`}`;
}
