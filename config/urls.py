"""The doors: admin for staff, everything else is the customer's portal in the language of the address."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path

from apps.interface import documentpage
from apps.people import entrance, officials
from apps.portal import acting, oidc, starting
from apps.sync import health, metrics

handler400 = "apps.portal.errors.bad_request"
handler403 = "apps.portal.errors.permission_denied"
handler404 = "apps.portal.errors.not_found"
handler500 = "apps.portal.errors.server_error"

urlpatterns = [
    path("admin/sign-in/", officials.begin, name="officials_oidc"),
    path("admin/sign-in/callback/", officials.callback, name="officials_oidc_callback"),
    # Before the desk's own, which know of no provider, no second factor and no limits.
    path("admin/login/", entrance.sign_in),
    path("admin/logout/", officials.sign_out),
    path("admin/password_change/", entrance.change_password),
    path("admin/code/", entrance.code, name="second_factor_code"),
    path("admin/second-factor/", entrance.second_factor, name="second_factor"),
    path("admin/my-settings/", entrance.my_settings, name="my_settings"),
    path("admin/", admin.site.urls),
    # What is registered at providers has one address, whatever the language.
    path("identification/callback/", oidc.callback, name="oidc_callback"),
    path("identification/signed-out/", oidc.signed_out, name="oidc_signed_out"),
    path("identification/mandates/", acting.callback, name="mandates_callback"),
    path("identification/keys.json", oidc.keys, name="oidc_keys"),
    # The link by which the national service lets a customer begin, in whichever language.
    path("start/<slug:key>/", starting.in_a_language, name="start_in_a_language"),
    # For authorities' own systems.
    path("interface/v1/", include("apps.interface.urls")),
    # For the machines that watch this one.
    path("health", health.health, name="health"),
    path("health/live", health.live, name="health_live"),
    path("metrics", metrics.metrics, name="metrics"),
    path("i18n/", include("django.conf.urls.i18n")),
    *i18n_patterns(
        path("interface/", documentpage.page, name="interface_document"),
        path("", include("apps.portal.urls")),
        prefix_default_language=True,
    ),
]
