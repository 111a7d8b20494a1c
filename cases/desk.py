"""What a list needs to know of its reader, in one query: the filters he keeps, the columns he chose, the calendar."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from django.db.models import F, Value
from django.db.models.functions import JSONObject
from django.http import QueryDict

from cases.models import ListColumns, SavedFilter
from core.working_days import Calendar
from registry.models import CalendarDay


@dataclass(frozen=True)
class Kept:
    """A saved filter as the menu of its list shows it; `owner` is the name of who shares it, "" for one's own."""

    pk: int
    name: str
    query: str
    shared: bool
    owner: str = ""

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        return QueryDict(self.query).dict()


@dataclass(frozen=True)
class Desk:
    """`own` and `shared` filters by name; `columns` is None where the user has chosen none."""

    own: list[Kept] = field(default_factory=list)
    shared: list[Kept] = field(default_factory=list)
    columns: list[str] | None = None
    calendar: Calendar = field(default_factory=lambda: Calendar({}))


def read_desk(user, name: str) -> Desk:
    """The user's desk for the list `name`. One query."""
    owner = {part: F(f"owner__{part}") for part in ("last_name", "first_name", "username")}
    filters = SavedFilter.objects.visible_to(user).filter(list=name).order_by()
    columns = ListColumns.objects.visible_to(user).filter(list=name)
    # of each day what the notice published last makes of it
    days = CalendarDay.objects.order_by("date", "-notice__published_on", "-notice_id").distinct("date")
    rows = filters.values_list(
        Value("filter"),
        JSONObject(pk="pk", name="name", query="query", shared="shared", by="owner_id", **owner),
    ).union(
        columns.values_list(Value("columns"), JSONObject(columns="columns")),
        days.values_list(Value("day"), JSONObject(date="date", working="working")),
        all=True,
    )
    own, shared, chosen, named = [], [], None, {}
    for of, row in rows:
        if of == "day":
            named[dt.date.fromisoformat(row["date"])] = row["working"]
        elif of == "columns":
            chosen = row["columns"]
        elif row["by"] == user.pk:
            own.append(Kept(row["pk"], row["name"], row["query"], row["shared"]))
        else:
            by = f"{row['last_name']}{row['first_name']}".strip() or row["username"]
            shared.append(Kept(row["pk"], row["name"], row["query"], row["shared"], by))
    by_name = sorted(own, key=lambda kept: kept.name), sorted(shared, key=lambda kept: (kept.name, kept.owner))
    return Desk(*by_name, chosen, Calendar(named))
