"""`make bench`: measure, print a table, write the same figures to var/bench.json.

ARGS names parts (--pages, --relay, --list, --builder, --interface) and --quick.

Makes a PostgreSQL database of its own on the server at TEST_DATABASE_URL (SQLite in a temporary folder where none answers), starts one
gunicorn worker with the production middleware and DEBUG off, and takes everything away again.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parents[2]
SERVER = os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")


@contextmanager
def database(folder: str) -> Iterator[str]:
    """The address of an empty database, gone afterwards."""
    name = f"bench_{secrets.token_hex(4)}"
    try:
        server = psycopg.connect(SERVER, autocommit=True, connect_timeout=2)
    except psycopg.Error:
        print(
            "No PostgreSQL answers at TEST_DATABASE_URL: measuring on SQLite, whose figures are not those of the table."
        )
        yield f"sqlite:///{folder}/bench.sqlite3"
        return
    with server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlunsplit(urlsplit(SERVER)._replace(path=f"/{name}"))
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def main() -> int:
    """Prepare the surroundings, then measure in a process that has them as its environment."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, database(folder) as url:
        (Path(folder) / "static").mkdir()
        surroundings = {
            **os.environ,
            "DATABASE_URL": url,
            "VAR_DIR": folder,
            "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
            "ENVIRONMENT": "production",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "IDENTITY_CODE_KEYS": secrets.token_urlsafe(50),
            "SCANNER": "none",
            "LOG_LEVEL": "WARNING",
        }
        surroundings.pop("DEBUG", None)
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.measure", *sys.argv[1:]], cwd=ROOT, env=surroundings, check=False
        )
        figures = Path(folder) / "bench.json"
        if done.returncode == 0:
            kept = ROOT / "var" / "bench.json"
            kept.parent.mkdir(exist_ok=True)
            earlier = json.loads(kept.read_text()) if kept.exists() else {}  # of parts that are not measured this time
            kept.write_text(json.dumps(earlier | json.loads(figures.read_text()), indent=2) + "\n")
            print(f"\nThe same figures are in {kept.relative_to(ROOT)}.")
        return done.returncode


if __name__ == "__main__":
    sys.exit(main())
