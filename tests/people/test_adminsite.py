"""Nobody gets anything of another authority at the desk: every address of every room is walked as every sort of person."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, URLResolver

from apps.applications import attachments
from apps.applications.models import Application, Attachment, Look, ShownDraft
from apps.cases import intake
from apps.cases.models import Case, Event
from apps.cases.rulebook import STEPS
from apps.people import systems
from apps.people.models import Authority, Customer, Membership, System, SystemKey, User
from apps.services import models as services
from apps.services.models import Publication, Rehearsal, Revision, Service, Version, WorkingCopy
from apps.sync.models import Delivery
from apps.sync.relay import collect
from tests import build

pytestmark = pytest.mark.django_db

SECRETS = ("FE-2027-", "Sought Customer", "What was answered", "What is shown", "hidden-plan.pdf", "%PDF-1.7")
SIGNING_OUT = ("logout", "login", "password_change")


@pytest.fixture
def case() -> Case:
    """A case with a file, and a service, of an authority; the delivery that waits; a draft that its customer shows, and one not."""
    version = build.version(build.page("first", build.field("text", "title"), build.field("file", "plan")))
    draft = build.application(version, by=build.customer("Sought"), answers={"title": "What was answered"})
    attachment = attachments.receive(draft, "plan", SimpleUploadedFile("hidden-plan.pdf", build.pdf(saying="hidden")))
    attachment.save()
    draft.answers["plan"] = [attachment.known()]
    draft.save()
    arrived = intake.send(draft, at=build.NOW)
    for answer, shown_at in (("What is shown", build.NOW), ("What nobody may see", None)):
        beside = build.application(version, by=draft.customer, answers={"title": answer})
        Application.objects.filter(pk=beside.pk).update(shown_at=shown_at)
    systems.make_key(System.objects.create(authority=arrived.service.authority, name="Hidden", is_test=True), by=None)
    collect()
    return arrived


def named_patterns(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every address of the desk, with the path that leads to it."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from named_patterns(pattern.url_patterns, prefix + str(pattern.pattern))
        else:
            yield prefix + str(pattern.pattern), pattern


def filled_in(route: str, case: Case) -> list[str]:
    """A route with the things of the case in its places."""
    holder = next(
        (m for m in admin.site._registry if route.startswith(f"{m._meta.app_label}/{m._meta.model_name}/")), None
    )
    row = (
        case
        if holder is Case
        else case.service
        if holder is Service
        else ShownDraft.objects.get(shown_at__isnull=False)
        if holder is ShownDraft
        else holder._default_manager.first()
        if holder
        else None
    )
    places: dict[str, list[str]] = {
        "<path:object_id>": [str(row.pk if row else 1)],
        "<id>": [str(row.pk if row else 1)],
        "<int:pk>": [str(row.pk if row else 1)],
        "<int:service>": [str(case.service_id)],
        "<int:number>": ["1"],
        "<path:content_type_id>": [str(ContentType.objects.get_for_model(Case).pk)],
        "<slug:name>": list(STEPS),
        "<uuid:attachment>": [str(Attachment.objects.get().pk), str(uuid.uuid4())],
        "<uuid:file>": [str(Attachment.objects.get().pk), str(uuid.uuid4())],
        "<uuid:pk>": [str(pk) for pk in Application.objects.values_list("pk", flat=True)],
        "<int:page>": ["1"],
        "<slug:key>": ["first"],
        "<slug:table>": ["arrivals", "handlers"],
        "<slug:kind>": ["csv", "xlsx"],
        "<slug:part>": ["about", "told"],
        "<slug:page>": ["first"],
        "<str:path>": ["title"],
        "<slug:of>": ["field"],
        "<str:where>": ["title"],
        "<slug:what>": ["show_when"],
        "<slug:sort>": ["csv", "xlsx"],
        "<slug:authority>": [case.service.authority.key],
    }
    routes = [route]
    for place, values in places.items():
        routes = [found.replace(place, value) for found in routes for value in (values if place in found else [""])]
    return routes


def addresses(case: Case) -> list[str]:
    """Every address of the desk that has to do with the case, its service and its authority."""
    found = []
    for route, _pattern in named_patterns(admin.site.get_urls()):
        if route.startswith("^"):  # the pages of an app, written as one expression
            found += [f"/admin/{config.label}/" for config in apps.get_app_configs()]
        elif not route.startswith(SIGNING_OUT):
            found += [f"/admin/{filled}" for filled in filled_in(route.replace("(?P<url>.*)$", "nowhere"), case)]
    refers = {"app_label": "cases", "model_name": "case", "field_name": "application"}
    found.append("/admin/autocomplete/?" + "&".join(f"{key}={value}" for key, value in refers.items()) + "&term=F")
    return found


def body(answer: Any) -> str:
    """What came, whole."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content.decode("utf-8", "replace")


def everything() -> list[Any]:
    """All that an address could have changed."""
    papers = (Application, Attachment)
    built = (WorkingCopy, Revision, Publication, Rehearsal, services.Tester)
    people = (Authority, User, Membership, Customer, System, SystemKey)
    tables = (Case, Event, Service, Version, *built, *people, *papers, Delivery, LogEntry)
    return [list(table._default_manager.order_by("pk").values()) for table in tables]


def strangers() -> dict[str, Client]:
    """Those who are to get nothing of a case, each with a browser."""
    other = build.authority("other")
    roles = {role: build.official(f"other-{role}", of=other, role=role) for role in Membership.Role.values}
    several = build.official("other-several", of=other, role="handler")
    for role in Membership.Role.values:
        build.official("other-several", of=other, role=role)
    left = build.official("left")
    User.objects.filter(pk=left.pk).update(is_active=False)
    not_staff = build.official("not-staff")
    User.objects.filter(pk=not_staff.pk).update(is_staff=False)
    people: dict[str, User | Customer] = {
        **roles,
        "several": several,
        "designer here": build.official("designs", role="designer"),
        "superuser": build.superuser(),
        "no membership": User.objects.create(username="nobody", is_staff=True),
        "not staff": not_staff,
        "inactive": left,
        "the customer": Customer.objects.get(),
        "another customer": build.customer("Other"),
    }
    return {"anonymous": Client(), **{name: build.signed_in(who) for name, who in people.items()}}


@pytest.mark.thorough
def test_every_address_is_known_to_this_test(case: Case) -> None:
    unfilled = [found for found in addresses(case) if "<" in found]

    assert unfilled == []
    assert any("/step/close/" in found for found in addresses(case))
    assert any("/files/" in found for found in addresses(case))
    assert any("/showndraft/" in found and found.endswith("/change/") for found in addresses(case))
    assert f"/admin/sync/delivery/{Delivery.objects.get().pk}/change/" in addresses(case)


@pytest.mark.thorough
def test_a_handler_finds_what_the_others_must_not(case: Case) -> None:
    browser = build.signed_in(build.official())

    seen = "".join(body(browser.get(found)) for found in addresses(case))

    assert all(secret in seen for secret in SECRETS)


@pytest.mark.thorough
def test_not_even_a_handler_finds_a_draft_that_is_not_shown(case: Case) -> None:
    browser = build.signed_in(build.official())
    kept = Application.objects.drafts().get(shown_at=None)
    addresses_of_it = [
        found.replace(str(ShownDraft.objects.get(shown_at__isnull=False).pk), str(kept.pk)) for found in addresses(case)
    ]

    seen = "".join(body(browser.get(found)) for found in [*addresses(case), *addresses_of_it])

    assert "What nobody may see" not in seen
    assert not Look.objects.filter(application=kept).exists()


@pytest.mark.thorough
def test_nobody_else_gets_anything_of_a_case(case: Case) -> None:
    for name, browser in strangers().items():
        for found in addresses(case):
            answer = browser.get(found)
            assert answer.status_code in (200, 302, 301, 403, 404, 405, 400), (name, found)
            told = [secret for secret in SECRETS if secret in body(answer)]
            if (
                name == "superuser" and "/sync/" in found
            ):  # looks after deliveries, and knows them by the case's number alone
                told = [secret for secret in told if secret != "FE-2027-"]
            assert told == [], (name, found)
            if found.startswith(f"/admin/cases/case/{case.pk}/"):
                assert answer.status_code in (302, 403, 404, 405), (name, found)


@pytest.mark.thorough
def test_nobody_without_a_role_changes_anything(case: Case) -> None:
    # "several" holds every role of another authority, so those who hold one of them could do no more.
    known = {*Membership.Role.values, "designer here", "superuser"}
    people = {name: who for name, who in strangers().items() if name not in known}
    readers = {"reader": build.signed_in(build.official("reads", role="reader"))}
    before = everything()

    for name, browser in (people | readers).items():
        for found in addresses(case):
            answer = browser.post(found, {"post": "yes", "text": "x", "to": "x", "outcome": "noted"})
            assert answer.status_code < 500, (name, found)
        assert without_sign_in(everything()) == without_sign_in(before), name


@pytest.mark.thorough
def test_neither_superuser_nor_designer_moves_a_case(case: Case) -> None:
    people = strangers()
    for browser in (people["designer here"], people["superuser"]):
        for found in addresses(case):
            if found.startswith("/admin/cases/"):
                browser.post(found, {"post": "yes", "text": "x", "to": "x", "outcome": "noted"})

    assert list(case.events.values_list("kind", flat=True)) == ["received"]


def without_sign_in(tables: list[Any]) -> list[Any]:
    """The same, but for when somebody last signed in."""
    return [[{k: v for k, v in row.items() if k != "last_login"} for row in table] for table in tables]


@pytest.mark.thorough
@pytest.mark.parametrize("act", ["import", "publish/1", "close", "open", "export/1", "change", "history"])
def test_strangers_find_no_service_either(case: Case, act: str) -> None:
    found = f"/admin/services/service/{case.service_id}/{act}/"

    for name, browser in strangers().items():
        if name in ("designer here", "superuser"):
            continue
        for answer in (browser.get(found), browser.post(found)):
            assert answer.status_code in (302, 403, 404, 405), name
            assert "Name of example" not in body(answer), name


def test_a_reader_sees_the_case_and_a_designer_the_service(case: Case) -> None:
    reader = build.signed_in(build.official("reads", role="reader"))
    designer = build.signed_in(build.official("designs", role="designer"))

    assert reader.get(f"/admin/cases/case/{case.pk}/change/").status_code == 200
    assert designer.get(f"/admin/cases/case/{case.pk}/change/").status_code == 404
    assert designer.get("/admin/cases/case/").status_code == 403
    assert designer.get(f"/admin/services/service/{case.service_id}/import/").status_code == 200
