import json

from django.core.management.base import BaseCommand, CommandError

from consumer_rights import embedded


class Command(BaseCommand):
    help = "Show, start or stop the embedded database of this checkout."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("action", choices=["status", "start", "stop"])
        parser.add_argument("--json", action="store_true", help="Print one JSON object and nothing else.")

    def handle(self, *, action, json: bool, **options):
        try:
            if action == "start":
                embedded.start()
            elif action == "stop":
                embedded.stop()
            self._print(embedded.status(), as_json=json)
        except embedded.EmbeddedDatabaseError as error:
            raise CommandError(str(error)) from None

    def _print(self, status: dict, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(status))
            return
        for name, value in status.items():
            self.stdout.write(f"{name:8} {value}")
