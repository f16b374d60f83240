
// Sorts and filters tables, and folds long lists. Without this script every row is there.
(() => {
  "use strict";
  const collator = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const cell = (row, column) => row.cells[column].textContent;

  const sortable = (table, heads) => {
    const body = table.tBodies[0];
    heads.forEach((head, column) => {
      // no <button>: browsers leave it out of a head that is printed again on the next page
      const button = document.createElement("span");
      button.setAttribute("role", "button");
      button.tabIndex = 0;
      button.append(...head.childNodes);
      head.append(button);
      const sort = () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((each) => each.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const keyed = [...body.rows].map((row) => [cell(row, column), row]);
        keyed.sort(([one], [two]) => collator.compare(one, two) * (down ? -1 : 1));
        // all out, then all in: to move thousands of rows one by one takes Chromium seconds
        body.replaceChildren();
        const sorted = document.createDocumentFragment();
        keyed.forEach(([, row]) => sorted.append(row));
        body.append(sorted);
      };
      button.addEventListener("click", sort);
      button.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          sort();
        }
      });
    });
  };

  // A box of choices for a column: the texts that its cells have.
  const chooser = (head, column, rows, everything) => {
    const label = document.createElement("label");
    const box = document.createElement("select");
    box.append(new Option(everything, ""));
    const texts = new Set(rows.map((row) => cell(row, column)));
    [...texts].sort(collator.compare).forEach((text) => text && box.append(new Option(text, text)));
    label.append(head.textContent + " ", box);
    return { label, box, column };
  };

  const filterable = (table, heads) => {
    const controls = document.getElementById(table.dataset.controls);
    const rows = [...table.tBodies[0].rows];
    const texts = rows.map((row) => row.textContent.toLowerCase());
    const [search, shown] = [controls.querySelector("input"), controls.querySelector("output")];
    const choosers = heads.flatMap((head, column) =>
      "choices" in head.dataset ? [chooser(head, column, rows, controls.dataset.all)] : []);
    const filter = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      rows.forEach((row, place) => {
        const fits = words.every((word) => texts[place].includes(word)) &&
          choosers.every(({ box, column }) => !box.value || cell(row, column) === box.value);
        row.hidden = !fits;
        count += fits;
      });
      const [some, all] = [count, rows.length].map((number) => number.toLocaleString("en"));
      shown.textContent = `${some} / ${all}`;
    };
    choosers.forEach(({ label, box }) => {
      shown.before(label, " ");
      box.addEventListener("change", filter);
    });
    search.addEventListener("input", filter);
    // who follows a link to a row that is filtered out wants to see it
    addEventListener("hashchange", () => {
      const row = document.getElementById(location.hash.slice(1));
      if (row && row.hidden) {
        search.value = "";
        choosers.forEach(({ box }) => { box.value = ""; });
        filter();
        row.scrollIntoView();
      }
    });
    controls.hidden = false;
    filter();
  };

  for (const table of document.querySelectorAll("table[data-controls]")) {
    const heads = [...[...table.tHead.rows].at(-1).cells];
    filterable(table, heads);
    sortable(table, heads);
  }

  const long = [...document.querySelectorAll("details[data-long]")];
  long.forEach((each) => { each.open = false; });
  let open = [];
  addEventListener("beforeprint", () => {
    open = long.filter((each) => each.open);
    long.forEach((each) => { each.open = true; });
  });
  addEventListener("afterprint", () => {
    long.forEach((each) => { each.open = open.includes(each); });
  });
})();
