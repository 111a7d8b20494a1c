"""Merchants of imported rows, found or made set-wise."""

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from core.exceptions import DomainError
from core.pinyin import pinyin_key
from registry.models import IDENTIFIED, Merchant, Platform

IDENTIFY = "registry.identify_merchant"
MerchantKey = tuple[str | None, str, int | None, str]

BY_CODE = "SELECT credit_code, id FROM registry_merchant WHERE credit_code = ANY(%s)"
ADD_BY_CODE = """
INSERT INTO registry_merchant (name, name_key, pinyin, credit_code, aliases, region_id, address, verified,
created_at, updated_at) SELECT name, key, pinyin, code, '{}', region, '', true, %(now)s, %(now)s
  FROM unnest(%(names)s::text[], %(keys)s::text[], %(pinyin)s::text[], %(codes)s::text[], %(regions)s::bigint[])
    AS t(name, key, pinyin, code, region)
ON CONFLICT (credit_code) DO NOTHING"""
# the keys as one array: the plan stays an index scan however little the planner knows of the table yet
VERIFIED = "SELECT name_key, region_id, id FROM registry_merchant WHERE name_key = ANY(%s) AND verified"
PLACES = """
SELECT r.id, r.code, array(SELECT successor_id FROM registry_regionsuccession WHERE predecessor_id = r.id)
  FROM registry_region r"""
UNVERIFIED = """
SELECT name_key, region_id, coalesce(same_as_id, id) FROM registry_merchant
 WHERE name_key = ANY(%s) AND NOT verified AND credit_code IS NULL"""
ADD_UNVERIFIED = """
INSERT INTO registry_merchant (name, name_key, pinyin, aliases, region_id, address, verified, created_at, updated_at)
SELECT name, key, pinyin, '{}', region, '', false, %(now)s, %(now)s
  FROM unnest(%(names)s::text[], %(keys)s::text[], %(pinyin)s::text[], %(regions)s::bigint[])
    AS t(name, key, pinyin, region)
ON CONFLICT (name_key, region_id) WHERE NOT verified AND credit_code IS NULL DO NOTHING"""


def resolve_merchants(cursor, wanted: set[MerchantKey], *, now) -> dict[MerchantKey, int]:
    """The id of each wanted merchant (valid credit code or None, normalised name, region id, name as
    written).

    A code decides alone. Otherwise exactly one verified merchant of that name and region, on whatever day's map
    the two stand, or else an unverified one, made where there is none: never a namesake elsewhere. One that was stated to
    be another gives that other.
    """
    coded = {key for key in wanted if key[0]}
    named = wanted - coded
    found = _by_code(cursor, coded, now)
    return found | _by_name(cursor, named, now)


def find_merchants(cursor, wanted: set[MerchantKey]) -> dict[MerchantKey, int]:
    """Those of the wanted merchants that there are, found as `resolve_merchants` finds them; none is made."""
    coded = {key for key in wanted if key[0]}
    cursor.execute(BY_CODE, [list({key[0] for key in coded})])
    by_code = dict(cursor.fetchall())
    places = {(key[1], key[2]) for key in wanted - coded}
    ids = _verified(cursor, {place for place in places if place[1] is not None})
    ids |= _unverified(cursor, places - ids.keys())
    found = {key: by_code.get(key[0]) if key[0] else ids.get((key[1], key[2])) for key in wanted}
    return {key: pk for key, pk in found.items() if pk is not None}


class Places:
    """Which regions are one place, whatever day's map each is of."""

    def __init__(self, cursor):
        self._codes: dict[int, str] = {}
        self._later: dict[int, list[int]] = {}
        cursor.execute(PLACES)
        for region, code, successors in cursor.fetchall():
            self._codes[region], self._later[region] = code, successors

    def here(self, place: int, located: Iterable[tuple[int, int]]) -> list[int]:
        """Of rows (region, id), the ids of those at `place`: of that very region, else of its division code, whose area
        may have changed in between, else of a region that the place came from or went into."""
        located = list(located)
        codes, later = self._codes, self._later
        return (
            [pk for region, pk in located if region == place]
            or [pk for region, pk in located if codes[region] == codes[place]]
            or [pk for region, pk in located if place in _after(later, region) or region in _after(later, place)]
        )


def _order(key: MerchantKey) -> tuple:
    """The same order in every process, so that two never wait for each other."""
    code, name_key, region, name = key
    return code or "", name_key, region or 0, name


def _by_code(cursor, wanted: set[MerchantKey], now) -> dict[MerchantKey, int]:
    if not wanted:
        return {}
    codes = list({key[0] for key in wanted})
    cursor.execute(BY_CODE, [codes])
    ids = dict(cursor.fetchall())
    missing = {key[0]: key for key in sorted(wanted, key=_order) if key[0] not in ids}
    if missing:
        cursor.execute(
            ADD_BY_CODE,
            {
                "names": [key[3] for key in missing.values()],
                "keys": [key[1] for key in missing.values()],
                "pinyin": [pinyin_key(key[1]) for key in missing.values()],
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
    places = {(key[1], key[2]): key[3] for key in sorted(wanted, key=_order)}
    # without a place nobody is the same merchant for certain
    located = {place for place in places if place[1] is not None}
    ids = _verified(cursor, located)
    ids |= _unverified(cursor, places.keys() - ids.keys())
    missing = {place: name for place, name in places.items() if place not in ids}
    if missing:
        cursor.execute(
            ADD_UNVERIFIED,
            {
                "names": list(missing.values()),
                "keys": [key for key, _place in missing],
                "pinyin": [pinyin_key(key) for key, _ in missing],
                "regions": [region for _, region in missing],
                "now": now,
            },
        )
        ids |= _unverified(cursor, missing)
    return {key: ids[key[1], key[2]] for key in wanted}


def _verified(cursor, wanted: set[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """The one verified merchant of each name and place, if there is one."""
    if not wanted:
        return {}
    cursor.execute(VERIFIED, [list({key for key, _place in wanted})])
    stored: dict[str, list[tuple[int, int]]] = {}
    for key, region, pk in cursor.fetchall():
        if region is not None:
            stored.setdefault(key, []).append((region, pk))
    if not stored:
        return {}
    places, ids = Places(cursor), {}
    for key, place in wanted:
        here = places.here(place, stored.get(key, ()))
        if len(here) == 1:
            ids[key, place] = here[0]
    return ids


def _after(later: dict[int, list[int]], region: int) -> set[int]:
    """The regions into which `region` went, wholly or in part."""
    found: set[int] = set()
    new = set(later[region])
    while new:
        found |= new
        new = {step for pk in new for step in later[pk]} - found
    return found


def _unverified(cursor, places) -> dict[tuple[str, int | None], int]:
    """The merchants to be verified of those names and places, the first where there are several."""
    places = set(places)
    found: dict[tuple[str, int | None], int] = {}
    if places:
        cursor.execute(UNVERIFIED, [[key for key, _place in places]])
        for key, region, pk in cursor.fetchall():
            if (key, region) in places:
                found.setdefault((key, region), pk)
    return found


@transaction.atomic
def identify_merchant(merchant: Merchant, registered: Merchant, *, actor) -> list[str]:
    """State that the unverified `merchant` is the verified one `registered`, to which all that is known of it moves, and
    whatever later comes under its name and place. Not taken back. Returns what moved, in words.

    Raises PermissionDenied, and DomainError where one of them is none of that kind or something stands in the way.
    """
    if not actor.has_perm(IDENTIFY):
        raise PermissionDenied
    pair = Merchant.objects.select_for_update().filter(pk__in=[merchant.pk, registered.pk]).order_by("pk")
    locked = {row.pk: row for row in pair}
    merchant, registered = locked[merchant.pk], locked[registered.pk]
    if merchant.same_as_id:
        raise DomainError(_("It has been stated already which merchant this is."))
    if merchant.verified:
        raise DomainError(_("This merchant is verified itself, so it is no other."))
    if not registered.verified:
        raise DomainError(_("The other merchant is not verified. Name one that is."))
    merchant.same_as = registered
    merchant.save(update_fields=["same_as", "updated_at"])
    Platform.objects.filter(operator=merchant).update(operator=registered)
    return [told for move in IDENTIFIED for told in move(merchant, registered, actor=actor)]
