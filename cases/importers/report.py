"""What an import reports: its summary, what it could not resolve, and the file of rows that it did not take."""

import contextlib
import csv
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from accounts.domain import log_access
from accounts.enums import AccessAction
from cases.domain import reject_context
from cases.models import ImportReject, ImportRun
from core.exceptions import DomainError
from core.exports import csv_cell
from core.personal_data import decrypt
from core.text import mask_numbers

COUNTERS = ("rows", "created", "updated", "unchanged", "duplicates", "rejected", "warnings", "differing")
FINDINGS = 200  # warnings that a summary lists, the most frequent first
FIRST_REJECTS = 20  # of a call that leaves no run to look at
REJECT_COLUMNS = ("file", "line", "kind", "column", "value", "rule", "reason")


def finding_words(rule: str) -> str:
    """What a warning of an import means."""
    return {
        "agency": _("Agency not recognised"),
        "region": _("Region not recognised"),
        "category": _("Category not recognised"),
        "problem": _("Problem not recognised"),
        "channel": _("Channel not recognised"),
        "platform": _("Platform not recognised"),
        "industry": _("Industry not recognised"),
        "credit_code": _("Not a valid credit code"),
        "outcome": _("Outcome of a case that is still open, left out"),
        "phone": _("Not a valid phone number"),
        "id_number": _("Not a valid identity number"),
        "reference": _("Further number that stands for another case"),
        "room": _("Room not recognised, taken for a place"),
        "hours": _("Outside the mediator's hours or leave, booked all the same"),
        "session": _("Session worked on here, left as it is"),
        "referral": _("Referral worked on here, left as it is"),
        "merchant": _("Merchant that is not verified"),
        "merchant_made": _("Merchant that was not known, taken up with its credit code"),
        "merchant_named": _("Merchant without its credit code, found by name and district alone"),
        "promise": _("What such a pledge states, missing"),
        "expired": _("Term over, so taken as expired"),
        "suspension": _("Suspended without a day, so from the day of the import on"),
        "premises": _("Premises known here under another name or in another district, left so"),
        "keeper": _("Premises kept by another agency here, left there"),
        "terms": _("More terms than fit between the publication and the last day"),
        "early": _("Taken up again before the waiting time after a revocation was over"),
        "pledge": _("Pledge worked on here, left as it is"),
        "returns": _("Returns entered or corrected here, left as they are"),
        "paused": _("Paused for another reason, so that its terms were left as they are"),
        "file": _("File"),
    }.get(rule, rule)


def summary(run: ImportRun) -> dict:
    """The JSON object of `--json`: `findings` are the most frequent warnings, `findings_total` how many there are."""
    findings = run.findings.order_by("-count", "file__position", "rule", "column", "value")
    return {
        "run": run.pk,
        "files": [
            {"name": f.name, "sha256": f.sha256, "rows": f.rows_total} for f in run.files.order_by("position")
        ],
        **{name: getattr(run, name) for name in COUNTERS},
        "seconds": round(run.seconds, 3),
        "control": run.control,
        "findings": [
            {
                "rule": finding.rule,
                "column": finding.column,
                "value": finding.value,
                "rows": finding.count,
                "file": finding.file.name,
                "first_line": finding.first_line,
            }
            for finding in findings.select_related("file")[:FINDINGS]
        ],
        "findings_total": findings.count(),
    }


def _rejects(run: ImportRun):
    rejects = ImportReject.objects.filter(file__run=run).select_related("file")
    return rejects.order_by("file__position", "line", "pk")


def first_rejects(run: ImportRun) -> list[dict]:
    """The first rows that were rejected, in the order of the files; numbers of persons are masked."""
    rejects = _rejects(run).filter(kind="rejected").defer("raw")
    return [
        {
            "file": reject.file.name,
            "line": reject.line,
            "column": reject.column,
            "value": mask_numbers(reject.value),
            "rule": reject.rule,
            "reason": reject.message,
        }
        for reject in rejects[:FIRST_REJECTS]
    ]


def reject_rows(run: ImportRun) -> Iterator[list[str]]:
    """The rejects of a run as table rows, header first; behind each its row as it stood in the file."""
    yield [*REJECT_COLUMNS, "row…"]
    for reject in _rejects(run).iterator(2000):
        raw = reject.raw
        cells = decrypt(raw, context=reject_context(reject.file_id, reject.line))["cells"] if raw else []
        yield [
            reject.file.name,
            str(reject.line),
            reject.kind,
            reject.column,
            reject.value,
            reject.rule,
            reject.message,
            *cells,
        ]


class RejectsFile:
    """The file of `--rejects`, which holds personal data in clear: for its owner alone, logged before it is there.

    Opened once before the import starts, so that an impossible path costs no work. The rows are gathered in a file
    beside it, which takes its name when all is done; a link is not followed.
    """

    def __init__(self, path: Path, inputs: list[Path]):
        self.path, self.part = path, None
        with self._explained():
            if path.is_symlink() or (path.exists() and not path.is_file()):
                raise self._refuse(_("it is no ordinary file"))
            if path.exists() and any(file.exists() and path.samefile(file) for file in inputs):
                raise self._refuse(_("it is one of the files to import"))
            if not path.parent.is_dir():
                raise self._refuse(_("the folder does not exist"))
            os.close(self._open())
        self.discard()

    def _refuse(self, problem: str) -> DomainError:
        return DomainError(
            _("--rejects %(path)s: %(problem)s. Give another path.") % {"path": self.path, "problem": problem}
        )

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._refuse(error.strerror) from None

    def _open(self) -> int:
        descriptor, name = tempfile.mkstemp(prefix=f".{self.path.name[:50]}.", dir=self.path.parent)
        self.part = Path(name)  # of mode 0600
        return descriptor

    def gather(self, run: ImportRun) -> None:
        """Write the rows of the run, while they are in the database."""
        with self._explained(), open(self._open(), "w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([csv_cell(cell) for cell in row] for row in reject_rows(run))

    def publish(self, *, user, target: str) -> None:
        """Log that the rows are taken out of `target`, then give the file its name."""
        log_access(
            user=user,
            action=AccessAction.EXPORT,
            target=target,
            fields="rejected rows",
            reason=f"--rejects {self.path}"[:300],
        )
        with self._explained():
            os.replace(self.part, self.path)
        self.part = None

    def discard(self) -> None:
        """Leave nothing behind of what has not been published."""
        if self.part is not None:
            with contextlib.suppress(OSError):
                self.part.unlink()
            self.part = None
