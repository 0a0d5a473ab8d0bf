"""The source of mandates: the session, redirect and token flow of Suomi.fi-valtuudet, as strictly as a client may have to expect it.

For whom somebody may act is chosen on a page. A mandate ends, and comes back, by POST /__mandates with {"end": id} or {"restore": id};
{"away": true} lets everything be out of order, {"expire": true} lets every token run out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import secrets
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from .people import COMPANIES, FOR_COMPANIES, FOR_PERSONS, PERSONS
from .wire import Answer, Request, Route, as_json, page, redirect

CLIENT, SECRET = "portal", "stand-in-only"
HEADER = "x-asiointivaltuudetauthorization"
CLOCKS_DIFFER = timedelta(minutes=5)
WORDS = {
    "sv": ("Testtjänst för fullmakter", "Ingen verklig fullmakt. Välj för vem du handlar.", "Avbryt", "Du har inga fullmakter."),
    "fi": ("Valtuuksien testipalvelu", "Ei oikeaa valtuutta. Valitse, kenen puolesta asioit.", "Keskeytä", "Sinulla ei ole valtuuksia."),
    "en": ("Stand-in for mandates", "No real mandate. Choose for whom you act.", "Cancel", "You have no mandates."),
}  # fmt: skip


@dataclass
class Session:
    """One customer's session: who they are, of which mode, and for whom they have chosen to act."""

    mode: str
    code: str
    user: str
    chosen: str = ""
    token: str = ""
    renewal: str = ""


class Mandates:
    """Says for whom somebody may act."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.lock = threading.Lock()
        self.sessions: dict[str, Session] = {}
        self.codes: dict[str, tuple[str, str]] = {}
        self.ended: set[str] = set()
        self.away = False
        mode, session = r"/service/(?P<mode>ypa|hpa)", r"(?P<session>[^/]+)"
        self.routes: tuple[Route, ...] = (
            Route("GET", rf"{mode}/user/register/(?P<client>[^/]+)/(?P<code>[^/]+)", self.register),
            Route("GET", rf"{mode}/user/unregister/{session}", self.unregister),
            Route("GET", "/oauth/authorize", self.authorize),
            Route("POST", "/oauth/choose", self.choose),
            Route("POST", "/oauth/token", self.token),
            Route("GET", rf"/service/ypa/api/organizationRoles/{session}", self.companies),
            Route("GET", rf"/service/hpa/api/delegate/{session}", self.persons),
            Route("GET", rf"/service/hpa/api/authorization/{session}/(?P<person>[^/]+)", self.authorization),
            Route("GET", rf"/service/hpa/api/authorizationlist/{session}/(?P<person>[^/]+)", self.matters),
            Route("POST", "/__mandates", self.be_told),
        )

    # --- what a client asks ----------------------------------------------------------------------------------------

    def register(self, request: Request) -> Answer:
        """A session for somebody."""
        if refused := self._refused(request):
            return refused
        session = Session(request.found["mode"], request.found["code"], user=secrets.token_urlsafe(12))
        key = secrets.token_urlsafe(18)
        with self.lock:
            self.sessions[key] = session
        return as_json({"sessionId": key, "userId": session.user})

    def unregister(self, request: Request) -> Answer:
        """The end of a session."""
        if refused := self._refused(request):
            return refused
        with self.lock:
            known = self.sessions.pop(request.found["session"], None)
        return as_json(known is not None)

    def token(self, request: Request) -> Answer:
        """A token for a code, once."""
        given = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if self.away or request.headers.get("authorization") != f"Basic {given}":
            return as_json({"error": "invalid_client"}, 503 if self.away else 401)
        with self.lock:
            session = self._granted(request)
            if session is None:
                return as_json({"error": "invalid_grant"}, 400)
            session.token, session.renewal = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        renewal = {"refresh_token": session.renewal}
        return as_json({"access_token": session.token, "token_type": "bearer", "expires_in": 599, **renewal})

    def _granted(self, request: Request) -> Session | None:
        if request.asked("grant_type") == "refresh_token":
            renewal = request.asked("refresh_token")
            return next((one for one in self.sessions.values() if renewal and one.renewal == renewal), None)
        key, redirect_uri = self.codes.pop(request.asked("code"), ("", ""))
        return self.sessions.get(key) if redirect_uri == request.asked("redirect_uri") else None

    def companies(self, request: Request) -> Answer:
        """The company that was chosen, if the mandate still holds, with the roles in it."""
        session = self._authorised(request)
        if not isinstance(session, Session):
            return session
        roles = FOR_COMPANIES.get(session.code, {})
        named = {company.business_id: company.name for company in COMPANIES}
        found = [
            {"identifier": key, "name": named[key], "roles": list(roles[key]), "complete": True}
            for key in roles
            if key == session.chosen and key not in self.ended
        ]
        return as_json(found)

    def persons(self, request: Request) -> Answer:
        """The person who was chosen, whatever has become of the mandate: that is told at their authorization."""
        session = self._authorised(request)
        if not isinstance(session, Session):
            return session
        named = {person.code: person.name for person in PERSONS if person.code}
        found = [
            {"personId": key, "name": named[key]} for key in FOR_PERSONS.get(session.code, {}) if key == session.chosen
        ]
        return as_json(found)

    def authorization(self, request: Request) -> Answer:
        """Whether one may act for a person."""
        session = self._authorised(request)
        if not isinstance(session, Session):
            return session
        person = request.found["person"]
        allowed = person in FOR_PERSONS.get(session.code, {}) and person not in self.ended
        return as_json({"result": "ALLOWED" if allowed else "DISALLOWED"})

    def matters(self, request: Request) -> Answer:
        """In which matters one may act for a person."""
        session = self._authorised(request)
        if not isinstance(session, Session):
            return session
        person = request.found["person"]
        allowed = () if person in self.ended else FOR_PERSONS.get(session.code, {}).get(person, ())
        return as_json({"roles": list(allowed)})

    # --- what a person sees ----------------------------------------------------------------------------------------

    def authorize(self, request: Request) -> Answer:
        """The page on which one chooses for whom to act."""
        key = self._session_of(request.asked("user"))
        address = request.asked("redirect_uri")
        if key is None or urlsplit(address).hostname not in ("127.0.0.1", "localhost"):
            return page("400", "<p>This address is not complete.</p>", status=400)
        session = self.sessions[key]
        language = request.asked("lang") if request.asked("lang") in WORDS else "sv"
        title, text, cancel, none = WORDS[language]
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{html.escape(request.asked(name))}">'
            for name in ("user", "redirect_uri", "state")
        )
        options = self._options(session)
        buttons = "".join(
            f'<p><button name="chosen" value="{html.escape(key)}">{html.escape(name)}</button></p>'
            for key, name in options
        )
        content = (
            f'<p>{text if options else none}</p><form method="post" action="/oauth/choose">{hidden}{buttons}'
            f'<p><button name="chosen" value="">{cancel}</button></p></form>'
        )
        return page(title, content, language=language)

    def choose(self, request: Request) -> Answer:
        """Back with a code, or with an error when it was cancelled."""
        key = self._session_of(request.asked("user"))
        address, state = request.asked("redirect_uri"), request.asked("state")
        if key is None or urlsplit(address).hostname not in ("127.0.0.1", "localhost"):
            return page("400", "<p>This address is not complete.</p>", status=400)
        session = self.sessions[key]
        if request.asked("chosen") not in dict(self._options(session)):
            return redirect(address, error="access_denied", state=state)
        code = secrets.token_urlsafe(18)
        with self.lock:
            session.chosen = request.asked("chosen")
            self.codes[code] = (key, address)
        return redirect(address, code=code, state=state)

    def be_told(self, request: Request) -> Answer:
        """What tests and trials want it to do."""
        try:
            told: dict[str, Any] = json.loads(request.body or b"{}")
        except ValueError:
            return as_json({"error": "no JSON"}, 400)
        with self.lock:
            self.ended |= {told["end"]} if "end" in told else set()
            self.ended -= {told["restore"]} if "restore" in told else set()
            self.away = bool(told.get("away", self.away))
            for session in self.sessions.values() if told.get("expire") else ():
                session.token = secrets.token_urlsafe(24)
        return as_json({"ended": sorted(self.ended), "away": self.away})

    # --- how it judges ---------------------------------------------------------------------------------------------

    def _options(self, session: Session) -> list[tuple[str, str]]:
        if session.mode == "ypa":
            named = {company.business_id: company.name for company in COMPANIES}
            return [(key, named[key]) for key in FOR_COMPANIES.get(session.code, {}) if key not in self.ended]
        named = {person.code: person.name for person in PERSONS if person.code}
        return [(key, named[key]) for key in FOR_PERSONS.get(session.code, {}) if key not in self.ended]

    def _session_of(self, user: str) -> str | None:
        with self.lock:
            return next((key for key, session in self.sessions.items() if user and session.user == user), None)

    def _authorised(self, request: Request) -> Session | Answer:
        if refused := self._refused(request):
            return refused
        with self.lock:
            session = self.sessions.get(request.found["session"])
        if session is None or not session.token or request.headers.get("authorization") != f"Bearer {session.token}":
            return as_json({"error": "invalid_token"}, 401)
        return session

    def _refused(self, request: Request) -> Answer | None:
        """The keyed checksum over the path with its query and the time."""
        if self.away:
            return as_json({"error": "away"}, 503)
        parts = request.headers.get(HEADER, "").split(" ")
        if len(parts) != 3 or parts[0] != CLIENT:
            return as_json({"error": "no checksum"}, 401)
        _client, at, checksum = parts
        try:
            late = abs(datetime.fromisoformat(at) - datetime.now(UTC)) > CLOCKS_DIFFER
        except (ValueError, TypeError):
            late = True
        query = "&".join(f"{name}={value}" for name, value in request.query.items())
        said = f"{request.path}{f'?{query}' if query else ''} {at}"
        right = base64.b64encode(hmac.new(SECRET.encode(), said.encode(), hashlib.sha256).digest()).decode()
        return as_json({"error": "wrong checksum"}, 401) if late or not hmac.compare_digest(checksum, right) else None
