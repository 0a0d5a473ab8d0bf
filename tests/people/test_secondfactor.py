"""Officials with a password show a second factor before they get anything at the desk; guessing is slow, and sessions end."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from io import StringIO
from typing import Any

import pytest
from allauth.account import urls as account_urls
from allauth.mfa import urls as mfa_urls
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, reverse
from django.utils import timezone
from pytest_django import Settings

from apps.cases.models import Case
from apps.people import entrance, limits, officialsessions, secondfactor
from apps.people.models import LogLine, User
from apps.people.sealing import opened_text
from apps.people.standin.people import OFFICIAL
from tests import build
from tests.people.test_adminsite import addresses
from tests.people.test_adminsite import case as whole_case  # noqa: F401 - a fixture
from tests.provider import StandIn, through

pytestmark = pytest.mark.django_db
PASSWORD = "an-example-of-a-password"
SIGN_IN, CODE, OWN = "/admin/login/", "/admin/code/", "/admin/second-factor/"


@pytest.fixture(autouse=True)
def _asked_for(settings: Settings) -> None:
    settings.SECOND_FACTOR = True
    settings.RATE_LIMITS = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a slow one would only take time


@pytest.fixture
def handler() -> User:
    """A handler with a password."""
    user = build.official()
    user.set_password(PASSWORD)
    user.save()
    return user


def browser() -> Client:
    return Client(headers={"accept-language": "en"})


def with_password(who: User, password: str = PASSWORD, at: Client | None = None, onward: str = "") -> Any:
    """What the sign-in page answers."""
    address = f"{SIGN_IN}?next={onward}" if onward else SIGN_IN
    return (at or browser()).post(address, {"username": who.username, "password": password, "next": onward})


def code_of(secret: str, *, steps: int = 0) -> str:
    """What the app shows now, or some half minutes later."""
    return format_hotp_value(hotp_value(secret, int(timezone.now().timestamp()) // 30 + steps))


def secret_of(user: User) -> str:
    return opened_text(Authenticator.objects.get(user=user, type="totp").data["secret"])


def connected(user: User) -> str:
    """Connect an app some minutes ago; its secret."""
    secret = secondfactor.new_secret()
    before = timezone.now() - timedelta(minutes=5)
    typed = format_hotp_value(hotp_value(secret, int(before.timestamp()) // 30))
    assert secondfactor.connect(user, secret, typed, at=before)
    return secret


def known(at: Client) -> bool:
    """Whether somebody is signed in."""
    return "_auth_user_id" in at.session


def lines() -> list[tuple[str, str, str]]:
    return list(LogLine.objects.order_by("pk").values_list("user_name", "act", "detail"))


def words(answer: Any) -> str:
    return unescape(answer.content.decode())


# --- before it, nothing ----------------------------------------------------------------------------------------------


def test_who_has_no_app_is_led_to_connect_one(handler: User) -> None:
    at = browser()

    assert with_password(handler, at=at).headers["Location"] == OWN
    page = words(at.get(OWN))
    assert "data:image/svg+xml;base64," in page
    assert at.get("/admin/").headers["Location"] == OWN


def test_who_has_an_app_is_not_signed_in_by_the_password(handler: User) -> None:
    connected(handler)
    at = browser()

    assert with_password(handler, at=at).headers["Location"] == CODE
    assert not known(at)
    assert at.get("/admin/").headers["Location"].startswith(SIGN_IN)


@pytest.mark.thorough
@pytest.mark.parametrize("has_app", [True, False])
def test_no_address_of_the_desk_answers_before_it(handler: User, whole_case: Case, has_app: bool) -> None:  # noqa: F811
    found = addresses(whole_case)
    if has_app:
        connected(handler)
    at = build.signed_in(handler)  # with the password alone, as in the days before it was asked for

    for address in (*found, "/admin/", "/admin/my-settings/", "/admin/password_change/"):
        for answer in (at.get(address), at.post(address, {"post": "yes"})):
            assert answer.status_code == 302, address
            assert answer.headers["Location"].startswith(CODE if has_app else OWN), address


def test_desk_itself_refuses_too(handler: User, rf: Any) -> None:
    """Were there no middleware, the desk would let nobody in."""
    request = rf.get("/admin/")
    request.user, request.session = handler, {}

    assert not admin.site.has_permission(request)


def test_none_is_asked_for_where_it_is_off(settings: Settings, handler: User) -> None:
    settings.SECOND_FACTOR = False
    at = browser()

    assert with_password(handler, at=at, onward="/admin/cases/case/").headers["Location"] == "/admin/cases/case/"
    assert at.get("/admin/").status_code == 200


def test_who_comes_from_a_provider_has_shown_one_there(settings: Settings, standin: StandIn) -> None:
    settings.OFFICIALS_OIDC = standin.facts(officials=True)
    User.objects.create(username=OFFICIAL.username, is_staff=True)
    at = browser()

    through(at, "/admin/sign-in/", OFFICIAL.key)

    assert at.get("/admin/").status_code == 200
    assert lines() == [(OFFICIAL.username, "signed_in", "provider")]


# --- the way in ------------------------------------------------------------------------------------------------------


def test_connecting_an_app_leads_to_the_codes_to_keep_and_on_to_where_they_were_heading(handler: User) -> None:
    at = browser()
    with_password(handler, at=at, onward="/admin/cases/case/")
    shown = re.search(r'class="key">([A-Z2-7 ]+)<', at.get(OWN).content.decode())
    assert shown

    answer = at.post(OWN, {"code": code_of(shown.group(1).replace(" ", ""))})

    page = words(answer)
    assert all(one in page for one in secondfactor.codes_left(handler))
    assert 'href="/admin/cases/case/"' in page
    assert at.get("/admin/cases/case/").status_code == 200
    assert lines() == [
        (handler.username, "changed", "second factor connected"),
        (handler.username, "signed_in", "password and totp"),
    ]


def test_app_is_not_connected_by_a_wrong_code(handler: User) -> None:
    at = browser()
    with_password(handler, at=at)
    assert at.get(SIGN_IN).headers["Location"] == OWN  # in their own browser there is no other way on
    before = re.findall(r'class="key">([^<]+)<', at.get(OWN).content.decode())

    answer = at.post(OWN, {"code": "000000"})

    assert "The code is not right" in words(answer)
    assert re.findall(r'class="key">([^<]+)<', words(answer)) == before  # the picture is still the one that was read
    assert not Authenticator.objects.exists()


def test_code_of_the_app_opens_the_desk(handler: User) -> None:
    secret, at = connected(handler), browser()
    with_password(handler, at=at, onward="/admin/cases/case/")

    answer = at.post(CODE, {"code": code_of(secret)})

    assert answer.headers["Location"] == "/admin/cases/case/"
    assert at.get("/admin/cases/case/").status_code == 200
    assert lines() == [(handler.username, "signed_in", "password and totp")]


def test_code_is_taken_once_wherever_it_is_shown_again(handler: User) -> None:
    secret = connected(handler)
    typed = code_of(secret)
    first, second = browser(), browser()
    for at in (first, second):
        with_password(handler, at=at)

    first.post(CODE, {"code": typed})
    second.post(CODE, {"code": typed})

    assert (known(first), known(second)) == (True, False)


@pytest.mark.parametrize(("steps", "taken"), [(-3, False), (-1, True), (0, True), (1, True), (3, False)])
def test_telephones_clock_may_differ_by_half_a_minute(handler: User, steps: int, taken: bool) -> None:
    now = timezone.now()
    secret = connected(handler)
    typed = format_hotp_value(hotp_value(secret, int(now.timestamp()) // 30 + steps))

    assert (secondfactor.accepts(handler, typed, at=now) is not None) == taken


@pytest.mark.parametrize("typed", ["", "abc", "１２３４５６", "0" * 31, "\0", "éèê"])
def test_what_is_no_code_is_refused(handler: User, typed: str) -> None:
    connected(handler)
    at = browser()
    with_password(handler, at=at)

    assert at.post(CODE, {"code": typed}).status_code == 200
    assert not known(at)


def test_code_that_was_kept_opens_the_desk_once(handler: User) -> None:
    connected(handler)
    kept = secondfactor.codes_left(handler)[3]
    at, again = browser(), browser()
    for one in (at, again):
        with_password(handler, at=one)
        one.post(CODE, {"code": kept})

    assert (known(at), known(again)) == (True, False)
    assert "You have 9 left" in words(at.get("/admin/"))


def test_code_cannot_be_shown_without_the_password(handler: User) -> None:
    secret, at = connected(handler), browser()

    answer = at.post(CODE, {"code": code_of(secret)})

    assert answer.headers["Location"].startswith(SIGN_IN)
    assert not known(at)


@pytest.mark.parametrize("what", ["too late", "another password", "inactive", "no longer staff"])
def test_right_password_waits_for_the_code_only_while_it_is_right(
    handler: User, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    secret, at = connected(handler), browser()
    if what == "too late":
        monkeypatch.setattr(entrance, "SECONDS_TO_CODE", -1)
    with_password(handler, at=at)
    if what == "another password":
        handler.set_password("quite-another-password")
    handler.is_active, handler.is_staff = what != "inactive", what != "no longer staff"
    handler.save()

    at.post(CODE, {"code": code_of(secret)})

    assert not known(at)


def test_sign_in_leads_nowhere_else(handler: User) -> None:
    secret, at = connected(handler), browser()
    with_password(handler, at=at, onward="https://example.com/")

    assert at.post(CODE + "?next=//example.com/", {"code": code_of(secret)}).headers["Location"] == "/admin/"


# --- losing and renewing it ------------------------------------------------------------------------------------------


def in_at_the_desk(user: User) -> tuple[Client, str]:
    secret, at = connected(user), browser()
    with_password(user, at=at)
    at.post(CODE, {"code": code_of(secret, steps=-1)})
    assert known(at)
    return at, secret


def test_codes_to_keep_are_shown_and_renewed_for_a_code_of_the_app(handler: User) -> None:
    at, secret = in_at_the_desk(handler)
    before = secondfactor.codes_left(handler)

    assert before[0] not in words(at.get(OWN))
    assert before[0] not in words(at.post(OWN, {"act": "show", "code": "000000"}))
    assert before[0] in words(at.post(OWN, {"act": "show", "code": code_of(secret)}))
    at.post(OWN, {"act": "renew", "code": code_of(secret, steps=1)})

    assert not set(before) & set(secondfactor.codes_left(handler))


def test_another_telephone_is_connected_in_place_of_the_old_one(handler: User) -> None:
    at, secret = in_at_the_desk(handler)

    answer = at.post(OWN, {"act": "change", "code": code_of(secret)})

    assert answer.headers["Location"] == OWN
    assert at.get("/admin/").headers["Location"] == OWN
    assert not Authenticator.objects.exists()


def test_keeper_of_the_installation_removes_what_was_lost_and_that_ends_its_sessions(
    handler: User, settings: Settings
) -> None:
    at, _secret = in_at_the_desk(handler)
    settings.SECOND_FACTOR = False  # the keeper's own is not the matter here
    keeper = build.signed_in(build.superuser(), headers={"accept-language": "en"})
    room = f"/admin/people/user/{handler.pk}/"

    assert "Remove the second factor" in words(keeper.get(f"{room}change/"))
    assert keeper.get(f"{room}remove-second-factor/").status_code == 405
    keeper.post(f"{room}remove-second-factor/")
    settings.SECOND_FACTOR = True

    assert not Authenticator.objects.exists()
    assert at.get("/admin/").headers["Location"] == OWN
    assert ("installation", "changed", "second factor removed") in lines()


def test_command_removes_it_when_nobody_can_at_the_desk(handler: User) -> None:
    connected(handler)

    call_command("remove_second_factor", handler.username, stdout=StringIO())

    assert not Authenticator.objects.exists()
    assert lines() == [("manage.py remove_second_factor", "changed", "second factor removed")]
    with pytest.raises(CommandError):
        call_command("remove_second_factor", handler.username)
    with pytest.raises(CommandError):
        call_command("remove_second_factor", "nobody")


def test_handler_removes_nobodys_second_factor(handler: User) -> None:
    at, _secret = in_at_the_desk(handler)

    assert at.post(f"/admin/people/user/{handler.pk}/remove-second-factor/").status_code == 403
    assert Authenticator.objects.count() == 2


def test_secrets_are_sealed_and_open_under_a_new_key(settings: Settings, handler: User) -> None:
    secret = connected(handler)
    kept = secondfactor.codes_left(handler)
    assert secret not in str(list(Authenticator.objects.values_list("data", flat=True)))

    settings.IDENTITY_CODE_KEYS = ["a-new-key-of-more-than-32-characters", *settings.IDENTITY_CODE_KEYS]
    call_command("reseal", stdout=StringIO())
    settings.IDENTITY_CODE_KEYS = settings.IDENTITY_CODE_KEYS[:1]

    assert secondfactor.accepts(handler, code_of(secret))
    assert secondfactor.codes_left(handler) == kept


# --- what of the library has no address ------------------------------------------------------------------------------


def named(patterns: list[Any]) -> list[URLPattern]:
    """Every address of the library."""
    return [
        one
        for pattern in patterns
        for one in (named(pattern.url_patterns) if isinstance(pattern, URLResolver) else [pattern])
    ]


@pytest.mark.thorough
@pytest.mark.parametrize("pattern", named([*account_urls.urlpatterns, *mfa_urls.urlpatterns]), ids=lambda one: one.name)
def test_no_page_of_the_library_has_an_address(handler: User, pattern: URLPattern) -> None:
    at, _secret = in_at_the_desk(handler)
    route = str(pattern.pattern).lstrip("^").split("(")[0]

    with pytest.raises(NoReverseMatch):
        reverse(str(pattern.name))
    for prefix in ("/accounts/", "/admin/", "/sv/", "/"):
        if prefix + route not in (SIGN_IN, "/admin/logout/", "/sv/", "/", "/accounts/", "/admin/"):
            assert at.get(prefix + route).status_code in (302, 404), prefix + route


def test_neither_room_of_the_library_is_at_the_desk() -> None:
    labels = {model._meta.app_label for model in admin.site._registry}

    assert not {"account", "mfa"} & labels


def test_nobody_signs_up(rf: Any) -> None:
    assert not secondfactor.NobodySignsUp().is_open_for_signup(rf.get("/"))


# --- guessing is slow ------------------------------------------------------------------------------------------------


def few(monkeypatch: pytest.MonkeyPatch, **times: int) -> None:
    for what, count in times.items():
        monkeypatch.setitem(limits.LIMITS, what, limits.Limit(count, limits.MINUTES))


def test_wrong_passwords_of_one_official_are_few(handler: User, monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch, password_of=2)
    for _n in range(2):
        assert with_password(handler, "wrong").status_code == 200

    refused = with_password(handler)

    assert (refused.status_code, "Retry-After" in refused.headers) == (429, True)
    assert "Try again in" in words(refused)


def test_strangers_tries_do_not_keep_an_official_out_of_a_browser_they_know(
    handler: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch, password_of=2)
    at, _secret = in_at_the_desk(handler)
    at.post("/admin/logout/")
    for _n in range(5):
        with_password(handler, "wrong")

    assert with_password(handler, at=at).headers["Location"] == CODE


def test_browser_that_one_official_knows_is_no_way_to_try_anothers_password(
    handler: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch, password_of=2, password_known=100)
    at, _secret = in_at_the_desk(handler)
    at.post("/admin/logout/")
    other = build.official("other")

    answers = [with_password(other, "wrong", at=at).status_code for _n in range(3)]

    assert answers == [200, 200, 429]


def test_wrong_passwords_from_one_address_are_few_whoever_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch, password=3)
    people = [build.official(f"official-{n}") for n in range(4)]

    assert [with_password(who, "wrong").status_code for who in people] == [200, 200, 200, 429]


def test_right_passwords_are_not_counted(handler: User, monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch, password=2, password_of=2)

    assert {with_password(handler).status_code for _n in range(5)} == {302}


def test_wrong_codes_are_few(handler: User, monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch, code=2)
    secret, at = connected(handler), browser()
    with_password(handler, at=at)
    for _n in range(2):
        at.post(CODE, {"code": "000000"})

    refused = at.post(CODE, {"code": code_of(secret)})

    assert refused.status_code == 429
    assert not known(at)


def test_nothing_says_whether_there_is_such_an_official(handler: User) -> None:
    pages = []
    for name in (handler.username, "nobody"):
        at = browser()
        answer = at.post(SIGN_IN, {"username": name, "password": "wrong"})
        pages.append(re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", words(answer)).replace(name, "…"))

    assert pages[0] == pages[1]


def test_refusals_are_in_the_log_and_what_was_typed_is_not(handler: User, monkeypatch: pytest.MonkeyPatch) -> None:
    few(monkeypatch, password_of=1)
    for name in (handler.username, handler.username, handler.username, "a password typed by mistake"):
        browser().post(SIGN_IN, {"username": name, "password": "wrong"})

    assert lines() == [
        ("handler", "refused", "password"),
        ("handler", "refused", "password: too often"),
        ("", "refused", "password"),
    ]


# --- sessions end ----------------------------------------------------------------------------------------------------


def aged(at: Client, *, since: int = 0, seen: int = 0) -> None:
    """Let the session be older by so many seconds."""
    session = at.session
    session[officialsessions.SINCE_KEY] -= since
    session[officialsessions.SEEN_KEY] -= seen
    session.save()


@pytest.mark.parametrize(
    ("ages", "stays"),
    [({"seen": 3500}, True), ({"seen": 3700}, False), ({"since": 28_000}, True), ({"since": 28_900}, False)],
)
def test_session_ends_when_nothing_is_done_and_in_any_case_in_the_evening(
    handler: User, ages: dict[str, int], stays: bool
) -> None:
    at, _secret = in_at_the_desk(handler)
    aged(at, **ages)

    answer = at.get("/admin/cases/case/?status=received")

    assert known(at) == stays
    if not stays:
        assert answer.headers["Location"] == "/admin/login/?next=%2Fadmin%2Fcases%2Fcase%2F%3Fstatus%3Dreceived"
        assert "the time for a sign-in is over" in words(at.get(answer.headers["Location"]))


def test_who_does_something_stays(handler: User) -> None:
    at, _secret = in_at_the_desk(handler)
    for _n in range(3):
        aged(at, seen=3000)
        assert at.get("/admin/cases/case/").status_code == 200


def test_what_is_sent_too_late_is_not_done_in_silence(handler: User) -> None:
    case = build.case()
    at, secret = in_at_the_desk(handler)
    aged(at, seen=4000)
    form = f"http://testserver/admin/cases/case/{case.pk}/step/take/"

    answer = at.post(form, {"text": "Long words"}, HTTP_REFERER=form)

    assert "what you had written is not kept" in words(at.get(answer.headers["Location"]))
    onward = f"/admin/cases/case/{case.pk}/step/take/"
    with_password(handler, at=at, onward=onward)
    assert at.post(CODE, {"code": code_of(secret, steps=1)}).headers["Location"] == onward


@pytest.mark.parametrize("what", ["password", "inactive"])
def test_other_sessions_end_with_the_password_and_with_the_work(handler: User, what: str) -> None:
    at, _secret = in_at_the_desk(handler)
    if what == "password":
        handler.set_password("quite-another-password")
    handler.is_active = what != "inactive"
    handler.save()

    assert at.get("/admin/").headers["Location"].startswith(SIGN_IN)


def test_customer_in_the_same_browser_stays_when_the_official_is_signed_out(handler: User) -> None:
    at, _secret = in_at_the_desk(handler)
    session = at.session
    session["customer"] = "somebody"
    session.save()
    aged(at, seen=4000)

    at.get("/admin/")

    assert (known(at), at.session["customer"]) == (False, "somebody")


# --- one's own settings ----------------------------------------------------------------------------------------------


def test_own_settings_are_the_officials_own(handler: User) -> None:
    at, _secret = in_at_the_desk(handler)

    assert at.post("/admin/my-settings/", {"language": "fi", "digest": "on", "is_superuser": "on"}).status_code == 302

    handler.refresh_from_db()
    assert (handler.language, handler.digest, handler.is_superuser) == ("fi", True, False)
    assert "/admin/second-factor/" in words(at.get("/admin/my-settings/"))


def test_stranger_has_no_settings_at_the_desk() -> None:
    assert browser().get("/admin/my-settings/").headers["Location"].startswith(SIGN_IN)
