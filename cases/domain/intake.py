"""A call taken in at once: registered, split where it is mixed, answered where that can be done on the telephone; and
once, however often its form is sent."""

import datetime as dt
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.domain.acts import perform
from cases.domain.registration import register_case
from cases.enums import Verb
from cases.models import Case, CaseEvent
from core.exceptions import DomainError


class AlreadyTaken(DomainError):
    """The form was sent before, with other contents, and made `case`."""

    def __init__(self, case: Case):
        super().__init__(
            _("This form has been registered already, as %(number)s, with other contents. Nothing was registered now.")
            % {"number": case.number}
        )
        self.case = case


@dataclass(frozen=True)
class Taken:
    """The case of a call and the report split from it. `again`: the form was sent before, and nothing was done now."""

    case: Case
    report: Case | None = None
    again: bool = False


@transaction.atomic
def take_in(
    *,
    actor,
    form: str,
    since: int,
    contents: str,
    report: str | None = None,
    answer: str = "",
    now: dt.datetime | None = None,
    **registration,
) -> Taken:
    """Register what a form says, as `register_case` does; the same form sent again gives the case that it made.

    `form` names the form and `since` is the last event (id) before it was handed out; `contents` is a digest of what it
    says. `report`: what is split off as a report, "" the whole narrative (Order 121 art 9). `answer` answers and closes
    an inquiry. Raises AlreadyTaken, and what `register_case` and `perform` raise.
    """
    now = now or timezone.now()
    with connection.cursor() as cursor:
        # of two that are sent at once the second waits, and then finds what the first has made
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"cases.intake:{form}"])
    events = CaseEvent.objects.filter(pk__gt=since, verb=Verb.REGISTER, actor=actor, data__form=form)
    if made := events.select_related("case").first():
        if made.data["contents"] != contents:
            raise AlreadyTaken(made.case)
        return Taken(made.case, made.case.derived.first(), again=True)
    case = register_case(actor=actor, form={"form": form, "contents": contents}, now=now, **registration)
    half = None
    if report is not None:
        perform(case, Verb.SPLIT, actor=actor, now=now, text=report)
        half = case.derived.get()
    if answer:
        perform(case, Verb.ANSWER, actor=actor, now=now, note=answer)
        perform(case, Verb.CLOSE, actor=actor, now=now)
    return Taken(case, half)


def last_event() -> int:
    """The id of the newest event of all, for `since`."""
    return CaseEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
