// Uploads with a camera button, a preview and real progress, in parts: they go on after a reload, another network or
// an evening. Without this file, or without tus-js-client, the form is sent as any other.

const form = document.querySelector("form[data-upload]");
const input = form.querySelector("input[type=file]");
const picker = form.querySelector("[data-picker]");
const sending = form.querySelector("[data-sending]");
const bar = sending.querySelector("progress");
const send = form.querySelector("[data-send]");
const place = form.querySelector("#upload-problem");
const part = (name) => form.querySelector(`[data-${name}]`);

const STREAM = "application/offset+octet-stream";
const RETRY_MS = [0, 1000, 3000, 5000, 10000, 20000, 30000, 30000];
const RATE_MS = 8000;
const FULL = 507;

picker.querySelector(".pick").hidden = false;
input.classList.add("hidden-text");
input.tabIndex = -1;

part("camera").addEventListener("click", () => {
  input.setAttribute("capture", "environment");
  input.accept = "image/*";
  input.click();
});
const accepted = input.accept;
part("choose").addEventListener("click", () => {
  input.removeAttribute("capture");
  input.accept = accepted;
  input.click();
});

const language = document.documentElement.lang;
const sizeText = (bytes) => {
  const [amount, unit] = bytes < 2 ** 20 ? [bytes / 2 ** 10, "KB"] : [bytes / 2 ** 20, "MB"];
  return `${amount.toLocaleString(language, { maximumFractionDigits: 1 })} ${unit}`;
};
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

let address = null;
input.addEventListener("change", async () => {
  const file = input.files[0];
  const image = picker.querySelector(".picked img");
  if (address) URL.revokeObjectURL(address);
  address = null;
  image.hidden = true;
  picker.querySelector(".picked").hidden = !file;
  part("known").hidden = true;
  form.classList.toggle("has-file", Boolean(file));
  if (!file) return;
  part("name").textContent = file.name;
  part("size").textContent = sizeText(file.size);
  if (file.type.startsWith("image/")) {
    address = URL.createObjectURL(file);
    image.onload = () => { image.hidden = false; };
    image.src = address;
  }
  const tooLarge = file.size > Number(input.dataset.limit);
  showText(tooLarge ? input.dataset.tooLarge : "");
  if (tooLarge) input.value = "";
  form.classList.toggle("has-file", !tooLarge);
  if (tooLarge) return;
  if ("atOnce" in form.dataset && window.tus) {
    form.requestSubmit();
    return;
  }
  send.focus();
  part("known").hidden = !(await storage.findUploadsByFingerprint(await fingerprint(file))).length;
});

// What is remembered of an unfinished upload is its address alone, under a name that tells nothing of the file to
// whoever is not signed in: a hash over a secret of the wallet. It goes when the upload is over.
const NAME = "docvault-upload-";
async function fingerprint(file) {
  if (!window.crypto?.subtle) return null;
  const said = JSON.stringify([form.dataset.secret, form.dataset.document ?? "", file.name, file.type, file.size, file.lastModified]);
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(said));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
const storage = {
  findAllUploads: async () => [],
  findUploadsByFingerprint: async (print) => {
    const known = print && localStorage.getItem(NAME + print);
    return known ? [{ uploadUrl: new URL(known, location.href).href, urlStorageKey: NAME + print, size: null, metadata: {}, creationTime: "" }] : [];
  },
  removeUpload: async (key) => { localStorage.removeItem(key); },
  addUpload: async (print, upload) => {
    localStorage.setItem(NAME + print, new URL(upload.uploadUrl, location.href).pathname);
    return NAME + print;
  },
};

let upload = null;
let paused = false;
let moments = [];

form.addEventListener("submit", async (event) => {
  if (!window.tus) return;
  event.preventDefault();
  const file = input.files[0];
  if (!file) return;
  place.replaceChildren();
  showText("");
  part("known").hidden = true;
  upload = new tus.Upload(file, {
    endpoint: form.dataset.upload,
    retryDelays: RETRY_MS,
    metadata: metadata(file),
    fingerprint,
    urlStorage: storage,
    removeFingerprintOnSuccess: true,
    onUploadUrlAvailable: () => { upload.options.endpoint = null; },  // from here on it goes on, and never begins again
    onShouldRetry: (error) => {
      const again = navigator.onLine && passes(error);
      if (again && status(error)) tell(sending.dataset.sayAgain);
      return again;
    },
    onProgress: progress,
    onSuccess: ({ lastResponse }) => leave((name) => lastResponse.getHeader(name)),
    onError: failed,
  });
  begin();
  const [before] = await upload.findPreviousUploads();
  if (before) {
    upload.resumeFromPreviousUpload(before);
    upload.options.endpoint = null;
  }
  upload.start();
});

function metadata(file) {
  const said = { filename: file.name, filetype: file.type };
  for (const name of ["title", "kind", "replaces"]) if (form.elements[name]?.value) said[name] = form.elements[name].value;
  if (form.dataset.document) said.document = form.dataset.document;
  return said;
}

// What a screen reader says, too; numbers that change all the time are only shown.
function tell(text) {
  if (!bar.hasAttribute("value")) bar.value = 100;
  part("sent-text").textContent = text;
  part("said").textContent = text;
  part("rate").textContent = "";
}

function begin() {
  paused = false;
  moments = [];
  bar.value = 0;
  tell(sending.dataset.sayBegin);
  form.classList.add("is-sending");
  part("pause").textContent = sending.dataset.sayPause;
  part("pause").hidden = false;
  sending.hidden = false;
  send.hidden = true;
  addEventListener("beforeunload", warn);
}

function end() {
  form.classList.remove("is-sending");
  sending.hidden = true;
  send.hidden = false;
  removeEventListener("beforeunload", warn);
}

function progress(sent, total) {
  if (sent === total) {
    tell(sending.dataset.sayDone);
    bar.removeAttribute("value");
    part("pause").hidden = true;
    return;
  }
  bar.value = Math.floor((100 * sent) / total);
  part("sent-text").textContent = `${bar.value} % · ${sizeText(sent)} / ${sizeText(total)}`;
  part("rate").textContent = rateText(sent, total);
}

function rateText(sent, total) {
  const now = performance.now();
  moments = [...moments.filter(([at, bytes]) => now - at < RATE_MS && bytes <= sent), [now, sent]];
  const [[since, before]] = moments;
  if (now - since < 1000) return "";
  const rate = (1000 * (sent - before)) / (now - since);
  if (!rate) return "";
  const seconds = Math.ceil((total - sent) / rate);
  const left = seconds < 90 ? fill(sending.dataset.saySeconds, { n: seconds }) : fill(sending.dataset.sayMinutes, { n: Math.ceil(seconds / 60) });
  return `${fill(sending.dataset.sayRate, { rate: sizeText(rate) })} · ${left}`;
}

const status = (error) => error.originalResponse?.getStatus() ?? 0;
const problem = (error) => {
  try { return JSON.parse(error.originalResponse.getBody()); } catch { return null; }
};
const passes = (error) => [0, 408, 423, 500, 502, 503, 504].includes(status(error)) || problem(error)?.type === "/problems/upload-elsewhere";

async function failed(error) {
  let said = problem(error);
  if (status(error) === 401) {
    location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
  } else if (status(error) === 404 && upload.url && !said) {  // it was given up meanwhile: once more from the beginning
    upload.url = null;
    upload.options.endpoint = form.dataset.upload;
    upload.start();
  } else if (passes(error)) {
    wait(navigator.onLine ? sending.dataset.sayLost : sending.dataset.sayOffline);
  } else if (status(error) === FULL && upload.url) {  // what was sent lies there still
    wait(said?.detail ?? sending.dataset.sayLost);
  } else {
    said ??= await finish("").then((answer) => answer.json()).catch(() => null);  // a HEAD has no body that says why
    end();
    if (said?.type !== "/problems/duplicate") forget();
    if (said) showProblem(said);
    else showText(sending.dataset.sayFailed);
  }
}

function wait(text) {
  paused = true;
  tell(text);
  part("pause").textContent = sending.dataset.sayResume;
  part("pause").hidden = false;
}

function goOn() {
  if (!upload || !paused || sending.hidden) return;
  paused = false;
  moments = [];
  tell(sending.dataset.sayBegin);
  part("pause").textContent = sending.dataset.sayPause;
  upload.start();
}

addEventListener("offline", () => {
  if (!upload || paused || sending.hidden) return;
  upload.abort();
  wait(sending.dataset.sayOffline);
  sending.dataset.waits = "yes";
});
addEventListener("online", () => {
  if (sending.dataset.waits) goOn();
  delete sending.dataset.waits;
});

part("pause").addEventListener("click", () => {
  delete sending.dataset.waits;
  if (paused) { goOn(); return; }
  upload.abort();
  wait(sending.dataset.sayPaused);
});

part("stop").addEventListener("click", async () => {
  end();
  const stopped = upload;
  await stopped.abort(true).catch(() => {});  // what cannot be taken back now is swept by itself
  forget();
});

async function forget() {
  const print = input.files[0] && await fingerprint(input.files[0]);
  if (print) localStorage.removeItem(NAME + print);
}

// A poor photograph is told of before anything else.
function leave(header) {
  removeEventListener("beforeunload", warn);
  const to = header("Docvault-Quality") ? form.dataset.poor : form.dataset.after;
  location.assign(fill(to, { id: header("Docvault-Document").split("/").pop() }));
}

function warn(event) { event.preventDefault(); }

function showText(message) {
  part("file-error").hidden = !message;
  part("file-error").textContent = message;
}

function showProblem(said) {
  const note = form.querySelector("template[data-problem]").content.cloneNode(true);
  note.querySelector("strong").textContent = said.title;
  note.querySelector("p").textContent = said.detail;
  const duplicate = note.querySelector("[data-duplicate]");
  if (said.document_id) duplicate.querySelector("a").href = `/papers/${said.document_id}`;
  else duplicate.remove();
  note.querySelector("[data-keep]")?.addEventListener("click", keep);
  place.replaceChildren(note);
  place.focus();
}

// All bytes are there: none is sent again.
function finish(query) {
  const headers = { "Tus-Resumable": "1.0.0", "Content-Type": STREAM, "Upload-Offset": String(input.files[0].size) };
  return fetch(upload.url + query, { method: "PATCH", headers });
}

async function keep() {
  place.replaceChildren();
  begin();
  progress(1, 1);
  try {
    const answer = await finish("?duplicate=keep");
    if (answer.ok) {
      await forget();
      leave((name) => answer.headers.get(name));
      return;
    }
    end();
    showProblem(await answer.json());
  } catch {
    end();
    showText(sending.dataset.sayFailed);
  }
}
