// Small comforts of every page. Without this file everything still works.
document.documentElement.classList.add("scripted");

// A check box under a password that shows it.
for (const input of document.querySelectorAll("input[data-peek]")) {
  const label = document.createElement("label");
  label.className = "peek";
  const box = document.createElement("input");
  box.type = "checkbox";
  box.addEventListener("change", () => { input.type = box.checked ? "text" : "password"; });
  label.append(box, input.dataset.peek);
  input.after(label);
  input.form.addEventListener("submit", () => { input.type = "password"; });
}

// A form is sent once: a second tap on a slow network does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  if (event.defaultPrevented) return;
  form.dataset.sent = "yes";
  setTimeout(() => { delete form.dataset.sent; }, 5000);
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-busy", String(button === event.submitter));
});
addEventListener("pageshow", () => {
  for (const form of document.forms) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button[aria-busy]")) button.removeAttribute("aria-busy");
  }
});

// A piece that was asked for after the session ended: the whole page goes to sign in, not the piece alone.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (new URL(event.detail.xhr.responseURL || location.href).pathname !== "/sign-in") return;
  event.preventDefault();
  location.reload();
});
