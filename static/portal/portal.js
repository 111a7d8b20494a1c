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
  function within(root, selector) { return root.matches(selector) ? root : root.querySelector(selector); }
  function failed(kind) {
    var box = document.getElementById("request-failed");
    if (!box) return;
    box.textContent = kind ? box.dataset[kind] : "";
    box.hidden = !kind;
  }

  // a session that has ended takes nothing with it: sign in in another tab, and go on here
  var sure = null, asking = false;
  function token() {
    var cookie = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
    return cookie && cookie[1];
  }
  function freshTokens() {
    var fresh = token();
    if (fresh) document.querySelectorAll("input[name=csrfmiddlewaretoken]").forEach(function (input) { input.value = fresh; });
  }
  function sessionEnded(focus) {
    var box = document.getElementById("session-ended");
    if (box.hidden) {
      box.hidden = false;
      box.scrollIntoView({ block: "center" });
    }
    if (focus) box.focus();
  }
  // a form with `data-ask-first` asks whether one is still signed in: the sign-in page would come in place of what was typed
  function askFirst(event) {
    var form = event.target, submitter = event.submitter, box = document.getElementById("session-ended");
    if (!box || form === sure || !form.matches("[data-ask-first]")) return;
    event.preventDefault();
    if (asking) return;
    asking = true;
    failed("");
    fetch(box.dataset.check, { method: "HEAD", redirect: "manual" })
      .then(function (answer) {
        asking = false;
        if (answer.type === "opaqueredirect") { sessionEnded(true); return; }
        box.hidden = true;
        freshTokens();
        sure = form;
        form.requestSubmit(submitter);
        sure = null;
      })
      .catch(function () {
        asking = false;
        failed("offline");
        document.getElementById("request-failed").scrollIntoView({ block: "center" });
      });
  }

  document.addEventListener("submit", askFirst, true); // before the form's own listeners, which see whether it is sent
  document.addEventListener("session-ended", function () { sessionEnded(false); });
  window.addEventListener("focus", freshTokens);
  window.addEventListener("pageshow", function () { asking = false; });
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
      var data = event.detail.formData, empty = [];
      if (event.detail.verb !== "get") {
        if (token() && data.has("csrfmiddlewaretoken")) data.set("csrfmiddlewaretoken", token());
        return;
      }
      data.forEach(function (value, name) { if (value === "") empty.push(name); });
      empty.forEach(function (name) { data.delete(name); });
    });
    body.addEventListener("htmx:beforeRequest", function () { failed(""); });
    // what is sent and finds nobody signed in stays on the page
    body.addEventListener("htmx:beforeOnLoad", function (event) {
      var box = document.getElementById("session-ended"), asked = event.detail.requestConfig;
      if (!box || asked.verb !== "post") return;
      var to = event.detail.xhr.getResponseHeader("HX-Redirect");
      var ended = to && new URL(to, location).pathname === box.querySelector("a").pathname;
      if (!ended) { box.hidden = true; return; }
      event.preventDefault();
      sessionEnded(asked.elt.matches("form"));
    });
    // a form that was not taken comes back with what is wrong in it
    body.addEventListener("htmx:beforeSwap", function (event) {
      if (event.detail.xhr.status !== 422 && event.detail.xhr.status !== 409) return;
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    });
    // one that is only asked for something answers with the sign-in page: go there whole, and come back afterwards
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
      var asked = event.detail.requestConfig, at = event.detail.target;
      // what replaces its place is the place now; htmx tells of each element that it has put in
      if (!at || !at.isConnected) at = event.target;
      searchSelects(at);
      var news = within(at, "[data-announce]"), say = document.getElementById("announce");
      var words = news ? news.textContent : "", polled = asked && asked.elt.id === "poll";
      // what a page asks for by itself is news only where it has changed
      if (say && (!polled || say.textContent !== words)) say.textContent = words;
      if (!asked) return;
      var menu = asked.elt.closest(".menu");
      if (menu) menu.open = false; // it would lie over what was chosen in it
      var first = asked.verb === "post" && within(at, "[role=alert], .is-invalid") || within(at, "[data-focus]");
      if (first) first.focus();
    });
  });
})();
