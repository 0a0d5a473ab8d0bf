// In the outline of a form, the page stays where it was after something is moved, and the keyboard goes on at the same button.
// Without this the address leads there.
const KEY = "build-scroll";
const here = location.pathname;

for (const form of document.querySelectorAll("form.outline")) {
  form.addEventListener("submit", () => sessionStorage.setItem(KEY, JSON.stringify({ here, at: window.scrollY })));
}

const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
sessionStorage.removeItem(KEY);
const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
if (target) target.focus({ preventScroll: true });
if (kept?.here === here) {
  // The frame beside the outline must not move the page while it loads.
  const back = () => window.scrollTo(0, kept.at);
  back();
  requestAnimationFrame(back);
  target?.scrollIntoView({ block: "nearest" });
}

// One menu is open at a time, and Escape closes it.
document.addEventListener("toggle", (event) => {
  if (!event.target.matches?.("details.outline__more") || !event.target.open) return;
  for (const other of document.querySelectorAll("details.outline__more[open]")) if (other !== event.target) other.open = false;
}, true);
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && event.target.closest?.("details.outline__more[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});
