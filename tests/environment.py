"""Loaded before Django's settings: the embedded database unless DATABASE_URL is set, and keys made for this checkout."""

import os

from consumer_rights import local

local.prepare()
for name, value in local.keys().items():
    os.environ.setdefault(name, value)
os.environ["ALLOWED_HOSTS"] = "127.0.0.1,localhost,testserver"
