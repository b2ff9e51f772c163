// The clip: starts at the offence, steps frame by frame, slows down, loops around the offence.

const BEFORE_S = 1.5;
const AFTER_S = 1.5;
// Where the roadside does not say it, the offence is so long before the clip's end.
const USUAL_TAIL_S = 3;
const USUAL_FRAME_S = 1 / 25;

export class Player {
  constructor(video, controls) {
    this.video = video;
    this.controls = controls;
    this.startS = Number(video.dataset.startS) || 0;
    this.startKnown = "startS" in video.dataset;
    this.frameS = USUAL_FRAME_S;
    this.looping = false;
    this.presenting = false;
    this.lastMediaTime = null;
    video.controls = false;
    controls.hidden = false;
    this.seekBar = controls.querySelector("[data-tool=seek]");
    this.clock = controls.querySelector("[data-time]");
    this.seekBar.addEventListener("input", () => {
      video.pause();
      video.currentTime = (this.seekBar.valueAsNumber / 1000) * (video.duration || 0);
    });
    video.addEventListener("loadedmetadata", () => this.toOffence());
    video.addEventListener("timeupdate", () => this.onTime());
    video.addEventListener("seeked", () => this.onTime());
    if (video.readyState >= 1) this.toOffence();
    if ("requestVideoFrameCallback" in video) this.watchFrames();
  }

  // The length of a frame is the smallest step between frames that were shown.
  watchFrames() {
    this.video.requestVideoFrameCallback((_, frame) => {
      const step = this.lastMediaTime === null ? 0 : frame.mediaTime - this.lastMediaTime;
      if (step > 0.004 && step < 0.5 && !this.video.paused) this.frameS = Math.min(this.shortest ?? step, step);
      this.shortest = this.frameS;
      this.lastMediaTime = frame.mediaTime;
      this.watchFrames();
    });
  }

  onTime() {
    const { video } = this;
    if (this.looping && video.currentTime > this.startS + AFTER_S) video.currentTime = Math.max(0, this.startS - BEFORE_S);
    // Shown by itself, the clip stops behind the offence: what comes next may be another vehicle.
    if (this.presenting && !this.looping && video.currentTime > this.startS + AFTER_S) {
      this.presenting = false;
      video.pause();
    }
    if (video.duration) this.seekBar.value = String(Math.round((video.currentTime / video.duration) * 1000));
    const relative = video.currentTime - this.startS;
    this.clock.textContent = `${video.currentTime.toFixed(2)} s (${relative >= 0 ? "+" : "−"}${Math.abs(relative).toFixed(2)} s)`;
  }

  toOffence() {
    const { video } = this;
    if (!this.startKnown && video.duration) this.startS = Math.max(0, video.duration - USUAL_TAIL_S);
    video.currentTime = Math.max(0, this.startS - BEFORE_S);
    this.presenting = true;
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) video.play().catch(() => {});
  }

  toggle() {
    this.presenting = false;
    if (this.video.paused) this.video.play().catch(() => {});
    else this.video.pause();
  }

  step(frames) {
    this.video.pause();
    this.video.currentTime = Math.min(this.video.duration || 0, Math.max(0, this.video.currentTime + frames * this.frameS));
  }

  nextSpeed(button) {
    const speeds = button.dataset.speeds.split(" ").map(Number);
    const next = speeds[(speeds.indexOf(this.video.playbackRate) + 1) % speeds.length];
    this.video.playbackRate = next;
    button.firstChild.textContent = `${next}× `;
  }

  toggleLoop(button) {
    this.looping = !this.looping;
    button.setAttribute("aria-pressed", String(this.looping));
    if (this.looping) this.toOffence();
  }
}
