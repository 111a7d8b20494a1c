import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from cases.domain import reject_context, rotate, rotation
from cases.domain.documents import document_context
from cases.domain.reveal import personal_context
from cases.domain.rotation import FILES
from cases.models import ImportReject, Party
from core import vault
from core.personal_data import PersonalDataError, decrypt, is_current
from tests.cases.files import row, rows, write
from tests.factories import AttachmentFactory, DocumentFactory, DocumentTemplateFactory

pytestmark = pytest.mark.django_db
OLD, NEW = f"old:{'1a' * 32}", f"new:{'2b' * 32}"


@pytest.fixture
def stored(settings, tmp_path):
    """Five parties and one reject under the old key, one party without data, then the new key put first."""
    settings.PERSONAL_DATA_KEYS = OLD
    lines = [*rows(5), row(登记编号="9", 姓名="", 联系电话=""), row(登记编号="10", 消费金额="-1")]
    call_command("import_cases", str(write(tmp_path / "a.csv", lines)), profile="national12315", verbosity=0)
    settings.PERSONAL_DATA_KEYS = f"{NEW},{OLD}"


def blobs() -> list[bytes]:
    parties = Party.objects.exclude(personal=None).order_by("pk").values_list("personal", flat=True)
    return [*map(bytes, parties), *map(bytes, ImportReject.objects.values_list("raw", flat=True))]


def contents() -> list:
    parties = Party.objects.exclude(personal=None).order_by("pk")
    rejects = ImportReject.objects.all()
    return [
        *(decrypt(party.personal, context=personal_context(party.pk)) for party in parties),
        *(decrypt(reject.raw, context=reject_context(reject.file_id, reject.line)) for reject in rejects),
    ]


@pytest.mark.usefixtures("stored")
def test_afterwards_the_new_key_alone_reads_everything(settings, capsys):
    before = contents()
    hashes = set(Party.objects.values_list("pk", "phone_hash"))
    assert not any(map(is_current, blobs()))

    call_command("rotate_personal_data", json=True)

    assert json.loads(capsys.readouterr().out) == {
        "cases_party": 5, "cases_importreject": 1, "cases_document": 0, "files": 0,
    }  # fmt: skip
    settings.PERSONAL_DATA_KEYS = NEW
    assert contents() == before
    assert before[0] == {"name": "王小明", "phone": "13800001234"}
    assert set(Party.objects.values_list("pk", "phone_hash")) == hashes


@pytest.mark.usefixtures("stored")
def test_a_second_call_has_nothing_to_do():
    rotate()
    before = blobs()

    assert rotate() == {"cases_party": 0, "cases_importreject": 0, "cases_document": 0, "files": 0}
    assert blobs() == before


@pytest.mark.usefixtures("stored")
def test_a_cut_off_call_goes_on_where_it_stopped(monkeypatch):
    monkeypatch.setattr(rotation, "BATCH", 2)

    def cut_off(table, done):
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate(cut_off)
    assert [is_current(blob) for blob in blobs()] == [True] * 4 + [False] * 2

    assert rotate() == {"cases_party": 1, "cases_importreject": 1, "cases_document": 0, "files": 0}
    assert all(map(is_current, blobs()))


@pytest.mark.usefixtures("stored")
def test_without_the_old_key_it_says_which_is_missing_and_changes_nothing(settings):
    settings.PERSONAL_DATA_KEYS = NEW
    before = blobs()

    with pytest.raises(CommandError, match="'old'") as refused:
        call_command("rotate_personal_data")

    assert "\n" not in str(refused.value)
    assert blobs() == before


@pytest.mark.usefixtures("stored")
def test_a_row_that_was_moved_stops_the_rotation():
    first, second = Party.objects.exclude(personal=None).order_by("pk")[:2]
    Party.objects.filter(pk=second.pk).update(personal=first.personal)

    with pytest.raises(PersonalDataError, match="another row"):
        rotate()


# files


@pytest.fixture
def files(settings):
    """An attachment, a withdrawn one, a document and a template under the old key, then the new key put first."""
    settings.PERSONAL_DATA_KEYS = OLD
    stored = [
        AttachmentFactory(), AttachmentFactory(withdrawn=True), DocumentFactory(voided=True), DocumentTemplateFactory(),
    ]  # fmt: skip
    settings.PERSONAL_DATA_KEYS = f"{NEW},{OLD}"
    return stored


def blob(settings, row) -> bytes:
    return (Path(settings.MEDIA_ROOT) / "sealed" / row.file).read_bytes()


def test_files_and_contents_of_documents_are_encrypted_anew(settings, files):
    before = [vault.read(row.file, context=FILES[type(row)](row.pk)) for row in files]
    document = files[2]
    contents = decrypt(document.values, context=document_context(document.pk))

    assert rotate() == {"cases_party": 0, "cases_importreject": 0, "cases_document": 1, "files": 4}

    settings.PERSONAL_DATA_KEYS = NEW
    assert [vault.read(row.file, context=FILES[type(row)](row.pk)) for row in files] == before
    document.refresh_from_db()
    assert decrypt(document.values, context=document_context(document.pk)) == contents
    assert rotate() == {"cases_party": 0, "cases_importreject": 0, "cases_document": 0, "files": 0}


def test_a_cut_off_rotation_of_files_goes_on_where_it_stopped(settings, files, monkeypatch):
    renew, seen = vault.renew, []

    def cut_off(name, *, context):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(name)
        return renew(name, context=context)

    with monkeypatch.context() as patched:
        patched.setattr(vault, "renew", cut_off)
        with pytest.raises(KeyboardInterrupt):
            rotate()
    assert [is_current(blob(settings, row)) for row in files] == [True, True, False, False]
    for owner in files:  # both keys are still there: every file is read
        assert vault.read(owner.file, context=FILES[type(owner)](owner.pk))

    assert rotate()["files"] == 2
    assert all(is_current(blob(settings, row)) for row in files)


def test_a_missing_file_stops_the_rotation_and_is_named(files):
    vault.remove(files[2].file)

    with pytest.raises(CommandError, match=files[2].file):
        call_command("rotate_personal_data")
