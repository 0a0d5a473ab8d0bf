// What belongs to a tick (the days of a time limit, the answer that stands there from the beginning) is shown when it is ticked.
// Without this all of it is always shown.
const FOLLOWS = { lead_time: "lead_time-", default: "default-" };

for (const [name, begins] of Object.entries(FOLLOWS)) {
  const tick = document.getElementById(`id_${name}`);
  if (tick?.type !== "checkbox") continue;
  const parts = new Set(
    [...document.querySelectorAll(`[name^="${begins}"]`)].map((control) => control.closest(".question")).filter(Boolean),
  );
  const look = () => parts.forEach((part) => { part.hidden = !tick.checked; });
  tick.addEventListener("change", look);
  look();
}
