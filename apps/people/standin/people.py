"""Who there is at the stand-in, and who may act for whom. Nobody and nothing of it is real.

The identity codes are of the artificial range (900–999), the business ids lower than any that has been given out.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """Somebody who can be chosen on the sign-in page. `pid` is what a person without a Finnish code is known by."""

    given_name: str
    family_name: str
    code: str = ""
    pid: str = ""
    protected: bool = False
    email: str = ""
    username: str = ""

    @property
    def key(self) -> str:
        """By which the sign-in page tells them apart."""
        return self.code or self.pid or self.username

    @property
    def name(self) -> str:
        """Given name and family name."""
        return f"{self.given_name} {self.family_name}"


@dataclass(frozen=True)
class Company:
    """Something one can act for."""

    business_id: str
    name: str


ALFA = Person("Test", "Alfa", code="010180-9004", email="test.alfa@example.com")
BETA = Person("Test", "Beta", code="020280-901L", email="test.beta@example.com")
GAMMA = Person("Test", "Gamma", code="030380-9023", protected=True)
DELTA = Person("Test", "Delta", code="040480A903K")
EIDAS = Person("Test", "Epsilon", pid="XE/FI/artificial-0001")
OFFICIAL = Person("Test", "Tjänsteman", username="handler-town")
STRANGER = Person("Test", "Utomstående", username="stranger")

PERSONS = (ALFA, BETA, GAMMA, DELTA, EIDAS)
OFFICIALS = (OFFICIAL, STRANGER)

COMPANY = Company("0000001-9", "Exempelbolaget Ab")
ASSOCIATION = Company("0000002-7", "Exempelföreningen rf")
COMPANIES = (COMPANY, ASSOCIATION)

# Who may act for which company, in which roles; and for which other person, in which matters.
FOR_COMPANIES: dict[str, dict[str, tuple[str, ...]]] = {
    ALFA.code: {COMPANY.business_id: ("NIMKO", "TJ"), ASSOCIATION.business_id: ("PJ",)},
    BETA.code: {COMPANY.business_id: ("NIMKO",)},
    DELTA.code: {ASSOCIATION.business_id: ("PJ",)},
}
FOR_PERSONS: dict[str, dict[str, tuple[str, ...]]] = {
    ALFA.code: {DELTA.code: ("valtuus-1",)},
}
