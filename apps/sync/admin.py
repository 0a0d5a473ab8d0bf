"""The desk's view of what is sent to receivers: what waits, what was refused, and what a person does about that."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.cases.letters import Party
from apps.people import access
from apps.people.admin import ForInstallation
from apps.sync.models import STATUS_WORDS, Delivery, Notice, NotRefused, ReasonMissing, Receiver, masked
from apps.sync.notices import KINDS

# What deliveries have to do with, and nobody reads here.
NOT_SHOWN = ("case__application__answers", "case__application__supplement_form")


@admin.register(Receiver)
class ReceiverAdmin(ForInstallation, admin.ModelAdmin):
    """The receivers. A superuser turns one off and on; where it is, the settings say."""

    list_display = ("name", "kind", "active", "since")
    fields = ("name", "key", "kind", "since", "active")
    readonly_fields = ("name", "key", "kind", "since")
    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: a receiver comes with its kind."""
        return False


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
    list_filter = (StatusFilter, "receiver")
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
        """Those of the official's own cases."""
        own = Delivery.objects.visible_to(request.user).values("pk")
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
