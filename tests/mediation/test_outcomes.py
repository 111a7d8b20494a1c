"""However sessions, outcomes, postings, agreements and reversals are mixed: the recovered loss is the sum of what stands,
and no case has two final outcomes."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.casefile import amounts
from cases.domain import pay_recovery, perform, post_recovery, reverse_recovery
from cases.domain.recoveries import promises, recovered, standing
from cases.enums import LOSS_KINDS, GroundPurpose, State, Verb
from cases.models import Ground, Recovery
from core.exceptions import DomainError
from insights.metrics import metric
from insights.periods import Period
from insights.scopes import Scope
from mediation.domain import Appointment, Due, act_on, act_on_agreement, draw_up, owed_of, schedule
from mediation.enums import AgreementState, Presence, SessionOutcome, SessionState
from mediation.models import Agreement, Instalment
from tests.factories import CaseFactory, MediatorFactory, PartyFactory, UserFactory
from tests.factories.cases import local

pytestmark = pytest.mark.django_db

START = local(2026, 11, 10, 9)  # a Tuesday
FINAL = [outcome for outcome in SessionOutcome if outcome != SessionOutcome.ADJOURNED]
MOVES_MONEY = {"post", "promise", "reverse", "sign", "annul"}  # a payment keeps a promise and adds nothing
ENDS = {"agree", "settle", "fail", "withdraw", "terminate"}


class Undone(Exception):
    """Takes an example's rows back."""


ACT = st.tuples(
    st.sampled_from([
        "schedule", "hold", "hold", "end", "end", "close", "reopen", "post", "promise", "promise", "pay", "pay",
        "reverse", "draw_up", "sign", "perform", "annul",
    ]),
    st.integers(0, 5), st.integers(1, 30_000),
)  # fmt: skip

IN_FORCE = (("end", 0, 1), ("draw_up", 1, 9_000), ("sign", 5, 1))  # an agreement that promises ninety yuan


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([(), IN_FORCE]), st.lists(ACT, min_size=10, max_size=24))
def test_one_final_outcome_and_one_sum(district, begun, acts):
    try:
        with transaction.atomic():
            World(district).live([*begun, *acts])
            raise Undone
    except Undone:
        pass


class World:
    """A case, its mediator and head, and a clock that goes on by an hour of work with each act."""

    def __init__(self, district):
        self.clerk = UserFactory(agency=district, roles=["mediator", "officer"])
        self.head = UserFactory(agency=district, roles=["approver", "officer"])
        self.mediator = MediatorFactory(agency=district)
        self.case = CaseFactory(
            handling=district, accepted=True, regime="order121", received_at=local(2026, 11, 5),
            accepted_at=local(2026, 11, 6), claimed=Decimal("100.00"),
        )  # fmt: skip
        PartyFactory(case=self.case)
        self.now = START

    def live(self, acts) -> None:
        for verb, which, fen in acts:
            self.now += dt.timedelta(minutes=20)
            before = recovered(self.case)
            try:
                with transaction.atomic():
                    getattr(self, verb)(which, Decimal(fen) / 100)
            except (DomainError, PermissionDenied):
                assert recovered(self.case) == before  # what is refused leaves nothing
            if verb not in MOVES_MONEY:
                assert recovered(self.case) == before
            self.check()

    @property
    def by(self) -> dict:
        return {"actor": self.clerk, "now": self.now}

    @property
    def fresh(self):
        self.case.refresh_from_db()
        return self.case

    def schedule(self, which, amount):
        starts = START + dt.timedelta(days=which % 3, hours=which // 3)
        schedule(
            self.fresh, Appointment(self.mediator, starts, starts + dt.timedelta(hours=1), "remote", link="会议号 1"),
            **self.by,
        )  # fmt: skip

    def hold(self, which, amount):
        session = self.case.sessions.filter(state=SessionState.SCHEDULED).first()
        if session is None:
            self.schedule(which, amount)
            session = self.case.sessions.filter(state=SessionState.SCHEDULED).first()
        outcome = [*FINAL, SessionOutcome.ADJOURNED][which]
        presence = Presence.ABSENT if outcome == SessionOutcome.ABSENT else Presence.PRESENT
        self.now = max(self.now, session.period.upper)
        given_ = {"both_consent": True} if self.fresh.state == State.ACCEPTED else {}
        if outcome in (SessionOutcome.FAILED, SessionOutcome.ABSENT):
            grounds = Ground.objects.for_case(self.case, GroundPurpose.TERMINATE)
            given_["ground"] = grounds.filter(outcome="failed", after_term=False).first()
        act_on(
            session, "hold", outcome=outcome, minutes="记录",
            roll={one.pk: presence for one in session.attendances.all()}, **given_, **self.by,
        )  # fmt: skip

    def end(self, which, amount):
        if self.fresh.state == State.ACCEPTED:
            perform(self.case, "mediate", mode="remote", both_consent=True, **self.by)
        perform(self.case, ("agree", "settle", "withdraw")[which % 3], **self.by)

    def close(self, which, amount):
        for side in ("complainant", "respondent"):
            told = {"side": side, "means": "phone", "told_on": self.now.date()}
            perform(self.fresh, "inform", **told, **self.by)
        perform(self.fresh, "close", **self.by)

    def reopen(self, which, amount):
        perform(self.fresh, "reopen", actor=self.head, now=self.now, note="当事人不满意结果")

    def post(self, which, amount, status="paid"):
        kind = ("refund", "repair", "compensation", "multiple", "moral", "replacement")[which]
        post_recovery(
            self.fresh, amount=amount, kind=kind, status=status, means="mediation", evidence="凭据",
            reason="超出诉求的说明" if which % 2 else "", **self.by,
        )  # fmt: skip

    def promise(self, which, amount):
        self.post(which, amount, status="promised")

    def pay(self, which, amount):
        """Mostly a promise, mostly within it; sometimes whatever comes."""
        chosen = promises(self.case) if which else list(self.case.recoveries.all())
        if chosen:
            posting = chosen[which % len(chosen)]
            paid = amount if which < 2 else min(amount, posting.amount)
            pay_recovery(posting, amount=paid, evidence="转账", **self.by)

    def reverse(self, which, amount):
        if postings := list(self.case.recoveries.order_by("pk")):
            reverse_recovery(postings[which % len(postings)], reason="金额登记有误", **self.by)

    def draw_up(self, which, amount):
        day = self.now.date()
        dues = [Due(day, "退款", "refund", amount), Due(day + dt.timedelta(days=which), "补发")]
        draw_up(self.fresh, terms="双方约定", reached_on=day, instalments=dues[: 1 + which % 2], **self.by)

    @property
    def agreement(self):
        return self.case.agreements.standing().first() or Agreement(case=self.case, pk=0)

    def sign(self, which, amount):
        chosen = list(self.agreement.signatures.all())[: 1 + which]
        act_on_agreement(
            self.agreement, "sign", signatures=chosen, signed_on=self.now.date(), note="超出诉求的说明", **self.by
        )

    def perform(self, which, amount):
        for owed in self.agreement.instalments.filter(performed_on=None)[which % 2 : which % 2 + 1]:
            given_ = {"amount": amount} if owed.amount is not None and which > 2 else {}
            left, promised = owed_of(self.agreement).get(owed.pk), self.promised
            event = act_on_agreement(
                self.agreement, "perform", instalment=owed, performed_on=self.now.date(), evidence="转账", **given_,
                **self.by,
            )  # fmt: skip
            paid = given_.get("amount", left)  # whoever gives no amount pays what is left, whoever paid before
            assert event.data.get("amount") == (None if paid is None else str(paid))
            assert promised - self.promised == (paid or 0)
            assert owed_of(self.agreement).get(owed.pk, 0) == (left or 0) - (paid or 0)

    @property
    def promised(self) -> Decimal:
        return sum((one.amount for one in promises(self.case)), Decimal(0))

    def annul(self, which, amount):
        agreement, promised = self.agreement, self.promised
        owed = sum(owed_of(agreement).values())
        act_on_agreement(agreement, "annul", note="双方同意解除", **self.by)
        assert promised - self.promised == owed

    # ---- what always holds

    def check(self) -> None:
        case = self.fresh
        self.check_sum(case)
        self.check_outcome(case)

    def check_sum(self, case) -> None:
        everything = Recovery.objects.filter(case=case)
        live = sum((row.amount for row in standing(case) if row.kind in LOSS_KINDS), Decimal(0))
        total = everything.filter(kind__in=LOSS_KINDS).aggregate(sum=Sum("amount"))["sum"] or 0
        assert live == total == recovered(case) == (amounts(case).recovered or 0)
        today = self.now.date()
        scope = Scope(self.clerk, Period(dt.date(2026, 11, 1), today), today)
        assert metric("recoveries.total").compute(scope).value == live
        for instalment in Instalment.objects.filter(promise__isnull=False):
            # what was paid on the case and what is still owed make what was promised, unless someone took that back
            paid, rest = self.paid_since(instalment.promise)
            owed = instalment.promise.amount - paid if rest in [one.pk for one in promises(case)] else None
            assert owed_of(instalment.agreement).get(instalment.pk) == owed

    @staticmethod
    def paid_since(promise) -> tuple[Decimal, int | None]:
        """What was paid of a promise part by part, and the key of the promise that this has left."""
        paid, key = Decimal(0), promise.pk
        while event := promise.case.events.filter(verb=Verb.PAY, data__promise=key).first():
            paid, key = paid + Decimal(event.data["amount"]), event.data.get("still_promised")
        return paid, key

    def check_outcome(self, case) -> None:
        """Each end of the dispute but the last was undone by a reopening before the next."""
        standing_ends = 0
        for verb in case.events.order_by("pk").values_list("verb", flat=True):
            standing_ends += (verb in ENDS) - (verb == "reopen")
            assert standing_ends in (0, 1)
        assert standing_ends == bool(case.outcome)
        assert (case.state in (State.ENDED, State.CLOSED)) == bool(case.outcome)
        reopened = case.events.filter(verb="reopen").count()
        assert case.sessions.filter(outcome__in=FINAL).count() <= 1 + reopened
        assert case.agreements.exclude(state=AgreementState.ANNULLED).count() <= 1
