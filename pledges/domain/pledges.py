"""The life of a pledge: applied for, opinions in stages, admitted, published, renewed, evaluated, suspended, ended.

Every function locks the premises first and the pledge after it. Days on which something holds (`on`) follow one another
and are kept in the events with the last day that the pledge then had: on which days it was in force can be told from its
events alone. Sources: the programme's yearly acts (name, deregister, revoke, upgrade, rectify) and the record of the
Guangdong system; a public promise binds (Regulation implementing the Consumer Rights Law, art 12).
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.domain import system_user
from cases.domain.reasons import check_reason
from core.dates import add_months
from core.exceptions import DomainError
from core.language import listed
from core.refusals import refusal
from core.text import clean_cell, mask_numbers
from core.workflow import Act, Transition, Workflow, plain
from core.working_days import DAY
from pledges.domain.keeping import write
from pledges.domain.suspicion import look_again
from pledges.enums import (
    PUBLIC,
    REVIEWED,
    EvaluationResult,
    Level,
    Origin,
    PledgeState,
    PledgeVerb,
    Pool,
    PromiseField,
    Stage,
)
from pledges.models import Evaluation, Opinion, Pledge, PledgeType, Premises, Suspension
from registry.domain import load_calendar

ADD, CHANGE, DECIDE = "pledges.add_pledge", "pledges.change_pledge", "pledges.decide_pledge"
RENEWABLE_DAYS = 90  # before the last day
PLAQUE_LENGTH = 40
REASON_LENGTH = 500  # of what stands beside a pledge, and not only in its event
# by which the days change on which a pledge binds; with the end of its term they do not
CHANGES_DAYS = (
    PledgeVerb.PUBLISH, PledgeVerb.RENEW, PledgeVerb.SUSPEND, PledgeVerb.REINSTATE, PledgeVerb.REVOKE,
    PledgeVerb.DEREGISTER,
)  # fmt: skip
Promise = Mapping[str, object]  # by PromiseField


def last_day(published_on: dt.date, type: PledgeType) -> dt.date:
    """The last day of the first term of a pledge published on that day."""
    return add_months(published_on, type.term_months) - DAY


def apply_for(
    premises: Premises, type: PledgeType, *, promise: Promise, applied_on: dt.date, actor,
    origin: str = Origin.CLERK, application: str = "", waiting_reason: str = "", note: str = "",
    now: dt.datetime | None = None,
) -> Pledge:  # fmt: skip
    """Take an application for a pledge of that type at these premises. `promise`: its parts by PromiseField.
    `waiting_reason`: why it is taken up again before the waiting time after a revocation is over.

    Raises PermissionDenied, and DomainError where something is missing or a pledge of the type stands there already.
    """
    now = now or timezone.now()
    if not actor.has_perm(ADD):
        raise PermissionDenied
    with transaction.atomic():
        premises = Premises.objects.visible_to(actor).select_for_update().filter(pk=premises.pk).first()
        if premises is None:
            raise PermissionDenied
        if applied_on > timezone.localdate(now):
            raise DomainError(_("An application is not of a day to come."))
        if not PledgeType.objects.offered_on(applied_on).filter(pk=type.pk).exists():
            raise DomainError(_("Pledges of this type were not taken on %(day)s.") % {"day": applied_on})
        fields = checked_promise(type, promise)
        previous = _previous(premises, type)
        if previous is not None and previous.state in PUBLIC and previous.valid_to >= applied_on:
            raise DomainError(
                _("A pledge of this type is in force at these premises until %(day)s. Renew that one.")
                % {"day": previous.valid_to}
            )
        waiting_reason = _waiting_reason(previous, applied_on, waiting_reason)
        pledge = Pledge(
            premises=premises, type=type, agency_id=premises.agency_id, origin=origin, application=application.strip(),
            applied_on=applied_on, previous=previous, waiting_reason=waiting_reason, **fields,
        )  # fmt: skip
        write(pledge)
        pledge.events.create(
            verb=PledgeVerb.APPLY, before="", after=pledge.state, actor=actor, at=now, note=note,
            data={"on": applied_on.isoformat(), "origin": origin, "previous": previous and previous.pk},
        )  # fmt: skip
    return pledge


@transaction.atomic
def apply_together(
    premises: Iterable[Premises], type: PledgeType, *, application: str, actor, now: dt.datetime | None = None, **given
) -> list[Pledge]:
    """Take one application for several premises of one merchant, each with the same promise, under the number of the
    application. `given`: see apply_for. What one is refused for keeps back all of them.

    Raises PermissionDenied, and DomainError that names the premises.
    """
    wanted, now = {one.pk for one in premises}, now or timezone.now()
    rows = Premises.objects.visible_to(actor).filter(pk__in=wanted).order_by("pk")
    locked = list(rows.select_related("region").select_for_update(of=("self",)))
    if len(locked) != len(wanted):
        raise PermissionDenied
    if len({one.merchant_id for one in locked}) > 1:
        raise DomainError(_("Premises that are applied for together are of one merchant."))
    if len(locked) > 1 and not application.strip():
        raise DomainError(_("Give the number of the application: it keeps the premises together."))
    pledges = []
    for one in locked:
        try:
            pledges.append(apply_for(one, type, application=application, actor=actor, now=now, **given))
        except DomainError as refused:
            if len(locked) == 1:
                raise
            where = {"premises": mask_numbers(one.name), "district": one.region.label, "reason": refused}
            raise DomainError(_("%(premises)s (%(district)s): %(reason)s") % where) from refused
    return pledges


def act_on_pledge(
    pledge: Pledge, verb: str, *, actor, now: dt.datetime | None = None, seen: int | None = None, **data
):
    """Do `verb` to `pledge`; returns the event. See core.workflow.Workflow.apply for what is checked and raised. What
    time brings about is not done by anyone."""
    if verb in PLEDGE and PLEDGE[verb].permission is None:
        raise PermissionDenied
    with transaction.atomic():
        Premises.objects.select_for_update(of=("self",)).filter(pk=pledge.premises_id).first()
        try:
            with transaction.atomic():
                event = PLEDGE.apply(pledge, verb, actor=actor, now=now, seen=seen, **data)
        except IntegrityError as error:
            raise DomainError(refusal(error)) from error
        if verb in CHANGES_DAYS:
            look_again([pledge.pk])
    return event


def expire_pledges(limit: int, *, now: dt.datetime | None = None) -> int:
    """Let up to `limit` pledges whose term is over expire, each in a transaction of its own; returns how many. Those at
    which someone else is at work are left for the next time. They expire with the day after their last one, whenever
    this is called."""
    now, actor = now or timezone.now(), system_user()
    over = Pledge.objects.run_out(timezone.localdate(now)).order_by("valid_to", "pk")
    return sum(_expire_one(pk, actor, now) for pk in list(over.values_list("pk", flat=True)[:limit]))


def _expire_one(pk: int, actor, now: dt.datetime) -> bool:
    rows = Pledge.objects.run_out(timezone.localdate(now)).filter(pk=pk)
    with transaction.atomic():
        premises = Premises.objects.select_for_update(of=("self",), skip_locked=True)
        if premises.filter(pk__in=rows.values("premises")).first() is None:
            return False
        pledge = rows.first()
        if pledge is None:  # whoever was at work has renewed or ended it
            return False
        PLEDGE.apply(pledge, PledgeVerb.EXPIRE, actor=actor, now=now, among=rows)
    return True


def checked_promise(type: PledgeType, promise: Promise) -> dict:
    """The parts of a promise as they are kept. Raises DomainError for an unknown part, one that the type needs and that
    is missing, and days below its fewest."""
    given = {
        PromiseField(name).value: value.strip() if isinstance(value, str) else value for name, value in promise.items()
    }
    given = {name: value for name, value in given.items() if value not in (None, "")}
    missing = [str(PromiseField(name).label) for name in type.needs if name not in given]
    if missing:
        raise DomainError(
            _("A pledge of the type “%(type)s” states: %(names)s.") % {"type": type, "names": listed(missing)}
        )
    days = given.get(PromiseField.DAYS)
    if days is not None and days < (type.least_days or 7):
        raise DomainError(
            _("Goods are taken back for %(least)d days at least, not %(days)d.")
            % {"least": type.least_days or 7, "days": days}
        )
    fund = given.get(PromiseField.FUND)
    if isinstance(fund, Decimal) and fund < 0:
        raise DomainError(_("A fund is never below zero."))
    return given


def next_stage(pledge: Pledge) -> str:
    """Whose opinion the application waits for: the first stage whose last opinion is not in favour; "" once all are."""
    last = dict(pledge.opinions.order_by("pk").values_list("stage", "favourable"))
    order = [stage for stage in Stage.values if stage in pledge.type.stages]
    return next((stage for stage in order if not last.get(stage)), "")


def _previous(premises: Premises, type: PledgeType) -> Pledge | None:
    """The last published pledge of the type at these premises: the one that another takes up again."""
    return Pledge.objects.filter(premises=premises, type=type).published().order_by("published_on").last()


def _waiting_reason(previous: Pledge | None, applied_on: dt.date, reason: str) -> str:
    """The reason, where one is needed. Raises DomainError where it is missing."""
    if previous is None or previous.state != PledgeState.REVOKED:
        return ""
    until = add_months(previous.ended_on, previous.type.waiting_months)
    if applied_on >= until:
        return ""
    if not reason.strip():
        raise DomainError(
            _("The pledge was revoked on %(revoked)s. Before %(until)s it is taken up again only for a reason: give it.")
            % {"revoked": previous.ended_on, "until": until}
        )
    return _short_reason(reason)


def _short_reason(reason: str) -> str:
    """The reason, as check_reason. Raises DomainError also where it is too long to stand beside the pledge."""
    reason = check_reason(reason)
    if len(reason) > REASON_LENGTH:
        raise DomainError(_("At most %(n)d characters.") % {"n": REASON_LENGTH})
    return reason


# ---- guards and effects


def _opinions_given(pledge, user) -> str:
    if stage := next_stage(pledge):
        return _("The opinion of this stage is missing or not in favour: %(stage)s.") % {"stage": Stage(stage).label}
    return ""


def _opinion_due(pledge, user) -> str:
    return "" if next_stage(pledge) else _("All opinions are in favour; it can be admitted.")


def _renewable(pledge, user) -> str:
    if pledge.correct_by is not None:
        return _("A correction is under way. Accept that first.")
    return ""


def _may_rise(pledge, user) -> str:
    return _("It is recognised by the province already.") if pledge.level >= Level.PROVINCE else ""


def _no_correction(pledge, user) -> str:
    return _("A correction is under way already.") if pledge.correct_by is not None else ""


def _has_correction(pledge, user) -> str:
    return "" if pledge.correct_by is not None else _("No correction has been ordered.")


def _on(act: Act) -> dt.date:
    """The day from which the act holds, today where none is given. Raises DomainError for a day to come, and for one
    before what the pledge has behind it."""
    today = timezone.localdate(act.now)
    day = act.data.pop("on", None) or today
    last = act.obj.events.filter(data__has_key="on").order_by("-pk").values_list("data__on", flat=True).first()
    earliest = dt.date.fromisoformat(last) if last else act.obj.applied_on
    if not earliest <= day <= today:
        raise DomainError(
            _("The day lies between the last act on this pledge, on %(day)s, and today.") % {"day": earliest}
        )
    act.facts["on"] = day.isoformat()
    return day


def _within_term(act: Act) -> dt.date:
    day = _on(act)
    if day > act.obj.valid_to:
        raise DomainError(
            _("Its term ended on %(day)s. Give a day until then, or have it applied for anew.")
            % {"day": act.obj.valid_to}
        )
    return day


def _revise(act: Act) -> None:
    """What was promised before stays in the event."""
    blank = {field.value: act.obj._meta.get_field(field.value).get_default() for field in PromiseField}
    act.changes |= blank | checked_promise(act.obj.type, act.data.pop("promise"))
    before = {name: getattr(act.obj, name) for name in blank}
    act.facts["before"] = plain({name: value for name, value in before.items() if value != act.changes[name]})


def _opine(act: Act) -> None:
    pledge, data = act.obj, act.data
    stage = next_stage(pledge)
    if data["stage"] != stage:
        raise DomainError(_("First comes the opinion of this stage: %(stage)s.") % {"stage": Stage(stage).label})
    if not pledge.applied_on <= data["given_on"] <= timezone.localdate(act.now):
        raise DomainError(_("An opinion is given between the application and today."))
    Opinion.objects.create(
        pledge=pledge, stage=stage, favourable=bool(data.get("favourable")), text=data["text"], body=data["body"],
        person=data["person"], given_on=data["given_on"],
    )  # fmt: skip


def _admit(act: Act) -> None:
    pledge, day = act.obj, _on(act)
    last = pledge.opinions.aggregate(last=Max("given_on"))["last"]
    if last is not None and day < last:
        raise DomainError(_("The last opinion was given on %(day)s; it is admitted then or later.") % {"day": last})
    _check_waiting(act)


def _check_waiting(act: Act) -> None:
    """A pledge may have been revoked since the application was made, or another register brought it: the note is then the
    reason not to wait."""
    pledge = act.obj
    if pledge.waiting_reason:
        return
    previous = _previous(pledge.premises, pledge.type)
    if reason := _waiting_reason(previous, pledge.applied_on, act.data.get("note", "")):
        act.changes |= {"waiting_reason": reason, "previous": previous}


def _refuse(act: Act) -> None:
    check_reason(act.data["note"])
    _on(act)


def _publish(act: Act) -> None:
    pledge, day = act.obj, _on(act)
    _check_waiting(act)
    valid_to = act.data.pop("valid_to", None) or last_day(day, pledge.type)
    if valid_to < day:
        raise DomainError(_("The last day does not lie before the publication."))
    act.changes |= {"published_on": day, "valid_to": valid_to, "terms": 1}
    act.facts["valid_to"] = valid_to.isoformat()
    _plaque(act)


def _plaque(act: Act) -> None:
    """A number that was recorded wrongly is recorded anew; the events keep both."""
    number = clean_cell(act.data.get("plaque", ""))
    if len(number) > PLAQUE_LENGTH:
        raise DomainError(_("At most %(n)d characters.") % {"n": PLAQUE_LENGTH})
    act.changes["plaque"] = number


def _renew(act: Act) -> None:
    pledge, day = act.obj, _within_term(act)
    if (pledge.valid_to - day).days > RENEWABLE_DAYS:
        raise DomainError(
            _("It can be renewed from %(day)s on.") % {"day": pledge.valid_to - dt.timedelta(days=RENEWABLE_DAYS)}
        )
    valid_to = add_months(pledge.valid_to + DAY, pledge.type.term_months) - DAY
    act.changes |= {"valid_to": valid_to, "terms": pledge.terms + 1}
    act.facts["valid_to"] = valid_to.isoformat()


def _evaluate(act: Act) -> None:
    pledge, data = act.obj, act.data
    day, year = _within_term(act), data["year"]
    if not pledge.published_on.year <= year <= day.year:
        raise DomainError(_("It is evaluated for a year in which it was in force."))
    Evaluation.objects.create(
        pledge=pledge, year=year, result=data["result"], text=data.get("note", ""), evaluated_on=day
    )
    if data["result"] == EvaluationResult.RECTIFY and pledge.correct_by is None:
        act.changes["correct_by"] = _correction_day(act, day)
        act.facts["correct_by"] = act.changes["correct_by"].isoformat()
    elif data["result"] == EvaluationResult.REVOKE:  # whether it is, somebody decides in an act of its own
        act.changes["pool"] = act.facts["pool"] = Pool.WARNING.value


def _upgrade(act: Act) -> None:
    _within_term(act)
    act.changes["level"] = act.obj.level + 1
    act.facts["level"] = act.obj.level + 1


def _pool(act: Act) -> None:
    act.changes["pool"] = Pool(act.data["pool"]).value


def _warn(act: Act) -> None:
    check_reason(act.data["note"])
    _within_term(act)


def _rectify(act: Act) -> None:
    check_reason(act.data["note"])
    day = _within_term(act)
    act.changes["correct_by"] = act.data.pop("correct_by", None) or _correction_day(act, day)
    if act.changes["correct_by"] < day:
        raise DomainError(_("The last day of a correction does not lie before its order."))
    act.facts["correct_by"] = act.changes["correct_by"].isoformat()


def _correction_day(act: Act, day: dt.date) -> dt.date:
    """The last of the working days that the type gives for a correction."""
    return load_calendar().add_working_days(day, act.obj.type.correction_days).due_on


def _correct(act: Act) -> None:
    _within_term(act)
    act.changes["correct_by"] = None


def _suspend(act: Act) -> None:
    reason, day = _short_reason(act.data["note"]), _within_term(act)
    Suspension.objects.create(pledge=act.obj, since=day, reason=reason)


def _reinstate(act: Act) -> None:
    _end_suspension(act.obj, _within_term(act))


def _end_suspension(pledge: Pledge, day: dt.date) -> None:
    pledge.suspensions.filter(until=None).update(until=day)


def _expire(act: Act) -> None:
    after = act.obj.valid_to + DAY
    _end_suspension(act.obj, after)
    act.changes["correct_by"] = None
    act.facts["on"] = after.isoformat()


def _end(act: Act) -> None:
    check_reason(act.data["note"])
    day = _within_term(act)
    _end_suspension(act.obj, day)
    act.changes |= {"ended_on": day, "correct_by": None}


APPLIED, ADMITTED, IN_FORCE, SUSPENDED = (
    PledgeState.APPLIED, PledgeState.ADMITTED, PledgeState.IN_FORCE, PledgeState.SUSPENDED,
)  # fmt: skip
PLEDGE = Workflow(
    Transition(PledgeVerb.REVISE, gettext_lazy("Revise"), (APPLIED,), None, CHANGE, ("promise",), ("note",),
               effect=_revise),
    Transition(PledgeVerb.OPINE, gettext_lazy("Record an opinion"), (APPLIED,), None, CHANGE,
               ("stage", "text", "body", "person", "given_on"), ("favourable",), guard=_opinion_due, effect=_opine),
    Transition(PledgeVerb.ADMIT, gettext_lazy("Admit"), (APPLIED,), ADMITTED, DECIDE, (), ("on", "note"),
               guard=_opinions_given, effect=_admit, bulk=True),
    Transition(PledgeVerb.PUBLISH, gettext_lazy("Name and publish"), (ADMITTED,), IN_FORCE, DECIDE, (),
               ("on", "valid_to", "plaque", "note"), effect=_publish, bulk=True),
    Transition(PledgeVerb.PLAQUE, gettext_lazy("Record the plaque"), PUBLIC, None, CHANGE, ("plaque",), ("note",),
               effect=_plaque),
    Transition(PledgeVerb.RENEW, gettext_lazy("Renew"), (IN_FORCE,), None, DECIDE, (), ("on", "note"),
               guard=_renewable, effect=_renew, bulk=True),
    Transition(PledgeVerb.EVALUATE, gettext_lazy("Evaluate"), PUBLIC, None, CHANGE, ("year", "result"), ("on", "note"),
               effect=_evaluate, bulk=True),
    Transition(PledgeVerb.UPGRADE, gettext_lazy("Upgrade"), (IN_FORCE,), None, DECIDE, (), ("on", "note"),
               guard=_may_rise, effect=_upgrade, bulk=True),
    Transition(PledgeVerb.POOL, gettext_lazy("Put into a pool"), (*REVIEWED, *PUBLIC), None, CHANGE, ("pool",),
               ("note",), effect=_pool, bulk=True),
    Transition(PledgeVerb.WARN, gettext_lazy("Warn"), PUBLIC, None, CHANGE, ("note",), ("on",), effect=_warn),
    Transition(PledgeVerb.RECTIFY, gettext_lazy("Order a correction"), PUBLIC, None, CHANGE, ("note",),
               ("on", "correct_by"), guard=_no_correction, effect=_rectify),
    Transition(PledgeVerb.CORRECT, gettext_lazy("Accept the correction"), PUBLIC, None, CHANGE, ("note",), ("on",),
               guard=_has_correction, effect=_correct),
    Transition(PledgeVerb.SUSPEND, gettext_lazy("Suspend"), (IN_FORCE,), SUSPENDED, DECIDE, ("note",), ("on",),
               effect=_suspend, grave=True),
    Transition(PledgeVerb.REINSTATE, gettext_lazy("Reinstate"), (SUSPENDED,), IN_FORCE, DECIDE, ("note",), ("on",),
               effect=_reinstate),
    Transition(PledgeVerb.REVOKE, gettext_lazy("Revoke"), PUBLIC, PledgeState.REVOKED, DECIDE, ("note",), ("on",),
               effect=_end, grave=True),
    Transition(PledgeVerb.DEREGISTER, gettext_lazy("Deregister"), PUBLIC, PledgeState.DEREGISTERED, DECIDE, ("note",),
               ("on",), effect=_end, grave=True),
    Transition(PledgeVerb.REJECT, gettext_lazy("Do not admit"), REVIEWED, PledgeState.REJECTED, DECIDE, ("note",),
               ("on",), effect=_refuse, grave=True),
    Transition(PledgeVerb.WITHDRAW, gettext_lazy("Withdraw the application"), REVIEWED, PledgeState.WITHDRAWN, CHANGE,
               ("note",), ("on",), effect=_refuse, grave=True),
    Transition(PledgeVerb.EXPIRE, gettext_lazy("Expire"), PUBLIC, PledgeState.EXPIRED, None, (), (), effect=_expire),
)  # fmt: skip
