"""The desk's room for services: their versions, and the acts of a designer: import, close, open again, end old ones."""

from __future__ import annotations

from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.people import access, log
from apps.people.adminsite import Room
from apps.people.models import Membership, User
from apps.services import connecting, publishing, working
from apps.services.changes import VALUE_WORDS, changes
from apps.services.desk.astext import AsText
from apps.services.desk.basics import Basics
from apps.services.desk.checking import Checking
from apps.services.desk.conditions import Conditions
from apps.services.desk.files import DefinitionForm
from apps.services.desk.leads import Leads
from apps.services.desk.previewing import Previewing
from apps.services.desk.publishings import Publishings
from apps.services.desk.questions import QuestionsPage
from apps.services.desk.starting import Starting
from apps.services.desk.tasks import Tasks
from apps.services.desk.testing import Testing
from apps.services.desk.textwork import TextWork
from apps.services.exchange import import_service
from apps.services.fieldtypes.counted import DateField
from apps.services.layout import plain_layout
from apps.services.models import Service, Version, WorkingCopy
from apps.services.reading import Problem, Unreadable
from apps.services.texts import LANGUAGES, date_words, moment_words

PROBLEMS_SHOWN = 200


class OldVersionsForm(forms.Form):
    """The last day for drafts of older versions, or none."""

    use_required_attribute = False

    def __init__(self, service: Service, data: Any = None) -> None:
        last = service.old_versions_until
        super().__init__(data, initial={"until": date_words(last) if last else ""})
        asked = self.fields["until"] = DateField()
        asked.label = _("Last day for drafts of older versions")
        asked.help_text = _(
            "Drafts of another version than the published one can be sent to the end of this day. Empty: there is no last day."
        )
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.layout = plain_layout(self)


class ByState(admin.SimpleListFilter):
    """The services customers can begin with, and the others."""

    title, parameter_name = gettext_lazy("state"), "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """The two."""
        return [("open", _("Open")), ("closed", _("Not open"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Service]) -> QuerySet[Service]:
        """Those of the one chosen."""
        open_now = {"published__isnull": False, "closed_at__isnull": True}
        if self.value() == "open":
            return queryset.filter(**open_now)
        return queryset.exclude(**open_now) if self.value() == "closed" else queryset


@admin.register(Service)
class ServiceAdmin(
    Starting,
    Tasks,
    Basics,
    QuestionsPage,
    Conditions,
    Leads,
    TextWork,
    AsText,
    Previewing,
    Testing,
    Checking,
    Publishings,
    Room,
):
    """The services of the user's authorities. Members look; designers of the authority act. Each part brings its own addresses."""

    list_display = ("name", "key", "authority", "published_number", "state", "connection")
    list_filter = (ByState,)
    list_select_related = ("authority", "published")
    search_fields = ("key", "authority__name_sv", "authority__name_fi", "authority__name_en")
    search_help_text = gettext_lazy("Search by the service's or the authority's name, or the key")

    # --- whose ---------------------------------------------------------------------------------------------------------

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Every member of an authority, and those who look after the installation."""
        user = request.user
        return bool(access.authorities_where(user, tuple(Membership.Role))) or access.keeps_installation(user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The services the user may look at."""
        return (
            Service.objects.visible_to(request.user)
            .select_related("authority", "published")
            .defer("published__document")
        )

    # --- the list ------------------------------------------------------------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, with the way to import for those who may, and what waits for the user to confirm it."""
        user = request.user
        waiting = publishing.waiting_for(user) if isinstance(user, User) else []
        more = {"title": _("Services"), "may_import": _defines_somewhere(request), "to_confirm": waiting}
        return super().changelist_view(request, {**more, **(extra_context or {})})

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, whose rows know how they are connected: asked for all of them together."""
        found = super().get_changelist_instance(request)
        found.result_list = list(found.result_list)
        standings = connecting.standing_of_all(found.result_list)
        for service in found.result_list:
            service.standing = standings.get(service.pk)
        return found

    @admin.display(description=gettext_lazy("name"))
    def name(self, service: Service) -> str:
        """Its name in the language of the page."""
        return str(service)

    @admin.display(description=gettext_lazy("published version"))
    def published_number(self, service: Service) -> int | None:
        """The number of the version customers fill in."""
        return service.published.number if service.published else None

    @admin.display(description=gettext_lazy("state"))
    def state(self, service: Service) -> str:
        """Whether customers can begin with it."""
        if service.published is None:
            return _("Not published")
        if service.closed_at:
            since = moment_words(service.closed_at, get_language() or LANGUAGES[0])
            return _("Closed for new applications since %(moment)s") % {"moment": since}
        return _("Open")

    @admin.display(description=gettext_lazy("way of connecting"))
    def connection(self, service: Any) -> str:
        """How it is connected, and whether something is missing until that works; its page says what."""
        standing: connecting.Standing | None = service.standing
        if standing is None or not standing.lacks:
            return standing.short if standing else "–"
        return format_html('{} <span class="tag tag--soon">{}</span>', standing.short, _("Not ready"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """What is found by key or authority, and by the service's own name: that lies in documents, which are few and parsed already."""
        found, twice = super().get_search_results(request, queryset, search_term)
        word = search_term.strip().casefold()
        if not word:
            return found, twice
        named = [one.pk for one in queryset if any(word in name.casefold() for name in one.names())]
        return queryset.filter(Q(pk__in=found.values("pk")) | Q(pk__in=named)), twice

    # --- pages of its own ----------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Import, export, close, open, end old versions, besides the list, the service and what the parts bring."""
        staff = self.admin_site.admin_view
        return [
            path("import/", staff(self.import_view), name="services_service_import"),
            path("<int:pk>/import/", staff(self.import_view), name="services_service_import_version"),
            path(
                "<int:pk>/export/<int:number>/", staff(require_safe(self.export_view)), name="services_service_export"
            ),
            path(
                "<int:pk>/changes/<int:number>/",
                staff(require_safe(self.changes_view)),
                name="services_service_changes",
            ),
            path("<int:pk>/close/", staff(require_POST(self.close_view)), name="services_service_close"),
            path("<int:pk>/open/", staff(require_POST(self.open_view)), name="services_service_open"),
            path(
                "<int:pk>/old-versions/",
                staff(require_POST(self.old_versions_view)),
                name="services_service_old_versions",
            ),
            path("<int:pk>/joining/", staff(require_POST(self.joining_view)), name="services_service_joining"),
            *super().get_urls(),
        ]

    @method_decorator(require_safe)
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The service with its versions, what waits to be published, and its working copy."""
        service = self.found(request, object_id)
        return self._service_page(request, service, OldVersionsForm(service))

    def _service_page(self, request: HttpRequest, service: Service, form: OldVersionsForm) -> HttpResponse:
        stored = service.versions.select_related("imported_by", "published_by", "rehearsal").defer("document")
        versions = list(stored.order_by("-number"))
        copy = WorkingCopy.objects.filter(service=service).select_related("begun_by").first()
        connection = connection_of(service, copy)
        return self.page(
            request,
            "admin/services/service/service.html",
            str(service),
            service=service,
            state=self.state(service),
            versions=versions,
            form=form,
            may_define=access.may_define(request.user, service.authority_id),
            may_manage=access.may_manage(request.user, service),
            copy=copy,
            connection=connection,
            connection_words=str(VALUE_WORDS["connection"].get(connection.way, "")) if connection else "",
            connects=access.may_connect(request.user, service.authority_id),
            waiting=publishing.waiting_of(service),
            was_other=any(one.published_at and one.pk != service.published_id for one in versions),
            keeps_installation=access.keeps_installation(request.user),
            user_pk=request.user.pk,
        )

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The service."""
        try:
            return self.get_queryset(request).filter(pk=int(object_id)).first()
        except (ValueError, OverflowError):
            return None

    def import_view(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        """Read a definition file into a new version: of this service, or of any that the user may define."""
        service = self._defined(request, pk) if pk is not None else None
        if service is None and not _defines_somewhere(request):
            raise PermissionDenied
        form = DefinitionForm(request.POST, request.FILES) if request.method == "POST" else DefinitionForm()
        problems: list[Problem] = []
        if form.is_valid():
            try:
                version, is_new = _imported(form.cleaned_data["file"], request.user, service)
            except Unreadable as unreadable:
                problems = unreadable.problems
                form.add_error("file", _("The file was not imported. What to mend is listed below."))
            else:
                return self._after_import(request, version, is_new)
        return self.page(
            request,
            "admin/services/service/import.html",
            _("Import a new version") if service else _("Import a service"),
            service=service,
            form=form,
            problems=problems[:PROBLEMS_SHOWN],
            problems_left=len(problems) - PROBLEMS_SHOWN,
        )

    def export_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """A version's definition, byte for byte as it was imported."""
        version = get_object_or_404(Version, service=self.found(request, pk), number=number)
        response = HttpResponse(version.document.encode(), content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="{version.service.key}-{version.number}.json"'
        response["X-Content-Type-Options"] = "nosniff"
        return response

    def changes_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """What a version changes, in words: beside the published one, or for that one beside the version before it."""
        service = self.found(request, pk)
        version = get_object_or_404(Version, service=service, number=number)
        before = service.published
        if before is None or before.pk == version.pk:
            before = service.versions.filter(number__lt=number).order_by("-number").first()
        language = get_language() or LANGUAGES[0]
        found = changes(before.definition, version.definition, language) if before else []
        title = _("What version %(number)d changes") % {"number": number}
        return self.page(
            request,
            "admin/services/service/changes.html",
            title,
            service=service,
            version=version,
            before=before,
            changes=found,
        )

    def close_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let nobody begin with the service any more."""
        service = self._defined(request, pk)
        publishing.close(service)
        self._note(request, service, _("The service is closed for new applications."))
        return redirect("admin:services_service_change", service.pk)

    def open_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let customers begin with it again."""
        service = self._defined(request, pk)
        publishing.open_again(service)
        self._note(request, service, _("The service is open again."))
        return redirect("admin:services_service_change", service.pk)

    def old_versions_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say to what day drafts of older versions can be sent, or that there is no such day."""
        service = self._defined(request, pk)
        form = OldVersionsForm(service, request.POST)
        if not form.is_valid():
            return self._service_page(request, service, form)
        last = form.cleaned_data["until"]
        publishing.take_old_versions_until(service, last)
        said = _("There is no last day for drafts of older versions.")
        if last:
            said = _("The last day for drafts of older versions is %(day)s.") % {"day": date_words(last)}
        self._note(request, service, said)
        return redirect("admin:services_service_change", service.pk)

    def joining_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let accepting a case of the service create an authority, or no longer: for those who look after the installation."""
        service: Service = self.found(request, pk)
        if not access.keeps_installation(request.user):
            raise PermissionDenied
        service.joins_authorities = request.POST.get("joins") == "yes"
        service.save(update_fields=["joins_authorities"])
        said = (
            _("Accepting a case of this service can create an authority from now on.")
            if service.joins_authorities
            else _("Cases of this service create no authorities any more.")
        )
        self._note(request, service, said)
        return redirect("admin:services_service_change", service.pk)

    def _after_import(self, request: HttpRequest, version: Version, is_new: bool) -> HttpResponse:
        words = {"number": version.number}
        if is_new:
            self._note(request, version.service, _("Imported as version %(number)d, not published yet.") % words)
        else:
            self.message_user(request, _("The file is the same as version %(number)d.") % words, messages.INFO)
        return redirect("admin:services_service_change", version.service_id)

    def _defined(self, request: HttpRequest, pk: int) -> Service:
        """A service whose definition is the user's to change. Raises Http404 when they may not even see it."""
        service: Service = self.found(request, pk)
        if not access.may_define(request.user, service.authority_id):
            raise PermissionDenied
        return service

    def _note(self, request: HttpRequest, service: Service, what: str) -> None:
        """Say that it is done, and write it into the desk's log."""
        self.log_change(request, service, what)
        self.message_user(request, what, messages.SUCCESS)
        place = request.resolver_match
        act = (place.url_name or "").removeprefix("services_service_") if place else ""
        done = " ".join(filter(None, [act, str(place.kwargs.get("number", "")) if place else ""]))
        log.note(request, log.Act.CHANGED, f"service {service.key}", authority=service.authority_id, detail=done)


def connection_of(service: Service, copy: WorkingCopy | None) -> connecting.Standing | None:
    """How a service is connected: as its versions say, or as its working copy does while there is none. A survey is not."""
    standing = connecting.standing_of_all([service]).get(service.pk)
    if standing is not None or copy is None or service.versions.exists():
        return standing
    definition, _problems = working.judged(copy)
    return None if definition.is_survey else connecting.standing(service, definition)


def _imported(text: str, user: Any, service: Service | None) -> tuple[Version, bool]:
    """Import, unless the file is of another service than this one or of an authority that is not the user's to define for."""
    with transaction.atomic():
        version, is_new = import_service(text, by=user)
        if service is not None and version.service_id != service.pk:
            words = {"this": service.key, "other": version.service.key}
            raise Unreadable(
                [Problem("key", _("this must be %(this)s; the file is of the service %(other)s.") % words)]
            )
        if not access.may_define(user, version.service.authority_id):
            raise Unreadable([Problem("authority", _("you do not define services for this authority."))])
    return version, is_new


def _defines_somewhere(request: HttpRequest) -> bool:
    user = request.user
    return bool(access.authorities_where(user, access.DEFINES_SERVICES)) or access.keeps_installation(user)
