// The keys of the grading screen, and the switch that turns them off.

import { html, useEffect, useRef } from "../library.mjs";
import { KEYS } from "../logic/keys.mjs";

export function KeysDialog({ on, set, close }) {
  const dialog = useRef(null);
  useEffect(() => { dialog.current.showModal(); }, []);
  return html`<dialog ref=${dialog} onClose=${close} aria-labelledby="keys">
    <h2 id="keys">Keys</h2>
    <table><tbody>${KEYS.map(([key, words]) => html`<tr key=${key}><th scope="row"><kbd>${key}</kbd></th><td>${words}</td></tr>`)}</tbody></table>
    <p><label class="check"><input type="checkbox" checked=${on} onChange=${(event) => set(event.currentTarget.checked)} />
      Single keys act; without it, everything is done by buttons</label></p>
    <form method="dialog"><button class="main">Close <kbd>Esc</kbd></button></form>
  </dialog>`;
}
