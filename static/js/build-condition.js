// A condition's rows: what can be said of a question comes as soon as it is chosen, and rows come and go without a new page.
const form = document.querySelector("[data-condition]");

const place = () => form.querySelector("#condition-rows");

// Where nothing is compared, no answer is asked for. What is chosen by a question alone needs no button.
const tidy = () => {
  for (const button of form.querySelectorAll("[data-go-on]")) button.hidden = true;
  for (const choice of form.querySelectorAll("[data-comparison]")) {
    const answer = choice.closest(".condition__row").querySelector("[data-answer]");
    if (answer) answer.hidden = choice.value.endsWith("answered");
  }
};

const swap = async (act, focus) => {
  const body = new FormData(form);
  body.set("act", act);
  const answer = await fetch(form.action, { method: "POST", body, cache: "no-store" });
  if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const rows = page.querySelector("#condition-rows");
  if (!rows) throw new Error("no rows");
  place().replaceWith(rows);
  tidy();
  (rows.querySelector("[autofocus]") ?? document.getElementById(focus) ?? rows.querySelector("select"))?.focus();
};

if (form) {
  form.addEventListener("change", (event) => {
    if (event.target.matches("[data-comparison]")) tidy();
    if (event.target.matches("[data-question]")) swap("go-on", event.target.id).catch(() => form.querySelector("[data-go-on]").click());
  });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-swap]");
    if (!button) return;
    event.preventDefault();
    swap(button.value).catch(() => { delete button.dataset.swap; button.click(); });
  });
  tidy();
}
