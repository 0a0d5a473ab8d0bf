"""The scripts that make pages quicker to use: they do what the server would, and nothing depends on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.http import QueryDict
from django.template import Context, Template
from playwright.sync_api import Browser, Page, Route

from apps.services.pageform import PageForm
from tests import build
from tests.services.browser import filled

SCRIPTS = Path(__file__).resolve().parents[2] / "static" / "js"
ADDRESS = "http://pages.test"
FRAME = """<!DOCTYPE html><html lang="sv"><head><title>Page</title>
{% for name in scripts %}<script src="/{{ name }}" type="module"></script>{% endfor %}<body>
<form method="post">{{ content|safe }}<button id="send">Send</button></form>
{{ answers|json_script:"answers" }}{{ today|json_script:"today" }}"""

pytestmark = pytest.mark.journey

OpenPage = Callable[..., Page]


@pytest.fixture
def opened(chromium: Browser) -> Iterator[OpenPage]:
    """Opens pages with some of our scripts; what is posted is counted in `page.posted` and leads nowhere."""
    page = chromium.new_page()
    page.set_default_timeout(5_000)
    page.on("pageerror", lambda error: pytest.fail(str(error)))

    def open_page(content: str, *scripts: str, answers: dict[str, Any] | None = None) -> Page:
        facts = {"content": content, "scripts": scripts, "answers": answers or {}, "today": build.TODAY.isoformat()}
        html = Template(FRAME).render(Context(facts))
        page.unroute("**/*")
        page.route("**/*", lambda route: answer(route, html))
        page.goto(ADDRESS)
        return page

    yield open_page
    page.close()


def answer(route: Route, html: str) -> None:
    """The page, a script, or nothing for a form that is sent."""
    name = route.request.url.removeprefix(ADDRESS).strip("/")
    if route.request.method == "POST":
        route.fulfill(status=204)
    elif name:
        route.fulfill(body=(SCRIPTS / name).read_text(encoding="utf-8"), content_type="text/javascript")
    else:
        route.fulfill(body=html, content_type="text/html; charset=utf-8")


# --- Conditions ------------------------------------------------------------------------------------------------------

OPTIONS = {"options": build.options("red", "blue")}
PLACES = ["", "Helsingfors", "HELSINKI", " helsingfors ", "091", "Esbo", "Espoo", "Nowhere"]
SOUGHT = ["", "Red sv", "RED SV", "red", "Blue sv", "Green"]
TYPED: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    (build.field("yes_no", "asked"), {"equals": True}, ["", "yes", "no"]),
    (build.field("yes_no", "asked"), {"equals": False}, ["", "yes", "no"]),
    (build.field("yes_no", "asked"), {"answered": True}, ["", "yes", "no"]),
    (build.field("consent", "asked"), {"equals": True}, ["", "on"]),
    (build.field("choice", "asked", **OPTIONS), {"equals": "red"}, ["", "red", "blue"]),
    (build.field("choice", "asked", display="list", **OPTIONS), {"one_of": ["red"]}, ["", "red", "blue"]),
    (build.field("choices", "asked", **OPTIONS), {"contains": "red"}, ["", "red", "blue", "red blue"]),
    (build.field("choices", "asked", **OPTIONS), {"answered": False}, ["", "red"]),
    (build.field("whole_number", "asked"), {"at_least": 1000}, ["", "999", "1 000", "1000", "many"]),
    (build.field("whole_number", "asked", min=-9), {"less_than": 0}, ["", "0", "-1", "\N{MINUS SIGN}1"]),
    (build.field("whole_number", "asked"), {"equals": 5}, ["", "5", "05", "50"]),
    (build.field("whole_number", "asked"), {"answered": True}, ["", "0"]),
    (build.field("text", "asked"), {"equals": "no"}, ["", "no", " no ", "NO"]),
    (build.field("text", "asked"), {"answered": True}, ["", "  ", "x"]),
    (
        build.field("date", "asked"),
        {"within_days": 14},
        ["", "14.3.2027", "15.3.2027", "2027-03-14", "31.2.2027", "14/03/2027"],
    ),
    (build.field("date", "asked"), {"before": "2027-06-05"}, ["", "4.6.2027", "5.6.2027", "04.06.2027"]),
    (build.field("date", "asked"), {"after": "2027-06-05"}, ["", "5.6.2027", "6.6.2027"]),
    (build.field("date", "asked"), {"equals": "2027-06-05"}, ["", "5.6.2027", "6.6.2027"]),
    (build.field("date", "asked"), {"within_working_days": 5}, ["", "5.3.2027", "6.3.2027", "7.3.2027", "8.3.2027"]),
    (build.field("decimal", "asked"), {"at_least": 10}, ["", "9,99", "10", "10.5", "1 000,25"]),
    (build.field("money", "asked"), {"less_than": 5}, ["", "4.99", "5,00"]),
    (build.field("decimal", "asked"), {"equals": "10.5"}, ["", "10,5", "010.5", "10,50", "10"]),
    (build.field("text", "asked"), {"contains": "ab"}, ["", "cab", "ba"]),
    (build.field("municipality", "asked"), {"equals": "091"}, PLACES),
    (build.field("municipality", "asked"), {"one_of": ["092", "091"]}, PLACES),
    (build.field("municipality", "asked"), {"answered": True}, PLACES),
    (build.field("choice", "asked", display="search", **OPTIONS), {"equals": "red"}, SOUGHT),
    (build.field("choice", "asked", display="search", **OPTIONS), {"answered": False}, SOUGHT),
    (build.field("email", "asked"), {"equals": "a@example.com"}, ["", " a@example.com ", "b@example.com"]),
    (build.field("email", "asked"), {"contains": "@example.com"}, ["", "a@example.com", "a@example.org"]),
    (
        build.field("phone", "asked"),
        {"equals": "+358401234567"},
        [
            "",
            "040 123 4567",
            "+358 40 1234567",
            "00358-40-1234567",
            "358401234567",
            "+358 (0)40 1234567",
            "+4640123456",
        ],
    ),
    (build.field("phone", "asked"), {"contains": "+358"}, ["", "(09) 310 1691", "+46 70 123 45 67", "0046701234567"]),
    (build.field("time", "asked"), {"equals": "09:00"}, ["", "9", "9.00", "09:00", "kl. 9", "klo 9.00", "19", "9.01"]),
    (build.field("time", "asked"), {"one_of": ["14:30"]}, ["", "14.30", "14:30", "15.30"]),
    (
        build.field("date_time", "asked"),
        {"equals": "2027-06-05T14:30"},
        ["", "5.6.2027 14.30", "2027-06-05T14:30", "5.6.2027 kl. 14:30", "5.6.2027 14.31"],
    ),
    (build.field("date_time", "asked"), {"after": "2027-06-05"}, ["", "5.6.2027 23.59", "6.6.2027 0.00"]),
    (build.field("date_time", "asked"), {"within_working_days": 5}, ["", "5.3.2027 14.30", "6.3.2027 14.30"]),
]


@pytest.mark.parametrize(
    ("field", "rule", "answers"), TYPED, ids=[f"{f['kind']}-{next(iter(r))}" for f, r, _a in TYPED]
)
def test_a_question_comes_and_goes_as_the_server_would_have_it(
    opened: OpenPage, field: dict[str, Any], rule: dict[str, Any], answers: list[str]
) -> None:
    for condition in ({"field": "asked", **rule}, {"not": {"field": "asked", **rule}}):
        page = opened(questions(field, build.field("text", "then", show_when=condition)), "conditions.js")
        for said in answers:
            say(page, field["kind"], said)
            sent = form(field, build.field("text", "then", show_when=condition), data=sent_as(field["kind"], said))
            sent.is_valid()
            assert page.is_visible("#id_then") is ("then" not in sent.hidden_now), (condition, said)


def form(*fields: dict[str, Any], data: QueryDict | None = None, answers: dict[str, Any] | None = None) -> PageForm:
    """A page with these fields."""
    made = build.definition(build.page("first", *fields))
    return PageForm(
        made, made.pages[0], answers=answers or {}, today=build.TODAY, data=data, files={} if data is not None else None
    )


def questions(*fields: dict[str, Any], **more: Any) -> str:
    """The page's questions as HTML."""
    made = form(*fields, **more)
    return str(made.helper.render_layout(made, {}))


def say(page: Page, kind: str, said: str) -> None:
    """Answer the first question as a person would."""
    if kind in ("yes_no", "choice", "choices", "consent") and not page.locator("input[list]").count():
        if page.locator("select").count():
            page.select_option("select", said)
            return
        page.evaluate("for (const e of document.querySelectorAll('[name=asked]')) e.checked = false")
        page.dispatch_event("[name=asked] >> nth=0", "change")
        for value in said.split():
            page.check(f'[name=asked][value="{value}"]')
    else:
        page.fill("[name=asked]", said)


def sent_as(kind: str, said: str) -> QueryDict:
    """What the browser sends then."""
    data = QueryDict(mutable=True)
    data.setlist("asked", said.split() if kind == "choices" else [said] if said else [])
    return data


PERSON = build.field("person", "asked", address=True, required=False)
ROWS = build.field("repeating", "asked", fields=[build.field("text", "name", required=False)], min_rows=2)
PARTS: list[tuple[dict[str, Any], dict[str, Any], list[dict[str, str]]]] = [
    (
        build.field("period", "asked"),
        {"field": "asked.start", "before": "2027-06-05"},
        [{}, {"asked-start": "4.6.2027"}, {"asked-start": "5.6.2027", "asked-end": "6.6.2027"}],
    ),
    (
        build.field("period", "asked", required=False),
        {"field": "asked", "answered": True},
        [{}, {"asked-start": "4.6.2027", "asked-end": "6.6.2027"}, {"asked-start": "", "asked-end": ""}],
    ),
    (PERSON, {"field": "asked.email", "equals": "a@example.com"}, [{}, {"asked-email": "a@example.com "}]),
    (PERSON, {"field": "asked.phone", "equals": "+358401234567"}, [{}, {"asked-phone": "040 1234567"}]),
    (PERSON, {"field": "asked.address", "answered": True}, [{}, {"asked-address-street": "Exempelgatan 1"}]),
    (PERSON, {"field": "asked", "answered": False}, [{}, {"asked-given_name": "Testperson"}]),
    (ROWS, {"field": "asked", "answered": True}, [{}, {"asked-0-name": "One", "asked-1-name": "Two"}]),
]


@pytest.mark.parametrize(("field", "rule", "answers"), PARTS, ids=[f"{f['kind']}-{r['field']}" for f, r, _a in PARTS])
def test_a_question_comes_and_goes_by_the_parts_of_another(
    opened: OpenPage, field: dict[str, Any], rule: dict[str, Any], answers: list[dict[str, str]]
) -> None:
    for condition in (rule, {"not": rule}):
        fields = (field, build.field("text", "then", show_when=condition))
        page = opened(html := questions(*fields), "conditions.js")
        for said in answers:
            for name, text in said.items():
                page.fill(f"[name={name}]", text)
            sent = form(*fields, data=filled(html, **{name.replace("-", "__"): text for name, text in said.items()}))
            sent.is_valid()
            assert page.is_visible("#id_then") is ("then" not in sent.hidden_now), (condition, said)


def test_a_count_of_rows_grows_as_they_are_filled(opened: OpenPage) -> None:
    rule = {"field": "rows", "at_least": 2}
    count = build.field("calculated", "rows", operation="count", of=["asked"])
    page = opened(questions(ROWS, count, build.field("text", "then", show_when=rule)), "conditions.js")

    page.fill("[name=asked-0-name]", "One")
    assert not page.is_visible("#id_then")
    page.fill("[name=asked-1-name]", "Two")
    assert (page.inner_text("output"), page.is_visible("#id_then")) == ("2", True)


def test_a_kept_row_counts_by_a_chosen_option_alone(opened: OpenPage) -> None:
    group = build.field("repeating", "asked", fields=[build.field("yes_no", "more")], required=False)
    then = build.field("text", "then", show_when={"field": "asked", "answered": True})

    page = opened(questions(group, then, answers={"asked": [{"more": True}]}), "conditions.js")

    assert page.is_visible("#id_then")


def test_an_answer_that_a_rule_hides_counts_as_not_given(opened: OpenPage) -> None:
    page = opened(
        questions(
            build.field("yes_no", "music"),
            build.field("yes_no", "loud", show_when={"field": "music", "equals": True}),
            build.field("text", "how", show_when={"all": [{"field": "loud", "equals": True}]}),
            build.field(
                "warning", "mind", text=build.said("Mind"), show_when={"any": [{"field": "loud", "equals": True}]}
            ),
        ),
        "conditions.js",
    )

    page.check("[name=music][value=yes]")
    page.check("[name=loud][value=yes]")
    assert (page.is_visible("#id_how"), page.is_visible(".prose--warning")) == (True, True)

    page.check("[name=music][value=no]")
    assert [page.is_visible(one) for one in ("[name=loud] >> nth=0", "#id_how", ".prose--warning")] == [False] * 3


def test_answers_of_other_pages_count(opened: OpenPage) -> None:
    fields = (
        build.field("yes_no", "here"),
        build.field("text", "then", show_when={"field": "visitors", "at_least": 200}),
    )
    made = build.definition(build.page("before", build.field("whole_number", "visitors")), build.page("first", *fields))
    shown = PageForm(made, made.pages[1], answers={}, today=build.TODAY)

    for visitors, seen in ((199, False), (200, True)):
        page = opened(str(shown.helper.render_layout(shown, {})), "conditions.js", answers={"visitors": visitors})
        assert page.is_visible("#id_then") is seen


def test_what_the_server_found_wrong_stays_until_something_is_changed(opened: OpenPage) -> None:
    fields = (build.field("yes_no", "music"), build.field("text", "how", show_when={"field": "music", "equals": True}))
    html = questions(*fields, data=QueryDict("music=yes")).replace(" checked", "")  # as if the two disagreed

    page = opened(html, "conditions.js")

    assert page.is_visible("#id_how")
    page.check("[name=music][value=no]")
    assert not page.is_visible("#id_how")


# --- The others ------------------------------------------------------------------------------------------------------


def test_a_long_text_says_how_much_is_left(opened: OpenPage) -> None:
    page = opened(questions(build.field("long_text", "asked", max_length=10)), "counter.js")

    page.fill("textarea", "åäö😀\n")
    assert page.inner_text(".counter").endswith(": 5")
    page.fill("textarea", "x" * 12)
    assert page.inner_text(".counter.counter--over").endswith(": 2")
    page.wait_for_function("document.querySelector('[aria-live]').textContent.endsWith(': 2')")


def test_a_form_pressed_twice_is_sent_once(opened: OpenPage) -> None:
    page = opened("", "once.js")
    posted = []
    page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)

    page.click("#send")
    page.click("#send", force=True)  # a person does not wait for the button to be enabled
    page.wait_for_timeout(200)

    assert len(posted) == 1
    assert page.get_attribute("#send", "aria-disabled") == "true"


def test_the_reader_is_put_at_what_is_wrong(opened: OpenPage) -> None:
    html = Template("{% include 'pack/errors.html' %}").render(
        Context({"form": form(build.field("text", "asked"), data=QueryDict(""))})
    )

    page = opened(html + questions(build.field("text", "asked")), "summary.js")

    assert page.evaluate("document.activeElement.className") == "mistakes"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "id_asked"
