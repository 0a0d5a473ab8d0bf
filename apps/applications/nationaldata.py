"""What a customer who begins in the national service has stated there: its common data, asked for with the published GET, and what of them
fits this form and this customer.

Whatever is wrong on the way or at the other end is a value with words for the customer, and never stands in their way.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import aiohttp
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from apps.applications.drafting import lock
from apps.applications.models import Application
from apps.people import xroad
from apps.people.identification import strongly_known
from apps.people.models import Customer, Principal
from apps.services.definition import Definition
from apps.services.fieldtypes import Field
from apps.services.reading import Json

LARGEST = 2**20  # bytes of an answer
MARGIN = 0.5  # seconds for all that is not waiting
DEEPEST = 32
PREFILL = "common_data"
MOST_NAMED = 5

log = logging.getLogger(__name__)


class Came(Enum):
    """How asking ended."""

    ANSWERED = "answered"
    UNKNOWN = "unknown"  # it knows nothing under that externalId
    REFUSED = "refused"  # it does not let us in, or not to this
    AWAY = "away"  # late, out of order, or not to be reached
    UNREADABLE = "unreadable"  # what came is not what was agreed
    NOBODY = "nobody"  # no national service is set up here


class Whose(Enum):
    """Whom the common data are about."""

    THEIRS = "theirs"
    OTHERS = "others"
    UNSAID = "unsaid"
    FIRST = "first"  # it is not said, and somebody else has come here first


SET_APART = (Whose.OTHERS, Whose.FIRST)  # nothing of this customer comes to stand under that externalId


@dataclass(frozen=True)
class Answer:
    """What came: the common data when it is `ANSWERED`. `why` is for the log and says nothing of what they hold."""

    came: Came
    data: dict[str, Any] = field(default_factory=dict)
    why: str = ""


# --- asking ----------------------------------------------------------------------------------------------------------


def ask(external_id: uuid.UUID) -> Answer:
    """The common data under an externalId. Never raises, and never takes (much) longer than NATIONAL_SERVICE_START_TIMEOUT."""
    if not settings.NATIONAL_SERVICE_URL:
        return Answer(Came.NOBODY)
    sent = xroad.of_request()
    url = f"{settings.NATIONAL_SERVICE_URL.rstrip('/')}/commondata/{external_id}/commondata"
    came: list[Answer] = []
    # In a thread of its own, which is left alone when it does not end: nothing stops a name that is looked up and never found.
    asking = threading.Thread(target=lambda: came.append(_asked(url, sent)), daemon=True)
    asking.start()
    asking.join(settings.NATIONAL_SERVICE_START_TIMEOUT + MARGIN)
    answer = came[0] if came else Answer(Came.AWAY, why="no answer in time")
    if answer.came is not Came.ANSWERED:
        road = f", X-Road-Id {sent['X-Road-Id']}" if xroad.in_use() else ""
        log.warning("common data of a start: %s, %s%s", answer.came.value, answer.why, road)
    return answer


def _asked(url: str, sent: Mapping[str, str]) -> Answer:
    try:
        return asyncio.run(_get(url, sent))
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as e:  # a certificate that cannot be used, too
        return Answer(Came.AWAY, why=type(e).__name__)


async def _get(url: str, sent: Mapping[str, str]) -> Answer:
    headers = {**xroad.to_national_service(), "Accept-Encoding": "identity", **sent}
    async with (
        aiohttp.ClientSession(
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=settings.NATIONAL_SERVICE_START_TIMEOUT),
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(ssl=tls) if (tls := xroad.tls()) else None,
            auto_decompress=False,  # none was asked for, and a small answer may not grow here
        ) as session,
        session.get(url, allow_redirects=False) as response,
    ):
        body = bytearray()
        async for piece in response.content.iter_chunked(65_536):
            body += piece
            if len(body) > LARGEST:
                return Answer(Came.UNREADABLE, why=f"{response.status}, more than {LARGEST} bytes")
        return _judged(response.status, response.headers, bytes(body))


def _judged(status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    document = read(body)
    if road_error := xroad.error_kind(status, headers, document):
        return Answer(Came.AWAY, why=f"{status} of X-Road: {road_error}")
    if status == 200:
        return (
            Answer(Came.UNREADABLE, why="200 without a JSON object")
            if document is None
            else Answer(Came.ANSWERED, document)
        )
    if status in (400, 404) and document is not None:
        return Answer(Came.UNKNOWN, why=str(status))
    if status in (408, 429) or status >= 500:
        return Answer(Came.AWAY, why=str(status))
    return Answer(Came.REFUSED if status >= 400 else Came.UNREADABLE, why=str(status))


class _Twice(ValueError):
    """A name stands twice in one object: two readers could read it differently."""


def read(body: bytes) -> dict[str, Any] | None:
    """A JSON object of the interface; None for anything else, and for what two readers could read differently."""
    try:
        document = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_refused, parse_float=_finite)
        json.dumps(document, ensure_ascii=False).encode()  # half characters cannot be stored
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and not _too_deep(document) else None


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Twice
    return found


def _refused(constant: str) -> Json:
    raise ValueError(constant)


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(text)
    return number


def _too_deep(document: Json) -> bool:
    level = [document]
    for _depth in range(DEEPEST):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
        ]
    return bool(level)


# --- whose they are --------------------------------------------------------------------------------------------------


def whose(data: Mapping[str, Any], customer: Customer) -> Whose:
    """Whether common data are about who is signed in, and for whom they act now.

    By the identity code, or the business id of the company, where they say it; else by the name, which is enough only of somebody of whom
    it is known for sure who they are.
    """
    said = data.get("customer")
    if not isinstance(said, dict):
        return Whose.UNSAID
    principal, on_behalf_of = customer.acting_for, said.get("onBehalfOf")
    if principal is None or on_behalf_of is None:
        if principal is not None or on_behalf_of is not None:
            return Whose.OTHERS
        return _is_person(said, customer.identity_code, customer.name, customer)
    if not isinstance(on_behalf_of, dict) or on_behalf_of.get("kind") != principal.kind:
        return Whose.OTHERS
    if principal.kind == Principal.Kind.COMPANY and on_behalf_of.get("businessId") is not None:
        return Whose.THEIRS if on_behalf_of["businessId"] == principal.business_id else Whose.OTHERS
    return _is_person(on_behalf_of, principal.identity_code, principal.name, customer)


def _is_person(said: Mapping[str, Any], code: str, name: str, customer: Customer) -> Whose:
    if said.get("identityCode") is not None:
        told = said["identityCode"]
        return Whose.THEIRS if isinstance(told, str) and code and told.strip().upper() == code else Whose.OTHERS
    told = said.get("name")
    if not isinstance(told, str) or not _words(told):
        return Whose.UNSAID
    return Whose.THEIRS if strongly_known(customer) and _words(told) == _words(name) else Whose.OTHERS


def _words(name: str) -> list[str]:
    """A name for comparing: whichever name stands first, in whichever letters."""
    return sorted(unicodedata.normalize("NFC", name).casefold().split())


# --- what of them fits -----------------------------------------------------------------------------------------------


def wanted(definition: Definition) -> dict[str, Field]:
    """The questions that say that they are filled in from common data."""
    return {key: one for key, one in definition.fields.items() if one.prefill == PREFILL and not one.carries_file}


def fitting(definition: Definition, answers: Json, language: str) -> dict[str, Json]:
    """The answers that questions take which are filled in from common data; what one does not take is left out."""
    if not isinstance(answers, dict):
        return {}
    found = {}
    with override(language):
        for key, one in wanted(definition).items():
            fits = one.accept(answers[key]) if key in answers else None
            if fits is not None and one.answered(fits):
                found[key] = fits
    return found


def offered(paper: Application) -> dict[str, Json]:
    """What a paper offers of the common data that were fetched for it."""
    if not paper.common_data:
        return {}
    return fitting(paper.definition, paper.common_data.get("answers"), paper.language)


# --- fetching --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fetched:
    """What fetching has come to, for the customer: what is offered now, or why nothing is."""

    came: Came
    whose: Whose = Whose.UNSAID
    offers: tuple[str, ...] = ()  # the questions, in the language of the paper

    @property
    def worked(self) -> bool:
        """Whether something is offered."""
        return bool(self.offers)

    @property
    def is_set_apart(self) -> bool:
        """Whether the paper is handled as something that began here from now on."""
        return self.whose in SET_APART

    @property
    def words(self) -> str:
        """The same as a sentence or two, in the language of the page."""
        if self.offers:
            return self._offered()
        says = self.came is Came.ANSWERED or self.is_set_apart
        why = _NOT_USED[self.whose]() if says else _WHY[self.came]()
        by_hand = _("You can fill in everything yourself.")  # not within the f-string: it would not be collected
        return f"{why} {by_hand}"

    def _offered(self) -> str:
        named = ", ".join(self.offers[:MOST_NAMED]) + (" …" if len(self.offers) > MOST_NAMED else "")
        said = ngettext(
            "%(n)d answer is filled in from Tillstånd och tillsyn: %(questions)s. You can change it on its page.",
            "%(n)d answers are filled in from Tillstånd och tillsyn: %(questions)s. You can change them on their pages.",
            len(self.offers),
        )
        return said % {"n": len(self.offers), "questions": named}


_WHY = {
    Came.UNKNOWN: lambda: _("Tillstånd och tillsyn has nothing that you have stated there, so nothing is filled in."),
    Came.REFUSED: lambda: _("Tillstånd och tillsyn did not give what you have stated there, so nothing is filled in."),
    Came.AWAY: lambda: _("Tillstånd och tillsyn does not answer just now, so nothing is filled in from there."),
    Came.UNREADABLE: lambda: _("What Tillstånd och tillsyn answered could not be read, so nothing is filled in."),
    Came.NOBODY: lambda: _("Tillstånd och tillsyn cannot be asked from here, so nothing is filled in."),
}
_NOT_USED = {
    Whose.THEIRS: lambda: _("Nothing that you have stated in Tillstånd och tillsyn is asked in this form."),
    Whose.UNSAID: lambda: _(
        "What came from Tillstånd och tillsyn does not say whose it is, so nothing of it is filled in."
    ),
    Whose.OTHERS: lambda: _(
        "What was stated in Tillstånd och tillsyn is not in your name, or not in the name of whom you act for now. "
        "Nothing of it is filled in, and this is handled as something that began here."
    ),
    Whose.FIRST: lambda: _(
        "Somebody else has begun here with the same link from Tillstånd och tillsyn, which does not say whose it is. "
        "Nothing is filled in from there, and this is handled as something that began here."
    ),
}


def fetch(paper: Application, customer: Customer, *, is_last: bool = False) -> Fetched:
    """Ask for the common data of a draft that began in the national service, and keep what of them its form asks for.

    Of what is somebody else's nothing is kept, and the draft is no longer known by their externalId: nothing of this customer may come
    to stand under it. Where the national service does not say whose it is, the externalId is left to who came here first with it: it is
    told to nobody but who has begun there, and without it they would wait there in vain for the state of their matter. `is_last`: it
    will not be asked again, so that no answer says no more than that.
    Not to be called within a transaction. Raises Frozen when the paper has been sent or is gone.
    """
    if paper.external_id is None:
        return Fetched(Came.UNKNOWN)
    answer = ask(paper.external_id)
    is_answered = answer.came is Came.ANSWERED
    if not is_answered and not is_last:
        return Fetched(answer.came)
    found = whose(answer.data, customer)
    kept = fitting(paper.definition, answer.data.get("answers"), paper.language) if found is Whose.THEIRS else {}
    with transaction.atomic():
        draft = lock(paper)
        if found is Whose.UNSAID and draft.common_data is None and _others_came_first(draft):
            found = Whose.FIRST
        if is_answered:
            draft.common_data = {"answers": kept}
        if found in SET_APART:
            draft.external_id, draft.common_data = None, None
        draft.save(update_fields=["external_id", "common_data"])
    paper.external_id, paper.common_data = draft.external_id, draft.common_data
    labels = [paper.definition.fields[key].label.said(paper.language) for key in kept]
    return Fetched(answer.came, found, tuple(labels))


def _others_came_first(draft: Application) -> bool:
    """Whether somebody else began here with the same externalId before: neither the same customer nor for the same company or person."""
    if draft.external_id is None:
        return False  # it has been set apart in this moment
    before = Application.objects.filter(external_id=draft.external_id, created_at__lt=draft.created_at)
    own = Q(customer=draft.customer_id)
    if draft.principal_id is not None:
        own |= Q(principal=draft.principal_id)
    return before.exclude(own).exists()


def is_of_others(external_id: uuid.UUID, customer: Customer) -> bool:
    """Whether the national service says that what began there is somebody else's. Not to be called within a transaction."""
    answer = ask(external_id)
    return answer.came is Came.ANSWERED and whose(answer.data, customer) is Whose.OTHERS


def can_be_fetched(paper: Application) -> bool:
    """Whether a draft began in the national service, and what was stated there has not come yet."""
    began_there = paper.is_draft and paper.external_id is not None and not paper.is_redirected
    return began_there and paper.common_data is None and bool(wanted(paper.definition))
