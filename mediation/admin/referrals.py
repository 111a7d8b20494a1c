"""The green channel: what is with which platform, its answers, and what became of it."""

import datetime as dt
from functools import cache

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404
from django.template.defaultfilters import linebreaksbr
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from accounts.client import client_ip
from accounts.domain import SYSTEM
from cases.domain.reasons import MIN_REASON
from cases.forms.reveal import RevealForm
from cases.models import Case
from core.act_pages import ActPages
from core.admin import ReadOnlyAdmin, ReadOnlyInline
from core.exceptions import DomainError
from core.personal_data import PersonalDataError
from core.templatetags.portal import money, state
from core.text import mask_numbers
from core.workflow import Transition
from mediation.domain import REFERRAL, act_on_referral, facts_for_platform, reveal_phones
from mediation.enums import ReferralState, ReferralVerb
from mediation.forms.referrals import ReasonForm, ReplyForm, SettleForm
from mediation.models import PlatformReferral, ReferralEvent
from mediation.querysets import is_of_platform
from registry.models import Platform

FORMS = {
    ReferralVerb.REPLY: ReplyForm, ReferralVerb.SETTLE: SettleForm, ReferralVerb.DECLINE: ReasonForm,
    ReferralVerb.RECALL: ReasonForm,
}  # fmt: skip
TONES = {ReferralState.WAITING: "blue", ReferralState.SETTLED: "green", ReferralState.RETURNED: "grey"}
SOON = dt.timedelta(days=3)


@cache
def written(model: type[Model], name: str):
    """A line of a page that shows what someone has written, as it stands, with the numbers of people masked."""

    def show(row):
        text = linebreaksbr(mask_numbers(getattr(row, name)), autoescape=True)
        return format_html('<span translate="no">{}</span>', text) if text else "-"

    show.__name__ = name
    return admin.display(description=model._meta.get_field(name).verbose_name)(show)


def shown_state(referral: PlatformReferral):
    """The state as a mark. What waits although its term is over has come back, and only has to be written down."""
    if referral.is_over(timezone.localdate()):
        return state(_("Term over, comes back"), "red")
    return state(referral.result, TONES[referral.state])


class PlatformFilter(admin.SimpleListFilter):
    title = _("platform")
    parameter_name = "platform"

    def lookups(self, request, model_admin):
        return [(str(one.pk), one.label) for one in Platform.objects.exclude(green_from=None).order_by("code")]

    def queryset(self, request, queryset):
        value = self.value() or ""
        return queryset.filter(platform=value) if value.isascii() and value.isdigit() and len(value) < 10 else queryset


class DueFilter(admin.SimpleListFilter):
    """Of those that are with a platform: when its term ends."""

    title = _("due")
    parameter_name = "due"

    def lookups(self, request, model_admin):
        return [("over", _("Term over")), ("soon", _("Within three days")), ("unanswered", _("Without a reply"))]

    def queryset(self, request, queryset):
        today = timezone.localdate()
        match self.value():
            case "over":
                return queryset.over(today)
            case "soon":
                return queryset.waiting().filter(due_on__range=(today, today + SOON))
            case "unanswered":
                return queryset.waiting().filter(replied_at__isnull=True)
        return queryset


class OfReferral:
    """What belongs to a referral is seen by whoever sees referrals."""

    def has_view_permission(self, request, obj=None):
        return request.user.has_perm("mediation.view_platformreferral")


class ReferralEventInline(OfReferral, ReadOnlyInline):
    """For people of a platform without the names of the officials."""

    model = ReferralEvent
    fields = readonly_fields = ["at", "what", "who", written(ReferralEvent, "note")]
    ordering = ["-pk"]
    reader = None

    @admin.display(description=_("act"))
    def what(self, event):
        return event.label

    @admin.display(description=_("by"), empty_value="-")
    def who(self, event):
        if event.actor is None:
            return None
        if event.actor.username == SYSTEM:
            return _("By itself")
        if is_of_platform(self.reader) and event.actor.agency_id != self.reader.agency_id:
            return _("The regulator")
        return format_html('<span translate="no">{}</span>', event.actor.get_full_name())

    def get_queryset(self, request):
        self.reader = request.user  # an inline is made anew for each request
        return super().get_queryset(request).select_related("actor")


@admin.register(PlatformReferral)
class ReferralAdmin(ActPages, ReadOnlyAdmin):
    workflow, act_forms, act_related = REFERRAL, FORMS, ("case", "platform")
    list_display = ["number", "platform", "shown", "referred_at", "due", "replied_at", "ended_at"]
    list_select_related = ["case", "platform"]
    list_filter = ["state", DueFilter, PlatformFilter]
    ordering = ["-referred_at", "-pk"]
    sortable_by = ["referred_at"]
    search_fields = ["case__number__startswith"]
    search_help_text = _("Beginning of the case number")
    inlines = [ReferralEventInline]
    readonly_fields = ["number", "platform_name", "shown", "due", "recovered"]
    change_form_template = "mediation/admin/referral.html"

    def get_fieldsets(self, request, obj=None):
        """What there is so far: the answer once there is one, the end once it has ended."""
        replied = ["replied_at", written(PlatformReferral, "reply")] if obj.replied_at else []
        texts = [name for name in ("settlement", "reason") if getattr(obj, name)]
        ended = ["ended_at", *(written(PlatformReferral, name) for name in texts)] if obj.ended_at else []
        ended += ["recovered"] if obj.recovery_id else []
        sets = [
            (None, ["number", "platform_name", "shown", "referred_at", "due"]), (_("Answer of the platform"), replied),
            (_("End"), ended),
        ]  # fmt: skip
        return [(title, {"fields": fields}) for title, fields in sets if fields]

    @admin.display(description=_("case"))
    def number(self, referral):
        return referral.case.number

    @admin.display(description=_("platform"))
    def platform_name(self, referral):
        return str(referral.platform)  # no link: its people do not see the register of platforms

    @admin.display(description=_("state"))
    def shown(self, referral):
        return shown_state(referral)

    @admin.display(description=_("due on"))
    def due(self, referral):
        day = date_format(referral.due_on)
        return f"{day} ({_('provisional')})" if referral.provisional else day

    @admin.display(description=_("amount recovered (CNY)"))
    def recovered(self, referral):
        posting = referral.recovery
        kind, status = posting.get_kind_display(), posting.get_status_display()
        return format_html('<span class="tnum">{}</span> ({}, {})', money(posting.amount), kind, status)

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("case__merchant", "platform", "recovery")

    def get_list_filter(self, request):
        own = is_of_platform(request.user)  # who has one platform needs no choice among them
        return [one for one in self.list_filter if not (own and one is PlatformFilter)]

    def get_urls(self):
        reveal = self.admin_site.admin_view(self.reveal_view)
        return [
            *self.act_urls(),
            path("<int:pk>/phone/", reveal, name="mediation_platformreferral_phone"),
            *super().get_urls(),
        ]

    def why_not(self, step: Transition, obj, user) -> str:
        if reason := super().why_not(step, obj, user):
            return reason
        if step.verb != ReferralVerb.RECALL and obj.is_over(timezone.localdate()):
            return _("The term of the platform ended on %(due)s, and the complaint goes back to the regulator.") % {
                "due": obj.due_on
            }
        return ""

    def act(self, request, verb, obj, form):
        act_on_referral(obj, verb, actor=request.user, seen=form.cleaned_data["seen"], **form.act_data())

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        user = request.user
        steps = [step for step in REFERRAL.available(obj, user) if not self.why_not(step, obj, user)]
        sees_case = Case.objects.visible_to(user).filter(pk=obj.case_id).exists()
        context |= {
            "referral": obj, "steps": steps, "facts": facts_for_platform(obj),
            "case_url": obj.case.get_absolute_url() if sees_case else "",
            "channel_url": reverse("mediation:channel", args=[obj.case.number]) if sees_case else "",
            "may_reveal": self.may_reveal(request, obj),
        }  # fmt: skip
        return super().render_change_form(request, context, add, change, form_url, obj)

    @staticmethod
    def may_reveal(request, referral) -> bool:
        waits = referral.state == ReferralState.WAITING and not referral.is_over(timezone.localdate())
        return waits and request.user.has_perm("cases.settle_channel")

    @method_decorator(never_cache)
    def reveal_view(self, request, pk):
        """Asks why the telephone of the complainant is needed; shows it once, after the reason is in the access log."""
        if not request.user.has_perm("cases.settle_channel"):
            raise PermissionDenied
        referral = self.get_queryset(request).filter(pk=pk).first()
        if referral is None:
            raise Http404
        form = RevealForm(request.POST if request.method == "POST" else None)
        phones = None
        if form.is_valid():
            try:
                phones = reveal_phones(
                    referral, actor=request.user, reason=form.cleaned_data["reason"], ip=client_ip(request)
                )
            except DomainError as error:
                form.add_error("reason", str(error))
            except PersonalDataError:
                form.add_error(None, _("The stored data cannot be read: the key that encrypted it is not configured."))
        context = self.admin_site.each_context(request) | {
            "title": _("Telephone of the complainant"), "subtitle": str(referral), "opts": self.opts, "form": form,
            "referral": referral, "phones": phones, "min_reason": MIN_REASON,
            "back": reverse("admin:mediation_platformreferral_change", args=[pk]),
        }  # fmt: skip
        return TemplateResponse(request, "mediation/admin/phone.html", context)
