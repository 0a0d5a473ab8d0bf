"""`import_service` and `export_service` on the command line: all or nothing, and in words."""

from __future__ import annotations

import json
import sys
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from apps.services.management.commands import export_service as export_command
from apps.services.models import Service, Version
from tests.build import authority, document, version

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A definition file, with letters outside ASCII."""
    authority()
    path = tmp_path / "example.json"
    path.write_text(json.dumps(document(name={"sv": "Å", "fi": "Ä", "en": "Ö"}), ensure_ascii=False), "utf-8")
    return path


def said_by(*arguments: str) -> str:
    """What a command writes."""
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_import_says_which_version_it_made(file: Path) -> None:
    assert said_by("import_service", str(file)) == "example: imported as version 1\n"
    assert Service.objects.get().published is None


def test_import_again_says_that_it_is_there(file: Path) -> None:
    said_by("import_service", str(file))

    assert said_by("import_service", str(file)) == "example: is already version 1\n"


def test_import_publishes_when_asked(file: Path) -> None:
    assert said_by("import_service", str(file), "--publish") == "example: imported as version 1, published\n"
    assert Service.objects.get().published == Version.objects.get()


def test_import_publishes_what_was_imported_before(file: Path) -> None:
    said_by("import_service", str(file))

    said_by("import_service", str(file), "--publish")

    assert Service.objects.get().published == Version.objects.get()


def test_import_that_publishes_says_what_the_connection_lacks(file: Path) -> None:
    file.write_text(json.dumps(document(connection="interface")), "utf-8")
    aside = StringIO()

    call_command("import_service", str(file), stdout=StringIO(), stderr=aside)
    assert aside.getvalue() == ""

    call_command("import_service", str(file), "--publish", stdout=StringIO(), stderr=aside)
    assert "connection: The authority’s own system is to handle the cases. No system is connected" in aside.getvalue()


def test_import_that_cannot_be_published_leaves_nothing(file: Path) -> None:
    file.write_text(json.dumps(document(name={"sv": "x"})), "utf-8")

    with pytest.raises(CommandError, match=r"name\.fi"):
        said_by("import_service", str(file), "--publish")

    assert not Version.objects.exists()


def test_import_says_everything_that_is_wrong_with_its_path(file: Path) -> None:
    file.write_text(json.dumps(document(colour="red", schema=9)), "utf-8")

    with pytest.raises(CommandError) as caught:
        said_by("import_service", str(file))

    lines = str(caught.value).splitlines()
    assert [line.strip().split(":")[0] for line in lines[1:]] == ["colour", "schema"]


@pytest.mark.parametrize(
    ("content", "words"), [(b"\xff\xfe", "UTF-8"), (b"{", "JSON"), (b"", "JSON"), (b'{"a": "\\ud800"}', "imported")]
)
def test_import_of_what_is_no_definition_is_refused_in_words(file: Path, content: bytes, words: str) -> None:
    file.write_bytes(content)

    with pytest.raises(CommandError, match=words):
        said_by("import_service", str(file))


def test_import_of_a_file_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.json", tmp_path):
        with pytest.raises(CommandError, match="cannot be read"):
            said_by("import_service", str(path))


def test_export_writes_what_was_imported(file: Path) -> None:
    said_by("import_service", str(file))

    assert said_by("export_service", "example") == file.read_text("utf-8")


def test_export_writes_bytes_whatever_the_console_speaks(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said_by("import_service", str(file))
    console = TextIOWrapper(BytesIO(), encoding="ascii", newline="\r\n")
    monkeypatch.setattr(sys, "stdout", console)

    export_command.Command(stdout=console).handle(key="example", number=None)

    console.flush()
    assert console.buffer.getvalue() == file.read_bytes()


def test_export_of_one_version(file: Path) -> None:
    said_by("import_service", str(file))
    version()

    assert said_by("export_service", "example", "--number", "1") == file.read_text("utf-8")
    assert said_by("export_service", "example") != file.read_text("utf-8")


@pytest.mark.parametrize("arguments", [["nothing"], ["example", "--number", "7"]])
def test_export_of_what_is_not_there_is_refused_in_words(file: Path, arguments: list[str]) -> None:
    said_by("import_service", str(file))

    with pytest.raises(CommandError, match="no such version"):
        said_by("export_service", *arguments)


def test_all_services_of_an_authority_out_and_in(tmp_path: Path) -> None:
    version(key="one")
    version(key="two", published=False)
    out, archive = BytesIO(), tmp_path / "services.zip"
    console = TextIOWrapper(out, write_through=True)

    call_command("export_services", "example-town", stdout=console)
    archive.write_bytes(out.getvalue())

    assert said_by("import_services", "example-town", str(archive)) == (
        "one.json: is already version 1\ntwo.json: is already version 1\n"
    )


@pytest.mark.parametrize("content", [b"no archive", b""])
def test_what_is_no_archive_is_not_imported(tmp_path: Path, content: bytes) -> None:
    authority()
    file = tmp_path / "services.zip"
    file.write_bytes(content)

    with pytest.raises(CommandError):
        said_by("import_services", "example-town", str(file))


@pytest.mark.parametrize("command", [("export_services", "nobody"), ("import_services", "nobody", "file.zip")])
def test_an_authority_that_there_is_not_is_said(command: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="nobody"):
        said_by(*command)
