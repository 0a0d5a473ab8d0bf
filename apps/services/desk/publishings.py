"""Publishing a version: why and when, the second person, its history, taking it back, and comparing any two."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.people import access, log
from apps.people.models import User
from apps.services import gate, publishing, working
from apps.services.changes import Change, changes
from apps.services.definition import Definition
from apps.services.desk.base import Building, designer, seen_of
from apps.services.desk.checking import shown
from apps.services.fieldtypes.counted import DateTimeField
from apps.services.layout import lay_out_plainly
from apps.services.models import Publication, Service, Version, WorkingCopy
from apps.services.publishing import AskerGone, NothingBefore, NotTheSecond, Settled
from apps.services.reading import Unreadable
from apps.services.texts import HELSINKI, LANGUAGES, date_words, moment_words

AT_ONCE, AT_A_TIME = "at_once", "at_a_time"
WORKING = "working"  # stands for the working copy among the versions that are compared
LONGEST_WHY = 2_000
FARTHEST_DAYS = 730  # a set time beyond two years is a slip of the pen


class WhyForm(forms.Form):
    """Why something is published."""

    use_required_attribute = False
    why = forms.CharField(
        label=gettext_lazy("Why is it published?"),
        help_text=gettext_lazy("Stands in the history, for those who ask later: what changed, and who decided it."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=LONGEST_WHY,
        error_messages={"required": gettext_lazy("Write in a few words why it is published.")},
    )

    def __init__(self, data: Any = None, *, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial, auto_id="id_%s")
        self.prepare()
        lay_out_plainly(self)

    def prepare(self) -> None:
        """Add what cannot be declared."""


class PublishForm(WhyForm):
    """Why a version is published, and when it takes effect."""

    when = forms.ChoiceField(
        label=gettext_lazy("When does it take effect?"),
        choices=[(AT_ONCE, gettext_lazy("At once")), (AT_A_TIME, gettext_lazy("At a set time"))],
        widget=forms.RadioSelect,
        initial=AT_ONCE,
        error_messages={"required": gettext_lazy("Choose when it takes effect.")},
    )

    def prepare(self) -> None:
        """The set time, read as people write a moment."""
        self.fields["moment"] = moment = DateTimeField()
        moment.label = _("Set time")
        moment.help_text = _("Only when you chose a set time: a day and a time in Helsinki, such as 24.12.2027 14.30.")
        moment.needed = True  # type: ignore[attr-defined]  # whether it must be answered follows from the choice

    def clean(self) -> dict[str, Any]:
        """A set time that is to come."""
        data = super().clean() or self.cleaned_data
        if data.get("when") != AT_A_TIME or "moment" in self.errors:
            return data
        moment = data.get("moment")
        if moment is None:
            self.add_error("moment", _("Write a day and a time, such as 24.12.2027 14.30."))
            return data
        there = moment.replace(tzinfo=HELSINKI)
        if there <= timezone.now():
            self.add_error("moment", _("This time has passed. Write one that is to come, or choose “at once”."))
        elif (there - timezone.now()).days > FARTHEST_DAYS:
            self.add_error("moment", _("This is more than two years away. Write a nearer time."))
        data["moment"] = there
        return data

    @property
    def wanted_at(self) -> datetime | None:
        """The moment that was chosen; None for at once."""
        return self.cleaned_data["moment"] if self.cleaned_data["when"] == AT_A_TIME else None


class CompareForm(forms.Form):
    """Which two to compare."""

    use_required_attribute = False
    old = forms.ChoiceField(label=gettext_lazy("The older one"))
    new = forms.ChoiceField(label=gettext_lazy("The newer one"))

    def __init__(self, choices: list[tuple[str, str]], data: Any = None, *, initial: dict[str, str]) -> None:
        super().__init__(data, initial=initial, auto_id="id_%s")
        for name in self.fields:
            self.fields[name].choices = choices  # type: ignore[attr-defined]
            self.fields[name].error_messages["invalid_choice"] = _("There is no such version. Choose one of the list.")
        lay_out_plainly(self)


class Publishings(Building):
    """The pages on which versions are published, confirmed, taken back and compared."""

    def get_urls(self) -> list[URLPattern]:
        """The pages."""
        staff, both = self.admin_site.admin_view, require_http_methods(["GET", "HEAD", "POST"])
        of_version = "<int:pk>/publish/<int:number>/"
        return [
            path("<int:pk>/build/publish/", staff(both(self.publishing_view)), name="services_service_publishing"),
            path(of_version, staff(both(self.publish_version_view)), name="services_service_publish"),
            path(f"{of_version}confirm/", staff(require_POST(self.confirm_view)), name="services_service_confirm"),
            path(f"{of_version}call-off/", staff(require_POST(self.call_off_view)), name="services_service_call_off"),
            path("<int:pk>/take-back/", staff(both(self.take_back_view)), name="services_service_take_back"),
            path(
                "<int:pk>/history-of-versions/",
                staff(require_safe(self.publications_view)),
                name="services_service_publications",
            ),
            path("<int:pk>/compare/", staff(require_safe(self.compare_view)), name="services_service_compare"),
            *super().get_urls(),
        ]

    # --- what the working copy says ------------------------------------------------------------------------------------

    def publishing_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what publishing the working copy would change; a POST publishes it, or asks for that."""
        service, copy = self.copy_of(request, pk)
        if request.method != "POST":
            return self._publishing_page(request, service, copy, PublishForm(initial=first_why(service)))
        form = PublishForm(request.POST)
        changed = _("The working copy has been changed meanwhile. Look at the changes again before you publish.")
        if seen_of(request, copy) != copy.at:
            self.message_user(request, changed, messages.WARNING)
        elif says_something_new(service, copy) and form.is_valid():
            try:
                return self._published(request, service, self._publish_copy(request, copy, form))
            except Unreadable:
                self.message_user(request, _("It was not published. What to mend is listed below."), messages.ERROR)
            except working.Overtaken:
                self.message_user(request, changed, messages.WARNING)
                return redirect("admin:services_service_publishing", pk)
        return self._publishing_page(request, service, copy, form)

    def _publish_copy(self, request: HttpRequest, copy: WorkingCopy, form: PublishForm) -> Publication:
        by, why = designer(request), form.cleaned_data["why"]
        with transaction.atomic():  # what is not published goes on as the working copy
            version = working.to_version(copy, by=by)
            return publishing.ask(version, by=by, why=why, wanted_at=form.wanted_at)

    def _publishing_page(
        self, request: HttpRequest, service: Service, copy: WorkingCopy, form: PublishForm
    ) -> HttpResponse:
        found = gate.of_copy(copy)
        stops = gate.stops(found)
        definition, _problems = working.judged(copy)
        facts = self._facts(request, service, form)
        if not stops:
            facts |= differences(service, definition, facts["waiting"])
            facts["of_connection"] = [finding for finding in found if finding.check == "connection"]
            facts["effect"] = publishing.effect_of(working.unsaved(service, copy)) if service.published else []
        return self.build_page(
            request,
            "publishing.html",
            _("Publish"),
            service,
            copy,
            tab="publishing",
            seen=copy.at,  # the changes are shown as they are now
            must=shown(stops, service),
            better=len(found) - len(stops),
            begun_from=copy.base if copy.base_id != service.published_id else None,
            **facts,
        )

    def _facts(self, request: HttpRequest, service: Service, form: forms.Form) -> dict[str, Any]:
        """What all pages show on which something is published."""
        user = request.user
        return {
            "form": form,
            "waiting": publishing.waiting_of(service),
            "before": service.published,
            "two_persons": service.authority.two_persons,
            "seconds": seconds_of(service, besides=user) if service.authority.two_persons else [],
            "user_pk": user.pk,
            "connects": access.may_connect(user, service.authority_id),
        }

    # --- a version that is there ---------------------------------------------------------------------------------------

    def publish_version_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """Show what publishing a version would change; a POST publishes it, or asks for that."""
        service = self.defined(request, pk)
        version = get_object_or_404(
            Version.objects.select_related("service__authority"), service=service, number=number
        )
        form = PublishForm(request.POST) if request.method == "POST" else PublishForm(initial=first_why(service))
        if request.method == "POST" and version.pk != service.published_id and form.is_valid():
            by, why = designer(request), form.cleaned_data["why"]
            try:
                asked = publishing.ask(version, by=by, why=why, wanted_at=form.wanted_at)
            except Unreadable:
                self.message_user(request, _("It was not published. What to mend is listed below."), messages.ERROR)
            else:
                return self._published(request, service, asked)
        return self._version_page(request, service, version, form)

    def _version_page(
        self, request: HttpRequest, service: Service, version: Version, form: PublishForm
    ) -> HttpResponse:
        facts = self._facts(request, service, form)
        problems = publishing.stops_of(version)
        if not problems:
            facts |= differences(service, version.definition, facts["waiting"])
            facts["of_connection"] = gate.of_connection(service, version.definition)
            facts["effect"] = publishing.effect_of(version) if service.published else []
        return self.page(
            request,
            "admin/services/build/publishing_version.html",
            _("Publish version %(number)d") % {"number": version.number},
            service=service,
            version=version,
            problems=problems,
            **facts,
        )

    def _published(self, request: HttpRequest, service: Service, asked: Publication) -> HttpResponse:
        """Say what has come of it, and go to the service."""
        self._did(request, service, asked_words(asked), f"publish {asked.version.number}")
        if asked.done_at and service.old_versions_until and not service.takes_old_versions():
            said = _("Drafts of older versions cannot be sent: the last day for that was %(day)s.")
            self.message_user(request, said % {"day": date_words(service.old_versions_until)}, messages.WARNING)
        return redirect("admin:services_service_change", service.pk)

    # --- what waits ----------------------------------------------------------------------------------------------------

    def confirm_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """Agree as the second person."""
        service = self.defined(request, pk)
        user = designer(request)
        try:
            waiting = _waiting(service, number)
            if user is not None:
                publishing.confirm(waiting, by=user)
        except (AskerGone, NotTheSecond, Settled) as why:
            self.message_user(request, str(why), messages.WARNING)
        except Unreadable:
            said = _(
                "It cannot take effect: something in it must be mended first. Call it off, and publish what is mended."
            )
            self.message_user(request, said, messages.ERROR)
        else:
            self._did(request, service, asked_words(waiting), f"confirm {number}")
        return redirect("admin:services_service_change", service.pk)

    def call_off_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        """Let what waits not take effect."""
        service = self.defined(request, pk)
        try:
            publishing.call_off(_waiting(service, number), by=designer(request))
        except Settled as why:
            self.message_user(request, str(why), messages.WARNING)
        else:
            said = _("Publishing version %(number)d is called off.") % {"number": number}
            self._did(request, service, said, f"call off {number}")
        return redirect("admin:services_service_change", service.pk)

    def take_back_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Go back to the version that was in use before, after having asked why."""
        service = self.defined(request, pk)
        before = publishing.version_before(service) if service.published else None
        form = WhyForm(request.POST if request.method == "POST" else None)
        if before is not None and request.method == "POST" and form.is_valid():
            try:
                asked = publishing.take_back(service, by=designer(request), why=form.cleaned_data["why"])
            except (Unreadable, NothingBefore):
                self.message_user(request, _("It was not published. What to mend is listed below."), messages.ERROR)
            else:
                return self._published(request, service, asked)
        facts = self._facts(request, service, form)
        if before is not None:
            facts |= differences(service, before.definition, facts["waiting"]) | {"version": before, "form": form}
            facts["problems"] = publishing.stops_of(before)
            facts["of_connection"] = gate.of_connection(service, before.definition)
        title = _("Take back to the former version")
        return self.page(request, "admin/services/build/publishing_back.html", title, service=service, **facts)

    # --- history -------------------------------------------------------------------------------------------------------

    def publications_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Every version and every publication: who, when, why."""
        service: Service = self.found(request, pk)
        versions = service.versions.select_related("imported_by").defer("document")
        return self.page(
            request,
            "admin/services/build/history.html",
            _("History of the versions"),
            service=service,
            publications=publishing.publications_of(service),
            versions=list(versions.order_by("-number")),
            form=self._compare_form(request, service, None),
        )

    def compare_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What differs between any two versions, or a version and the working copy, in words."""
        service: Service = self.found(request, pk)
        form = self._compare_form(request, service, request.GET if {"old", "new"} & set(request.GET) else None)
        found: list[Change] | None = None
        names = dict(form.fields["old"].choices)  # type: ignore[attr-defined]
        if form.is_bound and form.is_valid():
            old, new = (self._definition_of(service, form.cleaned_data[name]) for name in ("old", "new"))
            found = changes(old, new, get_language() or LANGUAGES[0])
        return self.page(
            request,
            "admin/services/build/compare.html",
            _("Compare versions"),
            service=service,
            form=form,
            changes=found,
            old=names.get(form["old"].value(), ""),
            new=names.get(form["new"].value(), ""),
        )

    def _compare_form(self, request: HttpRequest, service: Service, data: Any) -> CompareForm:
        numbers = list(service.versions.order_by("-number").values_list("number", flat=True))
        choices = [(str(number), _("Version %(number)d") % {"number": number}) for number in numbers]
        drafted = WorkingCopy.objects.filter(service=service).exists()
        if drafted and access.may_define(request.user, service.authority_id):
            choices.insert(0, (WORKING, _("The working copy")))
        new = choices[0][0] if choices else ""
        in_use = str(service.published.number) if service.published else ""
        others = [value for value, _label in choices if value != new]
        return CompareForm(
            choices, data, initial={"old": in_use if in_use in others else (others or [""])[0], "new": new}
        )

    @staticmethod
    def _definition_of(service: Service, value: str) -> Definition:
        if value == WORKING:
            return working.judged(get_object_or_404(WorkingCopy, service=service))[0]
        return get_object_or_404(Version, service=service, number=int(value)).definition

    # --- what they share -----------------------------------------------------------------------------------------------

    def _did(self, request: HttpRequest, service: Service, said: str, done: str) -> None:
        """Say that it is done, and write it into the desk's log."""
        self.log_change(request, service, said)
        self.message_user(request, said, messages.SUCCESS)
        log.note(request, log.Act.CHANGED, f"service {service.key}", authority=service.authority_id, detail=done)


def differences(service: Service, definition: Definition, waiting: Publication | None) -> dict[str, Any]:
    """What a definition changes for customers, in words; whether it says what they fill in already, or what waits already."""
    before = service.published
    language = get_language() or LANGUAGES[0]
    return {
        "same": before is not None and before.definition == definition,
        "same_as_waiting": waiting is not None and waiting.version.definition == definition,
        "changes": changes(before.definition, definition, language) if before else [],
    }


def says_something_new(service: Service, copy: WorkingCopy) -> bool:
    """Whether a working copy says something else than what customers fill in, or what waits to be published."""
    definition, problems = working.judged(copy)
    waiting = publishing.waiting_of(service)
    known = [version.definition for version in (service.published, waiting and waiting.version) if version]
    return bool(problems) or definition not in known


def first_why(service: Service) -> dict[str, Any]:
    """What stands in the form from the beginning: of a first version there is not much to explain."""
    return {} if service.published_id else {"why": _("The first version.")}


def seconds_of(service: Service, *, besides: Any) -> list[User]:
    """The designers of the service's authority who can be the second person."""
    held = User.objects.filter(
        memberships__authority=service.authority_id,
        memberships__role__in=access.DEFINES_SERVICES,
        is_active=True,
        is_staff=True,
    )
    return list(held.exclude(pk=besides.pk).distinct().order_by("last_name", "first_name", "username"))


def asked_words(asked: Publication) -> str:
    """What has become of a publication that was asked for or confirmed."""
    words = {"number": asked.version.number}
    if asked.done_at:
        return _("Version %(number)d is published.") % words
    if asked.needs_second and asked.confirmed_at is None:
        return _("Version %(number)d waits until somebody else has confirmed it.") % words
    moment = moment_words(asked.wanted_at, get_language() or LANGUAGES[0]) if asked.wanted_at else ""
    return _("Version %(number)d will be published %(moment)s.") % {**words, "moment": moment}


def _waiting(service: Service, number: int) -> Publication:
    """The publication of a version that waits. Raises Settled."""
    waiting = publishing.waiting_of(service)
    if waiting is None or waiting.version.number != number:
        raise Settled
    return waiting
