"""Inspections of the demo: planned, made by the checklists, with what was not in order, corrections and second visits."""

import datetime as dt
import functools
import itertools
import random
import struct
import zlib
from collections import defaultdict
from typing import NamedTuple

from django.db import connection, transaction

from core.bulk import copy_line, next_ids
from core.dates import add_months
from demo.city.figures import (
    DOES_NOT_APPLY,
    INSPECTED,
    INSPECTED_AGAIN,
    INSPECTIONS_SINCE,
    LATE_CORRECTION,
    NOT_OK,
    UNDERCOVER,
)
from demo.field import FieldWork
from demo.pledges import DAY, Place, at
from pledges.domain import act_on_inspection, add_photo, checklist, keep_plan, plan_inspection
from pledges.enums import FindingResult, InspectionMode, InspectionState, InspectionVerb, Pool
from pledges.models import ChecklistItem, Inspection, InspectionPlan, Pledge, ZoneMembership
from registry.domain import load_calendar

LATE_SINCE = 8  # months: what is older has been corrected or has been followed up
AHEAD = 30  # days for which visits are planned
PLAN = ("id", "created_at", "updated_at", "name", "agency_id", "starts_on", "ends_on", "types", "visits", "undercover")
INSPECTION = (
    "id", "created_at", "updated_at", "plan_id", "premises_id", "pledge_id", "type_id", "follows_id", "mode", "state",
    "planned_on", "visited_on", "inspectors", "summary", "correct_by", "corrected_on", "ended_at",
)  # fmt: skip
FINDING = ("inspection_id", "item_id", "result", "note")
EVENT = ("inspection_id", "verb", "before", "after", "actor_id", "at", "note", "data")
PLANS, INSPECTIONS = "pledges_inspectionplan", "pledges_inspection"
FINDINGS, EVENTS = "pledges_finding", "pledges_inspectionevent"
PLANNED, VISITED, CORRECTING, CLOSED = (
    InspectionState.PLANNED, InspectionState.VISITED, InspectionState.CORRECTING, InspectionState.CLOSED,
)  # fmt: skip
OK, BAD, OUT = FindingResult.OK.value, FindingResult.NOT_OK.value, FindingResult.NOT_APPLICABLE.value


class Subject(NamedTuple):
    """A pledge that may be inspected, until the day before `end`."""

    pk: int
    premises: int
    type: int
    days: int  # for a correction, by its type
    since: dt.date
    end: dt.date


class Outcome(NamedTuple):
    """Where a visit has led by the demo's day, and its acts: verb, state after it, day, details."""

    state: str = PLANNED.value
    correct_by: dt.date | None = None
    corrected_on: dt.date | None = None
    ended_on: dt.date | None = None
    acts: tuple = ()


class Inspections(FieldWork):
    part = "inspections"

    @transaction.atomic
    def do(self) -> int:
        """Returns the number of inspections."""
        self.calendar = load_calendar()
        self.asked, self.due = functools.cache(self._asked), functools.cache(self._due)
        self.items = defaultdict(list)
        for item in ChecklistItem.objects.order_by("position", "code"):
            self.items[item.type_id].append(item)
        self.visits: list[tuple] = []
        with connection.cursor() as cursor:
            self._plans(cursor)
            ids = iter(next_ids(cursor, INSPECTIONS, 2 * len(self.visits)))
            for plan, subject, day in self.visits:
                self._inspect(next(ids), plan, subject, day, ids)
            self.write(cursor, {PLANS: PLAN, INSPECTIONS: INSPECTION, FINDINGS: FINDING, EVENTS: EVENT})
        self._at_home()
        return Inspection.objects.count()

    # the stock

    def _plans(self, cursor) -> None:
        """Of each year and district a plan, and its visits: to pledges that stand on that day. What the clerk's district
        does this year is in hand there."""
        subjects = self._subjects()
        years = range(INSPECTIONS_SINCE, self.today.year + 1)
        wanted = [
            (year, place) for year in years for place in self.places if (year, place) != (self.today.year, self.home)
        ]
        for pk, (year, place) in zip(next_ids(cursor, PLANS, len(wanted)), wanted, strict=True):
            first, last = dt.date(year, 1, 10), dt.date(year, 12, 20)
            theirs = subjects[place.agency.pk]
            spans = ((one, max(first, one.since + 20 * DAY), min(last, one.end - DAY)) for one in theirs)
            standing = [(one, begin, end) for one, begin, end in spans if begin <= end]
            if not standing:
                continue
            number = max(1, round(INSPECTED * len(standing)))
            self._plan(pk, place, year, number)
            for one, begin, end in self.rng.sample(standing, number):
                day = self.day_between(begin, end)
                if day <= self.today + AHEAD * DAY:
                    self.visits.append((pk, one, day))

    def _plan(self, pk: int, place: Place, year: int, visits: int) -> None:
        self.lines[PLANS].append(copy_line([
            pk, self.end, self.end, self.words["inspection"]["plan"].format(year=year), place.agency.pk,
            dt.date(year, 1, 1), dt.date(year, 12, 31), "{}", visits, UNDERCOVER,
        ]))  # fmt: skip

    def _subjects(self) -> dict[int, list[Subject]]:
        """By district."""
        found = defaultdict(list)
        rows = Pledge.objects.published().order_by("published_on", "pk").values_list(
            "agency", "pk", "premises", "type", "type__correction_days", "published_on", "valid_to", "ended_on"
        )  # fmt: skip
        for agency, pk, premises, type_id, days, since, valid_to, ended_on in rows:
            found[agency].append(Subject(pk, premises, type_id, days, since, ended_on or valid_to + DAY))
        return found

    def _inspect(
        self, pk: int, plan: int | None, subject: Subject, day: dt.date, ids, follows: int | None = None
    ) -> None:
        """One visit, and perhaps the one that looks at it again."""
        rng = self.rng
        mode = (InspectionMode.UNDERCOVER if rng.random() * 100 < UNDERCOVER else InspectionMode.OPEN).value
        if follows is not None:
            mode = InspectionMode.OPEN.value
        results = {} if day >= self.today else self._results(pk, subject.type, day, good=follows is not None)
        bad = BAD in results.values()
        outcome = self._outcome(subject, day, bad) if results else Outcome()
        visited_on = day if results else None
        summary = self.words["inspection"]["summary_bad" if bad else "summary_good"] if results else ""
        inspectors = "、".join(self.people(2))
        self.lines[INSPECTIONS].append(copy_line([
            pk, self.end, self.end, plan, subject.premises, subject.pk, subject.type, follows, mode, outcome.state, day,
            visited_on, inspectors, summary, outcome.correct_by, outcome.corrected_on,
            outcome.ended_on and at(outcome.ended_on),
        ]))  # fmt: skip
        planned = {"planned_on": day.isoformat(), "mode": mode, "follows": follows}
        self._event(pk, InspectionVerb.PLAN, "", PLANNED, min(day, self.today) - 7 * DAY, planned)
        if results:
            visit = {"visited_on": day.isoformat(), "findings": results}
            self._event(pk, InspectionVerb.VISIT, PLANNED, VISITED, day, visit)
        before = VISITED
        for verb, after, on, data in outcome.acts:
            self._event(pk, verb, before, after, on, data)
            before = after
        again = outcome.corrected_on is not None and follows is None and rng.random() < INSPECTED_AGAIN
        if again and outcome.ended_on < min(subject.end, self.today):
            self._inspect(next(ids), None, subject, outcome.ended_on, ids, follows=pk)

    def _results(self, pk: int, type_id: int, day: dt.date, *, good: bool) -> dict[str, str]:
        """The findings of a visit, which are written: the result of each item by its code."""
        rng, results, notes = self.rng, {}, self.words["inspection"]["not_ok"]
        for item in self.asked(type_id, day):
            drawn = rng.random()
            result = OUT if drawn > 1 - DOES_NOT_APPLY and not item.critical else OK
            if drawn < NOT_OK and not good:
                result = BAD
            results[item.code] = result
            note = rng.choice(notes) if result == BAD else ""
            self.lines[FINDINGS].append(f"{pk}\t{item.pk}\t{result}\t{note}")
        return results

    def _asked(self, type_id: int, day: dt.date) -> list[ChecklistItem]:
        return [
            item for item in self.items[type_id]
            if (item.valid_from is None or item.valid_from <= day) and (item.valid_to is None or item.valid_to > day)
        ]  # fmt: skip

    def _outcome(self, subject: Subject, day: dt.date, bad: bool) -> Outcome:
        """What is in order is closed a few days later, and all else corrected in time, late, or not yet."""
        rng, yesterday = self.rng, self.today - DAY
        if not bad:
            closed_on = day + rng.randrange(4) * DAY
            if closed_on > yesterday:
                return Outcome(VISITED.value)
            return Outcome(CLOSED.value, ended_on=closed_on, acts=((InspectionVerb.CLOSE, CLOSED, closed_on, {}),))
        ordered_on = day + rng.randrange(1, 4) * DAY
        if ordered_on > yesterday:
            return Outcome(VISITED.value)
        correct_by = self.due(ordered_on, subject.days)
        order = (InspectionVerb.ORDER, CORRECTING, ordered_on, {"correct_by": correct_by.isoformat()})
        corrected_on = self.day_between(ordered_on + DAY, correct_by)
        closed_on = corrected_on + rng.randrange(4) * DAY
        late = rng.random() < LATE_CORRECTION and add_months(day, LATE_SINCE) > self.today
        if late or closed_on > yesterday:
            return Outcome(CORRECTING.value, correct_by, acts=(order,))
        close = (InspectionVerb.CLOSE, CLOSED, closed_on, {"corrected_on": corrected_on.isoformat()})
        return Outcome(CLOSED.value, correct_by, corrected_on, closed_on, (order, close))

    def _due(self, day: dt.date, days: int) -> dt.date:
        return self.calendar.add_working_days(day, days).due_on

    def _event(self, pk: int, verb: str, before: str, after: str, on: dt.date, data: dict) -> None:
        note = self.words["inspection"]["order"] if verb == InspectionVerb.ORDER else ""
        self.lines[EVENTS].append(
            copy_line([pk, str(verb), str(before), str(after), self.system, at(on), note, data])
        )

    # what is in hand

    def _at_home(self) -> None:
        """The visits of the clerk's district, to members of its zones first."""
        subjects = list(self._home_subjects())
        if not subjects:
            return
        words = self.words["home_plan"]
        first, last = self.ago(words["before"]), self.ago(-words["after"])
        plan = keep_plan(
            InspectionPlan(), actor=self.clerk, now=at(first), name=words["name"].format(year=self.today.year),
            agency=self.home.agency, starts_on=first, ends_on=last, types=[], visits=words["visits"],
            undercover=words["undercover"],
        )  # fmt: skip
        turn, made = itertools.cycle(subjects), []
        for entry in self.words["home_visit"]:
            again = made[entry["again"]] if "again" in entry else None
            pledge = again.pledge if again else next(turn)
            if "watched" in entry:
                pledge = Pledge.objects.visible_to(self.clerk).filter(pool=Pool.WARNING).order_by("pk").first() or pledge
            made.append(self._home_visit(entry, plan, pledge, again))

    def _home_subjects(self) -> list[Pledge]:
        """One pledge in force of each of the premises, for some time already and for some time to come."""
        pledges = Pledge.objects.visible_to(self.clerk).in_force_on(self.today).filter(
            published_on__lt=self.ago(100), valid_to__gt=self.ago(-30), correct_by=None
        ).select_related("premises", "type").order_by("-published_on", "pk")  # fmt: skip
        members = ZoneMembership.objects.filter(added_by=self.clerk).on(self.today)
        inside = set(members.values_list("premises", flat=True))
        found = {pledge.premises_id: pledge for pledge in reversed(pledges)}
        return sorted(found.values(), key=lambda pledge: (pledge.premises_id not in inside, pledge.pk))

    def _home_visit(self, entry: dict, plan: InspectionPlan, pledge: Pledge, again: Inspection | None) -> Inspection:
        day, words = self.ago(entry.get("visited", entry.get("planned"))), self.words["inspection"]
        inspection = plan_inspection(
            pledge.premises, planned_on=day, actor=self.clerk, pledge=pledge, plan=plan,
            mode=entry.get("mode", InspectionMode.OPEN), follows=again, note=words["again"] if again else "",
            inspectors="、".join(self.people(2)),
            now=at(min(day, self.today) - 7 * DAY),
        )  # fmt: skip
        if note := entry.get("cancelled"):
            self._act(inspection, InspectionVerb.CANCEL, day, note=note)
        if "visited" not in entry:
            return inspection
        bad = entry.get("bad", 0)
        self._act(
            inspection, InspectionVerb.VISIT, day, visited_on=day, findings=self._answers(inspection, day, entry),
            summary=words["summary_bad" if bad else "summary_good"],
        )  # fmt: skip
        for number in range(entry.get("photos", 0)):
            photo = self.words["photo"]
            add_photo(
                inspection, name=photo["name"].format(n=number + 1), content=picture(f"{self.part}/{day}/{number}"),
                note=photo["note"], actor=self.clerk, now=at(day) + dt.timedelta(minutes=20 + number),
            )  # fmt: skip
        if "ordered" in entry:
            self._act(inspection, InspectionVerb.ORDER, self.ago(entry["ordered"]), note=words["order"])
        if "closed" in entry:
            given = {"corrected_on": self.ago(entry["corrected"])} if "corrected" in entry else {}
            self._act(inspection, InspectionVerb.CLOSE, self.ago(entry["closed"]), **given)
        return inspection

    def _answers(self, inspection: Inspection, day: dt.date, entry: dict) -> list[dict[str, str]]:
        """All in order but for so many items, a critical one first where one is among them."""
        items = list(checklist(inspection.type, day))
        wrong = [item for item in items if not item.critical][-entry.get("bad", 0) :] if entry.get("bad") else []
        if entry.get("critical"):
            wrong = [*(item for item in items if item.critical), *wrong][: entry["bad"]]
        notes = itertools.cycle(self.words["inspection"]["not_ok"])
        return [
            {"code": item.code, "result": BAD, "note": next(notes)} if item in wrong
            else {"code": item.code, "result": OK}
            for item in items
        ]  # fmt: skip

    def _act(self, inspection: Inspection, verb: str, day: dt.date, **data) -> None:
        act_on_inspection(inspection, verb, actor=self.clerk, now=at(day), **data)


def picture(seed: str, width: int = 320, height: int = 200) -> bytes:
    """A PNG of coloured squares, which nobody takes for a photo."""
    rng, side = random.Random(seed), 40
    squares = [[bytes(rng.randrange(40, 230) for _n in range(3)) for _x in range(0, width, side)] for _y in
               range(0, height, side)]  # fmt: skip
    rows = b"".join(b"\0" + b"".join(colour * side for colour in squares[y // side]) for y in range(height))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b""),
    )  # fmt: skip
    chunks = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def has_been_done() -> bool:
    """Whether there is any inspection; then the demo adds nothing."""
    return Inspection.objects.exists()
