"""The green channel: a complaint goes to a platform, which settles it with the consumer in ten working days or not.

Every function locks the case first and the referral after it, so that a platform that settles and a regulator who takes
back never both do. What happens to the case is done by its own acts (cases.domain.channel). Source: practice of the
national ODR mechanism (`channel.settle`); that the days are not the regulator's is part of it.
"""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.domain import log_access, system_user
from accounts.enums import AccessAction
from cases.clocks import RuleBook
from cases.domain import is_with_platform, leave_channel, perform_in_channel, post_recovery
from cases.domain.clocks import hold_calendar
from cases.domain.parties import personal_data
from cases.domain.reasons import check_access_reason, check_reason
from cases.enums import PartyRole, RecoveryMeans, Verb
from cases.models import Case
from core.exceptions import DomainError
from core.refusals import refusal
from core.workflow import Act, Transition, Workflow
from mediation.domain.disclosure import masked_name
from mediation.domain.sessions import lock_case
from mediation.enums import RecusalDecision, ReferralReturn, ReferralState, ReferralVerb
from mediation.models import PlatformReferral
from registry.models import Platform

RULE = "channel.settle"
REFER, ANSWER = "cases.refer_case", "cases.settle_channel"
# what the settlement says of money
MONEY = ("amount", "kind", "status", "evidence", "reason")


def refer(
    case: Case, platform: Platform, *, actor, note: str = "", now: dt.datetime | None = None
) -> PlatformReferral:
    """Put a complaint that is not in mediation into the hands of a member of the green channel. Its running terms stand
    still from today on. `note`: what the platform reads beside the case.

    Raises PermissionDenied, also for a case that `actor` does not see, and DomainError: nothing is changed then.
    """
    now = now or timezone.now()
    today = timezone.localdate(now)
    own = Case.objects.visible_to(actor)
    with transaction.atomic():
        # whoever has its mediation entrusted does not see the case itself, and so cannot pass it on
        case = lock_case(case, actor, REFER, among=own)
        _check_nothing_booked(case)
        if not Platform.objects.members_on(today).filter(pk=platform.pk).exists():
            raise DomainError(
                _("%(platform)s is no member of the green channel on %(day)s.") % {"platform": platform, "day": today}
            )
        hold_calendar()
        book = RuleBook.load()
        rule = book.rule(RULE, today, "")
        if rule is None:
            raise DomainError(_("No version of %(code)s applies to this case.") % {"code": RULE})
        term = book.term(rule, today)
        perform_in_channel(
            case, Verb.REFER_CHANNEL, actor=actor, among=own, now=now, platform=platform, due_on=term.due_on, note=note
        )
        try:
            with transaction.atomic():
                referral = PlatformReferral.objects.create(
                    case=case, platform=platform, referred_at=now, safe_on=term.safe_on, due_on=term.due_on,
                    provisional=term.provisional, created_by=actor,
                )  # fmt: skip
        except IntegrityError as error:
            raise DomainError(refusal(error)) from error
        referral.events.create(
            verb=ReferralVerb.REFER, before="", after=referral.state, actor=actor, at=now, note=note,
            data={"due_on": term.due_on.isoformat()},
        )  # fmt: skip
    return referral


def _check_nothing_booked(case: Case) -> None:
    """Mediation here and a settlement there are not tried at a time."""
    if case.sessions.scheduled().exists():
        raise DomainError(_("A session of this case is scheduled. Cancel it first."))
    if case.entrustments.filter(ended_at__isnull=True).exists():
        raise DomainError(_("The mediation of this case is entrusted to another body. End that first."))
    if case.recusals.filter(decision=RecusalDecision.PENDING).exists():
        raise DomainError(_("An application for recusal in this case is still to be decided."))


def _in_time(act: Act) -> None:
    """Once the term is over the complaint is the regulator's again, whether or not that has been written down yet."""
    if act.obj.is_over(timezone.localdate(act.now)):
        raise DomainError(
            _("The term of the platform ended on %(due)s, and the complaint goes back to the regulator.")
            % {"due": act.obj.due_on}
        )


def _reply(act: Act) -> None:
    """What the platform says later is added; what it said first stays, and so does the time of that."""
    _in_time(act)
    referral, text = act.obj, act.data.pop("text")
    if referral.reply:
        stamp = timezone.localtime(act.now).strftime("%Y-%m-%d %H:%M")
        text = f"{referral.reply}\n\n[{stamp}] {text}"
    act.changes |= {"reply": text, "replied_at": referral.replied_at or act.now}


def _settle(act: Act) -> None:
    _in_time(act)
    case = act.obj.case
    among = Case.objects.filter(pk=case.pk)
    money = {name: act.data.pop(name, "") for name in MONEY}
    act.changes["settlement"] = act.data.pop("settlement")
    if money["amount"] in ("", None) and any(money.values()):
        raise DomainError(_("Give the amount, or leave out what belongs to it."))
    leave_channel(case, Verb.SETTLE_CHANNEL, actor=act.actor, among=among, now=act.now, **act.data)
    if money["amount"] not in ("", None):  # a posting belongs to a case that has come to something
        posting = post_recovery(
            case, means=RecoveryMeans.PLATFORM, actor=act.actor, now=act.now, among=among, **money
        )
        act.changes["recovery"] = posting
        act.facts["recovery"] = posting.pk


def _decline(act: Act) -> None:
    _in_time(act)
    _come_back(act, Verb.DECLINE_CHANNEL, ReferralReturn.DECLINED, note=_reason(act))


def _recall(act: Act) -> None:
    _come_back(act, Verb.RECALL_CHANNEL, ReferralReturn.RECALLED, note=_reason(act))


def _lapse(act: Act) -> None:
    referral = act.obj
    if not referral.is_over(timezone.localdate(act.now)):
        raise DomainError(_("The term of the platform runs until %(due)s.") % {"due": referral.due_on})
    _come_back(act, Verb.LAPSE_CHANNEL, ReferralReturn.SILENCE, last_on=referral.due_on)


def _reason(act: Act) -> str:
    act.changes["reason"] = check_reason(act.data["note"])
    return act.changes["reason"]


def _come_back(act: Act, verb: str, because: str, **data) -> None:
    act.changes["returned_because"] = because
    case = act.obj.case
    if is_with_platform(case):  # an imported referral may be of a case that was paused for another reason
        among = Case.objects.filter(pk=case.pk)
        leave_channel(case, verb, actor=act.actor, among=among, now=act.now, **data)


WAITING, ENDED = (ReferralState.WAITING,), ("ended_at",)
REFERRAL = Workflow(
    Transition(ReferralVerb.REPLY, gettext_lazy("Reply"), WAITING, None, ANSWER, ("text",), (), effect=_reply),
    Transition(ReferralVerb.SETTLE, gettext_lazy("Record the settlement"), WAITING, ReferralState.SETTLED, ANSWER,
               ("settlement",), (*MONEY, "represented_agree"), stamps=ENDED, effect=_settle),
    Transition(ReferralVerb.DECLINE, gettext_lazy("Give back"), WAITING, ReferralState.RETURNED, ANSWER, ("note",), (),
               stamps=ENDED, effect=_decline, grave=True),
    Transition(ReferralVerb.RECALL, gettext_lazy("Take back"), WAITING, ReferralState.RETURNED, REFER, ("note",), (),
               stamps=ENDED, effect=_recall, grave=True),
    Transition(ReferralVerb.LAPSE, gettext_lazy("Term over"), WAITING, ReferralState.RETURNED, None, (), (),
               stamps=ENDED, effect=_lapse),
)  # fmt: skip


def act_on_referral(
    referral: PlatformReferral, verb: str, *, actor, now: dt.datetime | None = None, seen: int | None = None, **data
):
    """Do `verb` to `referral`; returns the event. Taken back once its term is over, it has come back by itself, and is
    recorded so. See core.workflow.Workflow.apply for what is checked and raised."""
    now = now or timezone.now()
    with transaction.atomic():
        _lock(referral, actor)
        if verb == ReferralVerb.RECALL and referral.is_over(timezone.localdate(now)) and actor.has_perm(REFER):
            verb, data = ReferralVerb.LAPSE, {}
        return REFERRAL.apply(referral, verb, actor=actor, now=now, seen=seen, **data)


def _lock(referral: PlatformReferral, actor) -> None:
    """Lock the case of a referral that `actor` sees. Raises PermissionDenied."""
    if not PlatformReferral.objects.visible_to(actor).filter(pk=referral.pk).exists():
        raise PermissionDenied
    Case.objects.select_for_update(of=("self",)).get(pk=referral.case_id)


def lapse_referrals(limit: int, *, now: dt.datetime | None = None) -> int:
    """Let up to `limit` referrals whose term is over come back, each in a transaction of its own; returns how many.
    Cases at which someone else is at work are left for the next time. Their terms run on from the day after the
    platform's last one, whenever this is called."""
    now, actor = now or timezone.now(), system_user()
    over = PlatformReferral.objects.over(timezone.localdate(now)).order_by("due_on", "pk").values_list("pk", flat=True)
    lapsed, left = 0, []  # one that cannot come back now keeps none behind it waiting
    while lapsed < limit and (found := list(over.exclude(pk__in=left)[: limit - lapsed])):
        stuck = [pk for pk in found if not _lapse_one(pk, actor, now)]
        lapsed += len(found) - len(stuck)
        left += stuck
    return lapsed


def _lapse_one(pk: int, actor, now: dt.datetime) -> bool:
    rows = PlatformReferral.objects.waiting().filter(pk=pk)
    with transaction.atomic():
        cases = Case.objects.select_for_update(of=("self",), skip_locked=True)
        if cases.filter(pk__in=rows.values("case")).first() is None:
            return False
        referral = rows.first()
        if referral is None:  # whoever was at work has ended it
            return False
        try:
            with transaction.atomic():
                REFERRAL.apply(referral, ReferralVerb.LAPSE, actor=actor, now=now, among=rows)
        except DomainError:  # a recount of all terms is under way: the next turn does it
            return False
    return True


def reveal_phones(
    referral: PlatformReferral, *, actor, reason: str, ip: str | None, now: dt.datetime | None = None
) -> list[tuple[str, str]]:
    """The complainants of a case that is with the platform of `actor`, masked, each with the telephone number in clear;
    each access is logged with its reason first. Nobody else of the case, and nothing else of them.

    Raises PermissionDenied, and DomainError without a reason and once the platform no longer has the case.
    """
    if not actor.has_perm(ANSWER) or not PlatformReferral.objects.visible_to(actor).filter(pk=referral.pk).exists():
        raise PermissionDenied
    reason = check_access_reason(reason)
    with transaction.atomic():
        now = now or timezone.now()
        referral.refresh_from_db()
        if referral.state != ReferralState.WAITING or referral.is_over(timezone.localdate(now)):
            raise DomainError(_("The complaint is no longer with the platform."))
        found = []
        for party in referral.case.parties.filter(role=PartyRole.CONSUMER, sealed=False).order_by("pk"):
            log_access(
                user=actor, action=AccessAction.REVEAL, target=f"{referral.case.number}/{party.pk}", fields="phone",
                reason=reason, ip=ip,
            )  # fmt: skip
            personal = personal_data(party)
            found.append((masked_name(personal.get("name", "")), personal.get("phone", "")))
    return found
