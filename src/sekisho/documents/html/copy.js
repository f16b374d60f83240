
// Buttons that copy a block of code. Without this script they are not shown, and the code is text.
(() => {
  "use strict";
  const select = (source) => {
    const selection = getSelection();
    selection.removeAllRanges();
    const range = document.createRange();
    range.selectNodeContents(source);
    selection.addRange(range);
  };
  const copied = async (source) => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      return true;
    } catch {
      // a browser that gives pages from files no clipboard: the older way, or the reader's own keys
      select(source);
      return document.execCommand("copy");
    }
  };
  for (const button of document.querySelectorAll("button[data-copies]")) {
    const source = document.getElementById(button.dataset.copies);
    const said = button.nextElementSibling;
    button.hidden = false;
    button.addEventListener("click", async () => {
      said.textContent = (await copied(source)) ? button.dataset.done : button.dataset.selected;
    });
  }
})();
