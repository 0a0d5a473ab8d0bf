"""Filling in a service as a customer does: page by page through the form, then sending it, then reading what was sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.datastructures import MultiValueDict
from django.utils.translation import override

from apps.applications import drafting
from apps.applications.journey import Journey
from apps.applications.models import Application
from apps.cases import intake
from apps.cases.models import Case
from apps.services.definition import Page, load, parse
from apps.services.exchange import import_service
from apps.services.fieldtypes import Field
from apps.services.models import Version
from apps.services.pageform import PageForm
from apps.services.publishing import obstacles, publish
from tests import build
from tests.foreign.conversion import Converted

PDF = build.PDF
Answers = Mapping[str, Any]


def published(converted: Converted) -> Version:
    """The converted service, stored, checked and open to customers."""
    text = json.dumps(converted.document, ensure_ascii=False, indent=2) + "\n"
    assert obstacles(parse(load(text))) == []
    build.authority(converted.document["authority"])
    version, _new = import_service(text, at=build.NOW)
    publish(version, by=None, at=build.NOW)
    return version


def begun(version: Version, language: str = "en") -> Application:
    """An empty draft."""
    return build.application(version, answers={}, language=language)


def fill_page(application: Application, page: Page, answers: Answers) -> PageForm:
    """Post a page: the given answers, an example where none is given, nothing where None is given. Stores what is right."""
    with override(application.language):
        wanted = _answers(application, page, answers)
        data, files = _posted(page, wanted)
        form = PageForm(
            application.definition, page, answers=application.answers, today=build.TODAY, data=data, files=files
        )
        form.is_valid()
        assert form.render()
    drafting.save_page(application, form, at=build.NOW)
    return form


def fill(application: Application, answers: Answers) -> list[str]:
    """Every page that comes up, in its turn; the keys of those pages. Every page must be right."""
    seen: list[str] = []
    while (page := _next(application, seen)) is not None:
        form = fill_page(application, page, answers)
        assert form.is_valid(), (page.key, form.summary)
        seen.append(page.key)
    return seen


def sent(version: Version, answers: Answers, language: str = "en") -> Case:
    """A case that comes of filling in and sending the service."""
    application = begun(version, language)
    fill(application, answers)
    return intake.send(application, at=build.NOW)


def shown(case: Case, language: str) -> dict[str, str]:
    """What the case says, by the keys of the fields."""
    with override(language):
        return {line.field.key: line.text for part in case.application.sheet(language) for line in part.lines}


def _next(application: Application, seen: list[str]) -> Page | None:
    stops = Journey(application.definition, application.answers, build.TODAY).stops
    return next((stop.page for stop in stops if stop.page.key not in seen), None)


def _answers(application: Application, page: Page, given: Answers) -> dict[str, Any]:
    """The answers to the questions of a page that come up, given the others."""
    counting = application.definition.counting_before(page, application.answers, build.TODAY)
    found = {}
    for field in page.fields:
        if field.show_when.holds(counting, build.TODAY):
            kept = given.get(field.key, field.sample(build.TODAY)) if field.asks else None
            if field.asks:
                found[field.key] = kept
            if field.answered(counted := field.counted(kept, counting, build.TODAY)):
                counting[field.key] = counted
    return found


def _posted(page: Page, answers: Answers) -> tuple[MultiValueDict[str, Any], MultiValueDict[str, Any]]:
    data: MultiValueDict[str, Any] = MultiValueDict()
    files: MultiValueDict[str, Any] = MultiValueDict()
    for field in page.fields:
        kept = answers.get(field.key)
        if kept and field.carries_file:
            files.setlist(field.key, [SimpleUploadedFile(item["name"], PDF) for item in kept])
        elif kept is not None:
            _put(data, field, field.key, kept)
    return data, files


def _put(data: MultiValueDict[str, Any], field: Field, name: str, kept: Any) -> None:
    """An answer under the names the browser would post it with."""
    parts = {part.key: part for part in field.parts()}
    if parts and isinstance(kept, list):
        data[f"{name}-count"] = str(len(kept))
        for n, row in enumerate(kept):
            for key, value in row.items():
                _put(data, parts[key], f"{name}-{n}-{key}", value)
    elif parts:
        for key, value in kept.items():
            _put(data, parts[key], f"{name}-{key}", value)
    else:
        shown = field.recall(kept)
        data.setlist(name, shown if isinstance(shown, list) else [str(shown)])
