"""Loads the example authorities, their people and the services of the library, so that a newcomer has something to try."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError, no_translations
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from apps.people.models import Authority, Membership, User
from apps.services import publishing
from apps.services.definition import load
from apps.services.exchange import import_service
from apps.services.library import FOLDER as LIBRARY
from apps.services.models import Service, Version
from apps.services.reading import Unreadable

PASSWORD = "only-for-demo"  # noqa: S105 (known to all, hence the refusal without DEBUG)
Role, Kind = Membership.Role, Authority.Kind
MORE: list[
    Callable[[], None]
] = []  # what floors above have in an example installation: they say so when the house is set up

# What the library's files said in earlier releases, by their digests: whoever has one of these as it came gets the new one.
# When a file changes, the digest it had in the last release is added here.
SHIPPED_EARLIER = {
    "noise-notification": {
        "fa2bc310575f8d23380b5c1b747eb41b32ff7ff49f862047ff0d6c67a4cfb280",
        "3663e724a80acac7a80bd97b066d82ab40a39862beab8e23277de0c0c07cef5d",
        "5550c0ba5e8e95589aa9d4373284561f7484280d1729cce8b2085b470785ebb3",
    },
    "public-event": {
        "d3ce0e268d07232e367a21956ded751db06459db411a7c5edbea495aae926e35",
        "9dad4afb8c51e0765bb681c5124dba90894499e04e7069af9964ebc5f99f84d5",
        "0ab33f28856e97348a44ddac13ad098c7b64055c6be531d9518f9dd7e5097634",
    },
    "rescue-plan": {
        "c749140d62ee9c1cf25667561bb56d599b442fc0441ea41e42b089091f7b3a73",
        "3e468ff6624658f4e0e5bcab9081e60a162d62099296f86b5b9b820cde62276d",
        "8989115d4b16469bb8d9c63a56a3372b1eb3dfff9de85e54e62155b5e991e6b7",
    },
}


class ExampleAuthority(NamedTuple):
    """An authority that nobody can take for a real one."""

    key: str
    kind: Authority.Kind
    sv: str
    fi: str
    en: str
    municipality_codes: list[str]
    email: str
    colour: str


class ExampleUser(NamedTuple):
    """Somebody who can sign in at the desk, and what they do there."""

    username: str
    family_name: str
    authority: str
    roles: tuple[Membership.Role, ...]
    what: str


AUTHORITIES = (
    ExampleAuthority(
        "example-police",
        Kind.POLICE,
        "Exempelpolisen",
        "Esimerkkipoliisi",
        "Example police",
        [],
        "police@example.com",
        "#3b6fb5",
    ),
    ExampleAuthority(
        "example-rescue",
        Kind.RESCUE,
        "Exempelregionens räddningsverk",
        "Esimerkkialueen pelastuslaitos",
        "Example region rescue department",
        ["049", "091", "092", "235", "638", "753"],
        "rescue@example.com",
        "#c4511c",
    ),
    ExampleAuthority(
        "example-town",
        Kind.MUNICIPALITY,
        "Exempelstadens miljömyndighet",
        "Esimerkkikaupungin ympäristöviranomainen",
        "Example town environmental authority",
        ["638", "753"],
        "environment@example.com",
        "#2f8559",
    ),
    ExampleAuthority(
        "example-state",
        Kind.STATE,
        "Exempelmyndigheten för tillstånd",
        "Esimerkkilupavirasto",
        "Example licensing agency",
        [],
        "licences@example.com",
        "#8a5fb0",
    ),
    ExampleAuthority(
        "example-producer",
        Kind.STATE,
        "Exempeltjänstens producent",
        "Esimerkkipalvelun tuottaja",
        "Example service producer",
        [],
        "producer@example.com",
        "#617180",
    ),
)
USERS = (
    ExampleUser("admin", "Admin", "", (), "looks after authorities, people and services; sees no cases"),
    ExampleUser("handler-police", "Polis", "example-police", (Role.HANDLER,), "handles cases of the Example police"),
    ExampleUser("handler-rescue", "Räddning", "example-rescue", (Role.HANDLER,), "handles cases of the Example rescue"),
    ExampleUser("handler-town", "Stad", "example-town", (Role.HANDLER,), "handles cases of the Example town"),
    ExampleUser("handler-state", "Tillstånd", "example-state", (Role.HANDLER,), "handles cases of the Example agency"),
    ExampleUser(
        "designer-town",
        "Tjänst",
        "example-town",
        (Role.DESIGNER, Role.MANAGER),
        "defines the services of the Example town and manages its cases",
    ),
    ExampleUser(
        "designer-state",
        "Utformning",
        "example-state",
        (Role.DESIGNER, Role.MANAGER),
        "defines the services of the Example agency and manages its cases",
    ),
    ExampleUser(
        "handler-producer",
        "Producent",
        "example-producer",
        (Role.HANDLER, Role.DESIGNER),
        "accepts authorities that join, and defines the surveys",
    ),
)
JOINING = "joining"  # the form by which authorities join: accepting a case of it creates one


class Command(BaseCommand):
    """`manage.py demo`."""

    help = (
        "Load example authorities, users with known passwords and the services of the library. What is there already "
        "stays as it is, but services that are as an earlier release brought them get their new version. Refuses when "
        "DEBUG is off."
    )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        """Make what is missing, all or nothing, and say how to sign in."""
        if not settings.DEBUG:
            raise CommandError(
                "demo makes users whose passwords everybody knows, so it works only where DEBUG is on. Nothing was done."
            )
        try:
            with transaction.atomic():
                make_authorities()
                make_users()
                notes = list(publish_library())
                for add in MORE:
                    add()
        except Unreadable as e:
            raise CommandError("The services were not loaded:\n" + "\n".join(f"  {p}" for p in e.problems)) from None
        self.stdout.write("\n".join([*sign_ins(), *notes]))


def make_authorities() -> None:
    """Make the authorities that are missing."""
    there = set(Authority.objects.values_list("key", flat=True))
    for example in AUTHORITIES:
        if example.key not in there:
            Authority.objects.create(
                key=example.key,
                kind=example.kind,
                name_sv=example.sv,
                name_fi=example.fi,
                name_en=example.en,
                municipality_codes=example.municipality_codes,
                email=example.email,
                colour=example.colour,
            )


def make_users() -> None:
    """Make the users that are missing. Hashing is slow by design, so the one password is hashed once."""
    there = set(User.objects.values_list("username", flat=True))
    missing = [example for example in USERS if example.username not in there]
    if not missing:
        return
    hashed = make_password(PASSWORD)
    authorities = {authority.key: authority for authority in Authority.objects.all()}
    for example in missing:
        user = User.objects.create(
            username=example.username,
            password=hashed,
            first_name="Testperson",
            last_name=example.family_name,
            is_staff=True,
            is_superuser=not example.authority,
        )
        for role in example.roles:
            Membership.objects.create(user=user, authority=authorities[example.authority], role=role)


def publish_library() -> Iterator[str]:
    """Publish the library's services that are missing or as shipped earlier; say which ones go on with a definition of their own."""
    newest_of = {version.service.key: version for version in newest_versions()}
    for file, text in library_services():
        newest = newest_of.get(file.stem)
        if newest and newest.document != text and not is_as_shipped(newest):
            yield f"{file.stem} keeps version {newest.number}, which is not the one in {file.name}."
        elif newest is None or newest.document != text or newest.service.published_id is None:
            version, _is_new = import_service(text)
            publishing.publish(version, by=None)
            if newest is None and file.stem == JOINING:
                Service.objects.filter(pk=version.service_id).update(joins_authorities=True)


def library_services() -> Iterator[tuple[Path, str]]:
    """The files of the library that an example authority can offer, with their texts. Other documents may lie beside them."""
    examples = {example.key for example in AUTHORITIES}
    for file in sorted(LIBRARY.glob("*.json")):
        text = file.read_bytes().decode("utf-8")
        document = load(text)
        if isinstance(document, dict) and document.get("authority") in examples and document.get("key") == file.stem:
            yield file, text


def newest_versions() -> QuerySet[Version]:
    """The newest version of each service, with the service."""
    later = Version.objects.filter(service=OuterRef("service"), number__gt=OuterRef("number"))
    return Version.objects.filter(~Exists(later)).select_related("service")


def is_as_shipped(newest: Version) -> bool:
    """Whether the newest version is the library's own of an earlier release, and nobody has chosen to publish another one."""
    as_it_came = newest.digest in SHIPPED_EARLIER.get(newest.service.key, ())
    return as_it_came and newest.service.published_id in (None, newest.pk)


def sign_ins() -> Iterator[str]:
    """The demo sign-ins as a table."""
    rows = [("User", "Password", "What they do"), *((user.username, PASSWORD, user.what) for user in USERS)]
    for username, password, what in rows:
        yield f"{username:<20}{password:<16}{what}"
