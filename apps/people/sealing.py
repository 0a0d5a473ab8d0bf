"""Personal identity codes at rest: sealed with a key that lies outside the database (1050/2018, section 29; 906/2019).

Whatever text holds a valid code is sealed as a whole on its way into the database, wherever it stands in an answer, and opened again
on its way out. So no kind of question, no free text and no later model has to think of it. IDENTITY_CODE_KEYS: the first
key seals, all of them open; `manage.py reseal` brings everything under the first one, after which the others can go.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import models
from stdnum.fi import hetu

MARK = "$sealed"
TEXT_MARK = "sealed:"
LOOKS_LIKE_CODE = re.compile(r"(?<![0-9])[0-9]{6}[-–+A-FU-Ya-fu-y][0-9]{3}[0-9A-Za-z](?![0-9A-Za-z])")
MASKED = "xxxxxx-xxxx"


class NoKey(Exception):
    """Something is sealed with a key that IDENTITY_CODE_KEYS does not have (any more)."""


def holds_code(text: str) -> bool:
    """Whether a valid personal identity code stands anywhere in the text; those of the artificial range count too."""
    return any(_is_code(found) for found in LOOKS_LIKE_CODE.findall(text))


def without_codes(text: str) -> str:
    """The text with every valid personal identity code made unreadable: for names, which go where no seal does."""
    return LOOKS_LIKE_CODE.sub(lambda found: MASKED if _is_code(found[0]) else found[0], text)


def _is_code(text: str) -> bool:
    return bool(hetu.is_valid(text.upper().replace("–", "-"), allow_temporary=True))


def sealed_text(text: str) -> str:
    """The text as a token that only the key opens."""
    return _box(_keys()).encrypt(text.encode()).decode()


def opened_text(token: str) -> str:
    """The text of a token. Raises NoKey."""
    try:
        return _box(_keys()).decrypt(token.encode()).decode()
    except InvalidToken:
        raise NoKey("IDENTITY_CODE_KEYS does not have the key that this was sealed with") from None


def sealed(value: Any) -> Any:
    """A JSON value in which every text that holds a personal identity code is sealed."""
    if isinstance(value, str):
        return {MARK: sealed_text(value)} if holds_code(value) else value
    if isinstance(value, dict):
        return {key: sealed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [sealed(item) for item in value]
    return value


def opened(value: Any) -> Any:
    """The JSON value that was sealed. Raises NoKey."""
    if isinstance(value, dict):
        if len(value) == 1 and isinstance(value.get(MARK), str):
            return opened_text(value[MARK])
        return {key: opened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [opened(item) for item in value]
    return value


def index(text: str) -> str:
    """By what a sealed text is found again: the same for the same text, and of no use to who has not the key."""
    return _index(text, _keys()[0])


def indexes(text: str) -> list[str]:
    """By what it is found while some rows are still under an older key."""
    return [_index(text, key) for key in _keys()]


def _index(text: str, key: str) -> str:
    return hmac.new(_derived(key, b"index"), text.encode(), hashlib.sha256).hexdigest()


def _keys() -> tuple[str, ...]:
    return tuple(settings.IDENTITY_CODE_KEYS)


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derived(key, b"seal"))) for key in keys])


@lru_cache(maxsize=16)
def _derived(key: str, use: bytes) -> bytes:
    return HKDF(SHA256(), 32, None, b"forenklad-e-tjanst " + use).derive(key.encode())


class SealedJSONField(models.JSONField):
    """JSON whose texts with personal identity codes are sealed in the database, and plain in Python."""

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """Seal on the way in."""
        plain = isinstance(value, dict | list | str)
        return super().get_db_prep_value(sealed(value) if plain else value, connection, prepared)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Open on the way out."""
        return opened(super().from_db_value(value, expression, connection))


class SealedTextField(models.TextField):
    """A text that is sealed in the database whatever it says, and plain in Python. It cannot be searched; see `index`."""

    def get_prep_value(self, value: Any) -> Any:
        """Seal on the way in; the empty text stays as it is."""
        text = super().get_prep_value(value)
        return TEXT_MARK + sealed_text(text) if text else text

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Open on the way out."""
        return opened_text(value.removeprefix(TEXT_MARK)) if value and value.startswith(TEXT_MARK) else value


class SealingSerializer:
    """How sessions are written: what was typed and is shown again after signing in lies there sealed too."""

    def dumps(self, obj: Any) -> bytes:
        """To bytes."""
        return json.dumps(sealed(obj), separators=(",", ":")).encode("latin-1")

    def loads(self, data: bytes) -> Any:
        """From bytes."""
        return opened(json.loads(data.decode("latin-1")))
