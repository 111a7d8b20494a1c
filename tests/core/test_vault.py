import os
import time
from pathlib import Path

import pytest

from core import vault
from core.personal_data import PersonalDataError, is_current

OLD, NEW = f"old:{'1a' * 32}", f"new:{'2b' * 32}"
CONTENT = "投诉人张测试的身份证".encode() * 1000


def path(settings, name) -> Path:
    return Path(settings.MEDIA_ROOT) / "sealed" / name


def test_a_file_is_read_as_it_was_written_and_nothing_of_it_is_on_disk(settings):
    name = vault.write(CONTENT, context="cases.Attachment:7")

    assert vault.read(name, context="cases.Attachment:7") == CONTENT
    stored = path(settings, name).read_bytes()
    assert "张测试".encode() not in stored
    assert b"cases" not in stored
    assert len(name) == 35


def test_equal_files_are_stored_apart_and_unequal(settings):
    first, second = (vault.write(CONTENT, context="a:1") for _ in range(2))

    assert first != second
    assert path(settings, first).read_bytes() != path(settings, second).read_bytes()


def test_only_the_server_reads_files_and_folders(settings):
    name = vault.write(CONTENT, context="a:1")

    assert path(settings, name).stat().st_mode & 0o777 == 0o600
    assert path(settings, name).parent.stat().st_mode & 0o077 == 0


def test_a_file_is_no_other_row_s(settings):
    name = vault.write(CONTENT, context="cases.Attachment:7")

    with pytest.raises(PersonalDataError, match="another row"):
        vault.read(name, context="cases.Attachment:8")


@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b[:-1] + bytes([b[-1] ^ 1]), lambda b: b""])
def test_an_altered_file_is_not_given_out(settings, change):
    name = vault.write(CONTENT, context="a:1")
    path(settings, name).write_bytes(change(path(settings, name).read_bytes()))

    with pytest.raises(PersonalDataError):
        vault.read(name, context="a:1")


def test_a_missing_file_is_said_to_be_missing():
    with pytest.raises(PersonalDataError, match="is missing under MEDIA_ROOT"):
        vault.read("ab/abcd", context="a:1")
    with pytest.raises(PersonalDataError, match="is missing under MEDIA_ROOT"):
        vault.renew("ab/abcd", context="a:1")
    vault.remove("ab/abcd")


def test_renewing_uses_the_new_key_once(settings):
    settings.PERSONAL_DATA_KEYS = OLD
    name = vault.write(CONTENT, context="a:1")
    settings.PERSONAL_DATA_KEYS = f"{NEW},{OLD}"

    assert vault.renew(name, context="a:1") is True
    assert vault.renew(name, context="a:1") is False

    settings.PERSONAL_DATA_KEYS = NEW
    assert is_current(path(settings, name).read_bytes())
    assert vault.read(name, context="a:1") == CONTENT
    assert os.listdir(path(settings, name).parent) == [Path(name).name]


def test_a_renewal_of_the_wrong_row_leaves_the_file(settings):
    settings.PERSONAL_DATA_KEYS = OLD
    name = vault.write(CONTENT, context="a:1")
    settings.PERSONAL_DATA_KEYS = f"{NEW},{OLD}"
    before = path(settings, name).read_bytes()

    with pytest.raises(PersonalDataError):
        vault.renew(name, context="a:2")

    assert path(settings, name).read_bytes() == before


def test_a_write_that_fails_leaves_nothing(settings, monkeypatch):
    monkeypatch.setattr(vault.os, "fsync", lambda _file: (_ for _ in ()).throw(OSError("disk full")))

    with pytest.raises(OSError, match="disk full"):
        vault.write(CONTENT, context="a:1")

    assert [found for found in Path(settings.MEDIA_ROOT).rglob("*") if found.is_file()] == []


def test_old_files_are_listed_and_removed(settings):
    old, fresh = vault.write(b"a", context="a:1"), vault.write(b"b", context="a:2")
    half = f"{old}.1234.part"
    path(settings, half).write_bytes(b"half")
    for name in (old, half):
        os.utime(path(settings, name), (time.time() - 5000, time.time() - 5000))

    assert list(vault.names(older_than=time.time() - 1000)) == [old, half]
    vault.remove(half)
    assert list(vault.names(older_than=time.time() + 10)) == sorted([old, fresh])
