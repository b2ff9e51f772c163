// What somebody types is not lost when the sign-in runs out or the network fails: it waits in this tab until it was sent.

const PREFIX = "tertib.draft.";

export function keepDrafts() {
  for (const field of document.querySelectorAll("textarea[data-draft]")) {
    const key = PREFIX + field.dataset.draft;
    const kept = sessionStorage.getItem(key);
    if (kept && !field.value) field.value = kept;
    field.addEventListener("input", () => sessionStorage.setItem(key, field.value));
  }
}

// The page after a success names the case that was answered: its draft has done its duty.
export function dropDraft(name) {
  sessionStorage.removeItem(PREFIX + name);
}
