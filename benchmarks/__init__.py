"""Measurements: `python -m benchmarks`, or one of its modules alone. They print figures, and nothing fails by them."""

import os

import django

from tests import environment  # noqa: F401 - names the database and the keys before Django reads its settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()
