"""What others ask of the registry: the directory of names as written, and the working-day calendar."""

from registry.domain.calendar import calendar_days, load_calendar
from registry.domain.directory import Directory

__all__ = ["Directory", "calendar_days", "load_calendar"]
