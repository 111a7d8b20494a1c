"""Merchants of imported rows, found or made set-wise."""

MerchantKey = tuple[str | None, str, int | None, str]

BY_CODE = "SELECT credit_code, id FROM registry_merchant WHERE credit_code = ANY(%s)"
ADD_BY_CODE = """
INSERT INTO registry_merchant (name, name_key, credit_code, aliases, region_id, address, verified, created_at, updated_at)
SELECT name, key, code, '{}', region, '', true, %(now)s, %(now)s
  FROM unnest(%(names)s::text[], %(keys)s::text[], %(codes)s::text[], %(regions)s::bigint[]) AS t(name, key, code, region)
ON CONFLICT (credit_code) DO NOTHING"""
BY_NAME = """
SELECT k.key, k.region, min(m.id)
  FROM unnest(%(keys)s::text[], %(regions)s::bigint[]) AS k(key, region)
  JOIN registry_merchant m ON m.name_key = k.key AND m.region_id = k.region AND m.verified
 GROUP BY 1, 2 HAVING count(*) = 1"""
UNVERIFIED = """
SELECT k.key, k.region, m.id
  FROM unnest(%(keys)s::text[], %(regions)s::bigint[]) AS k(key, region)
  JOIN registry_merchant m ON m.name_key = k.key AND m.region_id IS NOT DISTINCT FROM k.region
   AND NOT m.verified AND m.credit_code IS NULL"""
ADD_UNVERIFIED = """
INSERT INTO registry_merchant (name, name_key, aliases, region_id, address, verified, created_at, updated_at)
SELECT name, key, '{}', region, '', false, %(now)s, %(now)s
  FROM unnest(%(names)s::text[], %(keys)s::text[], %(regions)s::bigint[]) AS t(name, key, region)
ON CONFLICT (name_key, region_id) WHERE NOT verified AND credit_code IS NULL DO NOTHING"""


def resolve_merchants(cursor, wanted: set[MerchantKey], *, now) -> dict[MerchantKey, int]:
    """The id of each wanted merchant (valid credit code or None, normalised name, region id, name as written).

    A code decides alone. Otherwise exactly one verified merchant of that name and region, or else an unverified one,
    made where there is none: never a namesake elsewhere.
    """
    coded = {key for key in wanted if key[0]}
    named = wanted - coded
    found = _by_code(cursor, coded, now)
    return found | _by_name(cursor, named, now)


def _by_code(cursor, wanted: set[MerchantKey], now) -> dict[MerchantKey, int]:
    if not wanted:
        return {}
    codes = list({key[0] for key in wanted})
    cursor.execute(BY_CODE, [codes])
    ids = dict(cursor.fetchall())
    missing = {key[0]: key for key in sorted(wanted, key=str) if key[0] not in ids}
    if missing:
        cursor.execute(
            ADD_BY_CODE,
            {
                "names": [key[3] for key in missing.values()],
                "keys": [key[1] for key in missing.values()],
                "codes": list(missing),
                "regions": [key[2] for key in missing.values()],
                "now": now,
            },
        )
        cursor.execute(BY_CODE, [list(missing)])
        ids |= dict(cursor.fetchall())
    return {key: ids[key[0]] for key in wanted}


def _by_name(cursor, wanted: set[MerchantKey], now) -> dict[MerchantKey, int]:
    if not wanted:
        return {}
    places = {(key[1], key[2]): key[3] for key in sorted(wanted, key=str)}
    ids = _select(cursor, BY_NAME, places)
    ids |= _select(cursor, UNVERIFIED, places.keys() - ids.keys())
    missing = {place: name for place, name in places.items() if place not in ids}
    if missing:
        cursor.execute(
            ADD_UNVERIFIED,
            {
                "names": list(missing.values()),
                "keys": [key for key, _ in missing],
                "regions": [region for _, region in missing],
                "now": now,
            },
        )
        ids |= _select(cursor, UNVERIFIED, missing)
    return {key: ids[key[1], key[2]] for key in wanted}


def _select(cursor, query: str, places) -> dict[tuple[str, int | None], int]:
    places = list(places)
    if not places:
        return {}
    cursor.execute(query, {"keys": [key for key, _ in places], "regions": [region for _, region in places]})
    return {(key, region): pk for key, region, pk in cursor.fetchall()}
