// Sends an export paper by paper, cut out of the ZIP where it lies. Without this file the form sends it whole.
// The form of the ZIP is docs/formats/export.md: entries are stored, one after the other, sizes in front.

const form = document.querySelector("form[data-import]");
const sending = form.querySelector("[data-sending]");
const bar = sending.querySelector("progress");
const text = sending.querySelector("[data-sent-text]");
const problem = form.querySelector("[data-problem]");
const button = form.querySelector("[data-bring]");
const report = document.querySelector("[data-report]");
const lines = report.querySelector("[data-lines]");

const LOCAL = 30;
const FULL = 0xffffffff;
const MANIFEST_MOST = 8 * 2 ** 20;
const TRIES = 5;

class NotAnExport extends Error {}
class Ended extends Error {}
class Refused extends Error {}
const FINAL = [NotAnExport, Ended, Refused];

const sizeText = (bytes) => {
  const units = ["B", "KB", "MB", "GB"];
  let unit = 0;
  let amount = bytes;
  while (amount >= 1024 && unit < units.length - 1) { amount /= 1024; unit += 1; }
  return `${amount.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 })} ${units[unit]}`;
};

const entryLength = ({ path, size }) => LOCAL + path.length + (size >= FULL ? 20 : 0) + size;

// Where in the file each paper's entries begin and end.
async function readRuns(file) {
  const head = new DataView(await file.slice(0, LOCAL).arrayBuffer());
  if (head.byteLength < LOCAL || head.getUint32(0, true) !== 0x04034b50) throw new NotAnExport();
  const size = head.getUint32(22, true);
  const begin = LOCAL + head.getUint16(26, true) + head.getUint16(28, true);
  if (size > MANIFEST_MOST) throw new NotAnExport();
  let manifest;
  try {
    manifest = JSON.parse(await file.slice(begin, begin + size).text());
  } catch {
    throw new NotAnExport();
  }
  if (manifest.format !== "docvault-export" || !Array.isArray(manifest.files)) throw new NotAnExport();
  const places = new Map();
  let at = begin + size;
  for (const entry of manifest.files) {
    const length = entryLength(entry);
    places.set(entry.path, [at, at + length]);
    at += length;
  }
  if (at > file.size || !manifest.papers.every((run) => run.files.every((path) => places.has(path)))) throw new NotAnExport();
  return manifest.papers.map(({ files }) => [places.get(files[0])[0], places.get(files.at(-1))[1]]);
}

// A break of the network costs one paper at most: it is sent again, after ever longer pauses.
async function sendAgain(blob, progress) {
  for (let n = 1; ; n += 1) {
    try {
      return await send(blob, progress);
    } catch (error) {
      if (n === TRIES || FINAL.some((kind) => error instanceof kind)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000 * 2 ** n));
    }
  }
}

function send(blob, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (sent) => progress(sent.loaded));
    request.addEventListener("load", () => {
      if (new URL(request.responseURL).pathname === "/sign-in") reject(new Ended());
      else if (request.status === 422) reject(new NotAnExport(said(request.responseText)?.dataset.reason));
      else if (request.status === 503) reject(new Error(said(request.responseText)?.textContent));
      else if (request.status >= 400) reject(new Refused(said(request.responseText)?.textContent));
      else resolve(request.responseText);
    });
    request.addEventListener("error", () => reject(new Error()));
    request.open("POST", "/import/papers");
    request.setRequestHeader("Content-Type", "application/zip");
    request.send(blob);
  });
}

const parsed = (html) => new DOMParser().parseFromString(html, "text/html");

// What a page that says no has to say.
const said = (html) => parsed(html).querySelector("[data-detail]");

function show(html) {
  lines.append(...parsed(html).body.childNodes);
  report.hidden = false;
}

async function bringIn(file) {
  const runs = await readRuns(file);
  const total = runs.reduce((sum, [begin, end]) => sum + end - begin, 0);
  bar.max = Math.max(total, 1);
  report.hidden = runs.length > 0;
  lines.replaceChildren();
  report.querySelector("[data-nothing]").hidden = runs.length > 0;
  let done = 0;
  for (const [n, [begin, end]] of runs.entries()) {
    const tell = (sent) => {
      bar.value = done + sent;
      text.textContent = form.dataset.progress.replace("{n}", n + 1).replace("{total}", runs.length)
        .replace("{done}", sizeText(bar.value)).replace("{size}", sizeText(total));
    };
    tell(0);
    show(await sendAgain(file.slice(begin, end), tell));
    done += end - begin;
    tell(0);
  }
  report.querySelector("[data-done]").hidden = false;
  report.focus();
  report.scrollIntoView();
}

const warn = (event) => event.preventDefault();

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.hidden = true;
  document.getElementById("import-problem").replaceChildren();
  sending.hidden = false;
  button.hidden = true;
  addEventListener("beforeunload", warn);
  try {
    await bringIn(form.querySelector("input[type=file]").files[0]);
  } catch (error) {
    const kind = error instanceof NotAnExport ? (error.message === "checksum-wrong" ? "damaged" : "noExport")
      : error instanceof Ended ? "gone" : "failed";
    const why = kind === "failed" ? error.message : "";
    problem.textContent = [why, form.dataset[kind]].filter(Boolean).join(" ");
    problem.hidden = false;
  } finally {
    removeEventListener("beforeunload", warn);
    sending.hidden = true;
    button.hidden = false;
  }
});
