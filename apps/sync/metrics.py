"""How deliveries stand, for Prometheus: its text format 0.0.4, at `/metrics`, for whoever shows the token.

Every figure is read from the database, so any process gives the same answer and none keeps anything: that is why no client library is
used, which counts within a process. Nothing here tells of a person or a case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe

from apps.sync import watching
from apps.sync.tally import DELIVERED, FAILURES
from apps.sync.watching import Light, Limits, Watch

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
KEPT = 5  # seconds an answer is given again, so that nobody can make the database work by asking
CACHE_KEY = "sync.metrics"
LIGHTS = {Light.GREEN: 0, Light.YELLOW: 1, Light.RED: 2}

Labels = dict[str, str]


@dataclass
class Metric:
    """A name with what it means, and its values by their labels."""

    name: str
    help: str
    kind: str = "gauge"
    values: list[tuple[Labels, float]] = field(default_factory=list)

    def add(self, value: float | None, **labels: str) -> None:
        """One value more; none where there is nothing to say."""
        if value is not None:
            self.values.append((labels, value))


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The metrics. Without a token in the settings there is no such page; without the right one nobody sees it."""
    if not settings.METRICS_TOKEN:
        raise Http404
    way, _space, shown = request.headers.get("Authorization", "").partition(" ")
    if way.lower() != "bearer" or not constant_time_compare(shown.strip(), settings.METRICS_TOKEN):
        words = "Show the token of METRICS_TOKEN: Authorization: Bearer …\n"
        headers = {"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"}
        return HttpResponse(words, status=401, content_type="text/plain; charset=utf-8", headers=headers)
    text = cache.get_or_set(CACHE_KEY, lambda: written(watching.look(timezone.now()), Limits.set()), KEPT)
    return HttpResponse(text, content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})


def written(watch: Watch, limits: Limits) -> str:
    """All of it, as Prometheus reads it."""
    return "".join(
        _lines(metric) for metric in (*_of_deliveries(watch), *_of_receivers(watch), *_of_house(watch, limits))
    )


def _lines(metric: Metric) -> str:
    head = f"# HELP {metric.name} {_escaped(metric.help)}\n# TYPE {metric.name} {metric.kind}\n"
    return head + "".join(f"{metric.name}{_said(labels)} {_number(value)}\n" for labels, value in metric.values)


def _said(labels: Labels) -> str:
    inner = ",".join(f'{name}="{_escaped(value, quoted=True)}"' for name, value in labels.items())
    return f"{{{inner}}}" if inner else ""


def _escaped(text: str, *, quoted: bool = False) -> str:
    found = text.replace("\\", "\\\\").replace("\n", "\\n")
    return found.replace('"', '\\"') if quoted else found


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.3f}"


def _age(since: datetime | None, now: datetime) -> float:
    """Seconds since then; nothing has no age."""
    return max(0.0, (now - since).total_seconds()) if since else 0.0


def _of_deliveries(watch: Watch) -> Iterable[Metric]:
    undelivered = Metric(
        "forenklad_undelivered",
        "Diary lines a receiver is owed: waiting to be sent, refused, or stopped behind one that was refused.",
    )
    oldest = Metric(
        "forenklad_oldest_undelivered_seconds", "Age of the oldest that waits to be sent; 0 when none does."
    )
    refused = Metric(
        "forenklad_oldest_refused_seconds", "Age of the oldest refusal that waits for a person; 0 without."
    )
    ended = Metric("forenklad_attempts_total", "Attempts by how they ended, since counting began.", "counter")
    last = Metric("forenklad_last_delivered_timestamp_seconds", "When something was last delivered.")
    for receiver in watch.receivers:
        for service, one in receiver.services.items():
            labels = {"receiver": receiver.key, "service": watch.services.get(service, "")}
            undelivered.add(one.waiting, **labels, state="waiting")
            undelivered.add(one.refused, **labels, state="refused")
            undelivered.add(one.stopped, **labels, state="stopped")
            oldest.add(_age(one.oldest, watch.at), **labels)
            refused.add(_age(one.oldest_refused, watch.at), **labels)
            last.add(one.last_delivered.timestamp() if one.last_delivered else None, **labels)
            for outcome in (DELIVERED, *FAILURES):
                ended.add(one.ended["ever"][outcome], **labels, outcome=outcome)
    return undelivered, oldest, refused, ended, last


def _of_receivers(watch: Watch) -> Iterable[Metric]:
    on = Metric("forenklad_receiver_on", "1 when it is switched on and the settings say where it is.")
    failing = Metric(
        "forenklad_receiver_failing_seconds", "Since when every attempt has come to nothing; 0 when it goes."
    )
    compared = Metric("forenklad_comparison_timestamp_seconds", "When the last comparison began.")
    green = Metric("forenklad_comparison_green", "1 when the last comparison found that both sides say the same.")
    findings = Metric("forenklad_comparison_findings", "What differed in the last comparison, in cases.")
    for one in watch.receivers:
        on.add(one.is_on, receiver=one.key)
        failing.add(_age(one.failing_since, watch.at), receiver=one.key)
        if one.compared:
            compared.add(one.compared.at.timestamp(), receiver=one.key)
            green.add(one.compared.green, receiver=one.key)
            for kind, count in one.compared.found.items():
                findings.add(count, receiver=one.key, kind=kind)
    return on, failing, compared, green, findings


def _of_house(watch: Watch, limits: Limits) -> Iterator[Metric]:
    uncollected = Metric("forenklad_uncollected_cases", "Cases with diary lines that no relay has looked at yet.")
    oldest = Metric("forenklad_oldest_uncollected_seconds", "Age of the oldest of these lines; 0 when there is none.")
    for service, waiting in watch.uncollected.items():
        uncollected.add(waiting.count, service=watch.services.get(service, ""))
        oldest.add(_age(waiting.oldest, watch.at), service=watch.services.get(service, ""))
    yield uncollected
    yield oldest
    relays = Metric("forenklad_relays", "Relays that have given a sign of life within a minute.")
    relays.add(watch.relays_at_work)
    yield relays
    seen = Metric("forenklad_relay_seen_timestamp_seconds", "The newest sign of life of any relay.")
    seen.add(watch.relays[0][1].timestamp() if watch.relays else None)
    yield seen
    notices = Metric("forenklad_notices_waiting", "Mails that belong to no case and wait to be sent.")
    notices.add(watch.notices.count)
    yield notices
    oldest_notice = Metric("forenklad_oldest_notice_seconds", "Age of the oldest of these mails; 0 when none waits.")
    oldest_notice.add(_age(watch.notices.oldest, watch.at))
    yield oldest_notice
    duties = Metric("forenklad_duty_done_timestamp_seconds", "When a duty was last done to its end.")
    for duty, ended_at in sorted(watch.duties.items()):
        duties.add(ended_at.timestamp() if ended_at else None, duty=duty)
    yield duties
    found = watching.problems(watch, limits)
    light = Metric("forenklad_light", "0 green, 1 yellow, 2 red: the same as at /health.")
    light.add(LIGHTS[watching.light(found)])
    yield light
    problem = Metric("forenklad_problem_seconds", "What is not as it should be, and for how long.")
    for one in found:
        labels = {"what": str(one.what), "light": str(one.light), "receiver": one.receiver.key if one.receiver else ""}
        problem.add(_age(one.since, watch.at), **labels)
    yield problem
