/* Buttons that copy a field. Without JavaScript the fields are there to be selected by hand. */
(function () {
  "use strict";
  var timers = new Map(); // by button: pressed again, it says so again, and its own word comes back once
  function done(button, box) {
    var said = document.getElementById("announce"), word = button.querySelector("[data-word]");
    box.select();
    if (said) said.textContent = button.dataset.copied;
    word.textContent = button.dataset.copied;
    window.clearTimeout(timers.get(button));
    timers.set(button, window.setTimeout(function () { word.textContent = word.dataset.word; }, 1500));
  }
  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("[data-copy]").forEach(function (button) {
      var box = document.getElementById(button.dataset.copy);
      button.hidden = false;
      button.addEventListener("click", function () {
        // the clipboard is for pages over TLS; elsewhere the old command copies what is selected
        if (navigator.clipboard) {
          navigator.clipboard.writeText(box.value).then(function () { done(button, box); }, function () { box.select(); });
        } else {
          box.select();
          if (document.execCommand("copy")) done(button, box);
        }
      });
    });
  });
})();
