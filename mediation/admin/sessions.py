"""The mediators' workplace: sessions and what belongs to them."""

import datetime as dt

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.text import smart_split, unescape_string_literal
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import User
from cases.admin import OfAgencyAdmin, masked
from cases.models import Case
from cases.paper_pages import PaperPages
from cases.tables import as_written
from cases.views.lists import HEAVY, next_due
from core.act_pages import ActPages
from core.admin import ReadOnlyAdmin, ReadOnlyInline, RefusableAdmin, ScopedInline, VerbAdmin
from core.filters import FIRST_DAY, LAST_DAY
from core.templatetags.portal import state
from mediation.admin.case_acts import CaseActPages
from mediation.domain import (
    SESSION,
    act_on,
    adjourn,
    ask_recusal,
    cases_of,
    cases_to_agree,
    decide_recusal,
    end_entrustment,
    entrust,
    schedule,
    sessions_outside,
    suggest,
    why_outside,
)
from mediation.enums import RecusalDecision, SessionOutcome, SessionState, SessionVerb
from mediation.forms.sessions import (
    AppointmentFields,
    CallForm,
    CancelForm,
    DecisionForm,
    EndForm,
    EntrustmentForm,
    HoldForm,
    MediatorForm,
    MinutesForm,
    NoticeForm,
    RecordForm,
    RecusalForm,
    SessionForm,
    in_words,
)
from mediation.models import (
    Agreement,
    Attendance,
    Entrustment,
    Leave,
    MediatedCase,
    Mediator,
    Recusal,
    Room,
    Session,
    SessionEvent,
    WorkingHours,
)
from mediation.plan import (
    DAYS,
    agencies_of,
    chosen_agency,
    day_plan,
    monday_of,
    part_of,
    week_plan,
    with_calendar,
)
from registry.domain.calendar import shown_calendar

FORMS = {
    SessionVerb.CALL: CallForm, SessionVerb.HOLD: HoldForm, SessionVerb.CANCEL: CancelForm,
    SessionVerb.ADD_MINUTES: MinutesForm, SessionVerb.NOTICE: NoticeForm, SessionVerb.RECORD: RecordForm,
}  # fmt: skip
OUTSIDE = 10  # sessions that a message names
BOOKED_ELSEWHERE = _("Scheduled: %(session)s. Mediation is entrusted to %(agency)s, which keeps the session from here.")
TONES = {SessionState.SCHEDULED: "blue", SessionState.HELD: "green", SessionState.CANCELLED: "grey"}


class DeletableInline(ScopedInline):
    """Rows that whoever may change them takes away again: nothing else refers to them."""

    can_delete = True

    def has_delete_permission(self, request, obj=None):
        return self.has_change_permission(request, obj)


class HoursInline(DeletableInline):
    model = WorkingHours


class LeaveInline(DeletableInline):
    model = Leave


@admin.register(Mediator)
class MediatorAdmin(OfAgencyAdmin, RefusableAdmin):
    form = MediatorForm
    list_display = ["name", "agency", "shown_languages", "user", "active_from", "active_to"]
    list_select_related = ["agency", "user"]
    search_fields = ["name", "agency__name"]
    autocomplete_fields = ["agency", "fields"]
    inlines = [HoursInline, LeaveInline]

    def scoped(self, request):
        """Where one is chosen for a session, those of other agencies who may lead it, too."""
        chooses = request.resolver_match.url_name == "autocomplete"  # no other page looks mediators up so
        return Mediator.objects.choosable_by(request.user) if chooses else super().scoped(request)

    @admin.display(description=_("languages"), empty_value="-")
    def shown_languages(self, mediator):
        return mediator.spoken or None

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        user = request.user
        if db_field.name == "user":  # accounts of one's agencies that have a role in mediation, and no others
            accounts = User.objects.filter(is_active=True, groups__name="mediator")
            ids = user.agency.ids_within if user.agency_id else []
            kwargs["queryset"] = (accounts if user.is_superuser else accounts.filter(agency__in=ids)).order_by("username")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if change:
            self._name_outside(request, form.instance)

    @staticmethod
    def _name_outside(request, mediator) -> None:
        """What was booked before these times were entered stays; whoever enters them is told."""
        sessions = sessions_outside(mediator, Session.objects.visible_to(request.user), timezone.now())
        if not sessions:
            return
        told = ngettext(
            "%(n)d scheduled session lies outside the times of this mediator. It stays booked until it is moved or "
            "cancelled:",
            "%(n)d scheduled sessions lie outside the times of this mediator. They stay booked until they are moved or "
            "cancelled:",
            len(sessions),
        ) % {"n": len(sessions)}
        links = format_html_join(", ", '<a href="{}">{}</a>', (
            (
                reverse("admin:mediation_session_change", args=[one.pk]),
                f"{timezone.localtime(one.period.lower):%Y-%m-%d %H:%M} {one.case.number}",
            )
            for one in sessions[:OUTSIDE]
        ))  # fmt: skip
        messages.warning(request, format_html("{} {}{}", told, links, ", …" if len(sessions) > OUTSIDE else ""))


@admin.register(Room)
class RoomAdmin(OfAgencyAdmin, RefusableAdmin):
    list_display = ["name", "agency", "address", "seats", "closed"]
    list_select_related = ["agency"]
    list_filter = ["closed"]
    search_fields = ["name", "agency__name"]
    autocomplete_fields = ["agency"]


class NamesMediator:
    """A form in which a mediator is chosen: any who may lead a session of a case on which one works."""

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "mediator":
            kwargs["queryset"] = Mediator.objects.choosable_by(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class OfSession:
    """What belongs to a session is seen by whoever sees sessions."""

    def has_view_permission(self, request, obj=None):
        return request.user.has_perm("mediation.view_session")


class AttendanceInline(OfSession, ReadOnlyInline):
    model = Attendance
    fields = readonly_fields = ["who", "means", "called_at", "presence", masked(Attendance, "note")]

    @admin.display(description=_("called"))
    def who(self, attendance):
        return in_words(attendance)

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("party")


class EventInline(OfSession, ReadOnlyInline):
    model = SessionEvent
    fields = readonly_fields = ["at", "what", "who", masked(SessionEvent, "note")]
    ordering = ["-pk"]

    @admin.display(description=_("act"))
    def what(self, event):
        return event.label

    @admin.display(description=_("by"))
    def who(self, event):
        return format_html('<span translate="no">{}</span>', event.actor.get_full_name()) if event.actor else "-"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("actor")


class WhenFilter(admin.SimpleListFilter):
    """Sessions by their day."""

    title = _("time")
    parameter_name = "when"

    def lookups(self, request, model_admin):
        return [
            ("stranded", _("Can no longer be held")), ("today", _("Today")), ("week", _("Within seven days")),
            ("past", _("Past, without an outcome")),
        ]  # fmt: skip

    def queryset(self, request, queryset):
        today = timezone.localdate()
        match self.value():
            case "stranded":
                return queryset.stranded()
            case "today":
                return queryset.on(today)
            case "week":
                return queryset.on(today, today + dt.timedelta(days=6))
            case "past":
                return queryset.scheduled().filter(period__endswith__lt=timezone.now())
        return queryset


@admin.register(Session)
class SessionAdmin(ActPages, CaseActPages, PaperPages, NamesMediator, VerbAdmin):
    workflow, act_forms = SESSION, FORMS
    act_related = ("case", "mediator")
    form = SessionForm
    list_display = ["time", "number", "merchant", "mediator", "where", "shown_state", "outcome"]
    list_select_related = ["case__merchant", "mediator", "room"]
    list_filter = [WhenFilter, "state", "outcome"]
    ordering = ["-period", "-pk"]
    sortable_by = ["time"]
    search_fields = ["case__number__startswith", "mediator__name"]
    search_help_text = _("Beginning of the case number, or name of the mediator")
    autocomplete_fields = ["mediator", "room"]
    proposed = ("number", "day", "starts", "ends", "mediator")
    fieldsets = [
        (None, {"fields": ["number"]}),
        (_("Time"), {"fields": [("day", "starts", "ends")]}),
        (_("Place"), {"fields": ["mode", "room", "place", "link"]}),
        (_("Who"), {"fields": ["mediator", "note"]}),
    ]
    inlines = [AttendanceInline, EventInline]
    change_form_template = "mediation/admin/session.html"

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        formfield = super().formfield_for_foreignkey(db_field, request, **kwargs)
        formfield.widget.attrs["translate"] = "no"  # names of people and rooms
        return formfield

    @admin.display(description=_("time"), ordering="period")
    def time(self, session):
        starts, ends = (timezone.localtime(when) for when in (session.period.lower, session.period.upper))
        return f"{starts:%Y-%m-%d %H:%M}-{ends:%H:%M}"

    @admin.display(description=_("case"))
    def number(self, session):
        return session.case.number

    @admin.display(description=_("merchant"), empty_value="-")
    def merchant(self, session):
        return as_written(session.case.merchant, session.case.merchant_written)

    @admin.display(description=_("place"))
    def where(self, session):
        return session.room or session.place or session.get_mode_display()

    @admin.display(description=_("state"))
    def shown_state(self, session):
        if session.stranded:
            return state(_("Can no longer be held"), "red")
        return state(session.get_state_display(), TONES[session.state])

    def get_queryset(self, request):
        rows = super().get_queryset(request).with_stranded()
        is_page = request.resolver_match.url_name == "mediation_session_change"
        return rows.select_related("case__merchant", "mediator", "room") if is_page else rows

    def has_change_permission(self, request, obj=None):
        may = super().has_change_permission(request, obj)
        return may and (obj is None or obj.state == SessionState.SCHEDULED)

    def get_inlines(self, request, obj):
        return self.inlines if obj else []

    def suggestions(self, request) -> list:
        """The mediators for the case and time that the address or the form names, with what speaks for and against."""
        given = request.POST or request.GET
        case = cases_of(request.user).filter(number=given.get("number", "").strip()).first()
        form = AppointmentFields(given)
        if case is None or not form.is_valid():
            return []
        return suggest(case, *form.times())

    def write(self, request, obj, form, change):
        if not change:
            return schedule(form.case, form.appointment(), actor=request.user, note=form.cleaned_data["note"])
        act_on(obj, SessionVerb.MOVE, actor=request.user, appointment=form.appointment())
        return obj

    def response_add(self, request, obj, post_url_continue=None):
        """Of a session that is another body's from then on, whoever booked it is told whose, without a way to it."""
        if Session.objects.visible_to(request.user).filter(pk=obj.pk).exists():
            return super().response_add(request, obj, post_url_continue)
        messages.success(request, BOOKED_ELSEWHERE % {"session": obj, "agency": obj.agency})
        return HttpResponseRedirect(reverse("admin:mediation_session_changelist"))

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj:
            steps = [step for step in SESSION.available(obj, request.user) if step.verb in FORMS]
            seen = Case.objects.visible_to(request.user).filter(pk=obj.case_id).exists()
            context |= {
                "steps": steps, "session": obj, "case_url": obj.case.get_absolute_url() if seen else "",
                "papers": self.papers(request, obj), "agreement_url": self._agreement_url(request.user, obj),
                "outside": self._why_outside(obj),
                **self.of_case(request, obj),
            }  # fmt: skip
        elif add:
            context["suggestions"] = self.suggestions(request)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_urls(self):
        wrap = self.admin_site.admin_view
        return [
            path("calendar/", wrap(self.calendar_view), name="mediation_session_calendar"),
            *self.act_urls(),
            *self.case_act_urls(),
            *self.paper_urls(),
            *super().get_urls(),
        ]

    @staticmethod
    def _why_outside(session) -> str:
        """Why a session ahead could not be booked any more with its mediator, whose times were entered later."""
        starts, ends = session.period.lower, session.period.upper
        if session.state != SessionState.SCHEDULED or starts <= timezone.now():
            return ""
        return why_outside(session.mediator, starts, ends, shown_calendar().calendar())

    @staticmethod
    def _agreement_url(user, session) -> str:
        """Where what the session came to is drawn up, or stands."""
        if session.outcome != SessionOutcome.AGREEMENT or not user.has_perm("mediation.view_agreement"):
            return ""
        standing = session.case.agreements.standing().first()
        if standing is not None:
            seen = Agreement.objects.open_to(user).filter(pk=standing.pk).exists()
            return reverse("admin:mediation_agreement_change", args=[standing.pk]) if seen else ""
        if not user.has_perm("mediation.add_agreement"):
            return ""
        if not cases_to_agree(session, user).filter(pk=session.case_id).exists():
            return ""  # of a case that has gone elsewhere
        return f"{reverse('admin:mediation_agreement_add')}?{urlencode({'number': session.case.number})}"

    def get_search_results(self, request, queryset, search_term):
        """Every word, as the administration takes them from what was typed, must be found."""
        for word in smart_split(search_term):
            quoted = word[0] in "\"'" and word[0] == word[-1]
            queryset = queryset.found_by(unescape_string_literal(word) if quoted else word)
        return queryset, False

    def calendar_view(self, request):
        """A day or a week of the user's agencies, or of one of them with those below it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        user, given = request.user, request.GET
        view = "week" if given.get("view") == "week" else "day"
        day = parsed_day(given.get("day")) or timezone.localdate()
        first = monday_of(day) if view == "week" else day
        span = DAYS if view == "week" else 1
        last = first + dt.timedelta(days=span - 1)
        sessions = Session.objects.visible_to(user).standing().on(first, last).order_by()
        mediators = Mediator.objects.on_calendar(user, day, sessions)
        rooms = Room.objects.visible_to(user).in_use() if view == "day" else Room.objects.none()
        agencies = agencies_of(user)
        agency = chosen_agency(agencies, given.get("agency"))
        if agency:
            ids = [one.pk for one in agencies if one.path.startswith(agency.path)]
            mediators, rooms = mediators.at_work_for(ids, sessions), rooms.filter(agency__in=ids)
        part = part_of(mediators, rooms, first=agency or user.agency, page=given.get("page"))
        entries = part.entries(sessions)
        kept = {"agency": agency.pk if agency else "", "page": part.page if part.page > 1 else ""}
        context = self.admin_site.each_context(request) | {
            "title": _("Calendar"), "opts": self.opts, "view": view, "day": day, "mediators": part.mediators,
            "part": part, "agency": agency, "agencies": with_calendar(agencies, agency),
            "kept": "".join(f"&{name}={value}" for name, value in kept.items() if value),
            "kept_agency": f"&agency={agency.pk}" if agency else "",
            "before": urlencode({"day": first - dt.timedelta(days=span), "view": view}),
            "after": urlencode({"day": last + dt.timedelta(days=1), "view": view}),
            "heading": f"{first}" if view == "day" else f"{first} - {last}",
        }  # fmt: skip
        if view == "week":
            context |= {
                "lines": week_plan(entries, first, part),
                "days": [first + dt.timedelta(days=number) for number in range(DAYS)],
            }
        else:
            plan = day_plan(entries, day, part)
            context |= {"plan": plan, "columns": 2 * len(plan.heads) + 1}
        return TemplateResponse(request, "mediation/admin/calendar.html", context)

    def act(self, request, verb, obj, form):
        given = {"actor": request.user, "seen": form.cleaned_data["seen"]} | form.act_data()
        following = form.following() if verb == SessionVerb.HOLD else None
        if following:
            given.pop("outcome")
            adjourn(obj, following, **given)
        else:
            act_on(obj, verb, **given)


def parsed_day(text: str | None) -> dt.date | None:
    """A day as the address has it; None where there is none, or none that a calendar can show."""
    try:
        day = parse_date(text or "")
    except ValueError:
        return None
    return day if day and FIRST_DAY <= day <= LAST_DAY else None


class NeedsFilter(admin.SimpleListFilter):
    """What is to be done about a case in mediation."""

    title = _("to do")
    parameter_name = "todo"

    def lookups(self, request, model_admin):
        return [("schedule", _("To schedule"))]

    def queryset(self, request, queryset):
        return queryset.to_schedule() if self.value() == "schedule" else queryset


@admin.register(MediatedCase)
class MediatedCaseAdmin(ReadOnlyAdmin):
    """Accepted complaints whose mediation is not over, of one's agencies and entrusted ones; each leads to its page,
    and to a session."""

    list_display = ["number", "merchant_name", "state", "accepted_at", "due", "next_session", "schedule_link"]
    list_select_related = ["merchant"]
    list_display_links = None
    list_filter = [NeedsFilter, "state"]
    search_fields = ["number__startswith"]
    search_help_text = _("Beginning of the case number")
    sortable_by = []
    ordering = ["-received_at", "-pk"]

    def get_queryset(self, request):
        scheduled = Session.objects.scheduled().order_by("period")
        return (
            super().get_queryset(request).in_mediation()
            .annotate(next_due=next_due(known=True))
            .prefetch_related(Prefetch("sessions", scheduled, to_attr="scheduled"))
            .defer(*HEAVY)
        )

    def has_view_permission(self, request, obj=None):
        return obj is None and super().has_view_permission(request, obj)

    @admin.display(description=_("merchant"), empty_value="-")
    def merchant_name(self, case):
        return as_written(case.merchant, case.merchant_written)

    @admin.display(description=_("due on"), empty_value="-")
    def due(self, case):
        return case.next_due

    @admin.display(description=_("next session"), empty_value="-")
    def next_session(self, case):
        if not case.scheduled:
            return None
        session = case.scheduled[0]
        address = reverse("admin:mediation_session_change", args=[session.pk])
        return format_html(
            '<a href="{}">{}</a>', address, f"{timezone.localtime(session.period.lower):%Y-%m-%d %H:%M}"
        )

    @admin.display(description=_("session"))
    def schedule_link(self, case):
        address = reverse("admin:mediation_session_add")
        return format_html('<a href="{}?number={}">{}</a>', address, case.number, _("Schedule"))


class EndedFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "ended"

    def lookups(self, request, model_admin):
        return [("no", _("In force")), ("yes", _("Ended"))]

    def queryset(self, request, queryset):
        ended = {"no": False, "yes": True}.get(self.value())
        return queryset if ended is None else queryset.filter(ended_at__isnull=not ended)


@admin.register(Entrustment)
class EntrustmentAdmin(VerbAdmin):
    """What was entrusted stays as it is; what is done to it later is to end it."""

    form, second_form = EntrustmentForm, EndForm
    list_display = ["case", "agency", "entrusted_at", "entrusted_by", "ended_at"]
    list_select_related = ["case", "agency", "entrusted_by"]
    list_filter = [EndedFilter]
    ordering = ["-entrusted_at", "-pk"]
    sortable_by = ["entrusted_at"]
    search_fields = ["case__number__startswith"]
    search_help_text = _("Beginning of the case number")
    autocomplete_fields = ["agency"]
    proposed = ("number",)
    looked_at = [
        "case", "agency", "complainant_agrees", "respondent_agrees", masked(Entrustment, "note"), "entrusted_at",
        "entrusted_by", "ended_at", "ended_by", masked(Entrustment, "ended_because"),
    ]  # fmt: skip

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and (obj is None or obj.ended_at is None)

    def get_fields(self, request, obj=None):
        if obj is None:
            return ["number", "agency", "complainant_agrees", "respondent_agrees", "note"]
        return [*self.looked_at, *(["because"] if self.has_change_permission(request, obj) else [])]

    def get_readonly_fields(self, request, obj=None):
        return self.looked_at if obj else []

    def write(self, request, obj, form, change):
        given = form.cleaned_data
        if change:
            return end_entrustment(obj, because=given["because"], actor=request.user)
        return entrust(
            form.case, given["agency"], complainant_agrees=given["complainant_agrees"],
            respondent_agrees=given["respondent_agrees"], note=given["note"], actor=request.user,
        )  # fmt: skip


@admin.register(Recusal)
class RecusalAdmin(NamesMediator, VerbAdmin):
    """An application is recorded, and decided on by another person."""

    form, second_form = RecusalForm, DecisionForm
    list_display = ["case", "mediator", "side", "asked_at", "decision", "decided_by"]
    list_select_related = ["case", "mediator", "decided_by"]
    list_filter = ["decision"]
    ordering = ["-asked_at", "-pk"]
    sortable_by = ["asked_at"]
    search_fields = ["case__number__startswith", "mediator__name"]
    search_help_text = _("Beginning of the case number, or name of the mediator")
    autocomplete_fields = ["mediator"]
    proposed = ("number", "mediator")
    looked_at = [
        "case", "mediator", "side", masked(Recusal, "reason"), "asked_at", "recorded_by", "decision", "decided_at",
        "decided_by",
    ]  # fmt: skip

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and (obj is None or not obj.decision)

    def get_fields(self, request, obj=None):
        if obj is None:
            return ["number", "mediator", "side", "reason"]
        asked = ["verdict", "note"] if self.has_change_permission(request, obj) else [masked(Recusal, "note")]
        return [*self.looked_at, *asked]

    def get_readonly_fields(self, request, obj=None):
        return [*self.looked_at, masked(Recusal, "note")] if obj else []

    def write(self, request, obj, form, change):
        given = form.cleaned_data
        if change:
            granted = given["verdict"] == RecusalDecision.GRANTED
            return decide_recusal(obj, granted=granted, note=given["note"], actor=request.user)
        return ask_recusal(form.case, given["mediator"], side=given["side"], reason=given["reason"], actor=request.user)
