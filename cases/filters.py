"""The query forms of the case list, the recovery ledger, the bulk acts, the import runs and audits."""

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.filters import LogFilterSet
from cases.domain.bulk import step_labels
from cases.enums import (
    LOSS_KINDS,
    AuditKind,
    Body,
    BulkOutcome,
    BulkState,
    Kind,
    Outcome,
    RecoveryKind,
    RecoveryMeans,
    RecoveryStatus,
    RunState,
    State,
)
from cases.models import (
    AuditEntry,
    BulkAct,
    BulkRow,
    Case,
    CaseReference,
    CaseSearch,
    ImportFile,
    ImportRun,
    Party,
    Recovery,
)
from cases.querysets import Window, local_day_bounds, sees_city, sees_reporters
from cases.references import References
from cases.search import Search, Words, read_person
from cases.targets import target_choices
from core import panels
from core.exceptions import DomainError
from core.filters import ALL, Chip, DateFilter, FilterSet, WordFilter
from core.lookups import contains
from core.personal_data import lookup_hash, mask
from core.text import mask_numbers
from core.working_days import Calendar
from registry.domain.calendar import load_calendar
from registry.models import Merchant

UNKNOWN = "unknown"
UNKNOWN_CHOICE = (UNKNOWN, _("(not recognised)"))
OPEN_CHOICE = ("open", _("All open cases"))
PERSON_CASES = 1_000
NUMBER = re.compile(r"(?=.*\d)[0-9A-Za-z][0-9A-Za-z_/.-]{3,79}")
SELECTION = ("metric", "part", "from", "to", "region", "agency", "to_platform", "as_of")


@dataclass(frozen=True)
class Selection:
    """The very rows behind a figure. `parameters` are what the address says of it."""

    queryset: QuerySet | None
    title: str
    description: str
    parameters: dict[str, str]
    error: str = ""


def read_selection(name: str, request) -> Selection | None:
    """The rows of the figure that the address names (`?metric=…`), resolved by the app that owns the figures."""
    parameters = {key: request.GET[key] for key in SELECTION if request.GET.get(key)}
    if "metric" not in parameters:
        return None
    try:
        queryset, title, description = panels.selection(name)(request.user, parameters)
    except DomainError as error:
        return Selection(None, parameters["metric"], "", parameters, str(error))
    return Selection(queryset, str(title), str(description), parameters)


class Searched(Enum):
    """How a search was understood. NO_PERSON: a person's number, from a user who may not know any."""

    NUMBER = "number"
    PERSON = "person"
    NO_PERSON = "no_person"
    WORDS = "words"


class Choice(django_filters.ChoiceFilter):
    """A select whose empty choice is "All"; from a dozen choices on one can type in it."""

    def __init__(self, *args, searchable: bool = False, **kwargs):
        widget = forms.Select(attrs={"data-search": ""} if searchable else {})
        super().__init__(*args, **({"empty_label": ALL, "widget": widget, "choices": ()} | kwargs))


class SelectedFilterSet(FilterSet):
    """A form over rows that a figure may have selected beforehand; the figure shows as the first chip."""

    def __init__(self, *args, selection: Selection | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.selection = selection
        if selection and selection.error:
            self.form.is_valid()
            self.form.add_error(None, selection.error)

    def chips(self) -> list[Chip]:
        chips = super().chips()
        if self.selection:
            chips.insert(0, Chip(gettext("Figure"), self.selection.title, SELECTION))
        return chips


class CaseFilterSet(SelectedFilterSet):
    """The case list. `place` and `handling` are codes; a place or agency stands for all below it."""

    on_phone = ("q", "state")
    folded = ("category", "problem", "channel", "outcome", "body", "mark")

    q = WordFilter(
        label=_("Search"), method="search", placeholder=_("Number, merchant, words of the narrative")
    )
    kind = Choice(label=_("Kind"), choices=Kind.choices)
    state = Choice(label=_("State"), method="by_state", choices=[OPEN_CHOICE, *State.choices])
    due = Choice(
        label=_("Due"), method="by_due",
        choices=[
            ("overdue", _("Overdue")), ("3", _("Within 3 working days")), ("7", _("Within 7 working days")),
        ],
    )
    received_from = DateFilter(label=_("Received from"), method="by_start")
    received_to = DateFilter(label=_("Received to"), method="by_end")
    place = Choice(label=_("Region"), method="by_region", searchable=True)
    handling = Choice(label=_("Agency"), method="by_agency", searchable=True)
    category = Choice(label=_("Category"), method="by_category", searchable=True)
    problem = Choice(label=_("Problem"), method="by_problem", searchable=True)
    channel = Choice(label=_("Channel"), method="by_channel")
    outcome = Choice(label=_("Outcome"), choices=Outcome.choices)
    body = Choice(label=_("Handled by"), choices=Body.choices)
    mark = Choice(
        label=_("To do"), method="by_mark",
        choices=[("dispatch", _("To dispatch")), ("differs", _("Differs from its source"))],
    )
    run = django_filters.ModelChoiceFilter(
        label=_("Import run"), method="by_run", widget=forms.HiddenInput,
        queryset=lambda request: ImportRun.objects.visible_to(request.user),
    )
    merchant = django_filters.ModelChoiceFilter(
        label=_("Merchant"), field_name="merchant", widget=forms.HiddenInput,
        queryset=lambda request: known_merchants(request.user),
    )

    class Meta:
        model = Case
        fields: list[str] = []

    def __init__(self, *args, **kwargs):
        self.searched: Searched | None = None  # how what was typed was understood
        self.found: Search | None = None  # where it was words: what a paginator of their own needs
        super().__init__(*args, **kwargs)

    @cached_property
    def references(self) -> References:
        return References()

    @cached_property
    def calendar(self) -> Calendar:
        """The working days; a list that has read them already puts them in place of this query."""
        return load_calendar()

    def get_form_class(self):
        references = self.references
        for name, choices in {
            "place": references.regions(),
            "handling": references.choices("agency"),
            "channel": references.choices("channel"),
            "category": references.classes("category", self.data.get("category", "")),
            "problem": references.classes("problem", self.data.get("problem", "")),
        }.items():
            self.filters[name].extra["choices"] = [UNKNOWN_CHOICE, *choices]
        return super().get_form_class()

    def by_state(self, queryset, name, value):
        return queryset.open() if value == OPEN_CHOICE[0] else queryset.filter(state=value)

    def by_due(self, queryset, name, value):
        return queryset.due_between(*due_window(value, calendar=self.calendar))

    def by_start(self, queryset, name, value):
        return queryset.filter(received_at__gte=local_day_bounds(value, value)[0])

    def by_end(self, queryset, name, value):
        return queryset.filter(received_at__lt=local_day_bounds(value, value)[1])

    def _by_reference(self, queryset, field: str, of: str, value: str):
        if value == UNKNOWN:
            return queryset.filter(**{f"{field}__isnull": True})
        return queryset.filter(**{f"{field}__in": self.references.ids(of, value)})

    def by_region(self, queryset, name, value):
        return self._by_reference(queryset, "region", "region", value)

    def by_agency(self, queryset, name, value):
        return self._by_reference(queryset, "handling", "agency", value)

    def by_category(self, queryset, name, value):
        return self._by_reference(queryset, "category", "category", value)

    def by_problem(self, queryset, name, value):
        return self._by_reference(queryset, "problem", "problem", value)

    def by_channel(self, queryset, name, value):
        return self._by_reference(queryset, "channel", "channel", value)

    def by_mark(self, queryset, name, value):
        return queryset.to_dispatch() if value == "dispatch" else queryset.filter(differs=True)

    def by_run(self, queryset, name, value):
        files = list(ImportFile.objects.filter(run=value).values_list("pk", flat=True))
        # of one file the index has the cases in their order
        return queryset.filter(import_file=files[0]) if len(files) == 1 else queryset.filter(import_file__in=files)

    def filter_queryset(self, queryset):
        """The search last: how it is done depends on what is left of the list."""
        data = self.form.cleaned_data
        text = data.get("q") or ""
        data["q"] = ""
        try:
            queryset = super().filter_queryset(queryset)
        finally:
            data["q"] = text
        return self.search(queryset, "q", text) if text else queryset

    def search(self, queryset, name, value):
        """A number of the case in any system wins; then a telephone or identity number of a person, typed alone; then
        all words, in the searched texts, which know no number that is masked."""
        number = unicodedata.normalize("NFKC", value.strip())
        number = number if NUMBER.fullmatch(number) else None
        person = read_person(value)
        if number or person:
            found = self._look_up(number, person)
            if found["case"] or found["reference"]:
                self.searched = Searched.NUMBER
                return queryset.filter(
                    Q(number__startswith=number)
                    | Q(external_number__startswith=number)
                    | Q(pk__in=found["reference"])
                )
            if person:
                self.searched = Searched.PERSON if self._revealed() else Searched.NO_PERSON
                return queryset.filter(pk__in=found["person"])
        words = Words.read(value)
        if not words:
            return queryset
        self.searched = Searched.WORDS
        user = self.request.user
        others = {name: given for name, given in self.form.cleaned_data.items() if given and name != "q"}
        self.found = Search(
            rows=queryset, words=words, user=user, plain=not others and not self.selection, wide=sees_city(user)
        )
        texts = words.in_index(CaseSearch.objects.visible_to(user))
        return queryset.filter(pk__in=texts.values("pk"))

    def understood(self) -> dict[str, str]:
        """The number of a person is masked: what is understood is written to the access log."""
        given = super().understood()
        if words := given.get("q"):
            person = read_person(words)
            given["q"] = mask(*person) if person else mask_numbers(words)
        return given

    def _revealed(self) -> Q | None:
        """The parties whose numbers the user may know; None where there are none."""
        user = self.request.user
        sealed = [False] if user.has_perm("cases.reveal_party") else []
        sealed += [True] if sees_reporters(user) else []
        return Q(sealed__in=sealed) if sealed else None

    def _look_up(self, number: str | None, person: tuple[str, str] | None) -> Mapping[str, list[int]]:
        """Whether a case has this number, the cases that have it as a further one, and those of the person: one
        query."""
        user = self.request.user
        parts = []
        if number:
            numbers = Q(number__startswith=number) | Q(external_number__startswith=number)
            parts += [
                Case.objects.visible_to(user).filter(numbers).order_by().values_list(Value("case"), "pk")[:1],
                CaseReference.objects.visible_to(user).filter(number__startswith=number).order_by()
                .values_list(Value("reference"), "case_id")[:100],
            ]
        revealed = self._revealed()
        if person and revealed:
            kind, digits = person
            parts.append(
                Party.objects.visible_to(user).filter(revealed, **{f"{kind}_hash": lookup_hash(kind, digits)})
                .order_by().values_list(Value("person"), "case_id")[:PERSON_CASES]
            )
        found: dict[str, list[int]] = {"case": [], "reference": [], "person": []}
        if parts:
            for of, pk in parts[0].union(*parts[1:], all=True) if parts[1:] else parts[0]:
                found[of].append(pk)
        return found


def known_merchants(user) -> QuerySet:
    """The merchants that a list may name: verified ones, and those of a case that the user sees."""
    cases = Case.objects.visible_to(user).filter(merchant=OuterRef("pk"))
    return Merchant.objects.visible_to(user).filter(Q(verified=True) | Exists(cases))


MINE, AGENCY = "mine", "agency"
# what there is to do in the queue, in the order of its quick filters
TO_DO = {
    "overdue": _("Overdue"),
    "3": _("Within 3 working days"),
    "7": _("Within 7 working days"),
    "paused": _("Paused"),
    "unassigned": _("Unassigned"),
    "dispatch": _("To dispatch"),
    "returned": _("Returned"),
    "reply": _("Awaiting a reply"),
    "extension": _("Extension asked for"),
    "close": State.ENDED.label,
    "enter": _("To enter nationally"),
}
DUE = ("overdue", "3", "7")  # of these, what a term's end decides


class QueueFilterSet(FilterSet):
    """The work queue: one's own open cases, or all that one's agency and those below it have open. What has to be done
    of a closed case counts, too: a term that still runs, such as that in which a reporter is told, an entry on the
    national platform, a reply."""

    on_phone = ("todo",)

    desk = Choice(
        label=_("Desk"), method="by_desk", widget=forms.HiddenInput(),
        choices=[(MINE, _("Mine")), (AGENCY, _("My agency's"))],
    )
    todo = Choice(label=_("To do"), method="by_todo")
    kind = Choice(label=_("Kind"), choices=Kind.choices)
    handling = Choice(label=_("Agency"), method="by_agency", searchable=True)

    class Meta:
        model = Case
        fields: list[str] = []

    @cached_property
    def references(self) -> References:
        return References()

    @cached_property
    def calendar(self) -> Calendar:
        """The working days; a list that has read them already puts them in place of this query."""
        return load_calendar()

    def get_form_class(self):
        self.filters["todo"].extra["choices"] = [(todo, TO_DO[todo]) for todo in to_do(self.request.user, AGENCY)]
        self.filters["handling"].extra["choices"] = [UNKNOWN_CHOICE, *self.references.choices("agency")]
        return super().get_form_class()

    @property
    def desk_name(self) -> str:
        """The desk that the address names, else the user's first."""
        return self.form.cleaned_data.get("desk") or first_desk(self.request.user)

    def chips(self) -> list[Chip]:
        return [chip for chip in super().chips() if chip.parameters != ("desk",)]

    def filter_queryset(self, queryset):
        found = super().filter_queryset(of_desk(queryset, self.request.user, self.desk_name))
        return found if self.form.cleaned_data.get("todo") else found.open()

    def by_desk(self, queryset, name, value):
        return queryset  # there is always one, named or not

    def by_todo(self, queryset, name, value):
        few = self.desk_name == MINE or not sees_city(self.request.user)
        return select_to_do(queryset, value, calendar=self.calendar, few=few)

    def by_agency(self, queryset, name, value):
        if value == UNKNOWN:
            return queryset.filter(handling__isnull=True)
        return queryset.filter(handling__in=self.references.ids("agency", value))


def to_do(user, desk: str) -> list[str]:
    """What may be to do at a desk of `user`: those who approve decide on extensions, and what is one's own has its
    officer and its agency."""
    left_out = set() if user.has_perm("cases.approve_case") else {"extension"}
    if desk == MINE:
        left_out |= {"unassigned", "dispatch"}
    return [todo for todo in TO_DO if todo not in left_out]


def first_desk(user) -> str:
    """Who handles cases starts with his own, who approves with those of his agency."""
    return MINE if user.has_perm("cases.handle_case") else AGENCY


def of_desk(queryset, user, desk: str):
    return queryset.filter(officer=user) if desk == MINE else queryset


def due_window(due: str, *, calendar: Calendar) -> Window:
    """The days on which a term ends that is overdue, or ends within so many working days."""
    today = timezone.localdate()
    if due == "overdue":
        return dt.date.min, today - dt.timedelta(days=1)
    return today, calendar.add_working_days(today, int(due)).due_on


def select_to_do(queryset, todo: str, *, calendar: Calendar, few: bool = False):
    """The cases of a desk that `todo` is about. `few`: the desk has a small part of all cases."""
    if todo in DUE:
        return queryset.due_between(*due_window(todo, calendar=calendar), few=few)
    match todo:
        case "paused":
            return queryset.open().paused()
        case "unassigned":
            return queryset.unassigned()
        case "dispatch":
            return queryset.to_dispatch()
        case "returned":
            return queryset.returned()
        case "reply":
            return queryset.awaiting_reply()
        case "extension":
            return queryset.open().extension_asked()
        case "close":
            return queryset.filter(state=State.ENDED)
        case "enter":
            return queryset.to_enter()
    raise ValueError(f"nothing to do is called {todo!r}")


class RecoveryFilterSet(SelectedFilterSet):
    """The ledger of postings."""

    on_phone = ("q", "posted_from", "posted_to")

    q = WordFilter(label=_("Case number"), method="by_number")
    posted_from = DateFilter(label=_("Posted from"), field_name="posted_on", lookup_expr="gte")
    posted_to = DateFilter(label=_("Posted to"), field_name="posted_on", lookup_expr="lte")
    kind = Choice(
        label=_("Kind"), method="by_kind",
        choices=[("loss", _("Recovered loss (without multiple and moral damages)")), *RecoveryKind.choices],
    )
    status = Choice(label=_("Status"), choices=RecoveryStatus.choices)
    means = Choice(label=pgettext_lazy("means of a recovery", "By"), choices=RecoveryMeans.choices)
    origin = Choice(
        label=_("Origin"), method="by_origin",
        choices=[("imported", _("Imported")), ("here", _("Posted here"))],
    )

    class Meta:
        model = Recovery
        fields: list[str] = []

    def by_number(self, queryset, name, value):
        number = value.strip()
        return queryset.filter(Q(case__number__startswith=number) | Q(case__external_number__startswith=number))

    def by_kind(self, queryset, name, value):
        return queryset.filter(kind__in=LOSS_KINDS) if value == "loss" else queryset.filter(kind=value)

    def by_origin(self, queryset, name, value):
        return queryset.filter(import_file__isnull=value == "here")


class BulkFilterSet(FilterSet):
    """One's own bulk acts."""

    on_phone = ("state",)

    verb = Choice(label=_("Act"), choices=lambda: step_labels().items())
    state = Choice(
        label=_("State"), choices=[pair for pair in BulkState.choices if pair[0] != BulkState.PREPARED]
    )

    class Meta:
        model = BulkAct
        fields: list[str] = []


class BulkRowFilterSet(FilterSet):
    """The cases of a bulk act."""

    outcome = Choice(label=_("Outcome"), choices=BulkOutcome.choices)

    class Meta:
        model = BulkRow
        fields: list[str] = []


class RunFilterSet(FilterSet):
    """The import runs."""

    q = WordFilter(label=_("Search"), method="search", placeholder=_("Profile or file name"))
    target = Choice(label=_("What"), choices=target_choices)
    state = Choice(label=_("State"), choices=RunState.choices)
    problems = Choice(
        label=_("Findings"), method="by_problems",
        choices=[
            ("rejected", _("With rejected rows")),
            ("warnings", _("With warnings")),
            ("differing", _("Differing from the stored case")),
        ],
    )

    class Meta:
        model = ImportRun
        fields: list[str] = []

    def search(self, queryset, name, value):
        files = ImportFile.objects.filter(contains("name", value), run=OuterRef("pk"))
        return queryset.filter(contains("profile", value) | Q(Exists(files)))

    def by_problems(self, queryset, name, value):
        return queryset.filter(**{f"{value}__gt": 0})


class AuditFilterSet(LogFilterSet):
    """The lines of an audit of one case or person."""

    on_phone = ("q", "kind")

    q = WordFilter(label=_("User"), method="search", placeholder=_("User name or name"))
    kind = Choice(label=_("Kind of line"), choices=AuditKind.choices)

    class Meta:
        model = AuditEntry
        fields = ["q", "kind", "since", "until"]

    def further(self, word):
        return Q(user__username__icontains=word)


class OfficerAuditFilterSet(AuditFilterSet):
    """The lines of an audit of one user."""

    on_phone = ("kind",)
    q = None

    class Meta(AuditFilterSet.Meta):
        fields = ["kind", "since", "until"]
