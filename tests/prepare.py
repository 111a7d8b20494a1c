"""Makes the template of the test databases: `python -m tests.prepare`. The suite does so itself; where it
runs after other checks, this works beside them."""

import django

from tests import environment  # noqa: F401 - before the settings


def main() -> None:
    django.setup()
    from tests import databases  # noqa: PLC0415 - needs the settings

    databases.template()


if __name__ == "__main__":
    main()
