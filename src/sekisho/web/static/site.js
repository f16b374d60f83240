// What pages can do without: filter boxes, sorting, copying, menus that close.
"use strict";
(() => {
  for (const box of document.querySelectorAll("input[data-filters]")) {
    const rows = () => document.querySelectorAll(`#${box.dataset.filters} tbody tr`);
    const count = document.getElementById(`${box.dataset.filters}-count`);
    box.closest("[hidden]")?.removeAttribute("hidden");
    box.addEventListener("input", () => {
      const wanted = box.value.trim().toLowerCase();
      let shown = 0;
      for (const row of rows()) {
        row.hidden = !row.textContent.toLowerCase().includes(wanted);
        shown += row.hidden ? 0 : 1;
      }
      if (count) count.textContent = String(shown);
    });
  }
  for (const button of document.querySelectorAll("button[data-copies]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const from = document.getElementById(button.dataset.copies);
      await navigator.clipboard.writeText(from.value ?? from.textContent);
      button.textContent = button.dataset.done;
    });
  }
  for (const form of document.querySelectorAll("form")) {
    // a second click sends nothing; the server would do nothing twice either
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
  }
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll(".top details[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
})();
