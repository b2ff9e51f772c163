// What the rules saw, drawn over the moving clip: lane and lines, the vehicle's box and way, the signal's phase.
// It comes from the package itself, signed like the clip, and lies over the picture without touching it.

const SVG = "http://www.w3.org/2000/svg";
const NEAR_S = 0.3;
const KEPT = "tertib.overlay";

function made(name, attributes, parent) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent.append(element);
  return element;
}

function between(a, b, share) {
  return a.map((value, index) => value + (b[index] - value) * share);
}

export class Overlay {
  constructor(root, video) {
    this.root = root;
    this.video = video;
    this.on = sessionStorage.getItem(KEPT) !== "off";
    this.told = null;
  }

  async load() {
    try {
      const answer = await fetch(this.root.dataset.moving);
      if (!answer.ok) return;
      this.told = await answer.json();
    } catch {
      return; // no network for a moment: the clip plays without it
    }
    this.draw();
    const follow = () => {
      this.place();
      this.video.requestVideoFrameCallback?.(follow);
    };
    this.video.requestVideoFrameCallback?.(follow);
    for (const event of ["seeked", "timeupdate", "loadeddata"]) this.video.addEventListener(event, () => this.place());
    this.place();
    this.root.dataset.overlayReady = "yes";
  }

  draw() {
    const { width_px: width, height_px: height, outlines } = this.told;
    this.picture = document.createElementNS(SVG, "svg");
    this.picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.picture.setAttribute("class", "overlay");
    this.picture.setAttribute("aria-hidden", "true");
    this.heads = new Map();
    for (const outline of outlines) {
      const path = outline.points.map(([x, y], index) => `${index ? "L" : "M"}${x} ${y}`).join(" ") + (outline.closed ? " Z" : "");
      const shape = made("path", { d: path, class: `overlay__${outline.sort}` }, this.picture);
      if (outline.sort === "signal") this.heads.set(outline.name, shape);
    }
    this.way = made("polyline", { class: "overlay__way" }, this.picture);
    this.box = made("rect", { class: "overlay__own" }, this.picture);
    this.phase = made("text", { class: "overlay__phase", x: width * 0.015, y: height * 0.06, "font-size": height * 0.045 }, this.picture);
    this.video.after(this.picture);
    this.show();
  }

  toggle() {
    this.on = !this.on;
    sessionStorage.setItem(KEPT, this.on ? "on" : "off");
    this.show();
  }

  show() {
    this.picture?.toggleAttribute("hidden", !this.on);
  }

  ownAt(at) {
    const seen = this.told.instants.filter((one) => one.own);
    const before = seen.findLast((one) => one.at_s <= at);
    const after = seen.find((one) => one.at_s >= at);
    const near = [before, after].filter((one) => one && Math.abs(one.at_s - at) <= NEAR_S);
    if (!near.length) return null;
    if (near.length === 1 || near[0] === near[1]) return near[0].own;
    return between(near[0].own, near[1].own, (at - before.at_s) / (after.at_s - before.at_s));
  }

  place() {
    if (!this.picture) return;
    const at = this.video.currentTime + this.told.clip_begins_s;
    const own = this.ownAt(at);
    this.box.toggleAttribute("hidden", !own);
    if (own) {
      const [x1, y1, x2, y2] = own;
      for (const [key, value] of [["x", x1], ["y", y1], ["width", x2 - x1], ["height", y2 - y1]]) this.box.setAttribute(key, value);
    }
    const passed = this.told.instants.filter((one) => one.own && one.at_s <= at).map(({ own: [x1, , x2, y2] }) => `${(x1 + x2) / 2},${y2}`);
    this.way.setAttribute("points", passed.join(" "));
    const phases = this.told.instants.findLast((one) => one.at_s <= at)?.phases ?? {};
    const words = [];
    for (const [head, phase] of Object.entries(phases)) {
      this.heads.get(head)?.setAttribute("data-phase", phase);
      words.push(`${head}: ${this.root.dataset[`phase${phase[0].toUpperCase()}${phase.slice(1)}`] ?? phase}`);
    }
    this.phase.textContent = words.join("  ");
  }
}
