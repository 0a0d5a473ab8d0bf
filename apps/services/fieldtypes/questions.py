"""Some questions asked together, as a Django form with a crispy layout: those of a page, or the parts of a composite question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import Any, Protocol

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.safestring import SafeString
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from apps.services.conditions import for_browser
from apps.services.fieldtypes.base import Field

Answers = Mapping[str, Any]
Trouble = tuple[str, str, str]  # the id of the control, the question's label, what is wrong


class Questions:
    """Some fields, and what is made of them once per process: a published definition never changes."""

    def __init__(self, fields: tuple[Field, ...]) -> None:
        self.fields = fields
        self.asked = tuple(field for field in fields if field.asks)
        self._form_fields: dict[str, dict[str, forms.Field]] = {}

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    @cached_property
    def layout(self) -> Layout:
        """The crispy layout."""
        return Layout(*(field.lay_out() for field in self.fields))

    @cached_property
    def rules(self) -> dict[str, Any]:
        """The conditions, as documents, for the browser."""
        return {field.key: field.rule for field in self.fields if field.rule is not None}

    def rules_on(self, today: date) -> dict[str, Any]:
        """The same, with what a browser cannot know worked out for the day."""
        return {key: for_browser(rule, today) for key, rule in self.rules.items()} if self.rules else {}

    def form_fields(self, language: str) -> dict[str, forms.Field]:
        """The Django fields in a language. Composite questions have none: they are forms within the form."""
        if language not in self._form_fields:
            with override(language):
                self._form_fields[language] = {
                    field.key: _dressed(field, asked, language)
                    for field in self.asked
                    if (asked := field.ask(language)) is not None
                }
        return self._form_fields[language]

    def complete(self, answers: Answers, before: Answers, today: date) -> bool:
        """Whether nothing is asked for any more."""
        return not any(
            field.asks and wanting(field, counting, today) for field, counting in self.walk(answers, before, today)
        )

    def walk(self, answers: Answers, before: Answers, today: date) -> Iterator[tuple[Field, dict[str, Any]]]:
        """Each field that applies, with the answers that count up to and with it (one dict, growing)."""
        counting = dict(before)
        for field in self.fields:
            if not field.show_when.holds(counting, today):
                continue
            value = field.counted(answers.get(field.key), counting, today)
            if field.answered(value):
                counting[field.key] = value
            yield field, counting


def what_counts(questions: Questions, answers: Answers, today: date) -> dict[str, Any]:
    """The answers that no condition hides."""
    counting: dict[str, Any] = {}
    for _field, counted in questions.walk(answers, {}, today):
        counting = counted
    return counting


def wanting(field: Field, counting: Answers, today: date) -> bool:
    """Whether the field still wants something of the customer."""
    kept = counting.get(field.key)
    if not field.answered(kept):
        return field.needed(counting, today)
    return bool(field.objection(kept, counting, today))


def only_lacking(questions: Questions, answers: Answers, today: date) -> bool:
    """Whether all that is still wanted are answers that are not given, and none that are."""
    for field, counting in questions.walk(answers, {}, today):
        kept = counting.get(field.key)
        if (
            field.asks
            and field.answered(kept)
            and wanting(field, counting, today)
            and not field.only_lacks(kept, today)
        ):
            return False
    return True


def _dressed(field: Field, asked: forms.Field, language: str) -> forms.Field:
    asked.label = field.label.said(language)
    asked.help_text = "\n\n".join(filter(None, (field.hint.said(language), field.limits())))
    asked.needed = field.seems_needed  # type: ignore[attr-defined]  # read by the layout; whether it must be answered is decided in `clean`
    return asked


class Inner(Protocol):
    """A form within the form: the parts of a composite question, or the rows of a repeating one."""

    acted: bool

    def is_blank(self) -> bool:
        """Whether nothing has been typed in it."""

    def is_valid(self) -> bool:
        """Whether it can be kept as a whole."""

    def forgive(self) -> None:
        """Show no errors."""

    def forgive_unanswered(self) -> None:
        """Show no errors but of what is wrong."""

    def value(self) -> Any:
        """What can be kept of it."""

    @property
    def only_unanswered(self) -> bool:
        """Whether nothing is wrong but that something is not answered yet."""

    @property
    def summary(self) -> list[Trouble]:
        """Each error."""

    def render(self) -> SafeString:
        """Its controls as HTML."""


class QuestionsForm(forms.Form):
    """Some questions bound to answers.

    `stored` are the answers kept so far, `before` those that count before these questions, `today` the day in Helsinki, `offers` what
    stands in a control when there is no answer yet. Whether a question must be answered is decided in `clean`, where it is known which
    are asked at all. After `is_valid()`:

    - `kept` holds every answer that is right by itself, whether or not all is complete;
    - `brought_up` names what these answers bring up on the same page;
    - `uploads` holds the files that can be taken, by field;
    - `about` holds what was written about files kept before, by their ids.

    `warnings` says of answers that are let through what the customer should know, by field; `sources` of those that are only offered,
    where they come from; `asked_about` what the authority asks about a question in a supplement.
    """

    use_required_attribute = False

    def __init__(
        self,
        questions: Questions,
        *,
        stored: Answers,
        before: Answers,
        today: date,
        data: Any = None,
        files: Any = None,
        prefix: str | None = None,
        offers: Answers | None = None,
        sources: Mapping[str, str] | None = None,
    ) -> None:
        self.questions, self.stored, self.before, self.today = questions, stored, before, today
        self.offers, self.sources = offers or {}, sources or {}
        self.asked_about: Mapping[str, str] = {}
        super().__init__(data, files, initial=dict(self._recalled()), auto_id="id_%s", prefix=prefix)
        language = get_language() or "sv"
        self.fields = dict(questions.form_fields(language))
        self.rules = questions.rules_on(today)
        self.counting: dict[str, Any] = dict(before)
        self.hidden_now = self._hidden_by(stored)
        self.inner: dict[str, Inner] = {}
        for field in questions.asked:
            inside = field.inside(
                prefix=self.add_prefix(field.key), stored=self._shown(field), today=today, data=data, language=language
            )
            if inside is not None:
                self.inner[field.key] = inside
        self.kept: dict[str, Any] = {}
        self.uploads: dict[str, list[UploadedFile]] = {}
        self.about: dict[str, str] = {}
        self.marks: dict[str, str] = {}  # what is to be known of a kept file, by its id: said by who shows the page
        self.wrong_inside: set[str] = set()
        self.brought_up: set[str] = set()
        self.helper = FormHelper()
        self.helper.layout = questions.layout
        self.helper.form_tag = False
        self.helper.disable_csrf = True

    def _shown(self, field: Field) -> Any:
        """What stands in a question's control: the answer, else what is offered, else the default."""
        for value in (self.stored.get(field.key), self.offers.get(field.key), field.default):
            if value is not None:
                return value
        return None

    def _begun(self, field: Field) -> Any:
        """What stood in a question's control before anybody typed in it."""
        offered = self.offers.get(field.key)
        return field.recall(field.default if offered is None else offered)

    def _recalled(self) -> Iterator[tuple[str, Any]]:
        for field in self.questions.asked:
            value = self._shown(field)
            if value is not None:
                yield field.key, field.recall(value)

    # --- what a page asks of it ------------------------------------------------------------------------------------

    @property
    def acted(self) -> bool:
        """Whether a button inside (add a row, move it, remove it) was pressed rather than one that saves."""
        return any(inside.acted for inside in self.inner.values())

    def kept_files(self) -> dict[str, list[dict[str, Any]]]:
        """The files stored already, by field."""
        return {field.key: self.stored.get(field.key) or [] for field in self.questions.asked if field.carries_file}

    def is_valid(self) -> bool:
        """Whether everything asked is answered and right."""
        return super().is_valid() and not self.wrong_inside

    def forgive(self) -> None:
        """Show what was typed without calling any of it wrong."""
        self.full_clean()
        self._errors = forms.utils.ErrorDict()
        self.wrong_inside = set()
        for inside in self.inner.values():
            inside.forgive()

    def forgive_unanswered(self) -> None:
        """Show what is wrong, but blame nobody for what is not answered yet."""
        for key, found in list(self.errors.as_data().items()):
            if all(error.code == "missing" for error in found):
                del self.errors[key]
        for key in list(self.wrong_inside):
            self.inner[key].forgive_unanswered()
            if not self.inner[key].summary:
                self.wrong_inside.discard(key)

    def is_blank(self) -> bool:
        """Whether nothing has been typed in it but what stood there from the beginning."""
        for field in self.questions.asked:
            if field.key in self.inner:
                if not self.inner[field.key].is_blank():
                    return False
            elif (typed := self[field.key].data) and str(typed).strip() not in ("", str(self._begun(field))):
                return False
        return True

    def value(self) -> dict[str, Any] | None:
        """What can be kept, as the answer to a composite question."""
        kept = {key: value for key, value in self.kept.items() if value is not None}
        return kept or None

    @property
    def only_unanswered(self) -> bool:
        """Whether nothing is wrong but that something is not answered yet."""
        own = all(error.code == "missing" for errors in self.errors.as_data().values() for error in errors)
        return own and all(self.inner[key].only_unanswered for key in self.wrong_inside)

    @property
    def summary(self) -> list[Trouble]:
        """Each error with the id of its control and its label, in the order of the page."""
        places = {place.name: place for place in self.helper.layout.fields}
        found: list[Trouble] = []
        for field in self.questions.asked:
            if field.key in self.wrong_inside:
                found += self.inner[field.key].summary
            for error in self.errors.get(field.key, []):
                found.append((places[field.key].first_control(self), field.label.said(), str(error)))
        return found

    def render(self, *args: Any, **kwargs: Any) -> SafeString:
        """The controls as HTML, without a form around them."""
        return self.helper.layout.render(self, {})

    @property
    def said_sources(self) -> Mapping[str, str]:
        """Where the offered answers come from, by field, until the customer has sent the page in."""
        return {} if self.is_bound else self.sources

    @cached_property
    def warnings(self) -> dict[str, str]:
        """What to know of the answers as they stand on the page, where it stops nobody."""
        wrong = self.errors  # judges what was typed, if that has not been done yet
        shown = self.kept if self.is_bound else self.stored
        asked = [field for field in self.questions.asked if field.key not in self.hidden_now]
        found = {field.key: field.caution(shown.get(field.key), self.today) for field in asked}
        return {key: warning for key, warning in found.items() if warning and key not in wrong}

    # --- judging ---------------------------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        """Decide question by question: is it asked, is it answered, does it fit the earlier answers?"""
        self.counting = dict(self.before)
        self.brought_up = set()
        were_hidden, self.hidden_now = self.hidden_now, set()
        for field in self.questions:
            asked = field.show_when.holds(self.counting, self.today)
            if not asked:
                self.hidden_now.add(field.key)
            elif field.key in were_hidden:
                self.brought_up.add(field.key)
            elif not field.asks:
                self._count(field, None)
            if field.asks:
                self._look_at(field)
                if not asked:
                    self.errors.pop(field.key, None)
                elif field.key in self.errors:
                    self._say_it_its_way(field)
                else:
                    self._judge(field, brought_up=field.key in were_hidden)
        return self.cleaned_data

    def _count(self, field: Field, kept: Any) -> None:
        value = field.counted(kept, self.counting, self.today)
        if field.answered(value):
            self.counting[field.key] = value

    def _look_at(self, field: Field) -> None:
        """Put what the answer is into `kept`, or into `uploads`."""
        if field.key in self.inner:
            inside = self.inner[field.key]
            inside.is_valid()
            self.kept[field.key] = None if inside.is_blank() else inside.value()
        elif field.carries_file:
            stored = self.stored.get(field.key) or []
            self.about |= field.about(self.add_prefix(field.key), self.data, stored)
            taken, refused = field.sort(self.cleaned_data.get(field.key) or [], len(stored))
            self.uploads[field.key] = taken
            for reason in refused:
                self.add_error(field.key, forms.ValidationError(reason, code="refused"))
        elif field.key in self.cleaned_data:
            try:
                self.kept[field.key] = field.keep_beside(self.cleaned_data[field.key], self.stored.get(field.key))
            except forms.ValidationError as wrong:
                self.add_error(field.key, wrong)

    def _files_of(self, field: Field) -> list[dict[str, Any]]:
        """The files stored already, with what has been written about them now."""
        stored = self.stored.get(field.key) or []
        return [item | {"about": self.about[item["id"]]} if item["id"] in self.about else item for item in stored]

    def _say_it_its_way(self, field: Field) -> None:
        """Let the service's own words stand instead of ours."""
        if field.errors and field.errors.wrong and not field.carries_file:
            self.errors[field.key].data[:] = [forms.ValidationError(field.errors.wrong.said(), code="wrong")]

    def _judge(self, field: Field, *, brought_up: bool) -> None:
        """Refuse what is missing or does not fit; else let the answer count for the questions after it."""
        needed = field.needed(self.counting, self.today)
        inside = self.inner.get(field.key)
        if inside is not None and not (inside.is_blank() and not needed):
            if not inside.is_valid():
                self._refuse_inside(field, inside)
                return
            self.kept[field.key] = (
                inside.value()
            )  # what stands there from the beginning is an answer where one is needed
        elif inside is not None:
            inside.forgive()
            self.kept[field.key] = None
        stored = self._files_of(field) if field.carries_file else self.kept.get(field.key)
        if not field.answered(stored) and not self.uploads.get(field.key):
            if needed:
                said = field.own_words("missing", field.missing())
                said = _("Your answers bring up this question.") + " " + said if brought_up else said
                self.add_error(field.key, forms.ValidationError(said, code="missing"))
            return
        if self.uploads.get(field.key) and (said := field.undescribed()):
            self.add_error(field.key, forms.ValidationError(said, code="missing"))
            return
        if objection := field.objection(stored, self.counting, self.today):
            self.add_error(field.key, forms.ValidationError(field.own_words("wrong", objection), code="objection"))
            return
        self._count(field, stored)

    def _refuse_inside(self, field: Field, inside: Inner) -> None:
        """Let the form within the form say what is wrong; where all of it is missing, the service's own words if it has any."""
        own = field.own_words("missing", "")
        if inside.is_blank() and own:
            inside.forgive()
            self.add_error(field.key, forms.ValidationError(own, code="missing"))
        else:
            self.wrong_inside.add(field.key)
            self._count(field, self.kept.get(field.key))

    def add_error(self, field: str | None, error: Any) -> None:
        """As Django does, but an answer that is refused is not kept; a composite question can have an error too."""
        if field in self.inner:
            self.errors.setdefault(field, self.error_class(renderer=self.renderer)).data.append(error)
        else:
            super().add_error(field, error)
            self.kept.pop(field or "", None)

    def _hidden_by(self, answers: Answers) -> set[str]:
        """The fields that are not asked, given stored answers; leaves what counts then in `counting`."""
        applies = set()
        for field, counting in self.questions.walk(answers, self.before, self.today):
            applies.add(field.key)
            self.counting = counting
        return {field.key for field in self.questions if field.key not in applies}
