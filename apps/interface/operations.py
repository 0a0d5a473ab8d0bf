"""What holds for every operation: who calls and what they may do, in which language they are answered, and that it is written down.

An operation is a function of the request, the calling system and what stands in the address. It answers with a response, or raises Problem.
"""

from __future__ import annotations

import functools
import logging
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.csrf import csrf_exempt

from apps.applications import externalids
from apps.cases.models import Case
from apps.interface import recording
from apps.interface.callers import TooManyCalls, caller_of, count_call, xroad_id
from apps.interface.problems import Problem
from apps.people import access, log
from apps.people.models import System
from apps.services.texts import LANGUAGES

logger = logging.getLogger(__name__)

Operation = Callable[..., HttpResponseBase]
OTHERWISE = "en"  # the language of a caller who asks for none of ours
UUIDS = ("external_id", "key")  # what stands in addresses and is one
FRAMES = 3  # of a trace are told: enough to find the place


def at_one_address(**operations: tuple[str, Operation]) -> Callable[..., HttpResponseBase]:
    """A view of the operations of one address, by their methods: `get=("read", reading.data)`. HEAD is answered where GET is.

    The view's `operations` are the scopes that its methods need.
    """
    known = {method.upper(): operation for method, operation in operations.items()}

    @csrf_exempt
    def view(request: HttpRequest, **address: Any) -> HttpResponseBase:
        began, language = time.monotonic(), language_of(request)
        with translation.override(language):
            system, response = _answer(request, known, address)
            response = _written_down(request, response)
        if request.method == "HEAD":
            _leave_out_body(response)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["Content-Language"] = language
        if system is not None and system.is_test:
            recording.record(request, response, system, began)
        return response

    view.operations = {method: scope for method, (scope, _operation) in known.items()}  # type: ignore[attr-defined]
    return view


def _answer(
    request: HttpRequest, known: Mapping[str, tuple[str, Operation]], address: Mapping[str, Any]
) -> tuple[System | None, HttpResponseBase]:
    """Who called, as far as that is known, and the answer, which may be a refusal."""
    system: System | None = None
    try:
        system = caller_of(request)
        count_call(system)
        return system, _operated(request, system, known, address)
    except Problem as e:
        refused = e
    except RequestDataTooBig:
        refused = Problem("too-large", _("Send less at once."))
    except UnreadablePostError:
        refused = Problem("malformed", _("The request ended before all of it had come."))
    except DatabaseError as e:
        refused = _trouble("not-now", e)
    except Exception as e:
        refused = _trouble("failed", e)
    if system is not None and not (isinstance(refused, TooManyCalls) and not refused.first):
        _note_refused(request, system, refused)
    return system, refused.response()


def _operated(
    request: HttpRequest, system: System, known: Mapping[str, tuple[str, Operation]], address: Mapping[str, Any]
) -> HttpResponseBase:
    method = "GET" if request.method == "HEAD" and "HEAD" not in known else str(request.method)
    if method not in known:
        allowed = ", ".join(sorted({*known, *(["HEAD"] if "GET" in known else [])}))
        words = _("This address takes %(methods)s.") % {"methods": allowed}
        raise Problem("method", words, headers={"Allow": allowed})
    scope, operation = known[method]
    if not system.may(scope):
        words = _("This system may not do that. What it lacks is: %(scope)s.")
        raise Problem("forbidden", words % {"scope": System.Scope(scope).label})
    return operation(request, system, **{name: _read(name, value) for name, value in address.items()})


def _read(name: str, value: str) -> Any:
    """What stands in the address. Raises Problem (malformed)."""
    if name not in UUIDS:
        return value
    found = externalids.read(value)
    if found is None:
        words = _("What stands in the address is no uuid: it has 32 hexadecimal digits in groups of 8-4-4-4-12.")
        raise Problem("malformed", words)
    return found


def case_of(
    system: System, external_id: uuid.UUID, *, related: tuple[str, ...] = ("service__authority", "application")
) -> Case:
    """The case known under an external id, when it is one of the system's own. Raises Problem (unknown-part) for every other."""
    known = Case.objects.filter(access.cases_of_system(system), external_id=external_id)
    found = known.select_related(*related or (None,)).defer("words").order_by().first()
    if found is None:
        raise unknown_part()
    return found


def unknown_part() -> Problem:
    """The refusal that does not tell another's case from one that does not exist."""
    return Problem("unknown-part", _("No project part of yours has this externalId."))


def note(request: HttpRequest, system: System, act: str, case: Case | None, detail: str = "") -> None:
    """Let the log say what a system has done, and with which case; over X-Road, by what the security servers know the call."""
    about = str(case.number) if case is not None else "interface"
    if over_xroad := xroad_id(request):
        detail = f"{detail}, X-Road-Id {over_xroad}"
    log.note(request, act, about, authority=system.authority_id, detail=detail, who=system)


def language_of(request: HttpRequest) -> str:
    """The language the caller asks for, of ours the one they like best; English when that is none of them."""
    for asked, liked in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        language = asked.partition("-")[0]
        if language in LANGUAGES and liked > 0:
            return language
    return OTHERWISE


def catch_all(request: HttpRequest, **_address: Any) -> HttpResponse:
    """Every other address: there is nothing, said as a problem."""
    with translation.override(language_of(request)):
        return Problem("unknown-path", _("The operations are described at /interface/v1/openapi.json.")).response()


catch_all = csrf_exempt(functools.wraps(catch_all)(catch_all))


# --- that it is written down -------------------------------------------------------------------------------------------


def _note_refused(request: HttpRequest, system: System, refused: Problem) -> None:
    """The log says that it was refused, but of too many calls the first alone: the refusal is to cost less than the call."""
    note(request, system, log.Act.REFUSED, None, f"{request.method} {refused.name}")


def _written_down(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """The answer, once the log has its line. Without it nothing is shown, and it is asked for again."""
    try:
        log.write_noted(request)
    except DatabaseError as e:
        response.close()  # a file may be open in it
        return _trouble("not-now", e).response()
    return response


def _trouble(name: str, e: Exception) -> Problem:
    """The problem of what is no fault of the caller's. The log of the machine says where it happened."""
    logger.error("interface: %s", place_of(e))
    if name == "not-now":
        return Problem(name, _("Try again in a while."), headers={"Retry-After": "5"})
    return Problem(name, _("It is being looked at. The same request can be sent again later: nothing is done twice."))


def place_of(e: Exception) -> str:
    """The kind of an exception and its place; its message may hold what was sent."""
    frames = traceback.extract_tb(e.__traceback__)[-FRAMES:]
    return f"{type(e).__name__} in {', '.join(f'{frame.name} ({frame.lineno})' for frame in reversed(frames))}"


def _leave_out_body(response: HttpResponseBase) -> None:
    """What HEAD is answered: the length of the body, and no body. One that is streamed has said its length, and is not begun."""
    if isinstance(response, HttpResponse):
        response.headers.setdefault("Content-Length", str(len(response.content)))
        response.content = b""
