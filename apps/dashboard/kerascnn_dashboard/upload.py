"""The uploader: a file goes to the server in pieces of 8 MiB, so that neither side holds it, and can be gone on with.

Streamlit's own keeps every byte in the server's memory.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from kerascnn_dashboard.logic.uploads import ACCEPTED, Upload, token

_HTML = """
<div class="box">
  <label for="file"></label>
  <input type="file" id="file" aria-describedby="hint">
  <div id="hint"></div>
  <div class="going" hidden>
    <progress max="1" value="0" aria-label="Upload"></progress>
    <span role="status" aria-live="polite"></span>
    <button type="button">Cancel</button>
  </div>
  <p class="error" role="alert" hidden></p>
</div>
"""
_CSS = """
.box { border: 1px dashed var(--st-border-color); border-radius: var(--st-base-radius); padding: 1rem;
  font-family: var(--st-font); color: var(--st-text-color); }
.box.over { border-color: var(--st-primary-color); background: var(--st-secondary-background-color); }
label { display: block; margin-bottom: 0.5rem; }
input { max-width: 100%; color: inherit; font: inherit; }
input:focus-visible, button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
#hint { font-size: 0.875rem; opacity: 0.75; margin-top: 0.5rem; }
.going { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: center; margin-top: 0.75rem; }
.going[hidden], .error[hidden] { display: none; }
progress { flex: 1 1 12rem; accent-color: var(--st-primary-color); }
button { font: inherit; color: inherit; background: transparent; border: 1px solid var(--st-border-color);
  border-radius: var(--st-base-radius); padding: 0.25rem 0.75rem; cursor: pointer; }
.error { color: var(--st-red-text-color, #b00020); margin: 0.75rem 0 0; }
"""
_JS = """
const PIECE = 8 * 1024 * 1024;
const TRIES = 8;
const states = new WeakMap();

function said(size) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let i = 0;
  while (size >= 1023.5 && i < units.length - 1) { size /= 1024; i += 1; }
  return `${i && size < 9.95 ? size.toFixed(1) : Math.round(size)} ${units[i]}`;
}

function left(seconds) {
  if (!isFinite(seconds)) return "";
  if (seconds < 90) return `about ${Math.max(1, Math.round(seconds))} s left`;
  return `about ${Math.round(seconds / 60)} min left`;
}

async function checksum(bytes) {
  // Browsers have it on https and on this computer alone.
  if (!globalThis.crypto?.subtle) return "";
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

class Refused extends Error {}

async function ask(state, method, extra, body) {
  const { ticket, file, stop } = state.run;
  const headers = { "X-Kerascnn-Upload": ticket.token, ...extra };
  const response = await fetch(`${state.data.address}/${ticket.id}`, { method, headers, body, signal: stop.signal });
  const answer = await response.json().catch(() => ({}));
  if (response.ok || response.status === 409) return answer;
  const message = answer.error || `the server answered ${response.status}`;
  if ([401, 403, 413, 507].includes(response.status)) throw new Refused(message);
  throw new Error(message);
}

async function patiently(state, work) {
  for (let i = 0; ; i += 1) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Refused || state.run.stop.signal.aborted || i + 1 >= TRIES) throw error;
      state.status.textContent = `${error.message}; trying again`;
      await new Promise((done) => setTimeout(done, Math.min(500 * 2 ** i, 15000)));
    }
  }
}

async function send(state) {
  const { file } = state.run;
  const name = encodeURIComponent(file.name);
  const first = await patiently(state, () => ask(state, "GET", {}));
  let at = first.received || 0;
  const began = Date.now();
  const from = at;
  while (at < file.size) {
    const bytes = await file.slice(at, at + PIECE).arrayBuffer();
    const sum = await checksum(bytes);
    const headers = { "Upload-Offset": String(at), "Upload-Length": String(file.size), "Upload-Name": name };
    if (sum) headers["Upload-Checksum"] = sum;
    const answer = await patiently(state, () => ask(state, "PUT", headers, bytes));
    at = answer.received;
    const speed = (at - from) / Math.max(1, Date.now() - began) * 1000;
    state.bar.value = at / file.size;
    state.status.textContent = `${said(at)} of ${said(file.size)}, ${left((file.size - at) / speed)}`;
  }
}

function show(state, going, error) {
  state.going.hidden = !going;
  state.input.disabled = going;
  state.error.hidden = !error;
  state.error.textContent = error || "";
}

async function take(state, file) {
  if (!file || state.run) return;
  if (file.size > state.data.limit) {
    show(state, false, `${file.name} is ${said(file.size)}; the limit is ${said(state.data.limit)}. Give the folder ` +
      "on this computer instead.");
    return;
  }
  if (!file.size) { show(state, false, `${file.name} is empty.`); return; }
  const same = (one) => one.name === file.name && one.size === file.size;
  const ticket = state.data.unfinished.find(same) || state.data.fresh;
  state.run = { ticket, file, stop: new AbortController() };
  state.bar.value = 0;
  state.status.textContent = `0 bytes of ${said(file.size)}`;
  show(state, true, "");
  try {
    await send(state);
    state.status.textContent = "uploaded";
    state.component.setTriggerValue("done", ticket.id);
    show(state, false, "");
  } catch (error) {
    const stopped = state.run.stop.signal.aborted;
    show(state, false, stopped ? "" : `${file.name}: ${error.message}. Choose the same file again to go on.`);
    if (stopped) {
      await fetch(`${state.data.address}/${ticket.id}`,
        { method: "DELETE", headers: { "X-Kerascnn-Upload": ticket.token } }).catch(() => {});
      state.component.setTriggerValue("cancelled", ticket.id);
    }
  } finally {
    state.run = null;
    state.input.value = "";
  }
}

export default function (component) {
  const { data, parentElement } = component;
  let state = states.get(parentElement);
  if (!state) {
    const find = (what) => parentElement.querySelector(what);
    state = { box: find(".box"), input: find("input"), going: find(".going"), bar: find("progress"),
      status: find("[role=status]"), error: find(".error"), run: null };
    states.set(parentElement, state);
    state.input.onchange = () => take(state, state.input.files[0]);
    find("button").onclick = () => state.run?.stop.abort();
    state.box.ondragover = (event) => { event.preventDefault(); state.box.classList.add("over"); };
    state.box.ondragleave = () => state.box.classList.remove("over");
    state.box.ondrop = (event) => {
      event.preventDefault();
      state.box.classList.remove("over");
      take(state, event.dataTransfer.files[0]);
    };
  }
  state.component = component;
  state.data = data;
  parentElement.querySelector("label").textContent = data.label;
  parentElement.querySelector("#hint").textContent = data.hint;
  state.input.accept = data.accept;
}
"""
_UPLOADER = st.components.v2.component("kerascnn_upload", html=_HTML, css=_CSS, js=_JS)


def uploader(project: str, id: str, *, limit: int, unfinished: Sequence[Upload], key: str) -> str:
    """Draw the uploader; return the id of an upload that has just become whole, else "".

    `id` is that of the next upload. Where the user chooses a file that is unfinished, that one is gone on with.
    """
    data = {
        "address": f"/api/upload/{project}",
        "fresh": {"id": id, "token": token(project, id)},
        "unfinished": [
            {"id": one.id, "token": token(project, one.id), "name": one.name, "size": one.size}
            for one in unfinished
            if one.file is None
        ],
        "limit": limit,
        "label": "Choose an archive or a table, or drop it here",
        "hint": f"{', '.join(ACCEPTED)}, up to {limit / (1 << 30):.3g} GB.",
        "accept": ",".join(ACCEPTED).replace(".tar.gz", ".gz"),
    }
    result = _UPLOADER(key=key, data=data, on_done_change=_nothing, on_cancelled_change=_nothing)
    return str(result.get("done") or "")


def _nothing() -> None:
    """Let the component's events run the page again."""
