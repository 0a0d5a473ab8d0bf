// More rows without going to the server: the last one is copied empty, with the next number in its names. Without this the button posts
// the form, and the page comes back with more rows.
const MORE = 3;

const renumbered = (text, name, from, to) => text.replaceAll(`${name}-${from}`, `${name}-${to}`).replaceAll(`${name}-row-${from}`, `${name}-row-${to}`);

const emptied = (row) => {
  for (const control of row.querySelectorAll("input, textarea")) {
    if (control.type === "checkbox") control.checked = false;
    else control.value = "";
  }
  for (const select of row.querySelectorAll("select")) select.selectedIndex = 0;
  for (const hidden of row.querySelectorAll("input[type=hidden], .question__error, .option-row__note, .option-row__acts")) hidden.remove();
  for (const wrong of row.querySelectorAll("[aria-invalid]")) wrong.removeAttribute("aria-invalid");
  for (const wrong of row.querySelectorAll(".question--error")) wrong.classList.remove("question--error");
};

const next = (row, name, number) => {
  const made = row.cloneNode(true);
  emptied(made);
  for (const element of [made, ...made.querySelectorAll("*")]) {
    for (const attribute of ["id", "for", "name", "aria-describedby", "value", "formaction"]) {
      const value = element.getAttribute(attribute);
      if (value) element.setAttribute(attribute, renumbered(value, name, number - 1, number));
    }
    element.removeAttribute("aria-describedby");
  }
  for (const label of made.querySelectorAll(".row__title, .option-row__text label")) {
    label.textContent = label.textContent.replace(String(number), String(number + 1));
  }
  return made;
};

document.addEventListener("click", (event) => {
  const button = event.target.closest?.('button[name="_act"][value^="more:"]');
  const rows = button?.closest("[data-rows]");
  const count = rows?.querySelector("[data-count]");
  if (!count) return;
  const name = rows.dataset.rows;
  let number = Number(count.value);
  const first = number;
  for (let more = 0; more < MORE; more += 1) {
    const last = document.getElementById(`${name}-row-${number - 1}`);
    if (!last) return;
    last.after(next(last, name, number));
    number += 1;
  }
  event.preventDefault();
  count.value = String(number);
  rows.dispatchEvent(new Event("rows-added"));
  document.getElementById(`${name}-row-${first}`).querySelector("input, select, textarea").focus();
});
