from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Language(models.TextChoices):
    """In which a mediator can lead a session."""

    MANDARIN = "cmn", _("Mandarin")
    WU = "wuu", _("Wu dialect")
    ENGLISH = "eng", _("English")
    JAPANESE = "jpn", _("Japanese")
    KOREAN = "kor", _("Korean")
    SIGN = "csl", _("Chinese Sign Language")


class Weekday(models.IntegerChoices):
    """As `date.weekday()` counts."""

    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class SessionState(models.TextChoices):
    SCHEDULED = "scheduled", pgettext_lazy("a session", "Scheduled")
    HELD = "held", pgettext_lazy("a session", "Held")
    CANCELLED = "cancelled", pgettext_lazy("a session", "Cancelled")


class SessionOutcome(models.TextChoices):
    """What came of a session that was held. Adjourned: mediation goes on in a further one."""

    AGREEMENT = "agreement", _("Agreement reached")
    SETTLED = "settled", _("Settled by the parties")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    FAILED = "failed", _("No agreement")
    ABSENT = "absent", _("A party was absent")
    ADJOURNED = "adjourned", _("Adjourned")


class SessionVerb(models.TextChoices):
    """What is done to a session."""

    SCHEDULE = "schedule", pgettext_lazy("done to a session", "Scheduled")
    MOVE = "move", pgettext_lazy("done to a session", "Moved")
    CALL = "call", pgettext_lazy("done to a session", "Parties called")
    CANCEL = "cancel", pgettext_lazy("done to a session", "Cancelled")
    HOLD = "hold", pgettext_lazy("done to a session", "Held")
    ADD_MINUTES = "add_minutes", pgettext_lazy("done to a session", "Minutes added to")


class Presence(models.TextChoices):
    """The roll call: whether someone who was called has come."""

    UNKNOWN = "", pgettext_lazy("roll call", "Not called yet")
    PRESENT = "present", pgettext_lazy("roll call", "Present")
    REMOTE = "remote", pgettext_lazy("roll call", "Present remotely")
    EXCUSED = "excused", pgettext_lazy("roll call", "Absent with good reason")
    ABSENT = "absent", pgettext_lazy("roll call", "Absent without good reason")


class RecusalDecision(models.TextChoices):
    PENDING = "", pgettext_lazy("an application for recusal", "To be decided")
    GRANTED = "granted", pgettext_lazy("an application for recusal", "Granted")
    DENIED = "denied", pgettext_lazy("an application for recusal", "Denied")


class ReferralState(models.TextChoices):
    """Where a complaint in the green channel is."""

    WAITING = "waiting", pgettext_lazy("a referral", "With the platform")
    SETTLED = "settled", pgettext_lazy("a referral", "Settled")
    RETURNED = "returned", pgettext_lazy("a referral", "Came back")


class ReferralReturn(models.TextChoices):
    """Why a complaint came back from the platform without a settlement."""

    NONE = "", pgettext_lazy("return of a referral", "It has not come back")
    DECLINED = "declined", pgettext_lazy("return of a referral", "Declined by the platform")
    SILENCE = "silence", pgettext_lazy("return of a referral", "Term over without a settlement")
    RECALLED = "recalled", pgettext_lazy("return of a referral", "Taken back by the regulator")


class ReferralVerb(models.TextChoices):
    """What is done to a referral."""

    REFER = "refer", pgettext_lazy("done to a referral", "Referred")
    REPLY = "reply", pgettext_lazy("done to a referral", "Replied")
    SETTLE = "settle", pgettext_lazy("done to a referral", "Settled")
    DECLINE = "decline", pgettext_lazy("done to a referral", "Declined")
    RECALL = "recall", pgettext_lazy("done to a referral", "Taken back")
    LAPSE = "lapse", pgettext_lazy("done to a referral", "Term over")
