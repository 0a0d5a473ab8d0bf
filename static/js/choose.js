// A box above the boxes of the list, which ticks and clears all on the page.
const form = document.querySelector("#several");
const title = document.querySelector("#result_list .column-chosen .text");
const boxes = [...document.querySelectorAll('#result_list input[name="case"]')];

if (form && title && boxes.length) {
  const all = document.createElement("input");
  all.type = "checkbox";
  all.setAttribute("aria-label", form.dataset.all);
  const look = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  };
  all.addEventListener("change", () => boxes.forEach((box) => { box.checked = all.checked; }));
  boxes.forEach((box) => box.addEventListener("change", look));
  title.replaceChildren(all);
  look();
}
