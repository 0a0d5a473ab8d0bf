"""A GC Forms document (Canada): one page, every text in English and French side by side."""

from __future__ import annotations

from typing import Any

from tests.foreign.conversion import Account, Converted, Json, Keys, service
from tests.foreign.markup import from_markdown, one_line

LANGUAGES = {"en": "En", "fr": "Fr"}
AUTOCOMPLETE = {"name": "name"}


def convert(source: Json, *, key: str, languages: tuple[str, ...] = ("en",)) -> Converted:
    """The definition. `languages` are those the service requires; the others are kept beside them."""
    return _Conversion(source).converted(key, list(languages))


class _Conversion:
    def __init__(self, source: Json) -> None:
        self.source = source
        self.account, self.keys = Account(), Keys()

    def converted(self, key: str, languages: list[str]) -> Converted:
        by_id = {element["id"]: element for element in self.source["elements"]}
        fields = [field for n in self.source["layout"] if (field := self.field(by_id.pop(n)))]
        for left in by_id.values():
            self.account.lacks("components", f"element {left['id']}", "an element that the layout does not place")
        for name in set(self.source) - {
            "titleEn",
            "titleFr",
            "confirmation",
            "privacyPolicy",
            "layout",
            "elements",
            "brand",
        }:
            self.account.lacks("components", name, "an element that is not known")
        self.account.decorations += ["brand"] if self.source.get("brand") else []
        name = self.texts(self.source, "title")
        page = {"key": "questions", "title": name, "fields": fields}
        more = {}
        if afterwards := self.texts(self.source.get("confirmation", {}), "description"):
            more["handling_time"] = afterwards
            self.account.has("components")
        if privacy := self.texts(self.source.get("privacyPolicy", {}), "description"):
            more["contact"] = privacy
            self.account.has("components")
        return Converted(service(key, name, languages, [page], **more), self.account)

    def texts(self, of: Json, name: str) -> dict[str, str]:
        """A text in each language it is written in."""
        found = {language: from_markdown(of.get(f"{name}{ending}") or "") for language, ending in LANGUAGES.items()}
        return {language: text for language, text in found.items() if text}

    def field(self, element: Json) -> Json | None:
        self.account.has("components")
        said, where = element["properties"], f"element {element['id']}"
        if element["type"] == "richText":
            label = self.texts(said, "title")
            guidance = {"kind": "guidance", "key": self.keys.new("guidance"), "text": self.texts(said, "description")}
            return {**guidance, **({"label": label} if label else {})}
        kind = self.kind(element)
        if kind is None:
            self.account.lacks("fields", where, f"elements of the type {element['type']}")
            return None
        self.account.has("fields")
        rules = said["validation"]
        self.account.has(
            "validations", int(rules["required"]) + (rules.get("type") == "email") + ("maxLength" in rules)
        )
        for name in set(rules) - {"required", "type", "maxLength"}:
            self.account.lacks("validations", where, f"the rule {name}")
        label = {language: one_line(text) for language, text in self.texts(said, "title").items()}
        # The placeholder, where there is one, is said as part of the hint: it must not disappear when one begins to write.
        hint = {
            language: "\n\n".join(filter(None, (self.texts(said, "description").get(language), placeholder)))
            for language in LANGUAGES
            if (placeholder := self.texts(said, "placeholder").get(language, ""))
            or self.texts(said, "description").get(language)
        }
        field = {"key": self.keys.new(said["titleEn"]), "label": label, "required": rules["required"], **kind}
        return {**field, **({"hint": hint} if hint else {})}

    def kind(self, element: Json) -> dict[str, Any] | None:
        said = element["properties"]
        rules = said["validation"]
        limit = {"max_length": rules["maxLength"]} if "maxLength" in rules else {}
        if element["type"] == "textField" and rules.get("type") == "email":
            return {"kind": "email"}
        if element["type"] == "textField":
            known = {"autocomplete": AUTOCOMPLETE[rules["type"]]} if rules.get("type") in AUTOCOMPLETE else {}
            return {"kind": "text", "max_length": 1_000, **limit, **known}
        if element["type"] == "textArea":
            return {"kind": "long_text", "max_length": 20_000, **limit}
        if element["type"] in ("checkbox", "radio", "dropdown"):
            kind = {
                "checkbox": {"kind": "choices"},
                "radio": {"kind": "choice"},
                "dropdown": {"kind": "choice", "display": "list"},
            }
            keys = Keys()
            options = [
                {"value": keys.new(option["en"]), "label": {language: option[language] for language in LANGUAGES}}
                for option in said["choices"]
            ]
            return {**kind[element["type"]], "options": options}
        return None
