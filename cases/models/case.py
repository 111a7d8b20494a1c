"""The case itself, and its numbers in other systems."""

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cases.enums import (
    FINAL_STATES,
    NATIONAL_SOURCE,
    OPEN_STATES,
    Body,
    Kind,
    NationalEntry,
    Outcome,
    Regime,
    SalesMode,
    State,
)
from cases.models.feed import record_changes
from cases.models.fields import AMOUNT, local_date, reference
from cases.querysets import CaseQuerySet, ScopedQuerySet
from core.acting import acting_user
from core.triggers import AppendOnly, InsertEvent, Refuse, UpdateEvent


@pghistory.track(
    InsertEvent(level=pgtrigger.Statement),  # by row, a bulk load would run at 3 % of its speed
    UpdateEvent(),
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
        "ended_at",
        "regime",
        "import_file",
        "import_line",
    ],
    obj_field=pghistory.ObjForeignKey(related_name="history", db_index=True),
    context_field=None,  # a row of another table, updated with each write: `actor` stands in the row itself
    attrs={"actor": acting_user(_("by"))},
    model_name="CaseHistory",
    meta={
        "verbose_name": _("history of a case"),
        "verbose_name_plural": _("history of cases"),
        "indexes": [
            # what a person changed, newest first; imports name nobody, so that they do not pay for it
            models.Index(
                fields=["actor", "-pgh_created_at", "-pgh_id"],
                condition=Q(actor__isnull=False),
                name="cases_history_actor",
            )
        ],
        "triggers": [AppendOnly()],
    },
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
    # what was done about the dispute or answered is over; to be closed once everyone has been told
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True, editable=False)

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
    national_entry = models.CharField(
        _("national platform"),
        max_length=10,
        choices=NationalEntry,
        db_default="",
        default="",
        editable=False,
    )
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
            ("export_personal", _("Can export lists of cases with personal data, with a reason")),
            ("register_case", _("Can register cases")),
            ("dispatch_case", _("Can dispatch cases to agencies below")),
            ("assign_case", _("Can assign cases to officers")),
            ("handle_case", _("Can handle cases")),
            ("mediate_case", _("Can mediate and record what came of it")),
            ("post_recovery", _("Can post and correct what consumers got back")),
            ("approve_case", _("Can approve extensions, reopening and a change of rules")),
            ("supervise_case", _("Can supervise the handling of cases")),
            ("call_back_case", _("Can call back about closed cases")),
            ("view_signals", _("Can see signals of repeated and professional claims")),
            ("decide_signals", _("Can decide on signals of repeated and professional claims")),
            ("refer_case", _("Can refer complaints to platforms and take them back")),
            ("settle_channel", _("Can answer and settle what was referred to his platform")),
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
                & (Q(closed_at__isnull=True) | Q(closed_at__gte=F("received_at")))
                & (Q(ended_at__isnull=True) | Q(ended_at__gte=F("received_at"))),
                name="cases_case_dates_in_order",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[State.FILED, State.NOT_FILED]) | Q(kind=Kind.REPORT),
                name="cases_case_filing_is_for_reports",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.ENDED) | Q(ended_at__isnull=False), name="cases_case_ended_has_time"
            ),
            models.CheckConstraint(
                condition=~Q(state=State.MEDIATING) | Q(kind=Kind.COMPLAINT, accepted_at__isnull=False),
                name="cases_case_mediation_is_for_complaints",
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
                include=[
                    "received_on",
                    "kind",
                    "body",
                    "category",
                    "channel",
                    "custodian_root",
                    "custodian_district",
                ],
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
                fields=["id"],
                include=["body", "received_at", "custodian_root", "custodian_district", "custodian"],
                condition=~Q(body=Body.BUREAU),
                name="cases_case_not_bureau",
            ),
            # what a list is narrowed by: values that few cases have
            models.Index(fields=["category"], name="cases_case_category"),
            models.Index(fields=["problem"], name="cases_case_problem"),
            models.Index(fields=["channel"], name="cases_case_channel"),
            models.Index(fields=["handling"], name="cases_case_handling"),
            models.Index(fields=["outcome"], condition=~Q(outcome=""), name="cases_case_outcome"),
            # the cases of a run, many and perhaps old
            models.Index(
                fields=["import_file", "-received_at", "-id"],
                condition=Q(import_file__isnull=False),
                name="cases_case_of_file",
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
            # cases about the same order; few cases name one
            models.Index(
                F("order_number"),
                F("received_at").desc(),
                condition=~Q(order_number=""),
                name="cases_case_order_number",
            ),
            models.Index(
                fields=["-received_at", "-id"],
                condition=Q(national_entry__in=[NationalEntry.TO_ENTER, NationalEntry.TO_UPDATE]),
                name="cases_case_to_enter",
            ),
            # an officer's desk
            models.Index(
                fields=["officer", "-received_at", "-id"],
                condition=Q(officer__isnull=False, state__in=OPEN_STATES),
                name="cases_case_officer_open",
            ),
            # the page of a case names what was split from it or repeats it
            models.Index(fields=["origin"], condition=Q(origin__isnull=False), name="cases_case_origin"),
            # the work queue: few of all, by whose they are at any level of agencies, without a look at the table
            models.Index(
                fields=["custodian_root", "custodian_district", "custodian", "id"],
                include=["received_at", "officer", "handling", "state"],
                condition=Q(state__in=OPEN_STATES),
                name="cases_case_desk",
            ),
        ]
        triggers = [
            Refuse(name="never_deleted", operation=pgtrigger.Delete | pgtrigger.Truncate),
            *record_changes("id"),
        ]

    def __str__(self):
        return self.number

    def get_absolute_url(self):
        return reverse("cases:detail", args=[self.number])

    @property
    def is_to_enter(self) -> bool:
        return self.national_entry in (NationalEntry.TO_ENTER, NationalEntry.TO_UPDATE)

    @property
    def national_state(self) -> NationalEntry:
        """How the case stands on the national platform. What a bureau has from there is entered there, until an act
        here makes it one to be updated."""
        if not self.national_entry and self.source == NATIONAL_SOURCE and self.body == Body.BUREAU:
            return NationalEntry.ENTERED
        return NationalEntry(self.national_entry)

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
            models.UniqueConstraint(
                fields=["number", "source", "case"], name="cases_reference_of_a_case_once"
            ),
        ]
        triggers = record_changes("case_id")

    def __str__(self):
        return self.number
