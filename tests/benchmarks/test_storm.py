import shutil

import pytest

from benchmarks.storm import faults, fight
from cases.models import CaseEvent, DocumentSeries


@pytest.fixture(autouse=True)
def _files(tmp_path, monkeypatch):
    """Documents are stored apart, for the processes too."""
    monkeypatch.setenv("MEDIA_ROOT", str(tmp_path))
    yield
    shutil.rmtree(tmp_path, ignore_errors=True)


def test_eight_processes_fight_over_the_same_cases(fresh_database):
    result = fight(fresh_database, seconds=10, processes=8)

    assert result["crashed"] == 0
    assert result["faults"] == []
    assert result["done"]["refused"] > 20
    assert sum(count for act, count in result["done"].items() if act not in ("refused", "no document")) > 20
    assert sum(DocumentSeries.objects.values_list("last", flat=True)) == result["done"]["document"] > 0

    # what breaks it is found
    event = CaseEvent.objects.filter(verb="accept").first()
    CaseEvent.objects.create(case=event.case, verb="accept", before="registered", after="accepted", at=event.at)
    DocumentSeries.objects.update(last=1_000)
    found = faults()
    assert any("accept began in" in fault for fault in found)
    assert any("numbers" in fault for fault in found)
