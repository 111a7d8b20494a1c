"""Taking in a call: the form, the cases that it may be about, and the merchants that a name may mean."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.views.generic import View

from cases.domain import take_in
from cases.domain.intake import AlreadyTaken, Taken
from cases.filters import known_merchants
from cases.forms.intake import MAX_PEOPLE, PRIMARY_KEY, IntakeForm, Moment
from cases.merchants import find_merchants
from cases.models import Case, Clock
from cases.signals import similar_cases
from core.exceptions import DomainError
from core.importing.values import parse_id_number, parse_phone
from core.text import clean_cell, mask_numbers
from core.timeouts import QueryTooSlow, time_limit
from core.views import ScopedMixin
from registry.enums import RegionLevel
from registry.models import Merchant

SEARCH_SECONDS = 3  # of a list that only helps: it is left out where it takes longer
SIMILAR = 8
PERSONS = 5  # whose other cases are looked for
TEXT = 2000  # characters that are compared


class NewCase(ScopedMixin, View):
    """One form for a whole call. "Add a person" sends it back with one more set of fields, unchecked."""

    model = Case
    permission_required = "cases.register_case"

    def has_permission(self):
        # a case is received by an agency; who has none receives nothing
        return super().has_permission() and self.request.user.agency is not None

    def get(self, request):
        form = IntakeForm(**self.form_kwargs())
        return self.show(form, focus=form["kind"])

    def post(self, request):
        if "add_person" in request.POST:
            return self.add_person()
        form = IntakeForm(request.POST, **self.form_kwargs())
        if not form.is_valid():
            return self.refuse(form)
        try:
            taken = take_in(actor=request.user, **form.registration())
        except AlreadyTaken as before:
            form.renew()
            form.add_error(None, str(before))
            form.add_error(None, _("If this is another call, press “Register” once more."))
            return self.refuse(form, status=409)
        except DomainError as refused:
            form.add_error(None, str(refused))
            return self.refuse(form)
        messages.success(request, registered(taken))
        return HttpResponseRedirect(taken.case.get_absolute_url())

    def form_kwargs(self) -> dict:
        user = self.request.user
        return {"user": user, "merchants": known_merchants(user), "now": timezone.now()}

    def add_person(self):
        data = self.request.POST.copy()
        total = data.get("people-TOTAL_FORMS", "")
        data["people-TOTAL_FORMS"] = min(int(total[:4]) + 1, MAX_PEOPLE) if total.isascii() and total.isdigit() else 1
        form = IntakeForm(data, **self.form_kwargs())
        form.unchecked()
        last = form.people.forms[-1] if form.people.forms else None
        return self.show(form, focus=last["name"] if last else form["kind"])

    def refuse(self, form: IntakeForm, status: int = 422):
        """The form as it was typed, with what is wrong; a token that cannot be used any more is replaced."""
        if not form.cleaned_data.get("token"):
            form.renew()
        first = next((field for _name, field in form.in_order() if field.errors), None)
        return self.show(form, focus=first, wrong=form.wrong(), status=status)

    def show(self, form: IntakeForm, *, focus=None, wrong=(), status: int = 200):
        if focus is not None:
            focus.field.widget.attrs["autofocus"] = True
        context = {"form": form, "wrong": wrong, "max_people": MAX_PEOPLE}
        return render(self.request, "cases/intake.html", context, status=status)


def registered(taken: Taken) -> str:
    """What is read to the caller: the number, and until when something is decided; then the next call."""
    case, report = taken.case, taken.report
    said = _("This form was registered before; it counts once.") if taken.again else _("Registered. Read out the number:")
    lines = [format_html('{} <strong class="registered-number tnum">{}</strong>', said, case.number)]
    clock = Clock.objects.filter(case=case, stopped_on=None).select_related("rule").order_by("due_on").first()
    if clock:
        term = _("%(term)s: until %(date)s.") % {"term": clock.rule.label, "date": clock.due_on.isoformat()}
        lines.append(format_html("<span>{}</span>", term))
    if report:
        link = format_html('<a class="tnum" href="{}">{}</a>', report.get_absolute_url(), report.number)
        lines.append(format_html("<span>{} {}</span>", _("Split off as a report:"), link))
    key = format_html('<kbd aria-hidden="true">{}</kbd>', "Alt+N")
    lines.append(
        format_html(
            '<a class="btn btn-primary" href="{}" data-alt="n" aria-keyshortcuts="Alt+N">{}{}</a>',
            reverse("cases:new"), _("Next call"), key,
        )
    )  # fmt: skip
    return format_html('<span class="registered">{}</span>', format_html_join("", "{}", ((line,) for line in lines)))


class Similar(ScopedMixin, View):
    """The cases that a call may be about, while it is written down. POST, since it carries personal data; nothing is
    written."""

    model = Case
    permission_required = "cases.register_case"
    http_method_names = ["post"]

    def post(self, request):
        try:
            with time_limit(SEARCH_SECONDS):
                rows = self.similar(request.POST)
        except QueryTooSlow:
            rows = []
        return render(request, "cases/_similar.html", {"rows": rows, "asked": True})

    def similar(self, data) -> list:
        """Of each person of the call, and of the merchant, order number and words; each case once."""
        user, found = self.request.user, {}
        received_on = _day(data.get("received_at", ""))
        merchant = _merchant(data.get("merchant", ""), user)
        text = "\n".join(clean_cell(data.get(name, "")[:TEXT]) for name in ("narrative", "demand"))
        order_number = clean_cell(data.get("order_number", "")[:80]) or None
        about = {"merchant": merchant, "order_number": order_number, "text": text}
        for phone, id_number in _people(data):
            for row in similar_cases(
                phone=phone, id_number=id_number, received_on=received_on, user=user, limit=SIMILAR, **about
            ):
                found.setdefault(row.number, row)
            about = {}
        return list(found.values())[:SIMILAR]


def _people(data):
    """(phone, identity number) of each person written down so far, so far as they are whole; at least one pair."""
    total = data.get("people-TOTAL_FORMS", "")
    total = min(int(total[:4]), PERSONS) if total.isascii() and total.isdigit() else 0
    pairs = []
    for n in range(total):
        phone = parse_phone(data.get(f"people-{n}-phone", "")[:40])
        id_number = parse_id_number(data.get(f"people-{n}-id_number", "")[:40])
        pairs.append(tuple(number.value if number.ok and not number.masked else None for number in (phone, id_number)))
    return [pair for pair in pairs if any(pair)] or [(None, None)]


def _day(text: str):
    try:
        moment = Moment(required=False).clean(text[:40])
    except ValidationError:
        moment = None
    return timezone.localdate(moment)


def _merchant(pk: str, user):
    return known_merchants(user).filter(pk=pk).first() if PRIMARY_KEY.fullmatch(pk) else None


class Merchants(ScopedMixin, View):
    """`?q=` as JSON: what a name, another name or a credit code may mean."""

    model = Case
    permission_required = ("cases.register_case", "cases.handle_case")

    def has_permission(self):
        return any(map(self.request.user.has_perm, self.permission_required))

    def get(self, request):
        try:
            with time_limit(SEARCH_SECONDS):
                found = find_merchants(request.GET.get("q", ""), user=request.user)
        except QueryTooSlow:
            found = []
        return JsonResponse({"merchants": [_as_json(merchant) for merchant in found]})


def _as_json(merchant: Merchant) -> dict:
    """`name` may hold a number that is to be masked where it is shown: nobody has verified what it is."""
    region = merchant.region
    return {
        "id": merchant.pk,
        "name": merchant.name if merchant.verified else mask_numbers(merchant.name),
        "district": str(region) if region else "",
        "region": region.code if region and region.level != RegionLevel.STREET else "",
        "address": merchant.address if merchant.verified else mask_numbers(merchant.address),
        "code": merchant.credit_code[-4:] if merchant.credit_code else "",
        "verified": merchant.verified,
    }
