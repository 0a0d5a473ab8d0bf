"""A designer builds a service from nothing and publishes it; a customer sends it; the authority finds the case. By clicking only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from apps.cases.models import Case
from apps.services.exchange import import_service
from apps.services.models import Service, Version, WorkingCopy
from tests import build
from tests.journeys.conftest import Visitor

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

MOST_CLICKS, MOST_SCREENS = 60, 35

TEXTS = {
    "summary": ("Anmäl när du spelar på ett torg.", "Ilmoita, kun soitat torilla."),
    "for_whom": ("Den som spelar med förstärkare.", "Vahvistimella soittavalle."),
    "legal_ground": ("Stadens ordningsregler.", "Kaupungin järjestyssäännöt."),
    "price": ("Avgiftsfri.", "Maksuton."),
    "handling_time": ("Ungefär en vecka.", "Noin viikko."),
    "at_hand": ("Platsen och dagen.", "Paikka ja päivä."),
}
# Each page: its title, and its questions by kind and label. The second page has the choice with its options.
Row = tuple[str, str, str]
PAGES: list[tuple[tuple[str, str], list[Row]]] = [
    (
        ("Spelningen", "Soitto"),
        [
            ("text", "Vem spelar?", "Kuka soittaa?"),
            ("date", "Dag", "Päivä"),
            ("yes_no", "Används förstärkare?", "Käytetäänkö vahvistinta?"),
            ("whole_number", "Effekt i watt", "Teho watteina"),
        ],
    ),
    (
        ("Platsen", "Paikka"),
        [
            ("text", "Torg", "Tori"),
            ("choice", "Hur många lyssnar?", "Kuinka moni kuuntelee?"),
            ("long_text", "Berätta mer", "Kerro lisää"),
        ],
    ),
    (
        ("Kontakt och bilagor", "Yhteystiedot ja liitteet"),
        [
            ("phone", "Telefon", "Puhelin"),
            ("email", "E-post", "Sähköposti"),
            ("file", "Karta", "Kartta"),
        ],
    ),
]


class Hands:
    """Somebody's hands at a browser: every press, tick and choice is counted, every page that comes is looked at."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor, self.page, self.clicks = visitor, visitor.page, 0

    def press(self, word: str, *, role: Any = "button", exact: bool = True) -> None:
        """Press a button or follow a link that leads to another page."""
        self.clicks += 1
        self.visitor.press(word, role=role, exact=exact)

    def follow(self, text: str) -> None:
        """Follow a link by its words as they stand."""
        self.clicks += 1
        self.visitor.follow(text)

    def pick(self, control: str, value: str) -> None:
        """Choose in a list."""
        self.clicks += 1
        self.page.select_option(control, value)

    def tick(self, control: str) -> None:
        """Tick a box, or choose a radio button."""
        self.clicks += 1
        self.page.check(control)

    def save(self) -> None:
        """Press the button that saves."""
        self.clicks += 1
        self.visitor.go(self.page.locator("main button.button:not(.button--secondary):not(.button--quiet)").last)


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_service_is_built_published_sent_and_found_by_clicking_only(
    visitor: Callable[..., Visitor], script: bool
) -> None:
    build.authority(email="role@example.com")
    designer = Hands(visitor(build.official("designer", role="designer"), script=script))
    customer = Hands(visitor(build.customer(), script=script))
    handler = Hands(visitor(build.official("handler"), script=script))

    _begin(designer)
    _tell_about_it(designer)
    _ask(designer)
    _set_the_condition(designer, script)
    _publish(designer)
    _apply(customer)
    _find(handler)

    everybody = (designer, customer, handler)
    clicks, screens = sum(one.clicks for one in everybody), sum(len(one.visitor.met) for one in everybody)
    assert (clicks <= MOST_CLICKS, screens <= MOST_SCREENS) == (True, True), (clicks, screens)
    _is_what_importing_its_export_gives()
    _strangers_see_nothing(visitor)


def _begin(designer: Hands) -> None:
    designer.visitor.open("/admin/")
    designer.press("Services", role="link")
    designer.press("New service", role="link")
    designer.visitor.write(name__sv="Anmälan om gatumusik", name__fi="Ilmoitus katusoitosta")
    designer.save()


def _tell_about_it(designer: Hands) -> None:
    designer.press("About the service", role="link")
    for name, (sv, fi) in TEXTS.items():
        designer.visitor.write(**{f"{name}__sv": sv, f"{name}__fi": fi})
    designer.save()


def _ask(designer: Hands) -> None:
    designer.press("Questions", role="link")
    designer.press("Add the first page", role="link")
    for n, (title, rows) in enumerate(PAGES):
        designer.visitor.write(title__sv=title[0], title__fi=title[1])
        for row, (kind, sv, fi) in enumerate(rows):
            designer.pick(f"#id_rows-{row}-kind", kind)
            designer.visitor.write(**{f"rows-{row}__sv": sv, f"rows-{row}__fi": fi})
            if kind == "choice":
                _write_options(designer, row)
        if n < len(PAGES) - 1:
            designer.press("Save and add another page")
        else:
            designer.press("Save")


def _write_options(designer: Hands, row: int) -> None:
    """The options, one a line. Without script they stand behind a fold that is opened."""
    if not designer.page.is_visible(f"#id_rows-{row}-options__sv"):
        designer.clicks += 1
        designer.page.locator("[data-row] details summary").nth(row).click()
    designer.page.fill(f"#id_rows-{row}-options__sv", "Några\nMånga")
    designer.page.fill(f"#id_rows-{row}-options__fi", "Muutama\nMonta")


def _set_the_condition(designer: Hands, script: bool) -> None:
    designer.follow("Effekt i watt")
    designer.clicks += 1
    designer.visitor.go(designer.page.locator('a[href*="/build/conditions/"][href*="show_when"]').first)
    designer.pick("#id_r0-question", "anvands_forstarkare")
    if script:
        designer.page.wait_for_selector("#id_r0-comparison")
    else:
        designer.clicks += 1
        designer.visitor.go(designer.page.locator('button[name="act"][value="go-on"]:not(.first-button)').first)
    designer.clicks += 1
    designer.visitor.go(designer.page.locator('button.button[name="act"][value="save"]:not(.first-button)'))
    assert designer.visitor.sees("”Används förstärkare?” är ”Ja”")


def _publish(designer: Hands) -> None:
    designer.press("Check", role="link")
    designer.press("On to publishing", role="link")
    designer.press("Publish")


def _apply(customer: Hands) -> None:
    customer.visitor.open("/sv/")
    customer.follow("Anmälan om gatumusik")
    customer.press("Begin")
    customer.visitor.write(vem_spelar="Kvartetten", dag="1.9.2030")
    customer.tick('input[name="anvands_forstarkare"][value="no"]')
    assert not customer.page.locator("#id_effekt_i_watt").is_visible() or customer.visitor.twin is not None
    customer.press("Save and continue")
    customer.visitor.write(torg="Salutorget", beratta_mer="Musik i en timme.")
    customer.tick('input[name="hur_manga_lyssnar"] >> nth=0')
    customer.press("Save and continue")
    customer.visitor.write(telefon="040 123 4567", e_post="kvartetten@example.com")
    customer.clicks += 1
    customer.page.set_input_files(
        "#id_karta", {"name": "karta.pdf", "mimeType": "application/pdf", "buffer": build.PDF}
    )
    if customer.visitor.twin is None:
        customer.page.wait_for_selector("text=karta.pdf")
    customer.press("Save and continue")
    customer.press("Send to the authority")
    assert Case.objects.count() == 1


def _find(handler: Hands) -> None:
    handler.visitor.open("/admin/")
    handler.clicks += 1
    handler.visitor.go(handler.page.locator(".count a", has_text=handler.visitor.word("New cases")).first)
    handler.follow(Case.objects.get().number or "")
    assert handler.visitor.sees("Kvartetten")
    assert handler.visitor.sees("Salutorget")


def _is_what_importing_its_export_gives() -> None:
    """What was published through the builder is the same as what importing its export gives."""
    version = Version.objects.get()
    again, is_new = import_service(version.document)
    assert (again, is_new) == (version, False)
    assert not WorkingCopy.objects.exists()
    definition = version.definition
    assert [len(page.asked) for page in definition.pages] == [4, 3, 3]
    assert definition.languages == ("sv", "fi")


def _strangers_see_nothing(visitor: Callable[..., Visitor]) -> None:
    service = Service.objects.get()
    stranger = visitor(build.official("stranger", of=build.authority("other-town"), role="designer"))
    stranger.open("/admin/services/service/")
    assert not stranger.sees("gatumusik")
    answer = stranger.page.goto(f"{stranger.server}/admin/services/service/{service.pk}/build/")
    assert answer is not None
    assert answer.status == 404
