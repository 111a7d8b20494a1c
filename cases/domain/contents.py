"""What a document is filled with: from the case and from what a person gave, kept to what its side may read."""

import datetime as dt
import re
import tomllib
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from cases.domain.reveal import personal_context
from cases.enums import Addressee, DocumentForm, GroundPurpose, Kind, PartyRole, Regime
from cases.models import Case, Ground, Party
from cases.official_forms import (
    ALLOWED,
    DECREE_778,
    FORMS,
    LAW_OF,
    LISTS,
    ORDER_20,
    ORDER_121,
    REMEDIES,
    asked_label,
    variables_of,
)
from core.exceptions import DomainError
from core.language import listed
from core.personal_data import decrypt
from core.text import mask_numbers

TEXT_LENGTH = 5_000
RECORD_LENGTH = 20_000  # of a whole session, and of an agreement with all that is to be done by when
ORDER_121_FROM = dt.date(2026, 4, 15)
PURPOSES = {DocumentForm.REFUSAL: GroundPurpose.REFUSE, DocumentForm.TERMINATION: GroundPurpose.TERMINATE}
NUMERALS = "零一二三四五六七八九十"
ANONYMOUS = "匿名"
GROUND_TEXTS = Path(__file__).resolve().parents[1] / "reference" / "ground_texts.toml"
HIDDEN = "***"
# what identifies a person, wherever it is written
IDENTIFYING = ("name", "phone", "address", "id_number")
# contents in which a person of the case cannot stand, and which the merchant or the law words
UNCHECKED = {
    "number", "agency", "officer", "issued_on", "order", "article", "remedies", "respondent_name", "respondent_address",
    "ground", "ground_item", "grounds", "case_number", "kind", "received_on", "accepted_on", "decided_on", "channel",
    "respondent_code", "court", "pledger", "premises", "pledge_type", "pledge_number", "pledge_term", "promise",
    "dispute", "warned_on", "correct_by",
}  # fmt: skip


@dataclass
class People:
    """The persons of a case with their data in clear, for the domain alone."""

    parties: list[tuple[Party, dict[str, str]]] = field(default_factory=list)

    @classmethod
    def of(cls, case: Case) -> "People":
        """Raises PersonalDataError where the data of one cannot be read."""
        parties = case.parties.order_by("representative", "pk")  # representatives first: NULL sorts last
        return cls(
            [
                (party, decrypt(party.personal, context=personal_context(party.pk)) if party.personal else {})
                for party in parties
            ]
        )

    def data(self, role: str) -> list[dict[str, str]]:
        return [personal for party, personal in self.parties if party.role == role]

    def complainants(self) -> list[dict[str, str]]:
        """The consumers; in a joint complaint those who act for the others (Order 121 art 12)."""
        acting = [personal for party, personal in self.parties if party.representative]
        return acting or self.data(PartyRole.CONSUMER)

    def secrets(self, *, sealed_only: bool) -> set[str]:
        """What would tell who the persons are."""
        return {
            value
            for party, personal in self.parties
            if party.sealed or not sealed_only
            for name in IDENTIFYING
            if len(value := personal.get(name, "").strip()) > 1
        }


def contents_of(
    case: Case, *, form: DocumentForm, side: Addressee, given: dict[str, Any], agency_name: str, officer: str,
    letterhead, now: dt.datetime,
) -> dict[str, Any]:  # fmt: skip
    """All variables of `form` for the copy of `side`, as texts; what this copy may not show is empty. The number is
    put in later. Raises DomainError where something given is missing, wrong or names somebody it must not."""
    people = People.of(case)
    asked = checked_given(case, form=form, given=given, now=now)
    known = _from_case(case, people, side=side) | _from_law(case, form, asked)
    known |= {
        "agency": agency_name,
        "issued_on": day_in_words(timezone.localdate(now)),
        "officer": officer,
        "contact_phone": letterhead.phone if letterhead else "",
        "contact_address": letterhead.address if letterhead else "",
    }
    known |= {name: in_words(value) for name, value in asked.items() if name != "ground"}
    allowed = ALLOWED[form, side]
    contents = {
        name: known.get(name, "") if name in allowed else ([] if name in LISTS else "") for name in variables_of(form)
    }
    _keep_silent(contents, people, form=form, side=side, asked=set(asked))
    return contents


def order_of(case: Case) -> tuple[str, int]:
    """The title of the order under which `case` is handled, and 0 for Order 121, 1 for Order 20."""
    if case.regime == Regime.ORDER121 or (not case.regime and case.received_on >= ORDER_121_FROM):
        return ORDER_121, 0
    return ORDER_20, 1


def subject_of(case: Case) -> str:
    """What a complaint or report is about, without the words of whoever made it."""
    problem = case.problem.name if case.problem else case.problem_written
    return "".join([merchant_name(case), case.goods or (case.category.name if case.category else ""), problem])


def merchant_name(case: Case) -> str:
    return case.merchant.name if case.merchant else case.merchant_written


def grounds_of(case: Case, form: DocumentForm) -> list[Ground]:
    """The grounds among which the decision is taken, in the order of the article."""
    purpose = PURPOSES.get(form)
    return list(Ground.objects.for_case(case, purpose).order_by("position", "code")) if purpose else []


def statable(case: Case, grounds: list[Ground]) -> list[Ground]:
    """Those of `grounds` that a document may state: the one that was decided on, else, of a case whose source told none
    of them, any."""
    return [ground for ground in grounds if ground.code == case.ground] or grounds


# what a person gave

DATES = ("report_back_on", "id_deadline", "mediated_on", "effective_on")
PAST = ("mediated_on", "effective_on")
COUNTS = {"enclosures": (0, 9_999), "pages": (0, 9_999), "recusal_days": (1, 30)}


def checked_given(case: Case, *, form: DocumentForm, given: dict[str, Any], now: dt.datetime) -> dict[str, Any]:
    """`given` without what is empty. Raises DomainError for what is missing, not asked for, or of no sense."""
    definition = FORMS[form]
    if unknown := sorted(given.keys() - set(definition.asks)):
        raise DomainError(_("This form does not ask for: %(names)s.") % {"names": listed(unknown)})
    values = {name: value for name, value in given.items() if value not in (None, "")}
    for name in definition.asks:
        if name not in values and name not in definition.optional:
            raise DomainError(_("Give: %(name)s.") % {"name": asked_label(name)})
    today = timezone.localdate(now)
    for name, value in values.items():
        if name in DATES and type(value) is not dt.date:
            raise DomainError(_("%(name)s: give a date.") % {"name": asked_label(name)})
        if name in ("report_back_on", "id_deadline") and value < today:
            raise DomainError(_("%(name)s: this day is over.") % {"name": asked_label(name)})
        if name in PAST and not case.received_on <= value <= today:
            raise DomainError(
                _("%(name)s: a day between the receipt of the case and today.") % {"name": asked_label(name)}
            )
        if name == "mediate_at" and (not isinstance(value, dt.datetime) or value <= now):
            raise DomainError(_("The mediation must lie ahead, so that both sides can come."))
        if name in COUNTS and not (isinstance(value, int) and COUNTS[name][0] <= value <= COUNTS[name][1]):
            raise DomainError(
                _("%(name)s: a number from %(from)d to %(to)d.")
                % {"name": asked_label(name), "from": COUNTS[name][0], "to": COUNTS[name][1]}
            )
        length = RECORD_LENGTH if name in ("record", "terms") else TEXT_LENGTH
        if isinstance(value, str) and len(value) > length:
            raise DomainError(_("%(name)s: at most %(n)d characters.") % {"name": asked_label(name), "n": length})
    return values


# the variables


def _from_case(case: Case, people: People, *, side: Addressee) -> dict[str, str]:
    complainants, reporters = people.complainants(), people.data(PartyRole.REPORTER)
    complainant, reporter = (complainants or [{}])[0], (reporters or [{}])[0]
    names = _joined(person.get("name", "") for person in complainants)
    person = reporter.get("name") or "举报人" if case.kind == Kind.REPORT else names or "投诉人"
    merchant = merchant_name(case)
    return {
        "case_number": case.number,
        "kind": "举报" if case.kind == Kind.REPORT else "投诉",
        "received_on": day_in_words(case.received_on),
        "accepted_on": day_in_words(case.accepted_on),
        "decided_on": day_in_words(_decided_on(case)),
        "channel": case.channel.name if case.channel else case.channel_written,
        "subject": subject_of(case),
        "addressee": merchant if side == Addressee.RESPONDENT else person,
        "complainant_name": names,
        "complainant_phone": complainant.get("phone", ""),
        "complainant_address": complainant.get("address", ""),
        "complainant_id_type": complainant.get("id_type", ""),
        "complainant_id_number": complainant.get("id_number", ""),
        "proxy": _joined(person.get("name", "") for person in people.data(PartyRole.PROXY)),
        "consent_publish": _ticks(case.consents.get("publish")),
        "consent_entrust": _ticks(case.consents.get("entrust")),
        "reporter_name": reporter.get("name") or ANONYMOUS,
        "reporter_phone": reporter.get("phone", ""),
        "reporter_address": reporter.get("address", ""),
        "reporter_id_number": reporter.get("id_number", ""),
        "respondent_name": merchant,
        "respondent_code": (case.merchant.credit_code if case.merchant else None) or case.merchant_code_written,
        "respondent_address": case.merchant_address or (case.merchant.address if case.merchant else ""),
        "goods": " ".join(filter(None, (case.brand, case.goods))),
        "occurred_on": day_in_words(case.occurred_on),
        "amount": in_words(case.claimed),
        "facts": case.narrative,
        "clue": case.narrative,
        "demand": case.demand,
        "matter": mask_numbers("\n".join(filter(None, (case.narrative, case.demand)))),
    }


def _decided_on(case: Case) -> dt.date | None:
    """The day on which mediation ended, else on which it was decided not to accept."""
    if case.ended_at:
        return timezone.localdate(case.ended_at)
    return case.closed_on or case.decided_on


def _from_law(case: Case, form: DocumentForm, asked: dict[str, Any]) -> dict[str, Any]:
    order, which = order_of(case)
    articles = FORMS[form].articles
    if case.body in LAW_OF:
        order, article = LAW_OF[case.body]
    elif articles is None:  # it names its law itself
        order = article = ""
    else:
        article = articles[which]
    if not article and articles is not None:
        raise DomainError(_("The rules that apply to this case know no such document."))
    found = {"order": order, "article": article, "remedies": REMEDIES.get(form, "")}
    if form not in PURPOSES:
        return found
    grounds = grounds_of(case, form)
    chosen = next((ground for ground in grounds if ground.code == asked["ground"]), None)
    if chosen is None:
        raise DomainError(_("This ground does not exist under the rules that apply to the case."))
    if chosen not in statable(case, grounds):
        raise DomainError(_("The decision rests on another ground than this one, and a document says what was decided."))
    if chosen.after_term and case.regime == Regime.DECREE778:
        found["order"] = DECREE_778 + order
    return found | {
        "ground": _ground_text(chosen),
        "ground_item": _numeral(chosen.position),
        "grounds": [
            {
                "item": _numeral(ground.position),
                "mark": "☑" if ground == chosen else "☐",
                "text": _ground_text(ground),
            }
            for ground in grounds
        ],
    }


@cache
def _ground_texts() -> dict[str, dict[str, str]]:
    return tomllib.loads(GROUND_TEXTS.read_text(encoding="utf-8"))


def _ground_text(ground: Ground) -> str:
    """As the law words it, where that is known."""
    article, _dot, item = ground.code.rpartition(".")
    return _ground_texts().get(article, {}).get(item, ground.name)


def _numeral(number: int) -> str:
    return NUMERALS[number] if number <= 10 else str(number)


def _joined(names) -> str:
    return "、".join(dict.fromkeys(filter(None, names)))


def _ticks(answer: bool | None) -> str:
    return f"{'☑' if answer is True else '☐'}是　{'☑' if answer is False else '☐'}否"


def day_in_words(day: dt.date | None) -> str:
    return f"{day.year}年{day.month}月{day.day}日" if day else ""


def in_words(value: Any) -> str:
    """A value as a Chinese document writes it."""
    if isinstance(value, dt.datetime):
        local = timezone.localtime(value)
        return f"{day_in_words(local.date())}{local.hour}时{local.minute:02d}分"
    if isinstance(value, dt.date):
        return day_in_words(value)
    if isinstance(value, Decimal):
        return f"{value:,.2f}元"
    return "" if value is None else str(value)


# nobody is named who must not be


class NamesPerson(DomainError):
    """A text given for `form` names who complained or reported. Kept in the access log: tries could tell the name."""

    def __init__(self, message, form: DocumentForm):
        super().__init__(message)
        self.form = form


def _keep_silent(
    contents: dict[str, Any], people: People, *, form: DocumentForm, side: Addressee, asked: set[str]
) -> None:
    """Blot out of the case's own texts what would tell who complained or reported, and refuse it in given ones.

    The respondent's copy names no person of the case but those that its allow-list has; a reporter is named in no copy
    but his own (Order 121 art 37).
    """
    if form in (DocumentForm.REPORT_REGISTER, DocumentForm.REPORT_RESULT):
        return  # made out for the reporter himself, or for nobody outside
    facing = side in (Addressee.RESPONDENT, Addressee.BOTH)
    named = {contents.get("complainant_name", "")} if facing else set()
    own = people.complainants() + people.data(PartyRole.PROXY)
    named |= {person.get("name", "") for person in own} if contents.get("complainant_name") else set()
    if not facing:  # what the complainant says of himself, a reporter of the same name included
        named |= {value for person in own for value in person.values()}
    secrets = people.secrets(sealed_only=not facing) - named
    for name, value in contents.items():
        if name in UNCHECKED or not isinstance(value, str):
            continue
        if name not in asked:
            for secret in sorted(secrets, key=len, reverse=True):
                value = _blotted(secret, value)
            contents[name] = value
        if any(_occurs(secret, value) for secret in secrets):
            raise NamesPerson(
                _(
                    "%(name)s: this tells who complained or reported, which this copy must not (Order 121, art 37). "
                    "Leave it out."
                )
                % {"name": asked_label(name)},
                form,
            )


def _occurs(secret: str, text: str) -> bool:
    """Whether `secret` stands in `text`, however it is spaced or wide."""
    secret, text = _squeezed(secret), _squeezed(text)
    return bool(secret) and secret in text


def _blotted(secret: str, text: str) -> str:
    if not _occurs(secret, text):
        return text
    return re.sub(r"[\W_]*".join(map(_any_width, _squeezed(secret))), HIDDEN, text, flags=re.IGNORECASE)


def _any_width(char: str) -> str:
    """A pattern for a character and, of ASCII, for its full-width form."""
    return f"[{re.escape(char)}{chr(ord(char) + 0xFEE0)}]" if char.isascii() else re.escape(char)


def _squeezed(text: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).casefold()
