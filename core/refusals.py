"""What the database refused, in words that a form can show."""

from django.apps import apps
from django.db import IntegrityError
from django.utils.translation import gettext as _

from core.exceptions import DomainError


def refusal(error: DomainError | IntegrityError) -> str:
    """Why nothing was written: the rule of the domain, or the message of the constraint that a row would have broken,
    most often because someone else was quicker."""
    if isinstance(error, DomainError):
        return str(error)
    diagnosis = getattr(error.__cause__, "diag", None)
    name, table = getattr(diagnosis, "constraint_name", None), getattr(diagnosis, "table_name", None)
    for model in apps.get_models():
        if model._meta.db_table == table:
            for constraint in model._meta.constraints:
                if constraint.name == name and str(constraint.violation_error_message) != _default(constraint):
                    return str(constraint.get_violation_error_message())
    return _("Someone else has changed what this depends on, so nothing was saved. Look at it again.")


def _default(constraint) -> str:
    return str(constraint.default_violation_error_message)
