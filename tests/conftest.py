import os

from consumer_rights import local

# before Django reads its settings: the embedded database unless DATABASE_URL is set, keys made for this checkout
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
local.prepare()
for name, value in local.keys().items():
    os.environ.setdefault(name, value)
os.environ.setdefault("ALLOWED_HOSTS", "127.0.0.1,localhost,testserver")
