// Sends files the moment they are chosen, so that they are kept with the draft whatever becomes of the page. What stands at the
// question afterwards is what the server says. Whatever goes wrong on the way, the files go back to where they were chosen, and are sent
// with the page as they would have been without this.

const form = document.querySelector("form[data-files]");
const words = document.getElementById("upload")?.dataset;
const under = new Map(); // the questions whose files are on their way, each with the promise of its end
const heard = Object.assign(document.createElement("p"), { className: "visually-hidden" });
heard.setAttribute("role", "status");
form?.append(heard);

const isFiles = (control) => control.matches?.("input[type=file]") && control.form === form;
const say = (text) => { heard.textContent = text; };

// Another answer of the server than the question itself, such as the page to sign in on, is none.
const send = (method, address, body, moved, stopper) => new Promise((resolve, reject) => {
  const request = new XMLHttpRequest();
  request.open(method, address);
  request.upload.addEventListener("progress", (event) => event.lengthComputable && moved?.(event.loaded / event.total));
  request.addEventListener("load", () => {
    const own = new URL(request.responseURL, location).pathname === new URL(address, location).pathname;
    if (own && request.status === 200) resolve(request.responseText);
    else reject(new Error("not the question"));
  });
  request.addEventListener("error", () => reject(new Error("not reached")));
  request.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
  stopper?.addEventListener("click", () => request.abort());
  request.send(body);
});

// Puts what the server says of the question in place of what stood there, without what has been written and not yet saved.
const renew = (question, html) => {
  const fresh = new DOMParser().parseFromString(html, "text/html").body.firstElementChild;
  if (!fresh) return;
  for (const typed of question.querySelectorAll("input[type=text]")) {
    const again = [...fresh.querySelectorAll("input[type=text]")].find((control) => control.name === typed.name);
    if (again) again.value = typed.value;
  }
  question.className = fresh.className;
  question.replaceChildren(...fresh.childNodes);
};

const row = (question, files) => {
  const made = document.getElementById("upload").content.firstElementChild.cloneNode(true);
  const what = made.querySelector(".upload__what");
  const bar = made.querySelector("progress");
  what.textContent = files.length === 1 ? words.one.replace("{name}", files[0].name) : words.many.replace("{n}", files.length);
  bar.setAttribute("aria-label", what.textContent);
  question.after(made);
  const moved = (part) => {
    bar.value = Math.round(part * 100);
    made.querySelector(".upload__part").textContent = `${bar.value} %`;
  };
  return { made, moved, stopper: made.querySelector("button") };
};

const upload = async (input) => {
  const question = input.closest(".question");
  const chosen = input.files;
  const address = `${form.dataset.files}${input.name}/`;
  const body = new FormData();
  body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  for (const file of chosen) body.append(input.name, file);
  input.disabled = true; // so that what goes now does not also go with the page
  const { made, moved, stopper } = row(question, chosen);
  say(made.querySelector(".upload__what").textContent);
  let held = false;
  stopper.addEventListener("focus", () => { held = true; });
  stopper.addEventListener("blur", () => { held = false; });
  try {
    const answer = await send("POST", address, body, moved, stopper);
    renew(question, answer);
    say(question.classList.contains("question--error") ? words.refused : words.done);
  } catch (trouble) {
    if (trouble.name === "AbortError") {
      say(words.stopped);
      // The server may have had them all by then.
      await send("GET", address).then((now) => renew(question, now), () => { input.value = ""; input.disabled = false; });
    } else {
      input.disabled = false; // with the files still chosen in it
      const told = Object.assign(document.createElement("p"), { className: "question__warning", textContent: words.later });
      question.querySelector(".question__warning")?.remove();
      question.append(told);
      say(words.later);
    }
  } finally {
    made.remove();
    const control = question.querySelector("input[type=file]");
    if (held || document.activeElement === document.body) control?.focus();
  }
};

form?.addEventListener("change", (event) => {
  const input = event.target;
  if (!isFiles(input) || !input.files.length || under.has(input.name)) return;
  under.set(input.name, upload(input).finally(() => under.delete(input.name)));
});

// A page is saved when its files have arrived.
form?.addEventListener("submit", async (event) => {
  if (!under.size) return;
  event.preventDefault();
  event.stopPropagation();
  const { submitter } = event;
  say(words.first);
  await Promise.allSettled(under.values());
  // Somebody should see what was refused before they leave the page.
  const refused = form.querySelector(".question--error input[type=file]");
  if (refused) refused.focus();
  else if (!submitter || submitter.isConnected) form.requestSubmit(submitter);
}, { capture: true });
