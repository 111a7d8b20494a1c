from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Kind(models.TextChoices):
    """Order 121 art 3: a complaint asks for a dispute to be resolved, a report gives a lead on a breach."""

    COMPLAINT = "complaint", _("Complaint")
    REPORT = "report", _("Report")
    INQUIRY = "inquiry", _("Inquiry")


class Body(models.TextChoices):
    """The kind of body that handles a case; figures of bureaus and of councils never mix."""

    BUREAU = "bureau", _("Market regulation")
    COUNCIL = "council", _("Consumer council")
    COMMITTEE = "committee", _("People's mediation committee")
    COURT = "court", _("Court")
    PLATFORM = "platform", _("Platform")


class State(models.TextChoices):
    REGISTERED = "registered", _("To be decided")
    ACCEPTED = "accepted", _("In handling")
    MEDIATING = "mediating", _("In mediation")
    ENDED = "ended", _("To be closed")
    FILED = "filed", _("Filed for investigation")
    REFUSED = "refused", _("Not accepted")
    NOT_FILED = "not_filed", _("Not filed")
    CLOSED = "closed", _("Closed")


OPEN_STATES = (State.REGISTERED, State.ACCEPTED, State.MEDIATING, State.FILED, State.ENDED)
MEDIATED_STATES = (State.ACCEPTED, State.MEDIATING)  # of a complaint, from its acceptance to the end of mediation
FINAL_STATES = (State.REFUSED, State.NOT_FILED, State.CLOSED)


class Outcome(models.TextChoices):
    """How a dispute ended; kept apart from the legal ground on which it was ended."""

    AGREEMENT = "agreement", _("Agreement reached")
    SETTLED = "settled", _("Settled by the parties")
    FAILED = "failed", _("No agreement")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    UNREACHABLE = "unreachable", _("Party could not be reached")
    ANSWERED = "answered", _("Answered")
    OTHER = "other", _("Other")


class SalesMode(models.TextChoices):
    ONLINE = "online", _("Online")
    ON_SITE = "on_site", _("On site")
    TELEVISION = "television", _("Television")
    TELEPHONE = "telephone", _("Telephone")
    DOOR = "door", _("Door-to-door")
    OTHER = "other", _("Other")


class PartyRole(models.TextChoices):
    CONSUMER = "consumer", _("Consumer")
    REPORTER = "reporter", _("Reporter")
    INQUIRER = "inquirer", _("Inquirer")
    PROXY = "proxy", _("Authorised representative")


class IdentityCheck(models.TextChoices):
    """Whether a complainant has shown who he is (Order 121 arts 10 and 16: a refusal is a ground for not accepting)."""

    UNCHECKED = "", _("Not checked")
    ASKED = "asked", _("Papers asked for")
    VERIFIED = "verified", _("Verified")
    REFUSED = "refused", _("Refused or false")


class Side(models.TextChoices):
    """One of the two sides of a dispute, where a term or a notice is for one of them alone."""

    BOTH = "", _("Both sides")
    COMPLAINANT = "complainant", _("Complainant")
    RESPONDENT = "respondent", _("Respondent")


class RecoveryKind(models.TextChoices):
    REFUND = "refund", _("Refund")
    REPAIR = "repair", _("Value of repair")
    REPLACEMENT = "replacement", _("Value of replacement")
    COMPENSATION = "compensation", _("Compensation")
    UNSPECIFIED = "unspecified", _("Not specified")
    MULTIPLE = "multiple", _("Multiple damages")
    MORAL = "moral", _("Moral damages")


LOSS_KINDS = (
    RecoveryKind.REFUND,
    RecoveryKind.REPAIR,
    RecoveryKind.REPLACEMENT,
    RecoveryKind.COMPENSATION,
    RecoveryKind.UNSPECIFIED,
)


class RecoveryStatus(models.TextChoices):
    PROMISED = "promised", _("Promised")
    PAID = "paid", _("Paid")
    UNSPECIFIED = "unspecified", _("Not specified")


class RecoveryMeans(models.TextChoices):
    MEDIATION = "mediation", _("Mediation")
    PLATFORM = "platform", _("Platform")
    COURT = "court", _("Court")
    ADVANCE_FUND = "advance_fund", _("Advance compensation fund")
    UNSPECIFIED = "unspecified", _("Not specified")


class TermUnit(models.TextChoices):
    WORKING = "working", _("Working days")
    NATURAL = "natural", _("Natural days")


class Roll(models.TextChoices):
    """When the last day of a term of natural days moves to the next (Order 121 art 45 says only "holidays")."""

    NONE = "none", _("Never")
    HOLIDAYS = "holidays", _("From statutory holidays")
    REST_DAYS = "rest_days", _("From every day that is not a working day")


class Regime(models.TextChoices):
    """The rules under which a clock runs. The column takes other codes too, since clock rules are edited as data."""

    ORDER2 = "order2", _("SAMR Order 2")
    ORDER20 = "order20", _("SAMR Order 20")
    ORDER42 = "order42", _("SAMR Order 2, as amended by Orders 42 and 61")
    ORDER62 = "order62", _("SAIC Order 62")
    ORDER121 = "order121", _("SAMR Order 121")
    DECREE778 = "decree778", _("State Council Decree 778")
    ZHEJIANG2017 = "zhejiang2017", _("Zhejiang implementing measures (2017)")
    SERVICE = "service", _("Service standard")
    ODR = "odr", _("Online dispute resolution (ODR)")
    CPL2012 = "cpl2012", _("Civil Procedure Law (2012 and 2017)")
    CPL2021 = "cpl2021", _("Civil Procedure Law (2021)")
    CPL2023 = "cpl2023", _("Civil Procedure Law (2023)")

    @classmethod
    def label_of(cls, code: str) -> str:
        """The name that people know; a code without one stands for itself."""
        return str(cls(code).label) if code in cls.values else code


class AuditKind(models.TextChoices):
    """What an auditor reads of: who did it stands beside."""

    CHANGE = "change", _("Change")
    ACT = "act", _("Act")
    ACCESS = "access", _("Access to personal data")
    IMPORT = "import", _("Import")
    SIGN_IN = "sign_in", _("Sign-in")


class RunState(models.TextChoices):
    RUNNING = "running", _("Running")
    COMPLETED = "completed", _("Completed")


class BulkOrigin(models.TextChoices):
    """How the cases of a bulk act were chosen."""

    SELECTION = "selection", _("Chosen one by one")
    FILTER = "filter", _("All that matched a filter")


class BulkState(models.TextChoices):
    PREPARED = "prepared", _("To be confirmed")
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Completed")
    CANCELLED = "cancelled", pgettext_lazy("a bulk act that was stopped", "Cancelled")


class BulkOutcome(models.TextChoices):
    """What became of one case of a bulk act."""

    PENDING = "pending", pgettext_lazy("a case of a bulk act", "Still to do")
    DONE = "done", pgettext_lazy("a case of a bulk act", "Done")
    REFUSED = "refused", pgettext_lazy("a case of a bulk act", "Refused")
    FAILED = "failed", pgettext_lazy("a case of a bulk act", "Failed")
    CANCELLED = "cancelled", pgettext_lazy("a case of a bulk act", "Left out")


class RejectKind(models.TextChoices):
    REJECTED = "rejected", _("Rejected")
    DUPLICATE = "duplicate", _("Twice in the file")


class GroundPurpose(models.TextChoices):
    """What a legal ground is given for."""

    REFUSE = "refuse", _("Not accepting a complaint")
    TERMINATE = "terminate", _("Ending mediation")
    NOT_FILE = "not_file", _("Not filing a report")
    DECLINE = "decline", _("Not taking up a report")
    RETURN = "return", _("Returning to intake")


class PauseReason(models.TextChoices):
    """Why a term stands still (Order 121 arts 21 and 22; penalty procedure art 18)."""

    APPRAISAL = "appraisal", _("Appraisal")
    TESTING = "testing", _("Testing")
    INSPECTION = "inspection", _("Inspection or quarantine")
    RIGHTS_HOLDER = "rights_holder", _("Identification by the holder of the rights")
    RECUSAL = "recusal", _("Application for recusal")
    GREEN_CHANNEL = "green_channel", _("With a platform of the green channel")


# mediation leaves out appraisal and testing, and waits for a decision on recusal; only verification waits for a holder of
# rights (Order 121 arts 21 and 22; penalty procedure art 18)
PAUSE_REASONS = {
    Kind.COMPLAINT: (PauseReason.APPRAISAL, PauseReason.TESTING, PauseReason.INSPECTION, PauseReason.RECUSAL),
    Kind.REPORT: (PauseReason.APPRAISAL, PauseReason.TESTING, PauseReason.INSPECTION, PauseReason.RIGHTS_HOLDER),
}

# the time of a recusal suspends mediation; that it stops the sixty days, too, stands nowhere
EXCLUDED_REASONS = (
    PauseReason.APPRAISAL,
    PauseReason.TESTING,
    PauseReason.INSPECTION,
    PauseReason.RIGHTS_HOLDER,
)


# while a platform settles with the consumer, nothing counts as the regulator's time, whatever the rule says of testing
ALL_TERMS_WAIT = (PauseReason.GREEN_CHANNEL,)


class ClockReason(models.TextChoices):
    """Why the end of a term moved."""

    PAUSE = "pause", _("Paused")
    RESUME = "resume", _("Resumed")
    EXTENSION = "extension", _("Extended with approval")
    RESTART = "restart", _("Started anew")
    REGIME = "regime", _("Other rules applied")
    CALENDAR = "calendar", _("Working-day calendar changed")
    RULE = "rule", _("Rule corrected")


NATIONAL_SOURCE = "national12315"  # the source of what came from the national platform


class NationalEntry(models.TextChoices):
    """Whether the work done here stands on the national 12315 platform, too, where it has to run (Order 121 art 40)."""

    NONE = "", _("Nothing to enter")
    TO_ENTER = "to_enter", _("To be entered")
    TO_UPDATE = "to_update", _("To be updated")
    ENTERED = "entered", _("Entered")


class SupervisionKind(models.TextChoices):
    URGE = "urge", _("Urged by the person")
    SUPERVISE = "supervise", _("Supervised by a superior")


class Satisfaction(models.TextChoices):
    VERY_SATISFIED = "very_satisfied", _("Very satisfied")
    SATISFIED = "satisfied", _("Satisfied")
    FAIR = "fair", _("Fair")
    DISSATISFIED = "dissatisfied", _("Dissatisfied")


class MediationMode(models.TextChoices):
    """How mediation takes place (Order 121 art 20)."""

    ON_SITE = "on_site", pgettext_lazy("mode of mediation", "On site")
    REMOTE = "remote", pgettext_lazy("mode of mediation", "Remote")


class NoticeMeans(models.TextChoices):
    """How someone was told (Order 121: internet, telephone, message, e-mail, letter)."""

    INTERNET = "internet", _("Internet")
    PHONE = "phone", pgettext_lazy("means of a notice", "Telephone")
    SMS = "sms", _("Text message")
    EMAIL = "email", _("E-mail")
    LETTER = "letter", _("Letter")
    IN_PERSON = "in_person", _("In person")
    PUBLIC = "public", _("Public notice")


# of the end of mediation both sides are told by these; documents may be served by public notice, too (Order 121 art 23)
TOLD_BY = tuple(means for means in NoticeMeans if means != NoticeMeans.PUBLIC)


class Verb(models.TextChoices):
    """What is done to a case here."""

    REGISTER = "register", _("Registered")
    DISPATCH = "dispatch", _("Dispatched")
    RETURN = "return_to_intake", _("Returned to intake")
    ASSIGN = "assign", _("Assigned")
    TAKE = "take", _("Taken over")
    ACCEPT = "accept", _("Accepted")
    REFUSE = "refuse", _("Not accepted")
    MEDIATE = "mediate", _("Mediation begun")
    AGREE = "agree", _("Agreement reached")
    SETTLE = "settle", _("Settled by the parties")
    FAIL = "fail", _("No agreement")
    WITHDRAW = "withdraw", _("Withdrawn")
    TERMINATE = "terminate", _("Mediation ended")
    VERIFY = "verify", _("Verification begun")
    ASK_EXTENSION = "ask_extension", _("Extension asked for")
    GRANT_EXTENSION = "grant_extension", _("Extension granted")
    DENY_EXTENSION = "deny_extension", _("Extension denied")
    FILE = "file", _("Filed for investigation")
    NOT_FILE = "not_file", _("Not filed")
    DECLINE = "decline", _("Not taken up")
    REFER_CHANNEL = "refer_channel", _("Referred to a platform")
    SETTLE_CHANNEL = "settle_channel", _("Settled through a platform")
    DECLINE_CHANNEL = "decline_channel", _("Given back by the platform")
    RECALL_CHANNEL = "recall_channel", _("Taken back from the platform")
    LAPSE_CHANNEL = "lapse_channel", _("Come back from the platform, its term over")
    MERGE = "merge", _("Merged as a repeat")
    RECEIVE_REPEAT = "receive_repeat", _("A repeat was merged into it")
    ANSWER = "answer", _("Answered")
    INFORM = "inform", _("Told")
    CLOSE = "close", _("Closed")
    REOPEN = "reopen", _("Reopened")
    PAUSE = "pause", _("Term paused")
    RESUME = "resume", _("Term resumed")
    CHANGE_REGIME = "change_regime", _("Other rules applied")
    SPLIT = "split", pgettext_lazy("what was done", "Split")
    JOIN = "join", _("Party added")
    REPRESENT = "represent", _("Representatives named")
    CHECK_IDENTITY = "check_identity", _("Identity checked")
    CORRECT = "correct", _("Corrected")
    SUPPLEMENT = "supplement", _("Supplemented")
    URGE = "urge", _("Urged")
    SUPERVISE = "supervise", _("Supervised")
    REPLY = "reply", _("Replied")
    CALL_BACK = "call_back", _("Called back")
    ENTER_NATIONAL = "enter_national", _("Entered on the national platform")
    POST = "post_recovery", _("Recovery posted")
    PAY = "pay_recovery", _("Payment of what was promised recorded")
    REVERSE = "reverse_recovery", _("Recovery reversed")
    ATTACH = "add_attachment", _("Attachment added")
    WITHDRAW_FILE = "withdraw_attachment", _("Attachment withdrawn")
    ISSUE = "issue_document", _("Document issued")
    VOID = "void_document", _("Document declared void")
    DELIVER = "deliver_document", _("Delivery of a document recorded")

    @classmethod
    def label_of(cls, verb: str) -> str:
        """The verb in words; one that is not known here stands for itself."""
        return str(cls(verb).label) if verb in cls.values else verb


class SignalCode(models.TextChoices):
    """Signs that someone may not be a consumer, or writes again (Order 121 art 17). Evidence, never a score."""

    PERSON_CASES = "person.cases", _("Other cases of the same person")
    PERSON_MERCHANT = "person.merchant", _("The same person about the same merchant")
    PERSON_SUBJECT = "person.subject", _("The same person about the same matter")
    PERSON_MONTH = "person.month", _("Many cases of the same person in a month")
    PHONE_SHARED = "phone.shared", _("Several persons with one phone number")
    MERCHANT_ALIKE = "merchant.alike", _("Several persons about one merchant in like words")
    ORDER_SAME = "order.same", _("The same order number")
    TEXT_ALIKE = "text.alike", _("Like texts")


TEXT_SIGNALS = (SignalCode.MERCHANT_ALIKE, SignalCode.TEXT_ALIKE)


class SignalFinding(models.TextChoices):
    """What an official concludes from the signals of a case."""

    PLAUSIBLE = "plausible", _("Bought for living needs, as far as can be seen")
    NOT_LIVING = "not_living", _("Not for living needs")
    REPEAT = "repeat", _("Repeats an earlier case")
    POLICE = "police", _("Referred to the police (Order 121 art 42)")
    NONE = "none", _("Nothing found")


class AttachmentKind(models.TextChoices):
    EVIDENCE = "evidence", _("Evidence")
    IDENTITY = "identity", _("Identity paper")
    AUTHORITY = "authority", _("Power of attorney")
    APPRAISAL = "appraisal", _("Appraisal or test report")
    DELIVERY = "delivery", _("Proof of delivery")
    OTHER = "other", _("Other")


class DocumentForm(models.TextChoices):
    """The ten official forms under Order 121, in the order of their numbers; then those of the councils, the record of
    a mediation, what goes to a court that is to confirm an agreement, and the warning to whoever broke a pledge."""

    COMPLAINT_REGISTER = "complaint_register", _("Complaint register")
    REPORT_REGISTER = "report_register", _("Report register")
    DISPATCH_NOTICE = "dispatch_notice", _("Dispatch notice")
    IDENTITY_NOTICE = "identity_notice", _("Notice to provide identity papers")
    ACCEPTANCE = "acceptance", _("Decision to accept")
    REFUSAL = "refusal", _("Decision not to accept")
    MEDIATION_NOTICE = "mediation_notice", _("Notice of mediation")
    TERMINATION = "termination", _("Decision to end mediation")
    AGREEMENT = "agreement", _("Mediation agreement")
    REPORT_RESULT = "report_result", _("Notice of the result of a report")
    COUNCIL_NOTICE = "council_notice", _("Notice of mediation by a council")
    COUNCIL_AGREEMENT = "council_agreement", _("Mediation agreement of a council")
    MEDIATION_RECORD = "mediation_record", _("Record of mediation")
    COURT_APPLICATION = "court_application", _("Application for judicial confirmation")
    MEDIATOR_CERTIFICATE = "mediator_certificate", _("Certificate of the mediator")
    WARNING_LETTER = "warning_letter", _("Warning letter")


class Addressee(models.TextChoices):
    """For whom a document is made out."""

    COMPLAINANT = "complainant", _("Complainant or reporter")
    RESPONDENT = "respondent", _("Respondent")
    BOTH = "both", _("Both parties")
    INTERNAL = "internal", _("The agency itself")
    COURT = "court", _("The court")


class DeliveryResult(models.TextChoices):
    DELIVERED = "delivered", _("Delivered")
    REFUSED = "refused", _("Acceptance refused")
    FAILED = "failed", _("Could not be delivered")


class ChangeKind(models.TextChoices):
    """What happened to a case, as the change feed has it."""

    CREATED = "created", _("Created")
    CHANGED = "changed", _("Changed")
