"""The form of one act: exactly the data that the table of acts names for it, each asked for in one way everywhere."""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal

from django import forms
from django.utils import timezone
from django.utils.translation import gettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cases.domain.acts import (
    CORRECTABLE,
    GROUNDS_OF,
    is_split,
    officers_for,
    pause_reasons,
    regimes_of,
    users_who_handle,
)
from cases.domain.parties import ROLES, personal_data
from cases.domain.recoveries import KNOWN_KINDS, KNOWN_MEANS, STATED, promises, standing
from cases.domain.registration import MEDIATION_TERM
from cases.enums import (
    PAUSE_REASONS,
    TOLD_BY,
    IdentityCheck,
    Kind,
    MediationMode,
    Outcome,
    PartyRole,
    RecoveryMeans,
    Regime,
    SalesMode,
    Satisfaction,
    Side,
    Verb,
)
from cases.forms.intake import ID_TYPES, IDENTITY_CARD, id_number_of, phone_of
from cases.models import Case, Ground, Party, Recovery, Supervision
from core.filters import DateInput
from core.importing.values import parse_credit_code
from core.language import in_language
from core.models import valid_on
from core.personal_data import PersonalDataError, mask
from core.templatetags.portal import money
from core.text import mask_numbers
from core.workflow import Transition
from registry.enums import RegionLevel
from registry.models import Agency, Category, Merchant, Platform, Problem, Region

NOTE_LENGTH = 1000
TEXT_LENGTH = 10_000
REPLY_DAYS = 3
CORRECTED = tuple(name for name in CORRECTABLE if name != "merchant")
CHOOSE = _("Choose…")
OF_OTHER_ACTS = (Outcome.AGREEMENT, Outcome.ANSWERED)  # what a mediation that is terminated does not come to
LIKE_A_CODE = re.compile(r"[0-9A-Za-z]{15,18}")


class ActForm(forms.Form):
    """`seen` is the last act that the reader of the page knew of; empty where nobody has looked at a single case."""

    seen = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def act_data(self) -> dict:
        """What the act is given: every field but `seen`."""
        return {name: value for name, value in self.cleaned_data.items() if name != "seen"}


def act_form(step: Transition, *, user, case: Case | None = None, data=None, initial=None) -> ActForm:
    """The form of `step` for `case`, or, without a case, for many at once."""
    fields = {name: FIELDS[name](step, case, user) for name in (*step.needs, *step.takes)}
    fields = {name: field for name, field in fields.items() if field is not None}
    for name, field in fields.items():
        field.required = name in step.needs
    body = {**fields, **CLEANERS.get(step.verb, {}), "user": user}
    return type("ActForm", (ActForm,), body)(data, initial=initial)


# ---- fields: (step, case, user) -> field, or None where the case leaves nothing to ask


def _text(label, *, rows: int = 3, length: int = NOTE_LENGTH, help_text="") -> forms.CharField:
    return forms.CharField(
        label=label, max_length=length, help_text=help_text,
        widget=forms.Textarea({"rows": rows, "autocomplete": "off"}),
    )  # fmt: skip


def _line(label, length: int, **kwargs) -> forms.CharField:
    return forms.CharField(label=label, max_length=length, widget=forms.TextInput({"autocomplete": "off"}), **kwargs)


def _day(label, initial: dt.date | None = None) -> forms.DateField:
    return forms.DateField(label=label, initial=initial, input_formats=["%Y-%m-%d"], widget=DateInput())


def _choice(label, choices, **kwargs) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, widget=forms.RadioSelect, **kwargs)


def _pairs(values) -> list[tuple[str, str]]:
    return [(value.value, value.label) for value in values]


def _select(label, queryset, **kwargs) -> forms.ModelChoiceField:
    return forms.ModelChoiceField(
        queryset, label=label, empty_label=CHOOSE, widget=forms.Select({"data-search": ""}), **kwargs
    )


NOTES = {
    Verb.REFUSE: _("Reason, as it stands in the decision"), Verb.RETURN: _("Reason and evidence"),
    Verb.NOT_FILE: _("Reason"), Verb.DECLINE: _("Reason"), Verb.REOPEN: _("Reason"), Verb.ANSWER: _("Answer"),
    Verb.CORRECT: _("Reason of the correction"), Verb.MERGE: _("Why it is the same"),
    Verb.ASK_EXTENSION: _("Reason"), Verb.GRANT_EXTENSION: _("Reason"), Verb.DENY_EXTENSION: _("Reason"),
    Verb.CHANGE_REGIME: _("Reason"), Verb.REVERSE: _("Reason"), Verb.POST: _("Reason, where it is more than claimed"),
}  # fmt: skip
TEXTS = {
    Verb.SUPPLEMENT: _("What is added"), Verb.SPLIT: _("Narrative of the other half"), Verb.URGE: _("What is urged"),
    Verb.SUPERVISE: _("What is demanded"), Verb.REPLY: _("Reply"),
}  # fmt: skip


def _note(step, case, user):
    return _text(NOTES.get(step.verb, _("Note")))


def _narrative(step, case, user):
    long = step.verb in (Verb.SPLIT, Verb.SUPPLEMENT)
    field = _text(TEXTS[step.verb], rows=6 if long else 3, length=TEXT_LENGTH if long else NOTE_LENGTH)
    if step.verb == Verb.SPLIT:
        field.help_text = _("Empty: the whole narrative is copied.")
    return field


def _ground(step, case, user):
    purpose = GROUNDS_OF[step.verb]
    grounds = Ground.objects.for_case(case, purpose) if case else Ground.objects.filter(purpose=purpose)
    if step.verb == Verb.FAIL:
        grounds = grounds.filter(outcome=Outcome.FAILED)
    if step.verb == Verb.FAIL or (step.verb == Verb.TERMINATE and case and _term_runs(case)):
        grounds = grounds.filter(after_term=False)
    field = forms.ModelChoiceField(
        grounds, label=_("Reason for the return") if step.verb == Verb.RETURN else _("Legal ground"),
        empty_label=None, widget=forms.RadioSelect,
    )  # fmt: skip
    field.label_from_instance = ground_in_words
    return field


def _term_runs(case: Case) -> bool:
    """Whether the term of mediation has not passed yet."""
    terms = case.clocks.filter(rule__code__in=MEDIATION_TERM.values(), stopped_on=None)
    return terms.filter(due_on__gte=timezone.localdate()).exists()


def ground_in_words(ground: Ground) -> str:
    """The ground with the article it stands in."""
    basis = in_language(ground.basis, ground.basis_en)
    return f"{ground.label} ({basis})" if basis else ground.label


def _agency(step, case, user):
    agencies = Agency.objects.valid_on(timezone.localdate())
    below = agencies.filter(path__startswith=user.agency.path) if user.agency else agencies.none()
    if case:
        below = below.exclude(pk=case.handling_id)
    return _select(_("Agency"), below.order_by("path"))


def _officer(step, case, user):
    below = users_who_handle().filter(agency__path__startswith=user.agency.path) if user.agency else User.objects.none()
    officers = officers_for(case) if case else below
    field = _select(_("Officer"), officers.select_related("agency"))
    field.label_from_instance = lambda officer: f"{officer.get_full_name()} ({officer.agency})"
    field.widget.attrs["translate"] = "no"  # names
    return field


def _represented(step, case, user):
    joint = case is not None and sum(p.role == PartyRole.CONSUMER for p in case.parties.all()) > 1
    return forms.BooleanField(label=_("Those who are represented have agreed")) if joint else None


def _side(step, case, user):
    return _choice(_("Who was told"), [(side.value, side.label) for side in Side if side])


def _lead(step, case, user):
    return forms.BooleanField(
        label=_("A lead found in mediation"), initial=bool(case and is_split(case)),
        help_text=_("Not part of the submission: a report without a reporter, verified from its discovery (Order 121, "
                    "art 27)."),
    )  # fmt: skip


class PartyChoice(forms.ModelChoiceField):
    """People of a case, named as far as they may be seen without a reveal."""

    def label_from_instance(self, party):
        return party_in_words(party)


class PartyChoices(forms.ModelMultipleChoiceField):
    def label_from_instance(self, party):
        return party_in_words(party)


def party_in_words(party: Party) -> str:
    """Role and masked name; of a sealed person the role alone."""
    name = ""
    if party.personal and not party.sealed:
        try:
            name = mask("name", personal_data(party).get("name", ""))
        except PersonalDataError:
            name = ""
    return f"{party.get_role_display()} {name}".strip()


def _party(step, case, user):
    parties = case.parties.exclude(role=PartyRole.PROXY).order_by("pk") if case else Party.objects.none()
    return PartyChoice(parties, label=_("Person"), empty_label=None, widget=forms.RadioSelect)


def _representatives(step, case, user):
    parties = case.parties.filter(role=PartyRole.CONSUMER).order_by("pk") if case else Party.objects.none()
    return PartyChoices(parties, label=_("Representatives (one or two)"), widget=forms.CheckboxSelectMultiple)


def _role(step, case, user):
    of_kind = ROLES[case.kind if case else Kind.COMPLAINT]
    return _choice(_("Role"), [(role.value, role.label) for role in (of_kind, PartyRole.PROXY)])


def _supervision(step, case, user):
    open_ones = case.supervisions.filter(replied_at=None) if case else Supervision.objects.none()
    field = forms.ModelChoiceField(open_ones, label=_("In reply to"), empty_label=None, widget=forms.RadioSelect)
    colon = pgettext("between label and value", ": ")
    field.label_from_instance = (
        lambda made: f"{made.get_kind_display()} {made.reply_due_on}{colon}{mask_numbers(made.text)}"
    )
    first = next(iter(open_ones), None)
    field.initial = first.pk if first else None
    return field


def _regime(step, case, user):
    codes = regimes_of(case) if case else []
    return _choice(_("Rules"), [(code, Regime.label_of(code)) for code in codes if code != case.regime])


def _reason(step, case, user):
    return _choice(_("Reason"), _pairs(pause_reasons(case) if case else PAUSE_REASONS[Kind.COMPLAINT]))


def _target(step, case, user):
    return _line(_("Number of the earlier report"), 20)


def _in_force(model, level: str | None = None):
    rows = model.objects.filter(valid_on(timezone.localdate()))
    return rows.filter(level=level) if level else rows


class PostingChoice(forms.ModelChoiceField):
    """Postings, each by its day, kind, status and amount."""

    def label_from_instance(self, posting):
        return " ".join(
            [f"{posting.posted_on}", posting.get_kind_display(), posting.get_status_display(), money(posting.amount)]
        )


def _posting(step, case, user):
    found = (promises if step.verb == Verb.PAY else standing)(case) if case else []
    rows = Recovery.objects.filter(pk__in=[posting.pk for posting in found]).order_by("posted_on", "pk")
    return PostingChoice(rows, label=_("Posting"), empty_label=None, widget=forms.RadioSelect)


def _means(step, case, user):
    label = pgettext_lazy("means of a recovery", "By")
    if step.verb == Verb.PAY:  # as promised, unless something else is chosen
        return forms.ChoiceField(label=label, choices=[("", _("As promised")), *_pairs(KNOWN_MEANS)])
    return _choice(label, _pairs(KNOWN_MEANS), initial=RecoveryMeans.MEDIATION)


def _amount(step, case, user):
    return forms.DecimalField(
        label=_("Amount (CNY)"), min_value=Decimal("0.01"), max_digits=14, decimal_places=2,
        help_text=_("Empty: all that was promised.") if step.verb == Verb.PAY else "",
    )  # fmt: skip


FIELDS: dict[str, Callable] = {
    "note": _note,
    "text": _narrative,
    "ground": _ground,
    "agency": _agency,
    "officer": _officer,
    "mode": lambda *_of: _choice(_("Mode"), MediationMode.choices),
    "both_consent": lambda *_of: forms.BooleanField(
        label=_("Both parties consent to mediation"), help_text=_("Order 121, art 18")
    ),
    "represented_agree": _represented,
    "outcome": lambda *_of: forms.ChoiceField(
        label=_("Outcome"),
        help_text=_("Needed where the ground does not tell it."),
        choices=[("", CHOOSE), *_pairs(found for found in Outcome if found not in OF_OTHER_ACTS)],
    ),
    "side": _side,
    "means": lambda *_of: _choice(pgettext_lazy("means of a notice", "By"), _pairs(TOLD_BY)),
    "told_on": lambda *_of: _day(_("Told on"), timezone.localdate()),
    "lead": _lead,
    "found_on": lambda *_of: _day(_("Lead found on"), timezone.localdate()),
    "target": _target,
    "new_facts": lambda *_of: forms.BooleanField(
        label=_("It brings new facts"),
        help_text=_("Both are handled together and the term of the earlier one runs anew (Order 121, art 35)."),
    ),
    "party": _party,
    "identity": lambda *_of: _choice(_("Identity"), [pair for pair in IdentityCheck.choices if pair[0]]),
    "representatives": _representatives,
    "role": _role,
    "name": lambda *_of: _line(_("Name"), 80),
    "phone": lambda *_of: _line(_("Phone"), 40),
    "address": lambda *_of: _line(_("Address"), 200),
    "id_type": lambda *_of: forms.ChoiceField(
        label=_("Identity document"), choices=ID_TYPES, initial=IDENTITY_CARD
    ),
    "id_number": lambda *_of: _line(_("Identity number"), 40),
    "reply_due_on": lambda *_of: _day(
        _("Reply due on"), timezone.localdate() + dt.timedelta(days=REPLY_DAYS)
    ),
    "supervision": _supervision,
    "reason": _reason,
    "started_on": lambda *_of: _day(_("First day that does not count"), timezone.localdate()),
    "ended_on": lambda *_of: _day(_("First day that counts again"), timezone.localdate()),
    "document": lambda *_of: _line(
        pgettext_lazy("paper that orders a pause", "Document"), 200,
        help_text=_("Title and number of the paper that orders it, as a commission to a laboratory."),
    ),
    "regime": _regime,
    "reached": lambda *_of: _choice(_("Reached"), [("yes", _("Yes")), ("no", _("No"))]),
    "satisfaction": lambda *_of: forms.ChoiceField(
        label=_("Satisfaction"), choices=[("", CHOOSE), *Satisfaction.choices]
    ),
    "number": lambda step, case, user: _line(
        _("Number of the file") if step.verb == Verb.FILE else _("Number on the national platform"), 80
    ),
    "merchant_written": lambda *_of: _line(
        _("Merchant"), 200, help_text=_("Name or unified social credit code. Empty: as it is.")
    ),
    "merchant": lambda *_of: None,  # found from what was written
    "category": lambda *_of: _select(_("Category"), Category.objects.all()),
    "problem": lambda *_of: _select(_("Problem"), Problem.objects.all()),
    "region": lambda *_of: _select(_("Region"), _in_force(Region, RegionLevel.DISTRICT)),
    "platform": lambda *_of: _select(_("Platform"), Platform.objects.all()),
    "goods": lambda *_of: _line(_("Goods or service"), 200),
    "brand": lambda *_of: _line(_("Brand"), 120),
    "order_number": lambda *_of: _line(_("Order number"), 80),
    "sales_mode": lambda *_of: forms.ChoiceField(label=_("Sales mode"), choices=[("", CHOOSE), *SalesMode.choices]),
    "occurred_on": lambda *_of: _day(_("Date of the dispute")),
    "recovery": _posting,
    "recovery_kind": lambda *_of: forms.ChoiceField(label=_("Kind"), choices=[("", CHOOSE), *_pairs(KNOWN_KINDS)]),
    "recovery_status": lambda *_of: _choice(_("Status"), _pairs(STATED)),
    "recovery_means": _means,
    "amount": _amount,
    "evidence": lambda *_of: _line(
        _("Evidence"), 300, help_text=_("What shows it, such as a receipt, a transfer or the agreement.")
    ),
    "posted_on": lambda *_of: _day(_("Recovered on"), timezone.localdate()),
    "paid_on": lambda *_of: _day(_("Paid on"), timezone.localdate()),
    "claimed": lambda *_of: forms.DecimalField(
        label=_("Amount claimed"), min_value=0, max_digits=14, decimal_places=2
    ),
}  # fmt: skip


# ---- what is typed and means something stored


def clean_told_on(form) -> dt.date | None:
    day = form.cleaned_data["told_on"]
    if day and day > timezone.localdate():
        raise forms.ValidationError(gettext("The day lies in the future."))
    return day


def _clean_target(form):
    number = form.cleaned_data["target"]
    case = Case.objects.visible_to(form.user).filter(number=number).first() if number else None
    if number and case is None:
        raise forms.ValidationError(gettext("There is no case of this number that you may see."))
    return case


def _clean_outcome(form):
    """A ground that leaves open what the dispute counts as needs the outcome, too."""
    cleaned = forms.Form.clean(form)
    ground = cleaned.get("ground")
    if ground and not ground.outcome and not cleaned.get("outcome") and "outcome" not in form.errors:
        form.add_error(
            "outcome", gettext("This ground does not tell what the dispute counts as. Give the outcome, too.")
        )
    return cleaned


def _clean_merchant(form):
    """A valid credit code of a known merchant is that merchant; everything else is a name."""
    cleaned = forms.Form.clean(form)
    written = cleaned.get("merchant_written")
    code, warning = parse_credit_code(written) if written and LIKE_A_CODE.fullmatch(written) else (None, None)
    if warning:
        form.add_error("merchant_written", warning)
    elif code:
        cleaned["merchant"] = Merchant.objects.filter(credit_code=code).first()
        if cleaned["merchant"] is None:
            form.add_error("merchant_written", gettext("No merchant with this credit code is known. Give the name."))
    return cleaned


CLEANERS: dict[str, dict] = {
    Verb.JOIN: {"clean_phone": phone_of, "clean_id_number": id_number_of},
    Verb.INFORM: {"clean_told_on": clean_told_on},
    Verb.TERMINATE: {"clean": _clean_outcome},
    Verb.MERGE: {"clean_target": _clean_target},
    Verb.CORRECT: {"clean": _clean_merchant},
}
