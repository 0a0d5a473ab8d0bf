"""The pages of a form: added with several questions at once, their texts changed, filled from ready blocks, removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from apps.services import blocks, editing, working
from apps.services.builder.fieldform import in_words
from apps.services.builder.outline import Section, outline, shown_name
from apps.services.builder.pagetexts import PageTextsForm
from apps.services.builder.removing import left_to_mend, looking_at_page
from apps.services.builder.rows import ACT, acted
from apps.services.builder.severalform import SeveralForm
from apps.services.builder.situation import Situation
from apps.services.desk.base import Building, build_address
from apps.services.editing import Document, Element
from apps.services.models import Service, WorkingCopy

BOTH = ["GET", "HEAD", "POST"]


class QuestionPages(Building):
    """The pages on which a page of the form is added, changed, filled and removed."""

    def get_urls(self) -> list[URLPattern]:
        """One for each."""
        staff = self.admin_site.admin_view
        both = require_http_methods(BOTH)
        page = "<int:pk>/build/pages/<slug:page>/"
        return [
            path("<int:pk>/build/new-page/", staff(both(self.new_page_view)), name="services_service_page_new"),
            path(page, staff(both(self.page_view)), name="services_service_page"),
            path(f"{page}several/", staff(both(self.several_view)), name="services_service_several"),
            path(f"{page}blocks/", staff(both(self.blocks_view)), name="services_service_blocks"),
            path(f"{page}remove/", staff(both(self.remove_page_view)), name="services_service_page_remove"),
            *super().get_urls(),
        ]

    # --- several questions at once ---------------------------------------------------------------------------------------

    def new_page_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A page with its title and its first questions."""
        service, copy = self.copy_of(request, pk)
        document = working.document_of(copy)
        form, asked = several_form(request, document, titled=True)
        if asked and form.is_valid():
            made: Element = {
                "key": editing.free_page_key(document, next(iter(form.title().values()))),
                "title": form.title(),
                "fields": form.elements(keys_in(document)),
            }
            self.change(request, copy, editing.add_page(made))
            return self._after_page(request, copy, made)
        return self._several_page(request, _("Add a page"), service, copy, form)

    def _after_page(self, request: HttpRequest, copy: WorkingCopy, made: Element) -> HttpResponse:
        if "_another" in request.POST:
            self.message_user(request, _("The page is added. Here is the next one."), messages.SUCCESS)
            return redirect("admin:services_service_page_new", copy.service_id)
        said = _("The page “%(name)s” is added.") % {"name": shown_name(made)}
        self.message_user(request, said, messages.SUCCESS)
        return redirect(outline_address(copy.service_id, f"p-{made['key']}"))

    def several_view(self, request: HttpRequest, pk: int, page: str) -> HttpResponse:
        """More questions on a page that there is."""
        service, copy = self.copy_of(request, pk)
        document = working.document_of(copy)
        if request.method == "POST" and is_gone(document, page):
            return self._page_gone(request, service, copy, document)
        element = found_page(document, page)
        form, asked = several_form(request, document)
        if asked and form.is_valid():
            fields = form.elements(keys_in(document))
            if not fields:
                form.say_empty(_("Write at least one question."))
            elif self.change(request, copy, editing.add_fields(page, fields), said=said_added(fields)):
                return redirect(outline_address(service.pk, f"q-{fields[0]['key']}"))
        title = _("Add several questions")
        return self._several_page(request, title, service, copy, form, page=element, name=shown_name(element))

    def _several_page(
        self, request: HttpRequest, title: str, service: Service, copy: WorkingCopy, form: SeveralForm, **more: Any
    ) -> HttpResponse:
        return self.build_page(
            request,
            "page_several.html",
            title,
            service,
            copy,
            tab="questions",
            form=form,
            **more,
            **self.addresses(service),
        )

    def _page_gone(self, request: HttpRequest, service: Service, copy: WorkingCopy, document: Document) -> HttpResponse:
        """Somebody has taken the page away. What was typed can be put on a new one."""
        said = _("Somebody has taken this page away meanwhile. Save to put what you have written on a new page.")
        self.message_user(request, said, messages.WARNING)
        form, _asked = several_form(request, document, titled=True)
        form.forgive()
        address = reverse("admin:services_service_page_new", args=[service.pk])
        return self._several_page(request, _("Add a page"), service, copy, form, action=address)

    # --- one page ------------------------------------------------------------------------------------------------------

    def page_view(self, request: HttpRequest, pk: int, page: str) -> HttpResponse:
        """A page's texts, its condition and its questions."""
        service, copy = self.copy_of(request, pk)
        document = working.document_of(copy)
        if request.method == "POST" and is_gone(document, page):
            return self._page_gone(request, service, copy, document)
        element = found_page(document, page)
        posted = request.POST if request.method == "POST" else None
        form = PageTextsForm(element, situation_of(document), posted)
        conflict: list[tuple[str, str]] = []
        if posted is not None and form.is_valid():
            elements = form.elements()
            said = _("The page “%(name)s” is saved.") % {"name": shown_name({**element, **elements})}
            if not elements:
                self.message_user(request, _("Nothing was changed."), messages.INFO)
            if not elements or self.change(request, copy, editing.set_page(page, elements), said=said):
                return redirect(outline_address(service.pk, f"p-{page}"))
            conflict = [(str(form.places[name][0]), in_words(element.get(name))) for name in elements]
        return self.build_page(
            request,
            "page_edit.html",
            _("Change the page"),
            service,
            copy,
            tab="questions",
            form=form,
            page=element,
            name=shown_name(element),
            section=section_of(copy, document, page),
            conflict=conflict,
            condition=build_address("condition", service, "page", page, "show_when"),
            **self.addresses(service),
        )

    def blocks_view(self, request: HttpRequest, pk: int, page: str) -> HttpResponse:
        """Ready blocks to choose from."""
        service, copy = self.copy_of(request, pk)
        document = working.document_of(copy)
        element = found_page(document, page)
        chosen = [key for key in request.POST.getlist("item") if key in blocks.all_items()]
        if request.method == "POST" and chosen:
            fields = blocks.ready_fields(document, chosen, editing.languages_of(document))
            if self.change(request, copy, editing.add_fields(page, fields), said=said_added(fields)):
                return redirect(outline_address(service.pk, f"q-{fields[0]['key']}"))
        return self.build_page(
            request,
            "page_blocks.html",
            _("Ready blocks"),
            service,
            copy,
            tab="questions",
            blocks=blocks.BLOCKS,
            none_chosen=request.method == "POST" and not chosen,
            page=element,
            name=shown_name(element),
            **self.addresses(service),
        )

    def remove_page_view(self, request: HttpRequest, pk: int, page: str) -> HttpResponse:
        """Ask, naming what depends on the page's questions; a POST removes it."""
        service, copy = self.copy_of(request, pk)
        document = working.document_of(copy)
        element = found_page(document, page)
        edit = editing.remove_page(page)
        if request.method == "POST":
            said = _("The page “%(name)s” is removed.") % {"name": shown_name(element)}
            self.change(request, copy, edit, said=said)
            return redirect(outline_address(service.pk))
        return self.build_page(
            request,
            "question_remove.html",
            _("Remove the page"),
            service,
            copy,
            tab="questions",
            name=shown_name(element),
            is_page=True,
            fields=[shown_name(field) for field in element["fields"]],
            dependants=looking_at_page(document, page),
            left=left_to_mend(document, edit),
            back=outline_address(service.pk, f"p-{page}"),
            **self.addresses(service),
        )

    # --- what these pages have in common ----------------------------------------------------------------------------------

    def addresses(self, service: Service) -> dict[str, str]:
        """What the addresses of these pages begin with: the templates put keys after it, which is quicker than to look each up."""
        return {"base": reverse("admin:services_service_build", args=[service.pk])}


def several_form(request: HttpRequest, document: Document, **more: Any) -> tuple[SeveralForm, bool]:
    """The form of several questions, and whether it was sent to be saved: a button for more rows only brings it back."""
    if request.method != "POST":
        return SeveralForm(situation_of(document), **more), False
    data = acted(request.POST) if ACT in request.POST else request.POST
    form = SeveralForm(situation_of(document), data, **more)
    if ACT in request.POST:
        form.forgive()
    return form, ACT not in request.POST


def situation_of(document: Document, **more: Any) -> Situation:
    """Where texts are written in the languages of the service."""
    return Situation(document, tuple(editing.languages_of(document)), **more)


def said_added(fields: Sequence[Element]) -> str:
    """That so many questions are added."""
    said = ngettext("%(count)d question is added.", "%(count)d questions are added.", len(fields))
    return said % {"count": len(fields)}


def found_page(document: Document, key: str) -> Element:
    """A page that is there. Raises Http404."""
    try:
        return editing.page_of(document, key)
    except editing.NotThere:
        raise Http404 from None


def is_gone(document: Document, key: str) -> bool:
    """Whether there is no page of that key (any more)."""
    return all(page["key"] != key for page in document["pages"])


def section_of(copy: WorkingCopy, document: Document, key: str) -> Section:
    """A page in the outline."""
    definition, problems = working.judged(copy)
    return next(section for section in outline(document, definition, problems) if section.key == key)


def keys_in(document: Document) -> list[str]:
    """The keys of all fields that stand on pages."""
    return [field["key"] for page in document["pages"] for field in page["fields"]]


def outline_address(pk: int, at: str = "") -> str:
    """Where the outline is, at a page or a question."""
    address = reverse("admin:services_service_questions", args=[pk])
    return f"{address}#{at}" if at else address
