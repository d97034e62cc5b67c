// The console's pages: start, frame, and the screen that the address names.

import { hasToken, refusal, takeToken } from "./calls.mjs";
import { html, render, useEffect, useState } from "./library.mjs";
import { isHeld } from "./logic/keys.mjs";
import { follow, link, route } from "./route.mjs";
import { unsent } from "./sending.mjs";
import { Assignments } from "./screens/assignments.mjs";
import { Class } from "./screens/class.mjs";
import { Equal } from "./screens/equal.mjs";
import { Export } from "./screens/export.mjs";
import { Grade } from "./screens/grade.mjs";
import { LoosePages } from "./screens/loose_pages.mjs";
import { Names } from "./screens/names.mjs";
import { NewExam } from "./screens/new_exam.mjs";
import { Parts } from "./screens/parts.mjs";
import { Rubrics } from "./screens/rubrics.mjs";
import { Unknown, useIsUnknown } from "./screens/unknown.mjs";
import { SaveState } from "./save_state.mjs";

const KEPT = "aita-console-address"; // in the tab's own storage, so that the page can be loaded again

const NEW = "+new"; // in an assignment's place: none has such a name

const SCREENS = { upload: NewExam, rubrics: Rubrics, names: Names, loose: LoosePages, parts: Parts, grade: Grade, equal: Equal, class: Class, export: Export };

/** Screens of an assignment, as its navigation names them. */
const TITLES = {
  "": "Overview", upload: "Add files", rubrics: "Questions", names: "Names", loose: "Loose pages", parts: "Parts", grade: "Grade", equal: "Equal answers",
  class: "Class", export: "Hand back",
};

function Frame() {
  const { screen, part, cell } = route.value;
  const isNew = route.value.assignment === NEW;
  const assignment = isNew ? "" : route.value.assignment;
  const isUnknown = useIsUnknown(hasToken() ? assignment : "");
  const Screen = isNew ? NewExam : SCREENS[screen] ?? Assignments;
  useEffect(() => {
    document.querySelector(".screens [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [assignment, screen]);
  useEffect(() => {
    const title = isNew ? "New exam" : screen && TITLES[screen] && `${TITLES[screen]} ${part}`.trim();
    document.title = [title, assignment, "aita"].filter(Boolean).join(" · ");
  }, [screen, part, isNew, assignment]);
  return html`
    <a class="skip" href="#main" onClick=${toMain}>To the content</a>
    <header class="bar">
      <nav aria-label="Console">
        <a href="#/" class="brand">aita</a>
        ${!assignment && html`<a href=${link(NEW)} aria-current=${isNew ? "page" : undefined}>New exam</a>`}
        ${assignment && html`<a href=${link(assignment)} class="assignment">${assignment}</a>`}
      </nav>
      <${SaveState} />
    </header>
    ${assignment && !isUnknown && html`<nav class="screens" aria-label="Screens">${Object.entries(TITLES).map(([name, words]) => html`
      <a key=${name} href=${name ? link(assignment, name) : link(assignment)}
        aria-current=${screen === name ? "page" : undefined}>${words}</a>`)}</nav>`}
    ${refusal.value && html`<${Refused} />`}
    <main id="main" tabindex="-1">
      ${isUnknown ? html`<${Unknown} assignment=${assignment} make=${NEW} />` : hasToken() && html`<${Screen} key=${`${route.value.assignment}/${screen}`} assignment=${assignment} part=${part} cell=${cell} />`}
    </main>
  `;
}

function toMain(event) {
  event.preventDefault(); // the address names a screen
  document.querySelector("#main").focus();
}

/** What to do once the server takes no calls of this page, as after it was started again. */
function Refused() {
  const [address, setAddress] = useState("");
  const port = location.port;
  const take = (event) => {
    event.preventDefault();
    if (!takeToken(address)) return;
    sessionStorage.setItem(KEPT, address);
    if (unsent.entries.value.length) unsent.retry();
    else location.reload();
  };
  return html`<form class="alert" role="alert" onSubmit=${take}>
    <p>The server takes no calls of this page: ${refusal.value}. If it was started again, decisions that were not sent
      are kept here as long as this page is open: start it on the same port (<code>aita console --port ${port}</code>),
      and paste the address that it shows.</p>
    <label>Address <input type="password" autocomplete="off" value=${address}
      onInput=${(event) => setAddress(event.currentTarget.value)} /></label>
    <button>Go on</button>
  </form>`;
}

/** Keep a key that is held down from deciding on one answer after the other, unseen. */
function ignoreHeld(event) {
  const field = event.target.closest("textarea, select, input:not([type=checkbox], [type=radio])");
  if (!isHeld(event, field && (field.matches("textarea") ? "lines" : "line"))) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}

function start() {
  if (takeToken(location.hash)) {
    sessionStorage.setItem(KEPT, location.hash);
    history.replaceState(null, "", "#/"); // the token is not left where a screen shared with others shows it
  } else if (!takeToken(sessionStorage.getItem(KEPT) ?? "")) {
    refusal.value = "open the address that 'aita console' shows";
  }
  follow();
  addEventListener("beforeunload", (event) => { if (unsent.entries.value.length) event.preventDefault(); });
  addEventListener("keydown", ignoreHeld, { capture: true });
  addEventListener("online", () => unsent.retry());
  const page = document.querySelector("#page");
  page.replaceChildren();
  render(html`<${Frame} />`, page);
}

start();
