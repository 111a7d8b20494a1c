"""The reasons that people give for what they do, and for what they look at."""

from django.utils.translation import gettext as _

from core.exceptions import DomainError

MIN_REASON = 5  # characters


def check_reason(reason: str) -> str:
    """The reason for an act, without white space around it. Raises DomainError where it is too short."""
    return _checked(reason, _("Give the reason (at least %(n)d characters)."))


def check_access_reason(reason: str) -> str:
    """The reason for an access to personal data, as `check_reason`."""
    return _checked(reason, _("Give the reason for which you need the data (at least %(n)d characters)."))


def _checked(reason: str, refusal: str) -> str:
    reason = reason.strip()
    if len(reason) < MIN_REASON:
        raise DomainError(refusal % {"n": MIN_REASON})
    return reason
