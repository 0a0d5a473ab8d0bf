"""Of a survey no case arises: the desk offers none where one would."""

from __future__ import annotations

import pytest

from apps.cases import registering, transferring
from apps.cases.rulebook import STEPS, NotAllowed
from apps.cases.stepfields import ServiceNeed
from apps.cases.stepneeds import Asking
from tests import build

pytestmark = pytest.mark.django_db


def test_nothing_is_registered_for_a_survey() -> None:
    build.version(key="asked", kind="survey")
    sent = build.version(key="sent").service
    assert registering.services_for(build.official()) == [sent]


def test_no_case_is_transferred_to_a_survey() -> None:
    build.authority("other-town")
    survey = build.version(key="asked", kind="survey", authority="other-town").service
    case = build.case()
    handler = build.official()
    asked = Asking(STEPS["transfer"], case=case, today=build.TODAY, by=handler)
    assert ServiceNeed("service").fields(asked) == {}
    with pytest.raises(NotAllowed):
        transferring.transfer(case, by=handler, to="Other", text="Theirs", service=survey)
