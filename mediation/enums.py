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
    LAPSE = "lapse", pgettext_lazy("done to a session", "Cancelled, as its case is no longer mediated here")
    HOLD = "hold", pgettext_lazy("done to a session", "Held")
    ADD_MINUTES = "add_minutes", pgettext_lazy("done to a session", "Minutes added to")
    NOTICE = "notice", pgettext_lazy("done to a session", "Notice made out")
    RECORD = "record", pgettext_lazy("done to a session", "Record made out")


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


class AgreementForm(models.TextChoices):
    """A council's agreement and a bureau's are different documents: the parties' contract before a body that mediates
    (Zhejiang measures art 32), and the document of the bureau under its seal (Order 121 art 24)."""

    COUNCIL = "council", _("Mediation agreement of a council")
    BUREAU = "bureau", _("Mediation document of a bureau")


class AgreementState(models.TextChoices):
    DRAFT = "draft", pgettext_lazy("an agreement", "To be signed")
    IN_FORCE = "in_force", pgettext_lazy("an agreement", "In force")
    PERFORMED = "performed", pgettext_lazy("an agreement", "Performed")
    ANNULLED = "annulled", pgettext_lazy("an agreement", "Annulled")


IN_EFFECT = (AgreementState.IN_FORCE, AgreementState.PERFORMED)


class AgreementVerb(models.TextChoices):
    """What is done to an agreement."""

    DRAW_UP = "draw_up", pgettext_lazy("done to an agreement", "Drawn up")
    REVISE = "revise", pgettext_lazy("done to an agreement", "Revised")
    SIGN = "sign", pgettext_lazy("done to an agreement", "Signed")
    PERFORM = "perform", pgettext_lazy("done to an agreement", "Performance recorded")
    ANNUL = "annul", pgettext_lazy("done to an agreement", "Annulled")
    ISSUE = "issue", pgettext_lazy("done to an agreement", "Document issued")


class ConfirmationState(models.TextChoices):
    """How far the confirmation of an agreement by a court has come."""

    PREPARED = "prepared", pgettext_lazy("a confirmation", "To be applied for")
    APPLIED = "applied", pgettext_lazy("a confirmation", "Applied for")
    ACCEPTED = "accepted", pgettext_lazy("a confirmation", "Accepted by the court")
    CONFIRMED = "confirmed", pgettext_lazy("a confirmation", "Confirmed")
    DISMISSED = "dismissed", pgettext_lazy("a confirmation", "Dismissed")
    WITHDRAWN = "withdrawn", pgettext_lazy("a confirmation", "Not pursued")


class ConfirmationVerb(models.TextChoices):
    """What is done about the confirmation of an agreement."""

    PREPARE = "prepare", pgettext_lazy("done about a confirmation", "Prepared")
    ISSUE = "issue", pgettext_lazy("done about a confirmation", "Papers made out")
    APPLY = "apply", pgettext_lazy("done about a confirmation", "Applied for")
    ACCEPT = "accept", pgettext_lazy("done about a confirmation", "Accepted by the court")
    CONFIRM = "confirm", pgettext_lazy("done about a confirmation", "Confirmed")
    DISMISS = "dismiss", pgettext_lazy("done about a confirmation", "Dismissed")
    WITHDRAW = "withdraw", pgettext_lazy("done about a confirmation", "Not pursued")
    ENFORCE = "enforce", pgettext_lazy("done about a confirmation", "Enforcement applied for")
    RECOUNT = "recount", pgettext_lazy("done about a confirmation", "Last day counted anew")


class DismissalGround(models.TextChoices):
    """Why a court does not confirm an agreement (interpretation of the Civil Procedure Law 2022, art 358)."""

    MANDATORY_LAW = "mandatory_law", _("Breaks mandatory provisions of law")
    INTERESTS = "interests", _("Harms the state, the public or a third party")
    PUBLIC_ORDER = "public_order", _("Against public order and good morals")
    NOT_VOLUNTARY = "not_voluntary", _("Not voluntary")
    UNCLEAR = "unclear", _("Its content is not clear")
    OTHER = "other", pgettext_lazy("ground of a dismissal", "Other")


# days since the effect of an agreement from which a confirmation that nobody has applied for is pressing
SOON_FROM, URGENT_FROM = 20, 25


class Urgency(models.TextChoices):
    """How pressing the application for a prepared confirmation is."""

    CALM = "calm", _("Up to day 19")
    SOON = "soon", _("From day 20")
    URGENT = "urgent", _("From day 25")
    OVERDUE = "overdue", _("After the last day")


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
    RECOUNT = "recount", pgettext_lazy("done to a referral", "Term counted anew")
