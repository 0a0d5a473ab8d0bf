"""The national service receives every case from the beginning."""

from datetime import UTC, datetime

from django.db import migrations


def add(apps, schema_editor):
    apps.get_model("sync", "Receiver").objects.get_or_create(
        key="national",
        defaults={"kind": "national", "name": "Tillstånd och tillsyn", "since": datetime(2000, 1, 1, tzinfo=UTC)},
    )


class Migration(migrations.Migration):
    dependencies = [("sync", "0001_initial")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
