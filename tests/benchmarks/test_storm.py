import shutil

import pytest
from django.utils import timezone

from accounts.models import User
from benchmarks.storm import ADDED, faults, fight, prepare
from cases.domain import perform
from cases.models import Case, CaseEvent, Clock, ClockRule, DocumentSeries, Party
from registry.models import Agency


@pytest.fixture(autouse=True)
def _files(tmp_path, monkeypatch):
    """Documents are stored apart, for the processes too."""
    monkeypatch.setenv("MEDIA_ROOT", str(tmp_path))
    yield
    shutil.rmtree(tmp_path, ignore_errors=True)


LINKING = {"merge", "split", "dispatch", "return_to_intake"}


def test_eight_processes_fight_over_the_same_cases(fresh_database):
    """How much they get done in the time depends on the machine and its load: there is some of everything."""
    result = fight(fresh_database, seconds=6, processes=8)

    assert result["crashed"] == 0
    assert result["faults"] == []
    done = result["done"]
    assert done.get("refused", 0) > 0
    assert sum(n for act, n in done.items() if act not in ("refused", "out of sight", "document", "no document")) > 0
    assert sum(done.get(act, 0) for act in LINKING) > 0
    assert sum(DocumentSeries.objects.values_list("last", flat=True)) == done.get("document", 0) > 0

    # what breaks it is found
    event = CaseEvent.objects.filter(verb="accept").first() or CaseEvent.objects.filter(verb="register").first()
    CaseEvent.objects.create(case=event.case, verb="accept", before="filed", after="accepted", at=event.at)
    DocumentSeries.objects.update(last=1_000)
    found = faults()
    assert any("accept began in" in fault for fault in found)
    assert any("numbers" in fault for fault in found)


def told(case, verb, **data):
    """An event that nothing has happened to."""
    CaseEvent.objects.create(
        case=case, verb=verb, before=case.state, after=case.state, at=timezone.now(), data=data or {"number": "0"}
    )


def merged(case, into):
    CaseEvent.objects.create(
        case=case, verb="merge", before="registered", after="closed", at=timezone.now(), data={"number": into.number}
    )
    told(into, "receive_repeat", number=case.number)
    now = timezone.now()
    Case.objects.filter(pk=case.pk).update(state="closed", origin=into, ended_at=now, closed_at=now)


def split(case, into):
    told(case, "split", number=into.number)
    told(into, "register", split_from=case.number)


BREAKS = {
    "merged into each other": lambda one, two: (merged(one, two), merged(two, one)),
    "and names None": lambda one, two: (merged(one, two), Case.objects.filter(pk=one.pk).update(origin=None)),
    "are known as": lambda one, two: told(one, "receive_repeat", number=two.number),
    "its acts end in registered": lambda one, two: Case.objects.filter(pk=one.pk).update(state="accepted"),
    "its history ['registered', 'accepted']": lambda one, two: Case.objects.filter(pk=one.pk).update(state="accepted"),
    "was split into": lambda one, two: told(one, "split", number=two.number),
    "were split from it": lambda one, two: told(two, "register", split_from=one.number),
    "split again": lambda one, two: split(Case.objects.get(origin__isnull=False), two),
    "and held by": lambda one, two: Case.objects.filter(pk=one.pk).update(handling=above(one)),
    "the agencies above": lambda one, two: Case.objects.filter(pk=one.pk).update(custodian=above(one)),
    "its history tells": lambda one, two: told(one, "dispatch", **{"from": one.handling_id}),
    "is handled by None after": lambda one, two: Case.objects.filter(pk=passed().pk).update(handling=None),
    "returned more than": lambda one, two: [told(one, "return_to_intake", **{"from": None}) for _n in range(3)],
    "0 supplements after 1": lambda one, two: told(one, "supplement"),
    "1 supplements after 0": lambda one, two: Case.objects.filter(pk=one.pk).update(narrative=ADDED),
    "0 demands after 1": lambda one, two: told(one, "urge"),
    "1 people after 2": lambda one, two: told(one, "join"),
    "representatives are [2]": lambda one, two: Party.objects.filter(case__kind="complaint").update(representative=2),
    "runs on": lambda one, two: merged(one, two),
    "terms run twice": lambda one, two: doubled(one),
    "was done 0 times and has 1 events": lambda one, two: told(one, "take"),
}  # fmt: skip


def above(case):
    return case.custodian.parent


def passed():
    return Case.objects.get(events__verb="dispatch")


def doubled(case):
    """The same term under the longer rule, beside the first."""
    clock = case.clocks.get()
    rule = ClockRule.objects.filter(code="report.verify_extended").first()
    Clock.objects.create(
        case=case, rule=rule, side="", started_on=clock.started_on, due_on=clock.due_on, safe_on=clock.safe_on
    )


@pytest.mark.django_db
@pytest.mark.parametrize("fault", BREAKS)
def test_what_an_act_leaves_wrong_is_found(fault):
    prepare()
    officer = User.objects.select_related("agency").get(username="storm0")
    first, second, third, fourth = Case.objects.filter(kind="report").order_by("pk")[:4]
    perform(third, "split", actor=officer)
    perform(fourth, "dispatch", actor=officer, agency=Agency.objects.filter(parent=officer.agency).first())
    done = {"split": 1, "dispatch": 1}
    assert faults(done) == []

    BREAKS[fault](first, second)

    found = faults(done)
    assert any(fault in text for text in found), found
