"""What was written in diaries, requests and outcomes before it was sealed is sealed."""

from django.db import migrations

COLUMNS = (("Event", "data"), ("SupplementRequest", "text"), ("Case", "outcome_text"))


def seal(apps, schema_editor):
    for model, column in COLUMNS:
        rows = apps.get_model("cases", model)._base_manager
        for pk, said in rows.order_by("pk").values_list("pk", column).iterator():
            if said:
                rows.filter(pk=pk).update(**{column: said})


class Migration(migrations.Migration):
    dependencies = [("cases", "0006_sealed")]

    operations = [migrations.RunPython(seal, migrations.RunPython.noop)]
