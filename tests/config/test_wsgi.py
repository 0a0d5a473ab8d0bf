"""What reaches the service before any middleware does."""

from __future__ import annotations

import io
from typing import Any

import pytest

from config.wsgi import application


def answer_to(content_type: str) -> str:
    """The status of a POST with such a Content-Type."""
    said: list[str] = []
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/sv/sign-out/",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.input": io.BytesIO(b"a=b"),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        "CONTENT_LENGTH": "3",
        "CONTENT_TYPE": content_type,
    }

    def start_response(status: str, headers: Any, exc_info: Any = None, /) -> Any:
        said.append(status)

    application(environ, start_response).close()
    return said[0]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content_type", ["text/plain; charset*=bogus''x", "multipart/form-data; boundary*=bogus''x", "\x00", "é" * 300, ""]
)
def test_a_content_type_of_nonsense_is_no_server_error(content_type: str) -> None:
    assert answer_to(content_type)[:3] in ("400", "403")
