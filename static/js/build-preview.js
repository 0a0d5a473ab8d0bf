// The preview beside the builder: keeps the chosen width, lets language and scripts be chosen on the page that is shown just now, and
// shows it anew when something has been saved. Without this the links lead to the page the builder is at.
const preview = document.querySelector("[data-preview]");
const frame = preview?.querySelector("iframe");
const NARROW = "(max-width: 68rem)";
const WIDTH = "preview-width";

const marked = (name, value) => {
  for (const link of preview.querySelectorAll(`[data-preview-${name}]`)) {
    if (link.getAttribute(`data-preview-${name}`) === value) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
};

// Where the frame is now; null while it shows something that is not ours to read.
const shown = () => {
  try {
    const there = new URL(frame.contentWindow.location.href);
    return there.pathname.includes("/preview/") ? there : null;
  } catch {
    return null;
  }
};

const choose = (event) => {
  const link = event.target.closest("[data-preview-language], [data-preview-script]");
  const there = link && shown();
  if (!there) return;
  const { previewLanguage: language, previewScript: script } = link.dataset;
  if (language) there.pathname = there.pathname.replace(/^\/[a-z]{2,3}(?=\/)/, `/${language}`);
  if (script === "0") there.searchParams.set("script", "0");
  else if (script) there.searchParams.delete("script");
  there.searchParams.delete("said");
  event.preventDefault();
  frame.contentWindow.location.replace(there);
};

// The question that is being written comes into sight in the frame. A fragment in the address would make the desk's own page jump too.
const bringIntoSight = () => {
  const there = shown() && frame.contentDocument.getElementById(frame.dataset.previewAt);
  const question = there?.closest(".question, .group") ?? there;
  if (question) frame.contentWindow.scrollBy(0, question.getBoundingClientRect().top - 24);
};

const follow = () => {
  const there = shown();
  if (!there) return;
  marked("language", there.pathname.split("/")[1]);
  marked("script", there.searchParams.get("script") === "0" ? "0" : "1");
};

if (frame) {
  const kept = sessionStorage.getItem(WIDTH);
  for (const one of preview.querySelectorAll(`[name="${WIDTH}"]`)) if (one.value === kept) one.checked = true;
  preview.addEventListener("change", (event) => {
    if (event.target.name === WIDTH) sessionStorage.setItem(WIDTH, event.target.value);
  });
  preview.addEventListener("click", choose);
  frame.addEventListener("load", follow);
  frame.addEventListener("load", bringIntoSight);
  // What is tried from further down is shown where it happens.
  document.addEventListener("submit", (event) => {
    if (event.target.target !== frame.name) return;
    preview.open = true;
    frame.focus();
    frame.scrollIntoView({ block: "nearest" });
  });
  document.addEventListener("build:saved", () => frame.contentWindow.location.reload());
  if (!("previewStays" in preview.dataset) && matchMedia(NARROW).matches) preview.open = false;
}
