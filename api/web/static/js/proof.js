// Checks a ticket's evidence in the reader's own browser: hashes and the camera's signature, by WebCrypto alone.
// The office is asked for the files, but not for whether they are right.

const root = document.querySelector("[data-proof]");
const list = document.querySelector("[data-checks]");
const encoder = new TextEncoder();
let wrong = 0;

function told(right, words, detail = "") {
  const item = document.createElement("li");
  item.className = right === null ? "check" : right ? "check check--good" : "check check--bad";
  item.textContent = `${right === null ? "?" : right ? "✓" : "✗"} ${words}${detail ? ` (${detail})` : ""}`;
  list.append(item);
  if (right === false) wrong += 1;
}

function unbase64(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// DSSE's pre-authentication encoding: the very bytes that were signed.
function encoded(type, payload) {
  const head = encoder.encode(`DSSEv1 ${encoder.encode(type).length} ${type} ${payload.length} `);
  const whole = new Uint8Array(head.length + payload.length);
  whole.set(head);
  whole.set(payload, head.length);
  return whole;
}

async function checkSignature(proof, payload) {
  const { keyid, sig } = proof.envelope.signatures[0];
  const key = unbase64(proof.public_key.base64);
  told((await sha256(key)) === keyid, list.dataset.key, keyid.slice(0, 16));
  try {
    const made = await crypto.subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
    const good = await crypto.subtle.verify({ name: "Ed25519" }, made, unbase64(sig), encoded(proof.envelope.payloadType, payload));
    told(good, list.dataset.signature);
  } catch {
    told(null, list.dataset.signatureUnknown);
  }
}

async function check() {
  const proof = await (await fetch(root.dataset.proof)).json();
  const payload = unbase64(proof.envelope.payload);
  const manifest = JSON.parse(new TextDecoder().decode(payload));
  told(Array.isArray(manifest.members), list.dataset.manifest, `${manifest.camera.camera_id}, ${manifest.occurred_at}`);
  await checkSignature(proof, payload);
  for (const copy of proof.copies) {
    const bytes = await (await fetch(copy.address)).arrayBuffer();
    told((await sha256(bytes)) === copy.sha256, list.dataset.copy, copy.place);
    const parent = manifest.members.find((member) => member.name === copy.parent);
    told(parent?.sha256 === copy.parent_sha256, list.dataset.parent, copy.parent);
  }
  const verdict = document.querySelector("[data-verdict]");
  verdict.textContent = wrong ? list.dataset.bad : list.dataset.good;
  verdict.className = wrong ? "bad" : "good";
}

if (root) check().catch(() => told(null, list.dataset.away));
