"""A synthetic city, written as the files that a real one would export. See `figures` for its totals and their sources.

    write_city(directory, scale=0.008, seed=2020, today=date(2026, 4, 20))

The package stands alone: it needs no database and shares no code with the importer or with the figures that are
computed from what it writes.
"""

from demo.city.figures import LARGEST_SCALE, SMALLEST_SCALE
from demo.city.files import EARLIEST_TODAY, CityFile, Manifest, write_city

__all__ = ["EARLIEST_TODAY", "LARGEST_SCALE", "SMALLEST_SCALE", "CityFile", "Manifest", "write_city"]
