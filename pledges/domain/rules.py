"""What follows when it is said anew what falls under a type of pledge."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q
from django.utils.translation import ngettext

from pledges.domain.suspicion import CONCERNED, look_again
from pledges.models import Coverage, Pledge

COUNTED = f"SELECT count(*) FROM ({CONCERNED}) AS concerned"  # noqa: S608 - our own words


@dataclass(frozen=True)
class LookedAgain:
    """So many complaints are looked at again."""

    moved: int

    def sentences(self) -> Iterator[str]:
        """The same in words."""
        yield ngettext(
            "%(n)d complaint is held against the pledges again.", "%(n)d complaints are held against the pledges again.",
            self.moved,
        ) % {"n": self.moved}  # fmt: skip

    def as_json(self) -> dict:
        """The same as one JSON object."""
        return {"complaints": self.moved}


def coverage_changed(
    changed: Mapping[str, Collection[str]], *, write: bool, actor=None
) -> LookedAgain | None:
    """What follows from changed reference data (`registry.domain.consequences`): the complaints of the terms of all
    pledges whose type has changed, or that cover problems where one of these has, stand in the change feed again. None
    where there are none."""
    concerned = Q(type__code__in=changed.get("pledge_types") or [])
    if changed.get("problems"):
        concerned |= Q(type__in=Coverage.objects.filter(problem__isnull=False).values("type"))
    pledges = list(Pledge.objects.published().filter(concerned).order_by().values_list("pk", flat=True))
    if not pledges:
        return None
    moved = look_again(pledges) if write else _count(pledges)
    return LookedAgain(moved) if moved else None


def _count(pledge_ids: list[int]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(COUNTED, {"pledges": pledge_ids})
        return cursor.fetchone()[0]
