"""Rows of mediators: found by agency and staff number, or by agency and name where one person alone bears it there."""

import datetime as dt
import re
from dataclasses import dataclass, field

from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from cases.importers.engine import Options
from cases.importers.plain import AHEAD, ConvertedRows, PlainRow, PlainTarget, reach
from cases.importers.rows import SEPARATOR, RowRejected
from core.importing.values import BadValue
from mediation.enums import Language
from mediation.hours import Hours
from mediation.importers.hours import NAMES, parse_hours, parse_leave, parse_times
from mediation.models import MEDIATING_KINDS, Leave, Mediator, WorkingHours
from registry.domain import Directory
from registry.domain.directory import spelling
from registry.enums import Scheme
from registry.models import Category, Region

PARTS = re.compile(r"[;；,，、\n]")
KIND = "mediator"
LANGUAGES = ("zh-hans", "en")  # in which a language may be named


@dataclass
class Said:
    """What a row says of a mediator; None where its cell is empty, which takes nothing away."""

    agency_id: int
    name: str
    number: str
    same: str  # the row as a whole
    account: str = ""
    values: dict = field(default_factory=dict)
    fields: list[int] | None = None
    hours: list[Hours] | None = None
    leave: list[tuple[dt.date, dt.date]] = field(default_factory=list)


@dataclass
class Shared:
    directory: Directory
    within: frozenset[int] | None
    fields: dict[str, int | None]  # classes of the councils by spelling; None where two bear it
    languages: dict[str, str]


class MediatorTarget(PlainTarget):
    name = "mediators"
    fields = frozenset({
        "name", "agency", "number", "account", "fields", "languages", "hours", "leave", "active_from", "active_to",
        *NAMES,
    })  # fmt: skip
    key_field = "name"
    analyzed = ("mediation_mediator",)
    needed = (Region,)
    limits = {"name": 60, "number": 40, "account": 150, "agency": 160}
    numbers = frozenset({"number", "account"})
    moments = frozenset({"active_from", "active_to"})

    @classmethod
    def load(cls, options: Options) -> Shared:
        fields: dict[str, int | None] = {}
        for category in Category.objects.filter(scheme=Scheme.COUNCIL):
            for text in {spelling(one) for one in (category.code, category.name, category.name_en, *category.aliases)}:
                fields[text] = category.pk if text not in fields else None
        languages = {}
        for language in LANGUAGES:
            with translation.override(language):
                languages |= {spelling(str(one.label)): one.value for one in Language}
        languages |= {one.value: one.value for one in Language}
        return Shared(Directory.load(), reach(options.agency), fields, languages)

    # in a worker

    def build(self, row: PlainRow) -> Said:
        name = row.required("name", _("The row has no name."))
        said = Said(self._agency(row), name, row.number("number"), SEPARATOR.join(row.cells), row.number("account"))
        said.values = {name: day for name in ("active_from", "active_to") if (day := row.day(name))}
        if row["languages"]:
            said.values["languages"] = self._languages(row)
        if row["fields"]:
            said.fields = sorted({self._field(row, part) for part in self._parts(row["fields"])})
        said.hours = self._hours(row)
        if row["leave"]:
            said.leave = self._read(row, "leave", parse_leave, until=self.now + AHEAD)
        return said

    def _agency(self, row: PlainRow) -> int:
        written = row.required("agency", _("The row names no agency."))
        agency = self.shared.directory.agency(written, timezone.localdate(self.now))
        if agency is None:
            raise row.bad("agency", "agency", _("There is no agency of this code, name or alias today."))
        if agency.kind not in MEDIATING_KINDS:
            raise row.bad("agency", "agency", _("This agency mediates nothing."))
        if self.shared.within is not None and agency.pk not in self.shared.within:
            raise row.bad("agency", "agency", _("This agency is not one of the importing agency's."))
        return agency.pk

    @staticmethod
    def _parts(text: str) -> list[str]:
        return [part.strip() for part in PARTS.split(text) if part.strip()]

    def _languages(self, row: PlainRow) -> list[str]:
        found = []
        for part in self._parts(row["languages"]):
            code, mapped = self.profile.translate("languages", part)
            code = code if mapped and code in Language.values else self.shared.languages.get(spelling(part))
            if code is None:
                message = _("This is none of the languages that mediators are known by.")
                raise row.bad("languages", "vocabulary", message, part)
            found.append(code)
        return [one.value for one in Language if one.value in found]

    def _field(self, row: PlainRow, part: str) -> int:
        found = self.shared.fields.get(spelling(part))
        if found is None:
            message = _("This is no class of the councils, or more than one: give its code.")
            raise row.bad("fields", "category", message, part)
        return found

    def _hours(self, row: PlainRow) -> list[Hours] | None:
        days = [name for name in NAMES if row[name]]
        if row["hours"]:
            if days:
                raise row.bad(days[0], "hours.twice", _("Give the hours in one column, or in one for each weekday."))
            return self._read(row, "hours", parse_hours)
        if not days:
            return None
        return [one for name in days for one in self._read(row, name, parse_times, NAMES.index(name))]

    @staticmethod
    def _read(row: PlainRow, name: str, parse, *args, **options):
        try:
            return parse(row[name], *args, **options)
        except BadValue as bad:
            raise row.bad(name, bad.rule, str(bad)) from None

    def keys(self, said: Said) -> tuple:
        bearer = (said.agency_id, said.name)
        if said.number:
            return ("number", said.agency_id, said.number), ("numbered", *bearer)
        return ("bare", *bearer), ("same", said.same)

    # in the main process

    def write(self, cursor, converted: ConvertedRows) -> None:
        known = Known([entry.item for entry in converted.entries])
        taken: set[int] = set()
        for entry in converted.entries:
            said, row = entry.item, self.row(entry)
            if ("number", said.agency_id, said.number) in self.taken or ("same", said.same) in self.taken:
                column = "number" if said.number else "name"
                message = _("This mediator stands in the file before; the first row was taken. Remove one.")
                converted.duplicate(entry.line, message, entry.raw, self.header(column), row[column])
                continue
            try:
                found = self._found(said, row, known)
                outcome, pk = self._follow(said, row, found, known)
            except RowRejected as bad:
                self.refuse(converted, entry, bad)
                continue
            self.take(*self.keys(said))
            converted.counts[outcome] += 1
            converted.control.add(kind=KIND)
            taken.add(pk)
        converted.stored.add(kind=KIND, rows=Mediator.objects.filter(pk__in=taken).count())

    def _found(self, said: Said, row: PlainRow, known: "Known") -> Mediator | None:
        """Whom the row means; None for someone new. Namesakes are told apart, never taken for one another: raises
        RowRejected where the row does not say which of them it means."""
        namesakes = known.named.get((said.agency_id, said.name), [])
        if said.number:
            found = known.numbered.get((said.agency_id, said.number))
            if found is None and any(not one.number for one in namesakes):
                raise row.bad(
                    "name", "namesake",
                    _("The agency has a mediator of this name without a number. If it is the same person, enter the"
                      " number with him first; if not, give him his own."),
                )  # fmt: skip
            return found
        bearer = (said.agency_id, said.name)
        if len(namesakes) > 1 or ("bare", *bearer) in self.taken or ("numbered", *bearer) in self.taken:
            raise row.bad(
                "name", "namesake",
                _("Several people of this agency bear the name, here or in the file. Give each row the number of its"
                  " person."),
            )  # fmt: skip
        return namesakes[0] if namesakes else None

    def _follow(self, said: Said, row: PlainRow, found: Mediator | None, known: "Known") -> tuple[str, int]:
        """Bring the mediator to what the row says; what became of him, and who he is. Raises RowRejected."""
        mediator = found or Mediator(agency_id=said.agency_id)
        values = {"name": said.name} | said.values
        if said.number:
            values["number"] = said.number
        if said.account:
            values["user_id"] = self._account(said, row, mediator, known)
        ends = [values.get(name, getattr(mediator, name)) for name in ("active_from", "active_to")]
        if None not in ends and ends[1] <= ends[0]:
            raise row.bad("active_to", "date_order", _("The end of the activity must come after its start."))
        self._check_leave(said, row, mediator, known)
        changed = {name for name, value in values.items() if getattr(mediator, name) != value}
        for name in changed:
            setattr(mediator, name, values[name])
        if changed or not found:
            mediator.save()
            known.note(mediator)
        if self._write_parts(said, mediator, known) or changed:
            return ("updated" if found else "created"), mediator.pk
        return "unchanged", mediator.pk

    def _account(self, said: Said, row: PlainRow, mediator: Mediator, known: "Known") -> int:
        user = known.users.get(said.account)
        within = self.shared.within
        if user is None or (within is not None and user.agency_id not in within):
            raise row.bad("account", "account", _("There is no active account of this name with the role of a mediator."))
        holder = known.accounts.get(user.pk)
        if holder is not None and holder != mediator.pk:
            raise row.bad("account", "account", _("This account is another mediator's."))
        return user.pk

    @staticmethod
    def _check_leave(said: Said, row: PlainRow, mediator: Mediator, known: "Known") -> None:
        stored = known.leave.get(mediator.pk, set())
        for first, last in said.leave:
            for begins, ends in stored - {(first, last)}:
                if first <= ends and begins <= last:
                    message = _("The leave %(new)s overlaps another that is stored, %(old)s.")
                    told = {"new": f"{first}~{last}", "old": f"{begins}~{ends}"}
                    raise row.bad("leave", "leave.overlap", message % told)

    @staticmethod
    def _write_parts(said: Said, mediator: Mediator, known: "Known") -> bool:
        """Fields, hours and leave; whether any of them is new."""
        pk, changed = mediator.pk, False
        if said.fields is not None and set(said.fields) != known.fields.get(pk, set()):
            mediator.fields.set(said.fields)
            known.fields[pk], changed = set(said.fields), True
        if said.hours is not None and set(said.hours) != known.hours.get(pk, set()):
            mediator.hours.all().delete()
            WorkingHours.objects.bulk_create(WorkingHours(mediator=mediator, **one._asdict()) for one in said.hours)
            known.hours[pk], changed = set(said.hours), True
        if fresh := [one for one in said.leave if one not in known.leave.get(pk, set())]:
            Leave.objects.bulk_create(Leave(mediator=mediator, starts_on=first, ends_on=last) for first, last in fresh)
            known.leave.setdefault(pk, set()).update(fresh)
            changed = True
        return changed


class Known:
    """What is stored of the mediators that a chunk may mean, locked, and the accounts that it names."""

    def __init__(self, rows: list[Said]):
        self.named: dict[tuple[int, str], list[Mediator]] = {}
        self.numbered: dict[tuple[int, str], Mediator] = {}
        self.accounts: dict[int, int] = {}  # whose each account is
        meant = Q(name__in={said.name for said in rows}) | Q(number__in={said.number for said in rows} - {""})
        agencies = {said.agency_id for said in rows}
        locked = Mediator.objects.select_for_update(no_key=True, of=("self",))
        stored = list(locked.filter(meant, agency__in=agencies).order_by("pk"))
        for mediator in stored:
            self.note(mediator)
        names = {said.account for said in rows} - {""}
        accounts = User.objects.filter(username__in=names, is_active=True, groups__name="mediator")
        self.users = {user.username: user for user in accounts}
        self.accounts |= dict(Mediator.objects.filter(user__in=accounts).values_list("user_id", "pk"))
        pks = [mediator.pk for mediator in stored]
        self.fields = self._sets(Mediator.fields.through.objects.filter(mediator__in=pks), "category_id")
        self.hours = self._sets(WorkingHours.objects.filter(mediator__in=pks), "weekday", "starts", "ends", made=Hours)
        self.leave = self._sets(Leave.objects.filter(mediator__in=pks), "starts_on", "ends_on", made=lambda *ends: ends)

    @staticmethod
    def _sets(rows, *names: str, made=lambda value: value) -> dict[int, set]:
        found: dict[int, set] = {}
        for mediator_id, *values in rows.values_list("mediator_id", *names):
            found.setdefault(mediator_id, set()).add(made(*values))
        return found

    def note(self, mediator: Mediator) -> None:
        bearers = self.named.setdefault((mediator.agency_id, mediator.name), [])
        if mediator not in bearers:
            bearers.append(mediator)
        if mediator.number:
            self.numbered[mediator.agency_id, mediator.number] = mediator
        if mediator.user_id:
            self.accounts[mediator.user_id] = mediator.pk
