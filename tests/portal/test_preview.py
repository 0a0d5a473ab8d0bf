"""The preview: the customer's pages before there are customers, for the service's designers alone; and nothing comes of it."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from pytest_django import Settings

from apps.people.models import User
from apps.portal import trial
from apps.services import working
from apps.services.fieldtypes.written import SAMPLE
from apps.services.models import Revision, Service, WorkingCopy
from apps.services.routes import routes
from tests import build

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
EVENTS = json.loads((ROOT / "apps/services/library/survey-event.json").read_text("utf-8"))
LIBRARY = [
    json.loads((ROOT / f"apps/services/library/{name}.json").read_text("utf-8"))
    for name in ("public-event", "noise-notification")
]
AUDIENCE = build.field("whole_number", "audience")
PLAN = build.field("file", "plan", show_when={"field": "audience", "at_least": 200})
PAGES = (
    build.page("first", build.field("text", "title"), AUDIENCE),
    build.page("second", build.field("yes_no", "music"), PLAN),
)


def being_written(*pages: dict[str, Any], **more: Any) -> Service:
    """A service of which there is a working copy and no version."""
    return working.begin_new(build.authority(), build.document(*(pages or PAGES), **more), by=None).service


def designer() -> Client:
    """A browser in which a designer of the authority is signed in."""
    return build.signed_in(build.official("designer", role="designer"))


def address(name: str, service: Service, *args: str, **query: str) -> str:
    """An address of the preview."""
    asked = "&".join(f"{key}={value}" for key, value in query.items())
    return reverse(f"portal:{name}", args=[service.pk, *args]) + (f"?{asked}" if asked else "")


def text(answer: Any) -> str:
    return str(answer.content.decode())


def rows() -> dict[str, int]:
    """How many rows there are of everything but the session."""
    return {m._meta.label: m._default_manager.count() for m in apps.get_models() if m._meta.label != "sessions.Session"}


# --- the walk --------------------------------------------------------------------------------------------------------


def test_whole_form_is_walked_and_nothing_comes_of_it() -> None:
    service, browser = being_written(), designer()
    browser.get("/admin/")
    before = rows()

    begun = browser.post(address("preview", service))
    first = browser.post(begun.headers["Location"], {"title": "A thing", "audience": "300"})
    upload = {"music": "yes", "plan": SimpleUploadedFile("plan.pdf", build.PDF)}
    second = browser.post(first.headers["Location"], upload)
    check = browser.get(second.headers["Location"])
    sent = browser.post(address("preview_sent", service), follow=True)

    assert begun.headers["Location"] == address("preview_page", service, "first")
    assert first.headers["Location"] == address("preview_page", service, "second")
    assert second.headers["Location"] == address("preview_check", service)
    assert "plan.pdf" in text(check)
    assert "A thing" in text(check)
    assert sent.templates[0].name == "portal/preview_sent.html"
    assert rows() == before


def test_question_that_is_filled_in_from_the_national_service_shows_an_example_of_that() -> None:
    service = being_written(build.page("first", build.field("email", "mail", prefill="common_data")))

    html = designer().get(address("preview_page", service, "first")).content.decode()

    sample = build.definition(build.page("first", build.field("email", "mail"))).fields["mail"].sample(build.TODAY)
    assert f'value="{sample}"' in html
    assert "question__source" in html


def test_page_that_is_wrong_is_shown_again_with_what_was_typed() -> None:
    service, browser = being_written(), designer()

    answer = browser.post(address("preview_page", service, "first"), {"title": "A thing", "audience": "many"})

    assert answer.status_code == 200
    assert 'class="mistakes"' in text(answer)
    assert 'value="many"' in text(answer)
    assert 'value="A thing"' in text(browser.get(address("preview_page", service, "first")))


def test_file_is_noted_by_name_and_can_be_taken_away() -> None:
    service, browser = being_written(build.page("only", build.field("file", "plan"))), designer()
    page = address("preview_page", service, "only")

    browser.post(page, {"plan": SimpleUploadedFile("plan.pdf", build.PDF)})
    kept = browser.session[f"preview_{service.pk}"]["answers"]["plan"]
    shown = browser.get(page)
    browser.post(page, {"_remove": kept[0]["id"]})

    assert "plan.pdf" in text(shown)
    assert "answers" in browser.session[f"preview_{service.pk}"]
    assert "plan" not in browser.session[f"preview_{service.pk}"]["answers"]


def test_row_is_added_without_script() -> None:
    group = build.field("repeating", "stalls", fields=[build.field("text", "what")])
    service, browser = being_written(build.page("only", group)), designer()

    answer = browser.post(
        address("preview_page", service, "only"),
        {"stalls-count": "1", "stalls-0-what": "Coffee", "stalls-act": "add"},
    )

    assert answer.status_code == 200
    assert 'name="stalls-1-what"' in text(answer)
    assert 'value="Coffee"' in text(answer)


def test_declaration_must_be_made_before_it_would_be_sent() -> None:
    service, browser = being_written(declaration=build.said("I declare")), designer()
    browser.post(address("preview_fill", service), {"do": "all"})

    undeclared = browser.post(address("preview_sent", service))
    declared = browser.post(address("preview_sent", service), {"declared": "on"})

    assert "id_declared_error" in text(undeclared)
    assert declared.headers["Location"] == address("preview_sent", service)


def test_form_that_is_not_done_is_not_said_to_be_sent() -> None:
    service = being_written()

    answer = designer().post(address("preview_sent", service))

    assert answer.headers["Location"] == address("preview_page", service, "first")


# --- examples --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", LIBRARY, ids=[one["key"] for one in LIBRARY])
def test_examples_make_the_whole_form_ready_to_send(document: dict[str, Any]) -> None:
    service = working.begin_new(build.authority(), document, by=None).service
    browser = designer()

    browser.post(address("preview_fill", service), {"do": "all"})

    assert 'class="panel panel--warning"' not in text(browser.get(address("preview_check", service)))


def test_examples_on_one_page_leave_the_others_open() -> None:
    service, browser = being_written(), designer()

    there = browser.post(address("preview_fill", service), {"do": "page", "page": "first"})

    assert there.headers["Location"].startswith(address("preview_page", service, "first"))
    assert set(browser.session[f"preview_{service.pk}"]["answers"]) == {"title", "audience"}


def test_starting_over_throws_all_answers_away() -> None:
    service, browser = being_written(), designer()
    browser.post(address("preview_fill", service), {"do": "all"})

    browser.post(address("preview_fill", service), {"do": "empty"})

    assert f"preview_{service.pk}" not in browser.session


def test_route_is_tried_with_answers_that_lead_there() -> None:
    service, browser = being_written(), designer()
    route = routes(trial.tried(service).definition)[0]

    there = browser.post(address("preview_fill", service), {"do": "route", "route": route.mark})

    assert there.headers["Location"] == address("preview_page", service, "second") + "#id_plan"
    assert browser.session[f"preview_{service.pk}"]["answers"]["audience"] == 200
    assert "<fieldset" in text(browser.get(there.headers["Location"]))


def test_more_than_a_preview_keeps_is_not_kept_and_said() -> None:
    service = being_written(build.page("only", build.field("long_text", "story", max_length=20_000)))
    browser = designer()
    page = address("preview_page", service, "only")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trial, "LARGEST", 1_000)
        answer = browser.post(page, {"story": "x" * 2_000})

    assert answer.status_code == 200
    assert "x" * 2_000 in text(answer)
    assert f"preview_{service.pk}" not in browser.session


# --- what is shown ---------------------------------------------------------------------------------------------------


def test_page_is_the_one_the_customer_gets() -> None:
    """But for the bar, the addresses, and what is only there for a paper that is kept."""
    version = build.version(*PAGES)
    paper = build.application(version, answers={})
    customers = build.signed_in(paper.customer).get(reverse("portal:page", args=[paper.pk, "first"]))
    ours = designer().get(address("preview_page", version.service, "first"))

    def form(answer: Any) -> str:
        inside = text(answer).partition('<div id="div')[0]
        return inside[inside.index('<div class="question') : inside.index('<div class="buttons">')]

    assert form(ours) == form(customers)
    assert ours.templates[0].name == "portal/page.html"


def test_working_copy_is_shown_before_the_version_and_a_version_when_asked_for() -> None:
    version = build.version(*PAGES)
    copy_ = working.begin(version.service, by=None)
    document = working.document_of(copy_)
    document["name"] = build.said("Another name")
    working.make(copy_, working.editing.replace(document), by=None, seen=copy_.at)
    browser = designer()

    assert "Another name" in text(browser.get(address("preview", version.service)))
    assert "Another name" not in text(browser.get(address("preview", version.service, version="1")))
    assert browser.get(address("preview", version.service, version="7")).status_code == 404
    assert "version=1" in text(browser.get(address("preview_page", version.service, "first", version="1")))


def test_answers_that_a_changed_question_does_not_take_are_left_out() -> None:
    service, browser = being_written(), designer()
    browser.post(address("preview_fill", service), {"do": "all"})
    copy_ = WorkingCopy.objects.get(service=service)
    document = working.document_of(copy_)
    document["pages"][0]["fields"][0] = build.field("date", "title")
    working.make(copy_, working.editing.replace(document), by=None, seen=copy_.at)

    answer = browser.get(address("preview_page", service, "first"))

    assert answer.status_code == 200
    assert 'name="audience" id="id_audience"' in text(answer)
    assert not [said for said in SAMPLE.as_json().values() if said in text(answer)]


def test_any_page_can_be_opened_with_a_word_on_why_no_customer_is_there() -> None:
    hidden = build.page("third", build.field("text", "more"), show_when={"field": "music", "equals": True})
    service, browser = being_written(*PAGES, hidden), designer()

    assert "preview-bar__remark" in text(browser.get(address("preview_page", service, "third")))
    assert "preview-bar__remark" in text(browser.get(address("preview_page", service, "second")))
    assert "preview-bar__remark" not in text(browser.get(address("preview_page", service, "first")))


def test_page_that_is_gone_leads_to_the_beginning() -> None:
    service = being_written()

    answer = designer().get(address("preview_page", service, "nowhere", script="0"))

    assert answer.headers["Location"] == address("preview", service, script="0")


def test_question_that_is_not_finished_is_said_to_be() -> None:
    broken = {"kind": "choice", "key": "colour", "label": build.said("Colour of it")}
    service = being_written(build.page("first", build.field("text", "title"), broken), build.page("empty"))
    browser = designer()

    answer = browser.get(address("preview_page", service, "first", version=""))

    assert "Colour of it" in text(answer)
    assert "prose--warning" in text(answer)
    assert browser.get(address("preview_page", service, "empty")).status_code == 200


def test_page_is_shown_in_each_language_that_the_service_promises() -> None:
    service, browser = being_written(), designer()

    finnish = browser.get(address("preview_page", service, "first").replace("/sv/", "/fi/"))

    assert "Title fi" in text(finnish)
    assert all(f'href="/{code}/preview/' in text(finnish) for code in ("sv", "fi", "en"))


def test_survey_is_walked_to_its_result() -> None:
    told = build.field("result", "advice", text=build.said("Do so"), show_when={"field": "music", "equals": True})
    pages = (build.page("first", build.field("yes_no", "music")), build.page("second", told))
    service, browser = being_written(*pages, kind="survey"), designer()

    start = browser.get(address("preview", service))
    page = browser.get(address("preview_page", service, "first"))
    result = browser.post(address("preview_page", service, "first"), {"music": "yes"}, follow=True)
    sent = browser.post(address("preview_sent", service))

    used = [answer.templates[0].name for answer in (start, page, result)]
    assert used == ["portal/survey.html", "portal/survey_page.html", "portal/survey_result.html"]
    assert "Do so sv" in text(result)
    assert sent.headers["Location"] == address("preview_check", service)


# --- scripts, frames, who --------------------------------------------------------------------------------------------


def test_without_script_no_script_is_there_and_none_may_run() -> None:
    service, browser = being_written(), designer()

    answer = browser.get(address("preview_page", service, "first", script="0"))

    assert "script-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "<script src" not in text(answer)
    assert f'action="{address("preview_page", service, "first", script="0")}"' in text(answer)


def test_page_stands_in_frames_of_our_own_and_in_no_search_engine() -> None:
    service = being_written()

    answer = designer().get(address("preview_page", service, "first"))

    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in text(answer)
    # The desk's own policy lets it frame pages of ours: it says nothing of frames but this.
    assert django_settings.SECURE_CSP["default-src"] == ["'self'"]
    assert not {"frame-src", "child-src"} & set(django_settings.SECURE_CSP)


def test_customers_own_pages_stand_in_no_frame() -> None:
    version = build.version()

    answer = Client().get(reverse("portal:service", args=[version.service.key]))

    assert answer.headers["X-Frame-Options"] == "DENY"


def test_bar_leads_back_to_the_desk_and_nowhere_else() -> None:
    service, browser = being_written(), designer()

    desk = browser.get(address("preview", service, back="/admin/services/service/"))
    away = browser.get(address("preview", service, back="https://elsewhere.example/"))

    assert 'href="/admin/services/service/" target="_top"' in text(desk)
    assert 'target="_top"' not in text(away)
    assert 'href="https://elsewhere.example' not in text(away)


def stranger(name: str) -> Client:
    if name == "customer":
        return build.signed_in(build.customer())
    if name == "nobody":
        return Client()
    role = "designer" if name == "designer of another authority" else "manager"
    of = build.authority("other-town") if name == "designer of another authority" else build.authority()
    return build.signed_in(build.official(name, of=of, role=role))


@pytest.mark.parametrize("who", ["nobody", "customer", "manager of the authority", "designer of another authority"])
def test_nobody_but_its_designers_finds_anything(who: str) -> None:
    service, browser = being_written(), stranger(who)
    places = [
        address("preview", service),
        address("preview_page", service, "first"),
        address("preview_check", service),
        address("preview_sent", service),
        address("preview_fill", service),
    ]

    answers = [method(place) for place in places for method in (browser.get, browser.post)]

    assert {answer.status_code for answer in answers} <= {404, 405}
    assert [answer.status_code for answer in answers].count(404) >= len(answers) - 2
    assert f"preview_{service.pk}" not in browser.session


def test_nothing_is_shown_before_the_second_factor(settings: Settings) -> None:
    service, browser = being_written(), designer()
    settings.SECOND_FACTOR = True

    assert browser.get(address("preview", service)).status_code == 404


def test_what_one_designer_answered_is_not_shown_to_another() -> None:
    service = being_written()
    browser = designer()
    browser.post(address("preview_page", service, "first"), {"title": "My own words", "audience": "3"})
    session = browser.session
    other = build.official("other", role="designer")
    assert isinstance(other, User)
    session["_auth_user_id"] = str(other.pk)
    session["_auth_user_hash"] = other.get_session_auth_hash()
    session.save()

    assert "My own words" not in text(browser.get(address("preview_page", service, "first")))


def test_page_asks_the_database_little_and_is_quick_with_500_questions() -> None:
    pages = [build.page(f"p{n}", *(build.field("text", f"q{n}_{m}") for m in range(25))) for n in range(20)]
    service, browser = being_written(*pages), designer()
    browser.post(address("preview_fill", service), {"do": "all"})

    with CaptureQueriesContext(connection) as queries:
        browser.get(address("preview_page", service, "p7"))

    assert len(queries) <= 8


# --- whatever it says ------------------------------------------------------------------------------------------------


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every element of a document that may be gone from it, or be something else, in what is fit to be edited."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = []
    for name, one in inside:
        there = (*path, name)
        if not (len(there) == 1 and name in ("key", "authority", "pages")):
            found.append(there)
        found += places(one, there)
    return found


def is_structure(path: tuple[Any, ...]) -> bool:
    """Whether something always is what it is: a page's key and list of fields, a field's key and kind."""
    last = path[-1]
    return (len(path) == 3 and last in ("key", "fields")) or (last in ("key", "kind") and path[-3:-2] == ("fields",))


JUNK = [None, "", "x", 7, -1, True, [], {}, ["x"], {"sv": ""}, {"sv": "x"}, "title", "2027-01-01", {"field": "title"}]


def damaged(draw: Any, document: dict[str, Any]) -> dict[str, Any]:
    """A document with some elements taken away, or put in the place of others."""
    changed = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 6))):
        every = [path for path in places(changed) if not is_structure(path)]
        path = draw(st.sampled_from(every))
        inside: Any = changed
        for name in path[:-1]:
            inside = inside[name]
        is_part = len(path) in (2, 4) and path[0] == "pages" and isinstance(path[-1], int)
        if is_part or draw(st.booleans()):
            del inside[path[-1]]
        else:
            inside[path[-1]] = draw(st.sampled_from(JUNK))
    return changed


EVERY_KIND = build.document(
    build.page("all", *build.every_kind()),
    build.page("again", *build.every_kind("b_")[1:], show_when={"field": "first", "answered": True}),
)


EXAMPLES = int(os.environ.get("PREVIEW_EXAMPLES", "12"))


@pytest.mark.thorough
class AnyDocument(TestCase):
    """A working copy that says anything at all."""

    def setUp(self) -> None:
        """Its service, and a designer."""
        self.service = being_written()
        self.browser = designer()

    @given(st.data())
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    def test_any_document_is_shown(self, data: st.DataObject) -> None:
        document = damaged(data.draw, data.draw(st.sampled_from([*LIBRARY, EVENTS, EVERY_KIND])))
        Revision.objects.update(document=working.as_text(document))
        self.browser.post(address("preview_fill", self.service), {"do": "empty"})

        assert self.browser.get(address("preview", self.service)).status_code == 200
        assert self.browser.post(address("preview_fill", self.service), {"do": "all"}).status_code == 302
        pages = trial.tried(self.service).definition.pages
        for page in data.draw(st.lists(st.sampled_from(pages), max_size=2)) if pages else ():
            there = address("preview_page", self.service, page.key)
            assert self.browser.get(there).status_code == 200
            assert self.browser.post(there, {"title": "x"}).status_code in (200, 302)
        assert self.browser.get(address("preview_check", self.service)).status_code == 200
        assert self.browser.post(address("preview_sent", self.service)).status_code == 302
