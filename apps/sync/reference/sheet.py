"""The page itself: plain HTML in which everything that came from outside is escaped."""

from collections.abc import Iterable, Sequence
from datetime import UTC, tzinfo
from html import escape
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .documents import moment, read_json
from .faults import FAULTS
from .store import Row, Store
from .words import LANGUAGES, Words


def finnish_time() -> tzinfo:
    try:
        return ZoneInfo("Europe/Helsinki")
    except ZoneInfoNotFoundError:
        return UTC  # a machine without time zones


ZONE = finnish_time()


def sheet(store: Store, words: Words, *, waiting: Sequence[str], offset: int, per_page: int) -> str:
    parts = store.parts()
    cases = "".join(case(store, row, words) for row in store.latest(per_page, offset))
    return f"""<!doctype html>
<html lang="{words.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{words["title"]}</title>
<link rel="icon" href="/__icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/__style.css">
</head>
<body>
<a class="skip" href="#main">{words["skip"]}</a>
<header>
{languages(words)}
<h1>{words["title"]}</h1>
<p>{words["intro"]} {words["utc" if ZONE is UTC else "finnish_time"]}</p>
<p><a href="/?lang={words.language}">{words["refresh"]}</a></p>
</header>
<main id="main">
<h2 id="cases">{words["cases"]} ({parts})</h2>
{cases or f"<p>{words['no_cases']}</p>"}
{turning(words, parts, offset, per_page)}
<h2 id="requests">{words["requests"]}</h2>
{counts(store.request_counts(), words)}
<p><a href="/__requests">{words["requests_list"]}</a></p>
<h2 id="misbehave">{words["misbehave"]}</h2>
{control(words, waiting)}
</main>
</body>
</html>
"""


def languages(words: Words) -> str:
    links = "".join(
        f'<li><a href="/?lang={code}" lang="{code}" hreflang="{code}"{current(code == words.language)}>{name}</a></li>'
        for code, name in LANGUAGES.items()
    )
    return f'<nav aria-label="{words["language"]}"><ul>{links}</ul></nav>'


def current(yes: bool) -> str:
    return ' aria-current="true"' if yes else ""


def case(store: Store, row: Row, words: Words) -> str:
    data = store.case_data(row["external_id"])
    document = read_json(data["body"]) if data else {}
    heading = " ".join(part for part in (number_of(document, data), service_of(document, words)) if part)
    about = (
        ("service", text(service_of(document, words))),
        ("number", text(number_of(document, data))),
        ("part", code(row["external_id"])),
        ("digest", code(row["digest"])),
        ("changed", time(row["changed_at"])),
    )
    facts = "".join(f"<dt>{words[name]}</dt><dd>{value}</dd>" for name, value in about)
    place = f"case-{escape(row['external_id'])}"
    link = f'<a href="/__data/{quote(row["external_id"])}">{words["data"]} (JSON)</a>'
    return f"""<article aria-labelledby="{place}">
<h3 id="{place}">{escape(heading or row["external_id"])}</h3>
<dl>{facts}</dl>
{events(store, row["external_id"], words)}
{attachments(store, row["external_id"], document.get("attachments", []), words)}
<p>{link}</p>
</article>
"""


def service_of(document: dict[str, Any], words: Words) -> str:
    common = document.get("commondata", {})
    return words.pick(document.get("service") or document.get("serviceName") or common.get("service"))


def number_of(document: dict[str, Any], data: Row | None) -> str:
    """The case's number as the authority knows it: from the document, else from X-Road-Issue."""
    common = document.get("commondata", {})
    found = (source.get(name) for source in (document, common) for name in ("caseNumber", "number"))
    number = next((value for value in found if isinstance(value, (str, int)) and value), "")
    return str(number) or (data["issue"] if data else "")


def events(store: Store, external_id: str, words: Words) -> str:
    rows = store.events(external_id)
    if not rows:
        return f"<p>{words['no_events']}</p>"
    lines = (
        (
            str(row["number"]),
            code(row["kind"]),
            text(words.status(row["status"])),
            time(row["at"]),
            time(row["received_at"]),
            said(store, external_id, read_json(row["body"]).get("data"), words),
        )
        for row in rows
    )
    heads = ("order", "kind", "status", "at", "received", "said")
    return table(words["events"], [words[name] for name in heads], lines)


def said(store: Store, external_id: str, data: Any, words: Words) -> str:
    """What an event says: its texts, and links to the files that came with it."""
    if not isinstance(data, dict):
        return "–"
    parts = [escape(str(data[name])) for name in ("registerNumber", "outcome", "to", "text") if data.get(name)]
    files = data.get("attachments")
    for item in files if isinstance(files, list) else ():
        if isinstance(item, dict):
            parts.append(file_link(store, external_id, str(item.get("id", "")), str(item.get("name", "")), words))
    return "<br>".join(parts) or "–"


def file_link(store: Store, external_id: str, attachment_id: str, name: str, words: Words) -> str:
    if store.attachment(external_id, attachment_id) is None:
        return f"{text(name)} ({words['missing']})"
    address = f"/__files/{quote(external_id)}/{quote(attachment_id, safe='')}"
    return f'<a href="{address}" download>{text(name)}</a>'


def attachments(store: Store, external_id: str, listed: Sequence[dict[str, Any]], words: Words) -> str:
    if not listed:
        return ""
    lines = []
    for item in listed:
        shown = store.attachment(external_id, item["id"]) or item
        link = file_link(store, external_id, item["id"], item["name"], words)
        lines.append((link, str(shown["size"]), code(shown["sha256"])))
    return table(words["attachments"], [words[name] for name in ("file", "size", "sha256")], lines)


def turning(words: Words, parts: int, offset: int, per_page: int) -> str:
    links = []
    if offset > 0:
        links.append((max(0, offset - per_page), words["later"]))
    if offset + per_page < parts:
        links.append((offset + per_page, words["earlier"]))
    items = "".join(f'<li><a href="/?lang={words.language}&amp;from={place}">{name}</a></li>' for place, name in links)
    return f'<nav aria-label="{words["pages"]}"><ul>{items}</ul></nav>' if items else ""


def counts(rows: Sequence[Row], words: Words) -> str:
    if not rows:
        return f"<p>{words['no_requests']}</p>"
    lines = [
        (
            text(row["method"]),
            str(row["status"] or words["no_answer"]),
            text(row["fault"] or ""),
            *(str(row[name]) for name in ("requests", "applied", "duplicates")),
        )
        for row in rows
    ]
    totals = (str(sum(row[name] for row in rows)) for name in ("requests", "applied", "duplicates"))
    names = ("method", "answer", "fault", "count", "applied", "duplicates")
    return table(words["requests"], [words[name] for name in names], [*lines, (words["total"], "–", "–", *totals)])


def control(words: Words, waiting: Sequence[str]) -> str:
    options = "".join(f'<option value="{name}">{name}: {words.fault(name)}</option>' for name in FAULTS)
    queue = ", ".join(waiting) or "–"
    return f"""<form method="post" action="/__misbehave">
<p id="help">{words["misbehave_help"]}</p>
<p>{words["waiting"]}: {escape(queue)}</p>
<input type="hidden" name="lang" value="{words.language}">
<label for="next">{words["choose"]}</label>
<select id="next" name="next" aria-describedby="help">{options}</select>
<button>{words["add"]}</button>
<button name="clear" value="1">{words["clear"]}</button>
</form>"""


def table(caption: str, heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """The cells are HTML already; the first of a line is its heading."""
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>' for first, *rest in lines
    )
    frame = f'<div class="table" role="group" aria-label="{caption}" tabindex="0">'
    return (
        f"{frame}<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def text(value: str) -> str:
    return escape(value) or "–"


def code(value: str) -> str:
    return f"<code>{escape(value)}</code>"


def time(value: str) -> str:
    found = moment(value)
    if found is None:
        return text(value)
    shown = found.astimezone(ZONE).strftime("%d.%m.%Y %H.%M.%S")
    return f'<time datetime="{escape(value)}">{shown}</time>'
