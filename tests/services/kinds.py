"""One good question of every kind, for the tests that run over the whole register; and anything at all, to post to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from hypothesis import settings
from hypothesis import strategies as st

from apps.services.definition import Definition
from apps.services.fieldtypes import REGISTER, Field
from apps.services.pageform import PageForm
from tests.build import TODAY, definition, field, options, page, said

ROW = [
    field("text", "name"),
    field("whole_number", "number", required=False),
    field("yes_no", "more", required=False),
    field("text", "what", show_when={"field": "more", "equals": True}),
    field("address", "place", required=False),
    field("calculated", "doubled", operation="sum", of=["number", "number"]),
]
# What a kind cannot be without, and what lets it show all it can.
NEEDS: dict[str, dict[str, Any]] = {
    "choice": {"options": options("red", "blue")},
    "choices": {"options": options("red", "blue", "green")},
    "guidance": {"text": said("Advice")},
    "warning": {"text": said("Danger")},
    "details": {"text": said("Details")},
    "result": {"text": said("Result")},
    "derived": {"values": [{"value": "high", "when": {"field": "earlier", "at_least": 5}}, {"value": "low"}]},
    "calculated": {"operation": "sum", "of": ["earlier"]},
    "person": {"address": True, "identity_code": True, "protection_order": True},
    "company": {"address": True},
    "applicant": {"identity_code": True},
    "repeating": {"fields": ROW},
}
LOOKS_BACK = ("calculated", "derived")  # at `earlier`, a number on a page of its own
KINDS = sorted(REGISTER)
ASKING = [kind for kind in KINDS if REGISTER[kind].asks]
FOLLOWING = [kind for kind in KINDS if REGISTER[kind].has_answer and not REGISTER[kind].asks]
TELLING = [kind for kind in KINDS if not REGISTER[kind].has_answer]
TYPED = [kind for kind in ASKING if not REGISTER[kind].carries_file]
IN_ROWS = [kind for kind in ASKING if REGISTER[kind].repeats]


def a(kind: str, **more: Any) -> dict[str, Any]:
    """A field document of a kind, with what that kind needs."""
    return field(kind, "it", **{**NEEDS.get(kind, {}), **more})


def form_with(document: dict[str, Any]) -> Definition:
    """A service that asks it on its last page."""
    earlier = [page("earlier", field("whole_number", "earlier", required=False))]
    return definition(*(earlier if document["kind"] in LOOKS_BACK else []), page("first", document))


def of(kind: str, **more: Any) -> Field:
    """A field of a kind."""
    return form_with(a(kind, **more)).fields["it"]


PARTED = [kind for kind in ASKING if of(kind).ask("sv") is None]  # a form within the form
WHOLE = [kind for kind in ASKING if kind not in PARTED]


def opened(document: dict[str, Any], answers: dict[str, Any] | None = None, **more: Any) -> PageForm:
    """The page as it is opened."""
    form = form_with(document)
    return PageForm(form, form.pages[-1], answers=answers or {}, today=TODAY, **more)


def posted(document: dict[str, Any], data: Any = None, files: Any = None, answers: Any = None) -> PageForm:
    """The page after it was posted and judged; `data` is the value of the one field, its parts by their names, or all POST data."""
    form = form_with(document)
    if not isinstance(data, QueryDict):
        values: Any = data if isinstance(data, dict) else {"": data}
        data = QueryDict(mutable=True)
        for part, value in values.items():
            data.setlist(f"it-{part}" if part else "it", value if isinstance(value, list) else [value] if value else [])
    uploads = MultiValueDict({"it": files or []})
    made = PageForm(form, form.pages[-1], answers=answers or {}, today=TODAY, data=data, files=uploads)
    made.is_valid()
    return made


def kept(document: dict[str, Any], data: Any, answers: Any = None) -> Any:
    """What is kept of a posted value that must be right."""
    form = posted(document, data, answers=answers)
    assert form.is_valid(), form.summary
    return form.kept["it"]


def refusal(document: dict[str, Any], data: Any) -> str:
    """Why a posted value is refused."""
    form = posted(document, data)
    assert not form.is_valid()
    assert form.kept == {}
    return " ".join(map(str, form.errors["it"]))


def wrong(form: PageForm) -> dict[str, str]:
    """What is said to be wrong on a page, by the id that it leads to."""
    assert form.is_valid() is (not form.summary)
    return {target: str(message) for target, _label, message in form.summary}


def texts_in(value: Any) -> Iterator[str]:
    """Every text of an answer, however deep."""
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts_in(item)


# --- anything at all ---------------------------------------------------------------------------------------------------

# Everything Python can hold in a string: control characters and half surrogate pairs too.
ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()), max_size=30)
NASTY = st.sampled_from(
    [
        "\x00", "a\x00b", "\ud800", "\udfff\ud800", "\u202e", "<script>", "' OR 1=1", "on", "yes", "no", "red", "0", "-0",
        "1e9", "٣", "⁵", "1" * 5_000, "x" * 5_000, "5.6.2027", "31.2.2027", "2027-06-05", "0.0.0000", "14.30", "24:00",
        "kl. 9", "+358401234567", "040 123 4567", "040 123 4567 ext 5", "112", "1234567-1", "00100", "a@example.com",
        '"\x01"@example.com', "a@\ud800.fi", "a@exämple.com", "one\r\ntwo", "one\rtwo", "\n\nfirst", "\ufeff", "\u2028x",
        "https://\ud800.example/", "https://www.example.com/\ud800", "http://[", "12,50", "-0,00", "1e5", "NaN", "Infinity",
        "5.6.2027 14.30", "5.6.2027T14.30", "010190-999W", "010190-****", "*******-****", "FI2112345600000785",
        "FI٢١12345600000785", "91-1-23-4", "091", "Helsingfors", "Helsinki", "abroad", "finland", "person", "company",
        "e_invoice", "post", "None", "[]", "{}",
    ]
)  # fmt: skip
POSTED = st.lists(ANY_TEXT | NASTY, max_size=3)
COUNTS = st.sampled_from(["0", "1", "2", "3", "19", "20", "21", "999", "-1", "٣", "1.0", "9" * 400]) | NASTY
ACTS = st.sampled_from(["add", "remove-0", "remove-1", "up-1", "up-0", "down-0", "down-9", "up-", "-", "add-1"]) | NASTY
modest = settings(max_examples=40, deadline=None, derandomize=True, database=None)
