import json

from django.core.management.base import BaseCommand, CommandError

from cases.domain import rotate
from core.personal_data import PersonalDataError


class Command(BaseCommand):
    help = "Encrypt personal data anew with the first key of PERSONAL_DATA_KEYS; may be called again if cut off."

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true", help="Print one JSON object and nothing else.")

    def handle(self, *, json: bool, **options):
        try:
            done = rotate(lambda table, count: self.stderr.write(f"{table} {count:,}"))
        except PersonalDataError as error:
            raise CommandError(str(error)) from None
        self._print(done, as_json=json)

    def _print(self, done: dict[str, int], *, as_json: bool) -> None:
        self.stdout.write(json.dumps(done) if as_json else "\n".join(f"{t}: {n:,}" for t, n in done.items()))
