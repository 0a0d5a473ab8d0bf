"""The manager's page: load, handling times and arrivals per service and period, drawn, as tables, and as files."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from apps.cases import plots, statistics
from apps.cases.statistics import LONGEST_PERIOD, Figures, Period, Table
from apps.people import access, log, tables
from apps.people.adminsite import Room
from apps.services.models import Service
from apps.services.texts import HELSINKI, date_words

WRITERS = {"csv": tables.csv_response, "xlsx": tables.xlsx_response}


class PeriodForm(forms.Form):
    """Which services, and from which day to which."""

    use_required_attribute = False
    service = forms.ChoiceField(label=gettext_lazy("Service"), required=False)
    first = forms.DateField(label=gettext_lazy("First day"), widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label=gettext_lazy("Last day"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, services: list[Service], data: Any) -> None:
        super().__init__(data, auto_id="id_%s")
        named = [(service.key, str(service)) for service in services]
        self.fields["service"].choices = [("", _("All services")), *named]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """The days in order, and not more of them than can be looked at."""
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and not first <= last <= first + LONGEST_PERIOD:
            self.add_error("last", _("Choose a last day after the first, at the most three years later."))
        return cleaned


class StatisticsPage(Room):
    """Figures for whoever manages services."""

    def get_urls(self) -> list[URLPattern]:
        """The page, and each of its tables as a file."""
        staff = self.admin_site.admin_view
        return [
            path("statistics/", staff(require_safe(self.statistics_view)), name="cases_case_statistics"),
            path(
                "statistics/<slug:table>.<slug:kind>",
                staff(require_safe(self.statistics_file_view)),
                name="cases_case_statistics_file",
            ),
            *super().get_urls(),
        ]

    def statistics_view(self, request: HttpRequest) -> HttpResponse:
        """The figures, drawn and as tables."""
        form, found = self._asked(request)
        context = {"form": form, "parts": _parts(found), "query": request.GET.urlencode()} if found else {"form": form}
        return self.page(request, "admin/cases/statistics/page.html", _("Figures"), **context)

    def statistics_file_view(self, request: HttpRequest, table: str, kind: str) -> HttpResponseBase:
        """One table as a file."""
        _form, found = self._asked(request)
        if found is None or kind not in WRITERS:
            raise Http404
        one = next((one for one in statistics.tables(found) if one.key == table), None)
        if one is None:
            raise Http404
        for authority in access.authorities_where(request.user, access.MANAGES):
            log.note(request, log.Act.EXPORTED, f"figures: {table}", authority=authority)
        return WRITERS[kind](one.key, one.header, one.rows)

    @staticmethod
    def _asked(request: HttpRequest) -> tuple[PeriodForm, Figures | None]:
        """What is asked for: the form, and the figures unless something is wrong in it. Raises PermissionDenied."""
        services = list(statistics.services_of(request.user).defer("published__document"))
        if not services and not access.authorities_where(request.user, access.MANAGES):
            raise PermissionDenied
        usual = Period.until(timezone.localdate(timezone=HELSINKI))
        asked = {"first": usual.first.isoformat(), "last": usual.last.isoformat(), **request.GET.dict()}
        form = PeriodForm(services, asked)
        if not form.is_valid():
            return form, None
        chosen = form.cleaned_data["service"]
        period = Period(form.cleaned_data["first"], form.cleaned_data["last"])
        return form, statistics.figures([one for one in services if chosen in ("", one.key)], period)


def _parts(found: Figures) -> list[tuple[Table, plots.Plot | None]]:
    """Each table with its drawing."""
    return [(table, _drawn(table)) for table in statistics.tables(found)]


def _drawn(table: Table) -> plots.Plot | None:
    about = _("The same figures stand in the table below.")
    match table.key:
        case "arrivals":
            rows = [(_said(row[0]), row[1:]) for row in table.rows]
            return plots.bars(table.key, table.title, about, table.header[1:], rows)
        case "times":
            return plots.bars(
                table.key, table.title, about, table.header[2:], [(row[0], row[2:]) for row in table.rows]
            )
    return plots.bars(table.key, table.title, about, table.header[-1:], [(row[0], row[-1:]) for row in table.rows])


def _said(cell: object) -> str:
    return date_words(cell) if isinstance(cell, date) else str(cell)
