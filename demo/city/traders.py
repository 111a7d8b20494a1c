"""The traders of the city: invented names, valid credit codes of division 000000, a district on either map.

Complaints follow a long tail: the pick of a pool is `u ** TAIL` of its length, so that few traders have very many
cases and most have one or none.
"""

import datetime as dt
import random
from decimal import Decimal
from typing import NamedTuple

from demo.city.seasons import NEW_MAP

TAIL = 3
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)  # GB 32100-2015
BODY_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)  # GB 11714
BODY_VALUES = {c: i for i, c in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
TRADERS_AT_FULL_SCALE, FEWEST_TRADERS, MOST_TRADERS = 60_000, 900, 90_000
WITHOUT_CODE = 0.3  # of the individual traders


class District(NamedTuple):
    """What a district writes into a row: its name, with the city's, its code, bureau and council."""

    name: str
    full_name: str
    code: str
    bureau: str
    council: str


class Trader(NamedTuple):
    """`addresses` and `districts`: on the map before and after NEW_MAP."""

    name: str
    code: str
    street: str
    station: str
    shop: str
    platform: str
    industry: str
    addresses: tuple[str, str]
    districts: tuple[District, District]


def credit_code(head: str, serial: int) -> str:
    """A unified social credit code of division 000000: `head` (91 companies, 92 individual traders), the body from
    `serial`, both check digits right."""
    digits = ""
    for _ in range(6):
        serial, digit = divmod(serial, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    body = "MA" + digits
    rest = 11 - sum(BODY_VALUES[c] * w for c, w in zip(body, BODY_WEIGHTS, strict=True)) % 11
    body += "X" if rest == 10 else str(rest % 11)
    code = f"{head}000000{body}"
    total = sum(ALPHABET.index(c) * w for c, w in zip(code, WEIGHTS, strict=True))
    return code + ALPHABET[(31 - total % 31) % 31]


def spoilt(code: str, draw) -> str:
    """The code with one character mistyped: its check digit no longer fits."""
    place = 8 + int(draw() * 9)
    wrong = ALPHABET[(ALPHABET.index(code[place]) + 1 + int(draw() * 29)) % 31]
    return code[:place] + wrong + code[place + 1 :]


class Traders:
    """All traders and, per trade, the pools of shops (on_site) and online sellers (online), busiest first."""

    def __init__(self, trades: list, words: dict, places: dict, *, scale: Decimal, seed: int):
        self._rng = random.Random(f"{seed}/traders")
        self._words, self._places = words, places
        self._names: set[str] = set()
        self._serial = 0
        self._districts = [
            tuple(_district(area, which, places["city"]) for which in ("old", "new")) for area in places["area"]
        ]
        count = min(max(FEWEST_TRADERS, round(TRADERS_AT_FULL_SCALE * float(scale) ** 0.75)), MOST_TRADERS)
        whole = sum(trade.weight for trade in trades)
        self.online, self.on_site = [], []
        for trade in trades:
            number = count * trade.weight / whole
            self.online.append([self._trader(trade, online=True) for _ in range(max(3, round(number * trade.online)))])
            offline = max(3, round(number * (1 - trade.online)))
            self.on_site.append([self._trader(trade, online=False) for _ in range(offline)])

    def registered(self) -> list[Trader]:
        """Those with a credit code, in a fixed order."""
        return [trader for pools in (self.online, self.on_site) for pool in pools for trader in pool if trader.code]

    def _trader(self, trade, *, online: bool) -> Trader:
        rng, words, city = self._rng, self._words, self._places["city"]
        weights = [area["online" if online else "offline"] for area in self._places["area"]]
        place = rng.choices(range(len(weights)), weights)[0]
        districts, street = self._districts[place], rng.choice(self._places["area"][place]["streets"])
        word, form = self._new_word(), rng.choice(trade.names)
        company = form.endswith(words["company"])
        name = f"{rng.choice(words['company_seats']) if company else districts[0].full_name}{word}{form}"
        code = ""
        if company or rng.random() > WITHOUT_CODE:
            self._serial += 1
            # the multiplier spreads the codes over the whole space; 31 does not divide it, so none comes twice
            code = credit_code("91" if company else "92", self._serial * 7_368_787 % 31**6)
        where = city["address"].format(
            street=street, road=rng.choice(city["roads"]), number=rng.randrange(1, 999), building=rng.randrange(1, 12)
        )
        return Trader(
            name, code, street, city["station_of"].format(street=_short(street, city)),
            f"{word}{rng.choice(words['shop_forms'])}", self._platform(trade.key) if online else "", trade.industry,
            tuple(f"{city['province']}{d.full_name}{where}" for d in districts), districts,
        )

    def _platform(self, trade: str) -> str:
        selling = [p for p in self._words["platform"] if trade in p.get("trades", [trade])]
        return self._rng.choices(selling, [p["share"] for p in selling])[0]["name"]

    def _new_word(self) -> str:
        while True:
            word = "".join(self._rng.sample(self._words["syllables"], 3))
            if word not in self._names:
                self._names.add(word)
                return word


def _short(street: str, city: dict) -> str:
    """The name of a street or town without what it is, as its station bears it."""
    return street.removesuffix(city["street"]).removesuffix(city["town"])


def map_of(day: dt.date) -> int:
    """Index into Trader.districts: the map in force on this day."""
    return int(day >= NEW_MAP)


def _district(area: dict, which: str, city: dict) -> District:
    name = area[which]
    form = "" if name.endswith(city["urban"]) else "county_"
    return District(
        name, f"{city['name']}{name}", area[f"{which}_code"], city[f"{form}bureau_of"].format(district=name),
        city[f"{form}council_of"].format(district=name),
    )
