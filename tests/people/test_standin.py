"""The stand-in holds its clients to the protocol, and lets nobody real in."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from stdnum.fi import hetu

from apps.people.standin import people
from tests.config.test_settings import PRODUCTION, SECRETS, manage
from tests.provider import BACK, SECRET, StandIn, chosen, client_id

pytestmark = pytest.mark.thorough

CALLBACK = BACK[0]
VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ASKED = {
    "response_type": "code",
    "scope": "openid profile",
    "redirect_uri": CALLBACK,
    "state": "state",
    "nonce": "nonce",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
TIMEOUT = 20


def authorize(standin: StandIn, client: str, **asked: str) -> requests.Response:
    fields = {name: value for name, value in {"client_id": client, **ASKED, **asked}.items() if value}
    return requests.get(f"{standin.address}/authorize", fields, timeout=TIMEOUT, allow_redirects=False)


def code(standin: StandIn, client: str) -> str:
    back = chosen(authorize(standin, client).url, people.ALFA.key)
    return parse_qs(urlsplit(back).query)["code"][0]


def token(standin: StandIn, client: str, **sent: str) -> requests.Response:
    fields = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    secret = {"client_id": client, "client_secret": SECRET}
    return requests.post(f"{standin.address}/token", {**fields, **secret, **sent}, timeout=TIMEOUT)


def own_key(standin: StandIn) -> RSAKey:
    keys = KeySet.import_key_set(json.loads(standin.keys_file.read_text()))
    return next(key for key in keys if key.get("use") == "sig")  # type: ignore[return-value]


def encoded(standin: StandIn, claims: dict[str, Any], key: RSAKey | None) -> str:
    """Signed by our key, or by another one that pretends to be it."""
    own = own_key(standin)
    return jwt.encode({"alg": "RS256", "kid": str(own.kid)}, claims, key or own)


def assertion(standin: StandIn, client: str, key: RSAKey | None = None, **more: Any) -> dict[str, str]:
    now = int(time.time())
    claims = {"iss": client, "sub": client, "aud": f"{standin.address}/token", "iat": now, "exp": now + 60}
    made = encoded(standin, {**claims, "jti": secrets.token_hex(), **more}, key)
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return {"client_id": "", "client_secret": "", "client_assertion_type": kind, "client_assertion": made}


def test_nobody_of_it_can_be_real() -> None:
    codes = [person.code for person in people.PERSONS if person.code]
    assert [code for code in codes if not hetu.is_valid(code, allow_temporary=True)] == []
    assert [code for code in codes if not 900 <= int(code[7:10]) <= 999] == []


def test_code_works_once(standin: StandIn) -> None:
    client = client_id(())
    got = code(standin, client)

    assert token(standin, client, code=got).status_code == 200
    assert token(standin, client, code=got).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({"code_verifier": "x" * 50}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": BACK[1]}, "invalid_grant"),
        ({"code": "made-up"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"client_id": client_id((), officials=True)}, "invalid_grant"),
    ],
)
def test_token_is_given_to_nobody_else(standin: StandIn, sent: dict[str, str], error: str) -> None:
    client = client_id(())

    assert token(standin, client, **{"code": code(standin, client), **sent}).json()["error"] == error


def test_client_with_a_key_must_use_it_and_each_assertion_once(standin: StandIn) -> None:
    client = client_id(("private_key_jwt",))
    shown = assertion(standin, client)

    assert token(standin, client, code=code(standin, client)).json()["error"] == "invalid_client"
    assert token(standin, client, code=code(standin, client), **shown).status_code == 200
    assert token(standin, client, code=code(standin, client), **shown).json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    "more",
    [
        {"aud": "http://other.example"},
        {"exp": 1},
        {"exp": 9_999_999_999},
        {"sub": "other"},
        {"iss": "other"},
        {"jti": ""},
    ],
)
def test_wrong_assertion_shows_nobody(standin: StandIn, more: dict[str, Any]) -> None:
    client = client_id(("private_key_jwt",))

    answer = token(standin, client, code=code(standin, client), **assertion(standin, client, **more))

    assert answer.json()["error"] == "invalid_client"


def test_assertion_by_another_key_shows_nobody(standin: StandIn) -> None:
    client = client_id(("private_key_jwt",))
    shown = assertion(standin, client, RSAKey.generate_key(2048))

    assert token(standin, client, code=code(standin, client), **shown).json()["error"] == "invalid_client"


@pytest.mark.parametrize("missing", ["response_type", "code_challenge", "code_challenge_method", "state", "nonce"])
def test_request_without_what_makes_it_safe_is_sent_back(standin: StandIn, missing: str) -> None:
    answer = authorize(standin, client_id(()), **{missing: ""})

    assert answer.headers["Location"].startswith(f"{CALLBACK}?error=invalid_request")


@pytest.mark.parametrize("asked", [{"redirect_uri": "http://other.example/"}, {"client_id": "nobody"}])
def test_request_of_a_stranger_is_sent_nowhere(standin: StandIn, asked: dict[str, str]) -> None:
    answer = authorize(standin, client_id(()), **asked)

    assert (answer.status_code, "Location" in answer.headers) == (400, False)


def signed(standin: StandIn, key: RSAKey | None = None, **more: Any) -> str:
    client, now = client_id(("signed_request",)), int(time.time())
    claims = {**ASKED, "client_id": client, "iss": client, "aud": standin.address, "exp": now + 60}
    return encoded(standin, {**claims, **more}, key)


def test_signed_request_is_taken_and_an_unsigned_one_is_not(standin: StandIn) -> None:
    client = client_id(("signed_request",))

    assert authorize(standin, client, request=signed(standin)).status_code == 200
    assert authorize(standin, client).status_code == 400


@pytest.mark.parametrize(
    "more",
    [{"aud": "http://other.example"}, {"exp": 1}, {"iss": "other"}, {"client_id": "other"}, {"scope": "openid email"}],
)
def test_wrongly_signed_request_is_refused(standin: StandIn, more: dict[str, Any]) -> None:
    assert authorize(standin, client_id(("signed_request",)), request=signed(standin, **more)).status_code == 400


def test_request_signed_by_another_key_is_refused(standin: StandIn) -> None:
    request = signed(standin, RSAKey.generate_key(2048))

    assert authorize(standin, client_id(("signed_request",)), request=request).status_code == 400


def test_user_information_needs_a_token_and_is_what_was_asked_for(standin: StandIn) -> None:
    client = client_id(())
    access = token(standin, client, code=code(standin, client)).json()["access_token"]
    address = f"{standin.address}/userinfo"

    said = requests.get(address, headers={"Authorization": f"Bearer {access}"}, timeout=TIMEOUT).json()

    assert said["given_name"] == "Test"
    assert "email" not in said
    assert requests.get(address, timeout=TIMEOUT).status_code == 401


@pytest.mark.parametrize("hint", ["", "x.y.z"])
def test_nobody_is_signed_out_without_a_token_that_says_whom(standin: StandIn, hint: str) -> None:
    fields = {"id_token_hint": hint, "post_logout_redirect_uri": BACK[1]}

    answer = requests.post(f"{standin.address}/end_session", fields, timeout=TIMEOUT, allow_redirects=False)

    assert answer.status_code == 400


def test_page_says_in_three_languages_that_it_is_no_real_identification(standin: StandIn) -> None:
    pages = [authorize(standin, client_id(()), ui_locales=language).text for language in ("sv", "fi", "en", "xx")]

    for html, words in zip(pages, ["ingen verklig", "ei ole oikea", "nobody real", "ingen verklig"], strict=True):
        assert words in html
        assert "<script" not in html


@pytest.mark.parametrize("environment", [PRODUCTION, {"DEBUG": "0", **SECRETS}])
def test_it_does_not_run_where_the_public_is(tmp_path: Path, environment: dict[str, str]) -> None:
    ended = manage(tmp_path, "standin", "--port", "0", **environment)

    assert ended.returncode != 0
    assert "only with DEBUG" in ended.stderr
    assert manage(tmp_path, "standin", "--yes-for-tests", "--port", "0", **PRODUCTION).returncode != 0


def test_it_runs_by_manage_and_stops_when_told_to(tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "standin", "--port", "0"]
    root = Path(__file__).resolve().parent.parent.parent
    process = subprocess.Popen(command, cwd=root, env={"VAR_DIR": str(tmp_path)}, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())
        assert found
        assert requests.get(found.group(), timeout=TIMEOUT).status_code == 200
        assert requests.get(f"{found.group()}nowhere", timeout=TIMEOUT).status_code == 404
    finally:
        process.terminate()
        assert process.wait(60) == 0
        if process.stdout:
            process.stdout.close()
