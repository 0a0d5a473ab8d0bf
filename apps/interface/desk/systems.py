"""The pages of connected systems: the list, adding one, what is known of one, and changing that."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from apps.interface.checklist import required
from apps.interface.desk.systemform import SystemForm, service_choices
from apps.interface.document import ADDRESS, address_of
from apps.people import access, log
from apps.people.adminsite import Room, judged_again
from apps.people.models import Authority, System, User
from apps.people.systems import good_at
from apps.services.models import Service
from apps.services.texts import LANGUAGES, moment_words

SECRET_BYTES = 32


class Systems(Room):
    """The systems of the authorities that the user may connect systems of. None is deleted: the diaries name them."""

    list_display = ("name", "authority", "purpose", "about", "standing", "good_keys", "last_use")
    list_filter = ("authority",)
    list_select_related = ("authority",)
    list_per_page = 100
    ordering = ("authority__key", "name")
    search_fields = ("name",)

    # --- whose ---------------------------------------------------------------------------------------------------------

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Managers of a whole authority, and who looks after the installation; each for theirs."""
        if isinstance(obj, System):
            return access.may_connect(request.user, obj.authority_id)
        return bool(access.whole_authorities_where(request.user, access.MANAGES)) or access.keeps_installation(
            request.user
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """The same."""
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Those of the authorities that the user may connect systems of."""
        found = System.objects.filter(authority__in=connected_by(request)).select_related("authority")
        good = good_at(timezone.now(), "keys__")
        return found.annotate(keys_good=Count("keys", filter=good & Q(keys__isnull=False)))

    def get_list_filter(self, request: HttpRequest) -> Any:
        """By authority, for who looks after several."""
        return self.list_filter if access.keeps_installation(request.user) else ()

    def connected(self, request: HttpRequest, pk: int | str) -> System:
        """A system that is this user's to look after. Raises Http404."""
        system = self.found(request, pk)
        if not isinstance(system, System) or not access.may_connect(request.user, system.authority_id):
            raise Http404
        return system

    # --- the list ------------------------------------------------------------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list."""
        return super().changelist_view(request, {"title": _("Connected systems"), **(extra_context or {})})

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list, whose rows know their services by name: one query for all of them."""
        found = super().get_changelist_instance(request)
        found.result_list = named(found.result_list)
        return found

    @admin.display(description=gettext_lazy("what for"))
    def purpose(self, system: System) -> str:
        """Whether it is for testing."""
        return _("Testing") if system.is_test else _("Real cases")

    @admin.display(description=gettext_lazy("services"))
    def about(self, system: Any) -> str:
        """Which services it is about."""
        return ", ".join(system.service_names) or _("all services")

    @admin.display(description=gettext_lazy("let in"), boolean=False)
    def standing(self, system: System) -> str:
        """Whether it is let in."""
        return _("Yes") if system.active else _("No")

    @admin.display(description=gettext_lazy("keys that are good"))
    def good_keys(self, system: Any) -> int:
        """How many."""
        return int(system.keys_good)

    @admin.display(description=gettext_lazy("last use"), ordering="used_at")
    def last_use(self, system: System) -> str:
        """When it last called."""
        return moment_words(system.used_at, get_language() or LANGUAGES[0]) if system.used_at else ""

    # --- its pages -----------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Changing it, besides the list, adding and the system itself."""
        view = never_cache(require_http_methods(["GET", "HEAD", "POST"])(self.edit_view))
        return [
            path("<int:pk>/edit/", self.admin_site.admin_view(view), name="people_system_edit"),
            *super().get_urls(),
        ]

    @method_decorator(never_cache)
    @judged_again
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Describe a new system, of the only authority there is or of the one that is chosen first."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        own = Authority.objects.filter(pk__in=connected_by(request)).order_by("key")
        asked = request.GET.get("authority")
        if asked is not None:
            authority: Authority | None = get_object_or_404(own, key=asked)
        else:
            authority = own[0] if len(own[:2]) == 1 else None
        if authority is None:
            title = _("Whose system is it?")
            return self.page(request, "admin/interface/whose.html", title, authorities=own)
        form = SystemForm(authority, by=request.user, data=request.POST if request.method == "POST" else None)
        if form.is_valid():
            form.instance.made_by = request.user if isinstance(request.user, User) else None
            told = _("The system is added. Make a key that it can show.")
            return self._saved(request, form, told, "added", _("The system was added."))
        title = _("Connect a system")
        return self.page(request, "admin/interface/edit.html", title, authority=authority, form=form)

    @method_decorator(require_safe)
    @method_decorator(never_cache)
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What is known of a system, and its keys."""
        return self.system_page(request, self.connected(request, object_id))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The system."""
        try:
            return self.get_queryset(request).filter(pk=int(object_id)).first()
        except (ValueError, OverflowError):
            return None

    @judged_again
    def edit_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Change what is said of it."""
        system = self.connected(request, pk)
        data = request.POST if request.method == "POST" else None
        form = SystemForm(system.authority, by=request.user, instance=system, data=data)
        if form.is_valid():
            detail = f"changed: {', '.join(form.changed_data)}" if form.changed_data else ""
            labels = " · ".join(str(form.fields[name].label) for name in form.changed_data)
            history = _("The system was changed: %(what)s.") % {"what": labels}
            return self._saved(request, form, _("The system is saved."), detail, history)
        as_it_is = self.connected(request, pk)  # the form has put into the other what was written, right or wrong
        title = _("Change %(name)s") % {"name": as_it_is.name}
        facts = {"system": as_it_is, "authority": as_it_is.authority, "form": form}
        return self.page(request, "admin/interface/edit.html", title, **facts)

    def system_page(self, request: HttpRequest, system: System, **shown: Any) -> HttpResponse:
        """The page of a system. What is shown once stands in the answer to the POST that made it, and nowhere else."""
        names = dict(service_choices(system.authority, system.only_services))
        checks = required(system) if system.is_test else []
        facts = {
            "system": system,
            "address": address_of(request) + ADDRESS,
            "services": [names[key] for key in system.only_services],
            "scopes": [System.Scope(scope).label for scope in System.Scope if scope in system.scopes],
            "may_open": may_open(request, system),
            "checks_done": sum(1 for check in checks if check.at),
            "checks_all": len(checks),
            **self.key_facts(system),
        }
        return self.page(request, "admin/interface/system.html", system.name, **facts, **shown)

    def key_facts(self, system: System) -> dict[str, Any]:
        """What its page says of its keys."""
        raise NotImplementedError

    def _saved(self, request: HttpRequest, form: SystemForm, said: str, detail: str, history: str) -> HttpResponse:
        """Save it. A secret that signs what is posted is made with the first address to which something is, and shown now alone."""
        system: System = form.instance
        secret = ""
        if system.wake_url and not system.wake_secret:
            secret = system.wake_secret = secrets.token_urlsafe(SECRET_BYTES)
            detail = f"{detail}; secret of the wake-ups made".strip("; ")
        if system.pk:  # only what the form says: meanwhile the system may have called
            system.save(update_fields=[*form.fields, "wake_secret"])
        else:
            system.save()
        if detail:
            self.note(request, system, detail, history)
        if secret:
            return self.system_page(request, self.connected(request, system.pk), secret=secret, said=said)
        self.message_user(request, said, messages.SUCCESS)
        return redirect("admin:people_system_change", system.pk)

    def note(self, request: HttpRequest, system: System, detail: str, said: str, act: str = log.Act.CHANGED) -> None:
        """Write into the log (`detail`) and into the system's own history (`said`) what was done; never a key or a secret."""
        log.note(request, act, f"system {system.pk}", authority=system.authority_id, detail=detail)
        self.log_change(request, system, said)


def named(found: Iterable[Any]) -> list[Any]:
    """Systems, each with the names of the services that it is about; one that is gone by its key."""
    rows = list(found)
    keys = {key for system in rows for key in system.only_services}
    own = Service.objects.filter(authority__in={system.authority_id for system in rows}, key__in=keys)
    names = {(one.authority_id, one.key): str(one) for one in own.select_related("published")} if keys else {}
    for system in rows:
        system.service_names = [names.get((system.authority_id, key), key) for key in system.only_services]
    return rows


def may_open(request: HttpRequest, system: System) -> bool:
    """Whether the user may give out what opens a system's cases: its keys, and the secret of its wake-ups."""
    return system.is_test or access.may_let_in(request.user, system.authority_id)


def connected_by(request: HttpRequest) -> Any:
    """The authorities whose systems the user looks after (ids, or all of them)."""
    if access.keeps_installation(request.user):
        return Authority.objects.values("pk")
    return access.whole_authorities_where(request.user, access.MANAGES)
