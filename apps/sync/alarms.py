"""Mails to the operator: when something turns red, once a day while it is, and when it is well again; each once, however many relays.

An alarm is a row from when something turns red until it has been well for a while, so that what goes to and fro is one alarm. That a
relay is missing no mail can tell, since it is the relay that sends them: that is for who asks `/health` from elsewhere.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from apps.sync import notices, watching
from apps.sync.models import Alarm
from apps.sync.receivers.mail import Mail
from apps.sync.watching import Limits, Problem, What

WELL_FOR = timedelta(minutes=5)  # before an alarm is over
KEPT = timedelta(days=400)


def look_after(now: datetime) -> dict[str, int]:
    """Begin an alarm for what has turned red, and end those of what is well again; what the operator is told is posted with it."""
    found = watching.problems(watching.look(now), Limits.set())
    red = {one.key: one for one in found if one.is_red and one.what is not What.SILENT}
    open_ones = {one.key: one for one in Alarm.objects.filter(ended_at=None).select_related("receiver")}
    begun = sum(_begin(one, now) for key, one in red.items() if key not in open_ones)
    ended = 0
    for key, alarm in open_ones.items():
        if key in red:
            _go_on(alarm, now)
        else:
            ended += _calm(alarm, now)
    return {"alarms begun": begun, "alarms ended": ended}


def forget_old(now: datetime) -> int:
    """Delete alarms that ended long ago; how many there were."""
    return Alarm.objects.filter(ended_at__lt=now - KEPT).delete()[0]


def _begin(problem: Problem, now: datetime) -> bool:
    facts = {
        "what": problem.what,
        "receiver_id": problem.receiver.pk if problem.receiver else None,
        "since": problem.since or now,
        "began_at": now,
    }
    with transaction.atomic():
        alarm, made = Alarm.objects.get_or_create(key=problem.key, ended_at=None, defaults=facts)
        if made:
            _tell(notices.ALARM, alarm, "begun", now)
    return made


def _go_on(alarm: Alarm, now: datetime) -> None:
    if alarm.well_since is not None:
        Alarm.objects.filter(pk=alarm.pk, ended_at=None).update(well_since=None)
    if days := (now - alarm.began_at).days:
        _tell(notices.ALARM_STILL, alarm, f"day {days}", now)


def _calm(alarm: Alarm, now: datetime) -> bool:
    going_on = Alarm.objects.filter(pk=alarm.pk, ended_at=None)
    if alarm.well_since is None:
        going_on.update(well_since=now)
        return False
    if now - alarm.well_since < WELL_FOR:
        return False
    with transaction.atomic():
        ended = bool(going_on.update(ended_at=now))
        if ended:
            _tell(notices.ALARM_OVER, alarm, "over", now)
    return ended


def _tell(kind: str, alarm: Alarm, turn: str, now: datetime) -> None:
    """Post it once. Where nobody is named, or mail is not set up, the alarm itself stands on the desk's page."""
    if not settings.OPERATOR_EMAIL or not Mail.ready():
        return
    facts = {
        "what": alarm.what,
        "receiver": alarm.receiver.name if alarm.receiver else "",
        "since": alarm.since.isoformat(),
    }
    key = f"alarm {alarm.pk} {turn}"
    notices.post(kind, settings.OPERATOR_EMAIL, key, settings.OPERATOR_LANGUAGE, facts, at=now)
