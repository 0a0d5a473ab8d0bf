"""All texts of a service on one page: what is missing or outdated is seen, written and saved; out as a table and in again."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.translation import gettext as _
from pytest_django import DjangoAssertNumQueries

from apps.services import editing, working
from apps.services.models import WorkingCopy
from tests import build
from tests.build import field, page, said
from tests.markup import read

pytestmark = pytest.mark.django_db

HAND_IN = "fields.title.hint"


def begun(*pages: dict[str, Any], **more: Any) -> WorkingCopy:
    """A working copy of a service with a question that has a hint."""
    first = page("first", field("text", "title", hint=said("Your application")))
    return working.begin(build.version(*(pages or (first,)), **more).service, by=None)


def designer(of: str = "example-town") -> Client:
    """A designer of an authority."""
    return build.signed_in(build.official(f"designer-{of}", of=build.authority(of), role="designer"))


def address(copy: WorkingCopy, more: str = "") -> str:
    """The page of texts, or one below it."""
    return f"/admin/services/service/{copy.service_id}/build/texts/{more}"


def change(copy: WorkingCopy, texts: dict[str, dict[str, str]]) -> None:
    """Change texts of a working copy."""
    working.make(copy, editing.set_texts(texts), by=None, seen=copy.at)


def send(browser: Client, copy: WorkingCopy, texts: dict[str, str], *, query: str = "?language=fi", **more: Any) -> Any:
    """Send the page's form."""
    copy.refresh_from_db()
    named = {f"text:{name}": text for name, text in texts.items()}
    return browser.post(address(copy, query), {"seen": copy.at, **named, **more})


def texts_now(copy: WorkingCopy, at: str = HAND_IN) -> dict[str, str]:
    """A text of the working copy."""
    copy.refresh_from_db()
    return editing.texts_in(working.document_of(copy)).get(at, {})


def test_the_original_stands_beside_the_translation_with_its_terms() -> None:
    copy = begun(
        page("first", field("text", "title", hint={"sv": "Skriv ansökan här", "fi": "Kirjoita"})),
        languages=["sv", "fi"],
    )
    text = designer().get(address(copy, "?language=fi")).content.decode()

    assert "Skriv ansökan här" in text
    assert "Kirjoita</textarea>" in text
    assert '<dt lang="sv">ansökan</dt><dd lang="fi">hakemus</dd>' in text


def test_a_translation_is_saved_and_nothing_else_is_touched() -> None:
    copy = begun()

    send(designer(), copy, {HAND_IN: "Uusi\r\nohje ", "name": "Name of example fi"})

    assert texts_now(copy) == {**said("Your application"), "fi": "Uusi\nohje"}
    assert working.revision_of(copy).number == 2


def test_nothing_changed_makes_no_revision() -> None:
    copy = begun()

    send(designer(), copy, {HAND_IN: "Your application fi"})

    copy.refresh_from_db()
    assert copy.at == 1


def test_a_required_text_that_is_missing_can_be_written() -> None:
    copy = begun()
    change(copy, {"price": dict.fromkeys(["sv", "fi", "en"], "")})
    browser = designer()

    listed = browser.get(address(copy, "?language=fi&show=missing")).content.decode()
    send(browser, copy, {"price": "Maksuton"})

    assert 'name="text:price"' in listed
    assert f'name="text:{HAND_IN}"' not in listed
    assert texts_now(copy, "price") == {"fi": "Maksuton"}


def test_what_is_outdated_is_marked_and_can_be_still_right() -> None:
    copy = begun()
    change(copy, {HAND_IN: {"sv": "Changed"}})
    browser = designer()

    marked = browser.get(address(copy, "?language=fi&show=outdated")).content.decode()
    send(browser, copy, {HAND_IN: "Your application fi"}, still=[HAND_IN])

    copy.refresh_from_db()
    assert _("outdated: the original was changed") in marked
    assert working.outdated(copy) == {(HAND_IN, "en")}


def test_what_is_still_right_is_one_step_with_the_texts_that_were_written() -> None:
    copy = begun()
    change(copy, {HAND_IN: {"sv": "Changed"}})

    send(designer(), copy, {HAND_IN: "Your application fi", "name": "Uusi nimi"}, still=[HAND_IN])
    working.undo(copy)

    assert (HAND_IN, "fi") in working.outdated(copy)
    assert texts_now(copy, "name")["fi"] != "Uusi nimi"


def test_what_was_ticked_stays_ticked_when_somebody_has_changed_the_original_meanwhile() -> None:
    copy = begun()
    change(copy, {HAND_IN: {"sv": "Changed"}})
    change(copy, {HAND_IN: {"sv": "Changed again"}})

    html = send(designer(), copy, {HAND_IN: "Your application fi"}, still=[HAND_IN], seen=2).content.decode()

    assert read(html).one("input", name="still", value=HAND_IN).attrs.get("checked") == ""
    assert (HAND_IN, "fi") in working.outdated(copy)


def test_the_original_itself_can_be_written() -> None:
    copy = begun()

    send(designer(), copy, {HAND_IN: "Nytt"}, query="?language=sv")

    assert texts_now(copy)["sv"] == "Nytt"
    assert working.outdated(copy) == {(HAND_IN, "fi"), (HAND_IN, "en")}


def test_what_is_wrong_is_said_at_the_text_and_nothing_is_lost() -> None:
    copy = begun()

    answer = send(designer(), copy, {HAND_IN: "a\x07b", "name": "Typed too"}).content.decode()

    assert 'class="mistakes"' in answer
    assert 'aria-invalid="true"' in answer
    assert "Typed too" in answer
    assert texts_now(copy) == said("Your application")


def test_two_at_different_texts_of_the_page_both_stay() -> None:
    copy, browser = begun(), designer()
    send(browser, copy, {HAND_IN: "Mine", "name": "Name of example fi"})

    send(browser, copy, {HAND_IN: "Your application fi", "name": "Theirs"}, seen=1)

    assert (texts_now(copy)["fi"], texts_now(copy, "name")["fi"]) == ("Mine", "Theirs")


def test_two_at_the_same_text_are_told_and_what_was_typed_stays() -> None:
    copy, browser = begun(), designer()
    send(browser, copy, {HAND_IN: "Mine"})

    answer = send(browser, copy, {HAND_IN: "Theirs", "name": "Name of example fi"}, seen=1)

    assert "Theirs</textarea>" in answer.content.decode()
    assert f'name="seen" value="{copy.at}"' in answer.content.decode()
    assert texts_now(copy)["fi"] == "Mine"


def test_what_another_wrote_elsewhere_is_seen_when_one_is_told_of_a_conflict() -> None:
    copy, browser = begun(), designer()
    send(browser, copy, {HAND_IN: "Mine", "name": "Elsewhere"})

    answer = send(browser, copy, {HAND_IN: "Theirs", "name": "Name of example fi"}, seen=1)

    assert "Elsewhere</textarea>" in answer.content.decode()


@pytest.mark.parametrize(
    ("act", "languages"),
    [
        ("remove-en", ["sv", "fi"]),
        ("original-fi", ["fi", "sv", "en"]),
        ("add-en", ["sv", "fi", "en"]),
        ("add-xx", ["sv", "fi", "en"]),
        ("nonsense", ["sv", "fi", "en"]),
    ],
)
def test_languages_are_added_taken_away_and_made_the_original(act: str, languages: list[str]) -> None:
    copy = begun()

    designer().post(address(copy, "languages/"), {"seen": copy.at, "act": act})

    copy.refresh_from_db()
    assert working.document_of(copy)["languages"] == languages
    assert texts_now(copy) == said("Your application")


def test_the_last_language_stays() -> None:
    copy = begun(languages=["sv"])

    designer().post(address(copy, "languages/"), {"seen": copy.at, "act": "remove-sv"})

    copy.refresh_from_db()
    assert working.document_of(copy)["languages"] == ["sv"]


@pytest.mark.parametrize("sort", ["csv", "xlsx"])
def test_a_table_goes_out_and_comes_back_unchanged(sort: str) -> None:
    copy, browser = begun(), designer()
    response: Any = browser.get(address(copy, f"out/{sort}/"))
    content = b"".join(response.streaming_content)

    back = browser.post(address(copy, "in/"), {"file": SimpleUploadedFile(f"t.{sort}", content)})

    assert back.context["reading"].changes == []
    assert back.context["notes"] == []


def test_the_changes_of_a_file_are_shown_and_then_made() -> None:
    copy, browser = begun(), designer()
    file = SimpleUploadedFile("t.csv", f"address;fi\n{HAND_IN};Tiedostosta\n".encode())

    shown = browser.post(address(copy, "in/"), {"file": file})
    before = texts_now(copy)["fi"]
    browser.post(address(copy, "in/"), {"seen": copy.at, "changes": shown.context["changes"]})

    assert "Tiedostosta" in shown.content.decode()
    assert (before, texts_now(copy)["fi"]) == ("Your application fi", "Tiedostosta")


@pytest.mark.parametrize("file", [None, b"", b"nothing"])
def test_a_file_that_cannot_be_used_is_told(file: bytes | None) -> None:
    copy = begun()
    sent = {"file": SimpleUploadedFile("t.csv", file)} if file is not None else {}

    assert 'class="mistakes"' in designer().post(address(copy, "in/"), sent).content.decode()


@pytest.mark.parametrize(
    "changes",
    ["", "[]", "{", '{"name": 1}', '{"gone": {"sv": "x"}}', '{"name": {"xx": "x"}}', '{"name": {"sv": "\\u0007"}}'],
)
def test_changes_that_were_tampered_with_are_refused(changes: str) -> None:
    copy = begun()

    designer().post(address(copy, "in/"), {"seen": copy.at, "changes": changes})

    copy.refresh_from_db()
    assert copy.at == 1


def many(pages: int, questions: int) -> list[dict[str, Any]]:
    """Pages of questions with hints."""
    return [
        page(
            f"p{p}", *(field("text", f"q{p}_{q}", hint=said("Skriv ansökan och bilaga här")) for q in range(questions))
        )
        for p in range(pages)
    ]


@pytest.mark.thorough
def test_a_definition_of_500_fields_opens_and_saves_part_by_part(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    copy, browser = begun(*many(5, 100)), designer()
    browser.get(address(copy))

    with django_assert_max_num_queries(8):
        opened = browser.get(address(copy, "?language=fi&part=p3")).content.decode()
    with django_assert_max_num_queries(24):
        send(browser, copy, {"fields.q3_1.label": "Uusi"}, query="?language=fi&part=p3")

    assert 'name="text:fields.q3_1.label"' in opened
    assert 'name="text:fields.q2_1.label"' not in opened
    assert texts_now(copy, "fields.q3_1.label")["fi"] == "Uusi"


def test_more_texts_take_no_more_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    few, more, browser = begun(*many(1, 1)), begun(*many(2, 20), key="more"), designer()
    browser.get(address(few))
    with django_assert_num_queries(8):
        browser.get(address(few))
    with django_assert_num_queries(8):
        browser.get(address(more))


def test_designers_of_others_find_nothing() -> None:
    copy, stranger = begun(), designer("other-town")

    for more in ("", "in/", "out/csv/"):
        assert stranger.get(address(copy, more)).status_code == 404
    assert stranger.post(address(copy, "languages/"), {"act": "remove-en"}).status_code == 404
    assert designer().get(address(copy, "out/pdf/")).status_code == 404
