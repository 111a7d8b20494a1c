"""What the import commands share: arguments, progress, report and exit codes."""

import json
import sys
from argparse import SUPPRESS
from pathlib import Path

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.domain import SYSTEM, system_user
from cases.importers.engine import CHUNK_ROWS, Options, RowsRejected, Target, run_import
from cases.importers.report import finding_words
from cases.targets import EVERYTHING, ImportTarget, import_permissions, import_target, may_import
from core.exceptions import DomainError
from core.importing.profile import load_profile
from core.readiness import ready_database
from registry.models import Agency

BUILT_IN = Path(__file__).resolve().parent / "profiles"
SHOWN = 20  # warnings that are printed, the most frequent first


class ImportCommand(BaseCommand):
    """Thin: parse, call, print, exit code. Subclasses name their target and default profile."""

    target: type[Target]
    default_profile: str | None = None
    profiles: Path = BUILT_IN

    def add_arguments(self, parser):
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument(
            "--profile",
            default=self.default_profile,
            required=self.default_profile is None,
            help="Name of a built-in profile, or the path of a TOML file.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Check everything, write nothing.")
        parser.add_argument(
            "--atomic", action="store_true", help="All rows or none: exit 2 if any is rejected."
        )
        parser.add_argument(
            "--recheck", action="store_true", help="Take unchanged rows again (after new aliases)."
        )
        parser.add_argument(
            "--rejects", type=Path, metavar="OUT.csv", help="Write rejected rows to this file."
        )
        parser.add_argument("--user", default=SYSTEM, help="Act as this user (default: system).")
        parser.add_argument(
            "--agency", help="Code of the importing agency (default: the user's, or the city bureau)."
        )
        parser.add_argument("--chunk-rows", type=int, default=CHUNK_ROWS, help=SUPPRESS)
        parser.add_argument("--json", action="store_true", help="Print one JSON object and nothing else.")

    def handle(self, *, files, profile, json: bool, user, agency, **options):
        try:
            with ready_database(*self.target.needed):
                summary = self._import(files, profile, user, agency, options)
        except RowsRejected as refused:
            self._report(refused.summary, json, options["rejects"])
            raise CommandError(str(refused), returncode=2) from None
        except DomainError as refused:
            raise CommandError(str(refused), returncode=1) from None
        self._report(summary, json, options["rejects"])

    def _import(self, files, profile, user: str, agency: str | None, options) -> dict:
        loaded = load_profile(
            profile,
            known_fields=self.target.fields,
            builtin_dir=self.profiles,
            key_field=self.target.key_field,
        )
        actor = _user(user, import_target(self.target.name))
        return run_import(
            self.target,
            files,
            loaded,
            Options(
                user=actor,
                agency=_agency(agency, actor),
                dry_run=options["dry_run"],
                atomic=options["atomic"],
                recheck=options["recheck"],
                rejects=options["rejects"],
                progress=self._progress,
                chunk_rows=options["chunk_rows"],
            ),
        )

    def _progress(self, run, file) -> None:
        if sys.stderr.isatty():
            share = 100 * file.rows_done // max(1, file.rows_total)
            self.stderr.write(f"\r{file.name}  {file.rows_done:,}/{file.rows_total:,}  {share} %", ending="")

    def _report(self, summary: dict, as_json: bool, rejects: Path | None) -> None:
        if sys.stderr.isatty():
            self.stderr.write("")
        if as_json:
            self.stdout.write(json.dumps(summary, ensure_ascii=False))
            return
        if summary.get("dry_run"):
            self.stdout.write(_("Dry run: nothing was written."))
        labels = {
            "rows": _("Rows"),
            "created": _("Created"),
            "updated": _("Updated"),
            "unchanged": _("Unchanged"),
            "duplicates": _("Twice in the file"),
            "rejected": _("Rejected"),
            "warnings": _("Warnings"),
            "differing": import_target(self.target.name).differing,
        }
        for name, label in labels.items():
            self.stdout.write(f"{label}: {summary[name]:,}")
        self._report_findings(summary)
        self._report_rejects(summary, rejects)
        seconds = summary["seconds"]
        self.stdout.write(
            ngettext("%(rows)s row in %(seconds).1f s", "%(rows)s rows in %(seconds).1f s", summary["rows"])
            % {"rows": f"{summary['rows']:,}", "seconds": seconds}
        )


    def _report_findings(self, summary: dict) -> None:
        """The most frequent warnings: what, in which column, the value, how often, and where it first stands."""
        for finding in summary["findings"][:SHOWN]:
            words = ngettext(
                "  %(what)s: %(column)s “%(value)s”, %(rows)s row, line %(line)s of %(file)s",
                "  %(what)s: %(column)s “%(value)s”, %(rows)s rows, first in line %(line)s of %(file)s",
                finding["rows"],
            )
            self.stdout.write(
                words
                % {
                    "what": finding_words(finding["rule"]),
                    "column": finding["column"],
                    "value": finding["value"],
                    "rows": f"{finding['rows']:,}",
                    "line": finding["first_line"],
                    "file": finding["file"],
                }
            )
        if (more := summary["findings_total"] - SHOWN) > 0:
            self.stdout.write("  " + _("and %(n)s more") % {"n": f"{more:,}"})

    def _report_rejects(self, summary: dict, rejects: Path | None) -> None:
        for reject in summary.get("rejects", ()):
            self.stdout.write(
                "  "
                + _("%(file)s, line %(line)s, %(column)s “%(value)s”: %(reason)s")
                % {name: reject[name] for name in ("file", "line", "column", "value", "reason")}
            )
        if summary["rejected"] and rejects:
            self.stdout.write(_("The rejected rows are in %(path)s.") % {"path": rejects})
        elif summary["rejected"] and summary["run"] is None:
            self.stdout.write(_("Call again with --rejects OUT.csv to get all rejected rows."))
        elif summary["rejected"]:
            self.stdout.write(_("See them on the run's page, or call again with --rejects OUT.csv."))


def _user(name: str, target: ImportTarget):
    users = get_user_model().objects
    if name == SYSTEM:
        return system_user()
    user = users.select_related("agency").filter(username=name, is_active=True).first()
    if user is None:
        raise DomainError(_("There is no active user %(name)s.") % {"name": name})
    if not may_import(user, target):
        raise DomainError(
            _("The user %(name)s may not import this kind of file (needs: %(permissions)s).")
            % {"name": name, "permissions": " / ".join(import_permissions(target))}
        )
    return user


def _agency(code: str | None, user) -> Agency:
    """For which it is imported. Who may import files of one kind alone does so within his own agency."""
    if code:
        agency = Agency.objects.filter(code=code).first()
        if agency is None:
            raise DomainError(_("There is no agency with the code %(code)s.") % {"code": code})
    else:
        agency = user.agency or Agency.objects.filter(kind="bureau", parent=None).order_by("code").first()
        if agency is None:
            raise DomainError(_("There are no agencies yet. Run: manage.py load_reference"))
    if user.username == SYSTEM or user.has_perm(EVERYTHING):
        return agency
    if user.agency is None or not agency.path.startswith(user.agency.path):
        raise DomainError(
            _("The user %(name)s imports for the own agency and those below it, not for %(agency)s.")
            % {"name": user.username, "agency": agency.label}
        )
    return agency
