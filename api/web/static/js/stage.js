// The evidence: tabs over clip and stills, and a zoom that stays where it is from picture to picture.

import { Overlay } from "./overlay.js";
import { Player } from "./player.js";

const MOST_ZOOM = 6;

export class Stage {
  constructor(root) {
    this.root = root;
    this.tabs = [...root.querySelectorAll("[role=tab]")];
    this.zoomed = null;
    const video = root.querySelector("[data-player]");
    const controls = root.querySelector("[data-controls]");
    this.player = video && controls ? new Player(video, controls) : null;
    this.controls = controls;
    this.overlay = video && root.dataset.moving ? new Overlay(root, video) : null;
    this.overlay?.load().then(() => this.sayLines());
    for (const tab of this.tabs) {
      tab.addEventListener("click", () => this.show(tab));
      tab.addEventListener("keydown", (event) => this.onTabKey(event, tab));
    }
    for (const tool of root.querySelectorAll("button[data-tool]")) {
      tool.addEventListener("click", () => this.use(tool.dataset.tool));
    }
    for (const frame of root.querySelectorAll("[data-zoom]")) {
      frame.addEventListener("click", (event) => this.zoomAt(event, frame));
    }
    this.light = root.querySelector("[data-brightness]");
    this.light?.addEventListener("input", () => this.brighten(0));
    if (this.tabs.length) this.show(this.tabs[0]);
  }

  show(chosen) {
    for (const tab of this.tabs) {
      const on = tab === chosen;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      this.root.querySelector(`#${tab.getAttribute("aria-controls")}`).hidden = !on;
    }
    const isClip = chosen.id === "tab-clip";
    if (this.controls) this.controls.hidden = !this.player || !isClip;
    if (this.player && !isClip) this.player.video.pause();
    this.chosen = chosen;
    this.sayLines();
    this.applyZoom();
  }

  sayLines() {
    const on = this.chosen?.id === "tab-clip" ? Boolean(this.overlay?.picture && this.overlay.on) : this.chosen?.id === "tab-offence_drawn";
    this.root.querySelector("button[data-tool=lines]")?.setAttribute("aria-pressed", String(on));
  }

  // The same instant with and without what was drawn on it: lines, track, phase of the signal. The zoom stays.
  toggleLines() {
    if (this.chosen?.id === "tab-clip" && this.overlay?.picture) {
      this.overlay.toggle();
      this.sayLines();
      return;
    }
    const on = this.chosen?.id === "tab-offence_drawn";
    const tab = this.tabs.find((one) => one.id === (on ? "tab-offence" : "tab-offence_drawn"));
    if (tab) this.show(tab);
  }

  // For pictures of the night; the evidence itself is not touched, and each case begins as it was recorded.
  brighten(by) {
    if (!this.light) return;
    this.light.value = String(Number(this.light.value) + by);
    for (const frame of this.root.querySelectorAll("[data-zoom]")) {
      frame.style.filter = this.light.value === "100" ? "" : `brightness(${this.light.value}%)`;
    }
  }

  showByKey(key) {
    const tab = this.tabs.find((candidate) => candidate.dataset.tabKey === key);
    if (tab) this.show(tab);
  }

  onTabKey(event, tab) {
    const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!move) return;
    event.preventDefault();
    const next = this.tabs[(this.tabs.indexOf(tab) + move + this.tabs.length) % this.tabs.length];
    this.show(next);
    next.focus();
  }

  use(tool) {
    const button = this.root.querySelector(`button[data-tool=${tool}]`);
    if (tool === "zoom") return this.zoomToVehicle();
    if (tool === "lines") return this.toggleLines();
    if (!this.player) return undefined;
    if (this.controls.hidden && tool !== "zoom") this.showByKey("v");
    if (tool === "play") return this.player.toggle();
    if (tool === "back") return this.player.step(-1);
    if (tool === "forward") return this.player.step(1);
    if (tool === "offence") return this.player.toOffence();
    if (tool === "speed") return this.player.nextSpeed(button);
    if (tool === "loop") return this.player.toggleLoop(button);
    return undefined;
  }

  // How the picture lies in its frame (object-fit: contain): scale and offsets in pixels of the page.
  fit(frame) {
    const media = frame.firstElementChild;
    const width = media.naturalWidth || media.videoWidth || frame.clientWidth;
    const height = media.naturalHeight || media.videoHeight || frame.clientHeight;
    const scale = Math.min(frame.clientWidth / width, frame.clientHeight / height);
    return { scale, left: (frame.clientWidth - width * scale) / 2, top: (frame.clientHeight - height * scale) / 2 };
  }

  visibleFrame() {
    return this.root.querySelector(".exhibit:not([hidden]) [data-zoom]");
  }

  zoomToVehicle() {
    if (this.zoomed) return this.setZoom(null);
    const frame = this.visibleFrame();
    const box = (this.root.dataset.box || "").split(" ").map(Number);
    if (!frame || box.length !== 4 || box.some(Number.isNaN)) return this.setZoom({ x: 0.5, y: 0.5, factor: 2 });
    const { scale, left, top } = this.fit(frame);
    const [x1, y1, x2, y2] = box;
    const roomy = 0.8 * Math.min(frame.clientWidth / ((x2 - x1) * scale), frame.clientHeight / ((y2 - y1) * scale));
    return this.setZoom({
      x: (left + ((x1 + x2) / 2) * scale) / frame.clientWidth,
      y: (top + ((y1 + y2) / 2) * scale) / frame.clientHeight,
      factor: Math.min(MOST_ZOOM, Math.max(1.5, roomy)),
    });
  }

  zoomAt(event, frame) {
    if (this.zoomed) {
      this.setZoom(null);
      return;
    }
    const box = frame.getBoundingClientRect();
    this.setZoom({ x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height, factor: 3 });
  }

  setZoom(zoom) {
    this.zoomed = zoom;
    this.root.classList.toggle("is-zoomed", Boolean(zoom));
    this.root.querySelector("button[data-tool=zoom]")?.setAttribute("aria-pressed", String(Boolean(zoom)));
    this.applyZoom();
  }

  applyZoom() {
    for (const frame of this.root.querySelectorAll("[data-zoom]")) {
      if (!this.zoomed) {
        frame.style.transform = "";
        continue;
      }
      const { x, y, factor } = this.zoomed;
      const within = (part) => Math.min(0, Math.max(1 - factor, 0.5 - part * factor));
      frame.style.transform = `translate(${within(x) * 100}%, ${within(y) * 100}%) scale(${factor})`;
    }
  }
}
