import re

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from cases.domain import delete_filter, lists, rename_filter, save_filter, share_filter
from cases.domain.lists import NameTaken, may_be_personal
from cases.models import SavedFilter
from core.exceptions import DomainError
from tests.cases.pages import said
from tests.factories import AgencyFactory, CaseFactory, ChannelFactory, SavedFilterFactory, UserFactory
from tests.factories.cases import local

pytestmark = pytest.mark.django_db
LIST, SAVED, SAVE = "/cases/", "/cases/saved/", "/cases/saved/cases/save/"
NOW = local(2026, 11, 25)


def keep(user, name="我的案件", parameters=None, **more):
    return save_filter(
        actor=user, list="cases", name=name, parameters=parameters or {"state": "open"}, now=NOW, **more
    )


def stored() -> list[tuple]:
    return list(SavedFilter.objects.order_by("pk").values_list("owner", "list", "name", "query", "shared"))


@pytest.fixture
def sent(client):
    """`sent(user, path, **data)`: the response to a POST by `user`, in English."""

    def post(user, path, **data):
        client.force_login(user)
        client.cookies["django_language"] = "en"
        return client.post(path, data)

    return post


# verbs


def test_a_filter_is_kept_under_its_name(officer):
    saved = keep(officer, "  我的\u3000案件 ", {"state": "open", "q": "净水器 & 漏水"})

    assert stored() == [
        (
            officer.pk,
            "cases",
            "我的 案件",
            "state=open&q=%E5%87%80%E6%B0%B4%E5%99%A8+%26+%E6%BC%8F%E6%B0%B4",
            False,
        )
    ]
    assert saved.changed_at == NOW


def test_an_own_name_is_taken_only_once_asked(officer):
    keep(officer)
    share_filter(SavedFilter.objects.get(), actor=officer, shared=True)
    before = stored()

    with pytest.raises(NameTaken, match="我的案件"):
        keep(officer, parameters={"state": "closed"})
    assert stored() == before

    keep(officer, parameters={"state": "closed"}, replace=True)
    assert stored() == [(officer.pk, "cases", "我的案件", "state=closed", True)]


def test_names_are_of_one_user_and_one_list(officer):
    keep(officer)
    keep(UserFactory(agency=officer.agency, roles=["officer"]))
    save_filter(actor=officer, list="queue", name="我的案件", parameters={"todo": "overdue"})

    assert len(stored()) == 3


@pytest.mark.parametrize(
    "text",
    [
        "13800001234", "138 0000 1234", "１３８００００１２３４", "电话138-0000-1234转", "+8613800001234",
        "330106199001010011", "33010619900101001X", "330106 19900101 0011", "0571-87654321", "00000000011",
    ],
)  # fmt: skip
def test_a_number_that_may_be_somebodys_is_not_kept(officer, text):
    assert may_be_personal(text)
    with translation.override("en"), pytest.raises(DomainError, match="is not saved"):
        keep(officer, parameters={"state": "open", "q": text})
    with pytest.raises(DomainError):
        keep(officer, name=f"找{text}")
    assert stored() == []


@pytest.mark.parametrize(
    "text", ["净水器", "2026-00000012", "2026-11-25", "T2026000001", "HZDH20261125", "3天 7天", ""]
)
def test_other_numbers_are_kept(text):
    assert not may_be_personal(text)


@pytest.mark.parametrize(("name", "parameters"), [(" ", None), ("字" * 61, None), ("长", {"q": "字" * 400})])
def test_what_does_not_fit_is_refused(officer, name, parameters):
    with pytest.raises(DomainError):
        keep(officer, name, parameters)
    assert stored() == []


def test_nothing_is_no_filter(officer):
    with pytest.raises(DomainError):
        save_filter(actor=officer, list="cases", name="全部", parameters={})
    assert stored() == []


def test_there_is_a_most(officer, monkeypatch):
    monkeypatch.setattr(lists, "MOST_FILTERS", 2)
    keep(officer, "一")
    keep(officer, "二")
    before = stored()

    with pytest.raises(DomainError, match="2"):
        keep(officer, "三")

    assert stored() == before
    keep(officer, "二", {"state": "closed"}, replace=True)  # not one more
    keep(UserFactory(agency=officer.agency, roles=["officer"]), "三")


def test_a_filter_is_renamed_but_not_into_another(officer):
    one, _two = keep(officer, "一"), keep(officer, "二")

    with pytest.raises(NameTaken):
        rename_filter(one, actor=officer, name="二")
    rename_filter(one, actor=officer, name="三", now=NOW)
    rename_filter(one, actor=officer, name="三", now=NOW)  # its own name is no other's

    assert sorted(row[2] for row in stored()) == ["三", "二"]


def test_without_an_agency_there_is_nobody_to_share_with():
    root = UserFactory(superuser=True)
    saved = keep(root)

    with pytest.raises(DomainError):
        share_filter(saved, actor=root, shared=True)

    assert not SavedFilter.objects.get().shared


@pytest.mark.parametrize("verb", [
    lambda saved, actor: rename_filter(saved, actor=actor, name="我的"),
    lambda saved, actor: share_filter(saved, actor=actor, shared=False),
    lambda saved, actor: delete_filter(saved, actor=actor),
])  # fmt: skip
def test_nobody_changes_another_users_filter(officer, verb):
    saved = SavedFilterFactory(owner=officer, shared=True)
    before = stored()

    for other in (UserFactory(superuser=True), UserFactory(agency=officer.agency, roles=["officer"])):
        with pytest.raises(PermissionDenied):
            verb(saved, other)

    assert stored() == before


# who sees which


def test_shared_with_the_agency_and_below_never_above_or_beside(city, district, neighbour, officer):
    station = AgencyFactory(station=True, parent=district)
    saved = {
        "own": SavedFilterFactory(owner=officer),
        "city": SavedFilterFactory(owner=UserFactory(agency=city), shared=True),
        "city, private": SavedFilterFactory(owner=UserFactory(agency=city)),
        "colleague": SavedFilterFactory(owner=UserFactory(agency=district), shared=True),
        "colleague, private": SavedFilterFactory(owner=UserFactory(agency=district)),
        "station": SavedFilterFactory(owner=UserFactory(agency=station), shared=True),
        "neighbour": SavedFilterFactory(owner=UserFactory(agency=neighbour), shared=True),
    }

    def seen_by(user):
        visible = set(SavedFilter.objects.visible_to(user))
        return {name for name, one in saved.items() if one in visible}

    assert seen_by(officer) == {"own", "city", "colleague"}
    assert seen_by(UserFactory(agency=station)) == {"city", "colleague", "station"}
    assert seen_by(UserFactory(agency=city)) == {"city"}
    assert seen_by(UserFactory(superuser=True)) == set()


# the menu of a list


def test_the_menu_leads_to_the_filters(visit, officer):
    SavedFilterFactory(owner=officer, name="待办<b>", query="state=open&sort=received")
    boss = UserFactory(agency=officer.agency, roles=["regulator"])
    SavedFilterFactory(owner=boss, name="全局", query="due=overdue", shared=True)
    SavedFilterFactory(owner=officer, list="queue", name="别处", query="todo=overdue")

    html = visit(officer, LIST, state="open", sort="received").content.decode()

    assert 'href="/cases/?state=open&amp;sort=received" aria-current="true"' in html
    assert "待办&lt;b&gt;" in html
    assert 'href="/cases/?due=overdue"' in html
    assert boss.get_full_name() in html
    assert "别处" not in html


@pytest.mark.parametrize("rows", [1, 3])
def test_the_menu_takes_no_query_of_its_own_for_each_filter(warm, officer, district, rows):
    for _n in range(rows):
        SavedFilterFactory(owner=officer)
        SavedFilterFactory(owner=UserFactory(agency=district), shared=True)
        CaseFactory(handling=district)
    client = warm(officer, LIST)

    with CaptureQueriesContext(connection) as queries:
        client.get(LIST)

    saved = [query["sql"] for query in queries if "cases_savedfilter" in query["sql"]]
    assert len(saved) == 1
    assert "cases_listcolumns" in saved[0]
    assert "registry_calendarday" in saved[0]


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_of_the_filters_takes_four_queries(warm, officer, rows):
    for _n in range(rows):
        SavedFilterFactory(owner=officer)
        SavedFilterFactory(owner=UserFactory(agency=officer.agency), shared=True)
    client = warm(officer, SAVED)

    with CaptureQueriesContext(connection) as queries:
        response = client.get(SAVED)

    assert len(queries) == 4  # session, user, permissions, filters
    assert (len(response.context_data["own"]), len(response.context_data["shared"])) == (rows, rows)


# saving


def test_only_what_the_list_understands_is_saved(sent, officer):
    channel = ChannelFactory()
    query = f"state=open&channel={channel.code}&after=1&size=50&sort=-claimed&csrf=1&nothing=2&q=+%E9%80%80%E6%AC%BE"

    response = sent(officer, SAVE, name="退款", query=query, columns="subject,number,nothing,officer")

    kept = f"q=%E9%80%80%E6%AC%BE&state=open&channel={channel.code}&sort=-claimed"
    assert stored() == [(officer.pk, "cases", "退款", f"{kept}&columns=subject%2Cnumber%2Cofficer", False)]
    assert response["Location"] == f"/cases/?{kept}&columns=subject%2Cnumber%2Cofficer"
    assert said(response) == ["The filter “退款” is saved."]


def test_the_usual_order_is_not_part_of_a_filter(sent, officer):
    sent(officer, SAVE, name="一", query="state=open&sort=-received")

    assert SavedFilter.objects.get().query == "state=open"


def test_a_name_that_is_taken_is_asked_about(sent, officer):
    keep(officer)

    response = sent(officer, SAVE, name="我的案件", query="state=closed")

    html = response.content.decode()
    assert response.status_code == 200
    assert "You have a filter “我的案件” in this list already." in html
    assert 'name="replace"' in html
    assert SavedFilter.objects.get().query == "state=open"

    sent(officer, SAVE, name="我的案件", query="state=closed", replace="yes")
    assert SavedFilter.objects.get().query == "state=closed"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("q=13800001234", "A search for what may be somebody's telephone or identity number is not saved"),
        ("state=nothing", "A filter is wrong, and nothing was saved."),
        ("metric=cases.received&part=value", "The rows behind a figure cannot be saved"),
        ("sort=-received", "No filter is set."),
    ],
)
def test_what_is_not_saved_is_said_on_the_list(sent, officer, query, message):
    response = sent(officer, SAVE, name="一", query=query)

    assert (response.status_code, response["Location"]) == (302, f"/cases/?{query}")
    assert said(response)[0].startswith(message)
    assert stored() == []


def test_a_saved_value_that_is_gone_opens_with_the_error_of_the_form(visit, officer, district):
    case = CaseFactory(handling=district)
    SavedFilterFactory(owner=officer, name="旧渠道", query="channel=gone")
    (path,) = re.findall(r'href="([^"]*)"><span translate="no">旧渠道<', visit(officer, LIST).content.decode())

    response = visit(officer, path)

    assert "channel" in response.context_data["filter"].form.errors
    assert "invalid-feedback" in response.content.decode()
    assert case.number not in response.content.decode()


# one's own page


def test_filters_are_renamed_shared_and_deleted_by_their_owner(sent, officer):
    saved = SavedFilterFactory(owner=officer, name="一")

    assert said(sent(officer, f"{SAVED}{saved.pk}/rename/", name="二")) == ["The filter is now called “二”."]
    sent(officer, f"{SAVED}{saved.pk}/share/", shared="yes")
    assert stored() == [(officer.pk, "cases", "二", "state=closed", True)]
    sent(officer, f"{SAVED}{saved.pk}/share/")
    assert not SavedFilter.objects.get().shared
    sent(officer, f"{SAVED}{saved.pk}/delete/")
    assert stored() == []


def test_a_shared_filter_is_not_changed_by_those_who_see_it(sent, officer):
    saved = SavedFilterFactory(owner=officer, name="一", shared=True)
    before = stored()
    colleague = UserFactory(agency=officer.agency, roles=["officer"])

    for act in ("rename", "share", "delete"):
        assert sent(colleague, f"{SAVED}{saved.pk}/{act}/", name="二").status_code == 404

    assert stored() == before


def test_a_filter_of_a_list_that_is_no_more_is_left_out(visit, officer):
    SavedFilterFactory(owner=officer, list="gone")

    assert visit(officer, SAVED).context_data["own"] == []


# a name that is refused


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "Give the filter a name."),
        ("字" * 61, "The name is too long: at most 60 characters."),
        ("电话13800001234", "The name holds what may be a telephone or identity number."),
    ],
)
def test_a_name_that_is_refused_comes_back_to_be_corrected(sent, officer, name, message):
    response = sent(officer, SAVE, name=name, query="state=open&sort=-claimed", columns="number,subject")

    html = response.content.decode()
    assert (response.status_code, stored()) == (422, [])
    assert message in html
    assert f'name="name" value="{name}"' in html
    assert 'name="query" value="state=open&amp;sort=-claimed"' in html
    assert 'name="columns" value="number,subject"' in html
    assert 'aria-describedby="id_name-error"' in html
    assert '<a href="/cases/?state=open&amp;sort=-claimed">Cases</a>' in html


def test_a_new_name_that_is_taken_or_refused_comes_back_to_be_corrected(sent, officer):
    keep(officer, "一")
    saved = keep(officer, "二", {"state": "closed"})
    before = stored()

    for name, message in (("一", "You have a filter “一” in this list already."), (" ", "Give the filter a name.")):
        response = sent(officer, f"{SAVED}{saved.pk}/rename/", name=name)
        html = response.content.decode()
        assert (response.status_code, message in html) == (422, True)
        assert f'name="name" value="{name}"' in html
        assert f'<a href="{SAVED}">Saved filters</a>' in html

    assert stored() == before
