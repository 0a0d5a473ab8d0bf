"""The addresses of the customer's pages. They hold keys and numbers, never anything about a person."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from apps.portal import catalogue, files, filling, following, signing


class PageKey(StringConverter):
    """The key of a page of a form."""

    regex = "[a-z0-9_]+"


class CaseNumber(StringConverter):
    """A case's number. Nothing else reaches the database."""

    regex = "[A-Z0-9-]{1,20}"


register_converter(PageKey, "page")
register_converter(CaseNumber, "number")

app_name = "portal"
urlpatterns = [
    path("", catalogue.home, name="home"),
    path("services/<slug:key>/", catalogue.service, name="service"),
    path("services/<slug:key>/start/", catalogue.start, name="start"),
    path("sign-in/", signing.sign_in, name="sign_in"),
    path("sign-out/", signing.sign_out, name="sign_out"),
    path("applications/<uuid:pk>/", filling.application, name="application"),
    path("applications/<uuid:pk>/check/", filling.check, name="check"),
    path("applications/<uuid:pk>/send/", filling.send, name="send"),
    path("applications/<uuid:pk>/carry-over/", filling.carry_over, name="carry_over"),
    path("applications/<uuid:pk>/discard/", filling.discard, name="discard"),
    # Below "pages", since a form may well have a page with the key "check" or "send".
    path("applications/<uuid:pk>/pages/<page:page>/", filling.page, name="page"),
    path("cases/", following.my_cases, name="my_cases"),
    path("cases/<number:number>/", following.case, name="case"),
    path("cases/<number:number>/answer/", following.answer, name="answer"),
    path("cases/<number:number>/withdraw/", following.withdraw, name="withdraw"),
    path("cases/<number:number>/receipt/", following.receipt, name="receipt"),
    path("cases/<number:number>/receipt/<uuid:pk>/", following.receipt, name="supplement_receipt"),
    path("files/<uuid:pk>/", files.download, name="file"),
]
