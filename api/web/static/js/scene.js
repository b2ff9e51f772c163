// A press on the frame says the pixel, and writes it where the cursor stands in the scene's text: no point is typed by eye.

const picture = document.querySelector("[data-scene]");
const line = document.querySelector("[data-pixel]");
const text = document.querySelector("#scene");

picture?.addEventListener("click", (event) => {
  const box = picture.getBoundingClientRect();
  const { width, height } = picture.viewBox.baseVal;
  const x = Math.round(((event.clientX - box.left) / box.width) * width);
  const y = Math.round(((event.clientY - box.top) / box.height) * height);
  line.hidden = false;
  line.querySelector("output").textContent = `[${x}, ${y}]`;
  if (document.activeElement === text || text.selectionStart) {
    text.setRangeText(`[${x}, ${y}]`, text.selectionStart, text.selectionEnd, "end");
    text.focus();
  }
});
