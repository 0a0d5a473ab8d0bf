// Says under a long text how many characters are left. A screen reader hears it when the writer pauses.
const PAUSE_IN_WRITING = 1000;

for (const area of document.querySelectorAll("textarea[data-limit]")) {
  const limit = Number(area.dataset.limit);
  const seen = Object.assign(document.createElement("p"), { className: "counter" });
  const heard = Object.assign(document.createElement("p"), { className: "visually-hidden" });
  seen.setAttribute("aria-hidden", "true");
  heard.setAttribute("aria-live", "polite");
  area.after(seen, heard);

  const words = () => {
    const left = limit - [...area.value].length;
    seen.classList.toggle("counter--over", left < 0);
    return (left < 0 ? area.dataset.over : area.dataset.left).replace("{n}", Math.abs(left));
  };

  let waiting;
  const tell = () => {
    seen.textContent = words();
    clearTimeout(waiting);
    waiting = setTimeout(() => { heard.textContent = seen.textContent; }, PAUSE_IN_WRITING);
  };

  seen.textContent = words();
  area.addEventListener("input", tell);
}
