// A form that a hardware key answers: the key is asked when the form is sent, and its answer goes along with it.
const form = document.querySelector("form[data-hardware-key]");

form?.addEventListener("submit", async (event) => {
  const field = form.elements.namedItem("answer");
  if (field.value || !window.PublicKeyCredential) return;
  event.preventDefault();
  const given = JSON.parse(form.dataset.options);
  try {
    const credential =
      form.dataset.hardwareKey === "create"
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(given) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(given) });
    field.value = JSON.stringify(credential.toJSON());
  } catch (error) {
    // No key was touched, or none that fits: the office says so.
    field.value = JSON.stringify({ error: error.name });
  }
  form.submit();
});
