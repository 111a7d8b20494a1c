"""Roles: what each may do. `manage.py sync_roles` brings the database to what stands here.

A role is a Django group named by its code. Nobody holds roles of two families: who manages accounts or reads the
logs does not work on cases. A superuser passes every permission check and so stands outside the families: he is for
setting the portal up (first account managers, agencies, reference data), not for daily work.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.enums import Family

# who may see the cases of every agency belongs to the agency that stands above all
ALL_AGENCIES = "cases.view_all_agencies"


# without agencies: their tree decides who sees what, and belongs to the setting-up
VOCABULARIES = (
    "calendarday",
    "calendarnotice",
    "category",
    "channel",
    "industry",
    "merchant",
    "platform",
    "problem",
    "region",
    "regionsuccession",
)
EDIT_VOCABULARIES = {
    f"registry.{verb}_{model}" for verb in ("view", "add", "change") for model in VOCABULARIES
}
# not for ordinary staff, whose view of a consumer they would colour
SIGNALS = {"cases.view_signals", "cases.decide_signals"}
READ_MEDIATION = {
    f"mediation.view_{model}"
    for model in (
        "mediator", "leave", "workinghours", "room", "session", "entrustment", "recusal", "mediatedcase", "agreement",
        "judicialconfirmation",
    )  # fmt: skip
}
# who mediates, when and where, for whom, and who has to leave a case: what the head of a unit keeps
KEEP_MEDIATION = {
    f"mediation.{verb}_{model}"
    for verb in ("add", "change")
    for model in ("mediator", "leave", "workinghours", "room", "entrustment", "recusal")
}
# the confirmation of agreements by a court; what the court decides is recorded by its people, too
KEEP_CONFIRMATIONS = {
    f"mediation.{verb}_judicialconfirmation" for verb in ("view", "add", "change", "rule")
} | {"registry.view_agency"}
# how much the mediators have to do, for those who supervise them
SEE_LOAD = {"mediation.view_mediator", "mediation.view_session"}
SEE_REFERRALS = "mediation.view_platformreferral"
# complaints to platforms of the green channel and back
REFER = {SEE_REFERRALS, "cases.refer_case"}
SEE_PLEDGES = {"pledges.view_pledge", "pledges.view_premises", "pledges.view_returnentry", "pledges.view_breach"}
DECIDE_BREACHES = "pledges.change_breach"
# how often the stores took goods back
KEEP_RETURNS = {"pledges.add_returnentry", "pledges.change_returnentry"}
KEEP_PLEDGES = SEE_PLEDGES | KEEP_RETURNS | {DECIDE_BREACHES} | {
    f"pledges.{verb}_{model}" for verb in ("add", "change") for model in ("pledge", "premises")
}
# zones, workstations, inspections and targets of a year
FIELD_WORK = (
    "zone", "zonemembership", "workstation", "workstationitem", "inspectionplan", "inspection", "target",
)  # fmt: skip
PLEDGE_RULES = ("checklistitem", "pledgetype", "coverage")
SEE_FIELD_WORK = {f"pledges.view_{model}" for model in (*FIELD_WORK, *PLEDGE_RULES)}
KEEP_FIELD_WORK = SEE_FIELD_WORK | {f"pledges.{verb}_{model}" for verb in ("add", "change") for model in FIELD_WORK}
PARTNER = "platform_partner"  # of an agency that is a platform, and of no other
LIAISON = "court_liaison"  # of a court, and of no other agency
# official documents and files of cases
PAPERS = ("cases.issue_document", "cases.add_attachment")


@dataclass(frozen=True)
class Role:
    """`staff` roles enter the administration pages."""

    code: str
    label: Any
    family: Family
    permissions: frozenset[str]
    staff: bool = False

    @property
    def whole_city(self) -> bool:
        return ALL_AGENCIES in self.permissions


def _role(code: str, label, family: Family, permissions: Iterable[str], *, staff: bool = False) -> Role:
    return Role(code, label, family, frozenset(permissions), staff)


ROLES: dict[str, Role] = {
    role.code: role
    for role in (
        _role(
            "regulator",
            _("Regulator"),
            Family.CASE,
            {"cases.view_case", "cases.supervise_case", "cases.export_case", "cases.view_importrun", SEE_REFERRALS}
            | SIGNALS
            | SEE_LOAD
            | SEE_PLEDGES
            | SEE_FIELD_WORK
            | {"pledges.export_pledge"},
        ),
        _role(
            "city_regulator",
            _("City regulator (all agencies)"),
            Family.CASE,
            {
                "cases.view_case", ALL_AGENCIES, "cases.supervise_case", "cases.export_case", "cases.view_importrun",
                SEE_REFERRALS,
            }
            | SIGNALS
            | SEE_LOAD
            | SEE_PLEDGES
            | SEE_FIELD_WORK
            | {"pledges.export_pledge"},
        ),
        _role(
            "officer",
            _("Case officer"),
            Family.CASE,
            {
                "cases.view_case",
                "cases.register_case",
                "cases.dispatch_case",
                "cases.handle_case",
                "cases.mediate_case",
                "cases.post_recovery",
                "cases.call_back_case",
                "cases.reveal_party",
                "cases.reveal_reporter",
                "cases.export_case",
                *PAPERS,
                *REFER,
                *SEE_PLEDGES,
                DECIDE_BREACHES,
            },
        ),
        _role(
            "approver",
            _("Approver (head of the unit)"),
            Family.CASE,
            {
                "cases.view_case",
                "cases.dispatch_case",
                "cases.assign_case",
                "cases.approve_case",
                "cases.mediate_case",
                "cases.supervise_case",
                "cases.call_back_case",
                "cases.export_case",
                "registry.view_agency",
                "registry.view_category",
            }
            | SIGNALS
            | READ_MEDIATION
            | KEEP_MEDIATION
            | REFER
            | SEE_PLEDGES
            | KEEP_FIELD_WORK
            | KEEP_RETURNS
            | {"pledges.change_pledge", DECIDE_BREACHES, "pledges.decide_pledge", "pledges.export_pledge"},
            staff=True,
        ),
        _role(
            "mediator",
            _("Mediator"),
            Family.CASE,
            {"cases.view_case", "cases.mediate_case", "cases.post_recovery", "cases.reveal_party", *PAPERS}
            | READ_MEDIATION
            | {f"mediation.{verb}_{model}" for verb in ("add", "change") for model in ("session", "agreement")}
            | {"mediation.add_recusal"}
            | REFER
            | KEEP_CONFIRMATIONS,
            staff=True,
        ),
        _role(
            "pledge_clerk",
            _("Pledge clerk"),
            Family.CASE,
            {
                "cases.view_case", "cases.view_importrun", "pledges.export_pledge", "pledges.import_pledge",
                # whoever is not known yet is taken up, by name and place
                "registry.view_merchant", "registry.add_merchant", "registry.identify_merchant", "registry.view_region",
                "registry.view_industry", "registry.view_agency",
            }
            | KEEP_PLEDGES
            | KEEP_FIELD_WORK,
            staff=True,
        ),
        # sees what was applied for with its court and nothing else: see mediation.querysets
        _role(
            LIAISON,
            _("Court liaison"),
            Family.CASE,
            {"mediation.view_judicialconfirmation", "mediation.rule_judicialconfirmation"},
            staff=True,
        ),
        _role(
            PARTNER,
            _("Platform partner (green channel)"),
            Family.CASE,
            {SEE_REFERRALS, "cases.settle_channel", "cases.post_recovery"},
            staff=True,
        ),
        _role(
            "clerk",
            _("Data clerk"),
            Family.CASE,
            {
                "cases.view_case",
                "cases.view_importrun",
                "cases.add_importrun",
                "cases.view_documenttemplate",
                "cases.change_documenttemplate",
                "cases.view_letterhead",
                "cases.add_letterhead",
                "cases.change_letterhead",
                "registry.view_agency",
            }
            | EDIT_VOCABULARIES,
            staff=True,
        ),
        _role(
            "auditor",
            _("Auditor"),
            Family.AUDITOR,
            {
                "accounts.view_signin",
                "accounts.view_accesslog",
                "cases.view_casehistory",
                "cases.view_importrun",
            },
        ),
        _role(
            "account_manager",
            _("Account manager"),
            Family.ACCOUNT_MANAGER,
            {
                "accounts.view_user",
                "accounts.add_user",
                "accounts.change_user",
                "accounts.view_signin",
                "registry.view_agency",
            },
            staff=True,
        ),
    )
}


def families(codes: Iterable[str]) -> set[Family]:
    """The families of the roles `codes`."""
    return {ROLES[code].family for code in codes}
