import argparse
import datetime as dt
import json
from contextlib import nullcontext

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation
from django.utils.translation import gettext as _

from cases.clocks import RuleBook
from cases.models import ClockRule
from core.exceptions import DomainError
from core.readiness import ready_database
from core.working_days import Pause


def date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            _("%(text)r is no date. Write it as YYYY-MM-DD, for example 2026-04-20.") % {"text": text}
        ) from None


def pause(text: str) -> Pause:
    start, colon, end = text.partition(":")
    if not colon:
        raise argparse.ArgumentTypeError(
            _("%(text)r is no pause. Write it as FROM:TO, for example 2026-05-06:2026-05-20.") % {"text": text}
        )
    found = date(start), date(end)
    if found[1] < found[0]:
        raise argparse.ArgumentTypeError(_("The pause %(text)s ends before it starts.") % {"text": text})
    return found


class Command(BaseCommand):
    help = (
        "When a statutory term that starts on DATE ends, and why. The date picks the version of the rule, unless "
        "--regime names one."
    )
    requires_system_checks = []  # the answer itself says where a calendar is missing

    def add_arguments(self, parser):
        parser.add_argument("rule", metavar="RULE", help="for example complaint.accept")
        parser.add_argument("date", metavar="DATE", type=date, help="YYYY-MM-DD")
        parser.add_argument("--regime", metavar="CODE", default="", help="by the version of these rules: order121")
        parser.add_argument(
            "--pause", metavar="FROM:TO", type=pause, action="append", default=[], dest="pauses",
            help="days that do not count: from FROM until the day before TO; may be given more than once",
        )  # fmt: skip
        parser.add_argument("--lang", choices=[code for code, _name in settings.LANGUAGES], help="language of the text")
        parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")

    def handle(self, *, rule, date, regime, pauses, lang, **options):
        with translation.override(lang) if lang else nullcontext():
            try:
                with ready_database(ClockRule):
                    found = RuleBook.load().explain(rule, date, regime=regime, pauses=pauses)
            except DomainError as error:
                raise CommandError(str(error)) from None
            except OverflowError:
                raise CommandError(_("The term would end after the year 9999.")) from None
            if options["json"]:
                self.stdout.write(json.dumps(found, ensure_ascii=False))
                return
            for step in found["steps"]:
                self.stdout.write(step)
