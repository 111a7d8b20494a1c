import pytest
from django.contrib.auth.models import Group, Permission

from accounts import domain
from accounts.roles import ROLES
from core.exceptions import DomainError
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

REGISTRY = (
    "calendarday calendarnotice category channel industry merchant platform problem region regionsuccession"
)
MEDIATION = "entrustment leave mediator recusal room workinghours"
READ_MEDIATION = " ".join(
    f"mediation.view_{model}"
    for model in [*MEDIATION.split(), "session", "mediatedcase", "agreement", "judicialconfirmation"]
)
LOAD = "mediation.view_mediator mediation.view_session"
SEE = "mediation.view_platformreferral"  # where complaints are that went to a platform
KEPT = "pledge premises returnentry"  # in the register of pledges
PLEDGES = " ".join(f"pledges.view_{model}" for model in ("pledge", "premises", "returnentry", "breach"))
FIELD_WORK = "zone zonemembership workstation workstationitem inspectionplan inspection target"
RULES = "checklistitem pledgetype coverage"
SEE_FIELD_WORK = " ".join(f"pledges.view_{model}" for model in [*FIELD_WORK.split(), *RULES.split()])
KEEP_FIELD_WORK = f"{SEE_FIELD_WORK} " + " ".join(
    f"pledges.{verb}_{model}" for verb in ("add", "change") for model in FIELD_WORK.split()
)
# by hand: what a role may do is decided here and in accounts.roles, and the two must agree
EXPECTED = {
    "regulator": "cases.decide_signals cases.export_case cases.supervise_case cases.view_case cases.view_importrun "
    f"cases.view_signals {SEE} {LOAD} {PLEDGES} {SEE_FIELD_WORK} pledges.export_pledge",
    "city_regulator": "cases.decide_signals cases.export_case cases.supervise_case cases.view_all_agencies "
    f"cases.view_case cases.view_importrun cases.view_signals {SEE} {LOAD} {PLEDGES} {SEE_FIELD_WORK} "
    "pledges.export_pledge",
    "officer": "cases.add_attachment cases.call_back_case cases.dispatch_case cases.export_case cases.handle_case "
    "cases.issue_document cases.mediate_case cases.post_recovery cases.register_case cases.reveal_party "
    f"cases.reveal_reporter cases.refer_case cases.view_case {SEE} {PLEDGES} pledges.change_breach",
    "approver": "cases.approve_case cases.assign_case cases.call_back_case cases.decide_signals cases.dispatch_case "
    "cases.export_case cases.mediate_case cases.supervise_case cases.view_case cases.view_signals registry.view_agency "
    f"registry.view_category cases.refer_case {SEE} {READ_MEDIATION} {PLEDGES} {KEEP_FIELD_WORK} "
    "pledges.change_pledge pledges.change_breach pledges.decide_pledge pledges.export_pledge "
    "pledges.add_returnentry pledges.change_returnentry "
    + " ".join(f"mediation.{verb}_{model}" for verb in ("add", "change") for model in MEDIATION.split()),
    "mediator": "cases.add_attachment cases.issue_document cases.mediate_case cases.post_recovery cases.reveal_party "
    f"cases.view_case cases.refer_case {SEE} "
    "mediation.add_agreement mediation.change_agreement "
    "mediation.add_judicialconfirmation mediation.change_judicialconfirmation mediation.rule_judicialconfirmation "
    "registry.view_agency "
    f"mediation.add_recusal mediation.add_session mediation.change_session {READ_MEDIATION}",
    "pledge_clerk": "cases.view_case cases.view_importrun registry.view_merchant registry.add_merchant "
    f"registry.view_region registry.view_industry registry.view_agency pledges.export_pledge {PLEDGES} {KEEP_FIELD_WORK} "
    "pledges.change_breach pledges.import_pledge registry.identify_merchant "
    + " ".join(f"pledges.{verb}_{model}" for verb in ("add", "change") for model in KEPT.split()),
    # no case either: what was applied for with the own court
    "court_liaison": "mediation.rule_judicialconfirmation mediation.view_judicialconfirmation",
    # no case, no search, no list: what was referred to the own platform, and nothing beside it
    "platform_partner": f"cases.post_recovery cases.settle_channel {SEE}",
    "clerk": "cases.add_importrun cases.add_letterhead cases.change_documenttemplate cases.change_letterhead "
    "cases.view_case cases.view_documenttemplate cases.view_importrun cases.view_letterhead registry.view_agency "
    + " ".join(
        f"registry.{verb}_{model}" for verb in ("add", "change", "view") for model in REGISTRY.split()
    ),
    "auditor": "accounts.view_accesslog accounts.view_signin cases.view_casehistory cases.view_importrun",
    "account_manager": "accounts.add_user accounts.change_user accounts.view_signin accounts.view_user "
    "registry.view_agency",
}


@pytest.mark.parametrize("code", ROLES)
def test_what_each_role_may_do(code):
    user = UserFactory(roles=[code])

    assert user.get_all_permissions() == set(EXPECTED[code].split())


def test_no_role_deletes():
    assert not [name for role in ROLES.values() for name in role.permissions if ".delete_" in name]


def test_doing_it_again_changes_nothing():
    domain.sync_roles()

    assert not domain.sync_roles()


def test_from_nothing():
    Group.objects.all().delete()

    changes = domain.sync_roles()

    assert changes.created == list(ROLES)
    assert set(Group.objects.values_list("name", flat=True)) == set(ROLES)
    assert not domain.sync_roles()


def test_permissions_that_the_code_does_not_name_are_taken_away():
    mediator = Group.objects.get(name="mediator")
    mediator.permissions.add(Permission.objects.get(codename="reveal_reporter"))
    mediator.permissions.remove(Permission.objects.get(codename="reveal_party"))

    others = {name.partition(".")[2] for name in EXPECTED["mediator"].split()} - {"reveal_party"}
    seen = domain.sync_roles(dry_run=True)
    untouched = set(mediator.permissions.values_list("codename", flat=True))
    done = domain.sync_roles()

    assert seen == done
    assert done.added == {"mediator": ["cases.reveal_party"]}
    assert done.removed == {"mediator": ["cases.reveal_reporter"]}
    assert untouched == {"reveal_reporter", *others}
    assert set(mediator.permissions.values_list("codename", flat=True)) == {"reveal_party", *others}


def test_groups_that_are_no_role_grant_nothing():
    empty, held = Group.objects.create(name="empty"), Group.objects.create(name="held")
    held.permissions.add(Permission.objects.get(codename="view_case"))
    user = UserFactory()
    user.groups.add(held)

    changes = domain.sync_roles()

    assert changes.unknown == {"empty": 0, "held": 1}
    assert not Group.objects.filter(pk=empty.pk).exists()
    assert user.get_all_permissions() == set()


def test_a_permission_that_does_not_exist_stops_everything():
    Permission.objects.filter(codename="reveal_party").delete()
    Group.objects.filter(name="clerk").delete()

    with pytest.raises(DomainError, match="cases.reveal_party"):
        domain.sync_roles()

    assert not Group.objects.filter(name="clerk").exists()
