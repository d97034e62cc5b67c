// Text with its formulas, as elements that are made one by one: no text becomes markup.

import { formulas } from "./calls.mjs";
import { h, html, signal, useEffect } from "./library.mjs";
import { marked } from "./logic/marks.mjs";

const ELEMENTS = new Set(
  `b i math menclose mfrac mi mmultiscripts mn mo mover mpadded mprescripts mroot mrow ms mspace msqrt mstyle msub
   msubsup msup mtable mtd mtext mtr munder munderover none`.split(/\s+/),
);
const ATTRIBUTES = new Set(
  `accent accentunder class columnspan display displaystyle fence form largeop linethickness lspace mathvariant maxsize
   minsize movablelimits notation rowspan rspace scriptlevel separator stretchy symmetric width`.split(/\s+/),
);
const MAYBE = /\$|\\\(|\\\[/;
const MOST = 2000; // texts that are kept, and the most that are asked for at once

const known = new Map();
const arrived = signal(0);

/** Fetch the pieces of texts that may hold formulas, unless they are known; the texts stay as they are if that fails. */
export async function prepare(texts) {
  const wanted = [...new Set(texts)].filter((text) => MAYBE.test(text) && !known.has(text)).slice(0, MOST);
  if (!wanted.length) return;
  for (const text of wanted) known.set(text, null);
  try {
    const found = await formulas(wanted);
    wanted.forEach((text, index) => known.set(text, found[index]));
    for (const text of known.keys()) {
      if (known.size <= 2 * MOST) break;
      known.delete(text);
    }
    arrived.value += 1;
  } catch {
    for (const text of wanted) known.delete(text);
  }
}

/** Return an element of a formula's tree; what is not on the lists becomes its text. */
function element(tree) {
  if (typeof tree === "string") return tree;
  const [tag, attributes, ...children] = tree;
  if (!ELEMENTS.has(tag)) return children.map(element);
  const given = Object.entries(attributes).filter(([name]) => ATTRIBUTES.has(name));
  return h(tag, Object.fromEntries(given), ...children.map(element));
}

/** A text with its formulas; `quotes` are the places of each criterion's quotes in it, which are marked. */
export function FormulaText({ text, quotes = [] }) {
  arrived.value; // drawn again once formulas arrive
  useEffect(() => { prepare([text]); }, [text]);
  const pieces = known.get(text) ?? [[text, null]];
  const shown = marked(pieces, quotes);
  return shown.map(([source, tree, numbers], index) => {
    const piece = tree ? element(tree) : source;
    if (!numbers.length) return piece;
    const ending = numbers.filter((number) => !shown[index + 1]?.[2].includes(number));
    return html`<mark>${piece}${ending.length > 0 && html`<sup><span class="heard"> quoted for criterion </span>${ending.join(", ")}</sup>`}</mark>`;
  });
}
