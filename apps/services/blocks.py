"""Ready blocks of questions that nearly every form has: the applicant, who pays, the attachments. Their texts are here in each language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.services.editing import Document, Element, with_free_keys
from apps.services.fieldtypes.base import in_three
from apps.services.reading import Json

PAPERS = ["pdf", "png", "jpeg", "docx", "odt"]
DRAWINGS = ["pdf", "png", "jpeg"]


@dataclass(frozen=True)
class Item:
    """What is put on a page together: its name in the block, what it is called, and its fields."""

    key: str
    title: Any
    fields: tuple[Element, ...]


@dataclass(frozen=True)
class Block:
    """Items that belong together."""

    key: str
    title: Any
    items: tuple[Item, ...]


def _one(title: Any, kind: str, key: str, label: Mapping[str, str], **more: Json) -> Item:
    return Item(key, title, ({"kind": kind, "key": key, "label": dict(label), **more},))


PAYER = (
    {
        "kind": "yes_no",
        "key": "payer_is_applicant",
        "label": in_three(
            "Är sökanden också betalare?", "Onko hakija myös maksaja?", "Is the applicant also the one who pays?"
        ),
    },
    {
        "kind": "applicant",
        "key": "payer",
        "label": in_three("Betalare", "Maksaja", "Payer"),
        "protection_order": False,
        "show_when": {"field": "payer_is_applicant", "equals": False},
    },
    {"kind": "invoicing", "key": "invoicing", "label": in_three("Fakturering", "Laskutus", "Invoicing")},
)

BLOCKS: tuple[Block, ...] = (
    Block(
        "who",
        _("Who applies and who pays"),
        (
            _one(
                _("Applicant: a person or an organisation"),
                "applicant",
                "applicant",
                in_three("Sökande", "Hakija", "Applicant"),
                common=True,
            ),
            Item("payer", _("Payer, with the invoicing details"), PAYER),
        ),
    ),
    Block(
        "where_and_when",
        _("Where and when"),
        (
            _one(_("Place"), "place", "place", in_three("Plats", "Paikka", "Place"), common=True),
            _one(_("Period, from–to"), "period", "period", in_three("Tid", "Ajankohta", "Period"), common=True),
        ),
    ),
    Block(
        "attachments",
        _("Attachments"),
        (
            _one(
                _("Power of attorney"),
                "file",
                "power_of_attorney",
                in_three("Fullmakt", "Valtakirja", "Power of attorney"),
                hint=in_three(
                    "Behövs när någon annan än sökanden gör ansökan.",
                    "Tarvitaan, kun hakemuksen tekee joku muu kuin hakija.",
                    "Needed when somebody else than the applicant makes the application.",
                ),
                required=False,
                types=PAPERS,
            ),
            _one(
                _("Extract from the trade or association register"),
                "file",
                "register_extract",
                in_three(
                    "Utdrag ur handels- eller föreningsregistret",
                    "Kauppa- tai yhdistysrekisteriote",
                    "Extract from the trade or association register",
                ),
                hint=in_three(
                    "Visar vem som har rätt att teckna namnet.",
                    "Osoittaa, kenellä on nimenkirjoitusoikeus.",
                    "Shows who has the right to sign.",
                ),
                required=False,
                types=["pdf", "png", "jpeg"],
            ),
            _one(
                _("Site plan"),
                "file",
                "site_plan",
                in_three("Situationsplan", "Asemapiirros", "Site plan"),
                max_files=3,
                types=DRAWINGS,
            ),
            _one(
                _("Location map"),
                "file",
                "location_map",
                in_three("Lägeskarta", "Sijaintikartta", "Location map"),
                max_files=2,
                types=DRAWINGS,
            ),
            _one(
                _("Other attachments"),
                "file",
                "other_attachments",
                in_three("Andra bilagor", "Muut liitteet", "Other attachments"),
                required=False,
                max_files=10,
                types=["pdf", "png", "jpeg", "docx", "xlsx", "odt", "ods"],
                describe=True,
            ),
        ),
    ),
    Block(
        "last",
        _("At the end"),
        (
            _one(
                _("Further information"),
                "long_text",
                "further_information",
                in_three("Tilläggsuppgifter", "Lisätiedot", "Further information"),
                hint=in_three(
                    "Skriv här om det är något annat som myndigheten behöver veta.",
                    "Kirjoita tähän, jos viranomaisen on tiedettävä jotakin muuta.",
                    "Write here if there is anything else that the authority needs to know.",
                ),
                required=False,
            ),
            _one(
                _("Consent to electronic service of documents"),
                "consent",
                "electronic_service",
                in_three(
                    "Jag samtycker till att handlingar delges mig elektroniskt.",
                    "Suostun siihen, että asiakirjat annetaan minulle tiedoksi sähköisesti.",
                    "I consent to documents being served on me electronically.",
                ),
                required=False,
            ),
            _one(
                _("Declaration"),
                "consent",
                "declaration",
                in_three(
                    "Jag försäkrar att de uppgifter som jag har lämnat är riktiga.",
                    "Vakuutan antamani tiedot oikeiksi.",
                    "I declare that the details I have given are right.",
                ),
            ),
        ),
    ),
)


def ready_fields(document: Document, chosen: Iterable[str], languages: Sequence[str]) -> list[Element]:
    """The fields of the items chosen, in the order of the blocks, with keys that are free and the texts of the service's languages."""
    wanted = set(chosen)
    fields = [field for block in BLOCKS for item in block.items if item.key in wanted for field in item.fields]
    return [_in_languages(field, languages) for field in with_free_keys(document, fields)]


def all_items() -> dict[str, Item]:
    """Every item by its name."""
    return {item.key: item for block in BLOCKS for item in block.items}


def _in_languages(field: Element, languages: Sequence[str]) -> Element:
    return {name: _said(value, languages) if name in ("label", "hint") else value for name, value in field.items()}


def _said(texts: Mapping[str, str], languages: Sequence[str]) -> dict[str, str]:
    """A text in the languages of the service; in all it has, when it has none of them."""
    return {code: text for code, text in texts.items() if code in languages} or dict(texts)
