// What an officer types outlives the network, the sign-in and the back button: it waits in this tab until it was taken.
// Passwords and files are never kept. Whether it was taken is told by the page that comes next.

const PREFIX = "tertib.typed.";
const SENT = "tertib.sent";
const KEPT_FIELDS = "textarea, input[type=text], input:not([type])";

function storeName(form, field) {
  return `${PREFIX}${new URL(form.action).pathname}#${field.name}`;
}

function fieldsOf(form) {
  return [...form.querySelectorAll(KEPT_FIELDS)].filter((field) => field.name && field.autocomplete !== "one-time-code" && field.dataset.draft === undefined);
}

function forget(action) {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(`${PREFIX}${action}#`)) sessionStorage.removeItem(key);
  }
}

// Taken is what led here from its own page without an error: not what a lost network left behind, nor a way back.
function settle() {
  const sent = JSON.parse(sessionStorage.getItem(SENT) ?? "null");
  if (!sent) return;
  sessionStorage.removeItem(SENT);
  const [navigation] = performance.getEntriesByType("navigation");
  const from = document.referrer ? new URL(document.referrer) : null;
  const ledHere = navigation?.type === "navigate" && from?.origin === location.origin && from.pathname === sent.from;
  const refused = document.querySelector("[aria-invalid=true], .notice--error, [data-problem]");
  if (ledHere && !refused && !new URLSearchParams(location.search).has("unsent")) forget(sent.action);
}

function tell(form) {
  const words = document.body.dataset.keptTold;
  if (!words || form.querySelector("[data-kept-told]")) return;
  const line = document.createElement("p");
  line.className = "notice notice--info";
  line.dataset.keptTold = "";
  line.setAttribute("role", "status");
  form.prepend(line);
  setTimeout(() => { line.textContent = words; }, 50);
}

function restore(form) {
  let found = false;
  for (const field of fieldsOf(form)) {
    const kept = sessionStorage.getItem(storeName(form, field));
    if (kept && kept !== field.value && (field.value === field.defaultValue || !field.value)) {
      if (field.value && field.getAttribute("aria-invalid")) continue; // shown again by the office itself
      field.value = kept;
      found = true;
    }
    field.addEventListener("input", () => {
      if (field.value === field.defaultValue) sessionStorage.removeItem(storeName(form, field));
      else sessionStorage.setItem(storeName(form, field), field.value);
    });
  }
  if (found) {
    form.closest("details")?.setAttribute("open", "");
    tell(form);
  }
  form.addEventListener("submit", () => {
    sessionStorage.setItem(SENT, JSON.stringify({ action: new URL(form.action).pathname, from: location.pathname }));
  });
}

settle();
for (const form of document.querySelectorAll("main form[method=post]")) restore(form);
