// Drawing on a camera's frame: each press adds a point to the part that is being drawn; without this points are typed.

const picture = document.querySelector("[data-scene]");
const pending = document.querySelector("[data-pending]");
const points = document.querySelector("#points");
const back = document.querySelector("[data-take-back]");
const text = document.querySelector("#scene");

function show() {
  pending?.setAttribute("points", points.value);
  back.hidden = !points.value.trim();
}

if (picture && points) {
  picture.addEventListener("click", (event) => {
    // The picture may be fitted into its box with bands beside it: the SVG's own matrix knows.
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(picture.getScreenCTM().inverse());
    const { width, height } = picture.viewBox.baseVal;
    if (at.x < 0 || at.y < 0 || at.x > width || at.y > height) return;
    points.value = `${points.value.trim()} ${Math.round(at.x)},${Math.round(at.y)}`.trim();
    show();
  });
  points.addEventListener("input", show);
  back.addEventListener("click", () => {
    points.value = points.value.trim().split(/\s+/).slice(0, -1).join(" ");
    show();
    points.focus();
  });
  show();
}

// The other forms of the page send the scene as it stands in the text now.
for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", () => {
    const copy = form.querySelector("[data-copy-scene]");
    if (copy && text) copy.value = text.value;
  });
}
