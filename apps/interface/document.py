"""The document of the interface: docs/interface/authorities.yaml with its schemas and examples in it, as an installation gives it out."""

from __future__ import annotations

import functools
import hashlib
import json
from typing import Any

import yaml
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from apps.interface.operations import language_of
from apps.interface.problems import Problem

FOLDER = settings.BASE_DIR / "docs" / "interface"
ADDRESS = "/interface/v1"
WIDTH = 140  # of its lines as YAML
KEPT = "public, max-age=300"
ADDRESSES = 8  # under which this installation can be known before a document is made anew

# The same parser and writer, in C where there is one: the document is long.
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@functools.cache
def document() -> dict[str, Any]:
    """The document, complete in itself: every schema stands among its components, and every example where it is shown."""
    return _Bundle().made()


def of_installation(address: str) -> dict[str, Any]:
    """The document with the address of an installation as its only server."""
    server = {"url": address.rstrip("/") + ADDRESS}
    return {name: [server] if name == "servers" else value for name, value in document().items()}


class _Bundle:
    """Brings together what docs/interface has in several files. What a schema defines within itself becomes a schema of its own."""

    def __init__(self) -> None:
        self.schemas: dict[str, Any] = {}

    def made(self) -> dict[str, Any]:
        text = (FOLDER / "authorities.yaml").read_text("utf-8")
        whole: dict[str, Any] = self._whole(yaml.load(text, Loader))  # noqa: S506 (a safe loader, and a file of ours)
        whole["components"]["schemas"] |= self.schemas
        return whole

    def _whole(self, value: Any, within: str = "") -> Any:
        """A part of the document, or of the schema of a name, without anything that stands in another file."""
        if isinstance(value, list):
            return [self._whole(item, within) for item in value]
        if not isinstance(value, dict):
            return value
        whole = {name: self._whole(item, within) for name, item in value.items() if name != "externalValue"}
        if isinstance(shown := value.get("externalValue"), str):
            whole["value"] = _read(shown)
        if isinstance(there := value.get("$ref"), str):
            whole["$ref"] = self._schema(there, within) if within or there.startswith("schemas/") else there
        return whole

    def _schema(self, there: str, within: str) -> str:
        """Where the schema stands that is referred to from within another one, or from the document."""
        file, _hash, place = there.partition("#")
        stem = file.removeprefix("schemas/").removesuffix(".json") or within
        defined = place.removeprefix("/$defs/")
        name = _named(stem) + _named(defined)
        if name not in self.schemas:
            self.schemas[name] = {}  # it may refer to itself
            said = _read(f"schemas/{stem}.json")
            own = (
                said["$defs"][defined]
                if defined
                else {key: said[key] for key in said if key not in ("$schema", "$defs")}
            )
            self.schemas[name] = self._whole(own, stem)
        return f"#/components/schemas/{name}"


def _read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text("utf-8"))


def _named(name: str) -> str:
    """A name as schemas have it among the components: PortalCaseData."""
    return "".join(word[:1].upper() + word[1:] for word in name.replace("_", "-").split("-"))


@functools.lru_cache(maxsize=2 * ADDRESSES)
def _written(kind: str, address: str) -> tuple[bytes, str]:
    """The document as text, and its entity tag."""
    said = of_installation(address)
    if kind == "json":
        text = json.dumps(said, ensure_ascii=False)
    else:
        text = yaml.dump(said, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)
    written = text.encode()
    return written, f'"{hashlib.sha256(written).hexdigest()}"'


@csrf_exempt
def as_json(request: HttpRequest) -> HttpResponse:
    """The document in JSON. Nobody needs a key for it."""
    return _given(request, "json", "application/json")


@csrf_exempt
def as_yaml(request: HttpRequest) -> HttpResponse:
    """The document in YAML. Nobody needs a key for it."""
    return _given(request, "yaml", "application/yaml")


def _given(request: HttpRequest, kind: str, media_type: str) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        allowed = "GET, HEAD"
        with translation.override(language_of(request)):
            words = _("This address takes %(methods)s.") % {"methods": allowed}
            return Problem("method", words, headers={"Allow": allowed}).response()
    written, tag = _written(kind, address_of(request))
    headers = {"Cache-Control": KEPT, "ETag": tag, "Content-Language": "en"}
    response = HttpResponse(written, content_type=media_type, headers=headers)
    return get_conditional_response(request, etag=tag, response=response) or response


def address_of(request: HttpRequest) -> str:
    """Where the public reaches this installation."""
    return settings.SITE_URL or f"{request.scheme}://{request.get_host()}"
