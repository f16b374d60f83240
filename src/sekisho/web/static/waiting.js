// Fetches what a page waits for: the same page, asked to wait for the whole answer.
"use strict";
(() => {
  const box = document.querySelector("[data-waits]");
  if (!box) return;
  const status = box.querySelector("[role=status]");
  const link = box.querySelector("a");
  const answer = document.getElementById("answer");
  const fetched = async () => {
    const got = await fetch(box.dataset.waits);
    if (!got.ok) throw new Error(String(got.status));
    const page = new DOMParser().parseFromString(await got.text(), "text/html");
    // the status stays outside of what is replaced, so that its change is heard
    const done = document.createElement("p");
    done.className = "quiet";
    done.setAttribute("role", "status");
    answer.before(done);
    const focused = answer.contains(document.activeElement);
    answer.replaceChildren(...page.getElementById("answer").childNodes);
    if (focused) answer.focus();
    done.textContent = box.dataset.done;
  };
  status.textContent = status.dataset.working;
  link.hidden = true;
  fetched().catch(() => {
    status.textContent = "";
    link.hidden = false;
  });
})();
