"""What all other apps refer to: places, agencies, merchants, platforms, vocabularies, the working-day calendar.

Rows come from dated files (`registry/reference/`) by `manage.py load_reference` and may be edited in the admin.
"""

from collections.abc import Callable

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from stdnum.cn import uscc

from core.models import NamedModel, TimestampedModel
from core.pinyin import KEY_LENGTH
from registry.enums import BUREAU_KINDS, AgencyKind, Branch, RegionLevel, Scheme
from registry.querysets import AgencyQuerySet, DatedQuerySet, PlatformQuerySet, ReferenceQuerySet

# Apps above add a question here: whether any of these agencies (ids) has something in its custody.
CUSTODY: list[Callable[[list[int]], bool]] = []
# Apps above add here what follows from new names or aliases of merchants (ids), in the transaction that changes them.
RENAMED: list[Callable[[list[int]], None]] = []
# Apps above add here what moves to a merchant when an unverified one is found to be it: called with both, locked, and the
# actor, in the transaction. Returns what moved, in words; raises DomainError for what stands in the way.
IDENTIFIED: list[Callable[..., list[str]]] = []
HANDOVER_NEEDED = _(
    "The agency, or one below it, has cases in its custody. They must be handed over before it moves to another parent."
)


class ReferenceModel(NamedModel):
    """A row that `load_reference` keeps. `file_digest` is the digest of the values last taken from the file:
    while the row still has it, a changed file updates the row; a row edited in the admin is kept and reported."""

    file_digest = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        abstract = True

    def fixed_fields(self) -> set[str]:
        """Names of fields that must not change any more, whoever writes: people, files, `--overwrite`."""
        return set()


class Region(ReferenceModel):
    """A place by GB/T 2260 code. The same code may name different areas at different times (Hangzhou, 2021-04-09)."""

    code = models.CharField(_("division code"), max_length=9)
    level = models.CharField(_("level"), max_length=10, choices=RegionLevel)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("parent")
    )
    aliases = ArrayField(models.CharField(max_length=60), default=list, blank=True, verbose_name=_("aliases"))
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(
        _("valid to"), null=True, blank=True, help_text=_("First day no longer valid")
    )
    successors = models.ManyToManyField(
        "self", through="RegionSuccession", symmetrical=False, related_name="predecessors", blank=True
    )

    objects = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = _("region")
        verbose_name_plural = _("regions")
        ordering = ["code", "valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="registry_region_code_from"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
                name="registry_region_period",
                violation_error_message=_("The end of validity must come after its start."),
            ),
        ]


class RegionSuccession(models.Model):
    """Which region took over from which; `whole` when everything went there, otherwise a part (streets moved)."""

    predecessor = models.ForeignKey(
        Region, models.PROTECT, related_name="successions", verbose_name=_("predecessor")
    )
    successor = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name=_("successor"))
    whole = models.BooleanField(_("whole area"), default=False)
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("succession of regions")
        verbose_name_plural = _("successions of regions")
        constraints = [
            models.UniqueConstraint(fields=["predecessor", "successor"], name="registry_succession_once")
        ]

    def __str__(self):
        return f"{self.predecessor} → {self.successor}"


class Agency(ReferenceModel):
    """A bureau, station, council, mediation committee, court or platform partner. `path` is the materialised path
    of ids ("/1/14/"); councils, courts and platforms are never inside a bureau's subtree."""

    code = models.CharField(_("code"), max_length=32, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=AgencyKind)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("parent")
    )
    path = models.CharField(max_length=120, editable=False, db_index=True)
    region = models.ForeignKey(Region, models.PROTECT, null=True, blank=True, verbose_name=_("region"))
    aliases = ArrayField(models.CharField(max_length=60), default=list, blank=True, verbose_name=_("aliases"))
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(
        _("valid to"), null=True, blank=True, help_text=_("First day no longer valid")
    )

    objects = AgencyQuerySet.as_manager()

    class Meta:
        verbose_name = _("agency")
        verbose_name_plural = _("agencies")
        ordering = ["code"]

    def clean(self):
        if "parent" in self.fixed_fields() and self.parent_id != self.stored_parent_id:
            raise ValidationError({"parent": HANDOVER_NEEDED})
        if self.parent_id and (self.parent.kind in BUREAU_KINDS) != (self.kind in BUREAU_KINDS):
            raise ValidationError(
                {"parent": _("Councils, courts and platforms are never part of a bureau, nor the reverse.")}
            )
        if self.parent_id and self.path and self.parent.path.startswith(self.path):
            raise ValidationError({"parent": _("An agency cannot be part of itself.")})

    def save(self, *args, **kwargs):
        """The path needs the id, and moves the whole subtree when the parent changes."""
        super().save(*args, **kwargs)
        path = f"{self.parent.path if self.parent_id else '/'}{self.pk}/"
        if path != self.path:
            old, self.path = self.path, path
            type(self).objects.filter(pk=self.pk).update(path=path)
            if old:
                for below in type(self).objects.filter(path__startswith=old).exclude(pk=self.pk):
                    type(self).objects.filter(pk=below.pk).update(path=path + below.path[len(old) :])

    def fixed_fields(self):
        """The parent, once there are cases in the custody of this agency or of one below it: each case repeats the
        ancestors of its custodian, and would stay in the sight of those above the old place."""
        if not self.path:
            return set()
        within = list(type(self).objects.within(self).values_list("pk", flat=True))
        return {"parent"} if any(holds(within) for holds in CUSTODY) else set()

    @property
    def stored_parent_id(self) -> int | None:
        """The parent as it stands in the database, whatever has been assigned since."""
        above = self.ancestor_ids[:-1]
        return above[-1] if above else None

    @cached_property
    def ids_within(self) -> list[int]:
        """Ids of this agency and of all below it, read once: a request asks for them with each list."""
        return list(type(self).objects.within(self).order_by("pk").values_list("pk", flat=True))

    @property
    def ancestor_ids(self) -> list[int]:
        """Ids from the root down to this agency itself."""
        return [int(part) for part in self.path.strip("/").split("/")]

    @property
    def is_bureau(self) -> bool:
        return self.kind in BUREAU_KINDS


class Industry(ReferenceModel):
    """A section of GB/T 4754-2017."""

    code = models.CharField(_("code"), max_length=4, unique=True)

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("industry")
        verbose_name_plural = _("industries")
        ordering = ["code"]


class Merchant(TimestampedModel):
    """A trader. Verified by its credit code or by a person; an import that only knows a name and a place makes an
    unverified one and never takes a namesake elsewhere for it. `same_as`: the verified one that somebody has stated it to
    be, to which whatever comes under its name goes from then on."""

    name = models.CharField(_("name"), max_length=200)
    name_key = models.CharField(max_length=200, editable=False, help_text=_("Normalised name"))
    # what lists are sorted by, whatever the collation of the database
    pinyin = models.CharField(max_length=KEY_LENGTH, default="", editable=False, db_collation="C")
    credit_code = models.CharField(
        _("unified social credit code"),
        max_length=18,
        null=True,
        blank=True,
        unique=True,  # noqa: DJ001
    )
    aliases = ArrayField(
        models.CharField(max_length=200), default=list, blank=True, verbose_name=_("aliases")
    )
    region = models.ForeignKey(Region, models.PROTECT, null=True, blank=True, verbose_name=_("region"))
    address = models.CharField(_("address"), max_length=300, blank=True)
    industry = models.ForeignKey(Industry, models.PROTECT, null=True, blank=True, verbose_name=_("industry"))
    verified = models.BooleanField(_("verified"), default=False)
    same_as = models.ForeignKey(
        "self", models.PROTECT, null=True, editable=False, db_index=False, related_name="+",
        verbose_name=_("is the merchant"),
    )  # fmt: skip

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("merchant")
        verbose_name_plural = _("merchants")
        ordering = ["pk"]
        permissions = [("identify_merchant", _("Can state which registered merchant an unverified one is"))]
        constraints = [
            models.UniqueConstraint(
                fields=["name_key", "region"],
                condition=Q(verified=False, credit_code__isnull=True),
                nulls_distinct=False,
                name="registry_merchant_unverified_once",
                violation_error_message=_("An unverified merchant of this name and region exists already."),
            ),
            models.CheckConstraint(
                condition=Q(credit_code__isnull=True) | Q(verified=True),
                name="registry_merchant_code_is_verified",
                violation_error_message=_("A merchant with a credit code counts as verified."),
            ),
            models.CheckConstraint(
                condition=Q(same_as__isnull=True) | Q(verified=False, credit_code__isnull=True),
                name="registry_merchant_same_as",
                violation_error_message=_("It has been stated which merchant this is: that one is verified."),
            ),
        ]
        indexes = [
            models.Index(
                fields=["name_key", "region"], condition=Q(verified=True), name="registry_merchant_key"
            ),
            GinIndex(OpClass("name", name="gin_trgm_ops"), name="registry_merchant_name_trgm"),
            models.Index(fields=["pinyin", "id"], name="registry_merchant_pinyin"),
            # few have one; looked through by whoever searches for another name than the registered one
            models.Index(fields=["id"], condition=~Q(aliases=[]), name="registry_merchant_aliased"),
        ]

    def __str__(self):
        return self.name

    def clean(self):
        if self.credit_code and not uscc.is_valid(self.credit_code):
            raise ValidationError(
                {"credit_code": _("Not a valid unified social credit code (GB 32100-2015).")}
            )


class Platform(ReferenceModel):
    """An e-commerce platform; a member of the green channel between two dates."""

    code = models.CharField(_("code"), max_length=32, unique=True)
    aliases = ArrayField(models.CharField(max_length=60), default=list, blank=True, verbose_name=_("aliases"))
    operator = models.ForeignKey(Merchant, models.PROTECT, null=True, blank=True, verbose_name=_("operator"))
    agency = models.OneToOneField(
        Agency, models.PROTECT, null=True, blank=True, related_name="platform", verbose_name=_("agency")
    )
    green_from = models.DateField(_("in the green channel from"), null=True, blank=True)
    green_to = models.DateField(
        _("in the green channel to"), null=True, blank=True, help_text=_("First day no longer valid")
    )

    objects = PlatformQuerySet.as_manager()

    class Meta:
        verbose_name = _("platform")
        verbose_name_plural = _("platforms")
        ordering = ["code"]


class Channel(ReferenceModel):
    """The way in which a case came."""

    code = models.CharField(_("code"), max_length=32, unique=True)
    aliases = ArrayField(models.CharField(max_length=60), default=list, blank=True, verbose_name=_("aliases"))
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(
        _("valid to"), null=True, blank=True, help_text=_("First day no longer valid")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering = ["position", "code"]


class Category(ReferenceModel):
    """Goods and services. A class of the national tree names the class of the councils to which it belongs."""

    scheme = models.CharField(_("vocabulary"), max_length=8, choices=Scheme)
    code = models.CharField(_("code"), max_length=32)
    branch = models.CharField(_("branch"), max_length=8, choices=Branch)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("parent")
    )
    council = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="national",
        verbose_name=_("council class"),
        limit_choices_to={"scheme": Scheme.COUNCIL},
    )
    aliases = ArrayField(models.CharField(max_length=60), default=list, blank=True, verbose_name=_("aliases"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["scheme", "position", "code"]
        constraints = [models.UniqueConstraint(fields=["scheme", "code"], name="registry_category_code")]


class Problem(ReferenceModel):
    """What went wrong. A class of the national tree names the one of the councils' ten natures it belongs to."""

    scheme = models.CharField(_("vocabulary"), max_length=8, choices=Scheme)
    code = models.CharField(_("code"), max_length=32)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("parent")
    )
    council = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="national",
        verbose_name=_("council nature"),
        limit_choices_to={"scheme": Scheme.COUNCIL},
    )
    aliases = ArrayField(models.CharField(max_length=60), default=list, blank=True, verbose_name=_("aliases"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("problem")
        verbose_name_plural = _("problems")
        ordering = ["scheme", "position", "code"]
        constraints = [models.UniqueConstraint(fields=["scheme", "code"], name="registry_problem_code")]


class CalendarNotice(ReferenceModel):
    """A notice of the State Council on the holidays of a year. A later one supersedes an earlier one day by day;
    both are kept."""

    code = models.CharField(_("code"), max_length=32, unique=True)
    year = models.PositiveSmallIntegerField(_("year"))
    published_on = models.DateField(_("published on"))
    url = models.URLField(_("address"), max_length=300)

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar notice")
        verbose_name_plural = _("calendar notices")
        ordering = ["published_on"]


class CalendarDay(NamedModel):
    """A day that a notice makes a day off, or a working day although it is a weekend."""

    notice = models.ForeignKey(CalendarNotice, models.PROTECT, related_name="days", verbose_name=_("notice"))
    date = models.DateField(_("date"))
    working = models.BooleanField(_("working day"))

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar day")
        verbose_name_plural = _("calendar days")
        ordering = ["date"]
        constraints = [models.UniqueConstraint(fields=["notice", "date"], name="registry_calendar_day_once")]

    def __str__(self):
        return f"{self.date} {self.label}"
