"""Rows by many keys at once. PostgreSQL is given them as one parameter: to read hundreds takes longer than to look them up."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.models import Lookup


def condition(keys: Collection[Any], vendor: str) -> tuple[str, list[Any]]:
    """What stands behind a column in SQL, and its parameters."""
    if vendor == "postgresql":
        return "= ANY(%s)", [list(keys)]
    return f"IN ({', '.join(['%s'] * len(keys))})", list(keys)


@models.BigAutoField.register_lookup
@models.ForeignKey.register_lookup
class Among(Lookup):
    """`pk__among=keys`: like `in`, of keys that are as the database has them."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """The column and the condition."""
        if not self.rhs:
            raise EmptyResultSet
        column, before = self.process_lhs(compiler, connection)
        sql, keys = condition(self.rhs, connection.vendor)
        return f"{column} {sql}", (*before, *keys)
