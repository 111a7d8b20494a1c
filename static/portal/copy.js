/* Buttons that copy a field. Without JavaScript the fields are there to be selected by hand. */
(function () {
  "use strict";
  function done(button, box) {
    var said = document.getElementById("announce"), words = button.textContent;
    box.select();
    if (said) said.textContent = button.dataset.copied;
    button.textContent = button.dataset.copied;
    window.setTimeout(function () { button.textContent = words; }, 1500);
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
