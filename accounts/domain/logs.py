import datetime as dt

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.enums import SignInOutcome
from accounts.models import LOG_DAYS_MIN, AccessLog, SignIn, User
from core.exceptions import DomainError

FLOOD_TIME = dt.timedelta(minutes=1)
USERNAME_LENGTH = SignIn._meta.get_field("username").max_length
USER_AGENT_LENGTH = SignIn._meta.get_field("user_agent").max_length


def log_access(
    *, user: User, action: str, target: str, fields: str = "", reason: str = "", ip: str | None = None
) -> AccessLog:
    """Write down that `user` saw or took out personal data, in the caller's transaction and before he gets them.

    `action` is one of AccessAction; `target` says of what ("2026-00000012/7", a party of a case, or a list with its
    filters); `fields` are names of data ("name, phone"). Raises DomainError where a text is too long to be kept.
    """
    entry = AccessLog(
        user=user,
        at=timezone.now(),
        action=action,
        target=target,
        fields=fields,
        reason=reason.strip(),
        ip=ip,
    )
    for name in ("target", "fields", "reason"):
        field = AccessLog._meta.get_field(name)
        if len(getattr(entry, name)) > field.max_length:
            raise DomainError(
                _("%(field)s: at most %(n)d characters.")
                % {"field": str(field.verbose_name).capitalize(), "n": field.max_length}
            )
    entry.save(force_insert=True)
    return entry


def log_sign_in(
    *, outcome: str, username: str, user: User | None = None, ip: str | None = None, user_agent: str = ""
) -> SignIn:
    """Write one line of the sign-in log; `username` as entered, `user` the account that bears it, if there is one."""
    return SignIn.objects.create(
        user=user,
        username=username[:USERNAME_LENGTH],
        outcome=outcome,
        at=timezone.now(),
        ip=ip,
        user_agent=user_agent[:USER_AGENT_LENGTH],
    )


def must_wait(*, ip: str | None, now: dt.datetime | None = None) -> bool:
    """Whether so many sign-ins from this address have failed within a minute (settings.SIGN_IN_ADDRESS_LIMIT) that
    no more are tried: each costs the hash of a password and a line that is kept for months, whoever is named.

    The lock of an account does not help there, since a made-up name is a new one each time. Unknown addresses (None)
    count as one. Tries at the same instant are not counted against each other: a few too many do no harm.
    """
    if not settings.SIGN_IN_ADDRESS_LIMIT:
        return False
    since = (now or timezone.now()) - FLOOD_TIME
    failed = SignIn.objects.filter(at__gt=since, ip=ip, outcome__in=(SignInOutcome.FAILED, SignInOutcome.LOCKED_OUT))
    return failed[: settings.SIGN_IN_ADDRESS_LIMIT].count() >= settings.SIGN_IN_ADDRESS_LIMIT


def purge_sign_ins(*, days: int) -> int:
    """Delete the lines of the sign-in log that are older than `days`; returns how many.

    Raises DomainError for less than six months (Cybersecurity Law, article 21).
    """
    if days < LOG_DAYS_MIN:
        raise DomainError(
            _(
                "The sign-in log must be kept at least %(min)d days (Cybersecurity Law, article 21); got %(n)d."
            )
            % {"min": LOG_DAYS_MIN, "n": days}
        )
    # by the database's clock, as the trigger that keeps six months
    deleted, _by_model = SignIn.objects.filter(at__lt=Now() - dt.timedelta(days=days)).delete()
    return deleted
