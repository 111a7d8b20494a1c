"""The totals that the synthetic city must show, and how they scale.

Sources
- 2020: items received by the market-regulation system 750,000, recovered 126 million yuan (bureaus), 15,000
  inquiries and 14,000 disputes at the councils, mediation success 98.1 %: the white paper of Hangzhou for 2020, topic
  page of hangzhou.com.cn, 2021-03-14. Where the press says "more than", the city has exactly the round number. The
  councils' disputes of a past year are as many by acceptance as by receipt.
- 2019: items received 689,900, recovered 206 million yuan, bureaus and councils together: hznews.hangzhou.com.cn,
  2020-03-16.
- The mix of complaints, reports and inquiries of 2020: Zhejiang's 713,900, 556,400 and 255,100, and its rates of
  closing (92.09 %) and verifying (96.67 %) in time: zjrb.zjol.com.cn, 2021-03-16.
- 2020: more than 59,000 complaints guided through the green channel of 15 e-commerce platforms, which cut the time of
  handling by a third: the white paper for 2020, as above. The paper does not say with what it compares. No source is
  known for the share that the platforms settle, for how the rest comes back and for 2019: BY_PLATFORM and
  REFERRED[2019] are our own.
- No source is known for the mix of 2019 and for the councils of 2019: MIX[2019], COUNCIL[2019] and
  COUNCIL_SUCCESS[2019] are our own, bent towards Zhejiang's growth (reports almost tripled there, complaints rose by
  a third). What the councils recovered in 2020 is not known either, and comes out as it comes.
- Pledges, 2020: 31,304 units newly created, of these 16,251 of no-reason return, 3,256 factories and 25 street blocks:
  the white paper for 2020, as above. How the other 11,772 are spread is our own. 2019: 8,945 units, 6,709 of return,
  2,412 factories and 21 street blocks (hznews, as above), read as four counts beside each other. The 500 units of six
  industries of 2021, the fewest of the cross-city returns of that year and the 103 of them by 2022: the city's
  programme and its white paper for 2022. All else of UNITS, and the shares that are renewed, are our own, bent towards
  48,637 units in force at the end of 2022, of these 20,053 of return, and 49,000 and 19,000 at the end of 2024. By the
  end of 2022 the city counted 812,900 returns worth 66.7492 million yuan: so about 12 a month of 82 yuan, where one
  unit in twelve keeps a ledger here.
- Targets of 2021: 30 demonstration areas, rights workstations in 280 villages and 50 companies in the cross-city
  returns of the Yangtze delta: the press conference on the white paper, 2021-03-12. What was reached of them is not
  known: here the areas and the workstations come out even, and the companies a little above. Ningbo had 260 village
  points in the same year. Workstations of other years and elsewhere than in villages, the malls, stations and scenic
  areas among the zones, who is a member of them, and what the workstations handle are our own; nine in ten first
  responses lie within the working day that Wuhan's standard for workstations asks for.
- Inspections: the province asks for a yearly evaluation of units and for secret checks each year, and no number is
  known: INSPECTED, UNDERCOVER and all shares of what is found are our own.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

COMPLAINT, REPORT, INQUIRY = "complaint", "report", "inquiry"
KINDS = (COMPLAINT, REPORT, INQUIRY)
BUREAU, COUNCIL_BODY = "12315", "council"
YEARS = (2019, 2020)

RECEIVED = {2019: 689_900, 2020: 750_000}
MIX = {
    2019: {COMPLAINT: 330_000, REPORT: 185_000, INQUIRY: 174_900},
    2020: {COMPLAINT: 713_900, REPORT: 556_400, INQUIRY: 255_100},
}
COUNCIL = {2019: {COMPLAINT: 12_600, INQUIRY: 14_100}, 2020: {COMPLAINT: 14_000, INQUIRY: 15_000}}
COUNCIL_SUCCESS = {2019: Decimal("0.976"), 2020: Decimal("0.981")}

# agreements of councils that a court confirmed: the consumer suits that the white paper of 2020 counts as solved by
# micro-court and judicial confirmation; of 2019 nothing is known
CONFIRMED = {2020: 278}

RECOVERED = {2019: Decimal(206_000_000), 2020: Decimal(126_000_000)}
RECOVERED_WITH_COUNCILS = (2019,)  # the years whose sum covers bureaus and councils; 2020 covers bureaus alone

REFERRED = {2019: 36_000, 2020: 59_000}  # complaints of the bureaus' file of the year, referred in the same year
SETTLED_THERE, DECLINED, SILENT = range(3)
BY_PLATFORM = (0.82, 0.12, 0.06)  # of what is referred: settled by the platform, declined by it, left unanswered
CHANNEL_PACE = (2, 3)  # what a platform settles takes two thirds of the time that it would have taken otherwise

# open and recent work: rows at scale 1, and the least that a small city has to show
RECENT_DAYS = 120
RECENT_MIX = {COMPLAINT: 520, REPORT: 300, INQUIRY: 180}
RECENT_COUNCIL_MIX = {COMPLAINT: 560, INQUIRY: 440}
RECENT = {BUREAU: (40_000, 2_700), COUNCIL_BODY: (2_400, 240)}

# units newly created, by year and type of their first pledge; LATER in each year that is not named
UNITS = {
    2018: {"no_reason_return": 2_100, "reassuring_unit": 3_900, "factory": 700, "village": 300},
    2019: {"no_reason_return": 6_709, "factory": 2_412, "street_block": 21, "reassuring_unit": 8_945},
    2020: {
        "no_reason_return": 16_251, "factory": 3_256, "street_block": 25, "reassuring_unit": 11_012, "village": 620,
        "live_room": 86, "service_area": 24, "demonstration_area": 30,
    },
    2021: {
        "no_reason_return": 1_100, "factory": 500, "street_block": 12, "reassuring_unit": 2_300, "village": 400,
        "live_room": 120, "service_area": 12, "demonstration_area": 30, "hair_beauty": 100, "housekeeping": 50,
        "fitness": 70, "education": 70, "telecom": 120, "bank_outlet": 90,
    },
    2022: {
        "no_reason_return": 1_100, "factory": 500, "street_block": 15, "reassuring_unit": 2_600, "village": 400,
        "live_room": 160, "service_area": 10, "demonstration_area": 30, "hair_beauty": 60, "housekeeping": 30,
        "fitness": 30, "education": 30, "telecom": 30, "bank_outlet": 20,
    },
}  # fmt: skip
LATER = {
    "no_reason_return": 2_900, "factory": 600, "street_block": 10, "reassuring_unit": 3_900, "village": 300,
    "live_room": 180, "service_area": 6, "demonstration_area": 20, "hair_beauty": 60, "housekeeping": 30, "fitness": 40,
    "education": 40, "telecom": 40, "bank_outlet": 40,
}  # fmt: skip
TOLD_BY_TYPE = ("no_reason_return", "factory", "street_block")  # scaled one by one; the others share the rest of the year
CROSS_STORE = {2021: 58, 2022: 45}  # pledges that units of no-reason return add
WITH_LEDGER = 0.08  # of the units of no-reason return
RETURNS_A_MONTH, YUAN_A_RETURN = (1, 23), (20, 144)  # least and most
LEAST_OF_TYPE = {"demonstration_area": 1}  # in a year that has such units at all, however small the city
RENEWED, RENEWED_FROM_2023 = 0.36, 0.60  # of the pledges whose term ends

# workstations opened in villages by year, VILLAGES_LATER in each year that is not named; all others by kind. Each
# district opens one in a village in the year of the target, and one elsewhere
VILLAGE_WORKSTATIONS = {2019: 30, 2020: 60, 2021: 280, 2022: 70}
VILLAGES_LATER, TARGET_YEAR = 30, 2021
WORKSTATIONS = {"mall": 110, "market": 160, "scenic": 40, "platform": 15, "other": 35}
# zones beside the street blocks, demonstration areas and villages that pledge as such; each kind is in every district
ZONES = {"mall": 110, "station": 26, "scenic": 60}
MEMBERS = {"street": (8, 26), "mall": (10, 32), "station": (4, 12), "scenic": (4, 14), "demonstration": (12, 36),
           "village": (1, 4)}  # fmt: skip
LEFT = 0.10  # of the members
ITEMS_A_MONTH = (0.2, 2.4)  # of a workstation, least and most
ANSWERED_IN_TIME = 0.90  # first response within a working day

INSPECTED = 0.03  # visits a year for each pledge that stands
UNDERCOVER = 30  # per cent of the visits
NOT_OK, DOES_NOT_APPLY = 0.035, 0.05  # of the items
LATE_CORRECTION, INSPECTED_AGAIN = 0.04, 0.35  # of the corrections that are ordered
INSPECTIONS_SINCE = 2019

SMALLEST_SCALE, LARGEST_SCALE = Decimal("0.001"), Decimal(10)


def scaled(number: Decimal | int, scale: Decimal, step: str = "1") -> Decimal:
    """`number` times `scale`, rounded half up to `step` (1 for items, 0.01 for yuan)."""
    return (Decimal(number) * scale).quantize(Decimal(step), ROUND_HALF_UP)


def largest_remainder(total: int, weights: list) -> list[int]:
    """Whole numbers in proportion to `weights` whose sum is `total` (the first wins a tie)."""
    whole = sum(weights)
    exact = [Decimal(total) * Decimal(weight) / Decimal(whole) for weight in weights]
    parts = [int(value) for value in exact]
    order = sorted(range(len(weights)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts


def split(total: int, mix: dict[str, int]) -> dict[str, int]:
    """`total` items by kind in the proportions of `mix`."""
    return dict(zip(mix, largest_remainder(total, list(mix.values())), strict=True))


def new_units(year: int, scale: Decimal) -> dict[str, int]:
    """How many units are newly created in a year, by type: the year's sum and what is told of it scaled each for itself,
    the rest in proportion."""
    mix = UNITS.get(year, LATER)
    units = {type: int(scaled(mix[type], scale)) for type in TOLD_BY_TYPE if type in mix}
    others = {type: number for type, number in mix.items() if type not in TOLD_BY_TYPE}
    units |= split(int(scaled(sum(mix.values()), scale)) - sum(units.values()), others)
    most = max(others, key=units.get)
    for type, least in LEAST_OF_TYPE.items():
        if units.get(type, least) < least < units[most]:
            units[most] -= least - units[type]
            units[type] = least
    return units


def village_workstations(year: int, scale: Decimal, least: int = 0) -> int:
    """How many workstations are opened in villages in a year; `least` in the year of the target."""
    number = int(scaled(VILLAGE_WORKSTATIONS.get(year, VILLAGES_LATER), scale))
    return max(number, least) if year == TARGET_YEAR else number


@dataclass(frozen=True)
class FilePlan:
    """What one file must contain: how many cases of each kind, and how many of its complaints are referred to platforms.
    `year` is None for open and recent work."""

    name: str
    body: str
    year: int | None
    counts: dict[str, int]
    encoding: str = "utf-8-sig"
    referred: int = 0

    @property
    def referrals(self) -> str:
        """The name of the file with its referrals."""
        return f"referrals_{self.year}.csv"


def file_plans(scale: Decimal) -> list[FilePlan]:
    """The six case files of a city of this scale. The bureaus' past years have a file of referrals each besides."""
    plans = []
    for year in YEARS:
        counts = split(int(scaled(RECEIVED[year], scale)), MIX[year])
        referred = int(scaled(REFERRED[year], scale))
        plans.append(FilePlan(f"12315_{year}.csv", BUREAU, year, counts, referred=referred))
    plans.append(FilePlan("12315_open.csv", BUREAU, None, split(_recent(BUREAU, scale), RECENT_MIX)))
    for year in YEARS:
        counts = {kind: int(scaled(number, scale)) for kind, number in COUNCIL[year].items()}
        encoding = "gb18030" if year == 2019 else "utf-8-sig"
        plans.append(FilePlan(f"council_{year}.csv", COUNCIL_BODY, year, counts, encoding))
    counts = split(_recent(COUNCIL_BODY, scale), RECENT_COUNCIL_MIX)
    plans.append(FilePlan("council_open.csv", COUNCIL_BODY, None, counts))
    return plans


def recovered_by_bureaus(year: int, scale: Decimal, by_councils: int) -> int:
    """What the bureaus' file of a past year must sum to, in cents; `by_councils` is the sum of the councils' file."""
    total = int(scaled(RECOVERED[year], scale, "0.01") * 100)
    return total - by_councils if year in RECOVERED_WITH_COUNCILS else total


def council_outcomes(closed: int, year: int) -> tuple[int, int]:
    """(agreements, failures) among `closed` disputes: about seven in eight are decided by mediation, or the number
    next to that for which the rate of success comes out right to one decimal."""
    aim = COUNCIL_SUCCESS[year]
    wanted = round(closed * 0.875)
    best = None
    for decided in sorted(range(1, closed + 1), key=lambda d: abs(d - wanted)):
        failed = int(((1 - aim) * decided).to_integral_value(ROUND_HALF_UP))
        error = abs(Decimal(decided - failed) / decided - aim)
        if error < Decimal("0.0005"):
            return decided - failed, failed
        if best is None or error < best[0]:
            best = (error, decided - failed, failed)
    return best[1:] if best else (0, 0)


def _recent(body: str, scale: Decimal) -> int:
    full, least = RECENT[body]
    return max(int(scaled(full, scale)), least)
