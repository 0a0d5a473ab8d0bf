// Whoever leaves a form with something typed and not saved is asked first by the browser: a tab, Undo or a link within the form is soon
// pressed by mistake. Without this what was typed is lost.
const forms = [...document.querySelectorAll("main form.form, main form.condition")];
let saving = false;

const state = (form) =>
  [...form.elements]
    .filter((one) => one.name && !["hidden", "submit", "button"].includes(one.type))
    .map((one) => {
      if (one.type === "checkbox" || one.type === "radio") return one.checked ? `${one.name}=${one.value}` : "";
      if (one.type === "select-multiple") return [...one.selectedOptions].map((chosen) => `${one.name}=${chosen.value}`).join();
      if (one.type === "select-one" && !one.selectedIndex) return "";
      return one.value ? `${one.name}=${one.value}` : "";
    })
    .filter(Boolean)
    .join("\n");

const before = new Map(forms.map((form) => [form, state(form)]));
// What is shown again to be corrected is not saved either.
const toCorrect = Boolean(document.querySelector("main .mistakes"));

// At the window, after those who send a form in another way and keep the page.
window.addEventListener("submit", (event) => {
  saving = !event.defaultPrevented && before.has(event.target);
});
window.addEventListener("beforeunload", (event) => {
  if (saving || !(toCorrect || forms.some((form) => state(form) !== before.get(form)))) return;
  event.preventDefault();
});
// Somebody who comes back with the browser's button has a form that is not being sent.
window.addEventListener("pageshow", () => {
  saving = false;
});
