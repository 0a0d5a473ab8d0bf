"""Whether what a system posts is as docs/interface/schemas says, and in words of the caller's language where it is not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.interface.parameters import moment
from apps.interface.problems import Problem

MOST_SAID = 50
POSTED = "posted-event"
Errors = list[dict[str, str]]


def refuse(errors: Errors) -> None:
    """Raises Problem (invalid) when there are errors, each a JSON pointer (RFC 6901) and what to do."""
    if errors:
        said = errors[:MOST_SAID]
        detail = " ".join(f"{error['pointer'] or '/'}: {error['detail']}" for error in said[:3])
        raise Problem("invalid", detail, errors=said)


def error(pointer: str, detail: str) -> dict[str, str]:
    """What is wrong at a place."""
    return {"pointer": pointer, "detail": detail}


def errors_of(document: Any) -> Errors:
    """Where a posted event is not as its schema says. Nothing of what stands there is repeated."""
    frame, kinds = _judges()
    found: dict[str, str] = {}
    _gather(found, frame.iter_errors(document))
    if not found:
        _gather(found, kinds[document["kind"]].iter_errors(document))
    return [error(pointer, detail) for pointer, detail in islice(found.items(), MOST_SAID)]


def not_understood(document: Any) -> list[str]:
    """The names in the data of a posted event that its kind does not know, which are let be; none where it is no event of a known kind."""
    if not isinstance(document, dict) or not isinstance(document.get("data"), dict):
        return []
    frame, kinds = _judges()
    kind = document.get("kind")
    if not isinstance(kind, str) or kind not in kinds:
        return []
    known = frame.schema["$defs"][kind]["properties"]["data"]["properties"]
    return [name for name in document["data"] if name not in known]


def kinds() -> list[str]:
    """The kinds of events that can be posted, in the order of the schema."""
    return list(_judges()[1])


def _gather(found: dict[str, str], errors: Iterator[Any]) -> None:
    """Of several errors in one place the first counts."""
    for wrong in islice(errors, MOST_SAID):
        for pointer, words in _said(wrong):
            found.setdefault(pointer, words)


# --- the schema ------------------------------------------------------------------------------------------------------


@cache
def _judges() -> tuple[Any, dict[str, Any]]:
    """Who judges the frame of a posted event, and the whole of each kind: the branches of the schema's `oneOf`, one by one, since of
    all together nobody could say what is wrong.
    """
    from jsonschema import Draft202012Validator, FormatChecker, validators  # noqa: PLC0415 (takes its time, and few processes need it)
    from referencing import Registry  # noqa: PLC0415 (the same)
    from referencing.jsonschema import DRAFT202012  # noqa: PLC0415 (the same)

    folder = settings.BASE_DIR / "docs" / "interface" / "schemas"
    read = {name: json.loads((folder / f"{name}.json").read_text("utf-8")) for name in (POSTED, "common")}
    place = folder.as_uri()
    known = [(f"{place}/{name}.json", DRAFT202012.create_resource(schema)) for name, schema in read.items()]
    judge = validators.extend(Draft202012Validator, {"pattern": _pattern})
    formats = FormatChecker(("uuid", "date"))
    formats.checks("date-time")(lambda text: not isinstance(text, str) or moment(text) is not None)

    def judging(schema: dict[str, Any]) -> Any:
        return judge(schema, registry=Registry().with_resources(known), format_checker=formats)

    whole = read[POSTED]
    frame = {"$id": f"{place}/{POSTED}.json", **{name: of for name, of in whole.items() if name != "oneOf"}}
    branches = [one["$ref"].rpartition("/")[2] for one in whole["oneOf"]]
    return judging(frame), {name: judging({"$ref": f"{place}/{POSTED}.json#/$defs/{name}"}) for name in branches}


def _pattern(_judge: Any, pattern: str, value: Any, _schema: Any) -> Iterator[Any]:
    """`$` means the end, as in ECMA 262, and not what Python means by it: the end or a line break before it."""
    from jsonschema import ValidationError  # noqa: PLC0415 (see above)

    expression = f"{pattern[:-1]}\\Z" if pattern.endswith("$") else pattern
    if isinstance(value, str) and not re.search(expression, value):
        yield ValidationError("pattern")


# --- in words --------------------------------------------------------------------------------------------------------

TYPES: dict[str, Promise] = {
    "string": gettext_lazy("This must be a text."),
    "integer": gettext_lazy("This must be a whole number."),
    "object": gettext_lazy("This must be an object."),
    "array": gettext_lazy("This must be a list."),
}
FORMATS: dict[str, Promise] = {
    "uuid": gettext_lazy("This must be a uuid: 32 hexadecimal digits in groups of 8-4-4-4-12."),
    "date": gettext_lazy("This must be a day that exists, such as 2027-12-24."),
    "date-time": gettext_lazy("This must be a time with its offset, such as 2027-12-24T10:15:00+02:00."),
}


def _listed(values: Any) -> str:
    return ", ".join(json.dumps(value, ensure_ascii=False) for value in values)


SENTENCES: dict[str, Callable[[Any], str]] = {
    "type": lambda said: str(TYPES.get(said, _general())),
    "enum": lambda said: _("This must be one of: %(values)s.") % {"values": _listed(said)},
    "const": lambda said: _("This must be %(value)s.") % {"value": _listed([said])},
    "format": lambda said: str(FORMATS.get(said, _general())),
    "minLength": lambda said: _("This must not be empty."),
    "maxLength": lambda said: _("This must have at most %(most)d characters.") % {"most": said},
    "minimum": lambda said: _("This must be at least %(least)d.") % {"least": said},
    "maximum": lambda said: _("This must be at most %(most)d.") % {"most": said},
    "maxItems": lambda said: (
        _("There must be at most %(most)d of these.") % {"most": said} if said else _("No files come with this kind.")
    ),
    "maxProperties": lambda said: _("There must be at most %(most)d of these.") % {"most": said},
    "pattern": lambda said: _of_pattern(said),
}


def _of_pattern(pattern: str) -> str:
    if r"\u0000" in pattern or "\0" in pattern:
        return _("Write something that can be read, without control characters.")
    if pattern.startswith("^[0-9a-fA-F]{8}-"):
        return str(FORMATS["uuid"])
    if pattern.startswith("^[0-9]{4}-") and "[Tt]" in pattern:
        return str(FORMATS["date-time"])
    if pattern.startswith("^[0-9]{4}-"):
        return str(FORMATS["date"])
    return _("This must be of the form %(form)s.") % {"form": pattern}


def _general() -> str:
    return _("This is not as the schema says.")


def _said(wrong: Any) -> Iterator[tuple[str, str]]:
    """The places that an error of the validator is about, and the words for each."""
    place = "".join(f"/{escaped(str(step))}" for step in wrong.absolute_path)
    if wrong.validator == "required":
        missing = [name for name in wrong.validator_value if name not in wrong.instance]
        yield from ((f"{place}/{escaped(name)}", _("This must be there.")) for name in missing)
    else:
        sentence = SENTENCES.get(wrong.validator)
        yield place, sentence(wrong.validator_value) if sentence else _general()


def escaped(step: str) -> str:
    """A step of a JSON pointer (RFC 6901)."""
    return step.replace("~", "~0").replace("/", "~1")
