"""However acts follow one another, a unit has one pledge of a type in force at most, and the events alone tell when: the
figures of any period count what they tell."""

import datetime as dt
from collections import Counter

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.exceptions import DomainError
from insights.periods import Period
from insights.pledged import created, created_by_type, ended, renewed
from insights.scopes import Scope
from pledges.domain import act_on_pledge, apply_for, expire_pledges
from pledges.models import Pledge, PledgeEvent, Premises
from tests.factories import PledgeTypeFactory, PremisesFactory, UserFactory
from tests.factories.cases import local

pytestmark = pytest.mark.django_db

START = dt.date(2024, 1, 1)
DAY = dt.timedelta(days=1)
REASONS = {name: {"note": "抽查发现承诺未公示"} for name in ("suspend", "reinstate", "revoke", "deregister")}
VERBS = ("take_up", "take_up", "renew", "renew", "suspend", "reinstate", "revoke", "deregister", "expire")
# what, at which premises and of which type, how many days after the act before, how many days back it is dated
ACT = st.tuples(
    st.sampled_from(VERBS), st.integers(0, 3), st.sampled_from((0, 1, 9, 40, 95, 130, 200)), st.integers(0, 12)
)


class Undone(Exception):
    pass


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ACT, min_size=12, max_size=28))
def test_one_of_a_type_is_in_force_and_the_events_tell_when(district, acts):
    try:
        with transaction.atomic():
            World(district).live(acts)
            raise Undone
    except Undone:
        pass


def test_the_oracle_is_asked_about_every_kind_of_end(district):
    """A walk through all acts, so that what is compared above is known not to be empty."""
    world = World(district)
    world.live([
        ("take_up", 0, 0, 0), ("suspend", 0, 9, 0), ("reinstate", 0, 9, 3), ("renew", 0, 130, 0), ("take_up", 1, 0, 0),
        ("revoke", 1, 9, 0), ("take_up", 1, 0, 0), ("take_up", 2, 1, 0), ("suspend", 2, 9, 0), ("expire", 2, 200, 0),
        ("take_up", 2, 9, 0), ("deregister", 2, 40, 5),
    ])  # fmt: skip

    assert Counter(PledgeEvent.objects.values_list("verb", flat=True)) == {
        "apply": 5, "admit": 5, "publish": 5, "suspend": 2, "reinstate": 1, "renew": 1, "revoke": 1, "deregister": 1,
        "expire": 3,
    }  # fmt: skip


class World:
    """Two premises and two types of half a year, and a day that goes on."""

    def __init__(self, district):
        self.clerk = UserFactory(agency=district, roles=["pledge_clerk"])
        self.head = UserFactory(agency=district, roles=["approver"])
        types = [PledgeTypeFactory(term_months=6) for _type in range(2)]
        self.slots = [(PremisesFactory(agency=district), type) for type in types for _premises in range(2)]
        self.today = START

    def live(self, acts) -> None:
        for verb, slot, days, back in acts:
            self.today += days * DAY
            before = self.rows()
            try:
                with transaction.atomic():
                    self.do(verb, *self.slots[slot], self.today - back * DAY)
            except (DomainError, PermissionDenied):
                assert self.rows() == before  # what is refused leaves nothing
        self.check()

    def rows(self) -> list:
        return list(Pledge.objects.order_by("pk").values())

    def do(self, verb: str, premises: Premises, type, on: dt.date) -> None:
        now = local(self.today.year, self.today.month, self.today.day, 16)
        if verb == "expire":
            expire_pledges(100, now=now)
        elif verb == "take_up":
            given = {"promise": {"statement": "诚信经营"}, "applied_on": on, "waiting_reason": "已整改并复查合格"}
            pledge = apply_for(premises, type, actor=self.clerk, now=now, **given)
            act_on_pledge(pledge, "admit", actor=self.head, now=now, on=on)
            act_on_pledge(pledge, "publish", actor=self.head, now=now, on=on)
        else:
            pledge = Pledge.objects.filter(premises=premises, type=type).order_by("-pk").first()
            if pledge is not None:
                act_on_pledge(pledge, verb, actor=self.head, now=now, on=on, **REASONS.get(verb, {}))

    def check(self) -> None:
        """On all days on which anything begins or ends, and those beside them."""
        stories = [Story(pledge) for pledge in Pledge.objects.all()]
        for day in sorted({day + step for story in stories for day in story.days for step in (-DAY, 0 * DAY, DAY)}):
            told = {story.pledge for story in stories if story.binds_on(day)}
            assert set(Pledge.objects.in_force_on(day)) == told, day
            units = Counter((pledge.premises_id, pledge.type_id) for pledge in told)
            assert set(units.values()) <= {1}, day
            assert set(Premises.objects.units_on(day).values_list("pk", flat=True)) == {unit for unit, _type in units}
        self.check_figures(stories)

    def check_figures(self, stories: list["Story"]) -> None:
        """Of periods that begin and end on days on which anything happens, or one day inside of those."""
        told = [story for story in stories if story.first]
        new_of_type = first_of(told, lambda pledge: (pledge.premises_id, pledge.type_id))
        new = first_of(told, lambda pledge: pledge.premises_id)
        edges = sorted({day for story in told for day in story.acts})
        for period in (
            Period(first + inside * DAY, last - inside * DAY)
            for step in (0, 1, 4) for first, last in zip(edges, edges[step:], strict=False)
            for inside in (0, 1) if first + inside * DAY <= last - inside * DAY
        ):  # fmt: skip
            scope = Scope(None, period, max(edges))
            old = {story.pledge.premises_id for story in told if story.first < period.start}
            assert Counter((rows.__name__, pledge) for rows in FIGURES for pledge in rows(scope)) == Counter((
                *(("created", one.pledge) for one in new if within(period, one.first)),
                *(
                    ("created_by_type", one.pledge) for one in new_of_type
                    if within(period, one.first) and one.pledge.premises_id not in old
                ),
                *(("renewed", one.pledge) for one in told if within(period, *one.renewed)),
                *(("ended", one.pledge) for one in told if one.end and within(period, one.end)),
            )), period  # fmt: skip


FIGURES = created, created_by_type, renewed, ended


def within(period: Period, *days: dt.date) -> bool:
    """Whether any of the days is one of the period."""
    return any(period.start <= day <= period.end for day in days)


def first_of(stories: list["Story"], unit) -> list["Story"]:
    """The story of each unit that was published first, of those of one day the one that was entered first."""
    first = {}
    for story in sorted(stories, key=lambda story: (story.first, story.pledge.pk)):
        first.setdefault(unit(story.pledge), story)
    return list(first.values())


class Story:
    """When a pledge bound, from its events alone."""

    def __init__(self, pledge: Pledge):
        self.pledge, self.first, self.last, self.end = pledge, None, None, None
        self.gaps, self.renewed = [], []
        for verb, data in pledge.events.order_by("pk").values_list("verb", "data"):
            on = dt.date.fromisoformat(data["on"]) if "on" in data else None  # a pool has no day
            if verb == "publish":
                self.first = on
            elif verb == "renew":
                self.renewed.append(on)
            elif verb == "suspend":
                self.gaps.append([on, None])
            elif verb == "reinstate":
                self.gaps[-1][1] = on
            elif verb in ("revoke", "deregister"):
                self.end = on
            if "valid_to" in data:
                self.last = dt.date.fromisoformat(data["valid_to"])

    @property
    def days(self) -> list[dt.date]:
        return [day for day in (self.first, self.last, self.end, *sum(self.gaps, [])) if day]

    @property
    def acts(self) -> list[dt.date]:
        """The days that a figure of a period goes by."""
        return [day for day in (self.first, self.end, *self.renewed) if day]

    def binds_on(self, day: dt.date) -> bool:
        if self.first is None or not self.first <= day <= self.last or self.end and day >= self.end:
            return False
        return not any(since <= day and (until is None or day < until) for since, until in self.gaps)
