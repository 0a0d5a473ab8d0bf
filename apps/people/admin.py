"""The room of those who look after the installation: authorities, and officials with their roles."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import Field, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.people import access
from apps.people.models import Authority, Membership, User

admin.site.unregister(Group)  # roles are memberships of an authority


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


@admin.register(Authority)
class AuthorityAdmin(ForInstallation, admin.ModelAdmin):
    """The authorities that own services."""

    list_display = ("name_sv", "name_fi", "kind", "key")
    search_fields = ("name_sv", "name_fi", "name_en", "key")
    fields = ("key", "kind", "name_sv", "name_fi", "name_en", "municipality_codes", "email")
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
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class MembershipInline(ForInstallation, admin.StackedInline):
    """What an official may do, and where."""

    model = Membership
    extra = 1

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
        (_("Access"), {"fields": ("is_active", "is_staff", "is_superuser")}),
        (_("Important dates"), {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    inlines = (MembershipInline,)
    show_full_result_count = False
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the roles the list shows."""
        return super().get_queryset(request).prefetch_related("memberships__authority")

    @admin.display(description=_("roles"))
    def roles(self, user: User) -> str:
        """Each role with its authority."""
        return "; ".join(f"{m.authority}: {m.get_role_display()}" for m in user.memberships.all())
