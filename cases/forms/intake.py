"""The form of a telephone call: what is asked, in the order in which it is told, and what each kind of case needs."""

import datetime as dt
import re
import secrets
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django import forms
from django.core import signing
from django.core.validators import MinValueValidator
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cases.domain.intake import last_event
from cases.enums import Kind, SalesMode
from cases.models import Case
from cases.references import References
from core.importing.values import (
    BadValue,
    parse_credit_code,
    parse_date,
    parse_datetime,
    parse_id_number,
    parse_phone,
)
from core.personal_data import COMPACT, keyed_digest
from core.text import clean_cell, mask_numbers, name_key
from registry.enums import RegionLevel, Scheme
from registry.models import Category, Channel, Merchant, Platform, Problem, Region

NARRATIVE_LENGTH, DEMAND_LENGTH, ANSWER_LENGTH = 10_000, 2_000, 1_000
MAX_PEOPLE = 20
TELEPHONE = "12315-phone"
OWN, LEAVE = "own", "leave"
CHOOSE = ("", _("Choose…"))
PRIMARY_KEY = re.compile(r"[0-9]{1,18}")
TOKEN = "cases.intake"  # noqa: S105 - names the use of a signature
IDENTITY_CARD = "居民身份证"
ID_TYPES = [
    # stored as people write them; shown in the language of the page
    (IDENTITY_CARD, _("Resident identity card")),
    ("军官证", _("Officer's certificate")),
    ("护照", _("Passport")),
    ("港澳居民来往内地通行证", _("Mainland travel permit (Hong Kong, Macao)")),
    ("台湾居民来往大陆通行证", _("Mainland travel permit (Taiwan)")),
    ("营业执照", _("Business licence")),
    ("其他", _("Other")),
]


# ---- fields: text without what no reader can see, days and amounts as people type them


class Text(forms.CharField):
    """Several lines. Line ends count as one character, as in the browser."""

    widget = forms.Textarea

    def to_python(self, value):
        text = super().to_python(value)
        return text if "\x00" in text else clean_cell(text)  # a NUL is refused by the validators, not taken away


class Line(Text):
    """One line: white space inside becomes single blanks."""

    widget = forms.TextInput

    def to_python(self, value):
        return " ".join(super().to_python(value).split())


class Day(forms.Field):
    """A date as it is typed: 2026-11-20, 20261120, 2026/11/20, 2026年11月20日."""

    widget = forms.TextInput({"inputmode": "numeric", "placeholder": "2026-11-20"})

    def to_python(self, value) -> dt.date | None:
        if isinstance(value, dt.date):
            return value
        try:
            return parse_date(value or "")
        except BadValue as bad:
            raise forms.ValidationError(bad.reason) from bad


class Moment(forms.Field):
    """A date and a time of day as they are typed: 2026-11-20 14:05."""

    widget = forms.TextInput({"inputmode": "numeric", "placeholder": "2026-11-20 14:05"})

    def to_python(self, value) -> dt.datetime | None:
        if isinstance(value, dt.datetime):
            return value
        try:
            moment = parse_datetime(value or "", now=timezone.now())
        except BadValue as bad:
            raise forms.ValidationError(bad.reason) from bad
        return moment.at if moment else None

    def prepare_value(self, value):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M}" if isinstance(value, dt.datetime) else value


class Amount(forms.DecimalField):
    """Yuan, with or without ¥, 元 and thousands separators."""

    widget = forms.TextInput({"inputmode": "decimal"})

    def to_python(self, value) -> Decimal | None:
        text = unicodedata.normalize("NFKC", str(value or "")).strip()
        return super().to_python(text.removeprefix("¥").removesuffix("元").replace(",", "").strip())


def _line(label, name: str = "", length: int = 0, **kwargs) -> Line:
    """A line as long as the column `name` of a case."""
    return Line(label=label, max_length=length or Case._meta.get_field(name).max_length, required=False, **kwargs)


def _select(label, **kwargs) -> forms.ChoiceField:
    """A choice among many, in which one can type; its choices come with the form."""
    return forms.ChoiceField(label=label, required=False, widget=forms.Select({"data-search": ""}), **kwargs)


def _tick(label, **kwargs) -> forms.BooleanField:
    return forms.BooleanField(label=label, required=False, **kwargs)


class Dressed(forms.Form):
    """Fields that look as all of the portal's do, and that a browser fills with nothing it remembers."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            attrs = field.widget.attrs
            if isinstance(field.widget, forms.Select):
                attrs["class"] = "form-select"
            elif isinstance(field.widget, (forms.TextInput, forms.Textarea)):
                attrs |= {"class": "form-control", "autocomplete": "off"}

    def unchecked(self) -> None:
        """Show what was typed, and say nothing of it yet."""
        self._errors = forms.utils.ErrorDict()


# ---- the caller


def phone_of(form) -> str:
    """The telephone number as it is stored; empty where there is none."""
    text = form.cleaned_data["phone"]
    found = parse_phone(text) if text else None
    if found and (found.masked or not found.ok):
        raise forms.ValidationError(
            gettext("This is no telephone number. Give all digits, of a fixed line with the area code.")
        )
    return found.value if found else ""


def id_number_of(form) -> str:
    """The identity number as it is stored. Of other papers than the identity card nobody knows the numbers' form."""
    text = form.cleaned_data["id_number"]
    of_citizens = form.cleaned_data.get("id_type", "") in ("", IDENTITY_CARD)
    found = parse_id_number(text) if text and of_citizens else None
    if found and (found.masked or not found.ok):
        raise forms.ValidationError(
            gettext("This is no identity number: a digit is missing or wrong. Compare it once more.")
        )
    return found.value if found else text


class PersonForm(Dressed):
    """One person. Left empty, it is nobody."""

    name = _line(_("Name"), length=80)
    phone = _line(_("Phone"), length=40)
    address = _line(_("Postal address"), length=200)
    id_type = forms.ChoiceField(label=_("Identity document"), choices=ID_TYPES, initial=IDENTITY_CARD, required=False)
    id_number = _line(_("Identity number"), length=40)

    clean_phone = phone_of
    clean_id_number = id_number_of

    def clean(self):
        cleaned = super().clean()
        if not cleaned.get("id_number") and "id_number" not in self.errors:
            cleaned["id_type"] = ""
        return cleaned

    @property
    def personal(self) -> dict[str, str]:
        """What was said, without what was not; empty where there is nobody."""
        return {name: value for name, value in self.cleaned_data.items() if value}


class PeopleForms(forms.BaseFormSet):
    def unchecked(self) -> None:
        self._errors, self._non_form_errors = [], self.error_class()
        for form in self.forms:
            form.unchecked()


PEOPLE = forms.formset_factory(
    PersonForm, formset=PeopleForms, extra=1, max_num=MAX_PEOPLE, absolute_max=MAX_PEOPLE, validate_max=True
)


# ---- the form


@dataclass(frozen=True)
class Wrong:
    """A line of the summary of errors: the field it leads to, its name, and what is wrong."""

    field_id: str
    label: str
    message: str


class IntakeForm(Dressed):
    """`user` takes the call; `merchants` are those that he may choose; `now` is the time of the call.

    Fields that the chosen kind does not have are not looked at.
    """

    kind = forms.ChoiceField(
        label=_("Kind"), choices=Kind.choices, initial=Kind.COMPLAINT, widget=forms.RadioSelect
    )
    channel = _select(_("Channel"), initial=TELEPHONE)
    anonymous = _tick(_("The caller stays anonymous"))
    merchant = forms.CharField(required=False, widget=forms.HiddenInput)
    merchant_written = _line(
        _("Merchant"), "merchant_written",
        help_text=_("Name, another name or credit code. A name that is not in the list is taken as it stands."),
    )
    platform_written = _line(_("Platform"), "platform_written", help_text=_("Where it was bought online."))
    region = _select(_("Region"), help_text=_("The place of the merchant."))
    merchant_address = _line(_("Address of the merchant"), "merchant_address")
    category = _select(_("Category"))
    problem = _select(_("Problem"))
    goods = _line(_("Goods or service"), "goods")
    brand = _line(_("Brand"), "brand")
    order_number = _line(_("Order number"), "order_number")
    sales_mode = forms.ChoiceField(label=_("Sales mode"), choices=[CHOOSE, *SalesMode.choices], required=False)
    occurred_on = Day(label=_("Date of the dispute"), required=False)
    claimed = Amount(
        label=_("Amount claimed (CNY)"), required=False, max_digits=14, decimal_places=2,
        validators=[MinValueValidator(0, _("An amount is never below zero."))],
    )
    narrative = Text(
        label=_("What happened"), max_length=NARRATIVE_LENGTH, widget=forms.Textarea({"rows": 5}),
        error_messages={"required": _("Write down what happened.")},
    )
    demand = Text(
        label=_("Demand"), max_length=DEMAND_LENGTH, required=False, widget=forms.Textarea({"rows": 2}),
    )
    publish = _tick(_("The complaint may be published"))
    entrust = _tick(_("Mediation may be entrusted to another body"))
    split = _tick(_("Mixed submission: split off the report at once"))
    split_text = Text(
        label=_("What is reported"), max_length=NARRATIVE_LENGTH, required=False, widget=forms.Textarea({"rows": 3}),
        help_text=_("Empty: the whole narrative is copied."),
    )
    answer = Text(
        label=_("Answer"), max_length=ANSWER_LENGTH, required=False, widget=forms.Textarea({"rows": 3}),
        help_text=_("What was answered at once: the inquiry is closed with it. Empty: it stays open."),
    )
    handling = _select(_("Who handles"), initial=OWN)
    received_at = Moment(
        label=_("Time of receipt"), required=False,
        help_text=_("The day decides on rules and terms. Set it back for a letter."),
    )
    token = forms.CharField(required=False, widget=forms.HiddenInput)

    FOR = {
        Kind.COMPLAINT: {"claimed", "demand", "publish", "entrust", "split", "split_text"},
        Kind.REPORT: {"anonymous", "demand"},
        Kind.INQUIRY: {"answer"},
    }
    HANDLING = {"split", "split_text", "answer"}  # fields for those alone who handle cases
    REPORTING = {"split", "split_text"}  # for bureaus alone, which take reports

    def __init__(self, data=None, *, user, merchants, now: dt.datetime):
        super().__init__(data, initial={"received_at": now})
        self.user, self.merchants, self.now = user, merchants, now
        self.people = PEOPLE(data, prefix="people")
        for name, choices in self._choices().items():
            self.fields[name].choices = choices
        self.fields["merchant_written"].widget.attrs |= {"data-merchant": "", "maxlength": 200}
        self.fields["platform_written"].widget.attrs["list"] = "platforms"
        left_out = set() if user.has_perm("cases.handle_case") else self.HANDLING
        if not user.agency.is_bureau:
            left_out = left_out | self.REPORTING
            self.fields["kind"].choices = [choice for choice in Kind.choices if choice[0] != Kind.REPORT]
        for name in left_out:
            del self.fields[name]
        if data is None:
            self.renew()

    # what there is to choose from

    @cached_property
    def references(self) -> References:
        return References()

    @cached_property
    def platforms(self) -> list[Platform]:
        return list(Platform.objects.all())

    def _choices(self) -> dict[str, list]:
        scheme = Scheme.NATIONAL if self.user.agency.is_bureau else Scheme.COUNCIL
        return {
            "channel": self.references.choices("channel"),
            "region": [CHOOSE, *self.references.regions()],
            # the vocabulary of the body that takes the call
            "category": [CHOOSE, *self.references.classes_of("category", scheme)],
            "problem": [CHOOSE, *self.references.classes_of("problem", scheme)],
            "handling": [*self._agencies()],
        }

    def _agencies(self) -> Iterator[tuple]:
        own, today = self.user.agency, timezone.localdate(self.now)
        yield OWN, gettext("%(agency)s (we ourselves)") % {"agency": own}
        yield LEAVE, gettext("To be dispatched later")
        for option in self.references.of("agency"):
            below = option.path.startswith(own.path) and option.pk != own.pk
            if below and (option.until is None or option.until > today):
                yield str(option.pk), option.name

    # the one time that a form counts

    def renew(self) -> None:
        """Give the form a new token: it may make a case once more."""
        token = signing.dumps([secrets.token_hex(12), self.user.pk, last_event()], salt=TOKEN)
        self.initial["token"] = token
        if self.is_bound:
            self.data = self.data.copy()
            self.data["token"] = token

    def _read_token(self, token: str) -> tuple[str, int] | None:
        """The name of the form and the last event before it, if it was given to this user."""
        try:
            name, user, since = signing.loads(token, salt=TOKEN)
        except (signing.BadSignature, ValueError, TypeError):
            return None
        return (name, since) if user == self.user.pk else None

    # checks

    def clean_received_at(self) -> dt.datetime:
        return self.cleaned_data["received_at"] or self.now

    def clean(self):
        cleaned = super().clean()
        kind = cleaned.get("kind")
        cleaned["token"] = self._read_token(cleaned.get("token", ""))
        if cleaned["token"] is None:
            self.add_error(None, gettext("The form could not be recognised. Press “Register” once more."))
        for name in set().union(*self.FOR.values()) - self.FOR.get(kind, set()):
            self._forget(name)
        received_on = timezone.localdate(cleaned.get("received_at") or self.now)
        self._check_dates(cleaned, received_on)
        self._resolve(cleaned, received_on)
        self._resolve_merchant(cleaned)
        if kind:
            self._check_people(kind, cleaned)
        if kind == Kind.COMPLAINT:
            self._check_complaint(cleaned)
        return cleaned

    def _forget(self, name: str) -> None:
        """Of a field that the kind does not have neither value nor error counts."""
        self.cleaned_data.pop(name, None)
        self.errors.pop(name, None)

    def _check_dates(self, cleaned: dict, received_on: dt.date) -> None:
        occurred_on = cleaned.get("occurred_on")
        if occurred_on and occurred_on > received_on:
            self.add_error("occurred_on", gettext("The dispute cannot have come after its receipt."))

    def _resolve(self, cleaned: dict, received_on: dt.date) -> None:
        """Codes become rows, as they were in force on the day of receipt."""
        if code := cleaned.get("region"):
            rows = Region.objects.valid_on(received_on).exclude(level=RegionLevel.STREET)
            cleaned["region"] = rows.filter(code=code).first()
            if cleaned["region"] is None:
                self.add_error("region", gettext("There was no such region on the day of receipt. Choose another."))
        if code := cleaned.get("channel"):
            cleaned["channel"] = Channel.objects.valid_on(received_on).filter(code=code).first()
            if cleaned["channel"] is None:
                self.add_error("channel", gettext("There was no such channel on the day of receipt. Choose another."))
        for name, model in (("category", Category), ("problem", Problem)):
            if value := cleaned.get(name):
                scheme, _colon, code = value.partition(":")
                cleaned[name] = model.objects.get(scheme=scheme, code=code)
        platform = name_key(cleaned.get("platform_written", ""))
        known = (row for row in self.platforms if platform in map(name_key, (row.name, row.name_en, *row.aliases)))
        cleaned["platform"] = next(known, None) if platform else None

    def _resolve_merchant(self, cleaned: dict) -> None:
        """The merchant that was chosen, unless its name was changed afterwards; else the one whose code was typed."""
        written, pk = cleaned.get("merchant_written", ""), cleaned.get("merchant", "")
        found, (code, _warning) = None, parse_credit_code(written)
        if code:
            found = Merchant.objects.filter(credit_code=code).first()
            if found is None:
                self.add_error(
                    "merchant_written", gettext("No merchant with this credit code is known. Give the name.")
                )
        elif PRIMARY_KEY.fullmatch(pk):
            found = self.merchants.filter(pk=pk).first()
            if found and name_key(written) not in map(name_key, (found.name, mask_numbers(found.name), *found.aliases)):
                found = None
        cleaned["merchant"] = found

    def _check_people(self, kind: str, cleaned: dict) -> None:
        if not self.people.is_valid():
            for message in self.people.non_form_errors():
                self.add_error(None, message)
            return
        people = [form for form in self.people if form.personal]
        if kind == Kind.COMPLAINT:
            self._check_complainants(people)
        elif kind == Kind.REPORT:
            anonymous = cleaned.get("anonymous")
            if anonymous and people:
                self.add_error(
                    "anonymous",
                    gettext("You have written down who calls. Empty the caller's fields, or take away the tick."),
                )
            elif not anonymous and not people:
                self._add_person_error(
                    "name", gettext("Give the caller's name or phone, or tick “stays anonymous”.")
                )

    def _check_complainants(self, people: list[PersonForm]) -> None:
        """Name and telephone number (Order 121 art 10, which also asks for an address; that can be sent later). Each of
        several people has a name."""
        first = people[0] if people else self.people.forms[0] if self.people.forms else None
        if first is None or not first.cleaned_data.get("phone"):
            self._add_person_error("phone", gettext("A complaint needs the phone of the complainant."), first)
        for form in people or [first]:
            if form is None or not form.cleaned_data.get("name"):
                self._add_person_error("name", gettext("A complaint needs the name of each complainant."), form)

    def _add_person_error(self, field: str, message: str, form: PersonForm | None = None) -> None:
        form = form or next(iter(self.people.forms), None)
        if form is None:
            self.add_error(None, message)
        else:
            form.add_error(field, message)

    def _check_complaint(self, cleaned: dict) -> None:
        named = {"merchant_written", "platform_written"}
        if not any(map(cleaned.get, named)) and named.isdisjoint(self.errors):
            self.add_error("merchant_written", gettext("Name the merchant against whom the complaint is made."))
        if not cleaned.get("demand") and "demand" not in self.errors:
            self.add_error("demand", gettext("Ask what the complainant demands."))

    def is_valid(self) -> bool:
        return super().is_valid() and not any(self.people.errors)

    def unchecked(self) -> None:
        super().unchecked()
        self.people.unchecked()

    # what comes of it

    def in_order(self) -> Iterator[tuple[str, forms.BoundField]]:
        """(name, field) of all that is asked, in the order of the page; of several people with their numbers."""
        for field in self:
            if field.name == "anonymous":
                for n, form in enumerate(self.people, start=1):
                    prefix = f"{n}. " if len(self.people.forms) > 1 else ""
                    yield from ((f"{prefix}{of.label}", of) for of in form)
            if not field.is_hidden:
                yield str(field.label), field

    def wrong(self) -> list[Wrong]:
        """All errors in the order of the page."""
        unseen = [*self.non_field_errors(), *(error for field in self.hidden_fields() for error in field.errors)]
        return [Wrong("", "", str(error)) for error in unseen] + [
            Wrong(_first_id(field), label, error) for label, field in self.in_order() for error in field.errors
        ]

    def registration(self) -> dict:
        """What `take_in` is given, but for who and when."""
        cleaned = self.cleaned_data
        name, since = cleaned["token"]
        consents = {consent: cleaned[consent] for consent in ("publish", "entrust") if cleaned["kind"] == Kind.COMPLAINT}
        platform = cleaned["platform"]
        as_written = cleaned["platform_written"]
        if platform and as_written in (platform.name, platform.name_en):
            as_written = ""
        handling = cleaned["handling"]
        return {
            "form": name,
            "since": since,
            "contents": self._digest(),
            "kind": cleaned["kind"],
            "received_at": cleaned["received_at"],
            "people": [form.personal for form in self.people if form.personal],
            "merchant": cleaned["merchant"],
            "merchant_written": cleaned["merchant_written"],
            "handling": self._agency(handling),
            "report": cleaned["split_text"] if cleaned.get("split") else None,
            "answer": cleaned.get("answer", ""),
            "region": cleaned["region"] or None,
            "channel": cleaned["channel"] or None,
            "platform": platform,
            "platform_written": as_written,
            "category": cleaned["category"] or None,
            "problem": cleaned["problem"] or None,
            "consents": consents,
            "claimed": cleaned.get("claimed"),
            "demand": cleaned.get("demand", ""),
            **{
                field: cleaned[field]
                for field in (
                    "merchant_address", "goods", "brand", "order_number", "sales_mode", "occurred_on", "narrative",
                )
            },
        }  # fmt: skip

    def _agency(self, value: str):
        if value in (OWN, LEAVE, ""):
            return None if value == LEAVE else self.user.agency
        return type(self.user.agency).objects.get(pk=value)

    def _digest(self) -> str:
        """A keyed digest of all that was typed: it tells a form sent twice from one that was changed."""
        typed = {name: values for name, values in sorted(self.data.lists()) if name != "csrfmiddlewaretoken"}
        return keyed_digest(COMPACT(typed).encode()).hex()


def _first_id(field) -> str:
    """The element that a link to the field leads to: of a group of radio buttons the first."""
    return f"{field.auto_id}_0" if isinstance(field.field.widget, forms.RadioSelect) else field.auto_id
