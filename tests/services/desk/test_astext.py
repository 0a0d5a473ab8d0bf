"""The definition as text: checked, saved under the same rules as the forms; and a whole authority's services out and in."""

from __future__ import annotations

import io
import json
import zipfile
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from apps.portal.errors import TO_DO
from apps.services import archives, working
from apps.services.archives import NotAnArchive
from apps.services.models import Version, WorkingCopy
from apps.services.textplaces import Places
from tests import build
from tests.markup import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    """A designer."""
    return build.signed_in(build.official("designer", role="designer"))


def a_copy(**more: Any) -> WorkingCopy:
    """The working copy of a new service."""
    return working.begin_new(build.authority(), {**build.document(), "schema": 2, **more}, by=None)


def address(copy: WorkingCopy) -> str:
    """The page of the text."""
    return f"/admin/services/service/{copy.service_id}/build/text/"


def now(copy: WorkingCopy) -> str:
    """What the working copy says."""
    return working.text_of(WorkingCopy.objects.get(pk=copy.pk))


def changed(copy: WorkingCopy, **more: Any) -> str:
    """Its text with other elements."""
    return working.as_text({**working.document_of(copy), **more})


def test_the_text_is_shown_whole(browser: Client) -> None:
    copy = a_copy()

    assert browser.get(address(copy)).context["text"] == working.text_of(copy)


def test_what_is_saved_stands_in_the_forms(browser: Client) -> None:
    copy = a_copy()
    text = changed(copy, price=build.said("Dear"))

    browser.post(address(copy), {"text": text.replace("\n", "\r\n"), "seen": "1"})

    assert now(copy) == text


def test_yaml_is_read_too(browser: Client) -> None:
    copy = a_copy()
    text = "schema: 2\nkey: example\nauthority: example-town\nkind: permit\npages:\n  - key: first\n    title: {sv: Ett}\n    fields: []\n"

    browser.post(address(copy), {"text": text, "seen": "1"})

    assert json.loads(now(copy))["pages"] == [{"key": "first", "title": {"sv": "Ett"}, "fields": []}]


def test_only_checking_saves_nothing(browser: Client) -> None:
    copy = a_copy()
    text = changed(copy, kind="nothing")

    answer = browser.post(address(copy), {"text": text, "seen": "1", "check": ""})

    assert [one.path for one in answer.context["found"]] == ["kind"]
    assert answer.context["text"] == text
    assert now(copy) == working.text_of(copy)


def test_what_is_wrong_has_its_line(browser: Client) -> None:
    copy = a_copy()
    text = changed(copy, kind="nothing")

    answer = browser.post(address(copy), {"text": text, "seen": "1", "check": ""})

    assert text.splitlines()[answer.context["found"][0].line - 1] == '  "kind": "nothing",'


def test_what_is_unfinished_can_be_saved_and_is_listed(browser: Client) -> None:
    copy = a_copy()

    browser.post(address(copy), {"text": changed(copy, summary=None), "seen": "1"})

    assert [one.path for one in browser.get(address(copy)).context["found"]] == ["summary"]


def test_a_text_that_is_too_long_is_refused_in_words_that_say_what_to_do(browser: Client) -> None:
    copy = a_copy()
    browser.get(address(copy))
    browser.handler.enforce_csrf_checks = True

    answer = browser.post(address(copy), {"text": "x" * 3_000_000, "seen": "1"})

    assert answer.status_code == 400
    assert str(TO_DO) in unescape(answer.content.decode())


def test_the_page_of_the_text_leads_to_where_a_file_is_brought_in(browser: Client) -> None:
    copy = a_copy()

    root = read(browser.get(address(copy)).content.decode())

    assert root.find("a", href=f"/admin/services/service/{copy.service_id}/import/")
    assert root.one("form", css="form").attrs["enctype"] == "multipart/form-data"


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"key": "example"}', "a: b: c", '{"key": "example", "authority": "example-town", "pages": 1}'],
)
def test_what_could_not_be_edited_on_is_not_saved_and_stays_on_the_page(browser: Client, text: str) -> None:
    copy = a_copy()

    answer = browser.post(address(copy), {"text": text, "seen": "1"})

    assert answer.status_code == 200
    assert answer.context["text"] == text
    assert answer.context["found"]
    assert now(copy) == working.text_of(copy)


@pytest.mark.parametrize("name", ["key", "authority"])
def test_the_key_and_the_authority_cannot_be_changed(browser: Client, name: str) -> None:
    copy = a_copy()
    build.authority("other-town")

    answer = browser.post(address(copy), {"text": changed(copy, **{name: "other-town"}), "seen": "1"})

    assert [one.path for one in answer.context["found"]] == [name]
    assert now(copy) == working.text_of(copy)


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(browser: Client) -> None:
    copy = a_copy()
    mine, yours = changed(copy, price=build.said("Mine")), changed(copy, price=build.said("Yours"))
    browser.post(address(copy), {"text": mine, "seen": "1"})

    answer = browser.post(address(copy), {"text": yours, "seen": "1"})

    assert answer.context["text"] == yours
    assert now(copy) == mine


def test_the_text_as_a_file(browser: Client) -> None:
    copy = a_copy()

    answer = browser.get(f"{address(copy)}file/")

    assert answer.content.decode() == working.text_of(copy)
    assert 'filename="example.json"' in answer["Content-Disposition"]


def test_a_stranger_gets_nothing_of_it() -> None:
    copy = a_copy()
    stranger = build.signed_in(build.official("stranger", of=build.authority("other-town"), role="designer"))

    assert [stranger.get(address(copy)).status_code, stranger.get(f"{address(copy)}file/").status_code] == [404, 404]


def test_a_handler_of_the_authority_may_not_change_it() -> None:
    assert build.signed_in(build.official("handler")).get(address(a_copy())).status_code == 403


@given(st.text(max_size=200), st.text(alphabet="pages[0].fields123 ", max_size=30))
def test_any_text_has_lines_or_none(text: str, path: str) -> None:
    assert 0 <= Places(text).line(path) <= text.count("\n") + len(text) + 1


# --- all services of an authority --------------------------------------------------------------------------------------


def archive(**files: str) -> bytes:
    """A zip of files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, text in files.items():
            made.writestr(name.replace("__", "."), text)
    return out.getvalue()


def text_of(key: str, **more: Any) -> str:
    """A definition file."""
    return working.as_text({**build.document(key=key), "schema": 2, **more})


def take_in(browser: Client, data: bytes, of: str = "example-town") -> Any:
    """Take an archive in."""
    file = SimpleUploadedFile("services.zip", data)
    return browser.post(f"/admin/services/service/all/{of}/import/", {"archive": file})


def test_what_is_taken_out_can_be_taken_in_and_is_the_same(browser: Client) -> None:
    build.version(key="one")
    build.version(key="two", published=False)

    out = browser.get("/admin/services/service/all/example-town/export/").content
    answer = take_in(browser, out)

    assert [(one.name, one.is_new) for one in answer.context["taken"]] == [("one.json", False), ("two.json", False)]
    assert Version.objects.count() == 2


def test_the_archive_is_the_same_for_the_same_services() -> None:
    build.version()

    assert archives.export_all(build.authority()) == archives.export_all(build.authority())


def test_every_file_becomes_a_version_that_is_not_published(browser: Client) -> None:
    build.authority()

    take_in(browser, archive(one__json=text_of("one"), two__yaml=text_of("two"), readme__txt="Hello"))

    assert sorted(Version.objects.values_list("service__key", "published_at")) == [("one", None), ("two", None)]


def spoiled(method: int) -> bytes:
    """An archive whose packed content makes no sense."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as packed:
        packed.writestr("one.json", text_of("one"))
    data = bytearray(out.getvalue())
    data[50:90] = bytes(byte ^ 0xFF for byte in data[50:90])
    return bytes(data)


def test_one_file_to_mend_keeps_all_of_them_out(browser: Client) -> None:
    build.authority()

    answer = take_in(browser, archive(one__json=text_of("one"), two__json=text_of("two", kind="nothing")))

    assert [bool(one.problems) for one in answer.context["taken"]] == [False, True]
    assert not Version.objects.exists()


def test_services_of_another_authority_are_not_taken_in(browser: Client) -> None:
    build.authority()
    build.authority("other-town")

    answer = take_in(browser, archive(one__json=text_of("one", authority="other-town")))

    assert [one.problems[0].path for one in answer.context["taken"]] == ["authority"]
    assert not Version.objects.exists()


@pytest.mark.parametrize("sort", ["no archive", "empty", "no definition", "cut off", "spoiled", "spoiled lzma"])
def test_what_is_no_archive_is_refused_in_words(browser: Client, sort: str) -> None:
    build.authority()
    data = {
        "no archive": b"x",
        "empty": archive(),
        "no definition": archive(readme__txt="Hello"),
        "cut off": archive(one__json=text_of("one"))[:-30],
        "spoiled": spoiled(zipfile.ZIP_DEFLATED),
        "spoiled lzma": spoiled(zipfile.ZIP_LZMA),
    }[sort]

    assert take_in(browser, data).context["form"].errors["archive"]


def test_an_archive_that_unpacks_to_more_than_it_may_is_refused() -> None:
    with pytest.raises(NotAnArchive):
        archives.import_all(archive(one__json=" " * 6_000_000), build.authority(), by=None)


@given(st.binary(max_size=300))
def test_any_bytes_are_an_archive_or_not(data: bytes) -> None:
    with pytest.raises(NotAnArchive):
        archives.import_all(data, build.authority(), by=None)


def test_nobody_takes_out_the_services_of_another_authority(browser: Client) -> None:
    build.version()
    build.authority("other-town")

    assert browser.get("/admin/services/service/all/other-town/export/").status_code == 403
    assert take_in(browser, archive(one__json=text_of("one")), "other-town").status_code == 403
