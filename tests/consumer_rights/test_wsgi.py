import pytest

from tests.consumer_rights.production import run

START = ("-c", "from consumer_rights.wsgi import application; print(callable(application))")
REQUIRED = ["DATABASE_URL", "SECRET_KEY", "ALLOWED_HOSTS", "PERSONAL_DATA_KEYS", "LOOKUP_KEY"]


def test_it_starts_with_the_variables_of_production():
    done = run(*START)

    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


def test_what_it_has_loaded_is_not_searched_for_garbage_in_the_midst_of_requests():
    done = run(
        "-c",
        "import gc, sys; from consumer_rights import wsgi; loaded = 'insights.views' in sys.modules;"
        "print(loaded, gc.get_freeze_count() > len(gc.get_objects()))",
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "True True\n", "")


@pytest.mark.parametrize("missing", [[name] for name in REQUIRED] + [REQUIRED])
@pytest.mark.parametrize("value", [None, ""])
def test_missing_variables_are_named_in_one_line(missing, value):
    done = run(*START, **dict.fromkeys(missing, value))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"The portal does not start: set {', '.join(missing)} in the environment (README, section Settings).\n"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PERSONAL_DATA_KEYS", "2026:1a1a"),
        ("PERSONAL_DATA_KEYS", "1a" * 32),
        ("LOOKUP_KEY", "zz" * 32),
        ("LOOKUP_KEY", "2b"),
    ],
)
def test_a_malformed_key_is_named_in_one_line_and_not_shown(name, value):
    done = run(*START, **{name: value})

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"The portal does not start: {name} ")
    assert done.stderr.count("\n") == 1
    assert value not in done.stderr


@pytest.mark.parametrize("value", ["1", "true", "yes"])
def test_debug_pages_are_not_served_from_a_real_database(value):
    done = run(*START, DEBUG=value)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "The portal does not start: DEBUG=1 is for the embedded database alone; take DEBUG out of the environment.\n"
    )


@pytest.mark.parametrize("changes", [{"DEBUG": "0"}, {"DEBUG": "1", "EMBEDDED_DATABASE": "1"}])
def test_debug_off_or_on_the_embedded_database_starts(changes):
    done = run(*START, **changes)

    assert (done.returncode, done.stdout) == (0, "True\n")


def test_the_owner_of_the_tables_serves_nothing():
    done = run(*START, DATABASE_OWNER_URL="postgres://owner:secret@127.0.0.1:5432/portal")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "The portal does not start: DATABASE_OWNER_URL is for migrate alone; take it out of the environment.\n"
    )
