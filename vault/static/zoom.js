// One large page in a viewer (OpenSeadragon). Without this file the small picture shows, and the paper can be downloaded.
const box = document.querySelector("[data-zoom]");
const { tiles, query, levels } = box.dataset;
const sheet = box.querySelector(".zoom-sheet");
const buttons = box.querySelector(".zoom-buttons");
const stopped = document.querySelector("[data-zoom-stopped]");
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

for (const part of [sheet, buttons, document.querySelector(".zoom-help")]) part.hidden = false;

// OpenSeadragon would add a style of its own, which no page here allows. It looks for one first: this is none.
const unused = document.createElementNS(null, "style");
unused.setAttribute("data-openseadragon-mobile-css", "");
document.head.append(unused);

const viewer = OpenSeadragon({
  element: sheet,
  drawer: "canvas",
  showNavigationControl: false,
  animationTime: calm ? 0 : 0.6,
  maxZoomPixelRatio: 3,
  visibilityRatio: 0.4,
  imageLoaderLimit: 4,
  gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
  tileSources: {
    width: Number(box.dataset.width),
    height: Number(box.dataset.height),
    tileSize: 512,
    minLevel: 0,
    maxLevel: Number(levels) - 1,
    getTileUrl: (level, column, row) => `${tiles}${level}/${column}/${row}.jpg${query}`,
  },
});
viewer.canvas.setAttribute("role", "img");
viewer.canvas.setAttribute("aria-label", box.querySelector(".zoom-small").alt);
viewer.addOnceHandler("tile-drawn", () => {
  box.querySelector(".zoom-small").hidden = true;
  box.dataset.drawn = "yes";
});

// When one piece is refused, all others would be: no more is asked for, and what is there stays.
viewer.addHandler("tile-load-failed", () => {
  if (!stopped.hidden) return;
  stopped.hidden = false;
  viewer.imageLoader.clear();
  viewer.imageLoader.addJob = () => false;
});

const view = viewer.viewport;
const does = {
  closer: () => view.zoomBy(1.6),
  farther: () => view.zoomBy(1 / 1.6),
  whole: () => view.goHome(),
  turn: () => view.setRotation(view.getRotation() + 90),
};
const act = (name) => {
  does[name]();
  view.applyConstraints();
};
for (const name of Object.keys(does)) buttons.querySelector(`[data-${name}]`).addEventListener("click", () => act(name));

// A touch of a key is a step, as a touch of a button is.
const keys = { "+": "closer", "=": "closer", "-": "farther", "0": "whole" };
viewer.addHandler("canvas-key", (event) => {
  const name = keys[event.originalEvent.key];
  if (!name) return;
  event.preventDefaultAction = true;
  act(name);
});
