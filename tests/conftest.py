import gc
import itertools
from pathlib import Path

import pytest

# they take longest, in this order; where they come first, no worker waits for another at the end
SLOW = (
    "test_access.py", "cases/test_import_killed.py", "consumer_rights/test_rights.py", "demo/test_building.py",
    "benchmarks/", "test_addresses.py", "mediation/test_import_killed.py", "pledges/test_import_killed.py",
    "cases/test_script_forms.py", "cases/test_worker.py",
)  # fmt: skip


@pytest.hookimpl(trylast=True)  # when what is not asked for has been left out
def pytest_collection_modifyitems(items):
    """Slow modules, each of them whole, in turn at the beginning of either half: the first of two workers begins with the
    first half."""
    modules: dict[Path, list] = {}
    for item in items:  # those of one module need not stand together
        modules.setdefault(item.path, []).append(item)
    first = sorted((path for path in modules if _place(path) < len(SLOW)), key=_place)
    rest = [path for path in modules if path not in first]
    half, count = [], 0
    while rest and count < len(items) / 2 - sum(len(modules[path]) for path in first[::2]):
        half.append(rest.pop(0))
        count += len(modules[half[-1]])
    items[:] = [item for path in (*first[::2], *half, *first[1::2], *rest) for item in modules[path]]


def pytest_collection_finish():
    """What is loaded by now stays: looking for garbage among it takes long, and never looking lets gigabytes gather."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def _place(path: Path) -> int:
    return next((n for n, name in enumerate(SLOW) if f"tests/{name}" in path.as_posix()), len(SLOW))



@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker):
    """Each worker has a clone of the migrated template, with reference data and roles, for its whole session."""
    from tests import databases  # noqa: PLC0415 - needs the settings

    with django_db_blocker.unblock(), databases.clone("worker") as name, databases.connected_to(name):
        yield


@pytest.fixture
def fresh_database(django_db_setup, django_db_blocker):
    """A clone of its own, committed for real: for races, kills and browsers. Yields its DATABASE_URL."""
    from tests import databases  # noqa: PLC0415

    with django_db_blocker.unblock(), databases.clone() as name, databases.connected_to(name):
        yield databases.database_url(name)


@pytest.fixture(autouse=True)
def _nothing_cached():
    """What a page has kept for the next one is of another test's rows."""
    from django.core.cache import cache  # noqa: PLC0415

    cache.clear()


@pytest.fixture(autouse=True)
def _chinese():
    """The portal's default language, whatever a test before has switched to."""
    from django.utils import translation  # noqa: PLC0415

    with translation.override("zh-hans"):
        yield


@pytest.fixture
def in_english(_chinese):
    """What is called without a page speaks English."""
    from django.utils import translation  # noqa: PLC0415

    with translation.override("en"):
        yield


@pytest.fixture(scope="session")
def _folders(tmp_path_factory):
    """Folders not made yet, one after another: making one for each test, and deleting it, takes longer than most."""
    base = tmp_path_factory.mktemp("media")
    return (base / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _files(settings, _folders):
    """Stored files of each test lie in a folder of its own."""
    settings.MEDIA_ROOT = str(next(_folders))
