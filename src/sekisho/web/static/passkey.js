// The two ceremonies of a passkey: making one, and signing in with it. The server verifies both.
"use strict";
(() => {
  const csrf = document.querySelector('meta[name="csrf"]').content;
  const box = document.getElementById("passkey-fault");

  async function send(path, body) {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Csrf-Token": csrf },
      body: JSON.stringify(body),
    });
    const given = await answer.json().catch(() => ({}));
    if (given.next) {
      location.assign(given.next);
      return undefined;
    }
    if (!answer.ok) throw new Error(given.error ?? String(answer.status));
    return given;
  }

  function handle(id, work) {
    document.addEventListener("submit", async (event) => {
      const form = event.target;
      if (form.id !== id || event.defaultPrevented) return;
      event.preventDefault();
      box.textContent = "";
      try {
        await work(form);
      } catch (error) {
        // a ceremony that was called off has a name and hardly a reason
        const known = error.name === "InvalidStateError" && form.dataset.known;
        const called_off = known || `${form.dataset.failed} (${error.name})`;
        const line = document.createElement("p");
        line.className = "alert error";
        const kind = Object.assign(document.createElement("span"), { className: "kind" });
        kind.textContent = form.dataset.error;
        line.append(kind, error.name === "Error" ? ` ${error.message}` : ` ${called_off}`);
        line.tabIndex = -1;
        box.replaceChildren(line);
        line.focus();
        const mark = `${form.dataset.error}: `;
        document.title = mark + document.title.replace(mark, "");
      } finally {
        delete form.dataset.sent;
      }
    });
  }

  handle("passkey-create", async (form) => {
    const { user, name } = form.dataset;
    const options = await send("/iam/assign-mfa/passkey/options", { user, name });
    if (!options) return;
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    const made = await navigator.credentials.create({ publicKey });
    await send(form.action, { user, name, credential: made.toJSON() });
  });

  handle("passkey-get", async (form) => {
    const options = await send("/signin/passkey/options", {});
    if (!options) return;
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
    const signed = await navigator.credentials.get({ publicKey });
    await send(form.action, { credential: signed.toJSON(), next: form.dataset.after });
  });
})();
