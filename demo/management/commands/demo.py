"""`manage.py demo`: build the demo city and serve the portal."""

import datetime as dt
import socket
import time
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from core.exceptions import DomainError
from demo import building

ADDRESS = "127.0.0.1"


class Command(BaseCommand):
    help = "Build a synthetic city through the importer and serve the portal on it. Can be repeated and interrupted."
    requires_migrations_checks = False

    def add_arguments(self, parser):
        parser.add_argument("--scale", help="Size of the city; 1 is Hangzhou with 750,000 items in 2020 (default 0.008).")
        parser.add_argument("--seed", type=int, help="The same seed, scale and day give the same city (default 2020).")
        parser.add_argument(
            "--today", type=dt.date.fromisoformat, metavar="YYYY-MM-DD", help="The day around which work is open (today)."
        )
        parser.add_argument("--no-serve", action="store_true", help="Build only.")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--directory", type=Path, default=settings.BASE_DIR / "var" / "demo", help="Where the city's files lie."
        )
        parser.add_argument(
            "--allow-external", action="store_true",
            help="Build into the database of DATABASE_URL, which must not hold real cases.",
        )

    def handle(self, *, scale, seed, today, no_serve: bool, port: int, directory: Path, allow_external: bool, **options):
        self._started = time.monotonic()
        if not (settings.EMBEDDED_DATABASE or allow_external):
            raise CommandError(
                _(
                    "DATABASE_URL names a database of its own, and the demo writes made-up cases and accounts with "
                    "known names into it. Unset DATABASE_URL, or say --allow-external for a database made for this."
                )
            )
        if not no_serve:
            _check_port(port)
        try:
            with building.alone(directory):
                accounts = self._build(directory, scale, seed, today)
        except DomainError as refused:
            raise CommandError(str(refused)) from None
        self._print(accounts)
        if not no_serve:
            self._serve(port)

    def _build(self, directory: Path, scale, seed, today) -> list[building.Account]:
        self._say(_("Preparing the database"))
        for command in ("migrate", "load_reference", "sync_roles"):
            call_command(command, verbosity=0)
        scale, seed, today, manifest = building.city_settings(directory, scale=scale, seed=seed, today=today)
        manifest = building.prepare_files(
            directory, scale=scale, seed=seed, today=today, manifest=manifest, say=self._say
        )
        building.import_files(directory, manifest, say=self._say)
        accounts = building.make_accounts(password=building.PASSWORD if settings.EMBEDDED_DATABASE else None)
        building.do_work(seed=seed, scale=scale, today=today, say=self._say)
        building.fill_search(say=self._say)
        return accounts

    def _say(self, text: str) -> None:
        self.stdout.write(f"{time.monotonic() - self._started:6.1f} s  {text}")
        self.stdout.flush()

    def _print(self, accounts: list[building.Account]) -> None:
        self.stdout.write("\n" + _("Demo accounts (made-up people):"))
        for account in accounts:
            password = account.password or _("(its password was given out before)")
            self.stdout.write(f"  {account.username:<10}  {password:<20}  {account.agency} · {account.roles}")

    def _serve(self, port: int) -> None:
        self.stdout.write("\n" + _("The portal: %(url)s   (stop with Ctrl+C)") % {"url": f"http://{ADDRESS}:{port}/"})
        self.stdout.flush()
        with building.worker():
            call_command("runserver", f"{ADDRESS}:{port}", use_reloader=False, skip_checks=True)


def _check_port(port: int) -> None:
    """Say at once, not after a long import, that the port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except (OSError, OverflowError) as error:
            raise CommandError(
                _("Port %(port)s cannot be used (%(error)s). Choose another: --port 8001")
                % {"port": port, "error": error}
            ) from None
