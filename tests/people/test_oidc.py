"""What is kept of what a provider says of a person, and of which provider settings one is told before it is too late."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from apps.people import sealing
from apps.people.identification import available_ways, openid, strongly_known
from apps.people.identification.oidc import EIDAS, OpenIDConnect, Unknown
from apps.people.models import Customer
from apps.people.standin.people import ALFA, BETA
from tests.config.test_settings import PRODUCTION, manage
from tests.provider import StandIn

CODE = "urn:oid:1.2.246.21"
PROTECTED = "urn:oid:1.2.246.517.2002.2.27"
ISSUER = "https://provider.example"
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def _provider(settings: Settings) -> None:
    settings.ACCEPT_TEST_CODES = True
    settings.OIDC = {**settings.OIDC, "issuer": ISSUER}


def claims(**more: Any) -> dict[str, Any]:
    return {"sub": "s-1", "given_name": "Test", "family_name": "Alfa", CODE: ALFA.code, **more}


def without(name: str, **more: Any) -> dict[str, Any]:
    return {key: value for key, value in claims(**more).items() if key != name}


# --- who it is -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestIdentify:
    """From claims to a customer."""

    def test_customer_is_known_by_the_code_whatever_else_changes(self) -> None:
        first = OpenIDConnect.identify(claims())

        again = OpenIDConnect.identify(claims(sub="s-2", given_name="New", **{CODE: ALFA.code.lower()}))

        assert again.pk == first.pk
        assert again.name == "New Alfa"
        assert strongly_known(again)

    def test_code_is_sealed_and_the_identifier_is_an_index_of_it(self) -> None:
        customer = OpenIDConnect.identify(claims())

        assert customer.subject == sealing.index(ALFA.code)
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM people_customer")
            assert ALFA.code not in str(cursor.fetchall())
        customer.refresh_from_db()
        assert customer.identity_code == ALFA.code

    def test_customer_is_found_under_an_older_key_and_moves_to_the_newest(self, settings: Settings) -> None:
        settings.IDENTITY_CODE_KEYS = ["the key of last year, which is long enough"]
        before = OpenIDConnect.identify(claims())
        settings.IDENTITY_CODE_KEYS = ["the key of this year, which is long enough", *settings.IDENTITY_CODE_KEYS]

        after = OpenIDConnect.identify(claims())

        assert after.pk == before.pk
        assert after.subject == sealing.index(ALFA.code)

    def test_nothing_more_than_needed_is_kept(self) -> None:
        more = {
            "birthdate": "1980-01-01",
            "gender": "x",
            "address": {"locality": "Examplby"},
            "phone_number": "+358501",
        }
        customer = OpenIDConnect.identify(claims(**more))

        kept = {field.name: str(getattr(customer, field.name)) for field in Customer._meta.concrete_fields}
        assert not [value for value in kept.values() if "1980" in value or "Examplby" in value or "+358501" in value]

    @pytest.mark.parametrize(
        ("said", "protected"), [("1", True), (1, True), (True, True), ("0", False), (False, False)]
    )
    def test_protection_order_is_what_was_said_last(self, said: Any, protected: bool) -> None:
        OpenIDConnect.identify(claims(**{PROTECTED: "0" if protected else "1"}))

        assert OpenIDConnect.identify(claims(**{PROTECTED: said})).protected is protected

    def test_protection_order_stays_when_nothing_is_said_of_it(self) -> None:
        OpenIDConnect.identify(claims(**{PROTECTED: "1"}))

        assert OpenIDConnect.identify(claims()).protected

    def test_person_of_eidas_is_known_by_the_identifier_of_their_country(self) -> None:
        person = {
            f"{EIDAS}PersonIdentifier": "XE/FI/1",
            f"{EIDAS}CurrentGivenName": "Test",
            f"{EIDAS}CurrentFamilyName": "Epsilon",
            f"{EIDAS}DateOfBirth": "1980-01-01",
        }
        first = OpenIDConnect.identify({"sub": "s-1", **person})

        assert OpenIDConnect.identify({"sub": "s-2", **person}).pk == first.pk
        assert (first.name, first.identity_code) == ("Test Epsilon", "")
        assert OpenIDConnect.identify({"sub": "s-1", **person, f"{EIDAS}PersonIdentifier": "XE/FI/2"}).pk != first.pk

    def test_person_without_any_identifier_is_known_by_what_this_provider_calls_them(self, settings: Settings) -> None:
        first = OpenIDConnect.identify(without(CODE))
        assert OpenIDConnect.identify(without(CODE)).pk == first.pk

        settings.OIDC = {**settings.OIDC, "issuer": "https://other.example"}
        assert OpenIDConnect.identify(without(CODE)).pk != first.pk

    def test_no_other_identifier_leads_to_the_cases_of_a_code(self) -> None:
        known = OpenIDConnect.identify(claims())

        assert OpenIDConnect.identify(without(CODE, sub=ALFA.code)).pk != known.pk
        assert OpenIDConnect.identify(without(CODE, PersonIdentifier=ALFA.code)).pk != known.pk

    @pytest.mark.parametrize(
        ("names", "name"),
        [
            ({"given_name": "Test"}, "Test"),
            ({"family_name": "Alfa"}, "Alfa"),
            ({"name": "Test Alfa"}, "Test Alfa"),
            ({"urn:oid:2.5.4.42": "Test", "urn:oid:2.5.4.4": "Alfa"}, "Test Alfa"),
            ({"given_name": " Test\0 \n X ", "family_name": "å" * 150}, "Test X " + "å" * 100),
        ],
    )
    def test_names_by_any_of_their_names(self, names: dict[str, str], name: str) -> None:
        assert OpenIDConnect.identify({"sub": "s-1", CODE: ALFA.code, **names}).name == name

    @pytest.mark.parametrize(
        "said",
        [
            {"sub": "s-1", CODE: ALFA.code},
            {"sub": "s-1", CODE: ALFA.code, "given_name": " ", "family_name": ["x"]},
            {"given_name": "Test"},
            {**claims(), CODE: "010180-900X"},
        ],
    )
    def test_who_cannot_be_known_is_nobody(self, said: dict[str, Any]) -> None:
        with pytest.raises(Unknown):
            OpenIDConnect.identify(said)
        assert not Customer.objects.exists()

    def test_artificial_codes_are_nobody_where_they_are_not_accepted(self, settings: Settings) -> None:
        settings.ACCEPT_TEST_CODES = False

        with pytest.raises(Unknown):
            OpenIDConnect.identify(claims())

    def test_address_is_taken_only_while_there_is_none(self) -> None:
        assert OpenIDConnect.identify(claims(email="first@example.com")).email == "first@example.com"
        assert OpenIDConnect.identify(claims(email="second@example.com")).email == "first@example.com"

    @pytest.mark.parametrize(
        "said",
        [{"email": "a@example.com", "email_verified": False}, {"email": "not one"}, {"email": ["a@example.com"]}],
    )
    def test_doubtful_address_is_not_taken(self, said: dict[str, Any]) -> None:
        assert OpenIDConnect.identify(claims(**said)).email == ""

    def test_two_first_sign_ins_at_once_are_one_customer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        other = Customer.objects.create(way="oidc", subject=sealing.index(BETA.code), created_at=timezone.now())
        monkeypatch.setattr(OpenIDConnect, "_found", classmethod(lambda _cls, _by: None))

        assert OpenIDConnect.identify(claims(**{CODE: BETA.code})).pk == other.pk


def test_way_exists_where_a_provider_is_set(settings: Settings) -> None:
    assert OpenIDConnect in available_ways()

    settings.OIDC = {**settings.OIDC, "issuer": ""}
    assert OpenIDConnect not in available_ways()


# --- settings and keys -----------------------------------------------------------------------------------------------

SET = {"OIDC_ISSUER": ISSUER, "OIDC_CLIENT_ID": "us", "OIDC_CLIENT_SECRET": "of no use"}


@pytest.mark.thorough
@pytest.mark.parametrize("prefix", ["", "OFFICIALS_"])
@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"OIDC_ISSUER": "http://provider.example"}, "OIDC_ISSUER does not begin with https://"),
        ({"OIDC_CLIENT_ID": ""}, "OIDC_CLIENT_ID is missing"),
        ({"OIDC_CLIENT_SECRET": ""}, "OIDC_CLIENT_SECRET is missing"),
        ({"OIDC_ENCRYPTED_TOKEN": "on"}, "OIDC_KEYS_FILE cannot be read: "),
        ({"OIDC_PRIVATE_KEY_JWT": "on", "OIDC_KEYS_FILE": "/nowhere"}, "OIDC_KEYS_FILE cannot be read: "),
        ({"OIDC_KEYS_FILE": "/nowhere"}, "OIDC_KEYS_FILE cannot be read."),
    ],
)
def test_half_set_provider_refuses_to_start_in_words(
    tmp_path: Path, prefix: str, change: dict[str, str], word: str
) -> None:
    given = {f"{prefix}{name}": value for name, value in {**SET, **change}.items()}

    ended = manage(tmp_path, "check", **PRODUCTION, **given)

    assert ended.returncode != 0
    assert prefix + word in ended.stderr


@pytest.mark.thorough
def test_provider_is_a_way_for_the_public(tmp_path: Path) -> None:
    ended = manage(tmp_path, "check", "--deploy", **PRODUCTION, **SET)

    assert "config.W003" not in ended.stderr


@pytest.mark.parametrize("prefix", ["OIDC", "OFFICIALS_OIDC"])
def test_every_setting_of_a_provider_is_described(settings: Settings, prefix: str) -> None:
    described = (ROOT / "docs" / "settings.md").read_text("utf-8")

    names = [f"{prefix}_{name.upper()}" for name in getattr(settings, prefix)]
    assert [name for name in names if f"`{name}`" not in described] == []


def test_made_keys_are_private_and_one_of_each_use(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    call_command("oidc_keys", path, verbosity=0)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    keys = json.loads(path.read_text())["keys"]
    assert [(key["use"], key["alg"], "d" in key) for key in keys] == [
        ("sig", "RS256", True),
        ("enc", "RSA-OAEP-256", True),
    ]
    with pytest.raises(CommandError):
        call_command("oidc_keys", path, verbosity=0)


def test_customers_and_officials_keys_are_published_once(settings: Settings, standin: StandIn) -> None:
    settings.OIDC = standin.facts("private_key_jwt")
    settings.OFFICIALS_OIDC = standin.facts("private_key_jwt", officials=True)

    assert len(openid.public_keys()["keys"]) == 2
