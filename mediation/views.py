"""What the portal's pages show of mediation."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views import View

from cases.domain import CHANNEL
from cases.enums import MEDIATED_STATES, Verb
from cases.models import Case
from cases.tables import STATE_TONES
from cases.views.opened_from import opened_from
from core.exceptions import DomainError
from core.views import ScopedMixin
from core.workflow import last_event_id
from mediation.domain import act_on_referral, refer
from mediation.enums import ReferralState, ReferralVerb
from mediation.forms.referrals import RecallForm, ReferForm
from mediation.models import JudicialConfirmation, PlatformReferral


class CaseMediation(ScopedMixin, View):
    """The sessions of a case, what they came to and to whom its mediation is entrusted: a page, and without its frame
    what the page of the case loads. Whoever sees the case sees them, minutes apart: these stand in the session."""

    model = Case
    permission_required = "cases.view_case"

    def get(self, request, number):
        case = get_object_or_404(self.get_queryset(), number=number)
        user = request.user
        opens = user.is_staff and user.has_perm("mediation.view_session")
        sessions = case.sessions.with_stranded().select_related("mediator", "room", "agency")
        agreement = case.agreements.standing().with_reopened().first()
        own = set(user.agency.ids_within) if opens and user.agency_id else set()
        return render(request, "mediation/_case.html" if request.htmx else "mediation/case.html", {
            "case": case,
            "tone": STATE_TONES.get(case.state, "grey"),
            # one's own are opened; those of a body that a case is entrusted to are its own business
            "rows": [
                (session, opens and (user.is_superuser or session.agency_id in own))
                for session in sessions.order_by("period", "pk")
            ],
            "entrusted": case.entrustments.filter(ended_at__isnull=True).select_related("agency").first(),
            "may_schedule": user.is_staff and user.has_perm("mediation.add_session") and case.state in MEDIATED_STATES,
            "agreement": agreement,
            "instalments": list(agreement.instalments.all()) if agreement else [],
            "opens_agreement": user.is_staff and user.has_perm("mediation.view_agreement"),
            "today": timezone.localdate(),
            **confirmation_of(case, user),
            **opened_from(request),
        })  # fmt: skip


def confirmation_of(case: Case, user) -> dict:
    """The latest judicial confirmation of a case, for whoever sees the case; those who see confirmations open it."""
    found = JudicialConfirmation.objects.filter(agreement__case=case).select_related("agreement", "court").first()
    opens = user.is_staff and found and JudicialConfirmation.objects.visible_to(user).filter(pk=found.pk).exists()
    return {"confirmation": found, "opens_confirmation": opens}


class CaseChannel(ScopedMixin, View):
    """The referrals of a complaint to platforms: a page on which it is referred and taken back, and without its frame
    what the page of the case loads. Whoever sees the case sees them."""

    model = Case
    permission_required = "cases.view_case"

    @cached_property
    def case(self) -> Case:
        return get_object_or_404(self.get_queryset().select_related("platform"), number=self.kwargs["number"])

    @cached_property
    def referrals(self) -> list[PlatformReferral]:
        return list(self.case.referrals.select_related("platform"))

    @property
    def waiting(self) -> PlatformReferral | None:
        return next((one for one in self.referrals if one.state == ReferralState.WAITING), None)

    @cached_property
    def why_not(self) -> str:
        """Why the reader can refer the complaint no further now, in words."""
        if not self.request.user.has_perm(CHANNEL[Verb.REFER_CHANNEL].permission):
            return ""
        return CHANNEL[Verb.REFER_CHANNEL].why_not(self.case, self.request.user)

    @cached_property
    def act(self) -> str:
        """What the reader can do here now: "refer", "recall" or nothing."""
        if not self.request.user.has_perm(CHANNEL[Verb.REFER_CHANNEL].permission):
            return ""
        if self.waiting:
            return ReferralVerb.RECALL
        return "" if self.why_not else ReferralVerb.REFER

    def get(self, request, number):
        if request.htmx:
            return render(request, "mediation/_channel.html", self.context() | {"short": True})
        return self.show(self.form())

    def post(self, request, number):
        """Done on what the reader saw; whoever was quicker is named, and nothing is written."""
        if not request.user.has_perm(CHANNEL[Verb.REFER_CHANNEL].permission):
            raise PermissionDenied
        asked = request.POST.get("act")
        if asked != self.act:
            changed = _("Someone else has worked on this since you opened it, so nothing was done.")
            messages.warning(request, changed if self.act else self.why_not or changed)
            return HttpResponseRedirect(self.address)
        form = self.form(request.POST)
        if not form.is_valid():
            return self.show(form, status=422)
        given = form.cleaned_data
        try:
            if asked == ReferralVerb.REFER:
                made = refer(self.case, given["platform"], actor=request.user, note=given["note"])
                told = _("Referred to %(platform)s; due on %(due)s.") % {"platform": made.platform, "due": made.due_on}
            else:
                act_on_referral(
                    self.waiting, asked, actor=request.user, seen=given["seen"], note=given["reason"]
                )
                told = _("The complaint is back, and its terms run on.")
        except DomainError as refused:
            form.add_error(None, str(refused))
            return self.show(form, status=409)
        messages.success(request, told)
        return HttpResponseRedirect(self.address)

    @property
    def address(self) -> str:
        return f"{reverse('mediation:channel', args=[self.case.number])}{opened_from(self.request)['list_suffix']}"

    def form(self, data=None):
        if self.act == ReferralVerb.REFER:
            return ReferForm(data, initial={"platform": self.case.platform_id})
        if self.act == ReferralVerb.RECALL:
            return RecallForm(data, initial={"seen": last_event_id(self.waiting)})
        return None

    def show(self, form, status=200):
        asked = {
            ReferralVerb.REFER: (
                _("Refer to a platform"),
                _("The platform has ten working days to settle with the consumer. Until then all terms of the complaint "
                  "stand still, and nothing is decided on it."),
            ),
            ReferralVerb.RECALL: (_("Take back"), _("From tomorrow on the terms of the complaint run on.")),
        }.get(self.act, ("", ""))  # fmt: skip
        context = self.context() | {"form": form, "act": self.act, "heading": asked[0], "advice": asked[1]}
        return render(self.request, "mediation/channel.html", context, status=status)

    def context(self) -> dict:
        user, today = self.request.user, timezone.localdate()
        opens = user.is_staff and user.has_perm("mediation.view_platformreferral")
        return {
            "case": self.case,
            "tone": STATE_TONES.get(self.case.state, "grey"),
            "rows": [
                {
                    "referral": one, "over": one.is_over(today),
                    "url": reverse("admin:mediation_platformreferral_change", args=[one.pk]) if opens else "",
                }
                for one in self.referrals
            ],
            "may_refer": self.act == ReferralVerb.REFER,
            "may_recall": self.act == ReferralVerb.RECALL,
            "why_not": self.why_not,
            "channel_url": reverse("mediation:channel", args=[self.case.number]),
            **opened_from(self.request),
        }  # fmt: skip
