"""What every page says of the working-day calendar."""

from django import template

from registry.domain.calendar import missing_years

register = template.Library()


@register.simple_tag
def missing_calendars() -> str:
    """The years whose calendar is wanted by now and has not been loaded, in words; empty where none is missing."""
    return ", ".join(map(str, missing_years()))
