"""The audit pages: who saw and changed what, of a case, of a person's cases, and by one user."""

import datetime as dt
import re

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AccessLog
from cases.domain import look_up_person
from cases.models import AuditEntry, Case, CaseEvent
from core.acting import acting
from core.exceptions import DomainError
from core.personal_data import lookup_hash
from tests.factories import (
    AccessLogFactory,
    CaseFactory,
    CaseReferenceFactory,
    ImportDifferenceFactory,
    ImportFileFactory,
    PartyFactory,
    SignInFactory,
    UserFactory,
)
from tests.factories.cases import PERSON

pytestmark = pytest.mark.django_db
HOME, PERSONS = "/audit/", "/audit/persons/"
NARRATIVE = "消费者称商家电话13912345678无人接听"


def case_page(case):
    return f"/audit/cases/{case.number}/"


def user_page(user):
    return f"/audit/users/{user.pk}/"


@pytest.fixture
def officer(district):
    return UserFactory(agency=district, roles=["officer"], username="lina", last_name="李", first_name="娜")


@pytest.fixture
def auditor(client, city):
    """The city's auditor, signed in, who reads English."""
    user = UserFactory(agency=city, roles=["auditor"])
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


@pytest.fixture
def worked(district, officer):
    """A case made by an import, taken up, claimed anew by `officer`, whose party was revealed; with a difference."""
    file = ImportFileFactory(run__user=UserFactory(username="clerk", last_name="周", first_name="平"))
    case = CaseFactory(
        handling=district, narrative=NARRATIVE, demand="退款13912345678", import_file=file, import_line=7
    )
    with acting(officer):
        Case.objects.filter(pk=case.pk).update(claimed=5)
    CaseEvent.objects.create(
        case=case, verb="assign", before="registered", after="registered", actor=officer,
        at=timezone.now(), note="转给13812345678",
    )  # fmt: skip
    AccessLogFactory(user=officer, target=f"{case.number}/1", reason="回访13812345678")
    ImportDifferenceFactory(case=case, file=file, line=9)
    return case


def lines(response):
    return [(line.kind, line.pk) for line in response.context["page"].rows]


def kinds(response):
    return sorted(line.kind for line in response.context["page"].rows)


def told(response):
    """The cells of the table, without mark-up."""
    html = response.content.decode()
    cells = re.findall(r"<td[^>]*>(.*?)</td>", html, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in cells]


# by case


def test_all_that_happened_to_a_case(client, auditor, worked):
    CaseFactory()
    AccessLogFactory(target="2026-99999999/1")

    response = client.get(case_page(worked))

    cells = told(response)
    rows = {tuple(cells[n : n + 5][1:]) for n in range(0, len(cells), 5)}
    name, file = worked.import_file.name, worked.import_file.run_id
    assert rows == {
        ("Import", f"import {file} 周平 (clerk)", worked.number, f"Created from {name}, line 7"),
        ("Change", "李娜 (lina)", worked.number, "amount claimed: 1,280.00 → 5.00"),
        ("Act", "李娜 (lina)", worked.number, "Assigned; 转给138****5678"),
        (
            "Access to personal data", "李娜 (lina)", f"{worked.number}/1",
            "Revealed; name, phone; reason: 回访138****5678; 192.0.2.10",
        ),
        (
            "Import", f"import {file} 周平 (clerk)", worked.number,
            f"The source says otherwise; the case was kept; {name}, line 9",
        ),
    }  # fmt: skip


def test_nothing_of_what_the_case_says_is_shown(client, auditor, worked):
    PartyFactory(case=worked)
    for page in (case_page(worked), case_page(worked) + "export/?format=csv"):
        response = client.get(page)
        text = b"".join(response) if response.streaming else response.content

        assert not re.search("消费者称|退款|13912345678|13812345678|张测试|1380000", text.decode())


def test_a_change_by_nobody_known_is_no_import(client, auditor, worked):
    Case.objects.filter(pk=worked.pk).update(claimed=6)

    changes = [line for line in client.get(case_page(worked)).context["page"].rows if line.kind == "change"]

    assert [line.user_id is None for line in changes] == [True, False]


def test_an_update_by_an_import_is_one(client, auditor, worked):
    Case.objects.filter(pk=worked.pk).update(claimed=6, import_file=ImportFileFactory(), import_line=3)

    assert kinds(client.get(case_page(worked))) == ["access", "act", "change", "import", "import", "import"]


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({}, ["access", "act", "change", "import", "import"]),
        ({"kind": "act"}, ["act"]),
        ({"kind": "import"}, ["import", "import"]),
        ({"q": "李娜"}, ["access", "act", "change"]),
        ({"q": "lin", "kind": "access"}, ["access"]),
        ({"q": "nobody"}, []),
        ({"until": "2020-01-01"}, []),
        ({"since": "2020-01-01", "until": "2100-01-01"}, ["access", "act", "change", "import", "import"]),
        ({"since": "2100-01-01"}, []),
        ({"kind": "petition"}, []),
    ],
)
def test_filters(client, auditor, worked, parameters, found):
    assert kinds(client.get(case_page(worked), parameters)) == found


def test_pages_follow_each_other_without_gap_or_repetition(client, auditor, worked, officer):
    at = timezone.now()
    AccessLogFactory.create_batch(60, user=officer, target=f"{worked.number}/1", at=at)
    CaseEvent.objects.bulk_create(
        CaseEvent(case=worked, verb="assign", actor=officer, at=at, before="", after="") for _ in range(5)
    )
    seen, after = [], ""
    while True:
        page = client.get(case_page(worked), {"after": after}).context["page"]
        seen += [(line.at, line.pk) for line in page.rows]
        if not page.next:
            break
        after = page.next

    assert len(seen) == len(set(seen)) == 70
    assert seen == sorted(seen, reverse=True)
    assert (
        client.get(case_page(worked), {"before": "end", "size": 50}).context["page"].rows[-1].pk
        == seen[-1][1]
    )


def test_a_number_leads_to_its_case(client, auditor, worked):
    CaseReferenceFactory(case=worked, number="HZ-1")

    for number in (worked.number, worked.external_number, "HZ-1", f" {worked.number} "):
        assert client.get(HOME, {"number": number}).headers["Location"] == case_page(worked)


def test_a_number_of_several_cases_lists_them_and_one_of_none_says_so(client, auditor, worked):
    other = CaseFactory(external_number=worked.external_number, source="other")

    several, none = (client.get(HOME, {"number": number}) for number in (worked.external_number, "nothing"))

    assert {case.pk for case in several.context["cases"]} == {worked.pk, other.pk}
    assert "Nothing that you audit was found." in none.content.decode()


# by user


def test_all_that_a_user_did(client, auditor, worked, officer):
    SignInFactory(user=officer, at=timezone.now())
    ImportFileFactory(run__user=officer, name="a.csv")
    AccessLogFactory(user=officer, action="export", target="cases?kind=report", fields="csv", reason="")
    SignInFactory()
    CaseFactory()

    response = client.get(user_page(officer))

    assert kinds(response) == ["access", "access", "act", "change", "import", "sign_in"]
    text = " ".join(told(response))
    assert "Exported; csv; 192.0.2.10" in text
    assert "Signed in; 192.0.2.10" in text
    assert "a.csv; 12 created, 0 updated, 0 rejected" in text
    assert response.content.decode().count(f'href="{case_page(worked)}"') == 3


def test_a_user_is_found_by_both_names(client, auditor, officer):
    for words in ("lina", "李娜", "LIN"):
        assert client.get(HOME, {"user": words}).headers["Location"] == user_page(officer)
    UserFactory(username="linda")
    assert [user.username for user in client.get(HOME, {"user": "lin"}).context["users"]] == ["lina", "linda"]


# by person


def look_up(client, **given):
    return client.post(
        PERSONS, {"kind": "phone", "number": PERSON["phone"], "reason": "查询投诉人反映的泄露"} | given
    )


@pytest.mark.parametrize(
    ("kind", "number"), [("phone", "+86 138 0000 0001"), ("id_number", PERSON["id_number"].lower())]
)
def test_a_person_is_looked_up_and_that_is_logged(client, auditor, worked, kind, number):
    PartyFactory(case=worked)
    CaseFactory()

    response = look_up(client, kind=kind, number=number)
    result = client.get(response.url)

    assert re.fullmatch(r"/audit/persons/[0-9a-f]{16}/", response.url)
    assert [case.pk for case in result.context["cases"]] == [worked.pk]
    assert kinds(result) == ["access", "act", "change", "import", "import"]
    entry = AccessLog.objects.get(action="lookup")
    digest = lookup_hash(kind, PERSON[kind]).hex()[:16]
    assert (entry.user, entry.target, entry.fields) == (auditor, f"person/{digest}", kind)
    assert entry.reason == "查询投诉人反映的泄露"
    assert PERSON["phone"] not in result.content.decode()


@pytest.mark.parametrize(
    "given", [{"reason": "因为"}, {"number": "138****0001"}, {"number": ""}, {"kind": "name"}]
)
def test_a_wrong_look_up_finds_nothing_and_is_not_logged(client, auditor, given):
    response = look_up(client, **given)

    assert response.status_code == 200
    assert response.context["form"].errors
    assert not AccessLog.objects.exists()


def test_a_result_belongs_to_its_session(client, auditor):
    url = look_up(client).url
    client.logout()
    client.force_login(UserFactory(agency=auditor.agency, roles=["auditor"]))

    assert client.get(url).status_code == 404
    assert client.get(f"{url}export/", {"format": "csv"}).status_code == 404


def test_a_sealed_reporter_is_not_found(client, auditor, worked):
    PartyFactory(case=worked, reporter=True)

    result = client.get(look_up(client).url)

    assert (result.context["cases"], lines(result)) == ([], [])


def test_a_session_remembers_the_last_ten(client, auditor):
    urls = [look_up(client).url for _ in range(11)]

    assert [client.get(url).status_code for url in (urls[0], urls[1], urls[-1])] == [404, 200, 200]


def test_only_auditors_look_up(officer):
    with pytest.raises(PermissionDenied):
        look_up_person(actor=officer, kind="phone", number="13800000001", reason="查询投诉人", ip=None)
    with pytest.raises(DomainError):
        look_up_person(
            actor=UserFactory(roles=["auditor"]), kind="phone", number="*", reason="查询投诉人", ip=None
        )

    assert not AccessLog.objects.exists()


def test_that_lists_were_exported_is_said_and_no_more(client, auditor, worked, officer):
    assert "exports in the access log" not in client.get(case_page(worked)).content.decode()
    AccessLogFactory(user=officer, action="export", target="cases", at=timezone.now())

    shown = client.get(case_page(worked))
    before = client.get(case_page(worked), {"until": "2026-01-01"})

    link = f"/accounts/access-log/?action=export&since={worked.received_at:%Y-%m-%d}"
    assert shown.context["exports_url"] == link
    assert before.context["exports_url"] == ""
    assert client.get(link).status_code == 200


# scope


def test_another_agency_reads_its_own_people_and_cases(client, district, worked, officer):
    client.force_login(UserFactory(agency=district, roles=["auditor"]))
    stranger, elsewhere = UserFactory(), CaseFactory()
    AccessLogFactory(user=stranger, target=f"{worked.number}/1")
    with acting(stranger):
        Case.objects.filter(pk=worked.pk).update(claimed=7)
    AccessLogFactory(user=officer, target=f"{elsewhere.number}/1")
    PartyFactory(case=worked)
    PartyFactory(case=elsewhere)

    of_case = client.get(case_page(worked))
    of_user = client.get(user_page(officer))
    of_person = client.get(look_up(client).url)

    assert kinds(of_case) == ["access", "act", "change", "change", "import", "import"]
    assert kinds(of_user) == ["access", "access", "act", "change"]
    assert [case.pk for case in of_person.context["cases"]] == [worked.pk]
    assert client.get(case_page(elsewhere)).status_code == 404
    assert client.get(user_page(stranger)).status_code == 404
    assert client.get(HOME, {"number": elsewhere.number}).context["cases"] == []
    assert client.get(HOME, {"user": stranger.username}).context["users"] == []


def test_nobody_else_reads_an_audit(officer, worked):
    for user in (
        officer,
        UserFactory(roles=["account_manager"]),
        UserFactory(agency=None, roles=["auditor"]),
    ):
        assert not AuditEntry.objects.visible_to(user).exists()
        assert not Case.objects.audited_by(user).exists()


# export


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_an_audit_is_exported_and_that_is_logged(client, auditor, worked, form):
    response = client.get(case_page(worked) + "export/", {"format": form, "kind": "change"})

    content = b"".join(response)
    assert response.status_code == 200
    if form == "csv":
        header, row = content.decode("utf-8-sig").splitlines()
        assert header == "Time,Kind of line,By,Agency,Record,What"
        assert row.split(",", 1)[1].startswith("Change,李娜 (lina),")
        assert row.endswith(f'{worked.number},"amount claimed: 1,280.00 → 5.00"')
    entry = AccessLog.objects.get(action="export")
    assert (entry.user, entry.target, entry.fields) == (
        auditor,
        f"audit/cases/{worked.number}?kind=change",
        form,
    )


def test_what_was_audited_is_logged_for_users_and_persons(client, auditor, officer):
    person = look_up(client).url
    for url in (user_page(officer), person):
        b"".join(client.get(f"{url}export/", {"format": "csv"}))

    digest = lookup_hash("phone", PERSON["phone"]).hex()[:16]
    targets = (
        AccessLog.objects.filter(action="export", user=auditor)
        .order_by("pk")
        .values_list("target", flat=True)
    )
    assert list(targets) == ["audit/user/lina", f"audit/person/{digest}"]


def test_a_wrong_filter_leads_back(client, auditor, worked):
    response = client.get(case_page(worked) + "export/", {"format": "csv", "kind": "petition"})

    assert response.headers["Location"] == case_page(worked) + "?kind=petition"
    assert not AccessLog.objects.filter(action="export").exists()


# quickness


def fill(worked, officer, count):
    for number in range(count):
        with acting(officer):
            Case.objects.filter(pk=worked.pk).update(claimed=10 + number)
    AccessLogFactory.create_batch(count, user=officer, target=f"{worked.number}/1")
    SignInFactory.create_batch(count, user=officer)
    ImportFileFactory.create_batch(count, run__user=officer)


@pytest.mark.parametrize("count", [1, 3])
def test_query_count_of_a_case(count, client, auditor, worked, officer, django_assert_num_queries):
    fill(worked, officer, count)
    client.get(case_page(worked))

    # session, user, permissions; case; rows; cases, history, states before, acts, accesses, differences; exports
    with django_assert_num_queries(12):
        assert len(lines(client.get(case_page(worked)))) == 5 + 2 * count


@pytest.mark.parametrize("count", [1, 3])
def test_query_count_of_a_user(count, client, auditor, worked, officer, django_assert_num_queries):
    fill(worked, officer, count)
    client.get(user_page(officer))

    # session, user, permissions; the user; rows; cases, history, states before, acts, accesses, sign-ins, runs
    with django_assert_num_queries(12):
        assert len(lines(client.get(user_page(officer)))) == 3 + 4 * count


def plan(queryset) -> str:
    sql, parameters = queryset.order_by("-at", "-pk")[:26].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}", parameters)
        return "\n".join(line for (line,) in cursor.fetchall())


def test_the_parts_of_the_view_are_seen_through(auditor, worked, officer, district):
    """Only then are the newest lines read from the index of each part. Which one it takes depends on how much is
    there; that it sees the parts, and leaves out those that cannot hold any, does not."""
    for user in (auditor, UserFactory(agency=district, roles=["auditor"])):
        entries = AuditEntry.objects.visible_to(user)
        by_user, by_case = plan(entries.filter(user=officer.pk)), plan(entries.of_cases([worked]))

        assert "Subquery Scan" not in by_user + by_case
        assert "accounts_signin" in by_user
        assert "accounts_signin" not in by_case


def test_times_are_those_of_the_parts(worked, officer):
    at = dt.datetime(2026, 3, 1, 4, tzinfo=dt.UTC)
    line = AccessLogFactory(user=officer, at=at)

    assert AuditEntry.objects.get(access=line.pk).at == at


def test_the_lines_are_read_once(client, auditor, worked):
    with CaptureQueriesContext(connection) as queries:
        client.get(case_page(worked))

    assert [
        query["sql"].count('FROM "cases_auditentry"')
        for query in queries
        if "cases_auditentry" in query["sql"]
    ] == [1]


def test_what_is_wrong_with_a_look_up_is_said_at_its_field(client, auditor):
    html = client.post(PERSONS, {"kind": "name", "number": "", "reason": ""}).content.decode()

    for name in ("kind", "number"):
        assert f'aria-describedby="id_{name}_error"' in html
        assert f'<ul class="errorlist" id="id_{name}_error">' in html
