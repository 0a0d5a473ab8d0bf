"""The questions of a form: chosen by what they ask, changed in a small form, moved to another page, given another kind, removed."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.services import editing, working
from apps.services.builder.changingkind import other_kinds
from apps.services.builder.fieldform import FieldForm
from apps.services.builder.gallery import gallery
from apps.services.builder.outline import group_lines, place_of, problems_by_place, said_of, shown_name
from apps.services.builder.removing import left_to_mend, looking_at
from apps.services.builder.rows import ACT, acted
from apps.services.builder.situation import Situation, earlier_than, earlier_than_new, siblings
from apps.services.conditions import ALWAYS, NEVER
from apps.services.desk.base import build_address
from apps.services.desk.questionpages import (
    BOTH,
    QuestionPages,
    found_page,
    is_gone,
    keys_in,
    outline_address,
)
from apps.services.editing import Document, Element
from apps.services.fieldtypes import REGISTER
from apps.services.fieldtypes.base import read_field
from apps.services.models import Service, WorkingCopy
from apps.services.reading import Reader
from apps.services.texts import HELSINKI
from apps.services.wording import needed_when, shown_when

KIND, PAGE = "_kind", "_page"  # of the question that a form is about, should somebody else take it away meanwhile


class QuestionFields(QuestionPages):
    """The pages on which a question is added and changed."""

    def get_urls(self) -> list[URLPattern]:
        """One for each."""
        staff = self.admin_site.admin_view
        both = require_http_methods(BOTH)
        field = "<int:pk>/build/fields/<str:path>/"
        return [
            path(
                "<int:pk>/build/pages/<slug:page>/add/",
                staff(both(self.add_field_view)),
                name="services_service_field_add",
            ),
            path(f"{field}move/", staff(both(self.move_field_view)), name="services_service_field_move"),
            path(f"{field}kind/", staff(both(self.field_kind_view)), name="services_service_field_kind"),
            path(f"{field}remove/", staff(both(self.remove_field_view)), name="services_service_field_remove"),
            path(field, staff(both(self.field_view)), name="services_service_field"),
            *super().get_urls(),
        ]

    # --- adding ----------------------------------------------------------------------------------------------------------

    def add_field_view(self, request: HttpRequest, pk: int, page: str) -> HttpResponse:
        """The kinds to choose from; with `?kind=`, the small form of a new question of that kind. `within` names a group."""
        service, copy = self.copy_of(request, pk)
        document = working.document_of(copy)
        within, kind = request.GET.get("within", ""), request.GET.get("kind", "")
        if is_gone(document, page) and self._is_sent(request):
            return self._gone(request, service, copy, document, kind)
        element = found_page(document, page)
        group = found_group(document, within) if within else None
        if kind not in REGISTER or (group is not None and not REGISTER[kind].repeats):
            return self._gallery(request, service, copy, element, group, within)
        form = self._new_form(request, copy, document, page, within, kind)
        if self._is_sent(request) and form.is_valid():
            added = editing.add_fields(page, [form.element], request.GET.get("after"), within=within)
            if self.change(request, copy, added):
                return self._after_add(request, copy, page, within, form.element["key"])
        return self._form_page(request, service, copy, form, page=element, within=within)

    def _new_form(
        self, request: HttpRequest, copy: WorkingCopy, document: Document, page: str, within: str, kind: str
    ) -> FieldForm:
        definition, _problems = working.judged(copy)
        situation = Situation(
            document, tuple(editing.languages_of(document)), earlier_than_new(definition, page, within)
        )
        taken = (
            [one["key"] for one in editing.inner_fields(found_group(document, within))] if within else keys_in(document)
        )
        return self._bound(request, {"kind": kind, "key": ""}, situation, taken, new=True)

    def _gallery(
        self,
        request: HttpRequest,
        service: Service,
        copy: WorkingCopy,
        page: Element,
        group: Element | None,
        within: str,
    ) -> HttpResponse:
        return self.build_page(
            request,
            "question_kinds.html",
            _("Add a question"),
            service,
            copy,
            tab="questions",
            groups=gallery(today(), in_a_row=group is not None),
            page=page,
            name=shown_name(group or page),
            within=within,
            **self.addresses(service),
        )

    def _after_add(self, request: HttpRequest, copy: WorkingCopy, page: str, within: str, key: str) -> HttpResponse:
        added = f"{within}.{key}" if within else key
        self._tell_how_it_went(request, copy, added, _("The question “%(name)s” is added."))
        if "_another" in request.POST:
            address = reverse("admin:services_service_field_add", args=[copy.service_id, page])
            return redirect(f"{address}?within={within}" if within else address)
        return self._back_to(copy, added)

    # --- changing --------------------------------------------------------------------------------------------------------

    def field_view(self, request: HttpRequest, pk: int, path: str) -> HttpResponse:
        """A question's small form."""
        service, copy = self.copy_of(request, pk)
        document = working.document_of(copy)
        try:
            element = editing.field_of(document, path)
        except editing.NotThere:
            return self._gone(request, service, copy, document, request.POST.get(KIND, ""))
        if element["kind"] not in REGISTER:
            return self._unknown_kind(request, service, copy, element)
        form = self._form_of(request, service, copy, document, path)
        conflict = False
        if self._is_sent(request) and form.is_valid():
            changes = form.element != element
            if not changes or self.change(request, copy, editing.set_field(path, form.element)):
                return self._after_change(request, copy, path, form, changes=changes)
            conflict = True
        page = editing.page_of(document, editing.page_key_of(document, path))
        return self._form_page(request, service, copy, form, page=page, path=path, conflict=conflict)

    def _form_of(
        self, request: HttpRequest, service: Service, copy: WorkingCopy, document: Document, path: str
    ) -> FieldForm:
        definition, problems = working.judged(copy)
        situation = Situation(
            document,
            tuple(editing.languages_of(document)),
            earlier_than(definition, path),
            lambda what: build_address("condition", service, "field", path, what),
        )
        form = self._bound(request, editing.field_of(document, path), situation, siblings(document, path))
        if not form.is_bound:
            form.say(problems_by_place(problems).get(place_of(document, path), ()))
        return form

    def _bound(
        self, request: HttpRequest, base: Element, situation: Situation, taken: list[str], *, new: bool = False
    ) -> FieldForm:
        """The form, with what was typed; a button among its rows brings it back without judging it."""
        if request.method != "POST":
            return FieldForm(base, situation, taken=taken, today=today(), new=new)
        data = acted(request.POST) if ACT in request.POST else request.POST
        form = FieldForm(base, situation, taken=taken, today=today(), data=data, new=new)
        if ACT in request.POST:
            form.forgive()
        return form

    def _is_sent(self, request: HttpRequest) -> bool:
        return request.method == "POST" and ACT not in request.POST

    def _after_change(
        self, request: HttpRequest, copy: WorkingCopy, path: str, form: FieldForm, *, changes: bool
    ) -> HttpResponse:
        group = path.rpartition(".")[0]
        changed = f"{group}.{form.element['key']}" if group else form.element["key"]
        if changes:
            self._tell_how_it_went(request, copy, changed, _("The question “%(name)s” is saved."))
        else:
            self._tell_how_it_went(request, copy, changed, _("Nothing was changed."), messages.INFO)
        return self._back_to(copy, changed)

    def _tell_how_it_went(
        self, request: HttpRequest, copy: WorkingCopy, path: str, said: str, level: int = messages.SUCCESS
    ) -> None:
        """Say that a question was saved (`said`, with its name), or what is to be mended in it: it need not be now."""
        document, (_definition, problems) = working.document_of(copy), working.judged(copy)
        found = said_of(problems_by_place(problems).get(place_of(document, path), ()))
        if found:
            unfit = _("It is saved, but this does not fit yet: %(what)s") % {"what": " ".join(found)}
            self.message_user(request, unfit, messages.WARNING)
        else:
            self.message_user(request, said % {"name": shown_name(editing.field_of(document, path))}, level)

    def _back_to(self, copy: WorkingCopy, path: str) -> HttpResponseRedirect:
        """The outline at the question, or the group that it stands in."""
        group = path.rpartition(".")[0]
        if not group:
            return redirect(outline_address(copy.service_id, f"q-{path}"))
        return redirect(f"{reverse('admin:services_service_field', args=[copy.service_id, group])}#q-{path}")

    def _form_page(
        self,
        request: HttpRequest,
        service: Service,
        copy: WorkingCopy,
        form: FieldForm,
        *,
        page: Element,
        path: str = "",
        within: str = "",
        conflict: bool = False,
        **more: Any,
    ) -> HttpResponse:
        cls = form.cls
        document = working.document_of(copy)
        return self.build_page(
            request,
            "question_edit.html",
            str(cls.kind_label) if form.new else _("Change the question"),
            service,
            copy,
            tab="questions",
            form=form,
            page=page,
            path=path,
            within=within or path.rpartition(".")[0],
            kind={"key": cls.kind, "label": cls.kind_label, "asks_for": cls.asks_for, "has_rows": cls.has_rows},
            conflict=form.differences(editing.field_of(document, path)) if conflict else [],
            conditions=[] if form.new else condition_lines(form, service, path),
            lines=group_lines(document, *working.judged(copy), path) if cls.has_rows and path else [],
            may_change_kind=bool(path) and any(other_kinds(form.base, in_a_row="." in path)),
            **self.addresses(service),
            **more,
        )

    def _gone(
        self, request: HttpRequest, service: Service, copy: WorkingCopy, document: Document, kind: str
    ) -> HttpResponse:
        """Somebody has taken the question, or its page, away. What was typed can be added anew."""
        pages = [page["key"] for page in document["pages"]]
        if not self._is_sent(request) or kind not in REGISTER or not pages:
            raise Http404
        said = _("Somebody has taken this away meanwhile. Save to add the question anew, with what you have written.")
        self.message_user(request, said, messages.WARNING)
        page = request.POST.get(PAGE, "")
        page = page if page in pages else pages[-1]
        form = self._new_form(request, copy, document, page, "", kind)
        form.forgive()
        address = reverse("admin:services_service_field_add", args=[service.pk, page])
        found = editing.page_of(document, page)
        return self._form_page(request, service, copy, form, page=found, action=f"{address}?kind={kind}")

    def _unknown_kind(
        self, request: HttpRequest, service: Service, copy: WorkingCopy, element: Element
    ) -> HttpResponse:
        return self.build_page(
            request,
            "question_unknown.html",
            _("Change the question"),
            service,
            copy,
            tab="questions",
            element=element,
            as_text=build_address("document", service),
            **self.addresses(service),
        )

    # --- another page, another kind, none at all ---------------------------------------------------------------------------

    def move_field_view(self, request: HttpRequest, pk: int, path: str) -> HttpResponse:
        """The pages to choose from; a POST moves the question to the end of the one chosen."""
        service, copy = self.copy_of(request, pk)
        document = working.document_of(copy)
        element = found_field(document, path)
        to = request.POST.get("to", "")
        if request.method == "POST" and to in [page["key"] for page in document["pages"]]:
            said = _("The question “%(name)s” is moved.") % {"name": shown_name(element)}
            self.change(request, copy, editing.move_field_to(path, to), said=said)
            return self._back_to(copy, path)
        here = editing.page_key_of(document, path)
        pages = [(page["key"], shown_name(page)) for page in document["pages"] if page["key"] != here]
        return self._choosing(
            request, "question_move.html", _("Move to another page"), service, copy, element, pages=pages
        )

    def field_kind_view(self, request: HttpRequest, pk: int, path: str) -> HttpResponse:
        """The kinds that the question can become; a POST makes it the one chosen."""
        service, copy = self.copy_of(request, pk)
        document = working.document_of(copy)
        element = found_field(document, path)
        kinds = {one.kind: one for one in other_kinds(element, in_a_row="." in path)}
        chosen = kinds.get(request.POST.get("kind", ""))
        if request.method == "POST" and chosen is not None:
            if self.change(request, copy, editing.set_field(path, chosen.element)):
                self._tell_how_it_went(request, copy, path, _("The question “%(name)s” is saved."))
            return redirect("admin:services_service_field", service.pk, path)
        title = _("Change the kind of the question")
        return self._choosing(
            request, "question_kind.html", title, service, copy, element, kinds=list(kinds.values()), path=path
        )

    def _choosing(
        self,
        request: HttpRequest,
        template: str,
        title: str,
        service: Service,
        copy: WorkingCopy,
        element: Element,
        **more: Any,
    ) -> HttpResponse:
        """A page on which one thing is chosen; after a POST, without a choice."""
        return self.build_page(
            request,
            template,
            title,
            service,
            copy,
            tab="questions",
            name=shown_name(element),
            none_chosen=request.method == "POST",
            **more,
            **self.addresses(service),
        )

    def remove_field_view(self, request: HttpRequest, pk: int, path: str) -> HttpResponse:
        """Ask, naming what depends on the question; a POST removes it."""
        service, copy = self.copy_of(request, pk)
        document = working.document_of(copy)
        element = found_field(document, path)
        edit = editing.remove_field(path)
        if request.method == "POST":
            said = _("The question “%(name)s” is removed.") % {"name": shown_name(element)}
            self.change(request, copy, edit, said=said)
            group = path.rpartition(".")[0]
            return (
                redirect("admin:services_service_field", service.pk, group) if group else redirect(outline_address(pk))
            )
        return self.build_page(
            request,
            "question_remove.html",
            _("Remove the question"),
            service,
            copy,
            tab="questions",
            name=shown_name(element),
            is_page=False,
            fields=[shown_name(one) for one in editing.inner_fields(element)],
            dependants=looking_at(document, path),
            left=left_to_mend(document, edit),
            back=self._back_to(copy, path).url,
            **self.addresses(service),
        )


def found_field(document: Document, path: str) -> Element:
    """A question that is there. Raises Http404."""
    try:
        return editing.field_of(document, path)
    except editing.NotThere:
        raise Http404 from None


def found_group(document: Document, path: str) -> Element:
    """A group that repeats. Raises Http404."""
    element = found_field(document, path)
    if not isinstance(element.get("fields"), list):
        raise Http404
    return element


def condition_lines(form: FieldForm, service: Service, path: str) -> list[tuple[str, str, str]]:
    """When a question is shown and when it must be answered: the sentence, the address where it is changed, and the link's words."""
    field = read_field(Reader(), "", form.base)
    earlier, language = form.situation.earlier, get_language() or "sv"
    shown = shown_when(field.show_when, earlier, language) if field.show_when != ALWAYS else _("It is always shown.")
    words = _("Change when it is shown") if "show_when" in form.base else _("Show it only when …")
    lines = [(shown, build_address("condition", service, "field", path, "show_when"), words)]
    if "required_when" in form.base or (form.cls.asks and form.base.get("required") is False):
        needed = needed_when(field.required_when, earlier, language) if field.required_when != NEVER else ""
        words = _("Change when it must be answered") if needed else _("It must be answered only when …")
        lines.append((needed, build_address("condition", service, "field", path, "required_when"), words))
    return lines


def today() -> date:
    """The day in Helsinki."""
    return timezone.localdate(timezone=HELSINKI)
