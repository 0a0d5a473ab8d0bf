"""The list of cases: what stands in it, how it is searched and narrowed."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.cases import casepage, finding
from apps.cases.desk.filters import ALL, ORDER, PAGE, SEARCH, Reach, kept, list_with
from apps.cases.desk.leafing import CaseChanges
from apps.cases.duedates import SOON
from apps.cases.models import Case
from apps.cases.rulebook import ENDED
from apps.people import access, log
from apps.people.adminsite import Room
from apps.services.texts import HELSINKI, LANGUAGES, date_words, moment_words

SEARCHES = "case_searches"  # in the session: what was looked for, by what stands for it in addresses
MOST_SEARCHES = 5


class CaseList(Room):
    """The list."""

    list_display = ("chosen", "number", "service_name", "applicant", "status_words", "arrived", "handler", "due")
    list_display_links = ("number",)
    list_filter = ALL
    list_select_related = ()
    list_per_page = 50
    sortable_by = ("number", "arrived", "due")
    ordering = ("-arrived_at", "-pk")

    def get_urls(self) -> list[URLPattern]:
        """Where a search goes."""
        look = self.admin_site.admin_view(require_POST(self.search_view))
        return [path("search/", look, name="cases_case_search"), *super().get_urls()]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[CaseChanges]:
        """One that counts no further than one leafs."""
        return CaseChanges

    def listed(self, request: HttpRequest) -> QuerySet[Case]:
        """The cases that the official may see."""
        return Reach.of(request).cases

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list; a user who belongs to no authority is told why it is empty."""
        if request.method != "POST" and (shorter := self._shorter(request)) is not None:
            return redirect(shorter)
        text = searched(request)
        search = self.search_in(request)
        if text is not None:
            self._log_search(request)
        context = {
            "title": _("Cases"),
            "member": bool(access.authorities_where(request.user, access.SEES_CASES)),
            "registers": bool(access.authorities_where(request.user, access.HANDLES_CASES)),
            "searched": text or "",
            "search": search,
            "short": ", ".join(search.short) if search else "",
            "kept": kept(request.GET).urlencode(),
            "also": list(kept(request.GET, *(one.parameter_name for one in ALL)).items()),
            "without_search": _address(kept(request.GET, SEARCH)),
            "without_filters": _address(kept(request.GET, *(one.parameter_name for one in ALL), ORDER)),
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def _shorter(self, request: HttpRequest) -> str | None:
        """The address without what says nothing: menus left as they were, and a search that is no longer known. None when it is short."""
        wanted = request.GET.copy()
        for name in list(wanted):
            if not str(wanted[name]).strip() and name != "e":
                del wanted[name]
        if SEARCH in wanted and searched(request) is None:
            del wanted[SEARCH]
            wanted.pop(PAGE, None)
            messages.info(request, _("What you searched for is no longer kept. Write it again."))
        return None if wanted == request.GET else f"{request.path}?{wanted.urlencode()}"

    # --- searching -----------------------------------------------------------------------------------------------------

    def search_view(self, request: HttpRequest) -> HttpResponse:
        """Keep what is looked for in the session, and show the list. What is looked for is often a person: no address tells it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        wanted = kept(request.POST.get("kept", ""), SEARCH)
        text = " ".join(request.POST.get(SEARCH, "").split())[: finding.LONGEST]
        if finding.asks_for_code(text):
            messages.warning(
                request, _("Cases are not found by personal identity codes. Search by a name or a number.")
            )
        elif text:
            key = secrets.token_urlsafe(9)
            earlier = list(request.session.get(SEARCHES, {}).items())[1 - MOST_SEARCHES :]
            request.session[SEARCHES] = {**dict(earlier), key: text}
            wanted[SEARCH] = key
        return list_with(wanted)

    def search_in(self, request: HttpRequest) -> finding.Search | None:
        """What the list is searched for, if anything."""
        text = searched(request)
        return finding.search_for(text) if text is not None else None

    @staticmethod
    def _log_search(request: HttpRequest) -> None:
        page = request.GET.get(PAGE, "")
        for authority in sorted(access.authorities_where(request.user, access.SEES_CASES)):
            detail = f"page {page}" if page.isascii() and page.isdecimal() else ""
            log.note(request, log.Act.SEARCHED, "cases", authority=authority, detail=detail[:20])

    # --- columns -------------------------------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("choose"))
    def chosen(self, case: Case) -> str:
        """A box, for doing something with several at once."""
        label = _("Choose %(number)s") % {"number": case.number}
        return format_html(
            '<input type="checkbox" name="case" form="several" value="{}" aria-label="{}">', case.pk, label
        )

    @admin.display(description=gettext_lazy("service"))
    def service_name(self, case: Any) -> str:
        """The service's name; and the authority's own system, where that handles its cases."""
        if not case.own_system:
            return str(case.service_name)
        return format_html('{} <span class="soft">{}</span>', case.service_name, _in_own_system(case.own_system))

    @admin.display(description=gettext_lazy("applicant"))
    def applicant(self, case: Case) -> str:
        """Whose case it is, and who acts for them."""
        return casepage.applicant(case)

    @admin.display(description=gettext_lazy("status"))
    def status_words(self, case: Case) -> str:
        """The status in words."""
        return format_html('<span class="tag tag--{}">{}</span>', case.status, case.status_label)

    @admin.display(description=gettext_lazy("arrived"), ordering="arrived_at")
    def arrived(self, case: Case) -> str:
        """When it arrived."""
        return moment_words(case.arrived_at, get_language() or LANGUAGES[0])

    @admin.display(description=gettext_lazy("due date"), ordering="due_on")
    def due(self, case: Any) -> str:
        """The day by which it is to be handled and how it stands with that; while the customer is awaited, their last day."""
        day = date_words(case.due_on) if case.due_on and case.status not in ENDED else ""
        if case.open_due:
            awaited = _("Answer due %(day)s") % {"day": date_words(case.open_due)}
            return format_html('{} <span class="soft">{}</span>', day, awaited)
        look, words = standing(case)
        return format_html('{} <span class="tag tag--{}">{}</span>', day, look, words) if words else day


def _in_own_system(name: str) -> str:
    return _("In the authority’s own system: %(name)s") % {"name": name}


def standing(case: Case) -> tuple[str, str]:
    """How it stands with the day by which a case is to be handled: what it looks like, and in words; nothing where all is well."""
    if case.due_on is None or case.paused_at is not None or case.status in ENDED:
        return "", ""
    today = timezone.localdate(timezone=HELSINKI)
    if case.due_on < today:
        return "overdue", _("Overdue")
    return ("soon", _("Due soon")) if case.due_on <= today + SOON else ("", "")


def searched(request: HttpRequest) -> str | None:
    """What the list is searched for; None when nothing is, or nobody knows any more what."""
    key = request.GET.get(SEARCH)
    text = request.session.get(SEARCHES, {}).get(key) if key else None
    return text if isinstance(text, str) else None


def _address(asked: QueryDict) -> str:
    return f"?{asked.urlencode()}"
