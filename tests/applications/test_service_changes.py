"""`manage.py service_changes` and the desk's page of the same: what a version changes, in words."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from tests import build

pytestmark = pytest.mark.django_db


def two_versions() -> None:
    """A published version with a draft, and a newer one in which a question became optional and another came."""
    build.application(build.version(build.page("first", build.field("text", "title"))))
    again = build.page("first", build.field("text", "title", required=False), build.field("email", "mail"))
    build.version(again, published=False)


def printed(*args: str) -> str:
    """What the command says."""
    out = StringIO()
    call_command("service_changes", *args, stdout=out)
    return out.getvalue()


def test_command_says_what_differs_and_how_many_drafts_that_concerns() -> None:
    two_versions()

    said = printed("example", "--language", "en")

    assert "example: version 1 → 2, 2 changes" in said
    assert "Title" in said
    assert "Mail" in said
    assert "1 draft is affected." in said


def test_command_compares_any_two() -> None:
    two_versions()

    assert "version 2 → 1" in printed("example", "--old", "2", "--new", "1")


@pytest.mark.parametrize("args", [["nothing"], ["example", "--old", "9"]])
def test_command_refuses_what_is_not_there(args: list[str]) -> None:
    two_versions()

    with pytest.raises(CommandError, match="There is no"):
        printed(*args)


def test_desk_shows_the_changes_to_members_and_to_nobody_else() -> None:
    two_versions()
    service = build.version(build.page("first", build.field("text", "title"))).service
    address = reverse("admin:services_service_changes", args=[service.pk, 2])

    page = build.signed_in(build.official(role="designer")).get(address)
    other = build.signed_in(build.official("other", of=build.authority("other-town"))).get(address)

    assert "Mail sv" in page.content.decode()
    assert other.status_code == 404
