"""Over X-Road: a relay, a stand-in security server that looks at path and headers, and the reference receiver behind it."""

from __future__ import annotations

import datetime
import ipaddress
import logging
import ssl
import uuid
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pytest_django import Settings

from apps.cases.models import Case
from apps.people import xroad
from apps.sync import reconcile, relay
from apps.sync.models import Delivery
from apps.sync.reference.server import ReferenceServer
from config import checks
from tests import build
from tests.sync import folders, securityserver
from tests.sync.folders import standing
from tests.sync.securityserver import CLIENT, SERVICE, SecurityServer
from tests.sync.test_relay import SOON, at

pytestmark = pytest.mark.django_db


@pytest.fixture
def road(reference: ReferenceServer, settings: Settings) -> Iterator[SecurityServer]:
    """The way to the reference receiver goes through a security server."""
    with securityserver.running(reference.address) as road:
        settings.NATIONAL_SERVICE_URL = road.url
        settings.NATIONAL_SERVICE_XROAD_CLIENT = CLIENT
        settings.NATIONAL_SERVICE_XROAD_USER = "portal"
        settings.NATIONAL_SERVICE_TOKEN = "example-token"
        yield road


def received(reference: ReferenceServer, case: Case) -> list[str]:
    """The kinds of the events that are at the receiver, in order."""
    return [row["kind"] for row in reference.store.events(str(case.external_id))]


# --- what goes over it -----------------------------------------------------------------------------------------------------


def test_case_arrives_over_x_road_with_its_headers(road: SecurityServer, reference: ReferenceServer) -> None:
    case = folders.handled(folders.with_file())

    counts = relay.run_once(SOON)

    assert (counts.delivered, received(reference, case)) == (2, ["received", "take_up"])
    assert [one.method for one in road.passed] == ["PUT", "PUT", "POST", "POST"]
    for one in road.passed:
        assert one.path.startswith(f"/r1/{SERVICE}/commondata/{case.external_id}")
        assert one.road["X-Road-Client"] == CLIENT
        assert one.road["X-Road-UserId"] == "portal"
        assert one.road["X-Road-Issue"] == case.number
        assert one.token == "Bearer example-token"
    assert len({uuid.UUID(one.road["X-Road-Id"]) for one in road.passed}) == 4


def test_each_attempt_has_an_id_of_its_own_and_it_is_in_the_log(
    road: SecurityServer, caplog: pytest.LogCaptureFixture
) -> None:
    case = build.case()
    road.says.append("Server.ServerProxy.NetworkError")
    caplog.set_level(logging.INFO, logger="apps.sync.receivers.national")

    relay.run_once(SOON)
    relay.run_once(at(2))

    ids = [one.road["X-Road-Id"] for one in road.passed]
    lines = [line for line in caplog.messages if "X-Road-Id" in line]
    assert len(set(ids)) == len(ids) == 3
    assert [line.rpartition(" ")[2] for line in lines] == ids
    assert all(str(case.external_id) in line and str(case.events.get().key) in line for line in lines)
    assert "Server.ServerProxy.NetworkError" in lines[0]


def test_nothing_is_logged_of_each_request_without_x_road(
    reference: ReferenceServer, caplog: pytest.LogCaptureFixture
) -> None:
    build.case()
    caplog.set_level(logging.INFO, logger="apps.sync.receivers.national")

    assert relay.run_once(SOON).delivered == 1
    assert not [line for line in caplog.messages if "X-Road-Id" in line]


def test_ledger_is_asked_over_x_road(road: SecurityServer) -> None:
    build.case()
    relay.run_once(SOON)

    found = reconcile.reconcile(at(2))

    assert found.is_green
    assert road.passed[-1].path.startswith(f"/r1/{SERVICE}/commondata?")
    assert road.passed[-1].road.keys() == {"X-Road-Client", "X-Road-Id", "X-Road-UserId"}


# --- its own errors --------------------------------------------------------------------------------------------------------

OWN = [
    "Server.ServerProxy.NetworkError",
    "Server.ServerProxy.ServiceFailed.InternalError",
    "Server.ServerProxy.AccessDenied",
    "Server.ServerProxy.UnknownService",
    "Server.ClientProxy.NetworkError",
    "Server.ClientProxy.SslAuthenticationFailed",
    "Server.ClientProxy.UnknownMember",
    "Client.BadRequest",
    "client.bad_request",
    "server.server_proxy.network_error",
]


# Behind a proxy that drops the header the body alone says so.
NAMELESS = [(kind, True) for kind in ("Server.ServerProxy.NetworkError", "Client.BadRequest")]


@pytest.mark.thorough
@pytest.mark.parametrize(("kind", "nameless"), [*((kind, False) for kind in OWN), *NAMELESS])
def test_error_of_x_road_is_later_and_never_a_refusal(road: SecurityServer, kind: str, nameless: bool) -> None:
    case = build.case()
    road.says.append(kind)
    road.nameless = nameless

    assert relay.run_once(SOON).later == 1

    assert Delivery.objects.get().last_error.endswith(f"of X-Road, not of the receiver: {kind}")
    assert relay.run_once(at(2)).delivered == 1
    assert standing(case) == ["delivered"]


@pytest.mark.thorough
@pytest.mark.parametrize("step", range(3))
def test_error_of_x_road_after_the_receiver_took_it_doubles_nothing(
    road: SecurityServer, reference: ReferenceServer, step: int
) -> None:
    case = folders.with_file()
    road.lost = deque([""] * step + ["Server.ClientProxy.NetworkError"])

    relay.run_once(SOON)
    relay.run_once(at(2))

    assert standing(case) == ["delivered"]
    assert received(reference, case) == ["received"]


def test_refusal_of_the_receiver_is_told_apart(road: SecurityServer, reference: ReferenceServer) -> None:
    case = build.case()
    refused = build.case(by=build.customer("Other"))
    key = str(refused.events.get().key)
    with reference.store.transaction():
        reference.store.remember_answer(key, "something else", "sha-256:0", "{}", "2027-03-01T09:30:00.000000Z")

    relay.run_once(SOON)

    assert (standing(case), standing(refused)) == (["delivered"], ["refused"])
    assert "X-Road" not in Delivery.objects.get(case=refused).last_error


def test_who_is_not_let_in_is_told_to_the_operator(road: SecurityServer, caplog: pytest.LogCaptureFixture) -> None:
    build.case()
    road.says.append("Server.ServerProxy.AccessDenied")

    relay.run_once(SOON)

    assert any("lets nothing in" in line and "AccessDenied" in line for line in caplog.messages)


def test_what_is_out_of_order_for_a_while_is_not(road: SecurityServer, caplog: pytest.LogCaptureFixture) -> None:
    build.case()
    road.says.append("Server.ServerProxy.NetworkError")

    relay.run_once(SOON)

    assert not any("lets nothing in" in line for line in caplog.messages)


def test_ledger_that_x_road_does_not_bring_says_so(road: SecurityServer) -> None:
    road.says.append("Server.ServerProxy.NetworkError")

    found = reconcile.reconcile(at(2))

    assert not found.is_green
    assert "of X-Road, not of the receiver: Server.ServerProxy.NetworkError" in found.trouble


def test_what_an_error_quotes_is_not_repeated(road: SecurityServer) -> None:
    assert xroad.error_kind(500, {"X-Road-Error": "<Example Customer>"}, None) == "unnamed"
    assert xroad.error_kind(500, {"X-Road-Error": "no word"}, {"type": "Server.X"}) == "Server.X"


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (200, {"type": "Server.X"}),
        (422, {"type": "urn:forenklad-e-tjanst:problem:invalid"}),
        (500, {"type": 1}),
        (500, None),
    ],
)
def test_answer_of_the_receiver_is_no_error_of_x_road(status: int, document: Any) -> None:
    assert xroad.error_kind(status, {}, document) == ""


# --- certificates ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority of its own making, with a certificate for the server, one for the client, and one that nobody trusts."""
    folder = tmp_path_factory.mktemp("certificates")
    issuer, key = _certificate("Test authority")
    _write(folder / "ca", issuer, key)
    for name in ("server", "client"):
        _write(folder / name, *_certificate(name, issuer, key))
    _write(folder / "stranger", *_certificate("stranger"))
    return folder


def _certificate(
    name: str, issuer: x509.Certificate | None = None, issuers: ec.EllipticCurvePrivateKey | None = None
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(issuers or key, hashes.SHA256())
    )
    return made, key


def _write(path: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    path.with_suffix(".pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    path.with_suffix(".key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


@pytest.fixture
def strict_road(
    road: SecurityServer, reference: ReferenceServer, certificates: Path, settings: Settings
) -> Iterator[SecurityServer]:
    """A security server that lets in only whom it knows by certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificates / "ca.pem"))
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    context.verify_mode = ssl.CERT_REQUIRED
    with securityserver.running(reference.address, context) as strict:
        settings.NATIONAL_SERVICE_URL = strict.url
        settings.NATIONAL_SERVICE_CA = str(certificates / "ca.pem")
        yield strict


def shown(settings: Settings, certificates: Path, name: str) -> None:
    settings.NATIONAL_SERVICE_CERTIFICATE = str(certificates / f"{name}.pem")
    settings.NATIONAL_SERVICE_CERTIFICATE_KEY = str(certificates / f"{name}.key")


def test_security_server_knows_us_by_certificate(
    strict_road: SecurityServer, certificates: Path, settings: Settings
) -> None:
    shown(settings, certificates, "client")
    case = folders.handled(folders.with_file())

    assert relay.run_once(SOON).delivered == 2
    assert standing(case) == ["delivered", "delivered"]
    assert reconcile.reconcile(at(2)).is_green
    assert checks.check_national_service() == []


@pytest.mark.parametrize("name", ["", "stranger"])
def test_without_the_right_certificate_everything_waits(
    strict_road: SecurityServer, certificates: Path, settings: Settings, name: str
) -> None:
    if name:
        shown(settings, certificates, name)
    case = build.case()

    relay.run_once(SOON)

    assert standing(case) == ["waiting"]
    assert strict_road.passed == []
    assert not reconcile.reconcile(at(2)).is_green


def test_server_that_is_not_trusted_is_told_nothing(
    strict_road: SecurityServer, certificates: Path, settings: Settings
) -> None:
    shown(settings, certificates, "client")
    settings.NATIONAL_SERVICE_CA = str(certificates / "stranger.pem")
    case = build.case()

    assert relay.run_once(SOON).later == 1
    assert (standing(case), strict_road.passed) == (["waiting"], [])


def test_certificate_that_cannot_be_read_stops_nothing_for_good(
    strict_road: SecurityServer,
    certificates: Path,
    settings: Settings,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    shown(settings, tmp_path, "renewed")
    build.case()

    assert relay.run_once(SOON).later == 1
    assert any("the certificate, its key" in line for line in caplog.messages)
    for end in (".pem", ".key"):
        (tmp_path / f"renewed{end}").write_bytes((certificates / f"client{end}").read_bytes())
    assert relay.run_once(at(2)).delivered == 1


# --- check --deploy ------------------------------------------------------------------------------------------------------------

ADDRESS = f"https://security.example/r1/{SERVICE}"


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"NATIONAL_SERVICE_URL": ADDRESS}, "XROAD_CLIENT is missing"),
        ({"NATIONAL_SERVICE_URL": ADDRESS, "NATIONAL_SERVICE_XROAD_CLIENT": "portal"}, "is not INSTANCE/CLASS/MEMBER"),
        ({"NATIONAL_SERVICE_XROAD_CLIENT": CLIENT}, "no address of a security server"),
        ({"NATIONAL_SERVICE_XROAD_USER": "portal"}, "of no use without"),
        ({"NATIONAL_SERVICE_CERTIFICATE": "/not/there.pem"}, "cannot be used, so nothing is sent: FileNotFoundError"),
        ({"NATIONAL_SERVICE_CERTIFICATE": __file__}, "cannot be used, so nothing is sent: SSLError"),
        ({"NATIONAL_SERVICE_CA": "/not/there.pem"}, "cannot be used"),
        ({"NATIONAL_SERVICE_CERTIFICATE_KEY": "/a.key"}, "the key alone"),
        (
            {"NATIONAL_SERVICE_URL": "http://national.example", "NATIONAL_SERVICE_CERTIFICATE": "/a"},
            "is not shown to anybody",
        ),
    ],
)
def test_check_says_what_is_wrong_with_the_way(settings: Settings, said: dict[str, str], word: str) -> None:
    settings.NATIONAL_SERVICE_URL = "https://national.example"
    for name, value in said.items():
        setattr(settings, name, value)

    assert any(word in str(one.msg) for one in checks.check_national_service())


def test_check_is_content_with_a_right_way(settings: Settings) -> None:
    settings.NATIONAL_SERVICE_URL, settings.NATIONAL_SERVICE_XROAD_CLIENT = ADDRESS, CLIENT

    assert checks.check_national_service() == []
