"""The list of cases: searching, narrowing, leafing, saved views, and several cases at once."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.cases import intake
from apps.cases.desk import bulk, leafing
from apps.cases.models import Case, SavedView
from apps.people.models import Authority, LogLine, Membership, Principal, User
from apps.services.texts import HELSINKI, date_words
from tests import build

pytestmark = pytest.mark.django_db

ENGLISH = {"accept-language": "en"}
LIST = "/admin/cases/case/"


def handler(name: str = "handler", **more: Any) -> Client:
    """An official of the authority, reading English."""
    return build.signed_in(build.official(name, **more), headers=ENGLISH)


def listed(browser: Client, **by: str) -> list[int]:
    """The keys of the cases that the list shows."""
    answer = browser.get(LIST, by, follow=True)
    return [case.pk for case in answer.context["cl"].result_list]


def search(browser: Client, text: str, kept: str = "") -> Any:
    """The list, searched for a text."""
    return browser.post(f"{LIST}search/", {"q": text, "kept": kept}, follow=True)


def found(browser: Client, text: str) -> list[int]:
    """The keys of the cases that a search finds."""
    return [case.pk for case in search(browser, text).context["cl"].result_list]


def for_company() -> Case:
    """A case somebody has sent for a company."""
    paper = build.application()
    paper.principal = Principal.objects.create(kind="company", subject="1234567-1", name="Exempel Ab")
    paper.save()
    return intake.send(paper, at=build.NOW)


def words_of(answer: Any) -> list[str]:
    """The messages on a page."""
    return [str(message) for message in answer.context["messages"]]


def days(count: int) -> Any:
    """A day from today."""
    return timezone.localdate(timezone=HELSINKI) + timedelta(days=count)


# --- searching -------------------------------------------------------------------------------------------------------


@pytest.mark.both
@pytest.mark.parametrize(
    ("text", "cases"),
    [
        ("exempel", ["first"]),
        ("1234567-1", ["first"]),
        ("SECOND", ["second"]),
        ("customer example", ["first", "third"]),
        ("customer", ["first", "second", "third"]),
        ("stran", ["second"]),
        ("FE-2027-000002", ["second"]),
        ("fe-2027-00000", ["first", "second", "third"]),
        ("nobody", []),
        ("x\0", []),
    ],
)
def test_the_list_is_searched_by_numbers_names_companies_and_answers(text: str, cases: list[str]) -> None:
    made = {
        "first": for_company(),
        "second": build.case(by=build.customer("Second"), answers={"title": "Fest vid Stranden"}),
        "third": build.case(by=build.customer("Example2")),
    }
    for number, case in enumerate(made.values(), 1):
        Case.objects.filter(pk=case.pk).update(number=f"FE-2027-00000{number}")
        old = str(case).lower()
        case.refresh_from_db()
        Case.objects.filter(pk=case.pk).update(words=case.words.replace(old, str(case).lower()))

    assert set(found(handler(), text)) == {made[name].pk for name in cases}


@pytest.mark.both
@pytest.mark.parametrize("field", ["number", "register_number"])
def test_a_number_that_is_written_whole_goes_first(field: str) -> None:
    case = build.case()
    if field == "register_number":
        case.take_step("register", by=build.official(), register_number="HEL 2027-000012")
    whole = getattr(case, field)
    later = build.case(by=build.customer("Second"), answers={"title": f"See {whole}"}, at=build.NOW + timedelta(1))
    browser = handler()

    assert found(browser, whole) == [case.pk, later.pk]
    assert found(browser, whole.lower()) == [case.pk, later.pk]


@pytest.mark.both
def test_a_number_too_short_to_look_for_is_found_when_it_is_written_whole() -> None:
    case, _other = build.case(), build.case(by=build.customer("Second"))
    case.take_step("register", by=build.official(), register_number="7B")

    assert found(handler(), "7b") == [case.pk]


def test_what_is_searched_for_stands_in_no_address_and_no_log() -> None:
    build.case()

    answer = search(handler(), "Customer")

    ((address, _status),) = answer.redirect_chain
    assert re.fullmatch(r"/admin/cases/case/\?q=[\w-]{12}", address)
    page = answer.content.decode()
    assert 'value="Customer"' in page
    assert "Customer" not in "".join(re.findall(r'(?:href|action)="([^"]*)"', page))
    assert [(line.act, line.about, line.detail) for line in LogLine.objects.all()] == [("searched", "cases", "")]


def test_a_search_of_somebody_else_or_long_ago_is_not_shown_as_one() -> None:
    case = build.case()
    ((address, _status),) = search(handler(), "nothing").redirect_chain

    answer = handler("colleague").get(address, follow=True)

    assert answer.redirect_chain == [(LIST + "?", 302)]
    assert words_of(answer) == ["What you searched for is no longer kept. Write it again."]
    assert [one.pk for one in answer.context["cl"].result_list] == [case.pk]


def test_only_the_last_searches_are_kept() -> None:
    browser = handler()
    for number in range(8):
        search(browser, f"word{number}")

    assert list(browser.session["case_searches"].values()) == [f"word{n}" for n in range(3, 8)]


def test_a_personal_identity_code_is_not_searched_for_and_not_kept() -> None:
    browser = handler()

    answer = search(browser, "Find 010190-999W")

    assert words_of(answer) == ["Cases are not found by personal identity codes. Search by a name or a number."]
    assert "case_searches" not in browser.session
    assert "999W" not in answer.content.decode()


def test_words_that_are_too_short_are_told_of() -> None:
    build.case()
    browser = handler()

    with_others = search(browser, "customer of 1")
    alone = search(browser, "of")

    assert "Too short to search for: of, 1." in with_others.content.decode()
    assert with_others.context["cl"].result_count == 1
    assert alone.context["cl"].result_count == 0


def test_a_search_keeps_the_filters_and_the_order() -> None:
    taken, waiting = build.case(), build.case(by=build.customer("Second"))
    taken.take_step("take_up", by=build.official())

    answer = search(handler(), "customer", kept="status=received&o=1&evil=1")

    assert [case.pk for case in answer.context["cl"].result_list] == [waiting.pk]
    ((address, _status),) = answer.redirect_chain
    assert address.startswith(f"{LIST}?status=received&o=1&q=")


def test_a_search_is_for_those_who_see_cases() -> None:
    designer = build.signed_in(build.official("designs", role="designer"))

    assert designer.post(f"{LIST}search/", {"q": "x"}).status_code == 403
    assert handler().get(f"{LIST}search/").status_code == 405
    assert Client().post(f"{LIST}search/", {"q": "x"}).status_code == 302


# --- leafing ---------------------------------------------------------------------------------------------------------


def many(count: int) -> list[Case]:
    """So many cases, the newest last, each of a customer of its own, of seven services and five handlers."""
    made = []
    versions = [build.version(key=f"service-{n}") for n in range(min(count, 7))]
    for n in range(count):
        case = build.case(versions[n % 7], by=build.customer(f"C{n}"), at=build.NOW + timedelta(minutes=n))
        if n % 2:
            case.take_step("take_up", by=build.official(f"handler{n % 5}"))
        made.append(case)
    return made


def test_the_list_asks_as_much_for_fifty_as_for_one() -> None:
    browser, counts = handler(), []
    for number in (1, 2, 50):
        many(number)
        browser.get(LIST)
        with CaptureQueriesContext(connection) as caught:
            browser.get(LIST)
        counts.append(len(caught))

    assert counts == [counts[0]] * 3
    assert counts[0] <= 12


@pytest.mark.thorough
def test_a_search_asks_as_much_for_fifty_as_for_one() -> None:
    browser, counts = handler(), []
    for number in (1, 2, 50):
        many(number)
        ((address, _status),) = search(browser, "customer").redirect_chain
        with CaptureQueriesContext(connection) as caught:
            browser.get(address)
        counts.append(len(caught))

    assert counts == [counts[0]] * 3


@pytest.mark.both
def test_pages_follow_each_other_also_after_the_number_that_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    made = many(7)
    monkeypatch.setattr("apps.cases.desk.caselist.CaseList.list_per_page", 3)
    browser, oldest = handler(), made[0]
    assert [*listed(browser), *listed(browser, p="2"), *listed(browser, p="3")] == [case.pk for case in reversed(made)]
    Case.objects.update(words="both")
    Case.objects.filter(pk=oldest.pk).update(register_number="both")

    ((address, _status),) = search(browser, "both").redirect_chain
    token = address.partition("q=")[2]

    seen = [pk for page in (1, 2, 3) for pk in listed(browser, q=token, p=str(page))]
    assert seen == [oldest.pk, *(case.pk for case in reversed(made[1:]))]


@pytest.mark.both
def test_no_more_are_counted_than_can_be_leafed_through(monkeypatch: pytest.MonkeyPatch) -> None:
    many(5)
    monkeypatch.setattr(leafing, "MOST", 3)
    monkeypatch.setattr("apps.cases.desk.caselist.CaseList.list_per_page", 2)

    with CaptureQueriesContext(connection) as caught:
        page = handler().get(LIST).content.decode()

    assert "More than 3 cases" in page
    assert "Narrow the list to reach the rest." in page
    assert "?p=2" in page
    assert "?p=3" not in page
    asked = [query["sql"] for query in caught if 'FROM "cases_case"' in query["sql"]]
    assert len(asked) == 3
    assert not [sql for sql in asked if "COUNT(" in sql]
    assert [sql.rpartition(" LIMIT ")[2] for sql in asked[:2]] == ["4", "2"]


@pytest.mark.both
def test_few_are_not_looked_for_along_the_order() -> None:
    """For few, walking along the order would pass by every case there is."""
    many(3)

    with CaptureQueriesContext(connection) as caught:
        handler().get(LIST)

    (ordered,) = [query["sql"] for query in caught if 'ORDER BY "cases_case"."arrived_at"' in query["sql"]]
    assert '"cases_case"."id" IN (' in ordered


@pytest.mark.parametrize("page", ["0", "-1", "99", "x", "99999999999999999999"])
def test_a_page_that_is_not_there_leads_to_the_list(page: str) -> None:
    case = build.case()

    assert listed(handler(), p=page) == [case.pk]


@pytest.mark.both
def test_the_list_is_ordered_by_number_arrival_and_day() -> None:
    first, second, third = many(3)
    Case.objects.filter(pk=first.pk).update(due_on=days(9))
    Case.objects.filter(pk=second.pk).update(due_on=days(3))
    browser = handler()

    assert listed(browser, o="1") == listed(browser, o="5") == [first.pk, second.pk, third.pk]
    assert listed(browser, o="-1") == [third.pk, second.pk, first.pk]
    assert listed(browser, o="7") == [second.pk, first.pk]
    assert listed(browser, o="-7") == [first.pk, second.pk]
    assert "only the cases are listed that have a day" in browser.get(LIST, {"o": "7"}).content.decode()


# --- narrowing -------------------------------------------------------------------------------------------------------


@pytest.mark.both
@pytest.mark.thorough
def test_every_filter_narrows_the_list() -> None:
    version = build.version(build.page("first", build.field("municipality", "where")), key="second")
    one = build.case(version, answers={"where": "091"}, language="fi")
    other = build.case(by=build.customer("Second"))
    one.take_step("take_up", by=build.official())
    Case.objects.filter(pk=one.pk).update(way="post", due_on=days(-1))
    browser = handler()

    for by in (
        {"status": "in_handling"},
        {"service": "second"},
        {"handler": "me"},
        {"due": "overdue"},
        {"municipality": "091"},
        {"municipality": "helsingfors"},
        {"municipality": "Helsinki"},
        {"language": "fi"},
        {"way": "post"},
        {"way": "post", "language": "fi", "due": "overdue"},
    ):
        assert listed(browser, **by) == [one.pk], by
    for by in ({"status": "received"}, {"handler": "nobody"}, {"due": "none"}, {"language": "sv"}, {"way": "portal"}):
        assert listed(browser, **by) == [other.pk], by
    for by in ({"status": "open"}, {"status": "x"}, {"way": "x"}, {"due": "x"}, {"language": "x"}, {"service": ""}):
        assert set(listed(browser, **by)) == {one.pk, other.pk}, by
    assert listed(browser, municipality="Nowhere") == []


def test_menus_that_were_left_as_they_were_do_not_stay_in_the_address() -> None:
    answer = handler().get(LIST, {"status": "received", "service": "", "handler": " "}, follow=True)

    assert answer.redirect_chain == [(f"{LIST}?status=received", 302)]


def test_the_menus_show_what_is_chosen_and_the_form_keeps_the_rest() -> None:
    build.case()
    browser = handler()
    ((address, _status),) = search(browser, "customer", kept="status=received&o=1").redirect_chain

    page = browser.get(address).content.decode()

    assert '<option value="received" selected>' in page
    form = page[page.index('class="narrow"') : page.index('id="by_status"')]
    assert 'name="o" value="1"' in form
    assert 'name="q" value="' in form


def test_an_authority_that_serves_a_few_municipalities_offers_those() -> None:
    build.version()
    Authority.objects.update(municipality_codes=["091", "049"])

    (spec,) = [one for one in handler().get(LIST).context["cl"].filter_specs if one.parameter_name == "municipality"]

    assert not spec.typed
    assert [code for code, _name in spec.lookup_choices] == ["049", "091"]


def test_a_municipality_that_is_not_there_is_told_of() -> None:
    build.version()

    page = handler().get(LIST, {"municipality": "Nowhere"}).content.decode()

    assert "There is no such municipality." in page
    assert 'value="Nowhere"' in page


def test_the_menus_ask_the_cases_nothing() -> None:
    build.case()
    browser = handler()

    with CaptureQueriesContext(connection) as caught:
        browser.get(LIST)

    assert not [query["sql"] for query in caught if "DISTINCT" in query["sql"] and "cases_case" in query["sql"]]


def test_somebody_limited_to_services_sees_those_alone() -> None:
    ours, _theirs = build.case(build.version(key="first")), build.case(build.version(key="second"))
    user = build.official("limited")
    Membership.objects.filter(user=user).update(only_services=["first"])
    browser = handler("limited")

    assert listed(browser) == [ours.pk]
    assert listed(browser, service="second") == [ours.pk]
    assert found(browser, "customer") == [ours.pk]


def test_a_case_whose_content_is_deleted_is_not_listed() -> None:
    case = build.case()
    Case.objects.filter(pk=case.pk).update(forgotten_at=build.NOW)

    assert listed(handler()) == []


@pytest.mark.parametrize(
    ("due", "more", "expected"),
    [
        (-1, {}, "Overdue"),
        (0, {}, "Due soon"),
        (7, {}, "Due soon"),
        (8, {}, ""),
        (-1, {"paused_at": build.NOW}, ""),
        (-1, {"status": "closed"}, ""),
    ],
)
def test_the_list_says_how_a_case_stands_with_its_day(due: int, more: dict[str, Any], expected: str) -> None:
    case = build.case()
    Case.objects.filter(pk=case.pk).update(due_on=days(due), **more)

    page = handler().get(LIST).content.decode()

    (cell,) = re.findall(r'<td class="field-due[^"]*">(.*?)</td>', page)
    assert re.findall(r'<span class="tag tag--\w+">(.*?)</span>', cell) == ([expected] if expected else [])
    assert (date_words(days(due)) in cell) is ("status" not in more)


# --- saved views -----------------------------------------------------------------------------------------------------


def save(browser: Client, name: str, kept: str) -> Any:
    """Save a view."""
    return browser.post(f"{LIST}views/", {"name": name, "kept": kept}, follow=True)


def test_a_view_keeps_filters_and_order_and_not_what_was_searched_for() -> None:
    browser = handler()

    answer = save(browser, " My  view ", "status=received&o=-1&q=token&evil=1&p=3")

    assert SavedView.objects.get().query == "status=received&o=-1"
    assert words_of(answer)[0] == "The view “My view” is saved."
    page = browser.get(f"{LIST}?status=received&o=-1").content.decode()
    assert '<a href="?status=received&amp;o=-1" aria-current="page">My view</a>' in page


def test_a_view_is_saved_over_under_its_name_and_is_ones_own() -> None:
    browser, other = handler(), handler("colleague")
    save(browser, "Mine", "status=received")
    save(browser, "Mine", "status=closed")
    save(other, "Mine", "way=post")

    assert sorted(SavedView.objects.values_list("user__username", "query")) == [
        ("colleague", "way=post"),
        ("handler", "status=closed"),
    ]
    assert "way=post" not in browser.get(LIST).content.decode()


def test_a_view_is_deleted_by_its_owner_alone() -> None:
    browser = handler()
    save(browser, "Mine", "status=received")
    address = f"{LIST}views/{SavedView.objects.get().pk}/delete/"

    assert handler("colleague").post(address).status_code == 404
    assert browser.get(address).status_code == 405
    assert browser.post(address).status_code == 302
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("name", ["", "   ", "a\0b"])
def test_a_view_without_a_name_is_not_saved(name: str) -> None:
    assert words_of(save(handler(), name, "status=received")) == ["Give the view a name."]
    assert not SavedView.objects.exists()


def test_there_are_not_more_views_than_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.cases.desk.savedviews.MOST", 2)
    browser = handler()
    for name in ("a", "b", "c", "b"):
        save(browser, name, "status=received")

    assert sorted(SavedView.objects.values_list("name", flat=True)) == ["a", "b"]


def test_views_are_for_those_who_see_cases() -> None:
    designer = build.signed_in(build.official("designs", role="designer"))

    assert designer.post(f"{LIST}views/", {"name": "x"}).status_code == 403


# --- several at once -------------------------------------------------------------------------------------------------


def several(browser: Client, act: str, *cases: Case, **more: Any) -> Any:
    """Do something with some cases."""
    return browser.post(f"{LIST}several/", {"act": act, "case": [case.pk for case in cases], **more}, follow=True)


def test_several_are_taken_up_and_the_others_say_why_not() -> None:
    first, second, taken = many(3)[0], build.case(by=build.customer("Second")), many(2)[1]

    answer = several(handler(), "take_up", first, second, taken, kept="status=received")

    assert answer.redirect_chain == [(f"{LIST}?status=received", 302)]
    done, refused = words_of(answer)
    assert done == "2 cases are taken up."
    assert refused.startswith(f"{taken}: This cannot be done while the case's status is “Being handled”.")
    assert {str(case.handler) for case in Case.objects.filter(pk__in=[first.pk, second.pk])} == {"handler"}
    lines = LogLine.objects.filter(act="changed").order_by("about").values_list("about", "detail")
    assert list(lines) == sorted([(str(first), "take_up"), (str(second), "take_up")])


def test_several_are_handed_on_once_however_often_the_form_is_sent() -> None:
    cases, colleague, browser = many(3), build.official("colleague"), handler()

    for _n in range(2):
        answer = several(browser, "assign", *cases, handler=colleague.pk, once="mark")

    assert words_of(answer)[-1] == "3 cases are handed on to colleague."
    assert [case.events.filter(kind="assign").count() for case in cases] == [1, 1, 1]
    assert {case.handler for case in Case.objects.all()} == {colleague}


@pytest.mark.parametrize(
    ("act", "more", "said"),
    [
        ("take_up", {}, "Choose at least one case."),
        ("assign", {"case": 1}, "Choose whom the cases are handed on to."),
        ("assign", {"case": 1, "handler": "0"}, "Choose whom the cases are handed on to."),
        ("assign", {"case": 1, "handler": "x"}, "Choose whom the cases are handed on to."),
    ],
)
def test_what_is_missing_is_told(act: str, more: dict[str, Any], said: str) -> None:
    assert words_of(handler().post(f"{LIST}several/", {"act": act, **more}, follow=True)) == [said]


def test_nothing_happens_to_cases_of_others_or_to_what_is_no_case() -> None:
    theirs = build.case(build.version(authority="other"))
    browser = handler()

    answer = browser.post(f"{LIST}several/", {"act": "take_up", "case": [theirs.pk, "x", "9" * 30]}, follow=True)

    theirs.refresh_from_db()
    assert theirs.status == "received"
    assert str(theirs) not in answer.content.decode()


def test_nobody_of_another_authority_is_handed_a_case() -> None:
    case = build.case()
    stranger = build.official("stranger", of=build.authority("other"))

    answer = several(handler(), "assign", case, handler=stranger.pk)

    assert words_of(answer) == ["Choose whom the cases are handed on to."]


def test_a_reader_is_offered_the_export_alone_and_refused_the_rest() -> None:
    case, reader = build.case(), handler("reads", role="reader")

    page = reader.get(LIST).content.decode()
    answer = several(reader, "take_up", case)

    assert 'value="csv"' in page
    assert 'value="take_up"' not in page
    assert words_of(answer) == [f"{case}: You may not take steps in this case."]


@pytest.mark.parametrize("act", ["take_up", "assign", "csv", "xlsx", "burn"])
def test_doing_something_with_several_is_for_those_who_see_cases(act: str) -> None:
    case = build.case()
    designer = build.signed_in(build.official("designs", role="designer"))

    assert several(designer, act, case).status_code == 403
    assert handler().get(f"{LIST}several/").status_code == 405
    assert several(handler(), "burn", case).status_code == 200


# --- export ----------------------------------------------------------------------------------------------------------


def lines_of(answer: Any) -> list[list[str]]:
    """The cells of an exported CSV."""
    text = b"".join(answer).decode("utf-8-sig")
    return [line.split(";") for line in text.splitlines()]


def test_the_chosen_cases_are_exported() -> None:
    first, second, _third = many(3)
    first.take_step("register", by=build.official(), register_number="=1+1")

    answer = handler().post(f"{LIST}several/", {"act": "csv", "case": [first.pk, second.pk]})

    header, *rows = lines_of(answer)
    assert header[:5] == ["Case number", "Register number", "Service", "Applicant", "Status"]
    assert [row[0] for row in rows] == [str(second), str(first)]
    assert rows[1][:5] == [str(first), "'=1+1", "Name of service-0", "C0 Customer", "Received, pending"]
    assert len({len(row) for row in (header, *rows)}) == 1
    assert [(line.act, line.about, line.detail) for line in LogLine.objects.all()] == [("exported", "cases", "csv, 2")]


def test_with_none_chosen_what_the_list_shows_is_exported() -> None:
    made, browser = many(4), handler()
    ((address, _status),) = search(browser, "C1", kept="status=in_handling").redirect_chain
    assert search(browser, "customer", kept="status=in_handling").context["cl"].result_count == 2
    token = address.partition("q=")[2]

    everything = lines_of(browser.post(f"{LIST}several/", {"act": "csv", "kept": "status=in_handling"}))
    searched = lines_of(browser.post(f"{LIST}several/", {"act": "csv", "kept": f"status=in_handling&q={token}"}))

    assert [row[0] for row in everything[1:]] == [str(made[3]), str(made[1])]
    assert searched[1:] == []


def test_an_export_is_a_workbook_too() -> None:
    case = build.case()

    answer = handler().post(f"{LIST}several/", {"act": "xlsx", "case": case.pk})

    content = b"".join(answer)
    answer.close()
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        texts = book.read("xl/worksheets/sheet1.xml").decode()
    assert str(case) in texts
    assert "<f>" not in texts


@pytest.mark.thorough
def test_an_export_asks_as_much_for_fifty_as_for_one() -> None:
    browser, counts = handler(), []
    for number in (1, 2, 50):
        many(number)
        with CaptureQueriesContext(connection) as caught:
            assert len(lines_of(browser.post(f"{LIST}several/", {"act": "csv"}))) > number
        counts.append(len(caught))

    assert counts == [counts[0]] * 3


def test_too_much_is_not_exported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    many(3)
    monkeypatch.setattr(bulk, "MOST_EXPORTED", 2)

    answer = several(handler(), "csv")

    assert words_of(answer) == ["More than 2 cases cannot be exported at once. Narrow the list first."]
    assert not LogLine.objects.exists()


def test_an_export_says_nothing_of_where_somebody_is_found_or_what_is_secret() -> None:
    asked = [build.field("email", "mail"), build.field("text", "hidden", secret=True), build.field("text", "title")]
    who = build.customer()
    who.email = "somewhere@example.com"
    who.save()
    case = build.case(
        build.version(build.page("first", *asked)),
        by=who,
        answers={"mail": "other@example.com", "hidden": "hush", "title": "Loud"},
    )

    exported = b"".join(handler().post(f"{LIST}several/", {"act": "csv", "case": case.pk})).decode()

    for word in ("@", "hush", "Loud"):
        assert word not in exported


def test_cases_of_others_are_not_exported() -> None:
    theirs = build.case(build.version(authority="other"))

    assert len(lines_of(handler().post(f"{LIST}several/", {"act": "csv", "case": theirs.pk}))) == 1
    assert not LogLine.objects.exists()


def test_an_export_of_several_authorities_is_logged_for_each() -> None:
    build.case()
    build.case(build.version(key="second", authority="other"))
    user = build.official()
    build.official(of=Authority.objects.get(key="other"))

    lines_of(build.signed_in(User.objects.get(pk=user.pk)).post(f"{LIST}several/", {"act": "csv"}))

    logged = LogLine.objects.order_by("authority").values_list("authority__key", "detail")
    assert sorted(logged) == [("example-town", "csv, 1"), ("other", "csv, 1")]


def test_the_page_has_a_box_for_each_case_that_belongs_to_the_form() -> None:
    case = build.case()

    page = unescape(handler().get(LIST).content.decode())

    box = f'<input type="checkbox" name="case" form="several" value="{case.pk}" aria-label="Choose {case}">'
    assert box in page
    assert page.count("<h1") == 1
