// What pages can do without: copying, printing what is folded up, counting ticks, menus that close.
"use strict";
(() => {
  for (const button of document.querySelectorAll("button[data-copies]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const from = document.getElementById(button.dataset.copies);
      try {
        await navigator.clipboard.writeText(from.value ?? from.textContent);
      } catch {
        // the browser does not let: what is selected can be copied with the keyboard
        getSelection().selectAllChildren(from);
        return;
      }
      const status = button.parentElement.querySelector("[data-says]");
      if (status) status.textContent = status.dataset.says;
      else button.textContent = button.dataset.done;
    });
  }
  for (const form of document.querySelectorAll("form")) {
    // a second click sends nothing; the server would do nothing twice either
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
  }
  const given = (field) => {
    const chosen = [...(field.options ?? [])].findIndex((each) => each.defaultSelected);
    if (field.options) return Math.max(chosen, 0);
    return /checkbox|radio/.test(field.type) ? field.defaultChecked : field.defaultValue;
  };
  const present = (field) => {
    if (field.options) return field.selectedIndex;
    return /checkbox|radio/.test(field.type) ? field.checked : field.value;
  };
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
    // what was typed or ticked before the scripts were there, or what the browser has kept, counts
    // as typed now: no script has seen it
    for (const field of document.querySelectorAll("input, textarea, select")) {
      if (present(field) === given(field)) continue;
      for (const name of ["input", "change"]) {
        field.dispatchEvent(new Event(name, { bubbles: true }));
      }
    }
  });
  // on paper nothing can be opened; what the console folds up are secrets
  const folded = ".workbench main details:not([open])";
  addEventListener("beforeprint", () => {
    for (const each of document.querySelectorAll(folded)) {
      each.open = true;
      each.dataset.printed = "yes";
    }
  });
  addEventListener("afterprint", () => {
    for (const each of document.querySelectorAll("details[data-printed]")) {
      each.open = false;
      delete each.dataset.printed;
    }
  });
  // what was wrong with a field is said until its text changes
  document.addEventListener("input", ({ target }) => {
    if (!target.matches("[aria-invalid=true]")) return;
    target.removeAttribute("aria-invalid");
    target.closest(".faulty")?.classList.remove("faulty");
    const left = [];
    for (const id of (target.getAttribute("aria-describedby") ?? "").split(" ")) {
      if (id.endsWith("-error")) document.getElementById(id)?.remove();
      else left.push(id);
    }
    target.setAttribute("aria-describedby", left.join(" "));
  });
  // how many boxes of a list are ticked
  document.addEventListener("change", ({ target }) => {
    const list = target.closest("table, fieldset");
    const said = list?.querySelector("[data-chosen]");
    const count = list?.querySelectorAll(":is(tbody, .entry) :checked").length;
    if (said) said.textContent = said.dataset.chosen.replace("#", String(count));
  });
  // after a form was refused: to what is wrong, the field or the box
  const wrong = document.querySelector(
    "main[data-faulty] :is([aria-invalid=true], .fault, .alert.error)",
  );
  // but not from where somebody is already
  if (wrong && document.activeElement === document.body) {
    if (wrong.tabIndex < 0) wrong.tabIndex = -1;
    wrong.focus();
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll(".top details[open], .ask[open], .folded[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
})();
