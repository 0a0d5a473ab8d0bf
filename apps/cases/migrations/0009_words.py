"""What the cases that were there before are found by."""

from collections import defaultdict
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.db import migrations
from django.utils import timezone

from apps.cases import finding
from apps.services.definition import load, parse_stored, read_page

BATCH = 500
READ = ("number", "register_number", "application")


def fill(apps, schema_editor):
    cases = apps.get_model("cases", "Case")._base_manager
    versions = apps.get_model("services", "Version")._base_manager

    @lru_cache(maxsize=64)
    def definition_of(version):
        return parse_stored(load(versions.values_list("document", flat=True).get(pk=version)))

    last = 0
    while batch := list(cases.only(*READ).filter(pk__gt=last).order_by("pk")[:BATCH]):
        papers = _papers(apps, batch)
        for case in batch:
            said, places = [case.number or "", case.register_number], {}
            for paper in papers[case.pk]:
                asked = _definition(paper, definition_of(paper.version_id)), paper.answers, _day(paper)
                said += [*finding.parties(paper), *finding.spoken(*asked)]
                places |= finding.municipalities(*asked)
            case.words, case.municipality = finding.text_of(said), next(iter(places.values()), "")
        cases.bulk_update(batch, ["words", "municipality"])
        last = batch[-1].pk


def _papers(apps, batch):
    """The papers of some cases, oldest first, by the case."""
    applications = apps.get_model("applications", "Application")._base_manager.select_related("customer", "principal")
    applications = applications.defer("customer__identity_code", "principal__identity_code")
    events = apps.get_model("cases", "Event")._base_manager.filter(case__in=batch, paper__isnull=False)
    told = list(events.order_by("case", "number").values_list("case", "paper"))
    begun = {case.pk: case.application_id for case in batch}
    sent = applications.in_bulk({*begun.values(), *(paper for _case, paper in told)})
    found = defaultdict(list)
    for case, paper in dict.fromkeys([*begun.items(), *told]):
        found[case].append(sent[paper])
    return found


def _definition(paper, definition):
    form = paper.supplement_form
    return definition if form is None else definition.supplement(form["fields"], read_page(form["page"]), form["given"])


def _day(paper):
    return (paper.sent_at or timezone.now()).astimezone(ZoneInfo("Europe/Helsinki")).date()


class Migration(migrations.Migration):
    dependencies = [("cases", "0008_desk")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
