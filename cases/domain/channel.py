"""What the green channel does to a complaint: it goes to a platform, is settled there, or comes back.

These acts stand in a table of their own, since no page of the case offers them: whoever keeps the referrals calls them.
While a platform has a complaint, an open pause marks it and all its terms stand still; the ten working days of the
platform are not the regulator's (practice of the national ODR mechanism).
"""

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cases.domain.acts import (
    PAUSABLE,
    UNDECIDED,
    CaseWorkflow,
    end_by_parties,
    is_with_platform,
    not_with_platform,
    today,
)
from cases.domain.clocks import end_open_pause, pause_clocks, resume_clocks
from cases.enums import Kind, PauseReason, State, Verb
from cases.models import Case
from core.workflow import Act, Transition

REFER, ANSWER = "cases.refer_case", "cases.settle_channel"
DAY = dt.timedelta(days=1)


def _may_go(case, user) -> str:
    if case.kind != Kind.COMPLAINT:
        return gettext("Only complaints go to a platform; reports and inquiries are for the authorities alone.")
    if reason := not_with_platform(case, user):
        return reason
    if any(pause.ended_on is None for pause in case.pauses.all()):
        return gettext("The case is paused already. End that pause first.")
    return ""


def _away(case, user) -> str:
    return "" if is_with_platform(case) else gettext("The complaint is not with a platform.")


def _go(act: Act) -> None:
    platform = act.data["platform"]
    act.facts["worded"] = [platform.name, platform.name_en]
    pause_clocks(
        act.obj, reason=PauseReason.GREEN_CHANNEL, started_on=today(act), actor=act.actor, now=act.now,
        document=gettext("Referral to %(platform)s") % {"platform": platform},
    )  # fmt: skip


def _settle(act: Act) -> None:
    # the notices that are owed now would stand still with the terms that the pause holds
    end_open_pause(act.obj, on=today(act), actor=act.actor)
    end_by_parties(act)


def _come_back(act: Act) -> None:
    last = act.data.pop("last_on", None) or today(act)
    resume_clocks(act.obj, ended_on=last + DAY, actor=act.actor, now=act.now)


# imported referrals are of complaints in mediation, too
CHANNEL = CaseWorkflow(
    Transition(Verb.REFER_CHANNEL, _("Refer to a platform"), UNDECIDED, None, REFER, ("platform", "due_on"),
               guard=_may_go, effect=_go),
    Transition(Verb.SETTLE_CHANNEL, _("Record the settlement"), PAUSABLE, State.ENDED, ANSWER,
               takes=("represented_agree",), stamps=("ended_at",), guard=_away, effect=_settle),
    Transition(Verb.DECLINE_CHANNEL, _("Give back"), PAUSABLE, None, ANSWER, ("note",), (), guard=_away,
               effect=_come_back),
    Transition(Verb.RECALL_CHANNEL, _("Take back"), PAUSABLE, None, REFER, ("note",), (), guard=_away,
               effect=_come_back),
    # `last_on`: the last day of the platform, whenever this is found
    Transition(Verb.LAPSE_CHANNEL, _("Term over"), PAUSABLE, None, None, ("last_on",), (), guard=_away,
               effect=_come_back),
)  # fmt: skip


def leave_channel(case: Case, verb: str, *, actor, among, now: dt.datetime, **data) -> None:
    """Do `verb`, by which a complaint leaves the platform. One that its source has decided meanwhile stays as it is: no
    act of it, but its pause ends, so that terms which run, or run anew one day, do not stand still for ever. Errors as
    `perform_in_channel`."""
    if case.state in CHANNEL[verb].sources:
        perform_in_channel(case, verb, actor=actor, among=among, now=now, **data)
    elif is_with_platform(case):
        last = data.get("last_on") or timezone.localdate(now)
        resume_clocks(case, ended_on=last + DAY, actor=actor, now=now)


def perform_in_channel(case: Case, verb: str, *, actor, among, now: dt.datetime | None = None, **data):
    """Do `verb` of the green channel to a complaint among the rows `among`, on which the caller lets the actor work;
    returns the event. See core.workflow.Workflow.apply for what is checked and raised."""
    return CHANNEL.apply(case, verb, actor=actor, among=among, now=now, **data)
