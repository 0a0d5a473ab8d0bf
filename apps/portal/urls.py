"""The addresses of the customer's pages. They hold keys and numbers, never anything about a person."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from apps.portal import (
    about,
    acting,
    catalogue,
    duedates,
    elsewhere,
    email_link,
    files,
    filling,
    following,
    look,
    mailbox,
    me,
    messages,
    oidc,
    preview,
    printing,
    receipts,
    session,
    sharing,
    signing,
    starting,
    surveys,
    testing,
    undertakings,
)


class PageKey(StringConverter):
    """The key of a page of a form."""

    regex = "[a-z0-9_]+"


class CaseNumber(StringConverter):
    """A case's number. Nothing else reaches the database."""

    regex = "[A-Z0-9-]{1,20}"


class Token(StringConverter):
    """What stands in a link that is somebody's own: sent by e-mail, or given to a tester."""

    regex = "[A-Za-z0-9_-]{43}"


register_converter(PageKey, "page")
register_converter(Token, "token")
register_converter(CaseNumber, "number")

app_name = "portal"
urlpatterns = [
    path("", catalogue.home, name="home"),
    path("services/<slug:key>/", catalogue.service, name="service"),
    path("services/<slug:key>/start/", catalogue.start, name="start"),
    path("services/<slug:key>/go-on/", elsewhere.go_on, name="go_on_elsewhere"),
    path("start/<slug:key>/", starting.start, name="start_there"),
    path("surveys/<slug:key>/", surveys.survey, name="survey"),
    path("surveys/<slug:key>/pages/<page:page>/", surveys.page, name="survey_page"),
    path("surveys/<slug:key>/result/", surveys.result, name="survey_result"),
    path("surveys/<slug:key>/anew/", surveys.begin_anew, name="survey_anew"),
    path("testing/<token:key>/", testing.invited, name="testing"),
    # For the designers of the service alone: nothing is sent there, and nobody else finds anything.
    path("preview/<int:pk>/", preview.service, name="preview"),
    path("preview/<int:pk>/check/", preview.check, name="preview_check"),
    path("preview/<int:pk>/sent/", preview.sent, name="preview_sent"),
    path("preview/<int:pk>/fill/", preview.fill, name="preview_fill"),
    path("preview/<int:pk>/pages/<page:page>/", preview.page, name="preview_page"),
    path("authorities/<slug:key>/logo.png", look.logo, name="authority_logo"),
    path("authorities/<slug:key>/look.css", look.stylesheet, name="authority_look"),
    path("accessibility/", about.accessibility, name="accessibility"),
    path("feedback/", about.feedback, name="feedback"),
    path("feedback/sent/", about.feedback_sent, name="feedback_sent"),
    path("privacy/", about.privacy, name="privacy"),
    path("sign-in/", signing.sign_in, name="sign_in"),
    path("sign-in/strongly/", oidc.begin, name="oidc"),
    path("sign-in/email/", email_link.ask, name="email_link_ask"),
    path("sign-in/email/sent/", email_link.sent, name="email_link_sent"),
    path("sign-in/email/<token:token>/", email_link.use, name="email_link"),
    path("sign-out/", signing.sign_out, name="sign_out"),
    path("acting/", acting.acting, name="acting"),
    path("acting/<slug:kind>/", acting.begin, name="acting_begin"),
    path("me/", me.me, name="me"),
    path("mailbox/", mailbox.mailbox, name="mailbox"),
    path("session/", session.session, name="session"),
    path("applications/<uuid:pk>/", filling.application, name="application"),
    path("applications/<uuid:pk>/check/", filling.check, name="check"),
    path("applications/<uuid:pk>/send/", filling.send, name="send"),
    path("applications/<uuid:pk>/carry-over/", filling.carry_over, name="carry_over"),
    path("applications/<uuid:pk>/share/", sharing.share, name="share"),
    path("applications/<uuid:pk>/show/", sharing.show, name="show"),
    path("undertakings/<uuid:pk>/", undertakings.undertaking, name="undertaking"),
    path("applications/<uuid:pk>/discard/", filling.discard, name="discard"),
    # Below "pages", since a form may well have a page with the key "check" or "send".
    path("applications/<uuid:pk>/pages/<page:page>/", filling.page, name="page"),
    path("cases/", following.my_cases, name="my_cases"),
    path("cases/<number:number>/", following.case, name="case"),
    path("cases/<number:number>/answer/", following.answer, name="answer"),
    path("cases/<number:number>/add/", following.add, name="add"),
    path("cases/<number:number>/messages/", messages.write, name="write"),
    path("cases/<number:number>/documents/<uuid:document>/", messages.document, name="document"),
    path("cases/<number:number>/withdraw/", following.withdraw, name="withdraw"),
    path("cases/<number:number>/print/", printing.case_print, name="case_print"),
    path("cases/<number:number>/due.ics", duedates.due_file, name="due_file"),
    path("cases/<number:number>/receipt/", receipts.receipt, name="receipt"),
    path("cases/<number:number>/receipt.pdf", receipts.download, name="receipt_pdf"),
    path("cases/<number:number>/receipt/<uuid:pk>/", receipts.receipt, name="supplement_receipt"),
    path("cases/<number:number>/receipt/<uuid:pk>.pdf", receipts.download, name="supplement_receipt_pdf"),
    path("receipts/<uuid:pk>/", receipts.check, name="receipt_check"),
    path("applications/<uuid:pk>/files/<page:field>/", files.of_question, name="files_of_question"),
    path("files/<uuid:pk>/", files.download, name="file"),
]
