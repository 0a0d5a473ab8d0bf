"""The room of texts that an authority uses again and again: its managers write them, its handlers put them into their steps."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Field, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.cases import texttemplates
from apps.cases.models import TextTemplate
from apps.people import access, log
from apps.people.adminsite import Room
from apps.people.models import Authority, User
from apps.services.fieldtypes.written import refuse_control_characters
from apps.services.models import Service
from apps.services.texts import LANGUAGES

TEXTS = tuple(f"text_{language}" for language in LANGUAGES)


class TextTemplateForm(forms.ModelForm):
    """A template. It has a text in one language at least, and no place that nothing could be put into."""

    class Meta:
        model = TextTemplate
        fields = ("authority", "service", "use", "name", *TEXTS)

    user: User  # whose form it is; set by the room

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in TEXTS:
            self.fields[name].max_length = texttemplates.MOST_CHARACTERS  # type: ignore[attr-defined]
            self.fields[name].validators = [refuse_control_characters, self._refuse_long]

    @staticmethod
    def _refuse_long(text: str) -> None:
        if len(text) > texttemplates.MOST_CHARACTERS:
            words = {"most": texttemplates.MOST_CHARACTERS, "now": len(text)}
            raise ValidationError(_("Write at most %(most)d characters. Now there are %(now)d.") % words)

    def clean(self) -> dict[str, Any]:
        """Say what is wrong with the texts, and refuse what is not the user's to look after."""
        cleaned = super().clean() or self.cleaned_data
        for name in TEXTS:
            if unknown := texttemplates.unknown_places(cleaned.get(name, "")):
                said = _("Nothing can be put into %(places)s. The places there are: %(known)s.")
                known = ", ".join(f"{{{place}}}" for place in texttemplates.PLACES)
                self.add_error(name, said % {"places": ", ".join(unknown), "known": known})
        if not any(cleaned.get(name, "").strip() for name in TEXTS) and not self.errors:
            self.add_error(TEXTS[0], _("Write the text in one language at least."))
        self._check_whose(cleaned)
        return cleaned

    def _check_whose(self, cleaned: dict[str, Any]) -> None:
        authority, service = cleaned.get("authority"), cleaned.get("service")
        if authority is None or "service" in self.errors:
            return
        if service is not None and service.authority_id != authority.pk:
            self.add_error("service", _("Choose a service of the authority."))
        elif service is None and authority.pk not in access.whole_authorities_where(self.user, access.MANAGES):
            self.add_error("service", _("Choose one of the services that you manage."))


@admin.register(TextTemplate)
class TextTemplateAdmin(Room):
    """The templates of what the user manages."""

    form = TextTemplateForm
    list_display = ("name", "use", "whose", "languages")
    list_select_related = ("authority", "service__published")
    list_per_page = 100
    ordering = ("use", "name", "pk")
    change_form_template = "admin/cases/texttemplate/change_form.html"

    # --- whose ---------------------------------------------------------------------------------------------------------

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Managers, each for theirs."""
        if obj is not None:
            return texttemplates.visible_to(request.user).filter(pk=obj.pk).exists()
        return bool(access.authorities_where(request.user, access.MANAGES))

    has_change_permission = has_view_permission
    has_delete_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Managers."""
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Those the user looks after."""
        return texttemplates.visible_to(request.user).defer("service__published__document")

    # --- the form ------------------------------------------------------------------------------------------------------

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form of this user."""
        made = super().get_form(request, obj, change=change, **kwargs)
        return type(made.__name__, (made,), {"user": request.user})

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The authority, where there is one alone."""
        own = access.authorities_where(request.user, access.MANAGES)
        return {"authority": next(iter(own))} if len(own) == 1 else {}

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        """Plain controls, without the buttons that lead to other rooms; what is the user's to choose and nothing else."""
        made = self.formfield_for_foreignkey(db_field, request) if db_field.is_relation else None
        return made or super().formfield_for_dbfield(db_field, request, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The authorities and services that the user manages."""
        own: QuerySet[Any]
        if db_field.name == "authority":
            own = Authority.objects.filter(pk__in=access.authorities_where(request.user, access.MANAGES))
        else:
            managed = access.of_services(request.user, access.MANAGES)
            own = Service.objects.filter(managed).select_related("published").defer("published__document")
        return super().formfield_for_foreignkey(db_field, request, queryset=own, **kwargs)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """With the places there are."""
        places = [(f"{{{place}}}", words) for place, words in texttemplates.PLACES.items()]
        return super().render_change_form(request, {**context, "places": places}, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save it, and let the log say so."""
        super().save_model(request, obj, form, change)
        log.note(request, log.Act.CHANGED, "text template", authority=obj.authority_id, detail=str(obj.pk))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete it, and let the log say so."""
        log.note(request, log.Act.DELETED, "text template", authority=obj.authority_id, detail=str(obj.pk))
        super().delete_model(request, obj)

    # --- columns -------------------------------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("used in"))
    def whose(self, template: TextTemplate) -> str:
        """For which service, or for all of the authority's."""
        return f"{template.authority}: {template.service or _('all services')}"

    @admin.display(description=gettext_lazy("languages"))
    def languages(self, template: TextTemplate) -> str:
        """In which languages it has a text."""
        return ", ".join(language for language in LANGUAGES if getattr(template, f"text_{language}").strip())
