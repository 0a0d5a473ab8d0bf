"""What a receipt says, as data."""

from __future__ import annotations

import pytest

from apps.applications.receipt import looks_like_digest, same_digest
from apps.services.fieldtypes import REGISTER
from tests import build
from tests.applications.receipts import FILE, receipt

CODE = "010190-999W"
DIGEST = "0123456789abcdef" * 4


def test_receipt_names_service_and_authority_in_its_language() -> None:
    one = receipt(build.field("text", "title"), answers={"title": "x"}, language="fi", paper_language="sv")
    assert one.service == "Name of example fi"
    assert one.authority == "Esimerkkikunta"
    assert one.sections[0].lines[0].label == "Title fi"


def test_receipt_lists_files_after_their_question() -> None:
    one = receipt(build.field("file", "plan"), answers={"plan": [FILE]})
    assert one.files == [("Plan sv", FILE)]


def test_receipt_says_what_was_declared() -> None:
    declared = build.said("All of this is true")
    one = receipt(build.field("text", "title"), answers={"title": "x"}, declaration=declared)
    assert one.declaration == "All of this is true sv"


def test_receipt_of_a_draft_there_is_none() -> None:
    one = receipt(build.field("text", "title"), answers={"title": "x"})
    one.paper.sent_at = None
    with pytest.raises(ValueError, match="draft"):
        _ = one.arrived


ANSWERED = sorted(kind for kind, cls in REGISTER.items() if cls.asks and cls.has_answer and not cls.carries_file)


@pytest.mark.parametrize("kind", ANSWERED)
def test_no_kind_of_question_shows_a_whole_identity_code(kind: str) -> None:
    """Whatever kind holds the code: itself, or as a part."""
    field = build.field(kind, "asked", **build.NEEDS.get(kind, {}))
    asked = build.definition(build.page("first", build.field("text", "first"), field)).fields["asked"]
    answer = asked.sample(build.TODAY)
    shown = receipt(build.field("text", "first"), field, answers={"first": "x", "asked": answer}).sections[0].lines
    told = "".join(line.text + str(line.rows) for line in shown)
    assert told
    assert CODE[7:] not in told


def test_rows_show_no_whole_identity_code() -> None:
    rows = build.field("repeating", "people", fields=[build.field("personal_identity_code", "code")])
    (line,) = receipt(rows, answers={"people": [{"code": CODE}]}).sections[0].lines
    assert "010190-****" in line.text
    assert line.rows == [("People sv 1", [("Code sv", "010190-****")])]
    assert CODE not in line.text


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        (DIGEST, True),
        (DIGEST.upper(), True),
        (f"  {DIGEST[:20]} {DIGEST[20:40]}\n{DIGEST[40:]}\t", True),
        (DIGEST[:-1], False),
        (DIGEST[:-1] + "0", False),
        ("", False),
    ],
)
def test_digest_is_compared_as_people_copy_it(typed: str, same: bool) -> None:
    assert same_digest(DIGEST, typed) is same


@pytest.mark.parametrize(
    ("typed", "is_one"),
    [
        (DIGEST, True),
        (f"{DIGEST[:32]} {DIGEST[32:]}", True),
        (DIGEST[1:], False),
        ("g" * 64, False),
        ("０" * 64, False),
    ],
)
def test_slip_of_the_hand_is_told_from_a_digest(typed: str, is_one: bool) -> None:
    assert looks_like_digest(typed) is is_one
