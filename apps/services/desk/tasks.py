"""The task list of a service: what is done and what is to do until customers can use it; undoing, and giving the working copy up."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, URLPattern, path, resolve
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.services import editing, working
from apps.services.desk.base import Building, build_address
from apps.services.models import Revision, WorkingCopy
from apps.services.tasklist import DONE, OPTIONAL, state_words, tasks_of

STEPS_SHOWN = 10
LAST = "last"  # the hidden control that says which step was the last one when the page was opened


class Tasks(Building):
    """The task list of a service, undoing, and giving the working copy up."""

    def get_urls(self) -> list[URLPattern]:
        """The list, and the ways back."""
        staff = self.admin_site.admin_view
        return [
            path("<int:pk>/build/", staff(require_safe(self.tasks_view)), name="services_service_build"),
            path("<int:pk>/build/undo/", staff(require_POST(self.undo_view)), name="services_service_undo"),
            path("<int:pk>/build/redo/", staff(require_POST(self.redo_view)), name="services_service_redo"),
            path("<int:pk>/build/discard/", staff(self.discard_view), name="services_service_discard"),
            *super().get_urls(),
        ]

    def tasks_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The list."""
        service, copy = self.copy_of(request, pk)
        words = state_words()
        rows = [
            (task, build_address(task.page, service, *filter(None, [task.part])), words[task.state])
            for task in tasks_of(service, copy)
        ]
        steps = copy.revisions.filter(number__lte=copy.at).select_related("by").order_by("-number")[:STEPS_SHOWN]
        return self.build_page(
            request,
            "tasks.html",
            _("Tasks"),
            service,
            copy,
            tab="build",
            tasks=rows,
            done=sum(1 for task, _address, _state in rows if task.state == DONE),
            wanted=sum(1 for task, _address, _state in rows if task.state != OPTIONAL),
            steps=[(step, act_words(step)) for step in steps.defer("document", "written_from")],
        )

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take the last step back: the one that was the last when the page was opened."""
        said, nothing = _("Undone: %(what)s"), _("There is nothing to undo.")
        return self._go(request, pk, working.undo, "undone", said, nothing)

    def redo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take the step again that was taken back."""
        said, nothing = _("Done again: %(what)s"), _("There is nothing to do again.")
        return self._go(request, pk, working.redo, "done again", said, nothing)

    def _go(
        self,
        request: HttpRequest,
        pk: int,
        go: Callable[[WorkingCopy], Revision | None],
        logged: str,
        said: str,
        nothing: str,
    ) -> HttpResponse:
        """Go a step back or on, unless somebody has changed something since the page was opened."""
        _service, copy = self.copy_of(request, pk)
        if self._is_old(request, copy):
            return self._went(request, copy, _others_did(copy))
        step = go(copy)
        if step is None:
            return self._went(request, copy, nothing)
        self.note_work(request, copy.service, f"{logged}: {step.act}")
        return self._went(request, copy, said % {"what": act_words(step)})

    def _is_old(self, request: HttpRequest, copy: WorkingCopy) -> bool:
        """Whether somebody has changed the working copy since the page was opened on which the button was pressed."""
        return request.POST.get(LAST, last_of(copy)) != last_of(copy)

    def _went(self, request: HttpRequest, copy: WorkingCopy, said: str) -> HttpResponse:
        """Say what was done, on the page where the button was pressed: unless what that page is about is gone."""
        self.message_user(request, said, messages.INFO)
        after = request.POST.get("next", "")
        allowed = url_has_allowed_host_and_scheme(after, allowed_hosts=None)
        if not allowed or not after.startswith("/admin/services/service/"):
            return redirect("admin:services_service_build", copy.service_id)
        return redirect(after if is_there(after, copy) else build_address("questions", copy.service))

    def discard_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, and give the working copy up."""
        service, copy = self.copy_of(request, pk)
        if request.method != "POST":
            only = not service.versions.exists()
            return self.build_page(request, "discard.html", _("Give up the changes"), service, copy, only=only)
        if self._is_old(request, copy):
            self.message_user(request, _others_did(copy), messages.WARNING)
            return redirect("admin:services_service_discard", pk)
        working.discard(copy)
        self.note_work(request, service, "given up")
        self.message_user(request, _("The changes are given up."), messages.SUCCESS)
        if service.versions.exists():
            return redirect("admin:services_service_change", pk)
        return redirect("admin:services_service_changelist")


def last_of(copy: WorkingCopy) -> str:
    """The last step, as forms carry it: one of another working copy is never the same."""
    return f"{copy.pk}.{copy.at}"


def is_there(address: str, copy: WorkingCopy) -> bool:
    """Whether the page or the question that an address is about is in the working copy."""
    document = working.document_of(copy)
    try:
        about = resolve(address).kwargs
        if "page" in about or about.get("of") == "page":
            editing.page_of(document, about.get("page") or about["where"])
        if "path" in about or about.get("of") == "field":
            editing.field_of(document, about.get("path") or about["where"])
    except (Resolver404, editing.NotThere):
        return False
    return True


def _others_did(copy: WorkingCopy) -> str:
    """What somebody is told who presses a button on a page from before the last step, which was another's."""
    last = working.revision_of(copy)
    who = str(last.by) if last.by else _("Somebody")
    return _("Nothing was done, for %(who)s has changed something meanwhile: %(what)s") % {
        "who": who,
        "what": act_words(last),
    }


def act_words(revision: Revision) -> str:
    """What was done, in words."""
    words = editing.ACTS.get(revision.act, revision.act)
    return str(words) % {"about": revision.about}
