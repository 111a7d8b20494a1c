"""The few rows that several tables have of one record, read together: a page of a record would else ask once a table."""

from collections import defaultdict
from collections.abc import Sequence
from operator import attrgetter

from django.db.models import CharField, Model, Value
from django.db.models.functions import JSONObject


def fetch_together(record: Model, names: Sequence[str]) -> None:
    """Read the reverse relations `names` of `record` with one query, and what their foreign keys name with one more for
    each model, as `prefetch_related` would have left them: `record.<name>.all()` asks nothing any more.

    For tables with a handful of rows for each record and no binary columns.
    """
    relations = {name: record._meta.get_field(name) for name in names}
    parts = [_rows(record, name, relation) for name, relation in relations.items()]
    found = defaultdict(list)
    for name, values in parts[0].union(*parts[1:], all=True):
        found[name].append(_row(record, relations[name], values))
    _follow([row for rows in found.values() for row in rows], type(record))
    cache = record.__dict__.setdefault("_prefetched_objects_cache", {})
    for name, relation in relations.items():
        rows = _ordered(found[name], relation.related_model._meta.ordering)
        queryset = relation.related_model._default_manager.filter(**{relation.field.name: record})
        queryset._result_cache, queryset._prefetch_done = rows, True
        cache[relation.get_accessor_name()] = queryset


def _rows(record: Model, name: str, relation):
    fields = [field.attname for field in relation.related_model._meta.concrete_fields]
    rows = relation.related_model._base_manager.filter(**{relation.field.name: record}).order_by()
    return rows.values_list(Value(name, CharField()), JSONObject(**{field: field for field in fields}))


def _row(record: Model, relation, values: dict) -> Model:
    fields = relation.related_model._meta.concrete_fields
    row = relation.related_model.from_db(
        record._state.db, [f.attname for f in fields], [f.to_python(values[f.attname]) for f in fields]
    )
    setattr(row, relation.field.name, record)
    return row


def _follow(rows: list[Model], owner: type[Model]) -> None:
    """Set the rows that foreign keys name, but for the record itself and rows of the tables at hand."""
    wanted = defaultdict(set)
    keys = [
        (row, field)
        for row in rows
        for field in row._meta.concrete_fields
        if field.is_relation and field.related_model is not owner and getattr(row, field.attname) is not None
    ]
    for row, field in keys:
        wanted[field.related_model].add(getattr(row, field.attname))
    named = {model: model._base_manager.in_bulk(ids) for model, ids in wanted.items()}
    for row, field in keys:
        setattr(row, field.name, named[field.related_model][getattr(row, field.attname)])


def _ordered(rows: list[Model], ordering: Sequence[str]) -> list[Model]:
    """By the model's own order, the last name first: sorting is stable."""
    for name in reversed([*ordering, "pk"]):
        rows = sorted(rows, key=attrgetter(name.lstrip("-")), reverse=name.startswith("-"))
    return rows
