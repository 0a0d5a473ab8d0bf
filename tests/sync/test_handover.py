"""Packages dropped for case management: into real folders and into a bucket; whole or not at all, and never two of them for one event."""

from __future__ import annotations

import errno
import json
import re
import resource
import stat
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from pytest_django import Settings

from apps.applications.models import Attachment
from apps.cases import handover
from apps.cases.models import Case
from apps.services.models import Service
from apps.sync import relay
from apps.sync.courier import Courier
from apps.sync.models import HANDOVER, Delivery, Receiver
from apps.sync.receivers.base import Delivered, Later, Refused
from apps.sync.receivers.handover import Handover, _of_the_system, place_of, put
from tests import build
from tests.build import NOW
from tests.sync import folders

pytestmark = pytest.mark.django_db
SOON = NOW + timedelta(minutes=10)
LATER = NOW + timedelta(hours=2)
CLOSED = ["close"]


@pytest.fixture(autouse=True)
def _only_the_handover(settings: Settings) -> None:
    settings.NATIONAL_SERVICE_URL, settings.MAIL_IS_SENT = "", False
    Receiver.objects.filter(kind=HANDOVER).update(since=NOW - timedelta(days=1))


def use_folder(settings: Settings, folder: Path, **modes: int) -> None:
    """Have packages put into a folder."""
    options = {"location": str(folder), "file_permissions_mode": 0o600, "directory_permissions_mode": 0o700, **modes}
    backend = "django.core.files.storage.FileSystemStorage"
    settings.HANDOVER_FOLDER, settings.HANDOVER_BUCKET = str(folder), ""
    settings.STORAGES = {**django_settings.STORAGES, "handover": {"BACKEND": backend, "OPTIONS": options}}


@pytest.fixture
def inbox(settings: Settings, tmp_path: Path) -> Path:
    """The folder that packages are dropped into."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    use_folder(settings, folder)
    return folder


def case(*kinds: str) -> Case:
    """A case with a file, whose service has packages dropped at these events."""
    made = folders.with_file()
    Service.objects.update(handover_on=list(kinds))
    return made


def closed(made: Case) -> Case:
    folders.handled(made)
    made.take_step("close", by=build.official(), at=SOON, outcome="noted", text="Antecknas.")
    return made


def deliveries() -> list[Delivery]:
    return list(Delivery.objects.filter(receiver__kind=HANDOVER).order_by("pk"))


def dropped(inbox: Path) -> list[str]:
    """What a robot finds."""
    return sorted(str(path.relative_to(inbox)) for path in inbox.rglob("*") if path.is_file())


def sound(path: Path) -> bool:
    with path.open("rb") as file:
        return handover.verify(file) == []


# --- all is well -----------------------------------------------------------------------------------------------------


def test_package_lies_under_service_and_case_at_the_chosen_events(inbox: Path) -> None:
    made = closed(case("received", "close"))

    assert relay.run_once(LATER).delivered == 2
    assert str(relay.run_once(LATER)) == ""

    assert dropped(inbox) == [f"gathering/{made.number}/{made.number}-{n}.zip" for n in (1, 3)]
    assert all(sound(inbox / path) for path in dropped(inbox))


def test_package_says_the_case_as_it_was_at_its_event(inbox: Path) -> None:
    made = closed(case("received", "close"))
    relay.run_once(LATER)

    said = {}
    for path in dropped(inbox):
        with zipfile.ZipFile(inbox / path) as archive:
            document = json.loads(archive.read("case.json"))
            said[document["upTo"]] = document["status"]
    assert said == {1: "received", 3: "closed"}
    assert made.number


def test_nothing_is_dropped_where_nothing_was_chosen(inbox: Path) -> None:
    closed(case())

    relay.run_once(LATER)

    assert (deliveries(), dropped(inbox)) == ([], [])


def test_internal_notes_drop_nothing_even_when_chosen(inbox: Path) -> None:
    made = case("note", "hand_over")
    made.take_step("note", by=build.official(), at=SOON, text="Ring henne.")

    relay.run_once(LATER)

    assert (deliveries(), dropped(inbox)) == ([], [])


def test_package_is_closed_to_the_machines_other_users(inbox: Path) -> None:
    case("received")
    relay.run_once(LATER)

    found = list(inbox.rglob("*"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_dir()} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_file()} == {0o600}


def test_group_of_the_folder_may_read_and_move_where_it_is_let_in(settings: Settings, inbox: Path) -> None:
    use_folder(settings, inbox, file_permissions_mode=0o660, directory_permissions_mode=0o2770)
    case("received")
    relay.run_once(LATER)

    assert {stat.S_IMODE(path.stat().st_mode) for path in inbox.rglob("*") if path.is_dir()} == {0o2770}
    assert {stat.S_IMODE(path.stat().st_mode) for path in inbox.rglob("*") if path.is_file()} == {0o660}


def test_nothing_is_tried_without_a_folder_or_bucket_and_waits(settings: Settings) -> None:
    settings.HANDOVER_FOLDER = settings.HANDOVER_BUCKET = ""
    case("received")

    assert relay.run_once(LATER).delivered == 0
    assert [one.attempts for one in deliveries()] == [0]


# --- what the case is told -------------------------------------------------------------------------------------------


def test_case_that_has_ended_is_handed_over_by_its_package(inbox: Path) -> None:
    made = closed(case("close"))
    relay.run_once(LATER)

    made.refresh_from_db()
    assert made.handed_over_at == LATER


def test_case_that_goes_on_is_not_handed_over_yet(inbox: Path) -> None:
    made = case("received")
    relay.run_once(LATER)

    made.refresh_from_db()
    assert made.handed_over_at is None


def test_case_reopened_is_to_be_handed_over_again(inbox: Path) -> None:
    made = closed(case("close"))
    relay.run_once(LATER)
    made.take_step("reopen", by=build.official(), at=LATER, text="Ett fel.")

    assert made.handed_over_at is None


def test_skipped_package_hands_nothing_over(inbox: Path) -> None:
    made = closed(case("close"))
    Attachment.objects.get().content.delete(save=False)
    relay.run_once(LATER)
    (delivery,) = deliveries()
    delivery.skip("Filen har gått förlorad.", at=LATER)
    relay.run_once(LATER + timedelta(hours=1))

    made.refresh_from_db()
    assert deliveries()[0].status == "skipped"
    assert made.handed_over_at is None
    assert dropped(inbox) == []


# --- again and again -------------------------------------------------------------------------------------------------


def test_relay_that_dies_between_writing_and_noting_puts_no_second_one(inbox: Path) -> None:
    made = closed(case("close"))
    relay.collect(LATER)
    (line,) = relay.claim(now=LATER)
    with Courier() as courier:
        assert [outcome for _pk, outcome in courier.carry(line).result()] == [Delivered()]
    (path,) = dropped(inbox)
    before = (inbox / path).stat()

    again = LATER + timedelta(hours=1)  # the lease has run out, and nothing was noted
    assert relay.run_once(again).delivered == 1

    assert dropped(inbox) == [path]
    assert (inbox / path).stat().st_ino == before.st_ino
    made.refresh_from_db()
    assert made.handed_over_at == again


def test_package_is_the_same_although_the_case_went_on_meanwhile(inbox: Path) -> None:
    made = case("received")
    package = handover.package(made)
    assert put(package) == Delivered()
    closed(made)

    assert put(handover.package(Case.objects.get(), 1)) == Delivered()


def test_another_content_under_the_name_is_refused_in_words_and_left_alone(inbox: Path) -> None:
    made = case("received")
    place = inbox / place_of(handover.package(made))
    place.parent.mkdir(parents=True)
    place.write_bytes(b"something else")

    assert relay.run_once(LATER).refused == 1

    assert "another package lies there" in deliveries()[0].last_error
    assert place.read_bytes() == b"something else"
    assert dropped(inbox) == [str(place.relative_to(inbox))]


def test_what_a_dead_relay_left_half_written_is_removed_and_never_looked_at(inbox: Path) -> None:
    made = case("received")
    place = inbox / place_of(handover.package(made))
    place.parent.mkdir(parents=True)
    left = place.parent / f".{place.name}.abcd1234.part"
    left.write_bytes(b"half")

    assert relay.run_once(LATER).delivered == 1

    assert dropped(inbox) == [str(place.relative_to(inbox))]


# --- what goes wrong -------------------------------------------------------------------------------------------------


def test_full_disk_is_tried_later_and_leaves_nothing_behind(inbox: Path) -> None:
    package = handover.package(case("received"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        outcome = put(package)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert outcome == Later(None, "there is no room left for the package")
    assert dropped(inbox) == []
    assert put(package) == Delivered()


def test_folder_that_is_not_there_is_not_made(settings: Settings, tmp_path: Path) -> None:
    use_folder(settings, tmp_path / "not mounted")
    made = case("received")

    assert relay.run_once(LATER).later == 1

    assert deliveries()[0].last_error == "HANDOVER_FOLDER is not there"
    assert not (tmp_path / "not mounted").exists()
    assert made.number


def test_file_in_the_way_of_a_folder_is_tried_later(inbox: Path) -> None:
    (inbox / "gathering").write_bytes(b"")
    case("received")

    assert relay.run_once(LATER).later == 1
    assert deliveries()[0].last_error == "it cannot be written: ENOTDIR"


@pytest.mark.parametrize(
    ("number", "why", "barred"),
    [
        (errno.ENOSPC, "there is no room left for the package", False),
        (errno.EDQUOT, "there is no room left for the package", False),
        (errno.EACCES, "it may not be written there: EACCES", True),
        (errno.EROFS, "it may not be written there: EROFS", True),
        (errno.EIO, "it cannot be written: EIO", False),
    ],
)
def test_what_the_system_says_is_told_without_a_path(number: int, why: str, barred: bool) -> None:
    assert _of_the_system(OSError(number, "words", "/srv/a name")) == Later(None, why, barred=barred)


def test_file_that_is_damaged_waits_for_a_person(inbox: Path) -> None:
    made = case("received")
    attached = Attachment.objects.get()
    attached.content.storage.delete(str(attached.content.name))
    attached.content.storage.save(attached.content.name, ContentFile(b"something else"))

    assert relay.run_once(LATER).refused == 1

    assert re.fullmatch(r"file [0-9a-f-]{36} is not as it came: its size or digest differs", deliveries()[0].last_error)
    assert dropped(inbox) == []
    assert made.number


def test_case_that_cannot_be_packed_holds_up_no_other(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = case("received")
    second = build.case(first.application.version, by=build.customer("Anna"), answers=folders.answers())
    made = handover.package

    def trips(one: Case, number: int | None = None) -> Any:
        if one.pk == first.pk:
            raise KeyError("Anna Exempel")
        return made(one, number)

    monkeypatch.setattr(handover, "package", trips)
    counts = relay.run_once(LATER)

    assert (counts.delivered, counts.refused) == (1, 1)
    assert dropped(inbox) == [f"gathering/{second.number}/{second.number}-1.zip"]
    assert "Anna" not in "".join(one.last_error for one in deliveries())


# --- a bucket --------------------------------------------------------------------------------------------------------


class Bucket(BaseHTTPRequestHandler):
    """As much of S3 as puts an object, looks for it and gives it back."""

    objects: dict[str, bytes]
    bars: bool

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""

    def _answer(self, status: int, body: bytes = b"", *, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("ETag", '"x"')
        self.send_header("Last-Modified", "Mon, 01 Mar 2027 09:30:00 GMT")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_PUT(self) -> None:
        """Keep it."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.bars:
            self._answer(403, b"<Error><Code>AccessDenied</Code><Message>Anna Exempel</Message></Error>")
            return
        self.objects[self.path.partition("?")[0]] = body
        self._answer(200)

    def do_HEAD(self) -> None:
        """Whether it is there."""
        found = self.objects.get(self.path.partition("?")[0])
        self._answer(404 if found is None else 200, length=len(found or b""))

    def do_GET(self) -> None:
        """Give it."""
        found = self.objects.get(self.path.partition("?")[0])
        self._answer(404 if found is None else 200, found or b"<Error><Code>NoSuchKey</Code></Error>")


@pytest.fixture
def bucket(settings: Settings) -> Iterator[type[Bucket]]:
    """A bucket on this machine."""

    class Own(Bucket):
        objects: dict[str, bytes] = {}
        bars = False

    server = ThreadingHTTPServer(("127.0.0.1", 0), Own)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    options = {
        "bucket_name": "packages",
        "endpoint_url": f"http://127.0.0.1:{server.server_port}",
        "region_name": "eu-north-1",
        "access_key": "example",
        "secret_key": "example",
        "location": "from-the-portal",
        "default_acl": None,
        "file_overwrite": True,
        "max_memory_size": 1_000_000,
        "client_config": Config(
            retries={"total_max_attempts": 1}, request_checksum_calculation="when_required", connect_timeout=2
        ),
    }
    settings.HANDOVER_FOLDER, settings.HANDOVER_BUCKET = "", "packages"
    backend = "storages.backends.s3.S3Storage"
    settings.STORAGES = {**django_settings.STORAGES, "handover": {"BACKEND": backend, "OPTIONS": options}}
    yield Own
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.thorough
def test_package_is_put_into_the_bucket_and_not_twice(bucket: type[Bucket], tmp_path: Path) -> None:
    made = case("received")
    package = handover.package(made)

    assert relay.run_once(LATER).delivered == 1
    (place,) = bucket.objects
    assert place == f"/packages/from-the-portal/gathering/{made.number}/{made.number}-1.zip"
    path = tmp_path / "fetched.zip"
    path.write_bytes(bucket.objects[place])
    assert sound(path)

    assert put(package) == Delivered()
    bucket.objects[place] = b"something else"
    assert isinstance(put(package), Refused)
    assert bucket.objects[place] == b"something else"


@pytest.mark.thorough
def test_bucket_that_lets_nothing_in_is_tried_later_and_quoted_nowhere(bucket: type[Bucket]) -> None:
    bucket.bars = True
    case("received")

    assert relay.run_once(LATER).later == 1
    assert deliveries()[0].last_error == "the bucket lets nothing in: AccessDenied"


def test_bucket_that_is_not_there_is_tried_later(settings: Settings, bucket: type[Bucket]) -> None:
    options = {**settings.STORAGES["handover"]["OPTIONS"], "endpoint_url": "http://127.0.0.1:9"}
    settings.STORAGES = {**settings.STORAGES, "handover": {**settings.STORAGES["handover"], "OPTIONS": options}}
    case("received")

    assert relay.run_once(LATER).later == 1
    assert deliveries()[0].last_error == "the bucket does not take it: EndpointConnectionError"


# --- settings --------------------------------------------------------------------------------------------------------

ASK = """
from django.conf import settings; from django.core.files.storage import storages
s = storages['handover']; print(type(s).__name__, getattr(s, 'bucket_name', ''), getattr(s, 'location', ''))
"""


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "FileSystemStorage  {var}/handover"),
        ({"HANDOVER_FOLDER": "/srv/packages"}, "FileSystemStorage  /srv/packages"),
        ({"HANDOVER_BUCKET": "packages", "HANDOVER_BUCKET_PREFIX": "mine"}, "S3Storage packages mine"),
    ],
)
def test_settings_choose_where_packages_go(tmp_path: Path, environment: dict[str, str], said: str) -> None:
    env = {"VAR_DIR": str(tmp_path), **environment}
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", ASK],
        cwd=django_settings.BASE_DIR,
        env=env,
        capture_output=True,
        check=True,
    )

    assert done.stdout.decode().strip() == said.format(var=tmp_path)


# --- the robot -------------------------------------------------------------------------------------------------------


def example_script() -> str:
    """The script that docs/handover.md shows."""
    text = (django_settings.BASE_DIR / "docs" / "handover.md").read_text("utf-8")
    (script,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    return str(script)


def robot(inbox: Path, done: Path) -> list[str]:
    """What the script says when it is run."""
    ran = subprocess.run(
        [sys.executable, "-c", example_script(), str(inbox), str(done)], capture_output=True, check=False, text=True
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


def test_robot_of_the_documentation_takes_each_package_once(inbox: Path, tmp_path: Path) -> None:
    made, done = closed(case("received", "close")), tmp_path / "done"
    relay.run_once(LATER)

    assert len(example_script().strip().splitlines()) <= 15
    assert robot(inbox, done) == [f"{made.number} up to 1: received", f"{made.number} up to 3: closed"]
    assert dropped(inbox) == []
    assert put(handover.package(made)) == Delivered()  # as a relay would that had died before it noted it
    assert robot(inbox, done) == [f"{made.number} up to 3: known already"]
    assert storages["handover"]


def test_kind_is_known_by_its_name() -> None:
    assert Handover.kind == Receiver.objects.get(key="handover").kind == HANDOVER
