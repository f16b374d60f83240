// Every list with a search narrows while somebody types: one that the page has whole hides what does not fit;
// of another the page's own form, asked anew, replaces what was found before.
"use strict";
(() => {
  const replace = (id, page) => {
    const [old, fresh] = [document, page].map((each) => each.getElementById(id));
    if (!old || !fresh) return false;
    const ticked = [...old.querySelectorAll("input[type=checkbox]:checked")];
    old.replaceChildren(...fresh.childNodes);
    for (const box of ticked) {
      // what is ticked stays so, whatever is searched for
      const again = [...old.querySelectorAll("input")].find((each) => each.value === box.value);
      if (again) again.checked = true;
      else (old.querySelector("tbody") ?? old).prepend(box.closest("tr") ?? box);
    }
    old.querySelector("input")?.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  };

  const whileTyping = (place, ask) => {
    let timer = 0;
    let asking = new AbortController();
    place.addEventListener("input", () => {
      clearTimeout(timer);
      asking.abort();
      asking = new AbortController();
      const { signal } = asking;
      timer = setTimeout(() => ask(signal).catch((error) => {
        if (error.name !== "AbortError") throw error;
      }), 250);
    });
  };

  // a list that the page has whole: a part of it opens while something in it is searched for or ticked
  const fold = (text) => text.normalize("NFKC").toLowerCase().trim();
  for (const box of document.querySelectorAll("input[data-filters]")) {
    const list = document.getElementById(box.dataset.filters);
    const entries = [...list.querySelectorAll(".entry")];
    const said = box.parentElement.querySelector("[data-none]");
    box.parentElement.hidden = false;
    // what somebody has opened stays open when nothing is searched for any more
    const opened = new Set(list.querySelectorAll("details[open]"));
    list.addEventListener("click", ({ target }) => {
      const folded = target.closest("summary")?.parentElement;
      if (folded) opened[folded.open ? "delete" : "add"](folded);
    });
    box.addEventListener("input", () => {
      const wanted = fold(box.value);
      const fits = entries.filter(
        (each) => fold(each.textContent).includes(wanted) || each.querySelector(":checked"),
      );
      for (const each of entries) each.hidden = true;
      for (const each of fits) each.hidden = false;
      if (list.matches("select")) {
        // not every browser hides an option
        list.replaceChildren(...fits);
        const best = fits.find((each) => each.value === wanted);
        if (best) best.selected = true;
        else if (wanted && list.selectedIndex < 0) list.selectedIndex = 0;
      }
      for (const part of list.querySelectorAll(".part")) {
        part.hidden = !part.querySelector(".entry:not([hidden])");
        const folded = part.querySelector("details");
        folded.open = Boolean(wanted || opened.has(folded) || folded.querySelector(":checked"));
      }
      said.textContent = fits.length ? "" : said.dataset.none;
    });
  }

  const read = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");

  for (const form of document.querySelectorAll("form[data-live]")) {
    whileTyping(form, async (signal) => {
      const address = `${form.getAttribute("action")}?${new URLSearchParams(new FormData(form))}`;
      const answer = await fetch(address, { redirect: "manual", signal });
      if (answer.type === "opaqueredirect") location.assign(address); // to the sign-in, and back
      if (!answer.ok) return;
      const page = await read(answer);
      for (const id of [form.dataset.live, form.dataset.count]) replace(id, page);
      history.replaceState(null, "", address);
    });
  }
  // a list within a form: the form's own button of the search, which keeps what is chosen
  for (const box of document.querySelectorAll("input[data-narrows]")) {
    whileTyping(box, async (signal) => {
      const sent = new URLSearchParams(new FormData(box.form));
      sent.set("do", "search");
      const answer = await fetch(box.form.action, { method: "POST", body: sent, signal });
      if (answer.ok) replace(box.dataset.narrows, await read(answer));
    });
  }
})();
