import json

from django.core.management.base import BaseCommand

from cases.domain import run_bulk_acts


class Command(BaseCommand):
    help = "Do the bulk acts that wait, and go on with those that were cut off."

    def add_arguments(self, parser):
        parser.add_argument("--limit", type=int, metavar="N", help="At most so many cases.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object on the last line.")

    def handle(self, *, limit: int | None, json: bool, **options):
        done = run_bulk_acts(limit)
        self.stdout.write(_as_json(done) if json else f"{done:,}")


def _as_json(done: int) -> str:
    return json.dumps({"rows": done})
