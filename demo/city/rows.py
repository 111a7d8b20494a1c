"""The rows of a case file in the export format of the national 12315 platform, with their texts."""

import datetime as dt
import random
from collections.abc import Iterator
from operator import itemgetter

from demo.city.facts import OUTCOMES, Amounts, ComplaintFacts, FileFacts, InquiryFacts, Referral, ReportFacts
from demo.city.figures import BUREAU, DECLINED, SETTLED_THERE
from demo.city.people import NOBODY, People
from demo.city.seasons import CLOCK, EPIDEMIC
from demo.city.traders import TAIL, Trader, Traders, map_of, spoilt
from demo.city.vocabulary import SERVICE, TABLE, Vocabulary, drawing_table

BY_CITY = 0.02  # of complaints and reports are handled by the city's bureau itself
INQUIRIES_BY_CITY = 0.3
ANONYMOUS = 0.35  # of reports
FREQUENT = 0.3  # of named reports come from the same few people
WRONG_REGION, WRONG_AGENCY, WRONG_CODE, NO_CODE = 0.008, 0.004, 0.008, 0.04
ONLINE_REPORTS = 0.9
AGREEMENT_TEXTS = ("agreement_money", "agreement_goods", "agreement_service")
OPENS, CLOSES = 8 * 3600 + 1800, 17 * 3600 + 1800  # of counters, seconds of the day


class RowMaker:
    """Turns the facts of one file into rows."""

    def __init__(
        self, facts: FileFacts, amounts: Amounts, vocabulary: Vocabulary, traders: Traders, people: People,
        frequent: list[tuple], *, seed: int,
    ):
        self.facts, self.amounts, self.words = facts, amounts, vocabulary
        self.traders, self.people, self.frequent = traders, people, frequent
        self.days, self.cut, self.bureau = facts.days, facts.cut, facts.plan.body == BUREAU
        self._stream = f"{seed}/{facts.plan.name}/texts"
        form, city = vocabulary.format, vocabulary.places["city"]
        self.kinds, self.acceptance, self.handling = form["kinds"], form["acceptance"], form["handling"]
        self.outcomes = [form["outcomes"][code] for code in OUTCOMES]
        self.answered = form["outcomes"]["answered"]
        self.sales, self.city, self.slips = form["sales"], city, vocabulary.places["slips"]
        body = "bureau" if self.bureau else "council"
        self.channels, self.channel_table = vocabulary.channels[body]
        self.daytime = vocabulary.daytime[body]
        self.seats = _seats(traders)
        self.on_site_sales = [form["sales"][key] for key in ("on_site", "on_site", "on_site", "telephone", "door")]
        self.results = [form["channel"][key] for key in ("settled", "declined", "silent")]
        self.recovered = 0  # cents, of all rows made so far
        self.referrals: list[list] = []  # the rows of those referred, until they are taken

    def days_rows(self) -> Iterator[list[list]]:
        """The rows of each day, in the order of receipt."""
        for position, day in enumerate(self.facts.span):
            draw = random.Random(f"{self._stream}/{day}").random
            cases = [
                *((case.second, self._complaint, case) for case in self.facts.complaints(position)),
                *((case.second, self._report, case) for case in self.facts.reports(position)),
                *((case.second, self._inquiry, case) for case in self.facts.inquiries(position)),
            ]
            cases.sort(key=itemgetter(0))
            date = dt.date.fromisoformat(self.days.iso[day])
            self._map = map_of(date)
            self._epidemic = EPIDEMIC[0] <= date <= EPIDEMIC[1]
            yield [make(serial, day, case, draw) for serial, (_, make, case) in enumerate(cases, 1)]

    def taken_referrals(self) -> list[list]:
        """The rows of referrals of the days made since they were last taken, in the order of receipt of their cases."""
        rows, self.referrals = self.referrals, []
        return rows

    def _head(self, serial: int, day: int, second: int, code: str, draw) -> tuple[str, str, str]:
        """Registration number, channel, time of registration."""
        middle = "00" if self.bureau else ""
        channel = self.channels[self.channel_table[int(draw() * TABLE)]]
        if channel in self.daytime and not OPENS <= second <= CLOSES:
            channel = self.channels[0]
        return f"{code}{middle}{self.days.compact[day]}{serial:06d}", channel, self.days.iso[day] + CLOCK[second]

    def _place(self, trader: Trader, draw) -> tuple[str, str, str, str]:
        """Division code of the number, region, agency and department as written."""
        district = trader.districts[self._map]
        region, slip = district.name, draw()
        if slip < WRONG_REGION:
            region = self.slips["regions"][int(slip / WRONG_REGION * len(self.slips["regions"]))]
        if not self.bureau:
            department = self.city["council_departments"][slip > 0.5]
            if draw() < BY_CITY:
                return self.city["code"], region, self.city["council"], department
            return district.code, region, district.council, department
        u = draw()
        if u < BY_CITY:
            return self.city["code"], region, self.city["bureau"], self.city["city_departments"][slip > 0.5]
        agency = district.bureau
        if u > 1 - WRONG_AGENCY:
            agency = self.slips["agencies"][int((1 - u) / WRONG_AGENCY * len(self.slips["agencies"]))]
        return district.code, region, agency, trader.station

    def _code(self, trader: Trader, draw) -> str:
        u = draw()
        if u < WRONG_CODE and trader.code:
            return spoilt(trader.code, draw)
        return "" if u > 1 - NO_CODE else trader.code

    def _context(self, case, paid: int, fact: str, trade, trader: Trader, day: int, draw) -> dict:
        """What the templates may speak of. `paid` in cents; what `fact` tells took its time since the purchase."""
        days, service = self.days, trade.sells == SERVICE
        part = max(int(paid * (0.2 + 0.6 * draw())) // 100, 5)
        number = int(draw() * 7)
        bought = day - int(draw() ** 2 * (200 if service else 45))
        if "%(month)s" in fact:
            bought -= (number + 3) * 30
        elif "%(days)s" in fact:
            bought -= number * 9 + 5
        elif "%(n)s" in fact:
            bought -= number + 2
        brands = self.words.traders["brands"]
        return {
            "on": days.spoken[bought],
            "bought": bought,
            "item": case.item.name,
            "paid": money(paid),
            "part": part,
            "cost": 80 + int(draw() * 1400),
            "order": "",
            "platform": trader.platform,
            "merchant": trader.name,
            "shop": trader.shop,
            "street": trader.street,
            "verb": trade.verb,
            "brand": "" if service else brands[int(draw() * len(brands))],
            "n": number + 2,
            "days": number * 9 + 5,
            "month": number + 3,
        }

    def _complaint(self, serial: int, day: int, case: ComplaintFacts, draw) -> list:
        words, days, cut = self.words, self.days, self.cut
        trade = words.trades[case.trade]
        online, service = case.online, trade.sells == SERVICE
        trader = _pick((self.traders.online if online else self.traders.on_site)[case.trade], draw)
        code, region, agency, department = self._place(trader, draw)
        number, channel, registered = self._head(serial, day, case.second, code, draw)
        recovered = self.amounts.of(case)
        paid = max(case.paid, recovered)
        self.recovered += recovered
        problem, fact = _one(case.item.facts, draw)
        context = self._context(case, paid, fact, trade, trader, day, draw)
        if online:
            context["order"] = order_number(draw)
        person = self.people.person(draw)
        text = _one(
            words.openings[f"{'online' if online else 'offline'}_{'service' if service else 'goods'}"], draw
        ) % context
        context["demand"] = _one(problem.demands, draw) % context
        text += fact % context + _one(words.middle["contact"], draw) % context
        text += _one(words.middle["demand"], draw) % context
        if draw() < 0.12:
            context["phone"] = person[1]
            text += _one(words.middle["tail"], draw) % context
        accepted_at = closed_at = decided_at = result = feedback = ""
        if case.decided > cut:
            state = self.acceptance["complaint_pending"]
            handling = self.handling["undispatched" if day >= cut else "waiting"]
        else:
            decided_at = days.iso[case.decided] + CLOCK[case.decided_second]
            handling = self.handling["closed"]
            if case.refused:
                state, closed_at = self.acceptance["complaint_refused"], decided_at
                feedback = _one(words.feedback["refused"], draw)
            else:
                state, accepted_at = self.acceptance["complaint_accepted"], decided_at
                if case.outcome is None:
                    handling = self.handling["working"]
                else:
                    closed_at = days.iso[case.closed] + CLOCK[case.closed_second]
                    result = self.outcomes[case.outcome]
                    key = OUTCOMES[case.outcome]
                    if case.referral and case.referral.result == SETTLED_THERE:
                        key = f"channel_{'money' if recovered else 'other'}"
                    elif key == "agreement":
                        key = AGREEMENT_TEXTS[0 if recovered else 1 + service]
                    context["amount"] = money(recovered)
                    feedback = _one(words.feedback[key], draw) % context
        if case.referral:
            self.referrals.append(self._referral(number, trader, case.referral, feedback, draw))
        return [
            number, self.kinds["complaint"], channel, registered, trader.name, self._code(trader, draw),
            trader.addresses[self._map], region, trader.platform, text, _one(problem.paths, draw), case.item.category,
            self.sales["online"] if online else _one(self.on_site_sales, draw), context["brand"], context["order"],
            days.iso[context["bought"]], cents(paid), cents(recovered) if result else "", state, decided_at,
            accepted_at, handling, result, closed_at, agency, department, feedback, "", "", *person,
        ]

    def _referral(self, number: str, trader: Trader, referral: Referral, feedback: str, draw) -> list:
        days, channel = self.days, self.words.channel
        ended = days.iso[referral.ended] + CLOCK[referral.ended_second]
        replied = settlement = reply = ""
        if referral.result == SETTLED_THERE:
            replied, settlement, reply = ended, feedback, _one(channel["settled"], draw)
        elif referral.result == DECLINED:
            replied, reply = ended, _one(channel["declined"], draw)
        sent = days.iso[referral.sent] + CLOCK[referral.sent_second]
        return [number, trader.platform, sent, replied, ended, self.results[referral.result], settlement, reply]

    def _report(self, serial: int, day: int, case: ReportFacts, draw) -> list:
        words, days, cut = self.words, self.days, self.cut
        trade = words.trades[case.trade]
        online = draw() < ONLINE_REPORTS
        trader = _pick((self.traders.online if online else self.traders.on_site)[case.trade], draw)
        code, region, agency, department = self._place(trader, draw)
        number, channel, registered = self._head(serial, day, case.second, code, draw)
        context = self._context(case, case.paid, "", trade, trader, day, draw)
        context["word"], context["claim"] = _one(words.report_words, draw), _one(words.report_claims, draw)
        kind = words.reports[words.report_table[int(draw() * TABLE)]]
        template = _one(kind.texts[online, trade.sells], draw)
        if "%(order)s" in template:
            context["order"] = order_number(draw)
        if draw() < ANONYMOUS:
            person = (_one(words.people["anonymous"], draw), *NOBODY[1:])
        elif draw() < FREQUENT:
            person = _one(self.frequent, draw)
        else:
            person = self.people.person(draw)
        decided_at = closed_at = feedback = fine = gains = ""
        if case.decided > cut:
            state = self.acceptance["report_pending"]
            handling = self.handling["undispatched" if day >= cut else "waiting"]
        else:
            decided_at = days.iso[case.decided] + CLOCK[case.decided_second]
            state = self.acceptance["report_filed" if case.filed else "report_not_filed"]
            handling = self.handling["working"]
            if case.closed <= cut:
                handling, closed_at = self.handling["closed"], days.iso[case.closed] + CLOCK[case.closed_second]
                context["amount"] = money(case.fine)
                feedback = _one(words.feedback["filed" if case.filed else "not_filed"], draw) % context
                if case.filed:
                    fine, gains = cents(case.fine), cents(case.confiscated)
        return [
            number, self.kinds["report"], channel, registered, trader.name, self._code(trader, draw),
            trader.addresses[self._map], region, trader.platform, template % context, _one(kind.paths, draw),
            case.item.category, self.sales["online" if online else "on_site"], context["brand"], context["order"],
            "", "", "", state, decided_at, "", handling, "", closed_at, agency, department, feedback, fine, gains,
            *person,
        ]

    def _inquiry(self, serial: int, day: int, case: InquiryFacts, draw) -> list:
        words, cut, city = self.words, self.cut, self.city
        seat = _one(self.seats, draw)[self._map]
        if draw() < INQUIRIES_BY_CITY:
            code, region = city["code"], ""
            agency, department = (
                (city["bureau"], city["city_departments"][0])
                if self.bureau
                else (city["council"], city["council_departments"][0])
            )
        else:
            code, region, department = seat.code, seat.name, ""
            agency = seat.bureau if self.bureau else seat.council
        number, channel, registered = self._head(serial, day, case.second, code, draw)
        topics = words.inquiries["epidemic" if self._epidemic and draw() < 0.6 else "texts"]
        trade = _one(words.trades, draw)
        context = {"n": 3 + int(draw() * 20), "item": _one(trade.items, draw).name}
        closed_at = feedback = result = ""
        state, handling = self.acceptance["inquiry_pending"], self.handling["waiting"]
        if case.closed <= cut:
            state, handling = self.acceptance["inquiry_answered"], self.handling["closed"]
            closed_at = self.days.iso[case.closed] + CLOCK[case.closed_second]
            result, feedback = self.answered, _one(words.feedback["answered"], draw)
        name, phone, *_ = self.people.person(draw)
        return [
            number, self.kinds["inquiry"], channel, registered, "", "", "", region, "", _one(topics, draw) % context,
            "", "", "", "", "", "", "", "", state, "", "", handling, result, closed_at, agency, department,
            feedback, "", "", name, phone, "", "", "",
        ]


def cents(amount: int) -> str:
    """Cents as the export writes yuan."""
    return f"{amount // 100}.{amount % 100:02d}"


def money(amount: int) -> str:
    """Cents as people write yuan: without decimals where there are none."""
    yuan, rest = divmod(amount, 100)
    return f"{yuan}.{rest:02d}".rstrip("0") if rest else str(yuan)


def order_number(draw) -> str:
    return f"{int(draw() * 9_000_000_000) + 1_000_000_000}{int(draw() * 1_000_000_000):09d}"


def _one(choices: list, draw):
    return choices[int(draw() * len(choices))]


def _pick(pool: list[Trader], draw) -> Trader:
    return pool[int(draw() ** TAIL * len(pool))]


def _seats(traders: Traders) -> list[tuple]:
    """Districts (on both maps) as often as traders sit there: where inquiries go."""
    seats: dict = {}
    for pool in (*traders.online, *traders.on_site):
        for trader in pool:
            seats[trader.districts] = seats.get(trader.districts, 0) + 1
    found = list(seats)
    return [found[index] for index in drawing_table(list(seats.values()))]
