"""Reference data as dated files, and their way into the database.

A data set is a CSV file with one row a line, or a folder with one file a row. Lines that begin with `#`
head the file: where it comes from (`source`), when it was put together (`as of`), remarks. An app with data
of its own calls `register(Dataset(...))` in its AppConfig.ready(); `manage.py load_reference` loads them all.
"""

from registry.reference.datasets import Children, Dataset, datasets, register
from registry.reference.loading import Difference, Report, load

__all__ = ["Children", "Dataset", "Difference", "Report", "datasets", "load", "register"]
