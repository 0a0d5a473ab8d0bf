"""The page of what stands in the way of publishing: in words, each with the way to where it is mended."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from apps.services import editing, working
from apps.services.models import WorkingCopy
from tests import build
from tests.build import field, page, said
from tests.markup import Element, flaws, read

pytestmark = pytest.mark.django_db

CODE = field("personal_identity_code", "code")


def designer(of: str = "example-town", role: str = "designer") -> Client:
    """A member of an authority, reading English."""
    user = build.official(f"{role}-{of}", of=build.authority(of), role=role)
    return build.signed_in(user, headers={"accept-language": "en"})


def copy_of(*pages: dict[str, Any], **more: Any) -> WorkingCopy:
    """The working copy of a service that says this."""
    copy = working.begin(build.version().service, by=None)
    document = build.document(*pages, **more)
    working.make(copy, editing.replace(document), by=None, seen=copy.at)
    return copy


def address(copy: WorkingCopy) -> str:
    """The page."""
    return f"/admin/services/service/{copy.service_id}/build/check/"


def shown(copy: WorkingCopy) -> Element:
    """The page's own part."""
    return read(designer().get(address(copy)).content.decode())


def ways(root: Element) -> dict[str, str]:
    """Where the links of the findings lead, by what they say."""
    return {link.text: link.attrs["href"] for place in root.find(css="check-list__where") for link in place.find("a")}


def test_what_must_be_mended_is_shown_with_the_way_there() -> None:
    copy = copy_of(
        page("first", field("text", "a", max_length=0), field("heading", "b", label={"sv": "x"})), price={"sv": "x"}
    )
    at = f"/admin/services/service/{copy.service_id}/build/"

    root = shown(copy)

    assert "5 things must be mended before the service can be published." in root.text
    led = ways(root)
    assert led["Price (Finnish)"] == f"{at}about/about/#id_price__fi"
    assert any(there.startswith(at) and there.endswith(("/a/", "/questions/")) for there in led.values())
    assert "Could be better" in root.text


def test_a_missing_text_of_a_question_leads_to_those_that_are_missing_in_its_language() -> None:
    copy = copy_of(page("first", field("text", "a", label={"sv": "Namn"})), languages=["sv", "fi"])

    led = ways(shown(copy))

    assert f"/admin/services/service/{copy.service_id}/build/texts/?language=fi&show=missing" in led.values()


def test_every_way_leads_to_a_page() -> None:
    rows = field("repeating", "rows", fields=[field("text", "inner", hint={"sv": "x"})])
    alike = [{"value": value, "label": said("Same")} for value in ("a", "b")]
    many = [field("text", f"f{n}") for n in range(13)]
    copy = copy_of(
        page("first", rows, field("choice", "c", options=alike), CODE),
        page("long", *many, title={"sv": "Lång"}),
        languages=["sv", "fi"],
        privacy={"sv": "x"},
        handling_limit={"length": 5, "unit": "days", "ground": {"sv": "x"}},
        own_service={"sv": "http://localhost/"},
        mandate="permits",
        acting_for=["self"],
        deadline={"sv": "x"},
    )

    led = ways(shown(copy))

    assert len(led) >= 10
    browser = designer()
    assert {name: browser.get(there).status_code for name, there in led.items()} == dict.fromkeys(led, 200)


def test_the_page_has_no_flaws_itself() -> None:
    assert flaws(shown(copy_of(page("first", field("email", "a")), name={"sv": "x"}))) == []


def test_when_all_is_well_it_says_so() -> None:
    copy = copy_of(privacy=said("Why"), keep_days=30)
    authority = copy.service.authority
    authority.email = "role@example.com"
    authority.save()

    root = shown(copy)

    assert "All is well" in root.text
    assert not root.find(css="check-list")
    assert "On to publishing" in root.text


def test_warnings_alone_keep_nobody_from_publishing() -> None:
    root = shown(copy_of())

    assert "Nothing stands in the way of publishing." in root.text
    assert not [heading for heading in root.find("h2") if heading.text == "Must be mended"]


def test_a_broken_document_is_told_to_be_checked_again() -> None:
    root = shown(copy_of(page("first", field("poem", "a"))))

    assert "The pages themselves are checked when this is mended." in root.text


@pytest.mark.parametrize("role", ["reader", "handler", "manager"])
def test_members_who_are_no_designers_do_not_see_it(role: str) -> None:
    assert designer(role=role).get(address(copy_of())).status_code == 403


def test_designers_of_another_authority_find_no_such_page() -> None:
    assert designer("other").get(address(copy_of())).status_code == 404
