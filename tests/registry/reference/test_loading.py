import datetime as dt

import pytest

from core.exceptions import DomainError, FileRefused
from registry.models import Agency, CalendarDay, CalendarNotice, Channel, Region
from registry.reference import Children, Dataset, load
from tests.factories import ChannelFactory

D = dt.date
HEAD = "# source: a test\n# as of: 2026-01-01\n"
pytestmark = pytest.mark.django_db


@pytest.fixture
def channels(tmp_path):
    """A data set of two channels, and how to write its file anew."""
    path = tmp_path / "channels.csv"

    def write(*lines, header="code,name,name_en,aliases,valid_from,valid_to,position"):
        path.write_text(HEAD + "\n".join([header, *lines]) + "\n", encoding="utf-8")

    write("t1,渠道一,Channel one,甲|乙,2020-01-01,,5", "t2,渠道二,Channel two,,,2026-04-15,")
    return Dataset("channels", Channel, path), write


def outcome(report, name="channels"):
    return tuple(report.counts[name].values())  # created, updated, unchanged, kept


def test_rows_are_created_with_their_values(channels):
    dataset, _ = channels

    assert outcome(load(known=[dataset])) == (2, 0, 0, 0)

    first, second = Channel.objects.get(code="t1"), Channel.objects.get(code="t2")
    assert (first.name, first.name_en, first.aliases, first.position) == ("渠道一", "Channel one", ["甲", "乙"], 5)
    assert (first.valid_from, first.valid_to) == (D(2020, 1, 1), None)
    assert (second.aliases, second.valid_from, second.valid_to, second.position) == ([], None, D(2026, 4, 15), 0)


def test_loading_again_changes_nothing(channels, django_assert_num_queries):
    dataset, _ = channels
    load(known=[dataset])
    with django_assert_num_queries(5):  # transaction, lock, keys, rows, end
        assert outcome(load(known=[dataset])) == (0, 0, 2, 0)


def test_a_changed_file_updates_untouched_rows(channels):
    dataset, write = channels
    load(known=[dataset])
    write("t1,渠道一,Channel 1,,2020-01-01,,5", "t2,渠道二,Channel two,,,2026-04-15,")

    assert outcome(load(known=[dataset])) == (0, 1, 1, 0)

    first = Channel.objects.get(code="t1")
    assert (first.name_en, first.aliases) == ("Channel 1", [])


def test_an_edited_row_is_kept_and_reported(channels):
    dataset, write = channels
    load(known=[dataset])
    Channel.objects.filter(code="t1").update(name="本局所称", valid_to=D(2027, 1, 1))

    report = load(known=[dataset])

    assert outcome(report) == (0, 0, 1, 1)
    assert [(d.key, d.field, d.file, d.stored) for d in report.differences] == [
        ("t1", "name", "渠道一", "本局所称"),
        ("t1", "valid_to", None, "2027-01-01"),
    ]
    write("t1,渠道甲,Channel one,甲|乙,2020-01-01,,5")
    assert outcome(load(known=[dataset])) == (0, 0, 0, 1)
    assert Channel.objects.get(code="t1").name == "本局所称"


def test_overwrite_takes_the_values_of_the_file(channels):
    dataset, _ = channels
    load(known=[dataset])
    Channel.objects.filter(code__in=["t1", "t2"]).update(name="本局所称")

    assert outcome(load(known=[dataset], overwrite=["t1"])) == (0, 1, 0, 1)

    assert Channel.objects.get(code="t1").name == "渠道一"
    assert Channel.objects.get(code="t2").name == "本局所称"
    assert outcome(load(known=[dataset])) == (0, 0, 1, 1)


def test_an_unknown_code_to_overwrite_is_refused(channels):
    dataset, _ = channels
    with pytest.raises(DomainError, match="t9"):
        load(known=[dataset], overwrite=["t1", "t9"])
    assert not Channel.objects.filter(code="t1").exists()


def test_an_edit_that_agrees_with_the_new_file_is_taken_as_loaded(channels):
    dataset, write = channels
    load(known=[dataset])
    Channel.objects.filter(code="t2").update(name="渠道乙")
    write("t1,渠道一,Channel one,甲|乙,2020-01-01,,5", "t2,渠道乙,Channel two,,,2026-04-15,")
    assert outcome(load(known=[dataset])) == (0, 0, 2, 0)

    write("t1,渠道一,Channel one,甲|乙,2020-01-01,,5", "t2,渠道丙,Channel two,,,2026-04-15,")
    assert outcome(load(known=[dataset])) == (0, 1, 1, 0)


def test_a_column_that_the_file_lacks_stays_as_it_is(channels):
    dataset, write = channels
    load(known=[dataset])
    Channel.objects.filter(code="t1").update(position=9)
    write("t1,渠道一,Channel 1", "t2,渠道二,Channel two", header="code,name,name_en")

    assert outcome(load(known=[dataset], overwrite=["t1"])) == (0, 1, 1, 0)

    first = Channel.objects.get(code="t1")
    assert (first.name_en, first.position, first.aliases) == ("Channel 1", 9, ["甲", "乙"])


def test_rows_that_left_the_file_are_reported_and_stay(channels):
    dataset, write = channels
    load(known=[dataset])
    ChannelFactory(code="own")
    write("t1,渠道一,Channel one,甲|乙,2020-01-01,,5")

    report = load(known=[dataset])

    assert ("channels", "t2") in report.missing
    assert report.local == [("channels", "own")]
    assert Channel.objects.filter(code__in=["t2", "own"]).count() == 2


def test_nothing_is_written_when_asked_only_to_tell(channels):
    dataset, _ = channels
    report = load(known=[dataset], write=False)
    assert report.changes == 2
    assert not Channel.objects.filter(code="t1").exists()


def test_every_problem_of_the_files_is_told_and_nothing_written(channels):
    dataset, write = channels
    write(
        "t1,渠道一,Channel one,,2020-13-01,,x",
        "t2,,Channel two,,,,",
        "t3,三,Three,,,",
        "t1,渠道一,Channel one,,,,",
        ",五,Five,,,,",
        "t6,六,Six,,2020-01-02,,",
    )
    with pytest.raises(FileRefused) as refused:
        load(known=[dataset])

    lines = str(refused.value).splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        ["channels.csv:4", "valid_from"],
        ["channels.csv:4", "position"],
        ["channels.csv:5", "name"],
        ["channels.csv:6", "'t3,三,Three,,,'"],
        ["channels.csv:8", "code"],
        ["channels.csv:7", "'t1'"],
    ]
    assert "2020-13-01" in lines[0]
    assert "channels.csv:4" in lines[-1]
    assert not Channel.objects.filter(code__in=["t1", "t2", "t6"]).exists()


def test_a_file_says_where_it_comes_from_and_has_known_columns(channels):
    dataset, _ = channels
    dataset.path.write_text("# as of: 2026-01-01\ncode,name,name_en,colour\nt1,一,One,red\n", encoding="utf-8")
    with pytest.raises(FileRefused) as refused:
        load(known=[dataset])
    assert [line.split(": ")[:2] for line in str(refused.value).splitlines()] == [
        ["channels.csv", "source"],
        ["channels.csv:2", "colour"],
    ]


def test_remarks_are_for_readers_of_the_file(channels):
    dataset, write = channels
    write("t1,一,One,L,read in full", header="code,name,name_en,confidence,remark")
    assert outcome(load(known=[dataset])) == (1, 0, 0, 0)


@pytest.fixture
def places(tmp_path):
    regions, successions = tmp_path / "regions.csv", tmp_path / "successions.csv"
    regions.write_text(
        HEAD + "code,level,name,name_en,parent,valid_from,valid_to\n"
        "770000,city,甲市,A,,2000-01-01,\n"
        "770001,district,乙区,B,770000,2000-01-01,2010-01-01\n"
        "770001,district,乙区,B,770000,2010-01-01,\n"
        "770002001,street,丙街道,C,770001:2010-01-01,2010-01-01,\n",
        encoding="utf-8",
    )
    successions.write_text(
        HEAD + "of,successor,whole,note\n770001:2000-01-01,770001:2010-01-01,yes,\n"
        "770001:2000-01-01,770002001,no,一部分\n",
        encoding="utf-8",
    )
    children = Children("successions", Region.successors.through, "predecessor", successions)
    return Dataset("regions", Region, regions, key=("code", "valid_from"), children=children), successions


def test_references_name_a_row_by_code_or_by_code_and_date(places):
    dataset, _ = places
    assert outcome(load(known=[dataset]), "regions") == (4, 0, 0, 0)

    street = Region.objects.get(code="770002001")
    assert (street.parent.code, street.parent.valid_from) == ("770001", D(2010, 1, 1))
    assert street.parent.parent.code == "770000"
    old = Region.objects.get(code="770001", valid_to=D(2010, 1, 1))
    assert {(s.successor.code, s.whole, s.note) for s in old.successions.all()} == {
        ("770001", True, ""), ("770002001", False, "一部分"),
    }  # fmt: skip
    assert outcome(load(known=[dataset]), "regions") == (0, 0, 4, 0)


def test_children_follow_their_file_and_an_edited_row_keeps_its_own(places):
    dataset, successions = places
    load(known=[dataset])
    old = Region.objects.get(code="770001", valid_to=D(2010, 1, 1))
    kept = old.successions.get(whole=True).pk
    successions.write_text(
        HEAD + "of,successor,whole,note\n770001:2000-01-01,770001:2010-01-01,yes,\n", encoding="utf-8"
    )
    assert outcome(load(known=[dataset]), "regions") == (0, 1, 3, 0)
    assert [s.pk for s in old.successions.all()] == [kept]

    old.successions.update(note="本局补记")
    report = load(known=[dataset])
    assert outcome(report, "regions") == (0, 0, 3, 1)
    (difference,) = report.differences
    assert difference.key == "770001:2000-01-01"
    assert [one.get("note") for one in (*difference.file, *difference.stored)] == [None, "本局补记"]
    assert old.successions.get().note == "本局补记"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("770003,district,丁区,D,770001,2010-01-01,", "regions.csv:8: parent: '770001'"),  # two versions
        ("770003,district,丁区,D,779999,2010-01-01,", "regions.csv:8: parent: '779999'"),
        ("770003,district,丁区,D,770004,2010-01-01,\n770004,city,戊市,E,,2010-01-01,", "regions.csv:8: parent: '770004:"),
        ("770003,village,丁区,D,,2010-01-01,", "regions.csv:8: level: 'village'"),
        ("770003,district,丁区,D,,2010-01-01,2009-01-01", "regions.csv:8: "),
    ],
)
def test_a_row_that_does_not_hold_is_refused(places, line, reason):
    dataset, _ = places
    dataset.path.write_text(dataset.path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(FileRefused) as refused:
        load(known=[dataset])
    assert str(refused.value).startswith(reason)
    assert not Region.objects.filter(code="770000").exists()


def test_children_of_no_row_are_refused(places):
    dataset, successions = places
    successions.write_text(HEAD + "of,successor,whole,note\n770009:2000-01-01,770000,perhaps,\n", encoding="utf-8")
    with pytest.raises(FileRefused) as refused:
        load(known=[dataset])
    assert [line.split(": ")[:3] for line in str(refused.value).splitlines()] == [
        ["successions.csv:4", "whole", "'perhaps'"],
        ["successions.csv:4", "of", "'770009:2000-01-01'"],
    ]


@pytest.fixture
def notices(tmp_path):
    folder = tmp_path / "calendar"
    folder.mkdir()
    (folder / "2031.csv").write_text(
        HEAD + "# code: 2031\n# year: 2031\n# name: 通知\n# name_en: Notice\n# published_on: 2030-11-04\n"
        "# url: https://www.gov.cn/x.htm\ndate,working,name,name_en\n"
        "2031-01-01,no,元旦,New Year's Day\n2031-01-04,yes,元旦,New Year's Day\n",
        encoding="utf-8",
    )
    return Dataset("calendar", CalendarNotice, folder, children=Children("days", CalendarDay, "notice"))


def test_a_folder_has_a_file_for_each_row(notices):
    assert outcome(load(known=[notices]), "calendar") == (1, 0, 0, 0)
    notice = CalendarNotice.objects.get(code="2031")
    assert (notice.year, notice.published_on, notice.url) == (2031, D(2030, 11, 4), "https://www.gov.cn/x.htm")
    assert [(day.date, day.working, day.name_en) for day in notice.days.all()] == [
        (D(2031, 1, 1), False, "New Year's Day"), (D(2031, 1, 4), True, "New Year's Day"),
    ]  # fmt: skip
    assert outcome(load(known=[notices]), "calendar") == (0, 0, 1, 0)


def test_a_day_added_in_the_admin_is_kept(notices):
    load(known=[notices])
    notice = CalendarNotice.objects.get(code="2031")
    notice.days.create(date=D(2031, 2, 1), working=False, name="补", name_en="Extra")

    report = load(known=[notices])

    assert outcome(report, "calendar") == (0, 0, 0, 1)
    assert report.differences[0].stored == [
        {"date": "2031-02-01", "working": False, "name": "补", "name_en": "Extra"}
    ]
    assert notice.days.count() == 3
    load(known=[notices], overwrite=["2031"])
    assert notice.days.count() == 2


def test_agencies_get_their_paths(tmp_path):
    path = tmp_path / "agencies.csv"
    path.write_text(
        HEAD + "code,kind,name,name_en,parent\nt-city,bureau,市局,City,\nt-1,bureau,一局,One,t-city\n"
        "t-2,station,二所,Two,t-1\n",
        encoding="utf-8",
    )
    agencies = Dataset("agencies", Agency, path)
    load(known=[agencies])
    city, district, station = (Agency.objects.get(code=code) for code in ("t-city", "t-1", "t-2"))
    assert station.ancestor_ids == [city.pk, district.pk, station.pk]

    path.write_text(path.read_text(encoding="utf-8").replace("二所,Two,t-1", "二所,Two,t-city"), encoding="utf-8")
    load(known=[agencies])
    station.refresh_from_db()
    assert station.ancestor_ids == [city.pk, station.pk]


def test_a_council_below_a_bureau_is_refused(tmp_path):
    path = tmp_path / "agencies.csv"
    path.write_text(
        HEAD + "code,kind,name,name_en,parent\nt-city,bureau,市局,City,\nt-1,council,消保委,Council,t-city\n",
        encoding="utf-8",
    )
    with pytest.raises(FileRefused, match=r"^agencies.csv:5: "):
        load(known=[Dataset("agencies", Agency, path)])
