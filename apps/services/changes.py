"""What differs between two versions of a service, in words that the people who decide on it can read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from difflib import SequenceMatcher
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, override

from apps.people.municipalities import all_municipalities
from apps.services.conditions import ALWAYS, NEVER, Condition
from apps.services.definition import Definition, Page
from apps.services.fieldtypes import Field
from apps.services.fieldtypes.base import ErrorTexts, LeadTime
from apps.services.handling import HandlingLimit, Records, keep_words, limit_words, records_words
from apps.services.surveying import Lead
from apps.services.texts import NO_TEXT, Texts, language_name
from apps.services.wording import in_words, lead_words, question_name, quoted

LONGEST_QUOTE = 60  # a longer text is only said to have changed

SERVICE_WORDS = {
    "name": gettext_lazy("name"),
    "summary": gettext_lazy("summary"),
    "for_whom": gettext_lazy("who it is for"),
    "legal_ground": gettext_lazy("legal ground"),
    "price": gettext_lazy("price"),
    "handling_time": gettext_lazy("handling time"),
    "deadline": gettext_lazy("deadline"),
    "at_hand": gettext_lazy("what to have at hand"),
    "contact": gettext_lazy("contact details"),
    "privacy": gettext_lazy("privacy notice"),
    "declaration": gettext_lazy("declaration"),
    "identification": gettext_lazy("strength of identification"),
    "acting_for": gettext_lazy("for whom one can act"),
    "mandate": gettext_lazy("mandate needed"),
    "draft_days": gettext_lazy("days a draft is kept"),
    "handling_limit": gettext_lazy("time limit of the handling"),
    "keep_days": gettext_lazy("how long the content of a closed case is kept"),
    "records": gettext_lazy("plan for the records"),
    "own_service": gettext_lazy("address of the authority’s own service"),
    "connection": gettext_lazy("way of connecting"),
    "key": gettext_lazy("key"),
    "authority": gettext_lazy("authority"),
    "kind": gettext_lazy("kind"),
    "languages": gettext_lazy("languages"),
    "municipalities": gettext_lazy("municipalities"),
}
SETTING_WORDS = {
    "label": gettext_lazy("label"),
    "title": gettext_lazy("title"),
    "hint": gettext_lazy("hint"),
    "text": gettext_lazy("text"),
    "unit": gettext_lazy("unit"),
    "row_label": gettext_lazy("name of a row"),
    "missing": gettext_lazy("text when the answer is missing"),
    "wrong": gettext_lazy("text when the answer is wrong"),
    "max_length": gettext_lazy("greatest length"),
    "pattern": gettext_lazy("pattern"),
    "min": gettext_lazy("smallest value"),
    "max": gettext_lazy("greatest value"),
    "decimals": gettext_lazy("decimals"),
    "not_before": gettext_lazy("not before the answer to"),
    "after": gettext_lazy("later than the answer to"),
    "on_days": gettext_lazy("when these are the same day"),
    "max_files": gettext_lazy("most files"),
    "max_megabytes": gettext_lazy("most megabytes a file"),
    "types": gettext_lazy("kinds of file"),
    "min_rows": gettext_lazy("fewest rows"),
    "max_rows": gettext_lazy("most rows"),
    "operation": gettext_lazy("how it is computed"),
    "of": gettext_lazy("what it is computed from"),
    "common": gettext_lazy("belongs to the common data"),
    "secret": gettext_lazy("secret"),
    "default": gettext_lazy("answer that stands there from the beginning"),
    "prefill": gettext_lazy("filled in from"),
    "display": gettext_lazy("way of choosing"),
    "rows": gettext_lazy("height"),
    "autocomplete": gettext_lazy("filled in by the browser"),
    "contact_person": gettext_lazy("asks for a contact person"),
    "address": gettext_lazy("asks for the address"),
    "identity_code": gettext_lazy("asks for the personal identity code"),
    "protection_order": gettext_lazy("asks for a protection order"),
    "coordinates": gettext_lazy("asks for coordinates"),
    "system": gettext_lazy("system of coordinates"),
    "contact": gettext_lazy("asks for contact details"),
    "describe": gettext_lazy("asks what each file is"),
    "values": gettext_lazy("values and when they hold"),
    "quiet": gettext_lazy("left out of the page"),
}
# The words of a definition that stand for something, by the setting that has them.
VALUE_WORDS: dict[str, dict[str, Any]] = {
    "kind": {
        "permit": gettext_lazy("permit"),
        "notification": gettext_lazy("notification"),
        "plan": gettext_lazy("plan"),
        "registration": gettext_lazy("registration"),
        "supervision": gettext_lazy("supervision"),
        "survey": gettext_lazy("survey"),
    },
    "connection": {
        "simplified": gettext_lazy("simplified e-service"),
        "interface": gettext_lazy("interface for electronic communication"),
        "conditional": gettext_lazy("conditional: the authority’s own service"),
    },
    "display": {
        "radio": gettext_lazy("all options in sight"),
        "list": gettext_lazy("a list that opens"),
        "search": gettext_lazy("a line to search in"),
    },
    "prefill": {
        "given_name": gettext_lazy("given name"),
        "family_name": gettext_lazy("family name"),
        "name": gettext_lazy("name"),
        "company_name": gettext_lazy("the company’s name"),
        "company_id": gettext_lazy("the company’s business ID"),
        "common_data": gettext_lazy("common data from the national service"),
    },
    "autocomplete": {
        "name": gettext_lazy("name"),
        "given-name": gettext_lazy("given name"),
        "family-name": gettext_lazy("family name"),
        "organization": gettext_lazy("organisation"),
        "street-address": gettext_lazy("street address"),
        "postal-code": gettext_lazy("postal code"),
        "address-level2": gettext_lazy("town"),
        "country-name": gettext_lazy("country"),
        "email": gettext_lazy("email address"),
        "tel": gettext_lazy("telephone number"),
    },
    "operation": {
        "sum": gettext_lazy("sum"),
        "difference": gettext_lazy("difference"),
        "product": gettext_lazy("product"),
        "days_between": gettext_lazy("days between"),
        "count": gettext_lazy("number of answers"),
    },
    "system": {"tm35fin": "ETRS-TM35FIN", "wgs84": "WGS 84"},
    "types": {
        "pdf": "PDF",
        "png": "PNG",
        "jpeg": "JPEG",
        "docx": "Word (docx)",
        "xlsx": "Excel (xlsx)",
        "odt": "OpenDocument (odt)",
        "ods": "OpenDocument (ods)",
    },
}
LIMITS = frozenset(
    [
        "max_length",
        "pattern",
        "min",
        "max",
        "decimals",
        "not_before",
        "after",
        "on_days",
        "max_files",
        "max_megabytes",
        "types",
        "min_rows",
        "max_rows",
    ]
)
GROUND_WORDS = {
    "ground": gettext_lazy("ground for the time limit of the handling"),
    "retention_ground": gettext_lazy("ground for the retention"),
    "secrecy_ground": gettext_lazy("ground for secrecy"),
}
WORDED = ("required", "required_when", "options", "lead_time", "fields", "errors")  # said by functions of their own


@dataclass(frozen=True)
class Change:
    """Something that differs: of what sort, where (`name`, `first`, `first.audience`), and in words."""

    kind: str
    path: str
    words: str

    def __str__(self) -> str:
        return self.words


def changes(old: Definition, new: Definition, language: str) -> list[Change]:
    """Everything that differs between two versions: the service's own texts first, then page by page."""
    with override(language):
        return list(_Comparing(old, new, language).everything())


class _Comparing:
    """Two versions side by side."""

    def __init__(self, old: Definition, new: Definition, language: str) -> None:
        self.old, self.new, self.language = old, new, language
        self.languages = list(dict.fromkeys((*new.languages, *old.languages)))
        self.old_pages, self.new_pages = _by_key(old.pages), _by_key(new.pages)
        self.old_page_of = {field.key: page for page in old.pages for field in page.fields}
        self.new_page_of = {field.key: page for page in new.pages for field in page.fields}

    def everything(self) -> Iterator[Change]:
        yield from self._service()
        yield from self._leads()
        yield from self._pages()
        for page in self.new.pages:
            before = self.old_pages.get(page.key)
            if before is not None:
                yield from self._page(before, page)
            yield from self._questions(page)
        for key, page in self.old_page_of.items():
            if key not in self.new_page_of:
                yield self._removed(f"{page.key}.{key}", self.old.fields[key], self._title(page))

    # --- the service -----------------------------------------------------------------------------------------------

    def _service(self) -> Iterator[Change]:
        for f in fields(self.old):
            if f.name in SERVICE_WORDS:
                before, after = getattr(self.old, f.name), getattr(self.new, f.name)
                said = self._worded(f.name, before), self._worded(f.name, after)
                if isinstance(before or after, HandlingLimit | Records):
                    yield from self._grounds(f.name, before, after)
                    before, after = said
                yield from self._setting(f.name, _("The service"), SERVICE_WORDS[f.name], before, after, said=said)

    def _grounds(self, path: str, before: Any, after: Any) -> Iterator[Change]:
        """The texts within a limit of the handling or a plan for the records, which the few words for those leave out."""
        for name, words in GROUND_WORDS.items():
            was, now = getattr(before, name, NO_TEXT), getattr(after, name, NO_TEXT)
            yield from self._setting(path, _("The service"), words, was, now)

    def _leads(self) -> Iterator[Change]:
        """Of a survey: where its answers lead. A lead has no name of its own, so it is told whole when anything of it differs."""
        before, after = self.old.leads_to, self.new.leads_to
        for n, lead in enumerate(before):
            if lead not in after:
                yield self._lead(f"leads_to[{n}]", lead, self.old, _("No longer: %(lead)s"))
        for n, lead in enumerate(after):
            if lead not in before:
                yield self._lead(f"leads_to[{n}]", lead, self.new, _("New: %(lead)s"))
        if before != after and set(before) == set(after):
            yield Change("moved", "leads_to", _("What the answers lead to has another order."))

    def _lead(self, path: str, lead: Lead, of: Definition, words: str) -> Change:
        return Change("lead", path, words % {"lead": " ".join(lead_words(lead, of.fields, self.language))})

    # --- pages -----------------------------------------------------------------------------------------------------

    def _pages(self) -> Iterator[Change]:
        for key, page in self.old_pages.items():
            if key not in self.new_pages:
                yield Change("removed", key, _("Page %(page)s was removed.") % {"page": self._title(page)})
        moved = _moved(list(self.old_pages), list(self.new_pages))
        for key, page in self.new_pages.items():
            if key not in self.old_pages:
                yield Change("added", key, _("Page %(page)s was added.") % {"page": self._title(page)})
            elif key in moved:
                yield Change("moved", key, _("Page %(page)s was moved.") % {"page": self._title(page)})

    def _page(self, before: Page, after: Page) -> Iterator[Change]:
        subject = _("Page %(page)s") % {"page": self._title(after)}
        for name in ("title", "text"):
            yield from self._setting(
                after.key, subject, SETTING_WORDS[name], getattr(before, name), getattr(after, name)
            )
        yield from self._shown(after.key, subject, before.show_when, after.show_when)

    def _title(self, page: Page) -> str:
        return quoted(page.title.said(self.language) or page.key)

    # --- questions -------------------------------------------------------------------------------------------------

    def _questions(self, page: Page) -> Iterator[Change]:
        here = self.old_pages.get(page.key)
        stayed = [field.key for field in here.fields] if here else []
        moved = _moved(stayed, [field.key for field in page.fields])
        for field in page.fields:
            path, came_from = f"{page.key}.{field.key}", self.old_page_of.get(field.key)
            if came_from is None:
                yield self._added(path, field, self._title(page))
                continue
            if came_from.key != page.key:
                places = {"what": self._subject(field), "old": self._title(came_from), "new": self._title(page)}
                yield Change("moved", path, _("%(what)s was moved from %(old)s to %(new)s.") % places)
            elif field.key in moved:
                words = _("%(what)s has another place in %(where)s.")
                yield Change("moved", path, words % {"what": self._subject(field), "where": self._title(page)})
            yield from self._question(path, self.old.fields[field.key], field)

    def _added(self, path: str, field: Field, where: str) -> Change:
        said = (
            _("%(what)s was added to %(where)s and must be answered.")
            if field.asks and field.required
            else _("%(what)s was added to %(where)s.")
        )
        return Change("added", path, said % {"what": self._subject(field), "where": where})

    def _removed(self, path: str, field: Field, where: str) -> Change:
        words = {"what": self._subject(field), "where": where}
        return Change("removed", path, _("%(what)s was removed from %(where)s.") % words)

    def _question(self, path: str, before: Field, after: Field) -> Iterator[Change]:
        subject = self._subject(after)
        if before.kind != after.kind:
            words = {"what": subject, "old": quoted(str(before.kind_label)), "new": quoted(str(after.kind_label))}
            yield Change("kind", path, _("%(what)s: the kind changed from %(old)s to %(new)s.") % words)
        if after.asks:
            yield from self._needed(path, subject, before, after)
        yield from self._shown(path, subject, before.show_when, after.show_when)
        yield from self._options(path, subject, before, after)
        yield from self._time_limit(path, subject, before.notice(), after.notice())
        yield from self._errors(path, subject, before.errors, after.errors)
        yield from self._settings(path, subject, before, after)
        yield from self._rows(path, before, after)

    def _subject(self, field: Field) -> str:
        label = quoted(field.label.said(self.language) or field.key)
        return _("Question %(label)s") % {"label": label} if field.asks else f"{field.kind_label} {label}"

    def _needed(self, path: str, subject: str, before: Field, after: Field) -> Iterator[Change]:
        if after.required and not before.required:
            yield Change("required", path, _("%(what)s became required.") % {"what": subject})
        elif before.required and not after.required:
            yield Change("optional", path, _("%(what)s became optional.") % {"what": subject})
        if after.required or before.required_when == after.required_when:
            return
        if after.required_when == NEVER:
            words = _("%(what)s need no longer be answered when %(condition)s.")
            yield self._on(path, words, subject, before.required_when, self.old)
        else:
            words = _("%(what)s must now be answered when %(condition)s.")
            yield self._on(path, words, subject, after.required_when, self.new)

    def _shown(self, path: str, subject: str, before: Condition, after: Condition) -> Iterator[Change]:
        if before == after:
            return
        if after == ALWAYS:
            yield self._on(
                path, _("%(what)s is now always shown; before, when %(condition)s."), subject, before, self.old
            )
        elif before == ALWAYS:
            yield self._on(path, _("%(what)s is now shown only when %(condition)s."), subject, after, self.new)
        else:
            words = {
                "what": subject,
                "condition": in_words(after, self.new.fields, self.language),
                "before": in_words(before, self.old.fields, self.language),
            }
            said = _("%(what)s is now shown when %(condition)s; before, when %(before)s.")
            yield Change("condition", path, said % words)

    def _on(self, path: str, words: str, subject: str, condition: Condition, of: Definition) -> Change:
        said = in_words(condition, of.fields, self.language)
        return Change("condition", path, words % {"what": subject, "condition": said})

    def _options(self, path: str, subject: str, before: Field, after: Field) -> Iterator[Change]:
        old, new = before.possible(), after.possible()
        for value in sorted(old - new) if new else ():
            words = {"what": subject, "option": quoted(before.value_words(value, self.language))}
            yield Change("option_removed", path, _("%(what)s: option %(option)s was removed.") % words)
        for value in sorted(new - old) if old else ():
            words = {"what": subject, "option": quoted(after.value_words(value, self.language))}
            yield Change("option_added", path, _("%(what)s: option %(option)s was added.") % words)
        renamed = False
        for value in sorted(old & new):
            for language in self.languages:
                was, now = before.value_words(value, language), after.value_words(value, language)
                if was != now:
                    renamed = True
                    words = {
                        "what": subject,
                        "old": quoted(was),
                        "new": quoted(now),
                        "language": language_name(language),
                    }
                    said = _("%(what)s: option %(old)s is now called %(new)s (%(language)s).")
                    yield Change("option_renamed", path, said % words)
        differ = getattr(before, "options", None) != getattr(after, "options", None)
        if old and old == new and differ and not renamed:
            yield Change("options_moved", path, _("%(what)s: the options have another order.") % {"what": subject})

    def _time_limit(self, path: str, subject: str, before: LeadTime | None, after: LeadTime | None) -> Iterator[Change]:
        if before == after:
            return
        if after is None:
            yield Change("lead_time", path, _("%(what)s: the time limit was removed.") % {"what": subject})
            return
        words = {"what": subject, "new": lead_time_words(after), "old": lead_time_words(before) if before else ""}
        said = (
            _("%(what)s: the time limit is now %(new)s; before, %(old)s.")
            if before
            else _("%(what)s: there is now a time limit, %(new)s.")
        )
        yield Change("lead_time", path, said % words)

    def _errors(self, path: str, subject: str, before: ErrorTexts | None, after: ErrorTexts | None) -> Iterator[Change]:
        for name in ("missing", "wrong"):
            was, now = getattr(before, name, NO_TEXT), getattr(after, name, NO_TEXT)
            yield from self._setting(path, subject, SETTING_WORDS[name], was, now)

    def _settings(self, path: str, subject: str, before: Field, after: Field) -> Iterator[Change]:
        """The settings that both kinds have, and that no function of their own says."""
        for name in after.settings():
            if name in before.settings() and name not in WORDED:
                kind = "limit" if name in LIMITS else "setting"
                was, now = getattr(before, name), getattr(after, name)
                if name == "default":
                    said = self._answer(before, was), self._answer(after, now)
                elif name in ("of", "not_before", "after", "on_days"):
                    said = self._named(was, self.old), self._named(now, self.new)
                else:
                    said = self._worded(name, was), self._worded(name, now)
                yield from self._setting(path, subject, SETTING_WORDS[name], was, now, kind, said)

    def _worded(self, name: str, value: Any) -> Any:
        """A setting's value with the words of a definition in it said in people's own."""
        if isinstance(value, tuple) and all(isinstance(item, str) for item in value):
            return tuple(self._worded(name, item) for item in value)
        if isinstance(value, HandlingLimit):
            return limit_words(value)
        if isinstance(value, Records):
            return ", ".join(f"{what}: {said}" for what, said in records_words(value))
        if name == "keep_days":
            return keep_words(value)
        if name == "languages":
            return language_name(value)
        if name == "municipalities":
            known = all_municipalities().get(value)
            return known.name(self.language) if known else value
        if not isinstance(value, str):
            return value
        return str(VALUE_WORDS.get(name, {}).get(value, value))

    def _answer(self, field: Field, value: Any) -> Any:
        """A default as its question shows an answer."""
        return None if value is None else field.value_words(value, self.language)

    def _named(self, paths: str | tuple[str, ...], of: Definition) -> tuple[str, ...]:
        """The questions that a setting names, by their labels."""
        named = (paths,) if isinstance(paths, str) else paths
        return tuple(question_name(path, of.fields, self.language) for path in named if path)

    def _rows(self, path: str, before: Field, after: Field) -> Iterator[Change]:
        """The questions of a group, which are compared as those of a page are."""
        old, new = _by_key(before.own_parts()), _by_key(after.own_parts())
        where = quoted(after.label.said(self.language) or after.key)
        moved = _moved(list(old), list(new))
        for key, part in new.items():
            within = f"{path}.{key}"
            if key not in old:
                yield self._added(within, part, where)
                continue
            if key in moved:
                words = {"what": self._subject(part), "where": where}
                yield Change("moved", within, _("%(what)s has another place in %(where)s.") % words)
            yield from self._question(within, old[key], part)
        for key, part in old.items():
            if key not in new:
                yield self._removed(f"{path}.{key}", part, where)

    # --- one setting -----------------------------------------------------------------------------------------------

    def _setting(
        self,
        path: str,
        subject: str,
        what: Any,
        before: Any,
        after: Any,
        kind: str = "setting",
        said: tuple[Any, Any] | None = None,
    ) -> Iterator[Change]:
        """What is told when a setting's value differs; `said` are the two values as people know them."""
        if before == after:
            return
        if isinstance(before, Texts) or isinstance(after, Texts):
            yield from self._text(path, subject, what, before or NO_TEXT, after or NO_TEXT)
            return
        was, now = map(_value_words, said or (before, after))
        words = {"what": subject, "setting": str(what), "old": was, "new": now}
        told = (
            _("%(what)s: %(setting)s changed.")
            if was is None or now is None or was == now
            else _("%(what)s: %(setting)s changed from %(old)s to %(new)s.")
        )
        yield Change(kind, path, told % words)

    def _text(self, path: str, subject: str, what: Any, before: Texts, after: Texts) -> Iterator[Change]:
        was, now = before.as_json(), after.as_json()
        for language in dict.fromkeys((*self.languages, *now, *was)):
            old, new = was.get(language, ""), now.get(language, "")
            words = {"what": subject, "setting": str(what), "language": language_name(language)}
            words |= {"old": quoted(old), "new": quoted(new)}
            if old != new:
                yield Change("text", path, _text_words(old, new) % words)


def _text_words(old: str, new: str) -> str:
    if not old:
        return _("%(what)s: %(setting)s was added (%(language)s).")
    if not new:
        return _("%(what)s: %(setting)s was removed (%(language)s).")
    if max(len(old), len(new)) > LONGEST_QUOTE:
        return _("%(what)s: %(setting)s changed (%(language)s).")
    return _("%(what)s: %(setting)s changed from %(old)s to %(new)s (%(language)s).")


def lead_time_words(limit: LeadTime) -> str:
    """A time limit, and what happens to those who come later, in the active language."""
    if limit.unit == "working_days":
        amount = ngettext("%(days)d working day before", "%(days)d working days before", limit.days)
    else:
        amount = ngettext("%(days)d day before", "%(days)d days before", limit.days)
    late = {
        "refuse": _("%(amount)s (later is refused)"),
        "warn": _("%(amount)s (later is let through with a warning)"),
        "explain": _("%(amount)s (later is let through with an explanation)"),
    }
    return late[limit.late] % {"amount": amount % {"days": limit.days}}


def _by_key(owners: Iterable[Any]) -> dict[str, Any]:
    return {owner.key: owner for owner in owners}


def _moved(old: Sequence[str], new: Sequence[str]) -> set[str]:
    """The keys that stand in another order than before: as few as explain it."""
    was, now = [key for key in old if key in new], [key for key in new if key in old]
    blocks = SequenceMatcher(None, was, now, autojunk=False).get_matching_blocks()
    kept = {was[n] for block in blocks for n in range(block.a, block.a + block.size)}
    return set(now) - kept


def _value_words(value: Any) -> str | None:
    """A setting's value for people; None where it is not said in a few words."""
    if value is None or value in ("", ()):
        return _("nothing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int | float):
        return f"{value:,}".replace(",", "\N{NO-BREAK SPACE}")
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, tuple) and all(isinstance(item, str) for item in value):
        return quoted(", ".join(value))
    return None
