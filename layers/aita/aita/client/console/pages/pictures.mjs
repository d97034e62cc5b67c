// Pictures of pages, kept in memory alone: the browser stores none of them.

import { stored } from "./calls.mjs";

const KEPT = 80;
const kept = new Map(); // by the URL without its signature, oldest first

const nameOf = (url) => url.split("?")[0];

/** Return the promise of a picture's address in this page; it is fetched once. */
export function picture(url) {
  const name = nameOf(url);
  let found = kept.get(name);
  kept.delete(name);
  if (!found) {
    found = stored(url).then((blob) => URL.createObjectURL(blob));
    found.catch(() => kept.delete(name));
  }
  kept.set(name, found);
  if (kept.size > KEPT) {
    const [oldest, promise] = kept.entries().next().value;
    kept.delete(oldest);
    promise.then((address) => URL.revokeObjectURL(address), () => {});
  }
  return found;
}
