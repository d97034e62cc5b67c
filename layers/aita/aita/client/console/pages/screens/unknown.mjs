// An assignment of which there is nothing: the address names another one than there is.

import { call } from "../calls.mjs";
import { html, useEffect, useState } from "../library.mjs";
import { link } from "../route.mjs";

/** Return whether the stack has nothing of an assignment; false until it is known. */
export function useIsUnknown(assignment) {
  const [unknown, setUnknown] = useState("");
  useEffect(() => {
    if (!assignment) return;
    call("GET", ["assignments", assignment, "state"]).catch((error) => {
      if (error.status === 404) setUnknown(assignment); // of any other error, the screen tells
    });
  }, [assignment]);
  return Boolean(assignment) && unknown === assignment;
}

export function Unknown({ assignment, make }) {
  return html`<h1>No such assignment</h1>
    <div class="alert" role="alert"><p>The stack has no assignment <code>${assignment}</code>: check the name in the address.</p>
      <p><a href="#/">Assignments</a> · <a href=${link(make)}>New exam</a></p></div>`;
}
