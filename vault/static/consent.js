// A paper was read while the page was open: what was typed is kept first, then the page shows what there is now.

const form = document.querySelector("form.consent");
let saving = false;

const save = () => {
  if (saving) return;
  saving = true;
  form.requestSubmit(form.querySelector("[data-save]"));
};

document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.xhr.getResponseHeader("HX-Refresh") !== "true") return;
  event.preventDefault();
  const typing = document.activeElement?.matches("form.consent :is(input:not([type=checkbox]), textarea, select)");
  if (typing) document.activeElement.addEventListener("blur", save, { once: true });
  else save();
});
