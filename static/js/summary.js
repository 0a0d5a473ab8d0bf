// Puts the reader at the list of what is wrong, where there is one.
document.querySelector("[data-take-focus]")?.focus();
