"""The outline of a form: everything is moved, copied, added, changed and removed from it, by those who define the service."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.services import editing, working
from apps.services.fieldtypes import REGISTER
from apps.services.models import WorkingCopy
from tests import build, markup
from tests.build import field, options, page, said
from tests.markup import told
from tests.services.browser import filled

pytestmark = pytest.mark.django_db

LOOKING = {"field": "music", "equals": True}


def begun(*pages: dict[str, Any], **more: Any) -> WorkingCopy:
    """A working copy of a service, by default with two pages of which the second looks at the first."""
    first = page("first", field("yes_no", "music"), field("text", "band", show_when=LOOKING))
    second = page("second", field("text", "place"), show_when=LOOKING)
    return working.begin(build.version(*(pages or (first, second)), **more).service, by=None)


def designer(of: str = "example-town", name: str = "designer") -> Client:
    """A designer of an authority."""
    return build.signed_in(build.official(f"{name}-{of}", of=build.authority(of), role="designer"))


def address(copy: WorkingCopy, more: str = "questions/") -> str:
    """The outline, or another page of the builder."""
    return f"/admin/services/service/{copy.service_id}/build/{more}"


def now(copy: WorkingCopy) -> dict[str, Any]:
    """What the working copy says."""
    copy.refresh_from_db()
    return working.document_of(copy)


def keys(copy: WorkingCopy) -> list[list[str]]:
    """The fields' keys, page by page."""
    return [[field["key"] for field in page["fields"]] for page in now(copy)["pages"]]


def act(copy: WorkingCopy, what: str, **more: Any) -> Any:
    """Press a button of the outline."""
    copy.refresh_from_db()
    return designer().post(address(copy), {"seen": copy.at, "act": what, **more})


def post(
    copy: WorkingCopy, more: str, data: dict[str, Any], *, by: Client | None = None, seen: int | None = None
) -> Any:
    """Send a form of the builder."""
    copy.refresh_from_db()
    return (by or designer()).post(address(copy, more), {**data, "seen": copy.at if seen is None else seen})


def as_it_stands(copy: WorkingCopy, more: str, **typed: Any) -> dict[str, Any]:
    """What a browser would send of a page's form, with something typed over it."""
    html = designer().get(address(copy, more)).content.decode()
    start = html.index('<form class="form"')
    return filled(html[start : html.index("</form>", start)]).dict() | typed


# --- the outline -----------------------------------------------------------------------------------------------------


def test_the_outline_shows_pages_questions_and_conditions() -> None:
    html = designer().get(address(begun())).content.decode()

    root = markup.read(html)
    assert [e.attrs["id"] for e in root.find(css="outline__line")] == ["q-music", "q-band", "q-place"]
    assert "Music" in root.one(id="q-band").text.partition("Band")[2]
    assert markup.flaws(root) == []


def test_conditions_are_reached_from_the_outline_of_all_but_the_first() -> None:
    copy = begun()

    said = designer().get(address(copy)).content.decode()

    for what in ("field/band", "field/place", "page/second"):
        assert f'href="{address(copy, "conditions/")}{what}/show_when/"' in said
    for what in ("field/music", "page/first"):
        assert f"{what}/show_when/" not in said


def test_a_form_without_pages_says_how_to_begin() -> None:
    copy = working.begin_new(build.authority(), working.blank(build.authority(), "empty"), by=None)

    html = designer().get(address(copy)).content.decode()

    assert address(copy, "new-page/") in html


@pytest.mark.parametrize(
    ("what", "expected", "at"),
    [
        ("down:field:music", [["band", "music"], ["place"]], "#down-q-music"),
        ("up:field:place", [["music", "band", "place"], []], "#up-q-place"),
        ("up:field:band", [["band", "music"], ["place"]], "#q-band"),
        ("down:page:first", [["place"], ["music", "band"]], "#p-first"),
        ("copy:field:band", [["music", "band", "band_2"], ["place"]], "#q-band"),
        ("copy:page:second", [["music", "band"], ["place"], ["place_2"]], "#p-second"),
        ("nonsense:field:band", [["music", "band"], ["place"]], "#q-band"),
        ("down:field:nowhere", [["music", "band"], ["place"]], "#"),
    ],
)
def test_buttons_move_and_copy_and_lead_back_to_where_they_were_pressed(
    what: str, expected: list[list[str]], at: str
) -> None:
    copy = begun()

    response = act(copy, what)

    assert keys(copy) == expected
    assert response.url == address(copy) + at


def test_a_step_of_the_outline_is_undone() -> None:
    copy = begun()
    act(copy, "down:field:music")

    working.undo(copy)

    assert keys(copy) == [["music", "band"], ["place"]]


def test_the_questions_of_a_group_are_moved_on_the_page_of_the_group() -> None:
    copy = begun(page("first", field("repeating", "rows", fields=[field("text", "what"), field("text", "size")])))

    response = act(copy, "down:field:rows.what", group="rows")

    assert [one["key"] for one in now(copy)["pages"][0]["fields"][0]["fields"]] == ["size", "what"]
    assert response.url == address(copy, "fields/rows/") + "#q-rows.what"


def test_strangers_find_nothing_and_handlers_are_refused() -> None:
    copy = begun()
    handler = build.signed_in(build.official("handler"))

    for more in (
        "questions/",
        "new-page/",
        "pages/first/",
        "pages/first/add/",
        "fields/music/",
        "fields/music/remove/",
    ):
        assert designer("other-town").get(address(copy, more)).status_code == 404
        assert handler.get(address(copy, more)).status_code == 403
    assert designer("other-town").post(address(copy), {"act": "down:field:music"}).status_code == 404
    assert keys(copy) == [["music", "band"], ["place"]]


def many(questions: int, **more: Any) -> WorkingCopy:
    """A working copy with pages of ten questions."""
    fields = [
        field(
            "text", f"q{n}", required=False, **({"show_when": {"field": "q0", "answered": True}} if n % 3 == 2 else {})
        )
        for n in range(questions)
    ]
    return begun(*(page(f"p{n}", *fields[n : n + 10]) for n in range(0, questions, 10)), **more)


@pytest.mark.thorough
def test_a_form_of_five_hundred_questions_opens_and_saves_with_as_many_queries_as_a_small_one() -> None:
    few, more, browser = many(3, key="few"), many(500, key="more"), designer()
    browser.get(address(few))

    asked = []
    for copy, moved in ((few, "q1"), (more, "q250")):
        with CaptureQueriesContext(connection) as opened:
            browser.get(address(copy))
        with CaptureQueriesContext(connection) as saved:
            browser.post(address(copy), {"seen": copy.at, "act": f"down:field:{moved}"})
        with CaptureQueriesContext(connection) as form:
            browser.get(address(copy, f"fields/{moved}/"))
        asked.append((len(opened), len(saved), len(form)))

    assert asked[0] == asked[1]


def test_the_outline_asks_the_database_the_same_for_any_number() -> None:
    copy, browser = many(3), designer()
    working.make(copy, editing.move_page(working.document_of(copy)["pages"][0]["key"], 1), by=None, seen=copy.at)
    working.make(copy, editing.set_elements({"draft_days": 30}), by=None, seen=copy.at)
    browser.get(address(copy))
    with CaptureQueriesContext(connection) as few:
        browser.get(address(copy))
    forty = page("more", *(field("text", f"m{n}") for n in range(40)))
    working.make(copy, editing.add_page(forty), by=None, seen=copy.at)

    with CaptureQueriesContext(connection) as more:
        browser.get(address(copy))

    assert len(more) == len(few)


# --- several at once ---------------------------------------------------------------------------------------------------


def test_a_page_is_added_with_its_questions() -> None:
    copy = begun()
    typed = {
        "title__sv": "Säkerhet",
        "title__fi": "Turvallisuus",
        "rows-0__sv": "Vakter",
        "rows-0-kind": "whole_number",
        "rows-1__sv": "Var?",
        "rows-1-kind": "choice",
        "rows-1-options__sv": "Inne\nUte",
    }

    response = post(copy, "new-page/", typed)

    made = now(copy)["pages"][-1]
    assert response.url == address(copy) + "#p-sakerhet"
    assert made["title"] == {"sv": "Säkerhet", "fi": "Turvallisuus"}
    assert [(one["kind"], one["key"]) for one in made["fields"]] == [("whole_number", "vakter"), ("choice", "var")]


def test_a_page_with_a_mistake_keeps_everything_typed() -> None:
    copy = begun()

    html = post(copy, "new-page/", {"rows-0__sv": "Var?", "rows-0-kind": "choice", "rows-0-optional": "on"}).content

    root = markup.read(html.decode())
    assert root.one(id="id_rows-0__sv").attrs["value"] == "Var?"
    assert root.one("select", name="rows-0-kind").one("option", selected="").attrs["value"] == "choice"
    assert len(root.find("a", href="#id_title__sv")) == 1
    assert markup.flaws(root) == []
    assert len(now(copy)["pages"]) == 2


def test_more_rows_save_nothing() -> None:
    copy = begun()

    html = post(copy, "new-page/", {"_act": "more:rows", "rows-count": "5", "title__sv": "Kvar"}).content.decode()

    assert 'name="rows-7__sv"' in html
    assert 'value="Kvar"' in html
    assert "mistakes" not in html
    assert len(now(copy)["pages"]) == 2


def test_several_questions_go_on_a_page_that_there_is() -> None:
    copy = begun()

    response = post(copy, "pages/first/several/", {"rows-0__sv": "Music", "rows-2__sv": "Tid"})

    assert keys(copy)[0] == ["music", "band", "music_2", "tid"]
    assert response.url == address(copy) + "#q-music_2"
    assert post(copy, "pages/first/several/", {}).status_code == 200


# --- one question --------------------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_the_gallery_leads_to_the_form_of_every_kind() -> None:
    copy, browser = begun(), designer()
    root = markup.read(browser.get(address(copy, "pages/first/add/")).content.decode())

    assert {f"?kind={kind}" for kind in REGISTER} <= {e.attrs.get("href") for e in root.find("a")}
    assert markup.flaws(root) == []
    for kind in REGISTER:
        html = browser.get(address(copy, f"pages/first/add/?kind={kind}")).content.decode()
        assert markup.flaws(markup.read(html)) == []


def test_a_question_is_added_and_can_be_followed_by_another() -> None:
    copy = begun()

    response = post(copy, "pages/second/add/?kind=text", {"label__sv": "Sökande", "_another": "1"})

    assert keys(copy)[1] == ["place", "sokande"]
    assert response.url == address(copy, "pages/second/add/")


def test_a_question_is_added_to_a_group() -> None:
    copy = begun(page("first", field("repeating", "rows", fields=[field("text", "what")])))

    response = post(copy, "pages/first/add/?kind=text&within=rows", {"label__sv": "What"})

    assert [one["key"] for one in now(copy)["pages"][0]["fields"][0]["fields"]] == ["what", "what_2"]
    assert response.url == address(copy, "fields/rows/") + "#q-rows.what_2"
    assert designer().get(address(copy, "pages/first/add/?within=nothing")).status_code == 404
    assert "?kind=file" not in designer().get(address(copy, "pages/first/add/?within=rows")).content.decode()


def test_a_question_is_changed_and_others_follow_its_new_key() -> None:
    copy = begun()

    response = post(copy, "fields/music/", as_it_stands(copy, "fields/music/", key="loud", label__fi="Musiikki"))

    document = now(copy)
    assert response.url == address(copy) + "#q-loud"
    assert document["pages"][0]["fields"][0]["label"] == {**said("Music"), "fi": "Musiikki"}
    assert document["pages"][1]["show_when"] == {"field": "loud", "equals": True}


def test_saving_what_was_only_looked_at_makes_no_step() -> None:
    copy = begun()

    post(copy, "fields/band/", as_it_stands(copy, "fields/band/"))

    copy.refresh_from_db()
    assert copy.at == 1


def test_what_does_not_fit_yet_is_saved_and_told() -> None:
    copy = begun(page("first", field("whole_number", "guests", min=5)))

    response = post(copy, "fields/guests/", as_it_stands(copy, "fields/guests/", max="2"))

    assert now(copy)["pages"][0]["fields"][0]["max"] == 2
    assert "question__error" in designer().get(response.url).content.decode()
    form = markup.read(designer().get(address(copy, "fields/guests/")).content.decode())
    assert form.one(id="id_max").attrs["aria-invalid"] == "true"


def test_a_button_among_the_options_saves_nothing() -> None:
    copy = begun(page("first", field("choice", "colour", options=options("red", "blue"))))
    typed = as_it_stands(copy, "fields/colour/", _act="up:options:1", label__sv="Ny text")

    html = post(copy, "fields/colour/", typed).content.decode()

    root = markup.read(html)
    assert root.one(id="id_options-0__sv").attrs["value"] == "Blue sv"
    assert root.one(id="id_label__sv").attrs["value"] == "Ny text"
    copy.refresh_from_db()
    assert copy.at == 1


def test_two_designers_at_one_question_see_both_texts_and_the_second_decides() -> None:
    copy = begun()
    mine = as_it_stands(copy, "fields/band/", label__sv="Mitt namn")
    theirs = as_it_stands(copy, "fields/band/", label__sv="Deras namn", hint__sv="Deras råd")
    post(copy, "fields/band/", theirs, by=designer(name="other"), seen=1)

    html = post(copy, "fields/band/", mine, seen=1).content.decode()

    root = markup.read(html)
    assert "Deras namn" in root.one(css="panel--warning").text
    assert "Deras råd" in root.one(css="panel--warning").text
    assert root.one(id="id_label__sv").attrs["value"] == "Mitt namn"
    assert now(copy)["pages"][0]["fields"][1]["label"]["sv"] == "Deras namn"
    again = {e.attrs["name"]: e.attrs["value"] for e in root.find("input", name="seen")}
    post(copy, "fields/band/", mine, seen=int(again["seen"]))
    assert now(copy)["pages"][0]["fields"][1]["label"]["sv"] == "Mitt namn"


@pytest.mark.parametrize("between", [{"_act": "more:options"}, {"max_length": "nonsense"}])
def test_a_form_that_comes_back_is_still_made_from_what_was_seen_first(between: dict[str, str]) -> None:
    copy = begun()
    mine = as_it_stands(copy, "fields/band/", label__sv="Mitt namn")
    post(copy, "fields/band/", as_it_stands(copy, "fields/band/", label__sv="Deras namn"), seen=1)

    html = post(copy, "fields/band/", mine | between, seen=1).content.decode()

    assert {e.attrs["value"] for e in markup.read(html).find("input", name="seen")} == {"1"}
    assert "panel--warning" not in html


def test_two_designers_at_two_questions_both_get_their_way() -> None:
    copy = begun()
    mine = as_it_stands(copy, "fields/band/", label__sv="Mitt namn")
    post(copy, "fields/music/", as_it_stands(copy, "fields/music/", label__sv="Deras namn"), seen=1)

    post(copy, "fields/band/", mine, seen=1)

    assert [one["label"]["sv"] for one in now(copy)["pages"][0]["fields"]] == ["Deras namn", "Mitt namn"]


def test_what_was_typed_of_a_question_that_is_gone_can_be_added_again() -> None:
    copy = begun()
    mine = as_it_stands(copy, "fields/band/", label__sv="Mitt namn")
    post(copy, "fields/band/remove/", {})

    html = post(copy, "fields/band/", mine).content.decode()

    form = markup.read(html).one("form", css="form")
    assert form.attrs["action"] == address(copy, "pages/first/add/?kind=text")
    assert form.one(id="id_label__sv").attrs["value"] == "Mitt namn"
    assert designer().get(address(copy, "fields/band/")).status_code == 404


def test_a_question_of_an_unknown_kind_can_be_seen_and_removed() -> None:
    copy = begun()
    document = now(copy)
    document["pages"][0]["fields"].append({"kind": "from_the_future", "key": "odd"})
    working.make(copy, editing.replace(document), by=None, seen=copy.at)

    assert "from_the_future" in designer().get(address(copy, "fields/odd/")).content.decode()
    assert "from_the_future" in designer().get(address(copy)).content.decode()
    post(copy, "fields/odd/remove/", {})
    assert keys(copy)[0] == ["music", "band"]


def test_a_question_is_moved_to_another_page() -> None:
    copy = begun()

    assert post(copy, "fields/band/move/", {"to": "second"}).url == address(copy) + "#q-band"

    assert keys(copy) == [["music"], ["place", "band"]]
    assert post(copy, "fields/band/move/", {"to": "nowhere"}).status_code == 200


def test_a_question_becomes_another_kind() -> None:
    copy = begun()

    response = post(copy, "fields/band/kind/", {"kind": "long_text"})

    assert response.url == address(copy, "fields/band/")
    assert now(copy)["pages"][0]["fields"][1] == {**field("text", "band", show_when=LOOKING), "kind": "long_text"}
    assert post(copy, "fields/band/kind/", {"kind": "choice"}).status_code == 200


def test_removing_names_what_depends_on_it_first() -> None:
    copy = begun()

    html = designer().get(address(copy, "fields/music/remove/")).content.decode()

    assert address(copy, "fields/band/") in html
    assert address(copy, "pages/second/") in html
    assert keys(copy)[0] == ["music", "band"]
    post(copy, "fields/music/remove/", {})
    assert keys(copy)[0] == ["band"]
    assert "show_when" not in now(copy)["pages"][1]


# --- one page ------------------------------------------------------------------------------------------------------------


def test_a_pages_texts_are_changed() -> None:
    copy = begun()

    response = post(copy, "pages/first/", as_it_stands(copy, "pages/first/", title__sv="Musiken", text__fi="Kerro"))

    assert response.url == address(copy) + "#p-first"
    assert now(copy)["pages"][0]["title"] == {**said("First"), "sv": "Musiken"}
    assert now(copy)["pages"][0]["text"] == {"fi": "Kerro"}
    assert designer().get(address(copy, "pages/nowhere/")).status_code == 404


def test_a_page_needs_a_title_in_some_language() -> None:
    copy = begun()

    html = post(copy, "pages/first/", {"title__sv": "", "text__sv": "Kvar"}).content.decode()

    assert markup.read(html).one(id="id_title__sv").attrs["aria-invalid"] == "true"
    assert "Kvar" in html


def test_two_designers_at_one_page_see_both() -> None:
    copy = begun()
    mine = as_it_stands(copy, "pages/first/", title__sv="Min")
    post(copy, "pages/first/", as_it_stands(copy, "pages/first/", title__sv="Deras"), seen=1)

    root = markup.read(post(copy, "pages/first/", mine, seen=1).content.decode())

    assert "Deras" in root.one(css="panel--warning").text
    assert root.one(id="id_title__sv").attrs["value"] == "Min"


def test_a_page_is_removed_after_it_was_asked() -> None:
    copy = begun()

    html = designer().get(address(copy, "pages/first/remove/")).content.decode()
    assert address(copy, "pages/second/") in html

    post(copy, "pages/first/remove/", {})

    assert keys(copy) == [["place"]]


def test_ready_blocks_are_added() -> None:
    copy = begun()

    response = post(copy, "pages/second/blocks/", {"item": ["applicant", "site_plan"]})

    assert keys(copy)[1] == ["place", "applicant", "site_plan"]
    assert response.url == address(copy) + "#q-applicant"
    assert post(copy, "pages/second/blocks/", {}).status_code == 200


# --- what is told when it is saved ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "typed", "expected"),
    [
        ("fields/band/", {"label__sv": "Orkester"}, "The question “%(name)s” is saved.|Orkester"),
        ("fields/band/kind/", {"kind": "long_text"}, "The question “%(name)s” is saved.|Band sv"),
        ("fields/band/move/", {"to": "second"}, "The question “%(name)s” is moved.|Band sv"),
        ("pages/first/add/?kind=text", {"label__sv": "Var?"}, "The question “%(name)s” is added.|Var?"),
        ("pages/first/", {"title__sv": "Musiken"}, "The page “%(name)s” is saved.|Musiken"),
        ("new-page/", {"title__sv": "Mat"}, "The page “%(name)s” is added.|Mat"),
    ],
)
def test_what_was_saved_is_told_once(more: str, typed: dict[str, str], expected: str) -> None:
    copy, browser = begun(), designer()
    words, _bar, name = expected.partition("|")

    shown = as_it_stands(copy, more, **typed) if more in ("fields/band/", "pages/first/") else typed
    after = browser.get(post(copy, more, shown, by=browser).url)

    assert told(after.content) == [_(words) % {"name": name}]


@pytest.mark.parametrize("more", ["fields/band/", "pages/first/"])
def test_that_nothing_was_changed_is_told(more: str) -> None:
    copy, browser = begun(), designer()

    after = browser.get(post(copy, more, as_it_stands(copy, more), by=browser).url)

    assert told(after.content) == [_("Nothing was changed.")]


def test_of_what_does_not_fit_yet_only_that_is_told() -> None:
    copy, browser = begun(page("first", field("whole_number", "guests", min=5))), designer()

    after = browser.get(post(copy, "fields/guests/", as_it_stands(copy, "fields/guests/", max="2"), by=browser).url)

    assert len(told(after.content)) == 1


def test_how_many_questions_were_added_is_told() -> None:
    copy, browser = begun(), designer()

    after = browser.get(post(copy, "pages/first/several/", {"rows-0__sv": "Vem?", "rows-2__sv": "Tid"}, by=browser).url)

    assert told(after.content) == [
        ngettext("%(count)d question is added.", "%(count)d questions are added.", 2) % {"count": 2}
    ]


# --- a page that somebody takes away while a form for it is open -------------------------------------------------------


def gone() -> WorkingCopy:
    """A working copy whose first page has just been taken away."""
    copy = begun(page("first", field("text", "title")), page("second", field("text", "place")))
    working.make(copy, editing.remove_page("first"), by=None, seen=copy.at)
    return copy


@pytest.mark.parametrize("more", ["pages/first/several/", "pages/first/"])
def test_what_was_typed_for_a_page_that_is_gone_can_be_put_on_a_new_one(more: str) -> None:
    copy = gone()

    root = markup.read(
        post(copy, more, {"title__sv": "Titel", "rows-0__sv": "Var?", "rows-0-kind": "text"}).content.decode()
    )

    assert root.one(id="id_title__sv").attrs["value"] == "Titel"
    assert root.find("form", action=address(copy, "new-page/"))


def test_a_question_typed_for_a_page_that_is_gone_can_be_added_elsewhere() -> None:
    copy = gone()

    html = post(copy, "pages/first/add/?kind=text", {"label__sv": "Var?"}).content.decode()

    assert 'value="Var?"' in html
    assert markup.read(html).find("form", action=address(copy, "pages/second/add/") + "?kind=text")


@pytest.mark.parametrize("more", ["pages/first/several/", "pages/first/", "pages/first/add/?kind=text"])
def test_a_page_that_is_gone_is_not_found_when_nothing_was_typed(more: str) -> None:
    assert designer().get(address(gone(), more)).status_code == 404
