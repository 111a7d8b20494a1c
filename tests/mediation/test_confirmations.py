"""Judicial confirmation: its term, the law of its day, what each act needs, and who sees and does what."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.models import AccessLog, User
from cases.domain.documents import document_context
from cases.models import ClockRule, Document
from core import vault
from core.exceptions import DomainError, TransitionNotAllowed
from mediation.domain import (
    CONFIRMATION,
    act_on_agreement,
    act_on_confirmation,
    issue_package,
    open_paper,
    prepare,
    recount_terms,
    urgency,
)
from mediation.domain.confirmations import TERM, confirmable_since, law_on, papers_for_court, term_from
from mediation.enums import ConfirmationState, ConfirmationVerb, Urgency
from mediation.models import JudicialConfirmation
from registry.models import CalendarDay, CalendarNotice
from registry.reference import load
from tests.core.test_docx_templates import text_of
from tests.factories import (
    AgencyFactory,
    AgreementFactory,
    ConfirmationFactory,
    DocumentFactory,
    EntrustmentFactory,
    InstalmentFactory,
    PartyFactory,
    UserFactory,
)
from tests.factories.cases import local

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
NOW = local(2026, 12, 20, 10)
day = dt.date


@pytest.fixture
def court():
    return AgencyFactory(court=True)


@pytest.fixture
def liaison(court):
    return UserFactory(agency=court, roles=["court_liaison"])


@pytest.fixture
def agreement(district):
    """In force since 10 November 2026, so that 10 December is the last day."""
    agreement = AgreementFactory(in_force=True, case__handling=district)
    PartyFactory(case=agreement.case)
    return agreement


@pytest.fixture
def prepared(agreement, court, clerk):
    return prepare(agreement, court=court, actor=clerk, now=NOW)


GIVEN = {
    "issue": {},
    "apply": {"applied_on": day(2026, 12, 1), "both_parties": True},
    "accept": {"number": "（2026）浙0102民特1号", "accepted_on": day(2026, 12, 3)},
    "confirm": {"ruled_on": day(2026, 12, 10), "ruling": "（2026）浙0102民特1号之一"},
    "dismiss": {"ruled_on": day(2026, 12, 10), "ruling": "（2026）浙0102民特1号之一", "ground": "unclear"},
    "withdraw": {"note": "双方改变主意"},
    "enforce": {"enforced_on": day(2026, 12, 15), "enforcement": "（2026）浙0102执9号", "note": "商家拒不履行"},
}
# how each state is reached from a prepared one
WAY = {
    "prepared": (), "applied": ("apply",), "accepted": ("apply", "accept"),
    "confirmed": ("apply", "accept", "confirm"), "dismissed": ("apply", "dismiss"), "withdrawn": ("withdraw",),
}  # fmt: skip
ALLOWED = {
    ("issue", "prepared"), ("issue", "applied"), ("apply", "prepared"), ("accept", "applied"), ("confirm", "accepted"),
    ("dismiss", "applied"), ("dismiss", "accepted"), ("withdraw", "prepared"), ("withdraw", "applied"),
    ("withdraw", "accepted"), ("enforce", "confirmed"),
}  # fmt: skip


@pytest.fixture
def act(clerk):
    """`act(confirmation, verb, **other)`: by the mediator, with what the verb needs unless told otherwise."""

    def do(confirmation, verb, *, actor=None, **data):
        return act_on_confirmation(confirmation, verb, actor=actor or clerk, now=NOW, **(GIVEN[verb] | data))

    return do


def row(confirmation) -> dict:
    """All that is stored of it."""
    return JudicialConfirmation.objects.filter(pk=confirmation.pk).values().get()


# the term, and the law of the day


@pytest.mark.parametrize(
    ("effective_on", "safe_on", "due_on", "provisional"),
    [
        (day(2026, 11, 10), day(2026, 12, 10), day(2026, 12, 10), False),
        (day(2026, 9, 5), day(2026, 10, 5), day(2026, 10, 8), False),  # 1 to 7 October are the holidays of National Day
        (day(2026, 8, 20), day(2026, 9, 19), day(2026, 9, 20), False),  # a Saturday; the Sunday after is worked
        (day(2026, 7, 2), day(2026, 8, 1), day(2026, 8, 3), False),  # a Saturday
        (day(2027, 11, 11), day(2027, 12, 11), day(2027, 12, 13), True),  # no notice of that year yet
    ],
)
def test_thirty_days_run_from_the_effect_and_end_on_a_working_day(effective_on, safe_on, due_on, provisional):
    assert term_from(effective_on) == (safe_on, due_on, provisional)


def test_an_application_is_in_time_for_what_took_effect_since_that_day_and_for_nothing_before():
    checked = {}
    for one in (day(2024, 9, 1) + dt.timedelta(days=days) for days in range(0, 430, 3)):
        since = confirmable_since(one)
        assert term_from(since).due_on >= one > term_from(since - dt.timedelta(days=1)).due_on
        checked[(one - since).days] = one
    # a last day moves over the National Day holiday, and over a weekend
    assert set(checked) > {30, 31, 32}
    assert max(checked) >= 36


def test_the_term_is_kept_with_what_is_prepared(prepared, agreement, court, clerk):
    assert (prepared.state, prepared.court, prepared.agreement) == ("prepared", court, agreement)
    assert (prepared.safe_on, prepared.due_on, prepared.provisional) == (day(2026, 12, 10), day(2026, 12, 10), False)
    event = prepared.events.get()
    assert (event.verb, event.before, event.after, event.actor) == ("prepare", "", "prepared", clerk)
    # on the twentieth the last day was over already
    assert event.data == {"court": court.pk, "due_on": "2026-12-10", "late": True}


def test_what_is_prepared_within_the_term_is_not_late(agreement, court, clerk):
    made = prepare(agreement, court=court, actor=clerk, now=local(2026, 12, 10, 23))

    assert made.events.get().data["late"] is False


@pytest.mark.parametrize(
    ("on", "article"),
    [
        (day(2013, 1, 1), 194), (day(2021, 12, 31), 194), (day(2022, 1, 1), 201), (day(2023, 12, 31), 201),
        (day(2024, 1, 1), 205), (day(2026, 12, 1), 205),
    ],
)  # fmt: skip
def test_the_article_is_that_of_the_day_of_the_application(on, article):
    law = law_on(on)

    assert law.article == article
    assert law.basis.startswith("《民事诉讼法》")
    assert law.basis.endswith({194: "第一百九十四条", 201: "第二百零一条", 205: "第二百零五条"}[article])


def test_before_the_law_knew_of_it_there_is_no_article():
    with pytest.raises(DomainError, match="2012-12-31"):
        law_on(day(2012, 12, 31))
    with pytest.raises(DomainError, match="2012-12-31"):
        term_from(day(2012, 12, 31))


@pytest.mark.parametrize(
    ("effective_on", "applied_on", "article"),
    [
        (day(2021, 12, 20), day(2021, 12, 31), 194), (day(2021, 12, 20), day(2022, 1, 1), 201),
        (day(2023, 12, 20), day(2023, 12, 31), 201), (day(2023, 12, 20), day(2024, 1, 1), 205),
    ],
)  # fmt: skip
def test_an_application_is_made_under_the_law_of_its_day(effective_on, applied_on, article, court, clerk, act, district):
    agreement = AgreementFactory(in_force=True, case__handling=district, reached_on=effective_on)
    confirmation = prepare(agreement, court=court, actor=clerk, now=NOW)

    act(confirmation, "apply", applied_on=applied_on)

    assert (row(confirmation)["article"], row(confirmation)["in_time"]) == (article, True)


@pytest.mark.parametrize(("applied_on", "in_time"), [(day(2026, 12, 10), True), (day(2026, 12, 11), False)])
def test_the_thirtieth_day_is_in_time_and_the_day_after_is_not(prepared, act, applied_on, in_time):
    event = act(prepared, "apply", applied_on=applied_on)

    stored = row(prepared)
    assert (stored["state"], stored["applied_on"], stored["in_time"], stored["article"]) == (
        "applied", applied_on, in_time, 205,
    )  # fmt: skip
    assert (event.data["in_time"], event.data["due_on"]) == (in_time, "2026-12-10")


def test_the_day_to_which_a_holiday_moves_the_last_one_is_in_time(court, clerk, act, district):
    agreement = AgreementFactory(in_force=True, case__handling=district, reached_on=day(2026, 9, 5))
    confirmation = prepare(agreement, court=court, actor=clerk, now=NOW)

    act(confirmation, "apply", applied_on=day(2026, 10, 8))

    assert row(confirmation)["in_time"] is True


def test_a_provisional_last_day_is_counted_anew_with_the_application(prepared, act):
    changed = {"due_on": day(2026, 11, 30), "safe_on": day(2026, 11, 30), "provisional": True}
    JudicialConfirmation.objects.filter(pk=prepared.pk).update(**changed)

    act(prepared, "apply", applied_on=day(2026, 12, 9))

    stored = row(prepared)
    assert (stored["due_on"], stored["provisional"], stored["in_time"]) == (day(2026, 12, 10), False, True)


@pytest.fixture
def spring_festival(court, clerk, district):
    """Prepared for an agreement in force since 1 January 2020, before the holiday was extended to 2 February."""
    CalendarDay.objects.filter(notice__code="2020-amendment").delete()
    CalendarNotice.objects.filter(code="2020-amendment").delete()
    agreement = AgreementFactory(in_force=True, case__handling=district, reached_on=day(2020, 1, 1))
    return prepare(agreement, court=court, actor=clerk, now=NOW)


def of_confirmations(report) -> list:
    return [found for found in report.consequences if "confirmations" in found.as_json()]


def test_an_extended_holiday_moves_the_last_day_of_what_is_prepared(spring_festival):
    assert (spring_festival.due_on, spring_festival.provisional) == (day(2020, 1, 31), False)
    before = row(spring_festival)

    (told,) = of_confirmations(load(only=["calendar"], write=False))
    assert (told.as_json(), list(told.sentences())) == (
        {"referrals": 0, "confirmations": 1}, ["1 last day for an application to a court moves."],
    )  # fmt: skip
    assert row(spring_festival) == before
    assert spring_festival.events.count() == 1

    (done,) = of_confirmations(load(only=["calendar"]))

    assert done.as_json() == {"referrals": 0, "confirmations": 1}
    stored = row(spring_festival)
    assert (stored["safe_on"], stored["due_on"], stored["provisional"]) == (
        day(2020, 1, 31), day(2020, 2, 3), False,
    )  # fmt: skip
    event = spring_festival.events.get(verb="recount")
    assert (event.before, event.after, event.actor.username) == ("prepared", "prepared", "system")
    assert event.data == {"before_on": "2020-01-31", "after_on": "2020-02-03"}
    assert event.label == "Last day counted anew"
    assert recount_terms({"calendar": ["2020"]}, write=True) is None


def test_only_the_calendar_and_the_rules_move_last_days_and_only_of_what_is_prepared(prepared, act, clerk):
    wrong = {"due_on": day(2026, 12, 9), "safe_on": day(2026, 12, 9)}
    JudicialConfirmation.objects.filter(pk=prepared.pk).update(**wrong)

    assert recount_terms({"platforms": ["x"]}, write=True) is None
    assert recount_terms({"clock_rules": [f"{TERM}:2024-01-01"]}, write=False).confirmations == 1
    assert row(prepared)["due_on"] == wrong["due_on"]
    assert recount_terms({"clock_rules": [f"{TERM}:2024-01-01"]}, write=True, actor=clerk).confirmations == 1
    assert row(prepared)["due_on"] == day(2026, 12, 10)
    assert prepared.events.get(verb="recount").actor == clerk

    act(prepared, "apply")
    JudicialConfirmation.objects.filter(pk=prepared.pk).update(**wrong)
    assert recount_terms({"calendar": ["2026"]}, write=True) is None
    assert row(prepared)["due_on"] == wrong["due_on"]  # what was applied for stays as it was


def test_a_rule_without_a_version_for_its_day_moves_nothing(prepared):
    before = row(prepared)
    ClockRule.objects.filter(code=TERM).delete()

    assert recount_terms({"clock_rules": [TERM]}, write=True) is None
    assert row(prepared) == before


def test_where_nothing_moves_nothing_is_written():
    """Not even the account in whose name it would be: reference data are loaded before the first one is there."""
    assert recount_terms({"calendar": ["2026"], "clock_rules": [TERM]}, write=True) is None
    assert not User.objects.exists()


def test_the_application_is_in_time_by_the_calendar_of_today(spring_festival, act):
    load(only=["calendar"])
    JudicialConfirmation.objects.filter(pk=spring_festival.pk).update(due_on=day(2020, 1, 31))

    event = act(spring_festival, "apply", applied_on=day(2020, 2, 3))

    stored = row(spring_festival)
    assert (stored["due_on"], stored["in_time"], event.data["due_on"]) == (day(2020, 2, 3), True, "2020-02-03")


# how pressing it is


@pytest.mark.parametrize(
    ("on", "level", "run", "left"),
    [
        (day(2026, 11, 10), "calm", 0, 30), (day(2026, 11, 29), "calm", 19, 11), (day(2026, 11, 30), "soon", 20, 10),
        (day(2026, 12, 4), "soon", 24, 6), (day(2026, 12, 5), "urgent", 25, 5), (day(2026, 12, 10), "urgent", 30, 0),
        (day(2026, 12, 11), "overdue", 31, -1),
    ],
)  # fmt: skip
def test_how_pressing_an_application_is(prepared, on, level, run, left):
    assert urgency(prepared, on) == (level, run, left)
    found = {
        each for each in Urgency.values if JudicialConfirmation.objects.pressing(each, on).filter(pk=prepared.pk).exists()
    }
    assert found == {level}


def test_nothing_presses_once_it_is_applied_for(prepared, act):
    act(prepared, "apply")

    assert urgency(prepared, day(2026, 12, 11)) is None
    assert not JudicialConfirmation.objects.pressing("overdue", day(2026, 12, 11)).exists()
    assert not JudicialConfirmation.objects.to_apply().exists()


# preparing


@pytest.mark.parametrize("state", ["draft", "annulled"])
def test_only_an_agreement_in_effect_is_confirmed(state, district, court, clerk):
    fields = {"annulled": {"annulled_at": NOW}}.get(state, {})
    agreement = AgreementFactory(case__handling=district, state=state, **fields)

    with pytest.raises(DomainError, match="Only an agreement in effect"):
        prepare(agreement, court=court, actor=clerk, now=NOW)
    assert not JudicialConfirmation.objects.exists()


def test_a_performed_agreement_may_be_confirmed(agreement, court, clerk):
    type(agreement).objects.filter(pk=agreement.pk).update(state="performed", performed_on=day(2026, 11, 20))

    assert prepare(agreement, court=court, actor=clerk, now=NOW).state == "prepared"


@pytest.mark.parametrize("wrong", [{"kind": "bureau"}, {"court": True, "valid_to": day(2026, 12, 1)}])
def test_it_is_prepared_for_a_court_that_exists(agreement, clerk, wrong):
    with pytest.raises(DomainError, match="Choose a court"):
        prepare(agreement, court=AgencyFactory(**wrong), actor=clerk, now=NOW)
    assert not JudicialConfirmation.objects.exists()


@pytest.mark.parametrize("state", ["prepared", "applied", "accepted", "confirmed"])
def test_a_second_one_waits_until_the_first_is_over(prepared, act, agreement, court, clerk, state):
    for verb in WAY[state]:
        act(prepared, verb)

    with pytest.raises(DomainError, match="under way already"):
        prepare(agreement, court=court, actor=clerk, now=NOW)
    assert JudicialConfirmation.objects.get().state == state


@pytest.mark.parametrize("state", ["dismissed", "withdrawn"])
def test_it_is_prepared_anew_once_the_first_is_over_and_its_term_stays(prepared, act, agreement, clerk, state):
    for verb in WAY[state]:
        act(prepared, verb)

    again = prepare(agreement, court=AgencyFactory(court=True), actor=clerk, now=NOW)

    assert (again.state, again.due_on) == ("prepared", day(2026, 12, 10))
    assert JudicialConfirmation.objects.count() == 2


def test_the_agreement_of_another_agency_is_not_touched(court, clerk, act):
    other = AgreementFactory(in_force=True)
    confirmation = ConfirmationFactory(agreement=other, court=court)

    with pytest.raises(PermissionDenied):
        prepare(other, court=court, actor=clerk, now=NOW)
    for verb in GIVEN:
        with pytest.raises(PermissionDenied):
            act(confirmation, verb)
    assert row(confirmation)["state"] == "prepared"
    assert not confirmation.events.exists()


def test_the_body_to_which_the_mediation_is_entrusted_takes_it_to_court(agreement, court):
    council = AgencyFactory(council=True)
    EntrustmentFactory(case=agreement.case, agency=council)
    theirs = UserFactory(agency=council, roles=["mediator"])

    confirmation = prepare(agreement, court=court, actor=theirs, now=NOW)

    assert list(JudicialConfirmation.objects.visible_to(theirs)) == [confirmation]
    assert list(JudicialConfirmation.objects.listed_for(theirs)) == [confirmation]


@pytest.mark.parametrize("role", ["approver", "officer", "regulator", "clerk"])
def test_others_than_mediators_prepare_and_record_nothing(prepared, agreement, court, district, act, role):
    user = UserFactory(agency=district, roles=[role])

    with pytest.raises(PermissionDenied):
        prepare(agreement, court=court, actor=user, now=NOW)
    for verb in GIVEN:
        with pytest.raises(PermissionDenied):
            act(prepared, verb, actor=user)
    assert row(prepared)["state"] == "prepared"
    assert JudicialConfirmation.objects.visible_to(user).exists() == (role == "approver")


# each act


@pytest.mark.parametrize("state", ConfirmationState.values)
@pytest.mark.parametrize("verb", GIVEN)
def test_every_act_in_every_state(prepared, act, agreement, verb, state):
    if verb == "issue":
        agreement.documents.add(DocumentFactory(case=agreement.case, form="agreement", side="both"))
    for step in WAY[state]:
        act(prepared, step)
    before, events = row(prepared), prepared.events.count()

    if (verb, state) in ALLOWED:
        event = act(prepared, verb)
        assert (event.before, event.after) == (state, row(prepared)["state"])
        assert event.after == (CONFIRMATION[verb].target or state)
    else:
        with pytest.raises(TransitionNotAllowed):
            act(prepared, verb)
        assert (row(prepared), prepared.events.count()) == (before, events)


def test_every_verb_is_in_the_tables():
    assert {step.verb for step in CONFIRMATION} == set(GIVEN) == set(ConfirmationVerb) - {"prepare", "recount"}
    assert set(WAY) == set(ConfirmationState)


@pytest.mark.parametrize("consent", [{}, {"both_parties": False}])
def test_one_party_alone_does_not_apply(prepared, clerk, consent):
    before = row(prepared)

    with pytest.raises(DomainError, match=r"Both parties apply jointly \(Civil Procedure Law, art 205\)"):
        act_on_confirmation(
            prepared, "apply", actor=clerk, now=NOW, applied_on=day(2026, 12, 1), **consent
        )
    assert row(prepared) == before


def test_what_was_annulled_meanwhile_is_not_applied_for(prepared, act, agreement):
    type(agreement).objects.filter(pk=agreement.pk).update(state="annulled", annulled_at=NOW)

    with pytest.raises(TransitionNotAllowed, match="no longer in effect"):
        act(prepared, "apply")
    assert row(prepared)["state"] == "prepared"


@pytest.mark.parametrize(
    ("verb", "name", "wrong", "words"),
    [
        ("apply", "applied_on", day(2026, 11, 9), "Applied for on: a day from 2026-11-10 to 2026-12-20"),
        ("apply", "applied_on", day(2026, 12, 21), "Applied for on: a day from 2026-11-10 to 2026-12-20"),
        ("accept", "accepted_on", day(2026, 11, 30), "Accepted by the court on: a day from 2026-12-01"),
        ("accept", "accepted_on", day(2026, 12, 21), "Accepted by the court on: a day from 2026-12-01"),
        ("confirm", "ruled_on", day(2026, 12, 2), "Ruled on: a day from 2026-12-03"),
        ("confirm", "ruled_on", day(2026, 12, 21), "Ruled on: a day from 2026-12-03"),
        ("dismiss", "ruled_on", day(2026, 12, 2), "Ruled on: a day from 2026-12-03"),
        ("dismiss", "ruled_on", day(2026, 12, 21), "Ruled on: a day from 2026-12-03"),
        ("enforce", "enforced_on", day(2026, 12, 9), "Enforcement applied for on: a day from 2026-12-10"),
        ("enforce", "enforced_on", day(2026, 12, 21), "Enforcement applied for on: a day from 2026-12-10"),
        ("accept", "number", "号" * 61, "60 characters"),
        ("confirm", "ruling", "号" * 61, "60 characters"),
        ("enforce", "enforcement", "号" * 61, "60 characters"),
        ("accept", "number", " ", "Missing"),
        ("confirm", "ruling", "", "Missing"),
        ("dismiss", "ground", "", "Missing"),
        ("dismiss", "ground", "nonsense", "Choose the ground"),
        ("withdraw", "note", " ", "Missing"),
    ],
)
def test_what_is_refused(prepared, act, verb, name, wrong, words):
    for step in {"accept": ("apply",), "confirm": ("apply", "accept"), "dismiss": ("apply", "accept"),
                 "enforce": ("apply", "accept", "confirm")}.get(verb, ()):  # fmt: skip
        act(prepared, step)
    before, events = row(prepared), prepared.events.count()

    with pytest.raises(DomainError, match=words):
        act(prepared, verb, **{name: wrong})
    assert (row(prepared), prepared.events.count()) == (before, events)


def test_what_the_court_accepts_and_confirms(prepared, act):
    for verb in WAY["confirmed"]:
        act(prepared, verb)

    stored = row(prepared)
    assert (stored["number"], stored["accepted_on"]) == ("（2026）浙0102民特1号", day(2026, 12, 3))
    assert (stored["ruling"], stored["ruled_on"], stored["ground"]) == (
        "（2026）浙0102民特1号之一", day(2026, 12, 10), "",
    )  # fmt: skip
    assert [event.verb for event in prepared.events.all()] == ["prepare", "apply", "accept", "confirm"]


@pytest.mark.parametrize(
    "ground", ["mandatory_law", "interests", "public_order", "not_voluntary", "unclear"]
)
def test_a_dismissal_has_a_ground_of_the_law(prepared, act, ground):
    act(prepared, "apply")
    act(prepared, "dismiss", ground=ground)

    assert (row(prepared)["state"], row(prepared)["ground"]) == ("dismissed", ground)


def test_another_ground_is_said_in_the_note(prepared, act):
    act(prepared, "apply")

    with pytest.raises(DomainError, match="which other ground"):
        act(prepared, "dismiss", ground="other")
    assert row(prepared)["state"] == "applied"
    event = act(prepared, "dismiss", ground="other", note="逾期申请")
    assert (event.note, row(prepared)["ground"]) == ("逾期申请", "other")


def test_enforcement_needs_an_overdue_instalment_or_a_reason(prepared, act, agreement):
    for verb in WAY["confirmed"]:
        act(prepared, verb)
    later = InstalmentFactory(agreement=agreement, due_on=day(2026, 12, 15))

    with pytest.raises(DomainError, match="No instalment was overdue"):
        act(prepared, "enforce", note="")
    assert row(prepared)["enforced_on"] is None
    type(later).objects.filter(pk=later.pk).update(due_on=day(2026, 12, 14))
    event = act(prepared, "enforce", note="")
    assert event.data["overdue"] == 1
    assert (row(prepared)["state"], row(prepared)["enforcement"]) == ("confirmed", "（2026）浙0102执9号")
    with pytest.raises(TransitionNotAllowed, match="Enforcement was applied for on 2026-12-15"):
        act(prepared, "enforce")


def test_a_performed_instalment_is_not_enforced_without_a_reason(prepared, act, agreement):
    InstalmentFactory(agreement=agreement, performed_on=day(2026, 11, 19), evidence="收条")
    for verb in WAY["confirmed"]:
        act(prepared, verb)

    with pytest.raises(DomainError, match="No instalment was overdue"):
        act(prepared, "enforce", note="")
    assert act(prepared, "enforce").data["overdue"] == 0


# the papers


@pytest.fixture
def packed(prepared, agreement, clerk):
    """The papers are made out: the agreement's own document, application and certificate."""
    agreement.documents.add(DocumentFactory(case=agreement.case, form="agreement", side="both"))
    issue_package(prepared, complainant_agent="郑无名", actor=clerk, now=NOW)
    return prepared


def test_the_papers_for_the_court_are_made_out(packed, agreement, clerk):
    forms = list(packed.documents.order_by("pk").values_list("form", "side"))
    event = packed.events.order_by("-pk").first()

    assert forms == [("agreement", "both"), ("court_application", "court"), ("mediator_certificate", "court")]
    assert (event.verb, event.before, event.after) == ("issue", "prepared", "prepared")
    assert event.data["numbers"] == list(
        packed.documents.filter(side="court").order_by("pk").values_list("number", flat=True)
    )
    assert "郑无名" not in str(event.data)
    assert set(packed.documents.values_list("case", flat=True)) == {agreement.case_id}


def test_the_application_says_what_is_to_be_done_by_when(prepared, agreement, clerk):
    InstalmentFactory(
        agreement=agreement, due_on=day(2026, 12, 1), what="退还货款", kind="refund", amount=Decimal("1280.50")
    )
    InstalmentFactory(agreement=agreement, due_on=day(2026, 12, 20), what="补发配件")
    agreement.documents.add(DocumentFactory(case=agreement.case, form="agreement", side="both"))

    issue_package(prepared, actor=clerk, now=NOW)

    application = prepared.documents.get(form="court_application")
    text = text_of(vault.read(application.file, context=document_context(application.pk)))
    for words in (
        agreement.terms, "履行事项及期限：", "1．2026年12月1日前（含当日）：退还货款，金额1,280.50元",
        "2．2026年12月20日前（含当日）：补发配件",
    ):  # fmt: skip
        assert words in text


def test_an_agent_named_like_a_reporter_is_refused_and_the_try_is_kept(prepared, agreement, clerk):
    agreement.documents.add(DocumentFactory(case=agreement.case, form="agreement", side="both"))
    PartyFactory(case=agreement.case, reporter=True, plain={"name": "赵举报"})

    with pytest.raises(DomainError, match="tells who complained or reported"):
        issue_package(prepared, respondent_agent="赵举报", actor=clerk, now=NOW)

    assert not prepared.documents.exists()
    assert list(AccessLog.objects.values_list("user", "action", "target", "reason")) == [
        (clerk.pk, "lookup", agreement.case.number, "court_application")
    ]


def test_they_are_made_out_once_unless_they_are_void(packed, clerk, act):
    with pytest.raises(TransitionNotAllowed, match="made out already"):
        act(packed, "issue")
    assert packed.documents.count() == 3
    void = {"voided_by": clerk, "voided_at": NOW, "void_reason": "写错了"}
    Document.objects.filter(pk__in=packed.documents.filter(side="court").values("pk")).update(**void)

    act(packed, "issue")

    assert packed.documents.filter(voided_at=None).count() == 3


def test_without_a_document_of_the_agreement_there_is_nothing_to_take_along(prepared, act):
    with pytest.raises(DomainError, match="no document of its present wording"):
        act(prepared, "issue")
    assert not Document.objects.exists()


def test_what_was_made_out_before_a_revision_does_not_go_to_the_court(district, court, clerk, act):
    agreement = AgreementFactory(case__handling=district, terms="退还300元")
    PartyFactory(case=agreement.case)
    agreement.signatures.create(side="respondent")
    given = {"actor": clerk, "now": NOW}
    act_on_agreement(agreement, "issue", **given)
    first = agreement.documents.get()
    act_on_agreement(agreement, "revise", terms="退还200元", reached_on=agreement.reached_on, **given)
    signed = {"signatures": agreement.signatures.all(), "signed_on": agreement.reached_on}
    act_on_agreement(agreement, "sign", **signed, **given)
    agreement.refresh_from_db()
    confirmation = prepare(agreement, court=court, **given)

    with pytest.raises(DomainError, match="no document of its present wording"):
        act(confirmation, "issue")
    assert not confirmation.documents.exists()

    second = act_on_agreement(agreement, "issue", **given).data["document"]
    act(confirmation, "issue")
    taken = set(confirmation.documents.values_list("pk", flat=True))
    assert second in taken
    assert first.pk not in taken


def test_a_failure_leaves_neither_papers_nor_files(prepared, agreement, act, settings):
    """The number of the certificate is another agency's, after the application was written already."""
    own = DocumentFactory(case=agreement.case, form="agreement", side="both")
    agreement.documents.add(own)
    DocumentFactory(number=f"{agreement.case.handling.name}调证〔2026〕第1号")
    files, before = stored(settings), row(prepared)

    with pytest.raises(DomainError, match="Another agency has given the number"):
        act(prepared, "issue")
    assert (row(prepared), prepared.documents.count(), Document.objects.count()) == (before, 0, 2)
    assert stored(settings) == files
    assert len(files) == 2


def stored(settings) -> set[Path]:
    return {path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}


# the people of the court


def test_a_liaison_sees_what_was_applied_for_with_his_court_and_nothing_else(prepared, liaison, act):
    elsewhere = ConfirmationFactory(
        court=AgencyFactory(court=True), state="applied", applied_on=day(2026, 12, 1), article=205, in_time=True
    )
    seen = JudicialConfirmation.objects.visible_to

    assert list(seen(liaison)) == []
    act(prepared, "apply")
    assert list(seen(liaison)) == [prepared]
    assert elsewhere not in seen(liaison)


@pytest.mark.parametrize("kind", ["bureau", "council", "committee", "platform", None])
def test_a_liaison_without_a_court_sees_nothing(prepared, act, agreement, district, kind):
    act(prepared, "apply")
    agency = district if kind == "bureau" else kind and AgencyFactory(kind=kind)
    if kind in ("council", "committee"):
        EntrustmentFactory(case=agreement.case, agency=agency)
    user = UserFactory(agency=agency, roles=["court_liaison"])

    assert not JudicialConfirmation.objects.visible_to(user).exists()
    assert not papers_for_court(user).exists()
    with pytest.raises(PermissionDenied):
        act(prepared, "accept", actor=user)
    assert row(prepared)["state"] == "applied"


def test_who_works_in_a_court_sees_no_more_by_other_roles_and_nothing_without_one(prepared, act, court):
    act(prepared, "apply")
    elsewhere = ConfirmationFactory()
    mediator, stranger = UserFactory(agency=court, roles=["mediator"]), UserFactory(agency=court)

    assert list(JudicialConfirmation.objects.visible_to(mediator)) == [prepared]
    assert not JudicialConfirmation.objects.visible_to(stranger).exists()
    assert elsewhere.court != court


def test_a_superuser_sees_all_and_in_a_court_only_what_is_its_own(prepared, act, court):
    act(prepared, "apply")
    other = ConfirmationFactory()

    assert set(JudicialConfirmation.objects.visible_to(UserFactory(superuser=True))) == {prepared, other}
    assert list(JudicialConfirmation.objects.visible_to(UserFactory(superuser=True, agency=court))) == [prepared]


def test_a_liaison_records_what_his_court_decides_and_nothing_else(prepared, liaison, act):
    with pytest.raises(PermissionDenied):
        act(prepared, "withdraw", actor=liaison)
    act(prepared, "apply")
    for verb in ("issue", "apply", "withdraw", "enforce"):
        with pytest.raises(PermissionDenied):
            act(prepared, verb, actor=liaison)
    act(prepared, "accept", actor=liaison)
    act(prepared, "confirm", actor=liaison)

    assert row(prepared)["state"] == "confirmed"
    assert [event.actor for event in prepared.events.all()][-2:] == [liaison, liaison]


def test_a_liaison_does_not_reach_the_application_of_another_court(prepared, act):
    other = UserFactory(agency=AgencyFactory(court=True), roles=["court_liaison"])
    act(prepared, "apply")

    for verb in GIVEN:
        with pytest.raises(PermissionDenied):
            act(prepared, verb, actor=other)
    assert row(prepared)["state"] == "applied"


def test_a_liaison_opens_the_papers_of_his_court_and_it_is_logged(packed, liaison, act):
    act(packed, "apply")
    for document in packed.documents.all():
        content = open_paper(packed, document, actor=liaison, ip="192.0.2.7")
        assert content.startswith(b"PK")

    logged = AccessLog.objects.filter(user=liaison, action="download")
    assert logged.count() == 3
    case = packed.agreement.case
    numbers = {f"{case.number}/document/{document.number}" for document in packed.documents.all()}
    assert set(logged.values_list("target", flat=True)) == numbers


def test_no_other_document_of_the_case_and_no_void_paper_is_opened(packed, liaison, act, agreement, clerk):
    act(packed, "apply")
    other = DocumentFactory(case=agreement.case)
    void = packed.documents.filter(form="court_application").get()
    Document.objects.filter(pk=void.pk).update(voided_by=clerk, voided_at=timezone.now(), void_reason="写错了")

    for document in (other, void):
        with pytest.raises(PermissionDenied):
            open_paper(packed, document, actor=liaison, ip=None)
    assert not AccessLog.objects.exists()


def test_papers_are_closed_to_another_court_and_before_and_after_the_application(packed, liaison, act):
    stranger = UserFactory(agency=AgencyFactory(court=True), roles=["court_liaison"])
    paper = packed.documents.first()

    with pytest.raises(PermissionDenied):
        open_paper(packed, paper, actor=liaison, ip=None)
    act(packed, "apply")
    with pytest.raises(PermissionDenied):
        open_paper(packed, paper, actor=stranger, ip=None)
    act(packed, "withdraw")
    with pytest.raises(PermissionDenied):
        open_paper(packed, paper, actor=liaison, ip=None)
    assert not AccessLog.objects.exists()


def test_others_open_what_they_may_know_of_its_persons(packed, clerk, district):
    head = UserFactory(agency=district, roles=["approver"])
    paper = packed.documents.filter(form="court_application").get()

    assert open_paper(packed, paper, actor=clerk, ip=None).startswith(b"PK")
    with pytest.raises(PermissionDenied):
        open_paper(packed, paper, actor=head, ip=None)
    assert AccessLog.objects.get().user == clerk
