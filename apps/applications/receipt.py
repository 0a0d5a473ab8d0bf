"""What a receipt says of a sent paper (13/2003, sections 10 and 12), as data: for its page, its PDF and its check address.

The questions are the paper's own: those of its version, in the words the customer was shown. A personal identity code stands masked,
as every kind of question shows it (`Field.show`); whoever holds the receipt does not get to know one from it.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from apps.applications.models import Application
from apps.services.answersheet import Section


@dataclass(frozen=True)
class Receipt:
    """A receipt in one language. `paper` is sent; its version, service and authority should have been read along with it.

    What only the case knows is told: its number, and who sent the paper, as the diary has it.
    """

    paper: Application
    number: str
    sent_by: str
    on_behalf_of: str
    language: str

    @property
    def arrived(self) -> datetime:
        """When the authority had it: the server's time, not that of the sender's clock."""
        if self.paper.sent_at is None:
            raise ValueError("there is no receipt of a draft")
        return self.paper.sent_at

    @property
    def digest(self) -> str:
        """SHA-256 of everything sent."""
        return self.paper.digest

    @property
    def is_supplement(self) -> bool:
        """Whether it is of a paper that was added to a case."""
        return self.paper.supplement_form is not None

    @property
    def is_test(self) -> bool:
        """Whether it is of a version that was only tried."""
        return self.paper.is_test

    @property
    def heading(self) -> str:
        """What was sent is called, in the language in use."""
        if self.paper.folder is not None:
            return _("What you added")
        if self.paper.is_done_elsewhere:
            return _("What you did in the authority’s own service")
        return _("Your supplement") if self.is_supplement else _("What you sent")

    @property
    def service(self) -> str:
        """The service's name as it was when the paper was begun."""
        return self.paper.version.definition.name.said(self.language)

    @property
    def authority(self) -> str:
        """The authority's name."""
        return self.paper.version.service.authority.named(self.language)

    @cached_property
    def sections(self) -> list[Section]:
        """The questions as they were shown, and the answers that were sent."""
        return self.paper.sheet(self.language)

    @cached_property
    def files(self) -> list[tuple[str, dict[str, Any]]]:
        """What is known of each attachment, after the question it answers."""
        return [(line.label, file) for section in self.sections for line in section.lines for file in line.files]

    @property
    def declaration(self) -> str:
        """What the customer confirmed by sending; '' where the service demands nothing, of a supplement, and of what came otherwise."""
        return (
            ""
            if self.is_supplement or self.paper.came_at
            else self.paper.version.definition.declaration.said(self.language)
        )


def same_digest(receipt_digest: str, typed: str) -> bool:
    """Whether what was copied or typed from paper is the digest: in small or capital letters, however it is broken into parts."""
    return "".join(typed.split()).lower() == receipt_digest


def looks_like_digest(typed: str) -> bool:
    """Whether it has the length and the characters of a digest (SHA-256) at all."""
    bare = "".join(typed.split())
    return len(bare) == 64 and set(bare) <= set(string.hexdigits)
