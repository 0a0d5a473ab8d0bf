"""What all pages have in common on which a service is defined: whose it is, its working copy, and how a change is made from a form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from apps.people import access, log
from apps.people.adminsite import Room
from apps.people.models import User
from apps.services import editing, working
from apps.services.editing import Edit
from apps.services.models import Service, WorkingCopy
from apps.services.texts import Texts
from apps.services.working import Conflict

SEEN = "seen"  # the hidden control that says which revision a form was made from
OF = "of"  # and the one beside it: of which working copy, for the next one counts its revisions from 1 again
# The pages of the builder, in the order of the task list: the name of the address, what it is called.
TABS = ("build", "questions", "texts", "document", "preview", "test", "check", "publishing")


@dataclass(frozen=True)
class Tab:
    """A page of the builder in the row of pages."""

    title: str
    address: str
    current: bool


def tab_titles() -> dict[str, str]:
    """What the pages of the builder are called."""
    return {
        "build": _("Tasks"),
        "questions": _("Questions"),
        "texts": _("Texts and languages"),
        "document": _("As text"),
        "preview": _("Preview"),
        "test": _("Test"),
        "check": _("Check"),
        "publishing": _("Publish"),
    }


class Building(Room):
    """A page of the builder, for designers of the service's authority: those who may only see it are refused, the rest find nothing."""

    def defined(self, request: HttpRequest, pk: int) -> Service:
        """A service whose definition is the user's to change. Raises Http404 when they may not even see it, else PermissionDenied."""
        service: Service = self.found(request, pk)
        if not access.may_define(request.user, service.authority_id):
            raise PermissionDenied
        return service

    def copy_of(self, request: HttpRequest, pk: int) -> tuple[Service, WorkingCopy]:
        """A service that is the user's to define, and its working copy: one is begun when there is none."""
        service = self.defined(request, pk)
        copy = working.begin(service, by=designer(request))
        copy.service = service
        return service, copy

    def build_page(
        self, request: HttpRequest, template: str, title: str, service: Service, copy: WorkingCopy, **context: Any
    ) -> HttpResponse:
        """A page of the builder: `admin/services/build/<template>` with what its frame shows. `tab`: which page of the row it is on."""
        current = context.pop("tab", "")
        shared = {
            "service": service,
            "copy": copy,
            "called": called(service, copy),
            "tabs": tabs(service, current),
            "may_undo": working.may_undo(copy),
            "may_redo": working.may_redo(copy),
            "seen": context.pop("seen", seen_still(request, copy)),
        }
        return self.page(request, f"admin/services/build/{template}", title, **{**shared, **context})

    def change(self, request: HttpRequest, copy: WorkingCopy, edit: Edit, *, said: str = "") -> bool:
        """Make a change from a form and say so (`said`, when given). When somebody else was at the same part, say that and give False:
        the page is to be shown again with what was typed, and the same form sent again puts it in the place of theirs.
        """
        try:
            made = working.make(copy, edit, by=designer(request), seen=seen_of(request, copy))
        except (Conflict, editing.KeyTaken, editing.NotThere) as refused:
            self.message_user(request, refused_words(refused), messages.WARNING)
            copy.refresh_from_db()
            request.told_of_theirs = True  # type: ignore[attr-defined]
            return False
        self.note_work(request, copy.service, made.act)
        if said:
            self.message_user(request, said, messages.SUCCESS)
        return True

    def note_work(self, request: HttpRequest, service: Service, done: str) -> None:
        """Write into the desk's log what was done to the working copy."""
        about, detail = f"service {service.key}", f"working copy: {done}"
        log.note(request, log.Act.CHANGED, about, authority=service.authority_id, detail=detail)


def called(service: Service, copy: WorkingCopy) -> str:
    """What a service is called where it is being defined: as its working copy calls it."""
    name = working.document_of(copy).get("name")
    return (Texts(name).said() if isinstance(name, dict) and editing.is_texts(name) else "") or str(service)


def designer(request: HttpRequest) -> User | None:
    """Who is at work."""
    return request.user if isinstance(request.user, User) else None


def seen_of(request: HttpRequest, copy: WorkingCopy) -> int:
    """The number of the revision that the form was made from; one that says none, or one of another copy, is as old as can be."""
    said = request.POST.get(SEEN, "")
    of_this = request.POST.get(OF, str(copy.pk)) == str(copy.pk)
    return int(said) if of_this and said.isascii() and said.isdigit() and len(said) < 10 else 0


def seen_still(request: HttpRequest, copy: WorkingCopy) -> int:
    """The revision that a form is made from: of one that comes back (to be corrected, or only checked) still the one it was made from
    at first, until its user has been told that somebody else was at the same part.
    """
    comes_back = SEEN in request.POST and not getattr(request, "told_of_theirs", False)
    return seen_of(request, copy) if comes_back else copy.at


def refused_words(refused: Exception) -> str:
    """What is told to the one who came second."""
    if isinstance(refused, editing.KeyTaken):
        return _("Another question has been given the same key meanwhile. Choose another key.")
    if not isinstance(refused, Conflict):
        return _("What you wanted to change is no longer there: somebody has taken it away meanwhile.")
    who = str(refused.by) if refused.by else _("Somebody")
    said = _(
        "%(who)s has changed the same meanwhile. Nothing of yours is lost: look at both, and save again to put yours in its place."
    )
    return said % {"who": who}


def tabs(service: Service, current: str) -> list[Tab]:
    """The row of pages."""
    titles = tab_titles()
    return [Tab(titles[name], build_address(name, service), name == current) for name in TABS]


def build_address(name: str, service: Service, *more: str) -> str:
    """Where a page of the builder is; '' for a part that no address can name, as in a document that is amiss."""
    try:
        return reverse(f"admin:services_service_{name}", args=[service.pk, *more])
    except NoReverseMatch:
        return ""
