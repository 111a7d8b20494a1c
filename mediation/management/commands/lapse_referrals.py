import json

from django.core.management.base import BaseCommand, CommandError

from core.exceptions import DomainError
from core.readiness import ready_database
from mediation.domain import lapse_referrals

BATCH = 50


class Command(BaseCommand):
    help = (
        "Let the complaints come back whose term with a platform of the green channel is over. The worker does so by "
        "itself; this is for installations that run it once a day instead."
    )

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true", help="print one JSON object on the last line")

    def handle(self, **options):
        lapsed = 0
        try:
            with ready_database():
                while found := lapse_referrals(BATCH):
                    lapsed += found
        except DomainError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(json.dumps({"lapsed": lapsed}) if options["json"] else f"{lapsed} referrals lapsed.")
