import pytest

from registry.models import Channel, Industry
from registry.reference import Dataset, datasets, register


def test_the_data_sets_of_all_apps_are_known_in_order():
    assert [dataset.name for dataset in datasets()] == [
        "regions", "agencies", "platforms", "channels", "categories", "problems", "industries", "calendar",
        "clock_rules", "grounds", "signals", "pledge_types", "checklist", "targets",
    ]  # fmt: skip


def test_a_name_belongs_to_one_data_set(tmp_path):
    before = datasets()
    register(*before)  # the same again is no mistake
    with pytest.raises(ValueError, match="channels"):
        register(Dataset("channels", Channel, tmp_path / "other.csv"))
    assert datasets() == before


def test_the_key_of_a_row_is_written_as_in_files():
    assert Dataset("x", Industry, None).key_of(Industry(code="C")) == "C"
    channel = Channel(code="a", position=3)
    assert Dataset("x", Channel, None, key=("code", "position")).key_of(channel) == "a:3"
