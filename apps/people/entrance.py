"""The way in to the desk with a password: the password, the second factor, and the pages about one's own sign-in and mails."""

from __future__ import annotations

import secrets
from typing import Any, Final

from crispy_forms.helper import FormHelper
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import login
from django.contrib.auth.views import LoginView
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from apps.people import limits, log, officialsessions, secondfactor
from apps.people.models import User
from apps.people.sealing import NoKey, index, opened_text, sealed_text

DESK: Final = "desk"  # with what a sign-in has to do, in the log
WAITING_KEY, SECRET_KEY = "second_factor_waits", "second_factor_secret"
SECONDS_TO_CODE = 600
BROWSER_COOKIE, BROWSER_SECONDS, BROWSER_SALT = "desk_browser", 365 * 24 * 3600, "people.entrance.browser"
SHOW, RENEW, CHANGE = "show", "renew", "change"
WRONG_CODE = gettext_lazy("The code is not right, or it has been used already. Wait for the next one and try again.")
reads = require_http_methods(["GET", "HEAD", "POST"])


# --- the password ----------------------------------------------------------------------------------------------------


class PasswordView(LoginView):
    """The sign-in page. Wrong passwords are counted, per official and per address; a right one leads to the second factor."""

    form_class = AdminAuthenticationForm
    template_name = "admin/login.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the way to the provider, where there is one."""
        provider = settings.OFFICIALS_OIDC
        more = {
            "title": _("Log in"),
            "subtitle": None,
            "app_path": self.request.get_full_path(),
            "username": self.request.user.get_username(),
            "provider": provider["issuer"],
            "provider_name": provider["label"],
        }
        known = super().get_context_data(**kwargs)
        onward = self.get_redirect_url() or reverse("admin:index")
        return {**admin.site.each_context(self.request), **known, **more, "next": onward}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page; whoever is in already goes on."""
        if admin.site.has_permission(request):
            return HttpResponseRedirect(self.get_redirect_url() or reverse("admin:index"))
        user = request.user
        if secondfactor.is_asked_of(request) and isinstance(user, User) and user.is_staff:
            return HttpResponseRedirect(secondfactor.where_asked(user))
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Let the password be tried, if that has not been too often."""
        tries = _tries(request, str(request.POST.get("username", "")))
        try:
            for what, who in tries:
                limits.count(what, who)
        except limits.TooMany as refused:
            if refused.first:
                log.note(request, log.Act.REFUSED, DESK, detail="password: too often", who=self._meant())
            return too_many(request, refused)
        form = self.get_form()
        if not form.is_valid():
            log.note(request, log.Act.REFUSED, DESK, detail="password", who=self._meant())
            return self.form_invalid(form)
        for what, who in tries:
            limits.take_back(what, who)
        return self.form_valid(form)

    def form_valid(self, form: Any) -> HttpResponse:
        """In; or on to the code, or to connecting an app."""
        user, onward = form.get_user(), self.get_redirect_url() or reverse("admin:index")
        held = settings.SECOND_FACTOR and secondfactor.held_by(user) is not None
        if held:
            _let_wait(self.request, user, onward)
            return HttpResponseRedirect(reverse("second_factor_code"))
        login(self.request, user)
        officialsessions.begin(self.request)
        if settings.SECOND_FACTOR:
            secondfactor.note_not_passed(self.request)
            self.request.session[WAITING_KEY] = {"onward": onward}
            return HttpResponseRedirect(reverse("second_factor"))
        return _in(self.request, user, onward, "password")

    def _meant(self) -> User | None:
        """The official whose user name was typed: what is nobody's is not written down."""
        typed = User.normalize_username(str(self.request.POST.get("username", "")))
        return None if "\0" in typed else User.objects.filter(username=typed, is_staff=True).first()


@method_decorator(never_cache, name="dispatch")
@method_decorator(sensitive_post_parameters(), name="dispatch")
class _Page(PasswordView):
    pass


sign_in = _Page.as_view()


def _tries(request: HttpRequest, typed: str) -> list[tuple[str, str]]:
    """As what a try with a password is counted. A browser in which the official has signed in before is counted by itself: so
    nobody else can keep them out by trying."""
    name = User.normalize_username(typed)[:150].casefold()
    known = _known_browser(request)
    if known and known[0] == index(f"browser\0{name}"):
        return [("password_known", known[1])]
    return [("password", limits.where_from(request)), ("password_of", name)]


def _known_browser(request: HttpRequest) -> tuple[str, str] | None:
    """Of the cookie: for whom it was given, and which one it is."""
    try:
        said = signing.loads(request.COOKIES.get(BROWSER_COOKIE, ""), salt=BROWSER_SALT, max_age=BROWSER_SECONDS)
    except signing.BadSignature:
        return None
    whose, which = said
    return whose, which


def _remember_browser(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Give the browser a cookie that says who has signed in with it, to nobody but us."""
    name = index(f"browser\0{user.username[:150].casefold()}")
    known = _known_browser(request)
    which = known[1] if known and known[0] == name else secrets.token_urlsafe(12)
    response.set_cookie(
        BROWSER_COOKIE,
        signing.dumps([name, which], salt=BROWSER_SALT),
        max_age=BROWSER_SECONDS,
        path=reverse("admin:index"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _in(request: HttpRequest, user: User, onward: str, by: str) -> HttpResponse:
    """To the desk: written down, and the browser remembered."""
    log.note(request, log.Act.SIGNED_IN, DESK, detail=by, who=user)
    response = HttpResponseRedirect(onward)
    _remember_browser(request, response, user)
    return response


# --- the second factor -----------------------------------------------------------------------------------------------


class CodeForm(forms.Form):
    """A code of the app, or of those kept for when it is lost."""

    use_required_attribute = False
    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
        error_messages={"required": gettext_lazy("Write the code.")},
    )

    def __init__(self, *args: Any, hint: Any = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].help_text = hint
        _lay_out(self)


def _lay_out(form: forms.BaseForm) -> None:
    form.helper = FormHelper()  # type: ignore[attr-defined]  # read by the crispy tag
    form.helper.form_tag = False  # type: ignore[attr-defined]
    form.helper.disable_csrf = True  # type: ignore[attr-defined]


def _let_wait(request: HttpRequest, user: User, onward: str) -> None:
    """Let the session remember who has given the right password, and is not signed in before the code."""
    request.session.cycle_key()
    request.session[WAITING_KEY] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "until": int(timezone.now().timestamp()) + SECONDS_TO_CODE,
        "onward": onward,
    }


def _waiting(request: HttpRequest) -> User | None:
    """Who may show a code: has given the password a moment ago, or is signed in without one."""
    if secondfactor.is_asked_of(request):
        return request.user  # type: ignore[return-value]
    waits = request.session.get(WAITING_KEY) or {}
    if waits.get("until", 0) < timezone.now().timestamp():
        return None
    user = User.objects.filter(pk=waits["user"], is_active=True, is_staff=True).first()
    return user if user and constant_time_compare(waits["hash"], user.get_session_auth_hash()) else None


def _onward(request: HttpRequest) -> str:
    """Where they were heading."""
    asked = request.GET.get("next") or (request.session.get(WAITING_KEY) or {}).get("onward", "")
    local = asked.startswith("/") and url_has_allowed_host_and_scheme(asked, allowed_hosts=None)
    return asked if local else reverse("admin:index")


@never_cache
@sensitive_post_parameters()
@reads
def code(request: HttpRequest) -> HttpResponse:
    """Ask for the code, after the password."""
    onward, user = _onward(request), _waiting(request)
    if user is None:
        if not admin.site.has_permission(request) and WAITING_KEY in request.session:
            del request.session[WAITING_KEY]
            messages.warning(request, _("It took too long to write the code. Begin again with your password."))
        return HttpResponseRedirect(onward if admin.site.has_permission(request) else reverse("admin:login"))
    if secondfactor.held_by(user) is None:
        return HttpResponseRedirect(
            reverse("second_factor") if request.user.is_authenticated else reverse("admin:login")
        )
    hint = _(
        "Six digits, from the app in your telephone. If you do not have it any more, one of the codes you have kept."
    )
    form = CodeForm(request.POST or None, hint=hint)
    try:
        shown = _code_of(request, user, form)
    except limits.TooMany as refused:
        return too_many(request, refused)
    if shown is None:
        return _page(request, "admin/second_factor/code.html", _("The code of your app"), form=form)
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session.pop(WAITING_KEY, None)
    officialsessions.begin(request)
    secondfactor.note_passed(request, shown)
    if shown.type == secondfactor.Type.RECOVERY_CODES:
        said = _("You signed in with one of the codes that you keep. You have %(n)d left.")
        messages.warning(request, said % {"n": len(secondfactor.codes_left(user))})
    return _in(request, user, onward, f"password and {shown.type}")


def _code_of(request: HttpRequest, user: User, form: CodeForm) -> Any:
    """What the posted code is of; None, and the form says why, when it is wrong or there is none. Raises TooMany."""
    if not form.is_bound or not form.is_valid():
        return None
    _count_code(request, user)
    shown = secondfactor.accepts(user, form.cleaned_data["code"])
    if shown is None:
        log.note(request, log.Act.REFUSED, DESK, detail="code", who=user)
        form.add_error("code", str(WRONG_CODE))
        return None
    limits.take_back("code", str(user.pk))
    return shown


def _count_code(request: HttpRequest, user: User) -> None:
    try:
        limits.count("code", str(user.pk))
    except limits.TooMany as refused:
        if refused.first:
            log.note(request, log.Act.REFUSED, DESK, detail="code: too often", who=user)
        raise


@never_cache
@sensitive_post_parameters()
@reads
def second_factor(request: HttpRequest) -> HttpResponse:
    """Connect an app; or, with one connected and shown: see and renew the codes kept for when it is lost, or connect another app."""
    user = request.user
    if not isinstance(user, User) or not user.is_staff:
        return HttpResponseRedirect(reverse("admin:login"))
    try:
        if secondfactor.held_by(user) is None:
            return _connect(request, user)
        if not secondfactor.passed(request):
            return HttpResponseRedirect(reverse("second_factor_code"))
        return _look_after(request, user)
    except limits.TooMany as refused:
        return too_many(request, refused)


def _connect(request: HttpRequest, user: User) -> HttpResponse:
    onward = _onward(request)
    request.session[WAITING_KEY] = {"onward": onward}
    secret = _secret(request)
    form = CodeForm(request.POST or None, hint=_("Six digits, which the app shows when it has read the picture."))
    if form.is_bound and form.is_valid():
        _count_code(request, user)
        if made := secondfactor.connect(user, secret, form.cleaned_data["code"]):
            limits.take_back("code", str(user.pk))
            first = secondfactor.is_asked_of(request)
            for key in (WAITING_KEY, SECRET_KEY):
                request.session.pop(key, None)
            secondfactor.note_passed(request, made)
            log.note(request, log.Act.CHANGED, DESK, detail="second factor connected")
            response = _codes(request, user, onward=onward, said=_("The app is connected. Now keep these codes."))
            if first:
                log.note(request, log.Act.SIGNED_IN, DESK, detail="password and totp", who=user)
                _remember_browser(request, response, user)
            return response
        log.note(request, log.Act.REFUSED, DESK, detail="code", who=user)
        form.add_error("code", str(WRONG_CODE))
    return _page(
        request,
        "admin/second_factor/connect.html",
        _("Connect an app with your sign-in"),
        form=form,
        picture=secondfactor.picture(user, secret),
        secret=" ".join(secret[n : n + 4] for n in range(0, len(secret), 4)),
        asked=secondfactor.is_asked_of(request),
    )


def _secret(request: HttpRequest) -> str:
    """The secret of the app that is being connected, sealed in the session until it is."""
    try:
        return opened_text(request.session[SECRET_KEY])
    except (KeyError, NoKey):
        secret = secondfactor.new_secret()
        request.session[SECRET_KEY] = sealed_text(secret)
        return secret


def _look_after(request: HttpRequest, user: User) -> HttpResponse:
    form = CodeForm(request.POST or None, hint=_("A new code of your app, so that nobody else does this at your desk."))
    shown = _code_of(request, user, form)
    act = request.POST.get("act")
    if shown is None or act not in (SHOW, RENEW, CHANGE):
        held = secondfactor.held_by(user)
        left = len(secondfactor.codes_left(user))
        return _page(request, "admin/second_factor/own.html", _("Second factor"), form=form, held=held, left=left)
    if act == CHANGE:
        secondfactor.remove(user)
        log.note(request, log.Act.CHANGED, DESK, detail="second factor removed")
        return HttpResponseRedirect(reverse("second_factor"))
    said = ""
    if act == RENEW:
        secondfactor.renew_codes(user)
        log.note(request, log.Act.CHANGED, DESK, detail="recovery codes renewed")
        said = _("These codes are new. The old ones are of no use any more.")
    return _codes(request, user, onward=reverse("my_settings"), said=said)


def _codes(request: HttpRequest, user: User, *, onward: str, said: str) -> HttpResponse:
    title = _("Codes for when you do not have your telephone")
    codes = secondfactor.codes_left(user)
    return _page(request, "admin/second_factor/codes.html", title, codes=codes, onward=onward, said=said)


# --- one's own settings ----------------------------------------------------------------------------------------------


class OwnSettings(forms.ModelForm):
    """How an official is written to."""

    use_required_attribute = False

    class Meta:
        model = User
        fields = ("language", "digest")
        labels = {"language": gettext_lazy("Language of mails"), "digest": gettext_lazy("One mail a day")}
        help_texts = {
            "language": "",
            "digest": gettext_lazy("Mails about cases that are redirected to you come together, in the morning."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        both, *others = self.fields["language"].choices  # type: ignore[attr-defined]
        self.fields["language"].choices = [(both[0], _("Swedish and Finnish")), *others]  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.needed = True  # type: ignore[attr-defined]  # there is always an answer: no word that it is optional
        _lay_out(self)


@never_cache
@reads
def my_settings(request: HttpRequest) -> HttpResponse:
    """One's own settings at the desk."""
    if not admin.site.has_permission(request) or not isinstance(request.user, User):
        return HttpResponseRedirect(f"{reverse('admin:login')}?next={reverse('my_settings')}")
    form = OwnSettings(request.POST or None, instance=request.user)
    if form.is_bound and form.is_valid():
        form.save()
        messages.success(request, _("Your settings are saved."))
        return HttpResponseRedirect(reverse("my_settings"))
    by_password = request.user.has_usable_password()
    facts = {"by_password": by_password, "held": secondfactor.held_by(request.user), "asked": settings.SECOND_FACTOR}
    return _page(request, "admin/my_settings.html", _("My settings"), form=form, **facts)


@sensitive_post_parameters()
def change_password(request: HttpRequest) -> HttpResponse:
    """The desk's own page, with the tries at the old password counted."""
    try:
        if request.method == "POST" and request.user.is_authenticated:
            limits.count("password_known", f"changing {request.user.pk}")
    except limits.TooMany as refused:
        return too_many(request, refused)
    response: HttpResponse = admin.site.admin_view(admin.site.password_change, cacheable=True)(request)
    return response


# --- pages -----------------------------------------------------------------------------------------------------------


def too_many(request: HttpRequest, refused: limits.TooMany) -> HttpResponse:
    """That it has been tried too often, and when it can be tried again."""
    minutes = -(-refused.seconds // 60)
    response = _page(request, "admin/second_factor/too_many.html", _("Wait a moment"), minutes=minutes, status=429)
    response.headers["Retry-After"] = str(refused.seconds)
    return response


def _page(request: HttpRequest, template: str, title: str, *, status: int = 200, **context: Any) -> HttpResponse:
    return TemplateResponse(
        request, template, {**admin.site.each_context(request), "title": title, **context}, status=status
    )
