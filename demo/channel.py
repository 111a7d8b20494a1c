"""Complaints of the demo's district that are with platforms of the green channel, or have been: referred by its officer,
answered by the people of the platforms, each through the same verbs as anyone's."""

import datetime as dt
import tomllib
from pathlib import Path

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from cases.enums import Kind, State
from cases.models import Case
from core.exceptions import DomainError
from mediation.domain import act_on_referral, lapse_referrals, refer
from mediation.enums import ReferralVerb
from mediation.models import PlatformReferral
from registry.domain import load_calendar
from registry.models import Platform

HERE = Path(__file__).resolve().parent
TEN = dt.time(10)


class Channel:
    """Referrals of the last working days, as of `end`."""

    def __init__(self, *, end: dt.datetime):
        with open(HERE / "data" / "channel.toml", "rb") as file:
            self.entries = tomllib.load(file)["referral"]
        people = {user.username: user for user in User.objects.select_related("agency")}
        self.officer, self.partner = people["officer"], people["partner"]
        self.end, self.calendar = end, load_calendar()

    def do(self) -> int:
        """Returns the number of referrals."""
        taken: set[int] = set()
        for entry in self.entries:
            case = self._case(self._ago(entry["referred"]), taken)
            if case is not None:
                taken.add(case.pk)
                self._follow(case, entry)
        return len(taken)

    def _case(self, day: dt.datetime, taken: set[int]) -> Case | None:
        """The newest open complaint about a seller on the partner's platform that nobody has worked on and that was there
        on `day`."""
        own = Platform.objects.members_on(timezone.localdate(day)).filter(agency=self.partner.agency)
        rows = Case.objects.visible_to(self.officer).filter(
            Q(state=State.ACCEPTED, accepted_at__lt=day) | Q(state=State.REGISTERED),
            kind=Kind.COMPLAINT, events=None, received_at__lt=day, platform__in=own,
        )  # fmt: skip
        return rows.exclude(pk__in=taken).order_by("-received_at", "-pk").first()

    def _follow(self, case: Case, entry: dict) -> None:
        try:
            referral = refer(
                case, case.platform, actor=self.officer, note=entry.get("note", ""), now=self._ago(entry["referred"])
            )
        except DomainError:  # its rules stand in the way
            return
        for act in entry.get("act", []):
            given = {name: value for name, value in act.items() if name not in ("verb", "days")}
            self._act(referral, act["verb"], self._ago(act["days"]), given)

    def _act(self, referral: PlatformReferral, verb: str, now: dt.datetime, given: dict) -> None:
        if verb == ReferralVerb.LAPSE:
            lapse_referrals(1, now=now)
            return
        if "kind" in given:
            given["amount"] = referral.case.claimed or 100
        actor = self.officer if verb == ReferralVerb.RECALL else self.partner
        act_on_referral(referral, verb, actor=actor, now=now, **given)

    def _ago(self, days: int) -> dt.datetime:
        """Ten o'clock on the working day so many working days before today."""
        day = timezone.localdate(self.end)
        while days:
            day -= dt.timedelta(days=1)
            days -= self.calendar.is_working(day)
        return timezone.make_aware(dt.datetime.combine(day, TEN))


def has_been_done() -> bool:
    """Whether anybody has referred a complaint here; then the demo adds nothing."""
    return PlatformReferral.objects.filter(created_by__isnull=False).exists()
