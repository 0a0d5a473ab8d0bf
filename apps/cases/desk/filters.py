"""By what the list of cases can be narrowed. What can be chosen never asks the cases themselves, however many there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from apps.cases.duedates import overdue_q, soon_q
from apps.cases.models import Case, Way
from apps.cases.rulebook import ENDED, STATUS_WORDS
from apps.people import access
from apps.people.models import User
from apps.people.municipalities import Municipality, all_municipalities
from apps.services import connecting
from apps.services.models import Service
from apps.services.texts import HELSINKI

NOBODY, ME = "nobody", "me"
OPEN = "open"
OVERDUE, SOON, WITHOUT = "overdue", "soon", "none"
MOST_IN_A_MENU = 40
ORDER, SEARCH, PAGE = "o", "q", "p"


class Reach:
    """What an official may see in the list: services, colleagues, municipalities. Each is asked for once a request."""

    def __init__(self, user: Any) -> None:
        self.user = user

    @classmethod
    def of(cls, request: HttpRequest) -> Reach:
        """That of the request's official."""
        known: Reach | None = request.__dict__.get("_reach")
        if known is None:
            known = request.__dict__["_reach"] = cls(request.user)
        return known

    @cached_property
    def services(self) -> list[Service]:
        """The services whose cases they may read, by name."""
        own = Service.objects.filter(access.of_services(self.user, access.SEES_CASES))
        known = own.select_related("published", "authority").defer("published__document")
        return sorted(known, key=lambda service: str(service).casefold())

    @cached_property
    def cases(self) -> QuerySet[Case]:
        """Their cases: the same as `Case.objects.visible_to`, named by their services so that an index can say which come first."""
        return Case.objects.real().filter(service__in=[service.pk for service in self.services], forgotten_at=None)

    @cached_property
    def own_systems(self) -> dict[int, str]:
        """What the authority's own system is called that handles a service's cases, by the services' ids."""
        return connecting.names_of_systems(self.services)

    @cached_property
    def handlers(self) -> list[User]:
        """Who handles cases in the same authorities."""
        own = access.authorities_where(self.user, access.SEES_CASES)
        colleagues = User.objects.filter(memberships__authority__in=own, memberships__role__in=access.HANDLES_CASES)
        return list(colleagues.filter(is_active=True).distinct().order_by("last_name", "first_name", "username"))

    @cached_property
    def municipalities(self) -> list[Municipality]:
        """Those that the authorities serve, by name; all of them where one serves all."""
        served = [service.authority.municipality_codes for service in self.services]
        codes: Iterable[str] = {code for codes in served for code in codes}
        known = all_municipalities()
        if not all(served):
            codes = known
        return sorted((known[code] for code in codes if code in known), key=_named)

    @cached_property
    def handles(self) -> bool:
        """Whether they may take steps in any of the cases."""
        return any(access.may_handle(self.user, service) for service in self.services)


def _named(place: Municipality) -> str:
    return place.name(get_language() or "sv").casefold()


class Narrowing(admin.SimpleListFilter):
    """A choice in the bar above the list. `typed` is one of so many that it is written instead."""

    typed = False

    @property
    def suggestions(self) -> list[str]:
        """What can be written, where it is written."""
        return [str(words) for _value, words in self.lookup_choices] if self.typed else []


class ByStatus(Narrowing):
    """The cases in a status, or in any that the authority has not done with."""

    title, parameter_name = gettext_lazy("status"), "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Every status, in words."""
        return [(OPEN, _("All open")), *STATUS_WORDS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        """Those of the one chosen."""
        if self.value() == OPEN:
            return queryset.filter(status__in=[status for status in STATUS_WORDS if status not in ENDED])
        return queryset.filter(status=self.value()) if self.value() in STATUS_WORDS else queryset


class ByService(Narrowing):
    """The cases of a service."""

    title, parameter_name = gettext_lazy("service"), "service"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """The services whose cases the user may read."""
        return [(service.key, str(service)) for service in Reach.of(request).services]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        """Those of the one chosen."""
        found = [service.pk for service in Reach.of(request).services if service.key == self.value()]
        return queryset.filter(service__in=found) if found else queryset


class ByHandler(Narrowing):
    """The cases of a handler."""

    title, parameter_name = gettext_lazy("handler"), "handler"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Oneself, nobody yet, and each handler of the same authorities."""
        named = [(str(user.pk), str(user)) for user in Reach.of(request).handlers]
        return [(ME, _("Me")), (NOBODY, _("Nobody yet")), *named]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        """Those of the one chosen."""
        chosen = self.value()
        if chosen == ME:
            return queryset.filter(handler=request.user.pk)
        if chosen == NOBODY:
            return queryset.filter(handler=None)
        known = {key for key, _name in self.lookup_choices}
        return queryset.filter(handler=int(chosen)) if chosen in known else queryset


class ByDue(Narrowing):
    """The cases by how near their day is."""

    title, parameter_name = gettext_lazy("due date"), "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Past, near, none."""
        return [(OVERDUE, _("Overdue")), (SOON, _("Due soon")), (WITHOUT, _("No day set"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        """Those that are so today, in Helsinki."""
        today = timezone.localdate(timezone=HELSINKI)
        if self.value() == OVERDUE:
            return queryset.filter(overdue_q(today))
        if self.value() == SOON:
            return queryset.filter(soon_q(today))
        return queryset.filter(due_on=None) if self.value() == WITHOUT else queryset


class ByMunicipality(Narrowing):
    """The cases of a municipality: chosen where the authority serves a few, written where it serves all."""

    title, parameter_name = gettext_lazy("municipality"), "municipality"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Those that the authorities serve."""
        language = get_language() or "sv"
        served = Reach.of(request).municipalities
        self.typed = len(served) > MOST_IN_A_MENU
        return [(place.code, place.name(language)) for place in served]

    @property
    def code(self) -> str:
        """The code of what was chosen or written, in either language; '' when there is no such municipality."""
        asked = (self.value() or "").strip().casefold()
        known = all_municipalities().values()
        return next((m.code for m in known if asked in (m.code, m.fi.casefold(), m.sv.casefold())), "")

    @property
    def written(self) -> str:
        """What stands in the line."""
        found = all_municipalities().get(self.code)
        return found.name(get_language() or "sv") if found else self.value() or ""

    @property
    def unknown(self) -> bool:
        """Whether something is written that is no municipality."""
        return bool(self.value()) and not self.code

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        """Those of the one chosen; none of what is no municipality."""
        if self.unknown:
            return queryset.none()
        return queryset.filter(municipality=self.code) if self.code else queryset


class ByLanguage(Narrowing):
    """The cases of customers who used a language."""

    title, parameter_name = gettext_lazy("language"), "language"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """The languages of the portal."""
        return [(code, str(name)) for code, name in settings.LANGUAGES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        """Those in the one chosen."""
        known = {code for code, _name in self.lookup_choices}
        return queryset.filter(application__language=self.value()) if self.value() in known else queryset


class ByWay(Narrowing):
    """The cases by how they arrived."""

    title, parameter_name = gettext_lazy("way of arrival"), "way"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Every way."""
        return list(Way.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Case]) -> QuerySet[Case]:
        """Those of the one chosen."""
        return queryset.filter(way=self.value()) if self.value() in Way.values else queryset


ALL = (ByStatus, ByService, ByHandler, ByDue, ByMunicipality, ByLanguage, ByWay)


def kept(asked: QueryDict | str, *without: str) -> QueryDict:
    """What an address says of the list's filters, order and search, and nothing else."""
    said = QueryDict(asked) if isinstance(asked, str) else asked
    known = {one.parameter_name for one in ALL} | {ORDER, SEARCH}
    found = QueryDict(mutable=True)
    for name in said:
        value = str(said.get(name) or "")
        if name in known.difference(without) and value.strip():
            found[name] = value
    return found


def list_with(asked: QueryDict) -> HttpResponse:
    """To the list, looked at so."""
    query = f"?{asked.urlencode()}" if asked else ""
    return redirect(reverse("admin:cases_case_changelist") + query)
