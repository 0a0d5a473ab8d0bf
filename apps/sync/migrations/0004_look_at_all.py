"""Cases say themselves that their diary has grown; those that are there already are looked at once. And mail is a receiver."""

from django.db import migrations
from django.utils import timezone

LOOK_AGAIN = 2_000_000_000


def look(apps, schema_editor):
    apps.get_model("cases", "Case").objects.filter(uncollected_from=None).update(uncollected_from=LOOK_AGAIN)


def add_mail(apps, schema_editor):
    apps.get_model("sync", "Receiver").objects.get_or_create(
        key="mail", defaults={"kind": "mail", "name": "E-post", "since": timezone.now()}
    )


class Migration(migrations.Migration):
    dependencies = [("sync", "0003_customers_way"), ("cases", "0003_customers_way")]

    operations = [
        migrations.RunPython(look, migrations.RunPython.noop),
        migrations.RunPython(add_mail, migrations.RunPython.noop),
    ]
