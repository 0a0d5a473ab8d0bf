"""The index that finds a word among very many cases. Only PostgreSQL has such a one; without it a search reads every case."""

import logging

from django.db import migrations, transaction
from django.db.utils import DatabaseError

INDEX = "case_words"
MISSING = """The extension pg_trgm is not there and this user may not make it, so searching for words reads every case.
To put it right, let an administrator of the database run in it:
    CREATE EXTENSION pg_trgm;
    CREATE INDEX CONCURRENTLY case_words ON cases_case USING gin (words gin_trgm_ops);"""


def make(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    try:
        with transaction.atomic(using=schema_editor.connection.alias), schema_editor.connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError:
        logging.getLogger("cases").warning(MISSING)
        return
    schema_editor.execute(f"CREATE INDEX IF NOT EXISTS {INDEX} ON cases_case USING gin (words gin_trgm_ops)")


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP INDEX IF EXISTS {INDEX}")


class Migration(migrations.Migration):
    dependencies = [("cases", "0009_words")]

    operations = [migrations.RunPython(make, drop)]
