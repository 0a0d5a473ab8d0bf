"""The kind answered with files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from crispy_forms.layout import LayoutObject
from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.services.fieldtypes.base import Field, in_three, setting
from apps.services.filetypes import TYPES, plain_name
from apps.services.inspecting import Unfit, inspect
from apps.services.layout import LONGEST_ABOUT, Files, size_words
from apps.services.reading import Json, Reader, flag, list_of, reads, whole
from apps.services.texts import has_control_characters


@reads(list_of({"enum": list(TYPES)}, least=1, most=len(TYPES)))
def read_types(reader: Reader, path: str, value: Json) -> tuple[str, ...]:
    """Names of file types."""
    return tuple(
        reader.one_of(where, item, tuple(TYPES)) for where, item in reader.items(path, value, least=1, most=len(TYPES))
    )


@dataclass(frozen=True, kw_only=True)
class File(Field):
    """One or several files. The stored answer is what is known of each: id, name, size in bytes, media type, sha-256."""

    kind: ClassVar[str] = "file"
    kind_label: ClassVar[Any] = gettext_lazy("Files")
    group: ClassVar[str] = "files"
    asks_for: ClassVar[Any] = gettext_lazy("Attachments. You say how many, how large and of which kinds.")
    example: ClassVar[Mapping[str, Json]] = {
        "label": in_three("Karta över området", "Alueen kartta", "Map of the area")
    }
    carries_file: ClassVar[bool] = True
    repeats: ClassVar[bool] = False
    max_files: int = setting(whole(1, 50), 1)
    max_megabytes: int = setting(whole(1, 50), 10)
    types: tuple[str, ...] = setting(read_types, ("pdf", "png", "jpeg", "docx", "odt"))
    describe: bool = setting(flag, False)

    def ask(self, language: str) -> forms.Field:
        """Any number of files; which of them are taken is said by `sort`."""
        return FilesField()

    def lay_out(self) -> LayoutObject:
        """What is kept already, and a place to choose more."""
        endings = ",".join(ending for name in self.types for ending in TYPES[name].endings)
        return Files(self.key, multiple=self.max_files > 1, accept=endings, describe=self.describe)

    def limits(self) -> str:
        """The limits in words, said before anybody picks a file."""
        kinds = ", ".join(name.upper() for name in self.types)
        if self.max_files == 1:
            return _("One file, at most %(size)d MB. Kinds: %(kinds)s.") % {"size": self.max_megabytes, "kinds": kinds}
        words = {"count": self.max_files, "size": self.max_megabytes, "kinds": kinds}
        return _("At most %(count)d files of at most %(size)d MB each. Kinds: %(kinds)s.") % words

    def about(self, name: str, data: Any, kept: Json) -> dict[str, str]:
        """What the customer has written about each kept file, by its id, where the service asks for that."""
        if not self.describe:
            return {}
        told = {item["id"]: data.get(f"{name}-about-{item['id']}") for item in kept or []}
        return {key: plain_line(text)[:LONGEST_ABOUT] for key, text in told.items() if text is not None}

    def undescribed(self) -> str:
        """What to say when a file stands without a word about what it is; '' where none is asked for."""
        return _("Write what each file is.") if self.describe else ""

    def sort(self, files: Iterable[UploadedFile], already: int) -> tuple[list[UploadedFile], list[str]]:
        """Which of the files are taken, and why each of the others is not. `already` are kept from before."""
        taken: list[UploadedFile] = []
        refused = []
        for file in files:
            why = self.refusal(file)
            if not why and already + len(taken) >= self.max_files:
                said = ngettext(
                    "there may be at most %(count)d file here. Remove it first.",
                    "there may be at most %(count)d files here. Remove one first.",
                    self.max_files,
                )
                why = said % {"count": self.max_files}
            if why:
                refused.append(f"{plain_name(file.name or '')}: {why}")
            else:
                taken.append(file)
        return taken, refused

    def refusal(self, file: UploadedFile) -> str:
        """Why a file is not taken; '' when it is."""
        if why := too_large(file.size or 0, self.max_megabytes):
            return why
        try:
            inspect(file, self.types)
        except Unfit as unfit:
            return str(unfit)
        return ""

    def objection(self, kept: Json, answers: Mapping[str, Any], today: date) -> str:
        """More files than may be sent: two windows at once can bring that about."""
        if len(kept or []) > self.max_files:
            said = ngettext(
                "There may be at most %(count)d file here. Remove the others.",
                "There may be at most %(count)d files here. Remove some.",
                self.max_files,
            )
            return said % {"count": self.max_files}
        return "" if all(item.get("about") for item in kept or []) else self.undescribed()

    def accept(self, kept: Json) -> Json:
        """The files that are still of a kind and size that is taken, as many as there may be."""
        wanted = {TYPES[name].media_type for name in self.types}
        known = [item for item in kept if isinstance(item, dict)] if isinstance(kept, list) else []
        fitting = [
            item
            for item in known
            if item.get("type") in wanted and 0 < item.get("size", 0) <= self.max_megabytes * 1_000_000
        ]
        return fitting[: self.max_files] or None

    def show(self, kept: Json, language: str) -> str:
        """What it is, name and size of each, one a line."""
        return "\n".join(
            f"{item['about'] + ': ' if item.get('about') else ''}{item['name']} ({size_words(item['size'])})"
            for item in kept or []
        )

    def envelope(self, kept: Json) -> Json:
        """The ids of the attachments, which go beside the data."""
        return [item["id"] for item in kept or []]

    def sample(self, today: date) -> Json:
        """One file that is known of."""
        return [
            {
                "id": "00000000-0000-4000-8000-000000000000",
                "name": "exempel.pdf",
                "size": 12_345,
                "type": "application/pdf",
                "sha256": "0" * 64,
            }
        ]

    def missing(self) -> str:
        """What to say when there is none."""
        return _("Add a file.")


def too_large(size: int, megabytes: int) -> str:
    """Why a file of that size is not taken; '' when it is."""
    if not size:
        return _("the file is empty. Choose another one.")
    if size > megabytes * 1_000_000:
        words = {"size": size_words(size), "most": megabytes}
        return _("the file is %(size)s, and at most %(most)d MB can be sent. Make it smaller or divide it.") % words
    return ""


def plain_line(text: str) -> str:
    """One line without the characters that no keyboard has."""
    line = " ".join(text.split())
    return "" if has_control_characters(line) else line


class FilesField(forms.FileField):
    """Every file chosen, unexamined."""

    class Input(forms.FileInput):
        """A file input that takes several."""

        allow_multiple_selected = True

        def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
            """All the files of that name."""
            return files.getlist(name) if hasattr(files, "getlist") else [f for f in [files.get(name)] if f]

    widget = Input

    def __init__(self) -> None:
        super().__init__(required=False)

    def clean(self, data: Any, initial: Any = None) -> Any:
        """As they came."""
        return list(data or [])
