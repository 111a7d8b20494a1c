"""The register of pledges around its breaches, for `python -m benchmarks.breaches`: zones, workstations, inspections,
returns, targets and acts of the premises there are, by plain SQL, and the addresses at which readers work with all of
it."""

import datetime as dt

from django.db import connection
from django.utils import timezone

from accounts.models import User
from benchmarks.own import city_bureau
from benchmarks.repeats import FIRST_DAY, columns_of
from insights.enums import Part
from insights.metrics import family, metric
from insights.periods import Period
from insights.places import Map
from insights.pledge_figures import SHOWN
from insights.pledged import CONFIRMED, CREATED, IN_FORCE, SUSPECTED
from insights.scopes import Scope
from insights.selections import address
from pledges.enums import PledgeState, TargetKind
from pledges.models import Inspection, Pledge, PledgeType, Premises, ReturnEntry, Target, Zone
from tests.factories import (
    InspectionFactory,
    ItemFactory,
    MembershipFactory,
    PledgeFactory,
    ReturnEntryFactory,
    UserFactory,
    WorkstationFactory,
    ZoneFactory,
)

MEMBERS = 60  # premises in a zone
MONTHS = 4  # of returns at each of the premises
CORRECTING = 10  # one inspection in so many has a correction
YEAR = 2025  # one in which pledges were published on every day
ENDED, APPLIED, RENEWED, TO_CORRECT = 20, 20, 10, 30  # one of so many premises, or pledges
DECIDED, WITH_CORRECTION = 10, 100  # one breach of so many was confirmed, and as many dismissed; is to be corrected


def write_field_work(premises) -> None:
    """Copies of one zone, workstation, item, member, inspection and month of returns, spread over all premises: every
    tenth is in a zone, a third have been visited."""
    person = UserFactory(agency=premises.agency)
    zone = ZoneFactory(agency=premises.agency, region=premises.region)
    station = WorkstationFactory(agency=zone.agency, region=zone.region)
    item = ItemFactory(workstation=station, ended=True, recorded_by=person)
    member = MembershipFactory(zone=zone, premises=premises, added_by=person)
    visit = InspectionFactory(premises=premises, type=Pledge.objects.latest("pk").type, visited=True)
    entry = ReturnEntryFactory(premises=premises, month="2024-01-01", entered_by=person)
    district = {"agency_id": "d.agency", "region_id": "d.region"}
    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE TEMPORARY TABLE numbered AS
               SELECT id, agency_id, row_number() OVER (ORDER BY id) - 1 AS n FROM pledges_premises WHERE id > %s""",
            [premises.pk],
        )
        opened = {"opened_on": "date '2024-01-10' + mod(k.n * 37, 900)::int"}
        for table, row, named, share, more in (
            ("pledges_zone", zone, "测试商圈", MEMBERS * 10, {}),
            ("pledges_workstation", station, "消费维权服务站", MEMBERS, opened),
        ):
            made = columns_of(table, id="z.id + k.n", name=f"'{named}' || k.n", **district, **more)
            cursor.execute(
                f"""INSERT INTO {table} ({columns_of(table)})
                    SELECT {made}
                      FROM {table} z,
                           generate_series(1, greatest((SELECT ceil(count(*) / {share}.0) FROM numbered),
                                                       (SELECT count(*) FROM districts))::int) k(n)
                      JOIN districts d ON d.n = mod(k.n, (SELECT count(*) FROM districts))
                     WHERE z.id = %s""",
                [row.pk],
            )
        _copy(
            cursor, "pledges_zonemembership", member.pk, "n.n < (SELECT count(*) FROM numbered) / 10",
            premises_id="n.id", zone_id=f"{zone.pk} + 1 + n.n / {MEMBERS}",
        )  # fmt: skip
        _copy(
            cursor, "pledges_workstationitem", item.pk, "mod(n.n, 3) = 0",
            workstation_id=f"{station.pk} + 1 + n.n / {MEMBERS}",
        )  # fmt: skip
        late = f"mod(n.n, {CORRECTING} * 3) = 0"
        _copy(
            cursor, "pledges_inspection", visit.pk, "mod(n.n, 3) = 0", premises_id="n.id",
            planned_on="date '2024-01-10' + mod(n.n, 900)::int", visited_on="date '2024-01-10' + mod(n.n, 900)::int",
            state=f"CASE WHEN {late} THEN 'correcting' ELSE t.state END",
            correct_by=f"CASE WHEN {late} THEN date '2024-02-10' + mod(n.n, 900)::int END",
            mode="CASE WHEN mod(n.n, 2) = 0 THEN 'open' ELSE 'undercover' END",
        )  # fmt: skip
        _copy(
            cursor, "pledges_returnentry", entry.pk, "true", f"CROSS JOIN generate_series(0, {MONTHS - 1}) m(n)",
            id=f"t.id + 1 + n.n * {MONTHS} + m.n", premises_id="n.id",
            month="(date '2024-01-01' + (mod(n.n, 24) + m.n) * interval '1 month')::date", count="1 + mod(n.n, 9)",
        )  # fmt: skip
        write_acts(cursor, premises)
        for table in (
            "zone", "workstation", "workstationitem", "zonemembership", "inspection", "returnentry", "pledge",
        ):  # fmt: skip
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('pledges_{table}', 'id'), (SELECT max(id) FROM pledges_{table}))"
            )
        cursor.execute("VACUUM ANALYZE")


def write_acts(cursor, premises: Premises) -> None:
    """What the figures and the lists of work count: acts on all pledges, renewals and corrections of some, applications,
    pledges that were revoked, targets of the city and of every district."""
    cursor.execute(
        f"UPDATE pledges_pledge SET correct_by = published_on + 300 WHERE mod(id, {TO_CORRECT}) = 0"
    )
    application = PledgeFactory(premises=premises, type=PledgeType.objects.get(code="demonstration_area"))
    for name, day, more in (
        ("apply", "applied_on", ""), ("admit", "published_on", ""), ("publish", "published_on", ""),
        ("renew", "published_on + mod(id, 700)::int", f"AND mod(id, {RENEWED}) = 0"),
    ):  # fmt: skip
        cursor.execute(
            f"""INSERT INTO pledges_pledgeevent (pledge_id, verb, before, after, actor_id, at, note, data)
                SELECT id, '{name}', '', state, %s, {day}, '', jsonb_build_object('on', ({day})::date)
                  FROM pledges_pledge WHERE published_on IS NOT NULL {more}""",
            [UserFactory(agency=premises.agency).pk],
        )
    _copy(
        cursor, "pledges_pledge", application.pk, f"mod(n.n, {APPLIED}) = 0", premises_id="n.id", agency_id="n.agency_id"
    )
    cursor.execute("SELECT setval(pg_get_serial_sequence('pledges_pledge', 'id'), (SELECT max(id) FROM pledges_pledge))")
    ended = PledgeFactory(
        premises=premises, type=PledgeType.objects.get(code="factory"), in_force=True, published_on=dt.date(2024, 1, 1),
        state=PledgeState.REVOKED, ended_on=dt.date(YEAR, 6, 1),
    )  # fmt: skip
    _copy(
        cursor, "pledges_pledge", ended.pk, f"mod(n.n, {ENDED}) = 1", premises_id="n.id", agency_id="n.agency_id",
        ended_on=f"date '{YEAR}-01-01' + mod(n.n, 365)::int",
    )  # fmt: skip
    cursor.execute("SELECT agency FROM districts")
    agencies = [city_bureau().pk, *(row[0] for row in cursor.fetchall())]
    for year in {YEAR, timezone.localdate().year}:
        for what in TargetKind:
            for agency in agencies:
                code = f"{year}-{what}-{agency}"
                Target.objects.create(
                    year=year, what=what, agency_id=agency, code=code, name=code, name_en=code, number=1000,
                    source="工作要点",
                )  # fmt: skip


def decide_breaches() -> None:
    """What people decided of the breaches that were found: one of some confirmed, as many dismissed, and of a few a
    correction ordered, of which half are over."""
    today = timezone.localdate()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE pledges_breach
                   SET state = CASE WHEN mod(id, {WITH_CORRECTION}) = 2 THEN 'correcting'
                                    WHEN mod(id, {DECIDED}) = 0 THEN 'confirmed' ELSE 'dismissed' END,
                       decided_at = now() - mod(id, 40) * interval '1 day',
                       due_on = CASE WHEN mod(id, {WITH_CORRECTION}) = 2 THEN %s + mod(id, 60)::int - 30 END
                 WHERE mod(id, {DECIDED}) IN (0, 1) OR mod(id, {WITH_CORRECTION}) = 2""",
            [today],
        )
        cursor.execute("VACUUM ANALYZE pledges_breach")


def _copy(cursor, table: str, pk: int, where: str, more: str = "", **expressions: str) -> None:
    """A copy of the row `pk` for each of the premises `n` for which `where` holds."""
    made = columns_of(table, **{"id": "t.id + 1 + n.n"} | expressions)
    cursor.execute(
        f"""INSERT INTO {table} ({columns_of(table)})
            SELECT {made} FROM {table} t CROSS JOIN numbered n {more} WHERE t.id = %s AND {where}""",
        [pk],
    )


def addresses(user: User) -> dict[str, str]:
    """The pages of the register, by name, as far as `user` may open them."""
    pledge = Pledge.objects.visible_to(user).filter(state=PledgeState.IN_FORCE).latest("pk")
    premises, merchant, region = pledge.premises, pledge.premises.merchant, pledge.premises.region
    today = timezone.localdate()
    admin = "/admin/pledges"
    return {
        "register": "/pledges/",
        "register, page 200": "/pledges/?page=200",
        "register, of a type": f"/pledges/?type={pledge.type.code}&state=in_force",
        "register, of a district": f"/pledges/?district={region.code}&sort=until",
        "register, to renew": "/pledges/?todo=renew",
        "register, late": "/pledges/?todo=correct",
        "register, published this year": f"/pledges/?published_from={today.year}-01-01&sort=-published",
        "register, of a merchant": f"/pledges/?q={merchant.name}",
        "register, a common word": "/pledges/?q=门店",
        "register, no such name": "/pledges/?q=查无此店",
        "pledge": f"/pledges/{pledge.pk}/",
        "merchant": f"/pledges/merchants/{merchant.pk}/",
        "zones": "/pledges/zones/",
        "zone": f"/pledges/zones/{Zone.objects.visible_to(user).latest('pk').pk}/",
        "inspections, list": "/pledges/inspections/",
        "inspections, list of the late": "/pledges/inspections/?correction=late",
        "inspections, list of a district": f"/pledges/inspections/?district={region.code}&mode=undercover",
        "inspections, list of a merchant": f"/pledges/inspections/?q={merchant.name}",
        "inspection": f"/pledges/inspections/{Inspection.objects.visible_to(user).latest('pk').pk}/",
        "targets": f"/pledges/targets/?year={YEAR}",
        "targets, this year": f"/pledges/targets/?year={today.year}",
        "returns, list": "/insights/returns/",
        "returns, list of a merchant": f"/insights/returns/?q={merchant.name}",
        "returns, list of a year": f"/insights/returns/?month_from={YEAR}-01-01&month_to={YEAR}-12-31&sort=-amount",
        "pledges": f"{admin}/pledge/",
        "pledges, to renew": f"{admin}/pledge/?todo=renew",
        "pledges, of premises": f"{admin}/pledge/?q={premises.name}",
        "a pledge": f"{admin}/pledge/{pledge.pk}/change/",
        "premises": f"{admin}/premises/",
        "premises, by name": f"{admin}/premises/?q={premises.name}",
        "inspections": f"{admin}/inspection/",
        "inspections, of premises": f"{admin}/inspection/?q={premises.name}",
        "an inspection": f"{admin}/inspection/{Inspection.objects.visible_to(user).latest('pk').pk}/change/",
        "returns": f"{admin}/returnentry/",
        "returns, of premises": f"{admin}/returnentry/?q={premises.name}",
        "returns of a month": f"{admin}/returnentry/{ReturnEntry.objects.visible_to(user).latest('pk').pk}/change/",
        "members": f"{admin}/zonemembership/",
        "workstations": f"{admin}/workstation/",
        "items handled": f"{admin}/workstationitem/",
    } | figures(user, pledge) | targets(user)


def figures(user: User, pledge: Pledge) -> dict[str, str]:
    """The lists behind the figures of the section of pledges, as it links them: of a year, of this one, of a district, of
    a type."""
    today, region, kind = timezone.localdate(), pledge.premises.region, pledge.type
    place = Map.load().as_registered(region)
    years = {year: Period(dt.date(year, 1, 1), dt.date(year, 12, 31)) for year in (YEAR, FIRST_DAY.year, today.year)}
    found = {}
    for code in SHOWN:
        year = {SUSPECTED: FIRST_DAY.year, CONFIRMED: today.year}.get(code, YEAR)
        scope = Scope(user, years[year], today)
        inside = Scope(user, years[year], today, place)
        found[f"rows of {code}"] = address(metric(code), Part.VALUE, scope)
        found[f"rows of {code}, of a district"] = address(metric(code), Part.VALUE, inside)
    for code in (IN_FORCE, CREATED):
        scope = Scope(user, years[YEAR], today)
        found[f"rows of {code}, of a type"] = address(family(code).of(kind.code, kind.label), Part.VALUE, scope)
        found[f"rows of {code}, this year"] = address(metric(code), Part.VALUE, Scope(user, years[today.year], today))
        found[f"rows of {code}, of a merchant"] = f"{found[f'rows of {code}']}&q={pledge.premises.merchant.name}"
    return found


def targets(user: User) -> dict[str, str]:
    """The rows that the targets of a year count, and those under review for one of this year."""
    found = {}
    for target in Target.objects.visible_to(user).filter(agency=user.agency, year=YEAR):
        found[f"target rows, {target.what}"] = f"/pledges/targets/{target.pk}/reached/"
    for target in Target.objects.visible_to(user).filter(agency=user.agency, year=timezone.localdate().year):
        found[f"target rows, {target.what}, under review"] = f"/pledges/targets/{target.pk}/review/"
    return found
