// Pages of piles that are in no booklet, to be given to a folder or to nobody.

import { call, ownCall } from "../calls.mjs";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../library.mjs";
import { foldersFor } from "../logic/folders.mjs";
import { picture } from "../pictures.mjs";
import { link } from "../route.mjs";

const MOST = 50; // folders that are shown

async function allPages(assignment) {
  let pages = [];
  let token = null;
  do {
    const found = await call("GET", ["assignments", assignment, "loose-pages"], { query: { next_token: token } });
    pages = [...pages, ...found.pages];
    token = found.next_token;
  } while (token);
  return pages;
}

const nameOf = (page) => `page ${page.page} of ${page.file}`;

const keyOf = (page) => `${page.file} ${page.page} ${page.part}`;

export function LoosePages({ assignment }) {
  const [pages, setPages] = useState(null);
  const [students, setStudents] = useState([]);
  const [failed, setFailed] = useState("");
  const [problem, setProblem] = useState("");
  const [at, setAt] = useState(0);
  const [search, setSearch] = useState("");
  const [line, setLine] = useState(0);
  const [told, setTold] = useState("");
  const [last, setLast] = useState(null); // the page that was decided on last, to take it back
  const [busy, setBusy] = useState(false);
  const field = useRef(null);
  const load = async () => {
    setFailed("");
    try {
      const [loose, listed] = await Promise.all([allPages(assignment), ownCall("class-list", { assignment })]);
      setPages(loose);
      setStudents(listed.students);
      return loose;
    } catch (error) {
      setFailed(error.message);
      return null;
    }
  };
  useEffect(() => { load(); }, [assignment]);
  const index = Math.min(at, Math.max(0, (pages?.length ?? 0) - 1));
  const page = pages?.[index];
  const folders = page ? foldersFor(page, students, search).slice(0, MOST) : [];
  const chosen = Math.min(line, Math.max(0, folders.length - 1));
  const show = (place) => {
    setAt(Math.max(0, Math.min(pages.length - 1, place)));
    setSearch("");
    setLine(0);
    field.current?.focus();
  };
  const work = async (does) => {
    if (busy) return;
    setBusy(true);
    setProblem("");
    try {
      await does();
    } catch (error) {
      setProblem(error.message);
      if (error.status === 409) await load(); // another person was quicker: the list is another one now
    }
    setBusy(false);
  };
  const give = (folder) => work(async () => {
    const { is_new: isNew } = await ownCall("give", { assignment, file: page.file, page: page.page, folder });
    setTold(`Saved: ${nameOf(page)} is ${folder === null ? "nobody's" : `in ${folder}${isNew ? ", a new folder," : ""} from the next run on`}.`);
    setLast({ ...page, folder });
    setPages(pages.filter((each) => each.file !== page.file || each.page !== page.page)); // parts of one page go together
    setSearch("");
    setLine(0);
  });
  const undo = () => work(async () => {
    await ownCall("take-back", { assignment, file: last.file, page: last.page, folder: last.folder });
    setTold(`Taken back: ${nameOf(last)} waits again.`);
    const found = await load();
    setAt(Math.max(0, found?.findIndex((each) => keyOf(each) === keyOf(last)) ?? 0));
    setLast(null);
  });
  const press = (event) => {
    if (event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowDown" && !event.altKey) setLine(Math.min(chosen + 1, folders.length - 1));
    else if (event.key === "ArrowUp" && !event.altKey) setLine(Math.max(0, chosen - 1));
    else if (event.key === "Enter" && folders[chosen] && page.url) give(folders[chosen].folder);
    else if (event.altKey && event.key === "ArrowDown" || event.key === "PageDown") show(index + 1);
    else if (event.altKey && event.key === "ArrowUp" || event.key === "PageUp") show(index - 1);
    else if (event.altKey && event.code === "KeyN") give(null);
    else if (event.altKey && event.code === "KeyU" && last) undo();
    else return;
    event.preventDefault();
  };
  if (failed) return html`<p class="alert" role="alert">The pages did not come: ${failed} <button type="button" onClick=${load}>Try again</button></p>`;
  if (!pages) return html`<p class="none" role="status">Loading …</p>`;
  return html`<h1>Loose pages</h1>
    <p role="status">${pages.length ? `${pages.length} ${pages.length === 1 ? "page of a pile is" : "pages of piles are"} in no booklet.` : "No page of a pile is loose."} ${told}</p>
    ${problem && html`<p class="alert" role="alert">${problem}</p>`}
    ${last && html`<p><button type="button" disabled=${busy} onClick=${undo}>Take back ${nameOf(last)} <kbd>Alt U</kbd></button>
      ${!pages.length && html` What you decided counts from the next run on: <a href=${link(assignment, "upload")}>start one</a>.`}</p>`}
    ${page && html`<div class="beside">
      <ol class="choices" aria-label="Loose pages">${pages.map((each, place) => html`<li key=${keyOf(each)}>
        <button type="button" aria-current=${place === index ? "true" : undefined} onClick=${() => show(place)}>${each.file}, page ${each.page}${each.part > 1 ? `, part ${each.part}` : ""}
          <span class="excerpt">${each.why}</span></button></li>`)}</ol>
      <${Loose} key=${keyOf(page)} page=${page} folders=${folders} chosen=${chosen} search=${search} field=${field} press=${press} give=${give} busy=${busy}
        setSearch=${(text) => { setSearch(text); setLine(0); }} />
    </div>`}`;
}

function Loose({ page, folders, chosen, search, field, press, give, busy, setSearch }) {
  useLayoutEffect(() => { field.current?.focus(); }, []); // before the next key comes
  useEffect(() => { document.querySelector(".roster [aria-selected=true]")?.scrollIntoView({ block: "nearest" }); }, [chosen, search]);
  return html`<section class="loose" aria-labelledby="whose">
    <h2 id="whose">Whose is ${nameOf(page)}?</h2>
    <p>It is in no booklet: ${page.why}.</p>
    <${Scan} url=${page.url} name=${nameOf(page)} />
    <label>Folder or student, or the name of a new folder
      <input type="search" ref=${field} value=${search} autocomplete="off" role="combobox" aria-expanded="true" aria-controls="folders"
        aria-activedescendant=${folders.length ? `folder-${chosen}` : undefined} onKeyDown=${press} onInput=${(event) => setSearch(event.currentTarget.value)} /></label>
    <ul class="roster" id="folders" role="listbox" aria-label="Folders">${folders.map((each, place) => html`
      <li key=${each.folder} id=${`folder-${place}`} role="option" aria-selected=${place === chosen} onClick=${() => page.url && give(each.folder)}>
        ${each.isNew ? `New folder “${each.folder}”` : each.folder}${each.name && ` ${each.name}`}${each.isBeside && html` <span class="flag">beside it in the pile</span>`}</li>`)}</ul>
    ${!folders.length && html`<p class="none">No folder holds that, and none can have that name.</p>`}
    <p class="tools"><button type="button" class="main" disabled=${busy || !folders.length || !page.url} onClick=${() => give(folders[chosen].folder)}>It belongs there <kbd>Enter</kbd></button>
      <button type="button" disabled=${busy} onClick=${() => give(null)}>It is nobody's <kbd>Alt N</kbd></button></p>
    <p class="cost">Up and down choose a folder; Page up and Page down go to other pages. It counts from the next run on.</p>
  </section>`;
}

function Scan({ url, name }) {
  const [address, setAddress] = useState("");
  const [failed, setFailed] = useState("");
  useEffect(() => {
    let left = false;
    if (url) picture(url).then((found) => left || setAddress(found), (error) => left || setFailed(error.message));
    return () => { left = true; };
  }, [url]);
  if (!url) return html`<p class="alert">There is no picture of it: the page can't be read, so no folder can have it. Scan it again, or say that it is nobody's.</p>`;
  return html`<div class="paper" tabindex="0" role="group" aria-label="The page">${failed ? html`<p class="alert">The page is not shown: ${failed}</p>` : address && html`<img src=${address} alt=${`Scan of ${name}`} draggable=${false} />`}</div>`;
}
