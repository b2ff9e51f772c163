"use strict";
const held = JSON.parse(document.getElementById("held").textContent);
const encoder = new TextEncoder();
const checks = document.getElementById("checks");
let failures = 0, unable = 0;

const element = (name, text, parent, attributes = {}) => {
  const made = document.createElement(name);
  if (text !== null) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (parent) parent.append(made);
  return made;
};
const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const unbase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
const joined = (...parts) => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { whole.set(part, at); at += part.length; }
  return whole;
};
const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

function told(holds, indonesian, english) {
  if (holds === false) failures += 1;
  if (holds === null) unable += 1;
  const row = element("tr", null, checks, { class: holds ? "good" : "bad", "data-holds": String(holds) });
  element("td", holds ? "✓ benar" : holds === null ? "– belum dapat" : "✗ SALAH", row, { class: "mark" });
  const cell = element("td", null, row);
  element("p", indonesian, cell);
  element("p", english, cell, { lang: "en" });
}

// JSON as the office hashes it: keys in order, no spaces.
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object") {
    return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

// The members of a package: a ZIP archive without compression.
function members(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Map();
  let at = 0;
  while (at + 30 <= bytes.length && view.getUint32(at, true) === 0x04034b50) {
    const size = view.getUint32(at + 18, true), nameLength = view.getUint16(at + 26, true);
    const start = at + 30 + nameLength + view.getUint16(at + 28, true);
    found.set(new TextDecoder().decode(bytes.subarray(at + 30, at + 30 + nameLength)), bytes.subarray(start, start + size));
    at = start + size;
  }
  return found;
}

async function checkPackage() {
  const facts = held.facts.package;
  if (!facts) return;
  const bytes = unbase64(held.package);
  told(hex(await sha256(bytes)) === facts.sha256, "Paket kamera adalah yang diterima kantor.", "The camera's package is the one that the office received.");
  const files = members(bytes);
  const envelope = JSON.parse(new TextDecoder().decode(files.get("envelope.json")));
  const payload = unbase64(envelope.payload);
  const manifest = JSON.parse(new TextDecoder().decode(payload));
  await checkSignature(envelope, payload, manifest);
  let same = true;
  for (const member of manifest.members) {
    const data = files.get(member.name);
    same = same && data !== undefined && hex(await sha256(data)) === member.sha256;
  }
  told(same, `Ke-${manifest.members.length} berkas adalah, bita demi bita, yang ditandatangani kamera.`, `The ${manifest.members.length} files are, byte for byte, those that the camera signed.`);
  show(manifest, files);
}

async function checkSignature(envelope, payload, manifest) {
  const { keyid, sig } = envelope.signatures[0];
  const key = held.keys.find((one) => one.keyid === keyid);
  const known = key !== undefined && key.camera_id === manifest.camera.camera_id && hex(await sha256(unbase64(key.public_key_b64))) === keyid;
  told(known, `Kunci ${keyid.slice(0, 12)}… terdaftar untuk kamera ${manifest.camera.camera_id}.`, `The key is registered for this camera.`);
  if (!known) return;
  const type = encoder.encode(envelope.payloadType);
  const message = joined(encoder.encode(`DSSEv1 ${type.length} `), type, encoder.encode(` ${payload.length} `), payload);
  try {
    const made = await crypto.subtle.importKey("raw", unbase64(key.public_key_b64), { name: "Ed25519" }, false, ["verify"]);
    told(await crypto.subtle.verify({ name: "Ed25519" }, made, unbase64(sig), message), "Tanda tangan kamera (Ed25519) sah.", "The camera's signature (Ed25519) is valid.");
  } catch (error) {
    told(null, "Peramban ini tidak mengenal Ed25519: pakai yang lebih baru, atau `tertib verify`.", "This browser does not know Ed25519: use a newer one, or `tertib verify`.");
  }
}

function show(manifest, files) {
  const place = document.getElementById("recorded");
  element("p", `${manifest.offence} · ${manifest.occurred_at} (± ${manifest.clock_uncertainty_ms} ms, ${manifest.clock_source}) · ${manifest.camera.place} · ${manifest.plate.text ?? "–"}`, place);
  const conditions = element("ul", null, place);
  for (const one of manifest.conditions) element("li", `${one.met ? "✓" : "✗"} ${one.name}: ${one.detail}`, conditions);
  for (const doubt of manifest.doubts) element("li", `? ${doubt}`, conditions);
  for (const member of manifest.members) {
    const data = files.get(member.name);
    if (data === undefined || !/^(image\/(jpeg|png)|video\/mp4)$/.test(member.media_type)) continue;
    const figure = element("figure", null, place);
    let binary = "";
    for (let at = 0; at < data.length; at += 32768) binary += String.fromCharCode(...data.subarray(at, at + 32768));
    const source = `data:${member.media_type};base64,${btoa(binary)}`;
    if (member.media_type === "video/mp4") element("video", null, figure, { src: source, controls: "", preload: "metadata" });
    else element("img", null, figure, { src: source, alt: member.role });
    const from = member.derived_from ? ` ← ${member.derived_from} (${member.recipe})` : " (asli / original)";
    element("figcaption", `${member.name}: ${member.role}${from} · SHA-256 ${member.sha256}`, figure);
  }
}

async function checkCase(one) {
  let previous = null, whole = true;
  for (const [place, event] of one.events.entries()) {
    const { body, sha256: claimed, ...header } = event;
    const digest = hex(await sha256(encoder.encode(`${canonical(header)}\n${body}`)));
    whole = whole && digest === claimed && event.previous_sha256 === previous && event.number === place + 1 && event.case_id === one.id;
    previous = claimed;
  }
  told(whole, `${one.reference}: rantai ${one.events.length} langkah utuh.`, `${one.reference}: the chain of ${one.events.length} steps is whole.`);
  await checkProof(one);
  const steps = document.getElementById("steps");
  element("h3", `${one.reference} · ${one.kind} · ${one.state}`, steps);
  const table = element("tbody", null, element("table", null, steps));
  for (const event of one.events) {
    const row = element("tr", null, table);
    element("td", `${event.number}`, row);
    element("td", event.at, row);
    const cell = element("td", `${event.type} · ${event.actor.name} (${event.actor.role})`, row);
    const more = element("details", null, cell);
    element("summary", "isi / content", more);
    element("pre", JSON.stringify(JSON.parse(event.body), null, 1), more);
    element("code", event.sha256, more);
  }
}

async function up(hash, index, size, path) {
  if (size === 1) return path.length ? null : hash;
  if (!path.length) return null;
  let middle = 1;
  while (middle * 2 < size) middle *= 2;
  const last = unhex(path[path.length - 1]), rest = path.slice(0, -1);
  const below = index < middle ? await up(hash, index, middle, rest) : await up(hash, index - middle, size - middle, rest);
  if (below === null) return null;
  const pair = index < middle ? [below, last] : [last, below];
  return sha256(joined(Uint8Array.of(1), ...pair));
}

async function checkProof(one) {
  const proof = one.proof;
  if (!proof) {
    told(null, `${one.reference}: belum ada akar yang diumumkan (setelah tengah malam).`, `${one.reference}: no root has been published yet (after midnight).`);
    return;
  }
  const leaf = await sha256(joined(Uint8Array.of(0), encoder.encode(canonical(proof.leaf))));
  const root = await up(leaf, proof.position, proof.size, proof.path);
  const last = one.events[proof.leaf.count - 1];
  const holds = root !== null && hex(root) === proof.head.root_sha256 && last !== undefined && last.sha256 === proof.leaf.head_sha256 && proof.leaf.case_id === one.id;
  told(holds, `${one.reference}: ${proof.leaf.count} langkah pertama termuat dalam akar nomor ${proof.head.number}.`, `${one.reference}: its first ${proof.leaf.count} steps stand in the published root number ${proof.head.number}.`);
  const roots = document.getElementById("roots");
  element("p", `Akar / root ${proof.head.number}, ${proof.head.made_at}: `, roots);
  element("code", proof.head.root_sha256, roots);
  for (const stamp of proof.stamps) element("p", `Cap waktu / time stamp: ${stamp.authority}, ${stamp.stamped_at}`, roots);
}

(async () => {
  const verdict = document.getElementById("verdict");
  try {
    await checkPackage();
    for (const one of held.facts.cases) await checkCase(one);
  } catch (error) {
    told(false, `Pemeriksaan terhenti: ${error.message}`, "The check stopped.");
  }
  verdict.className = failures ? "bad" : "good";
  verdict.textContent = failures
    ? `${failures} pemeriksaan GAGAL: jangan percayai berkas ini. / ${failures} checks FAILED: do not believe this file.`
    : `Semua yang dapat diperiksa benar (${checks.children.length - unable}). / Everything that can be checked holds.${unable ? ` (${unable} belum dapat diperiksa / not checkable yet)` : ""}`;
  document.documentElement.dataset.checked = failures ? "bad" : "good";
})();
