"""Beginning a service: from nothing, from the library, from a copy and from a file."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.people.models import Membership
from apps.services import editing, library, working
from apps.services.desk.starting import free_service_key
from apps.services.models import Service, WorkingCopy
from tests import build

pytestmark = pytest.mark.django_db

NEW = "/admin/services/service/new/"


def designer(of: str = "example-town", name: str = "designer") -> Client:
    """A designer of an authority."""
    return build.signed_in(build.official(name, of=build.authority(of), role="designer"))


def begin(browser: Client, at: str = NEW, **more: str) -> Any:
    """Fill in the form that begins a service."""
    return browser.post(at, {"name__sv": "Gatumusik", "name__fi": "Katusoitto", "kind": "permit", **more})


def the_document() -> dict[str, Any]:
    """What the one working copy says."""
    return working.document_of(WorkingCopy.objects.get())


def test_from_nothing_there_is_a_name_a_kind_and_a_key() -> None:
    answer = begin(designer())

    service = Service.objects.get()
    assert answer.url == f"/admin/services/service/{service.pk}/build/"
    assert the_document() == {
        "schema": 2,
        "key": "gatumusik",
        "authority": "example-town",
        "kind": "permit",
        "languages": ["sv", "fi"],
        "name": {"sv": "Gatumusik", "fi": "Katusoitto"},
        "pages": [],
    }


def test_customers_see_nothing_of_what_is_begun() -> None:
    begin(designer())

    assert Client().get("/sv/services/gatumusik/").status_code == 404
    assert "Gatumusik" not in Client().get("/sv/").content.decode()


def test_a_service_without_a_name_is_not_begun_and_what_was_typed_stays() -> None:
    answer = begin(designer(), name__sv="", name__fi="")

    assert not Service.objects.exists()
    assert answer.context["form"].errors
    assert answer.context["form"]["kind"].value() == "permit"


def test_who_designs_for_several_authorities_chooses_one() -> None:
    build.official("designer", of=build.authority("other-town"), role="designer")
    browser = designer()

    begin(browser, authority="other-town")

    assert Service.objects.get().authority.key == "other-town"


def test_nobody_begins_a_service_of_an_authority_that_is_not_theirs() -> None:
    build.authority("other-town")

    begin(designer(), authority="other-town")

    assert Service.objects.get().authority.key == "example-town"


def test_handlers_begin_no_service() -> None:
    browser = build.signed_in(build.official("handler"))

    assert [browser.get(NEW).status_code, begin(browser).status_code] == [403, 403]


@pytest.mark.parametrize("name", sorted(library.entries()))
def test_from_the_library_a_service_says_what_is_ready(name: str) -> None:
    browser, ready = designer(), library.entry(name)
    page = browser.get(f"{NEW}library/{name}/")
    names = {f"name__{language}": text for language, text in ready.definition.name.as_json().items()}

    browser.post(f"{NEW}library/{name}/", names)

    assert page.status_code == 200
    own = {"key": the_document()["key"], "authority": "example-town"}
    expected = {**ready.document(), **own}
    expected.pop("municipalities", None)
    assert the_document() == expected
    assert working.judged(WorkingCopy.objects.get())[1] == []


def test_the_library_tells_of_each_service() -> None:
    shown = designer().get(f"{NEW}library/").content.decode()

    assert all(entry.definition.name.said("sv") in shown for entry in library.entries().values())


def test_what_is_not_in_the_library_is_not_found() -> None:
    assert designer().get(f"{NEW}library/nothing/").status_code == 404


def test_a_copy_says_what_the_service_says_now_under_its_own_name() -> None:
    service = build.version(build.page("first", build.field("text", "title"))).service

    designer().post(
        f"/admin/services/service/{service.pk}/copy/", {"name__sv": "Ny", "name__fi": "Uusi", "name__en": "New"}
    )

    copy = WorkingCopy.objects.get()
    assert (copy.service.key, str(copy.service)) == ("ny", "Ny")
    assert the_document()["pages"] == [build.page("first", build.field("text", "title"))]


def test_nobody_copies_a_service_they_may_not_see() -> None:
    service = build.version().service

    assert designer("other-town", "stranger").get(f"/admin/services/service/{service.pk}/copy/").status_code == 404


@pytest.mark.parametrize(
    "text",
    [json.dumps(build.document(key="from-file")), "key: from-file\nauthority: example-town\npages: []\nschema: 2\n"],
)
def test_a_file_becomes_a_service_even_when_it_is_unfinished(text: str) -> None:
    designer().post(f"{NEW}file/", {"file": SimpleUploadedFile("service.json", text.encode())})

    assert Service.objects.get().key == "from-file"
    assert the_document()["schema"] == 2


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[1, 2]", b'{"key": "a"}', b"{", b'{"key": 1, "key": 2}'])
def test_a_file_that_cannot_be_used_is_refused_in_words(content: bytes) -> None:
    answer = designer().post(f"{NEW}file/", {"file": SimpleUploadedFile("service.json", content)})

    assert answer.status_code == 200
    assert answer.context["form"].errors["file"]
    assert not Service.objects.exists()


def test_a_key_that_is_taken_gets_the_authority_after_it() -> None:
    build.version(key="noise-notification")

    assert free_service_key("noise-notification", build.authority()) == "noise-notification-example-town"


def test_a_service_is_told_in_the_list_by_the_name_it_has_so_far() -> None:
    browser = designer()
    begin(browser)

    assert "Gatumusik" in browser.get("/admin/services/service/").content.decode()


def test_who_only_reads_a_service_copies_its_version_and_not_its_working_copy() -> None:
    service = build.version().service
    copy = working.begin(service, by=None)
    working.make(copy, editing.set_elements({"price": {"sv": "Hemligt"}}), by=None, seen=1)
    elsewhere = build.official("elsewhere", of=build.authority("other-town"), role="designer")
    Membership.objects.create(user=elsewhere, authority=service.authority, role="reader")

    build.signed_in(elsewhere).post(f"/admin/services/service/{service.pk}/copy/", {"name__sv": "Vår"})

    made = WorkingCopy.objects.get(service__authority__key="other-town")
    assert working.document_of(made)["price"]["sv"] == "Price of example sv"


def test_a_service_whose_languages_cannot_be_read_yet_is_copied() -> None:
    copy = working.begin_new(build.authority(), build.document(languages=7), by=None)

    assert designer().get(f"/admin/services/service/{copy.service_id}/copy/").status_code == 200


def test_what_is_to_be_corrected_stands_before_the_library() -> None:
    browser = designer()

    as_opened = browser.get(NEW).content.decode()
    in_error = begin(browser, name__sv="", name__fi="").content.decode()

    assert as_opened.index('id="library"') < as_opened.index('id="nothing"')
    assert in_error.index('id="nothing"') < in_error.index('id="library"')
