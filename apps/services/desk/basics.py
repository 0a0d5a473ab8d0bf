"""What is said of the service itself, in parts as the task list has them: about it, time limits, who is told, identification, retention."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from apps.people import access
from apps.services import connecting, editing, working
from apps.services.desk.base import Building, seen_of
from apps.services.desk.elements import ElementsForm, with_others
from apps.services.desk.serviceforms import AboutForm, IdentificationForm, RetentionForm, TimesForm, ToldForm
from apps.services.models import Service, WorkingCopy

PARTS: dict[str, tuple[Any, type[ElementsForm]]] = {
    "about": (gettext_lazy("About the service"), AboutForm),
    "times": (gettext_lazy("Time limit of the handling"), TimesForm),
    "told": (gettext_lazy("Who is told, and how"), ToldForm),
    "identification": (gettext_lazy("Identification and mandates"), IdentificationForm),
    "retention": (gettext_lazy("Retention and privacy"), RetentionForm),
}


class Basics(Building):
    """What is said of the service itself, part by part."""

    def get_urls(self) -> list[URLPattern]:
        """One page for all parts."""
        view = self.admin_site.admin_view(require_http_methods(["GET", "HEAD", "POST"])(self.basics_view))
        return [path("<int:pk>/build/about/<slug:part>/", view, name="services_service_basics"), *super().get_urls()]

    def basics_view(self, request: HttpRequest, pk: int, part: str) -> HttpResponse:
        """Show a part; a POST saves it, whatever is still missing in it."""
        if part not in PARTS:
            raise Http404
        service, copy = self.copy_of(request, pk)
        document = working.document_of(copy)
        title, kind = PARTS[part]
        form = kind(
            document, editing.languages_of(document), _typed(request, copy, kind) if request.method == "POST" else None
        )
        if form.is_bound and form.is_valid() and self._saved(request, copy, form):
            return redirect("admin:services_service_build", service.pk)
        return self.build_page(
            request,
            "basics.html",
            str(title),
            service,
            copy,
            tab="build",
            part=part,
            form=form,
            told=part == "told",
            connection=_connection(service, copy) if part == "told" else None,
            connects=access.may_connect(request.user, service.authority_id),
        )

    def _saved(self, request: HttpRequest, copy: WorkingCopy, form: ElementsForm) -> bool:
        """Save what was changed in the form, so that only somebody else at the same stands in its way."""
        changed = {name: value for name, value in form.elements().items() if value != form.document.get(name)}
        return self.change(request, copy, editing.set_elements(changed), said=_("Saved."))


def _connection(service: Service, copy: WorkingCopy) -> connecting.Standing | None:
    """How the service is connected, as has been saved; a survey is not."""
    definition, _problems = working.judged_text(working.text_of(copy))
    return None if definition.is_survey else connecting.standing(service, definition)


def _typed(request: HttpRequest, copy: WorkingCopy, kind: type[ElementsForm]) -> QueryDict:
    """What was sent, with what others have changed since the form was opened wherever its sender changed nothing."""
    seen, now = working.document_seen(copy, seen_of(request, copy)), working.document_of(copy)
    if seen is None:
        return request.POST
    return with_others(request.POST, kind(seen, editing.languages_of(seen)), kind(now, editing.languages_of(now)))
