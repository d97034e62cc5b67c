// Folders that a loose page may be given to.

import assert from "node:assert/strict";
import { test } from "node:test";

const { foldersFor } = await import("../../layers/aita/aita/client/console/pages/logic/folders.mjs");

const page = { beside: ["booklet-class-0004", "Zoë"] };
const students = [{ folder: "Ann", name: "Ann Lee" }, { folder: "Zoë", name: "Zoë" }, { folder: "ann", name: "Annika" }];
const names = (search) => foldersFor(page, students, search).map((each) => each.folder);

test("those beside it come first, each once", () => {
  assert.deepEqual(names(""), ["booklet-class-0004", "Zoë", "Ann", "ann"]);
  assert.deepEqual(foldersFor(page, students)[1], { folder: "Zoë", name: "", isBeside: true });
});

test("what is typed finds folders and names, and is a new folder unless there is one", () => {
  assert.deepEqual(names("lee"), ["Ann", "lee"]);
  assert.deepEqual(names("Ann"), ["Ann", "ann"]);
  assert.deepEqual(names("zoe"), ["Zoë", "zoe"]);
  assert.deepEqual(foldersFor(page, students, " Bo ").at(-1), { folder: "Bo", name: "", isBeside: false, isNew: true });
});

test("a name that no folder can have is not offered", () => {
  assert.deepEqual([names(".x"), names("q/w")], [[], []]);
});
