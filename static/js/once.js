// A form pressed twice in a hurry is sent once. After a few seconds it may be sent again: the first may have been lost.
const PAUSE = 5000;
const sent = new WeakMap();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.timeStamp - (sent.get(form) ?? -PAUSE) < PAUSE) {
    event.preventDefault();
    return;
  }
  sent.set(form, event.timeStamp);
  event.submitter?.setAttribute("aria-disabled", "true");
  setTimeout(() => event.submitter?.removeAttribute("aria-disabled"), PAUSE);
});

// Somebody who comes back with the browser's button finds the form ready.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.forms) sent.delete(form);
  for (const button of document.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
});
