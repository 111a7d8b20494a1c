"""Paging that stays quick at any depth: a page starts after a row, not after a number of rows.

A list declares its sort orders. Each is one column with the primary key as tie-break, both in the same
direction, so that one plain index (column, id) serves both directions. The column may be an annotation, and others
that always have a value may come between it and the key. Rows without a value come last in either direction. The
place in the list travels in the URL as `after` or `before`: the sort value and the key of a row, checked before use;
whatever cannot be read leads to the first page.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet, ValidationError
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import BooleanField, F, Field, Func, Q, QuerySet, Value
from django.db.models.constants import LOOKUP_SEP
from django.utils.dateparse import parse_datetime
from django.utils.functional import cached_property

COUNT_CAP, ADMIN_COUNT_CAP = 10_000, 2_000
SIZES = (25, 50, 100)
LAST = "end"
OF_ONE_PAGE = ("after", "before", "size", "format")  # in the address of a list: all else says which rows it has
KEY = re.compile(r"[1-9][0-9]{0,18}")
MAX_KEY = 2**63 - 1
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class BadCursor(ValueError):
    """A place in a list that cannot be read: cut off, edited, or of another sort order."""


@dataclass(frozen=True)
class Sort:
    """One sort order: `field` is a path such as "received_at" or "merchant__name"; ties by the fields in `then`, which
    are never empty, and by primary key."""

    name: str
    field: str
    descending: bool
    then: tuple[str, ...] = ()

    @property
    def parameter(self) -> str:
        return f"-{self.name}" if self.descending else self.name


def choose_sort(sorts: Mapping[str, str | tuple[str, ...]], requested: str | None, default: str) -> Sort:
    """The sort order that the URL names (`name`, or `-name` for descending), else the default."""
    for parameter in (requested or "", default):
        name = parameter.removeprefix("-")
        if name in sorts:
            fields = (sorts[name],) if isinstance(sorts[name], str) else sorts[name]
            return Sort(name, fields[0], parameter.startswith("-"), fields[1:])
    raise ValueError(f"the default sort order {default!r} is not among {', '.join(sorts)}")


class RowCompare(Func):
    """(column, key) > (value, key) as one row comparison, which PostgreSQL reads as one range of an index. The columns
    come first, then as many values."""

    output_field = BooleanField()

    def __init__(self, *expressions, greater: bool):
        super().__init__(*expressions)
        self.greater = greater

    def as_sql(self, compiler, connection, **context):
        parts, params = [], []
        for expression in self.source_expressions:
            sql, values = compiler.compile(expression)
            parts.append(sql)
            params.extend(values)
        half = len(parts) // 2
        columns, values = ", ".join(parts[:half]), ", ".join(parts[half:])
        return f"({columns}) {'>' if self.greater else '<'} ({values})", params


@dataclass(frozen=True)
class Cursor:
    """The place of one row in a sort order; `value` is None where the row has none."""

    value: Any
    key: int
    then: tuple = ()

    @classmethod
    def of(cls, row, sort: Sort) -> "Cursor":
        return cls(_value(row, sort.field), row.pk, tuple(_value(row, name) for name in sort.then))

    def encode(self) -> str:
        values = [*([] if self.value is None else [self.value]), *self.then, self.key]
        return "~".join(
            value.isoformat() if isinstance(value, (dt.date, dt.datetime)) else str(value) for value in values
        )

    @classmethod
    def decode(cls, text: str, field: Field, then: Sequence[Field] = ()) -> "Cursor":
        """Read what `encode` wrote. Raises BadCursor."""
        value, separator, key = text.rpartition("~")
        if not KEY.fullmatch(key) or int(key) > MAX_KEY:
            raise BadCursor(text)
        ties = []
        for tie in reversed(then):
            value, separator, part = value.rpartition("~")
            ties.append(_read(part, tie))
        return cls(_read(value, field) if separator else None, int(key), tuple(reversed(ties)))


def _read(text: str, field: Field) -> Any:
    if CONTROL.search(text):
        raise BadCursor(text)
    try:
        if field.get_internal_type() == "DateTimeField":
            value = parse_datetime(text)
            if value is None or value.tzinfo is None:
                raise BadCursor(text)
        else:
            value = field.to_python(text)
            field.run_validators(value)
    except (ValidationError, ValueError, OverflowError) as error:
        raise BadCursor(text) from error
    if value is None or (isinstance(value, Decimal) and not value.is_finite()):
        raise BadCursor(text)
    return value


@dataclass
class Page:
    """One page of a list: its rows, and the cursors of its neighbours (None where there is none)."""

    rows: list
    sort: Sort
    size: int
    previous: str | None
    next: str | None
    queryset: QuerySet
    count_cap: int = COUNT_CAP

    @cached_property
    def count(self) -> int:
        """How many rows the whole list has, counted no further than `count_cap` + 1."""
        if self.previous is None and self.next is None:
            return len(self.rows)
        return capped_count(self.queryset, self.count_cap)

    @property
    def is_capped(self) -> bool:
        return self.count > self.cap

    @property
    def cap(self) -> int:
        return self.count_cap

    @property
    def last(self) -> str:
        return LAST

    def place(self, row) -> str:
        """The place of `row` in the list as an address carries it."""
        return Cursor.of(row, self.sort).encode()

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self):
        return iter(self.rows)


def capped_count(queryset: QuerySet, cap: int | None = None) -> int:
    """The number of rows, or one more than `cap`, without which COUNT_CAP, when there are more."""
    cap = COUNT_CAP if cap is None else cap
    # the key alone: the database computes every column of a part that it counts
    return queryset.order_by().values("pk")[: cap + 1].count()


def capped_counts(
    querysets: Sequence[QuerySet], beside: tuple[str, Sequence] | None = None, *, cap: int | None = COUNT_CAP
) -> list[int]:
    """`capped_count` of several lists in one query, and behind them the counts of the one row that the statement
    `beside`, with its parameters, gives. Without a cap, all their rows are counted."""
    parts, parameters = [], []
    for queryset in querysets:
        try:
            rows = queryset.order_by().values("pk")
            sql, values = (rows if cap is None else rows[: cap + 1]).query.sql_with_params()
        except EmptyResultSet:
            sql, values = "SELECT 1 WHERE false", ()
        parts.append(f"(SELECT count(*) FROM ({sql}) AS part)")  # noqa: S608 - SQL that the ORM wrote
        parameters += values
    statement = f"SELECT {', '.join(parts)}"
    if beside:
        statement = f"{statement}, beside.* FROM ({beside[0]}) AS beside"
        parameters += beside[1]
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchone())


class KeysetPaginator:
    """Pages of `queryset` in the order of `sort`, `size` rows each. `counted` has the same rows where these can be
    counted more cheaply than as they are listed.

    A list has up to two parts: rows with a sort value, then rows without. Each part is one range of the
    index; the second is asked only when the first does not fill the page.
    """

    count_cap = COUNT_CAP  # how far rows are counted

    def __init__(self, queryset: QuerySet, sort: Sort, size: int = SIZES[0], counted: QuerySet | None = None):
        self.queryset, self.sort, self.size = queryset, sort, size
        self.counted = queryset if counted is None else counted
        self.field, self.nullable = _resolve(queryset, sort.field)
        self.ties = [_resolve(queryset, name)[0] for name in sort.then]

    def page(self, *, after: str | None = None, before: str | None = None) -> Page:
        """The page after or before the row that a cursor names; without one, or with a bad one, the first."""
        if before == LAST:
            rows = self._read(None, backwards=True)
            return self._page(rows[: self.size][::-1], more_before=len(rows) > self.size, more_after=False)
        parts = None
        try:
            if after:
                cursor = Cursor.decode(after, self.field, self.ties)
                rows = self._read(cursor, backwards=False)
                # rows without a value would have come now, so that the first page need not ask for them again
                parts = 1 if cursor.value is not None else None
                if rows:
                    return self._page(rows[: self.size], more_before=True, more_after=len(rows) > self.size)
            elif before:
                rows = self._read(Cursor.decode(before, self.field, self.ties), backwards=True)
                if len(rows) > self.size:
                    return self._page(rows[: self.size][::-1], more_before=True, more_after=True)
                # the top of the list: show it as a full first page, whatever has come in above meanwhile
        except BadCursor:
            pass
        rows = self._read(None, backwards=False, parts=parts)
        return self._page(rows[: self.size], more_before=False, more_after=len(rows) > self.size)

    def neighbours(self, row, field: str = "pk", *, at: str | None = None) -> tuple[Any, Any]:
        """`field` of the rows before and after `row` in this order, None where there is none; one query. `at` is the
        place that the row had, where it may have moved since."""
        arms, place = [], self._place(row, at)
        for side in ("before", "after"):
            parts = self._parts(place, backwards=side == "before")
            arms += [
                part.values_list(Value(side), Value(number), field)[:1] for number, part in enumerate(parts)
            ]
        found: dict[str, Any] = {}
        for side, _number, value in sorted(arms[0].union(*arms[1:], all=True), key=lambda line: line[:2]):
            found.setdefault(side, value)
        return found.get("before"), found.get("after")

    def ordered(self) -> QuerySet:
        """The whole list in its order, for exports."""
        column = F(self.sort.field)
        first = column.desc(nulls_last=True) if self.sort.descending else column.asc(nulls_last=True)
        sign = "-" if self.sort.descending else ""
        return self.queryset.order_by(first, *(f"{sign}{name}" for name in (*self.sort.then, "pk")))

    def _page(self, rows: list, *, more_before: bool, more_after: bool) -> Page:
        return Page(
            rows=rows,
            sort=self.sort,
            size=self.size,
            previous=self._cursor(rows[0]).encode() if more_before and rows else None,
            next=self._cursor(rows[-1]).encode() if more_after and rows else None,
            queryset=self.counted,
            count_cap=self.count_cap,
        )

    def _cursor(self, row) -> Cursor:
        return Cursor.of(row, self.sort)

    def _place(self, row, at: str | None) -> Cursor:
        """The place that `at` says the row had, else the one that it has."""
        try:
            place = Cursor.decode(at or "", self.field, self.ties)
        except BadCursor:
            return self._cursor(row)
        known = place.key == row.pk and (self.nullable or place.value is not None)
        return place if known else self._cursor(row)

    def _read(self, cursor: Cursor | None, *, backwards: bool, parts: int | None = None) -> list:
        """Up to size + 1 rows beyond `cursor`, in reading order, from the first `parts` of the list."""
        rows: list = []
        for number, part in enumerate(self._parts(cursor, backwards=backwards)[:parts]):
            left = self.size + 1 - len(rows)
            rows += self._fetch(part, left, None if number else cursor, backwards=backwards)
            if len(rows) > self.size:
                break
        return rows

    def _fetch(self, part: QuerySet, limit: int, cursor: Cursor | None, *, backwards: bool) -> list:
        """The keys first, then the rows: sorting 750,000 whole rows takes four times as long as sorting keys."""
        keys = self._keys(part, limit, cursor, backwards=backwards)
        return list(self.queryset.filter(pk__in=keys).order_by(*part.query.order_by))

    def _keys(self, part: QuerySet, limit: int, cursor: Cursor | None, *, backwards: bool):
        """The keys of the first `limit` rows of `part`, which is what lies beyond `cursor`."""
        return part.values("pk")[:limit]

    def _parts(self, cursor: Cursor | None, *, backwards: bool) -> list[QuerySet]:
        """The parts of the list beyond `cursor`, in reading order."""
        descending = self.sort.descending != backwards
        parts = [False, True] if self.nullable else [False]
        if backwards:
            parts.reverse()
        if cursor is not None and self.nullable:
            parts = parts[parts.index(cursor.value is None) :]
        elif cursor is not None and cursor.value is None:
            raise BadCursor("a row of this order always has a value")
        return [
            self._part(cursor if number == 0 else None, without_value=without_value, descending=descending)
            for number, without_value in enumerate(parts)
        ]

    def _part(self, cursor: Cursor | None, *, without_value: bool, descending: bool) -> QuerySet:
        queryset, field, then = self.queryset, self.sort.field, self.sort.then
        # an index that leads with the column has the rows without a value at its end; the fields after it come from
        # elsewhere, and what is empty need not be sorted by
        columns = list(then) if without_value and then else [field, *then]
        if self.nullable:
            queryset = queryset.filter(**{f"{field}__isnull": without_value})
        if cursor is not None:
            queryset = queryset.filter(
                self._beyond(cursor, without_value=without_value, greater=not descending)
            )
        sign = "-" if descending else ""
        return queryset.order_by(*(f"{sign}{name}" for name in (*columns, "pk")))

    def _beyond(self, cursor: Cursor, *, without_value: bool, greater: bool) -> Q:
        """The rows beyond the place of `cursor` in its part of the list."""
        field, then, side = self.sort.field, self.sort.then, "gt" if greater else "lt"
        columns, values = [*map(F, then), F("pk")], [*map(Value, cursor.then, self.ties), Value(cursor.key)]
        if without_value:
            return Q(RowCompare(*columns, *values, greater=greater))
        if not then:
            first = Value(cursor.value, self.field)
            return Q(RowCompare(F(field), *columns, first, *values, greater=greater))
        # a comparison of rows over several tables is no range of an index: say where the range begins, in terms by
        # which the planner sees how much is left
        tied = Q(**{field: cursor.value}) & Q(RowCompare(*columns, *values, greater=greater))
        return Q(**{f"{field}__{side}e": cursor.value}) & (Q(**{f"{field}__{side}": cursor.value}) | tied)


class CountingPaginator(KeysetPaginator):
    """Counts first, and puts in order what little there is. The planner takes conditions to be independent of each
    other and of the order: where few rows are left, or none, it would go down the whole list in search of a page."""

    FEW = 2_000

    def page(self, **place) -> Page:
        page = super().page(**place)
        vars(page)["count"] = self._counted[0]
        return page

    def _parts(self, cursor: Cursor | None, *, backwards: bool) -> list[QuerySet]:
        parts, (count, keys) = super()._parts(cursor, backwards=backwards), self._counted
        return parts if count > self.FEW else [part.filter(pk__in=keys) for part in parts]

    @cached_property
    def _counted(self) -> tuple[int, list]:
        """How many rows there are, no further than `count_cap` + 1, and the keys of the first FEW, in no order."""
        try:
            sql, values = self.counted.order_by().values("pk")[: self.count_cap + 1].query.sql_with_params()
        except EmptyResultSet:
            return 0, []
        with connection.cursor() as cursor:
            cursor.execute(
                # SQL that the ORM wrote, with its values beside it, and a number of our own
                f"SELECT count(*), (array_agg(key))[:{self.FEW}] FROM ({sql}) AS part (key)",  # noqa: S608
                values,
            )
            count, keys = cursor.fetchone()
        return count, keys or []


class DearPaginator(KeysetPaginator):
    """For rows that are dear to tell, each by itself: they are counted as far as in the administration, and the keys of a
    page are found before its rows are asked for, as the planner would else tell all rows again beside them."""

    count_cap = ADMIN_COUNT_CAP

    def _keys(self, part: QuerySet, limit: int, cursor: Cursor | None, *, backwards: bool) -> list:
        return list(part.values_list("pk", flat=True)[:limit])


class ViewPaginator(KeysetPaginator):
    """For a view of the database, whose keys no index finds: the rows at once."""

    def _fetch(self, part: QuerySet, limit: int, cursor: Cursor | None, *, backwards: bool) -> list:
        return list(part[:limit])


def _value(row, path: str) -> Any:
    value = row
    for name in path.split(LOOKUP_SEP):
        value = None if value is None else getattr(value, name)
    return value


def _resolve(queryset: QuerySet, path: str) -> tuple[Field, bool]:
    """The field at the end of `path`, or that of an annotation, and whether a row may have no value there."""
    if path in queryset.query.annotations:
        return queryset.query.annotations[path].output_field, True
    model, nullable = queryset.model, False
    *relations, last = path.split(LOOKUP_SEP)
    for name in relations:
        relation = model._meta.get_field(name)
        nullable = nullable or relation.null
        model = relation.related_model
    field = model._meta.pk if last == "pk" else model._meta.get_field(last)
    field = getattr(field, "output_field", field) if field.generated else field
    return field, nullable or field.null


class CappedPaginator(Paginator):
    """For the admin: counts no further than `cap` + 1, so a change list of millions opens at once. Its pages are walked
    through by number: forty of them are more than anyone does."""

    cap = ADMIN_COUNT_CAP

    @cached_property
    def count(self) -> int:
        return capped_count(self.object_list, self.cap)
