// The screen that the address names, behind its #: /assignment/screen/question/answer. No student is ever in
// it: an answer is there by its opaque id.

import { signal } from "./vendor/signals-core.mjs";

const decoded = (part) => {
  try {
    return decodeURIComponent(part);
  } catch { // a cut or mistyped address: it names nothing, as any other name does that is not there
    return part;
  }
};

const read = () => {
  const parts = location.hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decoded);
  return { assignment: parts[0] ?? "", screen: parts[1] ?? "", part: parts[2] ?? "", cell: parts[3] ?? "" };
};

/** What the address names. */
export const route = signal({ assignment: "", screen: "", part: "", cell: "" });

/** Return the address of a screen. */
export const link = (...parts) => `#/${parts.map(encodeURIComponent).join("/")}`;

/** Follow the address from now on. */
export function follow() {
  route.value = read();
  addEventListener("hashchange", () => { route.value = read(); });
}
