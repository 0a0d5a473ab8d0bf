"""Publishing from the desk: why and when, the second person, the history, taking back, and comparing any two."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries

from apps.people.models import LogLine, User
from apps.services import editing, gate, publishing, working
from apps.services.exchange import import_service
from apps.services.models import Publication, Service, Version, WorkingCopy
from tests import build
from tests.build import field, page, said
from tests.markup import Element, flaws, read

pytestmark = pytest.mark.django_db

AT_ONCE = {"why": "The law has changed", "when": "at_once"}
OTHER = page("first", field("text", "other"))


def designer(name: str = "designer", of: str = "example-town", role: str = "designer") -> Client:
    """A member of an authority, reading English."""
    user = build.official(name, of=build.authority(of), role=role)
    return build.signed_in(user, headers={"accept-language": "en"})


def changed(*pages: dict[str, Any], **more: Any) -> WorkingCopy:
    """The working copy of a published service that says something else."""
    copy = working.begin(build.version().service, by=None)
    working.make(copy, editing.replace(build.document(*(pages or (OTHER,)), **more)), by=None, seen=copy.at)
    return copy


def address(service: Service, *more: object) -> str:
    """An address of the service's room."""
    return "/".join(["/admin/services/service", str(service.pk), *map(str, more), ""])


def publishing_of(copy: WorkingCopy) -> str:
    """The page on which a working copy is published."""
    return address(copy.service, "build/publish")


def shown(answer: Any) -> Element:
    """A page as a browser finds it, which has no flaws."""
    root = read(answer.content.decode())
    assert flaws(root) == []
    return root


def sent(copy: WorkingCopy, **more: Any) -> dict[str, Any]:
    """The form as it is sent in."""
    return {**AT_ONCE, "seen": copy.at, **more}


def in_use(service: Service) -> int | None:
    """The number of the version that customers fill in."""
    published = Service.objects.get(pk=service.pk).published
    return published.number if published else None


def told(answer: Any) -> list[str]:
    """The messages that are shown after an act."""
    return [str(message) for message in answer.context["messages"]]


# --- what the working copy says ------------------------------------------------------------------------------------------


def test_the_page_shows_what_changes_for_customers_and_for_drafts() -> None:
    copy = changed()
    build.application(copy.service.published, answers={"title": "Begun"})

    root = shown(designer().get(publishing_of(copy)))

    assert "Question “Other” was added to “First” and must be answered." in root.text
    assert "1 draft is affected." in root.text
    assert "would lose an answer: “Title”." in root.text
    assert root.find("a", href=f"/admin/cases/case/dry-run/{copy.service_id}/working-copy/")


def test_a_working_copy_is_published_at_once_with_the_reason() -> None:
    copy = changed()

    answer = designer().post(publishing_of(copy), sent(copy), follow=True)

    assert told(answer) == ["Version 2 is published."]
    assert (in_use(copy.service), WorkingCopy.objects.count()) == (2, 0)
    left = Publication.objects.get(version__number=2)
    assert (left.why, str(left.asked_by)) == ("The law has changed", "designer")
    assert [line.detail for line in LogLine.objects.filter(act="changed")] == ["publish 2"]


def test_what_is_published_is_what_importing_its_export_gives() -> None:
    copy = changed()
    text = working.text_of(copy)

    designer().post(publishing_of(copy), sent(copy))

    assert Version.objects.get(number=2).document == text


def test_a_first_version_explains_itself() -> None:
    authority = build.authority()
    copy = working.begin_new(authority, build.document(key="brand-new"), by=None)

    root = shown(designer().get(publishing_of(copy)))
    assert "This is the first version." in root.text
    why = root.one("textarea").text.strip()
    designer().post(publishing_of(copy), sent(copy, why=why))

    assert (in_use(copy.service), Publication.objects.get().why) == (1, "The first version.")


def test_what_stops_is_shown_and_nothing_can_be_published() -> None:
    copy = changed(price={"sv": "Gratis"})
    browser = designer()

    root = shown(browser.get(publishing_of(copy)))
    assert "Price is missing in Finnish." in root.text
    assert not root.find("textarea")

    answer = browser.post(publishing_of(copy), sent(copy))
    assert (answer.status_code, in_use(copy.service), Version.objects.count()) == (200, 1, 1)
    assert WorkingCopy.objects.exists()


def test_there_is_nothing_to_publish_when_it_says_the_same() -> None:
    copy = working.begin(build.version().service, by=None)

    root = shown(designer().get(publishing_of(copy)))
    assert "There is nothing to publish" in root.text
    assert not root.find("textarea")

    designer().post(publishing_of(copy), sent(copy))
    assert (Version.objects.count(), Publication.objects.count()) == (1, 1)


def test_a_reason_must_be_given_and_what_was_typed_stays() -> None:
    copy = changed()

    answer = designer().post(publishing_of(copy), sent(copy, why=" ", when="at_a_time", moment="never"))

    root = shown(answer)
    assert set(answer.context["form"].errors) == {"why", "moment"}
    assert root.one("input", name="moment").attrs["value"] == "never"
    assert in_use(copy.service) == 1


@pytest.mark.parametrize("moment", ["", "1.1.2020 12.00", "1.1.2190 12.00", "31.2.2027 12.00"])
def test_a_set_time_must_be_one_that_comes(moment: str) -> None:
    copy = changed()

    answer = designer().post(publishing_of(copy), sent(copy, when="at_a_time", moment=moment))

    assert list(answer.context["form"].errors) == ["moment"]


def test_a_version_is_published_at_a_set_time() -> None:
    copy = changed()
    day = (timezone.now() + timedelta(days=30)).date()

    answer = designer().post(
        publishing_of(copy), sent(copy, when="at_a_time", moment=f"{day:%d.%m.%Y} 6.00"), follow=True
    )

    (said_of_it,) = told(answer)
    assert said_of_it == f"Version 2 will be published {day.day}.{day.month}.{day.year}, 06:00."
    assert in_use(copy.service) == 1
    assert publishing.publish_due(timezone.now() + timedelta(days=31)) == 1
    assert in_use(copy.service) == 2


def test_what_was_changed_meanwhile_is_shown_again_before_it_is_published() -> None:
    copy = changed()
    form = sent(copy)
    working.make(copy, editing.set_elements({"price": said("Dear")}), by=None, seen=copy.at)

    answer = designer().post(publishing_of(copy), form)

    assert told(answer) == [
        "The working copy has been changed meanwhile. Look at the changes again before you publish."
    ]
    assert shown(answer).one("textarea").text.strip() == AT_ONCE["why"]
    assert in_use(copy.service) == 1


def test_what_was_published_since_the_copy_was_begun_is_not_taken_back_without_a_word() -> None:
    copy = changed()
    version, _is_new = import_service(json.dumps(build.document(price=said("Another price"))), by=None)
    publishing.publish(version, by=None)

    page = shown(designer().get(publishing_of(copy)))

    assert "begun from version 1, but customers fill in version 2 now" in page.one(css="panel--warning").text


def test_nothing_is_said_of_it_when_the_copy_was_begun_from_what_is_in_use() -> None:
    assert not shown(designer().get(publishing_of(changed()))).find(css="panel--warning")


# --- the second person ---------------------------------------------------------------------------------------------------


def waiting_for_a_second() -> Service:
    """A service of which the next version waits for a second person."""
    build.authority(two_persons=True)
    copy = changed()
    designer().post(publishing_of(copy), sent(copy))
    return copy.service


def test_the_page_says_who_can_be_the_second_person() -> None:
    build.authority(two_persons=True)
    copy = changed()
    assert "Nobody else defines services" in designer().get(publishing_of(copy)).content.decode()

    build.official("another", role="designer")

    assert "It can be confirmed by: another." in " ".join(shown(designer().get(publishing_of(copy))).text.split())


def test_another_designer_confirms_and_not_the_same() -> None:
    service = waiting_for_a_second()
    confirm = address(service, "publish/2/confirm")

    mine = shown(designer().get(address(service, "change")))
    assert "Version 2 waits for a second person" in mine.text
    assert not mine.find("form", action=confirm)
    assert told(designer().post(confirm, follow=True)) == [
        "You asked for this yourself. Somebody else must confirm it."
    ]
    assert in_use(service) == 1

    theirs = shown(designer("second").get(address(service, "change")))
    assert theirs.find("form", action=confirm)
    assert told(designer("second").post(confirm, follow=True)) == ["Version 2 is published."]
    assert in_use(service) == 2
    assert "no longer waits" in told(designer("second").post(confirm, follow=True))[0]


def test_another_account_of_the_same_person_is_no_second() -> None:
    service = waiting_for_a_second()
    other = designer("second")
    User.objects.filter(username__in=["designer", "second"]).update(email="One@example.com")
    User.objects.filter(username="second").update(email="one@example.com")

    other.post(address(service, "publish/2/confirm"))

    assert in_use(service) == 1


def test_nobody_confirms_what_was_asked_for_by_an_account_that_is_gone() -> None:
    service = waiting_for_a_second()
    Publication.objects.filter(version__service=service).update(asked_by=None)

    said = told(designer("second").post(address(service, "publish/2/confirm"), follow=True))

    assert said == ["The account of who asked for this is gone. Call it off, and ask for it anew."]
    assert in_use(service) == 1


def test_the_list_tells_the_second_person_what_waits_for_them() -> None:
    service = waiting_for_a_second()
    way = address(service, "change")

    def panel(browser: Client) -> list[Element]:
        return shown(browser.get("/admin/services/service/")).find("section", css="panel--warning")

    assert panel(designer("second"))[0].find("a", href=way)
    assert not panel(designer())
    assert not panel(designer("reads", role="reader"))
    assert not panel(designer("elsewhere", of="other"))


def test_who_looks_after_the_installation_says_that_an_authority_wants_two_persons() -> None:
    authority = build.authority()
    keeper = build.signed_in(build.superuser())
    at = f"/admin/people/authority/{authority.pk}/change/"
    typed = {
        "kind": "municipality",
        "name_sv": "a",
        "name_fi": "b",
        "name_en": "c",
        "municipality_codes": "",
        "email": "",
        "colour": "",
        "two_persons": "on",
    }

    assert keeper.post(at, typed).status_code == 302

    authority.refresh_from_db()
    assert authority.two_persons


def test_what_waits_is_called_off() -> None:
    service = waiting_for_a_second()

    answer = designer().post(address(service, "publish/2/call-off"), follow=True)

    assert told(answer) == ["Publishing version 2 is called off."]
    assert "waits for a second person" not in answer.content.decode()
    assert "Called off" in shown(designer().get(address(service, "history-of-versions"))).text


def test_the_same_as_what_waits_is_not_asked_for_again() -> None:
    service = waiting_for_a_second()

    page_shown = shown(designer("second").get(address(service, "build/publish")))

    assert "what waits says the same as the working copy" in page_shown.text


# --- a version that is there, and back -----------------------------------------------------------------------------------


def test_a_version_that_was_imported_is_published_after_it_is_asked_why() -> None:
    service = build.version().service
    build.version(OTHER, published=False)

    root = shown(designer().get(address(service, "publish/2")))
    assert "Question “Other” was added" in root.text
    assert told(designer().post(address(service, "publish/2"), AT_ONCE, follow=True)) == ["Version 2 is published."]
    assert Publication.objects.get(version__number=2).why == AT_ONCE["why"]


def test_what_its_connection_lacks_is_said_before_a_version_is_published() -> None:
    service = build.version().service
    version = build.version(OTHER, published=False, connection="interface")
    with translation.override("en"):
        lacks = [one.words for one in gate.of_version(version) if one.check == "connection"]
    assert len(lacks) == 2

    asked = shown(designer().get(address(service, "publish/2")))

    assert all(words in asked.text for words in lacks)
    assert told(designer().post(address(service, "publish/2"), AT_ONCE, follow=True)) == ["Version 2 is published."]


def test_what_its_connection_lacks_is_said_before_the_working_copy_is_published() -> None:
    copy = changed(connection="interface")

    root = shown(designer().get(publishing_of(copy)))

    assert "No system is connected that may take steps in the service’s cases." in root.text


def test_of_an_ordinary_connection_nothing_is_said() -> None:
    service = build.version().service
    build.version(OTHER, published=False)

    assert 'id="connection"' not in designer().get(address(service, "publish/2")).content.decode()


def test_the_version_in_use_is_not_published_again() -> None:
    service = build.version().service

    answer = designer().post(address(service, "publish/1"), AT_ONCE)

    assert "There is nothing to publish" in shown(answer).text
    assert Publication.objects.count() == 1


def test_a_version_that_lacks_something_is_told_to_be_mended_in_the_working_copy() -> None:
    service = build.version().service
    build.version(published=False, price={"sv": "Gratis", "en": "Free"})

    root = shown(designer().get(address(service, "publish/2")))

    assert "Version 2 cannot be published yet" in root.text
    assert root.find("a", href=address(service, "build"))


def test_a_service_is_taken_back_with_a_reason() -> None:
    service = build.version().service
    build.version(OTHER)
    browser, back = designer(), address(service, "take-back")

    assert "customers fill in version 1 again" in shown(browser.get(back)).text
    assert shown(browser.post(back, {"why": ""})).find(css="mistakes")
    assert told(browser.post(back, {"why": "It asked too much"}, follow=True)) == ["Version 1 is published."]

    assert in_use(service) == 1
    assert "It asked too much" in shown(browser.get(address(service, "history-of-versions"))).text


def test_a_first_version_cannot_be_taken_back() -> None:
    service = build.version().service

    assert "No other version has been in use before." in shown(designer().get(address(service, "take-back"))).text
    assert address(service, "take-back") not in designer().get(address(service, "change")).content.decode()


# --- history and comparing -----------------------------------------------------------------------------------------------


def test_the_history_tells_who_and_why_to_every_member(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    service = waiting_for_a_second()
    designer("second").post(address(service, "publish/2/confirm"))
    reader = designer("reads", role="reader")

    with django_assert_num_queries(8):
        root = shown(reader.get(address(service, "history-of-versions")))
    rows = [" ".join(row.text.split()) for row in root.find("tr")]

    assert any("designer" in row and "The law has changed" in row and "second" in row for row in rows)


def test_any_two_versions_are_compared_in_words() -> None:
    service = build.version().service
    build.version(OTHER)
    build.version(page("first", field("text", "third")), published=False)

    root = shown(designer().get(address(service, "compare"), {"old": "1", "new": "3"}))

    assert "What differs: Version 1 – Version 3" in root.text
    assert "Question “Third” was added" in root.text
    assert "They say the same." in shown(designer().get(address(service, "compare"), {"old": "2", "new": "2"})).text


def test_the_working_copy_is_compared_by_designers_alone() -> None:
    copy = changed()
    asked = {"old": "1", "new": "working"}

    assert "Question “Other” was added" in shown(designer().get(address(copy.service, "compare"), asked)).text
    reader = designer("reads", role="reader").get(address(copy.service, "compare"), asked)
    assert list(reader.context["form"].errors) == ["new"]


@pytest.mark.parametrize("asked", [{"old": "9", "new": "1"}, {"old": "1"}, {"old": "x", "new": "\0"}])
def test_versions_that_are_not_there_are_told_in_words(asked: dict[str, str]) -> None:
    service = build.version().service
    build.version(OTHER)

    assert shown(designer().get(address(service, "compare"), asked)).find(css="mistakes")


# --- the service's own page ----------------------------------------------------------------------------------------------


def test_the_service_page_leads_to_the_builder_and_says_whose_the_working_copy_is() -> None:
    service = build.version().service
    working.begin(service, by=build.official("designer", role="designer"))

    root = shown(designer().get(address(service, "change")))

    assert root.find("a", href=address(service, "build"))
    assert "Working copy" in root.text


def test_only_who_looks_after_the_installation_lets_a_service_join_authorities() -> None:
    service = build.version().service
    keeper = build.signed_in(build.superuser(), headers={"accept-language": "en"})

    assert "joining" not in designer().get(address(service, "change")).content.decode()
    assert designer().post(address(service, "joining"), {"joins": "yes"}).status_code == 403
    shown(keeper.get(address(service, "change")))
    keeper.post(address(service, "joining"), {"joins": "yes"})

    assert Service.objects.get().joins_authorities
    keeper.post(address(service, "joining"), {"joins": "no"})
    assert not Service.objects.get().joins_authorities


@pytest.mark.parametrize("act", ["build/publish", "publish/1", "publish/1/confirm", "publish/1/call-off", "take-back"])
@pytest.mark.parametrize(
    ("who", "of", "role", "status"), [("a", "example-town", "manager", 403), ("b", "other", "designer", 404)]
)
def test_only_designers_of_the_authority_publish(act: str, who: str, of: str, role: str, status: int) -> None:
    service = changed().service

    answer = designer(who, of, role).post(address(service, act), AT_ONCE)

    assert answer.status_code == status
    assert (in_use(service), Publication.objects.count()) == (1, 1)


@pytest.mark.parametrize("look", ["build/publish", "publish/1", "take-back", "history-of-versions", "compare"])
def test_designers_of_another_authority_find_nothing(look: str) -> None:
    service = changed().service

    assert designer("b", "other").get(address(service, look)).status_code == 404
