"""A grant application of the city of Helsinki: a JSON Schema in steps and sections, a uiSchema beside it, texts in a dictionary."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from apps.services.texts import date_words
from tests.foreign.conversion import Account, Converted, Json, Keys, service, shown_when, snake
from tests.foreign.markup import from_html, one_line

LANGUAGES = ["sv", "fi", "en"]
LONGEST_LINE, LONGEST_TEXT, MOST_FILES = 1_000, 20_000, 50  # the most there can be: the source sets no limit
FILE_TYPES = {"docx", "jpg", "jpeg", "pdf", "png", "xlsx"}  # others are not taken here, on purpose
# What only decides how the source's own pages and prints look.
LOOKS = {
    "ui:order", "tooltipLabel", "tooltipButtonLabel", "hideNameFromPrint", "printableName", "misc:variant", "affirmativeExpands",
    "misc:file-type", "addText",
}  # fmt: skip
UNDERSTOOD = {
    "ui:field",
    "ui:widget",
    "ui:help",
    "ui:enumNames",
    "ui:options",
    "misc:max-length",
    "misc:required",
    "misc:multiple",
}
OPTIONS = {"tooltipText"}
SETTINGS = {"application_open", "application_close", "acting_years", "applicant_types", "title"}


def convert(source: Json, dictionary: Json, *, key: str) -> Converted:
    """The definition. `dictionary` are the texts that the forms share."""
    return _Conversion(source, dictionary).converted(key)


class _Conversion:
    def __init__(self, source: Json, dictionary: Json) -> None:
        self.source, self.schema = source, source["schema"]
        self.shared, self.own = dictionary["translations"], source["translation"]["translations"]
        self.account, self.keys = Account(), Keys()
        self.fields: list[Json] = []

    def converted(self, key: str) -> Converted:
        pages = []
        for name, step in self.schema["properties"].items():
            self.fields = []
            whole = self.resolved(step)
            self.object(name, whole, self.source["uiSchema"].get(name, {}), top=True)
            pages.append({"key": self.keys.new(name), "title": self.label(whole["title"]), "fields": self.fields})
        name = self.label(self.schema["title"])
        settings = self.source["settings"]
        self.account.administrative += [f"settings: {said}" for said in settings if said not in SETTINGS]
        more = {"deadline": self.opening(settings)}
        if settings["applicant_types"] == ["registered_community"]:
            more["for_whom"] = {
                "sv": "Registrerade föreningar",
                "fi": "Rekisteröidyt yhteisöt",
                "en": "Registered organisations",
            }
        return Converted(service(key, name, LANGUAGES, pages, **more), self.account)

    def opening(self, settings: Json) -> dict[str, str]:
        """When it can be applied for."""
        self.account.has("components", 2)
        first, last = (date_words(date.fromisoformat(settings[f"application_{end}"][:10])) for end in ("open", "close"))
        return dict.fromkeys(LANGUAGES, f"{first}–{last}")

    # --- texts ------------------------------------------------------------------------------------------------------

    def text(self, reference: str) -> dict[str, str]:
        """A text of the form, else of the dictionary, in each language."""
        found = self.own.get(reference) or self.shared[reference]
        return {language: from_html(found[language].replace("\n", "<br>")) for language in LANGUAGES}

    def label(self, reference: str) -> dict[str, str]:
        return {language: one_line(text) for language, text in self.text(reference).items()}

    # --- the schema -------------------------------------------------------------------------------------------------

    def resolved(self, part: Json) -> Json:
        if "$ref" not in part:
            return part
        named = self.schema["definitions"][part["$ref"].rsplit("/", 1)[1]]
        return {**named, **{name: value for name, value in part.items() if name != "$ref"}}

    def object(self, name: str, part: Json, looks: Json, *, top: bool = False) -> None:
        """A section, or a part of one: a heading and what is in it, in the order of its page."""
        if not top:
            self.account.has("components")
            if "title" in part:
                self.fields.append({"kind": "heading", "key": self.keys.new(name), "label": self.label(part["title"])})
            if "description" in part:
                text = self.text(part["description"])
                self.fields.append({"kind": "guidance", "key": self.keys.new(f"{name}_guidance"), "text": text})
        needed = set(part.get("required", []))
        questions = {key: (inner, key in needed, True) for key, inner in part.get("properties", {}).items()}
        for rule in part.get("allOf", []):
            questions |= self.conditional(name, rule)
        order = looks.get("ui:order", list(questions))
        for key in sorted(questions, key=order.index):
            inner, required, when = questions[key]
            self.part(key, self.resolved(inner), looks.get(key, {}), required=required, when=when)

    def conditional(self, name: str, rule: Json) -> dict[str, tuple[Json, bool, Json]]:
        """What an `if … then …` brings up, with its condition."""
        tested = rule["if"]["properties"]
        if set(rule) != {"if", "then"} or len(tested) != 1 or any(set(test) != {"const"} for test in tested.values()):
            self.account.lacks("conditions", name, "a condition of another form than one value")
            return {}
        self.account.has("conditions")
        ((key, test),) = tested.items()
        when = {"field": snake(key), "equals": test["const"]}
        needed = set(rule["then"].get("required", []))
        return {key: (inner, key in needed, when) for key, inner in rule["then"]["properties"].items()}

    def part(self, name: str, part: Json, looks: Json, *, required: bool, when: Json) -> None:
        self.check_looks(name, looks)
        if looks.get("ui:field") == "textParagraph":
            self.paragraphs(name, part, looks)
        elif looks.get("ui:field") == "subventionTable":
            self.subventions(part)
        elif looks.get("ui:widget") == "hidden":
            self.hidden(name, part)
        elif part.get("type") == "object" and looks.get("ui:field") != "atvFile":
            self.object(name, part, looks)
        else:
            self.fields.append(self.question(name, part, looks, required=required) | shown_when(when))

    def check_looks(self, name: str, looks: Json) -> None:
        """Note what the uiSchema says and this converter does not know."""
        for said in [key for key in looks if ":" in key]:
            if said in LOOKS:
                self.account.decorations.append(f"{name}: {said}")
            elif said not in UNDERSTOOD:
                self.account.lacks("components", name, f"the setting {said}")
        for said in looks.get("ui:options", {}):
            if said in LOOKS:
                self.account.decorations.append(f"{name}: {said}")
            elif said not in OPTIONS:
                self.account.lacks("components", name, f"the setting {said}")

    def paragraphs(self, name: str, part: Json, looks: Json) -> None:
        self.account.has("components")
        texts = [self.text(item["title"]) for item in part["items"]]
        text = {language: "\n\n".join(said[language] for said in texts) for language in LANGUAGES}
        label = {"label": self.label(part["title"])} if "title" in part else {}
        self.fields.append({"kind": "guidance", "key": self.keys.new(name), "text": text, **label})

    def subventions(self, part: Json) -> None:
        """A table with a sum for each type of grant: a sum each."""
        self.account.has("components")
        self.fields.append({"kind": "heading", "key": self.keys.new("subventions"), "label": self.label(part["title"])})
        for option in part["options"]:
            self.account.has("fields")
            key = self.keys.new(f"subvention_{option['id']}")
            self.fields.append({"kind": "money", "key": key, "label": self.label(option["label"]), "required": False})

    def hidden(self, name: str, part: Json) -> None:
        """A value that the page does not show and that is always the same."""
        self.account.has("components")
        self.account.has("fields")
        label = dict.fromkeys(LANGUAGES, name)
        values = [{"value": part["default"]}]
        self.fields.append(
            {"kind": "derived", "key": self.keys.new(name), "label": label, "values": values, "quiet": True}
        )

    # --- questions --------------------------------------------------------------------------------------------------

    def question(self, name: str, part: Json, looks: Json, *, required: bool) -> Json:
        self.account.has("components")
        self.account.has("fields")
        kind = self.kind(name, part, looks)
        if looks.get("ui:field") == "atvFile":
            required = bool(looks.get("misc:required"))
        self.account.has("validations", int(required))
        default = {"default": part["default"]} if "default" in part else {}
        hint = self.hint(looks)
        label = {"label": self.label(part["title"])} if "title" in part else {}
        field = {"key": self.keys.new(name), "required": required, **label, **kind, **default}
        return {**field, **({"hint": hint} if hint else {})}

    def kind(self, name: str, part: Json, looks: Json) -> dict[str, Any]:
        if looks.get("ui:field") == "actingYear":
            years = self.source["settings"]["acting_years"]
            options = [{"value": f"y{year}", "label": dict.fromkeys(LANGUAGES, str(year))} for year in years]
            return {"kind": "choice", "display": "list", "options": options}
        if looks.get("ui:field") == "atvFile":
            return self.file(looks)
        if part.get("enum") == [False, True]:
            return {"kind": "yes_no"}
        if part["type"] == "array":
            return self.rows(name, part, looks)
        if part["type"] == "integer":
            return {"kind": "whole_number"}
        if part.get("format") == "decimal-number":
            self.account.has("validations")
            return {"kind": "money"}
        if looks.get("ui:widget") == "date":
            return {"kind": "date"}
        self.account.has("validations", int("misc:max-length" in looks))
        if looks.get("ui:widget") == "textarea":
            return {"kind": "long_text", "max_length": looks.get("misc:max-length", LONGEST_TEXT)}
        return {"kind": "text", "max_length": looks.get("misc:max-length", LONGEST_LINE)}

    def rows(self, name: str, part: Json, looks: Json) -> dict[str, Any]:
        item = self.resolved(part["items"])
        outer, self.fields = self.fields, []
        for key, inner in item["properties"].items():
            self.part(key, inner, looks.get("items", {}).get(key, {}), required=key in item["required"], when=True)
        inside, self.fields = self.fields, outer
        label = self.label(item["title"])
        return {"kind": "repeating", "fields": inside, "label": label, "row_label": label}

    def file(self, looks: Json) -> dict[str, Any]:
        """Files; the source says their kinds and size in words only."""
        said = " ".join(self.shared[looks["ui:help"]].values())
        endings = set(re.findall(r"[a-z]+", said.split("types:")[1].split(".")[0]))
        size = int(m[1]) if (m := re.search(r"enintään (\d+) Mt", said)) else 10
        types = sorted({"jpeg" if ending == "jpg" else ending for ending in endings & FILE_TYPES})
        if refused := endings - FILE_TYPES:
            self.account.narrowed.append(f"kinds of file that are not taken: {', '.join(sorted(refused))}")
        self.account.has("validations", 2)
        return {
            "kind": "file",
            "types": types,
            "max_megabytes": size,
            "max_files": MOST_FILES if looks.get("misc:multiple") else 1,
        }

    def hint(self, looks: Json) -> dict[str, str]:
        """The help behind the tooltip. That of files is not repeated: the file question says its own limits."""
        said = looks.get("ui:options", {}).get("tooltipText")
        return self.text(said) if said else {}
