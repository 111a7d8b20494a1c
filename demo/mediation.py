"""The mediators of the demo's city council: who they are, their rooms, the sessions behind and before them. Each of these
goes through the same verbs as anyone's."""

import datetime as dt
import random
import tomllib
from pathlib import Path

from django.utils import timezone

from accounts.models import User
from cases.enums import GroundPurpose, MediationMode
from cases.models import Ground
from core.exceptions import DomainError
from mediation.domain import Appointment, act_on, adjourn, schedule
from mediation.enums import Presence, SessionOutcome, SessionVerb
from mediation.models import MediatedCase, Mediator, Room, Session
from registry.domain import load_calendar
from registry.models import Category

HERE = Path(__file__).resolve().parent
HOUR = dt.timedelta(hours=1)
STARTS = (dt.time(9), dt.time(10, 30), dt.time(13, 30), dt.time(14, 45), dt.time(16))
HELD = 6  # of the sessions of the last working days
NO_AGREEMENT = 3  # the position of the ground that a party sees no way to agree
WAY = (
    SessionOutcome.AGREEMENT, SessionOutcome.ADJOURNED, SessionOutcome.FAILED, SessionOutcome.AGREEMENT,
    SessionOutcome.SETTLED, SessionOutcome.AGREEMENT,
)  # fmt: skip


class Mediation:
    """Sessions of the last and the next working days, as of `end`."""

    def __init__(self, *, seed: int, end: dt.datetime):
        self.rng = random.Random(f"{seed}/mediation")
        with open(HERE / "data" / "mediation.toml", "rb") as file:
            self.words = tomllib.load(file)
        self.actor = User.objects.select_related("agency").get(username="mediator")
        self.end, self.calendar = end, load_calendar()

    def do(self) -> int:
        """Returns the number of sessions."""
        self.mediators = [self._mediator(entry) for entry in self.words["mediator"]]
        self.rooms = [
            Room.objects.create(agency=self.actor.agency, address=self.words["address"], **entry)
            for entry in self.words["room"]
        ]
        cases = list(
            MediatedCase.objects.visible_to(self.actor).in_mediation()
            .order_by("accepted_at", "pk")[:12]
        )
        days = self._days(-2, 4)
        for number, case in enumerate(cases[: len(cases) - 2]):  # some have no session yet
            past = number < HELD
            day = days[number % 2] if past else days[2 + number % (len(days) - 2)]
            session = self._book(case, number, day, now=None if not past else self._at(day, dt.time(8)))
            if session and past:
                self._hold(session, WAY[number % len(WAY)], days)
        return Session.objects.count()

    def _mediator(self, entry: dict) -> Mediator:
        codes, user = entry.pop("fields"), entry.pop("user", None)
        mediator = Mediator.objects.create(
            agency=self.actor.agency, user=self.actor if user else None, **entry
        )
        mediator.fields.set(Category.objects.filter(scheme="council", code__in=codes))
        return mediator

    def _days(self, before: int, after: int) -> list[dt.date]:
        """So many working days before today, and as many from today on."""
        today, found = timezone.localdate(self.end), []
        day = today
        while len(found) < -before:
            day -= dt.timedelta(days=1)
            if self.calendar.is_working(day):
                found.insert(0, day)
        day = today
        while len(found) < after - before:
            if self.calendar.is_working(day):
                found.append(day)
            day += dt.timedelta(days=1)
        return found

    def _at(self, day: dt.date, time: dt.time) -> dt.datetime:
        return timezone.make_aware(dt.datetime.combine(day, time))

    def _book(self, case, number: int, day: dt.date, *, now: dt.datetime | None) -> Session | None:
        """A session on that day in the first room and with the mediator whose turn it is; none where a rule is in the
        way, as for what was accepted later."""
        starts = self._at(day, STARTS[number % len(STARTS)])
        where = {"mode": MediationMode.ON_SITE, "room": self.rooms[number % len(self.rooms)]}
        if number % 3 == 2:
            where = {"mode": MediationMode.REMOTE, "link": self.words["link"]}
        appointment = Appointment(self.mediators[number % len(self.mediators)], starts, starts + HOUR, **where)
        try:
            return schedule(case, appointment, actor=self.actor, now=now or self.end)
        except DomainError:
            return None

    def _hold(self, session: Session, outcome: str, days: list[dt.date]) -> None:
        now = session.period.upper
        given = {
            "roll": {one.pk: Presence.PRESENT for one in session.attendances.all()}, "both_consent": True,
            "minutes": self.words["minutes"][outcome], "actor": self.actor, "now": now,
        }  # fmt: skip
        if outcome == SessionOutcome.ADJOURNED:
            starts = self._at(days[3], STARTS[1])
            appointment = Appointment(
                session.mediator, starts, starts + HOUR, session.mode, session.room, session.place, session.link
            )
            adjourn(session, appointment, **given)
            return
        if outcome == SessionOutcome.FAILED:
            grounds = Ground.objects.for_case(session.case, GroundPurpose.TERMINATE)
            given["ground"] = grounds.get(position=NO_AGREEMENT)
        act_on(session, SessionVerb.HOLD, outcome=outcome, **given)


def has_been_done() -> bool:
    """Whether anybody has entered a mediator here; then the demo adds nothing."""
    return Mediator.objects.exists()
