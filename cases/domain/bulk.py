"""One act on many cases: chosen and fixed, confirmed, done row by row.

Each row is a transaction of its own that holds the act and what became of it, so that a run may be killed between any
two rows, and several may work at once. One row that is refused or fails stops no other.
"""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import OuterRef, Prefetch, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from cases.domain.acts import WORKFLOWS, perform
from cases.enums import BulkOrigin, BulkOutcome, BulkState, Verb
from cases.models import BulkAct, BulkRow, Case, CaseEvent, Clock, Ground
from cases.models.bulk import LIVE, MESSAGE_LENGTH
from core.acting import acting
from core.exceptions import DomainError
from core.workflow import Transition, plain
from registry.models import Agency

MAX_CASES = 2_000  # of one bulk act
AT_ONCE = 50  # so many are done while one waits; more by the worker
PREPARED_TIME = dt.timedelta(days=1)  # what is not confirmed within it is thrown away
REFERENCES = {"agency": Agency, "ground": Ground, "officer": User}  # data of acts that are rows
logger = logging.getLogger(__name__)


def bulk_steps(user) -> dict[str, Transition]:
    """The acts that `user` may ask for on many cases at once, by verb, in the order of the tables."""
    steps: dict[str, Transition] = {}
    for workflow in WORKFLOWS.values():
        for step in workflow:
            if step.bulk and user.has_perm(step.permission):
                steps.setdefault(step.verb, step)
    return steps


def step_labels() -> dict[str, str]:
    """What the acts are called that can be asked for on many cases, by verb."""
    return {step.verb: str(step.label) for workflow in WORKFLOWS.values() for step in workflow if step.bulk}


def step_label(verb: str) -> str:
    """What the bulk act is called; a verb that is no longer one stands for itself."""
    return step_labels().get(verb, verb)


@transaction.atomic
def prepare_bulk(
    *,
    actor: User,
    verb: str,
    case_ids: Sequence[int],
    chosen: int | None = None,
    origin: str = BulkOrigin.SELECTION,
    list: str,
    query: str = "",
    now: dt.datetime | None = None,
) -> BulkAct:
    """Fix the cases of a bulk act, in the order of `case_ids`; nothing is done to them yet.

    Ids that the actor does not see are left out as if they did not exist. `chosen` is how many were asked for, where
    some could not even be read as ids; what was not found is counted in `missing`. Raises DomainError where no case
    is left or there are too many, PermissionDenied where the verb is none of the actor's bulk acts.
    """
    now, ids = now or timezone.now(), [*dict.fromkeys(case_ids)]
    if verb not in bulk_steps(actor):
        raise PermissionDenied
    check_size(len(ids))
    seen = dict(_with_last_event(Case.objects.visible_to(actor).filter(pk__in=ids)).values_list("pk", "last_event"))
    if not seen:
        raise DomainError(_("None of the chosen cases was found."))
    _throw_away(actor, before=now - PREPARED_TIME)
    act = BulkAct.objects.create(
        actor=actor, agency=actor.agency, verb=verb, origin=origin, list=list, query=query, total=len(seen),
        missing=max(chosen or 0, len(ids)) - len(seen), language=translation.get_language(), created_at=now,
    )  # fmt: skip
    BulkRow.objects.bulk_create(
        BulkRow(act=act, case_id=pk, position=position, seen=seen[pk])
        for position, pk in enumerate((pk for pk in ids if pk in seen), start=1)
    )
    return act


def check_size(cases: int) -> None:
    """Raises DomainError where there are none, or more than one bulk act takes."""
    if not cases:
        raise DomainError(_("Choose at least one case."))
    if cases > MAX_CASES:
        raise DomainError(
            _("A bulk act takes at most %(max)s cases, and these are more. Narrow the list.")
            % {"max": f"{MAX_CASES:,}"}
        )


def _with_last_event(cases):
    events = CaseEvent.objects.filter(case=OuterRef("pk")).order_by("-pk").values("pk")
    return cases.annotate(last_event=Coalesce(Subquery(events[:1]), 0))


def _throw_away(actor: User, *, before: dt.datetime) -> None:
    old = BulkAct.objects.filter(actor=actor, state=BulkState.PREPARED, created_at__lt=before)
    BulkRow.objects.filter(act__in=old).delete()
    old.delete()


@dataclass(frozen=True)
class Outlook:
    """What would become of a bulk act now: `able` cases can take it, the others cannot for `reasons` (words, number of
    cases; the most frequent first). `first` are the first rows, each with its case, None where that is out of sight,
    and why it cannot, "" where it can."""

    able: int
    reasons: list[tuple[str, int]]
    first: list[tuple[BulkRow, Case | None, str]]


def outlook(act: BulkAct, *, actor: User, first: int) -> Outlook:
    """The outlook of an act that its actor is to confirm. It is no promise: each case is looked at again in its turn."""
    read = [Prefetch("clocks", Clock.objects.select_related("rule"))]  # by the guards of bulk acts
    if act.verb == Verb.RETURN:
        read.append("events")
    mine = Case.objects.visible_to(actor).filter(bulk_rows__act=act)
    cases = {
        case.pk: case
        for case in _with_last_event(mine).select_related("custodian", "merchant").prefetch_related(*read)
        .defer("narrative", "demand", "extra", "consents", "source_digest")
    }  # fmt: skip
    reasons: Counter[str] = Counter()
    shown, able = [], 0
    for row in act.rows.order_by("position"):
        case = cases.get(row.case_id)
        reason = _why_not(row, case, act.verb, actor)
        if reason:
            reasons[reason] += 1
        else:
            able += 1
        if len(shown) < first:
            shown.append((row, case, reason))
    return Outlook(able, reasons.most_common(), shown)


def _why_not(row: BulkRow, case: Case | None, verb: str, actor: User) -> str:
    if case is None:
        return _("The case is no longer among those that you see.")
    if verb not in (workflow := WORKFLOWS[case.kind]):
        return _("There is no such act for a case of this kind.")
    if case.last_event != row.seen:
        return _("Someone else has worked on this case since you chose it.")
    return workflow[verb].why_not(case, actor)


def act_step(act: BulkAct) -> Transition | None:
    """The step that asks for the most among those of the kinds of case in `act`; None where no kind has the verb."""
    kinds = Case.objects.filter(bulk_rows__act=act).order_by().values_list("kind", flat=True).distinct()
    steps = [WORKFLOWS[kind][act.verb] for kind in kinds if act.verb in WORKFLOWS[kind]]
    return max(steps, key=lambda step: len(step.needs), default=None)


def confirm_bulk(act: BulkAct, *, actor: User, data: Mapping[str, Any], now: dt.datetime | None = None) -> bool:
    """Let the prepared act be done with `data`. False where that had been asked for before: nothing is done twice."""
    with transaction.atomic():
        locked = _own(act, actor)
        if locked.state != BulkState.PREPARED:
            return False
        if locked.verb not in bulk_steps(actor):
            raise PermissionDenied
        locked.data = plain({name: value for name, value in data.items() if value not in (None, "")})
        locked.state, locked.confirmed_at = BulkState.QUEUED, now or timezone.now()
        locked.save(update_fields=["data", "state", "confirmed_at"])
    return True


def cancel_bulk(act: BulkAct, *, actor: User, now: dt.datetime | None = None) -> int:
    """Leave out what is still to do, and return how many cases that are. What is done stays done."""
    with transaction.atomic():
        locked = _own(act, actor)
        if locked.state not in LIVE:
            return 0
        # a row that is being done now is waited for, and stays as it then is
        left = locked.rows.filter(outcome=BulkOutcome.PENDING).update(outcome=BulkOutcome.CANCELLED)
        if left:
            locked.state, locked.finished_at = BulkState.CANCELLED, now or timezone.now()
            locked.save(update_fields=["state", "finished_at"])
    return left


def _own(act: BulkAct, actor: User) -> BulkAct:
    found = BulkAct.objects.visible_to(actor).select_for_update(of=("self",)).filter(pk=act.pk).first()
    if found is None:
        raise PermissionDenied
    return found


# ---- the run


def run_bulk_acts(limit: int | None = None, *, only: BulkAct | None = None, now: dt.datetime | None = None) -> int:
    """Do up to `limit` rows of the acts that were confirmed, the oldest act first, and return how many rows were done.

    It may be killed at any moment: whoever calls next goes on. Several may run at once. Call it outside a transaction.
    """
    waiting = BulkAct.objects.filter(state__in=LIVE).select_related("actor").order_by("confirmed_at", "pk")
    done = 0
    for act in waiting.filter(pk=only.pk) if only else waiting:
        if limit is not None and done >= limit:
            break
        _begin(act, now)
        given = given_data(act)
        with translation.override(act.language), acting(act.actor):
            while (limit is None or done < limit) and _do_next(act, given, now):
                done += 1
        _finish(act, now)
    return done


def _begin(act: BulkAct, now: dt.datetime | None) -> None:
    BulkAct.objects.filter(pk=act.pk, state=BulkState.QUEUED).update(
        state=BulkState.RUNNING, started_at=now or timezone.now()
    )


def _finish(act: BulkAct, now: dt.datetime | None) -> None:
    """Several runs may do the last rows side by side; whichever looks last finds none that is still to do."""
    with transaction.atomic():
        locked = BulkAct.objects.select_for_update(of=("self",)).get(pk=act.pk)
        if locked.state == BulkState.RUNNING and not locked.rows.filter(outcome=BulkOutcome.PENDING).exists():
            locked.state, locked.finished_at = BulkState.DONE, now or timezone.now()
            locked.save(update_fields=["state", "finished_at"])


def given_data(act: BulkAct) -> dict[str, Any]:
    """The data as `perform` takes it. A row that no longer exists is as good as not given."""
    given: dict[str, Any] = {}
    for name, value in act.data.items():
        if name in REFERENCES:
            given[name] = REFERENCES[name].objects.filter(pk=value).first()
        else:
            given[name] = dt.date.fromisoformat(value) if name.endswith("_on") else value
    return given


@transaction.atomic
def _do_next(act: BulkAct, given: Mapping[str, Any], now: dt.datetime | None) -> bool:
    """Do the next row that nobody else is doing; False where there is none."""
    rows = act.rows.filter(outcome=BulkOutcome.PENDING).order_by("position")
    row = rows.select_for_update(of=("self",), skip_locked=True).select_related("case").first()
    if row is None:
        return False
    actor = User.objects.select_related("agency").get(pk=act.actor_id)  # what he may do is asked anew for each row
    row.outcome, row.message, row.event = _outcome(act, row, actor, given, now)
    row.save(update_fields=["outcome", "message", "event"])
    return True


def _outcome(act: BulkAct, row: BulkRow, actor: User, given: Mapping[str, Any], now: dt.datetime | None):
    """(outcome, message, event) of doing `row`."""
    try:
        event = perform(row.case, act.verb, actor=actor, now=now, seen=row.seen, **given)
    except PermissionDenied:
        return BulkOutcome.REFUSED, _why_denied(actor, act.verb), None
    except DomainError as refused:
        return BulkOutcome.REFUSED, str(refused)[:MESSAGE_LENGTH], None
    except Exception:
        if not connection.is_usable():
            raise  # nothing of the row is written, and whoever calls next does it
        logger.exception("Row %d of the bulk act %d has failed.", row.position, act.pk)
        return BulkOutcome.FAILED, _("An error that was not expected; nothing was changed. It has been logged."), None
    return BulkOutcome.DONE, "", event


def _why_denied(actor: User, verb: str) -> str:
    if not actor.is_active:
        return _("The account of the person who asked for this has been closed.")
    if verb not in bulk_steps(actor):
        return _("The permission for this act has been taken away.")
    return _("The case is no longer among those that you see.")
