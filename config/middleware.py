"""What holds for every request before a view sees it."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

GetResponse = Callable[[HttpRequest], HttpResponse]
INTERFACE = "/interface/"  # where systems are answered, also when they are refused, in a form of its own


class RefuseOtherCharsets:
    """A form sent in another character set than UTF-8 would be misread (and crash Django's parser): 400 in words.

    The interface reads no forms: what comes there is bytes, and a file may say of itself what it likes.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 400 when the charset is another one; else go on."""
        if request.path.startswith(INTERFACE):
            request.encoding = "utf-8"  # of its address; what it brings, it judges itself
            return self.get_response(request)
        charset = (request.content_params or {}).get("charset", "utf-8").strip("\"' ").lower()
        if charset not in ("utf-8", "utf8", "us-ascii"):
            text = _("This service reads text as UTF-8. Please send the form again as UTF-8.")
            return HttpResponse(text, status=400, content_type="text/plain; charset=utf-8")
        return self.get_response(request)


class ContentSecurityPolicy:
    """Says to the browser that only this service's own files may run or style a page.

    Reads SECURE_CSP, the name and shape Django 6 uses, so that the move there deletes this class.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.policy = "; ".join(f"{name} {' '.join(sources)}" for name, sources in settings.SECURE_CSP.items())

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the header unless the view set its own."""
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self.policy)
        return response
