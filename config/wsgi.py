"""The door for a web server (gunicorn, uWSGI …)."""

from __future__ import annotations

import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class Request(WSGIRequest):
    """A request whose Content-Type may be any nonsense: Django reads it before any middleware could answer 400."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            super()._set_content_type_params(meta)  # type: ignore[misc]  # Django's own, which its stubs leave out
        except (ValueError, LookupError):
            self.content_type, self.content_params = "", {}


class Handler(WSGIHandler):
    """Django's own, with such requests."""

    request_class = Request


django.setup(set_prefix=False)
application = Handler()
