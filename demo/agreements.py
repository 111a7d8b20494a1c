"""The agreements of the demo's city council, and those that the micro-court confirmed in the years of the past. Each of
them goes through the same verbs as anyone's, on days on which it could have been done."""

import datetime as dt
import random
import tomllib
from decimal import Decimal
from pathlib import Path

from django.utils import timezone

from accounts.models import User
from cases.enums import Body, Kind, Outcome, State
from cases.models import Case
from demo.city.figures import CONFIRMED, scaled
from mediation.domain import Due, act_on_agreement, act_on_confirmation, draw_up, prepare
from mediation.enums import AgreementVerb, ConfirmationVerb, DismissalGround, SessionOutcome, SessionState
from mediation.models import Agreement, JudicialConfirmation, Session
from registry.enums import AgencyKind
from registry.models import Agency

HERE = Path(__file__).resolve().parent
DAY = dt.timedelta(days=1)
LAST_MONTH = 10  # an agreement of October can still be ruled on in its year
DISMISSED = 30  # of so many confirmed ones there is one that was dismissed; no source is known for that
UNPERFORMED = 12  # one in so many is not performed, and is enforced
TIME_TO_APPLY = (2, 24)  # days after the agreement took effect
TIME_TO_ACCEPT, TIME_TO_RULE = (0, 3), (3, 15)  # days; the rules on confirmation of 2011 allow three and fifteen


class Agreements:
    """`end`: until when people have worked in the demo."""

    def __init__(self, *, seed: int, scale: str, end: dt.datetime):
        self.rng = random.Random(f"{seed}/agreements")
        self.scale, self.end = Decimal(scale), end
        with open(HERE / "data" / "mediation.toml", "rb") as file:
            self.words = tomllib.load(file)["agreement"]
        self.actor = User.objects.select_related("agency").get(username="mediator")
        self.court = Agency.objects.filter(kind=AgencyKind.COURT).order_by("code").first()

    def do(self) -> int:
        """Returns the number of agreements."""
        self._present()
        for year, number in CONFIRMED.items():
            self._past(year, max(1, int(scaled(number, self.scale))))  # the smallest city shows a ruling, too
        return Agreement.objects.count()

    def _present(self) -> None:
        """What the sessions of the last days came to: one to be signed, one in force with its next instalment ahead, one
        that is taken to the court."""
        reached = Session.objects.filter(state=SessionState.HELD, outcome=SessionOutcome.AGREEMENT)
        for number, session in enumerate(reached.select_related("case").order_by("period")):
            now = session.held_at + dt.timedelta(hours=1)
            day = timezone.localdate(now)
            case, claimed = session.case, session.case.claimed or Decimal(200)
            half = (claimed / 2).quantize(Decimal("0.01")) or Decimal("0.01")
            dues = [
                Due(day, self.words["first"], "refund", half), Due(day + 10 * DAY, self.words["second"], "refund", half),
                Due(day + 14 * DAY, self.words["goods"]),
            ]  # fmt: skip
            agreement = draw_up(
                case, terms=self.words["terms"], reached_on=day, instalments=dues, session=session, actor=self.actor,
                now=now,
            )  # fmt: skip
            self._act(agreement, AgreementVerb.ISSUE, now)
            if number % 3 == 2:
                continue
            self._sign(agreement, now)
            self._act(
                agreement, AgreementVerb.PERFORM, now, instalment=agreement.instalments.order_by("due_on", "pk").first(),
                performed_on=day, evidence=self.words["receipt"],
            )  # fmt: skip
            if number % 3 == 0:
                prepare(agreement, court=self.court, actor=self.actor, now=now)

    def _past(self, year: int, number: int) -> None:
        """So many agreements of that year's council disputes are confirmed in it, and a few are dismissed."""
        cases = Case.objects.visible_to(self.actor).filter(
            body=Body.COUNCIL, kind=Kind.COMPLAINT, outcome=Outcome.AGREEMENT, state=State.CLOSED,
            accepted_at__isnull=False, closed_on__range=(dt.date(year, 1, 1), dt.date(year, LAST_MONTH, 31)),
        )  # fmt: skip
        dismissed = number // DISMISSED
        keys = list(cases.order_by("closed_at", "pk").values_list("pk", flat=True))
        chosen = sorted(self.rng.sample(keys, min(len(keys), number + dismissed)))
        for n, case in enumerate(Case.objects.filter(pk__in=chosen).order_by("closed_at", "pk")):
            self._confirm(case, n, dismiss=dismissed > 0 and n % (number // dismissed + 1) == number // dismissed)

    def _confirm(self, case: Case, n: int, *, dismiss: bool) -> None:
        now = max(case.closed_at, case.accepted_at) + dt.timedelta(hours=1)
        day = timezone.localdate(now)
        performed = n % UNPERFORMED != UNPERFORMED - 1
        # the amount stands in the ledger already, from the council's own file
        dues = [Due(day + 30 * DAY, self.words["as_reported"])]
        agreement = draw_up(
            case, terms=self.words["terms"], reached_on=day, instalments=dues, actor=self.actor, now=now
        )
        self._sign(agreement, now)
        confirmation = prepare(agreement, court=self.court, actor=self.actor, now=now)
        applied = now + DAY * self.rng.randint(*TIME_TO_APPLY)
        given = {"applied_on": timezone.localdate(applied), "both_parties": True}
        self._court(confirmation, ConfirmationVerb.APPLY, applied, **given)
        accepted = applied + DAY * self.rng.randint(*TIME_TO_ACCEPT)
        number = self.words["number"].format(year=accepted.year, n=n + 1)
        given = {"accepted_on": timezone.localdate(accepted), "number": number}
        self._court(confirmation, ConfirmationVerb.ACCEPT, accepted, **given)
        ruled = accepted + DAY * self.rng.randint(*TIME_TO_RULE)
        ruling = {"ruled_on": timezone.localdate(ruled), "ruling": number}
        if dismiss:
            self._court(confirmation, ConfirmationVerb.DISMISS, ruled, ground=DismissalGround.UNCLEAR, **ruling)
        else:
            self._court(confirmation, ConfirmationVerb.CONFIRM, ruled, **ruling)
        done = now + 30 * DAY
        if performed:
            self._act(
                agreement, AgreementVerb.PERFORM, done, instalment=agreement.instalments.get(),
                performed_on=timezone.localdate(done), evidence=self.words["receipt"],
            )  # fmt: skip
        elif not dismiss:
            later = max(done, ruled) + 5 * DAY
            self._court(
                confirmation, ConfirmationVerb.ENFORCE, later, enforced_on=timezone.localdate(later),
                enforcement=self.words["enforcement"].format(year=later.year, n=n + 1),
            )  # fmt: skip

    def _sign(self, agreement: Agreement, now: dt.datetime) -> None:
        self._act(
            agreement, AgreementVerb.SIGN, now, signatures=list(agreement.signatures.all()),
            signed_on=timezone.localdate(now), note=self.words["above_claim"],
        )  # fmt: skip

    def _act(self, agreement: Agreement, verb: str, now: dt.datetime, **data) -> None:
        act_on_agreement(agreement, verb, actor=self.actor, now=now, **data)

    def _court(self, confirmation: JudicialConfirmation, verb: str, now: dt.datetime, **data) -> None:
        act_on_confirmation(confirmation, verb, actor=self.actor, now=now, **data)


def has_been_done() -> bool:
    """Whether anybody has drawn up an agreement here; then the demo adds nothing."""
    return Agreement.objects.exists()


