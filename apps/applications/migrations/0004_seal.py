"""Answers that were stored before they were sealed are sealed."""

from django.db import migrations


def seal(apps, schema_editor):
    papers = apps.get_model("applications", "Application").objects
    for pk in list(papers.values_list("pk", flat=True)):
        paper = papers.only("answers", "supplement_form").get(pk=pk)
        papers.filter(pk=pk).update(answers=paper.answers, supplement_form=paper.supplement_form)


class Migration(migrations.Migration):
    dependencies = [("applications", "0003_customers_way")]

    operations = [migrations.RunPython(seal, migrations.RunPython.noop)]
