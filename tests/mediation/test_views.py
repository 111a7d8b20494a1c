import pytest

from mediation.domain import entrust, schedule
from mediation.enums import SessionState
from tests.factories import AgencyFactory, CaseFactory, SessionFactory, UserFactory
from tests.mediation.conftest import NOW, THURSDAY

pytestmark = pytest.mark.django_db


def text(client, user, path, **headers) -> str:
    client.force_login(user)
    client.cookies["django_language"] = "en"
    response = client.get(path, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def test_the_page_of_an_accepted_complaint_leads_to_its_mediation(client, clerk, case, district):
    link = f'href="/cases/{case.number}/mediation/'
    assert link in text(client, clerk, case.get_absolute_url())
    for other in (CaseFactory(handling=district), CaseFactory(handling=district, report=True, accepted=True)):
        assert "/mediation/" not in text(client, clerk, other.get_absolute_url())


def test_sessions_are_seen_by_whoever_sees_the_case_and_opened_by_those_who_mediate(client, clerk, case, at, district):
    session = schedule(case, at(), actor=clerk, now=NOW)
    type(session).objects.filter(pk=session.pk).update(minutes="不在此处显示")
    officer = UserFactory(agency=district, roles=["officer"])
    path, opened = f"/cases/{case.number}/mediation/", f"/admin/mediation/session/{session.pk}/change/"

    whole, part = text(client, clerk, path), text(client, clerk, path, hx_request="true")
    seen = text(client, officer, path)

    for html in (whole, part, seen):
        assert "2026-11-12 09:00" in html
        assert str(session.mediator) in html
        assert "不在此处显示" not in html
    assert (opened in whole, opened in part, opened in seen) == (True, True, False)
    assert ("Schedule a session" in whole, "Schedule a session" in seen) == (True, False)
    assert "<h1" not in part


def test_a_bureau_sees_what_became_of_what_it_entrusted(client, clerk, case, district):
    council = AgencyFactory(council=True, name_en="City Council")
    head = UserFactory(agency=district, roles=["approver"])
    entrust(case, council, complainant_agrees=True, respondent_agrees=True, actor=head, now=NOW)
    session = SessionFactory(case=case, agency=council, starts=THURSDAY, state=SessionState.SCHEDULED)

    html = text(client, head, f"/cases/{case.number}/mediation/")

    assert "City Council" in html
    assert "2026-11-12 09:00" in html
    assert f"/admin/mediation/session/{session.pk}/" not in html
