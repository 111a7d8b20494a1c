import datetime as dt

from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q

from cases.querysets import FollowingQuerySet, OfAgencyQuerySet, scope
from core.models import valid_on
from pledges.enums import (
    ESTABLISHED,
    PUBLIC,
    REVIEWED,
    SEEN,
    BreachState,
    BreachToDo,
    FindingResult,
    InspectionState,
    PledgeState,
)
from registry.enums import AgencyKind
from registry.querysets import ReferenceQuerySet


class PledgeTypeQuerySet(ReferenceQuerySet):
    def offered_on(self, day: dt.date):
        """Those that can be applied for on `day`."""
        return self.filter(valid_on(day))


class PledgeQuerySet(OfAgencyQuerySet):
    def published(self):
        """Those that are public, or were."""
        return self.filter(published_on__isnull=False)

    def of_returns(self):
        """Those under whose promise goods are or were taken back: published ones, of the types with return days."""
        return self.published().filter(type__least_days__isnull=False)

    def standing_on(self, day):
        """Those whose term covers `day` (a local date, or an expression for one): published by then and not over. They
        may be suspended."""
        return self.filter(
            Q(ended_on__isnull=True) | Q(ended_on__gt=day), published_on__lte=day, valid_to__gte=day
        )

    def in_force_on(self, day):
        """Those that bind on `day` (a local date, or an expression for one)."""
        suspensions = self.model._meta.get_field("suspensions").related_model.objects
        suspended = suspensions.filter(Q(until__isnull=True) | Q(until__gt=day), pledge=OuterRef("pk"), since__lte=day)
        return self.standing_on(day).filter(~Exists(suspended))

    def under_review(self):
        return self.filter(state__in=REVIEWED)

    def run_out(self, day: dt.date):
        """Those that stand although their term ended before the local day `day`: to be written down as expired."""
        return self.filter(state__in=PUBLIC, valid_to__lt=day)

    def expiring(self, day: dt.date, days: int):
        """Those in force whose last day is within `days` from the local day `day`."""
        return self.filter(state=PledgeState.IN_FORCE, valid_to__gte=day, valid_to__lte=day + dt.timedelta(days=days))

    def late(self, day: dt.date):
        """Those of which a correction was ordered by a day before the local day `day`."""
        return self.filter(state__in=PUBLIC, correct_by__lt=day)

    def first_ones(self):
        """The first published pledge of each unit, which is a merchant at one premises."""
        return self.published().filter(~Exists(self.model.objects.earlier()))

    def first_of_type(self):
        """The first published pledge of each unit and type: not one that was taken up again."""
        return self.published().filter(~Exists(self.model.objects.earlier().filter(type=OuterRef("type"))))

    def earlier(self):
        """Those of the premises of an outer pledge published before it, on the same day those entered before."""
        before = Q(published_on__lt=OuterRef("published_on"))
        same_day = Q(published_on=OuterRef("published_on"), pk__lt=OuterRef("pk"))
        return self.filter(before | same_day, premises=OuterRef("premises"))

    def first_of_merchant(self):
        """The first published pledge of each merchant and type, at whichever of its premises."""
        before = Q(published_on__lt=OuterRef("published_on"))
        same_day = Q(published_on=OuterRef("published_on"), pk__lt=OuterRef("pk"))
        earlier = self.model.objects.filter(
            before | same_day, premises__merchant=OuterRef("premises__merchant"), type=OuterRef("type")
        )
        return self.published().filter(~Exists(earlier))


class OfPledgeQuerySet(FollowingQuerySet):
    parent = "pledge"


class PremisesQuerySet(OfAgencyQuerySet):
    def units_on(self, day: dt.date):
        """Premises with a pledge in force on the local day `day`, each once."""
        pledges = self.model._meta.get_field("pledges").related_model.objects.in_force_on(day)
        return self.filter(Exists(pledges.filter(premises=OuterRef("pk"))))

    def members_of(self, zone, day: dt.date):
        """Premises that belong to `zone` on the local day `day`."""
        memberships = self.model._meta.get_field("memberships").related_model.objects.on(day)
        return self.filter(Exists(memberships.filter(premises=OuterRef("pk"), zone=zone)))


class ReturnEntryQuerySet(OfAgencyQuerySet):
    """Seen by whoever sees the premises."""

    agency_path = "premises__agency"

    def visible_to(self, user):
        if not user.is_authenticated or not user.has_perm("pledges.view_premises"):
            return self.none()
        return super().visible_to(user)


class OfEntryQuerySet(FollowingQuerySet):
    parent = "entry"


FEW = 5_000  # rows that are named by key
# nothing is done to such a pledge any more; to one that was revoked, its other breaches are still to be joined
OVER = (PledgeState.EXPIRED, PledgeState.DEREGISTERED)


class BreachQuerySet(models.QuerySet):
    """A breach is seen by whoever sees the pledge, and by whoever sees the case. Closed by default."""

    def visible_to(self, user):
        if not user.is_authenticated or not user.has_perm("pledges.view_breach"):
            return self.none()
        if user.has_perm("cases.view_all_agencies"):
            return self
        if not user.agency_id:
            return self.none()
        agencies, cases = user.agency.ids_within, self.model._meta.get_field("case").related_model.objects.order_by()
        if user.agency.kind == AgencyKind.BUREAU and len(user.agency.ancestor_ids) <= 2:
            # the city and its districts see many: each is told by itself, as sets of pledges and cases are dear to plan
            # with (the sheet of a zone took the city 438 ms by sets among 400,000 breaches, so 66)
            of_case = Q(Exists(cases.filter(scope(user), pk=OuterRef("case"))))
            of_pledge = Q(pledge__agency__in=agencies)
        else:
            # few are seen, so all are looked through: by sets that the server hashes in half the time
            pledges = self.model._meta.get_field("pledge").related_model.objects.order_by()
            of_case = Q(case__in=cases.filter(scope(user)).values("pk"))
            of_pledge = Q(pledge__in=pledges.filter(agency__in=agencies).values("pk"))
        return self.filter(of_pledge | of_case if user.has_perm("cases.view_case") else of_pledge)

    def suspected(self):
        return self.filter(state=BreachState.SUSPECTED)

    def to_decide(self):
        """Those that somebody has to look at: not decided, and the complaint still falls under the promise."""
        return self.suspected().filter(matches=True)

    def waiting(self, what: str, day: dt.date):
        """Those that wait for somebody on the local day `day`; `what`: a BreachToDo."""
        match what:
            case BreachToDo.DECIDE:
                return self.to_decide()
            case BreachToDo.LOST:
                return self.suspected().filter(matches=False)
            case BreachToDo.FOLLOW:
                return self.to_follow()
        return self.late(day)

    def established(self):
        """Those of which somebody has confirmed that the promise was broken."""
        return self.filter(state__in=ESTABLISHED)

    def to_follow(self):
        """Those confirmed to which nothing has been done yet, and can be."""
        return self.filter(state=BreachState.CONFIRMED).exclude(pledge__state__in=OVER)

    def late(self, day: dt.date):
        """Those of which the correction was due before the local day `day`, and can still be made or followed up."""
        return self.filter(state=BreachState.CORRECTING, due_on__lt=day).exclude(pledge__state__in=OVER)

    def search(self, words: str):
        """Those whose case number or whose merchant's name begins with `words`. Each is looked up by itself, and named by
        key where few are found; together the database would read all breaches (1.1 s among 400,000)."""
        pledges = self.model._meta.get_field("pledge").related_model.objects.order_by()
        named = pledges.filter(premises__merchant__name__startswith=words)
        found = Q(pk__in=[])
        # of many named alike, counting through the joins took 280 ms among 120,000 breaches, by a set of pledges 70
        for many in (Q(case__number__startswith=words), Q(pledge__in=named.values("pk"))):
            keys = list(self.model.objects.filter(many).order_by().values_list("pk", flat=True)[: FEW + 1])
            found |= Q(pk__in=keys) if len(keys) <= FEW else many
        return self.filter(found)

    def with_facts(self):
        """With what a list or a page names beside them."""
        return self.select_related("case", "pledge__type", "pledge__premises__merchant", "pledge__premises__region")


class OfBreachQuerySet(FollowingQuerySet):
    parent = "breach"


class ZoneQuerySet(OfAgencyQuerySet):
    def open_on(self, day: dt.date):
        return self.filter(Q(closed_on__isnull=True) | Q(closed_on__gt=day), opened_on__lte=day)


class MembershipQuerySet(models.QuerySet):
    """A membership is seen by whoever sees both ends: a zone may hold premises that others keep."""

    def visible_to(self, user):
        if not user.is_authenticated or not user.has_perm("pledges.view_zonemembership"):
            return self.none()
        ends = {name: self.model._meta.get_field(name).related_model.objects for name in ("zone", "premises")}
        return self.filter(**{
            f"{name}__in": rows.visible_to(user).order_by().values("pk") for name, rows in ends.items()
        })  # fmt: skip

    def on(self, day: dt.date):
        """Those that hold on the local day `day`."""
        return self.filter(Q(until__isnull=True) | Q(until__gt=day), since__lte=day)


class Median(models.Aggregate):
    """The middle one of the values, or between the two in the middle; None where there is none."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"


class WorkstationQuerySet(ZoneQuerySet):
    def opened_between(self, first: dt.date, last: dt.date):
        """Those opened from `first` to `last`, both included, whether or not they are still open."""
        return self.filter(opened_on__range=(first, last))


class WorkstationItemQuerySet(OfAgencyQuerySet):
    """What a workstation has handled is seen by whoever sees that."""

    agency_path = "workstation__agency"

    def waiting(self):
        return self.filter(ended_at__isnull=True)

    def figures(self) -> dict:
        """`handled`: how many items have ended; `open`: how many have not; `first_response`: the median time to the first
        response of those that have one, None where none has."""
        return self.aggregate(
            handled=Count("pk", filter=Q(ended_at__isnull=False)),
            open=Count("pk", filter=Q(ended_at__isnull=True)),
            first_response=Median(F("first_response_at") - F("received_at")),
        )


class InspectionQuerySet(OfAgencyQuerySet):
    """An inspection is seen by whoever sees the premises."""

    agency_path = "premises__agency"

    def seen(self):
        """Those on which somebody was there."""
        return self.filter(state__in=SEEN)

    def with_failures(self):
        """With `not_ok`: how many items were not in order."""
        return self.annotate(not_ok=Count("findings", filter=Q(findings__result=FindingResult.NOT_OK)))

    def late(self, day: dt.date):
        """Those whose correction was to be done by a day before the local day `day`."""
        return self.filter(state=InspectionState.CORRECTING, correct_by__lt=day)


class OfInspectionQuerySet(FollowingQuerySet):
    parent = "inspection"


class TargetQuerySet(OfAgencyQuerySet):
    """The targets of one's agency and of those below it; what is under way for them is seen by the same people."""
