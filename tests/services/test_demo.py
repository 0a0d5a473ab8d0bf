"""The example data: enough to try everything, never in production, and never over what somebody changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from pytest_django import DjangoAssertNumQueries, Settings

from apps.people import access
from apps.people.models import Authority, Membership, User
from apps.services.definition import digest_of, load
from apps.services.exchange import import_service
from apps.services.management.commands import demo
from apps.services.management.commands.demo import (
    LIBRARY,
    PASSWORD,
    SHIPPED_EARLIER,
    USERS,
    library_services,
    make_authorities,
)
from apps.services.models import Service, Version
from apps.services.publishing import publish
from tests import build

pytestmark = [pytest.mark.django_db, pytest.mark.thorough]

OFFERED = {
    "alcohol-serving": "example-state",
    "fireworks": "example-rescue",
    "food-at-events": "example-town",
    "noise-notification": "example-town",
    "public-area-use": "example-town",
    "public-event": "example-police",
    "renewable-project": "example-state",
    "rescue-plan": "example-rescue",
    "tobacco-retail": "example-town",
}


@pytest.fixture
def _debug(settings: Settings) -> None:
    """As on a developer's machine; a quick hash, since nothing here is secret."""
    settings.DEBUG = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def run(capsys: pytest.CaptureFixture[str]) -> str:
    """What the command prints."""
    call_command("demo")
    return capsys.readouterr().out


def test_demo_refuses_without_debug() -> None:
    with pytest.raises(CommandError, match="only where DEBUG is on"):
        call_command("demo")
    assert not User.objects.exists()
    assert not Authority.objects.exists()


@pytest.mark.usefixtures("_debug")
def test_demo_prints_sign_ins_that_work(capsys: pytest.CaptureFixture[str]) -> None:
    lines = run(capsys).splitlines()
    assert lines[0].split() == ["User", "Password", "What", "they", "do"]
    told = [line.split(maxsplit=2) for line in lines[1:]]
    assert [name for name, _password, _what in told] == [user.username for user in USERS]
    for name, password, _what in told:
        assert authenticate(username=name, password=password)


@pytest.mark.usefixtures("_debug")
def test_demo_publishes_the_library(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys)
    offered = {s.key: s.authority.key for s in Service.objects.open().select_related("authority")}
    assert {key: authority for key, authority in offered.items() if key in OFFERED} == OFFERED
    assert offered.keys() == {file.stem for file, _text in library_services()}
    assert [service.key for service in Service.objects.filter(joins_authorities=True)] == ["joining"]


@pytest.mark.usefixtures("_debug")
def test_demo_leaves_files_that_no_example_authority_can_offer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    document = json.loads((LIBRARY / "rescue-plan.json").read_text("utf-8"))
    files = {"list": ["not a definition"], "moved": document, "real": document | {"key": "real", "authority": "real"}}
    files["rescue-plan"] = document
    for name, content in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content), "utf-8")
    monkeypatch.setattr(demo, "LIBRARY", tmp_path)
    run(capsys)
    assert [service.key for service in Service.objects.all()] == ["rescue-plan"]


@pytest.mark.usefixtures("_debug")
def test_demo_authorities_are_plainly_examples(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys)
    for authority in Authority.objects.all():
        authority.full_clean()
        assert authority.name_sv.startswith("Exempel")
        assert authority.name_fi.startswith("Esimerkki")
        assert authority.name_en.startswith("Example")
    assert all(authority.serves("753") for authority in Authority.objects.all())
    national = {authority.key for authority in Authority.objects.all() if authority.serves("005")}
    assert national == {"example-police", "example-producer", "example-state"}


@pytest.mark.usefixtures("_debug")
def test_demo_users_may_do_what_is_said_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys)
    ids = {authority.key: authority.pk for authority in Authority.objects.all()}
    services = list(Service.objects.select_related("authority"))
    for who in ("police", "rescue", "town", "state"):
        handler = User.objects.get(username=f"handler-{who}")
        assert {s.authority.key for s in services if access.may_handle(handler, s)} == {f"example-{who}"}
        assert not any(access.may_define(handler, pk) for pk in ids.values())
    for who in ("town", "state"):
        designer = User.objects.get(username=f"designer-{who}")
        assert {k for k, pk in ids.items() if access.may_define(designer, pk)} == {f"example-{who}"}
    admin = User.objects.get(username="admin")
    assert admin.is_superuser
    assert not any(access.may_handle(admin, service) for service in services)
    assert not User.objects.exclude(username="admin").filter(is_superuser=True).exists()


@pytest.mark.usefixtures("_debug")
def test_demo_run_again_changes_nothing_and_writes_nothing(
    capsys: pytest.CaptureFixture[str], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = run(capsys)
    User.objects.filter(username="handler-town").update(first_name="Changed")
    Membership.objects.filter(user__username="designer-town").delete()
    Authority.objects.filter(key="example-town").update(name_sv="Exempelköpingen")
    before = [list(model.objects.order_by("pk").values()) for model in (User, Authority, Membership, Service, Version)]
    with django_assert_num_queries(6):  # a savepoint and its end, three lists, a receiver of tests
        assert run(capsys) == first
    assert [
        list(model.objects.order_by("pk").values()) for model in (User, Authority, Membership, Service, Version)
    ] == before


@pytest.mark.usefixtures("_debug")
def test_demo_keeps_the_version_somebody_imported_later(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run(capsys)
    document = json.loads((LIBRARY / "public-event.json").read_text("utf-8"))
    document["summary"]["sv"] = "Ändrad."
    (tmp_path / "changed.json").write_text(json.dumps(document), "utf-8")
    call_command("import_service", str(tmp_path / "changed.json"), publish=True)
    capsys.readouterr()

    printed = run(capsys).splitlines()

    assert printed[-1] == "public-event keeps version 2, which is not the one in public-event.json."
    assert Service.objects.get(key="public-event").published == Version.objects.get(
        service__key="public-event", number=2
    )


def as_an_earlier_release_left_it(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Example authorities and a public event of that text, which the library is said to have had."""
    make_authorities()
    version, _new = import_service(text)
    publish(version, by=None)
    monkeypatch.setitem(SHIPPED_EARLIER, "public-event", {version.digest})


def an_earlier_text() -> str:
    """A public event that is not the one of the library."""
    document = json.loads((LIBRARY / "public-event.json").read_text("utf-8"))
    return json.dumps(document | {"schema": 1, "summary": build.said("Earlier")})


@pytest.mark.usefixtures("_debug")
def test_demo_publishes_the_new_text_where_an_earlier_release_left_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    as_an_earlier_release_left_it(an_earlier_text(), monkeypatch)
    printed = run(capsys)
    published = Service.objects.get(key="public-event").published
    assert published is not None
    assert (published.number, published.document) == (2, (LIBRARY / "public-event.json").read_text("utf-8"))
    assert "keeps version" not in printed
    assert run(capsys) == printed
    assert Version.objects.filter(service__key="public-event").count() == 2


@pytest.mark.usefixtures("_debug")
def test_demo_leaves_what_is_published_on_purpose(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    as_an_earlier_release_left_it(an_earlier_text(), monkeypatch)
    own, _new = import_service(an_earlier_text().replace("Earlier", "Own"))
    publish(own, by=None)
    import_service(an_earlier_text())  # the library's earlier text again, as the newest version, and not published
    assert "public-event keeps version 3" in run(capsys)
    assert Service.objects.get(key="public-event").published == own


def test_demo_knows_the_texts_of_earlier_releases_and_not_those_of_this_one() -> None:
    files = {file.stem: digest_of(load(text)) for file, text in library_services()}
    assert SHIPPED_EARLIER.keys() <= files.keys()
    assert not [key for key, digest in files.items() if digest in SHIPPED_EARLIER.get(key, ())]


@pytest.mark.usefixtures("_debug")
def test_demo_publishes_a_library_version_that_was_imported_only(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys)
    count = Version.objects.count()
    Service.objects.update(published=None)
    run(capsys)
    assert Service.objects.open().count() == Version.objects.count() == count


@pytest.mark.usefixtures("_debug")
def test_demo_does_not_give_an_existing_user_its_password(capsys: pytest.CaptureFixture[str]) -> None:
    User.objects.create_user("admin", password="somebody's own")
    run(capsys)
    assert not authenticate(username="admin", password=PASSWORD)
    assert not User.objects.get(username="admin").is_superuser
