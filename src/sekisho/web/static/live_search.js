// Searches while somebody types: the page's own GET form, asked anew, replaces the results.
"use strict";
(() => {
  for (const form of document.querySelectorAll("form[data-live]")) {
    let timer = 0;
    let asking = new AbortController();
    const ask = async () => {
      asking.abort();
      asking = new AbortController();
      const address = `${form.getAttribute("action")}?${new URLSearchParams(new FormData(form))}`;
      try {
        const answer = await fetch(address, { redirect: "manual", signal: asking.signal });
        if (answer.type === "opaqueredirect") location.assign(address); // to the sign-in, and back
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const id of [form.dataset.live, form.dataset.count]) {
          const fresh = id && page.getElementById(id);
          if (fresh) document.getElementById(id).replaceChildren(...fresh.childNodes);
        }
        history.replaceState(null, "", address);
      } catch (error) {
        if (error.name !== "AbortError") form.submit();
      }
    };
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(ask, 250);
    });
  }
})();
