"""Merchants while one types: by name, alias or credit code, quick among hundreds of thousands."""

import re
import unicodedata
from collections.abc import Iterator

from django.db.models import CharField, F, Func, Q, QuerySet, Value
from django.utils import timezone

from cases.filters import known_merchants
from core.lookups import contains
from core.pinyin import pinyin_key
from core.text import clean_cell, name_key
from registry.enums import RegionLevel
from registry.models import Merchant, Region

CANDIDATES = 60  # of each way of looking, so that a common word costs no more than a rare one
ANYWHERE = 3  # characters from which on a word is looked for inside names: a trigram index serves no shorter one
CODE = re.compile(r"(?=.*\d)[0-9A-Z]{4,18}")
BEHIND_ALL = "\N{DELETE}"  # comes after every character of a sound


def find_merchants(text: str, *, user, limit: int = 10) -> list[Merchant]:
    """The merchants that `text` may mean and `user` may see, the likeliest first, with their regions.

    A beginning of a credit code; a beginning of a name, with or without the place before it, in other characters of
    the same sound too, since names are heard; from three characters on also what stands inside a name or an alias.
    """
    text = " ".join(clean_cell(text[:200]).split())
    if not text:
        return []
    ids: set[int] = set()
    for rows in _ways(text):
        ids.update(rows.values_list("pk", flat=True)[:CANDIDATES])
    found = known_merchants(user).filter(pk__in=ids).select_related("region")
    return sorted(found, key=lambda merchant: _rank(merchant, text))[:limit]


def _ways(text: str) -> Iterator[QuerySet]:
    merchants = Merchant.objects.order_by()
    code = unicodedata.normalize("NFKC", text).replace(" ", "").upper()
    if CODE.fullmatch(code):
        yield merchants.filter(credit_code__startswith=code).order_by("credit_code")
    if key := name_key(text):
        yield merchants.filter(_begins(key))
    if len(text) >= ANYWHERE:
        words = text.split()
        yield merchants.filter(*(contains("name", word) for word in words))
    yield merchants.exclude(aliases=[]).annotate(known_as=ALIASES).filter(contains("known_as", text))


ALIASES = Func(F("aliases"), Value("\n"), function="array_to_string", output_field=CharField())


def _begins(key: str) -> Q:
    """Names that begin with what sounds like `key`, or with it behind a place (杭州清泉, 杭州市西湖区清泉)."""
    condition = Q()
    for place in _places():
        sound = pinyin_key(place + key)
        condition |= Q(pinyin__gte=sound, pinyin__lt=sound + BEHIND_ALL)
    return condition


def _places() -> set[str]:
    """What stands before the name proper: nothing, a place, a city and its district; each also in short."""
    rows = Region.objects.valid_on(timezone.localdate()).exclude(level=RegionLevel.STREET)
    spelt: dict[str, set[str]] = {}
    for level, name in rows.values_list("level", "name"):
        spelt.setdefault(level, set()).update({name, re.sub(r"(?<=..)[省市区县]$", "", name)})
    places = {"", *(name for names in spelt.values() for name in names)}
    districts = spelt.get(RegionLevel.DISTRICT, ())
    return places | {city + district for city in spelt.get(RegionLevel.CITY, ()) for district in districts}


def _rank(merchant: Merchant, text: str) -> tuple:
    """The very name, then what begins with it, what has it inside, what only sounds alike; verified ones first."""
    key, name = name_key(text), merchant.name_key
    closeness = 0 if key == name else 1 if name.startswith(key) else 2 if key in name else 3
    if any(name_key(alias) == key for alias in merchant.aliases):
        closeness = 0
    return closeness, not merchant.verified, len(name), merchant.pinyin, merchant.pk
