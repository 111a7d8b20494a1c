"""Columns of the case list, the work queue, the ledger, the bulk acts, the import runs with their rejects, and audits."""

import datetime as dt

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.tables import named
from cases import audit
from cases.domain.bulk import step_label
from cases.enums import AuditKind, BulkOutcome, BulkState, RunState, State
from cases.models import UNKNOWN_END, AuditEntry, BulkAct, BulkRow, Case, ImportReject, ImportRun, Recovery
from cases.targets import import_target
from core.language import listed
from core.pagination import OF_ONE_PAGE
from core.tables import (
    Column,
    DateColumn,
    MoneyColumn,
    NumberColumn,
    StateColumn,
    Table,
    TimeColumn,
)
from core.templatetags.portal import UNKNOWN, due_tag, money, state
from core.text import mask_numbers
from core.working_days import Calendar

STATE_TONES = {
    State.REGISTERED: "grey",
    State.ACCEPTED: "blue",
    State.MEDIATING: "blue",
    State.ENDED: "amber",
    State.FILED: "blue",
    State.REFUSED: "grey",
    State.NOT_FILED: "grey",
    State.CLOSED: "green",
}
SUBJECT_LENGTH = 60
SOON_WORKING_DAYS = 3


def subject(text: str) -> str:
    """The start of a narrative in one line, with phone and identity numbers masked."""
    line = " ".join(mask_numbers(text).split())
    return line if len(line) <= SUBJECT_LENGTH else f"{line[:SUBJECT_LENGTH]}…"


def as_written(resolved, written: str):
    """The resolved name; where there is none, what the source wrote, marked as such. Numbers in either are masked:
    a merchant may be known by no more than what a source wrote in its place."""
    if resolved is not None:
        return mask_numbers(str(resolved))
    if not written:
        return UNKNOWN
    return format_html(
        '<span class="written" title="{}">{}</span>', gettext("as written, not recognised"), mask_numbers(written)
    )


class Written(Column):
    """A name as resolved, or as the source wrote it."""

    def __init__(self, *args, source: str, **kwargs):
        super().__init__(*args, empty_values=(), **kwargs)
        self.source = source

    def render(self, value, record):
        return as_written(value, getattr(record, self.source))


class FreeText(Column):
    """Text as someone wrote it, with phone and identity numbers masked."""

    def render(self, value):
        return mask_numbers(value)


class CaseTable(Table):
    number = Column(card="line", css="nowrap tnum", written=False)
    kind = Column(card="line", css="nowrap", written=False)
    subject = Column(verbose_name=_("Subject"), accessor="opening", card="title", css="clip-wide", empty_values=())
    merchant = Written(source="merchant_written", css="clip")
    region = Written(source="region_written", css="nowrap")
    category = Written(source="category_written", css="clip")
    claimed = MoneyColumn(verbose_name=_("Claimed (CNY)"), card="end")
    received = DateColumn(accessor="received_at", verbose_name=_("Received"), card="hide")
    due = Column(accessor="due_on", verbose_name=_("Due"), card="end", css="date", written=False)
    state = StateColumn(tones=STATE_TONES, card="aside")
    officer = Column(css="nowrap")
    handling = Written(source="agency_written", css="clip")
    problem = Written(source="problem_written", css="clip")
    channel = Written(source="channel_written", css="nowrap")
    sales_mode = Column(css="nowrap", written=False)
    outcome = Column(css="nowrap", written=False)
    ground = FreeText(css="clip")
    decided = DateColumn(accessor="decided_at", verbose_name=_("Decided"))
    accepted = DateColumn(accessor="accepted_at", verbose_name=_("Accepted"))
    closed = DateColumn(accessor="closed_at", verbose_name=_("Closed"))
    recovered = MoneyColumn(verbose_name=_("Recovered (CNY)"))
    platform = Written(source="platform_written", css="clip")
    external_number = Column(css="nowrap tnum")
    national_entry = Column(css="nowrap", written=False)
    goods = FreeText(css="clip")
    order_number = FreeText(css="nowrap tnum")
    urgings = NumberColumn(verbose_name=_("Urgings"))
    district = Column(accessor="custodian_district", verbose_name=_("District bureau"), css="nowrap")

    on_request = (
        "officer", "handling", "problem", "channel", "sales_mode", "outcome", "ground", "decided", "accepted", "closed",
        "recovered", "platform", "external_number", "national_entry", "goods", "order_number", "urgings", "district",
    )
    fixed = ("number",)

    class Meta(Table.Meta):
        model = Case
        fields = (
            "number", "kind", "subject", "merchant", "region", "category", "claimed", "received", "due", "state",
            "officer", "handling", "problem", "channel", "sales_mode", "outcome", "ground", "decided", "accepted",
            "closed", "recovered", "platform", "external_number", "national_entry", "goods", "order_number", "urgings",
            "district",
        )
        empty_text = _("No case matches these filters.")

    def link(self, record: Case) -> str:
        """The case, with the list's query, so that its page can lead to the next one."""
        return f"{record.get_absolute_url()}?{self.link_query().urlencode()}"

    def link_query(self) -> QueryDict:
        query = self.request.GET.copy()
        for name in OF_ONE_PAGE:
            query.pop(name, None)
        query["sort"] = self.keyset.sort.parameter
        return query

    def render_number(self, record):
        return format_html('<a href="{}">{}</a>', self.link(record), record.number)

    def render_subject(self, record):
        text = subject(record.opening) or mask_numbers(record.goods) or UNKNOWN
        return format_html('<span title="{}">{}</span>', text, text)

    def render_merchant(self, record):
        if record.merchant is None and not record.merchant_written:
            return UNKNOWN
        name = as_written(record.merchant, record.merchant_written)
        whole = mask_numbers(str(record.merchant or record.merchant_written))
        return format_html('<span title="{}">{}</span>', whole, name)

    def render_due(self, value):
        if value == UNKNOWN_END:
            return format_html('<span class="due due-far">{}</span>', gettext("paused"))
        return format_html("{} {}", f"{value:%Y-%m-%d}", due_tag(value))

    def render_officer(self, value):
        return value.get_full_name()

    def render_national_entry(self, record):
        return record.national_state.label


class QueueTable(CaseTable):
    """The work queue. The page gives it the working days."""

    term = Column(accessor="due_on", verbose_name=_("Next term"), card="end", empty_values=(), written=False)
    marks = Column(accessor="pk", verbose_name=_("Marks"), card="line", css="marks", written=False)

    calendar = Calendar({})
    on_request = ("category", "goods", "claimed", "channel", "region", "handling")

    class Meta(Table.Meta):
        model = Case
        fields = (
            "number", "kind", "subject", "merchant", "state", "term", "officer", "received", "marks", "category", "goods",
            "claimed", "channel", "region", "handling",
        )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.today = timezone.localdate()

    def link(self, record):
        """The case, with its place in the queue: work on it moves it, and the way on starts where it stood."""
        query = self.link_query()
        query["list"], query["at"] = "queue", self.keyset.place(record)
        return f"{record.get_absolute_url()}?{query.urlencode()}"

    def render_term(self, record):
        if record.due_on is None:
            return format_html('<span class="muted">{}</span>', gettext("no term runs"))
        if record.due_on == UNKNOWN_END:
            return format_html('{} <span class="due due-far">{}</span>', record.term, gettext("paused"))
        tone, words = countdown(self.calendar, self.today, record.due_on)
        safe = provisional = ""
        if record.safe_on != record.due_on:
            safe = format_html(
                '<span class="hint">{} {}</span>', gettext("Safe until"), f"{record.safe_on:%Y-%m-%d}"
            )
        if record.provisional:
            provisional = format_html('<span class="hint">{}</span>', gettext("provisional"))
        return format_html(
            '<div class="queue-term">{} <span class="tnum">{}</span></div>'
            '<div class="queue-term"><span class="due due-{}">{}</span>{}{}</div>',
            record.term, f"{record.due_on:%Y-%m-%d}", tone, words, safe, provisional,
        )

    def render_marks(self, record):
        marks = format_html_join(" ", '<span class="mark mark-{}">{}</span>', self.marks_of(record))
        if not record.is_to_enter:
            return marks or UNKNOWN
        words, address = record.get_national_entry_display(), reverse("cases:copy_out", args=[record.number])
        if not self.request.user.has_perm("cases.handle_case"):
            return format_html('{} <span class="mark mark-blue">{}</span>', marks, words)
        return format_html('{} <a class="mark mark-blue" href="{}">{}</a>', marks, address, words)

    def marks_of(self, record) -> list[tuple[str, str]]:
        """(tone, words) of what is special about a case; red where a reply is overdue."""
        late = record.reply_due_on is not None and record.reply_due_on < self.today
        found = []
        if record.urged:
            found.append(("amber", gettext("urged ×%(n)d") % {"n": record.urged}))
        if record.supervised:
            found.append(("amber", gettext("supervised ×%(n)d") % {"n": record.supervised}))
        if record.reply_due_on is not None:
            words = gettext("reply overdue since %(day)s") if late else gettext("reply by %(day)s")
            found.append(("red" if late else "amber", words % {"day": f"{record.reply_due_on:%Y-%m-%d}"}))
        if record.returned:
            found.append(("amber", gettext("returned")))
        if record.paused:
            found.append(("grey", gettext("paused")))
        if record.differs:
            found.append(("red", gettext("differs")))
        return found


def countdown(calendar: Calendar, today: dt.date, due_on: dt.date) -> tuple[str, str]:
    """(tone, words): how many working days a term has left, or is overdue by."""
    days = calendar.working_days_until(today, due_on)
    if due_on < today:
        if not days:
            return "over", gettext("overdue")
        words = ngettext("%(n)d working day overdue", "%(n)d working days overdue", -days)
        return "over", words % {"n": -days}
    if due_on == today:
        return "soon", gettext("due today")
    words = ngettext("%(n)d working day left", "%(n)d working days left", days) % {"n": days}
    return ("soon" if days <= SOON_WORKING_DAYS else "far"), words


class RecoveryTable(Table):
    posted = DateColumn(accessor="posted_on", verbose_name=_("Date"))
    case = Column(card="title", css="nowrap tnum", written=False)
    merchant = Written(
        accessor="case__merchant", source="merchant_written", verbose_name=_("Merchant"), css="clip"
    )
    kind = Column(css="nowrap", written=False)
    status = Column(css="nowrap", written=False)
    means = Column(verbose_name=pgettext_lazy("means of a recovery", "By"), css="nowrap", written=False)
    amount = MoneyColumn(verbose_name=_("Amount (CNY)"), card="aside")
    origin = Column(
        accessor="import_file", verbose_name=_("Origin"), css="clip", empty_values=(), card="line"
    )

    class Meta(Table.Meta):
        model = Recovery
        fields = ("posted", "case", "merchant", "kind", "status", "means", "amount", "origin")
        empty_text = _("No posting matches these filters.")

    def render_case(self, record):
        return format_html('<a href="{}">{}</a>', record.case.get_absolute_url(), record.case.number)

    def render_merchant(self, record):
        return as_written(record.case.merchant, record.case.merchant_written)

    def render_amount(self, record):
        if record.reversal_of_id is None:
            return money(record.amount)
        return format_html('<span class="flag">{}</span> {}', gettext("reversal"), money(record.amount))

    def render_origin(self, record):
        return origin_of(record, self.request.user)


def origin_of(recovery: Recovery, user):
    """Who or what made a posting: the import's file, or the person who posted it here."""
    file = recovery.import_file
    if file is None:
        return recovery.actor.get_full_name() if recovery.actor else UNKNOWN
    if user.has_perm("cases.view_importrun"):
        return format_html('<a href="{}">{}</a>', reverse("imports:detail", args=[file.run_id]), file.name)
    return file.name


BULK_TONES = {
    BulkState.PREPARED: "grey",
    BulkState.QUEUED: "grey",
    BulkState.RUNNING: "blue",
    BulkState.DONE: "green",
    BulkState.CANCELLED: "amber",
}
OUTCOME_TONES = {
    BulkOutcome.PENDING: "grey",
    BulkOutcome.DONE: "green",
    BulkOutcome.REFUSED: "amber",
    BulkOutcome.FAILED: "red",
    BulkOutcome.CANCELLED: "grey",
}


class BulkTable(Table):
    number = Column(accessor="pk", verbose_name=_("Bulk act"), card="line", css="nowrap tnum", written=False)
    verb = Column(card="title", written=False)
    origin = Column(card="line", css="nowrap", written=False)
    total = NumberColumn(card="end")
    done = NumberColumn(verbose_name=pgettext_lazy("a case of a bulk act", "Done"), card="hide")
    refused = NumberColumn(verbose_name=pgettext_lazy("a case of a bulk act", "Refused"), card="hide")
    failed = NumberColumn(verbose_name=pgettext_lazy("a case of a bulk act", "Failed"), card="hide")
    confirmed = TimeColumn(accessor="confirmed_at", verbose_name=_("Confirmed"), card="line")
    state = StateColumn(tones=BULK_TONES, card="aside")

    counted = (BulkOutcome.DONE, BulkOutcome.REFUSED, BulkOutcome.FAILED)

    class Meta(Table.Meta):
        model = BulkAct
        fields = ("number", "verb", "origin", "total", "done", "refused", "failed", "confirmed", "state")
        empty_text = _("No bulk act matches these filters.")

    def render_number(self, record):
        return format_html('<a href="{}">{}</a>', record.get_absolute_url(), record.pk)

    def render_verb(self, record):
        return format_html('<a href="{}">{}</a>', record.get_absolute_url(), step_label(record.verb))


class BulkRowTable(Table):
    position = NumberColumn(verbose_name=_("No."), card="hide")
    case = Column(card="title", css="nowrap tnum", written=False)
    kind = Column(accessor="case__kind", verbose_name=_("Kind"), css="nowrap", written=False)
    outcome = StateColumn(tones=OUTCOME_TONES, card="aside")
    message = Column(card="line", css="wide", written=False)
    at = TimeColumn(accessor="event__at", verbose_name=_("Time"), card="line")

    class Meta(Table.Meta):
        model = BulkRow
        fields = ("position", "case", "kind", "outcome", "message", "at")
        empty_text = _("No case has this outcome.")

    def render_case(self, record):
        number = record.case.number
        if not record.in_sight:
            return number
        return format_html('<a href="{}">{}</a>', record.case.get_absolute_url(), number)

    def render_kind(self, record):
        return record.case.get_kind_display()

    def render_message(self, value):
        return mask_numbers(value)


RUN_TONES = {RunState.RUNNING: "blue", RunState.COMPLETED: "green"}


class RunTable(Table):
    run = Column(accessor="pk", verbose_name=_("Run"), css="nowrap tnum", written=False)
    files = Column(verbose_name=_("Files"), accessor="files", card="title", css="clip", empty_values=())
    what = Column(verbose_name=_("What"), accessor="target", card="line", css="nowrap", written=False)
    profile = Column(card="line", css="nowrap")
    rows = NumberColumn(card="end")
    created = NumberColumn(card="hide")
    updated = NumberColumn(card="hide")
    unchanged = NumberColumn(card="hide")
    duplicates = NumberColumn(card="hide")
    rejected = NumberColumn(card="hide")
    warnings = NumberColumn(card="hide")
    user = Column(verbose_name=pgettext_lazy("who did it", "By"), card="line", css="nowrap", empty_values=())
    started = TimeColumn(accessor="started_at", verbose_name=_("Started"), card="line")
    state = Column(card="aside", css="nowrap", written=False)

    class Meta(Table.Meta):
        model = ImportRun
        fields = (
            "run", "files", "what", "profile", "rows", "created", "updated", "unchanged", "duplicates", "rejected",
            "warnings", "user", "started", "state",
        )
        empty_text = _("No import matches these filters.")

    busy = False  # whether an import is at work now

    def render_run(self, record):
        return format_html('<a href="{}">{}</a>', record.get_absolute_url(), record.pk)

    def render_files(self, record):
        names = [file.name for file in record.files.all()]
        text = names[0] if names else UNKNOWN
        if len(names) > 1:
            text = gettext("%(name)s and %(n)d more") % {"name": text, "n": len(names) - 1}
        return format_html('<a href="{}" title="{}">{}</a>', record.get_absolute_url(), listed(names), text)

    def render_what(self, record):
        return import_target(record.target).label

    def render_user(self, record):
        return record.user.get_full_name() if record.user else UNKNOWN

    def render_state(self, record):
        return state(*run_status(record, self.busy))


def run_status(run: ImportRun, busy: bool) -> tuple[str, str]:
    """(words, tone): a run that is not completed while no import is at work was cut off."""
    if run.state == RunState.RUNNING and not busy:
        return gettext("Cut off"), "red"
    return run.get_state_display(), RUN_TONES[run.state]


class RejectTable(Table):
    file = Column(card="line", css="clip")
    line = NumberColumn(card="line")
    kind = Column(card="aside", css="nowrap", written=False)
    column = Column(card="line", css="nowrap")
    value = Column(card="line", css="clip")
    message = Column(card="title")
    rule = Column(card="line", css="nowrap muted")

    class Meta(Table.Meta):
        model = ImportReject
        fields = ("file", "line", "kind", "column", "value", "message", "rule")
        empty_text = _("Every row of this run was taken.")

    def render_file(self, record):
        return record.file.name

    def render_value(self, value):
        return mask_numbers(value)


AUDIT_TONES = {
    AuditKind.CHANGE: "blue",
    AuditKind.ACT: "green",
    AuditKind.ACCESS: "amber",
    AuditKind.IMPORT: "grey",
    AuditKind.SIGN_IN: "grey",
}


class AuditTable(Table):
    """Who did what and when. The case leads to its own audit: an auditor reads no cases."""

    at = TimeColumn(verbose_name=_("Time"), card="line")
    kind = StateColumn(tones=AUDIT_TONES, card="aside")
    who = Column(verbose_name=pgettext_lazy("who did it", "By"), empty_values=(), card="line")
    record = Column(verbose_name=_("Record"), empty_values=(), css="nowrap tnum", card="line")
    what = Column(verbose_name=pgettext_lazy("what was done", "What"), empty_values=(), card="title")

    class Meta(Table.Meta):
        model = AuditEntry
        fields = ("at", "kind", "who", "record", "what")
        empty_text = _("No line matches these filters.")

    def render_who(self, record):
        user = audit.who(record)
        name = UNKNOWN if user is None else named(user)
        run = audit.imported_by(record)
        if run is None or not self.request.user.has_perm("cases.view_importrun"):
            return name
        words = gettext("import %(run)d") % {"run": run.pk}
        return format_html('<a href="{}">{}</a> {}', run.get_absolute_url(), words, name)

    def render_record(self, record):
        text = audit.record(record) or UNKNOWN
        number = audit.case_number(record)
        return format_html('<a href="{}">{}</a>', reverse("audit:case", args=[number]), text) if number else text

    def render_what(self, record):
        return audit.what(record)
