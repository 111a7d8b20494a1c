import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from registry.models import Agency, Channel
from tests.factories import CaseFactory

pytestmark = pytest.mark.django_db


def run(*arguments):
    out = StringIO()
    with translation.override("en"):
        call_command("load_reference", *arguments, stdout=out)
    return out.getvalue()


def test_all_data_sets_are_loaded_already():
    found = json.loads(run("--json").splitlines()[-1])
    assert all(counts["created"] + counts["updated"] + counts["kept"] == 0 for counts in found["datasets"].values())
    assert found["datasets"]["channels"]["unchanged"] == 18
    assert (found["differences"], found["missing"], found["local"], found["fixed"]) == ([], [], [], [])
    assert found["seconds"] < 60


def test_an_edited_row_is_told_with_field_and_both_values():
    Channel.objects.filter(code="fax").update(name="图文传真")
    text = run("--only", "channels")
    assert "channels: 0 created, 0 updated, 17 unchanged, 1 kept" in text
    assert "channels fax was edited here and is kept: name: 传真 → 图文传真" in text
    assert "regions" not in text

    (difference,) = json.loads(run("--json"))["differences"]
    assert difference == {
        "dataset": "channels", "key": "fax", "field": "name", "file": "传真", "stored": "图文传真",
    }  # fmt: skip
    assert "1 updated, 17 unchanged, 0 kept" in run("--only", "channels", "--overwrite", "fax")
    assert Channel.objects.get(code="fax").name == "传真"


def test_check_fails_where_something_would_be_loaded_and_changes_nothing():
    assert "18 unchanged" in run("--check", "--only", "channels")
    Channel.objects.get(code="fax").delete()
    with pytest.raises(CommandError, match="1 rows differ"):
        run("--check")
    assert not Channel.objects.filter(code="fax").exists()


def test_rows_added_here_and_rows_that_left_are_told():
    Channel.objects.create(code="own", name="自有", name_en="Own")
    Channel.objects.create(code="old", name="旧有", name_en="Old", file_digest="x")
    text = run("--only", "channels")
    assert "channels old stands no longer in its file; it stays." in text
    assert "Added here and in no file: 1 rows." in text


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--only", "colours"], "Unknown data set: colours. There are: regions, agencies,"),
        (["--overwrite", "no-such-code"], "no-such-code"),
    ],
)
def test_unknown_names_are_refused(arguments, reason):
    with pytest.raises(CommandError, match=reason):
        run(*arguments)


def test_silent_when_asked():
    assert run("--verbosity", "0") == ""


def test_an_agency_with_cases_in_custody_is_not_moved_and_told_in_one_line():
    station = Agency.objects.get(code="330106005-station")
    there, file = Agency.objects.get(code="330105-bureau"), station.parent.code
    run("--only", "agencies")
    Agency.objects.filter(pk=station.pk).update(parent=there, path=f"{there.path}{station.pk}/", name_en="Edited")
    CaseFactory(handling=Agency.objects.get(pk=station.pk))

    text = run("--only", "agencies", "--overwrite", station.code)

    lines = [line for line in text.splitlines() if "custody" in line]
    assert lines == [f"agencies {station.code} has cases in custody and is not moved: parent: {file} → {there.code}"]
    stored = Agency.objects.get(pk=station.pk)
    assert (stored.parent, stored.path, stored.name_en) == (there, f"{there.path}{station.pk}/", station.name_en)
    assert json.loads(run("--only", "agencies", "--json"))["fixed"] == [
        {"dataset": "agencies", "key": station.code, "field": "parent", "file": file, "stored": there.code}
    ]
    assert "1 kept" not in run("--only", "agencies")
