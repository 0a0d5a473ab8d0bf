"""Registering what came by other ways: the verbs, whose it becomes, and the desk's pages from the first to the case."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.applications import drafting, keeping
from apps.applications.drafting import NotComplete
from apps.applications.models import Application, Attachment, Frozen
from apps.cases import casefile, envelope, intake, letters, registering
from apps.cases.models import Case, Document, NotAllowed, Way
from apps.cases.registering import Arrival
from apps.people import identification
from apps.people.identification import Identification
from apps.people.identification.oidc import OpenIDConnect
from apps.people.models import Customer, LogLine, Mandate, Principal, User
from apps.people.sealing import index
from apps.services.models import Version
from apps.services.texts import HELSINKI
from apps.sync import duties
from tests import build

pytestmark = pytest.mark.django_db

ENGLISH = {"accept-language": "en"}
CODE = "010190-999W"  # of the artificial range
OTHER_CODE = "010180-9004"
CAME = build.NOW - timedelta(days=3)
HOME = "/admin/cases/case/register/"


def arrival(**more: Any) -> Arrival:
    """How something came by post, from Anna."""
    facts = {"way": Way.POST, "at": CAME, "language": "sv", "given_name": "Anna", "family_name": "Andersson"}
    return Arrival(**{**facts, **more})


def entered(of: Version | None = None, *, by: User | None = None, **more: Any) -> Application:
    """A draft of what came, with the one answer the default service asks for."""
    answers = more.pop("answers", {"title": "An example"})
    of = of or build.version()
    draft = registering.begin(of, arrival(**more), by=by or build.official(), once=uuid.uuid4(), at=build.NOW)
    draft.answers = answers
    draft.save()
    return draft


def registered(draft: Application | None = None, **more: Any) -> Case:
    """A case that came by post three days ago."""
    facts = {"by": build.official(), "way": Way.POST, "arrived_at": CAME, "at": build.NOW}
    return registering.register(draft or entered(), **{**facts, **more})


def signed_in_strongly(code: str = CODE, **more: Any) -> Customer:
    """The customer of a code, known by the provider."""
    claims = {"urn:oid:1.2.246.21": code, "given_name": "Anna Maria", "family_name": "Andersson", **more}
    return OpenIDConnect.identify(claims)


def sees(customer: Customer, case: Case) -> bool:
    """Whether a customer finds a case, reads its paper and may take steps in it: these three go together."""
    said = {
        Case.objects.of(customer).filter(pk=case.pk).exists(),
        Application.objects.of(customer).filter(pk=case.application_id).exists(),
        bool(case.steps_for(customer)),
    }
    assert len(said) == 1
    return said.pop()


# --- the verb --------------------------------------------------------------------------------------------------------


def test_register_makes_a_case_like_any_other_that_arrived_when_it_came() -> None:
    case = registered()

    line = case.events.get()
    assert (case.number, case.status, case.way) == (f"FE-2027-{case.pk:06d}", "received", "post")
    assert case.arrived_at == case.application.sent_at == CAME
    assert (line.kind, line.number, line.at, line.by_official) == ("received", 1, build.NOW, build.official())
    assert (line.data["way"], line.data["arrived_at"]) == ("post", CAME.isoformat())
    assert case.application.digest == drafting.paper_digest(case.application)
    case.refresh_from_db()
    assert case.uncollected_from == 1


def test_numbers_are_of_the_same_series_as_those_of_the_portal() -> None:
    of = build.version()

    first, second = build.case(of), registered(entered(of))

    assert [case.number for case in (first, second)] == [f"FE-2027-{case.pk:06d}" for case in (first, second)]


def test_registering_again_gives_the_same_case() -> None:
    draft = entered()

    first, second = registered(draft), registered(draft, by=build.official("colleague"), way=Way.EMAIL)

    assert first == second
    assert second.way == "post"
    assert second.events.count() == 1


@pytest.mark.parametrize("minutes", [0, 1])
def test_it_can_have_come_until_now_and_not_later(minutes: int) -> None:
    draft, came = entered(), build.NOW + timedelta(minutes=minutes)

    if minutes == 0:
        assert registered(draft, arrived_at=came).arrived_at == came
    else:
        with pytest.raises(NotAllowed):
            registered(draft, arrived_at=came)


@pytest.mark.parametrize("way", [Way.PORTAL, "", "pigeon"])
def test_only_other_ways_than_the_portal_are_registered(way: str) -> None:
    with pytest.raises(NotAllowed):
        registered(way=way)


def test_a_customers_own_draft_cannot_be_registered() -> None:
    with pytest.raises(NotAllowed):
        registered(build.application())


@pytest.mark.parametrize(
    ("name", "role", "of"),
    [
        ("stranger", "handler", "elsewhere"),
        ("reader", "reader", "example-town"),
        ("designer", "designer", "example-town"),
    ],
)
def test_only_who_may_handle_the_service_begins_and_registers(name: str, role: str, of: str) -> None:
    draft = entered()
    stranger = build.official(name, of=build.authority(of), role=role)

    with pytest.raises(NotAllowed):
        registered(draft, by=stranger)
    with pytest.raises(NotAllowed):
        entered(draft.version, by=stranger)


def test_what_is_missing_stops_it_unless_it_is_taken_as_it_is() -> None:
    draft = entered(answers={})

    with pytest.raises(NotComplete):
        registered(draft)
    case = registered(draft, as_it_is=True)

    assert case.application.answers == {}
    assert [gap.field.key for gap in registering.gaps(case.application)] == ["title"]


def test_a_paper_with_gaps_in_every_kind_of_question_can_be_read_everywhere() -> None:
    of = build.version(build.page("first", *build.every_kind()))
    case = registered(entered(of, answers={}, identity_code=CODE), as_it_is=True)
    customer = build.signed_in(signed_in_strongly(), headers=ENGLISH)
    desk = build.signed_in(build.official(), headers=ENGLISH)

    there = [
        desk.get(f"/admin/cases/case/{case.pk}/change/"),
        customer.get(f"/en/cases/{case.number}/"),
        customer.get(f"/en/cases/{case.number}/receipt/"),
        customer.get(f"/en/cases/{case.number}/receipt.pdf"),
    ]

    assert [answer.status_code for answer in there] == [200] * 4
    assert envelope.case_data(case.events.get())["formdata"]["papers"][0]["pages"]


def test_conditions_and_limits_are_judged_on_the_day_it_came() -> None:
    of = build.version(build.page("first", build.field("date", "starts", lead_time={"days": 5, "late": "refuse"})))
    in_time, late = build.NOW.date() + timedelta(days=3), build.NOW.date() + timedelta(days=1)

    assert registering.gaps(entered(of, answers={"starts": in_time.isoformat()})) == []
    gap = registering.gaps(entered(of, answers={"starts": late.isoformat()}))[0]
    assert (gap.field.key, gap.why == "") == ("starts", False)


def test_a_supplement_can_be_asked_for_what_is_missing() -> None:
    case = registered(entered(answers={}, identity_code=CODE), as_it_is=True)
    handler, customer = build.official(), signed_in_strongly()
    case.take_step("take_up", by=handler, at=build.NOW)
    due = build.TODAY + timedelta(days=14)
    case.take_step("request_supplement", by=handler, at=build.NOW, text="The title?", due=due, fields=["title"])

    supplement = intake.begin_supplement(case, customer)
    supplement.answers = {"title": "Now", "supplement_text": "Here"}
    supplement.save()
    intake.send(supplement, by=customer, at=build.NOW)

    case.refresh_from_db()
    assert case.status == "supplemented"
    assert intake.latest_answers(case)["title"] == "Now"


def test_originals_become_documents_of_the_first_line_with_their_content_unchanged() -> None:
    draft = entered()
    assert registering.add_originals(draft, [SimpleUploadedFile("letter.pdf", build.PDF)]) == []

    case = registered(draft)

    line = case.events.get()
    document = Document.objects.get(event=line)
    with document.content.open() as content:
        assert content.read() == build.PDF
    assert [item["name"] for item in line.data["files"]] == ["letter.pdf"] == [document.name]
    assert not Attachment.objects.exists()


def test_an_original_that_is_no_document_is_refused_in_words() -> None:
    said = registering.add_originals(entered(), [SimpleUploadedFile("run.exe", b"MZ" + b"\0" * 100)])

    assert len(said) == 1
    assert said[0].startswith("run.exe: ")


# --- whose it becomes ------------------------------------------------------------------------------------------------


def test_it_belongs_to_who_has_signed_in_with_the_code_before() -> None:
    known = signed_in_strongly()

    case = registered(entered(identity_code=CODE))

    assert case.application.customer == known
    assert sees(known, case)
    assert not Customer.objects.filter(way="desk").exists()


def test_it_is_theirs_when_they_sign_in_for_the_first_time_afterwards() -> None:
    case = registered(entered(identity_code=CODE, email="anna@example.fi"))

    customer = signed_in_strongly()

    case.refresh_from_db()
    assert sees(customer, case)
    assert (customer.way, customer.subject, customer.given_name) == ("oidc", index(CODE), "Anna Maria")
    assert customer.email == "anna@example.fi"


def test_all_that_was_entered_under_a_code_is_one_customers() -> None:
    of = build.version()
    first, second = (registered(entered(of, identity_code=CODE)) for _ in range(2))

    customer = signed_in_strongly()

    first.refresh_from_db()
    second.refresh_from_db()
    assert sees(customer, first)
    assert sees(customer, second)
    assert Customer.objects.count() == 1


def test_what_was_entered_while_they_signed_in_is_theirs_at_the_next_time() -> None:
    known = signed_in_strongly()
    desk = Customer.objects.create(way="desk", subject=index(CODE), identity_code=CODE, given_name="A", family_name="B")
    case = registered()
    Application.objects.filter(pk=case.application_id).update(customer=desk)

    signed_in_strongly()

    case.refresh_from_db()
    assert sees(known, case)
    assert not Customer.objects.filter(pk=desk.pk).exists()


def test_it_is_found_under_an_older_key(settings: Any) -> None:
    case = registered(entered(identity_code=CODE))
    settings.IDENTITY_CODE_KEYS = ["a-newer-key-that-is-long-enough-for-this", *settings.IDENTITY_CODE_KEYS]

    customer = signed_in_strongly()

    case.refresh_from_db()
    assert sees(customer, case)


def strangers() -> dict[str, Customer]:
    """Those who are like Anna in everything but the code."""
    names = {"given_name": "Anna", "family_name": "Andersson", "email": "anna@example.fi"}
    return {
        "of another code": signed_in_strongly(OTHER_CODE, given_name="Anna", email="anna@example.fi"),
        "of the same mailbox": Customer.objects.create(way="email", subject="anna@example.fi", **names),
        "of the same index in a weak way": Customer.objects.create(way="email", subject=index(CODE), **names),
        "of the same name": Customer.objects.create(way="example", subject="anna", **names),
    }


@pytest.mark.parametrize("code", [CODE, ""])
@pytest.mark.parametrize("who", list(range(4)))
def test_it_is_nobody_elses_by_name_or_mailbox(code: str, who: int) -> None:
    others = list(strangers().values())
    case = registered(entered(identity_code=code, email="anna@example.fi"))

    assert not sees(others[who], case)
    assert case.application.customer.way == "desk"


def test_without_a_code_nobody_can_claim_it() -> None:
    first, second = registered(entered()), registered(entered(build.version(key="other")))

    customers = {first.application.customer, second.application.customer}
    assert len(customers) == 2
    assert not any(len(one.subject) == 64 for one in customers)  # as long as an index


def test_before_it_is_registered_it_is_nobodys_whatever_code_is_written() -> None:
    draft = entered(identity_code=CODE)

    customer = signed_in_strongly()

    draft.refresh_from_db()
    assert draft.customer != customer
    assert not Application.objects.of(customer).exists()
    assert not Application.objects.of(draft.customer).exists()


def test_nobody_signs_in_as_one_whom_an_official_has_entered(rf: Any) -> None:
    assert "desk" not in Identification.ways
    with pytest.raises(ValueError, match="nobody signs in"):
        identification.sign_in(rf.get("/"), entered(identity_code=CODE).customer)


def test_a_companys_case_is_seen_by_those_who_act_for_it() -> None:
    company: dict[str, Any] = {"company_name": "Bryggan Ab", "business_id": "2617416-4"}
    case = registered(entered(**company))
    colleague = build.customer()
    principal = Principal.objects.get(kind="company", subject="2617416-4")
    Mandate.objects.create(customer=colleague, principal=principal)

    assert not sees(colleague, case)
    colleague.acting_for = principal
    assert sees(colleague, case)


def test_a_company_known_before_is_the_same_principal_under_its_own_name() -> None:
    known = Principal.objects.create(kind="company", subject="2617416-4", name="Bryggan Ab")

    case = registered(entered(company_name="bryggan", business_id="2617416-4"))

    assert case.application.principal == known
    assert str(known) == "Bryggan Ab (2617416-4)"


def test_the_mandate_a_service_asks_for_still_holds_for_steps() -> None:
    of = build.version(mandate="permits")
    case = registered(entered(of, company_name="Bryggan Ab", business_id="2617416-4"))
    colleague = build.customer()
    colleague.acting_for = case.application.principal
    assert colleague.acting_for is not None
    held = Mandate.objects.create(customer=colleague, principal=colleague.acting_for)

    assert case.steps_for(colleague) == []
    held.roles = ["permits"]
    held.save()
    assert case.steps_for(colleague) != []


def test_a_protection_order_of_either_hides_contact_data() -> None:
    signed_in_strongly(**{"urn:oid:1.2.246.517.2002.2.27": "1"})

    known, written = (
        registered(entered(identity_code=CODE)),
        registered(entered(build.version(key="other"), protected=True)),
    )

    assert known.events.get().data["protected"] is True
    assert written.events.get().data["protected"] is True
    assert known.application.customer.protected
    assert written.application.customer.protected


# --- what others are told --------------------------------------------------------------------------------------------


def test_the_envelope_says_the_way_and_whose_it_is_and_not_who_registered_it() -> None:
    case = registered(entered(identity_code=CODE, company_name="Bryggan Ab", business_id="2617416-4"))

    said = envelope.case_data(case.events.get())

    assert (said["way"], said["arrivedAt"]) == ("post", envelope.moment(CAME))
    behalf = {"kind": "company", "name": "Bryggan Ab", "businessId": "2617416-4"}
    assert said["commondata"]["customer"] == {"name": "Anna Andersson", "onBehalfOf": behalf}
    assert said["formdata"]["papers"][0]["sentAt"] == envelope.moment(CAME)


def test_the_envelope_is_the_same_after_they_have_signed_in_under_another_name() -> None:
    case = registered(entered(identity_code=CODE))
    before = envelope.case_data(case.events.get())

    signed_in_strongly(given_name="Anneli")

    assert envelope.case_data(Case.objects.get(pk=case.pk).events.get()) == before


def test_the_portals_own_cases_say_no_way() -> None:
    assert "way" not in envelope.case_data(build.case().events.get())


@pytest.mark.parametrize(("code", "told"), [(CODE, ["anna@example.fi", "role@example.fi"]), ("", ["role@example.fi"])])
def test_mails_go_to_who_can_sign_in_and_look(code: str, told: list[str]) -> None:
    build.authority(email="role@example.fi")
    case = registered(entered(identity_code=code, email="anna@example.fi"))

    line = case.events.get()

    assert [one.address for one in letters.recipients([line])[line.pk]] == told


def test_the_receipt_says_who_sent_it_and_no_declaration_they_never_made() -> None:
    of = build.version(declaration=build.said("I swear"))
    case = registered(entered(of, identity_code=CODE))
    browser = build.signed_in(signed_in_strongly(), headers=ENGLISH)

    said = browser.get(f"/en/cases/{case.number}/receipt/").content.decode()

    assert "Anna Andersson" in said
    assert "I swear" not in said
    assert "26" in said  # the day it came


def test_the_package_says_whose_it_is_and_how_it_came() -> None:
    draft = entered(company_name="Bryggan Ab", business_id="2617416-4")
    registering.add_originals(draft, [SimpleUploadedFile("letter.pdf", build.PDF)])

    said = casefile.case_document(casefile.case_file(registered(draft)))

    assert said["applicant"]["name"] == "Bryggan Ab"
    assert said["representative"]["name"] == "Anna Andersson"
    assert said["papers"][0]["sentBy"] == "Anna Andersson"


# --- what is not registered yet --------------------------------------------------------------------------------------


def test_its_customer_is_not_reminded_of_what_an_official_enters_and_it_goes_in_time() -> None:
    draft = entered(identity_code=CODE, email="anna@example.fi")
    customer = draft.customer
    Application.objects.update(changed_at=build.NOW)
    last = keeping.kept_until(Application.objects.get())
    assert last is not None
    soon = build.NOW + timedelta(days=85)

    assert not duties.remind_of_drafts(soon)["reminders posted"]
    assert duties.delete_drafts(soon)["drafts deleted"] == 0
    assert duties.delete_drafts(build.NOW + timedelta(days=92))["drafts deleted"] == 1
    assert not Customer.objects.filter(pk=customer.pk).exists()


def test_a_form_sent_twice_begins_one_draft() -> None:
    of, once = build.version(), uuid.uuid4()

    first, second = (registering.begin(of, arrival(), by=build.official(), once=once, at=build.NOW) for _ in range(2))

    assert first == second
    assert Customer.objects.count() == 1


def test_what_is_registered_is_changed_no_more() -> None:
    draft = entered()
    registered(draft)

    with pytest.raises(Frozen):
        registering.change(draft, arrival(way=Way.EMAIL), at=build.NOW)


def test_who_may_handle_the_service_may_go_on_with_a_colleagues() -> None:
    draft = entered()
    limited = build.official("limited")
    limited.memberships.update(only_services=["another"])
    people = [build.official("colleague"), limited, build.official("elsewhere", of=build.authority("elsewhere"))]

    assert [registering.being_entered(one) == [draft] for one in people] == [True, False, False]


# --- the pages -------------------------------------------------------------------------------------------------------


def desk(user: User | None = None) -> Client:
    """An official's browser."""
    return build.signed_in(user or build.official(), headers=ENGLISH)


def form(of: int | None = None, **more: Any) -> dict[str, Any]:
    """What the first page sends, of something that came yesterday at noon."""
    yesterday = (timezone.now() - timedelta(days=1)).astimezone(HELSINKI)
    said = {
        "way": "counter",
        "day": f"{yesterday.day}.{yesterday.month}.{yesterday.year}",
        "time": "12.00",
        "language": "sv",
        "party": "person",
        "given_name": "Anna",
        "family_name": "Andersson",
        "once": uuid.uuid4().hex,
    }
    return said | ({"service": of} if of else {}) | more


def begun_at_the_desk(browser: Client, of: Version, **more: Any) -> Application:
    """A draft begun by the first page."""
    answer = browser.post(HOME, form(of.service_id, **more))
    assert answer.status_code == 302, answer.context["form"].errors
    return Application.objects.order_by("-created_at")[0]


def text_of(answer: Any) -> str:
    """The words of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def test_from_the_first_page_to_the_case() -> None:
    of = build.version(
        build.page("who", build.field("text", "name", prefill="name")), build.page("what", build.field("text", "title"))
    )
    browser = desk()

    draft = begun_at_the_desk(browser, of, identity_code=CODE, files=[SimpleUploadedFile("letter.pdf", build.PDF)])
    first = browser.get(f"{HOME}{draft.pk}/pages/who/")
    second = browser.post(f"{HOME}{draft.pk}/pages/who/", {"name": "Anna Andersson"})
    third = browser.post(f"{HOME}{draft.pk}/pages/what/", {"title": "A pier"})
    check = browser.get(third["Location"])
    done = browser.post(third["Location"], follow=True)

    assert 'value="Anna Andersson"' in first.content.decode()
    assert second["Location"].endswith("/pages/what/")
    assert "letter.pdf" in text_of(check)
    case = Case.objects.get()
    assert (case.way, case.application.answers) == ("counter", {"name": "Anna Andersson", "title": "A pier"})
    assert str(case.number) in text_of(done)
    assert "Way of arrival: Counter" in text_of(done)
    assert "letter.pdf" in text_of(done)


def test_the_identity_code_is_masked_where_it_is_shown_again_and_stands_in_no_address() -> None:
    browser = desk()
    draft = begun_at_the_desk(browser, build.version(), identity_code=CODE)

    pages = [browser.get(f"{HOME}{draft.pk}/{place}") for place in ("", "check/", "pages/first/")]

    assert all(CODE not in page.content.decode() for page in pages)
    assert "010190-****" in pages[0].content.decode()
    assert "010190-****" in text_of(pages[1])


def test_the_mask_sent_back_means_the_code_written_before() -> None:
    browser = desk()
    draft = begun_at_the_desk(browser, build.version(), identity_code=CODE)

    answer = browser.post(f"{HOME}{draft.pk}/", form(identity_code="010190-****", given_name="Anne"))

    assert answer.status_code == 302
    customer = Customer.objects.get(pk=draft.customer_id)
    assert (customer.identity_code, customer.given_name) == (CODE, "Anne")


tomorrow = (timezone.now() + timedelta(days=1)).astimezone(HELSINKI)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"day": f"{tomorrow.day}.{tomorrow.month}.{tomorrow.year}"}, "a time that is ahead"),
        ({"day": "31.2.2026"}, "a date that exists"),
        ({"time": ""}, "Write the time of arrival"),
        ({"way": "portal"}, "portal is not one of the available choices"),
        ({"identity_code": "010190-999X"}, "with its check character"),
        ({"identity_code": "010190-****"}, "Write the whole personal identity code"),
        ({"given_name": CODE}, "Write the personal identity code in its own place"),
        ({"party": "company", "company_name": "Bryggan Ab"}, "Write the business ID"),
        ({"party": "company", "company_name": "Bryggan Ab", "business_id": "2617416-5"}, "with its check digit"),
        ({"service": ""}, "Choose the service"),
    ],
)
def test_what_is_wrong_is_said_in_words_and_nothing_is_kept(wrong: dict[str, str], said: str) -> None:
    of = build.version()
    build.version(key="other")

    answer = desk().post(HOME, form(of.service_id, **wrong))

    assert answer.status_code == 200
    assert said in text_of(answer)
    assert not Application.objects.exists()


def test_services_closed_to_customers_and_conditional_ones_can_be_chosen_and_others_not() -> None:
    closed = build.version(key="closed")
    closed.service.closed_at = build.NOW
    closed.service.save()
    build.version(key="elsewhere", authority="elsewhere")
    build.version(key="unpublished", published=False)

    offered = desk().get(HOME).context["services"]

    assert [service.key for service in offered] == ["closed"]


def test_gaps_are_passed_over_and_listed_with_links_and_need_a_tick() -> None:
    of = build.version(
        build.page("first", build.field("text", "title")), build.page("second", build.field("text", "place"))
    )
    browser = desk()
    draft = begun_at_the_desk(browser, of)

    onward = browser.post(f"{HOME}{draft.pk}/pages/first/", {"title": ""})
    check = browser.get(f"{HOME}{draft.pk}/check/")
    refused = browser.post(f"{HOME}{draft.pk}/check/")
    taken = browser.post(f"{HOME}{draft.pk}/check/", {"as_it_is": "on"})

    assert onward["Location"].endswith("/pages/second/")
    assert f'href="{HOME}{draft.pk}/pages/first/?from=check#id_title"' in check.content.decode()
    assert "Title : Not answered" in text_of(check)
    assert "Tick the box" in text_of(refused)
    assert taken["Location"] == f"/admin/cases/case/{Case.objects.get().pk}/change/"


def test_what_the_service_would_refuse_is_kept_as_it_stood_on_paper() -> None:
    of = build.version(build.page("first", build.field("date", "starts", lead_time={"days": 5, "late": "refuse"})))
    browser = desk()
    draft = begun_at_the_desk(browser, of)
    today = timezone.localdate(timezone=HELSINKI)

    answer = browser.post(f"{HOME}{draft.pk}/pages/first/", {"starts": f"{today.day}.{today.month}.{today.year}"})

    draft.refresh_from_db()
    assert answer.status_code == 302
    assert draft.answers == {"starts": today.isoformat()}
    assert len(browser.get(f"{HOME}{draft.pk}/check/").context["gaps"]) == 1


def test_what_cannot_be_read_stops_the_page() -> None:
    browser = desk()
    draft = begun_at_the_desk(browser, build.version(build.page("first", build.field("date", "starts"))))

    answer = browser.post(f"{HOME}{draft.pk}/pages/first/", {"starts": "soon"})

    assert answer.status_code == 200
    assert "a date that exists" in text_of(answer)


def test_files_of_a_question_are_kept_given_back_and_removed() -> None:
    of = build.version(build.page("first", build.field("file", "plan", required=False)))
    browser = desk()
    draft = begun_at_the_desk(browser, of)
    there = f"{HOME}{draft.pk}/pages/first/"

    browser.post(there, {"plan": SimpleUploadedFile("plan.pdf", build.PDF)})
    kept = Attachment.objects.get()
    given: Any = browser.get(f"{HOME}{draft.pk}/files/{kept.pk}/")
    browser.post(there, {"_remove": str(kept.pk)})

    assert b"".join(given.streaming_content) == build.PDF
    assert not Attachment.objects.exists()


def test_two_at_one_page_overwrite_nothing() -> None:
    of = build.version()
    browser = desk()
    draft = begun_at_the_desk(browser, of)
    there = f"{HOME}{draft.pk}/pages/first/"
    seen = browser.get(there).context["seen"]
    desk(build.official("colleague")).post(there, {"title": "Theirs", "_seen": seen})

    answer = browser.post(there, {"title": "Mine", "_seen": seen})

    draft.refresh_from_db()
    assert draft.answers == {"title": "Theirs"}
    assert "Somebody has changed this page meanwhile" in text_of(answer)


def test_what_is_not_registered_is_listed_and_can_be_deleted() -> None:
    browser = desk()
    draft = begun_at_the_desk(browser, build.version())

    listed = browser.get(HOME)
    browser.post(f"{HOME}{draft.pk}/delete/")

    assert "Anna Andersson" in text_of(listed)
    assert not Application.objects.exists()
    assert not Customer.objects.exists()


def test_an_address_of_what_is_registered_leads_to_its_case() -> None:
    draft = entered()
    case = registered(draft)

    for place in ("", "check/", "pages/first/", "delete/"):
        assert desk().get(f"{HOME}{draft.pk}/{place}")["Location"] == f"/admin/cases/case/{case.pk}/change/"


def people() -> dict[str, User]:
    """Those who may not handle the service."""
    limited = build.official("limited")
    limited.memberships.update(only_services=["another"])
    return {
        "other authority": build.official("stranger", of=build.authority("elsewhere")),
        "reader": build.official("reader", role="reader"),
        "designer": build.official("designer", role="designer"),
        "limited": limited,
        "superuser": build.superuser(),
    }


@pytest.mark.thorough
@pytest.mark.parametrize("who", ["other authority", "reader", "designer", "limited", "superuser"])
@pytest.mark.parametrize("place", ["", "pages/first/", "check/", "delete/", "files/{file}/"])
def test_nobody_else_gets_anything(who: str, place: str) -> None:
    draft = entered()
    registering.add_originals(draft, [SimpleUploadedFile("letter.pdf", build.PDF)])
    address = f"{HOME}{draft.pk}/{place}".format(file=Attachment.objects.get().pk)
    browser = desk(people()[who])

    got, posted = browser.get(address), browser.post(address, {"title": "x", "as_it_is": "on"})

    assert {got.status_code, posted.status_code} <= {404, 405}
    assert Application.objects.get().is_draft


@pytest.mark.parametrize("place", ["", "pages/first/", "check/"])
def test_a_customers_draft_is_not_found_here(place: str) -> None:
    draft = build.application()

    assert desk().get(f"{HOME}{draft.pk}/{place}").status_code == 404


@pytest.mark.parametrize(("who", "status"), [("reader", 403), ("designer", 403), ("superuser", 403), ("limited", 200)])
def test_the_first_page_is_for_those_who_handle_something(who: str, status: int) -> None:
    of = build.version()
    browser = desk(people()[who])

    assert browser.get(HOME).status_code == status
    assert browser.post(HOME, form(of.service_id)).status_code == status
    assert not Application.objects.exists()


def test_a_visitor_is_sent_to_sign_in() -> None:
    assert Client().get(HOME)["Location"].startswith("/admin/login/")


def test_the_log_says_who_entered_and_registered_what() -> None:
    browser = desk()
    draft = begun_at_the_desk(browser, build.version(), identity_code=CODE)
    browser.post(f"{HOME}{draft.pk}/pages/first/", {"title": "x"})
    browser.get(f"{HOME}{draft.pk}/check/")
    browser.post(f"{HOME}{draft.pk}/check/")

    lines = list(LogLine.objects.order_by("pk").values_list("act", "about", flat=False))
    assert lines[:4] == [
        ("changed", "registration"),
        ("changed", "registration"),
        ("saw", "registration"),
        ("changed", Case.objects.get().number),
    ]
    assert not any("Anna" in line.detail for line in LogLine.objects.all())


def test_the_list_of_cases_leads_here() -> None:
    assert HOME in desk().get("/admin/cases/case/").content.decode()
    assert HOME not in desk(build.official("reader", role="reader")).get("/admin/cases/case/").content.decode()


def test_pages_ask_no_more_with_more_that_is_not_registered(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    of = build.version()
    draft = entered(of)
    for _ in range(5):
        entered(of)
    browser = desk()
    browser.get(HOME)

    for place in ("", f"{draft.pk}/", f"{draft.pk}/pages/first/", f"{draft.pk}/check/"):
        with django_assert_max_num_queries(10):
            assert browser.get(f"{HOME}{place}").status_code == 200


# --- conditional services --------------------------------------------------------------------------------------------


def test_of_a_conditional_service_the_customer_follows_the_status_that_staff_keep() -> None:
    addresses = {language: f"https://www.example.fi/{language}" for language in ("sv", "fi", "en")}
    of = build.version(build.page("first", build.field("text", "subject")), key="wind-power", own_service=addresses)
    browser = desk()
    draft = begun_at_the_desk(browser, of, way="other_service", identity_code=CODE)
    browser.post(f"{HOME}{draft.pk}/pages/first/", {"subject": "Permit 12"})
    browser.post(f"{HOME}{draft.pk}/check/")
    case = Case.objects.get()
    customer = build.signed_in(signed_in_strongly(), headers=ENGLISH)

    case.take_step("take_up", by=build.official())
    handled = customer.get(f"/en/cases/{case.number}/")
    case.take_step("close", by=build.official(), outcome="noted", text="See the decision")
    closed = customer.get("/en/cases/")

    assert case.way == "other_service"
    assert "Being handled" in text_of(handled)
    assert "Noted" in text_of(closed)
