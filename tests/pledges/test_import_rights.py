"""Who imports what: the clerks of pledges their two kinds of files, for their own agency; the imports desk all."""

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AccessLog
from accounts.roles import ROLES
from cases.models import ImportRun
from cases.targets import import_target, import_targets, may_import
from tests.factories import AgencyFactory, ImportRejectFactory, ImportRunFactory, UserFactory

pytestmark = pytest.mark.django_db
OWN = {"pledges", "returns"}
EVERY = {"cases", "merchants", "platforms", "mediators", "sessions", "referrals", *OWN}
IMPORTERS = {"clerk": EVERY, "pledge_clerk": OWN}


def test_each_role_and_each_kind_of_file(district):
    targets = [*import_targets(), import_target("unknown")]
    for role in ROLES:
        user = UserFactory(agency=district, roles=[role])
        allowed = {target.name for target in targets if may_import(user, target)}

        assert allowed - {"unknown"} == IMPORTERS.get(role, set()), role
        assert ("unknown" in allowed) == (role == "clerk")


@pytest.mark.parametrize("name", sorted(EVERY))
def test_the_command_asks_for_the_kind_of_file(tmp_path, clerk, name):
    """What may be imported gets as far as its file, which is not there."""
    profile = {"profile": "national12315"} if name == "cases" else {}

    with pytest.raises(CommandError) as refused:
        call_command(f"import_{name}", tmp_path / "none.csv", user=clerk.username, **profile)

    assert ("cases.add_importrun" in str(refused.value)) == (name not in OWN)
    assert not ImportRun.objects.exists()


def test_only_for_the_own_agency_and_those_below_it(tmp_path, clerk, district):
    def refusal(**options) -> str:
        with pytest.raises(CommandError) as refused:
            call_command("import_returns", tmp_path / "none.csv", **options)
        return str(refused.value)

    lone = UserFactory(agency=None, roles=["pledge_clerk"])
    own = refusal(user=clerk.username)

    assert "none.csv" in own
    assert refusal(user=clerk.username, agency=AgencyFactory(parent=district).code) == own
    for agency in (district.parent, AgencyFactory()):
        assert agency.label in refusal(user=clerk.username, agency=agency.code)
    assert "none.csv" not in refusal(user=lone.username)
    assert not ImportRun.objects.exists()


def test_rejected_rows_are_for_who_may_import_such_files(client, clerk, district):
    client.force_login(clerk)
    mine, other = (
        ImportRejectFactory(file__run=ImportRunFactory(agency=district, target=target), cells=("P1", "13800001234"))
        .file.run for target in ("pledges", "cases")
    )  # fmt: skip

    assert f"/imports/{mine.pk}/rejects.csv" in client.get(f"/imports/{mine.pk}/").text
    assert f"/imports/{other.pk}/rejects.csv" not in client.get(f"/imports/{other.pk}/").text
    assert client.get(f"/imports/{other.pk}/rejects.csv").status_code == 403
    assert not AccessLog.objects.exists()
    assert b"13800001234" in client.get(f"/imports/{mine.pk}/rejects.csv").getvalue()
    assert AccessLog.objects.get().target == f"imports/{mine.pk}/rejects.csv"
