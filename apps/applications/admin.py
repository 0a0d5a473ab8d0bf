"""The desk's one view of drafts: those that a customer has consented to show before sending. Each look is written down."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import get_language, gettext_lazy
from django.views.decorators.http import require_safe

from apps.applications.models import Look, ShownDraft
from apps.people import access, log
from apps.people.adminsite import Room
from apps.people.models import User
from apps.services.answersheet import without_contact_data
from apps.services.texts import LANGUAGES, moment_words


@admin.register(ShownDraft)
class ShownDraftRoom(Room):
    """Drafts shown with consent, to be read. They are no cases: nothing can be done with them, and nothing is sent of them."""

    list_display = ("service_name", "applicant", "shown")
    list_display_links = ("service_name",)
    list_select_related = ("customer", "principal", "version__service")
    list_per_page = 50
    ordering = ("-shown_at",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Those who read cases somewhere."""
        return bool(access.authorities_where(request.user, access.SEES_CASES))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Those of services of the user's authorities, for as long as the consent holds and they are not sent."""
        own = access.of_services(request.user, access.SEES_CASES, "version__service__")
        shown = ShownDraft.objects.drafts().filter(own, shown_at__isnull=False, is_test=False)
        return shown.defer("version__document")

    @admin.display(description=gettext_lazy("service"))
    def service_name(self, draft: ShownDraft) -> str:
        """The service's name."""
        return draft.version.definition.name.said()

    @admin.display(description=gettext_lazy("applicant"))
    def applicant(self, draft: ShownDraft) -> str:
        """Whose draft it is."""
        return str(draft.principal or draft.customer)

    @admin.display(description=gettext_lazy("shown since"), ordering="shown_at")
    def shown(self, draft: ShownDraft) -> str:
        """Since when."""
        return moment_words(draft.shown_at, get_language() or LANGUAGES[0]) if draft.shown_at else ""

    @method_decorator(require_safe)
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The draft as it stands now, without a way to change it. That it was looked at is written down first."""
        draft = self.found(request, object_id)
        sections = draft.sheet(get_language())
        assert isinstance(request.user, User)  # noqa: S101 (has_view_permission has asked)
        Look.objects.create(application_id=draft.pk, official=request.user, official_name=str(request.user))
        service = draft.version.service
        log.note(request, log.Act.SAW, f"draft {draft.pk}", authority=service.authority_id, detail=service.key)
        return self.page(
            request,
            "admin/applications/shown_draft.html",
            self.service_name(draft),
            draft=draft,
            applicant=self.applicant(draft),
            shown=self.shown(draft),
            sections=without_contact_data(sections) if draft.customer.protected else sections,
        )
