// Calls of the console's server, each with the token of its process.

import { signal } from "./vendor/signals-core.mjs";

const OUTLIVES = 10_000; // characters of a call that is made though its page is left; browsers take 64 kB of all
const PATIENCE = 60_000; // ms, until a call counts as lost: longer than the server tries

/** Reason why the server takes no calls of this page; empty if it does. */
export const refusal = signal("");

let token = "";

/** Take the token from an address that `aita console` showed; return whether it has one. */
export function takeToken(address) {
  const found = /#token=([A-Za-z0-9_-]+)/.exec(address);
  if (found) {
    token = found[1];
    refusal.value = "";
  }
  return Boolean(found);
}

/** Return whether this page has a token, be it of a server that is gone. */
export const hasToken = () => token !== "";

/** Error of a call. `status` is 0 if no answer came; `body` is the answer's JSON, if it has one. */
export class CallError extends Error {
  constructor(message, status, body) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

/** Call the stack's API, and return the answer's JSON. */
export async function call(method, path, { query = {}, body, key } = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const address = `/api/${path.map(encodeURIComponent).join("/")}`;
  const asked = given.length ? `${address}?${new URLSearchParams(given)}` : address;
  const response = await send(method, asked, body, key ? { "Idempotency-Key": key } : {}, method === "POST");
  return response.json();
}

/** Ask the console's server for work of its own, such as an export, and return the answer's JSON. */
export async function ownCall(name, body) {
  return (await send("POST", `/own/${name}`, body)).json();
}

/** Hand a dropped file to the console's server, which keeps it until it is uploaded. */
export async function dropFile(drop, path, file) {
  return (await send("POST", `/dropped/${drop}`, file, { "Aita-Console-Path": encodeURIComponent(path) })).json();
}

/** Return a file of the stack's bucket as a blob. */
export async function stored(url) {
  return (await send("POST", "/stored", { url })).blob();
}

/** Return the pieces of texts, with the trees of their formulas. */
export async function formulas(texts) {
  return (await (await send("POST", "/formulas", { texts })).json()).texts;
}

async function send(method, address, body, headers = {}, outlives = false) {
  const isFile = body instanceof Blob;
  const data = isFile ? body : body && JSON.stringify(body);
  let response;
  try {
    response = await fetch(address, {
      method,
      headers: { ...headers, "Aita-Console-Token": token, ...(data && !isFile ? { "Content-Type": "application/json" } : {}) },
      body: data,
      cache: "no-store",
      keepalive: outlives && !isFile && (data ?? "").length < OUTLIVES,
      signal: isFile || address.startsWith("/own/") ? undefined : AbortSignal.timeout(PATIENCE),
    });
  } catch {
    throw new CallError("the console's server does not answer: is 'aita console' still running?", 0, null);
  }
  if (response.ok) return response;
  const told = await response.json().catch(() => null);
  if (told?.error === "RefusedError") refusal.value = told.message;
  throw new CallError(told?.message ?? `the server answers ${response.status}`, response.status, told);
}
