// A page that follows its case: each step is put at the end of the list, and the state's badge says where it led.
// Without this the page says when to look again, and its link does so.

const root = document.querySelector("[data-follow]");
const list = document.querySelector("[data-steps] .timeline");
const badge = document.querySelector("[data-state]");
let number = Number(root?.dataset.number) || 0;

function line(step) {
  const item = document.createElement("li");
  item.className = "timeline__step is-new";
  const at = document.createElement("time");
  at.className = "timeline__at";
  at.dateTime = step.at;
  at.textContent = step.when;
  const what = document.createElement("div");
  what.className = "timeline__what";
  const title = document.createElement("strong");
  title.textContent = step.title;
  const who = document.createElement("span");
  who.className = "timeline__who";
  who.textContent = step.who;
  what.append(title, " ", who);
  item.append(at, what);
  return item;
}

function take(event) {
  if (event.number <= number) return;
  number = event.number;
  if (event.step) list?.append(line(event.step));
  if (badge) {
    badge.textContent = event.said;
    badge.className = `badge badge--${event.tone}`;
  }
  root.hidden = false; // what else is on the page (deadlines, answers) is read anew by its link
}

if (root && "EventSource" in window) {
  const source = new EventSource(`${root.dataset.follow}?after=${number}`);
  source.addEventListener("step", (message) => take(JSON.parse(message.data)));
  source.addEventListener("end", () => source.close());
  addEventListener("pagehide", () => source.close());
}
