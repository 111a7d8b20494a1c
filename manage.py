#!/usr/bin/env python
"""Django's command line. Without DATABASE_URL it works on the embedded database of this checkout."""

import os
import sys

if __name__ == "__main__":
    from consumer_rights import local

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "consumer_rights.settings")
    local.prepare(start_database=local.needs_database(sys.argv))
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
