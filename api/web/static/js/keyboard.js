// One-finger keys. Key repeat and Ctrl, Cmd and Alt are ignored, nothing happens while somebody types in a field,
// and an open dialog has its own keys (WCAG 2.1.4: the whole can be switched off).

const TYPING = "textarea, select, [contenteditable], input:not([type=range], [type=radio], [type=checkbox], [type=button], [type=submit])";

export function isTyping(target) {
  return target instanceof Element && target.closest(TYPING) !== null;
}

function isPressable(target) {
  return target instanceof Element && target.closest("button, a, summary, input") !== null;
}

// `keysFor()` gives the bindings that hold now: a Map from key to function.
export function bindKeys(keysFor) {
  document.addEventListener("keydown", (event) => {
    if (event.repeat && event.key === "Enter" && document.querySelector("dialog[open]")) {
      event.preventDefault(); // a held key must not confirm what it opened
    }
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (isTyping(event.target)) return;
    if ((event.key === " " || event.key === "Enter") && isPressable(event.target)) return;
    const act = keysFor().get(event.key.length === 1 ? event.key.toLowerCase() : event.key);
    if (!act) return;
    event.preventDefault();
    act();
  });
}
