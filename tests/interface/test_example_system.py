"""The example system of docs/interface: what it reads, what it posts, and that whatever is lost or killed, each step is taken once."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from apps.cases import envelope, intake
from apps.cases.models import Case, Event
from apps.people import systems
from apps.people.models import System
from tests import build
from tests.interface.examplesystem import TROUBLES, ExampleSystem, Line, module
from tests.sync import folders

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.thorough]


@pytest.fixture
def key() -> str:
    """Of a system of the authority."""
    system = System.objects.create(authority=build.authority(), name="Diarium", scopes=System.Scope.values)
    return systems.make_key(system, by=None)[1]


@pytest.fixture
def line(live_server: LiveServer) -> Iterator[Callable[..., Line]]:
    """Makes a way to the portal on which something goes wrong."""
    made: list[Line] = []

    def make(trouble: Callable[[str], str]) -> Line:
        made.append(Line(live_server.url, trouble))
        return made[-1]

    yield make
    for one in made:
        one.end()


@pytest.fixture
def example(live_server: LiveServer, key: str, tmp_path: Path) -> ExampleSystem:
    """The system, that leaves every step to people."""
    return ExampleSystem(live_server.url, key, tmp_path / "store")


def kinds(case: Case) -> list[str]:
    """The diary of a case."""
    return list(Event.objects.filter(case=case).order_by("number").values_list("kind", flat=True))


def decision(case: Case) -> tuple[str, bytes]:
    """The file that came with the outcome."""
    (document,) = case.events.get(kind="close").documents.all()
    with document.content.open() as file:
        return document.name, file.read()


def waiting(example: ExampleSystem) -> list[str]:
    """What has not been answered for good, as it stands in the file."""
    return [state for (state,) in example.rows("SELECT state FROM outbox WHERE state != 'done'")]


def day(after: int) -> str:
    return (timezone.localdate() + timedelta(days=after)).isoformat()


# --- reading -----------------------------------------------------------------------------------------------------------


def test_a_round_reads_the_data_and_the_files_of_a_case(example: ExampleSystem) -> None:
    case = folders.with_file()
    example.run("once")
    assert (example.store / "files" / hashlib.sha256(folders.PDF).hexdigest()).read_bytes() == folders.PDF
    said = example.run("show", str(case.number))
    assert "Exempelstaden åäö" in said
    assert "plan 1 åäö.pdf" in said


def test_a_file_that_was_broken_off_goes_on_where_it_was(example: ExampleSystem) -> None:
    folders.with_file()
    part = example.store / "files" / f"{hashlib.sha256(folders.PDF).hexdigest()}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(folders.PDF[:1000])
    example.run("once")
    assert part.with_suffix("").read_bytes() == folders.PDF


def test_a_file_that_is_not_what_was_listed_is_not_kept(example: ExampleSystem) -> None:
    case = folders.with_file()
    attachment = case.application.attachments.get()
    with default_storage.open(str(attachment.content.name), "r+b") as file:
        file.write(b"XXXX")
    assert "not what was listed" in example.run("once")
    assert not list((example.store / "files").iterdir())
    assert str(case.number) in example.run("list")


def test_what_has_been_read_is_not_read_again(example: ExampleSystem, line: Callable[..., Line]) -> None:
    build.case()
    example.run("once")
    asked: list[str] = []

    def nothing(method: str) -> str:
        asked.append(method)
        return ""

    watched = line(nothing)
    example.command[example.command.index("--address") + 1] = f"{watched.address}/interface/v1"
    example.run("once")
    assert asked == ["GET"]


# --- posting -----------------------------------------------------------------------------------------------------------


def test_a_new_case_is_taken_up_and_registered_once(live_server: LiveServer, key: str, tmp_path: Path) -> None:
    case = build.case()
    example = ExampleSystem(live_server.url, key, tmp_path, handler="A. Handler")
    for _ in range(3):
        example.run("once")
    case.refresh_from_db()
    assert kinds(case) == ["received", "take_up", "register"]
    assert (case.handler_name, case.register_number) == ("A. Handler", "EX-00001")


def test_a_case_that_others_handle_already_is_left_to_them(live_server: LiveServer, key: str, tmp_path: Path) -> None:
    case = build.case()
    case.take_step("take_up", by=build.official())
    ExampleSystem(live_server.url, key, tmp_path, handler="A. Handler").run("once")
    assert kinds(case) == ["received", "take_up"]


def test_people_take_a_case_to_its_decision(example: ExampleSystem, tmp_path: Path) -> None:
    case = build.case()
    (tmp_path / "decision.pdf").write_bytes(build.PDF)
    number = str(case.number)
    example.run("once")
    example.run("take-up", number, "A. Handler")
    example.run("write", number, "--text", "Tack.")
    example.run("register", number, "D/17")
    example.run("ask", number, "--text", "Precisera.", "--due", day(14), "--field", "title")
    paper = intake.begin_supplement(case, case.application.customer)
    paper.answers |= {"title": "Better", "supplement_text": "Se ovan."}
    paper.save()
    intake.send(paper)
    example.run("once")
    example.run("decide", number, "noted", "--text", "Antecknad.", "--file", str(tmp_path / "decision.pdf"))
    assert kinds(case) == ["received", "take_up", "write", "register", "request_supplement", "supplement", "close"]
    assert decision(case) == ("decision.pdf", build.PDF)


def test_what_the_rule_book_refuses_is_said_and_not_tried_again(example: ExampleSystem) -> None:
    case = build.case()
    example.run("once")
    assert "refused" in example.run("decide", str(case.number), "noted", "--text", "Antecknad.", fails=True)
    example.run("once")
    assert kinds(case) == ["received"]
    assert waiting(example) == ["refused"]


def test_what_happened_meanwhile_is_read_before_the_step_is_taken(example: ExampleSystem) -> None:
    case = build.case()
    example.run("once")
    case.take_step("take_up", by=build.official())
    example.run("write", str(case.number), "--text", "Tack.")
    assert kinds(case) == ["received", "take_up", "write"]
    assert "take_up" in example.run("show", str(case.number))


def test_a_key_that_is_not_good_leaves_everything_for_later(live_server: LiveServer, example: ExampleSystem) -> None:
    case = build.case()
    example.run("once")
    example.surroundings["INTERFACE_KEY"] = "fe_wrong"
    assert "401" in example.run("write", str(case.number), "--text", "Tack.")
    assert waiting(example) == ["waiting"]


# --- what is lost, and who is killed -----------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [name for name in TROUBLES if not name.startswith("killed")])
def test_a_step_whose_answer_did_not_come_is_taken_once(
    trouble: str, key: str, tmp_path: Path, line: Callable[..., Line]
) -> None:
    troubles = iter([trouble])
    way = line(lambda method: next(troubles, "") if method == "POST" else "")
    example = ExampleSystem(way.address, key, tmp_path, handler="A. Handler")
    case = build.case()
    example.run("once")
    _let_waits_end(example)
    example.run("once")
    assert kinds(case) == ["received", "take_up", "register"]
    assert waiting(example) == []


def test_however_often_it_is_killed_each_step_is_taken_once(
    key: str, tmp_path: Path, line: Callable[..., Line]
) -> None:
    dice = random.Random(8)  # noqa: S311 (the same each time)
    fates = ["", "killed_before", "killed_after"]
    way = line(lambda method: dice.choice(fates + [""] * 10 if method == "GET" else fates))
    example = ExampleSystem(way.address, key, tmp_path / "store", handler="A. Handler")
    version = build.version()
    cases = [build.case(version) for _ in range(2)]
    killed = _rounds(example, way)
    _decide_all(example, tmp_path)
    killed += _rounds(example, way)
    assert killed > 10
    for case in cases:
        assert kinds(case) == ["received", "take_up", "register", "close"]
        assert decision(case) == ("decision.pdf", build.PDF)
    numbers = set(Case.objects.values_list("register_number", flat=True))
    assert numbers == {"EX-00001", "EX-00002"}


def _rounds(example: ExampleSystem, way: Line) -> int:
    """Rounds until one comes to its end with nothing left to do; how often it was killed."""
    killed = 0
    for _ in range(200):
        process = example.start("once")
        way.kill = process.kill
        said = process.communicate(timeout=60)[0]
        if process.returncode == 0 and not waiting(example):
            return killed
        assert process.returncode in (0, -9), said
        killed += process.returncode == -9
        _let_waits_end(example)
    raise AssertionError("it never came to an end")


def _decide_all(example: ExampleSystem, folder: Path) -> None:
    """Store a decision for each case, as `decide` does before it sends."""
    (folder / "decision.pdf").write_bytes(build.PDF)
    system = module("system").System(example.store, None, "")
    for (external_id,) in system.db.execute("SELECT external_id FROM cases").fetchall():
        said = {"outcome": "noted", "text": "Antecknad."}
        system.decide(external_id, "close", said, [folder / "decision.pdf"])
    system.db.close()


def _let_waits_end(example: ExampleSystem) -> None:
    example.rows("UPDATE outbox SET next_try = 0")


# --- being woken -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("secret", "age", "good"),
    [("s3cret", 0, True), ("other", 0, False), ("s3cret", 301, False), ("s3cret", -301, False)],
    ids=["good", "another's", "old", "early"],
)
def test_a_wake_up_is_believed_when_it_is_signed_and_new(secret: str, age: int, good: bool) -> None:
    moment, body = str(int(time.time()) - age), json.dumps({"number": 1}).encode()
    made = "v1=" + hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert module("portal").is_signed("s3cret", moment, body, made) is good


def test_a_digest_is_that_of_the_portal() -> None:
    case = folders.supplemented(folders.with_file())
    document = folders.plain(envelope.case_data(case.events.latest("number")))
    assert module("portal").digest_of(document) == document["digest"]
