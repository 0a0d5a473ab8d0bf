"""Definitions in and out as text, byte for byte; two imports at once give two numbers."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import close_old_connections, connection, connections

from apps.services.definition import load, parse
from apps.services.exchange import export_service, import_service
from apps.services.models import Service, Version
from apps.services.reading import Unreadable
from tests import build
from tests.build import NOW, authority, document, official


def text_of(**more: object) -> str:
    """A definition's text."""
    return json.dumps(document(**more), ensure_ascii=False, indent=2) + "\n"  # type: ignore[arg-type]


@pytest.mark.django_db
def test_import_makes_the_service_and_its_first_version() -> None:
    authority()
    designer = official("designer", role="designer")

    made, is_new = import_service(text_of(), by=designer, at=NOW)

    assert is_new
    assert (made.number, made.imported_by, made.imported_at) == (1, designer, NOW)
    assert made.service.authority == authority()
    assert made.service.published is None


@pytest.mark.django_db
@pytest.mark.parametrize("layout", [{"indent": 2}, {"indent": None}, {"ensure_ascii": True}, {"sort_keys": True}])
def test_export_is_byte_for_byte_what_was_imported(layout: dict[str, object]) -> None:
    authority()
    text = "\r\n\t" + json.dumps(document(), **layout) + " \n\n"  # type: ignore[arg-type]

    import_service(text, at=NOW)

    assert export_service("example") == text


@pytest.mark.django_db
def test_same_text_again_is_the_same_version() -> None:
    authority()
    first, _new = import_service(text_of(), at=NOW)

    again, is_new = import_service(text_of(), at=NOW)

    assert (again, is_new) == (first, False)
    assert Version.objects.count() == 1


@pytest.mark.django_db
def test_other_text_is_the_next_version() -> None:
    authority()
    import_service(text_of(), at=NOW)

    made, is_new = import_service(text_of(kind="permit"), at=NOW)

    assert (made.number, is_new) == (2, True)
    assert json.loads(export_service("example"))["kind"] == "permit"
    assert json.loads(export_service("example", 1))["kind"] == "notification"


@pytest.mark.django_db
def test_text_of_before_can_be_imported_again_as_the_newest() -> None:
    authority()
    for text in (text_of(), text_of(kind="permit"), text_of()):
        made, _new = import_service(text, at=NOW)

    assert made.number == 3
    assert len(set(Version.objects.values_list("digest", flat=True))) == 2


@pytest.mark.django_db
def test_mistake_stores_nothing() -> None:
    authority()

    with pytest.raises(Unreadable):
        import_service(text_of(colour="red"), at=NOW)

    assert not Service.objects.exists()


@pytest.mark.django_db
def test_unknown_authority_is_refused() -> None:
    with pytest.raises(Unreadable, match="example-town"):
        import_service(text_of(), at=NOW)


@pytest.mark.django_db
def test_unknown_authority_is_told_with_everything_else() -> None:
    with pytest.raises(Unreadable) as caught:
        import_service(text_of(colour="red"), at=NOW)

    assert [problem.path for problem in caught.value.problems] == ["colour", "authority"]


@pytest.mark.django_db
def test_authority_that_is_no_key_is_told_once() -> None:
    with pytest.raises(Unreadable) as caught:
        import_service(text_of(authority="No Key"), at=NOW)

    assert [problem.path for problem in caught.value.problems] == ["authority"]


@pytest.mark.django_db
def test_service_of_another_authority_is_not_taken_over() -> None:
    authority()
    authority("other-town")
    import_service(text_of(), at=NOW)

    with pytest.raises(Unreadable) as caught:
        import_service(text_of(authority="other-town"), at=NOW)

    assert [problem.path for problem in caught.value.problems] == ["authority"]
    assert Version.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("key", "number"), [("nothing", None), ("example", 2), ("example", 0)])
def test_export_of_what_is_not_there_is_refused(key: str, number: int | None) -> None:
    authority()
    import_service(text_of(), at=NOW)

    with pytest.raises(Version.DoesNotExist):
        export_service(key, number)


@pytest.mark.both
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="the test database of SQLite is one connection's own")
@pytest.mark.parametrize("exists", [False, True])
def test_two_imports_at_once_give_two_numbers(exists: bool) -> None:
    authority()
    if exists:
        import_service(text_of(kind="plan"), at=NOW)
    start = Barrier(4)

    def one(kind: str) -> int:
        close_old_connections()
        try:
            start.wait(30)
            return import_service(text_of(kind=kind), at=NOW)[0].number
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        numbers = list(threads.map(one, ("permit", "notification", "registration", "supervision")))

    first = 2 if exists else 1
    assert sorted(numbers) == list(range(first, first + 4))
    assert Service.objects.count() == 1


@pytest.mark.django_db
def test_version_is_read_for_ever_whatever_today_would_say_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    version = build.version(municipalities=["753"])
    monkeypatch.setattr("apps.services.models._PARSED", {})
    monkeypatch.setattr("apps.services.definition.all_municipalities", dict)

    assert version.definition.municipalities == ("753",)
    with pytest.raises(Unreadable, match="municipalities"):
        parse(load(version.document))
