"""Judicial confirmation: both parties ask a court to confirm their agreement, so that it can be enforced.

Every function locks the case first, then the agreement, then the confirmation. Sources: Civil Procedure Law, of which
the version in force on the day of the application counts; the interpretation of 2022, arts 351 to 358.
"""

import datetime as dt
from typing import NamedTuple

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cases.clocks import Due, RuleBook
from cases.domain import issue_document, issuing, open_document
from cases.domain.clocks import hold_calendar
from cases.enums import Addressee, DocumentForm, Regime
from cases.models import Case, Document
from cases.official_forms import ISSUE
from core import vault
from core.exceptions import DomainError
from core.refusals import refusal
from core.workflow import Act, Transition, Workflow
from core.working_days import DAY
from mediation.domain.mediating import cases_of
from mediation.domain.papers import AGENTS, document_of, mediators_in_words, terms_in_words
from mediation.domain.sessions import lock_case
from mediation.enums import (
    SOON_FROM,
    URGENT_FROM,
    ConfirmationState,
    ConfirmationVerb,
    DismissalGround,
    Urgency,
)
from mediation.models import Agreement, JudicialConfirmation
from mediation.querysets import is_of_court
from registry.enums import AgencyKind
from registry.models import Agency

ADD, CHANGE = "mediation.add_judicialconfirmation", "mediation.change_judicialconfirmation"
RULE = "mediation.rule_judicialconfirmation"
TERM = "confirmation.apply"
# the article on the application in each version of the Civil Procedure Law: as amended in 2012 and 2017, from 2022-01-01
# and from 2024-01-01 (the clock rule of the term names the law in full)
ARTICLES = {Regime.CPL2012: 194, Regime.CPL2021: 201, Regime.CPL2023: 205}
STANDING = (ConfirmationState.PREPARED, ConfirmationState.APPLIED, ConfirmationState.ACCEPTED)
WITH_COURT = (ConfirmationState.APPLIED, ConfirmationState.ACCEPTED)
NUMBER_LENGTH = JudicialConfirmation._meta.get_field("number").max_length


class Law(NamedTuple):
    """The Civil Procedure Law on some day: its article on the application, and its title with that article."""

    article: int
    basis: str


class Pressing(NamedTuple):
    """How pressing an application is: Urgency, whole days since the agreement took effect, and days until the last one
    (below zero once it is over)."""

    level: Urgency
    run: int
    left: int

    @property
    def words(self) -> str:
        if self.left < 0:
            return ngettext("Last day over for %(days)d day", "Last day over for %(days)d days", -self.left) % {
                "days": -self.left
            }
        return _("Day %(run)d, last day in %(left)d") % {"run": self.run, "left": self.left}


def urgency(confirmation: JudicialConfirmation, day: dt.date) -> Pressing | None:
    """How pressing the application is on `day`; None where there is none to be made any more. The same as
    ConfirmationQuerySet.pressing."""
    effective_on = confirmation.agreement.effective_on
    if confirmation.state != ConfirmationState.PREPARED or effective_on is None:
        return None
    return pressing(effective_on, confirmation.due_on, day)


def pressing(effective_on: dt.date, due_on: dt.date, day: dt.date) -> Pressing:
    """How pressing on `day` an application is whose thirty days began with `effective_on` and end with `due_on`."""
    run, left = (day - effective_on).days, (due_on - day).days
    if left < 0:
        level = Urgency.OVERDUE
    elif run >= URGENT_FROM:
        level = Urgency.URGENT
    else:
        level = Urgency.SOON if run >= SOON_FROM else Urgency.CALM
    return Pressing(level, run, left)


def law_on(day: dt.date, book: RuleBook | None = None) -> Law:
    """The law that governs an application made on `day`. Raises DomainError where none is known."""
    rule = (book or RuleBook.load()).rule(TERM, day)
    if rule is None or rule.regime not in ARTICLES:
        raise DomainError(_("No rule on judicial confirmation is known for %(date)s.") % {"date": day})
    return Law(ARTICLES[Regime(rule.regime)], rule.basis)


def term_from(effective_on: dt.date, book: RuleBook | None = None) -> Due:
    """The thirty days that begin with the effect of an agreement. Raises DomainError where no rule is known."""
    book = book or RuleBook.load()
    rule = book.rule(TERM, effective_on)
    if rule is None:
        raise DomainError(_("No rule on judicial confirmation is known for %(date)s.") % {"date": effective_on})
    return book.term(rule, effective_on)


def confirmable_since(day: dt.date) -> dt.date:
    """The first day on which an agreement may have taken effect for an application made on `day` to be in time. Raises
    DomainError where no rule is known."""
    book, since = RuleBook.load(), day
    while term_from(since - DAY, book).due_on >= day:
        since -= DAY
    return since


def prepare(
    agreement: Agreement, *, court: Agency, actor, now: dt.datetime | None = None, note: str = ""
) -> JudicialConfirmation:
    """Begin the confirmation of an agreement in effect with `court`. The term runs from the effect of the agreement,
    also where an earlier application was dismissed or not pursued; after its last day this is still possible, and the
    event says so.

    Raises PermissionDenied, and DomainError where the agreement is not in effect or its confirmation is under way.
    """
    now = now or timezone.now()
    today = timezone.localdate(now)
    with transaction.atomic():
        lock_case(agreement.case, actor, ADD)
        agreement = _locked(agreement.pk)
        if not agreement.is_in_effect:
            raise DomainError(
                _("Only an agreement in effect is confirmed; this one has the state “%(state)s”.")
                % {"state": agreement.get_state_display()}
            )
        if court.kind != AgencyKind.COURT or (court.valid_to and court.valid_to <= today):
            raise DomainError(_("Choose a court that exists."))
        hold_calendar()
        term = term_from(agreement.effective_on)
        confirmation = JudicialConfirmation(agreement=agreement, court=court, **term._asdict())
        try:
            with transaction.atomic():
                confirmation.save()
        except IntegrityError as error:
            raise DomainError(refusal(error)) from error
        confirmation.events.create(
            verb=ConfirmationVerb.PREPARE, before="", after=confirmation.state, actor=actor, at=now, note=note,
            data={"court": court.pk, "due_on": term.due_on.isoformat(), "late": today > term.due_on},
        )  # fmt: skip
    return confirmation


def act_on_confirmation(
    confirmation: JudicialConfirmation, verb: str, *, actor, now: dt.datetime | None = None, seen: int | None = None,
    **data,
):  # fmt: skip
    """Do `verb` about `confirmation`; returns the event. See core.workflow.Workflow.apply for what is checked and
    raised. A court's people see no case and act on what was applied for with their court."""
    with issuing(confirmation.agreement.case, actor):
        rows = JudicialConfirmation.objects.visible_to(actor).filter(pk=confirmation.pk)
        found = rows.values_list("agreement__case", "agreement").first()
        if found is None:
            raise PermissionDenied
        case, agreement = found
        Case.objects.select_for_update(of=("self",)).get(pk=case)
        _locked(agreement)
        return CONFIRMATION.apply(confirmation, verb, actor=actor, now=now, seen=seen, **data)


def issue_package(
    confirmation: JudicialConfirmation, *, actor, now: dt.datetime | None = None, note: str = "", **agents: str
) -> list[Document]:
    """Make out what the parties take to the court: the application and the mediators' certificate, which join the
    agreement's own document among the confirmation's papers. `agents`: AGENTS, who may be empty.

    Raises PermissionDenied; DomainError where the agreement has no document of its present wording, or the papers are
    made out already.
    """
    event = act_on_confirmation(confirmation, ConfirmationVerb.ISSUE, actor=actor, now=now, note=note, **agents)
    return list(confirmation.documents.filter(pk__in=event.data["documents"]).order_by("pk"))


def papers_for_court(user) -> QuerySet[Document]:
    """The papers that were made out for the court to which `user` belongs, of applications that are pursued. He reads
    them, though he sees no case."""
    if not (is_of_court(user) and user.has_perm(RULE)):
        return Document.objects.none()
    applied = JudicialConfirmation.objects.visible_to(user).exclude(state=ConfirmationState.WITHDRAWN)
    return Document.objects.filter(pk__in=applied.order_by().values("documents"), voided_at=None, sealed=False)


@transaction.atomic
def open_paper(confirmation: JudicialConfirmation, document: Document, *, actor, ip: str | None) -> bytes:
    """The file of one of the papers, after the access is logged. A court's people read what was made out for their
    court, others what they may know of the persons in it. Raises PermissionDenied, or PersonalDataError."""
    shown = JudicialConfirmation.objects.visible_to(actor).filter(pk=confirmation.pk, documents=document.pk)
    if not shown.exists():
        raise PermissionDenied
    among = papers_for_court(actor) if is_of_court(actor) else None
    return open_document(document, actor=actor, ip=ip, among=among)


def _locked(agreement: int) -> Agreement:
    return Agreement.objects.select_for_update(of=("self",)).get(pk=agreement)


# ---- guards and effects


def _in_effect(confirmation, user) -> str:
    return "" if confirmation.agreement.is_in_effect else _("The agreement is no longer in effect.")


def _may_issue(confirmation, user) -> str:
    if not user.has_perm(ISSUE):
        return _("You may not issue documents.")
    forms = [form for form, _asks in PACKAGE]
    if there := confirmation.documents.filter(form__in=forms, voided_at=None).first():
        return _("The papers are made out already, under %(number)s. Declare them void first.") % {
            "number": there.number
        }
    return _in_effect(confirmation, user)


def _not_enforced(confirmation, user) -> str:
    if confirmation.enforced_on is None:
        return ""
    return _("Enforcement was applied for on %(date)s.") % {"date": confirmation.enforced_on}


def _check_day(act: Act, name: str, first: dt.date, words) -> None:
    """Puts the day `name` into the changes. Raises DomainError where it lies before `first` or in the future."""
    day, today = act.data[name], timezone.localdate(act.now)
    if not first <= day <= today:
        raise DomainError(
            _("%(what)s: a day from %(first)s to %(last)s.") % {"what": words, "first": first, "last": today}
        )
    act.changes[name] = day


def _check_number(act: Act, name: str) -> None:
    if len(act.data[name]) > NUMBER_LENGTH:
        raise DomainError(_("A number has %(length)d characters at most.") % {"length": NUMBER_LENGTH})
    act.changes[name] = act.data[name]


def _apply(act: Act) -> None:
    """Both parties have applied. An application after the last day, by the calendar and the rule of today, is recorded,
    and is not in time."""
    agreement = act.obj.agreement
    _check_day(act, "applied_on", agreement.effective_on, _("Applied for on"))
    hold_calendar()
    book = RuleBook.load()
    law = law_on(act.data["applied_on"], book)
    if not act.data.get("both_parties"):
        raise DomainError(
            _("Both parties apply jointly (Civil Procedure Law, art %(article)d).") % {"article": law.article}
        )
    term = term_from(agreement.effective_on, book)
    in_time = act.data["applied_on"] <= term.due_on
    act.changes |= {"article": law.article, "in_time": in_time} | term._asdict()
    act.facts |= {"article": law.article, "in_time": in_time, "due_on": term.due_on.isoformat()}


def _accept(act: Act) -> None:
    _check_day(act, "accepted_on", act.obj.applied_on, _("Accepted by the court on"))
    _check_number(act, "number")


def _rule(act: Act) -> None:
    _check_day(act, "ruled_on", act.obj.accepted_on or act.obj.applied_on, _("Ruled on"))
    _check_number(act, "ruling")


def _dismiss(act: Act) -> None:
    _rule(act)
    if act.data["ground"] not in DismissalGround.values:
        raise DomainError(_("Choose the ground of the dismissal."))
    if act.data["ground"] == DismissalGround.OTHER and not act.data.get("note"):
        raise DomainError(_("Say in the note on which other ground."))
    act.changes["ground"] = act.data["ground"]


def _enforce(act: Act) -> None:
    """One party asks the court to enforce what it has confirmed, because the other does not perform it."""
    _check_day(act, "enforced_on", act.obj.ruled_on, _("Enforcement applied for on"))
    _check_number(act, "enforcement")
    owed = act.obj.agreement.instalments.filter(performed_on__isnull=True, due_on__lt=act.data["enforced_on"]).count()
    if not owed and not act.data.get("note"):
        raise DomainError(_("No instalment was overdue on that day. Say in the note what is to be enforced."))
    act.facts["overdue"] = owed


# each paper of the package with what it asks for
PACKAGE: tuple[tuple[DocumentForm, tuple[str, ...]], ...] = (
    (
        DocumentForm.COURT_APPLICATION,
        ("court", "terms", "mediated_on", "effective_on", "mediators", "legal_basis", *AGENTS),
    ),
    (DocumentForm.MEDIATOR_CERTIFICATE, ("court", "mediators", "mediated_on")),
)  # fmt: skip


def _issue(act: Act) -> None:
    confirmation, agreement = act.obj, act.obj.agreement
    of_agreement = document_of(agreement)
    if of_agreement is None:
        raise DomainError(_("The agreement has no document of its present wording. Issue it first."))
    values = {
        "court": confirmation.court.name, "terms": terms_in_words(agreement), "mediated_on": agreement.reached_on,
        "effective_on": agreement.effective_on, "mediators": mediators_in_words(agreement),
        "legal_basis": law_on(confirmation.applied_on or timezone.localdate(act.now)).basis,
    } | {name: act.data.pop(name, "") for name in AGENTS}  # fmt: skip
    made = []
    try:
        for form, asks in PACKAGE:
            made.append(issue_document(
                agreement.case, form=form, side=Addressee.COURT, values={name: values[name] for name in asks},
                actor=act.actor, now=act.now, among=cases_of(act.actor),
            ))  # fmt: skip
    except BaseException:
        for document in made:  # its row goes with the transaction
            vault.remove(document.file)
        raise
    confirmation.documents.add(of_agreement, *made)
    act.facts |= {"documents": [document.pk for document in made], "numbers": [document.number for document in made]}


CONFIRMATION = Workflow(
    Transition(ConfirmationVerb.ISSUE, gettext_lazy("Make out the papers"),
               (ConfirmationState.PREPARED, ConfirmationState.APPLIED), None, CHANGE, (), (*AGENTS, "note"),
               guard=_may_issue, effect=_issue),
    Transition(ConfirmationVerb.APPLY, gettext_lazy("Record the application"), (ConfirmationState.PREPARED,),
               ConfirmationState.APPLIED, CHANGE, ("applied_on",), ("both_parties", "note"),
               guard=_in_effect, effect=_apply),
    Transition(ConfirmationVerb.ACCEPT, gettext_lazy("Record the acceptance by the court"), (ConfirmationState.APPLIED,),
               ConfirmationState.ACCEPTED, RULE, ("number", "accepted_on"), effect=_accept),
    Transition(ConfirmationVerb.CONFIRM, gettext_lazy("Record the confirmation"), (ConfirmationState.ACCEPTED,),
               ConfirmationState.CONFIRMED, RULE, ("ruled_on", "ruling"), effect=_rule),
    Transition(ConfirmationVerb.DISMISS, gettext_lazy("Record the dismissal"), WITH_COURT,
               ConfirmationState.DISMISSED, RULE, ("ruled_on", "ruling", "ground"), effect=_dismiss, grave=True),
    Transition(ConfirmationVerb.WITHDRAW, gettext_lazy("Do not pursue it"), STANDING,
               ConfirmationState.WITHDRAWN, CHANGE, ("note",), (), grave=True),
    Transition(ConfirmationVerb.ENFORCE, gettext_lazy("Record the application for enforcement"),
               (ConfirmationState.CONFIRMED,), None, CHANGE, ("enforced_on", "enforcement"),
               guard=_not_enforced, effect=_enforce),
)  # fmt: skip
