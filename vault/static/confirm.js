// The value that has the focus lights up on the page and is shown enlarged above its field, and a touch of the page goes
// to the value that stands there. Without this file each field has a link to its place.

const facts = document.querySelector("[data-facts]");
const pages = document.querySelector("[data-pages]");
const lens = document.createElement("canvas");
const OF = 10000; // parts of a page's side that boxes are given in
const NEAR = 24; // pixels by which a finger may miss a box
const LEAST = 0.42; // of the page's width that is shown at least, so that one sees where one is
const ROOM = 1.12; // of the box's width

lens.className = "lens";
lens.setAttribute("aria-hidden", "true");

const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
const boxOf = (field) => pages.querySelector(`[data-field="${CSS.escape(field.name)}"]`);
const side = (box, name) => Number(box.getAttribute(name)) / OF;
let lit = null;

facts.addEventListener("focusin", ({ target }) => light(target.name ? boxOf(target) : null, target));
facts.addEventListener("submit", () => lens.remove());
addEventListener("resize", () => { if (lit && lens.isConnected) draw(lit); });

function light(box, field) {
  if (box === lit && lens.isConnected) return;
  lit?.classList.remove("lit");
  lit = box;
  if (!box) {
    lens.remove();
    return;
  }
  box.classList.add("lit");
  field.closest(".fact").before(lens);
  show(box.closest("li"));
  draw(box);
}

// Only the list of pages moves: whoever types stays where they are.
function show(item) {
  const list = item.parentElement;
  const left = item.offsetLeft - (list.clientWidth - item.offsetWidth) / 2;
  const top = item.offsetTop - list.offsetTop;
  list.scrollTo({ left, top, behavior: calm ? "auto" : "smooth" });
}

async function draw(box) {
  const image = box.closest("li").querySelector("img");
  image.loading = "eager";
  try {
    await image.decode();
  } catch { // there is no picture
    lens.remove();
    return;
  }
  if (box === lit && lens.isConnected) enlarge(image, box);
}

function enlarge(image, box) {
  const { naturalWidth: whole, naturalHeight: tall } = image;
  const [x, y, wide, high] = ["x", "y", "width", "height"].map((name, at) => side(box, name) * (at % 2 ? tall : whole));
  const width = lens.clientWidth;
  const height = lens.clientHeight;
  const across = Math.min(whole, Math.max(whole * LEAST, wide * ROOM, (high * ROOM * width) / height));
  const share = width / across;
  const left = Math.min(Math.max(x + wide / 2 - across / 2, 0), whole - across);
  const top = y + high / 2 - height / share / 2;
  const sharp = devicePixelRatio;
  lens.width = Math.round(width * sharp);
  lens.height = Math.round(height * sharp);
  const pen = lens.getContext("2d");
  pen.setTransform(share * sharp, 0, 0, share * sharp, -left * share * sharp, -top * share * sharp);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(image, 0, 0);
  const pad = 4 / share;
  pen.lineWidth = 3 / share;
  pen.strokeStyle = getComputedStyle(lens).color;
  pen.strokeRect(x - pad, y - pad, wide + 2 * pad, high + 2 * pad);
}

// A touch near a box goes to its value; any other opens the page as it did.
pages.addEventListener("click", (event) => {
  const item = event.target.closest("li");
  if (!item || event.target.closest("[role=button]")) return;
  const found = [...item.querySelectorAll("[data-field]")]
    .map((box) => [distance(box.getBoundingClientRect(), event), box])
    .filter(([far]) => far <= NEAR)
    .sort(([one], [other]) => one - other)[0];
  if (!found) return;
  event.preventDefault();
  const field = facts.elements[found[1].dataset.field];
  field.focus({ preventScroll: true });
  (lens.isConnected ? lens : field).scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
});

// How far outside; of boxes that hold the point the one whose middle is nearest counts.
function distance(box, { clientX, clientY }) {
  const across = Math.max(box.left - clientX, 0, clientX - box.right);
  const down = Math.max(box.top - clientY, 0, clientY - box.bottom);
  return Math.hypot(across, down) || Math.abs(clientY - (box.top + box.bottom) / 2) / 1000;
}
