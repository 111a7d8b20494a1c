"""manage.py metrics: the figures of a period, each by its definition."""

import json
from decimal import Decimal

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.models import ClockRule
from core.exceptions import DomainError
from core.readiness import ready_database
from core.templatetags.portal import count, money, percent
from insights.enums import Unit
from insights.metrics import Metric, Value, every_metric
from insights.periods import FIRST_YEAR, LAST_YEAR, Period
from insights.scopes import Scope
from insights.selections import find_agency, find_place, read_day, span
from registry.models import Region


class Command(BaseCommand):
    help = (
        "Print the figures of a period: this year so far unless told otherwise. Every row counts, whoever may see it."
    )

    def add_arguments(self, parser):
        parser.add_argument("--year", type=int, help="a whole year")
        parser.add_argument("--from", dest="start", metavar="DATE", help="first day, YYYY-MM-DD")
        parser.add_argument("--to", dest="end", metavar="DATE", help="last day, YYYY-MM-DD")
        parser.add_argument("--region", metavar="CODE", help="division code; CODE:DATE for the area valid from DATE")
        parser.add_argument("--agency", metavar="CODE", help="handling agency, with all below it")
        parser.add_argument("--as-of", metavar="DATE", help="nothing after this day counts; today unless given")
        parser.add_argument("--json", action="store_true", help="one JSON object on the last line")

    def handle(self, *args, **options):
        try:
            with ready_database(Region, ClockRule):
                scope = self.scope(options)
                figures = list(every_metric())
                values = {figure.code: figure.compute(scope) for figure in figures}
        except DomainError as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps(as_json(scope, figures, values), ensure_ascii=False))
        else:
            self.print_table(scope, figures, values)

    @staticmethod
    def scope(options) -> Scope:
        today = timezone.localdate()
        as_of = read_day(options["as_of"], "--as-of") if options["as_of"] else today
        if as_of > today:
            raise DomainError(_("--as-of lies in the future: what will be done by then is not known."))
        period = read_period(options, today)
        return Scope(None, period, as_of, find_place(options["region"], period), find_agency(options["agency"]))

    def print_table(self, scope: Scope, figures: list[Metric], values: dict[str, Value]) -> None:
        self.stdout.write(f"{span(scope.period)}  ({_('as of %(date)s') % {'date': scope.as_of}})")
        for chosen in (scope.place, scope.agency):
            if chosen:
                self.stdout.write(chosen.label)
        shown = dict.fromkeys(Unit, count) | {Unit.MONEY: money} | dict.fromkeys((Unit.RATE, Unit.SAVING), precise)
        for figure in figures:
            value = values[figure.code]
            line = f"{figure.code:<47}{shown[figure.unit](value.value):>16}  "
            if value.denominator is not None:
                line += f"{count(value.numerator)} / {count(value.denominator)}  "
            self.stdout.write(line + str(figure.label))


def precise(value: float | None) -> str:
    return percent(value, 2)


def read_period(options, today) -> Period:
    """The period of the command line. DomainError where it is half, doubled or upside down."""
    year, start, end = options["year"], options["start"], options["end"]
    if year is not None and (start or end):
        raise DomainError(_("Give either --year or --from and --to."))
    if year is not None:
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise DomainError(
                _("%(name)s: a year from %(first)s to %(last)s, please.")
                % {"name": "--year", "first": FIRST_YEAR, "last": LAST_YEAR}
            )
        return Period.of_year(year)
    if not (start or end):
        return Period.of_year(today.year)
    if not (start and end):
        raise DomainError(_("A period of your own needs both its first and its last day."))
    first, last = read_day(start, "--from"), read_day(end, "--to")
    if last < first:
        raise DomainError(_("The last day comes before the first."))
    return Period(first, last)


def as_json(scope: Scope, figures: list[Metric], values: dict[str, Value]) -> dict:
    """The object of --json: counts, rates and savings are numbers, rates from 0 to 1 and unrounded, amounts decimal
    strings in yuan; what is unknown is null. Numerator and denominator of a saving are days."""
    units = {figure.code: figure.unit.value for figure in figures}
    return {
        "period": {"from": scope.start.isoformat(), "to": scope.period.end.isoformat()},
        "scope": {
            "region": scope.place.token if scope.place else None,
            "agency": scope.agency.code if scope.agency else None,
        },
        "as_of": scope.as_of.isoformat(),
        "metrics": {
            code: {
                "value": str(value.value) if isinstance(value.value, Decimal) else value.value,
                "numerator": value.numerator,
                "denominator": value.denominator,
                "unit": units[code],
            }
            for code, value in values.items()
        },
    }
