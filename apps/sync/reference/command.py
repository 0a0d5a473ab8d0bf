"""The receiver's options, the same for `manage.py reference_receiver` and for running it alone."""

import argparse
import os
import sqlite3
import sys
from pathlib import Path

from .server import Settings, run


def add_options(parser: argparse.ArgumentParser) -> None:
    default = Settings()
    parser.add_argument("--port", type=port, default=default.port, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--store", type=Path, default=default.store, help="the SQLite file to keep everything in")
    parser.add_argument("--token", default=os.environ.get("REFERENCE_TOKEN", ""), help="bearer token to ask for")
    parser.add_argument("--hang", type=float, default=default.hang, help="seconds that a hanging answer takes")


def port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return number


def settings_of(options: argparse.Namespace) -> Settings:
    return Settings(port=options.port, store=options.store, token=options.token, hang=options.hang)


def main() -> None:
    parser = argparse.ArgumentParser(prog="reference_receiver", description=sys.modules[__package__ or ""].__doc__)
    add_options(parser)
    try:
        run(settings_of(parser.parse_args()))
    except (OSError, sqlite3.Error) as error:
        sys.exit(f"The reference receiver cannot start: {error}")
