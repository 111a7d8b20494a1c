/* The form of a telephone call: fields by kind, keys, merchants while one types, cases that it may be about. All of it
   works without, but for the comfort. Keys that begin with Alt are in portal.js. */
(function () {
  "use strict";
  var form, unsaved = false, leaving = false;

  function shown(element) { return element.getClientRects().length > 0; }
  function say(text) {
    var box = document.getElementById("announce");
    if (box) box.textContent = text;
  }
  function kind() {
    var chosen = form.querySelector("input[name=kind]:checked");
    return chosen ? chosen.value : "";
  }

  // fields that the chosen kind does not have
  function showKind() {
    form.querySelectorAll("[data-kinds]").forEach(function (element) {
      element.hidden = element.dataset.kinds.split(" ").indexOf(kind()) < 0;
    });
    var split = form.elements.split, text = form.querySelector(".i-split");
    if (split && text) text.hidden = kind() !== "complaint" || !split.checked;
  }

  // a searchable select has its own box in place of the select
  function focusOn(element) {
    if (!element) return;
    if (element.tomselect) element.tomselect.focus(); else element.focus();
  }
  function stops() {
    return Array.prototype.filter.call(form.querySelectorAll("input, select, textarea, button, a[href]"), function (element) {
      if (element.disabled || element.tabIndex < 0 || element.type === "hidden" || !shown(element)) return false;
      return element.type !== "radio" || element.checked;
    });
  }
  function toNext(from) {
    var all = stops(), at = all.indexOf(from);
    if (at >= 0 && all[at + 1]) all[at + 1].focus();
  }
  function register(event) {
    if (event.isComposing || event.key !== "Enter" || !event.ctrlKey || event.altKey || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    form.requestSubmit(form.querySelector("[data-register]"));
  }
  function onKey(event) {
    if (event.isComposing) return;
    var at = event.target;
    if (at.name === "kind" && /^[1-9]$/.test(event.key) && !event.ctrlKey && !event.altKey && !event.metaKey) {
      var radio = form.querySelectorAll("input[name=kind]")[event.key - 1];
      if (radio) { event.preventDefault(); radio.checked = true; radio.focus(); radio.dispatchEvent(new Event("change", { bubbles: true })); }
      return;
    }
    // Enter in a line goes on to the next field: a call is not registered by mistake
    if (event.key === "Enter" && !event.defaultPrevented && /^(INPUT|SELECT)$/.test(at.tagName) && !at.closest(".ts-wrapper")) {
      event.preventDefault();
      toNext(at);
    }
  }

  // merchants: a combobox with a list (ARIA authoring practices)
  function merchants(input) {
    var chosen = form.elements.merchant, list = document.createElement("ul"), note = document.createElement("div");
    var options = [], active = -1, timer, asked = 0;
    list.className = "m-list";
    list.id = "merchant-list";
    list.hidden = true;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", form.dataset.listLabel);
    note.className = "m-chosen";
    input.after(list, note);
    [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", list.id]].forEach(function (pair) {
      input.setAttribute(pair[0], pair[1]);
    });
    function close() {
      list.hidden = true;
      active = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }
    function mark(n) {
      active = n;
      Array.prototype.forEach.call(list.children, function (item, at) { item.setAttribute("aria-selected", String(at === n)); });
      if (n < 0) { input.removeAttribute("aria-activedescendant"); return; }
      input.setAttribute("aria-activedescendant", list.children[n].id);
      list.children[n].scrollIntoView({ block: "nearest" });
    }
    function about(merchant) {
      return [merchant.district, merchant.code ? "…" + merchant.code : "", merchant.verified ? form.dataset.verified : form.dataset.unverified]
        .filter(Boolean).join(" · ");
    }
    function choose(n) {
      var merchant = options[n], region = form.elements.region, address = form.elements.merchant_address;
      input.value = merchant.name;
      chosen.value = merchant.id;
      note.textContent = about(merchant);
      if (merchant.region && region && !region.value && region.querySelector('option[value="' + merchant.region + '"]')) {
        if (region.tomselect) region.tomselect.setValue(merchant.region); else region.value = merchant.region;
      }
      if (merchant.address && address && !address.value) address.value = merchant.address;
      say(merchant.name + " " + about(merchant));
      close();
      form.dispatchEvent(new Event("input"));
    }
    function show(found) {
      options = found;
      list.textContent = "";
      found.forEach(function (merchant, n) {
        var item = document.createElement("li"), small = document.createElement("small");
        item.id = "merchant-" + n;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", "false");
        item.setAttribute("translate", "no");
        item.textContent = merchant.name;
        small.textContent = about(merchant);
        item.append(small);
        item.addEventListener("mousedown", function (event) { event.preventDefault(); choose(n); });
        list.append(item);
      });
      list.hidden = !found.length;
      active = -1;
      input.removeAttribute("aria-activedescendant");
      input.setAttribute("aria-expanded", String(!!found.length));
      say(found.length ? form.dataset.found + " " + found.length : form.dataset.none);
    }
    function look() {
      var text = input.value.trim(), mine = ++asked;
      if (text.length < 2) { close(); return; }
      fetch(form.dataset.merchants + "?q=" + encodeURIComponent(text), { redirect: "manual", headers: { Accept: "application/json" } })
        .then(function (answer) {
          if (answer.type === "opaqueredirect") { document.dispatchEvent(new CustomEvent("session-ended")); return null; }
          return answer.ok ? answer.json() : null;
        })
        .then(function (data) { if (data && mine === asked && document.activeElement === input) show(data.merchants); })
        .catch(function () { /* a help that is missing: what was typed is taken as it stands */ });
    }
    input.addEventListener("input", function (event) {
      if (chosen.value) { chosen.value = ""; note.textContent = ""; }
      clearTimeout(timer);
      if (!event.isComposing) timer = setTimeout(look, 180);
    });
    input.addEventListener("compositionend", function () { clearTimeout(timer); timer = setTimeout(look, 180); });
    input.addEventListener("blur", function () { asked++; clearTimeout(timer); close(); });
    input.addEventListener("keydown", function (event) {
      if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
      var open = !list.hidden;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (!open) { look(); return; }
        var step = event.key === "ArrowDown" ? 1 : -1;
        mark(active < 0 && step < 0 ? options.length - 1 : (active + step + options.length) % options.length);
      } else if (event.key === "Escape" && open) {
        event.preventDefault();
        event.stopPropagation();
        close();
      } else if (event.key === "Enter" && open && active >= 0) {
        event.preventDefault();
        choose(active);
      } else if (event.key === "Tab" && open && active >= 0) {
        choose(active);
      }
    });
  }

  // the cases that it may be about: asked for again when what they are found by has changed
  var known = "";
  function keysOfSimilar() {
    var keys = [];
    form.querySelectorAll("input[name$=-phone], input[name$=-id_number]").forEach(function (input) {
      if (input.value.trim().length >= 7) keys.push(input.name + input.value.trim());
    });
    var order = form.elements.order_number.value.trim(), narrative = form.elements.narrative.value.trim();
    if (order.length >= 4) keys.push("order" + order);
    if (form.elements.merchant.value) {
      keys.push("merchant" + form.elements.merchant.value);
      if (narrative.length >= 10) keys.push(String(Math.floor(narrative.length / 20)));
    }
    return keys.join("\n");
  }
  function lookForSimilar() {
    var keys = keysOfSimilar();
    if (keys === known) return;
    known = keys;
    form.dispatchEvent(new CustomEvent("similar"));
  }

  document.addEventListener("DOMContentLoaded", function () {
    form = document.getElementById("intake");
    if (!form) return;
    unsaved = "unsaved" in form.dataset;
    showKind();
    merchants(form.querySelector("[data-merchant]"));
    form.addEventListener("change", showKind);
    form.addEventListener("keydown", register, true); // before a list that is open takes the Enter
    form.addEventListener("keydown", onKey);
    form.addEventListener("input", function () { unsaved = true; lookForSimilar(); });
    form.addEventListener("change", function () { unsaved = true; });
    // it is asked first whether one is still signed in (portal.js): what is not prevented any more is sent
    form.addEventListener("submit", function (event) { leaving = !event.defaultPrevented; });
    window.addEventListener("pageshow", function () { leaving = false; });
    window.addEventListener("beforeunload", function (event) {
      if (unsaved && !leaving) event.preventDefault();
    });
    var summary = document.getElementById("errors");
    if (summary) summary.addEventListener("click", function (event) {
      var link = event.target.closest("a");
      if (!link) return;
      event.preventDefault();
      focusOn(document.getElementById(link.hash.slice(1)));
    });
    // once the searchable selects have their boxes
    setTimeout(function () {
      focusOn(form.querySelector("[autofocus]"));
      if (unsaved) lookForSimilar();
    }, 0);
  });
})();
