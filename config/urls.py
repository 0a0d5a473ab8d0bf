"""The doors: admin for staff, everything else is the customer's portal in the language of the address."""

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path

handler400 = "apps.portal.errors.bad_request"
handler403 = "apps.portal.errors.permission_denied"
handler404 = "apps.portal.errors.not_found"
handler500 = "apps.portal.errors.server_error"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    *i18n_patterns(path("", include("apps.portal.urls")), prefix_default_language=True),
]
