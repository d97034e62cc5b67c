// Files that the console's server made, handed to the browser's downloads.

const FOR_GOOD = 60_000; // ms until the page forgets a file; the browser has taken it by then

/** Save a file of {name, content in base 64}. */
export function download({ name, content }) {
  const bytes = Uint8Array.from(atob(content), (each) => each.charCodeAt(0));
  const address = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), FOR_GOOD);
}
