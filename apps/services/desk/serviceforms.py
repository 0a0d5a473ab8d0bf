"""The forms for what is said of a service itself: about it, time limits, who is told, identification, retention."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from crispy_forms.layout import LayoutObject
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.services.definition import CONNECTIONS, DRAFT_DAYS, LONGEST_KEPT, NOT_OF_SURVEYS, SURVEY
from apps.services.desk.elements import Elements, ElementsForm, MunicipalitiesField, TextAsked, whole_number
from apps.services.handling import LONGEST, LONGEST_RETENTION, LONGEST_WARNING, PERMANENT, UNITS, WARN_DAYS
from apps.services.layout import InLanguages, question_for
from apps.services.reading import Json


class AboutForm(ElementsForm):
    """What the service is: its name, kind and languages, and what its page tells."""

    texts = (
        TextAsked("name", gettext_lazy("Name"), gettext_lazy("What people call it: “Noise notification”.")),
        TextAsked("summary", gettext_lazy("Summary"), gettext_lazy("What it is for, in one sentence.")),
        TextAsked("for_whom", gettext_lazy("For whom"), gettext_lazy("Who needs it, and who does not."), rows=3),
        TextAsked(
            "legal_ground",
            gettext_lazy("Legal ground"),
            gettext_lazy("The law and the section that it rests on."),
            rows=2,
        ),
        TextAsked("price", gettext_lazy("Price"), gettext_lazy("A sum, that it is free, or by which tariff."), rows=2),
        TextAsked("handling_time", gettext_lazy("Handling time"), gettext_lazy("How long it usually takes."), rows=2),
        TextAsked(
            "at_hand",
            gettext_lazy("What to have at hand"),
            gettext_lazy("What the customer should have ready. Begin a line with “- ” to make a list."),
            rows=4,
        ),
        TextAsked(
            "deadline",
            gettext_lazy("When it must be in"),
            gettext_lazy("In words. The limit that the form checks is set at the question for the day."),
            rows=2,
            needed=False,
        ),
        TextAsked("contact", gettext_lazy("Contact"), gettext_lazy("Whom to ask."), rows=2, needed=False),
    )
    kind = forms.ChoiceField(label=gettext_lazy("What kind of service it is"), widget=forms.RadioSelect)
    municipalities = MunicipalitiesField(
        label=gettext_lazy("Municipalities"),
        help_text=gettext_lazy("With commas between them. Empty for all that the authority serves."),
    )

    def text_place(self, asked: TextAsked) -> InLanguages:
        """A survey may leave out what is only said of what is sent."""
        optional = self.document.get("kind") == SURVEY and asked.name in NOT_OF_SURVEYS
        return super().text_place(replace(asked, needed=False) if optional else asked)

    def prepare(self) -> None:
        """The kinds in words."""
        kind = self.fields["kind"]
        assert isinstance(kind, forms.ChoiceField)  # noqa: S101 (as declared above)
        kind.choices = kind_choices()

    def places(self) -> Iterator[LayoutObject]:
        """The name and the kind before the texts."""
        yield self.text_place(self.texts[0])
        yield question_for("kind", self.fields["kind"])
        yield from (self.text_place(asked) for asked in self.texts[1:])
        yield question_for("municipalities", self.fields["municipalities"])

    def recall_others(self) -> Iterator[tuple[str, Any]]:
        """As the document says."""
        yield "kind", self.recall("kind")
        yield "municipalities", self.recall("municipalities") or []

    def elements(self) -> Elements:
        """With the kind and the municipalities."""
        own = {"kind": self.cleaned_data["kind"], "municipalities": self.cleaned_data["municipalities"] or None}
        return {**super().elements(), **own}


class TimesForm(ElementsForm):
    """How soon a case is to be decided."""

    texts = (
        TextAsked(
            "handling_limit.ground",
            gettext_lazy("What the time limit rests on"),
            gettext_lazy("The law that sets it, or that it is the authority’s own aim."),
            rows=2,
            needed=False,
        ),
    )
    unit = forms.ChoiceField(label=gettext_lazy("Counted in"), widget=forms.RadioSelect, required=False)
    counted_from = forms.ChoiceField(label=gettext_lazy("Counted from"), widget=forms.RadioSelect, required=False)
    shown = forms.BooleanField(
        label=gettext_lazy("Customers see the day"),
        help_text=gettext_lazy("As they should when a law sets it."),
        required=False,
    )

    def prepare(self) -> None:
        """The numbers with their limits, and the words."""
        length = whole_number(
            _("How long the authority has"), 1, max(LONGEST.values()), _("Empty when there is no time limit.")
        )
        warning = whole_number(_("How many days before the desk warns"), 0, LONGEST_WARNING)
        self.fields = {"length": length, **self.fields, "warn_days": warning}
        self.fields["shown"].needed = True  # type: ignore[attr-defined]  # no tick is an answer too
        for name, choices in (("unit", unit_choices()), ("counted_from", start_choices())):
            field = self.fields[name]
            field.needed = True  # type: ignore[attr-defined]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 (as declared above)
            field.choices = choices

    def places(self) -> Iterator[LayoutObject]:
        """The numbers first."""
        for name in ("length", "unit", "counted_from", "warn_days", "shown"):
            yield question_for(name, self.fields[name])
        yield from (self.text_place(asked) for asked in self.texts)

    def recall_others(self) -> Iterator[tuple[str, Any]]:
        """As the document says; the usual where it says nothing."""
        limit = self.recalled_object("handling_limit")
        yield "length", limit.get("length", "")
        yield "unit", limit.get("unit", UNITS[0])
        yield "counted_from", limit.get("from", "arrival")
        yield "warn_days", limit.get("warn_days", WARN_DAYS)
        yield "shown", limit.get("shown", False)

    def clean(self) -> dict[str, Any]:
        """Refuse what is longer than a limit can be."""
        data = super().clean() or self.cleaned_data
        unit, length = data.get("unit") or UNITS[0], data.get("length")
        if length and length > LONGEST[unit]:
            said = _("At most %(most)d of these.") % {"most": LONGEST[unit]}
            self.add_error("length", said)
        return data

    def elements(self) -> Elements:
        """The limit as a whole, or none."""
        data = self.cleaned_data
        if not data["length"]:
            return {"handling_limit": None}
        before = self.recalled_object("handling_limit")
        new = {"length": data["length"], "unit": data["unit"] or UNITS[0]}
        more = {
            "from": _unless(data["counted_from"] or "arrival", "arrival", "from" in before),
            "warn_days": _unless(
                WARN_DAYS if data["warn_days"] is None else data["warn_days"], WARN_DAYS, "warn_days" in before
            ),
            "shown": _unless(data["shown"], False, "shown" in before),
            "ground": self.said("handling_limit.ground"),
        }
        return {"handling_limit": {**new, **{name: value for name, value in more.items() if value is not None}}}


class ToldForm(ElementsForm):
    """How the authority is connected, and the address of its own service."""

    texts = (
        TextAsked(
            "own_service",
            gettext_lazy("Address of the authority’s own service"),
            gettext_lazy("Only for a conditional connection. Begins with https://."),
            needed=False,
        ),
    )
    connection = forms.ChoiceField(label=gettext_lazy("How the authority is connected"), widget=forms.RadioSelect)

    def prepare(self) -> None:
        """The ways in words."""
        field = self.fields["connection"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 (as declared above)
        field.choices = connection_choices()

    def places(self) -> Iterator[LayoutObject]:
        """The way first."""
        yield question_for("connection", self.fields["connection"])
        yield from (self.text_place(asked) for asked in self.texts)

    def recall_others(self) -> Iterator[tuple[str, Any]]:
        """As the document says."""
        yield "connection", self.recall("connection") or ("conditional" if self.recall("own_service") else "simplified")

    def clean(self) -> dict[str, Any]:
        """The address and the conditional connection belong together."""
        data = super().clean() or self.cleaned_data
        address = self.said("own_service")
        if data.get("connection") == "conditional" and not address:
            self.add_error("connection", _("Give the address of the authority’s own service too."))
        elif data.get("connection") != "conditional" and address:
            self.add_error(
                "connection",
                _(
                    "An address of its own goes with the conditional connection only: choose that, or empty the address."
                ),
            )
        return data

    def elements(self) -> Elements:
        """The usual way is not written out."""
        chosen = self.cleaned_data["connection"]
        said = (
            None
            if chosen == "simplified" or (chosen == "conditional" and "connection" not in self.document)
            else chosen
        )
        return {"connection": said, **super().elements()}


class IdentificationForm(ElementsForm):
    """How well a customer must be known, for whom they may act, and what they declare."""

    texts = (
        TextAsked(
            "declaration",
            gettext_lazy("Declaration"),
            gettext_lazy(
                "What the customer ticks before sending. Without one the page says that by sending they assure that all is right."
            ),
            rows=3,
            needed=False,
        ),
    )
    identification = forms.ChoiceField(
        label=gettext_lazy("How well the customer must be known"), widget=forms.RadioSelect
    )
    acting_for = forms.MultipleChoiceField(
        label=gettext_lazy("For whom the customer may act"), widget=forms.CheckboxSelectMultiple
    )
    mandate = forms.CharField(
        label=gettext_lazy("Mandate needed"),
        help_text=gettext_lazy("The role or matter at the source of mandates. Empty for any that it gives."),
        max_length=100,
        required=False,
    )

    def prepare(self) -> None:
        """The words."""
        for name, choices in (("identification", strength_choices()), ("acting_for", party_choices())):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 (as declared above)
            field.choices = choices
        self.fields["acting_for"].error_messages["required"] = _("Choose at least one.")

    def places(self) -> Iterator[LayoutObject]:
        """The declaration last."""
        for name in ("identification", "acting_for", "mandate"):
            yield question_for(name, self.fields[name])
        yield from (self.text_place(asked) for asked in self.texts)

    def recall_others(self) -> Iterator[tuple[str, Any]]:
        """As the document says; the usual where it says nothing."""
        yield "identification", self.recall("identification") or "strong"
        yield "acting_for", self.recall("acting_for") or [value for value, _label in party_choices()]
        yield "mandate", self.recall("mandate") or ""

    def elements(self) -> Elements:
        """What is usual is not written out, unless it stood there."""
        data, every = self.cleaned_data, [value for value, _label in party_choices()]
        chosen = [value for value in every if value in data["acting_for"]]
        return {
            "identification": _unless(data["identification"], "strong", "identification" in self.document),
            "acting_for": _in_order(chosen, self.recall("acting_for"))
            if chosen != every or "acting_for" in self.document
            else None,
            "mandate": data["mandate"].strip() or None,
            **super().elements(),
        }


class RetentionForm(ElementsForm):
    """How long things are kept, what the plan for the records says, and the privacy notice."""

    texts = (
        TextAsked(
            "privacy",
            gettext_lazy("Privacy notice"),
            gettext_lazy("What the personal data are used for, on what ground, how long, and whom to ask."),
            rows=4,
            needed=False,
        ),
        TextAsked("records.retention_ground", gettext_lazy("What the retention rests on"), rows=2, needed=False),
        TextAsked("records.secrecy_ground", gettext_lazy("What the secrecy rests on"), rows=2, needed=False),
    )
    publicity = forms.ChoiceField(
        label=gettext_lazy("Publicity of the records"), widget=forms.RadioSelect, required=False
    )
    personal_data = forms.ChoiceField(
        label=gettext_lazy("Personal data in the records"), widget=forms.RadioSelect, required=False
    )
    function = forms.CharField(
        label=gettext_lazy("Class in the functional classification"),
        help_text=gettext_lazy("Such as 10 03 00. Empty when the plan for the records is not told here."),
        max_length=20,
        required=False,
    )

    def prepare(self) -> None:
        """The numbers with their limits, and the words."""
        months = _("Days after the closing. Empty: never by itself.")
        retention = _("Years, often 0, 3, 6, 10, 20, 50 or 120; %(permanent)d for ever.") % {"permanent": PERMANENT}
        keep = _("How long what a closed case holds is kept here")
        self.fields["keep_days"] = whole_number(keep, 0, LONGEST_KEPT, months)
        self.fields["draft_days"] = whole_number(_("How many days a draft is kept"), 7, 730)
        self.fields["retention_years"] = whole_number(
            _("How long the records are kept"), PERMANENT, LONGEST_RETENTION, retention
        )
        for name, choices in (("publicity", publicity_choices()), ("personal_data", personal_data_choices())):
            field = self.fields[name]
            field.needed = True  # type: ignore[attr-defined]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 (as declared above)
            field.choices = choices

    def places(self) -> Iterator[LayoutObject]:
        """What is kept here, then the plan for the records."""
        yield self.text_place(self.texts[0])
        for name in ("keep_days", "draft_days", "function", "publicity", "personal_data", "retention_years"):
            yield question_for(name, self.fields[name])
        yield from (self.text_place(asked) for asked in self.texts[1:])

    def recall_others(self) -> Iterator[tuple[str, Any]]:
        """As the document says."""
        yield "keep_days", self.recall("keep_days") or ""
        yield "draft_days", self.recall("draft_days") or DRAFT_DAYS
        plan = self.recalled_object("records")
        yield "publicity", str(plan.get("publicity", 1))
        yield "personal_data", str(plan.get("personal_data", 2))
        yield "function", plan.get("function", "")
        yield "retention_years", plan.get("retention_years", "")

    def clean(self) -> dict[str, Any]:
        """A plan for the records is told whole."""
        data = super().clean() or self.cleaned_data
        if data.get("function") and data.get("retention_years") is None and "retention_years" not in self.errors:
            self.add_error("retention_years", _("Say how long the records are kept."))
        return data

    def elements(self) -> Elements:
        """The usual is not written out, unless it stood there."""
        data = self.cleaned_data
        draft_days = DRAFT_DAYS if data["draft_days"] is None else data["draft_days"]
        return {
            "privacy": self.said("privacy"),
            "keep_days": _unless(data["keep_days"] or 0, 0, "keep_days" in self.document),
            "draft_days": _unless(draft_days, DRAFT_DAYS, "draft_days" in self.document),
            "records": self._records(),
        }

    def _records(self) -> Json:
        data = self.cleaned_data
        if not data["function"].strip():
            return None
        plan = {
            "function": data["function"].strip(),
            "publicity": int(data["publicity"] or 1),
            "personal_data": int(data["personal_data"] or 2),
            "retention_years": data["retention_years"],
        }
        grounds = {name: self.said(f"records.{name}") for name in ("retention_ground", "secrecy_ground")}
        return {**plan, **{name: said for name, said in grounds.items() if said}}


def _unless(value: Any, usual: Any, stood_there: bool) -> Any:
    """A value, or None when it is the usual one and nobody had written it out."""
    return None if value == usual and not stood_there else value


def _in_order(chosen: list[str], before: Json) -> list[str]:
    """What is chosen, in the order it stood in where nothing of it has changed."""
    return list(before) if isinstance(before, list) and sorted(map(str, before)) == sorted(chosen) else chosen


# --- what can be chosen ----------------------------------------------------------------------------------------------

Choices = list[tuple[str, Any]]


def kind_choices() -> Choices:
    """The kinds of service that are handled as cases, each with what it ends in."""
    return [
        ("notification", _("Notification: the authority is told of something")),
        ("permit", _("Permit: the authority gives leave, or refuses")),
        ("plan", _("Plan: the authority checks it")),
        ("registration", _("Registration: the authority enters it into a register")),
        ("supervision", _("Supervision: the authority inspects something")),
        ("survey", _("Survey: tells people what they need, and nothing is sent")),
    ]


def unit_choices() -> Choices:
    """What a time limit is counted in."""
    words = {"days": _("days"), "working_days": _("working days"), "months": _("months"), "years": _("years")}
    return [(unit, words[unit]) for unit in UNITS]


def start_choices() -> Choices:
    """What a time limit is counted from."""
    return [
        ("arrival", _("the day the matter arrived")),
        ("completeness", _("the day the authority noted that nothing is missing")),
    ]


def connection_choices() -> Choices:
    """The ways of connecting, with what each means."""
    words = {
        "simplified": _("Simplified e-service: cases are handled on the desk here"),
        "interface": _(
            "Interface: the authority’s own system handles the cases, and all that it does is seen here too"
        ),
        "conditional": _("Conditional: customers do it in the authority’s own service, and its state is noted here"),
    }
    return [(way, words[way]) for way in CONNECTIONS]


def strength_choices() -> Choices:
    """How well a customer must be known."""
    return [
        ("strong", _("Strongly: with bank codes, a mobile certificate or the like")),
        ("weak", _("A link to their e-mail is enough")),
    ]


def party_choices() -> Choices:
    """For whom a customer may act."""
    return [("self", _("Themselves")), ("company", _("A company or an association")), ("person", _("Another person"))]


def publicity_choices() -> Choices:
    """The classes of publicity of JHS 191."""
    return [
        ("1", _("public")),
        ("2", _("partly secret")),
        ("3", _("secret")),
        ("4", _("public by discretion")),
    ]


def personal_data_choices() -> Choices:
    """The classes of personal data of JHS 191."""
    return [
        ("1", _("no personal data")),
        ("2", _("has personal data")),
        ("3", _("has sensitive personal data")),
    ]
