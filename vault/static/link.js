// The link of a share: its secret is in the fragment, which no browser sends. It leaves the address bar at once, waits
// in this window's memory while the officer signs in, and goes to the server only in the body of the officer's form.

const KEY = "docvault-link";
const SHAPE = /^[0-9a-f-]{36}\.[A-Za-z0-9_-]{43}$/;

const form = document.querySelector("form[data-link]");
const keeps = document.querySelector("[data-link-keep]");
const ready = document.querySelector("[data-link-ready]");

function taken() {
  const token = location.hash.slice(1);
  if (token) history.replaceState(null, "", location.pathname + location.search);
  return SHAPE.test(token) ? token : "";
}

function arrive() {
  const token = taken();
  if (document.querySelector(token ? "[data-link-drop]" : "[data-link-drop], [data-link-failed]")) {
    sessionStorage.removeItem(KEY); // used up, refused, or not this reader's to use
    return;
  }
  if (token && (keeps || form)) sessionStorage.setItem(KEY, token);
  const waiting = sessionStorage.getItem(KEY);
  if (!waiting || !(keeps || form)) return;
  if (form && (token || !form.elements.link.value)) form.elements.link.value = waiting;
  if (ready && (keeps || form.elements.link.value === waiting)) ready.hidden = false;
}

arrive();
addEventListener("hashchange", arrive);

// The page with the code is shown once: loading it again leads to the list instead of making a second share.
const made = document.querySelector("[data-made]");
if (made) history.replaceState(null, "", made.dataset.made);

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    button.textContent = button.dataset.copied;
  });
}

// The camera, where the browser itself can read codes.
const scan = form?.querySelector("[data-scan]");
if (scan && "BarcodeDetector" in window && navigator.mediaDevices) {
  const panel = form.querySelector("[data-scanner]");
  const video = panel.querySelector("video");
  const trouble = form.querySelector("[data-scan-error]");
  let stream = null;

  const stop = () => {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    panel.hidden = true;
  };
  const found = (text) => {
    const token = text.slice(text.lastIndexOf("#") + 1);
    if (!SHAPE.test(token)) return false;
    stop();
    form.elements.link.value = token;
    form.requestSubmit();
    return true;
  };
  const look = async (detector) => {
    while (stream) {
      const codes = await detector.detect(video).catch(() => []);
      if (codes.some((code) => found(code.rawValue))) return;
      await new Promise((later) => { setTimeout(later, 200); });
    }
  };

  scan.hidden = false;
  scan.addEventListener("click", async () => {
    trouble.hidden = true;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      panel.hidden = false;
      video.srcObject = stream;
      await video.play();
      await look(new BarcodeDetector({ formats: ["qr_code"] }));
    } catch {
      stop();
      trouble.hidden = false;
    }
  });
  form.querySelector("[data-scan-stop]").addEventListener("click", stop);
  addEventListener("pagehide", stop);
}
