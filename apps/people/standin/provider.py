"""The OpenID provider: OpenID Connect Core, Discovery and RP-Initiated Logout, as strictly as a client may have to expect it.

One of a few artificial persons is chosen on a page instead of being identified. The next token can be told to be wrong: POST /__fault.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from joserfc import jwe, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey, RSAKey

from .people import OFFICIALS, PERSONS, Person
from .wire import Answer, Request, Route, as_json, page, redirect

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SIGNING = ["RS256", "ES256"]
CODE_SECONDS, TOKEN_SECONDS, TICKET_SECONDS = 60, 300, 3600
STRONG, WEAK = "urn:example:strong", "urn:example:weak"
CODE_CLAIM, PROTECTED_CLAIM = "urn:oid:1.2.246.21", "urn:oid:1.2.246.517.2002.2.27"
EIDAS = "http://eidas.europa.eu/attributes/naturalperson/"

WORDS = {
    "sv": ("Testtjänst för identifiering", "Detta är ingen verklig identifiering. Välj en påhittad person.", "Avbryt"),
    "fi": ("Tunnistuksen testipalvelu", "Tämä ei ole oikea tunnistus. Valitse keksitty henkilö.", "Keskeytä"),
    "en": ("Stand-in for identification", "This identifies nobody real. Choose a made-up person.", "Cancel"),
}


@dataclass(frozen=True)
class Client:
    """A client that is registered with the provider, and what it is held to."""

    id: str
    secret: str = ""
    keys: KeySet | None = None
    private_key_jwt: bool = False
    signed_request: bool = False
    encrypted_token: bool = False
    officials: bool = False
    redirects: tuple[str, ...] = ()  # none: any address on this machine

    def may_return_to(self, address: str) -> bool:
        """Whether an answer may be sent to the address."""
        return address in self.redirects if self.redirects else urlsplit(address).hostname in ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class Granted:
    """What a code or an access token stands for."""

    client: Client
    person: Person
    asked: dict[str, str]
    until: float


class Wrong(Exception):
    """A request that is refused with one of OAuth's errors."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        self.error, self.description, self.status = error, description, status
        super().__init__(description)

    @property
    def answer(self) -> Answer:
        """As the token endpoint says it."""
        return as_json({"error": self.error, "error_description": self.description}, self.status)


def example_clients() -> tuple[Client, ...]:
    """The clients of the embedded default."""
    return (Client("portal", "stand-in-only"), Client("desk", "stand-in-only", officials=True))


def read_clients(listed: list[dict[str, Any]]) -> tuple[Client, ...]:
    """The clients of a file. Raises KeyError, TypeError or ValueError."""
    clients = []
    for one in listed:
        facts = dict(one)
        keys = facts.pop("keys", None)
        redirects = tuple(facts.pop("redirects", ()))
        clients.append(Client(**facts, keys=KeySet.import_key_set(keys) if keys else None, redirects=redirects))
    return tuple(clients)


class Provider:
    """Says who somebody is."""

    def __init__(self, address: str, clients: tuple[Client, ...]) -> None:
        self.address = address
        self.clients = {client.id: client for client in clients}
        self.key = RSAKey.generate_key(2048, auto_kid=True)
        self.lock = threading.Lock()
        self.tickets: dict[str, tuple[Client, dict[str, str], float]] = {}
        self.codes: dict[str, Granted] = {}
        self.tokens: dict[str, Granted] = {}
        self.assertions: set[str] = set()
        self.fault = ""
        self.routes: tuple[Route, ...] = (
            Route("GET", r"/\.well-known/openid-configuration", self.metadata),
            Route("GET", "/jwks", lambda _request: as_json({"keys": [self.key.as_dict(private=False)]})),
            Route("GET", "/authorize", self.authorize),
            Route("POST", "/choose", self.choose),
            Route("POST", "/token", self.token),
            Route("GET", "/userinfo", self.userinfo),
            Route("GET", "/end_session", self.end_session),
            Route("POST", "/end_session", self.end_session),
            Route("POST", "/__fault", self.take_fault),
        )

    # What a client reads first

    def metadata(self, _request: Request) -> Answer:
        """Where everything is, and what is understood."""
        other = self.address + "/other" if self.fault == "other_issuer" else self.address
        return as_json(
            {
                "issuer": other,
                "authorization_endpoint": f"{self.address}/authorize",
                "token_endpoint": f"{self.address}/token",
                "userinfo_endpoint": f"{self.address}/userinfo",
                "end_session_endpoint": f"{self.address}/end_session",
                "jwks_uri": f"{self.address}/jwks",
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "none", "HS256"],
                "id_token_encryption_alg_values_supported": ["RSA-OAEP-256"],
                "id_token_encryption_enc_values_supported": ["A256GCM"],
                "request_object_signing_alg_values_supported": SIGNING,
                "request_parameter_supported": True,
                "token_endpoint_auth_methods_supported": [
                    "client_secret_basic",
                    "client_secret_post",
                    "private_key_jwt",
                ],
                "code_challenge_methods_supported": ["S256"],
                "ui_locales_supported": list(WORDS),
                "authorization_response_iss_parameter_supported": True,
            }
        )

    # The person's browser

    def authorize(self, request: Request) -> Answer:
        """The page on which a person is chosen."""
        client = self.clients.get(request.query.get("client_id", ""))
        if client is None:
            return refused_page("The client is not registered.")
        try:
            asked = self.asked_by(client, dict(request.query))
        except (Wrong, JoseError, ValueError) as wrong:
            return refused_page(str(wrong))
        if not client.may_return_to(asked.get("redirect_uri", "")):
            return refused_page("The redirect_uri is not registered.")
        if problem := what_is_missing(asked):
            return self.back(asked, error="invalid_request", error_description=problem)
        if self.take("error_at_authorize"):
            return self.back(asked, error="server_error", error_description="<b>Not now</b>")
        ticket = secrets.token_urlsafe(16)
        with self.lock:
            self.tickets[ticket] = (client, asked, time.time() + TICKET_SECONDS)
        return choosing_page(client, ticket, asked.get("ui_locales", ""))

    def asked_by(self, client: Client, query: dict[str, str]) -> dict[str, str]:
        """The parameters: those of the signed request object, where there is one. Raises Wrong and JoseError."""
        if "request" not in query:
            if client.signed_request:
                raise Wrong("invalid_request", "This client must send a signed request object.")
            return query
        if client.keys is None:
            raise Wrong("invalid_request_object", "This client has no registered keys.")
        claims = jwt.decode(query["request"], client.keys, algorithms=SIGNING).claims
        self.check_times_and_audience(claims, {self.address})
        if claims.get("iss") != client.id or claims.get("client_id") != client.id:
            raise Wrong("invalid_request_object", "The request object is not this client's.")
        if any(query.get(name, claims.get(name)) != claims.get(name) for name in ("response_type", "scope")):
            raise Wrong("invalid_request_object", "The request object says other things than the address.")
        return {name: str(value) for name, value in claims.items() if name not in ("iss", "aud", "exp", "iat", "nbf")}

    def check_times_and_audience(self, claims: dict[str, Any], audiences: set[str]) -> None:
        """Raises Wrong when a client's own token is not for us, or not for now."""
        said = claims.get("aud")
        meant = {said} if isinstance(said, str) else set(said or ())
        if not meant & audiences:
            raise Wrong("invalid_client", "The token is for another audience.", 401)
        if not isinstance(claims.get("exp"), int) or not time.time() < claims["exp"] <= time.time() + 3601:
            raise Wrong("invalid_client", "The token has expired, or lasts too long.", 401)

    def choose(self, request: Request) -> Answer:
        """A person was chosen, or not."""
        with self.lock:
            client, asked, until = self.tickets.pop(request.form.get("ticket", ""), (None, {}, 0.0))
        if client is None or until < time.time():
            return refused_page("This page is too old. Begin again.")
        if "cancel" in request.form:
            return self.back(asked, error="access_denied", error_description="cancelled")
        person = {person.key: person for person in people_of(client)}.get(request.form.get("person", ""))
        if person is None:
            return refused_page("There is no such person.")
        code = secrets.token_urlsafe(24)
        with self.lock:
            self.codes[code] = Granted(client, person, asked, time.time() + CODE_SECONDS)
        return self.back(asked, code=code)

    def back(self, asked: dict[str, str], **more: str) -> Answer:
        """Back to the client, with its state."""
        state = {"state": asked["state"]} if "state" in asked else {}
        issuer = "http://other.example" if self.take("other_response_issuer") else self.address
        return redirect(asked["redirect_uri"], **more, **state, iss=issuer)

    # What clients ask directly

    def token(self, request: Request) -> Answer:
        """A code against tokens. A code works once."""
        if self.take("broken"):
            return Answer(b"<html>Bad gateway</html>", 502, "text/html")
        try:
            client = self.client_of(request)
            with self.lock:
                granted = self.codes.pop(request.form.get("code", ""), None)
            self.check_code(client, granted, request)
        except Wrong as wrong:
            return wrong.answer
        except (JoseError, ValueError) as wrong:
            return Wrong("invalid_client", str(wrong), 401).answer
        assert granted is not None  # noqa: S101 - check_code raised otherwise
        access = secrets.token_urlsafe(24)
        with self.lock:
            fault, self.fault = self.fault, ""
            if fault == "no_names":  # neither in the token nor when it is asked for them
                granted = replace(granted, asked={**granted.asked, "scope": "openid"})
            self.tokens[access] = granted
        content: dict[str, Any] = {"access_token": access, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
        if fault != "no_id_token":
            content["id_token"] = self.id_token(granted, access, fault)
        return as_json(content)

    def check_code(self, client: Client, granted: Granted | None, request: Request) -> None:
        """Raises Wrong."""
        if request.form.get("grant_type") != "authorization_code":
            raise Wrong("unsupported_grant_type", "Only authorization_code.")
        if granted is None or granted.client is not client or granted.until < time.time():
            raise Wrong("invalid_grant", "The code is unknown, used or too old.")
        if request.form.get("redirect_uri") != granted.asked["redirect_uri"]:
            raise Wrong("invalid_grant", "The redirect_uri is another one.")
        hashed = hashlib.sha256(request.form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(hashed).rstrip(b"=").decode() != granted.asked["code_challenge"]:
            raise Wrong("invalid_grant", "The code_verifier does not fit.")

    def client_of(self, request: Request) -> Client:
        """Which client asks, proven. Raises Wrong and JoseError."""
        if "client_assertion" in request.form:
            return self.client_by_assertion(request)
        name, secret = request.form.get("client_id", ""), request.form.get("client_secret", "")
        kind, _, encoded = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "basic":
            name, _, secret = base64.b64decode(encoded).decode().partition(":")
            name, secret = unquote(name), unquote(secret)
        client = self.clients.get(name)
        if client is None or client.private_key_jwt or not secrets.compare_digest(client.secret, secret):
            raise Wrong("invalid_client", "The client is unknown, or must show who it is in another way.", 401)
        return client

    def client_by_assertion(self, request: Request) -> Client:
        """By private_key_jwt. Raises Wrong and JoseError."""
        assertion = request.form["client_assertion"]
        unread = json.loads(decoded(assertion.split(".")[1])) if assertion.count(".") == 2 else {}
        client = self.clients.get(str(unread.get("sub")))
        if request.form.get("client_assertion_type") != ASSERTION or client is None or client.keys is None:
            raise Wrong("invalid_client", "The client is unknown, or has no registered keys.", 401)
        claims = jwt.decode(assertion, client.keys, algorithms=SIGNING).claims
        self.check_times_and_audience(claims, {self.address, f"{self.address}/token"})
        with self.lock:
            used = str(claims.get("jti", "")) in self.assertions
            self.assertions.add(str(claims.get("jti", "")))
        if claims.get("iss") != client.id or claims.get("sub") != client.id or not claims.get("jti") or used:
            raise Wrong("invalid_client", "The assertion is not this client's, or was used before.", 401)
        return client

    def id_token(self, granted: Granted, access: str, fault: str) -> str:
        """The ID token, with the fault that was asked for."""
        now = int(time.time())
        half = hashlib.sha256(access.encode()).digest()[:16]
        claims: dict[str, Any] = {
            "iss": self.address,
            "aud": granted.client.id,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "nonce": granted.asked["nonce"],
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
            "acr": (granted.asked.get("acr_values") or STRONG).split(" ")[0],
            **claims_of(granted.person, set(granted.asked["scope"].split())),
        }
        FAULTS.get(fault, lambda _claims: None)(claims)
        token = self.signed(claims, fault, granted.client)
        if granted.client.encrypted_token and granted.client.keys is not None and fault != "not_encrypted":
            key = next(key for key in granted.client.keys if key.get("use") == "enc")
            header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT", "kid": key.kid}
            return jwe.encrypt_compact(header, token, key, algorithms=["RSA-OAEP-256", "A256GCM"])
        return token

    def signed(self, claims: dict[str, Any], fault: str, client: Client) -> str:
        """Signed as it should be, unless the fault says how not."""
        if fault == "no_signature":
            return f"{encoded({'alg': 'none'})}.{encoded(claims)}."
        if fault == "shared_secret":
            secret = OctKey.import_key(client.secret.ljust(32, "-"))
            return jwt.encode({"alg": "HS256"}, claims, secret, algorithms=["HS256"])
        key = RSAKey.generate_key(2048) if fault == "other_key" else self.key
        token = jwt.encode({"alg": "RS256", "kid": str(self.key.kid)}, claims, key)
        if fault == "tampered":
            header, _, signature = token.split(".")
            return f"{header}.{encoded({**claims, 'sub': 'somebody-else'})}.{signature}"
        return token

    def userinfo(self, request: Request) -> Answer:
        """What the access token lets be known."""
        with self.lock:
            granted = self.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        if granted is None:
            return as_json({"error": "invalid_token"}, 401)
        claims = claims_of(granted.person, set(granted.asked["scope"].split()))
        if self.take("other_subject"):
            claims["sub"] = "somebody-else"
        return as_json(claims)

    def end_session(self, request: Request) -> Answer:
        """Sign the person out, and back to the client that says by a token of ours whom."""
        back = request.asked("post_logout_redirect_uri")
        try:
            claims = jwt.decode(request.asked("id_token_hint"), self.key, algorithms=["RS256"]).claims
            client = self.clients.get(str(claims.get("aud")))
        except (JoseError, ValueError):
            client = None
        if client is None or (back and not client.may_return_to(back)):
            return refused_page("It is not known who is to be signed out.")
        if not back:
            return page(WORDS["en"][0], "<p>Signed out.</p>", language="en")
        return redirect(back, **({"state": request.asked("state")} if request.asked("state") else {}))

    # What only tests ask

    def take_fault(self, request: Request) -> Answer:
        """The next answer is to be wrong in a way: the name of a fault as the body."""
        with self.lock:
            self.fault = request.body.decode()
        return Answer(status=204)

    def take(self, fault: str) -> bool:
        """Whether this fault was asked for; it happens once."""
        with self.lock:
            if self.fault != fault:
                return False
            self.fault = ""
            return True


def claims_of(person: Person, scope: set[str]) -> dict[str, Any]:
    """What is said of a person, as far as it was asked for."""
    claims: dict[str, Any] = {"sub": "subject-" + hashlib.sha256(person.key.encode()).hexdigest()[:24]}
    if person.code:
        claims |= {CODE_CLAIM: person.code, PROTECTED_CLAIM: "1" if person.protected else "0"}
    if person.pid:
        claims[f"{EIDAS}PersonIdentifier"] = person.pid
    if "profile" in scope:
        claims |= {"given_name": person.given_name, "family_name": person.family_name, "birthdate": "1980-01-01"}
        if person.username:
            claims["preferred_username"] = person.username
    if "email" in scope and person.email:
        claims |= {"email": person.email, "email_verified": True}
    return claims


def changed(**to: Any) -> Callable[[dict[str, Any]], None]:
    """A fault that says something else."""
    return lambda claims: claims.update(to)


def left_out(*names: str) -> Callable[[dict[str, Any]], None]:
    """A fault that does not say something."""

    def leave_out(claims: dict[str, Any]) -> None:
        for name in names:
            claims.pop(name, None)

    return leave_out


FAULTS: dict[str, Callable[[dict[str, Any]], None]] = {
    "other_nonce": changed(nonce="another"),
    "no_nonce": left_out("nonce"),
    "other_audience": changed(aud="another"),
    "only_authorized_party": lambda claims: claims.update(aud=["another"], azp=claims["aud"]),
    "other_token_issuer": changed(iss="http://other.example"),
    "other_access_token": changed(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "expired": changed(exp=1_000_000_000),
    "no_expiry": left_out("exp"),
    "from_the_future": changed(nbf=4_000_000_000),
    "weak": changed(acr=WEAK),
    "no_acr": left_out("acr"),
    "no_subject": left_out("sub"),
    "names_in_userinfo": left_out("given_name", "family_name"),
    "bad_code": changed(**{CODE_CLAIM: "010180-900X"}),
    "no_username": left_out("preferred_username"),
    "unverified_email": changed(email_verified=False),
}  # fmt: skip


def people_of(client: Client) -> tuple[Person, ...]:
    """Who can be chosen."""
    return OFFICIALS if client.officials else PERSONS


def what_is_missing(asked: dict[str, str]) -> str:
    """What a request lacks of what every client must send; '' when nothing."""
    if asked.get("response_type") != "code":
        return "Only response_type=code."
    if "openid" not in asked.get("scope", "").split():
        return "The scope must have openid."
    if asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge"):
        return "PKCE with S256 is needed."
    return "" if asked.get("state") and asked.get("nonce") else "state and nonce are needed."


def choosing_page(client: Client, ticket: str, locales: str) -> Answer:
    """The persons, as buttons."""
    language = next((locale for locale in locales.split() if locale in WORDS), "sv")
    title, notice, cancel = WORDS[language]
    buttons = "\n".join(
        f'<form method="post" action="/choose"><input type="hidden" name="ticket" value="{ticket}">'
        f'<button name="person" value="{html.escape(person.key)}">{html.escape(told(person))}</button></form>'
        for person in people_of(client)
    )
    content = (
        f'<p class="notice">{notice}</p>\n{buttons}\n'
        f'<form method="post" action="/choose"><input type="hidden" name="ticket" value="{ticket}">'
        f'<button class="quiet" name="cancel" value="1">{cancel}</button></form>'
    )
    return page(title, content, language=language)


def told(person: Person) -> str:
    """A person, as they can be told apart."""
    more = [person.code or person.pid or person.username]
    if person.protected:
        more.append("turvakielto / spärrmarkering")
    return f"{person.name} ({', '.join(more)})"


def refused_page(words: str) -> Answer:
    """A request that cannot be answered to the client, since it is not known to be one."""
    return page(WORDS["en"][0], f"<p>{html.escape(words)}</p>", language="en", status=400)


def encoded(content: dict[str, Any]) -> str:
    """A part of a token."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def decoded(part: str) -> bytes:
    """What a part of a token holds."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
