"""What mediators enter in the admin. The rules stand in the domain; a form reads, and says what is missing."""

import datetime as dt

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from cases.enums import TOLD_BY, GroundPurpose, Outcome, Side, State
from cases.forms.acts import ground_in_words, party_in_words
from cases.forms.documents import RECUSAL_DAYS
from cases.models import Case, Ground
from cases.official_forms import asked_label
from core.act_forms import DAY_FORMATS, NOTE_LENGTH, ActForm, text_field
from core.admin import RefusableForm, VerbForm
from core.filters import DateInput
from mediation.domain import Appointment, cases_of
from mediation.domain.papers import letterhead_of
from mediation.domain.sessions import UNCONSENTED, needs_consent
from mediation.enums import Language, Presence, RecusalDecision, SessionOutcome
from mediation.models import Attendance, Entrustment, Recusal, Room, Session

MINUTES_LENGTH = 20_000
FROM, UNTIL = pgettext_lazy("time of day", "From"), pgettext_lazy("time of day", "Until")


class TimeInput(forms.TimeInput):
    """The browser's own time picker, to the minute."""

    input_type = "time"

    def __init__(self, attrs=None):
        super().__init__(attrs=attrs, format="%H:%M")


class MediatorForm(RefusableForm):
    languages = forms.MultipleChoiceField(
        label=_("Languages"), choices=Language, required=False, widget=forms.CheckboxSelectMultiple
    )


class AppointmentFields(forms.Form):
    """Day and hours of a session, as local times."""

    day = forms.DateField(label=_("Day"), input_formats=DAY_FORMATS, widget=DateInput())
    starts = forms.TimeField(label=FROM, widget=TimeInput())
    ends = forms.TimeField(label=UNTIL, widget=TimeInput())

    def times(self) -> tuple[dt.datetime, dt.datetime]:
        given = self.cleaned_data
        starts, ends = (dt.datetime.combine(given["day"], given[name]) for name in ("starts", "ends"))
        return timezone.make_aware(starts), timezone.make_aware(ends)


class CaseNumberForm(VerbForm):
    """Names its case by number: who mediates an entrusted case does not see it in other lists."""

    number = forms.CharField(
        label=_("Case number"), max_length=20, widget=forms.TextInput({"autocomplete": "off"}),
        help_text=_("Of an accepted complaint; “Cases in mediation” leads here with it."),
    )  # fmt: skip

    def clean_number(self):
        number = self.cleaned_data["number"].strip()
        self.case = self.cases(number).filter(number=number).first()
        if self.case is None:
            raise forms.ValidationError(_("No case that you may mediate has this number."))
        return number

    def cases(self, number: str) -> QuerySet[Case]:
        """Those of which one may be named."""
        return cases_of(self.user)


class SessionForm(AppointmentFields, CaseNumberForm):
    """When, where and by whom; the parties are put on its list by themselves."""

    note = forms.CharField(label=_("Note"), required=False, max_length=NOTE_LENGTH)

    class Meta:
        model = Session
        fields = ["mediator", "mode", "room", "place", "link"]

    def __init__(self, *args, **kwargs):
        instance = kwargs.get("instance")
        if instance is not None and instance.pk:
            starts, ends = (timezone.localtime(when) for when in (instance.period.lower, instance.period.upper))
            stored = {"day": starts.date(), "starts": starts.time(), "ends": ends.time(), "number": instance.case.number}
            kwargs["initial"] = stored | (kwargs.get("initial") or {})
        super().__init__(*args, **kwargs)
        self.fields["number"].disabled = instance is not None and bool(instance.pk)
        if instance is not None and instance.room_id and "room" in self.fields:  # it may be another agency's
            self.fields["room"].queryset |= Room.objects.filter(pk=instance.room_id)

    def clean_number(self):
        """Of a session that is there, the case stands; whoever leads it may not see the case elsewhere."""
        return self.cleaned_data["number"] if self.instance.pk else super().clean_number()

    def appointment(self) -> Appointment:
        given = self.cleaned_data
        starts, ends = self.times()
        return Appointment(
            given["mediator"], starts, ends, given["mode"], given["room"], given["place"], given["link"]
        )


class EntrustmentForm(CaseNumberForm):
    class Meta:
        model = Entrustment
        fields = ["agency", "complainant_agrees", "respondent_agrees", "note"]


class EndForm(VerbForm):
    """The end of an entrustment."""

    because = forms.CharField(
        label=_("Reason of the end"), max_length=500, widget=AdminTextareaWidget({"rows": 3}),
        help_text=_("The mediation goes back to the bureau that holds the case."),
    )  # fmt: skip

    class Meta:
        model = Entrustment
        fields: list[str] = []


class RecusalForm(CaseNumberForm):
    class Meta:
        model = Recusal
        fields = ["mediator", "side", "reason"]
        widgets = {"reason": AdminTextareaWidget({"rows": 3})}


class DecisionForm(VerbForm):
    """The decision on an application for recusal."""

    verdict = forms.ChoiceField(
        label=_("Decision"), choices=[("", _("Choose…")), *(pair for pair in RecusalDecision.choices if pair[0])]
    )

    class Meta:
        model = Recusal
        fields = ["note"]


class CallForm(ActForm):
    attendances = forms.ModelMultipleChoiceField(
        Attendance.objects.none(), label=_("Who was called"), widget=forms.CheckboxSelectMultiple
    )
    means = forms.ChoiceField(
        label=pgettext_lazy("means of a notice", "By"), choices=[(means.value, means.label) for means in TOLD_BY]
    )
    note = text_field(_("Note"), required=False)

    def build(self):
        field = self.fields["attendances"]
        field.queryset = self.subject.attendances.select_related("party")
        field.label_from_instance = in_words
        field.initial = [one.pk for one in field.queryset if not one.means]


class HoldForm(ActForm):
    """The roll call, the minutes and the outcome; of an adjourned session the time of the next one, too."""

    outcome = forms.ChoiceField(label=_("Outcome"), choices=[("", _("Choose…")), *SessionOutcome.choices])
    ground = forms.ModelChoiceField(
        Ground.objects.none(), label=_("Legal ground"), required=False, empty_label=_("Choose…"),
        help_text=_("Needed where no agreement was reached, or a party was absent without good reason."),
    )  # fmt: skip
    minutes = text_field(_("Minutes"), rows=10, length=MINUTES_LENGTH)
    note = text_field(_("Note"), required=False)
    next_day = forms.DateField(
        label=_("Next session on"), required=False, input_formats=DAY_FORMATS, widget=DateInput(),
        help_text=_("Of an adjourned session, where the time of the next one is known; same place and mediator."),
    )  # fmt: skip
    next_starts = forms.TimeField(label=FROM, required=False, widget=TimeInput())
    next_ends = forms.TimeField(label=UNTIL, required=False, widget=TimeInput())

    def build(self):
        case = self.subject.case
        grounds = Ground.objects.for_case(case, GroundPurpose.TERMINATE)
        self.fields["ground"].queryset = grounds.filter(outcome=Outcome.FAILED, after_term=False)
        self.fields["ground"].label_from_instance = ground_in_words
        roll = {}
        for attendance in self.subject.attendances.select_related("party"):
            roll[f"presence_{attendance.pk}"] = forms.ChoiceField(
                label=in_words(attendance), choices=[("", _("Choose…")), *(pair for pair in Presence.choices if pair[0])],
                initial=attendance.presence,
            )  # fmt: skip
        consents = {}
        if case.state == State.ACCEPTED:
            consents["both_consent"] = forms.BooleanField(
                label=_("Both parties consent to mediation"), required=False,
                help_text=_("Order 121, art 18. Mediation begins with it; leave it open where nobody gave it."),
            )
        if sum(one.side == Side.COMPLAINANT for one in self.subject.attendances.all()) > 1:
            consents["represented_agree"] = forms.BooleanField(
                label=_("Those who are represented have agreed"), required=False
            )
        self.fields = roll | consents | self.fields

    def clean(self):
        given = super().clean()
        following = [given.get(f"next_{name}") for name in ("day", "starts", "ends")]
        if any(following) and not all(following):
            self.add_error("next_day", _("Give the day, the beginning and the end of the next session, or none of them."))
        if any(following) and given.get("outcome") != SessionOutcome.ADJOURNED:
            self.add_error("next_day", _("Only an adjourned session is followed by another."))
        if needs_consent(self.subject.case, given.get("outcome")) and not given.get("both_consent"):
            self.add_error("both_consent", UNCONSENTED)
        return given

    def following(self) -> Appointment | None:
        """The next session, where its time was given."""
        given, session = self.cleaned_data, self.subject
        if not given["next_day"]:
            return None
        starts, ends = (
            timezone.make_aware(dt.datetime.combine(given["next_day"], given[f"next_{name}"]))
            for name in ("starts", "ends")
        )
        return Appointment(
            session.mediator, starts, ends, session.mode, session.room, session.place, session.link
        )

    def act_data(self):
        given = super().act_data()
        roll = {
            int(name.removeprefix("presence_")): value for name, value in given.items() if name.startswith("presence_")
        }
        left_out = ("next_day", "next_starts", "next_ends")
        kept = {name: value for name, value in given.items() if not name.startswith("presence_") and name not in left_out}
        return kept | {"roll": roll}


class CancelForm(ActForm):
    note = text_field(_("Reason"))


class MinutesForm(ActForm):
    text = text_field(_("What is added"), rows=8, length=MINUTES_LENGTH)


class NoticeForm(ActForm):
    """For whom the notice of a session is made out, and what it says besides."""

    side = forms.ChoiceField(label=_("Addressee"), choices=[pair for pair in Side.choices if pair[0]])
    contact_phone = forms.CharField(max_length=40)
    recusal_days = forms.IntegerField(min_value=1, max_value=30, initial=RECUSAL_DAYS)
    bring = forms.CharField(required=False, max_length=200)

    def build(self):
        letterhead = letterhead_of(self.subject.case)
        self.fields["contact_phone"].initial = letterhead.phone if letterhead else ""
        for name in ("contact_phone", "recusal_days", "bring"):
            self.fields[name].label = asked_label(name)


class RecordForm(ActForm):
    """The record says what is stored; nothing else is asked."""


def in_words(attendance: Attendance) -> str:
    """Who is called: the merchant, or a party as far as it may be seen without a reveal. Names stay untranslated."""
    if attendance.party is None:
        return attendance.get_side_display()
    return format_html(
        '{}{}<span translate="no">{}</span>', attendance.get_side_display(), pgettext("between label and value", ": "),
        party_in_words(attendance.party),
    )  # fmt: skip
