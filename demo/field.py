"""What the parts of the demo's field work have in common. The stock of past years is written set-wise, as if taken over
from another register; what is in hand in one district is done by the same verbs as anyone's."""

import datetime as dt
import random
import tomllib
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

from django.utils import timezone

from accounts.domain import system_user
from accounts.models import User
from core.bulk import copy_lines
from demo.city.figures import largest_remainder
from demo.city.vocabulary import read
from demo.pledges import ROAD, Place, districts

HERE = Path(__file__).resolve().parent


class FieldWork:
    """`end`: until when people have worked in the demo."""

    part: str  # its own draw of the same seed

    def __init__(self, *, seed: int, scale: str, end: dt.datetime):
        self.rng = random.Random(f"{seed}/{self.part}")
        self.scale, self.end, self.today = Decimal(scale), end, timezone.localdate(end)
        with open(HERE / "data" / "field.toml", "rb") as file:
            self.words = tomllib.load(file)
        self.syllables = read("traders")["syllables"]
        people = {user.username: user for user in User.objects.select_related("agency__region")}
        self.clerk, self.head, self.system = people["pledges"], people["approver"], system_user().pk
        self.places = districts()
        self.place_of = {place.agency.pk: place for place in self.places}
        self.home = self.place_of[self.clerk.agency_id]
        self.taken: set[str] = set()
        self.lines: dict[str, list[str]] = defaultdict(list)

    def ago(self, days: int) -> dt.date:
        """The day so many days ago; a negative number is one to come."""
        return self.today - dt.timedelta(days=days)

    def day_between(self, first: dt.date, last: dt.date) -> dt.date:
        return first + dt.timedelta(days=self.rng.randrange((last - first).days + 1))

    def word(self) -> str:
        """Three invented syllables that no other has."""
        while (word := "".join(self.rng.sample(self.syllables, 3))) in self.taken:
            pass
        self.taken.add(word)
        return word

    def people(self, number: int) -> list[str]:
        """So many invented people."""
        surnames = self.rng.sample(self.words["surnames"], number)
        return [self.words["person"].format(surname=surname) for surname in surnames]

    def spread(self, number: int) -> list[Place]:
        """So many districts by the trade they have; each is among them where there are enough."""
        least = 1 if number >= len(self.places) else 0
        parts = largest_remainder(number - least * len(self.places), [place.weight for place in self.places])
        return [place for place, part in zip(self.places, parts, strict=True) for _n in range(least + part)]

    def write(self, cursor, tables: dict[str, tuple[str, ...]]) -> None:
        """The lines of these tables, in this order, by COPY."""
        for table, columns in tables.items():
            copy_lines(cursor, table, columns, self.lines.pop(table, []))
            cursor.execute(f"ANALYZE {table}")


def street_of(address: str, place: Place) -> str:
    """The street or town in an address of the register."""
    return address.removeprefix(place.name).partition(ROAD)[0]
