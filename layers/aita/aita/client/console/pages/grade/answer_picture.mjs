// The answer as it stands on the paper: its strips, or its part of each page, or whole pages.

import { html, useEffect, useState } from "../library.mjs";
import { picture } from "../pictures.mjs";

/** Return the pictures that show an answer: {url, page, top, bottom}, with a height of 0 to 1 of the picture. */
export function picturesOf(answer, whole) {
  if (whole) return answer.pages.map(({ url, page }) => ({ url, page, top: 0, bottom: 1 }));
  if (answer.strips.length) return answer.strips.map(({ url, page }) => ({ url, page, top: 0, bottom: 1 }));
  return answer.pages;
}

/** Fetch an answer's pictures before they are shown. */
export function prefetch(answer) {
  for (const { url } of picturesOf(answer, false)) picture(url).catch(() => {}); // shown, and told, once it is looked at
}

export function AnswerPicture({ answer, zoomed, whole, renew }) {
  const shown = picturesOf(answer, whole);
  if (!shown.length) return html`<p class="none">No part of a page belongs to this answer.</p>`;
  return html`<div class=${`paper ${zoomed ? "zoomed" : ""}`} tabindex="0" role="group" aria-label="Handwritten answer">
    ${shown.map((part, index) => html`<${Part} key=${part.url.split("?")[0]} ...${part} renew=${renew}
      name=${`Page ${part.page}${shown.length > 1 ? `, part ${index + 1} of ${shown.length}` : ""}`} />`)}
  </div>`;
}

function Part({ url, top, bottom, name, renew }) {
  const [address, setAddress] = useState("");
  const [failed, setFailed] = useState("");
  const [size, setSize] = useState(null);
  useEffect(() => {
    let left = false;
    setFailed("");
    picture(url).then((found) => left || setAddress(found), (error) => left || setFailed(error.message));
    return () => { left = true; };
  }, [url]);
  if (failed) {
    return html`<p class="alert">${name} is not shown: ${failed}
      <button type="button" onClick=${renew}>Try again</button></p>`;
  }
  const share = Math.max(bottom - top, 0.02);
  const box = size && { aspectRatio: `${size.width} / ${size.height * share}` };
  return html`<figure>
    <div class="crop" style=${box || undefined}>
      ${address && html`<img src=${address} alt=${`${name}, as the student wrote it`} draggable=${false}
        style=${{ transform: `translateY(${-100 * top}%)` }}
        onLoad=${({ currentTarget: { naturalWidth: width, naturalHeight: height } }) => setSize({ width, height })} />`}
    </div>
    <figcaption>${name}</figcaption>
  </figure>`;
}
