"""Inspections: planned, made by a checklist, corrected and closed; photos of them; what a failed item proposes."""

import datetime as dt
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import IntegrityError, transaction

from accounts.models import AccessLog
from cases.domain import rotate
from cases.domain.rotation import remove_orphans
from core import vault
from core.exceptions import DomainError, FileRefused, TransitionNotAllowed
from core.personal_data import PersonalDataError
from pledges.domain import (
    INSPECTION,
    act_on_inspection,
    add_photo,
    checklist,
    keep_plan,
    open_photo,
    photo_context,
    plan_inspection,
    plan_progress,
    score,
    to_rectify,
    withdraw_photo,
)
from pledges.enums import InspectionState
from pledges.models import (
    ChecklistItem,
    Finding,
    Inspection,
    InspectionEvent,
    InspectionPhoto,
    InspectionPlan,
    Pledge,
    PledgeType,
)
from registry.reference import load
from tests.factories import (
    AgencyFactory,
    CalendarNoticeFactory,
    ChecklistItemFactory,
    FindingFactory,
    InspectionFactory,
    PhotoFactory,
    PlanFactory,
    PledgeFactory,
    PledgeTypeFactory,
    PremisesFactory,
    UserFactory,
)
from tests.factories.cases import local
from tests.factories.documents import PDF
from tests.factories.pledges import PNG

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

NOW = local(2026, 11, 12, 16)
TODAY, VISITED = dt.date(2026, 11, 12), dt.date(2026, 11, 10)
day = dt.date


@pytest.fixture
def type():
    """With three items: one critical, one that began in 2026, and one that ended with 2025."""
    found = PledgeTypeFactory(correction_days=5)
    ChecklistItemFactory(type=found, code="t.sign", name_en="Sign", critical=True, weight=3, position=1)
    ChecklistItemFactory(type=found, code="t.price", name_en="Price", position=2, valid_from=day(2026, 1, 1))
    ChecklistItemFactory(type=found, code="t.old", name_en="Old", position=3, valid_to=day(2026, 1, 1))
    return found


@pytest.fixture
def planned(premises, type):
    return InspectionFactory(premises=premises, type=type, planned_on=day(2026, 11, 10))


def answers(**results):
    return [{"code": f"t.{name}", "result": result, "note": ""} for name, result in results.items()]


def visit(inspection, actor, visited_on=VISITED, **results):
    results = results or {"sign": "ok", "price": "ok"}
    return act_on_inspection(
        inspection, "visit", actor=actor, now=NOW, visited_on=visited_on, findings=answers(**results)
    )


def row(inspection):
    return Inspection.objects.filter(pk=inspection.pk).values().get()


# planning


def test_a_visit_is_planned_for_a_pledge(premises, district, clerk, type):
    pledge = PledgeFactory(premises=premises, type=type, in_force=True)
    inspection = plan_inspection(
        premises, pledge=pledge, plan=PlanFactory(agency=district, types=[type.code]), planned_on=day(2026, 11, 20),
        mode="undercover", inspectors="孙八、周九", actor=clerk, now=NOW,
    )  # fmt: skip

    assert (inspection.type, inspection.state, inspection.mode) == (type, "planned", "undercover")
    event = inspection.events.get()
    assert (event.verb, event.actor) == ("plan", clerk)
    assert event.data == {"planned_on": "2026-11-20", "mode": "undercover", "follows": None}


def test_what_does_not_fit_is_not_planned(premises, district, clerk, type):
    elsewhere = PledgeFactory(premises=PremisesFactory(agency=district), type=type)
    own = PledgeFactory(premises=premises, type=type)
    year, others = PlanFactory(agency=district), PlanFactory(agency=district, types=["factory"])
    apart = PlanFactory(agency=AgencyFactory(parent=district, kind="station"))
    missed = InspectionFactory(premises=premises, type=type)
    refused = [
        ({}, "Name the pledge"), ({"pledge": elsewhere}, "a pledge of other premises"),
        ({"pledge": own, "type": PledgeTypeFactory()}, "another type than the checklist"),
        ({"type": type, "plan": others}, "does not cover this type"),
        ({"type": type, "plan": apart}, "nothing to do with these premises"),
        ({"type": type, "plan": year, "planned_on": day(2027, 1, 1)}, "runs from 2026-01-01 to 2026-12-31"),
        ({"type": type, "follows": missed}, "visited before, at the same premises"),
        ({"type": type, "inspectors": "名" * 201}, "At most 200 characters"),
    ]  # fmt: skip
    for changes, message in refused:
        with pytest.raises(DomainError, match=message):
            plan_inspection(premises, **{"planned_on": TODAY, "actor": clerk, "now": NOW} | changes)
    assert Inspection.objects.get() == missed


def test_who_plans(premises, district, type, head):
    foreign = PremisesFactory()
    given = {"type": type, "planned_on": TODAY, "now": NOW}
    for actor, where in [
        (UserFactory(agency=district, roles=["regulator"]), premises),
        (UserFactory(agency=AgencyFactory(), roles=["pledge_clerk"]), premises), (head, foreign),
    ]:  # fmt: skip
        with pytest.raises(PermissionDenied):
            plan_inspection(where, actor=actor, **given)
    with pytest.raises(PermissionDenied):  # a plan that he does not see
        plan_inspection(premises, actor=head, plan=PlanFactory(agency=district.parent), **given)
    assert not Inspection.objects.exists()
    assert plan_inspection(premises, actor=head, **given).premises == premises


def test_a_plan_counts_its_visits(district, clerk, type):
    plan = PlanFactory(agency=district, visits=7, undercover=30)
    made = [("visited", "open"), ("visited", "undercover"), ("closed", "undercover"), ("planned", "undercover")]
    for state, mode in made:
        InspectionFactory(
            premises=PremisesFactory(agency=district), type=type, plan=plan, mode=mode, state=state,
            visited_on=None if state == "planned" else day(2026, 11, 10), ended_at=NOW if state == "closed" else None,
        )  # fmt: skip

    found = plan_progress(plan)
    assert (found.visited, found.undercover, found.undercover_wanted) == (3, 2, 3)
    with pytest.raises(DomainError, match="other days or of other types"):
        keep_plan(plan, actor=clerk, ends_on=day(2026, 6, 30))
    with pytest.raises(DomainError, match="other days or of other types"):
        keep_plan(plan, actor=clerk, types=[PledgeTypeFactory().code])
    with pytest.raises(DomainError, match="no types of pledges with these codes: nonsense"):
        keep_plan(plan, actor=clerk, types=[type.code, "nonsense"])
    assert list(InspectionPlan.objects.values_list("ends_on", "types")) == [(day(2026, 12, 31), [])]


# the visit and its checklist


def test_the_findings_of_a_visit(planned, clerk):
    event = visit(planned, clerk, sign="not_ok", price="ok")

    assert (planned.state, planned.visited_on) == ("visited", day(2026, 11, 10))
    assert list(planned.findings.values_list("item__code", "result")) == [("t.sign", "not_ok"), ("t.price", "ok")]
    assert event.data == {"visited_on": "2026-11-10", "findings": {"t.sign": "not_ok", "t.price": "ok"}}
    assert score(planned) == (1, 4)


@pytest.mark.parametrize(
    ("findings", "message"),
    [
        (answers(sign="ok", price="ok", nonsense="ok"), "has no such items: t.nonsense"),
        (answers(sign="ok", price="ok", old="ok"), "not part of the checklist on 2026-11-10: t.old"),
        (answers(sign="ok"), "no answer: Price"), ([], "no answer: Sign, Price"),
        (answers(sign="ok", price="ok") + answers(sign="not_ok"), "stand twice: t.sign"),
        (answers(sign="ok", price="perhaps"), "Unknown result: perhaps"),
        ([*answers(sign="ok"), {"code": "t.price", "result": "ok", "note": "字" * 501}], "At most 500 characters"),
    ],
)  # fmt: skip
def test_checklists_with_unknown_or_outdated_items_are_refused(planned, clerk, findings, message):
    before = row(planned)
    with pytest.raises(DomainError, match=message):
        act_on_inspection(
            planned, "visit", actor=clerk, now=NOW, visited_on=day(2026, 11, 10), findings=findings
        )
    assert (row(planned), Finding.objects.count(), InspectionEvent.objects.count()) == (before, 0, 0)


def test_items_of_another_type_are_unknown(planned, clerk):
    ChecklistItemFactory(code="t.other")
    with pytest.raises(DomainError, match="no such items: t.other"):
        visit(planned, clerk, sign="ok", price="ok", other="ok")
    assert not Finding.objects.exists()


def test_the_checklist_is_that_of_the_day_of_the_visit(planned, clerk, type):
    assert [item.code for item in checklist(type, day(2025, 12, 31))] == ["t.sign", "t.old"]
    visit(planned, clerk, visited_on=day(2025, 12, 31), sign="ok", old="not_applicable")
    assert score(planned) == (3, 3)


def test_a_visit_to_come_is_not_recorded(planned, clerk):
    with pytest.raises(DomainError, match="before it was made"):
        visit(planned, clerk, visited_on=day(2026, 11, 13))
    assert (row(planned)["state"], Finding.objects.count()) == ("planned", 0)


def test_one_item_has_one_finding(planned, clerk):
    visit(planned, clerk)
    with pytest.raises(IntegrityError, match="pledges_finding_once"), transaction.atomic():
        FindingFactory(inspection=planned, item=ChecklistItem.objects.get(code="t.sign"))


def test_findings_entered_wrongly_are_replaced_and_what_they_were_is_kept(planned, clerk):
    visit(planned, clerk, sign="not_ok", price="ok")
    with pytest.raises(DomainError, match="at least 5 characters"):
        act_on_inspection(planned, "find", actor=clerk, now=NOW, findings=answers(sign="ok", price="ok"), note="错")
    event = act_on_inspection(
        planned, "find", actor=clerk, now=NOW, findings=answers(sign="ok", price="ok"), note="填错了一栏"
    )

    assert event.data == {
        "before": {"t.sign": "not_ok", "t.price": "ok"}, "findings": {"t.sign": "ok", "t.price": "ok"},
    }  # fmt: skip
    assert set(planned.findings.values_list("result", flat=True)) == {"ok"}


# correction, closing


@pytest.fixture
def working_days():
    """2026 has a notice without any day named, so that Monday to Friday are worked on."""
    return CalendarNoticeFactory(year=2026)


@pytest.fixture
def wanting(planned, clerk):
    visit(planned, clerk, sign="not_ok", price="ok")
    return planned


@pytest.mark.usefixtures("working_days")
def test_a_correction_takes_the_working_days_of_the_type(wanting, clerk):
    event = act_on_inspection(wanting, "order", actor=clerk, now=NOW, note="挂出承诺标识")

    assert (wanting.state, wanting.correct_by) == ("correcting", day(2026, 11, 19))  # Thursday and five working days
    assert event.data == {"correct_by": "2026-11-19"}
    assert not Inspection.objects.late(day(2026, 11, 19)).exists()
    assert Inspection.objects.late(day(2026, 11, 20)).get() == wanting
    with pytest.raises(DomainError, match="is 2026-11-20 or later"):
        act_on_inspection(wanting, "extend", actor=clerk, now=NOW, note="门店装修未完", correct_by=day(2026, 11, 19))
    act_on_inspection(wanting, "extend", actor=clerk, now=NOW, note="门店装修未完", correct_by=day(2026, 11, 30))
    act_on_inspection(wanting, "close", actor=clerk, now=NOW, corrected_on=TODAY)
    assert (wanting.state, wanting.correct_by, wanting.corrected_on) == ("closed", day(2026, 11, 30), TODAY)
    assert not Inspection.objects.late(day(2027, 1, 1)).exists()


def test_nothing_is_corrected_where_all_was_in_order(planned, clerk):
    visit(planned, clerk)
    with pytest.raises(TransitionNotAllowed, match="nothing to correct"):
        act_on_inspection(planned, "order", actor=clerk, now=NOW, note="挂出承诺标识")
    with pytest.raises(DomainError, match="nothing to correct"):
        act_on_inspection(planned, "close", actor=clerk, now=NOW, corrected_on=TODAY)
    assert row(planned)["state"] == "visited"
    act_on_inspection(planned, "close", actor=clerk, now=NOW)
    assert (planned.state, planned.ended_at, planned.corrected_on) == ("closed", NOW, None)


def test_what_was_not_in_order_is_closed_with_a_day_or_a_reason(wanting, clerk):
    for data, message in [
        ({}, "Give the reason"), ({"note": "无"}, "Give the reason"),
        ({"corrected_on": day(2026, 11, 9)}, "between the visit and today"),
        ({"corrected_on": day(2026, 11, 13)}, "between the visit and today"),
    ]:  # fmt: skip
        with pytest.raises(DomainError, match=message):
            act_on_inspection(wanting, "close", actor=clerk, now=NOW, **data)
    assert row(wanting)["state"] == "visited"
    act_on_inspection(wanting, "close", actor=clerk, now=NOW, note="门店已经停业")
    assert (wanting.state, wanting.corrected_on) == ("closed", None)


@pytest.mark.usefixtures("working_days")
def test_it_is_inspected_again(wanting, clerk, premises, type):
    again = plan_inspection(premises, type=type, planned_on=TODAY, follows=wanting, actor=clerk, now=NOW)
    visit(again, clerk, visited_on=TODAY)
    assert list(wanting.followers.all()) == [again]


def test_a_planned_visit_is_moved_or_cancelled(planned, clerk, district):
    planned.plan = PlanFactory(agency=district)
    planned.save()
    with pytest.raises(DomainError, match="The plan runs"):
        act_on_inspection(planned, "move", actor=clerk, now=NOW, planned_on=day(2027, 1, 1))
    act_on_inspection(planned, "move", actor=clerk, now=NOW, planned_on=day(2026, 12, 1), mode="undercover")
    assert (planned.planned_on, planned.mode) == (day(2026, 12, 1), "undercover")
    with pytest.raises(DomainError, match="Give the reason"):
        act_on_inspection(planned, "cancel", actor=clerk, now=NOW, note="不去")
    act_on_inspection(planned, "cancel", actor=clerk, now=NOW, note="门店已经停业")
    assert (planned.state, planned.ended_at) == ("cancelled", NOW)


def test_every_act_in_every_other_state_is_refused(premises, type, clerk):
    facts = {
        "planned": {}, "visited": {"visited_on": TODAY}, "cancelled": {"ended_at": NOW},
        "correcting": {"visited_on": TODAY, "correct_by": TODAY}, "closed": {"visited_on": TODAY, "ended_at": NOW},
    }  # fmt: skip
    given = {"visited_on": TODAY, "planned_on": TODAY, "note": "说明理由", "correct_by": TODAY}
    given["findings"] = answers(sign="ok")
    for step in INSPECTION:
        for state in set(InspectionState.values) - set(step.sources):
            inspection = InspectionFactory(premises=premises, type=type, state=state, **facts[state])
            before = row(inspection)
            data = {name: given[name] for name in step.needs}
            with pytest.raises(TransitionNotAllowed, match="does not apply in the state"):
                act_on_inspection(inspection, step.verb, actor=clerk, now=NOW, **data)
            assert (row(inspection), inspection.events.count()) == (before, 0)


def test_who_acts_on_an_inspection(planned, district):
    regulator, stranger = UserFactory(agency=district, roles=["regulator"]), UserFactory(roles=["approver"])
    for actor in (regulator, stranger):
        with pytest.raises(PermissionDenied):
            visit(planned, actor)
    assert (row(planned)["state"], Finding.objects.count()) == ("planned", 0)


def test_who_has_not_seen_the_last_act_does_nothing(planned, clerk):
    act_on_inspection(planned, "move", actor=clerk, now=NOW, planned_on=TODAY)
    with pytest.raises(TransitionNotAllowed, match="Someone else has worked on this"):
        act_on_inspection(planned, "cancel", actor=clerk, now=NOW, seen=0, note="门店已经停业")
    assert row(planned)["state"] == "planned"


# what a failed item proposes


def test_a_failed_critical_item_proposes_a_correction_and_does_nothing(wanting, premises, type, clerk):
    assert to_rectify(wanting) is None  # nothing stands there
    PledgeFactory(premises=premises, in_force=True)  # of another type
    pledge = PledgeFactory(premises=premises, type=type, in_force=True)
    before = Pledge.objects.filter(pk=pledge.pk).values().get()

    assert to_rectify(wanting) == pledge
    assert Pledge.objects.filter(pk=pledge.pk).values().get() == before
    assert not pledge.events.exists()


def test_what_proposes_nothing(planned, wanting, premises, type, clerk):
    pledge = PledgeFactory(premises=premises, type=type, in_force=True)
    minor = InspectionFactory(premises=premises, type=type, planned_on=TODAY)
    visit(minor, clerk, visited_on=TODAY, sign="ok", price="not_ok")
    assert to_rectify(minor) is None
    act_on_inspection(wanting, "close", actor=clerk, now=NOW, note="门店已经停业")
    assert to_rectify(wanting) is None
    again = InspectionFactory(premises=premises, type=type, pledge=pledge, planned_on=TODAY)
    visit(again, clerk, visited_on=TODAY, sign="not_ok", price="ok")
    assert to_rectify(again) == pledge
    Pledge.objects.filter(pk=pledge.pk).update(correct_by=TODAY)
    assert to_rectify(again) is None  # it has been ordered


# photos


def test_a_photo_is_stored_encrypted_and_given_out_with_a_trace(wanting, clerk, settings):
    photo = add_photo(wanting, name="门头.png", content=PNG, note="入口", actor=clerk, now=NOW)

    assert (photo.name, photo.content_type, photo.size) == ("门头.png", "image/png", len(PNG))
    stored = next((Path(settings.MEDIA_ROOT) / "sealed").glob("*/*")).read_bytes()
    assert PNG not in stored
    assert open_photo(photo, actor=clerk, ip=None) == PNG
    line = AccessLog.objects.get()
    assert (line.user, line.target) == (clerk, f"inspection-{wanting.pk}/photo/{photo.pk}")
    assert wanting.events.latest("pk").verb == "photo"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [("a.pdf", PDF, "Only pictures"), ("a.jpg", PNG, "The name says JPEG"), ("a.png", b"", "empty"),
     ("a.png", b"MZ\x00", "PNG")],
)  # fmt: skip
def test_only_pictures_are_taken(wanting, clerk, name, content, message):
    with pytest.raises(FileRefused, match=message):
        add_photo(wanting, name=name, content=content, actor=clerk, now=NOW)
    assert (InspectionPhoto.objects.count(), list(vault.names(older_than=NOW.timestamp() * 2))) == (0, [])


def test_who_adds_and_sees_photos(wanting, planned, premises, type, district, settings):
    stranger, regulator = UserFactory(roles=["pledge_clerk"]), UserFactory(agency=district, roles=["regulator"])
    for actor in (stranger, regulator):
        with pytest.raises(PermissionDenied):
            add_photo(wanting, name="a.png", content=PNG, actor=actor, now=NOW)
    photo = PhotoFactory(inspection=wanting)
    with pytest.raises(PermissionDenied):
        open_photo(photo, actor=stranger, ip=None)
    assert not AccessLog.objects.exists()
    assert open_photo(photo, actor=regulator, ip=None) == PNG
    assert list(vault.names(older_than=NOW.timestamp() * 2)) == [photo.file]


def test_nothing_is_added_before_the_visit_and_never_too_much(premises, type, wanting, clerk, settings, monkeypatch):
    with pytest.raises(DomainError, match="Record the visit first"):
        add_photo(InspectionFactory(premises=premises, type=type), name="a.png", content=PNG, actor=clerk, now=NOW)
    settings.ATTACHMENT_MAX_MB = 0
    with pytest.raises(DomainError, match="too large"):
        add_photo(wanting, name="a.png", content=PNG, actor=clerk, now=NOW)
    settings.ATTACHMENT_MAX_MB = 20
    monkeypatch.setattr("pledges.domain.photos.MAX_PHOTOS", 0)
    with pytest.raises(DomainError, match="may have 0 photos"):
        add_photo(wanting, name="a.png", content=PNG, actor=clerk, now=NOW)
    assert (InspectionPhoto.objects.count(), list(vault.names(older_than=NOW.timestamp() * 2))) == (0, [])


def test_a_withdrawn_photo_is_no_longer_given_out(wanting, clerk):
    photo = PhotoFactory(inspection=wanting)
    with pytest.raises(DomainError, match="at least 5 characters"):
        withdraw_photo(photo, reason="错", actor=clerk, now=NOW)
    withdrawn = withdraw_photo(photo, reason="拍错了门店", actor=clerk, now=NOW)
    with pytest.raises(DomainError, match="withdrawn already"):
        withdraw_photo(photo, reason="拍错了门店", actor=clerk, now=NOW)
    with pytest.raises(DomainError, match="no longer given out"):
        open_photo(withdrawn, actor=clerk, ip=None)
    assert (withdrawn.withdrawn_at, AccessLog.objects.count()) == (NOW, 0)


def test_photos_are_encrypted_anew_and_never_taken_for_orphans(settings):
    old, new = f"old:{'1a' * 32}", f"new:{'2b' * 32}"
    settings.PERSONAL_DATA_KEYS = old
    photo = PhotoFactory()
    settings.PERSONAL_DATA_KEYS = f"{new},{old}"

    assert rotate()["files"] == 1
    assert remove_orphans(older_than=NOW.replace(year=2200)) == 0
    settings.PERSONAL_DATA_KEYS = new
    assert vault.read(photo.file, context=photo_context(photo.pk)) == PNG
    with pytest.raises(PersonalDataError):
        vault.read(photo.file, context=photo_context(photo.pk + 1))


# reference data


def test_every_type_has_a_checklist_under_the_nine_heads():
    for type in PledgeType.objects.filter(code__in=CODES):
        items = list(checklist(type, TODAY))
        assert {item.head for item in items} == {
            "system", "management", "order", "quality", "trading", "premises", "after_sales", "publicity", "rights",
        }, type  # fmt: skip
        assert [item for item in items if item.critical], type
        assert [item.position for item in items] == sorted(item.position for item in items)


CODES = (
    "no_reason_return", "reassuring_unit", "factory", "village", "street_block", "demonstration_area", "live_room",
    "service_area", "cross_store", "hair_beauty", "housekeeping", "fitness", "education", "telecom", "bank_outlet",
)  # fmt: skip


def test_the_checklist_is_reference_data():
    assert set(PledgeType.objects.values_list("code", flat=True)) == set(CODES)
    assert ChecklistItem.objects.count() == 192
    assert load(only=["checklist"]).counts["checklist"] == {"created": 0, "updated": 0, "unchanged": 192, "kept": 0}
    ChecklistItem.objects.filter(code="factory.quality.control").update(weight=9)
    call_command("load_reference", verbosity=0)
    assert ChecklistItem.objects.get(code="factory.quality.control").weight == 9
