"""Transferring a case to another authority here: a new case with copies of everything the customer has sent, all or nothing."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone, translation

from apps.applications import attachments
from apps.applications.models import Application, Attachment
from apps.cases import envelope, intake, letters
from apps.cases.duedates import limit_of
from apps.cases.models import Case, NotAllowed, Way
from apps.cases.transferring import transfer
from apps.people.models import Principal
from apps.services.models import Service
from tests import build
from tests.build import NOW, PDF, authority, customer, field, official, page, signed_in, version

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=3)
ENGLISH = {"accept-language": "en"}


def there(**more: Any) -> Service:
    """A service of another authority."""
    return version(key="their-service", authority="other-town", **more).service


def with_file(paper: Application, name: str, content: bytes) -> Attachment:
    attachment = attachments.receive(paper, "plan", SimpleUploadedFile(name, content))
    attachment.save()
    paper.answers["plan"] = [*paper.answers.get("plan", []), attachment.known()]
    paper.save()
    return attachment


def case_with_papers(**more: Any) -> Case:
    """An application with two files, a supplement with one, and something added."""
    asked = page("first", field("text", "title"), field("file", "plan", required=False, max_files=3))
    paper = build.application(version(asked, **more))
    with_file(paper, "one.pdf", PDF)
    with_file(paper, "two.pdf", build.pdf(5_000))
    made = intake.send(paper, at=NOW)
    made.take_step("take_up", by=official(), at=NOW)
    ask: dict[str, Any] = {"text": "More", "due": NOW.date() + timedelta(days=14), "fields": ["plan"]}
    made.take_step("request_supplement", by=official(), at=NOW, **ask)
    supplement = intake.begin_supplement(made, customer())
    supplement.answers["supplement_text"] = "Here it is"
    with_file(supplement, "three.pdf", build.pdf(7_000))
    intake.send(supplement, at=NOW + timedelta(hours=1))
    made.refresh_from_db()
    addition = intake.begin_addition(made, customer())
    addition.answers["supplement_text"] = "One thing more"
    addition.save()
    intake.send(addition, at=NOW + timedelta(hours=2))
    made.refresh_from_db()
    return made


def moved(made: Case, service: Service, **more: Any) -> Case:
    """The new case."""
    transfer(made, by=official(), to="Other town", text="It is theirs", service=service, at=LATER, **more)
    return made.transferred_to.get()


def content(of: Attachment) -> bytes:
    with of.content.open("rb") as file:
        return bytes(file.read())


def stored() -> set[str]:
    """The names of all contents that lie in the storage."""
    root = Path(Attachment._meta.get_field("content").storage.path(""))
    return {str(Path(folder, name).relative_to(root)) for folder, _dirs, names in os.walk(root) for name in names}


def test_old_case_ends_and_says_where_it_goes_on() -> None:
    made = case_with_papers()

    new = moved(made, there())

    made.refresh_from_db()
    assert made.status == "transferred"
    line = made.events.get(kind="transfer")
    assert line.data == {"to": "Other town", "text": "It is theirs", "case": new.number}


def test_new_case_is_the_customers_and_has_arrived_now() -> None:
    made, service = case_with_papers(), there(handling_limit={"length": 10, "unit": "days"})

    new = moved(made, service)

    assert (new.service, new.status, new.way) == (service, "received", Way.AUTHORITY)
    assert (new.arrived_at, new.transferred_from, new.handler) == (LATER, made, None)
    assert new.external_id != made.external_id
    assert (new.application.customer, new.application.principal) == (customer(), None)
    assert (new.application.version, new.language) == (made.application.version, made.language)
    assert (new.due_on, limit_of(new) is None) == ((LATER + timedelta(days=11)).date(), False)  # the 14th is a Sunday
    assert set(Case.objects.of(customer())) == {made, new}


def test_new_diary_begins_with_where_it_came_from_and_has_a_line_for_each_paper() -> None:
    made = case_with_papers()

    new = moved(made, there())

    lines = list(new.events.order_by("number"))
    assert [line.kind for line in lines] == ["received", "supplement", "add"]
    assert all(line.data["transferred_from"] == made.number for line in lines)
    assert all((line.at, line.status, line.by_customer) == (LATER, "received", customer()) for line in lines)


def test_papers_are_copied_with_their_answers_times_and_digests() -> None:
    made = case_with_papers()
    before = intake.papers_of(made)

    new = moved(made, there())

    copies = intake.papers_of(new)
    assert len(copies) == 3
    for paper, copy in zip(before, copies, strict=True):
        assert paper.pk != copy.pk
        assert (copy.sent_at, copy.digest, copy.language) == (paper.sent_at, paper.digest, paper.language)
        texts = [
            [[(line.label, line.text) for line in section.lines] for section in one.sheet("en")]
            for one in (paper, copy)
        ]
        assert texts[0] == texts[1]
    assert copies[2].folder == new.pk
    assert copies[2].answers == {"supplement_text": "One thing more"}
    assert [item["name"] for item in intake.latest_answers(new)["plan"]] == ["three.pdf"]


def test_files_are_copied_byte_for_byte_as_files_of_their_own() -> None:
    made = case_with_papers()
    before = list(Attachment.objects.filter(application__event__case=made).order_by("received_at"))

    new = moved(made, there())

    copies = list(Attachment.objects.filter(application__event__case=new).order_by("received_at"))
    assert [one.name for one in copies] == ["one.pdf", "two.pdf", "three.pdf"]
    for original, copy in zip(before, copies, strict=True):
        assert copy.content.name != original.content.name
        assert content(copy) == content(original)
        assert copy.known() | {"id": ""} == original.known() | {"id": ""}
        assert (copy.scan, copy.active, copy.field) == (original.scan, original.active, original.field)
    named = {item["id"] for paper in intake.papers_of(new) for item in paper.files()}
    assert named == {str(one.pk) for one in copies}


def test_file_outlives_the_one_it_was_copied_from() -> None:
    made = case_with_papers()
    new = moved(made, there())
    original = Attachment.objects.filter(application__event__case=made, name="one.pdf").get()

    original.content.delete(save=False)

    assert content(Attachment.objects.get(application__event__case=new, name="one.pdf")) == PDF


def test_both_doors_show_the_new_case_with_its_files_and_receipts() -> None:
    made = case_with_papers()
    new = moved(made, there())
    theirs = signed_in(official("theirs", of=authority("other-town")), headers=ENGLISH)
    own = signed_in(customer(), headers=ENGLISH)

    desk = theirs.get(f"/admin/cases/case/{new.pk}/change/")
    assert desk.status_code == 200
    assert str(made.number) in desk.content.decode()
    assert theirs.get(f"/admin/cases/case/{made.pk}/change/").status_code == 404
    file = Attachment.objects.get(application__event__case=new, name="three.pdf")
    answer = theirs.get(f"/admin/cases/case/{new.pk}/files/{file.pk}/")
    assert b"".join(answer) == build.pdf(7_000)

    places = {one.number: reverse("portal:case", args=[one.number]) for one in (made, new)}
    pages = {number: own.get(place).content.decode() for number, place in places.items()}
    assert places[new.number] in pages[made.number]
    assert places[made.number] in pages[new.number]
    assert own.get(reverse("portal:receipt", args=[new.number])).status_code == 200
    for paper in intake.papers_of(new)[1:]:
        assert own.get(reverse("portal:supplement_receipt", args=[new.number, paper.pk])).status_code == 200
    assert own.get(reverse("portal:receipt_check", args=[new.application_id])).status_code == 200


def test_new_case_goes_on_like_any_other() -> None:
    new = moved(case_with_papers(), there())
    them = official("theirs", of=authority("other-town"))

    new.take_step("take_up", by=them)
    new.take_step("request_supplement", by=them, text="A map", due=NOW.date() + timedelta(days=9_999), fields=["title"])
    paper = intake.begin_supplement(new, customer())
    paper.answers["supplement_text"] = "Here"
    paper.save()
    intake.send(paper)
    new.refresh_from_db()
    new.take_step("close", by=them, outcome="noted", text="Thank you")

    assert new.status == "closed"
    with pytest.raises(NotAllowed):
        new.take_step("reopen", by=official(), text="No longer ours")


def test_receivers_are_told_of_the_authority_that_has_the_case_now() -> None:
    made = case_with_papers()
    new = moved(made, there())

    document = envelope.case_data(new.events.get(number=3))

    assert document["authority"]["key"] == "other-town"
    assert document["caseNumber"] == new.number
    assert len(document["formdata"]["papers"]) == 3
    assert len(document["attachments"]) == 3


def test_the_new_authority_is_told_by_mail() -> None:
    authority("other-town", email="office@other.example")
    new = moved(case_with_papers(), there())

    first = new.events.get(number=1)
    told = {one.address for one in letters.recipients([first])[first.pk]}
    assert "office@other.example" in told
    others = letters.recipients([event for event in new.events.all() if event.number > 1])
    assert not any(others.values())  # the papers that came along are not told of one by one


def test_case_of_a_company_stays_the_companys() -> None:
    company = Principal.objects.create(kind="company", subject="2617416-4", name="Example Ltd")
    sender = customer()
    paper = build.application()
    paper.principal = company
    paper.save()
    made = intake.send(paper, at=NOW)

    new = moved(made, there())

    sender.acting_for = company
    assert new in Case.objects.of(sender)
    line = new.events.get(number=1)
    assert (line.by_principal, line.on_behalf_of) == (company, "Example Ltd (2617416-4)")


def test_same_form_twice_makes_one_case() -> None:
    made, service = case_with_papers(), there()

    first = transfer(made, by=official(), to="Other", text="Theirs", service=service, once="a")
    again = transfer(made, by=official(), to="Other", text="Theirs", service=service, once="a")

    assert first == again
    assert Case.objects.filter(transferred_from=made).count() == 1


@pytest.mark.parametrize("wrong", ["own", "closed", "unpublished", "no right", "no text", "ended"])
def test_refused_transfer_leaves_nothing(wrong: str) -> None:
    made = case_with_papers()
    service, by, text = there(), official(), "Theirs"
    match wrong:
        case "own":
            service = made.service
        case "closed":
            service.closed_at = NOW
        case "unpublished":
            service = version(key="unborn", authority="other-town", published=False).service
        case "no right":
            by = official("reads", role="reader")
        case "no text":
            text = " "
        case "ended":
            made.take_step("withdraw", by=customer())
    before, lines = stored(), made.events.count()

    with pytest.raises(NotAllowed):
        transfer(made, by=by, to="Other", text=text, service=service)

    assert Case.objects.count() == 1
    assert made.events.count() == lines
    assert Application.objects.count() == 3
    assert stored() == before


def test_what_arrives_while_the_files_are_copied_stops_the_transfer(monkeypatch: pytest.MonkeyPatch) -> None:
    made, service = case_with_papers(), there()
    copy = attachments.copied

    def slowly(original: Attachment) -> Attachment:
        if not made.events.filter(kind="add").count() > 1:
            paper = intake.begin_addition(made, customer())
            paper.answers["supplement_text"] = "Just now"
            paper.save()
            intake.send(paper)
        return copy(original)

    monkeypatch.setattr(attachments, "copied", slowly)

    with translation.override("en"), pytest.raises(NotAllowed, match="has arrived in the case just now"):
        transfer(made, by=official(), to="Other", text="Theirs", service=service)
    assert Case.objects.count() == 1


def test_transfer_from_the_desk_offers_services_of_others_and_makes_the_case() -> None:
    made, service = case_with_papers(), there()
    browser = signed_in(official(), headers=ENGLISH)
    address = f"/admin/cases/case/{made.pk}/step/transfer/"

    offered = [value for value, _label in browser.get(address).context["form"].fields["service"].choices]
    answer = browser.post(address, {"service": str(service.pk), "to": "", "text": "Theirs"}, follow=True)

    assert offered == ["", str(service.pk)]
    new = Case.objects.get(transferred_from=made)
    assert str(new.number) in answer.content.decode()
    assert made.events.get(kind="transfer").data["to"] == "other-town sv"


def test_transfer_to_an_authority_outside_needs_its_name() -> None:
    made = case_with_papers()
    there()
    browser = signed_in(official(), headers=ENGLISH)
    address = f"/admin/cases/case/{made.pk}/step/transfer/"

    refused = browser.post(address, {"service": "", "to": " ", "text": "Theirs"})
    browser.post(address, {"service": "", "to": "A ministry", "text": "Theirs"})

    assert set(refused.context["form"].errors) == {"to"}
    assert made.events.get(kind="transfer").data == {"to": "A ministry", "text": "Theirs"}
    assert Case.objects.count() == 1


def test_case_arrives_after_its_files_were_copied_however_long_that_took(monkeypatch: pytest.MonkeyPatch) -> None:
    case, copied_at, copied = case_with_papers(), [], attachments.copied

    def slowly(original: Attachment) -> Attachment:
        copy = copied(original)
        copied_at.append(timezone.now())
        return copy

    monkeypatch.setattr(attachments, "copied", slowly)

    transfer(case, by=official(), to="Other town", text="Yours.", service=there())

    told_at = Case.objects.get(transferred_from=case).told_at
    assert told_at is not None
    assert told_at >= copied_at[-1]
