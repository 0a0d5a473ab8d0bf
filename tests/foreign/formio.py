"""A Form.io form: components within components, conditions by value or by script, hidden fields that compute.

Panels, columns and containers group: their conditions go to what is in them, in the order of the form. Scripts are recognised
(`scripts`), never run. Where a part of a condition cannot be said, it counts as not given, the question becomes optional, and the
account says so; what would then never be shown is left out, and the account says that too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from tests.foreign.conversion import (
    Account,
    Condition,
    Converted,
    Json,
    Keys,
    all_of,
    negated,
    service,
    shown_when,
)
from tests.foreign.markup import from_html, one_line
from tests.foreign.scripts import Node, Subject, Unrecognised, condition_of, script, values_of

LONGEST_LINE, LONGEST_TEXT, BIGGEST, MOST_FILES = 1_000, 20_000, 999_999_999_999, 50
GROUPS = ("panel", "columns", "fieldset", "container")
TOLD = ("htmlelement", "content")
TYPES = {".pdf": "pdf", ".docx": "docx", ".jpg": "jpeg", ".png": "png"}  # others are not taken here, on purpose

HOST = "a value handed in by the surrounding system"
LATER = "a look at a question that comes later"
OUTSIDE = "a look out of a row"
FILE_IN_ROW = "files in a group that repeats"
REMOTE = "a list fetched from another system"
READ_ONLY = "values of the surrounding system, shown and not asked"
QUOTES = "texts that quote a value"
NEVER = "never shown without what is handed in by the surrounding system"

UNDERSTOOD = {
    "key", "type", "label", "content", "html", "hideLabel", "validate", "tag", "className", "components", "columns", "title",
    "conditional", "customConditional", "calculateValue", "values", "prefix", "suffix", "disabled", "filePattern", "multiple",
    "placeholder", "tooltip", "description", "widget", "defaultValue", "customDefaultValue", "logic", "errors", "persistent",
    "clearOnHide", "inputType", "refreshOn", "input",
}  # fmt: skip
# What only decides how the source's pages look and behave while one writes.
LOOKS = {
    "attrs", "customClass", "optionsLabelPosition", "buttonSettings", "applyMaskOn", "inputFormat", "delimiter",
    "breadcrumbClickable", "scrollToTop", "searchThreshold", "overlay", "spellcheck", "addAnother", "addAnotherPosition",
    "truncateMultipleSpaces", "errorLabel", "redrawOn", "refreshOnChange", "clearOnRefresh", "inDataGrid",
}  # fmt: skip
# What only the source's own system knows what to do with.
OWN = {"tableView", "lockKey", "calculateServer", "attributes", "storage", "url", "dir", "fileTypes"}
EMPTY: tuple[Any, ...] = (None, "", False, [], {})

FILE_COUNT = re.compile(
    r"const files = data\[instance\.key\] \|\| \[\]; valid = files\.length > data\.(\w+) \? false : true;"
)
WITHIN = re.compile(r"valid = \(input >= 0 && input < data\.(\w+)\) \? true : '([^']*)';")
QUOTE = re.compile(r"\{\{\s*data\.(\w+)[^}]*\}\}")


def convert(source: Json, *, key: str, handed_in_as_questions: tuple[str, ...] = ()) -> Converted:
    """The definition. Of the hidden values that the surrounding system would hand in, those named are asked instead."""
    return _Conversion(source, set(handed_in_as_questions)).converted(key)


def components(part: Json) -> Iterator[Json]:
    """Every component within one, in the order of the form."""
    for inner in children(part):
        yield inner
        yield from components(inner)


def children(part: Json) -> list[Json]:
    """The components directly within one; a column counts as its components."""
    columns = part.get("columns") or []
    return [*(part.get("components") or []), *(c for column in columns for c in column.get("components", []))]


class _Place:
    """Where fields are put: a page or the row of a group that repeats."""

    def __init__(self, keys: Keys, row_of: str = "", fields: list[Json] | None = None) -> None:
        self.keys, self.row_of = keys, row_of
        self.fields: list[Json] = [] if fields is None else fields
        self.subjects: dict[str, Subject] = {}


class _Conversion:
    def __init__(self, source: Json, asked: set[str]) -> None:
        self.source, self.asked = source, asked
        self.account = Account()
        self.all = list(components(source))
        self.computed = {c["key"]: c for c in self.all if c["type"] == "hidden" and c.get("calculateValue")}
        self.constants = dict(self.constant_values())
        self.waiting: list[tuple[Json, Condition]] = []
        self.done: set[int] = (
            set()
        )  # the hidden components that are put already, by identity: names stand more than once
        self.subjects: dict[str, Subject] = {}
        self.partial: dict[
            str, str
        ] = {}  # what is computed without a part of what the source computes it from, and why
        self.size = int(m[1]) if (m := re.search(r"(\d+)\s*MB file limit", str(source))) else 10
        self.keys = Keys()
        self.place = _Place(self.keys)
        self.carried: list[Json] = []

    def constant_values(self) -> Iterator[tuple[str, Json]]:
        for key, component in self.computed.items():
            try:
                node = script(component["calculateValue"])
            except Unrecognised:
                continue
            if node.sort == "value":
                yield key, node.parts[0]

    def converted(self, key: str) -> Converted:
        name = {"en": one_line(self.source["title"])}
        self.check_settings()
        if self.source["display"] == "wizard":
            pages = [page for part in children(self.source) if (page := self.page(part))]
        else:
            pages = [self.single(name)]
        self.settle()
        for component, _when in self.waiting:
            if id(component) not in self.done:
                self.not_computed(component, self.why_not_computed(component))
        self.account.administrative += [said for said in ("name", "path", "type", "tags") if self.source.get(said)]
        return Converted(service(key, name, ["en"], pages), self.account)

    def check_settings(self) -> None:
        """Note what components say of themselves that no part of this converter looks at."""
        for component in self.all:
            for name in component:
                if component[name] not in EMPTY and name not in UNDERSTOOD | LOOKS | OWN:
                    self.account.lacks("settings", component["key"], f"the setting {name}")
        said = {name for component in self.all for name in component if component[name] not in EMPTY}
        self.account.decorations += sorted(said & LOOKS)
        self.account.administrative += sorted(said & OWN)

    # --- pages --------------------------------------------------------------------------------------------------------

    def single(self, name: dict[str, str]) -> Json:
        for part in children(self.source):
            self.component(part, True)
        return {"key": self.keys.new("questions"), "title": name, "fields": self.place.fields}

    def page(self, part: Json) -> Json | None:
        if part["type"] != "panel":
            self.component(part, True)
            return None
        if part.get("logic"):
            self.account.lacks("conditions that change a setting", part["key"], HOST)
        self.place = _Place(self.keys, fields=self.carried)
        when, whole = self.condition(part)
        for inner in children(part):
            self.component(inner, True, whole=whole)
        self.settle()
        # A page of which nothing can be shown here is no page; the values it sends stand on the next one.
        if when is True and all(field["kind"] == "derived" for field in self.place.fields):
            self.account.lacks("components", part["key"], NEVER)
            self.carried = self.place.fields
            return None
        self.account.has("components")
        self.carried = []
        title = {"en": one_line(part.get("title") or part["label"])}
        return {"key": self.keys.new(part["key"]), "title": title, "fields": self.place.fields, **shown_when(when)}

    def settle(self) -> None:
        """Put the computed values that everything is known of by now."""
        for part, when in self.waiting:
            with suppress(Unrecognised):
                self.compute(part, when)

    # --- components -----------------------------------------------------------------------------------------------------

    def component(self, part: Json, above: Condition, *, whole: bool = True) -> None:
        """One component under the conditions of those around it. `whole`: whether those were expressed wholly."""
        own, own_whole = self.condition(part)
        when, whole = all_of([above, own]), whole and own_whole
        if when is False and part["type"] != "hidden":
            self.left_out(part)
        elif part["type"] in GROUPS:
            self.group(part, when, whole=whole)
        elif part["type"] in TOLD:
            self.told(part, when)
        elif part["type"] == "hidden":
            self.hidden(part, when)
        else:
            self.question(part, when, whole=whole)

    def group(self, part: Json, when: Condition, *, whole: bool) -> None:
        self.account.has("components")
        if part.get("calculateValue"):
            self.account.lacks("calculations", part["key"], self.why_not_computed(part))
        title = part.get("title")
        if title and not part.get("hideLabel") and part["type"] == "panel":
            self.put({"kind": "heading", "label": {"en": one_line(title)}}, part["key"], when)
        for inner in children(part):
            self.component(inner, when, whole=whole)

    def left_out(self, part: Json) -> None:
        """A component that could never come up here, with everything in it."""
        self.account.lacks("components", part["key"], NEVER)
        if part.get("calculateValue"):
            self.account.lacks("calculations", part["key"], NEVER)
        if part["type"] not in GROUPS and part["type"] not in TOLD:
            self.account.lacks("fields", part["key"], NEVER)
            self.rules(part, expressed=False, why=NEVER)
        for inner in children(part):
            self.condition(inner)
            self.left_out(inner)

    def told(self, part: Json, when: Condition) -> None:
        text = from_html(part.get("content") or part.get("html") or "")
        if not text:
            self.account.has("components")
            self.account.decorations.append(f"{part['key']}: empty")
            return
        quoted = self.quotes(text)
        if "{{" in quoted:
            self.account.lacks("components", part["key"], QUOTES)
        else:
            self.account.has("components")
        text, looks = QUOTE.sub("…", quoted), part.get("className") or ""
        if text == "…":
            return
        if (re.fullmatch(r"h[1-6]", part.get("tag") or "") or "header" in looks) and "\n" not in text:
            self.put({"kind": "heading", "label": {"en": text}}, part["key"], when)
        else:
            kind = "warning" if "alert-danger" in looks or "alert-warning" in looks else "guidance"
            self.put({"kind": kind, "text": {"en": text}}, part["key"], when)

    def quotes(self, text: str) -> str:
        """A text with the values in it that are always the same."""
        return QUOTE.sub(lambda m: str(self.constants.get(m[1], m[0])), text)

    def put(self, field: Json, name: str, when: Condition) -> str:
        key = self.place.keys.new(name)
        self.place.fields.append({"key": key, **field, **shown_when(when)})
        return key

    # --- computed values ----------------------------------------------------------------------------------------------------

    def hidden(self, part: Json, when: Condition) -> None:
        if id(part) in self.done:
            return  # it has been needed, and put, before its place
        if part["key"] in self.asked:
            self.question({**part, "type": "textfield"}, when, whole=True)
        elif not part.get("calculateValue"):
            self.host(part)
        elif self.place.row_of:
            self.not_computed(part, self.why_not_computed(part))
        else:
            self.waiting.append((part, when))
            self.settle()

    def host(self, part: Json) -> None:
        if "defaultValue" in part and part["defaultValue"] and not part.get("customDefaultValue"):
            self.account.has("components")
            self.account.has("fields")
            self.derive(part, [(part["defaultValue"], True)])
            return
        self.account.lacks("components", part["key"], HOST)
        self.account.lacks("fields", part["key"], HOST)

    def compute(self, part: Json, when: Condition = True) -> None:
        """Put a computed value, here if it has not been put yet. Raises Unrecognised while something it needs is not known."""
        if id(part) in self.done:
            return
        values = values_of(script(part["calculateValue"]), self.find)
        self.done.add(id(part))
        for what in ("components", "fields", "calculations"):
            self.account.has(what)
        # A constant that the source does not keep is there for the limits of other questions, which say it themselves.
        if part["key"] not in self.constants or part.get("persistent", True):
            self.derive(part, values, when)

    def compute_partly(self, part: Json, why: str) -> None:
        """Put a computed value with what cannot be known counted as not given, where that leaves anything to compute."""
        with suppress(Unrecognised):
            values = values_of(script(part["calculateValue"]), self.find_or_nothing)
            if len(values) > 1:
                self.done.add(id(part))
                self.not_computed(part, why)
                self.derive(part, values)
                self.partial[part["key"]] = why

    def derive(self, part: Json, values: list[tuple[Json, Condition]], above: Condition = True) -> None:
        found = [{"value": value, **({} if when is True else {"when": when})} for value, when in values]
        label = {"en": one_line(part.get("label") or part["key"])}
        key = self.put({"kind": "derived", "label": label, "values": found, "quiet": True}, part["key"], above)
        texts = all(isinstance(value, str) for value, _when in values)
        given = {"field": key, "answered": True} if texts else {"field": key, "equals": True}

        def equals(value: Any) -> Condition:
            wanted = value if texts else {"true": True, "false": False}.get(str(value).lower(), value)
            return {"field": key, "equals": wanted} if wanted in [value for value, _when in values] else False

        self.subjects[part["key"]] = Subject(given, equals)

    def not_computed(self, part: Json, why: str) -> None:
        for what in ("components", "fields", "calculations"):
            self.account.lacks(what, part["key"], why)

    def why_not_computed(self, part: Json) -> str:
        try:
            values_of(script(part["calculateValue"]), self.find)
        except Unrecognised as reason:
            return str(reason)
        return LATER

    # --- conditions ---------------------------------------------------------------------------------------------------------

    def condition(self, part: Json) -> tuple[Condition, bool]:
        """A component's own condition, and whether it says everything the source says."""
        rule = part.get("conditional") or {}
        if rule.get("when"):
            return self.simple(part, rule)
        if part.get("customConditional"):
            return self.scripted(part)
        return True, True

    def simple(self, part: Json, rule: Json) -> tuple[Condition, bool]:
        names = tuple(rule["when"].split("."))
        row = self.place.row_of and names[0] == self.place.row_of
        sought = Node(
            "same", (Node("name", ("row", names[1:]) if row else ("data", names)), Node("value", (rule["eq"],)))
        )
        found, whole = self.said(sought, part, "simple conditions")
        return (found if str(rule["show"]).lower() == "true" else negated(found)), whole

    def scripted(self, part: Json) -> tuple[Condition, bool]:
        try:
            node = script(part["customConditional"])
        except Unrecognised as reason:
            self.account.lacks("scripted conditions", part["key"], str(reason))
            return False, False
        return self.said(node, part, "scripted conditions")

    def said(self, node: Node, part: Json, what: str) -> tuple[Condition, bool]:
        try:
            found = condition_of(node, self.find)
        except Unrecognised as reason:
            self.account.lacks(what, part["key"], str(reason))
            return condition_of(node, self.find_or_nothing), False
        self.account.has(what)
        return found, True

    def find(self, of: str, path: tuple[str, ...]) -> Subject:
        """What a name in a script or condition stands for. Raises Unrecognised."""
        name = path[0]
        known = self.place.subjects if of == "row" else self.subjects
        if of == "data" and self.place.row_of:
            raise Unrecognised(OUTSIDE if name in self.subjects else self.unknown(name))
        if of == "data" and name not in known and name in self.computed:
            self.compute(self.computed[name])
        if name not in known or name in self.partial:
            raise Unrecognised(self.unknown(name))
        return known[name] if len(path) == 1 else self.option(known[name], path[1])

    def find_or_nothing(self, of: str, path: tuple[str, ...]) -> Subject:
        """The same, where what cannot be known counts as not given."""
        name = path[0]
        try:
            return self.find(of, path)
        except Unrecognised as why:
            if name in self.computed and id(self.computed[name]) not in self.done and str(why) != LATER:
                self.compute_partly(self.computed[name], str(why))
        return self.subjects[name] if name in self.partial else Subject(False, lambda value: False)

    def option(self, subject: Subject, name: str) -> Subject:
        """One box of several."""
        ticked = subject.equals(name)
        if not isinstance(ticked, dict) or "contains" not in ticked:
            raise Unrecognised(HOST)
        return Subject(ticked, lambda value: ticked if value else negated(ticked))

    def unknown(self, name: str) -> str:
        """Why nothing is known of a name."""
        named = [c for c in self.all if c["key"] == name]
        if name in self.partial:
            return self.partial[name]
        if all(c["type"] in GROUPS or (c["type"] == "hidden" and not c.get("calculateValue")) for c in named):
            return HOST
        if any(gap.where == name for gap in self.account.gaps):
            return next(gap.why for gap in self.account.gaps if gap.where == name)
        if all(c["type"] == "hidden" for c in named) and name in self.computed:
            return self.why_not_computed(self.computed[name])
        return LATER

    # --- questions -----------------------------------------------------------------------------------------------------------

    def question(self, part: Json, when: Condition, *, whole: bool) -> None:
        if part["type"] == "file" and self.place.row_of:
            self.not_asked(part, FILE_IN_ROW)
            return
        if part.get("disabled"):
            self.not_asked(part, READ_ONLY)
            return
        if part["type"] == "datagrid":
            self.rows(part, when, whole=whole)
            return
        kind, subject = self.kind(part)
        stand_in = part["type"] == "select"
        if stand_in:
            self.account.lacks("components", part["key"], REMOTE)
            self.account.lacks("fields", part["key"], REMOTE)
        else:
            self.quoting(part)
            self.account.has("fields")
        if part.get("calculateValue"):
            self.account.lacks("calculations", part["key"], self.why_not_computed(part))
        kind |= self.rules(part)
        key = self.put({**kind, **self.words(part), **self.needed(part, whole=whole)}, part["key"], when)
        known = self.place.subjects if self.place.row_of else self.subjects
        known[part["key"]] = subject(key)

    def quoting(self, part: Json) -> None:
        """Count the component; one whose texts quote a value that differs is not wholly expressed."""
        if "{{" in self.quotes(f"{part.get('label') or ''} {part.get('tooltip') or ''}"):
            self.account.lacks("components", part["key"], QUOTES)
        else:
            self.account.has("components")

    def not_asked(self, part: Json, why: str) -> None:
        self.account.lacks("components", part["key"], why)
        self.account.lacks("fields", part["key"], why)
        self.rules(part, expressed=False, why=why)

    def needed(self, part: Json, *, whole: bool) -> Json:
        """Whether it must be answered. Not where its condition says less than the source: it might be asked when it should not."""
        return {"required": bool((part.get("validate") or {}).get("required")) and whole}

    def words(self, part: Json) -> dict[str, Json]:
        """Label, hint and error texts."""
        label = QUOTE.sub("…", self.quotes(one_line(from_html(part.get("label") or part["key"]))))
        said = (
            part.get("tooltip"),
            part.get("description"),
            self.placeholder(part),
        )
        hints = [text for hint in said if hint and (text := from_html(hint.replace("\n", "<br>")))]
        hint = {"hint": {"en": QUOTE.sub("…", self.quotes("\n\n".join(hints)))}} if hints else {}
        errors = self.own_errors(part)
        return {"label": {"en": label or part["key"]}, **hint, **({"errors": errors} if errors else {})}

    def placeholder(self, part: Json) -> str:
        """The words in an empty control, which must not disappear when one begins to write; not those of a list or a calendar."""
        return "" if part["type"] == "select" or part.get("widget") else part.get("placeholder") or ""

    def own_errors(self, part: Json) -> dict[str, dict[str, str]]:
        """The form's own words for what is missing and what is wrong."""
        rules = part.get("validate") or {}
        if own := self.quotes(rules.get("customMessage") or ""):
            return {"missing": {"en": own}, "wrong": {"en": own}}
        within = WITHIN.fullmatch(rules.get("custom") or "")
        return {"wrong": {"en": within[2]}} if within else {}

    def kind(self, part: Json) -> tuple[Json, Any]:
        """The kind with its settings, and what conditions can say of it once it has a key."""
        match part["type"]:
            case "radio" if {v["value"]: v["label"] for v in part["values"]} == {"yes": "Yes", "no": "No"}:
                return {"kind": "yes_no"}, _yes_no
            case "radio":
                options, keys = self.options(part)
                return {"kind": "choice", "options": options}, _one(keys)
            case "selectboxes":
                options, keys = self.options(part)
                return {"kind": "choices", "options": options}, _several(keys)
            case "checkbox":
                return {"kind": "consent"}, _ticked
            case "file":
                return self.file(part), _text
            case "number":
                return self.number(part), _text
            case "textarea":
                return {"kind": "long_text", "max_length": LONGEST_TEXT}, _text
            case "textfield" if (part.get("widget") or {}).get("type") == "calendar":
                return {"kind": "date"}, _text
            case "textfield" | "select":
                return {"kind": "text", "max_length": LONGEST_LINE}, _text
        raise NotImplementedError(part["type"])

    def options(self, part: Json) -> tuple[list[Json], dict[str, str]]:
        keys = Keys()
        by_value = {value["value"]: keys.new(value["value"]) for value in part["values"]}
        options = [
            {"value": by_value[value["value"]], "label": {"en": one_line(from_html(value["label"]))}}
            for value in part["values"]
        ]
        return options, by_value

    def number(self, part: Json) -> Json:
        kind = "money" if part.get("prefix") == "$" else "decimal"
        unit = part.get("suffix") or part.get("prefix")
        return {"kind": kind, "min": -BIGGEST, **({"unit": {"en": unit}} if unit else {})}

    def file(self, part: Json) -> Json:
        endings = part["filePattern"].split(",")
        self.account.narrowed += [f"{part['key']}: {ending}" for ending in endings if ending not in TYPES]
        types = list(dict.fromkeys(TYPES[ending] for ending in endings if ending in TYPES))
        most = MOST_FILES if part.get("multiple") else 1
        return {"kind": "file", "types": types, "max_megabytes": self.size, "max_files": most}

    def rows(self, part: Json, when: Condition, *, whole: bool) -> None:
        self.account.has("components")
        self.account.has("fields")
        outer, self.place = self.place, _Place(Keys(), part["key"])
        defaults = (part.get("defaultValue") or [{}])[0]
        for inner in children(part):
            self.component(inner, True)
        inside, self.place = self.place.fields, outer
        for field in inside:
            if field["kind"] == "yes_no" and defaults.get(_camel(field["key"])) == "no":
                field["default"] = False
        rules = self.rules(part)
        words = self.words(part)
        if words["label"]["en"] == part["key"]:
            words["label"] = {"en": re.sub(r"(?<!^)(?=[A-Z])", " ", part["key"]).capitalize()}
        limits = {**rules, "required": bool(rules.get("min_rows"))}
        self.put({"kind": "repeating", "fields": inside, **words, **limits}, part["key"], when)

    # --- rules on answers ------------------------------------------------------------------------------------------------------

    def rules(self, part: Json, *, expressed: bool = True, why: str = "") -> Json:
        """The settings that say what an answer must be like; counts each rule, and each script."""
        rules, found = part.get("validate") or {}, {}
        names = {"maxLength": "max_length", "max": "max", "min": "min"}
        if part["type"] == "datagrid":
            names = {"maxLength": "max_rows", "minLength": "min_rows"}
        for name, value in rules.items():
            if name in ("custom", "customMessage") or value is None or value is False or value == "":
                continue
            if not expressed:
                self.account.lacks("rules", part["key"], why)
                continue
            self.account.has("rules")
            if name in names:
                found[names[name]] = int(value)
        return found | self.scripted_rule(part, rules.get("custom") or "", expressed=expressed, why=why)

    def scripted_rule(self, part: Json, text: str, *, expressed: bool, why: str) -> Json:
        if not text:
            return {}
        if not expressed:
            self.account.lacks("validations", part["key"], why)
            return {}
        if (m := FILE_COUNT.fullmatch(text.strip())) and m[1] in self.constants:
            self.account.has("validations")
            return {"max_files": int(self.constants[m[1]])}
        if (m := WITHIN.fullmatch(text.strip())) and m[1] in self.constants:
            self.account.has("validations")
            return {"min": 0, "max": int(self.constants[m[1]]) - 1}
        self.account.lacks("validations", part["key"], RULES.get(part["key"], "a rule of another form"))
        return {}


RULES = {
    "studystartDate": "a date between two dates handed in by the surrounding system",
    "studyendDate": "a date at most so many days after another",
    "parentFullName": "an answer that no other row has",
}


def _yes_no(key: str) -> Subject:
    known = {"yes": True, "no": False}
    given = {"field": key, "one_of": [True, False]}
    return Subject(given, lambda value: {"field": key, "equals": known[value]} if value in known else False)


def _ticked(key: str) -> Subject:
    ticked = {"field": key, "equals": True}
    return Subject(ticked, lambda value: ticked if str(value).lower() == "true" else negated(ticked))


def _text(key: str) -> Subject:
    return Subject({"field": key, "answered": True}, lambda value: {"field": key, "equals": value})


def _one(options: dict[str, str]) -> Any:
    def subject(key: str) -> Subject:
        given = {"field": key, "answered": True}
        return Subject(given, lambda value: {"field": key, "equals": options[value]} if value in options else False)

    return subject


def _several(options: dict[str, str]) -> Any:
    """An object of boxes: it is given whether or not any is ticked."""

    def subject(key: str) -> Subject:
        return Subject(True, lambda value: {"field": key, "contains": options[value]} if value in options else False)

    return subject


def _camel(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(word.capitalize() for word in rest)
