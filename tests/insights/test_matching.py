"""The matched comparison against a slow one in plain Python, and by hand at its edges."""

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.enums import Body, Kind, Outcome, State
from cases.models import Case
from insights.matching import FEWEST_PAIRS, Saving, matched, ordinary, savings, settled_there, unmatched
from insights.periods import Period
from insights.scopes import Scope
from mediation.enums import ReferralReturn, ReferralState
from mediation.models import PlatformReferral
from registry.models import Category
from tests.factories import ImportFileFactory, PlatformFactory
from tests.factories.cases import ancestor, local

pytestmark = pytest.mark.django_db

YEAR, LAST = Period.of_year(2020), dt.date(2020, 12, 31)
SETTLED, RETURNED, NEVER = "settled", "returned", "never"


class World:
    """Adds complaints in numbers, each of them received on a day of 2020 and closed so many days later."""

    def __init__(self, city):
        self.agency, self.user, self.file, self.n = city.district, city.regulator, ImportFileFactory(), 0
        self.categories = list(Category.objects.order_by("pk")[:2])
        self.platforms = [PlatformFactory(), PlatformFactory()]

    def add(self, way, days, *, category=0, claimed=Decimal(50), on=(3, 2), platform=0, **fields) -> Case:
        self.n += 1
        received = local(2020, *on)
        closed = None if days is None else received + dt.timedelta(days=days)
        fields = {
            "kind": Kind.COMPLAINT, "body": Body.BUREAU, "state": State.CLOSED, "accepted_at": received,
            "outcome": Outcome.SETTLED if way == SETTLED else Outcome.AGREEMENT,
        } | fields
        case = Case.objects.create(
            number=f"2020-{self.n:08d}", source="world", received_at=received, decided_at=received, closed_at=closed,
            ended_at=closed, category=None if category is None else self.categories[category], claimed=claimed,
            handling=self.agency, custodian=self.agency, custodian_root_id=ancestor(self.agency, 0),
            custodian_district_id=ancestor(self.agency, 1), import_file=self.file, import_line=self.n + 1, **fields,
        )  # fmt: skip
        if way != NEVER:
            self.refer(case, way, platform=platform)
        return case

    def refer(self, case, way, *, platform=0, ended_at=None) -> None:
        state = ReferralState.SETTLED if way == SETTLED else ReferralState.RETURNED
        PlatformReferral.objects.create(
            case=case, platform=self.platforms[platform], state=state, referred_at=case.received_at, safe_on=LAST,
            due_on=LAST, ended_at=ended_at or case.closed_at or case.received_at,
            returned_because=ReferralReturn.DECLINED if way == RETURNED else "",
        )  # fmt: skip

    def scope(self, period=YEAR, as_of=LAST, **kwargs) -> Scope:
        return Scope(self.user, period, as_of, **kwargs)

    def saving(self, **kwargs) -> Saving:
        return savings(self.scope(**kwargs))[None]


@pytest.fixture
def world(city):
    return World(city)


def slowly(rows) -> Saving:
    """`rows`: (settled or not, cell or None, days)."""
    cells = defaultdict(lambda: ([], []))
    for is_settled, cell, days in rows:
        if cell is not None:
            cells[cell][not is_settled].append(days)
    weights, pairs, with_match = (defaultdict(Fraction), defaultdict(Fraction)), 0, 0
    for sides in cells.values():
        k = min(map(len, sides))
        pairs += k
        with_match += len(sides[0]) if k else 0
        for side, into in zip(sides, weights, strict=True):
            for days in side if k else ():
                into[days] += Fraction(k, len(side))
    medians = [
        min((d for d in into if 2 * sum(w for e, w in into.items() if e <= d) >= pairs), default=None)
        for into in weights
    ]
    return Saving(sum(1 for is_settled, _cell, _days in rows if is_settled), with_match, pairs, *medians)


def band(claimed) -> int:
    return 0 if not claimed else 1 + sum(claimed >= edge for edge in (100, 500, 1000, 5000))


AMOUNTS = [None, *map(Decimal, ("0", "0.01", "99.99", "100", "499.99", "500", "999.99", "1000", "4999.99", "5000"))]
DAYS = [(1, 1), (1, 31), (2, 1), (2, 29), (3, 1)]


def few(values, most: int):
    """Some of the values: with all of them at once hardly two complaints would meet in a cell."""
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True)


def cases(amounts, days):
    return st.lists(
        st.tuples(
            st.sampled_from([SETTLED, SETTLED, RETURNED, NEVER, NEVER]), st.one_of(st.integers(0, 9), st.none()),
            st.sampled_from([0, 0, 0, 1, None]), st.sampled_from(amounts), st.sampled_from(days), st.integers(0, 1),
        ),
        min_size=10, max_size=40,
    )  # fmt: skip


CASES = st.tuples(few(AMOUNTS, 2), few(DAYS, 2)).flatmap(lambda chosen: cases(*chosen))


@given(CASES)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_comparison_is_that_of_plain_python(world, cases):
    with transaction.atomic():
        for way, days, category, claimed, on, platform in cases:
            world.add(way, days, category=category, claimed=claimed, on=on, platform=platform)
        found = savings(world.scope(), by_platform=True)

        def expected(of=None):
            return slowly([
                (way == SETTLED, (category, band(claimed), on[0]) if None not in (category, days) else None, days)
                for way, days, category, claimed, on, platform in cases
                if way != RETURNED and (way == NEVER or of in (None, platform))
            ])  # fmt: skip

        assert found.pop(None) == expected()
        assert found == {
            platform.pk: expected(number) for number, platform in enumerate(world.platforms) if expected(number).settled
        }
        assert savings(world.scope()) == {None: expected()}
        assert matched(world.scope()).count() == expected().matched
        assert unmatched(world.scope()).count() == expected().unmatched
        for platform in world.platforms:
            narrowed = world.scope(platform=platform)
            assert savings(narrowed)[None] == found.get(platform.pk, Saving())
            assert matched(narrowed).count() == savings(narrowed)[None].matched
        transaction.set_rollback(True)


@pytest.mark.parametrize(("pairs", "share"), [(FEWEST_PAIRS - 1, None), (FEWEST_PAIRS, 0.4)])
def test_nothing_is_told_below_thirty_pairs(world, pairs, share):
    for _ in range(pairs):
        world.add(SETTLED, 6)
        world.add(NEVER, 10)

    assert world.saving() == Saving(pairs, pairs, pairs, 6, 10)
    assert world.saving().share == share
    assert world.saving().days == (None if share is None else 4)


def test_thirty_settled_without_thirty_pairs_are_not_enough(world):
    for _ in range(30):
        world.add(SETTLED, 6)
    for _ in range(29):
        world.add(NEVER, 10)

    assert (world.saving().matched, world.saving().pairs, world.saving().share) == (30, 29, None)


def test_no_share_of_no_time(world):
    for _ in range(30):
        world.add(SETTLED, 0)
        world.add(NEVER, 0)

    assert world.saving() == Saving(30, 30, 30, 0, 0)
    assert world.saving().share is None


def test_a_saving_below_nought_is_told(world):
    for _ in range(30):
        world.add(SETTLED, 15)
        world.add(NEVER, 10)

    assert world.saving().share == -0.5


def test_a_side_weighs_as_much_as_its_cell_has_pairs(world):
    """Of five settled complaints in a cell with one ordinary one, the pair is one."""
    for days in (1, 1, 1, 1, 1):
        world.add(SETTLED, days, category=0)
    world.add(NEVER, 20, category=0)
    for days in (8, 9):
        world.add(SETTLED, days, category=1)
    for days in (30, 31, 32, 33):
        world.add(NEVER, days, category=1)

    assert world.saving() == Saving(7, 7, 3, 8, 30)


def test_many_ordinary_ones_of_a_cell_weigh_no_more_than_its_few_settled(world):
    world.add(SETTLED, 5, category=0)
    for days in (1, 1, 1, 1, 1, 1, 1):
        world.add(NEVER, days, category=0)
    for days in (6, 7):
        world.add(SETTLED, days, category=1)
        world.add(NEVER, 20 + days, category=1)

    assert world.saving() == Saving(3, 3, 3, 6, 26)


@pytest.mark.parametrize(
    ("amount", "other", "pairs"),
    [
        (None, "0", 1), ("0", "0.01", 0), ("0.01", "99.99", 1), ("99.99", "100", 0), ("100", "499.99", 1),
        ("499.99", "500", 0), ("500", "999.99", 1), ("999.99", "1000", 0), ("1000", "4999.99", 1),
        ("4999.99", "5000", 0), ("5000", "800000", 1),
    ],
)  # fmt: skip
def test_bands_of_the_amount(world, amount, other, pairs):
    world.add(SETTLED, 5, claimed=amount and Decimal(amount))
    world.add(NEVER, 9, claimed=Decimal(other))

    assert world.saving().pairs == pairs


def test_a_half_that_is_just_reached_gives_the_median(world):
    """The two thirds and the one third of three weights of a third, beside one of 1: half of 2 is reached at 3."""
    for days in (1, 2, 3):
        world.add(SETTLED, days, category=0)
    world.add(NEVER, 5, category=0)
    world.add(SETTLED, 9, category=1)
    world.add(NEVER, 7, category=1)

    assert (world.saving().pairs, world.saving().there, world.saving().ordinary) == (2, 3, 5)


def test_who_stands_on_neither_side(world):
    world.add(SETTLED, 5)
    only = world.add(NEVER, 10)
    world.add(RETURNED, 11)
    world.add(NEVER, 11, accepted_at=None)
    world.add(NEVER, 11, outcome="")
    world.add(NEVER, None)
    world.add(NEVER, 11, category=None)
    world.add(NEVER, 11, body=Body.COUNCIL)
    world.add(NEVER, 11, kind=Kind.REPORT)
    world.add(SETTLED, 5, body=Body.COUNCIL)

    assert list(ordinary(world.scope())) == [only]
    assert world.saving() == Saving(1, 1, 1, 5, 10)


def test_period_and_as_of_bound_both_sides(world):
    world.add(SETTLED, 5, on=(3, 2))
    world.add(NEVER, 10, on=(3, 2))

    march, april = (Period.of_month(dt.date(2020, month, 1)) for month in (3, 4))
    assert world.saving(period=march) == Saving(1, 1, 1, 5, 10)
    assert world.saving(period=april) == Saving()
    assert world.saving(as_of=dt.date(2020, 3, 12)) == Saving(1, 1, 1, 5, 10)
    assert world.saving(as_of=dt.date(2020, 3, 11)) == Saving(1)
    assert world.saving(as_of=dt.date(2020, 3, 6)) == Saving()


def test_where_two_platforms_settled_the_last_did(world):
    case = world.add(SETTLED, 5, platform=0)
    world.refer(case, SETTLED, platform=1, ended_at=case.closed_at + dt.timedelta(hours=1))
    world.add(NEVER, 10)

    found = savings(world.scope(), by_platform=True)
    one = Saving(1, 1, 1, 5, 10)
    assert found == {None: one, world.platforms[1].pk: one}
    assert not settled_there(world.scope(platform=world.platforms[0])).exists()


def test_only_what_the_reader_sees_is_compared(world, city):
    world.add(SETTLED, 5)
    world.add(NEVER, 10)

    for reader, saving in ((city.officer, Saving(1, 1, 1, 5, 10)), (city.stranger, Saving()), (city.auditor, Saving())):
        assert savings(Scope(reader, YEAR, LAST), by_platform=True)[None] == saving


def test_one_query(world, django_assert_num_queries):
    world.add(SETTLED, 5)
    world.add(NEVER, 10)
    list(world.user.get_all_permissions())
    with django_assert_num_queries(1):
        savings(world.scope(), by_platform=True)
