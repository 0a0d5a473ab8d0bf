"""Texts of Django that the desk shows and Django has no Finnish for: named here so that our own translation files keep them."""

from django.utils.translation import gettext_noop, ngettext_lazy

gettext_noop("After you’ve created a user, you’ll be able to edit more user options.")
gettext_noop("%(model)s instance with %(field)s %(value)r is not a valid choice.")
ngettext_lazy(
    "This password is too short. It must contain at least %d character.",
    "This password is too short. It must contain at least %d characters.",
    12,
)
