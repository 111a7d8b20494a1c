import datetime as dt

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, Subquery
from django.db.models.lookups import IsNull
from django.utils import timezone

from accounts.querysets import people, reads_all
from cases.enums import OPEN_STATES, NationalEntry, State, Verb
from registry.querysets import ReferenceQuerySet

# to read who saw and changed what
AUDIT = ("accounts.view_accesslog", "accounts.view_signin", "cases.view_casehistory")

Window = tuple[dt.date, dt.date]  # first and last day, both included


def scope(user, prefix: str = "") -> Q | None:
    """The condition on the custodian's ancestors that keeps `user` to his agency and below.

    None means no restriction (permission to see all agencies). Without an agency nothing matches.
    """
    if not user.is_authenticated or not user.has_perm("cases.view_case"):
        return Q(pk__in=[])
    if user.has_perm("cases.view_all_agencies"):
        return None
    return within(user.agency, prefix) if user.agency_id else Q(pk__in=[])


def within(agency, prefix: str = "") -> Q:
    """The cases in the custody of `agency` and of those below it."""
    column = {1: "custodian_root", 2: "custodian_district"}.get(len(agency.ancestor_ids))
    if column:
        return Q(**{f"{prefix}{column}": agency.pk})
    # below the districts a subtree is a handful of agencies, mostly one
    return Q(**{f"{prefix}custodian__in": agency.ids_within})


def sees_reporters(user) -> bool:
    """Whether `user` sees masked data of sealed reporters without a reveal. A superuser, whose permissions nobody has
    given, does not."""
    return user.has_perm("cases.reveal_reporter") and not user.is_superuser


def sees_city(user) -> bool:
    """Whether the scope of `user` is the whole tree, or as good as that."""
    if user.has_perm("cases.view_all_agencies"):
        return True
    return bool(user.agency_id) and len(user.agency.ancestor_ids) == 1


class ScopedQuerySet(models.QuerySet):
    """Rows that belong to a case follow the scope of their case. Closed by default."""

    case_prefix = "case__"

    def visible_to(self, user):
        condition = scope(user, self.case_prefix)
        return self if condition is None else self.filter(condition)


class OfAgencyQuerySet(models.QuerySet):
    """What belongs to an agency is seen by its people and by those above, where they may see such rows at all. Closed by
    default."""

    agency_path = "agency"

    def visible_to(self, user):
        opts = self.model._meta
        if not user.is_authenticated or not user.has_perm(f"{opts.app_label}.view_{opts.model_name}"):
            return self.none()
        if user.has_perm("cases.view_all_agencies"):
            return self
        return self.filter(**{f"{self.agency_path}__in": user.agency.ids_within}) if user.agency_id else self.none()


class FollowingQuerySet(models.QuerySet):
    """What belongs to a row of the field `parent` is seen by whoever sees that row."""

    parent = ""

    def visible_to(self, user):
        parents = self.model._meta.get_field(self.parent).related_model
        return self.filter(**{f"{self.parent}__in": parents.objects.visible_to(user).order_by().values("pk")})


class CaseQuerySet(ScopedQuerySet):
    case_prefix = ""

    def audited_by(self, user):
        """The cases of which `user` reads who saw and changed them, whether or not he reads the cases themselves."""
        if not user.has_perms(AUDIT):
            return self.none()
        if reads_all(user):
            return self
        return self.filter(within(user.agency)) if user.agency_id else self.none()

    def open(self):
        return self.filter(state__in=OPEN_STATES)

    def due_between(self, first: dt.date, last: dt.date, *, few: bool = False):
        """Cases with a running clock due from `first` to `last`, both included. `few`: they are asked for among a small
        part of all cases, so that most terms within these days are of others, and looking up their cases would cost."""
        if few:
            return self.filter(pk__in=self._running_terms(first, last).values("case"))
        return self.filter(self._running_clock(due_on__range=(first, last)))

    def due_counts(self, *windows: Window) -> tuple[str, list]:
        """The statement, and its values, that counts the cases with a running term that ends in each of `windows`, in
        one pass over the terms."""
        terms = self._running_terms(min(first for first, _last in windows), max(last for _first, last in windows))
        try:
            sql, values = terms.values_list("case_id", "due_on").query.sql_with_params()
        except EmptyResultSet:
            return f"SELECT {', '.join('0' for _window in windows)}", []
        names = [f"in_{number}" for number in range(len(windows))]
        counts = ", ".join(f"count(*) FILTER (WHERE {name})" for name in names)
        flags = ", ".join(f"bool_or(due_on BETWEEN %s AND %s) AS {name}" for name in names)
        return (
            # SQL that the ORM wrote, with its values beside it
            f"SELECT {counts} FROM (SELECT {flags} FROM ({sql}) AS term (key, due_on) GROUP BY key) AS due",  # noqa: S608
            [*(day for window in windows for day in window), *values],
        )

    def _running_terms(self, first: dt.date, last: dt.date):
        """The running clocks of these cases that are due from `first` to `last`.

        Running terms are few, most of them belong to open cases, and these are few, too, and known by their keys alone.
        The cases of the others are looked up one by one, whatever the planner makes of how many are closed."""
        closed = self.filter(pk=OuterRef("case")).order_by().values("pk")[:1]
        return self.model._meta.get_field("clocks").related_model.objects.running().filter(
            Q(case__in=self.open().order_by().values("pk"))
            | (~Q(case__in=self.model.objects.open().values("pk")) & IsNull(Subquery(closed), False)),
            due_on__range=(first, last),
        ).order_by()

    def paused(self):
        """Cases with a term that stands still."""
        # its end is unknown, which is where the index of running terms has it
        return self.filter(self._running_clock(paused_on__isnull=False, due_on=dt.date.max))

    def to_dispatch(self):
        """Open cases that no agency handles yet."""
        return self.open().filter(handling__isnull=True)

    def unassigned(self):
        """Open cases that no officer has."""
        return self.open().filter(officer__isnull=True)

    def to_enter(self):
        """Cases, closed ones too, whose handling is still to be entered or updated on the national platform."""
        return self.filter(national_entry__in=[NationalEntry.TO_ENTER, NationalEntry.TO_UPDATE])

    def awaiting_reply(self):
        """Cases whose handling was urged or is supervised, without a reply so far."""
        return self.filter(self._related("supervisions", replied_at__isnull=True))

    def extension_asked(self):
        """Cases for which a longer term was asked, and nobody has decided on it."""
        return self.filter(self._related("extensions", granted__isnull=True))

    def returned(self):
        """Cases that came back to be decided, and have not been dispatched again since."""
        events = self.model._meta.get_field("events").related_model.objects
        since = events.filter(case=OuterRef("case"), verb=Verb.DISPATCH, pk__gt=OuterRef("pk"))
        returned = events.filter(~Exists(since), case=OuterRef("pk"), verb=Verb.RETURN)
        return self.filter(Exists(returned), state=State.REGISTERED)

    def by_urgency(self):
        """Each case once, with its most urgent running term: `due_on`, `safe_on` and `provisional`, and the term itself
        as the relation `urgent`; None where no term runs. Sorted by `due_on`, an index of running terms serves it."""
        earlier = self.model._meta.get_field("clocks").related_model.objects.running().filter(
            Q(due_on__lt=OuterRef("due_on")) | Q(due_on=OuterRef("due_on"), pk__lt=OuterRef("clock_pk")),
            case=OuterRef("pk"),
        )
        return self.annotate(
            urgent=FilteredRelation("clocks", condition=Q(clocks__stopped_on__isnull=True)),
            due_on=F("urgent__due_on"),
            safe_on=F("urgent__safe_on"),
            provisional=F("urgent__provisional"),
            clock_pk=F("urgent__pk"),
        ).filter(~Exists(earlier))

    def _running_clock(self, **conditions):
        return self._related("clocks", stopped_on__isnull=True, **conditions)

    def _related(self, name: str, **conditions):
        rows = self.model._meta.get_field(name).related_model.objects
        return Exists(rows.filter(case=OuterRef("pk"), **conditions))


class GroundQuerySet(ReferenceQuerySet):
    def for_case(self, case, purpose):
        """The grounds for `purpose` under the rules that apply to `case`."""
        return self.filter(
            Q(regimes=[]) | Q(regimes__contains=[case.regime]), purpose=purpose, kind__in=["", case.kind]
        )

    def under_any(self, regimes):
        """Those that may be given under one of the rules `regimes`."""
        return self.filter(Q(regimes=[]) | Q(regimes__overlap=list(regimes)))


class DeliveryQuerySet(ScopedQuerySet):
    case_prefix = "document__case__"


class SearchQuerySet(ScopedQuerySet):
    """Searched texts bear the custody of their case themselves, as of when the worker last read it."""

    case_prefix = ""


class MachineryQuerySet(models.QuerySet):
    """What the portal keeps for itself: no page shows it to anyone."""

    def visible_to(self, user):
        return self.none()


class ClockQuerySet(ScopedQuerySet):
    def running(self):
        return self.filter(stopped_on__isnull=True)

    def ending(self):
        """Running towards a day that is known; a term that stands still has none."""
        return self.running().filter(paused_on__isnull=True)


class SavedFilterQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The user's own, and those shared by someone of his agency or of one above it."""
        if not user.is_authenticated:
            return self.none()
        seen = Q(owner=user)
        if user.agency_id:
            seen |= Q(shared=True, owner__agency__in=user.agency.ancestor_ids)
        return self.filter(seen)


class OwnQuerySet(models.QuerySet):
    def visible_to(self, user):
        """What is a user's own is seen by nobody else."""
        return self.filter(user=user) if user.is_authenticated else self.none()


class BulkActQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Whoever asked for it, as long as he sees cases at all, and nobody else."""
        return self.filter(actor=user) if user.has_perm("cases.view_case") else self.none()


class BulkRowQuerySet(models.QuerySet):
    def visible_to(self, user):
        """What belongs to a bulk act follows it."""
        return self.filter(act__actor=user) if user.has_perm("cases.view_case") else self.none()


class RunQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Runs are for those who may load data; a run of another agency's tree is not seen."""
        if not user.has_perm("cases.view_importrun"):
            return self.none()
        if user.has_perm("cases.view_all_agencies"):
            return self
        return self.filter(agency__path__startswith=user.agency.path) if user.agency_id else self.none()


class RunFileQuerySet(models.QuerySet):
    """What belongs to a run follows the run's scope."""

    run_prefix = "run"

    def visible_to(self, user):
        runs = self.model._meta.get_field(self.run_prefix.partition("__")[0]).related_model
        if self.run_prefix != "run":
            runs = runs._meta.get_field("run").related_model
        visible = runs.objects.visible_to(user)
        if visible.query.is_empty():
            return self.none()
        return self.filter(**{f"{self.run_prefix}__in": visible})


class RunRejectQuerySet(RunFileQuerySet):
    run_prefix = "file__run"


class AuditQuerySet(models.QuerySet):
    def visible_to(self, user):
        """What the people of the user's agency and below did, and what became of the cases there; the city bureau
        reads everything. What others saw of a case stands in the log of their own agency."""
        if not user.has_perms(AUDIT):
            return self.none()
        if reads_all(user):
            return self
        return (
            self.filter(people(user, "user__") | within(user.agency, "case__"))
            if user.agency_id
            else self.none()
        )

    def of_cases(self, cases):
        """What was done to these cases, and seen of them."""
        return self.filter(
            Q(case__in=[case.pk for case in cases]) | Q(record__in=[case.number for case in cases])
        )


def local_day_bounds(start: dt.date, end: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """Aware datetimes from the start of `start` to the start of the day after `end`, local time."""
    zone = timezone.get_default_timezone()
    return (
        dt.datetime.combine(start, dt.time.min, zone),
        dt.datetime.combine(end + dt.timedelta(days=1), dt.time.min, zone),
    )
