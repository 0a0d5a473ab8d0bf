"""Pictures of what strangers send: made anew, within limits, and never a broken page whatever the file is."""

from __future__ import annotations

import io
import subprocess
import zlib
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from django.core.files.base import ContentFile
from django.test import Client
from PIL import Image

from apps.applications.models import Attachment
from apps.cases import intake, previews
from apps.cases.models import Case
from apps.people.models import LogLine
from tests import build

pytestmark = pytest.mark.django_db

ENGLISH = {"accept-language": "en"}
PDF, PNG, JPEG = "application/pdf", "image/png", "image/jpeg"


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 20), mode: str = "RGB", **more: Any) -> bytes:
    """A picture."""
    made = io.BytesIO()
    Image.new(mode, size, 1).save(made, kind, **more)
    return made.getvalue()


def document(*sizes: tuple[float, float], password: str = "") -> bytes:
    """A PDF with pages of these sizes."""
    made, pdf = io.BytesIO(), pikepdf.new()
    for size in sizes:
        pdf.add_blank_page()
        pdf.pages[-1].MediaBox = [0, 0, *size]
    pdf.save(made, encryption=pikepdf.Encryption(owner=password, user=password) if password else None)
    return made.getvalue()


def turned() -> bytes:
    """A photo lying on its side, which says so, and where it was taken and by whom."""
    exif = Image.Exif()
    exif[0x0112], exif[0x013B] = 6, "Somebody"
    exif.get_ifd(0x8825)[1] = "N"
    return picture("JPEG", (40, 20), exif=exif, comment=b"Somebody was here")


def huge_png(side: int = 60_000) -> bytes:
    """A small PNG that says it has very many points."""

    def part(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    head = side.to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    body = part(b"IHDR", head) + part(b"IDAT", zlib.compress(b"\0" * 10_000)) + part(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def stored(content: bytes, media_type: str, **more: Any) -> Attachment:
    """A file as it lies there: past every check, as a storage can come to hold it."""
    row = Attachment(name="file", media_type=media_type, size=len(content), **more)
    row.content.save("aa/file", ContentFile(content), save=False)
    return row


def opened(made: previews.Picture) -> Image.Image:
    """The picture as a browser reads it."""
    return Image.open(io.BytesIO(made.content))


# --- what is shown ---------------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_a_page_of_a_pdf_is_drawn_as_asked_for() -> None:
    file = stored(document((595, 842), (842, 595)), PDF)

    first, second = (previews.picture_of(file, number) for number in (1, 2))

    assert (first.pages, first.shown, first.media_type) == (2, 2, PNG)
    assert (opened(first).size, opened(second).size) == ((first.width, first.height), (second.width, second.height))
    assert max(opened(first).size) == previews.LARGE
    assert first.height > first.width
    assert second.width > second.height


@pytest.mark.thorough
def test_a_picture_is_made_smaller_for_a_list() -> None:
    file = stored(picture(size=(3_000, 1_500)), PNG)

    assert opened(previews.picture_of(file)).size == (1_600, 800)
    assert opened(previews.picture_of(file, small=True)).size == (320, 160)


@pytest.mark.thorough
def test_a_photo_stands_upright_and_has_lost_what_was_written_in_it() -> None:
    made = previews.picture_of(stored(turned(), JPEG))

    shown = opened(made)
    assert shown.size == (20, 40)
    assert not shown.getexif()
    assert b"Somebody" not in made.content


@pytest.mark.thorough
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_picture_of_any_sort_of_colours_is_shown(mode: str) -> None:
    assert opened(previews.picture_of(stored(picture(mode=mode), PNG))).mode in ("RGB", "L")


def test_a_picture_for_print_is_shown() -> None:
    assert opened(previews.picture_of(stored(picture("JPEG", mode="CMYK"), JPEG))).size == (40, 20)


@pytest.mark.thorough
def test_what_shows_through_is_white() -> None:
    clear = io.BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(clear, "PNG")

    assert opened(previews.picture_of(stored(clear.getvalue(), PNG))).getpixel((5, 5)) == (255, 255, 255)


# --- what is not -----------------------------------------------------------------------------------------------------


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("content", "media_type", "why"),
    [
        (lambda: document((595, 842), password="secret"), PDF, "locked"),
        (lambda: b"%PDF-1.7\nnothing", PDF, "damaged"),
        (lambda: document((595, 842))[:300], PDF, "damaged"),
        (lambda: b"", PDF, "damaged"),
        (lambda: document((0.0001, 100_000)), PDF, "too_large"),
        (lambda: picture(size=(400, 400))[:120], PNG, "damaged"),
        (lambda: picture("JPEG", (400, 400))[:200], JPEG, "damaged"),
        (lambda: b"GIF89a" + b"\0" * 50, PNG, "damaged"),
        (huge_png, PNG, "too_large"),
        (lambda: document((595, 842)), PNG, "damaged"),
    ],
    ids=["locked", "no pdf", "cut pdf", "empty", "thread", "cut png", "cut jpeg", "gif", "bomb", "liar"],
)
def test_a_file_that_cannot_be_shown_says_why(content: Callable[[], bytes], media_type: str, why: str) -> None:
    with pytest.raises(previews.NoPreview) as refused:
        previews.picture_of(stored(content(), media_type))

    assert str(refused.value) == previews.refusals()[why]


@pytest.mark.thorough
def test_a_page_like_a_wall_is_shown_within_the_bounds() -> None:
    made = previews.picture_of(stored(document((14_400, 14_400)), PDF))

    assert opened(made).size == (previews.LARGE, previews.LARGE)


@pytest.mark.thorough
@pytest.mark.parametrize("page", [0, 3, 21, 10**9])
def test_a_page_that_is_not_there_says_so(page: int) -> None:
    with pytest.raises(previews.NoPreview):
        previews.picture_of(stored(document((595, 842), (595, 842)), PDF), page)


def test_only_the_first_pages_of_a_long_file_are_shown() -> None:
    file = stored(document(*[(595.0, 842.0)] * 22), PDF)

    assert previews.picture_of(file, 20, small=True).shown == 20
    with pytest.raises(previews.NoPreview):
        previews.picture_of(file, 21)


@pytest.mark.parametrize("scan", ["waiting", "found"])
def test_a_file_that_may_not_be_read_is_not_shown(scan: str) -> None:
    with pytest.raises(previews.NoPreview):
        previews.picture_of(stored(picture(), PNG, scan=scan))


def test_a_file_of_another_kind_is_not_shown() -> None:
    assert not previews.can_be_shown("text/html")
    with pytest.raises(previews.NoPreview):
        previews.picture_of(stored(b"<html>", "text/html"))


def test_a_file_whose_content_is_gone_says_so() -> None:
    file = stored(picture(), PNG)
    file.content.storage.delete(str(file.content.name))

    with pytest.raises(previews.NoPreview):
        previews.picture_of(file)


@pytest.mark.thorough
def test_a_file_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_arguments: Any, **_more: Any) -> None:
        raise subprocess.TimeoutExpired("picturing", 1)

    monkeypatch.setattr(subprocess, "run", slow)

    with pytest.raises(previews.NoPreview):
        previews.picture_of(stored(picture(), PNG))


@pytest.mark.thorough
def test_the_program_gets_none_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "not for it")
    previews._surroundings.cache_clear()

    assert set(previews._surroundings()) <= {"PATH", "LD_LIBRARY_PATH", "SYSTEMROOT"}


# --- at the desk -----------------------------------------------------------------------------------------------------


def filed(content: bytes = build.PDF, media_type: str = PDF, **more: Any) -> tuple[Case, Attachment]:
    """A case with a file that is what a storage can hold."""
    draft = build.application(build.version(build.page("first", build.field("file", "plan"))), answers={})
    row = stored(content, media_type, application=draft, field="plan", sha256="0" * 64, **more)
    row.save()
    draft.answers["plan"] = [row.known()]
    draft.save()
    return intake.send(draft, at=build.NOW), row


def desk(who: str = "handler", **more: Any) -> Client:
    """An official's browser."""
    return build.signed_in(build.official(who, **more), headers=ENGLISH)


def address(case: Case, file: Attachment, *more: object) -> str:
    """An address of the file's preview."""
    return "/".join([f"/admin/cases/case/{case.pk}/files/{file.pk}/preview", *map(str, more), ""])


def test_the_picture_is_given_so_that_no_browser_takes_it_for_anything_else() -> None:
    case, file = filed()

    answer = desk().get(address(case, file, 1))

    assert (answer.status_code, answer["Content-Type"]) == (200, PNG)
    assert answer.content.startswith(b"\x89PNG")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"]
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_the_page_shows_one_page_with_the_way_to_the_others() -> None:
    case, file = filed(document((595, 842), (595, 842), (595, 842)))

    page = desk().get(address(case, file), {"page": 2}).content.decode()

    assert f'src="{address(case, file, 2)}"' in page
    assert 'alt="Page 2 of 3 of file, as a picture"' in page
    assert 'href="?page=1"' in page
    assert 'href="?page=3"' in page
    assert f'href="/admin/cases/case/{case.pk}/files/{file.pk}/"' in page
    assert "<title>file" not in page, "names of files can be names of people"


@pytest.mark.thorough
@pytest.mark.parametrize("typed", ["", "0", "-1", "x", "9" * 40, "²", "1\0"])
def test_a_page_number_that_is_none_breaks_nothing(typed: str) -> None:
    case, file = filed()

    assert desk().get(address(case, file), {"page": typed}).status_code == 200


@pytest.mark.thorough
@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n", document((595, 842), password="x")])
def test_a_file_that_cannot_be_shown_is_no_fault_of_ours(content: bytes) -> None:
    case, file = filed(content)
    browser = desk()

    page = browser.get(address(case, file))
    answer = browser.get(address(case, file, 1))

    assert page.status_code == 200
    assert "panel--warning" in page.content.decode()
    assert (answer.status_code, answer["Content-Type"]) == (404, "text/plain; charset=utf-8")


@pytest.mark.parametrize("scan", ["waiting", "found"])
def test_a_file_that_may_not_be_read_has_no_preview_anywhere(scan: str) -> None:
    case, file = filed()
    Attachment.objects.update(scan=scan)
    browser = desk()

    assert browser.get(address(case, file)).status_code == 404
    assert browser.get(address(case, file, 1)).status_code == 404
    assert "/preview/" not in browser.get(f"/admin/cases/case/{case.pk}/change/").content.decode()


def test_the_folder_shows_a_small_picture_that_is_loaded_when_it_comes_into_sight() -> None:
    case, file = filed()

    page = desk().get(f"/admin/cases/case/{case.pk}/change/").content.decode()

    assert f'<img src="{address(case, file, 1)}?small" alt="Look at file" loading="lazy"' in page


@pytest.mark.parametrize("more", [(), (1,)])
def test_a_stranger_and_the_installations_keeper_see_no_picture(more: tuple[int, ...]) -> None:
    case, file = filed()
    stranger = desk("stranger", of=build.authority("other"))

    for browser in (stranger, build.signed_in(build.superuser())):
        assert browser.get(address(case, file, *more)).status_code == 404
    assert Client().get(address(case, file, *more)).status_code == 302


def test_a_picture_of_another_case_is_not_found_through_this_one() -> None:
    _case, file = filed()

    assert desk().get(address(build.case(), file, 1)).status_code == 404


def test_looking_and_saving_are_noted() -> None:
    case, file = filed()
    browser = desk()

    browser.get(address(case, file))
    browser.get(address(case, file, 1))
    b"".join(browser.get(f"/admin/cases/case/{case.pk}/files/{file.pk}/"))

    noted = LogLine.objects.filter(about=case.number).order_by("pk")
    assert [(line.act, line.detail) for line in noted] == [
        ("saw", f"file {file.pk}"),
        ("saw", f"file {file.pk}"),
        ("downloaded", f"file {file.pk}"),
    ]
    assert {line.authority_id for line in noted} == {case.service.authority_id}
