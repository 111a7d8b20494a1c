"""Building the demo: files of a synthetic city, imported like anyone else's, and accounts to look at it with.

Every step can be repeated: what is done is left alone, what was cut off goes on.
"""

import contextlib
import datetime as dt
import fcntl
import io
import json
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.domain import create_user, system_user
from accounts.models import User
from accounts.roles import ROLES
from cases.domain import SEARCH, filled_at_once, waiting
from cases.enums import RunState
from cases.models import ImportFile
from cases.worker import WorkerBusy, drain
from core.exceptions import DomainError
from demo import agreements, breaches, channel, inspections, mediation, pledges, zones
from demo.city import (
    EARLIEST_TODAY,
    LARGEST_SCALE,
    SMALLEST_SCALE,
    CityFile,
    Manifest,
    write_city,
)
from demo.work import Work, end_of, has_been_done
from registry.models import Agency

HERE = Path(__file__).resolve().parent
DEFAULT_SCALE = "0.008"
DEFAULT_SEED = 2020
PASSWORD = "demo-city-315"  # noqa: S105 - printed for everyone to use; never set on a database that is not embedded
COUNTED = 10_000_000  # more cases than the largest city has
PROGRESS_SECONDS = 5.0
COUNCIL_AGENCY = "330100-council"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Account:
    """An account of the demo. `password` is None where it is not known: changed, or random and given out before."""

    username: str
    roles: str
    agency: str
    password: str | None


@contextlib.contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Only one process builds in a directory; another waits until it has ended."""
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / ".lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def city_settings(
    directory: Path, *, scale: str | None, seed: int | None, today: dt.date | None
) -> tuple[str, int, dt.date, Manifest | None]:
    """Scale, seed and day of the city: those of the first run, or else those wanted, or else the defaults.

    Raises DomainError where the city exists with others than those wanted, or where its files are gone while the
    database still holds them.
    """
    scale = _normal(scale)
    try:
        manifest = Manifest.load(directory)
    except ValueError as error:
        raise DomainError(str(error)) from None
    if manifest is None:
        if _imported_names():
            raise DomainError(
                _(
                    "The database holds a demo city whose manifest in %(directory)s is gone. Put it back, or begin anew: "
                    "stop the embedded database and delete it (manage.py embedded_db status shows where it is)."
                )
                % {"directory": directory}
            )
        wanted = scale or DEFAULT_SCALE, DEFAULT_SEED if seed is None else seed, today or timezone.localdate()
        _check(wanted[0], wanted[2])
        return *wanted, None
    stored = manifest.scale, manifest.seed, dt.date.fromisoformat(manifest.today)
    for name, asked, known in zip(("--scale", "--seed", "--today"), (scale, seed, today), stored, strict=True):
        if asked is not None and asked != known:
            raise DomainError(
                _(
                    "This demo city was made with %(name)s %(known)s, not %(asked)s. Leave the option out; for another "
                    "city use a fresh checkout, or delete %(directory)s and the embedded database."
                )
                % {"name": name, "known": known, "asked": asked, "directory": directory}
            )
    return *stored, manifest


def prepare_files(
    directory: Path, *, scale: str, seed: int, today: dt.date, manifest: Manifest | None, say: Say
) -> Manifest:
    """The city's files, written unless they stand already or need no longer stand because they are imported."""
    if manifest and manifest.complete:
        missing = {entry.name for entry in manifest.files if not _is_imported(entry)}
        if not missing & set(manifest.damaged(directory) if missing else ()):
            return manifest
    say(_("Writing the city's files (scale %(scale)s, seed %(seed)s, %(today)s)") % {
        "scale": scale, "seed": seed, "today": today
    })
    return write_city(directory, scale=scale, seed=seed, today=today)


def import_files(directory: Path, manifest: Manifest, *, say: Say) -> int:
    """Import what is not imported yet, or only in part; returns how many files that was."""
    todo = [entry for entry in manifest.files if not _is_imported(entry)]
    for entry in todo:
        command, options = _import_of(entry)
        output = io.StringIO()
        call_command(command, str(directory / entry.name), json=True, stdout=output, **options)
        summary = json.loads(output.getvalue().splitlines()[-1])
        say(
            _("Imported %(name)s: %(rows)s rows in %(seconds).1f s, %(warnings)s warnings, %(rejected)s rejected")
            % {
                "name": entry.name, "rows": f"{summary['rows']:,}", "seconds": summary["seconds"],
                "warnings": f"{summary['warnings']:,}", "rejected": f"{summary['rejected']:,}",
            }
        )
    if todo:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")
    return len(todo)


def fill_search(*, say: Say) -> int:
    """Let the search read the cases that it has not read yet; returns how many those were. Where a worker runs, as
    beside another demo of the same city, it does so."""
    total, done = waiting(SEARCH, cap=COUNTED), 0
    said = time.monotonic()

    def progress(consumer: str, cases: int, seconds: float) -> None:
        nonlocal done, said
        done += cases if consumer == SEARCH else 0
        if time.monotonic() - said >= PROGRESS_SECONDS:
            said = time.monotonic()
            say(_("Search: %(done)s of %(total)s cases") % {"done": f"{done:,}", "total": f"{total:,}"})

    if total:
        with contextlib.suppress(WorkerBusy):
            drain(progress, around=filled_at_once)
            say(_("Search: %(done)s cases") % {"done": f"{done:,}"})
    return done


@contextlib.contextmanager
def worker() -> Iterator[None]:
    """The worker as a process of its own, which ends with the block, or with this process."""
    command = [sys.executable, settings.BASE_DIR / "manage.py", "worker", "--parent", str(os.getpid())]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own command
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def make_accounts(*, password: str | None) -> list[Account]:
    """The demo's accounts, made where they are absent. Without a `password` each new one gets its own, told only now."""
    with open(HERE / "data" / "accounts.toml", "rb") as file:
        entries = tomllib.load(file)["account"]
    users = {user.username: user for user in User.objects.filter(username__in=[e["username"] for e in entries])}
    agencies = Agency.objects.in_bulk([entry["agency"] for entry in entries], field_name="code")
    accounts = []
    for entry in entries:
        roles, agency = entry.pop("roles"), agencies[entry.pop("agency")]
        user, known = users.get(entry["username"]), None
        if user is None:
            user, known = create_user(
                actor=system_user(), agency=agency, roles=roles, password=password, must_change_password=False, **entry
            )
        elif password and user.password_changed_at is None:
            known = password
        accounts.append(Account(user.username, "、".join(str(ROLES[code].label) for code in roles), agency.label, known))
    return accounts


def do_work(*, seed: int, scale: str, today: dt.date, say: Say) -> None:
    """The officers' and mediators' work on the imported cases, the register of pledges and the field work, once, unless
    somebody has done such work here already."""
    if not has_been_done():
        acts = Work(seed=seed, today=today).do()
        say(_("Officers at work: %(n)s acts") % {"n": acts})
    if not mediation.has_been_done():
        sessions = mediation.Mediation(seed=seed, end=end_of(today)).do()
        say(_("Mediators at work: %(n)s sessions") % {"n": sessions})
    if not agreements.has_been_done():
        made = agreements.Agreements(seed=seed, scale=scale, end=end_of(today)).do()
        say(_("Agreements: %(n)s, of past years confirmed by the court") % {"n": made})
    if not channel.has_been_done():
        referrals = channel.Channel(end=end_of(today)).do()
        say(_("Platforms at work: %(n)s referrals") % {"n": referrals})
    if not pledges.has_been_done():
        units = pledges.Register(seed=seed, scale=scale, end=end_of(today)).do()
        say(_("Register of pledges: %(n)s units") % {"n": f"{units:,}"})
    if not zones.has_been_done():
        places, stations = zones.Zones(seed=seed, scale=scale, end=end_of(today)).do()
        say(_("Zones: %(n)s, with %(stations)s workstations") % {"n": f"{places:,}", "stations": f"{stations:,}"})
    if not breaches.has_been_done():
        decided = breaches.Breaches(seed=seed, scale=scale, end=end_of(today)).do()
        say(_("Suspected breaches of pledges that were decided on: %(n)s") % {"n": decided})
    if not inspections.has_been_done():
        visits = inspections.Inspections(seed=seed, scale=scale, end=end_of(today)).do()
        say(_("Inspections: %(n)s") % {"n": f"{visits:,}"})


def _import_of(entry: CityFile) -> tuple[str, dict]:
    if entry.body == "merchants":
        return "import_merchants", {}
    if entry.body == "referrals":
        return "import_referrals", {}
    if entry.body == "council":
        profile = HERE / "profiles" / "council12315.toml"
        return "import_cases", {"profile": str(profile), "agency": COUNCIL_AGENCY}
    return "import_cases", {"profile": "national12315"}


def _is_imported(entry: CityFile) -> bool:
    target = entry.body if entry.body in ("merchants", "referrals") else "cases"
    return ImportFile.objects.filter(
        sha256=entry.sha256, run__target=target, run__state=RunState.COMPLETED
    ).exists()


def _imported_names() -> bool:
    return ImportFile.objects.filter(name="12315_2020.csv", run__target="cases").exists()


def _normal(scale: str | None) -> str | None:
    """The scale as the manifest writes it, so that 0.0080 and 0.008 are the same."""
    if scale is None:
        return None
    with contextlib.suppress(InvalidOperation):
        if (number := Decimal(scale)).is_finite():
            return str(number.normalize())
    raise DomainError(_("--scale must be a number such as 0.008, not %(scale)s.") % {"scale": scale})


def _check(scale: str, today: dt.date) -> None:
    if not SMALLEST_SCALE <= Decimal(scale) <= LARGEST_SCALE:
        raise DomainError(
            _("--scale must lie between %(least)s and %(most)s, not %(scale)s; 1 is the whole city.")
            % {"least": SMALLEST_SCALE, "most": LARGEST_SCALE, "scale": scale}
        )
    if today < EARLIEST_TODAY:
        raise DomainError(
            _("The city has the past years 2019 and 2020 and open work of today: --today must be %(first)s or later.")
            % {"first": EARLIEST_TODAY}
        )
