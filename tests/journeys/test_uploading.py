"""Files that are kept the moment they are chosen: told how far they have come, stopped, refused, and never lost on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from apps.applications.models import Application, Attachment
from tests import build
from tests.journeys.conftest import Visitor

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

Visitors = Callable[..., Visitor]
LARGE = build.pdf(900_000)


def draft() -> Application:
    """A draft with a page that asks for files and more."""
    version = build.version(
        build.page(
            "papers",
            build.field("text", "title"),
            build.field("file", "plan", max_files=3, max_megabytes=1, describe=True),
            build.field("file", "map", required=False, types=["png"]),
        ),
        build.page("last", build.field("text", "more")),
    )
    return build.application(version, answers={})


def at_papers(visitor: Visitors, paper: Application, **how: Any) -> Visitor:
    someone = visitor(paper.customer, **how)
    someone.open(f"/{someone.language}/applications/{paper.pk}/pages/papers/")
    return someone


def choose(someone: Visitor, *names: str, field: str = "plan", content: bytes = build.PDF) -> None:
    files: Any = [{"name": name, "mimeType": "application/pdf", "buffer": content} for name in names]
    someone.page.set_input_files(f"#id_{field}", files if len(files) > 1 else files[0])


def slowly(someone: Visitor) -> None:
    """From now on the visitor's line is slow."""
    client = someone.page.context.new_cdp_session(someone.page)
    client.send("Network.enable")
    line = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 200_000}
    client.send("Network.emulateNetworkConditions", line)


def kept() -> list[str]:
    return sorted(Attachment.objects.values_list("name", flat=True))


@pytest.mark.parametrize("language", ["sv", "fi", "en"])
def test_file_is_kept_as_soon_as_it_is_chosen(visitor: Visitors, language: str) -> None:
    paper = draft()
    someone = at_papers(visitor, paper, language=language, width=320)

    someone.write(title="Not saved yet")
    choose(someone, "plan.pdf", "more.pdf")

    expect(someone.page.locator(".file__name")).to_have_text(["plan.pdf", "more.pdf"])
    expect(someone.page.get_by_role("status").last).to_have_text(someone.word("The files are kept with your draft."))
    expect(someone.page.locator("#id_title")).to_have_value("Not saved yet")
    someone.look()
    assert kept() == ["more.pdf", "plan.pdf"]
    paper.refresh_from_db()
    assert "title" not in paper.answers
    someone.open(f"/{language}/applications/{paper.pk}/pages/papers/")
    assert someone.sees("plan.pdf")


def test_what_is_written_about_a_file_stays_when_another_comes(visitor: Visitors) -> None:
    someone = at_papers(visitor, draft())
    choose(someone, "one.pdf")
    someone.page.locator(".file__about input").fill("The stage")

    choose(someone, "two.pdf")

    expect(someone.page.locator(".file__name")).to_have_count(2)
    expect(someone.page.locator(".file__about input").first).to_have_value("The stage")


def test_file_that_is_refused_is_told_at_the_question_and_leaves_nothing(visitor: Visitors) -> None:
    someone = at_papers(visitor, draft())

    choose(someone, "page.pdf", content=b"<html>")

    expect(someone.page.locator("#id_plan_error")).to_contain_text("page.pdf")
    expect(someone.page.locator("#id_plan")).to_have_attribute("aria-invalid", "true")
    expect(someone.page.locator("#id_plan")).to_be_enabled()
    someone.look()
    assert kept() == []

    choose(someone, "plan.pdf")
    expect(someone.page.locator(".file__name")).to_have_text(["plan.pdf"])
    expect(someone.page.locator("#id_plan_error")).to_have_count(0)


def test_way_of_a_long_file_is_shown_and_can_be_stopped(visitor: Visitors) -> None:
    someone = at_papers(visitor, draft(), width=320)
    slowly(someone)

    choose(someone, "plan.pdf", content=LARGE)

    bar = someone.page.get_by_role("progressbar", name="plan.pdf")
    expect(bar).to_be_visible()
    expect(someone.page.locator(".upload__part")).not_to_have_text("0 %")
    someone.look()
    stop = someone.page.get_by_role("button", name=someone.word("Stop sending"))
    stop.focus()
    stop.press("Enter")
    expect(someone.page.locator(".upload")).to_have_count(0)
    expect(someone.page.locator("#id_plan")).to_be_focused()
    expect(someone.page.locator("#id_plan")).to_have_value("")
    assert kept() == []


def test_page_saved_while_a_file_is_on_its_way_waits_for_it(visitor: Visitors) -> None:
    paper = draft()
    someone = at_papers(visitor, paper)
    slowly(someone)
    someone.write(title="Feast")

    choose(someone, "map.pdf", field="map", content=LARGE)
    choose(someone, "plan.pdf", content=LARGE)
    someone.page.get_by_role("button", name=someone.word("Save and go on later")).click()

    expect(someone.page.locator("#id_map_error")).to_contain_text("map.pdf", timeout=30_000)
    expect(someone.page.locator("#id_map")).to_be_focused(timeout=30_000)
    assert kept() == ["plan.pdf"]
    paper.refresh_from_db()
    assert "title" not in paper.answers


def test_page_is_saved_once_its_files_have_arrived(visitor: Visitors) -> None:
    paper = draft()
    someone = at_papers(visitor, paper)
    slowly(someone)
    someone.write(title="Feast")
    choose(someone, "plan.pdf", content=LARGE)

    with someone.page.expect_navigation(timeout=30_000):
        someone.page.get_by_role("button", name=someone.word("Save and go on later")).click(no_wait_after=True)

    paper.refresh_from_db()
    assert kept() == ["plan.pdf"]
    assert paper.answers["title"] == "Feast"


@pytest.mark.parametrize("trouble", ["no network", "signed out", "refused by the server"])
def test_file_that_could_not_be_sent_at_once_goes_with_the_page(visitor: Visitors, trouble: str) -> None:
    paper = draft()
    someone = at_papers(visitor, paper)

    def answer(route: Route) -> None:
        if trouble == "no network":
            route.abort()
        elif trouble == "signed out":
            route.fulfill(status=302, headers={"Location": "/sv/sign-in/"})
        else:
            route.fulfill(status=503, body="<div class='question'>Not the question</div>")

    someone.page.route("**/files/plan/", answer)
    someone.write(title="Feast")
    choose(someone, "plan.pdf")

    expect(someone.page.locator(".question__warning")).to_be_visible()
    someone.page.unroute("**/files/plan/")
    someone.troubles.clear()  # the browser tells of what was made to fail
    someone.press("Save and go on later")
    assert kept() == ["plan.pdf"]


def test_without_script_files_go_with_the_page(visitor: Visitors) -> None:
    someone = at_papers(visitor, draft(), script=False)
    someone.write(title="Feast")
    choose(someone, "plan.pdf")
    assert kept() == []

    someone.press("Save and go on later")

    assert kept() == ["plan.pdf"]
