// The description in Swagger UI, for who wants it so. It is fetched when asked for; the page itself says the same without it.
const place = document.querySelector(".swagger");

if (place) {
  const button = place.querySelector("button");
  const said = place.querySelector("[role=status]");
  const inside = place.querySelector("#swagger");
  const page = document.querySelector(".interface");
  const contents = document.querySelector(".contents");
  const show = button.textContent;
  let made = null;

  const fetched = (element, name, address) => new Promise((resolve, reject) => {
    element.addEventListener("load", resolve);
    element.addEventListener("error", reject);
    element[name] = address;
    document.head.append(element);
  });

  // Nothing is sent from here, and no key is asked for: a key does not belong in a web page.
  const withoutKeys = () => ({
    wrapComponents: Object.fromEntries(
      ["authorizeBtn", "AuthorizeBtnContainer", "authorizeOperationBtn"].map((name) => [name, () => () => null]),
    ),
  });

  const make = async () => {
    const style = Object.assign(document.createElement("link"), { rel: "stylesheet" });
    await Promise.all([
      fetched(style, "href", place.dataset.style),
      fetched(document.createElement("script"), "src", place.dataset.script),
    ]);
    window.SwaggerUIBundle({
      domNode: inside,
      url: place.dataset.document,
      supportedSubmitMethods: [],
      validatorUrl: null,
      defaultModelsExpandDepth: 0,
      plugins: [withoutKeys],
    });
  };

  const open = (opened) => {
    inside.hidden = !opened;
    page.hidden = contents.hidden = opened;
    button.setAttribute("aria-expanded", opened);
    button.textContent = opened ? button.dataset.hide : show;
  };

  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", paint);
  paint();

  button.addEventListener("click", async () => {
    said.textContent = "";
    try {
      made ??= make();
      await made;
      open(inside.hidden);
    } catch {
      made = null;
      said.textContent = said.dataset.failed;
    }
  });
  place.hidden = false;
}
