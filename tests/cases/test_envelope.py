"""What receivers get of each kind of event, compared with what they have been promised (docs/interface/examples).

What is added passes. After another change that is meant, WRITE_GOLDEN=1 writes the files anew: look at the difference, since every
receiver will, and give the documents another schemaVersion.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation

from apps.cases import envelope, intake
from apps.cases.models import Case, Event
from apps.cases.rulebook import STEPS, TABLE, Audience, Party
from apps.people.models import Customer, Principal
from apps.sync.reference.documents import data_digest
from apps.sync.reference.rules import check_case_data, check_event
from tests import build
from tests.build import NOW
from tests.sync import folders, schemas
from tests.sync.golden import broken, steady

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)

FACTS: dict[str, dict[str, Any]] = {
    "write": {"text": "Kontoret är öppet i morgon."},
    "reply": {"text": "Tack, jag kommer."},
    "register": {"register_number": "EX/1/10.03/2027"},
    "close": {"outcome": "noted", "text": "Anmälan har antecknats."},
    "transfer": {"to": "Exempelmyndigheten", "text": "Ärendet hör dit."},
    "leave_unexamined": {"text": "Ärendet har förfallit."},
    "reopen": {"text": "Ett skrivfel rättas."},
}


def in_handling() -> Case:
    return folders.handled(folders.with_file())


def happened(kind: str) -> Event:
    """An event of a kind, the last of its case."""
    if kind == "received":
        case = folders.with_file()
    elif kind in ("supplement", "request_supplement", "resume"):
        case = folders.supplemented(folders.with_file())
        if kind == "resume":
            case.take_step("resume", by=build.official(), at=LATER)
    elif kind == "take_up":
        case = in_handling()
    elif kind == "add":
        case = folders.added(folders.with_file())
    else:
        case = in_handling()
        if kind == "reopen":
            case.take_step("close", by=build.official(), at=LATER, **FACTS["close"])
        by: Any = case.application.customer if STEPS[kind].by is Party.CUSTOMER else build.official()
        files = [folders.document()] if kind in ("write", "reply") else []
        facts = FACTS.get(kind, {}) | ({"files": files} if files else {})
        facts |= {"handler": build.official()} if kind == "assign" else {}
        case.take_step(kind, by=by, at=LATER, **facts)
    return case.events.get(kind=kind)


KINDS = ["received", *(step.name for step in TABLE if step.audience is Audience.EVERYBODY)]


def fits(document: dict[str, Any]) -> bool:
    """Whether the published schema lets a document be, and tells of everything in it."""
    name = "portal-case-data" if "formdata" in document else "event"
    assert schemas.errors(name, document) == []
    assert schemas.undescribed(name, document) == []
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_event_is_what_receivers_were_promised(kind: str) -> None:
    event = happened(kind)

    document = envelope.event(event, event.number)

    check_event(document, str(event.case.external_id))
    assert fits(document)
    assert broken(f"event-{kind}", steady(document, event.case)) == []


@pytest.mark.parametrize("kind", ["received", "supplement", "add"])
def test_case_data_are_what_receivers_were_promised(kind: str) -> None:
    event = happened(kind)

    document = envelope.case_data(event)

    check_case_data(document, str(event.case.external_id))
    assert fits(document)
    assert broken(f"data-{kind}", steady(document, event.case)) == []


def test_decision_is_listed_with_the_outcome() -> None:
    case = in_handling()
    files = [folders.document(name="beslut.pdf")]
    event = case.take_step("close", by=build.official(), at=LATER, files=files, **FACTS["close"])

    document = envelope.event(event, event.number)

    check_event(document, str(case.external_id))
    assert fits(document)
    assert broken("event-close-with-decision", steady(document, case)) == []


def test_texts_for_the_questions_and_instructions_for_appeal_are_told_when_there_are_any() -> None:
    case, by = in_handling(), build.official()
    first = next(iter(case.application.version.definition.fields))
    ask: dict[str, Any] = {"text": "Mer", "due": NOW.date(), "fields": [first]}

    asked = case.take_step(
        "request_supplement", by=by, at=NOW, texts={first: "För kort", "other": "Ingen fråga"}, **ask
    )
    case.take_step("resume", by=by, at=NOW)
    closed = case.take_step("close", by=by, at=LATER, appeal="Till förvaltningsdomstolen", **FACTS["close"])

    assert envelope.event(asked, 3)["data"]["texts"] == {first: "För kort"}
    assert envelope.event(closed, 5)["data"]["appeal"] == "Till förvaltningsdomstolen"
    for document in (envelope.event(asked, 3), envelope.event(closed, 5)):
        check_event(document, str(case.external_id))
        assert fits(document)


def test_message_without_files_says_that_it_has_none() -> None:
    case = in_handling()

    event = case.take_step("write", by=build.official(), at=LATER, text="Hej")

    assert envelope.event(event, event.number)["data"] == {"text": "Hej", "attachments": []}


def test_form_that_a_message_was_sent_with_is_not_told() -> None:
    case = in_handling()

    event = case.take_step("reply", by=case.application.customer, at=LATER, text="Hej", once="mark of the form")

    assert "mark of the form" not in json.dumps(envelope.event(event, event.number))
    assert "Example" not in json.dumps(envelope.event(event, event.number))


def test_skipped_event_has_its_number_and_nothing_else() -> None:
    event = happened("close")

    document = envelope.skipped(event, 3)

    check_event(document, str(event.case.external_id))
    assert fits(document)
    assert broken("event-skipped", steady(document, event.case)) == []


def test_case_data_of_an_earlier_paper_stay_the_same_when_more_has_come() -> None:
    case = folders.with_file()
    before = envelope.as_bytes(envelope.case_data(case.events.get(kind="received")))

    folders.supplemented(case)

    assert envelope.as_bytes(envelope.case_data(case.events.get(kind="received"))) == before


def test_same_bytes_whatever_the_language_of_the_page() -> None:
    event = happened("received")
    said = set()
    for language in ("sv", "fi", "en"):
        with translation.override(language):
            said.add(envelope.as_bytes(envelope.case_data(event)))

    assert len(said) == 1


def test_digest_is_the_one_the_receiver_computes() -> None:
    document = envelope.case_data(happened("supplement"))

    assert document["digest"] == data_digest(folders.plain(document))


def test_officials_name_is_not_sent() -> None:
    event = happened("take_up")

    assert event.by_name == "handler"
    assert "handler" not in json.dumps(envelope.event(event, 2))


def test_times_are_in_utc() -> None:
    event = happened("received")

    assert re.fullmatch(r"2027-03-01T09:30:00Z", envelope.event(event, 1)["at"])


@pytest.mark.django_db
def test_secret_questions_are_marked_and_others_say_nothing_of_it() -> None:
    version = build.version(build.page("first", build.field("text", "open"), build.field("text", "code", secret=True)))
    case = build.case(version, answers={"open": "a", "code": "b"})

    data = envelope.case_data(case.events.get())

    assert fits(data)
    (page,) = data["formdata"]["papers"][0]["pages"]
    assert [field.get("secret") for field in page["fields"]] == [None, True]


@pytest.mark.django_db
def test_a_secret_part_marks_the_whole_question() -> None:
    asked = build.field("person", "who", contact=False, protection_order=True)
    version = build.version(build.page("first", asked))
    names = {"given_name": "Example", "family_name": "Customer"}

    protected = build.case(version, answers={"who": {**names, "protected": True}}).events.get()
    open_to_all = build.case(version, answers={"who": names}).events.get()

    said = [
        envelope.case_data(event)["formdata"]["papers"][0]["pages"][0]["fields"][0]
        for event in (protected, open_to_all)
    ]
    assert [field.get("secret") for field in said] == [True, None]


# --- for whom, and under what protection --------------------------------------------------------------------------------


def for_somebody(**principal: str) -> Event:
    """The first event of a case that was sent on behalf of somebody."""
    paper = build.application(folders.form(), answers=folders.answers())
    paper.principal = Principal.objects.create(**principal)
    paper.save()
    return intake.send(paper, at=NOW).events.get()


def of_protected() -> Event:
    """The first event of a case of somebody with a protection order."""
    Customer.objects.filter(pk=build.customer().pk).update(protected=True)
    return folders.with_file().events.get()


def customer_in(event: Event) -> dict[str, Any]:
    customer: dict[str, Any] = envelope.case_data(event)["commondata"]["customer"]
    return customer


def test_case_data_say_on_whose_behalf_they_were_sent() -> None:
    event = for_somebody(kind="company", subject="1234567-1", name="Exempel Ab")

    document = envelope.case_data(event)

    check_case_data(document, str(event.case.external_id))
    assert fits(document)
    assert broken("data-received-on-behalf", steady(document, event.case)) == []


def test_of_another_person_the_name_is_told_and_no_identifier() -> None:
    event = for_somebody(kind="person", subject="an index", name="Test Person (1234567-1)", identity_code="040480A903K")

    assert fits(envelope.case_data(event))
    assert customer_in(event)["onBehalfOf"] == {"kind": "person", "name": "Test Person (1234567-1)"}


def test_protection_order_is_told_and_nothing_is_said_where_there_is_none() -> None:
    event = of_protected()

    assert fits(envelope.case_data(event))
    assert customer_in(event) == {"name": "Example Customer", "protected": True}
    Customer.objects.update(protected=False)
    assert customer_in(build.case().events.get()) == {"name": "Example Customer"}


def test_what_has_changed_since_does_not_change_what_is_sent_again() -> None:
    first, second = of_protected(), for_somebody(kind="company", subject="1234567-1", name="Exempel Ab")
    before = [envelope.as_bytes(envelope.case_data(event)) for event in (first, second)]

    Customer.objects.update(protected=False)
    Principal.objects.update(name="Renamed Ab")

    again = [Event.objects.get(pk=event.pk) for event in (first, second)]
    assert [envelope.as_bytes(envelope.case_data(event)) for event in again] == before
