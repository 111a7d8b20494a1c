from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class PledgeState(models.TextChoices):
    """Where a pledge stands. Only in force does it bind; published and suspended ones keep their term running."""

    APPLIED = "applied", pgettext_lazy("a pledge", "Under review")
    ADMITTED = "admitted", pgettext_lazy("a pledge", "Admitted")
    IN_FORCE = "in_force", pgettext_lazy("a pledge", "In force")
    SUSPENDED = "suspended", pgettext_lazy("a pledge", "Suspended")
    EXPIRED = "expired", pgettext_lazy("a pledge", "Expired")
    REVOKED = "revoked", pgettext_lazy("a pledge", "Revoked")
    DEREGISTERED = "deregistered", pgettext_lazy("a pledge", "Deregistered")
    REJECTED = "rejected", pgettext_lazy("a pledge", "Not admitted")
    WITHDRAWN = "withdrawn", pgettext_lazy("a pledge", "Application withdrawn")


REVIEWED = (PledgeState.APPLIED, PledgeState.ADMITTED)  # not public yet
PUBLIC = (PledgeState.IN_FORCE, PledgeState.SUSPENDED)  # published, and its term has not ended
ENDED = (PledgeState.EXPIRED, PledgeState.REVOKED, PledgeState.DEREGISTERED)  # was published
NEVER_PUBLISHED = (*REVIEWED, PledgeState.REJECTED, PledgeState.WITHDRAWN)


class PledgeVerb(models.TextChoices):
    """What is done to a pledge."""

    APPLY = "apply", pgettext_lazy("done to a pledge", "Applied for")
    REVISE = "revise", pgettext_lazy("done to a pledge", "Revised")
    OPINE = "opine", pgettext_lazy("done to a pledge", "Opinion given")
    ADMIT = "admit", pgettext_lazy("done to a pledge", "Admitted")
    REJECT = "reject", pgettext_lazy("done to a pledge", "Not admitted")
    WITHDRAW = "withdraw", pgettext_lazy("done to a pledge", "Application withdrawn")
    PUBLISH = "publish", pgettext_lazy("done to a pledge", "Named and published")
    PLAQUE = "plaque", pgettext_lazy("done to a pledge", "Plaque recorded")
    RENEW = "renew", pgettext_lazy("done to a pledge", "Renewed")
    EVALUATE = "evaluate", pgettext_lazy("done to a pledge", "Evaluated")
    UPGRADE = "upgrade", pgettext_lazy("done to a pledge", "Upgraded")
    POOL = "pool", pgettext_lazy("done to a pledge", "Put into a pool")
    WARN = "warn", pgettext_lazy("done to a pledge", "Warned")
    RECTIFY = "rectify", pgettext_lazy("done to a pledge", "Correction ordered")
    CORRECT = "correct", pgettext_lazy("done to a pledge", "Correction accepted")
    SUSPEND = "suspend", pgettext_lazy("done to a pledge", "Suspended")
    REINSTATE = "reinstate", pgettext_lazy("done to a pledge", "Reinstated")
    EXPIRE = "expire", pgettext_lazy("done to a pledge", "Expired")
    REVOKE = "revoke", pgettext_lazy("done to a pledge", "Revoked")
    DEREGISTER = "deregister", pgettext_lazy("done to a pledge", "Deregistered")
    IDENTIFY = "identify", pgettext_lazy("done to a pledge", "Merchant stated")


class Origin(models.TextChoices):
    """Who brought an application."""

    MERCHANT = "merchant", pgettext_lazy("an application", "By the merchant")
    CLERK = "clerk", pgettext_lazy("an application", "By a clerk on the merchant's behalf")
    FILE = "file", pgettext_lazy("an application", "By import")


class Stage(models.TextChoices):
    """Whose opinion an application takes, in this order."""

    ASSOCIATION = "association", _("Trade association")
    COUNCIL = "council", _("Consumer council")
    BUREAU = "bureau", _("Market regulation bureau")


class Pool(models.TextChoices):
    """Where a unit stands in the yearly work: being brought on, among the best, or watched."""

    NONE = "none", _("In no pool")
    CULTIVATION = "cultivation", _("Cultivation pool")
    STAR = "star", _("Star pool")
    WARNING = "warning", _("Warning pool")


class Level(models.IntegerChoices):
    """Who has recognised a unit."""

    DISTRICT = 1, _("District level")
    CITY = 2, _("City level")
    PROVINCE = 3, _("Province level")


class EvaluationResult(models.TextChoices):
    """What the yearly evaluation of a unit came to."""

    CONFIRMED = "confirmed", _("Confirmed")
    RECTIFY = "rectify", _("To be corrected")
    REVOKE = "revoke", _("To be revoked")


class Freight(models.TextChoices):
    """Who pays for sending the goods back."""

    CONSUMER = "consumer", _("Consumer")
    MERCHANT = "merchant", _("Merchant")
    SHARED = "shared", _("Both")


class PromiseField(models.TextChoices):
    """The parts of a promise; each type of pledge says which it needs."""

    DAYS = "days", _("return days")
    GOODS = "goods", _("goods covered")
    EXCLUDED = "excluded", _("goods excluded")
    CONDITION = "condition", _("condition of the goods")
    PROOF = "proof", _("proof of purchase")
    FREIGHT = "freight", _("freight paid by")
    REFUND_DAYS = "refund_days", _("refund within (days)")
    CROSS_STORE = "cross_store", _("stores that take goods back")
    FUND = "fund", _("advance compensation fund (CNY)")
    STATEMENT = "statement", pgettext_lazy("of a pledge", "promise")


class BreachState(models.TextChoices):
    """Where the matter of a complaint against a pledge stands. Found by itself it is a suspicion and nothing more: what
    it is, and what follows, people decide."""

    SUSPECTED = "suspected", pgettext_lazy("a breach", "Suspected")
    CONFIRMED = "confirmed", pgettext_lazy("a breach", "Confirmed")
    DISMISSED = "dismissed", pgettext_lazy("a breach", "Dismissed")
    WARNED = "warned", pgettext_lazy("a breach", "Merchant warned")
    CORRECTING = "correcting", pgettext_lazy("a breach", "To be corrected")
    CORRECTED = "corrected", pgettext_lazy("a breach", "Corrected")
    SUSPENDED = "suspended", pgettext_lazy("a breach", "Pledge suspended")
    REINSTATED = "reinstated", pgettext_lazy("a breach", "Pledge reinstated")
    REMOVED = "removed", pgettext_lazy("a breach", "Pledge revoked")


# of these it is established that the promise was broken
ESTABLISHED = tuple(state for state in BreachState if state not in (BreachState.SUSPECTED, BreachState.DISMISSED))
# a correction is or was ordered, or might have been
MAY_BE_CORRECTED = (
    BreachState.CORRECTING, BreachState.CORRECTED, BreachState.SUSPENDED, BreachState.REINSTATED, BreachState.REMOVED,
)  # fmt: skip


class BreachToDo(models.TextChoices):
    """What waits for somebody."""

    DECIDE = "decide", _("To be decided")
    LOST = "lost", _("Undecided, no longer under the promise")
    FOLLOW = "follow", _("Confirmed, nothing done yet")
    LATE = "late", _("Correction overdue")


class BreachVerb(models.TextChoices):
    """What happens to a suspected breach: the first three by itself, all others by people."""

    FIND = "find", pgettext_lazy("of a breach", "Suspicion found")
    RENEW = "renew", pgettext_lazy("of a breach", "Evidence renewed")
    LOSE = "lose", pgettext_lazy("of a breach", "No longer under the promise")
    CONFIRM = "confirm", pgettext_lazy("of a breach", "Confirmed")
    DISMISS = "dismiss", pgettext_lazy("of a breach", "Dismissed")
    REOPEN = "reopen", pgettext_lazy("of a breach", "Taken up again")
    WARN = "warn", pgettext_lazy("of a breach", "Merchant warned")
    LETTER = "letter", pgettext_lazy("of a breach", "Warning letter made out")
    RECTIFY = "rectify", pgettext_lazy("of a breach", "Correction ordered")
    CORRECT = "correct", pgettext_lazy("of a breach", "Correction accepted")
    SUSPEND = "suspend", pgettext_lazy("of a breach", "Pledge suspended")
    REINSTATE = "reinstate", pgettext_lazy("of a breach", "Pledge reinstated")
    REMOVE = "remove", pgettext_lazy("of a breach", "Pledge revoked")


BY_ITSELF = (BreachVerb.FIND, BreachVerb.RENEW, BreachVerb.LOSE)


class ZoneKind(models.TextChoices):
    """What is looked after as one: more than the sum of its shops."""

    STREET = "street", _("Street block")
    MALL = "mall", _("Mall or business district")
    STATION = "station", _("Railway or bus station")
    SCENIC = "scenic", _("Scenic area")
    DEMONSTRATION = "demonstration", _("Demonstration area")
    VILLAGE = "village", pgettext_lazy("a zone", "Village")


class WorkstationKind(models.TextChoices):
    """Where a workstation for consumers' rights stands."""

    MALL = "mall", _("In a mall")
    MARKET = "market", _("In a market")
    SCENIC = "scenic", _("In a scenic area")
    PLATFORM = "platform", _("With a platform")
    VILLAGE = "village", _("In a village")
    OTHER = "other", pgettext_lazy("a workstation", "Elsewhere")


class ChecklistHead(models.TextChoices):
    """The heads under which a checklist asks."""

    SYSTEM = "system", pgettext_lazy("a checklist", "Rules of the house")
    MANAGEMENT = "management", pgettext_lazy("a checklist", "Management")
    ORDER = "order", pgettext_lazy("a checklist", "Order of trade")
    QUALITY = "quality", pgettext_lazy("a checklist", "Quality")
    TRADING = "trading", pgettext_lazy("a checklist", "Fair dealing")
    PREMISES = "premises", pgettext_lazy("a checklist", "Premises")
    AFTER_SALES = "after_sales", pgettext_lazy("a checklist", "After-sales service")
    PUBLICITY = "publicity", pgettext_lazy("a checklist", "Publicity")
    RIGHTS = "rights", pgettext_lazy("a checklist", "Protection of rights")


class InspectionMode(models.TextChoices):
    """Whether those who are inspected know of it."""

    OPEN = "open", pgettext_lazy("an inspection", "Open")
    UNDERCOVER = "undercover", pgettext_lazy("an inspection", "Undercover")


class InspectionState(models.TextChoices):
    PLANNED = "planned", pgettext_lazy("an inspection", "Planned")
    VISITED = "visited", pgettext_lazy("an inspection", "Visited")
    CORRECTING = "correcting", pgettext_lazy("an inspection", "Being corrected")
    CLOSED = "closed", pgettext_lazy("an inspection", "Closed")
    CANCELLED = "cancelled", pgettext_lazy("an inspection", "Cancelled")


SEEN = (InspectionState.VISITED, InspectionState.CORRECTING, InspectionState.CLOSED)  # somebody was there


class InspectionVerb(models.TextChoices):
    """What is done to an inspection."""

    PLAN = "plan", pgettext_lazy("done to an inspection", "Planned")
    MOVE = "move", pgettext_lazy("done to an inspection", "Planned anew")
    VISIT = "visit", pgettext_lazy("done to an inspection", "Visited")
    FIND = "find", pgettext_lazy("done to an inspection", "Findings revised")
    ORDER = "order", pgettext_lazy("done to an inspection", "Correction ordered")
    EXTEND = "extend", pgettext_lazy("done to an inspection", "Time for the correction extended")
    CLOSE = "close", pgettext_lazy("done to an inspection", "Closed")
    CANCEL = "cancel", pgettext_lazy("done to an inspection", "Cancelled")
    PHOTO = "photo", pgettext_lazy("done to an inspection", "Photo added")
    WITHDRAW_PHOTO = "withdraw_photo", pgettext_lazy("done to an inspection", "Photo withdrawn")


class FindingResult(models.TextChoices):
    OK = "ok", pgettext_lazy("a finding", "In order")
    NOT_OK = "not_ok", pgettext_lazy("a finding", "Not in order")
    NOT_APPLICABLE = "not_applicable", pgettext_lazy("a finding", "Does not apply")


class TargetKind(models.TextChoices):
    """What a year's target counts; see pledges.domain.targets for the rows."""

    DEMONSTRATION_AREAS = "demonstration_areas", _("Demonstration areas newly published")
    VILLAGE_WORKSTATIONS = "village_workstations", _("Village workstations opened")
    DELTA_COMPANIES = "delta_companies", _("Companies newly in the cross-city cross-store return")
    PREMISES_CREATED = "premises_created", _("Units newly created")
