"""Make the service's own keys for OpenID Connect."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from joserfc.jwk import RSAKey

BITS = 3072


class Command(BaseCommand):
    help = "Writes a file with new private keys for OIDC_KEYS_FILE: one to sign with, one for what is encrypted to us."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the file to make; it must not be there yet")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        keys = [
            RSAKey.generate_key(BITS, {"use": use, "alg": algorithm}, auto_kid=True).as_dict(private=True)
            for use, algorithm in (("sig", "RS256"), ("enc", "RSA-OAEP-256"))
        ]
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump({"keys": keys}, file, indent=2)
        except OSError as error:
            raise CommandError(f"The keys cannot be written: {error}") from error
        self.stdout.write(
            f"The keys are in {path}. Give providers the address /identification/keys.json of this service."
        )
