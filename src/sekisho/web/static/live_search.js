// Searches while somebody types: the page's own form, asked anew, replaces what was found before.
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
    // what was typed before this script was there
    const fields = [place, ...place.querySelectorAll("input")];
    if (fields.some((each) => each.value !== each.defaultValue)) {
      place.dispatchEvent(new Event("input"));
    }
  };

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
