/* Choosing rows of a list: all on this page, and how many are chosen. Without it the boxes still work in their form. */
(function () {
  "use strict";
  function picks() { return Array.from(document.querySelectorAll("[data-pick]")); }
  function show() {
    var bar = document.getElementById("bulk");
    if (!bar) return;
    document.querySelectorAll("[data-needs-js]").forEach(function (element) { element.hidden = false; });
    var all = bar.querySelector("[data-pick-all]"), boxes = picks();
    var chosen = boxes.filter(function (box) { return box.checked; }).length, whole = Boolean(all && all.checked);
    document.querySelectorAll("[data-pick-page]").forEach(function (box) {
      box.checked = chosen === boxes.length;
      box.indeterminate = chosen > 0 && chosen < boxes.length;
      box.disabled = whole;
    });
    boxes.forEach(function (box) { box.disabled = whole; });
    var words = bar.querySelector("[data-words]"), n = whole ? Number(all.dataset.total) : chosen;
    var text = words.dataset.words.replace("{n}", n.toLocaleString("en"));
    if (words.textContent !== text) words.textContent = text;
    bar.classList.toggle("bulk-bar-on", n > 0);
  }
  document.addEventListener("change", function (event) {
    var at = event.target;
    if (at.matches("[data-pick-page]")) picks().forEach(function (box) { box.checked = at.checked; });
    if (at.matches("[data-pick], [data-pick-page], [data-pick-all]")) show();
  });
  document.addEventListener("DOMContentLoaded", show);
  document.addEventListener("htmx:afterSwap", show);
  window.addEventListener("pageshow", show); // boxes that the browser has restored
})();
