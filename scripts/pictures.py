"""Takes the pictures of README.md from a portal that is running with example data.

    make run                                                    # in another terminal
    .venv/bin/python scripts/pictures.py                        # or: scripts/pictures.py http://127.0.0.1:8170

Needs what `make test` sets up, and Chromium. It signs in with the test identity, fills in the notice of a public event and sends it, so
each run leaves a case behind: let the portal have a `VAR_DIR` of its own. The pictures lie in docs/images and are to be looked at.
"""

from __future__ import annotations

import shutil
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, Page, sync_playwright

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
MOST_BYTES = 150_000
MS_TO_PASS_ON = 5_000  # by then the relay has passed the case on, and the pages say so
WIDE, PHONE = (1100, 760), (390, 844)
SERVICE, OTHER_SERVICE = "public-event", "noise-notification"
DESIGNER, PASSWORD = "designer-town", "only-for-demo"  # of the demo, known to all
DAY = datetime.now(ZoneInfo("Europe/Helsinki")) + timedelta(days=60)
EVENT_DAY = f"{DAY.day}.{DAY.month}.{DAY.year}"
# What is answered on each page: written, and chosen.
ANSWERS: tuple[tuple[dict[str, str], dict[str, str]], ...] = (
    (
        {
            "organiser_given_name": "Exempel",
            "organiser_family_name": "Arrangör",
            "organiser_phone": "040 123 4567",
            "organiser_email": "namn@example.com",
            "organiser_address": "Exempelgatan 1",
            "organiser_post_code": "00100",
            "organiser_town": "Exempelstaden",
        },
        {"organiser_kind": "person", "on_behalf": "no"},
    ),
    (
        {
            "event_name": "Exempelfesten",
            "event_purpose": "En fest för alla",
            "event_programme": "Sång och dans",
            "audience_total": "150",
        },
        {},
    ),
    (
        {
            "event_place": "Torget",
            "event_address": "Exempelgatan 1",
            "event_municipality": "Helsingfors",
            "start_date": EVENT_DAY,
            "start_time": "14.30",
            "end_date": EVENT_DAY,
            "end_time": "22",
        },
        {"place_is_own": "yes"},
    ),
    ({}, {"alcohol": "no", "open_fire": "no", "music": "no", "structures": "no"}),
    ({}, {"responsible_same": "yes", "stewards": "no", "traffic": "no"}),
)


def opened(
    browser: Browser, *, size: tuple[int, int] = WIDE, dark: bool = False, signed_in: Page | None = None
) -> Page:
    """A new window; that of somebody who is signed in already, if told so."""
    kept = signed_in.context.storage_state() if signed_in else None
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        storage_state=kept,
        locale="sv-FI",
    )
    return context.new_page()


def take(page: Page, name: str) -> None:
    """Keep what the window shows. Refuses a picture that is too heavy for a page of text."""
    file = IMAGES / f"{name}.png"
    page.screenshot(path=file)
    if file.stat().st_size > MOST_BYTES:
        sys.exit(f"{file.name} has more than {MOST_BYTES} bytes")
    sys.stdout.write(f"{file.name}: {file.stat().st_size} bytes\n")


def go_on(page: Page, button: str = "main form .buttons button.button") -> None:
    """Press what is found first and wait for the page it leads to."""
    with page.expect_navigation():
        page.locator(button).first.click()


def sign_in(page: Page, portal: str) -> None:
    """As somebody who does not exist."""
    page.goto(f"{portal}/sv/sign-in/?next=/sv/services/{SERVICE}/")
    page.fill("#id_given_name", "Exempel")
    page.fill("#id_family_name", "Arrangör")
    go_on(page)
    page.goto(f"{portal}/sv/services/{SERVICE}/")


def fill_in(browser: Browser, page: Page) -> None:
    """From the service's page to the page where everything is checked; the form on a phone is taken on the way."""
    go_on(page, 'main form[action$="/start/"] button')
    for number, (written, chosen) in enumerate(ANSWERS):
        for key, value in chosen.items():
            page.check(f'input[name="{key}"][value="{value}"]')
        for key, text in written.items():
            page.fill(f"#id_{key}", text)
        if number == 1:
            phone = opened(browser, size=PHONE, signed_in=page)
            phone.goto(page.url.replace("/sv/", "/fi/"))
            take(phone, "form-phone")
            phone.context.close()
        go_on(page)
    plan = {"name": "plan.pdf", "mimeType": "application/pdf", "buffer": page.pdf()}
    page.set_input_files("#id_security_plan", plan)  # type: ignore[arg-type]
    page.check("#id_declaration")
    go_on(page)


def begin_another(page: Page, portal: str) -> None:
    """A draft that is left for later."""
    page.goto(f"{portal}/sv/services/{OTHER_SERVICE}/")
    go_on(page, 'main form[action$="/start/"] button')
    go_on(page, 'main form button[name="_later"]')


def take_the_builder(browser: Browser, portal: str) -> None:
    """The pages of a designer of the example town: a service's tasks, and its questions with the preview beside them."""
    page = opened(browser)
    page.goto(f"{portal}/admin/login/?next=/admin/services/service/?q={OTHER_SERVICE}")
    page.fill("[name=username]", DESIGNER)
    page.fill("[name=password]", PASSWORD)
    go_on(page, "form input[type=submit], form button[type=submit]")
    go_on(page, "#result_list a[href*=change]")
    go_on(page, 'a.button[href$="/build/"]')
    take(page, "tasks")
    page.goto(f"{page.url}questions/")
    take(page, "questions")


def main(portal: str) -> None:
    """Go the customer's way and take the pictures of it."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("no Chromium here: apt-get install chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=QUIET)
        page = opened(browser)
        page.goto(f"{portal}/sv/")
        take(page, "catalogue")
        page.goto(f"{portal}/sv/services/{SERVICE}/")
        take(page, "service")
        sign_in(page, portal)
        fill_in(browser, page)
        take(page, "check")
        go_on(page, 'main form[action$="/send/"] button')
        take(page, "receipt")
        begin_another(page, portal)
        page.wait_for_timeout(MS_TO_PASS_ON)
        page.goto(f"{portal}/sv/cases/")
        take(page, "my-cases")
        go_on(page, 'main .card__title a[href*="/cases/"]')
        take(page, "case")
        dark = opened(browser, dark=True, signed_in=page)
        dark.goto(page.url.replace("/sv/", "/en/"))
        take(dark, "dark")
        take_the_builder(browser, portal)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/") if len(sys.argv) > 1 else "http://127.0.0.1:8000")
