"""What stands behind a figure: the address of its rows, and the rows of such an address."""

import datetime as dt
from collections.abc import Callable, Mapping

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core import panels
from core.exceptions import DomainError
from insights.enums import Part, Unit
from insights.metrics import CHANNEL, Metric, metric
from insights.periods import FIRST_YEAR, LAST_YEAR, Period
from insights.places import Map, Place
from insights.scopes import Scope
from registry.models import Agency, Platform

TO_PLATFORM = "to_platform"  # the case list has a filter `platform`: where the trader sells
# the selections, each with the list that it answers for; platforms stand on the scorecard, which has none
CASES, POSTINGS, PLEDGES, RETURNS, SCORECARD = "metric", "postings", "pledges", "returns", ""
LISTS = {
    CASES: "cases:list", POSTINGS: "cases:recoveries", PLEDGES: "pledges:list", RETURNS: "insights:returns",
    SCORECARD: "insights:channel",
}  # fmt: skip
BY_UNIT = {
    Unit.MONEY: POSTINGS, Unit.PLATFORMS: SCORECARD, Unit.UNITS: PLEDGES, Unit.PLEDGES: PLEDGES, Unit.RETURNS: RETURNS,
}  # fmt: skip
OF_PREMISES = (PLEDGES, RETURNS)


def register() -> None:
    """Fill the slots of the case list, the ledger and the lists of pledges."""
    panels.register_selection(CASES, select_cases)
    panels.register_selection(POSTINGS, select_postings)
    panels.register_selection(PLEDGES, select_pledges)
    panels.register_selection(RETURNS, select_returns)


def opened_by(figure: Metric) -> str:
    """The selection that answers for the rows of a figure."""
    return figure.opens or BY_UNIT.get(figure.unit, CASES)


def address(figure: Metric, part: Part, scope: Scope, **more: str) -> str:
    """The list that holds exactly the rows of this part: postings for an amount, the scorecard for platforms, pledges for
    units and pledges, entries for returns, else cases. `more` are filters of that list."""
    query = QueryDict(mutable=True)
    if opened_by(figure) != SCORECARD:
        query["metric"], query["part"] = figure.code, part.value
    query["from"], query["to"] = scope.start.isoformat(), scope.period.end.isoformat()
    if scope.place:
        query["region"] = scope.place.token
    if scope.agency:
        query["agency"] = scope.agency.code
    if scope.platform:
        query[TO_PLATFORM] = scope.platform.code
    if scope.as_of != timezone.localdate():
        query["as_of"] = scope.as_of.isoformat()
    query.update(more)
    return f"{reverse(LISTS[opened_by(figure)])}?{query.urlencode(':')}"


def select_cases(user, parameters: Mapping[str, str]) -> tuple[QuerySet, str, str]:
    """The cases of a figure: a count, or one side of a rate. DomainError for anything that cannot be opened so."""
    return _select(user, parameters, CASES)


def select_postings(user, parameters: Mapping[str, str]) -> tuple[QuerySet, str, str]:
    """The postings of an amount."""
    return _select(user, parameters, POSTINGS)


def select_pledges(user, parameters: Mapping[str, str]) -> tuple[QuerySet, str, str]:
    """The pledges of a figure; where it counts units, one of each."""
    return _select(user, parameters, PLEDGES)


def select_returns(user, parameters: Mapping[str, str]) -> tuple[QuerySet, str, str]:
    """The entries of the returns ledger behind a figure."""
    return _select(user, parameters, RETURNS)


def _select(user, parameters: Mapping[str, str], rows_of: str) -> tuple[QuerySet, str, str]:
    figure = metric(parameters.get("metric", ""))
    if opened_by(figure) != rows_of:
        raise DomainError(_("%(code)s is opened by another list.") % {"code": figure.code})
    part = parameters.get("part") or (Part.DENOMINATOR if figure.unit == Unit.RATE else Part.VALUE)
    scope = read_scope(user, parameters, find=find_registered if rows_of in OF_PREMISES else find_place)
    if scope.platform and not figure.code.startswith(CHANNEL):
        raise DomainError(_("%(code)s does not know to which platform a case went.") % {"code": figure.code})
    rows = figure.queryset(part, scope)
    title = str(figure.label) if part == Part.VALUE else f"{figure.label} · {Part(part).label}"
    meaning = {Part.NUMERATOR: figure.numerator, Part.DENOMINATOR: figure.denominator}.get(part, figure.definition)
    return rows, title, f"{describe(scope)} · {meaning}"


def describe(scope: Scope) -> str:
    """Period, region, agency, platform and as-of day of a scope, in words."""
    words = [span(scope.period)]
    words += [chosen.label for chosen in (scope.place, scope.agency, scope.platform) if chosen]
    if scope.as_of != timezone.localdate():
        words.append(_("as of %(date)s") % {"date": date_format(scope.as_of, "DATE_FORMAT")})
    return " · ".join(words)


def span(period: Period) -> str:
    """First and last day in words."""
    first, last = (date_format(day, "DATE_FORMAT") for day in (period.start, period.end))
    return first if first == last else _("%(first)s to %(last)s") % {"first": first, "last": last}


def read_scope(
    user, parameters: Mapping[str, str], *, find: Callable[[str | None, Period], Place | None] | None = None
) -> Scope:
    """The scope that an address names by from, to, region, agency, to_platform and as_of; `find` reads the region.
    Raises DomainError."""
    start, end = (read_day(parameters.get(name, ""), name) for name in ("from", "to"))
    as_of = read_day(parameters["as_of"], "as_of") if parameters.get("as_of") else timezone.localdate()
    if end < start:
        raise DomainError(_("The last day comes before the first."))
    period = Period(start, end)
    return Scope(
        user, period, as_of, (find or find_place)(parameters.get("region"), period),
        find_agency(parameters.get("agency")), find_platform(parameters.get(TO_PLATFORM)),
    )  # fmt: skip


def read_day(text: str, name: str) -> dt.date:
    """An ISO date. DomainError where it is none, or out of all reason."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise DomainError(
            _("“%(text)s” is not a date for %(name)s: write YYYY-MM-DD.") % {"text": text[:40], "name": name}
        ) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise DomainError(
            _("%(name)s: a year from %(first)s to %(last)s, please.")
            % {"name": name, "first": FIRST_YEAR, "last": LAST_YEAR}
        )
    return day


def find_place(token: str | None, period: Period) -> Place | None:
    return Map.load().place(token, period) if token else None


def find_registered(token: str | None, period: Period) -> Place | None:
    """The region as a register knows it that is kept up: on today's map, whatever the period."""
    return Map.load().in_register(token) if token else None


def find_agency(code: str | None) -> Agency | None:
    """The agency with this code. DomainError where there is none."""
    if not code:
        return None
    agency = Agency.objects.filter(code=code).first()
    if agency is None:
        raise DomainError(_("There is no agency with the code %(code)s.") % {"code": code[:40]})
    return agency


def find_platform(code: str | None) -> Platform | None:
    """The platform with this code. DomainError where there is none."""
    if not code:
        return None
    platform = Platform.objects.filter(code=code).first()
    if platform is None:
        raise DomainError(_("There is no platform with the code %(code)s.") % {"code": code[:40]})
    return platform
