"""The installation's room: authorities and officials, for superusers only."""

from __future__ import annotations

from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from apps.people.models import Authority, Customer, Membership, User
from tests import build
from tests.people.moments import looked_too_early
from tests.portal.test_look import picture

pytestmark = pytest.mark.django_db

ROLE_FORM = {
    "memberships-TOTAL_FORMS": "1",
    "memberships-INITIAL_FORMS": "0",
    "memberships-MIN_NUM_FORMS": "0",
    "memberships-MAX_NUM_FORMS": "1000",
}
THERE_ALREADY = "Personen har redan denna roll där."


def test_neither_groups_nor_customers_are_in_admin() -> None:
    assert not admin.site.is_registered(Group)
    assert not admin.site.is_registered(Customer)


@pytest.mark.parametrize("room", ["authority", "user"])
def test_only_a_superuser_enters(room: str) -> None:
    address = f"/admin/people/{room}/"

    assert build.signed_in(build.superuser()).get(address).status_code == 200
    assert build.signed_in(build.official(role="manager")).get(address).status_code == 403


def test_a_superuser_who_is_no_longer_staff_does_not_enter() -> None:
    former = build.superuser()
    User.objects.filter(pk=former.pk).update(is_staff=False)

    answer = build.signed_in(former).get("/admin/people/user/")

    assert answer.status_code == 302


def test_the_front_page_shows_each_only_their_rooms() -> None:
    def rooms(user: User) -> set[str]:
        apps = build.signed_in(user).get("/admin/").context["app_list"]
        return {model["object_name"] for app in apps for model in app["models"]} - {"Delivery", "Receiver"}

    assert rooms(build.official("reads", role="reader")) == {"Case", "Consultation", "Service", "ShownDraft"}
    assert rooms(build.official("designs", role="designer")) == {"Service"}
    assert rooms(build.superuser()) == {
        "Case",
        "Service",
        "Alarm",
        "Authority",
        "User",
        "Feedback",
        "Notice",
        "LogLine",
        "Reconciliation",
        "System",
    }
    assert "System" in rooms(build.official("manages", role="manager"))
    assert rooms(User.objects.create(username="nobody", is_staff=True)) == set()


def test_an_authority_is_added_with_its_municipalities() -> None:
    names = {f"name_{language}": f"Example {language}" for language in ("sv", "fi", "en")}
    form = {"key": "example-region", "kind": "rescue", "municipality_codes": "091, 049 092", "email": "", **names}

    answer = build.signed_in(build.superuser()).post("/admin/people/authority/add/", form)

    assert answer.status_code == 302
    assert Authority.objects.get(key="example-region").municipality_codes == ["091", "049", "092"]


def test_an_authority_is_not_added_with_a_code_that_does_not_exist() -> None:
    names = {f"name_{language}": f"Example {language}" for language in ("sv", "fi", "en")}
    form = {"key": "example-region", "kind": "rescue", "municipality_codes": "091, [999]", "email": "", **names}

    answer = build.signed_in(build.superuser()).post("/admin/people/authority/add/", form)

    assert "municipality_codes" in answer.context["adminform"].form.errors
    assert 'value="091, [999]"' in answer.content.decode()


def test_the_key_of_an_authority_is_not_changed() -> None:
    authority = build.authority()
    form = {"key": "other", "kind": "state", "name_sv": "A", "name_fi": "B", "name_en": "C", "municipality_codes": ""}

    build.signed_in(build.superuser()).post(f"/admin/people/authority/{authority.pk}/change/", form)

    authority.refresh_from_db()
    assert (authority.key, authority.kind, authority.municipality_codes) == ("example-town", "state", [])


def test_an_official_is_added_and_given_a_role() -> None:
    keeper, authority = build.signed_in(build.superuser()), build.authority()
    password = {"password1": "an-example-of-a-password", "password2": "an-example-of-a-password"}
    keeper.post("/admin/people/user/add/", {"username": "new", "usable_password": "true", **password, **ROLE_FORM})
    made = User.objects.get(username="new")

    role = {"memberships-0-authority": authority.pk, "memberships-0-role": "handler", "memberships-0-user": made.pk}
    answer = keeper.post(
        f"/admin/people/user/{made.pk}/change/",
        {"username": "new", "is_active": "on", "is_staff": "on", **ROLE_FORM, **role},
    )

    assert answer.status_code == 302
    assert list(made.memberships.values_list("authority", "role")) == [(authority.pk, "handler")]
    assert Membership.objects.count() == 1


# --- in the same moment as somebody else -------------------------------------------------------------------------------


@pytest.mark.parametrize("with_logo", [True, False])
def test_of_two_authorities_added_at_once_with_one_key_the_second_is_told_so(
    settings: Settings, with_logo: bool
) -> None:
    build.authority("example-region")
    names = {f"name_{language}": f"Example {language}" for language in ("sv", "fi", "en")}
    written = {"key": "example-region", "kind": "rescue", "municipality_codes": "091", "email": "", **names}
    logo = {"logo": SimpleUploadedFile("logo.png", picture(), "image/png")} if with_logo else {}

    with looked_too_early(Authority):
        answer = build.signed_in(build.superuser()).post("/admin/people/authority/add/", {**written, **logo})

    form = answer.context["adminform"].form
    assert list(form.errors) == ["key"]
    assert form["name_sv"].value() == "Example sv"
    assert not list(Path(settings.STORAGES["default"]["OPTIONS"]["location"]).rglob("*.png"))


def test_of_two_officials_added_at_once_under_one_name_the_second_is_told_so() -> None:
    build.official("new")
    keeper = build.signed_in(build.superuser())
    password = {"password1": "an-example-of-a-password", "password2": "an-example-of-a-password"}
    written = {"username": "new", "usable_password": "true", **password, **ROLE_FORM}

    with looked_too_early(User):
        answer = keeper.post("/admin/people/user/add/", written)

    form = answer.context["adminform"].form
    assert list(form.errors) == ["username"]
    assert form["username"].value() == "new"


def test_a_role_that_is_given_twice_at_once_is_there_once_and_the_second_is_told_so() -> None:
    handler, keeper = build.official(), build.signed_in(build.superuser())

    with looked_too_early(Membership):
        answer = give(keeper, handler, first_name="Written")

    assert THERE_ALREADY in unescape(answer.content.decode())
    assert answer.context["adminform"].form["first_name"].value() == "Written"
    assert not User.objects.filter(first_name="Written").exists()
    assert Membership.objects.count() == 1


# --- roles -------------------------------------------------------------------------------------------------------------


def give(keeper: Client, handler: User, **more: str) -> Any:
    """What a superuser gets who gives an official a first role, on a page that was opened before anybody else gave it."""
    authority = build.authority()
    role = {"memberships-0-user": handler.pk, "memberships-0-authority": authority.pk, "memberships-0-role": "handler"}
    form = {"username": handler.username, "is_active": "on", "is_staff": "on", **ROLE_FORM, **role, **more}
    return keeper.post(f"/admin/people/user/{handler.pk}/change/", form)


def test_a_role_that_somebody_has_given_since_the_page_was_opened_is_refused_in_words() -> None:
    handler = build.official()

    answer = give(build.signed_in(build.superuser()), handler)

    assert THERE_ALREADY in unescape(answer.content.decode())
    assert handler.memberships.count() == 1


def test_a_role_may_be_given_anew_while_the_one_before_is_removed() -> None:
    handler = build.official()
    before = handler.memberships.get()
    removed = {
        "memberships-TOTAL_FORMS": "2",
        "memberships-INITIAL_FORMS": "1",
        "memberships-0-id": str(before.pk),
        "memberships-0-DELETE": "on",
    }
    anew = {f"memberships-1-{name}": str(getattr(before, f"{name}_id")) for name in ("user", "authority")}

    answer = give(build.signed_in(build.superuser()), handler, **removed, **anew, **{"memberships-1-role": before.role})

    assert answer.status_code == 302
    after = handler.memberships.get()
    assert (after.pk != before.pk, after.role) == (True, before.role)


def posted_role(handler: User, only_services: str) -> Any:
    """What a superuser gets who limits the first role of an official to services."""
    held = handler.memberships.get()
    role = {
        "memberships-INITIAL_FORMS": "1",
        "memberships-0-id": held.pk,
        "memberships-0-user": handler.pk,
        "memberships-0-authority": held.authority_id,
        "memberships-0-role": held.role,
        "memberships-0-only_services": only_services,
    }
    form = {"username": handler.username, "is_active": "on", "is_staff": "on", **ROLE_FORM, **role}
    return build.signed_in(build.superuser()).post(f"/admin/people/user/{handler.pk}/change/", form)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("noise, public-event", ["noise", "public-event"]),
        ("noise\n public-event,,noise", ["noise", "public-event"]),
        ("", []),
        ("  ", []),
    ],
)
def test_a_role_is_limited_to_services_by_their_keys(written: str, kept: list[str]) -> None:
    handler = build.official()
    handler.memberships.update(only_services=["earlier"])

    assert posted_role(handler, written).status_code == 302
    assert handler.memberships.get().only_services == kept


@pytest.mark.parametrize("written", ["Noise", "noise_notification", "noise; drop", '["noise"]', "-noise"])
def test_what_is_no_key_of_a_service_is_refused(written: str) -> None:
    handler = build.official()

    answer = posted_role(handler, written)

    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert handler.memberships.get().only_services == []


def test_the_services_that_a_role_is_limited_to_stand_in_its_form_and_in_the_list() -> None:
    handler = build.official()
    handler.memberships.update(only_services=["noise", "public-event"])
    keeper = build.signed_in(build.superuser())

    assert 'value="noise, public-event"' in keeper.get(f"/admin/people/user/{handler.pk}/change/").content.decode()
    assert "(noise, public-event)" in keeper.get("/admin/people/user/").content.decode()


def test_an_official_is_not_deleted() -> None:
    handler = build.official()

    answer = build.signed_in(build.superuser()).post(f"/admin/people/user/{handler.pk}/delete/", {"post": "yes"})

    assert answer.status_code == 403
    assert User.objects.filter(pk=handler.pk).exists()


def test_the_list_of_officials_asks_as_much_for_three_as_for_one(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    keeper = build.signed_in(build.superuser())
    build.official()
    with django_assert_num_queries(8):
        keeper.get("/admin/people/user/")

    build.official("second", role="reader")
    build.official("third", of=build.authority("other"))
    with django_assert_num_queries(8):
        keeper.get("/admin/people/user/")
