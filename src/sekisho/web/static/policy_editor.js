// The editor's aids: line numbers, and what is wrong with the text while somebody types.
"use strict";
(() => {
  const form = document.getElementById("editor");
  const area = document.getElementById("document");
  const gutter = form.querySelector(".gutter");
  const list = document.getElementById("findings");
  let worst = new Map();

  const number = () => {
    const lines = area.value.split("\n").length;
    gutter.replaceChildren(
      ...Array.from({ length: lines }, (_, index) => {
        const line = document.createElement("span");
        line.textContent = String(index + 1);
        line.className = worst.get(index + 1) ?? "";
        return line;
      }),
    );
    gutter.scrollTop = area.scrollTop;
  };

  const offset = (line, column) => {
    const before = area.value.split("\n").slice(0, line - 1);
    return before.reduce((sum, each) => sum + each.length + 1, 0) + Math.max(0, column - 1);
  };

  const goTo = (line, column) => {
    const at = offset(line, column);
    area.focus();
    area.setSelectionRange(at, at);
    area.scrollTop = Math.max(0, (line - 5) * parseFloat(getComputedStyle(area).lineHeight));
  };

  const element = (name, text, style = "") => {
    const made = document.createElement(name);
    made.className = style;
    // what is between backticks is code, as on the pages that the server makes
    text.split("`").forEach((part, index, all) => {
      const code = index % 2 === 1 && index < all.length - 1;
      made.append(code ? Object.assign(document.createElement("code"), { textContent: part }) : part);
    });
    return made;
  };

  const entry = (each) => {
    const made = element("li", "", `problem ${each.severity}`);
    const first = element("p", "");
    first.append(element("strong", each.kind, "kind"), ` ${each.title} `);
    if (each.line) {
      const button = element("button", each.where, "link");
      button.type = "button";
      button.addEventListener("click", () => goTo(each.line, each.column));
      first.append(button);
    }
    made.append(first, element("p", each.said));
    if (each.fix) made.append(element("p", each.fix, "hint"));
    return made;
  };

  const mark = (problems) => {
    worst = new Map();
    for (const { line, severity } of problems) if (line && !worst.has(line)) worst.set(line, severity);
    number();
  };

  let timer = 0;
  let asking = new AbortController();
  const check = async () => {
    asking.abort();
    asking = new AbortController();
    try {
      const answer = await fetch(form.dataset.check, {
        method: "POST",
        headers: { "X-Csrf-Token": document.querySelector("meta[name=csrf]").content },
        body: new URLSearchParams({ document: area.value }),
        redirect: "manual",
        signal: asking.signal,
      });
      if (!answer.ok) return;
      const found = await answer.json();
      list.replaceChildren(...found.problems.map(entry));
      document.getElementById("gaps").replaceChildren(...found.gaps.map((each) => element("li", each)));
      document.getElementById("length").textContent = found.length;
      for (const count of document.querySelectorAll(".count")) {
        // said only when it changes: not after every key
        if (count.textContent !== found.count) count.textContent = found.count;
      }
      mark(found.problems);
    } catch (error) {
      if (error.name !== "AbortError") console.warn(error);
    }
  };

  area.addEventListener("input", () => {
    number();
    clearTimeout(timer);
    timer = setTimeout(check, 400);
  });
  area.addEventListener("scroll", () => {
    gutter.scrollTop = area.scrollTop;
  });
  const shown = [];
  for (const button of list.querySelectorAll("button.goto")) {
    button.hidden = false;
    button.nextElementSibling.hidden = true;
    const line = Number(button.dataset.line);
    shown.push({ line, severity: button.closest(".problem").classList[1] });
    button.addEventListener("click", () => goTo(line, Number(button.dataset.column)));
  }
  gutter.hidden = false;
  mark(shown);
})();
