import datetime as dt

import factory
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from cases.enums import MediationMode, Outcome, State
from mediation.enums import (
    AgreementForm,
    AgreementState,
    ReferralReturn,
    ReferralState,
    SessionOutcome,
    SessionState,
)
from mediation.models import (
    Agreement,
    Entrustment,
    Instalment,
    JudicialConfirmation,
    Leave,
    Mediator,
    PlatformReferral,
    Recusal,
    Room,
    Session,
    WorkingHours,
)
from tests.factories.accounts import UserFactory
from tests.factories.cases import CaseFactory, local
from tests.factories.registry import AgencyFactory, PlatformFactory


class MediatorFactory(factory.django.DjangoModelFactory):
    """A mediator without an account, on office hours."""

    class Meta:
        model = Mediator

    name = factory.Sequence(lambda n: f"调解员{n}")
    agency = factory.SubFactory(AgencyFactory)


class WorkingHoursFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = WorkingHours

    mediator = factory.SubFactory(MediatorFactory)
    weekday = 0
    starts = dt.time(9)
    ends = dt.time(12)


class LeaveFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Leave

    mediator = factory.SubFactory(MediatorFactory)
    starts_on = dt.date(2026, 11, 9)
    ends_on = dt.date(2026, 11, 13)


class RoomFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Room

    agency = factory.SubFactory(AgencyFactory)
    name = factory.Sequence(lambda n: f"调解室{n}")


class SessionFactory(factory.django.DjangoModelFactory):
    """A session of an hour, remote, scheduled; `held` came to an agreement."""

    class Meta:
        model = Session

    class Params:
        starts = local(2026, 11, 12)
        held = factory.Trait(
            state=SessionState.HELD, outcome=SessionOutcome.AGREEMENT, minutes="双方同意。",
            held_at=factory.SelfAttribute("starts"),
        )  # fmt: skip
        cancelled = factory.Trait(state=SessionState.CANCELLED, cancelled_at=factory.SelfAttribute("starts"))

    case = factory.SubFactory(CaseFactory, accepted=True)
    agency = factory.SelfAttribute("case.custodian")
    mediator = factory.SubFactory(MediatorFactory, agency=factory.SelfAttribute("..agency"))
    mode = MediationMode.REMOTE
    link = "会议号 1234"
    period = factory.LazyAttribute(
        lambda session: DateTimeTZRange(session.starts, session.starts + dt.timedelta(hours=1), "[)")
    )


class EntrustmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Entrustment

    case = factory.SubFactory(CaseFactory, accepted=True)
    agency = factory.SubFactory(AgencyFactory, council=True)
    complainant_agrees = respondent_agrees = True
    entrusted_at = local(2026, 11, 5)
    entrusted_by = factory.SubFactory(UserFactory)


class RecusalFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Recusal

    case = factory.SubFactory(CaseFactory, accepted=True)
    mediator = factory.SubFactory(MediatorFactory)
    side = "complainant"
    reason = "与被投诉人有亲属关系"
    asked_at = local(2026, 11, 6)
    recorded_by = factory.SubFactory(UserFactory)


class AgreementFactory(factory.django.DjangoModelFactory):
    """Reached on 10 November 2026, to be signed; `in_force` since the same day. Nobody is on its list of signatures."""

    class Meta:
        model = Agreement

    class Params:
        in_force = factory.Trait(
            state=AgreementState.IN_FORCE, effective_on=factory.SelfAttribute("reached_on")
        )  # fmt: skip

    case = factory.SubFactory(
        CaseFactory, accepted=True, state=State.ENDED, outcome=Outcome.AGREEMENT, ended_at=local(2026, 11, 10, 10)
    )
    form = AgreementForm.BUREAU
    reached_on = dt.date(2026, 11, 10)
    terms = "被投诉人于2026年11月20日前退还货款100元。"


class InstalmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Instalment

    agreement = factory.SubFactory(AgreementFactory)
    due_on = dt.date(2026, 11, 20)
    what = "退还货款"


class ConfirmationFactory(factory.django.DjangoModelFactory):
    """To be applied for by 10 December 2026."""

    class Meta:
        model = JudicialConfirmation

    agreement = factory.SubFactory(AgreementFactory, in_force=True)
    court = factory.SubFactory(AgencyFactory, court=True)
    safe_on = due_on = dt.date(2026, 12, 10)


class ReferralFactory(factory.django.DjangoModelFactory):
    """A complaint that has been with a platform since 5 November 2026, due on the 19th. The row alone: the terms of its
    case run on, and its case stays as it is."""

    class Meta:
        model = PlatformReferral

    class Params:
        settled = factory.Trait(
            state=ReferralState.SETTLED, ended_at=local(2026, 11, 10), settlement="平台退款",
            reply="已联系消费者", replied_at=local(2026, 11, 9),
        )  # fmt: skip
        declined = factory.Trait(
            state=ReferralState.RETURNED, returned_because=ReferralReturn.DECLINED, reason="非本平台订单",
            ended_at=local(2026, 11, 10),
        )  # fmt: skip
        silent = factory.Trait(
            state=ReferralState.RETURNED, returned_because=ReferralReturn.SILENCE, ended_at=local(2026, 11, 20)
        )
        recalled = factory.Trait(
            state=ReferralState.RETURNED, returned_because=ReferralReturn.RECALLED, reason="案情复杂",
            ended_at=local(2026, 11, 10),
        )  # fmt: skip

    case = factory.SubFactory(CaseFactory)
    platform = factory.SubFactory(PlatformFactory)
    referred_at = local(2026, 11, 5)
    safe_on = due_on = dt.date(2026, 11, 19)
    created_by = factory.SubFactory(UserFactory)
