// Uploads with a camera button, a preview and real progress. Without this file the form is sent as any other.

const form = document.querySelector("form[data-upload]");
const input = form.querySelector("input[type=file]");
const picker = form.querySelector("[data-picker]");
const sending = form.querySelector("[data-sending]");
const send = form.querySelector("[data-send]");
const part = (name) => form.querySelector(`[data-${name}]`);

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

const sizeText = (bytes) => {
  const [amount, unit] = bytes < 2 ** 20 ? [bytes / 2 ** 10, "KB"] : [bytes / 2 ** 20, "MB"];
  return `${amount.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 })} ${unit}`;
};

let address = null;
input.addEventListener("change", () => {
  const file = input.files[0];
  const image = picker.querySelector(".picked img");
  if (address) URL.revokeObjectURL(address);
  address = null;
  image.hidden = true;
  picker.querySelector(".picked").hidden = !file;
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
  part("file-error").hidden = !tooLarge;
  part("file-error").textContent = tooLarge ? input.dataset.tooLarge : "";
  if (tooLarge) input.value = "";
  form.classList.toggle("has-file", !tooLarge);
  if (!tooLarge) send.focus();
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const action = event.submitter?.getAttribute("formaction") || form.getAttribute("action");
  const request = new XMLHttpRequest();
  const text = part("sent-text");
  const bar = sending.querySelector("progress");
  const body = new FormData(form);
  const finish = () => { sending.hidden = true; send.hidden = false; removeEventListener("beforeunload", warn); };
  request.upload.addEventListener("progress", (sent) => {
    bar.value = Math.floor((100 * sent.loaded) / sent.total);
    text.textContent = `${bar.value} % · ${sizeText(sent.loaded)} / ${sizeText(sent.total)}`;
  });
  request.upload.addEventListener("load", () => {
    bar.removeAttribute("value");
    text.textContent = sending.dataset.done;
  });
  request.addEventListener("load", () => {
    finish();
    if (request.status < 400) location.assign(request.responseURL);
    else showProblem(request.responseText);
  });
  request.addEventListener("error", () => { finish(); showText(sending.dataset.failed); });
  request.addEventListener("abort", finish);
  part("stop").onclick = () => request.abort();
  showText("");
  form.querySelector("#upload-problem").replaceChildren();
  bar.value = 0;
  sending.hidden = false;
  send.hidden = true;
  addEventListener("beforeunload", warn);
  request.open("POST", action);
  request.send(body);
});

function warn(event) { event.preventDefault(); }

function showText(message) {
  part("file-error").hidden = !message;
  part("file-error").textContent = message;
}

// The answer is a whole page; its note belongs here, and the file stays chosen.
function showProblem(html) {
  const answer = new DOMParser().parseFromString(html, "text/html");
  const found = answer.querySelector("#upload-problem") ?? answer.querySelector("#main");
  const place = form.querySelector("#upload-problem");
  place.replaceChildren(...found.childNodes);
  place.focus();
}
