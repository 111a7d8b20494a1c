"""Every write to accounts and their logs starts here; views, the admin and commands only call these functions."""

from accounts.domain.logs import log_access, log_sign_in, must_wait, purge_sign_ins
from accounts.domain.roles import RoleChanges, sync_roles
from accounts.domain.users import (
    SYSTEM,
    activate,
    change_password,
    change_user,
    check_manageable,
    check_roles,
    create_user,
    deactivate,
    locked_until,
    reset_password,
    role_codes,
    system_user,
    unlock,
)

__all__ = [
    "SYSTEM",
    "RoleChanges",
    "activate",
    "change_password",
    "change_user",
    "check_manageable",
    "check_roles",
    "create_user",
    "deactivate",
    "locked_until",
    "log_access",
    "log_sign_in",
    "must_wait",
    "purge_sign_ins",
    "reset_password",
    "role_codes",
    "sync_roles",
    "system_user",
    "unlock",
]
