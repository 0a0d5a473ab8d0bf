"""The receipt as a tagged PDF: made when somebody asks for it, from what the page of the receipt says, and set by `receipt.typ`."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from apps.applications import typesetting
from apps.applications.receipt import Receipt
from apps.services.texts import exact_moment_words


def receipt_pdf(receipt: Receipt, check_address: str) -> bytes:
    """The receipt in the language of the paper. `check_address` is where anybody can see that it is genuine."""
    return typesetting.pdf("receipt.typ", said(receipt, check_address), receipt.arrived)


def said(receipt: Receipt, check_address: str) -> dict[str, Any]:
    """Everything the document says, in its language, with no character that its font cannot show."""
    with override(receipt.language):
        return typesetting.showable(_told(receipt, check_address), receipt.language)


def _told(receipt: Receipt, check_address: str) -> dict[str, Any]:
    arrived = f"{exact_moment_words(receipt.arrived, receipt.language)} ({_('Finnish time')})"
    facts = [
        (_("Case number"), receipt.number),
        (_("Arrived"), arrived),
        (_("Service"), receipt.service),
        (_("Authority"), receipt.authority),
        (_("Sent by"), receipt.sent_by),
        (_("On behalf of"), receipt.on_behalf_of),
    ]
    name, lead = (
        f"{_('Receipt')} {receipt.number}",
        _("This receipt says that the authority has what you sent. It is not an approval."),
    )
    if receipt.is_test:
        lead = _("TEST – the authority does not handle this")
        name = f"{_('TEST')} – {name}"
    proof = [(_("Check address"), check_address), (_("Digest of everything sent (SHA-256)"), receipt.digest)]
    return {
        "language": receipt.language,
        "title": name,
        "lead": lead,
        "foot": name,
        "authority": receipt.authority,
        "heads": {
            "facts": [_("Detail"), _("Content")],
            "sent": receipt.heading,
            "answers": [_("Question"), pgettext("noun", "Answer")],
            "declaration": _("What you confirmed by sending"),
            "files": _("Attachments"),
            "file": [_("Question"), pgettext("noun", "File")],
            "genuine": _("How to see that the receipt is genuine"),
        },
        "facts": [(term, typesetting.lines(text)) for term, text in facts if text],
        "elsewhere": _("This was filled in in the authority’s own service, and the answers are there."),
        "sections": [typesetting.section(section) for section in receipt.sections],
        "declaration": typesetting.paragraphs(receipt.declaration),
        "files": [typesetting.file(label, file) for label, file in receipt.files],
        "genuine": [
            _(
                "At the check address anybody who holds this receipt can see that its number, time of arrival and digest "
                "are genuine, and nothing else of the case."
            )
        ],
        "proof": [(term, [text]) for term, text in proof],
    }
