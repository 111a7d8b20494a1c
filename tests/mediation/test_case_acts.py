"""Money outside an agreement, and the notices to both sides, from the page of a session: also by a body to which the
mediation is entrusted, which does not see the case itself."""

import datetime as dt
import re
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.models import Case, CaseEvent, Clock, Recovery
from core.exceptions import DomainError, TransitionNotAllowed
from mediation.domain import act_on_mediated, schedule
from mediation.models import Entrustment
from tests.factories import (
    AgencyFactory,
    CaseFactory,
    EntrustmentFactory,
    MediatorFactory,
    PartyFactory,
    RecoveryFactory,
    RoomFactory,
    SessionFactory,
    UserFactory,
)
from tests.mediation.conftest import NOW

pytestmark = pytest.mark.django_db
POSTED = {
    "recovery_kind": "refund", "amount": "300.00", "recovery_status": "promised", "recovery_means": "mediation",
    "evidence": "和解笔录",
}  # fmt: skip


@pytest.fixture
def case(district):
    case = CaseFactory(handling=district, accepted=True, regime="order121", claimed=Decimal("500.00"))
    PartyFactory(case=case)
    return case


@pytest.fixture
def council(client, case, at):
    """A council to which the mediation is entrusted; its mediator, signed in, has held a session that the parties ended
    by settling."""
    council = AgencyFactory(council=True)
    EntrustmentFactory(case=case, agency=council)
    user = UserFactory(agency=council, roles=["mediator"])
    appointment = at(mediator=MediatorFactory(agency=council), room=RoomFactory(agency=council))
    session = schedule(case, appointment, actor=user, now=NOW)
    client.force_login(user)
    client.cookies["django_language"] = "en"
    roll = {f"presence_{one.pk}": "present" for one in session.attendances.all()}
    given = roll | {"outcome": "settled", "minutes": "双方自行和解。", "both_consent": "on"}
    assert client.post(f"/admin/mediation/session/{session.pk}/act/hold/", given).status_code == 302
    case.refresh_from_db()
    assert (case.state, case.outcome) == ("ended", "settled")
    return SimpleNamespace(agency=council, user=user, session=session)


@pytest.fixture
def do(client, council):
    """`do(verb, **fields)`: the response to the form of that act, sent from the session's page."""

    def send(verb, **fields):
        return client.post(f"/admin/mediation/session/{council.session.pk}/case/{verb}/", fields)

    return send


def page_of(client, session) -> str:
    response = client.get(f"/admin/mediation/session/{session.pk}/change/")
    assert response.status_code == 200
    return response.content.decode()


def acts_on(html: str) -> set[str]:
    return set(re.findall(r"/case/(\w+)/\"", html))


def errors(response) -> list[str]:
    assert response.status_code == 200
    return [str(message) for messages in response.context_data["form"].errors.values() for message in messages]


def stored():
    return [list(model.objects.order_by("pk").values()) for model in (Case, CaseEvent, Clock, Recovery)]


def test_what_the_parties_settled_on_is_posted_paid_and_taken_back(client, council, do, case):
    assert not Case.objects.visible_to(council.user).exists()
    assert client.get(case.get_absolute_url()).status_code == 404
    assert acts_on(page_of(client, council.session)) == {"inform", "post_recovery"}

    posted = do("post_recovery", **POSTED, posted_on=f"{timezone.localdate()}")

    assert (posted.status_code, posted["Location"]) == (302, f"/admin/mediation/session/{council.session.pk}/change/")
    promise = Recovery.objects.get()
    assert (promise.case, promise.actor, promise.amount) == (case, council.user, Decimal("300.00"))
    assert (promise.kind, promise.status, promise.means, promise.evidence) == (
        "refund", "promised", "mediation", "和解笔录",
    )  # fmt: skip
    shown = page_of(client, council.session)
    assert acts_on(shown) == {"inform", "post_recovery", "pay_recovery", "reverse_recovery"}
    assert "和解笔录" in shown
    assert "300.00" in shown

    assert do("pay_recovery", recovery=promise.pk, amount="120.00", evidence="收条").status_code == 302

    reversal, paid, rest = Recovery.objects.exclude(pk=promise.pk).order_by("pk")
    assert (reversal.reversal_of, paid.amount, paid.status) == (promise, Decimal("120.00"), "paid")
    assert (rest.amount, rest.status) == (Decimal("180.00"), "promised")

    assert do("reverse_recovery", recovery=rest.pk, note="消费者放弃余款").status_code == 302

    taken = Recovery.objects.get(reversal_of=rest)
    assert (taken.amount, taken.reason, taken.actor) == (Decimal("-180.00"), "消费者放弃余款", council.user)
    assert [event.verb for event in case.events.filter(actor=council.user).order_by("pk")][-3:] == [
        "post_recovery", "pay_recovery", "reverse_recovery",
    ]  # fmt: skip
    assert acts_on(page_of(client, council.session)) == {"inform", "post_recovery", "reverse_recovery"}


def test_both_sides_are_told_that_mediation_has_ended(client, council, do, case):
    today = f"{timezone.localdate()}"

    for side in ("complainant", "respondent"):
        assert do("inform", side=side, means="phone", told_on=today).status_code == 302

    assert not case.clocks.filter(stopped_on=None, rule__code="complaint.notify_end").exists()
    assert "inform" not in acts_on(page_of(client, council.session))
    back = do("inform", side="respondent", means="phone", told_on=today)
    assert (back.status_code, back["Location"]) == (302, f"/admin/mediation/session/{council.session.pk}/change/")
    assert "Nobody has to be told anything of this case now." in page_of(client, council.session)


@pytest.mark.parametrize(
    ("verb", "fields", "words"),
    [
        ("post_recovery", POSTED | {"amount": "500.01"}, "is more than the claim of 500.00 yuan. Say why."),
        ("post_recovery", POSTED | {"amount": "0"}, "greater than or equal to 0.01"),
        ("post_recovery", POSTED | {"evidence": ""}, "This field is required."),
        ("post_recovery", POSTED | {"posted_on": "2020-01-01"}, "lies between the receipt of the case and today."),
        ("post_recovery", POSTED | {"seen": "0"}, "Someone else has worked on this since you opened it"),
        ("pay_recovery", {"recovery": "{other}", "evidence": "收条"}, "not one of the available choices"),
        ("pay_recovery", {"recovery": "{own}", "amount": "100.01", "evidence": "收条"}, "Promised are 100.00 yuan."),
        ("reverse_recovery", {"recovery": "{other}", "note": "登记有误"}, "not one of the available choices"),
        ("reverse_recovery", {"recovery": "{reversal}", "note": "登记有误"}, "not one of the available choices"),
        ("reverse_recovery", {"recovery": "{own}", "note": "错"}, "at least 5 characters"),
        ("inform", {"side": "", "means": "phone", "told_on": "{today}"}, "This field is required."),
    ],
)
def test_what_is_refused_stands_above_the_form_and_nothing_is_written(council, do, case, verb, fields, words):
    own, taken = RecoveryFactory.create_batch(2, case=case, status="promised")
    reversal = RecoveryFactory(
        case=case, status="promised", amount="-100.00", reversal_of=taken, reason="登记有误", evidence=""
    )
    other = RecoveryFactory(status="promised")
    names = {"own": own.pk, "other": other.pk, "reversal": reversal.pk, "today": timezone.localdate()}
    before = stored()

    response = do(verb, **{name: value.format(**names) for name, value in fields.items()})

    assert [message for message in errors(response) if words in message], errors(response)
    assert stored() == before


def test_more_than_was_claimed_is_posted_with_a_reason(do, case):
    assert do("post_recovery", **POSTED | {"amount": "900.00", "note": "另付误工费"}).status_code == 302

    event = case.events.get(verb="post_recovery")
    assert (event.note, event.data["above_claim"], Recovery.objects.get().reason) == ("另付误工费", True, "另付误工费")


def test_numbers_of_people_in_what_was_posted_are_masked(client, council, do):
    do("post_recovery", **POSTED | {"evidence": "转账至13800001234"})

    assert "13800001234" not in page_of(client, council.session)


def test_the_bureau_that_has_entrusted_it_reaches_it_by_the_case_and_no_stranger_reaches_it(client, council, case):
    """Another council sees no such session; the mediator of the bureau sees the case, but not the session of another
    body; and who leads no mediation has no act."""
    address = f"/admin/mediation/session/{council.session.pk}/case/post_recovery/"
    strangers = [
        UserFactory(agency=AgencyFactory(council=True), roles=["mediator"]),
        UserFactory(agency=case.custodian, roles=["mediator"]),
    ]
    before = stored()

    for user in strangers:
        client.force_login(user)
        assert client.get(address).status_code == 404
        assert client.post(address, POSTED).status_code == 404
    client.force_login(UserFactory(agency=council.agency, roles=["approver"]))
    assert client.post(address, POSTED).status_code == 403
    assert stored() == before


def test_once_the_entrustment_has_ended_the_council_posts_no_longer(client, council, do):
    Entrustment.objects.update(ended_at=timezone.now(), ended_by=council.user, ended_because="消费者撤回同意")
    before = stored()

    assert acts_on(page_of(client, council.session)) == set()
    assert do("post_recovery", **POSTED).status_code == 404
    assert stored() == before


@pytest.mark.parametrize("verb", ["close", "withdraw", "reopen", "nothing"])
def test_no_other_act_of_the_case_has_a_page_there(client, council, do, verb):
    before = stored()

    assert do(verb, note="案情复杂").status_code == 404
    assert client.get(f"/admin/mediation/session/{council.session.pk}/case/{verb}/").status_code == 404
    assert stored() == before


def test_the_domain_does_these_acts_alone_and_for_whoever_may_mediate(in_english, council, case):
    given = POSTED | {"amount": Decimal("300.00")}
    stranger = UserFactory(agency=AgencyFactory(council=True), roles=["mediator"])
    before = stored()

    with pytest.raises(TransitionNotAllowed, match="no such act here"):
        act_on_mediated(case, "withdraw", actor=council.user)
    with pytest.raises(PermissionDenied):
        act_on_mediated(case, "post_recovery", actor=stranger, **given)
    with pytest.raises(PermissionDenied):
        act_on_mediated(CaseFactory(accepted=True), "post_recovery", actor=council.user, **given)
    assert stored()[1:] == before[1:]  # but for the case that was made for it


def test_the_domain_refuses_a_posting_that_the_form_does_not_offer(in_english, council, case):
    taken, _standing = RecoveryFactory.create_batch(2, case=case)
    reversal = RecoveryFactory(case=case, amount="-100.00", reversal_of=taken, reason="登记有误", evidence="")
    before = stored()

    for posting, words in (
        (reversal, "A reversal is not reversed"), (taken, "taken back or paid already"),
        (RecoveryFactory(), "Choose a posting of this case"),
    ):  # fmt: skip
        with pytest.raises(DomainError, match=words):
            act_on_mediated(case, "reverse_recovery", actor=council.user, recovery=posting, note="登记有误，重新登记")
    assert stored()[1:3] == before[1:3]
    assert case.recoveries.count() == 3


def test_the_mediator_of_the_agency_itself_posts_while_mediation_goes_on(client, clerk, case):
    session = SessionFactory(case=case, starts=timezone.now() - dt.timedelta(hours=3))
    client.force_login(clerk)
    client.cookies["django_language"] = "en"

    assert acts_on(page_of(client, session)) == {"post_recovery"}
    paid = POSTED | {"recovery_status": "paid"}
    response = client.post(f"/admin/mediation/session/{session.pk}/case/post_recovery/", paid)

    assert response.status_code == 302
    assert Recovery.objects.get().actor == clerk


def test_the_page_asks_as_many_queries_for_many_postings_as_for_one(client, council, case):
    def counted() -> int:
        with CaptureQueriesContext(connection) as queries:
            page_of(client, council.session)
        return len(queries)

    RecoveryFactory(case=case)
    counted()
    one = counted()
    RecoveryFactory.create_batch(3, case=case)
    assert counted() == one
