"""Begin a service: from nothing, from a copy, from the library, or from a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from crispy_forms.layout import LayoutObject
from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from apps.people import access, log
from apps.people.models import Authority
from apps.services import editing, library, working
from apps.services.changes import VALUE_WORDS
from apps.services.definition import KINDS, load
from apps.services.desk.base import Building, designer
from apps.services.desk.elements import ElementsForm, TextAsked
from apps.services.desk.files import UnfinishedForm
from apps.services.desk.serviceforms import kind_choices
from apps.services.editing import Document
from apps.services.exchange import as_json
from apps.services.layout import question_for
from apps.services.library import Entry, NotInLibrary
from apps.services.models import Service, WorkingCopy
from apps.services.reading import SLUG, Problem, Unreadable
from apps.services.texts import LANGUAGES
from apps.services.upgrades import upgraded

LONGEST_KEY = 60


class BeginForm(ElementsForm):
    """Whose the service is and what it is called; with `asks_kind`, also what kind it is of."""

    texts = (TextAsked("name", gettext_lazy("Name"), gettext_lazy("What people call it: “Noise notification”.")),)
    authority = forms.ChoiceField(label=gettext_lazy("Authority"))
    kind = forms.ChoiceField(label=gettext_lazy("What kind of service it is"), widget=forms.RadioSelect)

    def __init__(
        self,
        authorities: list[Authority],
        document: Document,
        languages: list[str],
        data: Any = None,
        *,
        asks_kind: bool,
    ) -> None:
        self.authorities, self.asks_kind = authorities, asks_kind
        super().__init__(document, languages, data)

    def prepare(self) -> None:
        """Ask for the authority only where there is a choice."""
        authority, kind = self.fields["authority"], self.fields["kind"]
        assert isinstance(authority, forms.ChoiceField)  # noqa: S101 (as declared above)
        assert isinstance(kind, forms.ChoiceField)  # noqa: S101 (as declared above)
        authority.choices = [(one.key, str(one)) for one in self.authorities]
        kind.choices = kind_choices()
        if len(self.authorities) == 1:
            del self.fields["authority"]
        if not self.asks_kind:
            del self.fields["kind"]

    def places(self) -> Iterator[LayoutObject]:
        """The name, then the rest."""
        yield from (self.text_place(asked) for asked in self.texts)
        yield from (question_for(name, self.fields[name]) for name in ("kind", "authority") if name in self.fields)

    def recall_others(self) -> Iterator[tuple[str, Any]]:
        """The usual kind."""
        yield "kind", KINDS[1] if self.asks_kind else None

    def clean(self) -> dict[str, Any]:
        """A service without a name could not be told apart."""
        data = super().clean() or self.cleaned_data
        if not self.said("name"):
            self.add_error(f"name__{self.languages[0]}", _("Write what the service is called."))
        return data

    @property
    def chosen_authority(self) -> Authority:
        """Whose it is."""
        wanted = self.cleaned_data.get("authority", self.authorities[0].key)
        return next(one for one in self.authorities if one.key == wanted)


class Starting(Building):
    """Begin a service: from nothing, from a copy, from the library, or from a file."""

    def get_urls(self) -> list[URLPattern]:
        """The choice, and each way."""
        staff, both = self.admin_site.admin_view, require_http_methods(["GET", "HEAD", "POST"])
        return [
            path("new/", staff(both(self.new_view)), name="services_service_new"),
            path("new/library/", staff(require_safe(self.library_view)), name="services_service_library"),
            path("new/library/<slug:name>/", staff(both(self.from_library_view)), name="services_service_from_library"),
            path("new/file/", staff(both(self.from_file_view)), name="services_service_from_file"),
            path("<int:pk>/copy/", staff(both(self.copy_view)), name="services_service_copy"),
            *super().get_urls(),
        ]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """Begin with nothing but a name and a kind; and the other ways to begin."""
        form = BeginForm(own_authorities(request), {}, list(LANGUAGES[:2]), posted(request), asks_kind=True)
        if form.is_bound and form.is_valid():
            document = {"kind": form.cleaned_data["kind"]}
            return self._begun(request, form, {**working.blank(form.chosen_authority, ""), **document}, "begun", "")
        return self._page(request, "new.html", _("New service"), form=form, entries=list(library.entries().values()))

    def library_view(self, request: HttpRequest) -> HttpResponse:
        """What there is in the library."""
        own_authorities(request)
        found, kinds = list(library.entries().values()), VALUE_WORDS["kind"]
        return self._page(request, "library.html", _("The library"), entries=found, kinds=kinds)

    def from_library_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """What a ready service is, and begin from it."""
        found = _entry(name)
        languages = list(found.definition.languages)
        form = BeginForm(own_authorities(request), found.document(), languages, posted(request), asks_kind=False)
        if form.is_bound and form.is_valid():
            document = {**found.document(), "municipalities": None}
            called = found.definition.name.said()
            return self._begun(request, form, document, "from_library", called, stem=found.name)
        return self._page(
            request,
            "from_library.html",
            found.definition.name.said(),
            form=form,
            entry=found,
            definition=found.definition,
        )

    def copy_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Begin another service that says what this one says now."""
        service: Service = self.found(request, pk)
        document = _newest(service, drafted=access.may_define(request.user, service.authority_id))
        own, asked = own_authorities(request), editing.languages_of(document)
        form = BeginForm(own, document, asked, posted(request), asks_kind=False)
        if form.is_bound and form.is_valid():
            return self._begun(request, form, document, "copied_service", str(service))
        return self._page(
            request, "copy.html", _("A copy of “%(name)s”") % {"name": service}, form=form, copied=service
        )

    def from_file_view(self, request: HttpRequest) -> HttpResponse:
        """Begin from a definition file: what is unfinished in it can be finished here."""
        authorities = own_authorities(request)
        form = UnfinishedForm(request.POST, request.FILES) if request.method == "POST" else UnfinishedForm()
        problems: list[Problem] = []
        if form.is_bound and form.is_valid():
            try:
                document = read_document(form.cleaned_data["file"])
                return self._begun_from_file(request, document, authorities)
            except Unreadable as unreadable:
                problems = unreadable.problems
                form.add_error("file", _("The file cannot be used. What to mend is listed below."))
        return self._page(request, "from_file.html", _("Begin from a file"), form=form, problems=problems)

    def _begun_from_file(self, request: HttpRequest, document: Document, authorities: list[Authority]) -> HttpResponse:
        owner = next((one for one in authorities if one.key == document["authority"]), authorities[0])
        key = free_service_key(document["key"], owner)
        copy = working.begin_new(owner, {**document, "key": key}, by=designer(request), act="from_file")
        return self._on_to_tasks(request, copy)

    def _begun(
        self, request: HttpRequest, form: BeginForm, document: Document, act: str, about: str, *, stem: str = ""
    ) -> HttpResponse:
        owner, name = form.chosen_authority, form.said("name") or {}
        key = free_service_key(stem or next(iter(name.values())), owner)
        said = {**document, "key": key, "name": name}
        whole = {element: value for element, value in said.items() if value is not None}
        copy = working.begin_new(owner, whole, by=designer(request), act=act, about=about[: editing.LONGEST_ABOUT])
        return self._on_to_tasks(request, copy)

    def _on_to_tasks(self, request: HttpRequest, copy: WorkingCopy) -> HttpResponse:
        service = copy.service
        self.log_change(request, service, _("Begun"))
        log.note(request, log.Act.CHANGED, f"service {service.key}", authority=service.authority_id, detail="begun")
        return redirect("admin:services_service_build", service.pk)

    def _page(self, request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
        return self.page(request, f"admin/services/build/{template}", title, **context)


def posted(request: HttpRequest) -> Any:
    """What was sent in, if anything was."""
    return request.POST if request.method == "POST" else None


def own_authorities(request: HttpRequest) -> list[Authority]:
    """The authorities whose services the user may define. Raises PermissionDenied when there is none."""
    user = request.user
    found = Authority.objects.all()
    if not access.keeps_installation(user):
        found = found.filter(pk__in=access.authorities_where(user, access.DEFINES_SERVICES))
    authorities = sorted(found, key=lambda one: one.name)
    if not authorities:
        raise PermissionDenied
    return authorities


def read_document(text: str) -> Document:
    """A document from a text of JSON or YAML, fit to be edited and of the newest schema. Raises Unreadable."""
    return editing.fit_to_edit(upgraded(load(as_json(text))))


def free_service_key(stem: str, owner: Authority) -> str:
    """A key that no service has, made of a name or of another key."""
    plain = re.sub(r"_+", "-", editing.unused(stem, set(), "service"))[: LONGEST_KEY - 20].strip("-")
    plain = plain if SLUG.fullmatch(plain) else "service"
    tried = plain if not Service.objects.filter(key=plain).exists() else f"{plain}-{owner.key}"[:LONGEST_KEY].strip("-")
    key, n = tried, 1
    while Service.objects.filter(key=key).exists():
        n += 1
        key = f"{tried[: LONGEST_KEY - 6]}-{n}"
    return key


def _entry(name: str) -> Entry:
    try:
        return library.entry(name)
    except NotInLibrary:
        raise Http404 from None


def _newest(service: Service, *, drafted: bool) -> Document:
    """What a service says now: its working copy, for those who may see it (`drafted`), else its newest version."""
    copy = WorkingCopy.objects.filter(service=service).first() if drafted else None
    if copy is not None:
        return working.document_of(copy)
    newest = service.versions.order_by("-number").first()
    if newest is None:
        return working.blank(service.authority, service.key)
    document: Document = upgraded(load(newest.document))
    return document
