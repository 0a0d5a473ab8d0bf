"""Django's own pages of the desk speak as the rest of it does: counts, dates, and where the way to a page begins."""

from __future__ import annotations

import pytest
from django.utils import formats, translation

from tests import build


def page(path: str, language: str) -> str:
    """A page of the desk, as whoever looks after the installation sees it."""
    browser = build.signed_in(build.superuser())
    return browser.get(path, HTTP_ACCEPT_LANGUAGE=language).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "one", "several"),
    [
        ("sv", "1 myndighet\n", "2 myndigheter\n"),
        ("fi", "1 viranomainen\n", "2 viranomaista\n"),
        ("en", "1 authority\n", "2 authorities\n"),
    ],
)
def test_list_counts_in_the_form_the_number_asks_for(language: str, one: str, several: str) -> None:
    build.authority()
    assert one in page("/admin/people/authority/", language)

    build.authority("other-town")
    assert several in page("/admin/people/authority/", language)


@pytest.mark.thorough
@pytest.mark.django_db
@pytest.mark.parametrize(("language", "desk"), [("sv", "Arbetsbord"), ("fi", "Työpöytä"), ("en", "Desk")])
@pytest.mark.parametrize("path", ["cases/case/", "people/user/add/", "services/service/{service}/history/"])
def test_way_to_every_page_begins_at_the_desk(path: str, language: str, desk: str) -> None:
    service = build.version().service

    assert f'<a href="/admin/">{desk}</a>' in page("/admin/" + path.format(service=service.pk), language)


@pytest.mark.parametrize(
    ("language", "day", "hour", "moment"),
    [
        ("sv", "1.3.2027", "kl. 9.30", "1.3.2027 kl. 9.30"),
        ("fi", "1.3.2027", "klo 9.30", "1.3.2027 klo 9.30"),
        ("en", "1.3.2027", "09:30", "1.3.2027, 09:30"),
    ],
)
def test_dates_are_written_as_in_the_rest_of_the_product(language: str, day: str, hour: str, moment: str) -> None:
    with translation.override(language):
        said = [formats.date_format(build.NOW, f"{short}DATETIME_FORMAT") for short in ("", "SHORT_")]

        assert formats.date_format(build.TODAY) == day
        assert formats.time_format(build.NOW.time()) == hour
        assert said == [moment, moment]
