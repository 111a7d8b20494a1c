import csv
import io

import psycopg2
import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AccessLog
from cases.importers.engine import LOCK
from cases.models import Case, ImportReject, ImportRun
from cases.views import imports
from tests.cases.files import row, write
from tests.cases.pages import text
from tests.factories import (
    CaseFactory,
    ImportDifferenceFactory,
    ImportFileFactory,
    ImportRejectFactory,
    ImportRunFactory,
    ImportWarningFactory,
    RegionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
LIST = "/imports/"


@pytest.fixture
def clerk(district):
    return UserFactory(agency=district, roles=["clerk"])


@pytest.fixture
def run(clerk):
    return ImportFileFactory(run=ImportRunFactory(agency=clerk.agency, user=clerk)).run


@pytest.fixture
def import_at_work():
    """Another connection holds the lock of an import."""
    parameters = connection.get_connection_params() | {"dbname": connection.settings_dict["NAME"]}
    for name in ("cursor_factory", "context"):
        parameters.pop(name, None)
    link = psycopg2.connect(**parameters)
    with link.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [LOCK])
    yield
    link.close()


# the list


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_takes_as_many_queries_for_one_row_as_for_three(warm, clerk, rows):
    for _n in range(rows):
        ImportFileFactory(run=ImportRunFactory(agency=clerk.agency))
    client = warm(clerk, LIST)

    with CaptureQueriesContext(connection) as queries:
        response = client.get(LIST)

    # session, user, permissions, runs, their files
    assert len(queries) == 5
    assert len(response.context_data["page"].rows) == rows


def test_a_row_shows_the_counters_and_leads_to_the_run(visit, clerk, run):
    ImportRun.objects.filter(pk=run.pk).update(rows=1250, created=1200, rejected=50, warnings=77)

    html = text(visit(clerk, LIST))

    for words in (f'href="/imports/{run.pk}/"', "1,250", "1,200", "50", "77", run.files.get().name, "national12315"):
        assert words in html, words


def test_runs_of_other_agencies_are_not_listed(visit, clerk, run, neighbour):
    theirs = ImportFileFactory(run=ImportRunFactory(agency=neighbour)).run

    assert visit(clerk, LIST).context_data["page"].rows == [run]
    assert visit(clerk, f"/imports/{theirs.pk}/").status_code == 404


def test_runs_are_for_those_who_may_see_them(visit, district, run):
    officer = UserFactory(agency=district, roles=["officer"])

    assert visit(officer, LIST).status_code == 403
    assert visit(officer, f"/imports/{run.pk}/").status_code == 403


def test_before_the_first_import_the_page_says_how_to_import(visit, clerk):
    assert "manage.py import_cases" in text(visit(clerk, LIST))
    assert "manage.py import_cases" not in text(visit(clerk, LIST, q="nothing"))


def test_a_page_asks_again_only_while_an_import_is_at_work(visit, clerk, run, import_at_work):
    assert 'hx-trigger="every' not in text(visit(clerk, LIST))

    ImportFileFactory(run=ImportRunFactory(running=True, agency=clerk.agency), rows_done=5)
    html = text(visit(clerk, LIST))
    assert 'hx-trigger="every' in html
    assert "state-blue" in html


def test_without_an_import_at_work_an_unfinished_run_was_cut_off(visit, clerk):
    run = ImportFileFactory(run=ImportRunFactory(running=True, agency=clerk.agency), rows_done=5).run

    for path in (LIST, f"/imports/{run.pk}/"):
        html = text(visit(clerk, path))
        assert 'hx-trigger="every' not in html
        assert "state-red" in html


# a run


def test_progress_of_a_run_at_work(client, visit, clerk, import_at_work):
    run = ImportFileFactory(run=ImportRunFactory(running=True, agency=clerk.agency), rows_total=4000, rows_done=1500).run

    html = text(visit(clerk, f"/imports/{run.pk}/"))
    assert '<progress max="4000" value="1500"' in html
    assert 'hx-trigger="every' in html

    fragment = text(client.get(f"/imports/{run.pk}/", headers={"HX-Request": "true", "HX-Target": "progress"}))
    assert fragment.lstrip().startswith('<div id="progress">')
    assert '<progress max="4000" value="1500"' in fragment
    assert "list-table" not in fragment  # the rejects, their page and the focus stay as they are


def test_once_a_run_has_ended_all_of_its_page_is_asked_for_once(client, visit, clerk, run):
    last = 'hx-get="" hx-trigger="load" hx-target="#run"'
    page = f"/imports/{run.pk}/"

    assert last not in text(visit(clerk, page))
    parts = {
        part: text(client.get(page, headers={"HX-Request": "true", "HX-Target": part})) for part in ("progress", "run")
    }

    assert last in parts["progress"]
    assert last not in parts["run"]
    assert "list-table" in parts["run"]


CONTROL = {
    "file": {
        "rows": 5, "amounts": {"claimed": "100.00", "recovered": "60.00"}, "by_kind": {"complaint": 3, "report": 2},
        "by_region": {"990555": 4, "": 1},
    },
    "database": {
        "rows": 5, "amounts": {"claimed": "100.00", "recovered": "59.00"}, "by_kind": {"complaint": 3, "report": 2},
        "by_region": {"990555": 5},
    },
}  # fmt: skip


def test_control_totals_stand_side_by_side_and_differences_are_marked(visit, clerk, run):
    RegionFactory(code="990555", name="测试北区")
    ImportRun.objects.filter(pk=run.pk).update(control=CONTROL)

    response = visit(clerk, f"/imports/{run.pk}/")

    groups = response.context_data["groups"]
    found = {total.label: (total.file, total.database, total.differs) for group in groups for total in group.totals}
    assert found["测试北区"] == ("4", "5", True)
    assert found["投诉"] == ("3", "3", False)
    assert ("60.00", "59.00", True) in found.values()
    assert ("100.00", "100.00", False) in found.values()
    assert ("1", "0", True) in found.values()  # the row whose region was not recognised
    assert text(response).count('<tr class="differs">') == 3


def test_an_unfinished_run_has_nothing_to_compare_with(visit, clerk, run):
    ImportRun.objects.filter(pk=run.pk).update(control={"file": CONTROL["file"], "unchanged": {}})

    totals = visit(clerk, f"/imports/{run.pk}/").context_data["groups"][0].totals

    assert [(total.database, total.differs) for total in totals] == [("", False)] * 3


def test_rejects_are_paged_and_masked(client, visit, clerk, run):
    file = run.files.get()
    for line in range(2, 32):
        ImportRejectFactory(file=file, line=line, column="联系电话", value="13800001234", message=f"第{line}条的原因")

    first = visit(clerk, f"/imports/{run.pk}/")
    page = first.context_data["page"]
    html = text(first)
    assert [reject.line for reject in page.rows] == list(range(2, 27))
    assert page.count == 30
    assert "第2条的原因" in html
    assert "138****1234" in html
    assert "13800001234" not in html

    fragment = client.get(
        f"/imports/{run.pk}/", {"after": page.next}, headers={"HX-Request": "true", "HX-Target": "results"}
    )
    assert "第31条的原因" in text(fragment)
    assert "第2条的原因" not in text(fragment)
    assert "<html" not in text(fragment)
    assert "<progress" not in text(fragment)


def test_warnings_stand_with_the_most_frequent_first(visit, clerk, run, monkeypatch):
    monkeypatch.setattr(imports, "FINDINGS", 2)
    for count in (3, 9, 5):
        ImportWarningFactory(run=run, value=f"值1380000123{count}", count=count)

    response = visit(clerk, f"/imports/{run.pk}/")

    assert [finding.count for finding, *_shown in response.context_data["findings"]] == [9, 5]
    assert response.context_data["more_findings"]
    html = response.content.decode()
    assert "值138****1239" in html
    assert "13800001239" not in html


def test_warnings_name_their_file_where_the_run_has_several(visit, clerk, run):
    ImportWarningFactory(run=run, file=run.files.get(), value="甲", first_line=7)
    assert "第二个文件.csv" not in text(visit(clerk, f"/imports/{run.pk}/"))
    second = ImportFileFactory(run=run, name="第二个文件.csv")
    ImportWarningFactory(run=run, file=second, value="甲", first_line=9)

    response = visit(clerk, f"/imports/{run.pk}/")

    found = [(name, finding.first_line) for finding, *_shown, name in response.context_data["findings"]]
    assert found == [(run.files.first().name, 7), ("第二个文件.csv", 9)]
    assert '<td translate="no">第二个文件.csv</td><td class="num">9</td>' in text(response)


def test_cases_to_reconcile_are_those_that_the_user_sees(visit, clerk, run, neighbour):
    ImportRun.objects.filter(pk=run.pk).update(differing=2)
    file = run.files.get()
    mine = ImportDifferenceFactory(file=file, case=CaseFactory(handling=clerk.agency))
    ImportDifferenceFactory(file=file, case=CaseFactory(handling=neighbour))

    assert visit(clerk, f"/imports/{run.pk}/").context_data["differing"] == [mine]
    auditor = UserFactory(agency=clerk.agency, roles=["auditor"])
    assert visit(auditor, f"/imports/{run.pk}/").context_data["differing"] == []


def test_a_run_page_stays_within_twelve_queries(warm, clerk, run):
    ImportRun.objects.filter(pk=run.pk).update(control=CONTROL, differing=1)
    file = run.files.get()
    ImportDifferenceFactory(file=file, case=CaseFactory(handling=clerk.agency))
    for line in range(2, 32):
        ImportRejectFactory(file=file, line=line)
    ImportWarningFactory(run=run)
    client = warm(clerk, LIST)

    with CaptureQueriesContext(connection) as queries:
        client.get(f"/imports/{run.pk}/")

    # session, user, permissions, run, files, regions, rejects, warnings, differences, count of rejects
    assert len(queries) == 10


# rejected rows as a file


@pytest.fixture
def rejected(run):
    return ImportRejectFactory(file=run.files.get(), line=5, cells=("T1", "=1+1", "13800001234", "多\n行"))


def test_rejected_rows_can_be_downloaded_as_they_stood_in_the_file(visit, clerk, run, rejected):
    response = visit(clerk, f"/imports/{run.pk}/rejects.csv")

    heading, line = csv.reader(io.StringIO(text(response)))
    assert heading[:3] == ["file", "line", "kind"]
    assert line[1] == "5"
    assert line[-4:] == ["T1", "'=1+1", "13800001234", "多\n行"]
    assert "no-store" in response.headers["Cache-Control"]
    assert f"rejects-{run.pk}-" in response.headers["Content-Disposition"]


def test_the_download_is_logged_before_its_first_byte(client, clerk, run, rejected):
    client.force_login(clerk)

    response = client.get(f"/imports/{run.pk}/rejects.csv", REMOTE_ADDR="192.0.2.9")

    entry = AccessLog.objects.get()
    assert (entry.user, entry.action, entry.ip) == (clerk, "export", "192.0.2.9")
    assert entry.target == f"imports/{run.pk}/rejects.csv"
    response.close()


@pytest.mark.parametrize("role", ["regulator", "auditor", "officer"])
def test_who_may_not_import_gets_no_rejected_rows(visit, district, run, rejected, role):
    user = UserFactory(agency=district, roles=[role])

    assert visit(user, f"/imports/{run.pk}/rejects.csv").status_code == 403
    assert not AccessLog.objects.exists()
    assert ImportReject.objects.count() == 1


def test_rejected_rows_of_another_agency_are_not_found(visit, clerk, neighbour):
    other = ImportRejectFactory(file__run__agency=neighbour).file.run

    assert visit(clerk, f"/imports/{other.pk}/rejects.csv").status_code == 404
    assert not AccessLog.objects.exists()


# a real one


def test_the_page_of_a_real_import(visit, tmp_path):
    good, unknown = row(), row(登记编号="2", 处理机构="不知何处的所")
    bad = row(登记编号="3", 登记时间="2026-13-40")
    path = write(tmp_path / "a.csv", [good, unknown, bad])
    call_command("import_cases", str(path), profile="national12315", verbosity=0)
    run = ImportRun.objects.get()
    clerk = UserFactory(agency=run.agency, roles=["clerk"])

    response = visit(clerk, f"/imports/{run.pk}/")

    html = text(response)
    assert (run.created, run.rejected) == (2, 1)
    assert not any(total.differs for group in response.context_data["groups"] for total in group.totals)
    assert "2026-13-40" in html
    assert "不知何处的所" in html
    assert f'href="/cases/?run={run.pk}"' in html
    assert set(visit(clerk, "/cases/", run=run.pk).context_data["page"].rows) == set(Case.objects.all())
