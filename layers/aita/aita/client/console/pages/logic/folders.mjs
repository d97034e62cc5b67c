// Folders that a loose page may be given to: those beside it in the pile first, then students', then a new one.

import { folded } from "./folded_text.mjs";

const words = (text) => folded(text).split(/[^\p{L}\p{N}]+/u).filter(Boolean);

const canBe = (name) => name !== "" && !name.startsWith(".") && !name.includes("/");

/**
 * Return the folders that hold all that was searched: { folder, name, isNew }.
 *
 * page.beside: folders of the booklets before and behind; students: { folder, name }. A text that is no folder's name
 * is offered last, as a new folder.
 */
export function foldersFor(page, students, search = "") {
  const known = new Map(page.beside.map((folder) => [folder, { folder, name: "", isBeside: true }]));
  for (const { folder, name } of students) known.set(folder, { folder, name: name === folder ? "" : name, isBeside: page.beside.includes(folder) });
  const wanted = words(search);
  const found = [...known.values()].filter((each) => {
    const text = words(`${each.folder} ${each.name}`).join(" ");
    return wanted.every((word) => text.includes(word));
  });
  const typed = search.trim();
  return canBe(typed) && !known.has(typed) ? [...found, { folder: typed, name: "", isBeside: false, isNew: true }] : found;
}
