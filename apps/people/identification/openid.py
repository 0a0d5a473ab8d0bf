"""OpenID Connect as a client: to the provider and back, and out of it again. The protocol itself is Authlib's.

    begin(request, OIDC, callback=…, onward=…)      the redirect to the provider
    finish(request, OIDC)                           what it says of whoever came back; raises NotIdentified
    leaving(request, OIDC, back=…)                  what a page needs for signing them out there as well

Authorisation code with PKCE, state and nonce, always. What brokers of strong identification ask for beside is switched on by settings: the
client shows who it is by a key (private_key_jwt), the request is signed, the ID token comes encrypted.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.django_client import DjangoOAuth2App
from authlib.integrations.django_client.integration import DjangoIntegration
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.crypto import constant_time_compare
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from joserfc import jwe, jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from apps.people.identification import PROVIDER_KEY
from apps.people.sealing import NoKey, opened_text, sealed_text

log = logging.getLogger(__name__)

OIDC, OFFICIALS_OIDC = "OIDC", "OFFICIALS_OIDC"  # the settings that describe a provider: customers' and officials'
KEPT_AS = {
    OIDC: PROVIDER_KEY,
    OFFICIALS_OIDC: "official_provider",
}  # in the session, which both may have in one browser
SIGNED_WITH = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]  # never a shared secret
ENCRYPTED_WITH = ["RSA-OAEP-256", "A256GCM"]
LEEWAY = 60  # seconds that clocks may differ by
KNOWN_FOR = 600  # seconds that a provider's description is kept
MOST_BEGUN = 5  # sign-ins begun and not finished that a session remembers
CANCELLED = {"access_denied", "user_cancelled", "interaction_required", "login_required", "consent_required"}


class NotIdentified(Exception):
    """Nobody was signed in. `words` says why, to the person; the log gets `why` and never anything about them."""

    def __init__(self, words: str | Promise, why: str, *, onward: str = "", language: str = "") -> None:
        self.words, self.onward, self.language = words, onward, language
        super().__init__(why)


UNREACHABLE = _("The identification service does not answer just now. Try again in a moment.")
USED = _("This sign-in has already been used, or is too old. Begin again.")
GAVE_UP = _("The identification was cancelled, so you are not signed in.")
REFUSED = _("The identification service could not identify you just now. Try again in a moment.")
UNTRUSTED = _("The answer of the identification service could not be trusted, so you are not signed in. Try again.")
TOO_LATE = _("The answer of the identification service came too late. Begin again.")
TOO_WEAK = _("You were identified in a way that is not strong enough here. Choose another way and try again.")
INCOMPLETE = _("The identification service did not tell who you are, so you are not signed in.")


@dataclass(frozen=True)
class Identified:
    """What the provider said, and where the person was heading."""

    claims: dict[str, Any]
    onward: str
    language: str
    id_token: str


@dataclass(frozen=True)
class Leaving:
    """A form that signs somebody out at the provider as well. The token in it names them, so it is posted and in no address."""

    address: str
    fields: dict[str, str]

    def allow(self, response: HttpResponse) -> HttpResponse:
        """Let the page with this form post it to the provider, which may hand it on to others."""
        parts = urlsplit(self.address)
        reach = "https:" if parts.scheme == "https" else f"{parts.scheme}://{parts.netloc}"
        policy = {**settings.SECURE_CSP, "form-action": ["'self'", reach]}
        response.headers["Content-Security-Policy"] = "; ".join(f"{name} {' '.join(to)}" for name, to in policy.items())
        return response


class Provider(DjangoOAuth2App):
    """A provider as the settings describe it."""

    def __init__(self, name: str) -> None:
        self.facts: dict[str, Any] = getattr(settings, name)
        scope = " ".join(dict.fromkeys(["openid", *self.facts["scope"].split()]))
        options = {"scope": scope, "code_challenge_method": "S256", "default_timeout": self.facts["timeout"]}
        secret: Any = self.facts["client_secret"]
        methods = []
        if self.facts["private_key_jwt"]:
            secret = self.own_keys("sig")[0]
            options["token_endpoint_auth_method"] = PrivateKeyJWT.name
            methods = [PrivateKeyJWT(alg=algorithm_of(secret), headers={"kid": secret.kid})]
        super().__init__(
            DjangoIntegration(name.lower()),
            name=name.lower(),
            client_id=self.facts["client_id"],
            client_secret=secret,
            client_kwargs=options,
            client_auth_methods=methods,
        )

    def load_server_metadata(self) -> dict[str, Any]:
        """The provider's description of itself."""
        if not self.server_metadata:
            self.server_metadata.update(
                described(self.facts["issuer"], self.facts["timeout"], int(time.time() / KNOWN_FOR))
            )
            usual, offered = "client_secret_basic", self.server_metadata.get("token_endpoint_auth_methods_supported")
            if offered and usual not in offered and "client_secret_post" in offered:
                self.client_kwargs.setdefault("token_endpoint_auth_method", "client_secret_post")
        return cast("dict[str, Any]", self.server_metadata)

    def own_keys(self, use: str) -> list[RSAKey | ECKey]:
        """Our own private keys for signing ("sig") or for what is encrypted to us ("enc"), the newest first. Raises ValueError."""
        keys = [key for key in own_keys(self.facts["keys_file"]) if key.get("use", use) == use]
        if not keys:
            raise ValueError(f"there is no key of ours with the use {use!r}")
        return keys

    def signed(self, address: str) -> str:
        """The address with what it asks in a signed request object (RFC 9101)."""
        place, _mark, query = address.partition("?")
        asked: dict[str, str] = dict(parse_qsl(query))
        now, key = int(time.time()), self.own_keys("sig")[0]
        times = {"iat": now, "nbf": now, "exp": now + 300, "jti": generate_token(24)}
        claims = {**asked, **times, "iss": self.client_id, "aud": self.facts["issuer"]}
        header = {"alg": algorithm_of(key), "kid": str(key.kid), "typ": "oauth-authz-req+jwt"}
        outside: dict[str, str] = {
            name: asked[name] for name in ("client_id", "response_type", "scope") if name in asked
        }
        outside["request"] = jwt.encode(header, claims, key, algorithms=SIGNED_WITH)
        return f"{place}?{urlencode(outside)}"

    def opened(self, id_token: str) -> str:
        """The signed token within an encrypted one. While keys are changed, it may be for any of ours. Raises JoseError."""
        keys = self.own_keys("enc")
        for key in keys[:-1]:
            with suppress(JoseError, ValueError):
                return opened_with(key, id_token)
        return opened_with(keys[-1], id_token)

    def parse_id_token(self, token: dict[str, Any], nonce: str, **more: Any) -> Any:
        """The claims, after everything that makes them to be trusted. An encrypted token is opened first."""
        if self.facts["encrypted_token"]:
            token["id_token"] = self.opened(token["id_token"])
        return super().parse_id_token(token, nonce, **more)


@lru_cache(maxsize=8)
def described(issuer: str, timeout: float, _lately: int) -> dict[str, Any]:
    """What a provider says of itself, read anew now and then. Raises RequestException and ValueError."""
    address = issuer.rstrip("/") + "/.well-known/openid-configuration"
    answer = requests.get(address, timeout=timeout)
    answer.raise_for_status()
    said = answer.json()
    if not isinstance(said, dict) or said.get("issuer") != issuer:
        raise ValueError("the provider calls itself by another name than the setting does")
    offered = said.get("id_token_signing_alg_values_supported") or ["RS256"]
    said["id_token_signing_alg_values_supported"] = [name for name in SIGNED_WITH if name in offered]
    return said


@lru_cache(maxsize=4)
def own_keys(path: str) -> list[RSAKey | ECKey]:
    """Our private keys, from their file."""
    return list(KeySet.import_key_set(json.loads(Path(path).read_text("utf-8"))))  # type: ignore[arg-type]


def public_keys(names: Iterable[str] = (OIDC, OFFICIALS_OIDC)) -> dict[str, Any]:
    """The public half of our keys, for providers that read them at our address."""
    files = dict.fromkeys(path for name in names if (path := getattr(settings, name)["keys_file"]))
    return {"keys": [key.as_dict(private=False) for path in files for key in own_keys(path)]}


def opened_with(key: RSAKey | ECKey, token: str) -> str:
    """What an encrypted token holds. Raises JoseError and ValueError."""
    return (jwe.decrypt_compact(token, key, algorithms=ENCRYPTED_WITH).plaintext or b"").decode()


def algorithm_of(key: RSAKey | ECKey) -> str:
    """What a key of ours signs with: what it says itself, else what is usual for its sort."""
    named = key.get("alg")
    return str(named) if named in SIGNED_WITH else "ES256" if isinstance(key, ECKey) else "RS256"


def begin(request: HttpRequest, name: str, *, callback: str, onward: str) -> HttpResponseRedirect:
    """To the provider, in the language of the page. Raises NotIdentified when it does not answer."""
    language = get_language() or "sv"
    asked = {"ui_locales": language}
    if wanted := getattr(settings, name)["acr_values"]:
        asked["acr_values"] = " ".join(wanted)
    try:
        provider = Provider(name)
        made = provider.create_authorization_url(callback, **asked)
        address = made.pop("url")
        if provider.facts["signed_request"]:
            address = provider.signed(address)
    except (requests.RequestException, OSError, ValueError, RuntimeError, KeyError) as broken:
        refuse(UNREACHABLE, f"beginning: {type(broken).__name__}", onward, language)
    _forget_oldest(request, provider.name)
    provider.save_authorize_data(request, redirect_uri=callback, onward=onward, language=language, **made)
    return HttpResponseRedirect(address)


def finish(request: HttpRequest, name: str) -> Identified:
    """What the provider says of the person that it sent back here. Raises NotIdentified. An answer is taken once."""
    provider = Provider(name)
    state = request.GET.get("state", "")
    begun = provider.framework.get_state_data(request.session, state)
    if begun is None:
        refuse(USED, "the state is not one of this session")
    onward, language = begun["onward"], begun["language"]
    try:
        _see_who_answers(request, provider)
        wanted = {
            "iss": {"essential": True, "values": [provider.facts["issuer"]]},
            "aud": {"essential": True, "values": [provider.client_id]},
        }
        token = provider.authorize_access_token(request, claims_options=wanted, leeway=LEEWAY)
        claims = dict(token["userinfo"])
        _see_that_strong_enough(provider, claims)
        claims |= _more_of(provider, token, claims)
    except NotIdentified as refused:
        refused.onward, refused.language = onward, language
        raise
    except ExpiredTokenError:
        refuse(TOO_LATE, "the token has expired", onward, language)
    except requests.RequestException as broken:
        refuse(UNREACHABLE, f"finishing: {type(broken).__name__}", onward, language)
    except AuthlibBaseError as refused:
        refuse(REFUSED, f"refused: {_code(refused.error)}", onward, language)
    except KeyError:
        refuse(INCOMPLETE, "there was no ID token", onward, language)
    except (JoseError, ValueError, RuntimeError, TypeError) as wrong:
        refuse(UNTRUSTED, f"the token: {type(wrong).__name__}", onward, language)
    finally:
        provider.framework.clear_state_data(request.session, state)
    return Identified(claims, onward, language, token["id_token"])


def remember(request: HttpRequest, name: str, identified: Identified) -> None:
    """Keep, sealed in the session, what is needed for signing them out at the provider as well."""
    request.session[KEPT_AS[name]] = sealed_text(identified.id_token)


def leaving(request: HttpRequest, name: str, *, back: str) -> Leaving | None:
    """How whoever is signed in is signed out at the provider as well; None when they did not come from there, or it has no way for that."""
    kept = request.session.get(KEPT_AS[name])
    if not kept or not getattr(settings, name)["issuer"]:
        return None
    try:
        provider = Provider(name)
        address = provider.load_server_metadata().get("end_session_endpoint")
        token = opened_text(kept)
    except (requests.RequestException, OSError, ValueError, KeyError, NoKey) as broken:
        log.warning("signing out at the provider: %s", type(broken).__name__)
        return None
    if not address:
        return None
    language = get_language() or "sv"
    fields = {"id_token_hint": token, "client_id": provider.client_id, "post_logout_redirect_uri": back}
    return Leaving(address, {**fields, "state": language, "ui_locales": language})


def _see_who_answers(request: HttpRequest, provider: Provider) -> None:
    """The answer comes from the provider that was asked (RFC 9207), and it is not a refusal."""
    issuer = request.GET.get("iss")
    if issuer is not None and not constant_time_compare(issuer, provider.facts["issuer"]):
        refuse(UNTRUSTED, "another provider answered")
    if error := request.GET.get("error"):
        refuse(GAVE_UP if error in CANCELLED else REFUSED, f"the provider said: {_code(error)}")


def _see_that_strong_enough(provider: Provider, claims: dict[str, Any]) -> None:
    wanted = provider.facts["acr_values"]
    if wanted and claims.get("acr") not in wanted:
        refuse(TOO_WEAK, "identified at another level than asked for")


def _more_of(provider: Provider, token: dict[str, Any], claims: dict[str, Any]) -> dict[str, Any]:
    """What the provider says only when it is asked, where the ID token has no names. It must be about the same person."""
    if "given_name" in claims or "family_name" in claims or "access_token" not in token:
        return {}
    if not provider.load_server_metadata().get("userinfo_endpoint"):
        return {}
    more = dict(provider.userinfo(token=token))
    if more.get("sub") != claims.get("sub"):
        refuse(UNTRUSTED, "the user information is about somebody else")
    return more


def _forget_oldest(request: HttpRequest, name: str) -> None:
    begun = [key for key in request.session.keys() if key.startswith(f"_state_{name}_")]  # noqa: SIM118 - no dict
    for key in sorted(begun, key=lambda key: request.session[key]["exp"])[: -MOST_BEGUN + 1 or None]:
        del request.session[key]


def _code(error: object) -> str:
    """An error's code as far as it can be one: what comes in an address is not written into logs as it is."""
    text = str(error)
    return text if len(text) <= 40 and text.replace("_", "").isalnum() and text.isascii() else "something else"


def refuse(words: str | Promise, why: str, onward: str = "", language: str = "") -> NoReturn:
    """Raise NotIdentified, and let the log know why."""
    log.warning("nobody was identified: %s", why)
    raise NotIdentified(words, why, onward=onward, language=language)
