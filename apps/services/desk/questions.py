"""The form as an outline: pages and questions moved and copied; the ways to add, change and remove them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.services import editing, working
from apps.services.builder.outline import Section, outline
from apps.services.desk.questionfields import QuestionFields
from apps.services.desk.questionpages import QuestionPages
from apps.services.editing import Document, Edit
from apps.services.models import WorkingCopy

STEPS = {"up": -1, "down": 1}


class QuestionsPage(QuestionFields, QuestionPages):
    """The form as an outline: pages and questions added, changed, moved, copied and removed."""

    def get_urls(self) -> list[URLPattern]:
        """The outline, before the pages of its parts."""
        view = self.admin_site.admin_view(require_http_methods(["GET", "HEAD", "POST"])(self.questions_view))
        return [path("<int:pk>/build/questions/", view, name="services_service_questions"), *super().get_urls()]

    def questions_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The outline; a POST moves or copies a page or a question."""
        service, copy = self.copy_of(request, pk)
        if request.method == "POST":
            return self._act(request, copy)
        document = working.document_of(copy)
        definition, problems = working.judged(copy)
        sections = outline(document, definition, problems)
        return self.build_page(
            request,
            "questions.html",
            _("Questions"),
            service,
            copy,
            tab="questions",
            sections=sections,
            several_pages=len(sections) > 1,
            asked=sum(len(section.lines) for section in sections),
            to_mend=_to_mend(sections),
            **self.addresses(service),
        )

    def _act(self, request: HttpRequest, copy: WorkingCopy) -> HttpResponse:
        """Do what the button says, and come back to where it was pressed."""
        act, _colon, rest = request.POST.get("act", "").partition(":")
        what, _colon, where = rest.partition(":")
        edit = edit_of(act, what, where)
        if edit is not None:
            self.change(request, copy, edit)
        back = reverse("admin:services_service_questions", args=[copy.service_id])
        group = request.POST.get("group", "")
        document = working.document_of(copy)
        if group in {path for _page, path, _field in editing.all_fields(document)}:
            back = reverse("admin:services_service_field", args=[copy.service_id, group])
        return redirect(f"{back}#{fragment(document, act, what, where)}")


def edit_of(act: str, what: str, where: str) -> Edit | None:
    """The change that a button of the outline stands for."""
    if act in STEPS:
        return (editing.move_page if what == "page" else editing.move_field)(where, STEPS[act])
    if act == "copy":
        return editing.copy_page(where) if what == "page" else editing.copy_field(where)
    return None


def fragment(document: Document, act: str, what: str, where: str) -> str:
    """The part of the page where one goes on: the same button, where it can be pressed again, or what was moved."""
    mark = "p" if what == "page" else "q"
    group = where.rpartition(".")[0]
    try:
        places = (
            [page["key"] for page in document["pages"]]
            if what == "page"
            else [f"{group}.{one['key']}" for one in editing.inner_fields(editing.field_of(document, group))]
            if group
            else [one["key"] for page in document["pages"] for one in page["fields"]]
        )
    except editing.NotThere:
        return ""
    if where not in places:
        return ""
    at_end = where == (places[0] if act == "up" else places[-1])
    return f"{act}-{mark}-{where}" if act in STEPS and not at_end else f"{mark}-{where}"


def _to_mend(sections: list[Section]) -> int:
    """How many pages and questions have something to mend."""
    lines = [line for section in sections for line in section.lines]
    inner = [one for line in lines for one in line.inner]
    return sum(map(bool, [one.problems for one in sections] + [one.problems for one in (*lines, *inner)]))
