// The phone on the page, while it is open: it shows the next code when it is due, and its button moves
// the clock, without a new page: what was typed beside it stays.
"use strict";
(() => {
  const now = () => document.querySelector("details.phone .now");

  const show = async (answer) => {
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("details.phone .now");
    if (!fresh) return;
    const focused = now().contains(document.activeElement);
    now().replaceChildren(...fresh.childNodes);
    if (focused) now().querySelector("button").focus();
  };

  setInterval(() => {
    const phone = document.querySelector("details.phone");
    if (phone?.open && !document.hidden) fetch(phone.dataset.from).then(show).catch(() => {});
  }, 5000);
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.closest("details.phone")) return;
    event.preventDefault();
    fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) })
      .then(show)
      .catch(() => form.submit());
  });
})();
