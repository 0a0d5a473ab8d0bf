"""The day by which a customer is to answer, as a file for their own calendar."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import icalendar
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.cases.models import open_request
from apps.people.models import Customer
from apps.portal.visitors import customers_only, own_case
from apps.services.texts import HELSINKI, date_words

MADE_BY = "-//Forenklad e-tjanst//Due days//SV"
# The day begins at midnight: the reminder comes at nine in the morning two days before.
REMINDER = timedelta(days=-2, hours=9)


@require_safe
@customers_only
def due_file(request: HttpRequest, customer: Customer, number: str) -> HttpResponse:
    """The last day to answer the open request for a supplement in an own case; 404 when nothing is to be answered any more."""
    own = own_case(customer, number)
    asked = open_request(own)
    if asked is None or asked.overdue(timezone.localdate(timezone=HELSINKI)):
        raise Http404
    address = request.build_absolute_uri(reverse("portal:case", args=[number]))
    uid = f"{number}.{asked.pk}@{request.get_host().partition(':')[0]}"
    made = due_day(number, asked.due, address=address, uid=uid, at=timezone.now())
    headers = {"Content-Disposition": f'attachment; filename="{number}.ics"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(made, content_type="text/calendar; charset=utf-8", headers=headers)


def due_day(number: str, due: date, *, address: str, uid: str, at: datetime) -> bytes:
    """A calendar with that day. It may be seen by others, so it says no more than the case's number and where to read of it."""
    summary = _("Answer by %(due)s: %(number)s") % {"due": date_words(due), "number": number}
    alarm = icalendar.Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", summary)
    alarm.add("trigger", REMINDER)
    event = icalendar.Event()
    event.add("uid", uid)
    event.add("dtstamp", at)
    event.add("dtstart", due)
    event.add("dtend", due + timedelta(days=1))
    event.add("summary", summary)
    event.add("description", address)
    event.add("url", address)
    event.add("transp", "TRANSPARENT")
    event.add_component(alarm)
    calendar = icalendar.Calendar()
    calendar.add("prodid", MADE_BY)
    calendar.add("version", "2.0")
    calendar.add_component(event)
    return calendar.to_ical()
