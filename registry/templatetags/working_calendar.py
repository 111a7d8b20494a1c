"""What every page says of the working-day calendar."""

from django import template

from core.language import listed
from registry.domain.calendar import missing_years

register = template.Library()


@register.simple_tag
def missing_calendars() -> str:
    """The years whose calendar is wanted by now and has not been loaded, in words; empty where none is missing."""
    return listed(missing_years())
