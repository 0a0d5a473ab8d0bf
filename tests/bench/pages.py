"""Processor time of the engine's page beside two pages written by hand, for the same signed-in customer."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.applications.models import Application
from apps.people.models import Customer
from apps.services.answersheet import sheet
from apps.services.pageform import PageForm
from tests import build
from tests.bench.models import Row
from tests.bench.worker import Worker, worker

WARM_UP, BLOCK, BLOCKS = 50, 50, 10

ANSWERS: dict[str, Any] = {
    "name": "Ett exempel",
    "description": "Första raden\nandra raden",
    "email": "namn@example.com",
    "phone": "+358401234567",
    "visitors": 250,
    "day": "2030-06-05",
    "hour": "14:30",
    "music": True,
    "colour": "green",
    "size": "size_3",
    "sizes": ["size_1", "size_2"],
    "agreed": True,
}
TYPED: dict[str, object] = {
    **ANSWERS,
    "phone": "040 123 4567",
    "music": "yes",
    "agreed": "on",
}
WRONG: dict[str, object] = {**TYPED, "email": "namn", "visitors": "många", "day": "2030-02-31", "colour": "pink"}


def twelve(prefix: str = "") -> list[dict[str, Any]]:
    """The twelve mixed fields."""
    sizes = build.options(*(f"size_{n}" for n in range(6)))
    return [
        build.field("text", f"{prefix}name"),
        build.field("long_text", f"{prefix}description", hint=build.said("In your own words.")),
        build.field("email", f"{prefix}email"),
        build.field("phone", f"{prefix}phone"),
        build.field("whole_number", f"{prefix}visitors"),
        build.field("date", f"{prefix}day"),
        build.field("time", f"{prefix}hour"),
        build.field("yes_no", f"{prefix}music"),
        build.field("choice", f"{prefix}colour", options=build.options("red", "green", "blue")),
        build.field("choice", f"{prefix}size", options=sizes, display="list"),
        build.field("choices", f"{prefix}sizes", options=sizes),
        build.field("consent", f"{prefix}agreed"),
    ]


def measure(*, rounds: int) -> dict[str, float]:
    """All figures of pages."""
    customer = build.customer()
    version = build.version(build.page("all", *twelve()), build.page("more", build.field("text", "more")))
    draft = build.application(version, by=customer, answers=ANSWERS)
    row = _row(customer)
    paths = {
        "engine": f"/sv/applications/{draft.pk}/pages/all/",
        "literal": f"/bench/literal/{row.pk}/",
        "crispy": f"/bench/crispy/{row.pk}/",
    }
    figures: dict[str, float] = {}
    with worker() as served:
        cookie, token = _session(customer, served, paths["engine"])
        for name, data, status in (("get", None, 200), ("post", TYPED, 302), ("invalid", WRONG, 200)):
            sent = None if data is None else {**data, "csrfmiddlewaretoken": token}
            cpu = compare(served, paths, cookie, sent, status, rounds)
            figures |= {f"page_{name}_ms_{who}": ms for who, ms in cpu.items()}
            figures[f"page_{name}_ratio"] = cpu["engine"] / cpu["literal"]
            figures[f"page_{name}_vs_crispy"] = cpu["engine"] / cpu["crispy"]
    figures["page_queries"] = _queries(customer, paths["engine"])
    figures |= _per_field()
    figures["check_page_500_ms"] = _check_page(customer)
    _print(figures)
    return figures


def _row(customer: Customer) -> Row:
    kept = {**ANSWERS, "music": "yes"}
    return Row.objects.create(customer=customer, **kept)


def _session(customer: Customer, served: Worker, path: str) -> tuple[dict[str, str], str]:
    """The headers of a signed-in browser, and its form's safety mark."""
    browser = build.signed_in(customer)
    page = browser.get(path, secure=True, headers={"host": "localhost"}).content.decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    if not found:
        raise RuntimeError("the engine's page has no form")
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items())
    return {"Cookie": cookies}, found[1]


def compare(
    served: Worker,
    paths: dict[str, str],
    headers: dict[str, str],
    data: dict[str, object] | None,
    status: int,
    rounds: int,
) -> dict[str, float]:
    """Milliseconds of the worker's processor time per request of each page: the median of some rounds of interleaved blocks."""
    method = "GET" if data is None else "POST"

    def block(path: str, count: int) -> None:
        for _ in range(count):
            got, _body = served.ask(method, path, headers, data)
            if got != status:
                raise RuntimeError(f"{method} {path} answered {got}, not {status}")

    for path in paths.values():
        block(path, WARM_UP)
    found: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(rounds):
        used = dict.fromkeys(paths, 0.0)
        for _ in range(BLOCKS):
            for name, path in paths.items():
                before = served.cpu()
                block(path, BLOCK)
                used[name] += served.cpu() - before
        for name, seconds in used.items():
            found[name].append(seconds * 1000 / (BLOCK * BLOCKS))
    return {name: statistics.median(values) for name, values in found.items()}


def _queries(customer: Customer, path: str) -> int:
    browser = build.signed_in(customer)
    browser.get(path, secure=True, headers={"host": "localhost"})
    with CaptureQueriesContext(connection) as caught:
        browser.get(path, secure=True, headers={"host": "localhost"})
    return len(caught)


def _best(work: Callable[[], object], times: int = 15) -> float:
    """Milliseconds of processor time: the median of some goes."""
    found = []
    for _ in range(times):
        before = time.process_time()
        work()
        found.append((time.process_time() - before) * 1000)
    return statistics.median(found)


def _per_field() -> dict[str, float]:
    """What a field more costs on a page that is shown, from 12 to 504 fields."""

    def render(groups: int) -> float:
        made = build.definition(build.page("all", *(f for n in range(groups) for f in twelve(f"g{n}_"))))
        answers = {f"g{n}_{key}": value for n in range(groups) for key, value in ANSWERS.items()}

        def show() -> None:
            form = PageForm(made, made.pages[0], answers=answers, today=build.TODAY)
            form.helper.render_layout(form, {})

        return _best(show)

    few, many = render(1), render(42)
    return {"field_ms": (many - few) / (42 * 12 - 12), "page_12_fields_ms": few, "page_504_fields_ms": many}


def _check_page(customer: Customer) -> float:
    """The page with every answer, for 504 answers."""
    version = build.version(build.page("all", *(f for n in range(42) for f in twelve(f"g{n}_"))), key="large")
    answers = {f"g{n}_{key}": value for n in range(42) for key, value in ANSWERS.items()}
    draft = build.application(version, by=customer, answers=answers)
    browser, path = build.signed_in(customer), f"/sv/applications/{draft.pk}/check/"
    sheet(Application.objects.get(pk=draft.pk).definition, answers, build.TODAY, "sv")

    def show() -> None:
        answer = browser.get(path, secure=True, headers={"host": "localhost"})
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")

    return _best(show)


def _print(figures: dict[str, float]) -> None:
    print(f"\nPages of 12 fields: processor time of the worker, ms per request ({connection.vendor})\n")
    print(f"{'':10}{'engine':>10}{'literal':>10}{'crispy':>10}{'/literal':>10}{'/crispy':>10}")
    for name in ("get", "post", "invalid"):
        ms = [figures[f"page_{name}_ms_{who}"] for who in ("engine", "literal", "crispy")]
        ratios = [figures[f"page_{name}_ratio"], figures[f"page_{name}_vs_crispy"]]
        print(f"{name:10}" + "".join(f"{value:10.2f}" for value in ms + ratios))
    print(f"\nqueries to show a page of a draft   {figures['page_queries']:8.0f}")
    print(f"a field more on a page, ms          {figures['field_ms']:8.4f}")
    print(f"check page of 504 answers, ms       {figures['check_page_500_ms']:8.1f}")
