/* List pages and htmx. Without JavaScript every page still works by plain links and forms. */
(function () {
  "use strict";
  function searchSelects(root) {
    if (!window.TomSelect) return;
    root.querySelectorAll("select[data-search]").forEach(function (element) {
      if (element.tomselect) return;
      // without delay: whoever types and presses Enter at once takes what he typed
      new TomSelect(element, { allowEmptyOption: true, maxOptions: 500, plugins: [], refreshThrottle: 0 });
      element.setAttribute("aria-hidden", "true");
    });
  }
  // Alt and the letter of `data-alt`: follows the link, presses the button, or goes to the field inside
  function byKey(event) {
    if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.isComposing) return;
    var letter = /^[a-z]$/i.test(event.key) ? event.key : (event.code || "").replace("Key", "");
    var target = /^[a-z]$/i.test(letter) && document.querySelector('[data-alt="' + letter.toLowerCase() + '"]');
    if (!target || !target.getClientRects().length) return;
    event.preventDefault();
    if (target.matches("a[href], button")) { target.click(); return; }
    var field = target.querySelector("input:checked[type=radio], .ts-control input, input, select:not([aria-hidden]), textarea");
    (field || target).focus();
  }
  function failed(kind) {
    var box = document.getElementById("request-failed");
    if (!box) return;
    box.textContent = kind ? box.dataset[kind] : "";
    box.hidden = !kind;
  }
  document.addEventListener("DOMContentLoaded", function () {
    searchSelects(document);
    var query = document.getElementById("query"), more = document.querySelector(".query-toggle");
    if (query && more) more.addEventListener("click", function () {
      more.setAttribute("aria-expanded", String(query.classList.toggle("open")));
    });
    document.querySelectorAll("[data-print]").forEach(function (button) {
      button.hidden = false;
      button.addEventListener("click", function () { window.print(); });
    });
    document.addEventListener("keydown", byKey);
    var body = document.body;
    // an address holds only what was chosen
    body.addEventListener("htmx:configRequest", function (event) {
      if (event.detail.verb !== "get") return;
      var data = event.detail.formData, empty = [];
      data.forEach(function (value, name) { if (value === "") empty.push(name); });
      empty.forEach(function (name) { data.delete(name); });
    });
    body.addEventListener("htmx:beforeRequest", function () { failed(""); });
    // a form that was not taken comes back with what is wrong in it
    body.addEventListener("htmx:beforeSwap", function (event) {
      if (event.detail.xhr.status !== 422 && event.detail.xhr.status !== 409) return;
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    });
    // a session that has ended answers with the sign-in page: go there whole, and come back afterwards
    body.addEventListener("htmx:beforeSwap", function (event) {
      var answered = event.detail.xhr.responseURL;
      if (answered && new URL(answered).pathname !== new URL(event.detail.requestConfig.path, location).pathname) {
        event.detail.shouldSwap = false;
        location.reload();
      }
    });
    body.addEventListener("htmx:responseError", function () { failed("failed"); });
    body.addEventListener("htmx:sendError", function () { failed("offline"); });
    body.addEventListener("htmx:afterSwap", function (event) {
      searchSelects(event.target);
      var news = event.target.querySelector("[data-announce]"), say = document.getElementById("announce");
      if (say) say.textContent = news ? news.textContent : "";
      var first = event.target.querySelector("[role=alert], .is-invalid") || event.detail.elt.querySelector("[data-focus]");
      if (first && event.detail.requestConfig && event.detail.requestConfig.verb === "post") first.focus();
    });
  });
})();
