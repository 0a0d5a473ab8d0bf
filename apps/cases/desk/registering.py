"""Registering what came by other ways than the portal: how it came and whose it is, the service's own form, and all of it once more."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.applications import drafting, scanning, together
from apps.applications.attachments import as_download
from apps.applications.drafting import NotComplete
from apps.applications.journey import Journey
from apps.applications.keeping import kept_until
from apps.applications.models import Application, Attachment, Frozen
from apps.applications.together import Conflict
from apps.cases import registering
from apps.cases.intake import case_of
from apps.cases.models import Case, NotAllowed, Way
from apps.cases.registerform import ArrivalForm, EntryForm
from apps.cases.registering import Gap
from apps.people import access, log
from apps.people.adminsite import Room
from apps.services.answersheet import Section
from apps.services.definition import Page
from apps.services.fieldtypes import Field
from apps.services.filetypes import plain_name
from apps.services.layout import prose

# What the pages' own controls are called. A question's key begins with a letter.
REMOVE, FOLLOWED, SEEN = "_remove", "_followed", "_seen"
AS_IT_IS = "as_it_is"
NO_CASE_YET = "registration"  # what the log says it is about: there is no number yet


@dataclass(frozen=True)
class Step:
    """A page in the list of pages."""

    title: str
    address: str
    state: str  # done, current, later


@dataclass(frozen=True)
class Checked:
    """A page's answers, and the address where they are changed."""

    section: Section
    address: str


@dataclass(frozen=True)
class Told:
    """A gap in words, and where it is filled."""

    label: str
    why: str
    address: str


class RegisterPages(Room):
    """The pages on which a case is registered that did not come through the portal."""

    def get_urls(self) -> list[URLPattern]:
        """How it came, each page of the form, the check page, a file, and throwing it away."""
        return [
            path("register/", self._register_door(self.register_view), name="cases_case_register"),
            path("register/<uuid:pk>/", self._register_door(self.arrival_view), name="cases_case_register_arrival"),
            path(
                "register/<uuid:pk>/pages/<slug:key>/",
                self._register_door(self.entry_view),
                name="cases_case_register_page",
            ),
            path("register/<uuid:pk>/check/", self._register_door(self.check_view), name="cases_case_register_check"),
            path(
                "register/<uuid:pk>/delete/", self._register_door(self.discard_view), name="cases_case_register_discard"
            ),
            path(
                "register/<uuid:pk>/files/<uuid:attachment>/",
                self.admin_site.admin_view(require_safe(self.entered_file_view)),
                name="cases_case_register_file",
            ),
            *super().get_urls(),
        ]

    def _register_door(self, view: Any) -> Any:
        return self.admin_site.admin_view(require_http_methods(["GET", "HEAD", "POST"])(view))

    # --- how it came -----------------------------------------------------------------------------------------------

    def register_view(self, request: HttpRequest) -> HttpResponse:
        """Begin with something new, or go on with what is not registered yet. Raises PermissionDenied for one who handles nothing."""
        user: Any = request.user
        if not access.authorities_where(user, access.HANDLES_CASES):
            raise PermissionDenied
        services, now = registering.services_for(user), timezone.now()
        form = ArrivalForm(now=now, services=services, **_sent(request))
        _say_what_was_left_out(request, form)
        if form.is_bound and form.is_valid():
            version = form.service.published
            assert version is not None  # noqa: S101 (only such services are offered)
            try:
                paper = registering.begin(version, form.arrival(), by=user, once=form.once)
            except NotAllowed as refused:
                form.add_error(None, str(refused))
            else:
                return self._entry_went_on(request, paper, form)
        begun = [] if form.is_bound else registering.being_entered(user)
        return self._entry_arrival_page(request, _("Register a case"), form, begun=begun, services=services)

    def arrival_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Correct how it came and whose it is."""
        paper = _being_entered(request, pk)
        if isinstance(paper, HttpResponse):
            return paper
        stored = [row.known() for row in registering.originals(paper)]
        form = ArrivalForm(now=timezone.now(), known=registering.arrival_of(paper), stored=stored, **_sent(request))
        _say_what_was_left_out(request, form)
        try:
            if _removed(request, paper):
                form.stored = [row.known() for row in registering.originals(paper)]
                form.errors.clear()
            elif form.is_bound and form.is_valid():
                registering.change(paper, form.arrival())
                return self._entry_went_on(request, paper, form)
        except Frozen:
            return _changed_meanwhile(request, pk)
        except NotAllowed as refused:
            form.add_error(None, str(refused))
        return self._entry_arrival_page(request, _("How it came"), form, paper=paper)

    def _entry_went_on(self, request: HttpRequest, paper: Application, form: ArrivalForm) -> HttpResponse:
        """To the first page that is not done, with the originals kept; back to the form when one of them is not taken."""
        _note(request, paper, log.Act.CHANGED)
        if not paper.is_draft:
            return _changed_meanwhile(request, paper.pk)
        try:
            refused = registering.add_originals(paper, form.cleaned_data["files"])
        except Frozen:
            return _changed_meanwhile(request, paper.pk)
        if refused:
            for said in refused:
                messages.error(request, said)
            return redirect("admin:cases_case_register_arrival", paper.pk)
        first = Journey.of(Application.objects.select_related("version").get(pk=paper.pk)).first_open
        return HttpResponseRedirect(_page_address(paper, first) if first else _check_address(paper))

    def _entry_arrival_page(self, request: HttpRequest, title: str, form: ArrivalForm, **more: Any) -> HttpResponse:
        ways = dict(Way.choices)
        begun = [(one, ways.get(one.came_by, "")) for one in more.pop("begun", [])]
        return self.page(request, "admin/cases/register/arrival.html", title, form=form, begun=begun, **more)

    # --- the service's own form ------------------------------------------------------------------------------------

    def entry_view(self, request: HttpRequest, pk: uuid.UUID, key: str) -> HttpResponse:
        """A page of the form, as the customer would have filled it in."""
        paper = _being_entered(request, pk)
        if isinstance(paper, HttpResponse):
            return paper
        page = paper.definition.page(key)
        if page is None:
            raise Http404
        if not registering.may_open(paper, key):
            return HttpResponseRedirect(_check_address(paper))
        if request.method == "POST":
            return self._entry_received(request, paper, page)
        _note(request, paper, log.Act.SAW)
        offered = registering.offers(paper, page)
        form = EntryForm(paper.definition, page, answers=paper.answers, today=paper.day(), offers=offered)
        return self._entry_page(request, paper, page, form)

    def _entry_received(self, request: HttpRequest, paper: Application, page: Page) -> HttpResponse:
        """Store what can be read on the page; go on, whatever is missing, or show what cannot be read."""
        form = EntryForm(
            paper.definition, page, answers=paper.answers, today=paper.day(), data=request.POST, files=request.FILES
        )
        form.is_valid()
        _say_what_was_left_out(request, form)
        seen = request.POST.get(SEEN, "")
        try:
            drafting.save_page(paper, form, seen=seen)
            removed = _removed(request, paper)
        except Frozen:
            return _changed_meanwhile(request, paper.pk)
        except Conflict as conflict:
            paper.refresh_from_db(fields=["answers", "changed_at"])
            form.stored = paper.answers
            form.forgive()
            return self._entry_page(request, paper, page, form, seen=seen, conflict=conflict)
        _note(request, paper, log.Act.CHANGED)
        form.stored = paper.answers
        form.take_as_it_is()
        if removed or form.acted or not form.is_valid():
            return self._entry_page(request, paper, page, form, seen=seen)
        if form.brought_up and FOLLOWED not in request.POST:
            messages.info(request, _("The answers bring up more on this page. Look through it, and go on."))
            return HttpResponseRedirect(_page_address(paper, page))
        following = Journey.of(paper).after(page.key)
        from_check = request.GET.get("from") == "check"
        return HttpResponseRedirect(
            _page_address(paper, following) if following and not from_check else _check_address(paper)
        )

    def _entry_page(
        self,
        request: HttpRequest,
        paper: Application,
        page: Page,
        form: EntryForm,
        *,
        seen: str = "",
        conflict: Conflict | None = None,
    ) -> HttpResponse:
        if any(form.kept_files().values()):
            form.marks = scanning.marks(paper)
        stops = Journey.of(paper).stops
        keys = [stop.page.key for stop in stops]
        told = conflict.keys if conflict else ()
        return self.page(
            request,
            "admin/cases/register/page.html",
            page.title.said(),
            paper=paper,
            form=form,
            form_page=page,
            text=prose(page.text.said()),
            number=keys.index(page.key) + 1 if page.key in keys else 1,
            count=len(keys),
            steps=[
                Step(stop.page.title.said(), _page_address(paper, stop.page), _state(stop.done, stop.page, page))
                for stop in stops
            ],
            seen=together.marks_again(page.fields, paper.answers, seen=seen, sent=form.kept, told=told),
            conflict=_stored_now(paper, page, conflict) if conflict else None,
            conditions=any(field.parts() or field.looks_at() for field in page.fields),
            answers=_looked_at(form),
            today=paper.day().isoformat(),
        )

    # --- all of it once more ---------------------------------------------------------------------------------------

    def check_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """How it came, all answers, what is missing; and the button that registers."""
        paper = _being_entered(request, pk)
        if isinstance(paper, HttpResponse):
            return paper
        if request.method == "POST":
            return self._registered(request, paper)
        _note(request, paper, log.Act.SAW)
        return self._entry_check_page(request, paper)

    def _registered(self, request: HttpRequest, paper: Application) -> HttpResponse:
        user, arrived_at = request.user, paper.came_at
        assert arrived_at is not None  # noqa: S101 (it is being entered)
        as_it_is = AS_IT_IS in request.POST
        try:
            case = registering.register(
                paper,
                by=user,  # type: ignore[arg-type]  # the desk's door lets nobody else in
                way=paper.came_by,
                arrived_at=arrived_at,
                as_it_is=as_it_is,
            )
        except NotComplete:
            return self._entry_check_page(request, paper, unticked=True)
        except NotAllowed as refused:
            messages.error(request, str(refused))
            return self._entry_check_page(request, paper)
        except Application.DoesNotExist:
            return _changed_meanwhile(request, paper.pk)
        log.note(request, log.Act.CHANGED, case.number or "", authority=case.service.authority_id, detail="registered")
        messages.success(request, _("The case is registered: %(number)s.") % {"number": case.number})
        return redirect("admin:cases_case_change", case.pk)

    def _entry_check_page(self, request: HttpRequest, paper: Application, *, unticked: bool = False) -> HttpResponse:
        arrival, gaps = registering.arrival_of(paper), registering.gaps(paper)
        checked = [
            Checked(section, _page_address(paper, stop.page, from_check=True))
            for section, stop in zip(paper.sheet(get_language()), Journey.of(paper).stops, strict=True)
        ]
        return self.page(
            request,
            "admin/cases/register/check.html",
            _("Check and register"),
            paper=paper,
            arrival=arrival,
            way=dict(Way.choices).get(arrival.way, ""),
            checked=checked,
            gaps=[_told(paper, gap) for gap in gaps],
            unticked=unticked,
            originals=registering.originals(paper),
            marks=scanning.marks(paper),
            kept_until=kept_until(paper),
        )

    def discard_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Ask, then throw away what is not registered."""
        paper = _being_entered(request, pk)
        if isinstance(paper, HttpResponse):
            return paper
        if request.method != "POST":
            return self.page(
                request, "admin/cases/register/discard.html", _("Delete what is not registered"), paper=paper
            )
        try:
            drafting.discard(paper)
        except Frozen:
            return _changed_meanwhile(request, pk)
        _note(request, paper, log.Act.DELETED)
        messages.success(request, _("It has been deleted."))
        return redirect("admin:cases_case_register")

    @method_decorator(never_cache)
    def entered_file_view(self, request: HttpRequest, pk: uuid.UUID, attachment: uuid.UUID) -> FileResponse:
        """A file of what is not registered yet, to be saved."""
        own = Attachment.objects.filter(application__in=_papers(request), application=pk)
        file = get_object_or_404(own.select_related("application__version__service"), pk=attachment)
        _note(request, file.application, log.Act.DOWNLOADED)
        return as_download(file)


# --- whose ---------------------------------------------------------------------------------------------------------------
# Functions and not methods: the parts of the room share one name space.


def _papers(request: HttpRequest) -> Any:
    return Application.objects.filter(access.papers_being_entered(request.user))


def _being_entered(request: HttpRequest, pk: uuid.UUID) -> Application | HttpResponse:
    """The draft; for one that has been registered, the way to its case. Raises Http404 for every other."""
    known = _papers(request).select_related("version__service__authority", "customer", "principal")
    paper: Application | None = known.defer("version__document").filter(pk=pk).first()
    if paper is not None:
        return paper
    case = Case.objects.visible_to(request.user).filter(application=pk, application__came_at__isnull=False).first()
    if case is None:
        raise Http404
    return redirect("admin:cases_case_change", case.pk)


def _changed_meanwhile(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Where to go when it was registered or thrown away in another window."""
    now = Application.objects.filter(pk=pk).first()
    if now is None:
        messages.warning(request, _("This has been deleted meanwhile."))
        return redirect("admin:cases_case_register")
    messages.warning(request, _("This has been registered meanwhile."))
    return redirect("admin:cases_case_change", case_of(now).pk)


def _note(request: HttpRequest, paper: Application, act: str) -> None:
    service = paper.version.service
    log.note(request, act, NO_CASE_YET, authority=service.authority_id, detail=f"{service.key} {paper.pk}")


# --- addresses and words -------------------------------------------------------------------------------------------------


def _page_address(paper: Application, page: Page, *, from_check: bool = False) -> str:
    there = reverse("admin:cases_case_register_page", args=[paper.pk, page.key])
    return f"{there}?from=check" if from_check else there


def _check_address(paper: Application) -> str:
    return reverse("admin:cases_case_register_check", args=[paper.pk])


def _sent(request: HttpRequest) -> dict[str, Any]:
    return {"data": request.POST, "files": request.FILES} if request.method == "POST" else {}


def _removed(request: HttpRequest, paper: Application) -> bool:
    """Remove the file whose button was pressed; whether one was."""
    if REMOVE not in request.POST:
        return False
    try:
        wanted = str(uuid.UUID(request.POST[REMOVE]))
    except ValueError:
        return True
    drafting.remove_file(paper, wanted)
    return True


def _say_what_was_left_out(request: HttpRequest, form: forms.Form) -> None:
    """Note at its question each file that did not fit into what may be sent at once."""
    most = settings.UPLOAD_MAX_BYTES // 1_000_000
    left: Iterable[tuple[str, str]] = (
        one for handler in request.upload_handlers for one in getattr(handler, "left_out", ())
    )
    for field, name in left:
        if field in form.fields:
            text = _(
                "%(name)s: the files sent at once are more than %(most)d MB together. Send this one by itself, or make it smaller."
            )
            said = text % {"name": plain_name(name), "most": most}
            form.add_error(field, forms.ValidationError(said, code="too_much"))


def _state(done: bool, page: Page, current: Page) -> str:
    if page.key == current.key:
        return "current"
    return "done" if done else "later"


def _looked_at(form: EntryForm) -> dict[str, Any]:
    """The answers of earlier pages that conditions on this page look at: all that the browser needs to follow them."""
    looked_at = {path.partition(".")[0] for field in form.page.fields for path in field.looks_at()}
    return {key: value for key, value in form.before.items() if key in looked_at}


def _stored_now(paper: Application, page: Page, conflict: Conflict) -> list[tuple[str, str]]:
    """What a colleague has saved meanwhile at the questions concerned."""
    language = get_language() or paper.language
    return [
        (field.label.said(language), field.show(paper.answers.get(field.key), language))
        for field in page.fields
        if field.key in conflict.keys
    ]


def _told(paper: Application, gap: Gap) -> Told:
    address = f"{_page_address(paper, gap.page, from_check=True)}#{_control_id(gap.field)}"
    return Told(gap.field.label.said(get_language()), gap.why, address)


def _control_id(field: Field) -> str:
    """The id of a question's first control on its page."""
    return f"id_{field.key}_0" if getattr(field.lay_out(), "group", False) else f"id_{field.key}"
