"""The desk's view of what is sent to receivers: what waits, what was refused, and what a person does about that."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.cases.letters import Party
from apps.people import access, log
from apps.people.admin import ForInstallation
from apps.people.adminsite import Room
from apps.services.models import Service
from apps.services.texts import LANGUAGES, moment_words
from apps.sync import reconcile
from apps.sync import watchroom as watchroom  # registers its room
from apps.sync.models import (
    MAIL,
    NATIONAL,
    STATUS_WORDS,
    SYSTEM,
    WEBHOOK,
    Delivery,
    Finding,
    Notice,
    NotRefused,
    ReasonMissing,
    Receiver,
    Reconciliation,
    masked,
)
from apps.sync.notices import KINDS

# What deliveries have to do with, and nobody reads here.
NOT_SHOWN = ("case__application__answers", "case__application__supplement_form")
OF_ONE_CASE = "case__id__exact"  # in the address that a case's page leads to


def _unused_webhooks() -> list[str]:
    """The keys that the settings say an address of, and that are no receiver yet."""
    if not settings.WEBHOOKS:
        return []
    known = set(Receiver.objects.values_list("key", flat=True))
    return sorted(key for key in settings.WEBHOOKS if key not in known)


class WebhookForm(forms.ModelForm):
    """A new webhook: one of those that the settings name."""

    key = forms.ChoiceField(
        label=gettext_lazy("key"), help_text=gettext_lazy("Its address and secret are in the setting WEBHOOKS.")
    )

    class Meta:
        model = Receiver
        fields = ("name", "key", "since", "active", "takes_tests")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """With the keys that can still be chosen."""
        super().__init__(*args, **kwargs)
        self.instance.kind = WEBHOOK
        choice = self.fields["key"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 (for the reader: it is written above)
        choice.choices = [(key, key) for key in _unused_webhooks()]


@admin.register(Receiver)
class ReceiverAdmin(ForInstallation, admin.ModelAdmin):
    """The receivers. A superuser turns one off and on, and adds the webhooks that the settings name; where one is, the settings say."""

    list_display = ("name", "kind", "active", "since", "failing_since", "probe_at")
    fields = ("name", "key", "kind", "since", "active", "takes_tests", "failing_since", "failures", "probe_at")
    readonly_fields = ("key", "kind", "failing_since", "failures", "probe_at")
    actions = None

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Of a new one, what is to be said of it."""
        return self.fields if obj is not None else tuple(WebhookForm.Meta.fields)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """A new one is a webhook."""
        if obj is None:
            kwargs["form"] = WebhookForm
        return super().get_form(request, obj, change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """What is no superuser's to say.

        By mail and into the folder of the hand-over nothing of a test goes, whatever is set. From when on it is sent what happens can be
        said of a webhook and of the hand-over, until something is on its way there: by then it has numbers, in the diary's order. One that
        wakes a connected system is as the system says.
        """
        if obj is None:
            return ()
        if obj.kind == SYSTEM:
            return self.fields
        never = list(self.readonly_fields)
        if obj.kind not in (NATIONAL, WEBHOOK):
            never.append("takes_tests")
        if obj.kind != WEBHOOK:
            never.append("name")
        if obj.kind in (NATIONAL, MAIL) or Delivery.objects.filter(receiver=obj).exists():
            never.append("since")
        return tuple(never)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers, while the settings name a webhook that is no receiver yet. Other receivers come with their kinds."""
        return self.has_view_permission(request) and bool(_unused_webhooks())


class StatusFilter(admin.SimpleListFilter):
    """By how they stand."""

    title = gettext_lazy("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Every status."""
        return [(str(status), words) for status, words in STATUS_WORDS.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Delivery]:
        """Those of the chosen one."""
        return queryset.standing(self.value()) if self.value() in STATUS_WORDS else queryset


class ServiceFilter(admin.SimpleListFilter):
    """By the service of the case, where there are several."""

    title = gettext_lazy("service")
    parameter_name = "service"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The services whose cases the official may read."""
        own = Service.objects.select_related("published").order_by("key")
        if not access.keeps_installation(request.user):
            own = own.filter(access.of_services(request.user, access.SEES_CASES))
        return [(str(service.pk), str(service)) for service in own]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Delivery]:
        """Those of the chosen one."""
        chosen = self.value() or ""
        return queryset.filter(case__service=int(chosen)) if chosen.isdecimal() and len(chosen) < 10 else queryset


class ReceiverFilter(admin.RelatedFieldListFilter):
    """By receiver. Which systems of other authorities are woken is told to nobody who does not look after the installation."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Those the official may know of."""
        ordering = self.field_admin_ordering(field, request, model_admin)
        known = {}
        if not access.keeps_installation(request.user):
            own = access.authorities_where(request.user, access.SEES_CASES)
            known = {"limit_choices_to": ~Q(kind=SYSTEM) | Q(system__authority__in=own)}
        return field.get_choices(include_blank=False, ordering=ordering, **known)


class ReasonForm(ActionForm):
    """The choice of an action, with the reason that skipping needs."""

    reason = forms.CharField(label=gettext_lazy("Reason (when skipping):"), required=False, max_length=500)


@admin.register(Delivery)
class DeliveryAdmin(admin.ModelAdmin):
    """Deliveries, to be read. What was refused can be sent again, or skipped."""

    list_display = (
        "status",
        "receiver",
        "to",
        "case",
        "number",
        "what",
        "attempts",
        "next_at",
        "delivered_at",
        "last_error",
    )
    list_display_links = ("status",)
    list_filter = (StatusFilter, ("receiver", ReceiverFilter), ServiceFilter)
    list_select_related = ("receiver", "case__service", "case__application__customer", "event__by_customer")
    search_fields = ("case__number",)
    search_help_text = gettext_lazy("Case number")
    fields = (
        "status",
        "receiver",
        "to",
        "case",
        "what",
        "number",
        "created_at",
        "attempts",
        "next_at",
        "delivered_at",
        "refused_at",
        "last_error",
        "skipped_at",
        "reason",
    )
    readonly_fields = fields
    show_full_result_count = False
    action_form = ReasonForm
    actions = ("send_again", "skip")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        """Those of the official's own cases; of a test where one case's are asked for, or one of them is looked at."""
        place = request.resolver_match
        asked = OF_ONE_CASE in request.GET or bool(place and place.kwargs)
        own = Delivery.objects.visible_to(request.user, tests=asked).values("pk")
        return super().get_queryset(request).filter(pk__in=own).defer(*NOT_SHOWN)

    @admin.display(description=gettext_lazy("status"))
    def status(self, delivery: Delivery) -> str:
        """How it stands."""
        return delivery.status_label

    @admin.display(description=gettext_lazy("what"))
    def what(self, delivery: Delivery) -> str:
        """What happened."""
        return delivery.event.label

    @admin.display(description=gettext_lazy("to"))
    def to(self, delivery: Delivery) -> str:
        """Enough of a mail's address to know it again; of a customer whose contact data are protected, nothing."""
        customers = [delivery.event.by_customer, delivery.case.application.customer]
        if delivery.party == Party.CUSTOMER and any(one.protected for one in customers if one):
            return _("(protected)")
        return delivery.masked_address

    # --- who may ---------------------------------------------------------------------------------------------------

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Who may see some."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Delivery | None = None) -> bool:
        """Officials who read cases, and who looks after the installation; which ones, the list says."""
        return access.keeps_installation(request.user) or bool(
            access.authorities_where(request.user, access.SEES_CASES)
        )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: they come from the diary."""
        return False

    has_change_permission = has_add_permission
    has_delete_permission = has_add_permission

    def has_mend_permission(self, request: HttpRequest) -> bool:
        """Who may mend some; each one is asked again."""
        return access.keeps_installation(request.user) or bool(
            access.authorities_where(request.user, (access.Role.MANAGER,))
        )

    # --- what can be done ------------------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A delivery; that it was looked at is written down with its case."""
        delivery = self.get_object(request, object_id) if self.has_view_permission(request) else None
        if delivery is not None:
            self._note(request, delivery, log.Act.SAW, "delivery")
        return super().change_view(request, object_id, form_url, extra_context)

    @staticmethod
    def _note(request: HttpRequest, delivery: Delivery, act: str, what: str) -> None:
        case = delivery.case
        detail = f"{what} {delivery.pk}"
        log.note(request, act, str(case.number), authority=case.service.authority_id, detail=detail)

    @admin.action(description=gettext_lazy("Send again"), permissions=["mend"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """What was refused is due now, under its old key and number."""
        done = 0
        for delivery in self._mendable(request, queryset):
            try:
                delivery.send_again()
            except NotRefused as e:
                self.message_user(request, f"{delivery.case}: {e}", messages.WARNING)
            else:
                self.log_change(request, delivery, _("Sent again."))
                self._note(request, delivery, log.Act.CHANGED, "sent again")
                done += 1
        if done:
            words = ngettext("%(n)d delivery is sent again now.", "%(n)d deliveries are sent again now.", done)
            self.message_user(request, words % {"n": done}, messages.SUCCESS)

    @admin.action(description=gettext_lazy("Skip (needs a reason)"), permissions=["mend"])
    def skip(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        """The receiver gets the number without content, and the case goes on."""
        reason, done = request.POST.get("reason", "")[:500], 0
        for delivery in self._mendable(request, queryset):
            try:
                delivery.skip(reason)
            except ReasonMissing as e:
                self.message_user(request, str(e), messages.ERROR)
                return
            except NotRefused as e:
                self.message_user(request, f"{delivery.case}: {e}", messages.WARNING)
            else:
                self.log_change(request, delivery, _("Skipped: %(reason)s") % {"reason": reason.strip()})
                self._note(request, delivery, log.Act.CHANGED, "skipped")
                done += 1
        if done:
            words = ngettext("%(n)d delivery is skipped.", "%(n)d deliveries are skipped.", done)
            self.message_user(request, words % {"n": done}, messages.SUCCESS)

    def _mendable(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> list[Delivery]:
        chosen = list(queryset.select_related("case__service"))
        mine = [delivery for delivery in chosen if delivery.may_be_mended_by(request.user)]
        if len(mine) < len(chosen):
            words = _("Some of them are not yours to send again or skip: that is for the authority's managers.")
            self.message_user(request, words, messages.WARNING)
        return mine


@admin.register(Notice)
class NoticeAdmin(ForInstallation, admin.ModelAdmin):
    """Mails that belong to no case, to be read: what was sent, what waits and why, and what was given up."""

    list_display = ("what", "to", "created_at", "attempts", "next_at", "sent_at", "refused_at", "last_error")
    fields = list_display
    readonly_fields = fields
    show_full_result_count = False
    actions = None

    @admin.display(description=gettext_lazy("what"))
    def what(self, notice: Notice) -> str:
        """What it says."""
        return str(KINDS[notice.kind].subject) if notice.kind in KINDS else notice.kind

    @admin.display(description=gettext_lazy("to"))
    def to(self, notice: Notice) -> str:
        """Enough of the address to know it again."""
        return masked(notice.address)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: they come from the duties."""
        return False

    has_change_permission = has_add_permission
    has_delete_permission = has_add_permission


MOST_SHOWN = 200  # findings, and days, on the page


@admin.register(Reconciliation)
class ReconciliationRoom(Room):
    """Comparisons with the national service: green, or what differs and what to do about it."""

    list_display = ("begun", "receiver", "outcome", "cases")
    list_display_links = ("begun",)
    list_select_related = ("receiver",)
    list_per_page = 50
    ordering = ("-started_at",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who looks after the installation."""
        return access.keeps_installation(request.user)

    @admin.display(description=gettext_lazy("begun"), ordering="started_at")
    def begun(self, found: Reconciliation) -> str:
        """When."""
        return moment_words(found.started_at, get_language() or LANGUAGES[0])

    @admin.display(description=gettext_lazy("outcome"))
    def outcome(self, found: Reconciliation) -> str:
        """Whether both sides say the same."""
        if found.is_green:
            return _("Both sides say the same")
        if found.trouble:
            return _("Broke off: %(why)s") % {"why": found.trouble}
        if found.is_going_on(timezone.now()):
            return _("Going on")
        return _("Something differs") if found.ended_at else _("Broke off before it came to its end")

    @admin.display(description=gettext_lazy("cases"))
    def cases(self, found: Reconciliation) -> int:
        """How many were compared."""
        return int(found.totals.get("accepted", 0))

    def get_urls(self) -> list[URLPattern]:
        """And the address that lets what is missing be sent again."""
        resend = self.admin_site.admin_view(require_POST(self.resend_view))
        return [path("<int:pk>/resend/", resend, name="sync_reconciliation_resend"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The figures, and each finding with what to do."""
        found = self.found(request, object_id)
        findings = found.findings.select_related("case").order_by("pk")[:MOST_SHOWN]
        return self.page(
            request,
            "admin/sync/reconciliation/comparison.html",
            _("Comparison with %(receiver)s") % {"receiver": found.receiver},
            found=found,
            outcome=self.outcome(found),
            figures=[(_figure(name), count) for name, count in found.totals.items()],
            findings=[(one, one.get_kind_display(), reconcile.WHAT_TO_DO[one.kind]) for one in findings],
            days=[(service, day, _figures_of(what)) for service, day, what in reversed(found.days[-MOST_SHOWN:])],
            resendable=reconcile.resendable(found).exists(),
            more=reconcile.not_written_down(found),
        )

    def resend_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let everything that the receiver lacks be sent again, once."""
        found = self.found(request, pk)
        done = reconcile.resend(found)
        log.note(request, log.Act.CHANGED, "deliveries", detail=f"sent again after comparison {found.pk}: {done}")
        words = ngettext("%(n)d case is sent again now.", "%(n)d cases are sent again now.", done)
        self.message_user(request, words % {"n": done}, messages.SUCCESS)
        return redirect("admin:sync_reconciliation_change", found.pk)


FIGURES: dict[str, Any] = {
    "accepted": gettext_lazy("Accepted here"),
    "acknowledged": gettext_lazy("Acknowledged there"),
    "waiting": gettext_lazy("Waiting"),
    reconcile.RESENT: gettext_lazy("Sent again"),
    **dict(Finding.Kind.choices),
}


def _figure(name: str) -> str:
    return str(FIGURES.get(name, name))


def _figures_of(what: dict[str, int]) -> str:
    return ", ".join(f"{_figure(name)}: {count}" for name, count in what.items())
