// Presses the button again and again, and shows how far it is. Without this file a person presses it.

const place = document.querySelector("[data-preparing]");
const bar = place.querySelector("progress");
const text = place.querySelector("[data-prepared-text]");
const problem = place.querySelector("[data-problem]");
const button = place.querySelector("[data-go-on]");

const sizeText = (bytes) => {
  const units = ["B", "KB", "MB", "GB"];
  let unit = 0;
  let amount = bytes;
  while (amount >= 1024 && unit < units.length - 1) { amount /= 1024; unit += 1; }
  return `${amount.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 })} ${units[unit]}`;
};

class Later extends Error {}

async function goOn() {
  button.hidden = true;
  problem.hidden = true;
  try {
    for (;;) {
      const answer = await fetch("/api/export/continue", { method: "POST" });
      if (answer.status === 503 || answer.status === 507) throw new Later((await answer.json()).detail);
      if (!answer.ok) break; // the page says how it stands
      const told = await answer.json();
      bar.value = told.done;
      text.textContent = bar.dataset.text.replace("{done}", sizeText(told.done)).replace("{total}", bar.dataset.of);
      if (told.ready) break;
    }
    location.reload();
  } catch (error) {
    problem.textContent = (error instanceof Later && error.message) || place.dataset.failed;
    problem.hidden = false;
    button.hidden = false;
  }
}

button.form.addEventListener("submit", (event) => {
  if (event.submitter !== button) return;
  event.preventDefault();
  goOn();
});
goOn();
