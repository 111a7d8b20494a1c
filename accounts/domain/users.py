import datetime as dt
import secrets
from collections.abc import Iterable
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext

from accounts.enums import Family
from accounts.models import User
from accounts.querysets import is_city_bureau
from accounts.roles import LIAISON, PARTNER, ROLES, families
from core.exceptions import DomainError
from core.language import listed
from registry.enums import AgencyKind

SYSTEM = "system"
EDITABLE = ("last_name", "first_name", "email", "agency")
UNAMBIGUOUS = "abcdefghjkmnpqrstuvwxyzACDEFGHJKLMNPQRTUVWXYZ23479"
GROUPS, GROUP_LENGTH = 4, 4


def system_user() -> User:
    """The account in whose name commands act when no user is given. It can never sign in."""
    # two commands may be the first at the same moment
    absent = {"is_active": False, "password": make_password(None)}
    return User.objects.get_or_create(username=SYSTEM, defaults=absent)[0]


def check_manageable(*, actor: User, user: User | None, agency, permission: str) -> None:
    """Raise PermissionDenied unless `actor` may manage `user` (None: a new account) of `agency`.

    Account managers act inside their agency and below, never on themselves and never on a superuser. Superusers, and
    commands acting as the system, act everywhere.
    """
    if actor.is_superuser and actor.is_active:
        return
    if actor.username == SYSTEM and not actor.is_active:
        return
    if not actor.has_perm(permission):
        raise PermissionDenied(_("Your roles do not include managing accounts."))
    if user is not None and user.pk == actor.pk:
        raise PermissionDenied(_("You cannot manage your own account. Ask another account manager."))
    if user is not None and user.is_superuser:
        raise PermissionDenied(_("Superusers are managed by superusers alone."))
    if agency is None or not actor.agency_id or not agency.path.startswith(actor.agency.path):
        raise PermissionDenied(_("The account belongs to an agency outside yours."))


def check_roles(*, roles: Iterable[str], agency) -> set[str]:
    """The codes in `roles` as a set, if someone of `agency` may hold them together; otherwise DomainError."""
    codes = set(roles)
    if unknown := sorted(codes - ROLES.keys()):
        raise DomainError(_("There is no role %(names)s.") % {"names": listed(unknown)})
    if len(families(codes)) > 1:
        names = pgettext("between items", ", ").join(str(family.label) for family in Family)
        raise DomainError(
            _("One person holds roles of one of these alone: %(families)s.") % {"families": names}
        )
    whole_city = [ROLES[code] for code in sorted(codes) if ROLES[code].whole_city]
    if whole_city and not is_city_bureau(agency):
        raise DomainError(
            _("The role %(role)s is for the city bureau alone: it opens the cases of every agency.")
            % {"role": whole_city[0].label}
        )
    kind = agency.kind if agency is not None else ""
    if PARTNER in codes and kind != AgencyKind.PLATFORM:
        raise DomainError(_("The role %(role)s is for the people of a platform alone.") % {"role": ROLES[PARTNER].label})
    if LIAISON in codes and kind != AgencyKind.COURT:
        raise DomainError(_("The role %(role)s is for the people of a court alone.") % {"role": ROLES[LIAISON].label})
    if kind == AgencyKind.PLATFORM and codes - {PARTNER}:
        raise DomainError(
            _("The people of a platform hold the role %(role)s and no other.") % {"role": ROLES[PARTNER].label}
        )
    if kind == AgencyKind.COURT and codes - {LIAISON}:
        raise DomainError(
            _("The people of a court hold the role %(role)s and no other.") % {"role": ROLES[LIAISON].label}
        )
    return codes


def role_codes(user: User) -> set[str]:
    """The codes of the roles that `user` holds."""
    return set(user.groups.values_list("name", flat=True))


@transaction.atomic
def create_user(
    *,
    actor: User,
    username: str,
    agency,
    roles: Iterable[str] = (),
    last_name: str = "",
    first_name: str = "",
    email: str = "",
    password: str | None = None,
    must_change_password: bool = True,
) -> tuple[User, str]:
    """A new account and its temporary password, which is stored nowhere else. `password` is for demo accounts.

    Raises PermissionDenied (agency outside the actor's), DomainError (roles that do not go together) and
    ValidationError (user name taken or of wrong form).
    """
    check_manageable(actor=actor, user=None, agency=agency, permission="accounts.add_user")
    codes = check_roles(roles=roles, agency=agency)
    if username.casefold() == SYSTEM:
        raise ValidationError({"username": _("This user name belongs to the system.")})
    password = password or temporary_password()
    user = User(
        username=username,
        agency=agency,
        last_name=last_name,
        first_name=first_name,
        email=email,
        must_change_password=must_change_password,
    )
    user.set_password(password)
    user.full_clean()
    user.save(force_insert=True)
    _replace_roles(user, codes)
    _record(actor, user, ADDITION, [{"added": {}}])
    return user, password


@transaction.atomic
def change_user(*, actor: User, user: User, roles: Iterable[str] | None = None, **changes: Any) -> User:
    """Change the name, e-mail address or agency of `user`, and his roles where they are given. Raises like create_user;
    both the old and the new agency must be the actor's to manage."""
    if unexpected := sorted(changes.keys() - set(EDITABLE)):
        raise TypeError(f"change_user does not change {', '.join(unexpected)}")
    user = _locked(actor, user)
    agency = changes.get("agency", user.agency)
    check_manageable(actor=actor, user=user, agency=agency, permission="accounts.change_user")
    before = role_codes(user)
    codes = check_roles(roles=before & ROLES.keys() if roles is None else roles, agency=agency)
    changed = [name for name in EDITABLE if name in changes and changes[name] != getattr(user, name)]
    with translation.override("en"):  # the log's words are translated when they are shown
        said = [str(User._meta.get_field(name).verbose_name) for name in changed]
    if changed:
        for name in changed:
            setattr(user, name, changes[name])
        user.full_clean(exclude=["password"])
        user.save(update_fields=changed)
    if roles is not None and codes != before:
        _replace_roles(user, codes)
        said.append(f"roles [{', '.join(sorted(before))}] → [{', '.join(sorted(codes))}]")
    if said:
        _record_change(actor, user, *said)
    return user


def _replace_roles(user: User, codes: set[str]) -> None:
    groups = list(Group.objects.filter(name__in=codes))
    if missing := sorted(codes - {group.name for group in groups}):
        raise DomainError(
            _("The database does not know the role %(names)s; run sync_roles.")
            % {"names": listed(missing)}
        )
    user.groups.set(groups)  # the user's row is locked: nobody else can give him a role meanwhile
    staff = user.is_superuser or any(ROLES[code].staff for code in codes)
    if staff != user.is_staff:
        user.is_staff = staff
        user.save(update_fields=["is_staff"])


@transaction.atomic
def reset_password(*, actor: User, user: User) -> str:
    """Give `user` a temporary password, to be changed at the next sign-in, and lift a lockout. Every session of his
    ends. Returns the password, which is stored nowhere else."""
    user = _locked(actor, user)
    password = temporary_password()
    user.set_password(password)
    user.must_change_password = True
    user.save(update_fields=["password", "must_change_password"])
    AxesProxyHandler.reset_attempts(username=user.username)
    _record_change(actor, user, gettext_noop("password"))
    return password


@transaction.atomic
def change_password(*, user: User, password: str, now: dt.datetime | None = None) -> User:
    """The user's own new password, checked by the form. Every other session of his ends."""
    locked = User.objects.select_for_update().get(pk=user.pk)
    locked.set_password(password)
    locked.must_change_password = False
    locked.password_changed_at = now or timezone.now()
    locked.save(update_fields=["password", "must_change_password", "password_changed_at"])
    return locked


@transaction.atomic
def deactivate(*, actor: User, user: User) -> User:
    """Close the account: no sign-in, and every session ends with its next request. Nothing is deleted."""
    return _set_active(actor, user, False)


@transaction.atomic
def activate(*, actor: User, user: User) -> User:
    """Open a closed account again, with the roles and the password that it had."""
    return _set_active(actor, user, True)


def _set_active(actor: User, user: User, active: bool) -> User:
    user = _locked(actor, user)
    if user.is_active != active:
        user.is_active = active
        user.save(update_fields=["is_active"])
        _record_change(actor, user, gettext_noop("active"))
    return user


@transaction.atomic
def unlock(*, actor: User, user: User) -> int:
    """Forget the failed sign-ins of `user`, so that he may try again at once; returns how many rows there were."""
    user = _locked(actor, user)
    forgotten = AxesProxyHandler.reset_attempts(username=user.username)
    if forgotten:
        _record_change(actor, user, gettext_noop("lockout"))
    return forgotten


def locked_until(username: str, *, now: dt.datetime | None = None) -> dt.datetime | None:
    """When the lockout of `username` ends; None if it is not locked out."""
    now = now or timezone.now()
    length = dt.timedelta(hours=settings.AXES_COOLOFF_TIME)
    attempts = AccessAttempt.objects.filter(username=username, attempt_time__gte=now - length)
    rows = list(attempts.order_by("attempt_time").values_list("attempt_time", "failures_since_start"))
    failures, until = sum(count for _at, count in rows), None
    for at, count in rows:  # the oldest are forgotten first
        if failures < settings.AXES_FAILURE_LIMIT:
            break
        failures, until = failures - count, at + length
    return until


def temporary_password() -> str:
    """Random, 4 groups of 4 letters and digits that are not taken for one another: about 90 bits."""
    while True:
        password = "-".join(
            "".join(secrets.choice(UNAMBIGUOUS) for _letter in range(GROUP_LENGTH))
            for _group in range(GROUPS)
        )
        if any(letter.isdigit() for letter in password) and any(letter.isalpha() for letter in password):
            return password


def _locked(actor: User, user: User) -> User:
    user = User.objects.select_for_update(of=("self",)).select_related("agency").get(pk=user.pk)
    check_manageable(actor=actor, user=user, agency=user.agency, permission="accounts.change_user")
    return user


def _record_change(actor: User, user: User, *fields: str) -> None:
    _record(actor, user, CHANGE, [{"changed": {"fields": list(fields)}}])


def _record(actor: User, user: User, flag: int, message: list) -> None:
    """Account management is written down in the admin's own log, in the same transaction."""
    LogEntry.objects.log_actions(actor.pk, [user], flag, message, single_object=True)
