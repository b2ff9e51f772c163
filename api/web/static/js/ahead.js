// The next case is lent and fetched while this one is looked at, so that it stands on the screen at once.
// What is fetched ahead counts as seen by nobody ("purpose: prefetch"); the page asks for it again, and the cache answers.

const KEPT = "tertib.ahead";
const AT_ONCE_BYTES = 40 * 1024 * 1024;

function carry(name) {
  for (const form of document.querySelectorAll("form[action^='/review/']")) {
    if (!/\/(decision|skip|next)$/.test(form.getAttribute("action"))) continue;
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = "ahead";
    field.value = name;
    form.append(field);
  }
}

export async function fetchAhead(address) {
  const token = document.querySelector("input[name=csrf_token]")?.value;
  if (!address || !token) return;
  try {
    const body = new URLSearchParams({ csrf_token: token, ahead: sessionStorage.getItem(KEPT) ?? "" });
    const answer = await fetch(address, { method: "POST", body });
    if (!answer.ok) return;
    const coming = await answer.json();
    if (!coming.case) return;
    sessionStorage.setItem(KEPT, coming.case);
    carry(coming.case);
    let read = 0;
    for (const member of coming.evidence) {
      const part = await fetch(member, { headers: { purpose: "prefetch" } });
      read += (await part.arrayBuffer()).byteLength;
      if (read > AT_ONCE_BYTES) break;
    }
    document.documentElement.dataset.aheadReady = coming.case;
  } catch {
    // No network for a moment: the next case comes the ordinary way.
  }
}
