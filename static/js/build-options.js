// In a row of a new question, the options are shown only for the kinds that have some. Without this they stand behind a title that opens.
const look = (row, kinds) => {
  const options = row.querySelector("[data-options]");
  const kind = row.querySelector("select[data-kind]");
  if (!options || !kind) return;
  const wanted = kinds.includes(kind.value);
  options.hidden = !wanted;
  options.open = wanted;
};

for (const rows of document.querySelectorAll("[data-with-options]")) {
  const kinds = rows.dataset.withOptions.split(" ");
  const lookAtAll = () => rows.querySelectorAll("[data-row]").forEach((row) => look(row, kinds));
  rows.addEventListener("change", (event) => {
    if (event.target.matches("select[data-kind]")) look(event.target.closest("[data-row]"), kinds);
  });
  rows.addEventListener("rows-added", lookAtAll);
  lookAtAll();
}
