"""Writing the city: its case files, the list of its traders and the manifest that says what they must contain."""

import csv
import datetime as dt
import hashlib
import io
import json
import os
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path

from demo.city.facts import EARLIEST_RECENT, Amounts, FileFacts, share_out_councils
from demo.city.figures import (
    BUREAU,
    COUNCIL_BODY,
    LARGEST_SCALE,
    SMALLEST_SCALE,
    file_plans,
    recovered_by_bureaus,
)
from demo.city.people import People
from demo.city.rows import RowMaker
from demo.city.seasons import Days
from demo.city.traders import Traders, map_of
from demo.city.vocabulary import Vocabulary

MERCHANTS_FILE = "merchants.csv"
REFERRALS_BODY = "referrals"
MANIFEST_FILE = "manifest.json"
EARLIEST_TODAY = EARLIEST_RECENT + dt.timedelta(days=31)
DAYS_AHEAD = 300  # closings are drawn up to this many days after today


@dataclass
class CityFile:
    """One written file. `body`: 12315, council, referrals or merchants. `recovered` in yuan."""

    name: str
    body: str
    encoding: str
    rows: int
    size: int
    sha256: str
    counts: dict[str, int] = field(default_factory=dict)
    recovered: str = "0.00"


@dataclass
class Manifest:
    """What was asked for, and, once all files stand, what they contain. `scale` as written, `today` in ISO form."""

    scale: str
    seed: int
    today: str
    complete: bool = False
    files: list[CityFile] = field(default_factory=list)

    def save(self, directory: Path) -> None:
        """Replace the manifest of the directory in one step."""
        path = Path(directory) / MANIFEST_FILE
        part = path.with_suffix(".part")
        part.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        os.replace(part, path)

    @classmethod
    def load(cls, directory: Path) -> "Manifest | None":
        """The manifest of the directory; None where there is none. ValueError where it cannot be read."""
        path = Path(directory) / MANIFEST_FILE
        if not path.exists():
            return None
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            return cls(**data | {"files": [CityFile(**entry) for entry in data["files"]]})
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} is not a manifest of a demo city ({error}); delete the directory.") from error

    def damaged(self, directory: Path) -> list[str]:
        """Names of files that are absent or not as written."""
        return [entry.name for entry in self.files if digest_of(Path(directory) / entry.name) != entry.sha256]


def digest_of(path: Path) -> str | None:
    """SHA-256 of a file, None where it does not exist."""
    if not path.exists():
        return None
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_city(
    directory: Path | str, *, scale: float | Decimal | str, seed: int, today: dt.date,
    progress: Callable[[str], None] = lambda name: None,
) -> Manifest:
    """Write the files of the city into `directory` and return their manifest, which is written there too.

    The same scale, seed and today give the same bytes. Nothing in the files happens on `today` or after it. `scale` 1
    is the whole city. ValueError for a scale or a day outside the limits.
    """
    scale, directory = Decimal(str(scale)), Path(directory)
    _check(scale, today)
    directory.mkdir(parents=True, exist_ok=True)
    manifest = Manifest(str(scale.normalize()), seed, today.isoformat())
    manifest.save(directory)
    days = Days(max(today, dt.date(2021, 12, 31)) + dt.timedelta(days=DAYS_AHEAD))
    cut = Days.index(today) - 1
    words = Vocabulary(seed)
    traders = Traders(words.trades, words.traders, words.places, scale=scale, seed=seed)
    people = People(words.people, seed)
    frequent = _frequent(people, scale, seed)
    facts = [FileFacts(plan, words, days, seed=seed, cut=cut) for plan in file_plans(scale)]
    for file in facts:
        file.count_referrable()
    share_out_councils([f for f in facts if f.plan.body == COUNCIL_BODY and f.plan.year])

    targets = _targets(facts, scale)

    progress(MERCHANTS_FILE)
    manifest.files.append(_write_merchants(directory, traders, words, today))
    for file in facts:
        progress(file.plan.name)
        amounts = Amounts(*targets.get(file.plan.name, ()))
        file.restart()
        maker = RowMaker(file, amounts, words, traders, people, frequent, seed=seed)
        plan = file.plan
        with _Table(directory / plan.name, plan.encoding, words.format["headers"]) as cases:
            if not plan.referred:
                for rows in maker.days_rows():
                    cases.add(rows)
            else:
                progress(plan.referrals)
                with _Table(directory / plan.referrals, "utf-8-sig", words.format["referral_headers"]) as referrals:
                    for rows in maker.days_rows():
                        cases.add(rows)
                        referrals.add(maker.taken_referrals())
        manifest.files.append(
            CityFile(
                plan.name, plan.body, plan.encoding, *cases.written, counts=plan.counts,
                recovered=str(Decimal(maker.recovered) / 100 + Decimal("0.00")),
            )
        )
        if plan.referred:
            manifest.files.append(CityFile(plan.referrals, REFERRALS_BODY, "utf-8-sig", *referrals.written))
    manifest.complete = True
    manifest.save(directory)
    return manifest


def _targets(facts: list[FileFacts], scale: Decimal) -> dict[str, tuple[int, int, int]]:
    """For the bureaus' past years: the sum to reach and what was drawn, in cents."""
    sums = {(f.plan.body, f.plan.year): f.raw_sums() for f in facts if f.plan.year}
    return {
        f.plan.name: (
            recovered_by_bureaus(f.plan.year, scale, sum(sums[COUNCIL_BODY, f.plan.year])),
            *sums[BUREAU, f.plan.year],
        )
        for f in facts
        if f.plan.year and f.plan.body == BUREAU
    }


def _check(scale: Decimal, today: dt.date) -> None:
    if not SMALLEST_SCALE <= scale <= LARGEST_SCALE:
        raise ValueError(f"The scale must lie between {SMALLEST_SCALE} and {LARGEST_SCALE}, not {scale}.")
    if today < EARLIEST_TODAY:
        raise ValueError(
            f"The city has two past years, 2019 and 2020, and open work before today: choose {EARLIEST_TODAY} or later,"
            f" not {today}."
        )


def _frequent(people: People, scale: Decimal, seed: int) -> list[tuple]:
    """The few who report very often."""
    draw = random.Random(f"{seed}/frequent").random
    return [people.person(draw) for _ in range(max(5, round(240 * float(scale))))]


def _write_merchants(directory: Path, traders: Traders, words: Vocabulary, today: dt.date) -> CityFile:
    which = map_of(today)
    rows = [
        [t.name, t.code, t.addresses[which], t.districts[which].name, t.industry] for t in traders.registered()
    ]
    with _Table(directory / MERCHANTS_FILE, "utf-8-sig", words.format["merchant_headers"]) as table:
        table.add(rows)
    return CityFile(MERCHANTS_FILE, "merchants", "utf-8-sig", *table.written)


class _Digested(io.RawIOBase):
    """A file that takes the digest of what is written to it."""

    def __init__(self, path: Path):
        self._file, self.digest, self.size = open(path, "wb"), hashlib.sha256(), 0  # noqa: SIM115 - closed below

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self.digest.update(data)
        self.size += len(data)
        return self._file.write(data)

    def close(self) -> None:
        self._file.close()
        super().close()


class _Table:
    """A CSV that is written under a temporary name and gets its own once it is whole. `written`: rows, bytes, SHA-256."""

    def __init__(self, path: Path, encoding: str, headers: list[str]):
        self._path, self._part, self._rows = path, path.with_suffix(".part"), 0
        self._raw = _Digested(self._part)
        self._text = io.TextIOWrapper(io.BufferedWriter(self._raw, 1 << 20), encoding=encoding, newline="")
        self._writer = csv.writer(self._text)
        self._writer.writerow(headers)

    def __enter__(self) -> "_Table":
        return self

    def add(self, rows: list[list]) -> None:
        self._writer.writerows(rows)
        self._rows += len(rows)

    def __exit__(self, kind, *_error) -> None:
        self._text.close()
        if kind is None:
            os.replace(self._part, self._path)
            self.written = self._rows, self._raw.size, self._raw.digest.hexdigest()
