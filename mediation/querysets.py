import datetime as dt

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone

from cases.enums import MEDIATED_STATES, Kind, Outcome, State, Verb
from cases.models import Case
from cases.querysets import CaseQuerySet, FollowingQuerySet, OfAgencyQuerySet, scope
from mediation.enums import (
    IN_EFFECT,
    SOON_FROM,
    URGENT_FROM,
    AgreementState,
    AgreementVerb,
    ConfirmationState,
    RecusalDecision,
    ReferralState,
    SessionOutcome,
    SessionState,
    SessionVerb,
    Urgency,
)
from registry.enums import AgencyKind

FEW = 1_000  # cases, or mediators, whose sessions are looked up by key
FEW_LISTED = 5_000  # rows of a list that are named by key


def of_case(prefix: str) -> list[str]:
    """What a list says of a case: to write out and read its other forty columns takes as long as to find it."""
    return [prefix + name for name in ("number", "merchant_written", "merchant__name")]


def first_of(parts: list, count: int, key, *, last_first: bool = False) -> list:
    """The first `count` rows of several lists in the order of `key`, in which each list stands; each row once."""
    rows = {row.pk: row for part in parts for row in part[:count]}
    return sorted(rows.values(), key=key, reverse=last_first)[:count]


def entrusted_to(user):
    """The entrustments in force, to the agency of `user` and those below it. He must have one."""
    entrustments = Case._meta.get_field("entrustments").related_model.objects.order_by()
    return entrustments.filter(ended_at__isnull=True, agency__in=user.agency.ids_within)


def entrusted_by(user):
    """The entrustments in force of the cases that `user` sees, whoever they went to."""
    entrustments = Case._meta.get_field("entrustments").related_model.objects.order_by().filter(ended_at__isnull=True)
    case = scope(user, "case__")
    return entrustments if case is None else entrustments.filter(case)


def is_of_platform(user) -> bool:
    """Whether `user` is one of the people of a platform, who see what was referred to it alone."""
    return bool(user.agency_id) and user.agency.kind == AgencyKind.PLATFORM


def is_of_court(user) -> bool:
    """Whether `user` belongs to a court."""
    return user.is_authenticated and bool(user.agency_id) and user.agency.kind == AgencyKind.COURT


def _active_on(day: dt.date) -> Q:
    return (Q(active_from__isnull=True) | Q(active_from__lte=day)) & (Q(active_to__isnull=True) | Q(active_to__gt=day))


def _times(mediators, now: dt.datetime, prefix: str = "") -> JSONObject:
    """When a mediator can be booked after `now`, in one value: rows bring it along without a further query."""
    hours, leaves = (
        mediators._meta.get_field(name).related_model.objects.order_by().filter(mediator=OuterRef(f"{prefix}pk"))
        for name in ("hours", "leaves")
    )
    leaves = leaves.filter(ends_on__gte=timezone.localdate(now))
    return JSONObject(
        **{name: f"{prefix}{name}" for name in ("name", "active_from", "active_to")},
        hours=ArraySubquery(hours.values(one=JSONObject(weekday="weekday", starts="starts", ends="ends"))),
        leaves=ArraySubquery(leaves.values(one=JSONObject(starts_on="starts_on", ends_on="ends_on"))),
    )  # fmt: skip


class MediatorQuerySet(OfAgencyQuerySet):
    def choosable_by(self, user):
        """Those whom `user` may name for a session or in an application for recusal: who lead any for his agency, or for
        a body to which a case that he sees is entrusted. Their names alone are shown. Asks the database."""
        seen = self.visible_to(user)
        if seen.query.is_empty() or user.has_perm("cases.view_all_agencies"):
            return seen
        agencies = self.model._meta.get_field("agency").related_model.objects
        return self.near(user.agency, *agencies.filter(pk__in=entrusted_by(user).values("agency")))

    def near(self, *agencies):
        """Those who lead sessions for one of these: theirs, and those of the agencies above and below each."""
        above = {key for agency in agencies for key in agency.ancestor_ids}
        below = [Q(agency__path__startswith=agency.path) for agency in agencies]
        return self.filter(Q.create([Q(agency__in=above), *below], connector=Q.OR))

    def on_calendar(self, user, day: dt.date, sessions):
        """The lines of a calendar of `sessions`: those whom `user` sees and who mediate on `day` or lead one of these,
        and those of the agencies above who lead one."""
        seen = self.visible_to(user)
        if seen.query.is_empty() or user.has_perm("cases.view_all_agencies"):
            return seen.active_on_or_in(day, sessions)
        leads = Q(Exists(sessions.order_by().filter(mediator=OuterRef("pk"))))
        own = Q(agency__in=user.agency.ids_within) & (_active_on(day) | leads)
        return self.filter(own | Q(agency__in=user.agency.ancestor_ids) & leads)

    def at_work_for(self, agencies: list[int], sessions):
        """Those of these agencies, and those of others who lead one of `sessions` for them."""
        led = sessions.order_by().filter(agency__in=agencies, mediator=OuterRef("pk"))
        return self.filter(Q(agency__in=agencies) | Q(Exists(led)))

    def with_times(self, now: dt.datetime):
        """With `times`: when each can be booked after `now`, as mediation.domain.times_in reads it."""
        return self.annotate(times=_times(self.model, now))

    def active_on(self, day: dt.date):
        """Those who mediate on `day`."""
        return self.filter(_active_on(day))

    def active_on_or_in(self, day: dt.date, sessions):
        """Those who mediate on `day`, and those who no longer do, or not yet, and lead one of `sessions`."""
        return self.filter(_active_on(day) | Exists(sessions.order_by().filter(mediator=OuterRef("pk"))))


class RoomQuerySet(OfAgencyQuerySet):
    def in_use(self):
        return self.filter(closed=False)


class EntrustmentQuerySet(OfAgencyQuerySet):
    def visible_to(self, user):
        """What went to one's agencies, and what went out from them."""
        case = scope(user, "case__")
        entrusted = super().visible_to(user)
        if case is None or entrusted.query.is_empty():
            return entrusted
        return self.filter(case | Q(agency__in=user.agency.ids_within))


class OfMediatorQuerySet(OfAgencyQuerySet):
    agency_path = "mediator__agency"


class RecusalQuerySet(OfMediatorQuerySet):
    def visible_to(self, user):
        """Those about one's mediators, and those of the cases on whose mediation one works, whosever mediator they are
        about. They are few."""
        seen, case = super().visible_to(user), scope(user, "case__")
        if case is None or seen.query.is_empty():
            return seen
        entrusted = Q(case__in=entrusted_to(user).values("case"))
        return self.filter(case | entrusted | Q(mediator__agency__in=user.agency.ids_within))


class SessionQuerySet(OfAgencyQuerySet):
    def visible_to(self, user):
        """Those of one's agencies, and those that one leads, whosever case it is. Each is a column of the session that an
        index leads with, and the database looks into both; who one is as a mediator it asks once."""
        seen = self.of_agencies(user)
        if seen.query.is_empty() or user.has_perm("cases.view_all_agencies"):
            return seen
        mediators = self.model._meta.get_field("mediator").related_model.objects.order_by().filter(user=user.pk)
        led = Q(mediator=Subquery(mediators.values("pk")[:1]))
        return self.filter(Q(agency__in=user.agency.ids_within) | led)

    def of_agencies(self, user):
        """Those of the agency of `user` and of those below it, on whose cases he works beyond the session, too."""
        return super().visible_to(user)

    def standing(self):
        """Those that take a mediator's time, and a room: scheduled or held."""
        return self.exclude(state=SessionState.CANCELLED)

    def scheduled(self):
        return self.filter(state=SessionState.SCHEDULED)

    def stranded(self):
        """Scheduled ones that can no longer be held: the mediation of their case is over, or has gone to an agency for
        which their mediator leads none."""
        return self.filter(self._is_stranded())

    def with_stranded(self):
        """With `stranded`: whether a session is one of these."""
        return self.annotate(stranded=self._is_stranded())

    def with_times(self, now: dt.datetime, known: list[int] | None = None):
        """With `times`: of those that are scheduled and ahead of `now`, when their mediator can be booked, as
        mediation.domain.times_in reads it; None of all others, and of the mediators `known`, whose times the caller has.
        """
        mediators = self.model._meta.get_field("mediator").related_model
        ahead = Q(state=SessionState.SCHEDULED, period__startswith__gt=now) & ~Q(mediator__in=known or [])
        times = models.When(ahead, then=_times(mediators, now, "mediator__"))
        return self.annotate(times=models.Case(times, default=None, output_field=models.JSONField()))

    def led_by(self, user):
        """Those that `user` leads, of cases whose mediation is with an agency for which he leads any."""
        return self.filter(self._is_within_reach(), mediator__user=user)

    def agreed(self):
        """Those that came to an agreement, of each case the last."""
        later = self.model.objects.order_by().filter(
            case=OuterRef("case"), outcome=SessionOutcome.AGREEMENT, period__gt=OuterRef("period")
        )
        return self.filter(~Exists(later), outcome=SessionOutcome.AGREEMENT)

    def agreed_under(self, user):
        """Of these, those that `user` leads and whose case he has not left."""
        recusals = Case._meta.get_field("recusals").related_model.objects.order_by()
        left = recusals.filter(
            case=OuterRef("case"), mediator=OuterRef("mediator"), decision=RecusalDecision.GRANTED
        )
        return self.led_by(user).agreed().filter(~Exists(left))

    def _is_stranded(self) -> Q:
        goes_on = Q(case__state__in=MEDIATED_STATES) & self._is_within_reach()
        return Q(state=SessionState.SCHEDULED) & ~goes_on

    @staticmethod
    def _is_within_reach() -> Q:
        entrustments = Case._meta.get_field("entrustments").related_model.objects.order_by()
        entrusted = entrustments.filter(case=OuterRef("case"), agency=OuterRef("agency"), ended_at__isnull=True)
        mediator, custodian = F("mediator__agency__path"), F("case__custodian__path")
        near = Q(case__custodian__path__startswith=mediator) | Q(mediator__agency__path__startswith=custodian)
        return near | Q(Exists(entrusted))

    def lapsed(self, after: dt.datetime):
        """Those that were to begin after then and were cancelled as they could no longer be held; with `called`: whether
        somebody had been told to come."""
        events, attendances = (
            self.model._meta.get_field(name).related_model.objects.filter(session=OuterRef("pk"))
            for name in ("events", "attendances")
        )
        return self.filter(  # the whole range is compared: that is what an index has
            Exists(events.filter(verb=SessionVerb.LAPSE)), state=SessionState.CANCELLED,
            period__gt=DateTimeTZRange(after, None),
        ).annotate(called=Exists(attendances.exclude(means="")))  # fmt: skip

    def on(self, first: dt.date, last: dt.date | None = None):
        """Those that begin from the local day `first` to `last`, both included; without `last`, on that day."""
        start, end = (
            timezone.make_aware(dt.datetime.combine(day, dt.time.min))
            for day in (first, (last or first) + dt.timedelta(days=1))
        )
        return self.filter(period__startswith__gte=start, period__startswith__lt=end)

    def found_by(self, word: str):
        """Those of cases whose number begins with `word`, and of mediators whose name has it in it.

        What is searched for is looked up first: the database would else join every session with its case and mediator
        to look at both. Where that finds much, sessions that match are soon met on the way down the list."""
        cases = self.model._meta.get_field("case").related_model.objects.filter(number__startswith=word)
        mediators = self.model._meta.get_field("mediator").related_model.objects.filter(name__icontains=word)
        keys = [list(found.order_by().values_list("pk", flat=True)[: FEW + 1]) for found in (cases, mediators)]
        wanted = [
            Q(**{f"{name}__in": found}) if len(found) <= FEW else condition
            for name, found, condition in (
                ("case", keys[0], Q(case__number__startswith=word)),
                ("mediator", keys[1], Q(mediator__name__icontains=word)),
            )
            if found
        ]
        return self.filter(Q.create(wanted, connector=Q.OR)) if wanted else self.none()

    def to_draw_up(self, since: dt.datetime):
        """Those that came to an agreement since then that nobody has drawn up."""
        drawn_up = self.model._meta.get_field("agreements").related_model.objects.standing()
        return self.filter(
            ~Exists(drawn_up.filter(case=OuterRef("case"))), outcome=SessionOutcome.AGREEMENT, held_at__gte=since,
            case__outcome=Outcome.AGREEMENT,
        )  # fmt: skip


class OfSessionQuerySet(FollowingQuerySet):
    parent = "session"


class OfAgreementQuerySet(FollowingQuerySet):
    parent = "agreement"


class OfConfirmationQuerySet(FollowingQuerySet):
    parent = "confirmation"


class OfReferralQuerySet(FollowingQuerySet):
    parent = "referral"


class MediatedCaseQuerySet(CaseQuerySet):
    def visible_to(self, user):
        """The cases on whose mediation `user` may work: those that he sees, and those whose mediation is entrusted to his
        agency or to one below it."""
        own = scope(user)
        if own is None or not user.agency_id:
            return super().visible_to(user)
        entrusted = entrusted_to(user).filter(case=OuterRef("pk"))
        return self.filter(own | Q(Exists(entrusted))) if user.has_perm("cases.view_case") else self.none()

    def parts_visible_to(self, user) -> list:
        """The same cases as lists of which an index serves each, where both in one are served by none: those that `user`
        sees, and those that are entrusted. A case may be in both."""
        own = super().visible_to(user)
        if scope(user) is None or not user.agency_id or not user.has_perm("cases.view_case"):
            return [own]
        return [own, self.filter(pk__in=entrusted_to(user).values("case"))]

    def in_mediation(self):
        """Accepted complaints whose mediation is not over."""
        return self.filter(kind=Kind.COMPLAINT, state__in=MEDIATED_STATES)

    def to_schedule(self):
        """Those for which no session is scheduled."""
        sessions = self.model._meta.get_field("sessions").related_model.objects.order_by().scheduled()
        # one set that the server hashes, instead of a look at the sessions of each case
        return self.exclude(pk__in=sessions.values("case"))


class OfMediatedCaseQuerySet(models.QuerySet):
    """What a mediation came to is seen by whoever sees its case, and by those to whom it is entrusted, where they may see
    such rows at all. Closed by default."""

    case_prefix = "case__"

    def visible_to(self, user):
        if not user.is_authenticated or not user.has_perm(f"mediation.view_{self.model._meta.model_name}"):
            return self.none()
        conditions = self._conditions(user)
        return self.filter(Q.create(conditions, connector=Q.OR)) if conditions else self

    def parts_visible_to(self, user) -> list:
        """The same rows as lists that an index serves each, where both in one are served by none: of cases that
        `user` sees, and of those that are entrusted. One may be in both."""
        seen = self.visible_to(user)
        if seen.query.is_empty():
            return [seen]
        return [self.filter(condition) for condition in self._conditions(user)] or [seen]

    def listed_for(self, user):
        """The rows that `visible_to` leaves, as a list of them, newest first, is read quickest: by their keys where they
        are few, as for a page of few rows the database would look at all others on the way (0.7 s among 300,000
        agreements); by one's own cases where none is entrusted, as the database takes either-or for half of all rows
        and for dear to tell of each. Asks the database."""
        seen, conditions = self.visible_to(user), self._conditions(user)
        if len(conditions) < 2 or seen.query.is_empty():
            return seen
        if not entrusted_to(user).exists():
            conditions = conditions[:1]
        keys: set[int] = set()
        for condition in conditions:
            keys.update(self.filter(condition).order_by().values_list("pk", flat=True)[: FEW_LISTED + 1])
        if len(keys) <= FEW_LISTED:
            return self.filter(pk__in=sorted(keys))
        return self.filter(conditions[0]) if len(conditions) == 1 else seen

    def _conditions(self, user) -> list[Q]:
        """Of which one must hold for a row to be seen: that its case is one's own, or entrusted; none where every row is
        seen."""
        own = scope(user, self.case_prefix)
        if own is None:
            return []
        if not user.agency_id:
            return [Q(pk__in=[])]
        # one set that the server hashes: looked up by row it took 1.7 s among 300,000 agreements
        return [own, Q(**{f"{self.case_prefix}in": entrusted_to(user).values("case")})]


class AgreementQuerySet(OfMediatedCaseQuerySet):
    def open_to(self, user):
        """Those whose pages `user` opens: whatever he sees, and what a session came to that he leads for another agency.
        Lists have the former alone."""
        conditions, seen = self._conditions(user), self.visible_to(user)
        if seen.query.is_empty() or not conditions:
            return seen
        sessions = self.model._meta.get_field("session").related_model.objects.order_by()
        led = Q(session__in=sessions.agreed_under(user).values("pk"))
        return self.filter(Q.create([*conditions, led], connector=Q.OR))

    def standing(self):
        """Those that have not been annulled."""
        return self.exclude(state=AgreementState.ANNULLED)

    def to_sign(self):
        return self.filter(state=AgreementState.DRAFT)

    def to_perform(self):
        """In force, and not performed yet."""
        return self.filter(state=AgreementState.IN_FORCE)

    def reopened(self):
        """To be signed or performed, though their case was reopened since, or no longer stands as ended with them."""
        return self._with_drawing_up().filter(self._is_reopened())

    def with_reopened(self):
        """With `reopened`: whether an agreement is one of these."""
        return self._with_drawing_up().annotate(reopened=self._is_reopened())

    def _with_drawing_up(self):
        events = self.model._meta.get_field("events").related_model.objects.order_by()
        drawn_up = events.filter(agreement=OuterRef("pk"), verb=AgreementVerb.DRAW_UP)
        return self.annotate(drawn_up_at=Subquery(drawn_up.values("at")[:1]))

    @staticmethod
    def _is_reopened() -> Q:
        events = Case._meta.get_field("events").related_model.objects.order_by()
        since = events.filter(case=OuterRef("case"), verb=Verb.REOPEN, at__gt=OuterRef("drawn_up_at"))
        ended = Q(case__outcome=Outcome.AGREEMENT, case__state__in=(State.ENDED, State.CLOSED))
        return Q(state__in=(AgreementState.DRAFT, AgreementState.IN_FORCE)) & (~ended | Q(Exists(since)))

    def overdue(self, day: dt.date):
        """Those of which something was to be done before the local day `day`, and was not."""
        owed = self.model._meta.get_field("instalments").related_model.objects.filter(
            agreement=OuterRef("pk"), performed_on__isnull=True, due_on__lt=day
        )
        return self.to_perform().filter(Exists(owed))

    def confirmable(self, since: dt.date):
        """Those in effect since the local day `since` or later, and for which no application to a court is prepared or
        under way. See mediation.domain.confirmations.confirmable_since."""
        confirmations = self.model._meta.get_field("confirmations").related_model.objects
        under_way = confirmations.standing().filter(agreement=OuterRef("pk"))
        return self.filter(~Exists(under_way), state__in=IN_EFFECT, effective_on__gte=since)

    def confirmable_soon(self, since: dt.date, day: dt.date):
        """Of these, those that are pressing on `day`: as many days in effect as make a prepared application so."""
        return self.confirmable(since).filter(effective_on__lte=day - dt.timedelta(days=SOON_FROM))


class InstalmentQuerySet(OfAgreementQuerySet):
    def parts_visible_to(self, user) -> list:
        """Those of agreements that `user` sees, in lists. See OfMediatedCaseQuerySet.parts_visible_to."""
        agreements = self.model._meta.get_field("agreement").related_model.objects.parts_visible_to(user)
        return [self.filter(agreement__in=part) for part in agreements]

    def owed(self, until: dt.date):
        """What is to be performed by the local day `until`, of agreements in force."""
        return self.filter(
            performed_on__isnull=True, due_on__lte=until, agreement__state=AgreementState.IN_FORCE
        )


class ConfirmationQuerySet(OfMediatedCaseQuerySet):
    case_prefix = "agreement__case__"

    def visible_to(self, user):
        """A court sees what was applied for with it and nothing else, whatever roles its people hold; everyone else
        sees none whose case he may not see."""
        if is_of_court(user):
            applied = self.filter(court__in=user.agency.ids_within, applied_on__isnull=False)
            return applied if user.has_perm("mediation.view_judicialconfirmation") else self.none()
        return super().visible_to(user) if user.has_perm("cases.view_case") else self.none()

    def parts_visible_to(self, user) -> list:
        return [self.visible_to(user)] if is_of_court(user) else super().parts_visible_to(user)

    def listed_for(self, user):
        return self.visible_to(user) if is_of_court(user) else super().listed_for(user)

    def standing(self):
        """Those that stand in the way of another: under way, or granted."""
        return self.exclude(state__in=[ConfirmationState.DISMISSED, ConfirmationState.WITHDRAWN])

    def to_apply(self):
        """Those that are prepared and not applied for yet."""
        return self.filter(state=ConfirmationState.PREPARED)

    def in_time(self, day: dt.date):
        """Of what is to be applied for, that whose last day is not over on `day`."""
        return self.to_apply().filter(due_on__gte=day)

    def pressing(self, level: str, day: dt.date):
        """Those to be applied for whose Urgency is `level` on `day`."""
        soon, urgent = (day - dt.timedelta(days=days) for days in (SOON_FROM, URGENT_FROM))
        if level == Urgency.OVERDUE:
            return self.to_apply().filter(due_on__lt=day)
        since = {
            Urgency.CALM: {"gt": soon}, Urgency.SOON: {"lte": soon, "gt": urgent}, Urgency.URGENT: {"lte": urgent},
        }[Urgency(level)]  # fmt: skip
        return self.in_time(day).filter(**{f"agreement__effective_on__{name}": value for name, value in since.items()})


class ReferralQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Regulators see those of their cases. A platform sees what was referred to it and nothing else, whatever roles
        its people hold. Closed by default."""
        if not user.is_authenticated or not user.has_perm("mediation.view_platformreferral"):
            return self.none()
        if is_of_platform(user):
            return self.filter(platform__agency__in=user.agency.ids_within)
        condition = scope(user, "case__")
        return self if condition is None else self.filter(condition)

    def waiting(self):
        """Those that are with their platform."""
        return self.filter(state=ReferralState.WAITING)

    def over(self, day: dt.date):
        """Waiting ones whose term is over on the local day `day`: it ended before."""
        return self.waiting().filter(due_on__lt=day)
