"""How the list of cases is leafed through when there are very many: nothing counts them all, and nothing reads more than a page of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import InvalidPage, Paginator
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import ngettext

from apps.cases.desk.filters import Reach
from apps.cases.effects import OPEN_REQUEST
from apps.cases.models import Case, SupplementRequest

MOST = 1_000  # so many are counted, and can be leafed through
SHOWN = ("application__customer", "application__principal", "application__version", "handler")
NOT_SHOWN = (
    "words",
    "outcome_text",
    "application__answers",
    "application__supplement_form",
    "application__version__document",
    "application__customer__identity_code",
    "application__customer__known_by",
    "application__principal__identity_code",
)


class Leaves:
    """The keys of some cases in their order, those of `first` before all others, as what a paginator cuts pages from.

    Few cases are found by what is rare about them, and then put in order. Only where there are more than are counted are they found by
    walking along the order: there a page of them is near. For few, that walk would pass by every case there is.
    """

    ordered = True

    def __init__(self, cases: QuerySet[Any], first: Sequence[int] = ()) -> None:
        self.first = list(first)
        self.others = cases.exclude(pk__in=self.first) if self.first else cases

    @cached_property
    def found(self) -> list[int]:
        """Up to one more than are counted, in no order."""
        return list(self.others.order_by().values_list("pk", flat=True)[: MOST + 1 - len(self.first)])

    def count(self) -> int:
        """How many there are; one more than the most when there are more."""
        return len(self.first) + len(self.found)

    def __getitem__(self, part: slice) -> list[int]:
        """The keys of a page."""
        before = len(self.first)
        begin, end = max(0, part.start - before), max(0, part.stop - before)
        others = self.others
        if self.count() <= MOST:
            others = Case.objects.filter(pk__in=self.found).order_by(*others.query.order_by)
        return [*self.first[part], *(others.values_list("pk", flat=True)[begin:end] if end > begin else ())]


class BoundedPaginator(Paginator):
    """Pages up to the most that is counted."""

    @property
    def more(self) -> bool:
        """Whether there are more than are counted."""
        return self.count > MOST

    @property
    def num_pages(self) -> int:
        """How many pages can be opened."""
        return max(1, -(-min(self.count, MOST) // self.per_page))

    @property
    def count_words(self) -> str:
        """How many there are, in words."""
        if self.more:
            return ngettext("More than %(count)d case", "More than %(count)d cases", MOST) % {"count": MOST}
        return ngettext("%(count)d case", "%(count)d cases", self.count) % {"count": self.count}


class CaseChanges(ChangeList):
    """The list: first the keys of a page, which an index knows, then those rows with what stands in them."""

    only_due = False

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """The cases that are looked for, in their order. In the order of their days, only those that have one."""
        room: Any = self.model_admin
        self.root_queryset = room.listed(request)
        self.search = room.search_in(request)
        narrowed = super().get_queryset(request, exclude_parameters)
        self.only_due = narrowed.query.order_by[:1] in (("due_on",), ("-due_on",))
        self.narrowed = narrowed.filter(due_on__isnull=False) if self.only_due else narrowed
        return self.narrowed.filter(self.search.condition()) if self.search else self.narrowed

    def get_results(self, request: HttpRequest) -> None:
        """The page that is asked for."""
        first = self.narrowed.filter(self.search.exact()).values_list("pk", flat=True)[:10] if self.search else ()
        leaves: Any = Leaves(self.queryset, list(first))
        paginator = BoundedPaginator(leaves, self.list_per_page)
        try:
            keys = paginator.page(self.page_num).object_list
        except InvalidPage:
            raise IncorrectLookupParameters from None
        self.paginator, self.result_count, self.full_result_count = paginator, paginator.count, None
        self.multi_page = paginator.num_pages > 1
        self.can_show_all = self.show_all = self.show_full_result_count = self.show_admin_actions = False
        self.result_list = rows(list(keys))
        for case in self.result_list:
            case.own_system = Reach.of(request).own_systems.get(case.service_id, "")


def rows(keys: Sequence[int]) -> list[Any]:
    """The cases of some keys, in their order, with what the list shows of them."""
    waiting = SupplementRequest.objects.filter(OPEN_REQUEST, case=OuterRef("pk"))
    cases = Case.objects.filter(pk__in=keys).select_related(*SHOWN).defer(*NOT_SHOWN)
    found = {case.pk: case for case in cases.annotate(open_due=Subquery(waiting.values("due")[:1]))}
    return [found[key] for key in keys if key in found]
