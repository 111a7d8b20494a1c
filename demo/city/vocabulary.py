"""The words of the city: trades, problems and phrases from `data/*.toml`, compiled for quick drawing."""

import random
import tomllib
from pathlib import Path
from typing import NamedTuple

from demo.city.seasons import PHASES

DATA = Path(__file__).parent / "data"
TABLE = 4096  # entries of a drawing table: a weighted choice is one index
PRICE_POINTS = 48
NEEDS_SHOP, CLAIM = ("{platform}", "{shop}", "{order}"), "{claim}"
SERVICE, GOODS, CLAIMED = range(3)  # what a trade sells; CLAIMED: goods that are advertised with medical effects
REPORTED_SERVICES = 0.25  # reports are mostly about goods: services weigh less among them than among complaints


def read(name: str) -> dict:
    """A data file of the city."""
    with open(DATA / f"{name}.toml", "rb") as file:
        return tomllib.load(file)


def drawing_table(weights: list[float]) -> list[int]:
    """Indices repeated in proportion to their weights: `table[int(random() * TABLE)]` is a weighted choice."""
    whole, table, reached = sum(weights), [], 0.0
    for index, weight in enumerate(weights):
        reached += weight
        table.extend([index] * (round(reached / whole * TABLE) - len(table)))
    return table


def template(text: str) -> str:
    """`{name}` becomes `%(name)s`, which formats twice as quickly from a dictionary."""
    return text.replace("%", "%%").replace("{", "%(").replace("}", ")s")


class Problem(NamedTuple):
    paths: list[str]
    demands: list[str]


class Item(NamedTuple):
    name: str
    category: str
    prices: list[int]  # in cents
    facts: list[tuple[Problem, str]]  # what may go wrong with it: the problem and the sentence that tells it


class Trade(NamedTuple):
    key: str
    sells: int  # SERVICE, GOODS or CLAIMED
    online: float
    weight: float
    industry: str
    verb: str
    names: list[str]
    items: list[Item]


class ReportType(NamedTuple):
    """`texts` by whether the trader sells online, and by what: SERVICE, GOODS or CLAIMED."""

    paths: list[str]
    texts: dict[tuple[bool, int], list[str]]


class Vocabulary:
    def __init__(self, seed: int):
        rng = random.Random(f"{seed}/vocabulary")
        trades, problems, speech = read("trades"), read("problems"), read("speech")
        self.format, self.places = read("format"), read("places")
        self.people, self.traders = read("people"), read("traders")
        self.problems = {
            key: Problem(entry["paths"], [template(text) for text in entry["demands"]])
            for key, entry in problems["problem"].items()
        }
        self.trades = [self._trade(entry, rng) for entry in trades["trade"]]
        self.trade_tables = [
            drawing_table([entry["weights"][i] for entry in trades["trade"]]) for i in range(len(PHASES))
        ]
        self.report_trades = [
            drawing_table([
                entry["weights"][i] * (REPORTED_SERVICES if entry.get("kind") == "service" else 1)
                for entry in trades["trade"]
            ])
            for i in range(len(PHASES))
        ]
        self.reports = [_report_type(entry) for entry in problems["report"]]
        self.report_table = drawing_table([entry["share"] for entry in problems["report"]])
        self.report_words, self.report_claims = problems["report_words"]["word"], problems["report_words"]["claim"]
        self.openings = _templates(speech["opening"])
        self.middle = _templates(speech["middle"])
        self.feedback = _templates(speech["feedback"])
        self.inquiries = _templates(speech["inquiry"])
        self.channel = speech["channel"]
        self.daytime = {body: frozenset(names) for body, names in self.format["daytime"].items()}
        self.channels = {
            body: (list(entry), drawing_table(list(entry.values()))) for body, entry in self.format["channels"].items()
        }

    def _trade(self, entry: dict, rng: random.Random) -> Trade:
        facts = [self._fact(*line.split("|")) for line in entry["facts"]]
        items = []
        for line in entry["items"]:
            leaf, name, prices = line.split("|")
            low, high = map(int, prices.split("-"))
            own = [(problem, text) for problem, text, marks in facts if not marks or any(m in name for m in marks)]
            items.append(Item(name, f"{entry['path']}->{leaf}", _prices(low, high, rng), own))
        return Trade(
            entry["key"], _sells(entry), entry["online"], sum(entry["weights"][:2]), entry["industry"],
            entry["verb"], entry["names"], items,
        )

    def _fact(self, key: str, text: str, only: str = "") -> tuple[Problem, str, list[str]]:
        return self.problems[key], template(text), only.split()


def _sells(entry: dict) -> int:
    if entry.get("kind") == "service":
        return SERVICE
    return CLAIMED if entry.get("claims") else GOODS


def _prices(low: int, high: int, rng: random.Random) -> list[int]:
    """Prices in cents between two sums in yuan, many small ones and few large, rounded as shops do."""
    prices = []
    for _ in range(PRICE_POINTS):
        price = low * (high / low) ** (rng.random() ** 1.3)
        if price < 100:
            prices.append(int(price) * 100 + rng.choice((0, 0, 80, 90)))
        elif price < 10_000:
            prices.append((int(price) // 10 * 10 + rng.choice((0, 8, 9, 9, 9))) * 100)
        else:
            prices.append(int(price) // 100 * 100 * 100)
    return prices


def _report_type(entry: dict) -> ReportType:
    goods = entry["texts"] + entry.get("goods", [])
    by_kind = {SERVICE: entry["texts"], GOODS: [text for text in goods if CLAIM not in text], CLAIMED: goods}
    texts = {
        (online, kind): [
            template(text) for text in known if online or not any(mark in text for mark in NEEDS_SHOP)
        ]
        for online in (True, False)
        for kind, known in by_kind.items()
    }
    return ReportType(entry["paths"], texts)


def _templates(section: dict) -> dict[str, list[str]]:
    return {key: [template(text) for text in texts] for key, texts in section.items()}
