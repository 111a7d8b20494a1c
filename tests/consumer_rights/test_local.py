import json
import multiprocessing
import os
import stat
from unittest import mock

import pytest

from consumer_rights import embedded, local
from core.personal_data import check_keys


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(local, "VAR_DIR", tmp_path / "var")
    return tmp_path / "var" / "keys.json"


class TestKeys:
    def test_they_are_made_once_and_for_their_owner_alone(self, path):
        first = local.keys()

        assert set(first) == {"SECRET_KEY", "PERSONAL_DATA_KEYS", "LOOKUP_KEY"}
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert local.keys() == first == json.loads(path.read_text())

    def test_two_checkouts_have_different_keys(self, path):
        first = local.keys()
        path.unlink()

        assert not set(first.values()) & set(local.keys().values())

    def test_they_are_good_keys(self, path, settings):
        made = local.keys()
        settings.PERSONAL_DATA_KEYS, settings.LOOKUP_KEY = made["PERSONAL_DATA_KEYS"], made["LOOKUP_KEY"]

        assert check_keys() is None
        assert len(made["SECRET_KEY"]) >= 50

    @pytest.mark.parametrize("content", ["", '{"SECRET_KEY": "x"', "[]", "{}", '{"SECRET_KEY": "x"}', "\0\1"])
    def test_a_damaged_file_is_named_and_never_replaced(self, path, content):
        path.parent.mkdir()
        path.write_text(content)

        with pytest.raises(SystemExit) as ended:
            local.keys()

        assert str(path) in str(ended.value.code)
        assert "backup" in str(ended.value.code)
        assert path.read_text() == content


ROUNDS, PROCESSES = 50, 4


def keys_of_many_checkouts(base, start, answers):
    """What a process takes for the keys of each checkout, asked in the same moment as the others ask."""
    given = []
    for number in range(ROUNDS):
        local.VAR_DIR = base / str(number)
        start.wait()
        try:
            given.append(local.keys())
        except SystemExit as ended:
            given.append(str(ended))
    answers.put(given)


def test_processes_that_start_together_use_the_same_keys(tmp_path):
    context = multiprocessing.get_context("fork")
    start, answers = context.Barrier(PROCESSES), context.Queue()
    processes = [
        context.Process(target=keys_of_many_checkouts, args=(tmp_path, start, answers)) for _ in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    given = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()

    stored = [json.loads((tmp_path / str(number) / "keys.json").read_text()) for number in range(ROUNDS)]
    assert given == [stored] * PROCESSES
    assert {path.name for path in tmp_path.rglob("*.*")} == {"keys.json", "keys.lock"}


class TestPrepare:
    @pytest.fixture(autouse=True)
    def _environment(self, path):
        with mock.patch.dict(os.environ):
            yield

    def test_where_a_database_is_named_nothing_is_filled_in(self, path):
        os.environ.clear()
        os.environ["DATABASE_URL"] = "postgres://db.example.org/portal"

        local.prepare()

        assert dict(os.environ) == {"DATABASE_URL": "postgres://db.example.org/portal"}
        assert not path.exists()

    def test_a_checkout_that_names_none_gets_all_it_needs(self):
        for name in ("DATABASE_URL", "SECRET_KEY", "PERSONAL_DATA_KEYS", "LOOKUP_KEY", "ALLOWED_HOSTS", "PLAIN_HTTP"):
            os.environ.pop(name, None)

        local.prepare(start_database=False)

        assert local.keys().items() <= os.environ.items()
        assert os.environ["DATABASE_URL"] == embedded.url()
        assert os.environ["ALLOWED_HOSTS"] == "127.0.0.1,localhost,[::1]"
        assert (os.environ["EMBEDDED_DATABASE"], os.environ["PLAIN_HTTP"]) == ("1", "1")

    def test_what_is_set_stays(self):
        del os.environ["DATABASE_URL"]
        os.environ |= {"SECRET_KEY": "mine", "PLAIN_HTTP": "0"}

        local.prepare(start_database=False)

        assert (os.environ["SECRET_KEY"], os.environ["PLAIN_HTTP"]) == ("mine", "0")


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["migrate"], True),
        (["import_cases", "a.csv"], True),
        ([], False),
        (["embedded_db", "stop"], False),
        (["help"], False),
    ],
)
def test_which_commands_need_the_database(arguments, needed):
    assert local.needs_database(["manage.py", *arguments]) is needed
