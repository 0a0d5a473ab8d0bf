"""The stand-in's options, the same for `manage.py standin` and for running it alone."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .provider import read_clients
from .server import Settings, run


def add_options(parser: argparse.ArgumentParser) -> None:
    """Where it answers, and whom."""
    parser.add_argument("--port", type=port, default=Settings().port, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument(
        "--clients", type=Path, default=None, help="a JSON file with the clients, instead of the embedded default's two"
    )


def port(text: str) -> int:
    """A port number."""
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return number


def settings_of(options: argparse.Namespace) -> Settings:
    """What the options say. Raises ValueError when the file of clients cannot be read."""
    if options.clients is None:
        return Settings(port=options.port)
    return Settings(port=options.port, clients=read_clients(json.loads(options.clients.read_text("utf-8"))))


def main() -> None:
    """Run it until it is told to stop."""
    parser = argparse.ArgumentParser(prog="standin", description=sys.modules[__package__ or ""].__doc__)
    add_options(parser)
    try:
        run(settings_of(parser.parse_args()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"The stand-in cannot start: {error}")
