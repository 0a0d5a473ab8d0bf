"""The words of the steps' pages: what taking a step means, and what its text and its files are called."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.cases.rulebook import Audience

# What taking the step means, said before it is taken.
MEANINGS: dict[str, Any] = {
    "take_up": _("The case gets a handler. The customer sees that handling has begun, and who handles it."),
    "assign": _("The case goes over to the handler you choose. The customer sees who handles it. The status stays."),
    "request_supplement": _("The case waits for the customer, who sees what you write and can answer."),
    "resume": _("Handling goes on. A request for a supplement that is still open ends."),
    "complete": _(
        "You say that nothing more is needed from the customer, who sees it. Where the time for handling is counted from then,"
        " it begins today."
    ),
    "close": _(
        "The case ends with the outcome you choose. The customer sees it at once. It can be reopened only for a correction."
    ),
    "write": _("The customer sees the message at once and can answer. The status stays as it is."),
    "consult": _(
        "The other authority sees what you write and can answer. It sees the application only if you say so."
        " The customer is not told of it here."
    ),
    "answer": _("The authority that asks sees your answer at once. Its customer is not told of it here."),
    "note": _("The note stays in the diary of this desk. It is never shown to the customer and never sent to anybody."),
    "register": _("The customer sees the number beside the case number. The status stays as it is."),
    "redirect": _(
        "Says where mails about this case go from now on. The first mail, that the case had arrived, always went to the"
        " role address."
    ),
    "transfer": _("The case ends here and belongs to another authority. The customer is told. It cannot be undone."),
    "leave_unexamined": _("The case ends without an outcome. It can be reopened only for a correction."),
    "reopen": _(
        "The case is handled again, and its outcome is taken back until it is closed once more. The customer is told and"
        " sees the reason."
    ),
    "hand_over": _("The diary says from now on that the case has been taken over into case management."),
    "hold": _("Nothing of the case is deleted, however old it gets, until somebody lets it go."),
    "release": _("The case can be deleted again when its time has come."),
}
TEXT_LABELS: dict[str, Any] = {
    "request_supplement": _("What must be added or corrected"),
    "close": _("About the outcome"),
    "write": _("Message"),
    "consult": _("What you ask"),
    "answer": _("Your answer"),
    "note": _("Note"),
    "transfer": _("Why it is transferred"),
    "leave_unexamined": _("Why it is not examined"),
    "reopen": _("Why it is reopened"),
    "hold": _("Why it is kept"),
}
FILES_LABELS: dict[str, Any] = {
    "close": _("Decision and its attachments"),
    "write": _("Attachments"),
    "consult": _("Attachments"),
    "answer": _("Attachments"),
    "note": _("Attachments"),
    "leave_unexamined": _("Decision and its attachments"),
}
# Who reads what is written.
READERS: dict[Audience, Any] = {
    Audience.EVERYBODY: _("The customer sees this text. Language of the application: %(language)s."),
    Audience.AUTHORITIES: _("The other authority sees this text."),
    Audience.DESK: _("Only this desk sees this text."),
}
