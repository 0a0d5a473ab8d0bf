"""The desk's room for the log: read by those who manage an authority, and of the installation by who looks after it. Nobody changes it."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

from crispy_forms.helper import FormHelper
from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from apps.people import access, log
from apps.people.adminsite import Room
from apps.people.models import LogLine, User
from apps.people.tables import csv_response

ROWS, LAST_PAGE = 100, 100
MOST_EXPORTED = 100_000
MOST_PEOPLE = 200  # of one name
ABOUT_LOG = "log"


class LogSearch(forms.Form):
    """What of the log is looked for. Days are of Helsinki, both included."""

    use_required_attribute = False
    about = forms.CharField(
        label=gettext_lazy("Case number"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    person = forms.CharField(
        label=gettext_lazy("Official"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    act = forms.ChoiceField(label=gettext_lazy("What was done"), required=False)
    since = forms.DateField(
        label=gettext_lazy("First day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=gettext_lazy("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["act"].choices = [("", _("Anything")), *LogLine.Act.choices]  # type: ignore[attr-defined]
        for name in ("since", "until"):
            widget: Any = self.fields[name].widget
            widget.format = "%Y-%m-%d"
        for field in self.fields.values():
            field.needed = True  # type: ignore[attr-defined]  # no word that it is optional: in a search everything is
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True

    def narrowed(self, lines: QuerySet[LogLine]) -> QuerySet[LogLine]:
        """The lines that are looked for; none when what is written makes no sense."""
        if not self.is_valid():
            return lines.none()
        asked = self.cleaned_data
        if asked["about"]:
            lines = lines.filter(about=_number(asked["about"]))
        if asked["person"]:
            lines = lines.filter(user__in=_people(asked["person"]))
        if asked["act"]:
            lines = lines.filter(act=asked["act"])
        if asked["since"]:
            lines = lines.filter(at__gte=_midnight(asked["since"]))
        if asked["until"]:
            lines = lines.filter(at__lt=_midnight(asked["until"] + timedelta(days=1)))
        return lines

    @property
    def words(self) -> str:
        """What was looked for, for the log itself."""
        asked = self.cleaned_data if self.is_valid() else {}
        return "; ".join(f"{name} {value}" for name, value in asked.items() if value)


def _number(typed: str) -> str:
    """A case number as it stands in the log; other things are named in small letters."""
    return typed.strip().upper() if any(sign.isdigit() for sign in typed) else typed.strip().lower()


def _people(typed: str) -> list[int]:
    """The officials that a word, or several, may mean."""
    found = User.objects.all()
    for word in typed.split()[:5]:
        found = found.filter(Q(username__icontains=word) | Q(first_name__icontains=word) | Q(last_name__icontains=word))
    return list(found.values_list("pk", flat=True)[:MOST_PEOPLE])


def _midnight(day: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()), timezone.get_default_timezone())


class Column(NamedTuple):
    """A column of the export."""

    title: Any
    of: Any


COLUMNS = (
    Column(gettext_lazy("when"), lambda line: timezone.localtime(line.at).isoformat(timespec="seconds")),
    Column(gettext_lazy("who"), lambda line: line.user_name),
    Column(gettext_lazy("user name"), lambda line: line.user.username if line.user else ""),
    Column(gettext_lazy("what was done"), lambda line: str(line.get_act_display())),
    Column(gettext_lazy("with what"), lambda line: line.about),
    Column(gettext_lazy("more"), lambda line: line.detail),
    Column(gettext_lazy("from where"), lambda line: line.where),
    Column(gettext_lazy("authority"), lambda line: str(line.authority or "")),
)


@admin.register(LogLine)
class LogRoom(Room):
    """The log, newest first. That it was read, or exported, stands in it too."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who manages a whole authority, or looks after the installation."""
        return bool(_managed(request)) or access.keeps_installation(request.user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Lines about what is theirs: of the authorities they manage; of none, for who looks after the installation."""
        theirs = Q(authority__in=_managed(request))
        if access.keeps_installation(request.user):
            theirs |= Q(authority=None)
        return LogLine.objects.filter(theirs).select_related("user", "authority")

    def get_urls(self) -> list[URLPattern]:
        """And the export."""
        staff = self.admin_site.admin_view
        return [
            path("export/", staff(require_safe(self.export_view)), name="people_logline_export"),
            *super().get_urls(),
        ]

    @method_decorator(require_safe)
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The lines that are looked for, page by page; how many there are in all is not counted."""
        lines = self._theirs(request)
        form = LogSearch(request.GET or None) if _asked(request) else LogSearch()
        found = form.narrowed(lines) if form.is_bound else lines
        page = _page_number(request)
        rows = list(found[(page - 1) * ROWS : page * ROWS + 1])
        self._note(request, log.Act.READ_LOG, form.words if form.is_bound else "")
        query: dict[str, str] = {name: str(value) for name, value in request.GET.items() if name != "page"}
        return self.page(
            request,
            "admin/people/logline/log.html",
            _("Log"),
            form=form,
            rows=[(_moment(line.at), line) for line in rows[:ROWS]],
            page=page,
            newer=urlencode({**query, "page": str(page - 1)}) if page > 1 else "",
            older=urlencode({**query, "page": str(page + 1)}) if len(rows) > ROWS and page < LAST_PAGE else "",
            cut=len(rows) > ROWS and page == LAST_PAGE,
            query=urlencode(query),
        )

    def export_view(self, request: HttpRequest) -> StreamingHttpResponse:
        """The lines that are looked for, as a file; the newest, when they are very many."""
        lines = self._theirs(request)
        form = LogSearch(request.GET) if _asked(request) else None
        found = form.narrowed(lines) if form else lines
        self._note(request, log.Act.EXPORTED, form.words if form else "")
        rows = found[:MOST_EXPORTED].iterator(chunk_size=1_000)
        table = ([column.of(line) for column in COLUMNS] for line in rows)
        return csv_response(f"log-{timezone.localdate().isoformat()}", [str(column.title) for column in COLUMNS], table)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A line has no page of its own: all it says stands in the list."""
        self.found(request, object_id)
        return self.changelist_view(request)

    def _theirs(self, request: HttpRequest) -> QuerySet[LogLine]:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self.get_queryset(request)

    def _note(self, request: HttpRequest, act: str, detail: str) -> None:
        """Once for each authority whose lines these are, so that its other managers see it."""
        managed: list[int | None] = [*sorted(_managed(request))]
        if access.keeps_installation(request.user):
            managed.append(None)
        for authority in managed:
            log.note(request, act, ABOUT_LOG, authority=authority, detail=detail)


def _managed(request: HttpRequest) -> set[int]:
    return access.whole_authorities_where(request.user, access.MANAGES)


def _asked(request: HttpRequest) -> bool:
    return bool(set(LogSearch.base_fields) & set(request.GET))


def _page_number(request: HttpRequest) -> int:
    asked = request.GET.get("page", "")
    return min(max(int(asked), 1), LAST_PAGE) if asked.isascii() and asked.isdecimal() and len(asked) < 6 else 1


def _moment(at: datetime) -> str:
    return str(date_format(timezone.localtime(at), "j.n.Y H.i.s"))
