"""Compare what has been delivered with what the national service says it has, and send again what is missing."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.sync import reconcile
from apps.sync.models import Finding


class Command(BaseCommand):
    help = (
        "Compares every case with the national service's ledger and says what differs. Ends with 1 when anything does."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--resend", action="store_true", help="let the relay send again all that is missing there")

    def handle(self, *args: Any, resend: bool, **options: Any) -> None:
        if not reconcile.is_possible():
            raise CommandError("NATIONAL_SERVICE_URL is not set: there is nobody to compare with.")
        found = reconcile.reconcile(sending=resend)
        if found.trouble:
            raise CommandError(f"The comparison broke off: {found.trouble}")
        for word, count in sorted(found.totals.items()):
            if word != reconcile.RESENT:
                self.stdout.write(f"{word} {count}")
        for finding in found.findings.select_related("case")[:100]:
            where = finding.case.number if finding.case else finding.external_id
            self.stdout.write(f"{finding.kind}: {where}, ours {finding.ours}, theirs {finding.theirs}")
        if resend:
            self.stdout.write(f"sent again {found.totals.get(reconcile.RESENT, 0)}")
        if found.is_green:
            self.stdout.write("green")
            return
        if unmended := reconcile.unmended(found):
            raise CommandError(_advice(unmended))


def _advice(kinds: list[Finding.Kind]) -> str:
    wanted = [f"- {Finding.Kind(kind).label}: {reconcile.WHAT_TO_DO[kind]}" for kind in kinds]
    return "Not the same on both sides.\n" + "\n".join(map(str, wanted))
