// Files that are dropped or chosen: their paths, and in which parts they are uploaded.

const BYTES = 16 * 1024 * 1024; // of one part, unless one file has more
const FILES = 20; // of one part, so that progress is seen

const LEFTOVERS = /^(\.|thumbs\.db$|desktop\.ini$|__macosx$)/i;

/** Return whether a path is of a file that desktops leave, which is not even copied. */
export const isLeftover = (path) => path.split("/").some((part) => LEFTOVERS.test(part));

/** Return the files of a drop, with folders gone through: [{path, file}]. */
export async function filesOf(entries) {
  const found = [];
  for (const entry of entries) {
    const path = entry.fullPath.replace(/^\//, "");
    if (isLeftover(path)) continue;
    if (entry.isFile) found.push({ path, file: await new Promise((done, failed) => entry.file(done, failed)) });
    else found.push(...await filesOf(await inside(entry)));
  }
  return found;
}

/** Return the entries of a folder; a browser gives at most 100 at once. */
async function inside(folder) {
  const reader = folder.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) return found;
    found.push(...some);
  }
}

/** Return files in parts that are uploaded one after another: [[{name, size}]]. */
export function inParts(files) {
  const parts = [];
  let bytes = Infinity;
  for (const file of files) {
    if (bytes + file.size > BYTES || parts.at(-1).length >= FILES) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1).push(file);
    bytes += file.size;
  }
  return parts;
}

/** Return a number of bytes in words. */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  const [number, unit] = bytes < 1e6 ? [bytes / 1e3, "kB"] : bytes < 1e9 ? [bytes / 1e6, "MB"] : [bytes / 1e9, "GB"];
  return `${number < 10 ? number.toFixed(1) : Math.round(number)} ${unit}`;
}

/** Return why a name can't be an assignment's; empty if it can. */
export function nameProblem(name) {
  if (!name) return "";
  return /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name) && !["runs", "cache"].includes(name) ? ""
    : "1 to 64 letters, digits, - and _, with a letter or digit first; not “runs” or “cache”";
}
