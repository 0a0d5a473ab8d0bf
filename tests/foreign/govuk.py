"""A GOV.UK Forms document (version 2): steps in a linked list, one question a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.foreign.conversion import Account, Converted, Json, Keys, service
from tests.foreign.markup import from_markdown

LONGEST_LINE, LONGEST_TEXT = 499, 4_999  # of the system the documents come from; the document itself does not say
KNOWN = {
    "form_id", "name", "submission_email", "privacy_policy_url", "form_slug", "support_email", "support_phone", "support_url",
    "support_url_text", "declaration_text", "question_section_completed", "declaration_section_completed", "created_at",
    "updated_at", "creator_id", "organisation_id", "what_happens_next_markdown", "payment_url", "start_page", "language",
    "available_languages", "steps",
}  # fmt: skip
ADMINISTRATIVE = (
    "form_id", "submission_email", "question_section_completed", "declaration_section_completed", "created_at", "updated_at",
    "creator_id", "organisation_id",
)  # fmt: skip


def convert(source: Json, *, twins: dict[str, Json] | None = None) -> Converted:
    """The definition. `twins` are the same form in further languages, each a document of its own in that system."""
    return _Conversion(source, twins or {}).converted()


class _Conversion:
    def __init__(self, source: Json, twins: dict[str, Json]) -> None:
        self.source, self.twins = source, twins
        self.account, self.keys = Account(), Keys()

    def converted(self) -> Converted:
        pages = [self.page(step) for step in in_order(self.source)]
        if any(self.said(document.get("declaration_text")) for document in (self.source, *self.twins.values())):
            pages.append(self.declaration())
        for name in sorted(set(self.source) - KNOWN):
            self.account.lacks("components", name, "an element that is not known")
        if self.source.get("payment_url"):
            self.account.lacks("components", "payment_url", "payment")
        self.account.administrative += [name for name in ADMINISTRATIVE if self.source.get(name)]
        more = {"contact": self.contact()}
        if self.source.get("what_happens_next_markdown"):
            more["handling_time"] = self.texts(lambda of: from_markdown(of.get("what_happens_next_markdown") or ""))
            self.account.has("components")
        name = self.texts(lambda of: of["name"])
        document = service(self.source["form_slug"], name, [self.source["language"]], pages, **more)
        return Converted(document, self.account)

    # --- texts ------------------------------------------------------------------------------------------------------

    def said(self, value: Any) -> str:
        return str(value or "").strip()

    def texts(self, pick: Callable[[Json], Any]) -> dict[str, str]:
        """A text in the form's language and in those of its twins that have it."""
        documents = {self.source["language"]: self.source, **self.twins}
        return {language: text for language, of in documents.items() if (text := self.said(pick(of)))}

    def of_step(self, step: Json, pick: Callable[[Json], Any]) -> dict[str, str]:
        """A text of a step, found in the twins by the step's id."""
        return self.texts(lambda of: next((pick(s["data"]) for s in of["steps"] if s["id"] == step["id"]), ""))

    def contact(self) -> dict[str, str]:
        lines = ("support_email", "support_phone", "support_url_text", "support_url", "privacy_policy_url")
        self.account.has("components", sum(bool(self.source.get(name)) for name in lines))
        return self.texts(lambda of: "\n".join(of[name] for name in lines if of.get(name)))

    # --- steps ------------------------------------------------------------------------------------------------------

    def page(self, step: Json) -> Json:
        data = step["data"]
        where = f"step {step['id']}"
        self.account.has("components")
        for _condition in step["routing_conditions"]:
            self.account.lacks("conditions", where, "a jump to another step")
        heading = self.of_step(step, lambda d: d.get("page_heading")) or self.of_step(
            step, lambda d: d["question_text"]
        )
        fields = []
        if data.get("guidance_markdown"):
            guidance = self.of_step(step, lambda d: from_markdown(d.get("guidance_markdown") or ""))
            fields.append({"kind": "guidance", "key": self.keys.new("guidance"), "text": guidance})
        fields += self.questions(step, where)
        if data.get("is_repeatable"):
            fields = [self.repeating(step, fields)]
        return {"key": self.keys.new(f"step_{step['position']}"), "title": heading, "fields": fields}

    def questions(self, step: Json, where: str) -> list[Json]:
        data = step["data"]
        common: dict[str, Json] = {"required": not data["is_optional"]}
        self.account.has("validations", int(common["required"]))
        if hint := self.of_step(step, lambda d: d.get("hint_text")):
            common["hint"] = hint
        label = self.of_step(step, lambda d: d["question_text"])
        settings = data.get("answer_settings") or {}
        if data["answer_type"] == "address" and settings.get("input_type", {}).get("uk_address"):
            return self.british_address(label, common)
        kind = self.kind(data["answer_type"], settings, step)
        if kind is None:
            self.account.lacks("fields", where, f"questions of the type {data['answer_type']}")
            return []
        self.account.has("fields")
        return [{"key": self.keys.new(data["question_text"]), "label": label, **kind, **common}]

    def kind(self, answer_type: str, settings: Json, step: Json) -> Json | None:
        """The kind of question and its settings."""
        kinds: dict[str, Json] = {
            "number": {"kind": "decimal", "decimals": 6},
            "address": {"kind": "address"},
            "email": {"kind": "email"},
            "date": {"kind": "date"},
            "national_insurance_number": {"kind": "text", "pattern": "AA 99 99 99 A", "max_length": 13},
            "phone_number": {"kind": "phone"},
            "organisation_name": {"kind": "text", "max_length": LONGEST_LINE, "autocomplete": "organization"},
            "name": {"kind": "text", "max_length": LONGEST_LINE, "autocomplete": "name"},
            "file": {"kind": "file"},
        }
        if answer_type == "text":
            if settings["input_type"] == "long_text":
                return {"kind": "long_text", "max_length": LONGEST_TEXT}
            return {"kind": "text", "max_length": LONGEST_LINE}
        if answer_type == "selection":
            return self.selection(settings, step)
        return kinds.get(answer_type)

    def selection(self, settings: Json, step: Json) -> Json:
        options = []
        keys = Keys()
        for n, option in enumerate(settings["selection_options"]):
            label = self.of_step(step, lambda d, n=n: d["answer_settings"]["selection_options"][n]["name"])  # type: ignore[misc]
            options.append({"value": keys.new(option["name"]), "label": label})
        return {"kind": "choice" if settings["only_one_option"] in ("1", True) else "choices", "options": options}

    def british_address(self, label: dict[str, str], common: Json) -> list[Json]:
        """An address in the United Kingdom is no Finnish one and no foreign one with a country: its lines are asked one by one."""
        self.account.has("fields")
        parts = {
            "address_line_1": ("Address line 1", {"autocomplete": "street-address", **common}),
            "address_line_2": ("Address line 2", {"required": False}),
            "town_or_city": ("Town or city", {"autocomplete": "address-level2", "required": common["required"]}),
            "county": ("County", {"required": False}),
            "postcode": ("Postcode", {"max_length": 8, "autocomplete": "postal-code", "required": common["required"]}),
        }
        lines = [
            {"kind": "text", "key": self.keys.new(key), "label": dict.fromkeys(label, words), **more}
            for key, (words, more) in parts.items()
        ]
        return [{"kind": "heading", "key": self.keys.new("address"), "label": label}, *lines]

    def repeating(self, step: Json, fields: list[Json]) -> Json:
        label = self.of_step(step, lambda d: d["question_text"])
        least = 0 if step["data"]["is_optional"] else 1
        key = self.keys.new(f"{step['data']['question_text']}_each")
        return {
            "kind": "repeating",
            "key": key,
            "label": label,
            "fields": fields,
            "min_rows": least,
            "required": bool(least),
        }

    def declaration(self) -> Json:
        self.account.has("components")
        label = self.texts(lambda of: from_markdown(of.get("declaration_text") or ""))
        field = {"kind": "consent", "key": self.keys.new("declaration"), "label": label}
        return {
            "key": self.keys.new("declaration_page"),
            "title": dict.fromkeys(label, "Declaration"),
            "fields": [field],
        }


def in_order(source: Json) -> Iterator[Json]:
    """The steps as they follow each other, whatever their order in the document."""
    by_id = {step["id"]: step for step in source["steps"]}
    at = source["start_page"]
    while at is not None:
        yield (step := by_id.pop(at))
        at = step["next_step_id"]
    if by_id:
        raise ValueError("steps that no other leads to")
