"""What may be done to a case: one table of acts for each kind. Whatever is done to a case here goes through `perform`.

Sources: SAMR Order 20 and Order 121 (articles in the docstrings and notes), the provisions on penalty procedure for
reports. Outcome and legal ground are written apart: a settlement between the parties and a failure are both
terminations by law.
"""

import datetime as dt

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.domain import log_access
from accounts.enums import AccessAction
from accounts.models import User
from cases.clocks import REGIME_TERM
from cases.domain import recoveries
from cases.domain.clocks import (
    EXTENDED,
    ask_extension,
    change_regime,
    decide_extension,
    end_open_pause,
    pause_clocks,
    restart_clock,
    resume_clocks,
    start_clock,
    stop_clocks,
)
from cases.domain.parties import PERSONAL, ROLES, add_party, personal_data
from cases.domain.registration import FIRST_TERM, MEDIATION_TERM, custody, merchant_of, split_case
from cases.enums import (
    EXCLUDED_REASONS,
    FINAL_STATES,
    MEDIATED_STATES,
    NATIONAL_SOURCE,
    OPEN_STATES,
    PAUSE_REASONS,
    TOLD_BY,
    Body,
    GroundPurpose,
    IdentityCheck,
    Kind,
    NationalEntry,
    Outcome,
    PartyRole,
    PauseReason,
    Regime,
    Side,
    State,
    SupervisionKind,
    Verb,
)
from cases.models import CallBack, Case, CaseReference, ClockRule, Ground, Recovery, Supervision
from cases.querysets import sees_reporters
from core.exceptions import DomainError
from core.workflow import Act, Transition, Workflow
from registry.enums import AgencyKind
from registry.models import Agency

MAX_RETURNS = 2  # after so many returns the superior decides who is competent (Order 121 arts 33 and 41)
# from which grounds an act chooses
GROUNDS_OF = {
    Verb.REFUSE: GroundPurpose.REFUSE, Verb.FAIL: GroundPurpose.TERMINATE, Verb.TERMINATE: GroundPurpose.TERMINATE,
    Verb.NOT_FILE: GroundPurpose.NOT_FILE, Verb.DECLINE: GroundPurpose.DECLINE, Verb.RETURN: GroundPurpose.RETURN,
}  # fmt: skip
WITHDRAWN_OR_SETTLED = 1  # the position of that ground in each article on the end of mediation
OF_PARTIES = (Outcome.SETTLED, Outcome.WITHDRAWN)  # what a dispute ended on it counts as
FIRST_TERMS = tuple(FIRST_TERM.values())
LEAD_TERM = "lead.verify"
VERIFICATION = ("report.verify", LEAD_TERM)
NOTICE = "complaint.notify_end"
DISPUTE = "jurisdiction.settle"
NOT_HANDLED = (Verb.REGISTER, Verb.REOPEN)
CORRECTABLE = (
    "merchant", "category", "problem", "region", "platform", "goods", "brand", "order_number", "sales_mode",
    "occurred_on", "claimed",
)  # fmt: skip
# what the record there has, too, beside the state of the case: who handles it, facts, people, terms, demands
CARRIED_OVER = (
    Verb.DISPATCH, Verb.RETURN, Verb.CORRECT, Verb.SUPPLEMENT, Verb.JOIN, Verb.PAUSE, Verb.RESUME,
    Verb.GRANT_EXTENSION, Verb.CHANGE_REGIME, Verb.URGE, Verb.SUPERVISE, Verb.POST, Verb.PAY, Verb.REVERSE,
)  # fmt: skip


class CaseWorkflow(Workflow):
    """What is done here has to be done on the national platform, too (Order 121 art 40)."""

    def settle(self, act: Act, step: Transition) -> None:
        case = act.obj
        if step.target is not None:  # whoever decides is competent, and what is decided waits for nothing
            stop_clocks(case, DISPUTE, on=today(act), actor=act.actor, now=act.now)
            if step.target not in PAUSABLE:
                end_open_pause(case, on=today(act), actor=act.actor)
        if (step.target is not None or step.verb in CARRIED_OVER) and case.national_state == NationalEntry.ENTERED:
            act.changes["national_entry"] = NationalEntry.TO_UPDATE


def today(act: Act) -> dt.date:
    return timezone.localdate(act.now)


# ---- guards: why an act cannot be used now


def is_with_platform(case: Case) -> bool:
    """Whether a platform of the green channel has the complaint: its open pause says so."""
    return any(pause.ended_on is None and pause.reason == PauseReason.GREEN_CHANNEL for pause in case.pauses.all())


def not_with_platform(case, user) -> str:
    if is_with_platform(case):
        return gettext("The complaint is with a platform of the green channel. Take it back from there first.")
    return ""


def _here(guard=None):
    """The guard of an act for which a complaint must not be with a platform, and of what else it asks."""
    return lambda case, user: not_with_platform(case, user) or (guard(case, user) if guard else "")


def _is_handled(case, user) -> str:
    return "" if case.handling_id else gettext("The case must first be dispatched to an agency.")


def _returns(case) -> int:
    return sum(event.verb == Verb.RETURN for event in case.events.all())


def _may_return(case, user) -> str:
    if len(case.custodian.ancestor_ids) < 2:
        return gettext("There is no agency above this one to which the case could be returned.")
    if _returns(case) >= MAX_RETURNS:
        return gettext(
            "The case has been returned %(n)d times. The agency above decides who is competent; ask it."
        ) % {"n": MAX_RETURNS}
    return ""


def _may_dispatch(case, user) -> str:
    if user.agency is None or not case.custodian.path.startswith(user.agency.path):
        return gettext("Only an agency above the one that holds the case dispatches it.")
    if case.handling_id == user.agency_id and user.agency.kind == AgencyKind.STATION:
        return gettext("There is no agency below this one.")
    return ""


def _not_mine(case, user) -> str:
    return gettext("The case is yours already.") if case.officer_id == user.pk else ""


def _everyone_told(case, user) -> str:
    waiting = [clock for clock in case.clocks.all() if clock.stopped_on is None and clock.rule.code == NOTICE]
    return gettext("Both sides must be told first that mediation has ended.") if waiting else ""


def _someone_to_tell(case, user) -> str:
    told = (NOTICE, "report.inform")
    waiting = [clock for clock in case.clocks.all() if clock.stopped_on is None and clock.rule.code in told]
    return "" if waiting else gettext("Nobody has to be told anything of this case now.")


def _to_be_entered(case, user) -> str:
    if case.is_to_enter:
        return ""
    return gettext("There is nothing to enter on the national platform for this case.")


def handler_id(case: Case) -> int | None:
    """The person whose handling a call-back is about: the officer, else whoever closed the case."""
    if case.officer_id:
        return case.officer_id
    closing = [event for event in case.events.all() if event.after in FINAL_STATES and event.after != event.before]
    return max(closing, key=lambda event: event.pk).actor_id if closing else None


def _by_another(case, user) -> str:
    # the case may have had several, one after the other; to receive a case, or to open it again, is not to handle it
    moved = (event for event in case.events.all() if event.after != event.before and event.verb not in NOT_HANDLED)
    if user.pk in {handler_id(case), *(event.actor_id for event in moved)}:
        return gettext("Someone other than the handler of the case calls back (Order 121, art 26).")
    return ""


# ---- effects


def _ground(act: Act, purpose: str) -> Ground:
    ground = act.data["ground"]
    if not Ground.objects.for_case(act.obj, purpose).filter(pk=ground.pk).exists():
        raise DomainError(gettext("This ground does not exist under the rules that apply to the case."))
    act.changes["ground"] = ground.code
    _name_ground(act, ground)
    return ground


def _name_ground(act: Act, ground: Ground) -> None:
    """The event keeps the ground as it was worded then."""
    act.facts |= {"ground": ground.code, "worded": [ground.name, ground.name_en]}


def _dispatch(act: Act) -> None:
    """Intake sends a case down; a unit never passes it on sideways (Order 121 art 41)."""
    agency, case = act.data["agency"], act.obj
    if agency.pk == case.handling_id:
        raise DomainError(gettext("The case is with this agency already."))
    if not agency.path.startswith(act.actor.agency.path):
        raise DomainError(
            gettext(
                "A case is dispatched to your own agency or to one below it. To another one it goes through intake."
            )
        )
    if agency.valid_to and agency.valid_to <= today(act):
        raise DomainError(gettext("This agency no longer exists."))
    act.facts |= {"from": case.handling_id, "to": agency.name}
    stop_clocks(case, DISPUTE, on=today(act), actor=act.actor, now=act.now)
    act.changes |= custody(agency) | {"handling": agency, "officer": None, "department": ""}


def _return(act: Act) -> None:
    """A unit that is not competent sends the case back up (Order 121 art 41). With the last return that it may make, the
    two dispute the jurisdiction, which has a term of its own (art 33)."""
    case = act.obj
    if _returns(case) == MAX_RETURNS - 1 and case.body == Body.BUREAU:
        start_clock(case, DISPUTE, on=today(act), actor=act.actor, now=act.now)
    reason = act.data["ground"]
    if reason.purpose != GroundPurpose.RETURN:
        raise DomainError(gettext("Give one of the reasons for a return."))
    above = Agency.objects.get(pk=case.custodian.ancestor_ids[-2])
    act.facts |= {"from": case.handling_id, "to": above.name}
    _name_ground(act, reason)
    act.changes |= custody(above) | {"handling": None, "officer": None, "department": ""}
    if case.kind == Kind.REPORT:  # whoever gets it begins its verification anew; the term goes on
        act.changes |= {"state": State.REGISTERED, "accepted_at": None}


def officers_for(case: Case):
    """The active users who may handle `case`: of its custodian, or of an agency above."""
    above = users_who_handle().filter(agency__in=case.custodian.ancestor_ids)
    return above.order_by("agency__path", "last_name", "first_name", "pk")


def users_who_handle():
    """Active users whose roles let them handle cases, of whatever agency."""
    return User.objects.filter(
        is_active=True, groups__permissions__codename="handle_case",
        groups__permissions__content_type__app_label="cases",
    ).distinct()  # fmt: skip


def _assign(act: Act) -> None:
    officer = act.data["officer"]
    if officer.pk == act.obj.officer_id:
        raise DomainError(gettext("The case is with this officer already."))
    if not officers_for(act.obj).filter(pk=officer.pk).exists():
        raise DomainError(gettext("This person does not handle cases of this agency."))
    act.facts |= {"from": act.obj.officer_id, "to": officer.get_full_name()}
    act.changes["officer"] = officer


def _take(act: Act) -> None:
    act.facts["from"] = act.obj.officer_id
    act.changes["officer"] = act.actor


def _accept(act: Act) -> None:
    stop_clocks(act.obj, *FIRST_TERMS, on=today(act), actor=act.actor, now=act.now)
    if term := MEDIATION_TERM.get(act.obj.body):
        start_clock(act.obj, term, on=today(act), actor=act.actor, now=act.now)


def _refuse(act: Act) -> None:
    _ground(act, GroundPurpose.REFUSE)
    stop_clocks(act.obj, *FIRST_TERMS, on=today(act), actor=act.actor, now=act.now)


def _end(act: Act, outcome: str, *, told: bool) -> None:
    """The dispute is over: the outcome, the end of the term of mediation, and the notices that are now due."""
    case = act.obj
    _check_represented(act, outcome)
    act.changes["outcome"] = outcome
    stop_clocks(case, *FIRST_TERMS, *MEDIATION_TERM.values(), on=today(act), actor=act.actor, now=act.now)
    if told and case.body == Body.BUREAU and case.accepted_at:
        for side in (Side.COMPLAINANT, Side.RESPONDENT):
            start_clock(case, NOTICE, on=today(act), side=side, actor=act.actor, now=act.now)


def _check_represented(act: Act, outcome: str) -> None:
    """Representatives need the consent of the represented to change, waive or settle (Order 121 art 12)."""
    if outcome not in (Outcome.AGREEMENT, *OF_PARTIES) or act.data.get("represented_agree"):
        return
    if act.obj.parties.filter(role=PartyRole.CONSUMER).count() > 1:
        raise DomainError(
            gettext("In a joint complaint, those who are represented must have agreed. Confirm it.")
        )


def _agree(act: Act) -> None:
    _end(act, Outcome.AGREEMENT, told=False)


def _by_parties(act: Act) -> None:
    """By law a settlement between the parties and a withdrawal end mediation, too, on one ground."""
    grounds = Ground.objects.for_case(act.obj, GroundPurpose.TERMINATE).filter(position=WITHDRAWN_OR_SETTLED)
    act.changes["ground"] = grounds.values_list("code", flat=True).first() or ""


def end_by_parties(act: Act) -> None:
    """The parties have settled the dispute between themselves; what was never accepted was not mediated, either."""
    if act.obj.accepted_at:
        _by_parties(act)
    _end(act, Outcome.SETTLED, told=True)


def _withdraw(act: Act) -> None:
    if act.obj.accepted_at:
        _by_parties(act)
    _end(act, Outcome.WITHDRAWN, told=True)


def _fail(act: Act) -> None:
    ground = _ground(act, GroundPurpose.TERMINATE)
    if ground.outcome != Outcome.FAILED or ground.after_term:
        raise DomainError(
            gettext("On this ground mediation is terminated; it did not fail between the parties.")
        )
    _end(act, Outcome.FAILED, told=True)


def _terminate(act: Act) -> None:
    case = act.obj
    ground = _ground(act, GroundPurpose.TERMINATE)
    outcome = ground.outcome or act.data.get("outcome")
    if not outcome:
        raise DomainError(
            gettext("This ground does not tell what the dispute counts as. Give the outcome, too.")
        )
    if outcome == Outcome.FAILED and not ground.after_term and (refusal := _not_suspended(case, act.actor)):
        raise DomainError(refusal)
    if outcome == Outcome.AGREEMENT:
        raise DomainError(gettext("An agreement is no ground for ending mediation without one."))
    if ground.position == WITHDRAWN_OR_SETTLED and outcome not in OF_PARTIES:
        raise DomainError(gettext("On this ground the dispute is either settled by the parties or withdrawn."))
    if ground.after_term:
        running = case.clocks.filter(rule__code__in=MEDIATION_TERM.values(), stopped_on__isnull=True).first()
        if running and running.due_on >= today(act):
            raise DomainError(
                gettext(
                    "The term of mediation runs until %(date)s; this ground may be given from the day after."
                )
                % {"date": running.due_on.isoformat()}
                if running.paused_on is None
                else gettext(
                    "The term of mediation stands still; this ground may be given only once it has passed."
                )
            )
    _end(act, outcome, told=True)


def _inform(act: Act) -> None:
    told_on = act.data["told_on"]
    if act.data["means"] not in TOLD_BY:
        raise DomainError(gettext("Choose how the person was told."))
    if told_on > today(act):
        raise DomainError(gettext("The day of the notice lies in the future."))
    case, side = act.obj, act.data.get("side") or ""
    code = "report.inform" if case.kind == Kind.REPORT else NOTICE
    running = case.clocks.filter(rule__code=code, stopped_on__isnull=True)
    if case.kind == Kind.COMPLAINT:
        if not side:
            raise DomainError(gettext("Say which side was told."))
        running = running.filter(side=side)
    clock = running.first()
    if clock is None:
        raise DomainError(gettext("This side has been told already."))
    if told_on < clock.started_on:
        raise DomainError(
            gettext("The notice cannot be older than what it tells, of %(date)s.")
            % {"date": clock.started_on.isoformat()}
        )
    stop_clocks(case, code, on=told_on, side=side, actor=act.actor, now=act.now)


def _answer(act: Act) -> None:
    act.changes["outcome"] = Outcome.ANSWERED


def _reopen(act: Act) -> None:
    """What was decided is open again; events and history keep how it had ended."""
    case = act.obj
    act.facts |= {"outcome": case.outcome, "ground": case.ground}
    act.changes |= {"outcome": "", "ground": "", "closed_at": None, "ended_at": None}
    stop_clocks(case, NOTICE, "report.inform", on=today(act), actor=act.actor, now=act.now)
    if case.kind == Kind.COMPLAINT:
        refused = case.accepted_at is None
        act.changes["state"] = State.REGISTERED if refused else State.ACCEPTED
        if refused:
            act.changes["decided_at"] = None
        term = FIRST_TERM.get((case.kind, case.body)) if refused else MEDIATION_TERM.get(case.body)
    elif case.kind == Kind.REPORT:
        begun = case.accepted_at is not None
        act.changes |= {"state": State.ACCEPTED if begun else State.REGISTERED, "decided_at": None}
        term = _verification(case) if case.body == Body.BUREAU else None
    else:
        act.changes["state"], term = State.REGISTERED, None
    if term:
        restart(case, term, act, note=act.data["note"])


def restart(case: Case, code: str, act: Act, *, on: dt.date | None = None, note: str = "") -> None:
    """Let the term `code` run anew from `on`, today unless told."""
    restart_clock(case, code, on=on or today(act), actor=act.actor, now=act.now, note=note)


def _verification(case: Case) -> str:
    """The term in which a report is verified: from receipt, or, of a lead found in mediation, from discovery."""
    is_lead = case.clocks.filter(rule__code__in=(LEAD_TERM, EXTENDED[LEAD_TERM])).exists()
    return LEAD_TERM if is_lead else FIRST_TERM[Kind.REPORT, Body.BUREAU]


def _file(act: Act) -> None:
    _decided(act)


def _not_file(act: Act) -> None:
    _ground(act, GroundPurpose.NOT_FILE)
    _decided(act)


def _decided(act: Act) -> None:
    """The verification is over; a reporter who gave his name is told (Order 20 art 31)."""
    case = act.obj
    stop_clocks(case, *VERIFICATION, on=today(act), actor=act.actor, now=act.now)
    if any(personal_data(party).get("name") for party in case.parties.filter(role=PartyRole.REPORTER)):
        start_clock(case, "report.inform", on=today(act), actor=act.actor, now=act.now)


def _decline(act: Act) -> None:
    _ground(act, GroundPurpose.DECLINE)
    _decided(act)


def _knows_repeats(case, user) -> str:
    if case.regime == Regime.ORDER121:
        return ""
    return gettext("That repeats are not handled again is a rule of Order 121 (art 35); this report is older.")


def _merge(act: Act) -> None:
    """A repeat of an earlier report (Order 121 art 35): with new facts the two are handled together and the term of the
    earlier one runs anew from the last report; without, it is not handled again. A repeat is the same reporter's on the
    same target; that the facts are the same, the officer says."""
    case, earlier = act.obj, act.data["target"]
    rows = Case.objects.visible_to(act.actor).select_for_update(of=("self",))
    earlier = rows.filter(pk=earlier.pk).first()
    if earlier is None or earlier.pk == case.pk or earlier.kind != Kind.REPORT:
        raise DomainError(gettext("Choose an earlier report that you may see."))
    if earlier.received_at > case.received_at:
        raise DomainError(
            gettext("The earlier report was received after this one. Merge that one into this.")
        )
    if into := _merged_into(earlier):
        raise DomainError(
            gettext("The report %(number)s has itself been merged as a repeat, into %(into)s. Choose that one.")
            % {"number": earlier.number, "into": into}
        )
    if not _same_target(case, earlier):
        raise DomainError(gettext("The two reports are about different merchants, so neither repeats the other."))
    if not _same_reporter(case, earlier):
        raise DomainError(
            gettext(
                "No telephone or identity number shows that the two reports come from the same person, so this one is "
                "handled as a report of its own."
            )
        )
    new_facts = bool(act.data.get("new_facts"))
    if new_facts and earlier.state not in (State.REGISTERED, State.ACCEPTED):
        raise DomainError(
            gettext(
                "The earlier report %(number)s has been decided. New facts are handled as a report of their own."
            )
            % {"number": earlier.number}
        )
    stop_clocks(case, *VERIFICATION, on=today(act), actor=act.actor, now=act.now)
    act.changes |= {"outcome": Outcome.OTHER, "origin": earlier}
    act.facts["number"] = earlier.number
    act.data.pop("target")
    if new_facts:
        restart(earlier, _verification(earlier), act, on=case.received_on, note=case.number)
    earlier.events.create(
        verb=Verb.RECEIVE_REPEAT, before=earlier.state, after=earlier.state, actor=act.actor, at=act.now,
        data={"number": case.number, "new_facts": new_facts},
    )  # fmt: skip


def _merged_into(case: Case) -> str:
    """The number of the report into which `case` is merged; empty where it stands for itself."""
    last = case.events.exclude(before=F("after")).order_by("-pk").first()
    return last.data["number"] if last and last.verb == Verb.MERGE else ""


def _same_target(case: Case, earlier: Case) -> bool:
    if case.merchant_id or earlier.merchant_id:
        return case.merchant_id == earlier.merchant_id
    return bool(case.merchant_written) and case.merchant_written == earlier.merchant_written


def _same_reporter(case: Case, earlier: Case) -> bool:
    """Whether a number of a reporter is one of the other's; no number tells nothing (NULL is equal to none)."""
    reporters, of_earlier = (one.parties.filter(role=PartyRole.REPORTER) for one in (case, earlier))
    return of_earlier.filter(
        Q(phone_hash__in=reporters.values("phone_hash")) | Q(id_number_hash__in=reporters.values("id_number_hash"))
    ).exists()


def is_split(case: Case) -> bool:
    """Whether the case is one half of a mixed submission. A lead found in its mediation is no half."""
    return any(
        event.verb == Verb.SPLIT and not event.data.get("lead") or event.data.get("split_from")
        for event in case.events.all()
    )


def _may_find_leads(case, user) -> str:
    if case.body != Body.BUREAU:
        return gettext("Reports are verified by bureaus. Hand the lead over to the local bureau.")
    return ""


def _may_split_report(case, user) -> str:
    if is_split(case):
        return gettext("This case has been split already.")
    if not sees_reporters(user):
        # the reporter becomes a complainant, whom more people may know
        return gettext("Only those who may know the reporter can split a complaint off the report.")
    return ""


def _split(act: Act) -> None:
    """A mixed submission becomes a complaint and a report (Order 121 art 9); a lead found in mediation a report of its
    own (art 27), verified from its discovery. Both are owed whatever has become of the complaint."""
    case, received_at = act.obj, act.obj.received_at
    lead, found_on = bool(act.data.get("lead")), act.data.pop("found_on", None) or today(act)
    if not lead and is_split(case):
        raise DomainError(
            gettext("This case has been split already. What was found since is a lead found in mediation: say so.")
        )
    if lead:
        if not case.received_on <= found_on <= today(act):
            raise DomainError(gettext("The lead was found between the receipt of the case and today."))
        act.facts["found_on"] = found_on.isoformat()
        start_of_day = timezone.make_aware(dt.datetime.combine(found_on, dt.time.min))
        received_at = act.now if found_on == today(act) else max(start_of_day, case.received_at)
    if case.kind == Kind.REPORT:
        log_access(
            user=act.actor, action=AccessAction.REVEAL, target=case.number, fields="name, phone, address, id_number",
            reason=gettext("A complaint was split off the report."),
        )  # fmt: skip
    kind = Kind.REPORT if case.kind == Kind.COMPLAINT else Kind.COMPLAINT
    people = (
        [] if lead else [personal_data(p) for p in case.parties.exclude(role=PartyRole.PROXY).order_by("pk")]
    )
    half = split_case(
        case, kind=kind, people=people, received_at=received_at, narrative=act.data.get("text") or case.narrative,
        actor=act.actor, now=act.now, first_term=LEAD_TERM if lead else None,
    )  # fmt: skip
    act.facts["number"] = half.number
    act.data.pop("text", None)  # it stands in the new case; events keep no narratives


def _join(act: Act) -> None:
    """One more person of a joint complaint (Order 121 art 12), or an authorised representative (art 11)."""
    personal = {name: act.data.pop(name, "") for name in PERSONAL}
    role = act.data["role"]
    if role not in (ROLES[act.obj.kind], PartyRole.PROXY):
        raise DomainError(gettext("A case of this kind has no such party."))
    if not personal["name"]:
        raise DomainError(gettext("Give the name of the person."))
    if not personal["id_number"]:
        personal["id_type"] = ""
    party = add_party(act.obj, role=role, personal=personal)
    act.facts["party"] = party.pk


def _has_people(case, user) -> str:
    return "" if case.parties.all() else gettext("Nobody is recorded on this case.")


def _is_joint(case, user) -> str:
    if sum(party.role == PartyRole.CONSUMER for party in case.parties.all()) > 1:
        return ""
    return gettext("Representatives act for several complainants (Order 121, art 12). Add the others first.")


def _represent(act: Act) -> None:
    """One or two of several complainants act for all (Order 121 art 12)."""
    chosen = list(act.data["representatives"])
    consumers = act.obj.parties.filter(role=PartyRole.CONSUMER)
    if len(chosen) > 2 or consumers.filter(pk__in=[p.pk for p in chosen]).count() != len(chosen):
        raise DomainError(gettext("Choose one or two of the complainants."))
    consumers.update(representative=None)
    for n, party in enumerate(chosen, start=1):
        consumers.filter(pk=party.pk).update(representative=n)


def _check_identity(act: Act) -> None:
    party = act.data["party"]
    if act.data["identity"] not in IdentityCheck.values or not act.obj.parties.filter(pk=party.pk).exists():
        raise DomainError(gettext("Choose a person of this case."))
    act.obj.parties.filter(pk=party.pk).update(identity=act.data["identity"])


def _correct(act: Act) -> None:
    case, changed = act.obj, {}
    if (name := act.data.pop("merchant_written", "")) and act.data.get("merchant") is None:
        act.data["merchant"] = merchant_of(name, region=act.data.get("region") or case.region, now=act.now)
    for name in CORRECTABLE:
        value = act.data.pop(name, None)
        if value is not None and value != getattr(case, name):
            before = getattr(case, name)
            changed[name] = [getattr(before, "pk", before), getattr(value, "pk", value)]
            act.changes[name] = value
    if not changed:
        raise DomainError(gettext("Nothing is different from what is stored."))
    act.facts["changed"] = {
        name: [None if v is None else str(v) for v in pair] for name, pair in changed.items()
    }


def _supplement(act: Act) -> None:
    """What is learnt later is added to the narrative; what was said first stays."""
    text = act.data.pop("text")
    stamp = timezone.localtime(act.now).strftime("%Y-%m-%d %H:%M")
    act.changes["narrative"] = f"{act.obj.narrative}\n\n[{stamp}] {text}".strip()


def _supervision(kind: str):
    def effect(act: Act) -> None:
        if act.data["reply_due_on"] < today(act):
            raise DomainError(gettext("The day of the reply lies in the past."))
        made = Supervision.objects.create(
            case=act.obj, kind=kind, text=act.data.pop("text"), reply_due_on=act.data["reply_due_on"],
            actor=act.actor, at=act.now,
        )  # fmt: skip
        act.facts["supervision"] = made.pk

    return effect


def _unanswered(case, user) -> str:
    if any(made.replied_at is None for made in case.supervisions.all()):
        return ""
    return gettext("No reply is due on this case.")


def _reply(act: Act) -> None:
    made = act.obj.supervisions.select_for_update().filter(pk=act.data["supervision"].pk).first()
    if made is None or made.replied_at is not None:
        raise DomainError(gettext("This has been answered already."))
    made.reply, made.replied_by, made.replied_at = act.data.pop("text"), act.actor, act.now
    made.save(update_fields=["reply", "replied_by", "replied_at"])


def _call_back(act: Act) -> None:
    handler = handler_id(act.obj)
    reached = act.data["reached"] == "yes"
    if not reached and act.data.get("satisfaction"):
        raise DomainError(gettext("Someone who was not reached has not said how satisfied he is."))
    made = CallBack.objects.create(
        case=act.obj, at=act.now, actor=act.actor, handler_id=handler, reached=reached,
        satisfaction=act.data.get("satisfaction", ""), note=act.data.get("note", ""),
    )  # fmt: skip
    act.facts["call_back"] = made.pk


def _enter_national(act: Act) -> None:
    case, number = act.obj, act.data.get("number", "")
    known = case.source == NATIONAL_SOURCE or case.references.filter(source=NATIONAL_SOURCE).exists()
    if number:
        owner = Case.objects.filter(source=NATIONAL_SOURCE, external_number=number).values_list("pk", flat=True).first()
        if owner is None:
            # where another case is just being given the number, this waits, and sees whose it is
            CaseReference.objects.bulk_create(
                [CaseReference(case=case, source=NATIONAL_SOURCE, number=number)], ignore_conflicts=True
            )
            owner = CaseReference.objects.values_list("case", flat=True).get(source=NATIONAL_SOURCE, number=number)
        if owner != case.pk:
            raise DomainError(
                gettext("The number %(number)s cannot be that of this case. Compare it once more.") % {"number": number}
            )
    elif not known:
        raise DomainError(gettext("Give the number under which the national platform has the case."))
    act.changes["national_entry"] = NationalEntry.ENTERED


def _standing_still(case, user) -> str:
    if any(pause.ended_on is None for pause in case.pauses.all()):
        return not_with_platform(case, user)
    return gettext("No term of this case stands still.")


def _running_on(case, user) -> str:
    if any(pause.ended_on is None for pause in case.pauses.all()):
        return not_with_platform(case, user) or gettext("The case is paused already. End that pause first.")
    return ""


def pause_reasons(case) -> list[PauseReason]:
    """For what `case` can be paused now: for a recusal, which moves no term, and for what a running term leaves out."""
    leaves_out = any(clock.stopped_on is None and clock.rule.pauses for clock in case.clocks.all())
    return [reason for reason in PAUSE_REASONS[case.kind] if leaves_out or reason not in EXCLUDED_REASONS]


def _may_pause(case, user) -> str:
    if pause_reasons(case):
        return _running_on(case, user)
    return gettext("No running term of this case leaves out such a time.")


def _not_suspended(case, user) -> str:
    if any(pause.ended_on is None and pause.reason == PauseReason.RECUSAL for pause in case.pauses.all()):
        return gettext("Mediation waits for the decision on an application for recusal (Order 121, art 21).")
    return ""


def _pause(act: Act) -> None:
    if act.data["reason"] not in PAUSE_REASONS[act.obj.kind]:
        raise DomainError(gettext("No term of such a case stands still for this reason."))
    pause_clocks(
        act.obj, reason=act.data["reason"], started_on=act.data["started_on"], document=act.data["document"],
        note=act.data.get("note", ""), actor=act.actor, now=act.now,
    )  # fmt: skip


def _resume(act: Act) -> None:
    resume_clocks(
        act.obj, ended_on=act.data["ended_on"], note=act.data.get("note", ""), actor=act.actor, now=act.now
    )


def _extendable(case, user) -> str:
    if any(extension.granted is None for extension in case.extensions.all()):
        return gettext("An extension has been asked for and is not decided yet.")
    if any(clock.stopped_on is None and clock.rule.code in EXTENDED for clock in case.clocks.all()):
        return ""
    return gettext("No term of this case can be extended.")


def _ask_extension(act: Act) -> None:
    running = act.obj.clocks.filter(stopped_on=None, rule__code__in=EXTENDED)
    code = running.values_list("rule__code", flat=True).first()  # there is one, as `_extendable` has seen
    ask_extension(act.obj, code, reason=act.data["note"], actor=act.actor, now=act.now)


def _extension_asked(case, user) -> str:
    asked = [extension for extension in case.extensions.all() if extension.granted is None]
    if not asked:
        return gettext("No extension has been asked for.")
    if asked[0].asked_by_id == user.pk:
        return gettext("Whoever asks for an extension cannot decide on it. Ask a colleague.")
    return ""


def _decide(granted: bool):
    def effect(act: Act) -> None:
        asked = act.obj.extensions.get(granted=None)
        act.facts["asked_by"] = asked.asked_by_id
        decide_extension(
            asked, granted=granted, reason=act.data.get("note", ""), actor=act.actor, now=act.now
        )

    return effect


def regimes_of(case: Case) -> list[str]:
    """The rules under which a case of this kind and body can stand."""
    versions = ClockRule.objects.filter(code=REGIME_TERM.get((case.kind, case.body), ""))
    return list(versions.order_by("valid_from").values_list("regime", flat=True).distinct())


def _has_other_rules(case, user) -> str:
    if case.body == Body.BUREAU or len(regimes_of(case)) > 1:
        return ""
    return gettext("There are no other rules for a case of this kind and body.")


def _change_regime(act: Act) -> None:
    if act.data["regime"] not in regimes_of(act.obj):
        raise DomainError(gettext("No case of this kind and body stands under these rules."))
    act.facts["from"] = act.obj.regime
    change_regime(act.obj, regime=act.data["regime"], reason=act.data["note"], actor=act.actor, now=act.now)


# ---- the tables

ANY_STATE = (*OPEN_STATES, *FINAL_STATES)
PAUSABLE = (State.REGISTERED, State.ACCEPTED, State.MEDIATING)
BEFORE_END = (State.REGISTERED, State.ACCEPTED, State.MEDIATING, State.FILED)
UNDECIDED = (State.REGISTERED, State.ACCEPTED)
CLOSE = pgettext_lazy("act on a case", "Close")  # elsewhere a window or a page is closed
HANDLE, MEDIATE, APPROVE = "cases.handle_case", "cases.mediate_case", "cases.approve_case"
POST = "cases.post_recovery"


# what is accepted has been found to be one's own; a report may turn out not to be while it is verified
def intake(*returnable: str) -> tuple[Transition, ...]:
    return (
        Transition(Verb.DISPATCH, _("Dispatch"), UNDECIDED, None, "cases.dispatch_case", ("agency",),
                   guard=_here(_may_dispatch), effect=_dispatch, bulk=True),
        Transition(Verb.RETURN, _("Return to intake"), returnable, None, HANDLE, ("ground", "note"), (),
                   guard=_here(_may_return), effect=_return, bulk=True),
        Transition(Verb.TAKE, _("Take over"), OPEN_STATES, None, HANDLE, guard=_not_mine, effect=_take, bulk=True),
        Transition(Verb.ASSIGN, _("Assign"), OPEN_STATES, None, "cases.assign_case", ("officer",), effect=_assign,
                   bulk=True),
    )  # fmt: skip


AROUND = (
    Transition(Verb.SUPPLEMENT, _("Add to the narrative"), OPEN_STATES, None, HANDLE, ("text",), (),
               effect=_supplement),
    Transition(Verb.CORRECT, _("Correct the facts"), ANY_STATE, None, HANDLE, ("note",),
               (*CORRECTABLE, "merchant_written"), effect=_correct),
    Transition(Verb.JOIN, _("Add a person"), BEFORE_END, None, HANDLE, ("role", "name"),
               ("phone", "address", "id_type", "id_number", "note"), effect=_join),
    Transition(Verb.CHECK_IDENTITY, _("Check the identity"), BEFORE_END, None, HANDLE, ("party", "identity"),
               guard=_has_people, effect=_check_identity),
    Transition(Verb.URGE, _("Record an urging"), OPEN_STATES, None, HANDLE, ("text", "reply_due_on"), (),
               effect=_supervision(SupervisionKind.URGE)),
    Transition(Verb.SUPERVISE, _("Supervise"), OPEN_STATES, None, "cases.supervise_case", ("text", "reply_due_on"), (),
               effect=_supervision(SupervisionKind.SUPERVISE), bulk=True),
    Transition(Verb.REPLY, _("Reply"), ANY_STATE, None, HANDLE, ("supervision", "text"), (), guard=_unanswered,
               effect=_reply),
    Transition(Verb.CALL_BACK, _("Call back"), FINAL_STATES, None, "cases.call_back_case", ("reached",),
               ("satisfaction", "note"), guard=_by_another, effect=_call_back),
    Transition(Verb.ENTER_NATIONAL, _("Record that it is entered"), ANY_STATE, None, HANDLE, (),
               ("number", "note"), guard=_to_be_entered, effect=_enter_national),
    Transition(Verb.REOPEN, _("Reopen"), FINAL_STATES, State.REGISTERED, APPROVE, ("note",), (), effect=_reopen,
               grave=True),
)  # fmt: skip


# a term stands still for an appraisal or a test; another person than the one who asks decides on a longer one
def terms(*sources: str, by: str) -> tuple[Transition, ...]:
    return (
        Transition(Verb.PAUSE, _("Pause the term"), sources, None, by, ("reason", "started_on", "document"),
                   guard=_may_pause, effect=_pause),
        Transition(Verb.RESUME, _("Resume the term"), sources, None, by, ("ended_on",), guard=_standing_still,
                   effect=_resume),
        Transition(Verb.CHANGE_REGIME, _("Apply other rules"), OPEN_STATES, None, APPROVE, ("regime", "note"), (),
                   guard=_has_other_rules, effect=_change_regime, grave=True),
    )  # fmt: skip


EXTENSION = (
    Transition(Verb.ASK_EXTENSION, _("Ask for an extension"), UNDECIDED, None, HANDLE, ("note",), (),
               guard=_extendable, effect=_ask_extension),
    Transition(Verb.GRANT_EXTENSION, _("Grant the extension"), UNDECIDED, None, APPROVE, guard=_extension_asked,
               effect=_decide(granted=True)),
    Transition(Verb.DENY_EXTENSION, _("Deny the extension"), UNDECIDED, None, APPROVE, ("note",), (),
               guard=_extension_asked, effect=_decide(granted=False)),
)  # fmt: skip

# what was recovered is posted while the dispute is settled and for as long afterwards as it is performed
POSTABLE = (*MEDIATED_STATES, State.ENDED, State.CLOSED)
RECOVERIES = (
    Transition(Verb.POST, _("Post a recovery"), POSTABLE, None, POST,
               ("recovery_kind", "amount", "recovery_status", "recovery_means", "evidence"), ("posted_on", "note"),
               effect=recoveries.post),
    Transition(Verb.PAY, _("Record a payment"), POSTABLE, None, POST, ("recovery", "evidence"),
               ("amount", "paid_on", "recovery_means", "note"), guard=recoveries.is_promised, effect=recoveries.pay),
    Transition(Verb.REVERSE, _("Reverse a posting"), POSTABLE, None, POST, ("recovery", "note"), (),
               guard=recoveries.can_be_reversed, effect=recoveries.reverse, grave=True),
)  # fmt: skip

REPRESENTED = ("represented_agree", "note")
COMPLAINT = CaseWorkflow(
    *intake(State.REGISTERED),
    Transition(Verb.ACCEPT, _("Accept"), (State.REGISTERED,), State.ACCEPTED, HANDLE,
               stamps=("decided_at", "accepted_at"), guard=_here(_is_handled), effect=_accept, bulk=True),
    Transition(Verb.REFUSE, _("Do not accept"), (State.REGISTERED,), State.REFUSED, HANDLE, ("ground", "note"), (),
               stamps=("decided_at", "closed_at"), guard=_here(_is_handled), effect=_refuse, grave=True, bulk=True),
    Transition(Verb.MEDIATE, _("Begin mediation"), (State.ACCEPTED,), State.MEDIATING, MEDIATE,
               ("mode", "both_consent"), guard=_here(_not_suspended)),
    Transition(Verb.AGREE, _("Agreement reached"), (State.MEDIATING,), State.ENDED, MEDIATE, takes=REPRESENTED,
               stamps=("ended_at",), guard=_here(_not_suspended), effect=_agree),
    Transition(Verb.SETTLE, _("Settled by the parties"), MEDIATED_STATES, State.ENDED, MEDIATE, takes=REPRESENTED,
               stamps=("ended_at",), guard=_here(), effect=end_by_parties),
    Transition(Verb.FAIL, _("No agreement"), MEDIATED_STATES, State.ENDED, MEDIATE, ("ground",), stamps=("ended_at",),
               guard=_here(_not_suspended), effect=_fail),
    Transition(Verb.WITHDRAW, _("Withdraw the complaint"), (State.REGISTERED, *MEDIATED_STATES), State.ENDED, MEDIATE,
               takes=REPRESENTED, stamps=("ended_at",), guard=_here(), effect=_withdraw),
    Transition(Verb.TERMINATE, _("Terminate mediation"), MEDIATED_STATES, State.ENDED, HANDLE, ("ground",),
               ("outcome", *REPRESENTED), stamps=("ended_at",), guard=_here(), effect=_terminate, grave=True, bulk=True),
    Transition(Verb.INFORM, _("Record a notice"), (State.ENDED,), None, MEDIATE, ("side", "means", "told_on"),
               guard=_someone_to_tell, effect=_inform),
    Transition(Verb.CLOSE, CLOSE, (State.ENDED,), State.CLOSED, HANDLE, stamps=("closed_at",),
               guard=_everyone_told, bulk=True),
    Transition(Verb.SPLIT, _("Split"), ANY_STATE, None, HANDLE, (), ("lead", "found_on", "text", "note"),
               guard=_may_find_leads, effect=_split),
    Transition(Verb.REPRESENT, _("Name representatives"), BEFORE_END, None, HANDLE, ("representatives",),
               guard=_is_joint, effect=_represent),
    *RECOVERIES,
    *terms(*MEDIATED_STATES, by=MEDIATE),
    *AROUND,
)  # fmt: skip

DECIDED = (State.FILED, State.NOT_FILED, State.REFUSED, State.CLOSED)
REPORT = CaseWorkflow(
    *intake(*UNDECIDED),
    Transition(Verb.VERIFY, _("Begin verification"), (State.REGISTERED,), State.ACCEPTED, HANDLE,
               stamps=("accepted_at",), guard=_is_handled, bulk=True),
    Transition(Verb.FILE, _("File for investigation"), (State.ACCEPTED,), State.FILED, HANDLE, (),
               ("number", "note"), stamps=("decided_at",), guard=_is_handled, effect=_file),
    Transition(Verb.NOT_FILE, _("Do not file"), (State.ACCEPTED,), State.NOT_FILED, HANDLE, ("ground", "note"), (),
               stamps=("decided_at", "closed_at"), guard=_is_handled, effect=_not_file, grave=True, bulk=True),
    Transition(Verb.DECLINE, _("Do not take up"), UNDECIDED, State.REFUSED, HANDLE, ("ground", "note"), (),
               stamps=("decided_at", "closed_at"), effect=_decline, grave=True, bulk=True),
    Transition(Verb.MERGE, _("Merge as a repeat"), UNDECIDED, State.CLOSED, HANDLE, ("target", "note"),
               ("new_facts",), stamps=("ended_at", "closed_at"), guard=_knows_repeats, effect=_merge, grave=True),
    Transition(Verb.INFORM, _("Record a notice"), DECIDED, None, HANDLE, ("means", "told_on"),
               guard=_someone_to_tell, effect=_inform),
    Transition(Verb.CLOSE, CLOSE, (State.FILED,), State.CLOSED, HANDLE, ("note",), (), stamps=("closed_at",),
               bulk=True),
    Transition(Verb.SPLIT, _("Split"), UNDECIDED, None, HANDLE, (), ("text", "note"), guard=_may_split_report,
               effect=_split),
    *EXTENSION,
    *terms(*UNDECIDED, by=HANDLE),
    *AROUND,
)  # fmt: skip

INQUIRY = CaseWorkflow(
    *intake(State.REGISTERED),
    Transition(Verb.ANSWER, _("Answer"), UNDECIDED, State.ENDED, HANDLE, ("note",), (), stamps=("ended_at",),
               effect=_answer),
    Transition(Verb.CLOSE, CLOSE, (State.ENDED,), State.CLOSED, HANDLE, stamps=("closed_at",), bulk=True),
    *AROUND,
)  # fmt: skip

WORKFLOWS: dict[str, CaseWorkflow] = {Kind.COMPLAINT: COMPLAINT, Kind.REPORT: REPORT, Kind.INQUIRY: INQUIRY}


def available_acts(case: Case, user) -> list[Transition]:
    """What `user` can do with `case` now."""
    return WORKFLOWS[case.kind].available(case, user)


def perform(
    case: Case, verb: str, *, actor, now: dt.datetime | None = None, seen: int | None = None, among=None, **data
):
    """Do `verb` to `case`; returns the event. See core.workflow.Workflow.apply for what is checked and raised."""
    with transaction.atomic():
        if verb == Verb.MERGE and isinstance(data.get("target"), Case):
            # both rows in the order of their ids, so that two merges that cross never wait for each other
            ids = sorted({case.pk, data["target"].pk})
            list(
                Case.objects.filter(pk__in=ids)
                .order_by("pk")
                .select_for_update(of=("self",))
                .values_list("pk")
            )
        return WORKFLOWS[case.kind].apply(case, verb, actor=actor, now=now, seen=seen, among=among, **data)


def post_recovery(
    case: Case, *, amount, kind: str, status: str, means: str, evidence: str, actor, posted_on: dt.date | None = None,
    reason: str = "", now: dt.datetime | None = None, among=None,
) -> Recovery:  # fmt: skip
    """Post what a consumer got back, in yuan: `kind`, `status` and `means` as in RecoveryKind, RecoveryStatus and
    RecoveryMeans. Raises PermissionDenied, and DomainError as the act does."""
    event = perform(
        case, Verb.POST, actor=actor, now=now, among=among, amount=amount, recovery_kind=kind, recovery_status=status,
        recovery_means=means, evidence=evidence, posted_on=posted_on, note=reason,
    )  # fmt: skip
    return Recovery.objects.get(pk=event.data["recovery"])


def pay_recovery(
    promise: Recovery, *, evidence: str, actor, amount=None, paid_on: dt.date | None = None,
    now: dt.datetime | None = None, among=None,
) -> Recovery:  # fmt: skip
    """Record that a promise was kept, whole or with `amount` in part. Returns the posting of what was paid; what is
    still promised is a posting of its own. Errors as `post_recovery`."""
    event = perform(
        promise.case, Verb.PAY, actor=actor, now=now, among=among, recovery=promise, amount=amount, paid_on=paid_on,
        evidence=evidence,
    )  # fmt: skip
    return Recovery.objects.get(pk=event.data["recovery"])


def reverse_recovery(
    recovery: Recovery, *, reason: str, actor, now: dt.datetime | None = None, among=None
) -> Recovery:
    """Take a posting back, whole; returns its reversal. Errors as `post_recovery`; DomainError for what is a reversal
    itself or has been taken back."""
    event = perform(recovery.case, Verb.REVERSE, actor=actor, now=now, among=among, recovery=recovery, note=reason)
    return Recovery.objects.get(pk=event.data["reversal"])
