"""The register of pledges around its breaches, for `python -m benchmarks.breaches`: zones, workstations, inspections and
returns of the premises there are, by plain SQL, and the addresses at which readers work with all of it."""

from django.db import connection
from django.utils import timezone

from accounts.models import User
from benchmarks.repeats import columns_of
from pledges.models import Inspection, Pledge, ReturnEntry, Zone
from tests.factories import (
    InspectionFactory,
    ItemFactory,
    MembershipFactory,
    ReturnEntryFactory,
    UserFactory,
    WorkstationFactory,
    ZoneFactory,
)

MEMBERS = 60  # premises in a zone
MONTHS = 4  # of returns at each of the premises
CORRECTING = 10  # one inspection in so many has a correction


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
        for table, row, named, share in (
            ("pledges_zone", zone, "测试商圈", MEMBERS * 10), ("pledges_workstation", station, "消费维权服务站", MEMBERS),
        ):  # fmt: skip
            made = columns_of(table, id="z.id + k.n", name=f"'{named}' || k.n", **district)
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
        for table in (
            "zone", "workstation", "workstationitem", "zonemembership", "inspection", "returnentry",
        ):  # fmt: skip
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('pledges_{table}', 'id'), (SELECT max(id) FROM pledges_{table}))"
            )
        cursor.execute("VACUUM ANALYZE")


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
    pledge = Pledge.objects.visible_to(user).latest("pk")
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
        "targets": "/pledges/targets/?year=2021",
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
    }
