// A button that copies the text of a control, such as a link that is shown once. Hidden in the page itself: without JavaScript one copies by hand.
for (const button of document.querySelectorAll("[data-copies]")) {
  const control = document.getElementById(button.dataset.copies);
  const said = document.getElementById(button.dataset.says);
  if (!control) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    control.select();
    try {
      await navigator.clipboard.writeText(control.value);
      if (said) said.hidden = false;
    } catch {
      document.execCommand("copy"); // where the page is not served over https
      if (said) said.hidden = false;
    }
  });
}
