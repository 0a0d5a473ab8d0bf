"""Texts of Django that the desk shows, named here so that our own translation files keep them.

Django has no Finnish for some, and its Finnish is wrong for others; one is called something else here.
"""

from django.utils.translation import gettext_noop, ngettext_lazy

gettext_noop("After you’ve created a user, you’ll be able to edit more user options.")
gettext_noop("%(model)s instance with %(field)s %(value)r is not a valid choice.")
ngettext_lazy(
    "This password is too short. It must contain at least %d character.",
    "This password is too short. It must contain at least %d characters.",
    12,
)

# Where Django's Finnish has the wrong case.
gettext_noop("Change %s")
ngettext_lazy(
    "Your password must contain at least %(min_length)d character.",
    "Your password must contain at least %(min_length)d characters.",
    "min_length",
)

# Where the way to a page begins: the desk, as on the pages of our own.
gettext_noop("Home")
