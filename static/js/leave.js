// Who signs out here goes on to sign out where they were identified; the button is for who has no JavaScript.
document.querySelector("form[data-leave]")?.requestSubmit();
