// Eyes tire, and tired eyes approve: after fifty minutes without a pause of five a break is suggested. It stops nobody.

const WORK_MS = 50 * 60_000;
const PAUSE_MS = 5 * 60_000;
const SINCE = "tertib.work.since";
const LAST = "tertib.work.last";

export function suggestBreak(now = Date.now()) {
  const line = document.querySelector("[data-break]");
  if (!line) return;
  const last = Number(sessionStorage.getItem(LAST)) || 0;
  if (now - last > PAUSE_MS) sessionStorage.setItem(SINCE, String(now));
  sessionStorage.setItem(LAST, String(now));
  line.hidden = now - Number(sessionStorage.getItem(SINCE)) < WORK_MS;
  line.querySelector("[data-break-over]")?.addEventListener("click", () => {
    sessionStorage.setItem(SINCE, String(Date.now()));
    line.hidden = true;
  });
}
