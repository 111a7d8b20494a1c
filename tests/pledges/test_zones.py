"""Zones with their members, and workstations with what they handle."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from core.exceptions import DomainError
from pledges.domain import join_zone, keep_workstation, keep_zone, leave_zone, record_item, update_item
from pledges.models import Premises, Workstation, WorkstationItem, Zone, ZoneMembership
from tests.factories import (
    AgencyFactory,
    CaseFactory,
    ItemFactory,
    MembershipFactory,
    PremisesFactory,
    RegionFactory,
    UserFactory,
    WorkstationFactory,
    ZoneFactory,
)
from tests.factories.cases import local

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

NOW = local(2026, 11, 12, 16)
day = dt.date


@pytest.fixture
def zone(district):
    return ZoneFactory(agency=district, opened_on=day(2020, 1, 1))


@pytest.fixture
def station(district):
    return WorkstationFactory(agency=district)


def fields(agency, **changes):
    given = {"kind": "mall", "name": "武林商圈", "agency": agency, "opened_on": day(2021, 3, 1)}
    return given | {"region": RegionFactory()} | changes


# zones


def test_a_zone_is_opened_and_changed(district, clerk):
    zone = keep_zone(Zone(), actor=clerk, **fields(district))
    keep_zone(zone, actor=clerk, name=" 武林  商圈 ", address="延安路\x001号")

    kept = Zone.objects.get()
    assert (kept.kind, kept.name, kept.address, kept.opened_on) == ("mall", "武林  商圈", "延安路1号", day(2021, 3, 1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"closed_on": day(2021, 3, 1)}, "closes after it has opened"),
        ({"name": "字" * 201}, "At most 200 characters"),
    ],
)
def test_what_cannot_be_is_refused(district, clerk, changes, message):
    with pytest.raises(DomainError, match=message):
        keep_zone(Zone(), actor=clerk, **fields(district, **changes))
    assert not Zone.objects.exists()


def test_two_zones_of_one_name_are_in_different_districts(zone, district, clerk):
    with pytest.raises(DomainError, match="of this name in the district already"):
        keep_zone(Zone(), actor=clerk, **fields(district, name=zone.name, region=zone.region))
    assert Zone.objects.get() == zone


def test_a_register_is_kept_by_its_own_agency(zone, district, clerk, head):
    other = AgencyFactory()
    for actor in (UserFactory(agency=district, roles=["regulator"]), UserFactory(agency=district, roles=["officer"])):
        with pytest.raises(PermissionDenied):
            keep_zone(Zone(), actor=actor, **fields(district))
        with pytest.raises(PermissionDenied):
            keep_zone(zone, actor=actor, name="别的")
    with pytest.raises(PermissionDenied):
        keep_zone(zone, actor=UserFactory(agency=other, roles=["pledge_clerk"]), name="别的")
    with pytest.raises(DomainError, match="your own agency"):
        keep_zone(Zone(), actor=clerk, **fields(other))
    with pytest.raises(DomainError, match="your own agency"):
        keep_zone(zone, actor=clerk, agency=other)
    zone.refresh_from_db()
    assert (zone.agency, Zone.objects.count()) == (district, 1)
    assert keep_zone(zone, actor=head, name="别的").name == "别的"


def test_who_sees_zones(zone, district, clerk):
    city = UserFactory(agency=district.parent, roles=["city_regulator"])
    mine = {clerk: True, city: True} | dict.fromkeys(
        [
            UserFactory(agency=AgencyFactory(), roles=["pledge_clerk"]), UserFactory(roles=["pledge_clerk"], agency=None),
            UserFactory(agency=district, roles=["mediator"]),
        ],
        False,
    )  # fmt: skip
    assert {user: Zone.objects.visible_to(user).exists() for user in mine} == mine


# members


def test_premises_join_and_leave(zone, premises, clerk):
    membership = join_zone(zone, premises, since=day(2026, 1, 5), actor=clerk, now=NOW)
    leave_zone(membership, until=day(2026, 6, 1), actor=clerk, now=NOW)
    again = join_zone(zone, premises, since=day(2026, 6, 1), actor=clerk, now=NOW)

    on = {date: set(ZoneMembership.objects.on(date)) for date in
          (day(2026, 1, 4), day(2026, 1, 5), day(2026, 5, 31), day(2026, 6, 1))}  # fmt: skip
    assert list(on.values()) == [set(), {membership}, {membership}, {again}]
    assert list(Premises.objects.members_of(zone, day(2026, 5, 31))) == [premises]
    assert not Premises.objects.members_of(zone, day(2026, 1, 4)).exists()
    membership.refresh_from_db()
    assert (membership.added_by, membership.ended_by) == (clerk, clerk)


@pytest.mark.parametrize(
    ("since", "message"),
    [
        (day(2026, 11, 13), "on a day to come"), (day(2019, 12, 31), "no zone on that day"),
        (day(2026, 5, 1), "in this zone at that time already"), (day(2025, 1, 1), "in this zone at that time already"),
    ],
)  # fmt: skip
def test_when_premises_cannot_join(zone, premises, clerk, since, message):
    MembershipFactory(zone=zone, premises=premises, since=day(2026, 1, 1))
    with pytest.raises(DomainError, match=message):
        join_zone(zone, premises, since=since, actor=clerk, now=NOW)
    assert ZoneMembership.objects.count() == 1


def test_premises_may_be_in_two_zones(zone, premises, district, clerk):
    join_zone(zone, premises, since=day(2026, 1, 1), actor=clerk, now=NOW)
    join_zone(ZoneFactory(agency=district), premises, since=day(2026, 1, 1), actor=clerk, now=NOW)
    assert premises.memberships.count() == 2


def test_overlaps_are_refused_by_the_database_too(zone, premises):
    MembershipFactory(zone=zone, premises=premises, since=day(2026, 1, 1))
    with pytest.raises(IntegrityError, match="pledges_membership_once"), transaction.atomic():
        MembershipFactory(zone=zone, premises=premises, since=day(2026, 3, 1))


def test_premises_of_others_are_put_nowhere(zone, clerk):
    foreign = PremisesFactory()
    with pytest.raises(PermissionDenied):
        join_zone(zone, foreign, since=day(2026, 1, 1), actor=clerk, now=NOW)
    elsewhere = ZoneFactory()
    with pytest.raises(PermissionDenied):
        join_zone(elsewhere, PremisesFactory(agency=zone.agency), since=day(2026, 1, 1), actor=clerk, now=NOW)
    assert not ZoneMembership.objects.exists()


def test_a_membership_ends_once_and_not_in_the_future(zone, premises, clerk):
    membership = MembershipFactory(zone=zone, premises=premises, since=day(2026, 1, 1))
    with pytest.raises(DomainError, match="on a day to come"):
        leave_zone(membership, until=day(2026, 11, 14), actor=clerk, now=NOW)
    with pytest.raises(DomainError, match="ends after it has begun"):
        leave_zone(membership, until=day(2026, 1, 1), actor=clerk, now=NOW)
    leave_zone(membership, until=day(2026, 11, 13), actor=clerk, now=NOW)
    with pytest.raises(DomainError, match="ended already"):
        leave_zone(membership, until=day(2026, 11, 1), actor=clerk, now=NOW)
    membership.refresh_from_db()
    assert membership.until == day(2026, 11, 13)


def test_a_member_is_seen_by_who_sees_both_ends(zone, clerk):
    shown = MembershipFactory(zone=zone, premises=PremisesFactory(agency=zone.agency))
    MembershipFactory(zone=zone, premises=PremisesFactory())  # put there by the city
    assert list(ZoneMembership.objects.visible_to(clerk)) == [shown]


def test_a_zone_that_closes_has_no_members_any_more(zone, clerk):
    standing = MembershipFactory(zone=zone, since=day(2026, 1, 1))
    left = MembershipFactory(zone=zone, since=day(2024, 1, 1), until=day(2025, 1, 1), ended_by=clerk)
    late = MembershipFactory(zone=zone, since=day(2026, 10, 1))

    with pytest.raises(DomainError, match="joined on the day it closes, or later"):
        keep_zone(zone, actor=clerk, closed_on=day(2026, 10, 1))
    with pytest.raises(DomainError, match="had members before that day"):
        keep_zone(zone, actor=clerk, opened_on=day(2024, 1, 2))
    assert not ZoneMembership.objects.filter(until=day(2026, 10, 1)).exists()
    keep_zone(zone, actor=clerk, closed_on=day(2026, 11, 1))

    ends = dict(ZoneMembership.objects.values_list("pk", "until"))
    assert ends == {standing.pk: day(2026, 11, 1), left.pk: day(2025, 1, 1), late.pk: day(2026, 11, 1)}
    assert not Zone.objects.open_on(day(2026, 11, 1)).exists()
    assert Zone.objects.open_on(day(2026, 10, 31)).get() == zone


def test_members_of_a_zone_that_closes_otherwise_or_not_at_all_go_on(zone, district, clerk):
    standing, moved, late, left = (
        MembershipFactory(zone=zone, premises=PremisesFactory(agency=district), since=day(2024, 1, 1)) for _n in range(4)
    )
    leave_zone(left, until=day(2026, 6, 1), actor=clerk, now=NOW)
    leave_zone(late, until=day(2026, 9, 15), actor=clerk, now=NOW)
    other = ZoneFactory(agency=district)
    MembershipFactory(zone=other, premises=standing.premises, since=day(2025, 1, 1))  # has been in both all along

    def ends(*, closed_on) -> tuple:
        kept = keep_zone(zone, actor=UserFactory(agency=district, roles=["pledge_clerk"]), closed_on=closed_on)
        found = dict(zone.memberships.values_list("pk", "until"))
        return kept.joined_elsewhere, [found[one.pk] for one in (standing, moved, late, left)]

    june, september, wrong = day(2026, 6, 1), day(2026, 9, 15), day(2026, 8, 1)
    assert ends(closed_on=june) == ([], [june] * 4)
    assert ends(closed_on=wrong) == ([], [wrong, wrong, wrong, june])
    join_zone(other, moved.premises, since=wrong, actor=clerk, now=NOW)
    assert keep_zone(zone, actor=clerk, name="别的").joined_elsewhere == []  # nothing of its closing
    assert ends(closed_on=None) == ([moved.premises], [None, wrong, september, june])
    assert list(zone.memberships.order_by("pk").values_list("ended_by", flat=True))[2:] == [clerk.pk, clerk.pk]
    assert ends(closed_on=day(2026, 10, 1)) == ([], [day(2026, 10, 1), wrong, september, june])


def test_who_joins_a_zone_that_will_close_leaves_it_with_that_day_or_before(zone, premises, district, clerk):
    keep_zone(zone, actor=clerk, closed_on=day(2027, 1, 1))
    other = PremisesFactory(agency=district)
    for one in (premises, other):
        join_zone(zone, one, since=day(2026, 11, 1), actor=clerk, now=NOW)

    assert set(ZoneMembership.objects.on(day(2026, 12, 31)).values_list("premises", flat=True)) == {premises.pk, other.pk}
    assert not ZoneMembership.objects.on(day(2027, 1, 1)).exists()
    leave_zone(other.memberships.get(), until=day(2026, 11, 12), actor=clerk, now=NOW)
    assert list(Premises.objects.members_of(zone, day(2026, 11, 12))) == [premises]
    with pytest.raises(DomainError, match="ended already"):
        leave_zone(other.memberships.get(), until=day(2026, 11, 13), actor=clerk, now=NOW)


# workstations


def test_a_workstation_is_opened_in_a_zone_that_one_sees(zone, district, clerk):
    given = {
        "name": "武林服务站", "kind": "mall", "agency": district, "region": zone.region, "opened_on": day(2021, 3, 1),
        "contact": "赵六", "telephone": "0571-85000000", "mediators": "赵六、钱七",
    }  # fmt: skip
    station = keep_workstation(Workstation(), actor=clerk, zone=zone, **given)
    with pytest.raises(PermissionDenied):
        keep_workstation(station, actor=clerk, zone=ZoneFactory())
    station.refresh_from_db()
    assert (station.zone, station.telephone, station.mediators) == (zone, "0571-85000000", "赵六、钱七")


def test_a_workstation_does_not_close_before_what_it_has_received(station, clerk):
    ItemFactory(workstation=station, received_at=local(2026, 10, 1))
    for changes in ({"closed_on": day(2026, 10, 1)}, {"opened_on": day(2026, 10, 2)}):
        with pytest.raises(DomainError, match="items outside that time"):
            keep_workstation(station, actor=clerk, **changes)
    assert Workstation.objects.get().opened_on == day(2020, 1, 1)
    assert keep_workstation(station, actor=clerk, closed_on=day(2026, 10, 2)).closed_on == day(2026, 10, 2)


def test_an_item_is_recorded_and_ended(station, clerk, district):
    case = CaseFactory(handling=district)
    item = record_item(station, received_at=local(2026, 11, 12, 9), what=" 电饭煲\u200b坏了 ", actor=clerk, now=NOW)
    update_item(
        item, first_response_at=local(2026, 11, 12, 9, 30), ended_at=local(2026, 11, 12, 10), result="换新", case=case,
        actor=clerk, now=NOW,
    )  # fmt: skip

    kept = WorkstationItem.objects.get()
    assert (kept.what, kept.result, kept.case, kept.recorded_by) == ("电饭煲坏了", "换新", case, clerk)
    with pytest.raises(DomainError, match="ended already"):
        update_item(item, what="别的", actor=clerk, now=NOW)
    assert WorkstationItem.objects.get().what == "电饭煲坏了"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"what": " \u200b"}, "Say what it was about"), ({"received_at": local(2026, 11, 12, 17)}, "in the future"),
        ({"received_at": local(2019, 12, 31)}, "not open on that day"),
        ({"first_response_at": local(2026, 11, 12, 8)}, "received, then responded to"),
        ({"ended_at": local(2026, 11, 12, 10), "result": "换新"}, "was responded to"),
        ({"first_response_at": local(2026, 11, 12, 10), "ended_at": local(2026, 11, 12, 11)}, "has a result"),
        ({"result": "换新"}, "has a result, and only that"),
    ],
)  # fmt: skip
def test_what_an_item_cannot_be(station, clerk, changes, message):
    with pytest.raises(DomainError, match=message):
        record_item(
            station, actor=clerk, now=NOW, **{"received_at": local(2026, 11, 12, 9), "what": "电饭煲坏了"} | changes
        )
    assert not WorkstationItem.objects.exists()


def test_items_belong_to_what_one_keeps(station, clerk):
    item = ItemFactory(workstation=station)
    stranger = UserFactory(agency=AgencyFactory(), roles=["pledge_clerk"])
    with pytest.raises(PermissionDenied):
        record_item(station, received_at=local(2026, 11, 12, 9), what="别的", actor=stranger, now=NOW)
    with pytest.raises(PermissionDenied):
        update_item(item, what="别的", actor=stranger, now=NOW)
    with pytest.raises(PermissionDenied):  # a case of others
        update_item(item, case=CaseFactory(), actor=clerk, now=NOW)
    item.refresh_from_db()
    assert (item.what, item.case, WorkstationItem.objects.count()) == ("电热水壶不加热", None, 1)


def test_what_came_of_an_item_is_recorded_although_its_case_is_of_others_by_now(station, clerk):
    case = CaseFactory()
    item = ItemFactory(workstation=station, received_at=local(2026, 11, 12, 9), case=case)

    update_item(item, first_response_at=local(2026, 11, 12, 10), case=case, actor=clerk, now=NOW)

    kept = WorkstationItem.objects.get()
    assert (kept.case, kept.first_response_at) == (case, local(2026, 11, 12, 10))
    with pytest.raises(PermissionDenied):
        update_item(item, case=CaseFactory(), actor=clerk, now=NOW)
    assert WorkstationItem.objects.get().case == case


def test_figures_of_a_workstation(station):
    minutes = {5: 5, 20: 20, 60: 60, 90: 90}
    for number, wait in enumerate(minutes):
        at = local(2026, 10, 1 + number)
        ended = {"ended_at": at + dt.timedelta(hours=2), "result": "和解"} if wait < 90 else {}
        ItemFactory(
            workstation=station, received_at=at, first_response_at=at + dt.timedelta(minutes=wait), **ended
        )
    ItemFactory(workstation=station)  # nobody has answered
    ItemFactory(ended=True)  # of another

    assert station.items.figures() == {"handled": 3, "open": 2, "first_response": dt.timedelta(minutes=40)}
    assert WorkstationFactory().items.figures() == {"handled": 0, "open": 0, "first_response": None}
