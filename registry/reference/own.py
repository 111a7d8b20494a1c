"""The registry's own data sets, in the order in which they refer to one another."""

from pathlib import Path

from registry.models import (
    Agency,
    CalendarDay,
    CalendarNotice,
    Category,
    Channel,
    Industry,
    Platform,
    Problem,
    Region,
    RegionSuccession,
)
from registry.reference.datasets import Children, Dataset

DATA = Path(__file__).parent

DATASETS = (
    Dataset(
        "regions", Region, DATA / "regions.csv", key=("code", "valid_from"),
        children=Children("successions", RegionSuccession, "predecessor", DATA / "successions.csv"),
    ),
    Dataset("agencies", Agency, DATA / "agencies.csv"),
    Dataset("platforms", Platform, DATA / "platforms.csv"),
    Dataset("channels", Channel, DATA / "channels.csv"),
    Dataset("categories", Category, DATA / "categories.csv", key=("scheme", "code")),
    Dataset("problems", Problem, DATA / "problems.csv", key=("scheme", "code")),
    Dataset("industries", Industry, DATA / "industries.csv"),
    Dataset(
        "calendar", CalendarNotice, DATA / "calendar",
        children=Children("days", CalendarDay, "notice"),
    ),
)
