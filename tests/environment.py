"""Loaded before Django's settings: the embedded database unless DATABASE_URL is set, and keys made for this checkout."""

import gc
import os

from consumer_rights import local

local.prepare()
for name, value in local.keys().items():
    os.environ.setdefault(name, value)
os.environ["ALLOWED_HOSTS"] = "127.0.0.1,localhost,testserver"

# what is loaded once stays: looking for garbage among it took some 5 % of the suite
gc.set_threshold(200_000, 50, 100)
