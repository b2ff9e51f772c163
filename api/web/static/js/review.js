// The officers' page: keys, dialogs, the wait until the server has seen that the evidence was shown, and focus after a decision.

import { fetchAhead } from "./ahead.js";
import { suggestBreak } from "./breaks.js";
import { dropDraft, keepDrafts } from "./draft.js";
import { bindKeys } from "./keyboard.js";
import { Stage } from "./stage.js";

const POLL_MS = 600;
const root = document.querySelector("[data-case]");
const stageRoot = document.querySelector("[data-stage]");
const stage = stageRoot ? new Stage(stageRoot) : null;
const announcer = document.querySelector("[data-announce]");
const keysOn = document.querySelector("[data-keys]")?.dataset.keys !== "off";

function announce(sentence) {
  announcer.replaceChildren();
  const line = document.createElement("p");
  line.className = "done done--info";
  line.textContent = sentence;
  setTimeout(() => announcer.append(line), 50);
}

// A live region speaks only of what changes after the page is there: put its words in again, and lead the focus to the case.
function greet() {
  const title = document.querySelector("#case-title");
  const said = announcer?.firstElementChild;
  if (!said) return;
  said.remove();
  setTimeout(() => announcer.append(said), 100);
  title?.focus();
}

function openDialog(name) {
  document.querySelector(`#dialog-${name}`)?.showModal();
}

function press(act) {
  const button = document.querySelector(`[data-act=${act}]`);
  if (!button) return;
  if (button.disabled) {
    const why = document.querySelector("[data-wait]:not(.is-ready), #blocked");
    if (why) announce(why.textContent.trim());
    return;
  }
  button.click();
}

// Approve and reject open their dialogs; without this they lead to pages that say the same.
for (const act of ["approve", "reject"]) {
  document.querySelector(`[data-act=${act}]`)?.addEventListener("click", (event) => {
    if (!document.querySelector(`#dialog-${act}`)) return;
    event.preventDefault();
    stage?.player?.video.pause();
    openDialog(act);
  });
}
for (const button of document.querySelectorAll("[data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
for (const button of document.querySelectorAll("[data-open]")) {
  button.hidden = false;
  button.addEventListener("click", () => openDialog(button.dataset.open));
}

// One press, one request.
for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    else if (!event.defaultPrevented) form.dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

async function watchReadiness() {
  const wait = document.querySelector("[data-wait]");
  if (!root || !wait || root.dataset.ready === "yes") return;
  try {
    const answer = await fetch(root.dataset.readiness, { headers: { accept: "application/json" } });
    if (answer.status === 401 || answer.status === 403) {
      location.reload();
      return;
    }
    const { ready, sentence } = await answer.json();
    if (ready) {
      root.dataset.ready = "yes";
      wait.setAttribute("role", "status");
      setTimeout(() => {
        wait.textContent = sentence;
        wait.classList.add("is-ready");
        wait.hidden = document.querySelector("#blocked") !== null;
      }, 50);
      for (const button of document.querySelectorAll("[data-decision] button")) {
        button.disabled = button.hasAttribute("aria-describedby");
      }
      fetchAhead(root.dataset.ahead);
      return;
    }
    if (sentence) wait.textContent = sentence;
  } catch {
    // No network for a moment: ask again; nothing typed is lost.
  }
  setTimeout(watchReadiness, POLL_MS);
}

function keys() {
  const open = document.querySelector("dialog[open]");
  if (open) {
    const inDialog = new Map();
    for (const reason of open.querySelectorAll("[data-reason-key]")) {
      inDialog.set(reason.dataset.reasonKey, () => reason.click());
    }
    return inDialog;
  }
  if (!keysOn) return new Map();
  const bound = new Map([
    ["n", () => press("next")],
    ["s", () => press("skip")],
    ["u", () => press("undo")],
    ["a", () => press("approve")],
    ["r", () => press("reject")],
    ["?", () => openDialog("help")],
    ["p", () => openDialog("plate")],
  ]);
  if (stage) {
    for (const tab of stage.tabs) bound.set(tab.dataset.tabKey, () => stage.show(tab));
    for (const [key, tool] of [[" ", "play"], [",", "back"], [".", "forward"], ["0", "offence"], ["-", "speed"], ["l", "loop"], ["z", "zoom"], ["g", "lines"]]) {
      bound.set(key, () => stage.use(tool));
    }
    bound.set("[", () => stage.brighten(-25));
    bound.set("]", () => stage.brighten(25));
  }
  return bound;
}

bindKeys(keys);
const told = new URLSearchParams(location.search);
if (told.get("done") === "answered") dropDraft(told.get("of"));
keepDrafts();
greet();
suggestBreak();
if (root?.dataset.ready === "yes") fetchAhead(root.dataset.ahead);
watchReadiness();
