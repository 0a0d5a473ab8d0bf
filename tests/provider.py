"""The stand-in for identification as a process of its own, and a browser's way through it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from django.test import Client
from joserfc.jwk import RSAKey

ROOT = Path(__file__).resolve().parent.parent
SECRET = "of no use but in tests"
SWITCHES = ("private_key_jwt", "signed_request", "encrypted_token")
HERE = "http://testserver"
BACK = [
    f"{HERE}/identification/callback/",
    f"{HERE}/identification/signed-out/",
    f"{HERE}/admin/sign-in/callback/",
    f"{HERE}/admin/login/",
]
SECONDS = 20


@dataclass(frozen=True)
class StandIn:
    """A running stand-in. It has a client for every position of the switches."""

    address: str
    keys_file: Path

    def facts(self, *switches: str, officials: bool = False, **more: Any) -> dict[str, Any]:
        """Settings that make us one of its clients."""
        return {
            "issuer": self.address,
            "label": "",
            "client_id": client_id(switches, officials=officials),
            "client_secret": "" if "private_key_jwt" in switches else SECRET,
            "keys_file": str(self.keys_file),
            **{switch: switch in switches for switch in SWITCHES},
            "scope": "openid profile email",
            "acr_values": [],
            "timeout": 20.0,
            **more,
        }

    def fail(self, fault: str) -> None:
        """Let the next answer be wrong."""
        requests.post(f"{self.address}/__fault", data=fault, timeout=SECONDS)


def client_id(switches: tuple[str, ...], *, officials: bool = False) -> str:
    """The name of the client with these switches on."""
    return "-".join(["officials" if officials else "customers", *(name for name in SWITCHES if name in switches)])


@contextmanager
def running(folder: Path) -> Iterator[StandIn]:
    """A stand-in in its own process, stopped at the end."""
    made = [RSAKey.generate_key(2048, {"use": use}, auto_kid=True) for use in ("sig", "enc")]
    keys_file, clients_file = folder / "keys.json", folder / "clients.json"
    keys_file.write_text(json.dumps({"keys": [key.as_dict(private=True) for key in made]}))
    public = {"keys": [key.as_dict(private=False) for key in made]}
    positions = [tuple(name for n, name in enumerate(SWITCHES) if number >> n & 1) for number in range(8)]
    clients = [
        {
            "id": client_id(on, officials=officials),
            "secret": SECRET,
            "keys": public,
            "officials": officials,
            "redirects": BACK,
            **dict.fromkeys(on, True),
        }
        for on in positions
        for officials in (False, True)
    ]
    clients += [
        {"id": f"anywhere-{officials}", "secret": SECRET, "officials": officials} for officials in (False, True)
    ]
    clients_file.write_text(json.dumps(clients))
    command = [sys.executable, "-m", "apps.people.standin", "--port", "0", "--clients", str(clients_file)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line
        yield StandIn(found.group(), keys_file)
    finally:
        process.terminate()
        process.wait(SECONDS)
        if process.stdout:
            process.stdout.close()


def chosen(address: str, person: str = "", *, cancel: bool = False) -> str:
    """Open the provider's page at the address and choose a person there; the address it leads back to."""
    page = requests.get(address, timeout=SECONDS, allow_redirects=False)
    if page.status_code == 302:
        return str(page.headers["Location"])
    assert page.status_code == 200, page.text
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert ticket
    fields = {"ticket": ticket.group(1), **({"cancel": "1"} if cancel else {"person": person})}
    answer = requests.post(
        f"{address.partition('/authorize')[0]}/choose", fields, timeout=SECONDS, allow_redirects=False
    )
    assert answer.status_code == 302, answer.text
    return str(answer.headers["Location"])


def through(browser: Client, start: str, person: str = "", *, cancel: bool = False) -> Any:
    """Sign in from beginning to end: our answer to who comes back."""
    begun = browser.get(start)
    assert begun.status_code == 302, begun.status_code
    return browser.get(chosen(begun.headers["Location"], person, cancel=cancel).removeprefix(HERE))
