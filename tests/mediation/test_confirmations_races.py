"""Two who prepare the confirmation of one agreement at the same moment, in transactions of their own."""

import datetime as dt

from django.utils import timezone

from core.exceptions import DomainError
from mediation.domain import prepare
from mediation.models import JudicialConfirmation
from tests.cases.domain.test_acts_races import at_once, deadlocks
from tests.factories import AgencyFactory, AgreementFactory, UserFactory
from tests.mediation.test_sessions_races import posted_meanwhile


def two_clerks():
    """An agreement in force for ten days, a court, and two mediators who may take the one to the other."""
    district = AgencyFactory(parent=AgencyFactory())
    since = timezone.localdate() - dt.timedelta(days=10)
    agreement = AgreementFactory(in_force=True, case__handling=district, reached_on=since)
    clerks = [UserFactory(agency=district, roles=["mediator"]) for _n in range(2)]
    return agreement, AgencyFactory(court=True), clerks


def test_of_two_who_prepare_the_same_at_once_one_wins_each_time(fresh_database):
    agreement, court, clerks = two_clerks()

    for _time in range(30):
        results = at_once(*(lambda clerk=clerk: prepare(agreement, court=court, actor=clerk) for clerk in clerks))

        lost = [result for result in results if isinstance(result, DomainError)]
        won = [result for result in results if isinstance(result, JudicialConfirmation)]
        assert (len(lost), len(won)) == (1, 1), results
        standing = JudicialConfirmation.objects.exclude(state="withdrawn")
        assert list(standing) == won
        standing.update(state="withdrawn")
    assert deadlocks() == 0


def test_who_is_slower_is_told_above_the_form(fresh_database):
    agreement, court, clerks = two_clerks()

    said = posted_meanwhile(
        clerks[1], "/admin/mediation/judicialconfirmation/add/",
        {"case_number": agreement.case.number, "court": court.pk, "note": ""},
        lambda: prepare(agreement, court=court, actor=clerks[0]),
    )  # fmt: skip

    assert said == ["The confirmation of this agreement is under way already."]
    assert JudicialConfirmation.objects.get().events.get().actor == clerks[0]
