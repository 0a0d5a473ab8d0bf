// A button that prints the page. It is hidden in the page itself: without JavaScript it could do nothing.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
