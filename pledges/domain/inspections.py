"""Inspections: planned, made by a checklist, corrected and closed. Every function locks the premises first.

What is found changes no pledge: a critical item that is not in order proposes an act, which somebody decides on.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from cases.domain.reasons import check_reason
from core.exceptions import DomainError
from core.language import listed
from core.refusals import refusal
from core.text import clean_cell
from core.workflow import Act, Transition, Workflow
from pledges.domain.keeping import check_seen, keep
from pledges.enums import PUBLIC, SEEN, FindingResult, InspectionMode, InspectionState, InspectionVerb
from pledges.models import (
    ChecklistItem,
    Finding,
    Inspection,
    InspectionPlan,
    Pledge,
    PledgeType,
    Premises,
)
from registry.domain import load_calendar

ADD, CHANGE = "pledges.add_inspection", "pledges.change_inspection"
INSPECTORS_LENGTH, NOTE_LENGTH = 200, 500
SUMMARY_LENGTH = 5000
Answers = Collection[Mapping[str, str]]  # each: code, result, note


def checklist(type: PledgeType, day: dt.date) -> QuerySet[ChecklistItem]:
    """The items that an inspection of a type of pledge answers on the local day `day`, in their order."""
    return ChecklistItem.objects.filter(type=type).offered_on(day).order_by("position", "code")


@transaction.atomic
def keep_plan(plan: InspectionPlan, *, actor, now: dt.datetime | None = None, **fields) -> InspectionPlan:
    """Write a new plan, or `fields` of one. Raises PermissionDenied, and DomainError for an unknown type of pledge and
    where its inspections would no longer fit in."""
    plan = keep(InspectionPlan(pk=plan.pk), fields, actor)
    known = set(PledgeType.objects.values_list("code", flat=True))
    if unknown := sorted(set(plan.types) - known):
        raise DomainError(_("There are no types of pledges with these codes: %(codes)s.") % {"codes": listed(unknown)})
    planned = plan.inspections.exclude(state=InspectionState.CANCELLED)
    fitting = planned.filter(planned_on__range=(plan.starts_on, plan.ends_on))
    if plan.types:
        fitting = fitting.filter(type__code__in=plan.types)
    if fitting.count() != planned.count():
        raise DomainError(_("It has inspections of other days or of other types of pledges."))
    return plan


@dataclass(frozen=True)
class PlanProgress:
    """How far a plan is: visits made, and how many of these were undercover."""

    plan: InspectionPlan
    visited: int
    undercover: int

    @property
    def undercover_wanted(self) -> int:
        """How many of the visits of the plan are to be undercover."""
        return -(-self.plan.visits * self.plan.undercover // 100)


def plan_progress(plan: InspectionPlan) -> PlanProgress:
    """Counted from the inspections of the plan."""
    seen = plan.inspections.seen()
    return PlanProgress(plan, seen.count(), seen.filter(mode=InspectionMode.UNDERCOVER).count())


def plan_inspection(
    premises: Premises, *, planned_on: dt.date, actor, type: PledgeType | None = None, pledge: Pledge | None = None,
    plan: InspectionPlan | None = None, mode: str = InspectionMode.OPEN, inspectors: str = "",
    follows: Inspection | None = None, note: str = "", now: dt.datetime | None = None,
) -> Inspection:  # fmt: skip
    """Plan a visit to premises by the checklist of `type`, which `pledge` names where it is about one. `follows`: the
    inspection that it looks at again.

    Raises PermissionDenied, and DomainError where pledge, plan or first inspection do not fit.
    """
    now = now or timezone.now()
    if not actor.has_perm(ADD):
        raise PermissionDenied
    with transaction.atomic():
        premises = Premises.objects.visible_to(actor).select_for_update(of=("self",)).filter(pk=premises.pk).first()
        if premises is None:
            raise PermissionDenied
        for row in (pledge, plan, follows):
            check_seen(row, actor)
        if pledge is not None:
            if pledge.premises_id != premises.pk:
                raise DomainError(_("This is a pledge of other premises."))
            if type is not None and type.pk != pledge.type_id:
                raise DomainError(_("The pledge is of another type than the checklist."))
            type = pledge.type
        if type is None:
            raise DomainError(_("Name the pledge, or whose checklist is used."))
        if follows is not None:
            first = Inspection.objects.get(pk=follows.pk)
            if first.premises_id != premises.pk or first.state not in SEEN:
                raise DomainError(_("What is inspected again was visited before, at the same premises."))
        inspection = Inspection(
            premises=premises, pledge=pledge, type=type, plan=plan, mode=InspectionMode(mode).value,
            planned_on=planned_on, inspectors=_text(inspectors, INSPECTORS_LENGTH), follows=follows,
        )  # fmt: skip
        _check_plan(inspection)
        try:
            with transaction.atomic():
                inspection.save()
        except IntegrityError as error:
            raise DomainError(refusal(error)) from error
        inspection.events.create(
            verb=InspectionVerb.PLAN, before="", after=inspection.state, actor=actor, at=now, note=note.strip(),
            data={"planned_on": planned_on.isoformat(), "mode": inspection.mode, "follows": follows and follows.pk},
        )  # fmt: skip
    return inspection


def act_on_inspection(
    inspection: Inspection, verb: str, *, actor, now: dt.datetime | None = None, seen: int | None = None, **data
):
    """Do `verb` to `inspection`; returns the event. See core.workflow.Workflow.apply for what is checked and raised."""
    with transaction.atomic():
        Premises.objects.select_for_update(of=("self",)).filter(pk=inspection.premises_id).first()
        try:
            with transaction.atomic():
                return INSPECTION.apply(inspection, verb, actor=actor, now=now, seen=seen, **data)
        except IntegrityError as error:
            raise DomainError(refusal(error)) from error


def failed(inspection: Inspection) -> QuerySet[Finding]:
    """The findings that are not in order."""
    return inspection.findings.filter(result=FindingResult.NOT_OK)


def score(inspection: Inspection) -> tuple[int, int]:
    """The weight of what is in order, and of all that applies."""
    good = whole = 0
    for finding in inspection.findings.exclude(result=FindingResult.NOT_APPLICABLE).select_related("item"):
        whole += finding.item.weight
        good += finding.item.weight if finding.result == FindingResult.OK else 0
    return good, whole


def to_rectify(inspection: Inspection) -> Pledge | None:
    """The pledge of which the findings propose to order a correction: a critical item is not in order, the pledge
    stands, and none has been ordered yet. Nothing is done here. Without a pledge of its own, the inspection is about
    the one of its type that stands at the premises."""
    if inspection.state not in (InspectionState.VISITED, InspectionState.CORRECTING):
        return None
    if not failed(inspection).filter(item__critical=True).exists():
        return None
    pledges = Pledge.objects.filter(state__in=PUBLIC, correct_by__isnull=True)
    own = {"pk": inspection.pledge_id} if inspection.pledge_id else {
        "premises": inspection.premises_id, "type": inspection.type_id,
    }  # fmt: skip
    return pledges.filter(**own).select_related("premises", "type").first()


def checked_answers(type: PledgeType, day: dt.date, answers: Answers) -> list[tuple[ChecklistItem, str, str]]:
    """The answers with their items. Raises DomainError for an item that the checklist does not have, that it no longer
    has or not yet on that day, that stands twice or is missing, and for an unknown result."""
    codes = [answer["code"] for answer in answers]
    if twice := sorted({code for code in codes if codes.count(code) > 1}):
        raise DomainError(_("These items stand twice: %(codes)s.") % {"codes": listed(twice)})
    items = {item.code: item for item in checklist(type, day)}
    ever = set(ChecklistItem.objects.filter(type=type, code__in=codes).values_list("code", flat=True))
    if unknown := sorted(set(codes) - ever):
        raise DomainError(
            _("The checklist of “%(type)s” has no such items: %(codes)s.") % {"type": type, "codes": listed(unknown)}
        )
    if outdated := sorted(set(codes) - items.keys()):
        raise DomainError(
            _("These items were not part of the checklist on %(day)s: %(codes)s.")
            % {"day": day, "codes": listed(outdated)}
        )
    if missing := [str(item) for code, item in items.items() if code not in codes]:
        raise DomainError(_("These items have no answer: %(names)s.") % {"names": listed(missing)})
    found = []
    for answer in answers:
        if answer["result"] not in FindingResult.values:
            raise DomainError(_("Unknown result: %(result)s.") % {"result": answer["result"]})
        found.append((items[answer["code"]], answer["result"], _text(answer.get("note", ""), NOTE_LENGTH)))
    return found


def _text(text: str, length: int) -> str:
    text = clean_cell(text)
    if len(text) > length:
        raise DomainError(_("At most %(n)d characters.") % {"n": length})
    return text


# ---- guards and effects


def _has_failed(inspection: Inspection, user) -> str:
    return "" if failed(inspection).exists() else _("Everything was in order; there is nothing to correct.")


def _check_plan(inspection: Inspection) -> None:
    """The plan is locked: narrowed at the same moment, it would no longer cover the visit."""
    plan = InspectionPlan.objects.select_for_update(of=("self",)).filter(pk=inspection.plan_id).first()
    if plan is None:
        return
    if not plan.starts_on <= inspection.planned_on <= plan.ends_on:
        raise DomainError(
            _("The plan runs from %(first)s to %(last)s.") % {"first": plan.starts_on, "last": plan.ends_on}
        )
    if plan.types and inspection.type.code not in plan.types:
        raise DomainError(_("The plan does not cover this type of pledge."))
    if not inspection.premises.agency.path.startswith(plan.agency.path):
        raise DomainError(_("The plan is of an agency that has nothing to do with these premises."))


def _move(act: Act) -> None:
    inspection = act.obj
    inspection.planned_on = act.changes["planned_on"] = act.data["planned_on"]
    if "mode" in act.data:
        act.changes["mode"] = InspectionMode(act.data["mode"]).value
    act.changes["inspectors"] = _text(act.data.pop("inspectors", ""), INSPECTORS_LENGTH)
    _check_plan(inspection)


def _visit(act: Act) -> None:
    day = act.data["visited_on"]
    if day > timezone.localdate(act.now):
        raise DomainError(_("A visit is not recorded before it was made."))
    act.changes |= {"visited_on": day, "summary": _text(act.data.pop("summary", ""), SUMMARY_LENGTH)}
    act.changes["inspectors"] = _text(act.data.pop("inspectors", act.obj.inspectors), INSPECTORS_LENGTH)
    _write_findings(act, day)


def _find(act: Act) -> None:
    """Findings that were entered wrongly are replaced; the event keeps what they were."""
    check_reason(act.data["note"])
    act.facts["before"] = dict(act.obj.findings.order_by().values_list("item__code", "result"))
    _write_findings(act, act.obj.visited_on)


def _write_findings(act: Act, day: dt.date) -> None:
    found = checked_answers(act.obj.type, day, act.data.pop("findings", ()))
    act.obj.findings.all().delete()
    Finding.objects.bulk_create(
        Finding(inspection=act.obj, item=item, result=result, note=note) for item, result, note in found
    )
    act.facts["findings"] = {item.code: result for item, result, _note in found}


def _order(act: Act) -> None:
    check_reason(act.data["note"])
    today = timezone.localdate(act.now)
    last = act.data.pop("correct_by", None)
    if last is None:
        last = load_calendar().add_working_days(today, act.obj.type.correction_days).due_on
    _set_correct_by(act, last, today)


def _extend(act: Act) -> None:
    check_reason(act.data["note"])
    _set_correct_by(act, act.data.pop("correct_by"), act.obj.correct_by + dt.timedelta(days=1))


def _set_correct_by(act: Act, last: dt.date, earliest: dt.date) -> None:
    if last < earliest:
        raise DomainError(_("The last day of the correction is %(day)s or later.") % {"day": earliest})
    act.changes["correct_by"] = last
    act.facts["correct_by"] = last.isoformat()


def _close(act: Act) -> None:
    """Closed with what was not in order, somebody says since when it is, or why it is closed all the same."""
    inspection, day = act.obj, act.data.get("corrected_on")
    if not failed(inspection).exists():
        if day is not None:
            raise DomainError(_("Everything was in order; there is nothing to correct."))
        return
    if day is None:
        check_reason(act.data.get("note", ""))
    elif not inspection.visited_on <= day <= timezone.localdate(act.now):
        raise DomainError(_("It was corrected between the visit and today."))
    act.changes["corrected_on"] = day


def _cancel(act: Act) -> None:
    check_reason(act.data["note"])


PLANNED, VISITED, CORRECTING = InspectionState.PLANNED, InspectionState.VISITED, InspectionState.CORRECTING
CLOSE = pgettext_lazy("act on an inspection", "Close")  # elsewhere a page is closed
INSPECTION = Workflow(
    Transition(InspectionVerb.VISIT, gettext_lazy("Record the visit"), (PLANNED,), VISITED, CHANGE, ("visited_on",),
               ("findings", "inspectors", "summary", "note"), effect=_visit),
    Transition(InspectionVerb.MOVE, gettext_lazy("Plan anew"), (PLANNED,), None, CHANGE, ("planned_on",),
               ("mode", "inspectors", "note"), effect=_move),
    Transition(InspectionVerb.FIND, gettext_lazy("Revise the findings"), (VISITED,), None, CHANGE, ("findings", "note"),
               (), effect=_find),
    Transition(InspectionVerb.ORDER, gettext_lazy("Order a correction"), (VISITED,), CORRECTING, CHANGE, ("note",),
               ("correct_by",), guard=_has_failed, effect=_order),
    Transition(InspectionVerb.EXTEND, gettext_lazy("Give more time"), (CORRECTING,), None, CHANGE,
               ("correct_by", "note"), (), effect=_extend),
    Transition(InspectionVerb.CLOSE, CLOSE, (VISITED, CORRECTING), InspectionState.CLOSED, CHANGE, (),
               ("corrected_on", "note"), stamps=("ended_at",), effect=_close),
    Transition(InspectionVerb.CANCEL, gettext_lazy("Cancel"), (PLANNED,), InspectionState.CANCELLED, CHANGE, ("note",),
               (), stamps=("ended_at",), effect=_cancel, grave=True),
)  # fmt: skip
