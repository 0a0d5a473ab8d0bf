"""The services' room: members look, designers of the authority import, publish, close and open again."""

from __future__ import annotations

import json
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.translation import gettext as _
from pytest_django import DjangoAssertNumQueries

from apps.people.systems import REQUIRED
from apps.services import connecting, publishing, working
from apps.services.definition import LARGEST_DOCUMENT
from apps.services.models import Service, Version
from tests import build
from tests.interface import callers

pytestmark = pytest.mark.django_db


def designer(of: str = "example-town") -> Client:
    """A designer of an authority."""
    return build.signed_in(build.official(f"designer-{of}", of=build.authority(of), role="designer"))


def published(service: Service) -> Version:
    """The version that customers fill in now."""
    version = Service.objects.get(pk=service.pk).published
    assert version
    return version


def address(service: Service, *more: object) -> str:
    """An address of the service's room."""
    return "/".join(["/admin/services/service", str(service.pk), *map(str, more), ""])


def text_of(document: dict[str, Any]) -> str:
    """A definition as somebody's editor writes it: with other line ends, so that a changed byte shows."""
    return json.dumps(document, ensure_ascii=False, indent=4).replace("\n", "\r\n") + "\r\n\r\n"


PUBLISH = {"why": "Because of the new law", "when": "at_once"}


def upload(browser: Client, at: str, text: str | bytes) -> Any:
    """Import a file."""
    content = text if isinstance(text, bytes) else text.encode()
    return browser.post(at, {"file": SimpleUploadedFile("service.json", content)})


def test_the_list_shows_name_key_authority_version_and_state() -> None:
    build.version()
    build.version(key="unpublished", published=False)

    rows = designer().get("/admin/services/service/").content.decode()

    for expected in ("Name of example sv", "example-town sv", _("Open"), "unpublished", _("Not published")):
        assert expected in rows


def test_the_list_has_services_of_own_authorities_only() -> None:
    build.version(key="ours")
    build.version(key="theirs", authority="other")

    cl = designer().get("/admin/services/service/").context["cl"]

    assert [service.key for service in cl.result_list] == ["ours"]


def test_a_superuser_sees_all_services() -> None:
    build.version(key="ours")
    build.version(key="theirs", authority="other")

    cl = build.signed_in(build.superuser()).get("/admin/services/service/").context["cl"]

    assert [service.key for service in cl.result_list] == ["ours", "theirs"]


def test_the_list_is_filtered_by_state() -> None:
    build.version(key="is-open")
    build.version(key="not-published", published=False)
    browser = designer()

    def keys(state: str) -> list[str]:
        cl = browser.get(f"/admin/services/service/?state={state}").context["cl"]
        return [service.key for service in cl.result_list]

    assert (keys("open"), keys("closed")) == (["is-open"], ["not-published"])
    assert keys("nonsense%00") == ["is-open", "not-published"]


def test_the_list_refuses_to_look_into_other_tables() -> None:
    build.version()

    answer = designer().get("/admin/services/service/?versions__imported_by__password__startswith=p")

    assert answer.status_code == 400


def test_list_and_page_ask_as_much_for_three_as_for_one(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    browser, first = designer(), build.version().service
    with django_assert_num_queries(6):
        browser.get("/admin/services/service/")
    with django_assert_num_queries(7):
        browser.get(address(first, "change"))

    build.version(summary=build.said("Another summary"))
    build.version(summary=build.said("A third summary"))
    build.version(key="second")
    build.version(key="third")
    with django_assert_num_queries(6):
        browser.get("/admin/services/service/")
    with django_assert_num_queries(7):
        browser.get(address(first, "change"))


def way_of(key: str, browser: Client) -> str:
    """What the list says of how a service is connected."""
    cl = browser.get("/admin/services/service/").context["cl"]
    return str(cl.model_admin.connection(next(one for one in cl.result_list if one.key == key)))


def test_the_list_says_how_services_are_connected_and_whether_something_is_missing() -> None:
    build.version(key="simple")
    build.version(key="own", connection="interface")
    build.version(key="survey", kind="survey")
    browser = designer()

    assert way_of("simple", browser) == _("Simplified")
    assert way_of("own", browser).startswith(f"{_('Interface')} <span")
    assert _("Not ready") in way_of("own", browser)
    assert way_of("survey", browser) == "–"

    callers.system("Register", used_at=build.NOW, certificate="ab" * 32)
    callers.system("Tester", is_test=True, checks=dict.fromkeys(REQUIRED, build.NOW.isoformat()))
    assert way_of("own", browser) == _("Interface")


def test_the_list_asks_as_much_of_however_many_that_are_connected(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    browser = designer()
    callers.system()
    build.version(connection="interface")
    browser.get("/admin/services/service/")
    with django_assert_num_queries(8):  # the systems and their keys
        browser.get("/admin/services/service/")

    build.version(key="second", connection="interface")
    build.version(key="third", connection="interface")
    callers.system("Another")
    browser.get("/admin/services/service/")
    with django_assert_num_queries(8):
        browser.get("/admin/services/service/")


def test_the_page_says_the_way_and_what_is_missing_with_a_link_for_who_may_connect() -> None:
    service = build.version(connection="interface").service
    lacks = connecting.standing(service, service.versions.get().definition).lacks
    assert lacks
    manager = build.signed_in(build.official("manager", role="manager"))

    for browser, link in ((manager, True), (designer(), False)):
        html = unescape(browser.get(address(service, "change")).content.decode())
        assert all(words in html for words in lacks)
        assert ('<p><a href="/admin/people/system/">' in html) == link
        assert (_("The authority’s managers connect its systems.") in html) != link


def test_the_page_of_an_ordinary_service_has_nothing_missing() -> None:
    html = designer().get(address(build.version().service, "change")).content.decode()

    assert _("simplified e-service").capitalize() in html
    assert 'id="connection"' not in html


def test_the_page_of_a_service_without_a_version_is_told_from_its_working_copy() -> None:
    document = {**build.document(key="new", connection="conditional"), "own_service": {}}
    service = working.begin_new(build.authority(), document, by=None).service

    html = designer().get(address(service, "change")).content.decode()

    assert _("Give the address") in html
    assert address(service, "build", "about", "told") in html


def test_the_page_opens_though_the_working_copy_names_no_way_there_is() -> None:
    document = build.document(key="new", connection="by pigeon")
    service = working.begin_new(build.authority(), document, by=None).service

    assert designer().get(address(service, "change")).status_code == 200


def test_the_page_shows_versions_and_to_a_reader_no_way_to_act() -> None:
    service = build.version().service
    build.version(published=False, summary=build.said("Another summary"))

    page = build.signed_in(build.official(role="reader")).get(address(service, "change")).content.decode()

    assert page.count('<th scope="row">') == 2
    for act in ("import", "publish", "close"):
        assert f"{address(service)}{act}" not in page


def test_a_designer_imports_publishes_and_exports_byte_for_byte() -> None:
    service, browser = build.version().service, designer()
    text = text_of(build.document(summary=build.said("Åland, changed")))

    assert upload(browser, address(service, "import"), text).url == address(service, "change")
    assert published(service).number == 1
    assert browser.post(address(service, "publish", 2), PUBLISH)["Location"] == address(service, "change")

    version = published(service)
    assert (version.number, str(version.imported_by), str(version.published_by)) == (2, *["designer-example-town"] * 2)
    exported = browser.get(address(service, "export", 2))
    assert exported.content == text.encode()
    assert exported["Content-Disposition"] == 'attachment; filename="example-2.json"'
    assert [entry.object_id for entry in LogEntry.objects.all()] == [str(service.pk)] * 2


def test_a_case_keeps_its_version_when_another_is_published() -> None:
    case = build.case()
    browser = designer()
    upload(browser, address(case.service, "import"), text_of(build.document(name=build.said("New name"))))
    browser.post(address(case.service, "publish", 2), PUBLISH)

    handler = build.signed_in(build.official(), headers={"accept-language": "en"})
    page = handler.get(f"/admin/cases/case/{case.pk}/change/").content.decode()

    assert "Name of example" in page
    assert "New name" not in page
    assert "Filled in with version 1 (published 1.3.2027, 11:30); the service is now at version 2" in page


def test_a_new_service_is_imported_from_the_list() -> None:
    build.authority()

    answer = upload(designer(), "/admin/services/service/import/", text_of(build.document(key="brand-new")))

    assert answer.url == address(Service.objects.get(key="brand-new"), "change")


def test_the_same_file_again_is_no_new_version() -> None:
    version = build.version()

    upload(designer(), address(version.service, "import"), version.document)

    assert version.service.versions.count() == 1
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "file is empty"),
        (b"\xff\xfe{}", "not UTF-8"),
        ("{", "not JSON"),
        ("[]", "named elements"),
        (text_of(build.document(colour="red")), "colour"),
        (text_of(build.document(build.page("first", build.field("text", "title", max_length="x")))), "max_length"),
        (text_of(build.document(authority="unheard-of")), "no authority"),
        (text_of(build.document(key="other-service")), "must be example"),
        (text_of(build.document(name={"sv": "\ud800"})).encode("utf-8", "surrogatepass"), "not UTF-8"),
        ('{"schema": 1, "key": "\\ud800"}', "half characters"),
        (json.dumps(build.document(summary={"sv": "\ud800", "fi": "b", "en": "c"})), "half characters"),
        ("x" * (LARGEST_DOCUMENT + 1), "too large"),
    ],
    ids=lambda value: repr(value[:12]),
)
def test_a_file_that_cannot_be_used_is_refused_in_words_and_leaves_nothing(text: str | bytes, said: str) -> None:
    service = build.version().service
    browser = designer()
    browser.cookies["django_language"] = "en"

    answer = upload(browser, address(service, "import"), text)

    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert answer.context["form"].errors["file"]
    assert (Service.objects.count(), Version.objects.count()) == (1, 1)


def test_every_problem_is_listed_with_its_path() -> None:
    service = build.version().service
    broken = build.document(
        build.page("first", build.field("text", "a", colour="red"), build.field("poem", "b")), kind="x"
    )

    answer = upload(designer(), address(service, "import"), text_of(broken))

    paths = {problem.path for problem in answer.context["problems"]}
    assert paths == {"kind", "pages[0].fields[0].colour", "pages[0].fields[1].kind"}
    assert all(f"<code>{path}</code>" in answer.content.decode() for path in paths)


def test_hostile_names_in_a_file_are_shown_as_text() -> None:
    service = build.version().service

    answer = upload(designer(), address(service, "import"), json.dumps({"<script>alert(1)</script>": 1}))

    assert "<script>alert(1)" not in answer.content.decode()


def test_a_service_of_another_authority_is_not_imported() -> None:
    build.authority("other")
    theirs = build.version(key="theirs", authority="other").service
    browser = designer()

    for document in (
        build.document(key="brand-new", authority="other"),
        build.document(key="theirs", authority="other", summary=build.said("Taken over")),
        build.document(key="theirs", summary=build.said("Taken over")),
    ):
        answer = upload(browser, "/admin/services/service/import/", text_of(document))
        assert [problem.path for problem in answer.context["problems"]] == ["authority"]

    assert list(Service.objects.values_list("key", flat=True)) == ["theirs"]
    assert theirs.versions.count() == 1


def test_a_version_that_lacks_texts_is_not_published_and_the_page_says_what_is_missing() -> None:
    service = build.version().service
    build.version(published=False, price={"sv": "Gratis", "en": "Free"})
    browser = designer()

    answer = browser.post(address(service, "publish", 2), PUBLISH, follow=True)

    assert published(service).number == 1
    assert [problem.path for problem in answer.context["problems"]] == ["price.fi"]
    assert "<code>price.fi</code>" in answer.content.decode()


def test_a_service_is_closed_and_opened_again() -> None:
    service, browser = build.version().service, designer()

    browser.post(address(service, "close"))
    assert not Service.objects.open().exists()

    browser.post(address(service, "open"))
    assert Service.objects.open().exists()


def test_a_version_published_again_keeps_its_first_moment_and_each_time_is_logged() -> None:
    service, browser = build.version().service, designer()
    build.version(summary=build.said("Another summary"))

    browser.post(address(service, "publish", 1), PUBLISH)

    version = published(service)
    assert (version.number, version.published_at, version.published_by) == (1, build.NOW, None)
    assert [str(entry.user) for entry in LogEntry.objects.all()] == ["designer-example-town"]


def test_a_designer_sets_and_clears_the_last_day_for_drafts_of_older_versions() -> None:
    service, browser = build.version().service, designer()

    assert browser.post(address(service, "old-versions"), {"until": "5.6.2027"})["Location"] == address(
        service, "change"
    )
    service.refresh_from_db()
    assert service.old_versions_until == date(2027, 6, 5)
    assert 'value="5.6.2027"' in browser.get(address(service, "change")).content.decode()

    browser.post(address(service, "old-versions"), {"until": ""})
    service.refresh_from_db()
    assert service.old_versions_until is None
    assert [entry.object_id for entry in LogEntry.objects.all()] == [str(service.pk)] * 2


def test_a_last_day_that_is_no_day_is_refused_on_the_page() -> None:
    service = build.version().service

    answer = designer().post(address(service, "old-versions"), {"until": "31.2.2027"})

    assert answer.status_code == 200
    assert answer.context["form"].errors["until"]
    assert 'value="31.2.2027"' in answer.content.decode()
    assert not LogEntry.objects.exists()


def test_a_reader_is_told_the_last_day_and_offered_no_form() -> None:
    service = build.version().service
    publishing.take_old_versions_until(service, date(2027, 6, 5))

    page = build.signed_in(build.official(role="reader")).get(address(service, "change")).content.decode()

    assert "<dd>5.6.2027</dd>" in page
    assert "old-versions" not in page


def test_publishing_after_the_last_day_says_that_older_drafts_cannot_be_sent() -> None:
    service = build.version().service
    build.version(published=False, summary=build.said("Another summary"))
    publishing.take_old_versions_until(service, date(2020, 1, 1))

    answer = designer().post(address(service, "publish", 2), PUBLISH, follow=True)

    assert [message.level_tag for message in answer.context["messages"]] == ["success", "warning"]


@pytest.mark.parametrize("act", ["publish/1/confirm", "publish/1/call-off", "close", "open", "old-versions", "joining"])
def test_nothing_happens_when_an_act_is_only_opened(act: str) -> None:
    service = build.version(published=False).service

    assert designer().get(address(service, act)).status_code == 405
    service.refresh_from_db()
    assert (service.published, service.closed_at) == (None, None)


@pytest.mark.parametrize("act", ["import", "publish/1", "close", "open", "old-versions"])
@pytest.mark.parametrize("role", ["reader", "handler", "manager"])
def test_members_who_are_no_designers_do_not_act(act: str, role: str) -> None:
    service = build.version(published=False).service
    browser = build.signed_in(build.official(role=role))

    answer = browser.post(address(service, act), {"file": SimpleUploadedFile("a.json", b"{}")})

    assert answer.status_code == 403
    assert browser.get("/admin/services/service/import/").status_code == 403
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("act", ["change", "import", "publish/1", "close", "open", "old-versions", "export/1"])
def test_a_designer_of_another_authority_finds_no_such_service(act: str) -> None:
    service = build.version().service
    browser = designer("other")

    method = (
        browser.post if act.partition("/")[0] in ("import", "publish", "close", "open", "old-versions") else browser.get
    )
    assert method(address(service, act)).status_code == 404


def test_services_are_found_by_their_names_in_any_language() -> None:
    build.version(key="one", name={"sv": "Bulleranmälan", "fi": "Meluilmoitus", "en": "Noise"})
    build.version(key="two", name={"sv": "Torgplats", "fi": "Toripaikka", "en": "Market"})

    rows = designer().get("/admin/services/service/?q=meluilm").content.decode()

    assert "Bulleranmälan" in rows
    assert "Torgplats" not in rows


def test_the_page_of_a_service_leads_to_what_customers_see() -> None:
    service = build.version().service

    assert "/sv/services/example/" in designer().get(address(service, "change")).content.decode()
