"""Everything on a person, in one archive: complete, whole, for nobody else's eyes, and logged."""

from __future__ import annotations

import importlib
import io
import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from apps.applications import undertakings
from apps.applications.models import Application, Attachment, Look
from apps.cases import intake, personaldata
from apps.cases.models import Case
from apps.people.models import Customer, Feedback, LogLine, Mandate, Principal, SignInLink
from apps.people.sealing import index
from apps.sync import notices, relay
from apps.sync.models import Delivery, Receiver
from tests import build
from tests.build import NOW, field, page
from tests.sync import folders

pytestmark = pytest.mark.django_db
CODE = "131052-308T"
MAILBOX = "somebody@example.com"
Archive = dict[str, bytes]


def form() -> Any:
    return build.version(
        page("first", field("text", "title"), field("file", "plan", required=False, max_files=3)), key="asked"
    )


def somebody(way: str = "example", *, code: str = CODE, **more: Any) -> Customer:
    names = {"given_name": "Some", "family_name": "Body", "email": MAILBOX, **more}
    return Customer.objects.create(way=way, subject=index(code), identity_code=code, **names)


def sent(by: Customer, title: str, **more: Any) -> Case:
    paper = build.application(form(), by=by, answers={"title": title}, language="fi")
    Application.objects.filter(pk=paper.pk).update(**more)
    paper.refresh_from_db()
    return intake.send(paper, at=NOW)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Archive]:
    """What the command writes about whom it is asked for."""

    def write(asked: str = CODE, *options: str) -> Archive:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{asked}\n"))
        call_command("personal_data", "--out", str(tmp_path / "out"), "--by", "Data protection", *options)
        (path,) = (tmp_path / "out").glob("*.zip")
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            found = {name: archive.read(name) for name in archive.namelist()}
        path.unlink()
        return found

    return write


def texts(archive: Archive) -> str:
    return "\n".join(content.decode("utf-8", "replace") for content in archive.values())


# --- complete --------------------------------------------------------------------------------------------------------


def test_every_model_is_considered() -> None:
    """A new model is put into the CONSIDERED of its app's `personaldata`, and its rows into what is gathered there."""
    own = [config for config in apps.get_app_configs() if config.name.startswith("apps.")]
    models = {model._meta.label for config in own for model in config.get_models()}
    considered: set[str] = set()
    for config in own:
        if importlib.util.find_spec(f"{config.name}.personaldata"):
            considered |= set(importlib.import_module(f"{config.name}.personaldata").CONSIDERED)

    assert considered == models


def test_everything_that_is_held_is_there(written: Callable[..., Archive]) -> None:
    customer = somebody()
    paper = build.application(form(), by=customer, answers={"title": "answer-marker"}, language="fi")
    undertakings.give_one(paper, customer)
    undertakings.rename(paper.undertaking, "undertaking-marker")  # type: ignore[arg-type]
    Look.objects.create(application=paper, official=build.official(), official_name="An Official")
    folders.attach(paper, b"file-marker-1", n=1)
    case = intake.send(paper, at=NOW)
    folders.handled(case)
    handler: Any = {"by": build.official(), "at": NOW}
    case.take_step("write", **handler, text="message-marker", files=[folders.document(b"file-marker-3", n=3)])
    case.take_step("reply", by=customer, at=NOW, text="reply-marker")
    case.take_step("note", **handler, text="note-marker")
    case.take_step("consult", **handler, authority=build.authority("other-town"), text="question-marker")
    case.take_step("register", **handler, register_number="register-marker")
    due = NOW.date()
    asked: Any = {"due": due, "fields": ["title"], "texts": {"title": "why-marker"}}
    case.take_step("request_supplement", **handler, text="supplement-marker", **asked)
    supplement = intake.begin_supplement(case, customer)
    supplement.answers |= {"title": "answer-again-marker", "supplement_text": "supplemented-marker"}
    folders.attach(supplement, b"file-marker-2", field="supplement_files", n=2)
    intake.send(supplement, at=NOW)
    case.refresh_from_db()
    case.take_step("close", **handler, outcome="noted", text="outcome-marker")
    draft = build.application(form(), by=customer, answers={"title": "draft-marker"})
    notices.post(notices.DRAFT_ENDS, MAILBOX, "key", "fi", {"application": str(draft.pk), "day": "2027-03-01"}, at=NOW)
    SignInLink.objects.create(token="secret-token", email=MAILBOX, onward="/onward-marker/")
    Feedback.objects.create(text="feedback-marker", email=MAILBOX, language="fi")
    company = Principal.objects.create(kind="company", subject="1234567-8", name="company-marker")
    Mandate.objects.create(customer=customer, principal=company, roles=["role-marker"], source_session="secret-session")
    LogLine.objects.create(user_name="An Official", act="saw", about=str(case.number), detail="log-marker")

    said = texts(written())

    held = (
        "answer undertaking message reply note question register why supplement answer-again supplemented outcome draft"
    )
    for marker in [*held.split(), "onward", "feedback", "company", "role", "log"]:
        assert f"{marker}-marker" in said
    assert all(f"file-marker-{n}" in said for n in (1, 2, 3))
    for known in (CODE, MAILBOX, "Some", "Body", str(case.number), notices.DRAFT_ENDS):
        assert known in said
    assert "secret-" not in said
    assert index(CODE) not in said


def test_files_are_byte_for_byte_and_one_that_is_not_there_is_named(written: Callable[..., Archive]) -> None:
    paper = build.application(form(), by=somebody(), answers={"title": "With files"})
    folders.attach(paper, folders.PDF, n=1)
    folders.attach(paper, b"lost", n=2)
    case = intake.send(paper, at=NOW)
    lost = Attachment.objects.get(size=4)
    lost.content.storage.delete(str(lost.content.name))

    archive = written()

    (kept,) = [content for name, content in archive.items() if "/files/" in name]
    assert kept == folders.PDF
    (missing,) = json.loads(archive["files-missing.json"])
    assert missing.startswith(f"cases/{case.number}/files/")


def test_page_is_in_the_persons_language_and_says_what_was_asked(written: Callable[..., Archive]) -> None:
    case = sent(somebody(), "My answer")

    shown = written()["index.html"].decode()

    assert '<html lang="fi">' in shown
    assert "Title fi" in shown
    assert "My answer" in shown
    assert str(case.number) in shown


def test_receivers_and_mails_are_told(written: Callable[..., Archive]) -> None:
    case = sent(somebody(), "Sent on")
    Receiver.objects.update(active=True)
    relay.collect(NOW)
    assert Delivery.objects.filter(case=case, address=MAILBOX).exists()

    archive = written()

    assert [one["address"] for one in json.loads(archive["mails.json"])] == [MAILBOX]
    assert [one["case"] for one in json.loads(archive["receivers.json"])] == [case.number]


# --- whose -----------------------------------------------------------------------------------------------------------


def test_person_is_the_same_by_whatever_way_they_came(written: Callable[..., Archive]) -> None:
    first, second = sent(somebody(), "One"), sent(build.customer("Otherwise"), "Two")
    Application.objects.filter(pk=second.application_id).update(customer=somebody("other"))
    entered = Customer.objects.create(
        way=Customer.DESK, subject="entered x", identity_code=CODE, given_name="Some", family_name="Body"
    )
    third = sent(build.customer("Clerk"), "Three")
    Application.objects.filter(pk=third.application_id).update(customer=entered)
    guardian = build.customer("Guardian")
    ward = Principal.objects.create(kind="person", subject=index(CODE), identity_code=CODE, name="Some Body")
    fourth = sent(guardian, "Four", principal=ward)

    for asked in (CODE, CODE.lower(), str(Customer.objects.get(way="example", given_name="Some").pk)):
        archive = written(asked)
        assert {name.split("/")[1] for name in archive if name.startswith("cases/")} == {
            str(case.number) for case in (first, second, third, fourth)
        }


def test_nothing_of_others_is_there(written: Callable[..., Archive]) -> None:
    sent(somebody(), "Mine")
    sent(build.customer("Stranger"), "Not mine at all")

    said = texts(written())

    assert "Not mine at all" not in said
    assert "Stranger" not in said


def test_what_was_sent_for_a_company_lies_apart(written: Callable[..., Archive]) -> None:
    company = Principal.objects.create(kind="company", subject="1234567-8", name="A company")
    case = sent(somebody(), "The company's", principal=company)

    names = set(written())

    assert f"for-others/cases/{case.number}/case.json" in names
    assert not any(name.startswith("cases/") for name in names)


def test_what_others_were_not_told_lies_apart(written: Callable[..., Archive]) -> None:
    case = folders.handled(sent(somebody(), "Mine"))
    case.take_step("note", by=build.official(), at=NOW, text="Between us", files=[folders.document(b"inner", n=3)])

    archive = written()

    place = f"cases/{case.number}"
    assert "Between us" in archive[f"{place}/diary-internal.json"].decode()
    assert "Between us" not in archive[f"{place}/diary.json"].decode()
    assert "Between us" not in archive["index.html"].decode()
    assert [name for name in archive if name.startswith(f"{place}/files-internal/")]


@pytest.mark.parametrize(("options", "named"), [((), False), (("--with-officials",), True)])
def test_officials_are_named_only_when_that_is_asked_for(
    options: tuple[str, ...], named: bool, written: Callable[..., Archive]
) -> None:
    handler = build.official()
    handler.first_name, handler.last_name = "Ofelia", "Official"
    handler.save()
    case = folders.handled(sent(somebody(), "Mine"))
    case.take_step("write", by=handler, at=NOW, text="A message")
    LogLine.objects.create(user=handler, user_name=str(handler), act="saw", about=str(case.number))

    assert ("Ofelia" in texts(written(CODE, *options))) is named


# --- how -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["", "131052-308U", "Some Body", "00000000-0000-4000-8000-000000000000", "1234567-8"])
def test_nobody_is_said_to_be_nobody(asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    somebody()
    Principal.objects.create(kind="company", subject="1234567-8", name="A company")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{asked}\n"))

    with pytest.raises(CommandError, match="Nobody"):
        call_command("personal_data", "--out", str(tmp_path / "out"))

    assert not (tmp_path / "out").exists()


def test_archive_is_for_its_owner_alone_and_its_name_names_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    somebody()
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{CODE}\n"))

    call_command("personal_data", "--out", str(tmp_path / "out"))

    (path,) = (tmp_path / "out").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    said = capsys.readouterr().out
    assert str(path) in said
    assert CODE not in said
    assert "Body" not in said


def test_nothing_is_left_when_it_breaks_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    person = personaldata.find(str(somebody().pk))

    def broken(*_args: object, **_kwargs: object) -> str:
        raise OSError("no space left")

    monkeypatch.setattr(personaldata, "render_to_string", broken)
    with pytest.raises(OSError, match="no space"):
        personaldata.export(person, tmp_path / "out", by="Data protection", at=NOW)

    assert list((tmp_path / "out").iterdir()) == []
    assert not LogLine.objects.exists()


def test_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(personaldata.Holding):
        personaldata.export(personaldata.find(str(somebody().pk)), tmp_path / "file" / "out", by="", at=NOW)


def test_it_is_logged_by_whom_and_of_whom_and_at_each_case(written: Callable[..., Archive]) -> None:
    customer = somebody()
    case = sent(customer, "Mine")

    written()

    lines = {line.about: line for line in LogLine.objects.filter(act="exported")}
    assert set(lines) == {"personal data", case.number}
    assert lines["personal data"].detail == str(customer.pk)
    assert lines[str(case.number)].authority_id == case.service.authority_id
    assert {line.user_name for line in lines.values()} == {"Data protection"}
