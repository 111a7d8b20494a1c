"""Complaints, reports and inquiries with their parties, clocks, recoveries, history and imports.

States, outcomes and dates move only through `cases.domain`; what must hold is a constraint of the database.
"""

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Func, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cases.enums import (
    FINAL_STATES,
    Body,
    Kind,
    Outcome,
    PartyRole,
    RecoveryKind,
    RecoveryMeans,
    RecoveryStatus,
    Regime,
    RejectKind,
    Roll,
    RunState,
    SalesMode,
    State,
    TermUnit,
)
from cases.querysets import (
    CaseQuerySet,
    ClockQuerySet,
    RecoveryQuerySet,
    RunFileQuerySet,
    RunQuerySet,
    RunRejectQuerySet,
    ScopedQuerySet,
)
from core.text import mask_numbers
from registry.models import ReferenceModel
from registry.querysets import DatedQuerySet

APPEND_ONLY = pgtrigger.Update | pgtrigger.Delete
AMOUNT = {"max_digits": 14, "decimal_places": 2}


class LocalDate(Func):
    """The date of a timestamp in Chinese local time; immutable, so it can be a generated column."""

    template = "(%(expressions)s AT TIME ZONE 'Asia/Shanghai')::date"
    output_field = models.DateField()


def local_date(field: str, verbose_name) -> models.GeneratedField:
    return models.GeneratedField(
        expression=LocalDate(F(field)),
        output_field=models.DateField(),
        db_persist=True,
        verbose_name=verbose_name,
    )


def reference(to: str, verbose_name, **kwargs) -> models.ForeignKey:
    """A foreign key without an index of its own: lists are served by the composite indexes of the case."""
    return models.ForeignKey(
        to,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=verbose_name,
        **kwargs,
    )


@pghistory.track(
    pghistory.InsertEvent(level=pgtrigger.Statement),  # by row, a bulk load would run at 3 % of its speed
    pghistory.UpdateEvent(),
    fields=[
        "state",
        "outcome",
        "ground",
        "kind",
        "body",
        "handling",
        "custodian",
        "officer",
        "merchant",
        "category",
        "problem",
        "region",
        "claimed",
        "received_at",
        "decided_at",
        "accepted_at",
        "closed_at",
        "regime",
        "import_file",
        "import_line",
    ],
    obj_field=pghistory.ObjForeignKey(related_name="history", db_index=True),
    append_only=True,
    model_name="CaseHistory",
    meta={"verbose_name": _("history of a case"), "verbose_name_plural": _("history of cases")},
)
class Case(models.Model):
    """One complaint, report or inquiry. Names as written in a source stay beside every resolved key."""

    number = models.CharField(_("case number"), max_length=20, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    body = models.CharField(_("handled by"), max_length=10, choices=Body, default=Body.BUREAU)
    source = models.CharField(_("source"), max_length=40)
    external_number = models.CharField(_("external number"), max_length=80, null=True, blank=True)  # noqa: DJ001
    channel = reference("registry.Channel", _("channel"))
    channel_written = models.CharField(_("channel as written"), max_length=120, blank=True)

    received_at = models.DateTimeField(_("received at"))
    received_on = local_date("received_at", _("received on"))
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_on = local_date("decided_at", _("decided on"))
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True)
    accepted_on = local_date("accepted_at", _("accepted on"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    closed_on = local_date("closed_at", _("closed on"))

    region = reference("registry.Region", _("region"))
    region_written = models.CharField(_("region as written"), max_length=120, blank=True)
    receiving = reference("registry.Agency", _("receiving agency"))
    handling = reference("registry.Agency", _("handling agency"))
    agency_written = models.CharField(_("agency as written"), max_length=160, blank=True)
    department = models.CharField(_("department"), max_length=160, blank=True)
    custodian = models.ForeignKey(
        "registry.Agency",
        models.PROTECT,
        db_index=False,
        related_name="+",
        verbose_name=_("custodian agency"),
    )
    # ancestors of the custodian, one per level used for row scope: resolving the subtree in each query was
    # measured 5,000 times slower where a subtree has no recent rows
    custodian_root = models.ForeignKey(
        "registry.Agency",
        models.PROTECT,
        db_index=False,
        db_constraint=False,
        related_name="+",
        editable=False,
    )
    custodian_district = models.ForeignKey(
        "registry.Agency",
        models.PROTECT,
        null=True,
        db_index=False,
        db_constraint=False,
        related_name="+",
        editable=False,
    )
    officer = reference(settings.AUTH_USER_MODEL, _("officer"))

    merchant = reference("registry.Merchant", _("merchant"))
    merchant_written = models.CharField(_("merchant as written"), max_length=200, blank=True)
    merchant_address = models.CharField(_("address of the merchant"), max_length=300, blank=True)
    merchant_code_written = models.CharField(_("credit code as written"), max_length=60, blank=True)
    platform = reference("registry.Platform", _("platform"))
    platform_written = models.CharField(_("platform as written"), max_length=120, blank=True)
    category = reference("registry.Category", _("category"))
    category_written = models.CharField(_("category as written"), max_length=200, blank=True)
    problem = reference("registry.Problem", _("problem"))
    problem_written = models.CharField(_("problem as written"), max_length=200, blank=True)
    goods = models.CharField(_("goods or service"), max_length=200, blank=True)
    brand = models.CharField(_("brand"), max_length=120, blank=True)
    order_number = models.CharField(_("order number"), max_length=80, blank=True)
    sales_mode = models.CharField(_("sales mode"), max_length=10, choices=SalesMode, blank=True)
    occurred_on = models.DateField(_("date of the dispute"), null=True, blank=True)
    narrative = models.TextField(_("narrative"), blank=True)
    demand = models.TextField(_("demand"), blank=True)
    claimed = models.DecimalField(_("amount claimed"), null=True, blank=True, **AMOUNT)

    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.REGISTERED, editable=False
    )
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome, blank=True, editable=False)
    ground = models.CharField(_("legal ground"), max_length=60, blank=True, editable=False)
    regime = models.CharField(_("rules applied"), max_length=20, blank=True)
    consents = models.JSONField(_("consents"), default=dict, blank=True)
    origin = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="derived",
        db_index=False,
        verbose_name=_("split from or repeats"),
    )

    import_file = reference("cases.ImportFile", _("imported from"))
    import_line = models.PositiveIntegerField(_("line"), null=True, editable=False)
    source_digest = models.BinaryField(_("keyed digest of the source row"), null=True, editable=False)
    differs = models.BooleanField(_("differs from its source"), default=False, editable=False)
    extra = models.JSONField(_("further columns"), default=dict, blank=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        ordering = ["-received_at", "-pk"]
        permissions = [
            ("view_all_agencies", _("Can see the cases of every agency")),
            ("reveal_party", _("Can reveal a party's personal data, with a reason")),
            ("reveal_reporter", _("Can reveal a sealed reporter, with a reason")),
            ("export_case", _("Can export lists of cases")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["number"], name="cases_case_number"),
            models.UniqueConstraint(fields=["external_number", "source"], name="cases_case_external_number"),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(state__in=FINAL_STATES),
                name="cases_case_closed_is_final",
            ),
            models.CheckConstraint(
                # a source may say "closed" and not when; a case closed here always has its time
                condition=~Q(state__in=FINAL_STATES)
                | Q(closed_at__isnull=False)
                | Q(import_file__isnull=False),
                name="cases_case_final_has_time",
            ),
            models.CheckConstraint(
                condition=Q(claimed__isnull=True) | Q(claimed__gte=0), name="cases_case_claimed_not_negative"
            ),
            models.CheckConstraint(
                condition=(Q(decided_at__isnull=True) | Q(decided_at__gte=F("received_at")))
                & (Q(accepted_at__isnull=True) | Q(accepted_at__gte=F("received_at")))
                & (Q(closed_at__isnull=True) | Q(closed_at__gte=F("received_at"))),
                name="cases_case_dates_in_order",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[State.FILED, State.NOT_FILED]) | Q(kind=Kind.REPORT),
                name="cases_case_filing_is_for_reports",
            ),
            models.CheckConstraint(condition=Q(state__in=State.values), name="cases_case_state_known"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="cases_case_kind_known"),
        ]
        indexes = [
            # the newest first, and every count by day of receipt without a look at the table
            models.Index(
                fields=["-received_at", "-id"],
                include=[
                    "received_on",
                    "kind",
                    "body",
                    "region",
                    "category",
                    "channel",
                    "custodian_root",
                    "custodian_district",
                    "custodian",
                    "handling",
                ],
                name="cases_case_newest",
            ),
            # one for each level of agencies that is used for row scope
            models.Index(fields=["custodian_root", "-received_at", "-id"], name="cases_case_root_newest"),
            models.Index(
                fields=["custodian_district", "-received_at", "-id"], name="cases_case_district_newest"
            ),
            models.Index(fields=["custodian", "-received_at", "-id"], name="cases_case_custodian_newest"),
            # the figures of a region, and the cases that its terms and postings belong to
            models.Index(
                fields=["region", "-received_at", "-id"],
                include=["received_on", "kind", "body", "category", "channel"],
                name="cases_case_region_newest",
            ),
            models.Index(
                fields=["accepted_on"],
                include=[
                    "kind",
                    "body",
                    "outcome",
                    "closed_on",
                    "region",
                    "custodian_root",
                    "custodian_district",
                    "custodian",
                    "handling",
                ],
                condition=Q(accepted_on__isnull=False),
                name="cases_case_accepted",
            ),
            models.Index(
                fields=["closed_on"],
                include=["kind", "outcome", "region", "custodian_root", "custodian_district"],
                condition=Q(body=Body.COUNCIL),
                name="cases_case_council_closed",
            ),
            models.Index(
                fields=["id"], include=["body"], condition=~Q(body=Body.BUREAU), name="cases_case_not_bureau"
            ),
            models.Index(
                fields=["-received_at", "-id"],
                condition=Q(handling__isnull=True),
                name="cases_case_to_dispatch",
            ),
            models.Index(
                fields=["-received_at", "-id"], condition=Q(differs=True), name="cases_case_differing"
            ),
            models.Index(F("merchant"), F("received_at").desc(), name="cases_case_merchant"),
        ]
        triggers = [pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete)]

    def __str__(self):
        return self.number

    def get_absolute_url(self):
        return reverse("cases:detail", args=[self.number])

    @property
    def is_open(self) -> bool:
        return self.state not in FINAL_STATES

    @property
    def regime_label(self) -> str:
        return Regime.label_of(self.regime)


class CaseReference(models.Model):
    """A further number of the same case in another system (`source`; "" where nobody has said in which). The importer
    finds the case by it. `source_digest`: once a row of that system has come, the keyed digest of the one last
    compared; empty where the case has changed since."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="references", verbose_name=_("case"))
    source = models.CharField(_("source"), max_length=40, blank=True)
    number = models.CharField(_("number"), max_length=80)
    source_digest = models.BinaryField(_("keyed digest of the source row"), null=True, editable=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("further number")
        verbose_name_plural = _("further numbers")
        constraints = [
            models.UniqueConstraint(
                fields=["number", "source"], condition=~Q(source=""), name="cases_reference_once"
            ),
            models.UniqueConstraint(fields=["number", "source", "case"], name="cases_reference_of_a_case_once"),
        ]

    def __str__(self):
        return self.number


class Party(models.Model):
    """A consumer, reporter or inquirer. Personal data is one AES-256-GCM ciphertext of a JSON object
    (name, phone, address, id_type, id_number); keyed hashes serve exact look-ups. A reporter is always sealed."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="parties", verbose_name=_("case"))
    role = models.CharField(_("role"), max_length=10, choices=PartyRole)
    sealed = models.BooleanField(_("sealed"), default=False)
    personal = models.BinaryField(_("personal data, encrypted"), null=True, editable=False)
    phone_hash = models.BinaryField(null=True, editable=False)
    id_number_hash = models.BinaryField(null=True, editable=False)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("party")
        verbose_name_plural = _("parties")
        constraints = [
            models.CheckConstraint(
                condition=~Q(role=PartyRole.REPORTER) | Q(sealed=True), name="cases_party_reporter_is_sealed"
            )
        ]
        indexes = [
            models.Index(
                fields=["phone_hash"], condition=Q(phone_hash__isnull=False), name="cases_party_phone"
            ),
            models.Index(
                fields=["id_number_hash"],
                condition=Q(id_number_hash__isnull=False),
                name="cases_party_id_number",
            ),
        ]

    def __str__(self):
        return f"{self.get_role_display()} {self.pk}"


class ClockRule(ReferenceModel):
    """A statutory term in force from one date to another; the date of receipt picks the version."""

    code = models.CharField(_("code"), max_length=40)
    regime = models.CharField(_("regime"), max_length=20)
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(
        _("valid to"), null=True, blank=True, help_text=_("First day no longer valid")
    )
    length = models.PositiveSmallIntegerField(_("length"))
    unit = models.CharField(_("unit"), max_length=8, choices=TermUnit)
    roll = models.CharField(_("last day rolls"), max_length=10, choices=Roll, default=Roll.REST_DAYS)
    starts = models.CharField(_("starts with"), max_length=120)
    starts_en = models.CharField(_("starts with (English)"), max_length=160)
    basis = models.CharField(_("legal basis"), max_length=200)
    basis_en = models.CharField(_("legal basis (English)"), max_length=240)

    objects = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = _("clock rule")
        verbose_name_plural = _("clock rules")
        ordering = ["code", "valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="cases_clock_rule_once"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
                name="cases_clock_rule_period",
                violation_error_message=_("The end of validity must come after its start."),
            ),
        ]


class Clock(models.Model):
    """One statutory term of one case. The day of the start does not count; `safe_on` is the last day before any
    roll, `due_on` the legal one. `provisional`: the calendar of the due date's year was not known."""

    case = models.ForeignKey(
        Case, models.PROTECT, db_index=False, related_name="clocks", verbose_name=_("case")
    )  # found by the unique index
    rule = models.ForeignKey(
        ClockRule, models.PROTECT, db_index=False, related_name="clocks", verbose_name=_("rule")
    )
    started_on = models.DateField(_("started on"))
    safe_on = models.DateField(_("safe until"))
    due_on = models.DateField(_("due on"))
    stopped_on = models.DateField(_("stopped on"), null=True, blank=True)
    provisional = models.BooleanField(_("provisional"), default=False)

    objects = ClockQuerySet.as_manager()

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        ordering = ["due_on", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["case", "rule"], name="cases_clock_once"),
            models.CheckConstraint(
                condition=Q(due_on__gte=F("safe_on"), safe_on__gte=F("started_on")), name="cases_clock_order"
            ),
            models.CheckConstraint(
                condition=Q(stopped_on__isnull=True) | Q(stopped_on__gte=F("started_on")),
                name="cases_clock_stop_after_start",
            ),
        ]
        indexes = [
            models.Index(
                fields=["rule", "due_on"],
                include=["stopped_on", "case", "provisional"],
                name="cases_clock_due",
            ),
            # still running, or stopped too late: few of all, and all that "overdue" asks for
            models.Index(
                fields=["due_on"],
                include=["case", "stopped_on", "rule"],
                condition=Q(stopped_on__isnull=True) | Q(stopped_on__gt=F("due_on")),
                name="cases_clock_late",
            ),
        ]

    def __str__(self):
        return f"{self.rule.code} {self.due_on}"


class Recovery(models.Model):
    """One posting of money or money's worth that a consumer got back. Corrected by reversal, never edited."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="recoveries", verbose_name=_("case"))
    posted_on = models.DateField(_("posted on"))
    amount = models.DecimalField(_("amount"), **AMOUNT)
    kind = models.CharField(_("kind"), max_length=12, choices=RecoveryKind, default=RecoveryKind.UNSPECIFIED)
    status = models.CharField(
        _("status"), max_length=12, choices=RecoveryStatus, default=RecoveryStatus.UNSPECIFIED
    )
    means = models.CharField(_("by"), max_length=12, choices=RecoveryMeans, default=RecoveryMeans.UNSPECIFIED)
    evidence = models.CharField(_("evidence"), max_length=300, blank=True)
    reversal_of = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversal", verbose_name=_("reversal of")
    )
    actor = reference(settings.AUTH_USER_MODEL, _("posted by"))
    import_file = reference("cases.ImportFile", _("imported from"))
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = RecoveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("recovery")
        verbose_name_plural = _("recoveries")
        ordering = ["posted_on", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="cases_recovery_not_zero"),
            models.CheckConstraint(
                # an import posts the difference to the amount it finds, which may be a reduction
                condition=Q(amount__gt=0) | Q(reversal_of__isnull=False) | Q(import_file__isnull=False),
                name="cases_recovery_negative_is_a_correction",
            ),
            models.CheckConstraint(
                condition=Q(actor__isnull=False) | Q(import_file__isnull=False),
                name="cases_recovery_has_origin",
            ),
        ]
        indexes = [
            models.Index(
                fields=["posted_on"], include=["case", "amount", "kind"], name="cases_recovery_posted"
            )
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=APPEND_ONLY)]

    def __str__(self):
        return f"{self.posted_on} {self.amount}"


class CaseEvent(models.Model):
    """What was done to a case here: verb, state before and after, who, when, on what ground. Append-only."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="events", verbose_name=_("case"))
    verb = models.CharField(_("act"), max_length=32)
    before = models.CharField(_("state before"), max_length=10, blank=True)
    after = models.CharField(_("state after"), max_length=10, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    at = models.DateTimeField(_("time"))
    note = models.CharField(_("note"), max_length=1000, blank=True)
    data = models.JSONField(_("details"), default=dict, blank=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("act")
        verbose_name_plural = _("acts")
        ordering = ["at", "pk"]
        triggers = [pgtrigger.Protect(name="append_only", operation=APPEND_ONLY)]

    def __str__(self):
        return f"{self.case} {self.verb}"


class ImportRun(models.Model):
    """One call of an import command. A run that was cut off is continued by the same files and profile."""

    target = models.CharField(_("what"), max_length=12)
    profile = models.CharField(_("profile"), max_length=60)
    source = models.CharField(_("source"), max_length=40)
    digest = models.CharField(_("digest of files and profile"), max_length=64)
    state = models.CharField(_("state"), max_length=10, choices=RunState, default=RunState.RUNNING)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("user")
    )
    agency = models.ForeignKey(
        "registry.Agency", models.PROTECT, related_name="+", verbose_name=_("importing agency")
    )
    started_at = models.DateTimeField(_("started at"))
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    seconds = models.FloatField(_("seconds of work"), default=0)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    created = models.PositiveIntegerField(_("created"), default=0)
    updated = models.PositiveIntegerField(_("updated"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    duplicates = models.PositiveIntegerField(_("twice in the file"), default=0)
    rejected = models.PositiveIntegerField(_("rejected"), default=0)
    warnings = models.PositiveIntegerField(_("warnings"), default=0)
    differing = models.PositiveIntegerField(_("differing from the stored case"), default=0)
    control = models.JSONField(_("control totals"), default=dict, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        verbose_name = _("import run")
        verbose_name_plural = _("import runs")
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["digest"], condition=Q(state=RunState.RUNNING), name="cases_importrun_one_running"
            ),
            models.CheckConstraint(
                condition=Q(
                    rows=F("created") + F("updated") + F("unchanged") + F("duplicates") + F("rejected")
                ),
                name="cases_importrun_rows_add_up",
            ),
        ]

    def __str__(self):
        return f"{self.pk} {self.profile}"

    def get_absolute_url(self):
        return reverse("imports:detail", args=[self.pk])


class ImportFile(models.Model):
    """A file of a run and how far it has been read: `rows_done` is committed with each chunk."""

    run = models.ForeignKey(ImportRun, models.PROTECT, related_name="files", verbose_name=_("run"))
    position = models.PositiveSmallIntegerField(_("position"))
    name = models.CharField(_("file"), max_length=255)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    size = models.BigIntegerField(_("size"))
    encoding = models.CharField(_("encoding"), max_length=20, blank=True)
    rows_total = models.PositiveIntegerField(_("rows in the file"))
    rows_done = models.PositiveIntegerField(_("rows done"), default=0)

    objects = RunFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("imported file")
        verbose_name_plural = _("imported files")
        ordering = ["run", "position"]
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="cases_importfile_position"),
            models.CheckConstraint(condition=Q(rows_done__lte=F("rows_total")), name="cases_importfile_done"),
        ]

    def __str__(self):
        return self.name


class ImportReject(models.Model):
    """A row that was not taken, with the reason and the row itself (encrypted: it may hold personal data)."""

    file = models.ForeignKey(ImportFile, models.PROTECT, related_name="rejects", verbose_name=_("file"))
    line = models.PositiveIntegerField(_("line"))
    kind = models.CharField(_("what happened"), max_length=10, choices=RejectKind)
    column = models.CharField(_("column"), max_length=120, blank=True)
    value = models.CharField(_("value"), max_length=200, blank=True)
    rule = models.CharField(_("rule"), max_length=40)
    message = models.CharField(_("reason"), max_length=500)
    raw = models.BinaryField(_("row, encrypted"), null=True, editable=False)

    objects = RunRejectQuerySet.as_manager()

    class Meta:
        verbose_name = _("rejected row")
        verbose_name_plural = _("rejected rows")
        ordering = ["file", "line", "pk"]

    def __str__(self):
        return f"{self.file}:{self.line}"


class ImportWarning(models.Model):
    """A value of a file that was kept as written and could not be resolved, with the number of its rows."""

    run = models.ForeignKey(ImportRun, models.PROTECT, related_name="findings", verbose_name=_("run"))
    file = models.ForeignKey(
        ImportFile, models.PROTECT, db_index=False, related_name="+", verbose_name=_("file")
    )
    rule = models.CharField(_("rule"), max_length=40)
    column = models.CharField(_("column"), max_length=120)
    value = models.CharField(_("value"), max_length=200, blank=True)
    count = models.PositiveIntegerField(_("rows"))
    first_line = models.PositiveIntegerField(_("first line"))

    objects = RunFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("warning of an import")
        verbose_name_plural = _("warnings of imports")
        ordering = ["rule", "-count"]
        constraints = [
            models.UniqueConstraint(
                fields=["file", "rule", "column", "value"], name="cases_importwarning_once"
            )
        ]

    def __str__(self):
        return f"{self.rule}: {mask_numbers(self.value)}"


class ImportDifference(models.Model):
    """What a source says of a case that it does not change: one on which work was done here, or one that follows
    another system. `open` until a later row of the same source agrees, or says something else."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="differences", verbose_name=_("case"))
    file = models.ForeignKey(ImportFile, models.PROTECT, related_name="+", verbose_name=_("file"))
    line = models.PositiveIntegerField(_("line"))
    says = models.JSONField(_("the source says"))
    open = models.BooleanField(_("to reconcile"), default=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        constraints = [models.UniqueConstraint(fields=["case", "file", "line"], name="cases_difference_once")]

    def __str__(self):
        return f"{self.case} {self.file}:{self.line}"
