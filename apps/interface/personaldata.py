"""What becomes of the interface's models in what is held on a person (`cases.personaldata`)."""

CONSIDERED: dict[str, str] = {
    "interface.KeptAnswer": "left out: keys and numbers",
    "interface.WaitingFile": "left out: an authority's, until it is a document of the diary",
    "interface.Call": "left out: about tests, with which they go",
}
