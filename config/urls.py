"""The doors: admin for staff, everything else is the customer's portal in the language of the address."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path

from apps.people import officials
from apps.portal import acting, oidc

handler400 = "apps.portal.errors.bad_request"
handler403 = "apps.portal.errors.permission_denied"
handler404 = "apps.portal.errors.not_found"
handler500 = "apps.portal.errors.server_error"

urlpatterns = [
    path("admin/sign-in/", officials.begin, name="officials_oidc"),
    path("admin/sign-in/callback/", officials.callback, name="officials_oidc_callback"),
    path("admin/logout/", officials.sign_out),  # before the desk's own, which knows of no provider
    path("admin/", admin.site.urls),
    # What is registered at providers has one address, whatever the language.
    path("identification/callback/", oidc.callback, name="oidc_callback"),
    path("identification/signed-out/", oidc.signed_out, name="oidc_signed_out"),
    path("identification/mandates/", acting.callback, name="mandates_callback"),
    path("identification/keys.json", oidc.keys, name="oidc_keys"),
    path("i18n/", include("django.conf.urls.i18n")),
    *i18n_patterns(path("", include("apps.portal.urls")), prefix_default_language=True),
]
