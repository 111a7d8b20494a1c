"""Who saw and changed what: of one case, of a person's cases, and by one user."""

import secrets
from operator import attrgetter

from django.db.models import Exists, OuterRef, Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import TemplateView

from accounts.client import client_ip
from accounts.enums import AccessAction
from accounts.models import AccessLog, User
from accounts.tables import named
from cases import audit
from cases.domain import look_up_person
from cases.domain.audit import LOGGED_DIGITS
from cases.domain.reasons import MIN_REASON
from cases.filters import AuditFilterSet, OfficerAuditFilterSet
from cases.forms.audit import AuditedPersonForm
from cases.models import AuditEntry, Case, CaseReference, Party
from cases.querysets import AUDIT, local_day_bounds, sees_reporters
from cases.tables import AuditTable
from cases.views.lists import LoggedExport
from core.exceptions import DomainError
from core.exports import Column
from core.pagination import ViewPaginator
from core.views import ListPage, ScopedMixin

FOUND = 20  # cases or users that a search lists
PERSON_CASES = 200
REMEMBERED = 10  # persons looked up in a session
SESSION = "audited_persons"


class AuditPage(ScopedMixin, TemplateView):
    """Where an audit begins: with a case, a user or a person. The numbers of cases and the names of users stand in
    the address; a person's number is posted, and stands nowhere."""

    permission_required = AUDIT
    template_name = "audit/home.html"

    def get(self, request, *args, **kwargs):
        cases, users = self.cases(request.GET.get("number", "").strip()), self.users(request.GET.get("user", "").strip())
        if len(cases) == 1:
            return redirect("audit:case", cases[0].number)
        if len(users) == 1:
            return redirect("audit:officer", users[0].pk)
        return self.render_to_response(self.get_context_data(cases=cases, users=users, form=AuditedPersonForm()))

    def get_context_data(self, **kwargs):
        asked = any(self.request.GET.get(name, "").strip() for name in ("number", "user"))
        return super().get_context_data(min_reason=MIN_REASON, asked=asked, limit=FOUND, **kwargs)

    def cases(self, number: str) -> list[Case]:
        """The cases that bear this number, ours or one of another system."""
        if not number or "\0" in number:
            return []
        # asked first: as a part of the next question it would hide the indexes of the other two numbers
        bearing = list(CaseReference.objects.filter(number=number).values_list("case", flat=True)[:FOUND])
        rows = Case.objects.audited_by(self.request.user).filter(
            Q(number=number) | Q(external_number=number) | Q(pk__in=bearing)
        )
        return list(rows.only("number", "received_at", "source").order_by("-received_at", "-pk")[:FOUND])

    def users(self, words: str) -> list[User]:
        """The users whose user name or name contains the words."""
        if not words or "\0" in words:
            return []
        rows = User.objects.audited_by(self.request.user).named_like(words)
        return list(rows.select_related("agency").order_by("username")[:FOUND])


@method_decorator(sensitive_post_parameters("number"), name="dispatch")
class PersonSearch(AuditPage):
    """Takes a person's number, logs the look-up, and leads to the result under an address that says nothing."""

    http_method_names = ["post"]

    def post(self, request):
        form = AuditedPersonForm(request.POST)
        if form.is_valid():
            try:
                found = look_up_person(actor=request.user, ip=client_ip(request), **form.cleaned_data)
            except DomainError as refused:
                form.add_error(None, str(refused))
            else:
                return redirect("audit:person", self.remember(form.cleaned_data["kind"], found))
        return self.render_to_response(self.get_context_data(cases=[], users=[], form=form))

    def remember(self, kind: str, found: bytes) -> str:
        token = secrets.token_hex(8)
        kept = list(self.request.session.get(SESSION, {}).items())[1 - REMEMBERED :]
        self.request.session[SESSION] = dict([*kept, (token, [kind, found.hex()])])
        return token


class AuditRows:
    """The lines of an audit, the newest first."""

    model = AuditEntry
    permission_required = AUDIT
    filterset_class = AuditFilterSet
    paginator_class = ViewPaginator
    sorts = {"at": "at"}
    default_sort = "-at"
    table_class = AuditTable
    template_name = "audit/lines.html"
    fragment_template_name = "audit/_lines.html"

    def get_queryset(self):
        return audit.with_parts(self.narrowed(super().get_queryset()))

    def narrowed(self, entries):
        """The lines of the case, the person or the user that this page is about."""
        raise NotImplementedError

    def get_context_data(self, **kwargs):
        return super().get_context_data(title=self.title, export_url=self.export_url, **kwargs)


class AuditExport(LoggedExport):
    """The lines as a file; what was audited stands in the access log."""

    export_name = "audit"
    export_title = _("Audit")
    export_permissions = ()
    columns = (
        Column(_("Time"), "at", width=19),
        Column(_("Kind of line"), "get_kind_display", width=16),
        Column(pgettext_lazy("who did it", "By"), lambda entry: _user(entry, named), width=24),
        Column(_("Agency"), lambda entry: _user(entry, attrgetter("agency")), width=28),
        Column(_("Record"), audit.record, width=24),
        Column(pgettext_lazy("what was done", "What"), audit.what, width=80),
    )

    @property
    def list_url(self) -> str:
        return self.page_url


def _user(entry: AuditEntry, read):
    user = audit.who(entry)
    return None if user is None else read(user)


class CasesRows(AuditRows):
    """The lines of some cases. That a list was exported says nothing of what stood in it: only that is said."""

    def narrowed(self, entries):
        return entries.of_cases(self.cases)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        return context | {"exports_url": self.exports_url(context["filter"])}

    def exports_url(self, form) -> str:
        """The exports of lists in the time that the page is about; empty where there are none."""
        if not self.cases or not form.is_valid():
            return ""
        given = form.form.cleaned_data
        since = given["since"] or min(case.received_on for case in self.cases)
        lines = AccessLog.objects.visible_to(self.request.user).filter(
            action=AccessAction.EXPORT, at__gte=local_day_bounds(since, since)[0]
        )
        if given["until"]:
            lines = lines.filter(at__lt=local_day_bounds(given["until"], given["until"])[1])
        if not lines.order_by().exists():
            return ""
        until = f"&until={given['until']}" if given["until"] else ""
        return f"{reverse('accounts:access_log')}?action={AccessAction.EXPORT.value}&since={since}{until}"


class CaseRows(CasesRows):
    @cached_property
    def case(self) -> Case:
        rows = Case.objects.audited_by(self.request.user).only("number", "received_on")
        return get_object_or_404(rows, number=self.kwargs["number"])

    @property
    def cases(self) -> list[Case]:
        return [self.case]

    @property
    def title(self) -> str:
        return gettext("Case %(number)s") % {"number": self.case.number}

    @property
    def page_url(self) -> str:
        return reverse("audit:case", args=[self.case.number])

    @property
    def export_url(self) -> str:
        return reverse("audit:case_export", args=[self.case.number])


class CaseAudit(CaseRows, ListPage):
    """All that happened to a case, and who saw the data of its parties."""


class CaseAuditExport(CaseRows, AuditExport):
    @property
    def logged_as(self) -> str:
        return f"audit/cases/{self.case.number}"


class PersonRows(CasesRows):
    """Of the cases of a person, whom the session alone knows. A sealed reporter is found by those alone who may
    reveal one: that somebody has reported is what the seal hides."""

    @cached_property
    def person(self) -> tuple[str, bytes]:
        """The kind of number, and its keyed hash."""
        found = self.request.session.get(SESSION, {}).get(self.kwargs["token"])
        if found is None:
            raise Http404
        return found[0], bytes.fromhex(found[1])

    @cached_property
    def cases(self) -> list[Case]:
        kind, found = self.person
        parties = Party.objects.filter(**{f"{kind}_hash": found}, case=OuterRef("pk"))
        if not sees_reporters(self.request.user):
            parties = parties.filter(sealed=False)
        rows = Case.objects.audited_by(self.request.user).filter(Exists(parties))
        return list(rows.only("number", "received_on").order_by("-received_at", "-pk")[: PERSON_CASES + 1])[:PERSON_CASES]

    @property
    def title(self) -> str:
        return gettext("Cases of one person")

    @property
    def page_url(self) -> str:
        return reverse("audit:person", args=[self.kwargs["token"]])

    @property
    def export_url(self) -> str:
        return reverse("audit:person_export", args=[self.kwargs["token"]])

    def get_context_data(self, **kwargs):
        return super().get_context_data(cases=self.cases, limit=PERSON_CASES, person=True, **kwargs)


class PersonAudit(PersonRows, ListPage):
    """Who saw, changed or worked on the cases of a person."""


class PersonAuditExport(PersonRows, AuditExport):
    @property
    def logged_as(self) -> str:
        return f"audit/person/{self.person[1].hex()[:LOGGED_DIGITS]}"


class OfficerRows(AuditRows):
    filterset_class = OfficerAuditFilterSet

    @cached_property
    def officer(self) -> User:
        return get_object_or_404(User.objects.audited_by(self.request.user), pk=self.kwargs["pk"])

    def narrowed(self, entries):
        return entries.filter(user=self.officer.pk)

    @property
    def title(self) -> str:
        return named(self.officer)

    @property
    def page_url(self) -> str:
        return reverse("audit:officer", args=[self.officer.pk])

    @property
    def export_url(self) -> str:
        return reverse("audit:officer_export", args=[self.officer.pk])


class OfficerAudit(OfficerRows, ListPage):
    """All that one user did: acts, changes, accesses, exports, imports, sign-ins."""


class OfficerAuditExport(OfficerRows, AuditExport):
    @property
    def logged_as(self) -> str:
        return f"audit/user/{self.officer.username}"
