/* Frame of portal and admin: menu button of narrow screens, account menu, "/" to search. */
(function () {
  "use strict";
  document.documentElement.classList.add("js");
  // select2 of the admin leaves its box without a name: give it that of the field's label. Choices that are names of
  // people stay untranslated in it, too. Where several can be chosen, the search field is made anew with each choice
  function nameSearchBoxes() {
    document.querySelectorAll(".select2-selection[role=combobox]").forEach(function (box) {
      if (box.dataset.named !== undefined && !box.querySelector("[role=searchbox]:not([aria-label])")) return;
      var select = box.closest(".select2-container").previousElementSibling;
      var label = select && select.id && document.querySelector('label[for="' + select.id + '"]');
      var name = label ? label.textContent.trim() : select && select.getAttribute("aria-label");
      if (!name) return;
      box.dataset.named = "";
      box.removeAttribute("aria-labelledby");
      box.setAttribute("aria-label", name);
      if (select.getAttribute("translate") === "no") box.setAttribute("translate", "no");
      box.querySelectorAll("[role=textbox], [role=searchbox]").forEach(function (text) { text.setAttribute("aria-label", name); });
    });
  }
  document.addEventListener("DOMContentLoaded", function () {
    var content = document.getElementById("content");
    if (content && document.querySelector("select.admin-autocomplete")) {
      new MutationObserver(nameSearchBoxes).observe(content, { childList: true, subtree: true });
      nameSearchBoxes();
    }
    var button = document.querySelector(".topbar-toggle"), side = document.getElementById("side");
    function showSide(open) {
      side.classList.toggle("show", open);
      button.setAttribute("aria-expanded", String(open));
    }
    if (button && side) button.addEventListener("click", function () { showSide(!side.classList.contains("show")); });

    // lists come and go, and their menus with them: ask for those that are open now
    function openMenus() { return Array.from(document.querySelectorAll(".account[open], .menu[open]")); }
    document.addEventListener("click", function (event) {
      openMenus().forEach(function (menu) { if (!menu.contains(event.target)) menu.open = false; });
    });
    document.addEventListener("keydown", function (event) {
      if (event.key === "Escape") {
        openMenus().forEach(function (menu) { menu.open = false; menu.querySelector("summary").focus(); });
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
