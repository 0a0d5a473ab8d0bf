// Says some minutes before the customer is signed out by time, and lets them stay. The server knows the time: another
// window may have lengthened it, or a laptop may have slept.
const MINUTE = 60, WARN = 5 * MINUTE;
const bar = document.querySelector("[data-session]");

if (bar) {
  const text = bar.querySelector("[role=status]");
  const button = bar.querySelector("button");
  const whole = Number(bar.dataset.session);
  const early = Math.min(WARN, whole / 2);
  let timer;

  const say = (words) => { if (text.textContent !== words) text.textContent = words; };

  const show = (shown) => {
    bar.hidden = !shown;
    document.documentElement.classList.toggle("has-session", shown);
    if (!shown) text.textContent = "";
  };

  const ask = async (method) => {
    const body = method === "POST" ? new FormData(bar) : undefined;
    const answer = await fetch(bar.action, { method, body, headers: { Accept: "application/json" }, cache: "no-store" });
    if (!answer.ok) throw new Error(answer.statusText);
    return (await answer.json()).seconds;
  };

  const tell = (left) => {
    clearTimeout(timer);
    if (left > early) {
      show(false);
      timer = setTimeout(look, (left - early) * 1000);
      return;
    }
    show(true);
    button.hidden = left <= 0;
    const minutes = Math.ceil(left / MINUTE);
    const words = text.dataset[left <= 0 ? "over" : minutes > 1 ? "many" : "one"].replace("{n}", minutes);
    setTimeout(() => say(words), 100);  // after it is shown, so that it is heard
    if (left > 0) timer = setTimeout(look, Math.min(MINUTE, left + 1) * 1000);
  };

  const look = () => ask("GET").then(tell, () => { timer = setTimeout(look, MINUTE * 1000); });

  bar.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const left = await ask("POST");
      if (left <= early) return tell(left);
      clearTimeout(timer);
      button.hidden = true;
      say(text.dataset.stays);
      document.querySelector("[data-session-note]")?.remove();  // its time is no longer right
      timer = setTimeout(() => tell(left), 4000);
    } catch {
      bar.submit();
    }
  });

  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) look(); });
  tell(whole);
}
