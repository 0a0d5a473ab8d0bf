"""The room of those who look after the installation: authorities, and officials with their roles."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextInputWidget
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Field, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from apps.people import access, log, secondfactor
from apps.people import logroom as logroom  # registers its room
from apps.people.adminsite import Room, judged_again
from apps.people.looks import clean_logo
from apps.people.models import Authority, Feedback, Membership, User, key_is_plain

admin.site.unregister(Group)  # roles are memberships of an authority
admin.site.unregister([EmailAddress, Authenticator])  # the library's own rooms: see `people.secondfactor`


class ForInstallation:
    """Opens a room, or a part of one, to superusers only."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers."""
        return access.keeps_installation(request.user)

    has_change_permission = has_view_permission

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Superusers."""
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Superusers."""
        return self.has_view_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody, unless a room says otherwise: what has been done keeps its names."""
        return False

    @judged_again
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Adding and changing, also while somebody else does the same."""
        return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Into Django's own history, and into the log."""
        self._note(request, obj, "added")
        return super().log_addition(request, obj, message)  # type: ignore[misc]

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Into Django's own history, and into the log: which fields, and not what stands in them."""
        self._note(request, obj, _fields_in(message))
        return super().log_change(request, obj, message)  # type: ignore[misc]

    @staticmethod
    def _note(request: HttpRequest, obj: Any, detail: str) -> None:
        whose = obj.pk if isinstance(obj, Authority) else None
        log.note(request, log.Act.CHANGED, f"{obj._meta.model_name} {obj.pk}", authority=whose, detail=detail)


def _fields_in(message: Any) -> str:
    """The names of what was changed, of a message that Django makes for its history."""
    parts = message if isinstance(message, list) else [{"changed": {"fields": [str(message)]}}]
    found = [field for part in parts for act in part.values() for field in act.get("fields", [act.get("name", "")])]
    return ", ".join(str(field) for field in found if field)


class CodesField(forms.CharField):
    """Municipality codes, written one after another."""

    def prepare_value(self, value: Any) -> Any:
        """The codes with commas between."""
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        """A list of what was written; whether each is a code is judged by the model."""
        return super().clean(value).replace(",", " ").split()

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether other codes were written."""
        return (initial or []) != (data or "").replace(",", " ").split()


class ServiceKeysField(CodesField):
    """Keys of services, written one after another. Which services there are is not known on this floor: a key has to look like one."""

    def clean(self, value: Any) -> Any:
        """A list of what was written, each once."""
        keys = list(dict.fromkeys(super().clean(value)))
        for key in keys:
            key_is_plain(key)
        return keys


class PlainLogo(forms.ClearableFileInput):
    """The file control without a link: the file is served by the portal, under another address."""

    def is_initial(self, value: Any) -> bool:
        """Whether there is one already. Its private storage has no address to show."""
        return False


class LogoField(forms.FileField):
    """A picture, made a PNG without anything but the picture."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        """What is uploaded, opened and written anew; what was there before stays."""
        found = super().clean(data, initial)
        return clean_logo(found) if found and found is not initial else found


@admin.register(Authority)
class AuthorityAdmin(ForInstallation, admin.ModelAdmin):
    """The authorities that own services."""

    list_display = ("name_sv", "name_fi", "kind", "key")
    search_fields = ("name_sv", "name_fi", "name_en", "key")
    fields = (
        "key",
        "kind",
        "name_sv",
        "name_fi",
        "name_en",
        "municipality_codes",
        "email",
        "two_persons",
        "logo",
        "colour",
    )
    show_full_result_count = False
    actions = None

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The key stands in definition files, so it is given once."""
        return ("key",) if obj else ()

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        """Codes are written as people write a list."""
        if db_field.name == "municipality_codes":
            label, hint = db_field.verbose_name, db_field.help_text
            return CodesField(label=str(label).capitalize(), help_text=hint, required=False, max_length=4_000)
        if db_field.name == "logo":
            label, hint = db_field.verbose_name, db_field.help_text
            widget = PlainLogo(attrs={"accept": "image/png,image/jpeg"})
            return LogoField(label=str(label).capitalize(), help_text=hint, required=False, widget=widget)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """With the logo under an unguessable name of its own; the one before goes when the row no longer names it."""
        before = Authority.objects.filter(pk=obj.pk).values_list("logo", flat=True).first()
        is_new = bool(obj.logo) and not obj.logo._committed
        if is_new:
            obj.logo.name = f"logos/{uuid.uuid4().hex}.png"
        storage = Authority._meta.get_field("logo").storage
        try:
            super().save_model(request, obj, form, change)
        except IntegrityError:  # somebody has added one with this key in the same moment: see `judged_again`
            if is_new:
                storage.delete(obj.logo.name)
            raise
        if before and before != obj.logo.name:
            transaction.on_commit(lambda: storage.delete(before))


class RolesFormSet(forms.BaseInlineFormSet):
    """The roles of an official, each once. Django does not look at constraints that name whose the rows are, so that is done here."""

    def clean(self) -> None:
        """A role that is there already, unless it is the one that goes."""
        super().clean()
        if any(self.errors):
            return
        gone = [form.instance.pk for form in self.deleted_forms]
        there = Membership.objects.filter(user=self.instance.pk).exclude(pk__in=gone)
        for form in self.forms:
            if form.has_changed() and form not in self.deleted_forms:
                same = there.filter(authority=form.instance.authority_id, role=form.instance.role)
                if same.exclude(pk=form.instance.pk).exists():
                    form.add_error(None, _("This person already has this role there."))


class MembershipInline(ForInstallation, admin.StackedInline):
    """What an official may do, and where."""

    model = Membership
    formset = RolesFormSet
    extra = 1

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> Any:
        """Keys are written as people write a list."""
        if db_field.name == "only_services":
            label, hint = db_field.verbose_name, db_field.help_text
            return ServiceKeysField(
                label=str(label).capitalize(),
                help_text=hint,
                required=False,
                max_length=4_000,
                widget=AdminTextInputWidget,
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A role that ends is removed."""
        return self.has_view_permission(request)


@admin.register(User)
class OfficialAdmin(ForInstallation, UserAdmin):
    """Officials. One who leaves is made inactive, not deleted: the diaries name them."""

    list_display = ("username", "first_name", "last_name", "roles", "is_staff", "is_active", "is_superuser")
    list_filter = ("is_active", "is_superuser", "memberships__authority")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email")}),
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser", "second_factor")}),
        (_("Important dates"), {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined", "second_factor")
    inlines = (MembershipInline,)
    show_full_result_count = False
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the roles the list shows."""
        return super().get_queryset(request).prefetch_related("memberships__authority")

    @admin.display(description=_("roles"))
    def roles(self, user: User) -> str:
        """Each role with its authority, and with the services it is limited to."""
        return "; ".join(_role_words(held) for held in user.memberships.all())

    @admin.display(description=_("second factor"))
    def second_factor(self, user: User) -> Any:
        """Since when they have an app, if they have one."""
        held = secondfactor.held_by(user) if user.pk else None
        return _day(held.created_at) if held else None

    def get_urls(self) -> list[URLPattern]:
        """And the address that removes a second factor."""
        removed = self.admin_site.admin_view(require_POST(self.remove_second_factor_view))
        return [path("<int:pk>/remove-second-factor/", removed, name="people_user_second_factor"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The person; with a button, where there is a second factor to remove."""
        user = self.get_object(request, object_id) if self.has_view_permission(request) else None
        held = secondfactor.held_by(user) if isinstance(user, User) else None
        return super().change_view(request, object_id, form_url, {"held": held, **(extra_context or {})})

    def remove_second_factor_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Of somebody who has lost it: they are asked to connect an app anew, wherever they are signed in."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        user = get_object_or_404(User, pk=pk)
        if secondfactor.remove(user):
            self.log_change(request, user, "second factor removed")
            self.message_user(request, _("The second factor is removed."), messages.SUCCESS)
        return redirect("admin:people_user_change", pk)


def _role_words(held: Membership) -> str:
    words = f"{held.authority}: {held.get_role_display()}"
    return f"{words} ({', '.join(held.only_services)})" if held.only_services else words


TO_ANSWER = timedelta(days=14)  # 306/2019


@admin.register(Feedback)
class FeedbackRoom(Room):
    """Feedback on accessibility, to be answered within 14 days; whoever has answered says so here."""

    list_display = ("arrived", "text", "page", "email", "language", "state")
    list_per_page = 50
    ordering = ("answered_at", "created_at")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who looks after the installation."""
        return access.keeps_installation(request.user)

    @admin.display(description=_("arrived"), ordering="created_at")
    def arrived(self, feedback: Feedback) -> str:
        """When it came."""
        return _day(feedback.created_at)

    @admin.display(description=_("answer"))
    def state(self, feedback: Feedback) -> Any:
        """Whether it is answered, and until when it must be."""
        if feedback.answered_at:
            words = _("Answered %(day)s by %(who)s")
            return words % {"day": _day(feedback.answered_at), "who": feedback.answered_by or "–"}
        if not feedback.email:
            return _("No address to answer to")
        due = feedback.created_at + TO_ANSWER
        words = _("Overdue: due %(day)s") if due < timezone.now() else _("Answer by %(day)s")
        return words % {"day": _day(due)}

    def get_urls(self) -> list[URLPattern]:
        """And the address that notes an answer."""
        answered = self.admin_site.admin_view(require_POST(self.answered_view))
        return [path("<int:pk>/answered/", answered, name="people_feedback_answered"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The whole text, and the button that notes the answer."""
        feedback = self.found(request, object_id)
        return self.page(
            request,
            "admin/people/feedback/feedback.html",
            str(_("Feedback on accessibility")),
            feedback=feedback,
            arrived=self.arrived(feedback),
            state=self.state(feedback),
        )

    def answered_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Note that it has been answered, once."""
        feedback = self.found(request, pk)
        unanswered = Feedback.objects.filter(pk=feedback.pk, answered_at=None)
        unanswered.update(answered_at=timezone.now(), answered_by=request.user)
        return redirect("admin:people_feedback_changelist")


def _day(moment: datetime) -> str:
    return str(date_format(timezone.localtime(moment), "DATE_FORMAT"))
