"""The template pack and the frame round every page."""

from __future__ import annotations

from typing import Any

import pytest
from crispy_forms.helper import FormHelper
from crispy_forms.layout import HTML, ButtonHolder, Div, Fieldset, Layout, Reset, Submit
from django import forms
from django.db import DatabaseError
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import translation

from apps.people.models import Customer
from apps.portal import errors
from apps.portal.templatetags.portal_tags import in_language
from apps.services.definition import Definition
from apps.services.pageform import PageForm
from tests import build
from tests.markup import Element, flaws, read


class Person(forms.Form):
    """A small form that no definition describes."""

    use_required_attribute = False
    name = forms.CharField(help_text="As in the passport.")
    way = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)

    def clean(self) -> dict[str, Any]:
        """Refuses one name altogether."""
        cleaned = super().clean() or {}
        if cleaned.get("name") == "<b>Nobody":
            raise forms.ValidationError("<b>Nobody cannot be.")
        return cleaned


class Picture(Person):
    """With a file."""

    file = forms.FileField(required=False)


def helped(form: forms.Form, **settings: Any) -> forms.Form:
    """The form with a crispy helper."""
    form.helper = FormHelper()  # type: ignore[attr-defined]
    for name, value in settings.items():
        setattr(form.helper, name, value)  # type: ignore[attr-defined]
    return form


def shown(form: forms.Form, template: str = "{% crispy form %}") -> Element:
    """What the template makes of the form, with a csrf token at hand."""
    context = Context({"form": form, "csrf_token": "token"})
    return read(Template("{% load crispy_forms_tags pack %}" + template).render(context))


def page(**context: Any) -> Element:
    """A page of the portal in its frame, for a customer or for nobody."""
    request = RequestFactory().get("/sv/nowhere/?a=1")
    return read(render(request, "portal/error.html", {"customer": None, "messages": [], **context}).content.decode())


# --- Forms -----------------------------------------------------------------------------------------------------------


def test_a_form_is_sent_with_a_safety_mark_and_checked_by_the_server() -> None:
    form = shown(helped(Person())).one("form")

    assert (form.attrs["method"], form.attrs["class"], "novalidate" in form.attrs) == ("post", "form", True)
    assert form.one("input", name="csrfmiddlewaretoken").attrs["value"] == "token"
    assert "enctype" not in form.attrs


def test_a_form_with_a_file_is_sent_as_parts() -> None:
    assert shown(helped(Picture())).one("form").attrs["enctype"] == "multipart/form-data"


def test_a_form_that_searches_has_no_safety_mark_in_its_address() -> None:
    assert shown(helped(Person(), form_method="get")).find("input", name="csrfmiddlewaretoken") == []


def test_a_form_without_its_tag_leaves_the_rest_to_the_page() -> None:
    root = shown(helped(Person(), form_tag=False, disable_csrf=True))

    assert root.find("form") == root.find(name="csrfmiddlewaretoken") == []
    assert len(root.controls()) == 3


@pytest.mark.parametrize("template", ["{% crispy form %}", "{{ form|crispy }}", "{% questions form %}"])
def test_a_form_without_a_layout_has_the_same_questions(template: str) -> None:
    root = shown(Person(), template)

    assert flaws(root) == []
    assert [e.classes for e in root.find(css="question")] == [{"question"}, {"question"}]


def test_a_layout_may_name_fields_and_use_the_parts_of_crispy() -> None:
    layout = Layout(
        Fieldset("You", "name"), Div("way", css_class="stack"), ButtonHolder(Submit("go", "Go")), HTML("<hr>")
    )

    root = shown(helped(Person(), layout=layout))

    assert flaws(root) == []
    assert root.one("legend", css="group__title").text == "You"
    assert root.one(css="stack").one("fieldset").one("legend").text == "Way"
    assert "button" in root.one(css="buttons").one("input").classes
    assert len(root.find("hr")) == 1


def test_buttons_follow_the_questions() -> None:
    root = shown(helped(Person(), inputs=[Submit("go", 'Go "on"'), Reset("no", "No")]))

    go, no = root.one(css="buttons").children
    assert (go.attrs["type"], go.attrs["value"]) == ("submit", 'Go "on"')
    assert ("button--secondary" in go.classes, "button--secondary" in no.classes) == (False, True)


def test_the_summary_stands_before_the_form_and_links_to_each_mistake() -> None:
    root = shown(helped(Person(QueryDict(""))))

    summary, form = root.children
    assert flaws(root) == []
    assert (summary.attrs["role"], summary.attrs["tabindex"], form.tag) == ("alert", "-1", "form")
    assert summary.one("h2").text
    assert [a.attrs["href"] for a in summary.find("a")] == ["#id_name", "#id_way_0"]
    assert summary.find("a")[0].text.startswith("Name: ")


def test_the_summary_tells_mistakes_of_the_whole_form_without_a_link() -> None:
    sent = QueryDict(mutable=True)
    sent.update({"name": "<b>Nobody", "way": "a"})

    summary = shown(helped(Person(sent))).one(css="mistakes")

    assert summary.find("a") == summary.find("b") == []
    assert summary.one("li").text == "<b>Nobody cannot be."


def test_the_summary_can_be_left_to_the_page() -> None:
    form = helped(Person(QueryDict("")), form_show_errors=False)

    assert shown(form).find(css="mistakes") == []
    assert len(shown(form, '{% include "pack/errors.html" %}').find(css="mistakes")) == 1


def test_a_form_without_mistakes_has_no_summary() -> None:
    assert shown(helped(Person())).find(css="mistakes") == []


def test_a_page_of_a_definition_is_shown_with_its_summary() -> None:
    made = build.definition(build.page("first", build.field("yes_no", "music"), build.field("file", "plan")))

    root = shown(sent_empty(made))

    assert flaws(root) == []
    assert [a.attrs["href"] for a in root.one(css="mistakes").find("a")] == ["#id_music_0", "#id_plan"]


def sent_empty(made: Definition) -> PageForm:
    """The first page of a definition, sent in without an answer."""
    return PageForm(made, made.pages[0], answers={}, today=build.TODAY, data=QueryDict(""), files={})


# --- The frame -------------------------------------------------------------------------------------------------------


def test_every_page_has_its_language_one_heading_and_a_way_past_the_menu() -> None:
    root = page(title="Title", text="Text")

    assert flaws(root) == []
    assert root.one("html").attrs["lang"] == "sv"
    assert root.one("h1").text == "Title"
    assert root.one("body").children[0].attrs["href"] == "#main"
    assert root.one("main").attrs["id"] == "main"


def test_the_title_says_first_that_something_is_wrong() -> None:
    with translation.override("en"):
        assert page(title="Title").one("title").text == "Title – Simplified e-service"
        assert page(title="Title", form=Person()).one("title").text == "Title – Simplified e-service"
        assert page(title="Title", form=Person(QueryDict(""))).one("title").text.startswith("Error: Title")


def test_a_stranger_can_sign_in() -> None:
    root = page()

    assert root.find("form") == root.find(css="banner") == []
    assert root.one(css="who").one("a").attrs["href"] == "/sv/sign-in/"


def test_a_customer_can_sign_out_by_a_button() -> None:
    root = page(customer=Customer(way="example", given_name="<b>Ex", family_name="Customer"))

    form = root.one(css="who").one("form")
    assert (form.attrs["method"], form.attrs["action"]) == ("post", "/sv/sign-out/")
    assert len(form.find(name="csrfmiddlewaretoken")) == 1
    assert "<b>Ex Customer" in root.one(css="who__name").text
    assert root.find(css="banner") == []


def test_a_test_identity_is_marked_on_every_page() -> None:
    root = page(customer=Customer(way="test", given_name="Test", family_name="Testperson"))

    assert "Test Testperson" in root.one(css="banner").text


def test_the_page_is_offered_in_each_language() -> None:
    links = page().one(css="languages").find("a")

    assert [(a.attrs["lang"], a.attrs["hreflang"], a.attrs["href"]) for a in links] == [
        ("sv", "sv", "/sv/nowhere/?a=1"),
        ("fi", "fi", "/fi/nowhere/?a=1"),
        ("en", "en", "/en/nowhere/?a=1"),
    ]
    assert [a.attrs.get("aria-current") for a in links] == ["true", None, None]


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("/sv/cases/", "/fi/cases/"),
        ("/sv/?q=a&p=2", "/fi/?q=a&p=2"),
        ("/sv/no/such/page/", "/fi/no/such/page/"),
        ("/admin/nothing/", "/fi/"),
        ("//evil.example/sv/", "/fi/"),
    ],
)
def test_a_page_in_another_language_has_the_same_address_but_for_the_language(here: str, there: str) -> None:
    request = RequestFactory().get("/")
    request.path, _mark, request.META["QUERY_STRING"] = here.partition("?")

    assert in_language({"request": request}, "fi") == there


# --- Errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_unknown_address_is_answered_in_its_language() -> None:
    answer = Client().get("/fi/no/such/page/")

    root = read(answer.content.decode())
    assert (answer.status_code, root.one("html").attrs["lang"]) == (404, "fi")
    assert flaws(root) == []


def test_a_failure_is_told_in_the_frame_of_the_portal() -> None:
    answer = errors.server_error(RequestFactory().get("/sv/"))

    assert answer.status_code == 500
    assert len(read(answer.content.decode()).find("header")) == 1


def test_a_failure_is_told_in_words_when_the_frame_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: Any) -> HttpResponse:
        raise DatabaseError("gone")

    monkeypatch.setattr("apps.people.identification.customer_of", fails)

    answer = errors.server_error(RequestFactory().get("/sv/"))

    root = read(answer.content.decode())
    assert (answer.status_code, root.one("html").attrs["lang"]) == (500, "sv")
    assert root.find("header") == []
    assert root.one("h1").text
    assert flaws(root) == []


# --- The desk --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_desk_wears_the_same_colours_and_speaks_the_same_languages() -> None:
    root = read(Client().get("/admin/login/").content.decode())

    assert flaws(root) == []
    assert any("css/tokens" in e.attrs.get("href", "") for e in root.find("link"))
    assert [e.attrs["value"] for e in root.find("button", name="language")] == ["sv", "fi", "en"]
    assert len(root.find("h1")) == 1
    assert root.find(css="theme-toggle") == []


@pytest.mark.django_db
def test_the_desk_changes_its_language_and_stays_on_the_page() -> None:
    browser = Client()

    answer = browser.post("/i18n/setlang/", {"language": "fi", "next": "/admin/login/?next=/admin/"})

    assert answer.headers["Location"] == "/admin/login/?next=/admin/"
    assert read(browser.get("/admin/login/").content.decode()).one("html").attrs["lang"] == "fi"
