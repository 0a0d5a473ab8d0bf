"""Packages of cases: what they say, that the same case gives the same bytes, and that nothing can be wrong with one unseen."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from apps.applications.models import Attachment, StoredFile
from apps.cases import handover, intake
from apps.cases.handover import Damaged, NothingToHandOver, Withheld, package
from apps.cases.models import Case
from apps.people.models import Customer, LogLine, Principal
from tests import build
from tests.applications.pdfreading import Read
from tests.build import NOW, field, page
from tests.sync import folders

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
CODE = "010190-999W"


def written(case: Case, number: int | None = None) -> bytes:
    """A case's package."""
    archive = io.BytesIO()
    package(case, number).write(archive)
    return archive.getvalue()


def unpacked(content: bytes) -> dict[str, bytes]:
    """What a package holds, in its order."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def said(content: bytes, name: str = "case.json") -> dict[str, Any]:
    """A document of a package."""
    document: dict[str, Any] = json.loads(unpacked(content)[name])
    return document


def closed(case: Case) -> Case:
    """The case with a register number, an internal note, a question to another authority and a decision."""
    by = build.official()
    case.take_step("register", by=by, at=LATER, register_number="EX/1/10.03/2027")
    case.take_step("note", by=by, at=LATER, text="Ring henne.")
    case.take_step("consult", by=by, at=LATER, authority=build.authority("other-town"), text="Vad säger ni?")
    case.take_step("resume", by=by, at=LATER)
    decision = folders.document(name="beslut.pdf")
    case.take_step("close", by=by, at=LATER, outcome="noted", text="Antecknas.", appeal="Så här.", files=[decision])
    return case


def whole() -> Case:
    """A case with a supplement and a decision."""
    return closed(folders.supplemented(folders.with_file()))


# --- what is in it ---------------------------------------------------------------------------------------------------


def test_package_holds_case_papers_attachments_and_documents_byte_for_byte() -> None:
    found = unpacked(written(whole()))

    assert list(found) == [
        "manifest.json",
        "case.json",
        "paper.pdf",
        "supplement-1.pdf",
        "attachments/0aaaaaaa-0000-4000-8000-000000000001.pdf",
        "attachments/0aaaaaaa-0000-4000-8000-000000000002.pdf",
        "documents/0aaaaaaa-0000-4000-8000-000000000003.pdf",
    ]
    assert found["attachments/0aaaaaaa-0000-4000-8000-000000000001.pdf"] == folders.PDF
    assert found["documents/0aaaaaaa-0000-4000-8000-000000000003.pdf"] == folders.PDF


def test_case_is_said_as_its_schema_promises() -> None:
    schema = json.loads((django_settings.BASE_DIR / "docs" / "case.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)

    Draft202012Validator(schema).validate(said(written(whole())))


def test_case_tells_who_what_and_how_it_ended() -> None:
    case = said(written(whole()))

    assert case["caseNumber"] == Case.objects.get().number
    assert case["registerNumber"] == "EX/1/10.03/2027"
    assert (case["status"], case["way"], case["handler"]) == ("closed", "portal", "handler")
    assert (case["outcome"]["code"], case["outcome"]["text"], case["outcome"]["appeal"]) == (
        "noted",
        "Antecknas.",
        "Så här.",
    )
    assert (case["arrivedAt"], case["statusAt"]) == ("2027-03-01T09:30:00Z", "2027-03-01T10:30:00Z")
    assert (case["applicant"]["name"], case["representative"]) == ("Example Customer", None)
    assert case["service"]["version"] == 1
    assert case["handlingSince"] == "2027-03-01"


def test_answers_stand_with_labels_and_texts_in_each_language() -> None:
    first = said(written(whole()))["papers"][0]
    answers = {answer["key"]: answer for one in first["pages"] for answer in one["answers"]}

    assert answers["size"]["label"] == build.said("Size")
    assert answers["size"]["text"] == build.said("Large")
    assert answers["size"]["value"] == "large"
    assert answers["plan"]["files"] == ["0aaaaaaa-0000-4000-8000-000000000001"]
    assert [one["title"] for one in first["pages"]] == [build.said("Place"), build.said("More")]


def test_secret_and_personal_answers_are_marked_and_identity_codes_whole() -> None:
    version = build.version(
        page(
            "first",
            field("text", "illness", secret=True),
            field("personal_identity_code", "code"),
            field("text", "why"),
        )
    )
    content = written(build.case(version, answers={"illness": "x", "code": CODE, "why": "y"}))
    answers = {answer["key"]: answer for answer in said(content)["papers"][0]["pages"][0]["answers"]}

    marks = {key: (answer["secret"], answer["personal"]) for key, answer in answers.items()}
    assert marks == {"illness": (True, False), "code": (False, True), "why": (False, False)}
    assert answers["code"]["value"] == CODE
    assert answers["code"]["text"]["sv"] == "010190-****"


def test_applicant_and_representative_are_known_by_their_codes() -> None:
    who = build.customer()
    Customer.objects.filter(pk=who.pk).update(identity_code=CODE)
    company = Principal.objects.create(kind="company", subject="1234567-1", name="Exempel Ab")
    who.refresh_from_db()
    who.acting_for = company
    paper = build.application(by=who)
    paper.principal = company
    paper.save()
    case = intake.send(paper, at=NOW)

    document = said(written(case))
    assert document["applicant"] == {
        "kind": "company",
        "name": "Exempel Ab",
        "identityCode": "",
        "businessId": "1234567-1",
    }
    assert document["representative"]["identityCode"] == CODE
    assert CODE not in " ".join(unpacked(written(case)))


def test_protection_order_of_then_is_told() -> None:
    who = build.customer()
    Customer.objects.filter(pk=who.pk).update(protected=True)
    who.refresh_from_db()

    assert said(written(build.case(by=who)))["protectionOrder"] is True


def test_internal_notes_stay_on_the_desk_and_what_authorities_say_to_each_other_goes_along() -> None:
    content = written(whole())

    assert "Ring henne" not in unpacked(content)["case.json"].decode()
    kinds = [line["kind"] for line in said(content)["diary"]]
    assert "note" not in kinds
    assert "consult" in kinds
    assert kinds[0] == "received"


def test_reopened_case_has_no_outcome() -> None:
    case = whole()
    case.take_step("reopen", by=build.official(), at=LATER, text="Ett fel.")

    assert said(written(case))["outcome"] is None


def test_municipality_is_that_of_the_answers() -> None:
    version = build.version(page("first", field("municipality", "where")))

    assert said(written(build.case(version, answers={"where": "091"})))["municipality"] == "091"


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\x.exe", "paper.pdf", "åäö\u202egnp.pdf", "010190-999W.pdf"])
def test_file_lies_under_a_name_of_ours_whatever_it_was_called(name: str) -> None:
    paper = build.application(folders.form(), answers=folders.answers())
    attached = folders.attach(paper, folders.PDF)
    Attachment.objects.filter(pk=attached.pk).update(name=name)
    paper.answers["plan"] = [{**attached.known(), "name": name}]
    paper.save()
    content = written(intake.send(paper, at=NOW))

    assert handover.verify(io.BytesIO(content)) == []
    assert said(content)["files"][0]["name"] == name
    assert all(re.fullmatch(r"[a-z0-9/.-]+", path) for path in unpacked(content))


def test_manifest_tells_the_case_register_what_it_asks() -> None:
    register = said(written(whole()), "manifest.json")["register"]

    assert register["title"] == build.said("Name of gathering")
    assert register["arrival"] == {"at": "2027-03-01T09:30:00Z", "way": "portal"}
    assert register["parties"] == [
        {"role": "applicant", "kind": "person", "name": "Example Customer", "businessId": ""},
    ]
    assert register["closedAt"] == "2027-03-01T10:30:00Z"
    kinds = [(one["type"], one["side"]) for one in register["documents"]]
    assert kinds == [
        ("application", "customer"),
        ("supplement", "customer"),
        ("attachment", "customer"),
        ("attachment", "customer"),
        ("decision", "authority"),
    ]
    assert register["records"] is None


def test_manifest_says_how_long_and_how_public_where_the_service_does() -> None:
    records = {
        "function": "10 03 00",
        "publicity": 2,
        "personal_data": 2,
        "retention_years": 10,
        "retention_ground": build.said("By law"),
        "secrecy_ground": build.said("Trade secrets"),
    }
    case = build.case(build.version(records=records, schema=2))

    assert said(written(case), "manifest.json")["register"]["records"] == {
        "function": "10 03 00",
        "publicityClass": 2,
        "personalDataClass": 2,
        "retentionYears": 10,
        "retentionGround": build.said("By law"),
        "secrecyGround": build.said("Trade secrets"),
    }


# --- the paper as a PDF ----------------------------------------------------------------------------------------------


def test_pdf_says_the_paper_as_it_was_sent() -> None:
    version = build.version(
        page("first", field("text", "illness", secret=True), field("personal_identity_code", "code"))
    )
    case = build.case(version, answers={"illness": "Feber", "code": CODE})
    read = Read(unpacked(written(case))["paper.pdf"])

    assert str(read.pdf.docinfo["/Title"]).endswith(f" {case.number}")
    for text in (
        case.number or "",
        "Illness sv",
        "Feber",
        "010190-****",
        "version 1",
        case.application.digest,
        "1.3.2027",
    ):
        assert "".join(text.split()) in read.bare
    assert CODE not in read.bare
    with read.pdf.open_metadata() as metadata:
        assert metadata["pdfuaid:part"] == "1"


def test_supplement_has_a_pdf_of_its_own_that_names_its_files() -> None:
    read = Read(unpacked(written(whole()))["supplement-1.pdf"])

    assert "Exempelbyn" in read.bare
    assert "attachments/0aaaaaaa-0000-4000-8000-000000000002.pdf" in read.bare


# --- the same case, the same bytes -----------------------------------------------------------------------------------


def test_same_case_gives_the_same_bytes() -> None:
    case = whole()

    assert written(case) == written(Case.objects.get())


def test_package_up_to_a_line_is_the_same_whatever_came_after() -> None:
    case = folders.with_file()
    before = written(case)
    closed(folders.supplemented(case))

    assert written(Case.objects.get(), 1) == before
    assert said(before)["status"] == "received"
    assert written(Case.objects.get()) != before


def test_internal_note_changes_nothing() -> None:
    case = folders.with_file()
    before = written(case)
    case.take_step("note", by=build.official(), at=LATER, text="Ring henne.")

    assert written(Case.objects.get()) == before


def test_each_line_has_an_id_of_its_own() -> None:
    case = folders.handled(folders.with_file())

    assert package(case, 1).id != package(case, 2).id
    assert package(case).id == package(case, 2).id


def test_no_package_up_to_a_line_that_is_not_there_or_stays_on_the_desk() -> None:
    case = folders.with_file()
    case.take_step("note", by=build.official(), at=LATER, text="Ring henne.")

    for number in (2, 7):
        with pytest.raises(NothingToHandOver):
            package(case, number)


# --- files -----------------------------------------------------------------------------------------------------------


def test_file_that_is_not_as_it_came_is_not_handed_over() -> None:
    case = folders.with_file()
    attached = Attachment.objects.get()
    attached.content.storage.delete(str(attached.content.name))
    with pytest.raises(Damaged, match="is not in the storage"):
        written(case)

    attached.content.storage.save(attached.content.name, ContentFile(b"something else"))
    with pytest.raises(Damaged, match="is not as it came") as refused:
        written(case)
    assert "åäö" not in str(refused.value)


def test_file_in_which_malware_was_found_is_not_handed_over() -> None:
    case = folders.with_file()
    Attachment.objects.update(scan=StoredFile.Scan.FOUND)

    with pytest.raises(Withheld):
        package(case)


@pytest.mark.thorough
def test_large_file_is_never_whole_in_memory(tmp_path: Path) -> None:
    case = folders.with_file(bytes(50_000_000))
    written_first = package(case)  # what is loaded once is not counted
    with (tmp_path / "first.zip").open("w+b") as archive:
        written_first.write(archive)

    with (tmp_path / "second.zip").open("w+b") as archive:
        tracemalloc.start()
        try:
            package(case).write(archive)
            assert handover.verify(archive) == []
            _now, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert (tmp_path / "second.zip").stat().st_size > 50_000_000
    assert most < 20_000_000


# --- verifying -------------------------------------------------------------------------------------------------------


def test_package_is_sound() -> None:
    assert handover.verify(io.BytesIO(written(whole()))) == []


@pytest.fixture(scope="module")
def sound(django_db_setup: None, django_db_blocker: Any) -> Iterator[bytes]:
    """A package, made once; its case is gone again."""
    from django.db import transaction  # noqa: PLC0415 (only this fixture steps outside the tests' own transactions)

    with django_db_blocker.unblock(), transaction.atomic():
        case = build.case()
        yield written(case)
        transaction.set_rollback(True)


def check_damage(damaged: bytes, sound: bytes) -> None:
    problems = handover.verify(io.BytesIO(damaged))
    assert bool(problems) == (damaged != sound)
    assert all(isinstance(words, str) and words for words in problems)


@pytest.mark.thorough
@settings(deadline=None, max_examples=300)
@given(data=st.data())
def test_a_byte_that_differs_anywhere_is_found(sound: bytes, data: st.DataObject) -> None:
    at, by = data.draw(st.integers(0, len(sound) - 1)), data.draw(st.integers(1, 255))
    damaged = bytearray(sound)
    damaged[at] ^= by

    check_damage(bytes(damaged), sound)


@pytest.mark.thorough
@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_a_package_cut_off_lengthened_or_patched_is_found(sound: bytes, data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(sound)))
    end = data.draw(st.integers(begin, min(len(sound), begin + 2_000)))

    check_damage(sound[:begin] + data.draw(st.binary(max_size=40)) + sound[end:], sound)


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=500))
def test_what_is_no_package_is_said_to_be_none(content: bytes) -> None:
    assert handover.verify(io.BytesIO(content))


def packed_anew(content: bytes, change: Callable[[dict[str, bytes]], None], **how: Any) -> bytes:
    """The package with something changed, written as this service writes one or otherwise."""
    files = unpacked(content)
    change(files)
    again = io.BytesIO()
    with zipfile.ZipFile(again, "w", **how) as archive:
        for name, one in files.items():
            line = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            line.create_system, line.external_attr = 3, 0o100600 << 16
            line.compress_type = how.get("compression", zipfile.ZIP_STORED)
            archive.writestr(line, one)
    return again.getvalue()


def renamed(files: dict[str, bytes], name: str) -> None:
    files[name] = files.pop("paper.pdf")


CHANGES: list[tuple[str, Callable[[dict[str, bytes]], Any], str]] = [
    ("left out", lambda files: files.pop("paper.pdf"), "paper.pdf is listed and not there"),
    ("added", lambda files: files.update({"supplement-9.pdf": b"x"}), "supplement-9.pdf is there and not listed"),
    ("climbs out", lambda files: renamed(files, "../paper.pdf"), "names that this service never gives"),
    ("absolute", lambda files: renamed(files, "/paper.pdf"), "names that this service never gives"),
    ("no manifest", lambda files: files.pop("manifest.json"), "It has no manifest.json"),
    ("no JSON", lambda files: files.update({"case.json": b"{"}), "case.json is no JSON"),
    ("deep", lambda files: files.update({"case.json": b"[" * 200_000}), "case.json is no JSON"),
    ("another shape", lambda files: files.update({"case.json": b"{}"}), "case.json is not as its schema says"),
    ("another content", lambda files: files.update({"paper.pdf": b"x"}), "paper.pdf has another size or digest"),
    (
        "another case",
        lambda files: files.update({"manifest.json": files["manifest.json"].replace(b'"upTo": 1', b'"upTo": 2')}),
        "do not agree on upTo",
    ),
    (
        "another id",
        lambda files: files.update({"case.json": files["case.json"].replace(b'"upTo": 1', b'"upTo": 2')}),
        "id does not belong to this case",
    ),
    (
        "another title",
        lambda files: files.update({"manifest.json": files["manifest.json"].replace(b"Name of", b"Fame of")}),
        "own digest is not right",
    ),
]


@pytest.mark.parametrize(("change", "words"), [one[1:] for one in CHANGES], ids=[one[0] for one in CHANGES])
def test_what_was_changed_is_said(sound: bytes, change: Callable[[dict[str, bytes]], None], words: str) -> None:
    assert words in " ".join(handover.verify(io.BytesIO(packed_anew(sound, change))))


def test_package_packed_anew_or_made_to_burst_is_not_unpacked(sound: bytes) -> None:
    def burst(files: dict[str, bytes]) -> None:
        files["paper.pdf"] = bytes(5_000_000)

    content = packed_anew(sound, burst, compression=zipfile.ZIP_DEFLATED)

    assert handover.verify(io.BytesIO(content)) == [
        "something in it is packed or encrypted, as this service never does."
    ]


def test_archive_of_very_many_members_is_not_read() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writing:
        for n in range(2_001):
            writing.writestr(f"documents/{n}", b"")

    assert handover.verify(archive) == ["it has more than 2000 members."]


def test_command_says_of_each_package_whether_it_is_sound(
    sound: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    good.write_bytes(sound)
    bad.write_bytes(sound[:-1])
    call_command("verify_package", str(good))
    with pytest.raises(CommandError, match="2 of 3 are not sound"):
        call_command("verify_package", str(good), str(bad), str(tmp_path / "none.zip"))

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == lines[1] == f"{good}: sound"
    assert lines[2].startswith(f"{bad}: It cannot be read")
    assert lines[3] == f"{tmp_path / 'none.zip'}: It cannot be opened: FileNotFoundError."


@pytest.mark.thorough
def test_command_asks_no_database(sound: bytes, tmp_path: Path) -> None:
    (tmp_path / "good.zip").write_bytes(sound)
    nowhere = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing", "VAR_DIR": str(tmp_path), "DEBUG": "on"}
    done = subprocess.run(
        [sys.executable, "manage.py", "verify_package", str(tmp_path / "good.zip")],
        cwd=django_settings.BASE_DIR,
        env=nowhere,
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr.decode()
    assert b": sound" in done.stdout


# --- downloading it --------------------------------------------------------------------------------------------------


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def test_official_downloads_the_package_and_it_is_logged() -> None:
    case = folders.with_file()
    response = build.signed_in(build.official()).get(f"/admin/cases/case/{case.pk}/package/")

    assert body(response) == written(case)
    assert response["Content-Disposition"] == f'attachment; filename="{case.number}-1.zip"'
    assert "no-store" in response["Cache-Control"]
    line = LogLine.objects.get(act="downloaded")
    assert (line.about, line.authority_id) == (case.number, case.service.authority_id)


def test_nobody_else_downloads_it() -> None:
    case = folders.with_file()
    stranger = build.official("stranger", of=build.authority("other-town"))
    for who in (stranger, build.superuser()):
        assert build.signed_in(who).get(f"/admin/cases/case/{case.pk}/package/").status_code == 404
    assert not LogLine.objects.filter(act="downloaded")


def test_reader_sees_the_case_and_cannot_download_what_is_masked_for_them() -> None:
    case = folders.with_file()
    browser = build.signed_in(build.official("reader", role="reader"))

    assert browser.get(f"/admin/cases/case/{case.pk}/package/").status_code == 403
    assert (
        f"/admin/cases/case/{case.pk}/package/"
        not in browser.get(f"/admin/cases/case/{case.pk}/change/").content.decode()
    )
    assert not LogLine.objects.filter(act="downloaded")


def test_handler_is_told_to_note_the_hand_over() -> None:
    case = folders.with_file()
    browser = build.signed_in(build.official())
    body(browser.get(f"/admin/cases/case/{case.pk}/package/"))

    (message,) = browser.get("/admin/", follow=True).context["messages"]
    assert message.level_tag == "info"


def test_damaged_file_is_said_in_words_at_the_case() -> None:
    case = folders.with_file()
    Attachment.objects.get().content.delete(save=False)
    response = build.signed_in(build.official()).get(f"/admin/cases/case/{case.pk}/package/", follow=True)

    assert response.redirect_chain == [(f"/admin/cases/case/{case.pk}/change/", 302)]
    assert str(case.number) in str(*response.context["messages"])
    assert not LogLine.objects.filter(act="downloaded")


def chosen(who: Any, *cases: Case) -> Any:
    """What the list answers when the packages of these cases are asked for."""
    asked = {"case": [case.pk for case in cases], "kept": "status=open"}
    return build.signed_in(who).post("/admin/cases/case/packages/", asked, follow=True)


def test_packages_of_several_cases_come_in_one_archive() -> None:
    version = build.version()
    cases = [build.case(version, by=build.customer(name)) for name in ("Anna", "Bertil")]
    found = unpacked(body(chosen(build.official(), *cases)))

    assert list(found) == [f"{case.number}-1.zip" for case in cases]
    assert all(handover.verify(io.BytesIO(one)) == [] for one in found.values())
    assert [line.about for line in LogLine.objects.filter(act="downloaded").order_by("pk")] == [c.number for c in cases]


def test_packages_of_others_are_not_among_them() -> None:
    mine = build.case()
    other = build.case(build.version(key="theirs", authority="other-town"))

    assert list(unpacked(body(chosen(build.official(), mine, other)))) == [f"{mine.number}-1.zip"]


def test_packages_of_cases_one_only_reads_are_left_out_in_words() -> None:
    mine, read = build.case(), build.case(build.version(key="theirs", authority="other-town"))
    who = build.official()
    build.official(who.username, of=read.service.authority, role="reader")

    assert list(unpacked(body(chosen(who, mine, read)))) == [f"{mine.number}-1.zip"]
    assert len(chosen(who, read).context["messages"]) == 1


def test_without_a_chosen_case_the_list_is_shown_as_it_was() -> None:
    response = chosen(build.official())

    assert response.redirect_chain == [("/admin/cases/case/?status=open", 302)]
    assert len(response.context["messages"]) == 1


def test_too_many_packages_are_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [build.case(by=build.customer(name)) for name in ("Anna", "Bertil", "Cecilia")]
    monkeypatch.setattr("apps.cases.desk.packages.MOST_AT_ONCE", 2)
    assert "2" in str(*chosen(build.official(), *cases).context["messages"])

    monkeypatch.setattr("apps.cases.desk.packages.MOST_BYTES", -1)
    assert len(chosen(build.official(), cases[0]).context["messages"]) == 1
    assert not LogLine.objects.filter(act="downloaded")
