"""Starts the whole product on this machine: the portal, the relay, the reference receiver and the stand-in, until Ctrl-C.

Uses nothing but Python itself, so that it can speak even when a package is broken.
"""

import contextlib
import http
import http.client
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / (os.environ.get("VAR_DIR") or "var")
HOST = "127.0.0.1"
SECONDS_TO_START = 30
SECONDS_TO_STOP = 10
MOST_DEATHS, SECONDS_OF_DEATHS = 3, 20  # a program that ends more often than that is not started again
LAST_LINES = 15
STAND_IN_SECRET = "stand-in-only"  # noqa: S105 - known to all: the stand-in lets anybody be anybody


class Stopped(Exception):
    """Somebody asked for the end: Ctrl-C, SIGTERM or a closed terminal."""


class Failed(Exception):
    """Something that the portal cannot run without went wrong; the message says what."""


@dataclass(frozen=True)
class Child:
    """One of the four programs, and where its words go."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    arguments: tuple[str, ...] = ()


def say(text: str) -> None:
    """Print; a terminal that has been closed must not keep the children from being stopped."""
    with contextlib.suppress(OSError):
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


class Stop:
    """Remembers that the end was asked for; the work looks at it between its steps."""

    asked = False

    def __init__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.ask)

    def ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True

    def look(self) -> None:
        if self.asked:
            raise Stopped


def make_private(folder: Path) -> None:
    """As in config/settings.py, which cannot be asked here: it needs packages."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid == os.geteuid() and found.st_mode & 0o077 and not found.st_mode & stat.S_ISVTX:
        folder.chmod(0o700)


def free_port(wanted: int, given: Collection[int] = ()) -> int:
    """The wanted port, or the next one that nobody listens on and that was not given to another of the four."""
    for port in range(wanted, wanted + 100):
        if port in given:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise Failed(f"No free port between {wanted} and {wanted + 99}.")


def choose_port(what: str, variable: str, default: int, given: Collection[int] = ()) -> int:
    text = os.environ.get(variable, "") or str(default)
    if not text.isdecimal() or not 0 < int(text) <= 65_435:
        raise Failed(f"{variable} is {text!r}: it must be a port number, such as {default}.")
    port = free_port(int(text), given)
    if port != int(text):
        say(f"Port {text} is taken, so {what} uses {port}.")
    return port


def start(command: Sequence[str], environment: dict[str, str], output: int) -> subprocess.Popen[bytes]:
    """A program in a session of its own: Ctrl-C in the terminal reaches it once, through stop_all."""
    return subprocess.Popen(  # noqa: S603 - only our own commands
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def prepare(name: str, environment: dict[str, str], stop: Stop, *arguments: str) -> str:
    """Run one management command to its end and give back what it printed."""
    log = VAR / "log" / f"{name}.log"
    with log.open("wb") as output:
        process = start([sys.executable, "manage.py", name, *arguments], environment, output.fileno())
    try:
        while process.poll() is None:
            stop.look()
            time.sleep(0.02)
    except Stopped:
        stop_all([Child(name, process, log)])
        raise
    printed = log.read_text("utf-8", "replace")
    if process.returncode:
        raise Failed(f"manage.py {name} failed:\n{printed.rstrip()}")
    return printed


def start_child(name: str, environment: dict[str, str], *arguments: str) -> Child:
    log = VAR / "log" / f"{name.replace(' ', '-')}.log"
    with log.open("wb") as output:
        return Child(name, start([sys.executable, *arguments], environment, output.fileno()), log, arguments)


def answers(port: int) -> bool:
    """Whether the first page there can be opened; an error of the server's own does not count as an answer."""
    browser = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy does not reach this machine
    try:
        browser.open(f"http://{HOST}:{port}/", timeout=5).close()
    except urllib.error.HTTPError as error:
        return error.code < http.HTTPStatus.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    return True


def short(path: Path) -> Path:
    """As seen from where make was called."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def last_words(child: Child) -> str:
    lines = child.log.read_text("utf-8", "replace").splitlines()[-LAST_LINES:]
    shown = "\n".join(f"    {line}" for line in lines) or "    (it said nothing)"
    return f"Its last lines ({short(child.log)}):\n{shown}"


def see_all_alive(children: Sequence[Child]) -> None:
    for child in children:
        code = child.process.poll()
        if code is not None:
            raise Failed(f"The {child.name} ended by itself, {how(code)}. {last_words(child)}")


def how(code: int) -> str:
    return f"by signal {-code}" if code < 0 else f"with exit code {code}"


def keep_alive(children: list[Child], environment: dict[str, str], deaths: list[float]) -> None:
    """Start again what has ended, as a service manager would; give up when it happens too often."""
    for n, child in enumerate(children):
        code = child.process.poll()
        if code is None:
            continue
        deaths.append(time.monotonic())
        if len([one for one in deaths if deaths[-1] - one < SECONDS_OF_DEATHS]) > MOST_DEATHS:
            raise Failed(f"The {child.name} ended again and again, {how(code)}. {last_words(child)}")
        say(f"The {child.name} ended {how(code)} and is started again.")
        children[n] = start_child(child.name, environment, *child.arguments)


def wait_for(port: int, child: Child, children: Sequence[Child], stop: Stop) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while not answers(port):
        stop.look()
        see_all_alive(children)
        if time.monotonic() > deadline:
            raise Failed(f"The {child.name} did not answer within {SECONDS_TO_START} seconds. {last_words(child)}")
        time.sleep(0.1)


def stop_all(children: Sequence[Child]) -> None:
    """Ask each to end, wait, and end by force what is left after SECONDS_TO_STOP."""
    for child in children:
        if child.process.poll() is None:
            child.process.terminate()
    deadline = time.monotonic() + SECONDS_TO_STOP
    for child in children:
        try:
            child.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            say(f"The {child.name} did not stop within {SECONDS_TO_STOP} seconds and was ended by force.")
            os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()


def portal_command(port: int) -> list[str]:
    """Without an access log: addresses can hold what somebody searched for, such as a name."""
    size = ["--workers", "1", "--threads", "4", "--graceful-timeout", str(SECONDS_TO_STOP // 2)]
    bind = ["--bind", f"{HOST}:{port}", "--no-control-socket"]
    return ["-m", "gunicorn", "config.wsgi:application", *size, *bind]


def addresses(portal: int, receiver: int, standin: int) -> dict[str, str]:
    """What the portal is told of the others, unless the environment says otherwise."""
    identifies = f"http://{HOST}:{standin}"
    return {
        "SITE_URL": f"http://{HOST}:{portal}",
        "NATIONAL_SERVICE_URL": f"http://{HOST}:{receiver}",
        "OIDC_ISSUER": identifies,
        "OIDC_CLIENT_ID": "portal",
        "OIDC_CLIENT_SECRET": STAND_IN_SECRET,
        "OIDC_SCOPE": "openid profile email",
        "OFFICIALS_OIDC_ISSUER": identifies,
        "OFFICIALS_OIDC_CLIENT_ID": "desk",
        "OFFICIALS_OIDC_CLIENT_SECRET": STAND_IN_SECRET,
        "MANDATES_URL": identifies,
        "MANDATES_CLIENT_ID": "portal",
        "MANDATES_API_KEY": STAND_IN_SECRET,
        "MANDATES_OAUTH_SECRET": STAND_IN_SECRET,
    }


def describe(portal: int, receiver: int, standin: int, sign_ins: str) -> str:
    indented = "\n".join(f"    {line}" if line else "" for line in sign_ins.strip().splitlines())
    return f"""
The portal:                             http://{HOST}:{portal}/
The admin:                              http://{HOST}:{portal}/admin/
{indented}
What the national service has received: http://{HOST}:{receiver}/
The stand-in for identification:        http://{HOST}:{standin}/
E-mails, which are not really sent:     http://{HOST}:{portal}/sv/mailbox/

Try this: send an application in the portal, take the case up in the admin, and see both arrive at the national service.
Ctrl-C stops everything; the data stays in {short(VAR)}/.
"""


def run(stop: Stop, children: list[Child]) -> None:
    """Set up what is missing, start the four, say where they are, and watch over them until the end."""
    make_private(VAR)
    (VAR / "log").mkdir(exist_ok=True)
    portal = choose_port("the portal", "PORT", 8000)
    receiver = choose_port("the reference receiver", "RECEIVER_PORT", 8400, given=[portal])
    standin = choose_port("the stand-in for identification", "STANDIN_PORT", 8300, given=[portal, receiver])
    environment = {**addresses(portal, receiver, standin), **os.environ, "PYTHONUNBUFFERED": "1"}
    prepare("migrate", environment, stop, "--verbosity", "0")
    sign_ins = prepare("demo", environment, stop)

    store = str(VAR / "receiver.sqlite3")
    receiver_command = ["manage.py", "reference_receiver", "--port", str(receiver), "--store", store]
    children.append(start_child("reference receiver", environment, *receiver_command))
    children.append(start_child("stand-in", environment, "manage.py", "standin", "--port", str(standin)))
    children.append(start_child("portal", environment, *portal_command(portal)))
    children.append(start_child("relay", environment, "manage.py", "relay"))
    for port, child in zip((receiver, standin, portal), children, strict=False):
        wait_for(port, child, children, stop)
    say(describe(portal, receiver, standin, sign_ins))
    deaths: list[float] = []
    while True:
        stop.look()
        keep_alive(children, environment, deaths)
        time.sleep(0.2)


def main() -> int:
    stop = Stop()
    children: list[Child] = []
    try:
        run(stop, children)
    except Stopped:
        say("\nStopping …")
    except Failed as problem:
        say(str(problem))
        return 1
    finally:
        stop_all(children)
    say("Stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
