"""An authority's logo and colour, where it acts."""

from __future__ import annotations

import io

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from apps.people.looks import LEAST_CONTRAST, PAGES, check_colour, clean_logo, contrast, nearest
from apps.people.models import Authority
from tests import build

COLOURS = st.from_regex(r"#[0-9a-f]{6}", fullmatch=True)


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 20)) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, "#1a5276").save(written, kind)
    return written.getvalue()


def form(of: Authority, **more: object) -> dict[str, object]:
    names = {f"name_{language}": of.named(language) for language in ("sv", "fi", "en")}
    return {"kind": of.kind, **names, "municipality_codes": "", "email": "", "colour": "", **more}


@pytest.mark.django_db
def test_logo_and_colour_are_set_at_the_desk_and_shown_to_everybody() -> None:
    of = build.authority("example")
    logo = SimpleUploadedFile("our logo.jpg", picture("JPEG"), "image/jpeg")

    answer = build.signed_in(build.superuser()).post(
        f"/admin/people/authority/{of.pk}/change/", form(of, logo=logo, colour="#1f7a8c")
    )

    assert answer.status_code == 302, answer.context["errors"]
    shown, style = Client().get("/sv/authorities/example/logo.png"), Client().get("/sv/authorities/example/look.css")
    assert Image.open(io.BytesIO(shown.content)).size == (40, 20)
    assert shown["Content-Type"] == "image/png"
    assert "#1f7a8c" in style.text
    of.refresh_from_db()
    assert "our logo" not in str(of.logo.name)


@pytest.mark.django_db
def test_authority_without_them_has_no_addresses() -> None:
    build.authority("plain")

    assert Client().get("/sv/authorities/plain/logo.png").status_code == 404
    assert Client().get("/sv/authorities/plain/look.css").status_code == 404
    assert Client().get("/sv/authorities/nobody/look.css").status_code == 404


@pytest.mark.parametrize(
    "content", [b"", b"no picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>", picture()[:-30], b"GIF89a"]
)
def test_what_is_no_picture_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(ValidationError, match="PNG"):
        clean_logo(SimpleUploadedFile("logo.png", content))


def test_too_large_a_picture_is_refused() -> None:
    with pytest.raises(ValidationError):
        clean_logo(SimpleUploadedFile("logo.png", picture(size=(2_001, 10))))


def test_nothing_but_the_picture_is_kept() -> None:
    hidden = picture() + b"<script>alert(1)</script>"

    assert b"script" not in clean_logo(SimpleUploadedFile("logo.png", hidden)).read()


def refusal_of(colour: str) -> str:
    try:
        check_colour(colour)
    except ValidationError as refusal:
        return str(refusal)
    return ""


@given(COLOURS)
def test_a_colour_is_seen_on_light_and_dark_or_another_is_named(colour: str) -> None:
    refusal = refusal_of(colour)

    assert bool(refusal) == any(contrast(colour, page) < LEAST_CONTRAST for page in PAGES.values())
    assert not refusal or nearest(colour) in refusal
    assert not refusal_of(nearest(colour))


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.django_db
@pytest.mark.parametrize("colour", ["#ffffff", "#000000", "red", "#12345", "#1f7a8c; } body { display: none"])
def test_a_colour_that_will_not_do_is_refused(colour: str) -> None:
    of = build.authority()
    of.colour = colour

    with pytest.raises(ValidationError):
        of.full_clean()
