"""The day's duties: what is to be done again and again without anybody asking, each once per due time however many relays there are.

Whoever writes the row of a due time does the duty. A duty finds what is to be done by looking at what is there, so one that broke off
or was never begun is made up for at the next due time, and doing it by hand (`manage.py duties`) does nothing twice.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from importlib import import_module

from django.conf import settings
from django.db import InterfaceError, OperationalError, connections, transaction
from django.utils import timezone

from apps.applications import keeping, scanning
from apps.applications.models import Application
from apps.cases import duedates, letters, testcases
from apps.cases import keeping as cases_keeping
from apps.cases.models import Case
from apps.people import forgetting, limits
from apps.people import log as desk_log
from apps.people.identification import email_link
from apps.people.models import Feedback
from apps.services import publishing
from apps.services.texts import HELSINKI
from apps.sync import alarms, digests, notices, reconcile, settling, tally
from apps.sync.models import DutyDone
from apps.sync.receivers.mail import Mail

log = logging.getLogger(__name__)

LOOK = 10.0  # seconds between looks at the clock
ROWS_KEPT = 30  # due times of a duty of which it is remembered that it was done
FEEDBACK_TOLD, FEEDBACK_DUE = timedelta(days=10), timedelta(days=14)

Figures = dict[str, int]


# --- what is done ----------------------------------------------------------------------------------------------------


def remind_of_drafts(now: datetime) -> Figures:
    """Post a reminder for each draft that will be deleted within a week, if its customer has an address."""
    today, posted = _day(now), 0
    for paper in keeping.ending(today) if Mail.ready() else ():
        last = keeping.kept_until(paper)
        if last is None or not _can_be_told(paper):
            continue
        last_told = max(last, today + keeping.REMINDED)  # who is reminded late has a week all the same
        facts = {"application": str(paper.pk), "day": last_told.isoformat()}
        address, key = paper.customer.email, _key(paper, last)
        posted += notices.post(notices.DRAFT_ENDS, address, key, paper.language, facts, at=now)
    return {"reminders posted": posted}


def delete_drafts(now: datetime) -> Figures:
    """Delete drafts that nobody has changed for as long as their service keeps them, whose customers were reminded a week ago."""
    today, deleted = _day(now), 0
    for paper in keeping.ending(today):
        if _was_told(paper, today) and keeping.forget(paper, today):
            deleted += 1
    return {"drafts deleted": deleted}


def _was_told(paper: Application, today: date) -> bool:
    """Whether the customer was reminded a week ago, or cannot be reminded."""
    last = keeping.kept_until(paper)
    if not Mail.ready() or not _can_be_told(paper) or last is None:
        return True
    posted = notices.posted([_key(paper, last)]).get(_key(paper, last))
    return posted is not None and _day(posted) + keeping.REMINDED < today


def _can_be_told(paper: Application) -> bool:
    """Whether a draft's customer has an address. Of what an official is entering they know nothing, and are told nothing. Of a test
    nothing is told by mail, nor of the note that something goes on in the authority's own service: there is nothing to finish here.
    """
    silent = paper.is_being_entered or paper.is_test or paper.is_redirected
    return bool(paper.customer.email) and not silent


def _key(paper: Application, last: date) -> str:
    return f"{notices.DRAFT_ENDS} {paper.pk} {last.isoformat()}"


def forget_what_is_over(now: datetime) -> Figures:
    """Delete sessions, sign-in links, counted attempts, notices, lines of the log and what other doors keep that is of no use any more."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    return {
        "attempts": limits.forget_old(now),
        "lines of the log": desk_log.forget_old(now),
        "sign-in links": email_link.forget_old_links(now),
        "notices": notices.forget_old(now),
        "alarms": alarms.forget_old(now),
        **{what: forget(now) for what, forget in forgetting.MORE.items()},
    }


def tell_of_feedback(now: datetime) -> Figures:
    """Tell the operator of feedback on accessibility that has waited for ten of its fourteen days."""
    if not settings.OPERATOR_EMAIL or not Mail.ready():
        return {}
    waiting = Feedback.objects.filter(answered_at=None, created_at__lte=now - FEEDBACK_TOLD)
    posted = 0
    for pk, arrived in waiting.values_list("pk", "created_at"):
        facts = {"feedback": pk, "day": _day(arrived + FEEDBACK_DUE).isoformat()}
        key = f"{notices.FEEDBACK_WAITS} {pk}"
        address, language = settings.OPERATOR_EMAIL, settings.OPERATOR_LANGUAGE
        posted += notices.post(notices.FEEDBACK_WAITS, address, key, language, facts, at=now)
    return {"feedback told of": posted}


def send_digests(now: datetime) -> Figures:
    """Post the digests of those who want one mail a day."""
    return {"digests posted": digests.post_all(now) if Mail.ready() else 0}


def warn_of_due_days(now: datetime) -> Figures:
    """Tell once that a case is to be handled soon, and once that it is overdue, where the authority is told of the case."""
    if not Mail.ready():
        return {}
    today, posted = _day(now), 0
    for kind, cases in ((notices.CASE_DUE, duedates.soon_q(today)), (notices.CASE_OVERDUE, duedates.overdue_q(today))):
        waiting = Case.objects.real().filter(cases, forgotten_at=None).select_related("service__authority")
        for case in waiting.only(*WARNED_OF).order_by("pk").iterator():
            address = letters.address_of_desk(case)
            if not address or case.due_on is None:
                continue
            facts = {"case": case.pk, "number": case.number, "day": case.due_on.isoformat()}
            key = f"{kind} {case.pk} {case.due_on.isoformat()}"
            posted += notices.post(kind, address, key, "", facts, at=now)
    return {"due days told of": posted}


WARNED_OF = ("number", "due_on", "mail_to", "service__email", "service__authority__email")


def delete_content(now: datetime) -> Figures:
    """Delete the content of ended cases whose time is over (`cases.keeping`), and what came of tests that ended long ago."""
    gone = cases_keeping.forget_what_is_due(now)
    return {
        "cases whose content was deleted": gone.cases,
        "papers": gone.papers,
        "files": gone.files,
        "cases of tests": testcases.delete_what_ended_long_ago(now).cases,
        "people and principals with nothing left": cases_keeping.forget_whom_nothing_is_left_of(),
    }


def settle_what_is_left(now: datetime) -> Figures:
    """Start the clock of deleting for ended cases that are owed to nobody any more and that no delivery would start it for."""
    return {"cases that wait for a receiver": settling.settle_what_is_left(now)}


def compare_with_the_national_service(now: datetime) -> Figures:
    """Compare what was delivered with the national service's ledger, and keep the outcome."""
    if not reconcile.is_possible():
        return {}
    found = reconcile.reconcile(now)
    return {"comparisons that broke off": 1} if found.trouble else found.totals


def scan_what_waits(now: datetime) -> Figures:
    """Show the scanner the files that wait for it."""
    return scanning.rescan_waiting() if scanning.is_on() else {}


def watch_over_deliveries(now: datetime) -> Figures:
    """Tell the operator of what has turned red, and of what is well again."""
    return alarms.look_after(now)


def put_figures_together(now: datetime) -> Figures:
    """Make a row a month of the figures of how attempts ended."""
    return {"figures put together": tally.put_together(now)}


def publish_what_is_due(now: datetime) -> Figures:
    """Let the versions take effect whose set time has come."""
    return {"versions published": publishing.publish_due(now)}


def _day(moment: datetime) -> date:
    return moment.astimezone(HELSINKI).date()


# --- when ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Duty:
    """A duty: every day at a time of day in Helsinki, or without one every minute."""

    name: str
    do: Callable[[datetime], Figures]
    at: time | None = None

    def due(self, now: datetime) -> datetime:
        """Its last due time, at the latest now."""
        if self.at is None:
            return now.replace(second=0, microsecond=0)
        there = now.astimezone(HELSINKI)
        today = datetime.combine(there.date(), self.at, HELSINKI)
        return today if today <= now else datetime.combine(there.date() - timedelta(days=1), self.at, HELSINKI)

    @property
    def every(self) -> timedelta:
        """How long it is from one due time to the next."""
        return timedelta(minutes=1) if self.at is None else timedelta(days=1)


DUTIES: tuple[Duty, ...] = (
    Duty("scan what waits", scan_what_waits),
    Duty("publish what is due", publish_what_is_due),
    Duty("watch over deliveries", watch_over_deliveries),
    Duty("delete drafts", delete_drafts, time(3)),
    Duty("settle what is left", settle_what_is_left, time(2, 30)),
    Duty("delete content", delete_content, time(3, 15)),
    Duty("forget what is over", forget_what_is_over, time(3, 30)),
    Duty("put figures together", put_figures_together, time(3, 45)),
    Duty("warn of due days", warn_of_due_days, time(6, 30)),
    Duty("send digests", send_digests, time(7)),
    Duty("remind of drafts", remind_of_drafts, time(9)),
    Duty("tell of feedback", tell_of_feedback, time(9)),
    # Last: it waits for somebody else, and holds up no other.
    Duty("compare with the national service", compare_with_the_national_service, time(4)),
)


def take(duty: Duty, due: datetime, now: datetime) -> DutyDone | None:
    """The row of a due time, if it is this caller who has written it."""
    if DutyDone.objects.filter(
        duty=duty.name, due_at=due
    ).exists():  # looking first leaves the one writer of SQLite alone
        return None
    with transaction.atomic():
        row, made = DutyDone.objects.get_or_create(duty=duty.name, due_at=due, defaults={"began_at": now})
        if made:
            DutyDone.objects.filter(duty=duty.name, due_at__lt=due - duty.every * ROWS_KEPT).delete()
    return row if made else None


def do(duty: Duty, now: datetime) -> Figures:
    """Do a duty and say in figures what was done. What goes wrong in one is logged, without its words, and stops no other."""
    try:
        figures = duty.do(now)
    except (OperationalError, InterfaceError):
        raise
    except Exception as e:
        log.error("the duty %r broke off: %s", duty.name, type(e).__name__)
        return {"broken off": 1}
    done = {what: count for what, count in figures.items() if count}
    if done:
        log.info("%s: %s", duty.name, ", ".join(f"{what} {count}" for what, count in done.items()))
    return done


def do_due(now: datetime | None = None, known: dict[str, datetime] | None = None) -> dict[str, Figures]:
    """Do what is due and that nobody has begun; what was done, by duty. `known`: due times that need not be asked for again."""
    known = {} if known is None else known
    done = {}
    for duty in DUTIES:
        moment = now or timezone.now()
        due = duty.due(moment)
        if known.get(duty.name) == due:
            continue
        if row := take(duty, due, moment):
            done[duty.name] = do(duty, moment)
            if "broken off" not in done[duty.name]:
                DutyDone.objects.filter(pk=row.pk).update(ended_at=now or timezone.now())
        known[duty.name] = due
    return done


def do_all(now: datetime | None = None) -> dict[str, Figures]:
    """Do every duty now, whatever is due."""
    moment = now or timezone.now()
    return {duty.name: do(duty, moment) for duty in DUTIES}


@contextmanager
def beside(stop: threading.Event) -> Iterator[None]:
    """Look after the duties in a thread until told to stop. A duty that is going on then is left to the process's end."""
    thread = threading.Thread(target=_look_after, args=(stop,), name="duties", daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join(timeout=5)


def _look_after(stop: threading.Event) -> None:
    known: dict[str, datetime] = {}
    while not stop.is_set():
        try:
            do_due(known=known)
        except (OperationalError, InterfaceError) as e:
            log.warning("the database is away: %s", type(e).__name__)
        finally:
            connections.close_all()
        stop.wait(LOOK)
