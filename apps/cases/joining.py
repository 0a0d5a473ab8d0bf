"""Joining: accepting an authority's joining form creates the authority, its first people, its addresses and its services in one step.

The form is a service like any other, whose questions are known here by their keys (`services/library/joining.json`). Only of a service for
which that has been allowed (`Service.joins_authorities`) can a case be accepted so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from apps.cases import intake
from apps.cases.models import Case, Event
from apps.cases.rulebook import NotAllowed, Status
from apps.people import access
from apps.people.access import Visitor
from apps.people.models import Authority, Membership, User
from apps.people.municipalities import all_municipalities
from apps.services import library, working
from apps.services.changes import VALUE_WORDS
from apps.services.definition import CONNECTIONS
from apps.services.models import Service
from apps.services.texts import LANGUAGES, Texts

ONCE = "joining"  # by which the lines of the diary are known that were written when the case was accepted
LONGEST_KEY = 40  # so that the services' keys, which end with it, have room
LONGEST_USERNAME = 150
NAMES = ("authority_name_sv", "authority_name_fi", "authority_name_en")
NEEDED = (*NAMES, "authority_kind", "authority_email", "people", "items")
POSITIVE = {
    "permit": "granted",
    "notification": "accepted",
    "plan": "checked",
    "registration": "registered",
    "supervision": "supervised",
}
# Åland has its own authorities for all of this, and is left out of the national service.
ALAND = frozenset(
    ("035", "043", "060", "062", "065", "076", "170", "295", "318", "417", "438", "478", "736", "766", "771", "941")
)
KEY_IN_BRACKETS = re.compile(r"\(([a-z0-9-]+)\)$")


@dataclass(frozen=True)
class Person:
    """One of the first people: they get a user at the desk, and these roles."""

    given_name: str
    family_name: str
    email: str
    roles: tuple[str, ...]

    @property
    def username(self) -> str:
        """By what they sign in: their e-mail address."""
        return self.email

    @property
    def role_words(self) -> list[str]:
        """The roles in words."""
        return [str(Membership.Role(role).label) for role in self.roles]


@dataclass(frozen=True)
class Item:
    """A service that is taken into use: after which one of the library, under which key, how it is connected, who is told."""

    entry: str
    key: str
    name: Texts
    connection: str
    email: str

    @property
    def connection_words(self) -> str:
        """The connection method in words."""
        return str(VALUE_WORDS["connection"][self.connection])


@dataclass(frozen=True)
class Plan:
    """What accepting a case creates."""

    key: str
    kind: str
    names: dict[str, str]
    email: str
    municipality_codes: tuple[str, ...]
    people: tuple[Person, ...]
    items: tuple[Item, ...]
    lacks: tuple[str, ...]  # the questions without an answer, or with one that means nothing here

    @property
    def has_designer(self) -> bool:
        """Whether one of its people can publish the services."""
        return any(Membership.Role.DESIGNER in person.roles for person in self.people)

    @property
    def kind_words(self) -> str:
        """What sort of authority, in words."""
        return str(Authority.Kind(self.kind).label) if self.kind else ""

    @property
    def municipalities(self) -> list[str]:
        """The names of the municipalities that it serves."""
        known = all_municipalities()
        language = get_language() or "sv"
        return [known[code].name(language) if code in known else code for code in self.municipality_codes]


class NotPossible(NotAllowed):
    """The authority cannot be created like this. `reasons` says everything that stands in the way."""

    def __init__(self, reasons: list[str]) -> None:
        self.reasons = reasons
        super().__init__(" ".join(reasons))


# --- who may, and what was done --------------------------------------------------------------------------------------


def may_accept(case: Case, by: Visitor) -> bool:
    """Whether an official may let an authority join by this case: they handle it, and its service is one for that."""
    return case.service.joins_authorities and not case.is_test and access.may_handle(by, case.service)


def told(case: Case) -> Event | None:
    """The line of the diary that tells what was created, when the case has been accepted."""
    officials = User.objects.filter(pk__in=case.events.filter(kind="note").values("by_official"))
    return next((line for by in officials if (line := case.taken_already("note", by=by, once=ONCE))), None)


def joined(case: Case) -> Authority | None:
    """The authority that accepting the case has created; None before that."""
    line = told(case)
    found = KEY_IN_BRACKETS.search(str(line.data["text"]).partition("\n")[0]) if line else None
    return Authority.objects.filter(key=found[1]).first() if found else None


# --- what will be created --------------------------------------------------------------------------------------------


def plan_of(case: Case, key: str = "") -> Plan:
    """What the answers of a case ask for, under a key that the official has chosen, or one made of the name."""
    return planned(intake.latest_answers(case), key)


def planned(answers: Mapping[str, Any], key: str = "") -> Plan:
    """The same of answers, whatever they are."""
    names = {language: str(answers.get(f"authority_name_{language}") or "").strip() for language in LANGUAGES}
    key = key or free_key(names["sv"])
    people, items = tuple(_people(answers)), tuple(_items(answers, key))
    kind = answers.get("authority_kind")
    lacking = [name for name in NEEDED if not answers.get(name)]
    lacking += [f"authority_name_{language}" for language, name in names.items() if not name]
    lacking += [name for name, found in (("people", people), ("items", items)) if not found]
    if answers.get("accepts_terms") is not True:
        lacking.append("accepts_terms")
    if kind not in Authority.Kind.values:
        lacking.append("authority_kind")
    return Plan(
        key=key,
        kind=kind if kind in Authority.Kind.values else "",
        names=names,
        email=str(answers.get("authority_email") or ""),
        municipality_codes=tuple(dict.fromkeys(_municipalities(answers))),
        people=people,
        items=items,
        lacks=tuple(dict.fromkeys(lacking)),
    )


def free_key(name: str) -> str:
    """A key made of a name that no authority has yet."""
    plain = slugify(name)[:LONGEST_KEY].strip("-") or "authority"
    plain = re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "authority"
    taken = set(Authority.objects.filter(key__startswith=plain[: LONGEST_KEY - 3]).values_list("key", flat=True))
    numbered = (f"{plain[: LONGEST_KEY - 3]}-{n}" for n in range(2, 100))
    return next((key for key in (plain, *numbered) if key not in taken), plain)


def _rows(answers: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    rows = answers.get(key)
    yield from (row for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ()


def _words(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _municipalities(answers: Mapping[str, Any]) -> Iterator[str]:
    for row in _rows(answers, "served_municipalities"):
        if code := row.get("served_municipality"):
            yield str(code)


def _people(answers: Mapping[str, Any]) -> Iterator[Person]:
    """Each person once: whoever is written twice has the roles of both rows."""
    found: dict[str, Person] = {}
    for row in _rows(answers, "people"):
        email = str(row.get("email") or "").strip().lower()
        roles = [role for role in Membership.Role.values if role in _words(row.get("roles"))]
        before = found.get(email)
        both = dict.fromkeys([*(before.roles if before else ()), *roles])
        given, family = (str(row.get(name) or "").strip() for name in ("given_name", "family_name"))
        if email and both:
            found[email] = Person(given, family, email, tuple(both))
    yield from found.values()


def _items(answers: Mapping[str, Any], key: str) -> Iterator[Item]:
    differ = {str(row.get("item")): row for row in _rows(answers, "item_settings")}
    usual = answers.get("connection")
    for value in _words(answers.get("items")):
        entry = value.replace("_", "-")
        known = library.entries().get(entry)
        if known is None:
            continue
        own = differ.get(value, {})
        method = own.get("item_connection") or usual
        yield Item(
            entry=entry,
            key=f"{entry}-{key}",
            name=known.definition.name,
            connection=method if method in CONNECTIONS else CONNECTIONS[0],
            email=str(own.get("item_email") or ""),
        )


# --- what stands in the way ------------------------------------------------------------------------------------------


def obstacles(case: Case, plan: Plan) -> list[str]:
    """Why the plan cannot be carried out, in words: what is missing, and what is taken."""
    fields = case.application.version.definition.fields
    asked = (fields[name].label.said() if name in fields else name for name in plan.lacks)
    found = [_("The answer is missing or cannot be used: %(question)s.") % {"question": one} for one in asked]
    return [*found, *_taken(plan), *_wrong(plan)]


def _wrong(plan: Plan) -> Iterator[str]:
    try:
        Authority._meta.get_field("key").run_validators(plan.key)
    except ValidationError:
        yield _("Write the key with lower-case letters a–z, digits and single hyphens.")
    if len(plan.key) > LONGEST_KEY:
        yield _("The key may have at most %(most)d characters.") % {"most": LONGEST_KEY}
    if ALAND.intersection(plan.municipality_codes):
        yield _("Authorities in Åland cannot join.")
    for email in [plan.email, *(person.email for person in plan.people), *(item.email for item in plan.items)]:
        if email and not _is_email(email):
            yield _("The e-mail address %(email)s is not right.") % {"email": email}
    for person in plan.people:
        if len(person.username) > LONGEST_USERNAME:
            yield _("The e-mail address %(email)s is too long for a user name.") % {"email": person.email}


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _taken(plan: Plan) -> Iterator[str]:
    if Authority.objects.filter(key=plan.key).exists():
        yield _("There is already an authority with the key %(key)s. Choose another key.") % {"key": plan.key}
    named = Q(name_sv__iexact=plan.names["sv"]) | Q(name_fi__iexact=plan.names["fi"])
    for other in Authority.objects.filter(named):
        yield _("%(authority)s has joined already: there is an authority with this name.") % {"authority": other}
    for item in Service.objects.filter(key__in=[item.key for item in plan.items]):
        yield _("There is already a service with the key %(key)s.") % {"key": item.key}
    known = _known(person.email for person in plan.people)
    for person in plan.people:
        if person.email in known:
            words = _("There is already a user with the e-mail address %(email)s. Ask the customer for another person.")
            yield words % {"email": person.email}


def _known(emails: Iterable[str]) -> set[str]:
    """The addresses, in lower case, of users who are here already by one of these."""
    wanted = Q(pk__in=[])
    for email in emails:
        wanted |= Q(username__iexact=email) | Q(email__iexact=email)
    return {one.lower() for both in User.objects.filter(wanted).values_list("username", "email") for one in both}


# --- the step --------------------------------------------------------------------------------------------------------


def accept(case: Case, *, by: User, key: str = "", at: datetime | None = None) -> Authority:
    """Create the authority with its people, addresses and services, and close the case with the good outcome: all or nothing.

    Accepting it again changes nothing, and gives the authority there is. Raises NotAllowed, in words, for one who may not, for a case that
    cannot be closed now, and (as NotPossible) when something is missing or taken.
    """
    moment = at or timezone.now()
    with transaction.atomic():
        Case.objects.select_for_update(of=("self",)).get(pk=case.pk)  # of two people at once the second finds it done
        case.refresh_from_db()
        if not may_accept(case, by):
            raise NotAllowed(_("You may not let an authority join by this case."))
        if (there := joined(case)) is not None:
            return there
        if case.status == Status.RECEIVED:
            case.take_step("take_up", by=by, at=moment)
        case.possible_step("close", by=by)
        plan = plan_of(case, key)
        if found := obstacles(case, plan):
            raise NotPossible(found)
        try:
            authority = _create(plan, by, moment)
        except IntegrityError:  # somebody has taken a key or a name since it was looked at
            raise NotPossible([_("Something of it has just been created by somebody else. Try again.")]) from None
        case.take_step("note", by=by, at=moment, once=ONCE, text=_said(plan))
        kind = case.application.version.definition.kind
        case.take_step("close", by=by, at=moment, once=ONCE, outcome=POSITIVE[kind], text=_to_customer(case, plan))
    return authority


def _create(plan: Plan, by: User, at: datetime) -> Authority:
    authority = Authority(
        key=plan.key,
        kind=plan.kind,
        email=plan.email,
        municipality_codes=list(plan.municipality_codes),
        **{f"name_{language}": name for language, name in plan.names.items()},
    )
    try:
        authority.full_clean()
        authority.save()
        for person in plan.people:
            _let_in(person, authority)
    except ValidationError as wrong:
        raise NotPossible(list(wrong.messages)) from None
    for item in plan.items:
        _take_into_use(item, plan, authority, by, at)
    return authority


def _let_in(person: Person, authority: Authority) -> None:
    """A user without a password: the person comes in through their organisation's provider, or with one that a superuser gives them."""
    user = User(
        username=person.username,
        email=person.email,
        first_name=person.given_name,
        last_name=person.family_name,
        is_staff=True,
    )
    user.set_unusable_password()
    user.full_clean()
    user.save()
    Membership.objects.bulk_create([Membership(user=user, authority=authority, role=role) for role in person.roles])


def _take_into_use(item: Item, plan: Plan, authority: Authority, by: User, at: datetime) -> None:
    """A working copy after the library's: the authority looks it through, and publishes it itself."""
    document = library.entry(item.entry).document()
    document["key"] = item.key
    document["contact"] = {language: f"{name}, {plan.email}" for language, name in plan.names.items()}
    document.pop("municipalities", None)  # the authority's own
    if item.connection != CONNECTIONS[0]:
        document["connection"] = item.connection
    try:
        copy = working.begin_new(authority, document, by=by, act="from_library", about=item.name.said(), at=at)
    except working.Taken:
        raise NotPossible([_("There is already a service with the key %(key)s.") % {"key": item.key}]) from None
    Service.objects.filter(pk=copy.service_id).update(email=item.email)


# --- in words --------------------------------------------------------------------------------------------------------


def _said(plan: Plan) -> str:
    """What was created, for the desk. The first line ends with the key, by which the authority is found again."""
    people = [f"- {one.given_name} {one.family_name}, {one.email}: {', '.join(one.role_words)}" for one in plan.people]
    items = [f"- {item.name.said()} ({item.key}): {item.connection_words}" for item in plan.items]
    created = _("Created: %(authority)s") % {"authority": f"{plan.names['sv']} ({plan.key})"}
    return "\n".join(
        [created, _("Role address: %(email)s") % {"email": plan.email}, _("People:"), *people, _("Services:"), *items]
    )


def _to_customer(case: Case, plan: Plan) -> str:
    """What the customer is told, in their language."""
    language = case.language
    with override(language):
        names = ", ".join(item.name.said(language) for item in plan.items)
        words = _("%(authority)s has joined. Its services can now be looked through and published: %(services)s.")
        return words % {"authority": plan.names.get(language) or plan.names["sv"], "services": names}
