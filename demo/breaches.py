"""What the clerk of the demo has decided of suspected breaches: found on the days on which the worker would have found
them, then confirmed, dismissed and followed up by the same verbs as anyone's."""

import datetime as dt
from itertools import groupby

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from cases.enums import Kind
from cases.models import Case
from core.dates import add_months
from core.exceptions import DomainError
from demo.city.figures import RECENT_DAYS
from demo.field import FieldWork
from demo.pledges import at
from pledges.domain import act_on_breach, act_on_pledge, find_breaches
from pledges.enums import PledgeState, PledgeVerb, Pool
from pledges.models import Breach, Premises

HOUR = dt.timedelta(hours=1)


class Breaches(FieldWork):
    part = "breaches"

    @transaction.atomic
    def do(self) -> int:
        """Returns on how many breaches somebody has decided."""
        self._find()
        used: set[int] = set()
        for entry in self.words["decided"]:
            first = at(self.ago(entry["acts"][0][1]))
            rows = Breach.objects.visible_to(self.clerk).to_decide().filter(
                pledge__agency=self.home.agency, pledge__state=PledgeState.IN_FORCE, pledge__valid_to__gt=self.today,
                found_at__lt=first,
            ).exclude(Q(pledge__in=used) | Q(pledge__events__at__gte=first))  # fmt: skip
            if breach := rows.select_related("pledge").order_by("-found_at", "pk").first():
                used.add(breach.pledge_id)
                self._decide(breach, entry["acts"])
                if entry.get("watched"):
                    act_on_pledge(
                        breach.pledge, PledgeVerb.POOL, actor=self.clerk, now=at(self.ago(entry["watched"])),
                        pool=Pool.WARNING, note=self.words["breach"]["note"]["watched"],
                    )  # fmt: skip
        return Breach.objects.visible_to(self.clerk).filter(decided_at__isnull=False).count()

    def _find(self) -> None:
        """What the clerk sees of them: recent complaints day by day, those of past years month by month."""
        premises = Premises.objects.order_by()
        theirs = Case.objects.visible_to(self.clerk).filter(merchant__in=premises.values("merchant"))
        about = Case.objects.filter(merchant__in=premises.filter(agency=self.home.agency).values("merchant"))
        rows: set[tuple[dt.datetime, int]] = set()
        for cases in (theirs, about):
            complaints = cases.filter(kind=Kind.COMPLAINT, received_at__lt=self.end)
            rows.update(complaints.order_by().values_list("received_at", "pk"))
        recent = self.today - dt.timedelta(days=RECENT_DAYS + 1)
        for _span, group in groupby(sorted(rows), key=lambda row: self._span(timezone.localdate(row[0]), recent)):
            found = list(group)
            find_breaches([pk for _at, pk in found], now=min(found[-1][0] + HOUR, self.end))

    @staticmethod
    def _span(day: dt.date, recent: dt.date) -> dt.date:
        return day if day >= recent else add_months(day.replace(day=1), 1)

    def _decide(self, breach: Breach, acts: list) -> None:
        words = self.words["breach"]
        for verb, days in acts:
            actor = self.head if verb in words["by_head"] else self.clerk
            said = {"note": words["note"][verb]} if verb in words["note"] else {}  # the letter says what was said before
            try:
                act_on_breach(breach, verb, actor=actor, now=at(self.ago(days)), **said)
            except DomainError:  # such as a pledge that was renewed after that day: this one is left as it is
                return


def has_been_done() -> bool:
    """Whether any breach has been found here, by the demo or by the worker; then the demo adds nothing."""
    return Breach.objects.exists()
