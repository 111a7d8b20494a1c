"""Lines of an audit in words. Nothing of what a case says: no narrative, no demand, no data of a party."""

import re
from collections.abc import Callable

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Prefetch, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import AccessLog, SignIn
from accounts.tables import data_in_words
from cases import casefile
from cases.enums import State, Verb
from cases.models import AuditEntry, Case, CaseEvent, CaseHistory, ImportDifference, ImportFile, ImportRun
from core.text import mask_numbers

NUMBER = re.compile(r"\d{4}-\d{8,}")  # of a case, as registration and import make it


def with_parts(entries: QuerySet) -> QuerySet:
    """The entries with what they are made of, in one query for each table, however many there are."""
    history = CaseHistory.objects.select_related(
        *casefile.HISTORY_RELATIONS, "import_file__run__user__agency"
    )
    files = ImportFile.objects.filter(run=OuterRef("pk")).order_by("position")
    return entries.select_related("user__agency").prefetch_related(
        Prefetch("case", Case.objects.only("number")),
        Prefetch("history", history),
        Prefetch("previous", CaseHistory.objects.select_related(*casefile.HISTORY_RELATIONS)),
        Prefetch("event", CaseEvent.objects.all()),
        Prefetch("access", AccessLog.objects.all()),
        Prefetch("sign_in", SignIn.objects.all()),
        Prefetch("run", ImportRun.objects.annotate(names=ArraySubquery(files.values("name")))),
        Prefetch("difference", ImportDifference.objects.select_related("file__run__user__agency")),
    )  # fmt: skip


def imported_by(entry: AuditEntry) -> ImportRun | None:
    """The run that wrote the line."""
    if entry.run:
        return entry.run
    if entry.difference:
        return entry.difference.file.run
    return entry.history.import_file.run if entry.history and entry.kind == "import" else None


def who(entry: AuditEntry):
    """The user who did it: of an import the one in whose name it ran; None where nobody is known."""
    run = imported_by(entry)
    return run.user if run and entry.user is None else entry.user


def case_number(entry: AuditEntry) -> str:
    """The number of the case that it is about; empty where it is about none."""
    if entry.case:
        return entry.case.number
    return entry.record if entry.access and NUMBER.fullmatch(entry.record) else ""


def record(entry: AuditEntry) -> str:
    """The number of the case, or what the access log says instead."""
    if entry.access:
        return mask_numbers(entry.access.target)
    return entry.case.number if entry.case else ""


def what(entry: AuditEntry) -> str:
    """What was done, in one line; numbers of persons in it are masked."""
    for name, words in WORDS.items():
        part = getattr(entry, name)
        if part is not None:
            return words(entry, part)
    return ""


def _history(entry: AuditEntry, row: CaseHistory) -> str:
    place = _place(row.import_file, row.import_line) if entry.kind == "import" else ""
    if entry.previous is None:
        return _("Created from %(place)s") % {"place": place} if place else _("Created")
    return _joined([place, *(_change(*found) for found in casefile.changed(entry.previous, row))])


def _change(label: str, before: str, after: str) -> str:
    return f"{_labelled(label, before)} → {after}"


def _event(entry: AuditEntry, event: CaseEvent) -> str:
    states = dict(State.choices)
    moved = (
        ""
        if event.before == event.after
        else f"{states.get(event.before, '')} → {states.get(event.after, '')}"
    )
    return _joined([Verb.label_of(event.verb), moved.removeprefix(" "), mask_numbers(event.note)])


def _access(entry: AuditEntry, line: AccessLog) -> str:
    reason = _labelled(_("reason"), mask_numbers(line.reason)) if line.reason else ""
    return _joined(
        [line.get_action_display(), data_in_words(line.fields) if line.fields else "", reason, line.ip or ""]
    )


def _sign_in(entry: AuditEntry, line: SignIn) -> str:
    return _joined([line.get_outcome_display(), line.ip or ""])


def _run(entry: AuditEntry, run: ImportRun) -> str:
    rows = _("%(created)d created, %(updated)d updated, %(rejected)d rejected") % {
        "created": run.created, "updated": run.updated, "rejected": run.rejected,
    }  # fmt: skip
    return _joined([*run.names, rows])


def _difference(entry: AuditEntry, difference: ImportDifference) -> str:
    return _joined(
        [_("The source says otherwise; the case was kept"), _place(difference.file, difference.line)]
    )


WORDS: dict[str, Callable[[AuditEntry, object], str]] = {
    "history": _history,
    "event": _event,
    "access": _access,
    "sign_in": _sign_in,
    "run": _run,
    "difference": _difference,
}


def _place(file, line: int | None) -> str:
    return _("%(file)s, line %(line)s") % {"file": file.name, "line": line}


def _labelled(label: str, value: str) -> str:
    return f"{label}{pgettext('between label and value', ': ')}{value}"


def _joined(parts: list[str]) -> str:
    return pgettext("between statements", "; ").join(part for part in parts if part)
