"""A small city made large by SQL: cases whose texts are put together anew, with their terms, people and numbers."""

from django.db import connection, transaction

from benchmarks.copying import WRITTEN_COLUMNS
from cases.enums import OPEN_STATES
from registry.models import Agency

STATION_SHARE = 8  # one of so many cases of the district is the station's
OPEN_SHARE = 25  # one of so many copies is of an open case,
OPEN_AMONG = 1_000_000  # as long as there are no more cases than these: an archive grows by closed ones
SAME_PEOPLE = 10  # in one of so many turns the people of the city turn up again; in the others, others do
REFERENCE_SHARE = 10  # one of so many copies has a further number
RARE, RARER = "琉璃瓦", "殡葬"  # in one of 2,000 cases, of 20,000
POOL = """
CREATE TABLE pool AS
SELECT row_number() OVER (PARTITION BY open ORDER BY kind, category_id, md5(id::text)) - 1 AS place,
       count(*) OVER (PARTITION BY open) AS places, c.*,
       split_part(demand, '。', 1) AS head, substr(demand, length(split_part(demand, '。', 1)) + 2) AS tail
  FROM (SELECT *, state = ANY(%s) AS open FROM cases_case) AS c"""
# the opening of one narrative with the rest of another of the same kind of goods; the years after 2020 are filled from
# those before; what happened in 2020 stays there for the most part; all is moved within a week, so that the days on
# which open cases are due lie around today as they do in the city
COPIES = """
CREATE TEMP TABLE copies ON COMMIT DROP AS
SELECT nextval(pg_get_serial_sequence('cases_case', 'id')) AS id, g, g / (SELECT count(*) FROM pool) AS turn, y,
       a.id AS first_of, b.id AS rest_of,
       make_interval(years => (
         CASE WHEN a.received_at < '2020-01-01' THEN mod(y, 7)
              WHEN a.received_at < '2021-01-01' AND mod(y, 2) = 0 THEN mod(y / 2, 5)
              ELSE 0 END)::int, secs => -mod(y, 604800)) AS later
  FROM generate_series(%(first)s, %(last)s) g
 CROSS JOIN LATERAL (SELECT hashint8(g)::bigint + 2147483648, hashint8(g + 1000000000)::bigint + 2147483648) AS h (x, y)
 CROSS JOIN LATERAL (SELECT mod(x, {share}) = 0 AND g < {among} AS open) AS o
  JOIN (SELECT DISTINCT open, places FROM pool) AS p USING (open)
  JOIN pool a ON a.open = o.open AND a.place = mod(x / {share}, p.places)
  JOIN pool b ON b.open = o.open AND b.place = least(a.place + mod(y, 20), p.places - 1)"""
LATER = "({0} + later)::date"
ENDS = "CASE WHEN o.paused_on IS NULL THEN ({0} + later)::date ELSE {0} END"  # a paused term has no end
HASH = f"CASE WHEN mod(turn, {SAME_PEOPLE}) = 0 THEN {{0}} ELSE substr(sha256({{0}} || int8send(turn)), 1, 16) END"
# of each table, the columns that a copy does not have from the original `o`
COPIED = {
    "cases_case": {
        "number": "'S' || g",
        "source": "'synthetic'",
        "external_number": "'S' || 330106000000000000 + g::bigint * 7919",
        "narrative": "o.head || '。' || rest.tail"
        f" || CASE mod(y, 2000) WHEN 0 THEN '另附{RARE}照片。' ELSE '' END"
        f" || CASE mod(y, 20000) WHEN 1 THEN '涉及{RARER}服务。' ELSE '' END",
        "demand": "''",
        "differs": "mod(y, 500) = 7",
        "custodian_id": f"CASE WHEN o.custodian_id = %(district)s AND mod(g, {STATION_SHARE}) = 0 THEN %(station)s"
        " ELSE o.custodian_id END",
        **{
            name: f"o.{name} + later"
            for name in ("received_at", "decided_at", "accepted_at", "closed_at", "ended_at")
        },
    },
    "cases_clock": {
        **{name: LATER.format(f"o.{name}") for name in ("started_on", "stopped_on", "paused_on")},
        **{name: ENDS.format(f"o.{name}") for name in ("safe_on", "due_on")},
    },
    "cases_party": {name: HASH.format(f"o.{name}") for name in ("phone_hash", "id_number_hash")},
}
# of cases that came from the national platform, the line's ticket: in the small city each case has come but once
REFERENCES = """
INSERT INTO cases_casereference (case_id, source, number)
SELECT id, 'hotline12345', 'R' || 33010000000 + g FROM copies WHERE mod(g, {share}) = 0"""


def multiply(cases: int) -> None:
    """Add synthetic cases until there are so many. A station has its share of the district's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('pool') IS NULL")
        if cursor.fetchone()[0]:
            cursor.execute(POOL, [list(OPEN_STATES)])
            cursor.execute("CREATE UNIQUE INDEX ON pool (open, place)")
            cursor.execute("CREATE UNIQUE INDEX ON pool (id)")
            cursor.execute("ANALYZE pool")
        cursor.execute("SELECT count(*) FROM cases_case")
        (there,) = cursor.fetchone()
        given = {"first": there, "last": cases - 1, "district": district().pk, "station": station().pk}
        with transaction.atomic():
            # neither history nor feed nor keys of what is a copy of rows that keep to all of them
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(COPIES.format(share=OPEN_SHARE, among=OPEN_AMONG), given)
            cursor.execute("ANALYZE copies")
            for table, own in COPIED.items():
                cursor.execute(_copy(cursor, table, own), given)
            cursor.execute(REFERENCES.format(share=REFERENCE_SHARE), given)
        # as cases come in, day by day, and not mixed by the years that a copy was moved
        cursor.execute("CLUSTER cases_case USING cases_case_newest")
        cursor.execute("VACUUM (ANALYZE) cases_case")


def _copy(cursor, table: str, own: dict[str, str]) -> str:
    """The statement that writes a table's rows of all copies."""
    cursor.execute(WRITTEN_COLUMNS, [table])
    columns = [name for name in cursor.fetchone()[0].split(", ") if name != "id"]
    values = [own.get(name, f"o.{name}") for name in columns]
    if table == "cases_case":
        columns, values = ["id", *columns], ["copies.id", *values]
        originals = "pool o ON o.id = first_of JOIN pool rest ON rest.id = rest_of"
    else:
        values[columns.index("case_id")] = "copies.id"
        originals = f"{table} o ON o.case_id = first_of"
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM copies JOIN {originals}"
    )


def district() -> Agency:
    """The one with most cases of the small city."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT custodian_district_id FROM pool WHERE custodian_district_id IS NOT NULL AND body = 'bureau'"
            " GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
        )
        return Agency.objects.get(pk=cursor.fetchone()[0])


def station() -> Agency:
    above = district()
    found = Agency.objects.filter(code="benchmark-station").first()
    return found or Agency.objects.create(
        code="benchmark-station",
        name="测试所",
        name_en="Station",
        kind="station",
        parent=above,
        region=above.region,
    )
