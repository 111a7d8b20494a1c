"""What a process that serves pages does before its first request."""

import gc
from functools import cache

from django.urls import get_resolver


@cache
def load_for_good() -> None:
    """Once in a process: load every page's code, and leave it out of all later searches for garbage. In the midst of a
    request, one over 150,000 objects that are never given up takes as long as half a page."""
    get_resolver().url_patterns  # noqa: B018 - reading them loads the views, forms and administration behind them
    gc.collect()
    gc.freeze()
