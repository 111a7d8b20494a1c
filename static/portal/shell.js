/* Frame of portal and admin: menu button of narrow screens, account menu, "/" to search. */
(function () {
  "use strict";
  document.documentElement.classList.add("js");
  document.addEventListener("DOMContentLoaded", function () {
    var button = document.querySelector(".topbar-toggle"), side = document.getElementById("side");
    var account = document.querySelector(".account");
    function showSide(open) {
      side.classList.toggle("show", open);
      button.setAttribute("aria-expanded", String(open));
    }
    if (button && side) button.addEventListener("click", function () { showSide(!side.classList.contains("show")); });

    document.addEventListener("click", function (event) {
      if (account && account.open && !account.contains(event.target)) account.open = false;
    });
    document.addEventListener("keydown", function (event) {
      if (event.key === "Escape") {
        if (account && account.open) { account.open = false; account.querySelector("summary").focus(); }
        if (side && side.classList.contains("show")) { showSide(false); button.focus(); }
      }
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
      var at = event.target;
      if (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName)) return;
      var boxes = [document.getElementById("id_q"), document.querySelector(".topbar-search input"), document.getElementById("searchbar")];
      var box = boxes.find(function (candidate) { return candidate && candidate.offsetParent; });
      if (box) { event.preventDefault(); box.focus(); box.select(); }
    });
  });
})();
