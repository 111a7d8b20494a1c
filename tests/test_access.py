"""Every URL x every role x own, sub- and other agency, with the status that each is to get.

The table is written by hand, one row per URL and kind of record, and a URL that is missing from it fails the suite, as
does a row that a record lacks. In a path, {x} is a record of the user's own agency (a district), {sub_x} one of the
station below it, {other_x} one of the district beside it and {my_x} the user's very own. Where the answer is no,
nothing may have changed; what a POST does where the answer is yes is tested with its own page.
"""

import datetime as dt
import io
import re
import zipfile
from copy import copy
from functools import partial
from types import SimpleNamespace

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.http import HttpResponseForbidden, HttpResponseNotFound
from django.test import Client
from django.urls import URLResolver, get_resolver, resolve
from django.utils import timezone
from django.views.generic import RedirectView

from accounts.middleware import LAST_SEEN
from accounts.models import User
from accounts.roles import ROLES
from accounts.views import admin_login
from cases.domain import WORKFLOWS
from cases.domain.parties import ROLES as PEOPLE
from cases.enums import Body, BulkState, Kind, Regime
from cases.models import Case, ClockRule, Ground, SignalRule
from cases.official_forms import ALLOWED, is_personal, is_sealed
from pledges.models import ChecklistItem, PledgeType
from registry.models import Merchant
from tests.factories import (
    AgencyFactory,
    AgreementFactory,
    AttachmentFactory,
    BreachFactory,
    BulkActFactory,
    CalendarNoticeFactory,
    CaseFactory,
    CategoryFactory,
    ChannelFactory,
    ClockFactory,
    ConfirmationFactory,
    DocumentFactory,
    DocumentTemplateFactory,
    EntrustmentFactory,
    FindingFactory,
    ImportRunFactory,
    IndustryFactory,
    ItemFactory,
    LetterheadFactory,
    MediatorFactory,
    MembershipFactory,
    MerchantFactory,
    PartyFactory,
    PhotoFactory,
    PlanFactory,
    PlatformFactory,
    PledgeFactory,
    ProblemFactory,
    RecoveryFactory,
    RecusalFactory,
    ReferralFactory,
    RegionFactory,
    ReturnEntryFactory,
    RoomFactory,
    SavedFilterFactory,
    SessionFactory,
    TargetFactory,
    UserFactory,
    WorkstationFactory,
    ZoneFactory,
)

pytestmark = pytest.mark.django_db

VOCABULARY_FACTORIES = {
    "notice": CalendarNoticeFactory,
    "category": CategoryFactory,
    "channel": ChannelFactory,
    "industry": IndustryFactory,
    "merchant": MerchantFactory,
    "platform": PlatformFactory,
    "problem": ProblemFactory,
    "region": RegionFactory,
}
COLUMNS = (
    "anonymous", "no_role", "regulator", "city_regulator", "officer", "mediator", "clerk", "auditor",
    "account_manager", "superuser", "approver", "platform_partner", "court_liaison", "pledge_clerk",
)  # fmt: skip

# anonymous: nobody is signed in. no_role: an account without a role. city_regulator: of the city bureau, as the role
# demands; the superuser has no agency; the partner is of a platform, which has a platform below it, and the
# liaison of a court, which has a court below it; all others are of the district.
PORTAL = """
#                                                         anon none regu city offi medi cler audi acco supe appr part cour pled
GET  /                                                    302  200  200  200  200  200  200  200  200  200  200  200  200  200
GET  /insights/definitions/                               302  403  200  200  200  200  200  403  403  200  200  403  403  200
GET  /insights/mediation/                                 302  403  200  200  200  200  200  403  403  200  200  403  403  200
GET  /insights/mediators/                                 302  403  200  200  403  200  403  403  403  200  200  403  403  403
GET  /insights/mediators/export/?format=csv               302  403  200  200  403  403  403  403  403  200  200  403  403  403
GET  /insights/mediators/export/?format=xlsx              302  403  200  200  403  403  403  403  403  200  200  403  403  403
GET  /insights/pledges/                                   302  403  200  200  200  403  403  403  403  200  200  403  403  200
GET  /insights/returns/                                   302  403  200  200  200  403  403  403  403  200  200  403  403  200
GET  /insights/returns/export/?format=csv                 302  403  200  200  403  403  403  403  403  200  200  403  403  200
GET  /insights/returns/export/?format=xlsx                302  403  200  200  403  403  403  403  403  200  200  403  403  200
GET  /insights/uncounted/                                 302  403  200  200  200  200  200  403  403  200  200  403  403  200
GET  /insights/channel/                                   302  403  200  200  200  200  200  403  403  200  200  403  403  200
GET  /insights/channel/export/?format=csv                 302  403  200  200  200  403  403  403  403  200  200  403  403  403
GET  /insights/channel/export/?format=xlsx                302  403  200  200  200  403  403  403  403  200  200  403  403  403
GET  /insights/channel/figures/                           302  403  302  302  302  302  302  403  403  302  302  403  403  302
GET  /cases/                                              302  403  200  200  200  200  200  403  403  200  200  403  403  200
GET  /cases/export/?format=csv                            302  403  200  200  200  403  403  403  403  200  200  403  403  403
GET  /cases/export/?format=xlsx                           302  403  200  200  200  403  403  403  403  200  200  403  403  403
POST /cases/export/personal/                              302  403  403  403  403  403  403  403  403  404  403  403  403  403
GET  /cases/new/                                          302  403  403  403  200  403  403  403  403  403  403  403  403  403
POST /cases/new/                                          302  403  403  403  422  403  403  403  403  403  403  403  403  403
POST /cases/new/similar/                                  302  403  403  403  200  403  403  403  403  200  403  403  403  403
GET  /cases/merchants/?q=清泉                             302  403  403  403  200  403  403  403  403  200  403  403  403  403
GET  /cases/queue/                                        302  403  403  403  200  403  403  403  403  200  200  403  403  403
GET  /cases/recoveries/                                   302  403  200  200  200  200  200  403  403  200  200  403  403  200
GET  /cases/recoveries/export/?format=csv                 302  403  200  200  200  403  403  403  403  200  200  403  403  403
GET  /cases/recoveries/export/?format=xlsx                302  403  200  200  200  403  403  403  403  200  200  403  403  403
GET  /cases/{case}/                                       302  403  200  200  200  200  200  403  403  200  200  403  403  200
GET  /cases/{sub_case}/                                   302  403  200  200  200  200  200  403  403  200  200  403  403  200
GET  /cases/{other_case}/                                 302  403  404  200  404  404  404  403  403  200  404  403  403  404
GET  /cases/{case}/mediation/                             302  403  200  200  200  200  200  403  403  200  200  403  403  200
GET  /cases/{sub_case}/mediation/                         302  403  200  200  200  200  200  403  403  200  200  403  403  200
GET  /cases/{other_case}/mediation/                       302  403  404  200  404  404  404  403  403  200  404  403  403  404
GET  /cases/{case}/channel/                               302  403  200  200  200  200  200  403  403  200  200  403  403  200
GET  /cases/{sub_case}/channel/                           302  403  200  200  200  200  200  403  403  200  200  403  403  200
GET  /cases/{other_case}/channel/                         302  403  404  200  404  404  404  403  403  200  404  403  403  404
POST /cases/{case}/channel/                               302  403  403  403  302  302  403  403  403  302  302  403  403  403
POST /cases/{sub_case}/channel/                           302  403  403  403  302  302  403  403  403  302  302  403  403  403
POST /cases/{other_case}/channel/                         302  403  403  403  404  404  403  403  403  302  404  403  403  403
GET  /cases/{case}/copy-out/                              302  403  403  403  200  403  403  403  403  200  403  403  403  403
GET  /cases/{sub_case}/copy-out/                          302  403  403  403  200  403  403  403  403  200  403  403  403  403
GET  /cases/{other_case}/copy-out/                        302  403  403  403  404  403  403  403  403  200  403  403  403  403
POST /cases/{case}/copy-out/                              302  403  403  403  200  403  403  403  403  200  403  403  403  403
POST /cases/{sub_case}/copy-out/                          302  403  403  403  200  403  403  403  403  200  403  403  403  403
POST /cases/{other_case}/copy-out/                        302  403  403  403  404  403  403  403  403  200  403  403  403  403
GET  /cases/{case}/next/?sort=-received                   302  403  302  302  302  302  302  403  403  302  302  403  403  302
GET  /cases/{sub_case}/next/?sort=-received               302  403  302  302  302  302  302  403  403  302  302  403  403  302
GET  /cases/{other_case}/next/?sort=-received             302  403  404  302  404  404  404  403  403  302  404  403  403  404
GET  /cases/{case}/previous/?sort=-received               302  403  302  302  302  302  302  403  403  302  302  403  403  302
GET  /cases/{sub_case}/previous/?sort=-received           302  403  302  302  302  302  302  403  403  302  302  403  403  302
GET  /cases/{other_case}/previous/?sort=-received         302  403  404  302  404  404  404  403  403  302  404  403  403  404
GET  /cases/{case}/act/accept/                            302  403  403  403  200  403  403  403  403  200  403  403  403  403
GET  /cases/{sub_case}/act/accept/                        302  403  403  403  200  403  403  403  403  200  403  403  403  403
GET  /cases/{other_case}/act/accept/                      302  403  404  403  404  404  404  403  403  200  404  403  403  404
POST /cases/{case}/act/accept/                            302  403  403  403  302  403  403  403  403  302  403  403  403  403
POST /cases/{sub_case}/act/accept/                        302  403  403  403  302  403  403  403  403  302  403  403  403  403
POST /cases/{other_case}/act/accept/                      302  403  404  403  404  404  404  403  403  302  404  403  403  404
GET  /cases/{case}/act/assign/                            302  403  403  403  403  403  403  403  403  200  200  403  403  403
GET  /cases/{sub_case}/act/assign/                        302  403  403  403  403  403  403  403  403  200  200  403  403  403
GET  /cases/{other_case}/act/assign/                      302  403  404  403  404  404  404  403  403  200  404  403  403  404
GET  /cases/{case}/act/supervise/                         302  403  200  200  403  403  403  403  403  200  200  403  403  403
GET  /cases/{sub_case}/act/supervise/                     302  403  200  200  403  403  403  403  403  200  200  403  403  403
GET  /cases/{other_case}/act/supervise/                   302  403  404  200  404  404  404  403  403  200  404  403  403  404
GET  /cases/{case}/act/nonsense/                          302  403  404  404  404  404  404  403  403  404  404  403  403  404
GET  /cases/{sub_case}/act/nonsense/                      302  403  404  404  404  404  404  403  403  404  404  403  403  404
GET  /cases/{other_case}/act/nonsense/                    302  403  404  404  404  404  404  403  403  404  404  403  403  404
GET  /cases/bulk/                                         302  403  200  200  200  200  200  403  403  200  200  403  403  200
POST /cases/bulk/start/                                   302  403  404  404  404  404  404  403  403  404  404  403  403  404
GET  /cases/bulk/{my_bulk}/                               302  403  200  200  200  200  200  403  403  200  200  403  403  200
GET  /cases/bulk/{bulk}/                                  302  403  404  404  404  404  404  403  403  404  404  403  403  404
GET  /cases/bulk/{sub_bulk}/                              302  403  404  404  404  404  404  403  403  404  404  403  403  404
GET  /cases/bulk/{other_bulk}/                            302  403  404  404  404  404  404  403  403  404  404  403  403  404
GET  /cases/bulk/{my_bulk}/confirm/                       302  403  302  302  302  302  302  403  403  302  302  403  403  302
GET  /cases/bulk/{bulk}/confirm/                          302  403  404  404  404  404  404  403  403  404  404  403  403  404
GET  /cases/bulk/{sub_bulk}/confirm/                      302  403  404  404  404  404  404  403  403  404  404  403  403  404
GET  /cases/bulk/{other_bulk}/confirm/                    302  403  404  404  404  404  404  403  403  404  404  403  403  404
POST /cases/bulk/{my_bulk}/confirm/                       302  403  302  302  302  302  302  403  403  302  302  403  403  302
POST /cases/bulk/{bulk}/confirm/                          302  403  404  404  404  404  404  403  403  404  404  403  403  404
POST /cases/bulk/{sub_bulk}/confirm/                      302  403  404  404  404  404  404  403  403  404  404  403  403  404
POST /cases/bulk/{other_bulk}/confirm/                    302  403  404  404  404  404  404  403  403  404  404  403  403  404
GET  /cases/bulk/{my_bulk}/export/?format=csv             302  403  200  200  200  403  403  403  403  200  200  403  403  403
GET  /cases/bulk/{bulk}/export/?format=csv                302  403  404  404  404  403  403  403  403  404  404  403  403  403
GET  /cases/bulk/{sub_bulk}/export/?format=csv            302  403  404  404  404  403  403  403  403  404  404  403  403  403
GET  /cases/bulk/{other_bulk}/export/?format=csv          302  403  404  404  404  403  403  403  403  404  404  403  403  403
GET  /cases/bulk/{my_bulk}/export/?format=xlsx            302  403  200  200  200  403  403  403  403  200  200  403  403  403
GET  /cases/bulk/{bulk}/export/?format=xlsx               302  403  404  404  404  403  403  403  403  404  404  403  403  403
GET  /cases/bulk/{sub_bulk}/export/?format=xlsx           302  403  404  404  404  403  403  403  403  404  404  403  403  403
GET  /cases/bulk/{other_bulk}/export/?format=xlsx         302  403  404  404  404  403  403  403  403  404  404  403  403  403
POST /cases/bulk/{my_bulk}/cancel/                        302  403  302  302  302  302  302  403  403  302  302  403  403  302
POST /cases/bulk/{bulk}/cancel/                           302  403  404  404  404  404  404  403  403  404  404  403  403  404
POST /cases/bulk/{sub_bulk}/cancel/                       302  403  404  404  404  404  404  403  403  404  404  403  403  404
POST /cases/bulk/{other_bulk}/cancel/                     302  403  404  404  404  404  404  403  403  404  404  403  403  404
POST /cases/bulk/{my_bulk}/again/                         302  403  302  302  302  302  302  403  403  302  302  403  403  302
POST /cases/bulk/{bulk}/again/                            302  403  404  404  404  404  404  403  403  404  404  403  403  404
POST /cases/bulk/{sub_bulk}/again/                        302  403  404  404  404  404  404  403  403  404  404  403  403  404
POST /cases/bulk/{other_bulk}/again/                      302  403  404  404  404  404  404  403  403  404  404  403  403  404
GET  /cases/bulk/{my_prepared}/                           302  403  302  302  302  302  302  403  403  302  302  403  403  302
POST /cases/{case}/parties/{party}/reveal/                302  403  403  403  200  200  403  403  403  200  403  403  403  403
POST /cases/{sub_case}/parties/{sub_party}/reveal/        302  403  403  403  200  200  403  403  403  200  403  403  403  403
POST /cases/{other_case}/parties/{other_party}/reveal/    302  403  404  403  404  404  404  403  403  200  404  403  403  404
POST /cases/{case}/parties/{reporter}/reveal/             302  403  403  403  200  403  403  403  403  200  403  403  403  403
POST /cases/{sub_case}/parties/{sub_reporter}/reveal/     302  403  403  403  200  403  403  403  403  200  403  403  403  403
POST /cases/{other_case}/parties/{other_reporter}/reveal/ 302  403  404  403  404  404  404  403  403  200  404  403  403  404
POST /cases/{case}/parties/{other_party}/reveal/          302  403  404  404  404  404  404  403  403  404  404  403  403  404
GET  /imports/                                            302  403  200  200  403  403  200  200  403  200  403  403  403  200
GET  /imports/{run}/                                      302  403  200  200  403  403  200  200  403  200  403  403  403  200
GET  /imports/{sub_run}/                                  302  403  200  200  403  403  200  200  403  200  403  403  403  200
GET  /imports/{other_run}/                                302  403  404  200  403  403  404  404  403  200  403  403  403  404
GET  /imports/{run}/rejects.csv                           302  403  403  403  403  403  200  403  403  200  403  403  403  403
GET  /imports/{sub_run}/rejects.csv                       302  403  403  403  403  403  200  403  403  200  403  403  403  403
GET  /imports/{other_run}/rejects.csv                     302  403  404  403  403  403  404  404  403  200  403  403  403  404
GET  /audit/                                              302  403  403  403  403  403  403  200  403  200  403  403  403  403
GET  /audit/cases/{case}/                                 302  403  403  403  403  403  403  200  403  200  403  403  403  403
GET  /audit/cases/{sub_case}/                             302  403  403  403  403  403  403  200  403  200  403  403  403  403
GET  /audit/cases/{other_case}/                           302  403  403  403  403  403  403  404  403  200  403  403  403  403
GET  /audit/cases/{case}/export/?format=csv               302  403  403  403  403  403  403  200  403  200  403  403  403  403
GET  /audit/cases/{sub_case}/export/?format=csv           302  403  403  403  403  403  403  200  403  200  403  403  403  403
GET  /audit/cases/{other_case}/export/?format=csv         302  403  403  403  403  403  403  404  403  200  403  403  403  403
GET  /audit/cases/{case}/export/?format=xlsx              302  403  403  403  403  403  403  200  403  200  403  403  403  403
GET  /audit/cases/{sub_case}/export/?format=xlsx          302  403  403  403  403  403  403  200  403  200  403  403  403  403
GET  /audit/cases/{other_case}/export/?format=xlsx        302  403  403  403  403  403  403  404  403  200  403  403  403  403
POST /audit/persons/                                      302  403  403  403  403  403  403  200  403  200  403  403  403  403
GET  /audit/persons/0123456789abcdef/                     302  403  403  403  403  403  403  404  403  404  403  403  403  403
GET  /audit/persons/0123456789abcdef/export/?format=csv   302  403  403  403  403  403  403  404  403  404  403  403  403  403
GET  /audit/persons/0123456789abcdef/export/?format=xlsx  302  403  403  403  403  403  403  404  403  404  403  403  403  403
GET  /audit/users/{user}/                                 302  403  403  403  403  403  403  200  403  200  403  403  403  403
GET  /audit/users/{sub_user}/                             302  403  403  403  403  403  403  200  403  200  403  403  403  403
GET  /audit/users/{other_user}/                           302  403  403  403  403  403  403  404  403  200  403  403  403  403
GET  /audit/users/{user}/export/?format=csv               302  403  403  403  403  403  403  200  403  200  403  403  403  403
GET  /audit/users/{sub_user}/export/?format=csv           302  403  403  403  403  403  403  200  403  200  403  403  403  403
GET  /audit/users/{other_user}/export/?format=csv         302  403  403  403  403  403  403  404  403  200  403  403  403  403
GET  /audit/users/{user}/export/?format=xlsx              302  403  403  403  403  403  403  200  403  200  403  403  403  403
GET  /audit/users/{sub_user}/export/?format=xlsx          302  403  403  403  403  403  403  200  403  200  403  403  403  403
GET  /audit/users/{other_user}/export/?format=xlsx        302  403  403  403  403  403  403  404  403  200  403  403  403  403
POST /accounts/login/                                     200  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /accounts/login/                                     200  302  302  302  302  302  302  302  302  302  302  302  302  302
POST /accounts/logout/                                    302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /accounts/session/                                   302  204  204  204  204  204  204  204  204  204  204  204  204  204
POST /accounts/password/                                  302  200  200  200  200  200  200  200  200  200  200  200  200  200
GET  /accounts/password/                                  302  200  200  200  200  200  200  200  200  200  200  200  200  200
GET  /accounts/sign-ins/                                  302  403  403  403  403  403  403  200  200  200  403  403  403  403
GET  /accounts/access-log/                                302  403  403  403  403  403  403  200  403  200  403  403  403  403
POST /i18n/setlang/                                       302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /cases/saved/                                        302  403  200  200  200  200  200  403  403  200  200  403  403  200
POST /cases/saved/cases/save/                             302  403  422  422  422  422  422  403  403  422  422  403  403  422
POST /cases/saved/nothing/save/                           302  403  404  404  404  404  404  403  403  404  404  403  403  404
POST /cases/saved/{my_saved}/rename/                      302  403  422  422  422  422  422  403  403  422  422  403  403  422
POST /cases/saved/{saved}/rename/                         302  403  404  404  404  404  404  403  403  404  404  403  403  404
POST /cases/saved/{sub_saved}/rename/                     302  403  404  404  404  404  404  403  403  404  404  403  403  404
POST /cases/saved/{other_saved}/rename/                   302  403  404  404  404  404  404  403  403  404  404  403  403  404
POST /cases/saved/{my_saved}/share/                       302  403  302  302  302  302  302  403  403  302  302  403  403  302
POST /cases/saved/{saved}/share/                          302  403  404  404  404  404  404  403  403  404  404  403  403  404
POST /cases/saved/{sub_saved}/share/                      302  403  404  404  404  404  404  403  403  404  404  403  403  404
POST /cases/saved/{other_saved}/share/                    302  403  404  404  404  404  404  403  403  404  404  403  403  404
POST /cases/saved/{my_saved}/delete/                      302  403  302  302  302  302  302  403  403  302  302  403  403  302
POST /cases/saved/{saved}/delete/                         302  403  404  404  404  404  404  403  403  404  404  403  403  404
POST /cases/saved/{sub_saved}/delete/                     302  403  404  404  404  404  404  403  403  404  404  403  403  404
POST /cases/saved/{other_saved}/delete/                   302  403  404  404  404  404  404  403  403  404  404  403  403  404
GET  /cases/columns/cases/                                302  403  200  200  200  200  200  403  403  200  200  403  403  200
POST /cases/columns/cases/                                302  403  302  302  302  302  302  403  403  302  302  403  403  302
GET  /cases/columns/queue/                                302  403  404  404  200  404  404  403  403  200  200  403  403  404
POST /cases/columns/queue/                                302  403  404  404  302  404  404  403  403  302  302  403  403  404
GET  /cases/columns/nothing/                              302  403  404  404  404  404  404  403  403  404  404  403  403  404
GET  /cases/{case}/signals/                               302  403  200  200  403  403  403  403  403  200  200  403  403  403
GET  /cases/{sub_case}/signals/                           302  403  200  200  403  403  403  403  403  200  200  403  403  403
GET  /cases/{other_case}/signals/                         302  403  404  200  403  403  403  403  403  200  404  403  403  403
POST /cases/{case}/signals/                               302  403  200  200  403  403  403  403  403  200  200  403  403  403
POST /cases/{sub_case}/signals/                           302  403  200  200  403  403  403  403  403  200  200  403  403  403
POST /cases/{other_case}/signals/                         302  403  404  200  403  403  403  403  403  200  404  403  403  403
GET  /cases/{case}/repeats/                               302  403  200  200  200  200  200  403  403  200  200  403  403  200
GET  /cases/{sub_case}/repeats/                           302  403  200  200  200  200  200  403  403  200  200  403  403  200
GET  /cases/{other_case}/repeats/                         302  403  404  200  404  404  404  403  403  200  404  403  403  404
"""  # noqa: E501 - a table

# Whoever is no staff is sent from the admin to its login page, which turns him away with 403.
ADMIN = """
#                                       anon none regu city offi medi cler audi acco supe appr part cour pled
GET  /admin/                            302  302  302  302  302  200  200  302  200  200  200  200  200  200
GET  /admin/login/                      302  403  403  403  403  302  302  403  302  302  302  302  302  302
POST /admin/login/                      302  403  403  403  403  302  302  403  302  302  302  302  302  302
POST /admin/logout/                     302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/password_change/            302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/password_change/done/       302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/jsi18n/                     302  302  302  302  302  200  200  302  200  200  200  200  200  200
GET  /admin/autocomplete/?{for_agency}  302  302  302  302  302  200  200  302  200  200  200  403  403  200
GET  /admin/autocomplete/?{for_region}  302  302  302  302  302  403  200  302  403  200  403  403  403  200
GET  /admin/r/{user_type}/{user}/       302  302  302  302  302  404  404  302  404  404  404  404  404  404
GET  /admin/r/{user_type}/{sub_user}/   302  302  302  302  302  404  404  302  404  404  404  404  404  404
GET  /admin/r/{user_type}/{other_user}/ 302  302  302  302  302  404  404  302  404  404  404  404  404  404
GET  /admin/cases/                      302  302  302  302  302  200  200  302  404  200  200  404  404  200
GET  /admin/accounts/                   302  302  302  302  302  404  404  302  200  200  404  404  404  404
GET  /admin/registry/                   302  302  302  302  302  200  200  302  200  200  200  404  404  200
GET  /admin/nowhere/                    302  302  302  302  302  404  404  302  404  404  404  404  404  404
"""

# what a data clerk keeps
VOCABULARIES = """
#                                                       anon none regu city offi medi cler audi acco supe appr part cour pled
GET  /admin/registry/calendarnotice/                    302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/registry/calendarnotice/add/                302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/registry/calendarnotice/{notice}/change/    302  302  302  302  302  403  200  302  403  200  403  403  403  403
POST /admin/registry/calendarnotice/{notice}/delete/    302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/registry/calendarnotice/{notice}/history/   302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/registry/calendarnotice/{notice}/           302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/registry/category/                          302  302  302  302  302  403  200  302  403  200  200  403  403  403
GET  /admin/registry/category/add/                      302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/registry/category/{category}/change/        302  302  302  302  302  403  200  302  403  200  200  403  403  403
POST /admin/registry/category/{category}/delete/        302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/registry/category/{category}/history/       302  302  302  302  302  403  200  302  403  200  200  403  403  403
GET  /admin/registry/category/{category}/               302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/registry/channel/                           302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/registry/channel/add/                       302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/registry/channel/{channel}/change/          302  302  302  302  302  403  200  302  403  200  403  403  403  403
POST /admin/registry/channel/{channel}/delete/          302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/registry/channel/{channel}/history/         302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/registry/channel/{channel}/                 302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/registry/industry/                          302  302  302  302  302  403  200  302  403  200  403  403  403  200
GET  /admin/registry/industry/add/                      302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/registry/industry/{industry}/change/        302  302  302  302  302  403  200  302  403  200  403  403  403  200
POST /admin/registry/industry/{industry}/delete/        302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/registry/industry/{industry}/history/       302  302  302  302  302  403  200  302  403  200  403  403  403  200
GET  /admin/registry/industry/{industry}/               302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/registry/merchant/                          302  302  302  302  302  403  200  302  403  200  403  403  403  200
GET  /admin/registry/merchant/add/                      302  302  302  302  302  403  200  302  403  200  403  403  403  200
GET  /admin/registry/merchant/{merchant}/change/        302  302  302  302  302  403  200  302  403  200  403  403  403  200
POST /admin/registry/merchant/{merchant}/delete/        302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/registry/merchant/{merchant}/history/       302  302  302  302  302  403  200  302  403  200  403  403  403  200
GET  /admin/registry/merchant/{merchant}/               302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/registry/platform/                          302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/registry/platform/add/                      302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/registry/platform/{platform}/change/        302  302  302  302  302  403  200  302  403  200  403  403  403  403
POST /admin/registry/platform/{platform}/delete/        302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/registry/platform/{platform}/history/       302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/registry/platform/{platform}/               302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/registry/problem/                           302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/registry/problem/add/                       302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/registry/problem/{problem}/change/          302  302  302  302  302  403  200  302  403  200  403  403  403  403
POST /admin/registry/problem/{problem}/delete/          302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/registry/problem/{problem}/history/         302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/registry/problem/{problem}/                 302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/registry/region/                            302  302  302  302  302  403  200  302  403  200  403  403  403  200
GET  /admin/registry/region/add/                        302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/registry/region/{region}/change/            302  302  302  302  302  403  200  302  403  200  403  403  403  200
POST /admin/registry/region/{region}/delete/            302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/registry/region/{region}/history/           302  302  302  302  302  403  200  302  403  200  403  403  403  200
GET  /admin/registry/region/{region}/                   302  302  302  302  302  302  302  302  302  302  302  302  302  302
"""  # noqa: E501 - a table

# agencies and accounts decide who sees what
ACCOUNTS = """
#                                                   anon none regu city offi medi cler audi acco supe appr part cour pled
GET  /admin/registry/agency/                        302  302  302  302  302  200  200  302  200  200  200  403  403  200
GET  /admin/registry/agency/add/                    302  302  302  302  302  403  403  302  403  200  403  403  403  403
GET  /admin/registry/agency/{agency}/change/        302  302  302  302  302  200  200  302  200  200  200  403  403  200
GET  /admin/registry/agency/{sub_agency}/change/    302  302  302  302  302  200  200  302  200  200  200  403  403  200
GET  /admin/registry/agency/{other_agency}/change/  302  302  302  302  302  200  200  302  200  200  200  403  403  200
POST /admin/registry/agency/{agency}/change/        302  302  302  302  302  403  403  302  403  200  403  403  403  403
POST /admin/registry/agency/{sub_agency}/change/    302  302  302  302  302  403  403  302  403  200  403  403  403  403
POST /admin/registry/agency/{other_agency}/change/  302  302  302  302  302  403  403  302  403  200  403  403  403  403
POST /admin/registry/agency/{agency}/delete/        302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/registry/agency/{sub_agency}/delete/    302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/registry/agency/{other_agency}/delete/  302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/registry/agency/{agency}/history/       302  302  302  302  302  200  200  302  200  200  200  403  403  200
GET  /admin/registry/agency/{sub_agency}/history/   302  302  302  302  302  200  200  302  200  200  200  403  403  200
GET  /admin/registry/agency/{other_agency}/history/ 302  302  302  302  302  200  200  302  200  200  200  403  403  200
GET  /admin/registry/agency/{agency}/               302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/registry/agency/{sub_agency}/           302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/registry/agency/{other_agency}/         302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/accounts/user/                          302  302  302  302  302  403  403  302  200  200  403  403  403  403
GET  /admin/accounts/user/add/                      302  302  302  302  302  403  403  302  200  200  403  403  403  403
POST /admin/accounts/user/add/                      302  302  302  302  302  403  403  302  200  200  403  403  403  403
GET  /admin/accounts/user/agencies/?{for_user}      302  302  302  302  302  200  200  302  200  200  200  403  403  200
GET  /admin/accounts/user/{user}/change/            302  302  302  302  302  403  403  302  200  200  403  403  403  403
GET  /admin/accounts/user/{sub_user}/change/        302  302  302  302  302  403  403  302  200  200  403  403  403  403
GET  /admin/accounts/user/{other_user}/change/      302  302  302  302  302  403  403  302  404  200  403  403  403  403
POST /admin/accounts/user/{user}/change/            302  302  302  302  302  403  403  302  200  302  403  403  403  403
POST /admin/accounts/user/{sub_user}/change/        302  302  302  302  302  403  403  302  200  302  403  403  403  403
POST /admin/accounts/user/{other_user}/change/      302  302  302  302  302  403  403  302  404  302  403  403  403  403
GET  /admin/accounts/user/{user}/password/          302  302  302  302  302  403  403  302  200  200  403  403  403  403
GET  /admin/accounts/user/{sub_user}/password/      302  302  302  302  302  403  403  302  200  200  403  403  403  403
GET  /admin/accounts/user/{other_user}/password/    302  302  302  302  302  403  403  302  404  200  403  403  403  403
POST /admin/accounts/user/{user}/password/          302  302  302  302  302  403  403  302  200  200  403  403  403  403
POST /admin/accounts/user/{sub_user}/password/      302  302  302  302  302  403  403  302  200  200  403  403  403  403
POST /admin/accounts/user/{other_user}/password/    302  302  302  302  302  403  403  302  404  200  403  403  403  403
GET  /admin/accounts/user/{user}/active/            302  302  302  302  302  403  403  302  200  200  403  403  403  403
GET  /admin/accounts/user/{sub_user}/active/        302  302  302  302  302  403  403  302  200  200  403  403  403  403
GET  /admin/accounts/user/{other_user}/active/      302  302  302  302  302  403  403  302  404  200  403  403  403  403
POST /admin/accounts/user/{user}/active/            302  302  302  302  302  403  403  302  302  302  403  403  403  403
POST /admin/accounts/user/{sub_user}/active/        302  302  302  302  302  403  403  302  302  302  403  403  403  403
POST /admin/accounts/user/{other_user}/active/      302  302  302  302  302  403  403  302  404  302  403  403  403  403
GET  /admin/accounts/user/{user}/unlock/            302  302  302  302  302  403  403  302  200  200  403  403  403  403
GET  /admin/accounts/user/{sub_user}/unlock/        302  302  302  302  302  403  403  302  200  200  403  403  403  403
GET  /admin/accounts/user/{other_user}/unlock/      302  302  302  302  302  403  403  302  404  200  403  403  403  403
POST /admin/accounts/user/{user}/unlock/            302  302  302  302  302  403  403  302  302  302  403  403  403  403
POST /admin/accounts/user/{sub_user}/unlock/        302  302  302  302  302  403  403  302  302  302  403  403  403  403
POST /admin/accounts/user/{other_user}/unlock/      302  302  302  302  302  403  403  302  404  302  403  403  403  403
POST /admin/accounts/user/{user}/delete/            302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/accounts/user/{sub_user}/delete/        302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/accounts/user/{other_user}/delete/      302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/accounts/user/{user}/history/           302  302  302  302  302  404  404  302  200  200  404  404  404  404
GET  /admin/accounts/user/{sub_user}/history/       302  302  302  302  302  404  404  302  200  200  404  404  404  404
GET  /admin/accounts/user/{other_user}/history/     302  302  302  302  302  404  404  302  404  200  404  404  404  404
GET  /admin/accounts/user/{user}/                   302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/accounts/user/{sub_user}/               302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/accounts/user/{other_user}/             302  302  302  302  302  302  302  302  302  302  302  302  302  302
"""

# cases and runs are looked at; rules of terms belong to the setting-up
CASES = """
#                                                    anon none regu city offi medi cler audi acco supe appr part cour pled
GET  /admin/cases/case/                              302  302  302  302  302  200  200  302  403  200  200  403  403  200
GET  /admin/cases/case/add/                          302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/cases/case/{case_pk}/change/             302  302  302  302  302  200  200  302  403  200  200  403  403  200
GET  /admin/cases/case/{sub_case_pk}/change/         302  302  302  302  302  200  200  302  403  200  200  403  403  200
GET  /admin/cases/case/{other_case_pk}/change/       302  302  302  302  302  404  404  302  403  200  404  403  403  404
POST /admin/cases/case/{case_pk}/change/             302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/case/{sub_case_pk}/change/         302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/case/{other_case_pk}/change/       302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/case/{case_pk}/delete/             302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/case/{sub_case_pk}/delete/         302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/case/{other_case_pk}/delete/       302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/cases/case/{case_pk}/history/            302  302  302  302  302  200  200  302  404  200  200  404  404  200
GET  /admin/cases/case/{sub_case_pk}/history/        302  302  302  302  302  200  200  302  404  200  200  404  404  200
GET  /admin/cases/case/{other_case_pk}/history/      302  302  302  302  302  404  404  302  404  200  404  404  404  404
GET  /admin/cases/case/{case_pk}/                    302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/case/{sub_case_pk}/                302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/case/{other_case_pk}/              302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/importrun/                         302  302  302  302  302  403  200  302  403  200  403  403  403  200
GET  /admin/cases/importrun/add/                     302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/cases/importrun/{run}/change/            302  302  302  302  302  403  200  302  403  200  403  403  403  200
GET  /admin/cases/importrun/{sub_run}/change/        302  302  302  302  302  403  200  302  403  200  403  403  403  200
GET  /admin/cases/importrun/{other_run}/change/      302  302  302  302  302  403  404  302  403  200  403  403  403  404
POST /admin/cases/importrun/{run}/change/            302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/importrun/{sub_run}/change/        302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/importrun/{other_run}/change/      302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/importrun/{run}/delete/            302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/importrun/{sub_run}/delete/        302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/importrun/{other_run}/delete/      302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/cases/importrun/{run}/history/           302  302  302  302  302  404  200  302  404  200  404  404  404  200
GET  /admin/cases/importrun/{sub_run}/history/       302  302  302  302  302  404  200  302  404  200  404  404  404  200
GET  /admin/cases/importrun/{other_run}/history/     302  302  302  302  302  404  404  302  404  200  404  404  404  404
GET  /admin/cases/importrun/{run}/                   302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/importrun/{sub_run}/               302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/importrun/{other_run}/             302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/recovery/                          302  302  302  302  302  200  200  302  403  200  200  403  403  200
GET  /admin/cases/recovery/add/                      302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/cases/recovery/{recovery}/change/        302  302  302  302  302  200  200  302  403  200  200  403  403  200
GET  /admin/cases/recovery/{sub_recovery}/change/    302  302  302  302  302  200  200  302  403  200  200  403  403  200
GET  /admin/cases/recovery/{other_recovery}/change/  302  302  302  302  302  404  404  302  403  200  404  403  403  404
POST /admin/cases/recovery/{recovery}/change/        302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/recovery/{sub_recovery}/change/    302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/recovery/{other_recovery}/change/  302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/recovery/{recovery}/delete/        302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/recovery/{sub_recovery}/delete/    302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/recovery/{other_recovery}/delete/  302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/cases/recovery/{recovery}/history/       302  302  302  302  302  200  200  302  404  200  200  404  404  200
GET  /admin/cases/recovery/{sub_recovery}/history/   302  302  302  302  302  200  200  302  404  200  200  404  404  200
GET  /admin/cases/recovery/{other_recovery}/history/ 302  302  302  302  302  404  404  302  404  200  404  404  404  404
GET  /admin/cases/recovery/{recovery}/               302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/recovery/{sub_recovery}/           302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/recovery/{other_recovery}/         302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/clock/                             302  302  302  302  302  200  200  302  403  200  200  403  403  200
GET  /admin/cases/clock/add/                         302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/cases/clock/{clock}/change/              302  302  302  302  302  200  200  302  403  200  200  403  403  200
GET  /admin/cases/clock/{sub_clock}/change/          302  302  302  302  302  200  200  302  403  200  200  403  403  200
GET  /admin/cases/clock/{other_clock}/change/        302  302  302  302  302  404  404  302  403  200  404  403  403  404
POST /admin/cases/clock/{clock}/change/              302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/clock/{sub_clock}/change/          302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/clock/{other_clock}/change/        302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/clock/{clock}/delete/              302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/clock/{sub_clock}/delete/          302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/clock/{other_clock}/delete/        302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/cases/clock/{clock}/history/             302  302  302  302  302  200  200  302  404  200  200  404  404  200
GET  /admin/cases/clock/{sub_clock}/history/         302  302  302  302  302  200  200  302  404  200  200  404  404  200
GET  /admin/cases/clock/{other_clock}/history/       302  302  302  302  302  404  404  302  404  200  404  404  404  404
GET  /admin/cases/clock/{clock}/                     302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/clock/{sub_clock}/                 302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/clock/{other_clock}/               302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/clockrule/                         302  302  302  302  302  403  403  302  403  200  403  403  403  403
GET  /admin/cases/clockrule/add/                     302  302  302  302  302  403  403  302  403  200  403  403  403  403
GET  /admin/cases/clockrule/{clockrule}/change/      302  302  302  302  302  403  403  302  403  200  403  403  403  403
POST /admin/cases/clockrule/{clockrule}/change/      302  302  302  302  302  403  403  302  403  200  403  403  403  403
POST /admin/cases/clockrule/{clockrule}/delete/      302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/cases/clockrule/{clockrule}/history/     302  302  302  302  302  403  403  302  403  200  403  403  403  403
GET  /admin/cases/clockrule/{clockrule}/             302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/ground/                            302  302  302  302  302  403  403  302  403  200  403  403  403  403
GET  /admin/cases/ground/add/                        302  302  302  302  302  403  403  302  403  200  403  403  403  403
GET  /admin/cases/ground/{ground}/change/            302  302  302  302  302  403  403  302  403  200  403  403  403  403
POST /admin/cases/ground/{ground}/change/            302  302  302  302  302  403  403  302  403  200  403  403  403  403
POST /admin/cases/ground/{ground}/delete/            302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/cases/ground/{ground}/history/           302  302  302  302  302  403  403  302  403  200  403  403  403  403
GET  /admin/cases/ground/{ground}/                   302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/signalrule/                        302  302  302  302  302  403  403  302  403  200  403  403  403  403
GET  /admin/cases/signalrule/add/                    302  302  302  302  302  403  403  302  403  200  403  403  403  403
GET  /admin/cases/signalrule/{signalrule}/change/    302  302  302  302  302  403  403  302  403  200  403  403  403  403
POST /admin/cases/signalrule/{signalrule}/change/    302  302  302  302  302  403  403  302  403  200  403  403  403  403
POST /admin/cases/signalrule/{signalrule}/delete/    302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/cases/signalrule/{signalrule}/history/   302  302  302  302  302  403  403  302  403  200  403  403  403  403
GET  /admin/cases/signalrule/{signalrule}/           302  302  302  302  302  302  302  302  302  302  302  302  302  302
"""

# files and official documents of cases. {case} has a reporter, so its files are sealed; {plain_case} has none
PAPERS = """
#                                                                   ano non reg cit off med cle aud acc sup app par cou
GET  /cases/{case}/attachments/add/                                 302 403 403 403 200 200 403 403 403 200 403 403 403 403
GET  /cases/{sub_case}/attachments/add/                             302 403 403 403 200 200 403 403 403 200 403 403 403 403
GET  /cases/{other_case}/attachments/add/                           302 403 403 403 404 404 403 403 403 200 403 403 403 403
POST /cases/{case}/attachments/add/                                 302 403 403 403 200 200 403 403 403 200 403 403 403 403
POST /cases/{sub_case}/attachments/add/                             302 403 403 403 200 200 403 403 403 200 403 403 403 403
POST /cases/{other_case}/attachments/add/                           302 403 403 403 404 404 403 403 403 200 403 403 403 403
GET  /cases/{plain_case}/attachments/{plain_file}/file/             302 403 200 200 200 200 200 403 403 200 200 403 403 200
GET  /cases/{sub_plain_case}/attachments/{sub_plain_file}/file/     302 403 200 200 200 200 200 403 403 200 200 403 403 200
GET  /cases/{other_plain_case}/attachments/{other_plain_file}/file/ 302 403 404 200 404 404 404 403 403 200 404 403 403 404
GET  /cases/{case}/attachments/{attachment}/file/                   302 403 403 403 200 403 403 403 403 403 403 403 403 403
GET  /cases/{sub_case}/attachments/{sub_attachment}/file/           302 403 403 403 200 403 403 403 403 403 403 403 403 403
GET  /cases/{other_case}/attachments/{other_attachment}/file/       302 403 404 403 404 404 404 403 403 403 404 403 403 404
GET  /cases/{case}/attachments/{other_attachment}/file/             302 403 404 404 404 404 404 403 403 404 404 403 403 404
GET  /cases/{case}/attachments/{attachment}/withdraw/               302 403 403 403 200 200 403 403 403 200 403 403 403 403
GET  /cases/{sub_case}/attachments/{sub_attachment}/withdraw/       302 403 403 403 200 200 403 403 403 200 403 403 403 403
GET  /cases/{other_case}/attachments/{other_attachment}/withdraw/   302 403 403 403 404 404 403 403 403 200 403 403 403 403
POST /cases/{case}/attachments/{attachment}/withdraw/               302 403 403 403 302 302 403 403 403 302 403 403 403 403
POST /cases/{sub_case}/attachments/{sub_attachment}/withdraw/       302 403 403 403 302 302 403 403 403 302 403 403 403 403
POST /cases/{other_case}/attachments/{other_attachment}/withdraw/   302 403 403 403 404 404 403 403 403 302 403 403 403 403
GET  /cases/{case}/documents/{register}/issue/                      302 403 403 403 200 200 403 403 403 200 403 403 403 403
GET  /cases/{sub_case}/documents/{register}/issue/                  302 403 403 403 200 200 403 403 403 200 403 403 403 403
GET  /cases/{other_case}/documents/{register}/issue/                302 403 403 403 404 404 403 403 403 200 403 403 403 403
POST /cases/{case}/documents/{register}/issue/                      302 403 403 403 302 302 403 403 403 302 403 403 403 403
POST /cases/{sub_case}/documents/{register}/issue/                  302 403 403 403 302 302 403 403 403 302 403 403 403 403
POST /cases/{other_case}/documents/{register}/issue/                302 403 403 403 404 404 403 403 403 302 403 403 403 403
POST /cases/{report_case}/documents/{sealed_register}/issue/        302 403 403 403 302 403 403 403 403 403 403 403 403 403
POST /cases/{sub_report_case}/documents/{sealed_register}/issue/    302 403 403 403 302 403 403 403 403 403 403 403 403 403
POST /cases/{other_report_case}/documents/{sealed_register}/issue/  302 403 403 403 404 403 403 403 403 403 403 403 403 403
GET  /cases/{case}/documents/{document}/file/                       302 403 403 403 200 200 403 403 403 200 403 403 403 403
GET  /cases/{sub_case}/documents/{sub_document}/file/               302 403 403 403 200 200 403 403 403 200 403 403 403 403
GET  /cases/{other_case}/documents/{other_document}/file/           302 403 404 403 404 404 404 403 403 200 404 403 403 404
GET  /cases/{case}/documents/{other_document}/file/                 302 403 404 404 404 404 404 403 403 404 404 403 403 404
GET  /cases/{case}/documents/{document}/deliver/                    302 403 403 403 200 200 403 403 403 200 403 403 403 403
GET  /cases/{sub_case}/documents/{sub_document}/deliver/            302 403 403 403 200 200 403 403 403 200 403 403 403 403
GET  /cases/{other_case}/documents/{other_document}/deliver/        302 403 403 403 404 404 403 403 403 200 403 403 403 403
POST /cases/{case}/documents/{document}/deliver/                    302 403 403 403 200 200 403 403 403 200 403 403 403 403
POST /cases/{sub_case}/documents/{sub_document}/deliver/            302 403 403 403 200 200 403 403 403 200 403 403 403 403
POST /cases/{other_case}/documents/{other_document}/deliver/        302 403 403 403 404 404 403 403 403 200 403 403 403 403
GET  /cases/{case}/documents/{document}/void/                       302 403 403 403 200 200 403 403 403 200 403 403 403 403
GET  /cases/{sub_case}/documents/{sub_document}/void/               302 403 403 403 200 200 403 403 403 200 403 403 403 403
GET  /cases/{other_case}/documents/{other_document}/void/           302 403 403 403 404 404 403 403 403 200 403 403 403 403
POST /cases/{case}/documents/{document}/void/                       302 403 403 403 302 302 403 403 403 302 403 403 403 403
POST /cases/{sub_case}/documents/{sub_document}/void/               302 403 403 403 302 302 403 403 403 302 403 403 403 403
POST /cases/{other_case}/documents/{other_document}/void/           302 403 403 403 404 404 403 403 403 302 403 403 403 403
"""  # noqa: E501 - a table

# how documents look belongs to the setting-up
LETTERS = """
#                                                            anon none regu city offi medi cler audi acco supe appr part cour pled
GET  /admin/cases/letterhead/                                302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/cases/letterhead/add/                            302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/cases/letterhead/{letterhead}/change/            302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/cases/letterhead/{sub_letterhead}/change/        302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/cases/letterhead/{other_letterhead}/change/      302  302  302  302  302  403  200  302  403  200  403  403  403  403
POST /admin/cases/letterhead/{letterhead}/delete/            302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/letterhead/{sub_letterhead}/delete/        302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/letterhead/{other_letterhead}/delete/      302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/cases/letterhead/{letterhead}/history/           302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/cases/letterhead/{sub_letterhead}/history/       302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/cases/letterhead/{other_letterhead}/history/     302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/cases/letterhead/{letterhead}/                   302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/letterhead/{sub_letterhead}/               302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/letterhead/{other_letterhead}/             302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/documenttemplate/                          302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/cases/documenttemplate/add/                      302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/cases/documenttemplate/{template}/change/        302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/cases/documenttemplate/{sub_template}/change/    302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/cases/documenttemplate/{other_template}/change/  302  302  302  302  302  403  200  302  403  200  403  403  403  403
POST /admin/cases/documenttemplate/{template}/delete/        302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/documenttemplate/{sub_template}/delete/    302  302  302  302  302  403  403  302  403  403  403  403  403  403
POST /admin/cases/documenttemplate/{other_template}/delete/  302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/cases/documenttemplate/{template}/history/       302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/cases/documenttemplate/{sub_template}/history/   302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/cases/documenttemplate/{other_template}/history/ 302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/cases/documenttemplate/{template}/               302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/documenttemplate/{sub_template}/           302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/documenttemplate/{other_template}/         302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/documenttemplate/{template}/file/          302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/cases/documenttemplate/{sub_template}/file/      302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/cases/documenttemplate/{other_template}/file/    302  302  302  302  302  403  200  302  403  200  403  403  403  403
GET  /admin/cases/documenttemplate/built-in/refusal/         302  302  302  302  302  403  200  302  403  200  403  403  403  403
"""  # noqa: E501 - a table


# what mediators and the heads of their units work with
MEDIATION = """
#                                                                 ano non reg cit off med cle aud acc sup app par cou
GET  /admin/mediation/mediator/                                   302 302 302 302 302 200 403 302 403 200 200 403 403 403
GET  /admin/mediation/mediator/add/                               302 302 302 302 302 403 403 302 403 200 200 403 403 403
GET  /admin/mediation/mediator/{mediator}/change/                 302 302 302 302 302 200 403 302 403 200 200 403 403 403
GET  /admin/mediation/mediator/{sub_mediator}/change/             302 302 302 302 302 200 403 302 403 200 200 403 403 403
GET  /admin/mediation/mediator/{other_mediator}/change/           302 302 302 302 302 404 403 302 403 200 404 403 403 403
POST /admin/mediation/mediator/{mediator}/delete/                 302 302 302 302 302 403 403 302 403 403 403 403 403 403
POST /admin/mediation/mediator/{sub_mediator}/delete/             302 302 302 302 302 403 403 302 403 403 403 403 403 403
POST /admin/mediation/mediator/{other_mediator}/delete/           302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/mediation/mediator/{mediator}/history/                302 302 302 302 302 200 404 302 404 200 200 404 404 404
GET  /admin/mediation/mediator/{sub_mediator}/history/            302 302 302 302 302 200 404 302 404 200 200 404 404 404
GET  /admin/mediation/mediator/{other_mediator}/history/          302 302 302 302 302 404 404 302 404 200 404 404 404 404
GET  /admin/mediation/mediator/{mediator}/                        302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/mediator/{sub_mediator}/                    302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/mediator/{other_mediator}/                  302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/room/                                       302 302 302 302 302 200 403 302 403 200 200 403 403 403
GET  /admin/mediation/room/add/                                   302 302 302 302 302 403 403 302 403 200 200 403 403 403
GET  /admin/mediation/room/{room}/change/                         302 302 302 302 302 200 403 302 403 200 200 403 403 403
GET  /admin/mediation/room/{sub_room}/change/                     302 302 302 302 302 200 403 302 403 200 200 403 403 403
GET  /admin/mediation/room/{other_room}/change/                   302 302 302 302 302 404 403 302 403 200 404 403 403 403
POST /admin/mediation/room/{room}/delete/                         302 302 302 302 302 403 403 302 403 403 403 403 403 403
POST /admin/mediation/room/{sub_room}/delete/                     302 302 302 302 302 403 403 302 403 403 403 403 403 403
POST /admin/mediation/room/{other_room}/delete/                   302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/mediation/room/{room}/history/                        302 302 302 302 302 200 404 302 404 200 200 404 404 404
GET  /admin/mediation/room/{sub_room}/history/                    302 302 302 302 302 200 404 302 404 200 200 404 404 404
GET  /admin/mediation/room/{other_room}/history/                  302 302 302 302 302 404 404 302 404 200 404 404 404 404
GET  /admin/mediation/room/{room}/                                302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/room/{sub_room}/                            302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/room/{other_room}/                          302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/session/                                    302 302 302 302 302 200 403 302 403 200 200 403 403 403
GET  /admin/mediation/session/add/                                302 302 302 302 302 200 403 302 403 200 403 403 403 403
GET  /admin/mediation/session/{session}/change/                   302 302 302 302 302 200 403 302 403 200 200 403 403 403
GET  /admin/mediation/session/{sub_session}/change/               302 302 302 302 302 200 403 302 403 200 200 403 403 403
GET  /admin/mediation/session/{other_session}/change/             302 302 302 302 302 404 403 302 403 200 404 403 403 403
POST /admin/mediation/session/{session}/delete/                   302 302 302 302 302 403 403 302 403 403 403 403 403 403
POST /admin/mediation/session/{sub_session}/delete/               302 302 302 302 302 403 403 302 403 403 403 403 403 403
POST /admin/mediation/session/{other_session}/delete/             302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/mediation/session/{session}/history/                  302 302 302 302 302 200 404 302 404 200 200 404 404 404
GET  /admin/mediation/session/{sub_session}/history/              302 302 302 302 302 200 404 302 404 200 200 404 404 404
GET  /admin/mediation/session/{other_session}/history/            302 302 302 302 302 404 404 302 404 200 404 404 404 404
GET  /admin/mediation/session/{session}/                          302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/session/{sub_session}/                      302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/session/{other_session}/                    302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/entrustment/                                302 302 302 302 302 200 403 302 403 200 200 403 403 403
GET  /admin/mediation/entrustment/add/                            302 302 302 302 302 403 403 302 403 200 200 403 403 403
GET  /admin/mediation/entrustment/{entrustment}/change/           302 302 302 302 302 200 403 302 403 200 200 403 403 403
GET  /admin/mediation/entrustment/{sub_entrustment}/change/       302 302 302 302 302 200 403 302 403 200 200 403 403 403
GET  /admin/mediation/entrustment/{other_entrustment}/change/     302 302 302 302 302 404 403 302 403 200 404 403 403 403
POST /admin/mediation/entrustment/{entrustment}/delete/           302 302 302 302 302 403 403 302 403 403 403 403 403 403
POST /admin/mediation/entrustment/{sub_entrustment}/delete/       302 302 302 302 302 403 403 302 403 403 403 403 403 403
POST /admin/mediation/entrustment/{other_entrustment}/delete/     302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/mediation/entrustment/{entrustment}/history/          302 302 302 302 302 200 404 302 404 200 200 404 404 404
GET  /admin/mediation/entrustment/{sub_entrustment}/history/      302 302 302 302 302 200 404 302 404 200 200 404 404 404
GET  /admin/mediation/entrustment/{other_entrustment}/history/    302 302 302 302 302 404 404 302 404 200 404 404 404 404
GET  /admin/mediation/entrustment/{entrustment}/                  302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/entrustment/{sub_entrustment}/              302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/entrustment/{other_entrustment}/            302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/recusal/                                    302 302 302 302 302 200 403 302 403 200 200 403 403 403
GET  /admin/mediation/recusal/add/                                302 302 302 302 302 200 403 302 403 200 200 403 403 403
GET  /admin/mediation/recusal/{recusal}/change/                   302 302 302 302 302 200 403 302 403 200 200 403 403 403
GET  /admin/mediation/recusal/{sub_recusal}/change/               302 302 302 302 302 200 403 302 403 200 200 403 403 403
GET  /admin/mediation/recusal/{other_recusal}/change/             302 302 302 302 302 404 403 302 403 200 404 403 403 403
POST /admin/mediation/recusal/{recusal}/delete/                   302 302 302 302 302 403 403 302 403 403 403 403 403 403
POST /admin/mediation/recusal/{sub_recusal}/delete/               302 302 302 302 302 403 403 302 403 403 403 403 403 403
POST /admin/mediation/recusal/{other_recusal}/delete/             302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/mediation/recusal/{recusal}/history/                  302 302 302 302 302 200 404 302 404 200 200 404 404 404
GET  /admin/mediation/recusal/{sub_recusal}/history/              302 302 302 302 302 200 404 302 404 200 200 404 404 404
GET  /admin/mediation/recusal/{other_recusal}/history/            302 302 302 302 302 404 404 302 404 200 404 404 404 404
GET  /admin/mediation/recusal/{recusal}/                          302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/recusal/{sub_recusal}/                      302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/recusal/{other_recusal}/                    302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/platformreferral/                               302 302 302 302 302 200 403 302 403 200 200 200 403 403
GET  /admin/mediation/platformreferral/add/                           302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/mediation/platformreferral/{referral}/change/             302 302 302 302 302 200 403 302 403 200 200 200 403 403
POST /admin/mediation/platformreferral/{referral}/delete/             302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/mediation/platformreferral/{referral}/history/            302 302 302 302 302 200 404 302 404 200 200 200 404 404
GET  /admin/mediation/platformreferral/{referral}/                    302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/platformreferral/{referral}/act/recall/         302 302 302 302 302 200 403 302 403 200 200 403 403 403
GET  /admin/mediation/platformreferral/{referral}/act/settle/         302 302 302 302 302 403 403 302 403 200 403 200 403 403
GET  /admin/mediation/platformreferral/{referral}/phone/              302 302 302 302 302 403 403 302 403 200 403 200 403 403
POST /admin/mediation/platformreferral/{referral}/act/recall/         302 302 302 302 302 200 403 302 403 200 200 403 403 403
POST /admin/mediation/platformreferral/{referral}/act/settle/         302 302 302 302 302 403 403 302 403 200 403 200 403 403
POST /admin/mediation/platformreferral/{referral}/phone/              302 302 302 302 302 403 403 302 403 200 403 200 403 403
GET  /admin/mediation/platformreferral/{sub_referral}/change/         302 302 302 302 302 200 403 302 403 200 200 200 403 403
POST /admin/mediation/platformreferral/{sub_referral}/delete/         302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/mediation/platformreferral/{sub_referral}/history/        302 302 302 302 302 200 404 302 404 200 200 200 404 404
GET  /admin/mediation/platformreferral/{sub_referral}/                302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/platformreferral/{sub_referral}/act/recall/     302 302 302 302 302 200 403 302 403 200 200 403 403 403
GET  /admin/mediation/platformreferral/{sub_referral}/act/settle/     302 302 302 302 302 403 403 302 403 200 403 200 403 403
GET  /admin/mediation/platformreferral/{sub_referral}/phone/          302 302 302 302 302 403 403 302 403 200 403 200 403 403
POST /admin/mediation/platformreferral/{sub_referral}/act/recall/     302 302 302 302 302 200 403 302 403 200 200 403 403 403
POST /admin/mediation/platformreferral/{sub_referral}/act/settle/     302 302 302 302 302 403 403 302 403 200 403 200 403 403
POST /admin/mediation/platformreferral/{sub_referral}/phone/          302 302 302 302 302 403 403 302 403 200 403 200 403 403
GET  /admin/mediation/platformreferral/{other_referral}/change/       302 302 302 302 302 404 403 302 403 200 404 404 403 403
POST /admin/mediation/platformreferral/{other_referral}/delete/       302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/mediation/platformreferral/{other_referral}/history/      302 302 302 302 302 404 404 302 404 200 404 404 404 404
GET  /admin/mediation/platformreferral/{other_referral}/              302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/platformreferral/{other_referral}/act/recall/   302 302 302 302 302 404 403 302 403 200 404 404 403 403
GET  /admin/mediation/platformreferral/{other_referral}/act/settle/   302 302 302 302 302 404 403 302 403 200 404 404 403 403
GET  /admin/mediation/platformreferral/{other_referral}/phone/        302 302 302 302 302 403 403 302 403 200 403 404 403 403
POST /admin/mediation/platformreferral/{other_referral}/act/recall/   302 302 302 302 302 404 403 302 403 200 404 404 403 403
POST /admin/mediation/platformreferral/{other_referral}/act/settle/   302 302 302 302 302 404 403 302 403 200 404 404 403 403
POST /admin/mediation/platformreferral/{other_referral}/phone/        302 302 302 302 302 403 403 302 403 200 403 404 403 403
GET  /admin/mediation/session/calendar/                           302 302 302 302 302 200 403 302 403 200 200 403 403 403
GET  /admin/mediation/session/{session}/act/cancel/               302 302 302 302 302 200 403 302 403 200 403 403 403 403
GET  /admin/mediation/session/{sub_session}/act/cancel/           302 302 302 302 302 200 403 302 403 200 403 403 403 403
GET  /admin/mediation/session/{other_session}/act/cancel/         302 302 302 302 302 404 403 302 403 200 404 403 403 403
POST /admin/mediation/session/{session}/act/cancel/               302 302 302 302 302 200 403 302 403 200 403 403 403 403
POST /admin/mediation/session/{sub_session}/act/cancel/           302 302 302 302 302 200 403 302 403 200 403 403 403 403
POST /admin/mediation/session/{other_session}/act/cancel/         302 302 302 302 302 404 403 302 403 200 404 403 403 403
GET  /admin/mediation/session/{session}/case/post_recovery/       302 302 302 302 302 200 403 302 403 200 403 403 403 403
GET  /admin/mediation/session/{sub_session}/case/post_recovery/   302 302 302 302 302 200 403 302 403 200 403 403 403 403
GET  /admin/mediation/session/{other_session}/case/post_recovery/ 302 302 302 302 302 404 403 302 403 200 404 403 403 403
POST /admin/mediation/session/{session}/case/post_recovery/       302 302 302 302 302 200 403 302 403 200 403 403 403 403
POST /admin/mediation/session/{sub_session}/case/post_recovery/   302 302 302 302 302 200 403 302 403 200 403 403 403 403
POST /admin/mediation/session/{other_session}/case/post_recovery/ 302 302 302 302 302 404 403 302 403 200 404 403 403 403
GET  /admin/mediation/agreement/                                      302 302 302 302 302 200 403 302 403 200 200 403 403 403
GET  /admin/mediation/agreement/add/                                  302 302 302 302 302 200 403 302 403 200 403 403 403 403
GET  /admin/mediation/agreement/{agreement}/change/                   302 302 302 302 302 200 403 302 403 200 200 403 403 403
GET  /admin/mediation/agreement/{sub_agreement}/change/               302 302 302 302 302 200 403 302 403 200 200 403 403 403
GET  /admin/mediation/agreement/{other_agreement}/change/             302 302 302 302 302 404 403 302 403 200 404 403 403 403
POST /admin/mediation/agreement/{agreement}/delete/                   302 302 302 302 302 403 403 302 403 403 403 403 403 403
POST /admin/mediation/agreement/{sub_agreement}/delete/               302 302 302 302 302 403 403 302 403 403 403 403 403 403
POST /admin/mediation/agreement/{other_agreement}/delete/             302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/mediation/agreement/{agreement}/history/                  302 302 302 302 302 200 404 302 404 200 200 404 404 404
GET  /admin/mediation/agreement/{sub_agreement}/history/              302 302 302 302 302 200 404 302 404 200 200 404 404 404
GET  /admin/mediation/agreement/{other_agreement}/history/            302 302 302 302 302 404 404 302 404 200 404 404 404 404
GET  /admin/mediation/agreement/{agreement}/                          302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/agreement/{sub_agreement}/                      302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/agreement/{other_agreement}/                    302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/agreement/{agreement}/act/annul/                302 302 302 302 302 200 403 302 403 200 403 403 403 403
GET  /admin/mediation/agreement/{sub_agreement}/act/annul/            302 302 302 302 302 200 403 302 403 200 403 403 403 403
GET  /admin/mediation/agreement/{other_agreement}/act/annul/          302 302 302 302 302 404 403 302 403 200 404 403 403 403
POST /admin/mediation/agreement/{agreement}/act/annul/                302 302 302 302 302 200 403 302 403 200 403 403 403 403
POST /admin/mediation/agreement/{sub_agreement}/act/annul/            302 302 302 302 302 200 403 302 403 200 403 403 403 403
POST /admin/mediation/agreement/{other_agreement}/act/annul/          302 302 302 302 302 404 403 302 403 200 404 403 403 403
GET  /admin/mediation/session/{session}/papers/{session_paper}/       302 302 302 302 302 200 404 302 404 200 403 404 404 404
GET  /admin/mediation/session/{sub_session}/papers/{sub_session_paper}/ 302 302 302 302 302 200 404 302 404 200 403 404 404 404
GET  /admin/mediation/session/{other_session}/papers/{other_session_paper}/ 302 302 302 302 302 404 404 302 404 200 404 404 404 404
GET  /admin/mediation/agreement/{agreement}/papers/{agreement_paper}/ 302 302 302 302 302 200 404 302 404 200 403 404 404 404
GET  /admin/mediation/agreement/{sub_agreement}/papers/{sub_agreement_paper}/ 302 302 302 302 302 200 404 302 404 200 403 404 404 404
GET  /admin/mediation/agreement/{other_agreement}/papers/{other_agreement_paper}/ 302 302 302 302 302 404 404 302 404 200 404 404 404 404
GET  /admin/mediation/mediatedcase/                               302 302 302 302 302 200 403 302 403 200 200 403 403 403
GET  /admin/mediation/mediatedcase/add/                           302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/mediation/mediatedcase/{case_pk}/change/              302 302 302 302 302 404 403 302 403 404 404 403 403 403
GET  /admin/mediation/mediatedcase/{sub_case_pk}/change/          302 302 302 302 302 404 403 302 403 404 404 403 403 403
GET  /admin/mediation/mediatedcase/{other_case_pk}/change/        302 302 302 302 302 404 403 302 403 404 404 403 403 403
POST /admin/mediation/mediatedcase/{case_pk}/delete/              302 302 302 302 302 403 403 302 403 403 403 403 403 403
POST /admin/mediation/mediatedcase/{sub_case_pk}/delete/          302 302 302 302 302 403 403 302 403 403 403 403 403 403
POST /admin/mediation/mediatedcase/{other_case_pk}/delete/        302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/mediation/mediatedcase/{case_pk}/history/             302 302 302 302 302 404 404 302 404 404 404 404 404 404
GET  /admin/mediation/mediatedcase/{sub_case_pk}/history/         302 302 302 302 302 404 404 302 404 404 404 404 404 404
GET  /admin/mediation/mediatedcase/{other_case_pk}/history/       302 302 302 302 302 404 404 302 404 404 404 404 404 404
GET  /admin/mediation/mediatedcase/{case_pk}/                     302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/mediatedcase/{sub_case_pk}/                 302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/mediatedcase/{other_case_pk}/               302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/judicialconfirmation/                                                 302 302 302 302 302 200 403 302 403 200 200 403 200 403
GET  /admin/mediation/judicialconfirmation/add/                                             302 302 302 302 302 200 403 302 403 200 403 403 403 403
GET  /admin/mediation/judicialconfirmation/{confirmation}/change/                           302 302 302 302 302 200 403 302 403 200 200 403 200 403
POST /admin/mediation/judicialconfirmation/{confirmation}/delete/                           302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/mediation/judicialconfirmation/{confirmation}/history/                          302 302 302 302 302 200 404 302 404 200 200 404 200 404
GET  /admin/mediation/judicialconfirmation/{confirmation}/                                  302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/judicialconfirmation/{confirmation}/act/accept/                       302 302 302 302 302 200 403 302 403 200 403 403 200 403
GET  /admin/mediation/judicialconfirmation/{confirmation}/act/withdraw/                     302 302 302 302 302 200 403 302 403 200 403 403 403 403
POST /admin/mediation/judicialconfirmation/{confirmation}/act/accept/                       302 302 302 302 302 200 403 302 403 200 403 403 200 403
POST /admin/mediation/judicialconfirmation/{confirmation}/act/withdraw/                     302 302 302 302 302 200 403 302 403 200 403 403 403 403
GET  /admin/mediation/judicialconfirmation/{confirmation}/papers/{court_paper}/             302 302 302 302 302 200 404 302 404 200 403 404 200 404
GET  /admin/mediation/judicialconfirmation/{sub_confirmation}/change/                       302 302 302 302 302 200 403 302 403 200 200 403 200 403
POST /admin/mediation/judicialconfirmation/{sub_confirmation}/delete/                       302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/mediation/judicialconfirmation/{sub_confirmation}/history/                      302 302 302 302 302 200 404 302 404 200 200 404 200 404
GET  /admin/mediation/judicialconfirmation/{sub_confirmation}/                              302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/judicialconfirmation/{sub_confirmation}/act/accept/                   302 302 302 302 302 200 403 302 403 200 403 403 200 403
GET  /admin/mediation/judicialconfirmation/{sub_confirmation}/act/withdraw/                 302 302 302 302 302 200 403 302 403 200 403 403 403 403
POST /admin/mediation/judicialconfirmation/{sub_confirmation}/act/accept/                   302 302 302 302 302 200 403 302 403 200 403 403 200 403
POST /admin/mediation/judicialconfirmation/{sub_confirmation}/act/withdraw/                 302 302 302 302 302 200 403 302 403 200 403 403 403 403
GET  /admin/mediation/judicialconfirmation/{sub_confirmation}/papers/{sub_court_paper}/     302 302 302 302 302 200 404 302 404 200 403 404 200 404
GET  /admin/mediation/judicialconfirmation/{other_confirmation}/change/                     302 302 302 302 302 404 403 302 403 200 404 403 404 403
POST /admin/mediation/judicialconfirmation/{other_confirmation}/delete/                     302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/mediation/judicialconfirmation/{other_confirmation}/history/                    302 302 302 302 302 404 404 302 404 200 404 404 404 404
GET  /admin/mediation/judicialconfirmation/{other_confirmation}/                            302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/mediation/judicialconfirmation/{other_confirmation}/act/accept/                 302 302 302 302 302 404 403 302 403 200 404 403 404 403
GET  /admin/mediation/judicialconfirmation/{other_confirmation}/act/withdraw/               302 302 302 302 302 404 403 302 403 200 404 403 404 403
POST /admin/mediation/judicialconfirmation/{other_confirmation}/act/accept/                 302 302 302 302 302 404 403 302 403 200 404 403 404 403
POST /admin/mediation/judicialconfirmation/{other_confirmation}/act/withdraw/               302 302 302 302 302 404 403 302 403 200 404 403 404 403
GET  /admin/mediation/judicialconfirmation/{other_confirmation}/papers/{other_court_paper}/ 302 302 302 302 302 404 404 302 404 200 404 404 404 404
GET  /admin/mediation/                                            302 302 302 302 302 200 404 302 404 200 200 200 200 404
"""  # noqa: E501 - a table

# the register of pledges
PLEDGES = """
#                                                       anon none regu city offi medi cler audi acco supe appr part cour pled
GET  /pledges/                                          302 403 200 200 200 403 403 403 403 200 200 403 403 200
GET  /pledges/public/                                   302 403 404 404 404 403 403 403 403 404 404 403 403 404
GET  /pledges/export/?format=csv                        302 403 200 200 403 403 403 403 403 200 200 403 403 200
GET  /pledges/export/?format=xlsx                       302 403 200 200 403 403 403 403 403 200 200 403 403 200
GET  /pledges/{pledge}/                                 302 403 200 200 200 403 403 403 403 200 200 403 403 200
GET  /pledges/{sub_pledge}/                             302 403 200 200 200 403 403 403 403 200 200 403 403 200
GET  /pledges/{other_pledge}/                           302 403 404 200 404 403 403 403 403 200 404 403 403 404
GET  /pledges/merchants/{pledge_merchant}/              302 403 200 200 200 403 403 403 403 200 200 403 403 200
GET  /pledges/merchants/{sub_pledge_merchant}/          302 403 200 200 200 403 403 403 403 200 200 403 403 200
GET  /pledges/merchants/{other_pledge_merchant}/        302 403 404 200 404 403 403 403 403 200 404 403 403 404
GET  /admin/pledges/pledge/                             302 302 302 302 302 403 403 302 403 200 200 403 403 200
GET  /admin/pledges/pledge/add/                         302 302 302 302 302 403 403 302 403 200 403 403 403 200
GET  /admin/pledges/pledge/many/evaluate/               302 302 302 302 302 403 403 302 403 302 302 403 403 302
POST /admin/pledges/pledge/many/evaluate/               302 302 302 302 302 403 403 302 403 302 302 403 403 302
GET  /admin/pledges/pledge/many/renew/                  302 302 302 302 302 403 403 302 403 302 302 403 403 403
POST /admin/pledges/pledge/many/renew/                  302 302 302 302 302 403 403 302 403 302 302 403 403 403
GET  /admin/pledges/pledge/{pledge}/change/             302 302 302 302 302 403 403 302 403 200 200 403 403 200
POST /admin/pledges/pledge/{pledge}/delete/             302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/pledges/pledge/{pledge}/history/            302 302 302 302 302 404 404 302 404 200 200 404 404 200
GET  /admin/pledges/pledge/{pledge}/                    302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/pledges/pledge/{pledge}/act/evaluate/       302 302 302 302 302 403 403 302 403 200 200 403 403 200
POST /admin/pledges/pledge/{pledge}/act/evaluate/       302 302 302 302 302 403 403 302 403 200 200 403 403 200
GET  /admin/pledges/pledge/{pledge}/act/renew/          302 302 302 302 302 403 403 302 403 200 200 403 403 403
POST /admin/pledges/pledge/{pledge}/act/renew/          302 302 302 302 302 403 403 302 403 200 200 403 403 403
GET  /admin/pledges/pledge/{sub_pledge}/change/         302 302 302 302 302 403 403 302 403 200 200 403 403 200
POST /admin/pledges/pledge/{sub_pledge}/delete/         302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/pledges/pledge/{sub_pledge}/history/        302 302 302 302 302 404 404 302 404 200 200 404 404 200
GET  /admin/pledges/pledge/{sub_pledge}/                302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/pledges/pledge/{sub_pledge}/act/evaluate/   302 302 302 302 302 403 403 302 403 200 200 403 403 200
POST /admin/pledges/pledge/{sub_pledge}/act/evaluate/   302 302 302 302 302 403 403 302 403 200 200 403 403 200
GET  /admin/pledges/pledge/{sub_pledge}/act/renew/      302 302 302 302 302 403 403 302 403 200 200 403 403 403
POST /admin/pledges/pledge/{sub_pledge}/act/renew/      302 302 302 302 302 403 403 302 403 200 200 403 403 403
GET  /admin/pledges/pledge/{other_pledge}/change/       302 302 302 302 302 403 403 302 403 200 404 403 403 404
POST /admin/pledges/pledge/{other_pledge}/delete/       302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/pledges/pledge/{other_pledge}/history/      302 302 302 302 302 404 404 302 404 200 404 404 404 404
GET  /admin/pledges/pledge/{other_pledge}/              302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/pledges/pledge/{other_pledge}/act/evaluate/ 302 302 302 302 302 403 403 302 403 200 404 403 403 404
POST /admin/pledges/pledge/{other_pledge}/act/evaluate/ 302 302 302 302 302 403 403 302 403 200 404 403 403 404
GET  /admin/pledges/pledge/{other_pledge}/act/renew/    302 302 302 302 302 403 403 302 403 200 404 403 403 404
POST /admin/pledges/pledge/{other_pledge}/act/renew/    302 302 302 302 302 403 403 302 403 200 404 403 403 404
GET  /admin/pledges/premises/                           302 302 302 302 302 403 403 302 403 200 200 403 403 200
GET  /admin/pledges/premises/?format=csv                302 302 302 302 302 403 403 302 403 200 200 403 403 200
GET  /admin/pledges/premises/add/                       302 302 302 302 302 403 403 302 403 200 403 403 403 200
GET  /admin/pledges/premises/{premises}/change/         302 302 302 302 302 403 403 302 403 200 200 403 403 200
POST /admin/pledges/premises/{premises}/delete/         302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/pledges/premises/{premises}/history/        302 302 302 302 302 404 404 302 404 200 200 404 404 200
GET  /admin/pledges/premises/{premises}/                302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/pledges/premises/{sub_premises}/change/     302 302 302 302 302 403 403 302 403 200 200 403 403 200
POST /admin/pledges/premises/{sub_premises}/delete/     302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/pledges/premises/{sub_premises}/history/    302 302 302 302 302 404 404 302 404 200 200 404 404 200
GET  /admin/pledges/premises/{sub_premises}/            302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/pledges/premises/{other_premises}/change/   302 302 302 302 302 403 403 302 403 200 404 403 403 404
POST /admin/pledges/premises/{other_premises}/delete/   302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/pledges/premises/{other_premises}/history/  302 302 302 302 302 404 404 302 404 200 404 404 404 404
GET  /admin/pledges/premises/{other_premises}/          302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/pledges/returnentry/                              302 302 302 302 302 403 403 302 403 200 200 403 403 200
GET  /admin/pledges/returnentry/add/                          302 302 302 302 302 403 403 302 403 200 200 403 403 200
GET  /admin/pledges/returnentry/{returnentry}/change/         302 302 302 302 302 403 403 302 403 200 200 403 403 200
POST /admin/pledges/returnentry/{returnentry}/delete/         302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/pledges/returnentry/{returnentry}/history/        302 302 302 302 302 404 404 302 404 200 200 404 404 200
GET  /admin/pledges/returnentry/{returnentry}/                302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/pledges/returnentry/{sub_returnentry}/change/     302 302 302 302 302 403 403 302 403 200 200 403 403 200
POST /admin/pledges/returnentry/{sub_returnentry}/delete/     302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/pledges/returnentry/{sub_returnentry}/history/    302 302 302 302 302 404 404 302 404 200 200 404 404 200
GET  /admin/pledges/returnentry/{sub_returnentry}/            302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/pledges/returnentry/{other_returnentry}/change/   302 302 302 302 302 403 403 302 403 200 404 403 403 404
POST /admin/pledges/returnentry/{other_returnentry}/delete/   302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/pledges/returnentry/{other_returnentry}/history/  302 302 302 302 302 404 404 302 404 200 404 404 404 404
GET  /admin/pledges/returnentry/{other_returnentry}/          302 302 302 302 302 302 302 302 302 302 302 302 302 302
"""  # noqa: E501 - a table


# zones, workstations, inspections and targets of pledges
FIELD_WORK = """
#                                                                                       anon none regu city offi medi cler audi acco supe appr part cour pled
GET  /pledges/zones/                                                                    302  403  200  200  403  403  403  403  403  200  200  403  403  200
GET  /pledges/zones/export/?format=csv                                                  302  403  200  200  403  403  403  403  403  200  200  403  403  200
GET  /pledges/zones/export/?format=xlsx                                                 302  403  200  200  403  403  403  403  403  200  200  403  403  200
GET  /pledges/zones/{zone}/                                                             302  403  200  200  403  403  403  403  403  200  200  403  403  200
GET  /pledges/zones/{sub_zone}/                                                         302  403  200  200  403  403  403  403  403  200  200  403  403  200
GET  /pledges/zones/{other_zone}/                                                       302  403  404  200  403  403  403  403  403  200  404  403  403  404
GET  /pledges/inspections/                                                              302  403  200  200  403  403  403  403  403  200  200  403  403  200
GET  /pledges/inspections/export/?format=csv                                            302  403  200  200  403  403  403  403  403  200  200  403  403  200
GET  /pledges/inspections/export/?format=xlsx                                           302  403  200  200  403  403  403  403  403  200  200  403  403  200
GET  /pledges/inspections/{inspection}/                                                 302  403  200  200  403  403  403  403  403  200  200  403  403  200
GET  /pledges/inspections/{sub_inspection}/                                             302  403  200  200  403  403  403  403  403  200  200  403  403  200
GET  /pledges/inspections/{other_inspection}/                                           302  403  404  200  403  403  403  403  403  200  404  403  403  404
GET  /pledges/targets/                                                                  302  403  200  200  403  403  403  403  403  200  200  403  403  200
GET  /pledges/targets/{target}/reached/                                                 302  403  200  200  403  403  403  403  403  200  200  403  403  200
GET  /pledges/targets/{sub_target}/reached/                                             302  403  200  200  403  403  403  403  403  200  200  403  403  200
GET  /pledges/targets/{other_target}/reached/                                           302  403  404  200  403  403  403  403  403  200  404  403  403  404
GET  /pledges/targets/{target}/reached/?format=csv                                      302  403  200  200  403  403  403  403  403  200  200  403  403  200
GET  /pledges/targets/{sub_target}/reached/?format=csv                                  302  403  200  200  403  403  403  403  403  200  200  403  403  200
GET  /pledges/targets/{other_target}/reached/?format=csv                                302  403  404  200  403  403  403  403  403  200  404  403  403  404
GET  /admin/pledges/zone/                                                               302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/zone/add/                                                           302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/zone/{zone}/change/                                                 302  302  302  302  302  403  403  302  403  200  200  403  403  200
POST /admin/pledges/zone/{zone}/delete/                                                 302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/pledges/zone/{zone}/history/                                                302  302  302  302  302  404  404  302  404  200  200  404  404  200
GET  /admin/pledges/zone/{zone}/                                                        302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/pledges/zone/{sub_zone}/change/                                             302  302  302  302  302  403  403  302  403  200  200  403  403  200
POST /admin/pledges/zone/{sub_zone}/delete/                                             302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/pledges/zone/{sub_zone}/history/                                            302  302  302  302  302  404  404  302  404  200  200  404  404  200
GET  /admin/pledges/zone/{sub_zone}/                                                    302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/pledges/zone/{other_zone}/change/                                           302  302  302  302  302  403  403  302  403  200  404  403  403  404
POST /admin/pledges/zone/{other_zone}/delete/                                           302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/pledges/zone/{other_zone}/history/                                          302  302  302  302  302  404  404  302  404  200  404  404  404  404
GET  /admin/pledges/zone/{other_zone}/                                                  302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/pledges/zonemembership/                                                     302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/zonemembership/?format=csv                                          302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/zonemembership/add/                                                 302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/zonemembership/{membership}/change/                                 302  302  302  302  302  403  403  302  403  200  200  403  403  200
POST /admin/pledges/zonemembership/{membership}/delete/                                 302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/pledges/zonemembership/{membership}/history/                                302  302  302  302  302  404  404  302  404  200  200  404  404  200
GET  /admin/pledges/zonemembership/{membership}/                                        302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/pledges/zonemembership/{sub_membership}/change/                             302  302  302  302  302  403  403  302  403  200  200  403  403  200
POST /admin/pledges/zonemembership/{sub_membership}/delete/                             302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/pledges/zonemembership/{sub_membership}/history/                            302  302  302  302  302  404  404  302  404  200  200  404  404  200
GET  /admin/pledges/zonemembership/{sub_membership}/                                    302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/pledges/zonemembership/{other_membership}/change/                           302  302  302  302  302  403  403  302  403  200  404  403  403  404
POST /admin/pledges/zonemembership/{other_membership}/delete/                           302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/pledges/zonemembership/{other_membership}/history/                          302  302  302  302  302  404  404  302  404  200  404  404  404  404
GET  /admin/pledges/zonemembership/{other_membership}/                                  302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/pledges/workstation/                                                        302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/workstation/?format=csv                                             302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/workstation/add/                                                    302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/workstation/{workstation}/change/                                   302  302  302  302  302  403  403  302  403  200  200  403  403  200
POST /admin/pledges/workstation/{workstation}/delete/                                   302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/pledges/workstation/{workstation}/history/                                  302  302  302  302  302  404  404  302  404  200  200  404  404  200
GET  /admin/pledges/workstation/{workstation}/                                          302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/pledges/workstation/{sub_workstation}/change/                               302  302  302  302  302  403  403  302  403  200  200  403  403  200
POST /admin/pledges/workstation/{sub_workstation}/delete/                               302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/pledges/workstation/{sub_workstation}/history/                              302  302  302  302  302  404  404  302  404  200  200  404  404  200
GET  /admin/pledges/workstation/{sub_workstation}/                                      302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/pledges/workstation/{other_workstation}/change/                             302  302  302  302  302  403  403  302  403  200  404  403  403  404
POST /admin/pledges/workstation/{other_workstation}/delete/                             302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/pledges/workstation/{other_workstation}/history/                            302  302  302  302  302  404  404  302  404  200  404  404  404  404
GET  /admin/pledges/workstation/{other_workstation}/                                    302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/pledges/workstationitem/                                                    302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/workstationitem/?format=csv                                         302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/workstationitem/add/                                                302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/workstationitem/{station_item}/change/                              302  302  302  302  302  403  403  302  403  200  200  403  403  200
POST /admin/pledges/workstationitem/{station_item}/delete/                              302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/pledges/workstationitem/{station_item}/history/                             302  302  302  302  302  404  404  302  404  200  200  404  404  200
GET  /admin/pledges/workstationitem/{station_item}/                                     302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/pledges/workstationitem/{sub_station_item}/change/                          302  302  302  302  302  403  403  302  403  200  200  403  403  200
POST /admin/pledges/workstationitem/{sub_station_item}/delete/                          302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/pledges/workstationitem/{sub_station_item}/history/                         302  302  302  302  302  404  404  302  404  200  200  404  404  200
GET  /admin/pledges/workstationitem/{sub_station_item}/                                 302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/pledges/workstationitem/{other_station_item}/change/                        302  302  302  302  302  403  403  302  403  200  404  403  403  404
POST /admin/pledges/workstationitem/{other_station_item}/delete/                        302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/pledges/workstationitem/{other_station_item}/history/                       302  302  302  302  302  404  404  302  404  200  404  404  404  404
GET  /admin/pledges/workstationitem/{other_station_item}/                               302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/pledges/inspectionplan/                                                     302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/inspectionplan/?format=csv                                          302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/inspectionplan/add/                                                 302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/inspectionplan/{plan}/change/                                       302  302  302  302  302  403  403  302  403  200  200  403  403  200
POST /admin/pledges/inspectionplan/{plan}/delete/                                       302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/pledges/inspectionplan/{plan}/history/                                      302  302  302  302  302  404  404  302  404  200  200  404  404  200
GET  /admin/pledges/inspectionplan/{plan}/                                              302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/pledges/inspectionplan/{sub_plan}/change/                                   302  302  302  302  302  403  403  302  403  200  200  403  403  200
POST /admin/pledges/inspectionplan/{sub_plan}/delete/                                   302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/pledges/inspectionplan/{sub_plan}/history/                                  302  302  302  302  302  404  404  302  404  200  200  404  404  200
GET  /admin/pledges/inspectionplan/{sub_plan}/                                          302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/pledges/inspectionplan/{other_plan}/change/                                 302  302  302  302  302  403  403  302  403  200  404  403  403  404
POST /admin/pledges/inspectionplan/{other_plan}/delete/                                 302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/pledges/inspectionplan/{other_plan}/history/                                302  302  302  302  302  404  404  302  404  200  404  404  404  404
GET  /admin/pledges/inspectionplan/{other_plan}/                                        302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/pledges/inspection/                                                         302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/inspection/?format=csv                                              302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/inspection/add/                                                     302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/inspection/{inspection}/change/                                     302  302  302  302  302  403  403  302  403  200  200  403  403  200
POST /admin/pledges/inspection/{inspection}/delete/                                     302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/pledges/inspection/{inspection}/history/                                    302  302  302  302  302  404  404  302  404  200  200  404  404  200
GET  /admin/pledges/inspection/{inspection}/                                            302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/pledges/inspection/{sub_inspection}/change/                                 302  302  302  302  302  403  403  302  403  200  200  403  403  200
POST /admin/pledges/inspection/{sub_inspection}/delete/                                 302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/pledges/inspection/{sub_inspection}/history/                                302  302  302  302  302  404  404  302  404  200  200  404  404  200
GET  /admin/pledges/inspection/{sub_inspection}/                                        302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/pledges/inspection/{other_inspection}/change/                               302  302  302  302  302  403  403  302  403  200  404  403  403  404
POST /admin/pledges/inspection/{other_inspection}/delete/                               302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/pledges/inspection/{other_inspection}/history/                              302  302  302  302  302  404  404  302  404  200  404  404  404  404
GET  /admin/pledges/inspection/{other_inspection}/                                      302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/pledges/target/                                                             302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/target/add/                                                         302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/target/{target}/change/                                             302  302  302  302  302  403  403  302  403  200  200  403  403  200
POST /admin/pledges/target/{target}/delete/                                             302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/pledges/target/{target}/history/                                            302  302  302  302  302  404  404  302  404  200  200  404  404  200
GET  /admin/pledges/target/{target}/                                                    302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/pledges/target/{sub_target}/change/                                         302  302  302  302  302  403  403  302  403  200  200  403  403  200
POST /admin/pledges/target/{sub_target}/delete/                                         302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/pledges/target/{sub_target}/history/                                        302  302  302  302  302  404  404  302  404  200  200  404  404  200
GET  /admin/pledges/target/{sub_target}/                                                302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/pledges/target/{other_target}/change/                                       302  302  302  302  302  403  403  302  403  200  404  403  403  404
POST /admin/pledges/target/{other_target}/delete/                                       302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/pledges/target/{other_target}/history/                                      302  302  302  302  302  404  404  302  404  200  404  404  404  404
GET  /admin/pledges/target/{other_target}/                                              302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/pledges/inspection/{inspection}/act/order/                                  302  302  302  302  302  403  403  302  403  200  200  403  403  200
POST /admin/pledges/inspection/{inspection}/act/order/                                  302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/inspection/{inspection}/photos/add/                                 302  302  302  302  302  403  403  302  403  200  200  403  403  200
POST /admin/pledges/inspection/{inspection}/photos/add/                                 302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/inspection/{inspection}/photos/{photo}/                             302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/inspection/{inspection}/photos/{photo}/withdraw/                    302  302  302  302  302  403  403  302  403  200  200  403  403  200
POST /admin/pledges/inspection/{inspection}/photos/{photo}/withdraw/                    302  302  302  302  302  403  403  302  403  302  302  403  403  302
GET  /admin/pledges/inspection/{sub_inspection}/act/order/                              302  302  302  302  302  403  403  302  403  200  200  403  403  200
POST /admin/pledges/inspection/{sub_inspection}/act/order/                              302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/inspection/{sub_inspection}/photos/add/                             302  302  302  302  302  403  403  302  403  200  200  403  403  200
POST /admin/pledges/inspection/{sub_inspection}/photos/add/                             302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/inspection/{sub_inspection}/photos/{sub_photo}/                     302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/inspection/{sub_inspection}/photos/{sub_photo}/withdraw/            302  302  302  302  302  403  403  302  403  200  200  403  403  200
POST /admin/pledges/inspection/{sub_inspection}/photos/{sub_photo}/withdraw/            302  302  302  302  302  403  403  302  403  302  302  403  403  302
GET  /admin/pledges/inspection/{other_inspection}/act/order/                            302  302  302  302  302  403  403  302  403  200  404  403  403  404
POST /admin/pledges/inspection/{other_inspection}/act/order/                            302  302  302  302  302  403  403  302  403  200  404  403  403  404
GET  /admin/pledges/inspection/{other_inspection}/photos/add/                           302  302  302  302  302  403  403  302  403  200  404  403  403  404
POST /admin/pledges/inspection/{other_inspection}/photos/add/                           302  302  302  302  302  403  403  302  403  200  404  403  403  404
GET  /admin/pledges/inspection/{other_inspection}/photos/{other_photo}/                 302  302  302  302  302  403  403  302  403  200  404  403  403  404
GET  /admin/pledges/inspection/{other_inspection}/photos/{other_photo}/withdraw/        302  302  302  302  302  403  403  302  403  200  404  403  403  404
POST /admin/pledges/inspection/{other_inspection}/photos/{other_photo}/withdraw/        302  302  302  302  302  403  403  302  403  302  404  403  403  404
GET  /admin/pledges/checklistitem/                                                      302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/checklistitem/add/                                                  302  302  302  302  302  403  403  302  403  200  403  403  403  403
GET  /admin/pledges/checklistitem/{checklist_item}/change/                              302  302  302  302  302  403  403  302  403  200  200  403  403  200
POST /admin/pledges/checklistitem/{checklist_item}/delete/                              302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/pledges/checklistitem/{checklist_item}/history/                             302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/checklistitem/{checklist_item}/                                     302  302  302  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/pledges/pledgetype/                                                         302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/pledgetype/add/                                                     302  302  302  302  302  403  403  302  403  200  403  403  403  403
GET  /admin/pledges/pledgetype/{pledge_type}/change/                                    302  302  302  302  302  403  403  302  403  200  200  403  403  200
POST /admin/pledges/pledgetype/{pledge_type}/delete/                                    302  302  302  302  302  403  403  302  403  403  403  403  403  403
GET  /admin/pledges/pledgetype/{pledge_type}/history/                                   302  302  302  302  302  403  403  302  403  200  200  403  403  200
GET  /admin/pledges/pledgetype/{pledge_type}/                                           302  302  302  302  302  302  302  302  302  302  302  302  302  302
"""  # noqa: E501 - a table

# breaches of pledges: on the case and in the administration
BREACHES = """
#                                                      ano non reg cit off med cle aud acc sup app par cou ple
GET  /pledges/breaches/                                302 403 200 200 200 403 403 403 403 200 200 403 403 200
GET  /pledges/breaches/export/?format=csv              302 403 200 200 403 403 403 403 403 200 200 403 403 200
GET  /pledges/breaches/export/?format=xlsx             302 403 200 200 403 403 403 403 403 200 200 403 403 200
GET  /cases/{case}/pledges/                            302 403 200 200 200 403 403 403 403 200 200 403 403 200
GET  /cases/{case}/pledges/{breach}/                   302 403 200 200 200 403 403 403 403 200 200 403 403 200
POST /cases/{case}/pledges/{breach}/                   302 403 403 403 302 403 403 403 403 302 302 403 403 302
GET  /cases/{sub_case}/pledges/                        302 403 200 200 200 403 403 403 403 200 200 403 403 200
GET  /cases/{sub_case}/pledges/{sub_breach}/           302 403 200 200 200 403 403 403 403 200 200 403 403 200
POST /cases/{sub_case}/pledges/{sub_breach}/           302 403 403 403 302 403 403 403 403 302 302 403 403 302
GET  /cases/{other_case}/pledges/                      302 403 404 200 404 403 403 403 403 200 404 403 403 404
GET  /cases/{other_case}/pledges/{other_breach}/       302 403 404 200 404 403 403 403 403 200 404 403 403 404
POST /cases/{other_case}/pledges/{other_breach}/       302 403 403 403 404 403 403 403 403 302 404 403 403 404
GET  /cases/{case}/pledges/{other_breach}/             302 403 404 404 404 403 403 403 403 404 404 403 403 404
GET  /admin/pledges/breach/                            302 302 302 302 302 403 403 302 403 200 200 403 403 200
GET  /admin/pledges/breach/?format=csv                 302 302 302 302 302 403 403 302 403 200 200 403 403 200
GET  /admin/pledges/breach/add/                        302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/pledges/breach/{breach}/change/            302 302 302 302 302 403 403 302 403 200 200 403 403 200
POST /admin/pledges/breach/{breach}/delete/            302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/pledges/breach/{breach}/history/           302 302 302 302 302 404 404 302 404 200 200 404 404 200
GET  /admin/pledges/breach/{breach}/                   302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/pledges/breach/{breach}/act/confirm/       302 302 302 302 302 403 403 302 403 200 200 403 403 200
GET  /admin/pledges/breach/{breach}/act/suspend/       302 302 302 302 302 403 403 302 403 302 302 403 403 403
POST /admin/pledges/breach/{breach}/act/confirm/       302 302 302 302 302 403 403 302 403 200 200 403 403 200
POST /admin/pledges/breach/{breach}/act/suspend/       302 302 302 302 302 403 403 302 403 302 302 403 403 403
GET  /admin/pledges/breach/{sub_breach}/change/        302 302 302 302 302 403 403 302 403 200 200 403 403 200
POST /admin/pledges/breach/{sub_breach}/delete/        302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/pledges/breach/{sub_breach}/history/       302 302 302 302 302 404 404 302 404 200 200 404 404 200
GET  /admin/pledges/breach/{sub_breach}/               302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/pledges/breach/{sub_breach}/act/confirm/   302 302 302 302 302 403 403 302 403 200 200 403 403 200
GET  /admin/pledges/breach/{sub_breach}/act/suspend/   302 302 302 302 302 403 403 302 403 302 302 403 403 403
POST /admin/pledges/breach/{sub_breach}/act/confirm/   302 302 302 302 302 403 403 302 403 200 200 403 403 200
POST /admin/pledges/breach/{sub_breach}/act/suspend/   302 302 302 302 302 403 403 302 403 302 302 403 403 403
GET  /admin/pledges/breach/{other_breach}/change/      302 302 302 302 302 403 403 302 403 200 404 403 403 404
POST /admin/pledges/breach/{other_breach}/delete/      302 302 302 302 302 403 403 302 403 403 403 403 403 403
GET  /admin/pledges/breach/{other_breach}/history/     302 302 302 302 302 404 404 302 404 200 404 404 404 404
GET  /admin/pledges/breach/{other_breach}/             302 302 302 302 302 302 302 302 302 302 302 302 302 302
GET  /admin/pledges/breach/{other_breach}/act/confirm/ 302 302 302 302 302 403 403 302 403 200 404 403 403 404
GET  /admin/pledges/breach/{other_breach}/act/suspend/ 302 302 302 302 302 403 403 302 403 302 404 403 403 404
POST /admin/pledges/breach/{other_breach}/act/confirm/ 302 302 302 302 302 403 403 302 403 200 404 403 403 404
POST /admin/pledges/breach/{other_breach}/act/suspend/ 302 302 302 302 302 403 403 302 403 302 404 403 403 404
GET  /admin/pledges/breach/{breach}/papers/{letter}/             302 302 302 302 302 404 404 302 404 200 200 404 404 200
GET  /admin/pledges/breach/{sub_breach}/papers/{sub_letter}/     302 302 302 302 302 404 404 302 404 200 200 404 404 200
GET  /admin/pledges/breach/{other_breach}/papers/{other_letter}/ 302 302 302 302 302 404 404 302 404 200 404 404 404 404
GET  /admin/pledges/breach/{breach}/papers/{other_letter}/       302 302 302 302 302 404 404 302 404 404 404 404 404 404
"""


def read(*tables):
    """(method, path, {column: status}) of every line."""
    for table in tables:
        for line in table.splitlines():
            if line.strip() and not line.startswith("#"):
                method, path, *statuses = line.split()
                yield method, path, dict(zip(COLUMNS, map(int, statuses), strict=True))


ROWS = list(read(PORTAL, PAPERS, ADMIN, VOCABULARIES, ACCOUNTS, CASES, LETTERS, MEDIATION, PLEDGES, FIELD_WORK, BREACHES))


@pytest.fixture
def agencies():
    """A city, the user's district with a station below it, and the district beside it."""
    city = AgencyFactory()
    here, there = AgencyFactory(parent=city), AgencyFactory(parent=city)
    platform, court = AgencyFactory(partner=True), AgencyFactory(court=True)
    return SimpleNamespace(
        city=city, here=here, there=there, below=AgencyFactory(parent=here, kind="station"), platform=platform,
        platform_below=AgencyFactory(partner=True, parent=platform), court=court,
        court_below=AgencyFactory(court=True, parent=court),
    )  # fmt: skip


def records_of(agency, platform, court) -> dict[str, object]:
    """What belongs to an agency, by the names that stand in paths; what it has referred is with
    `platform`, what was applied for with `court`."""
    case, user = CaseFactory(handling=agency), UserFactory(agency=agency, roles=["officer"])
    plain, report = CaseFactory(handling=agency), CaseFactory(handling=agency, report=True, regime="order121")
    confirmation = application_to(court, agency)
    session = SessionFactory(case=CaseFactory(handling=agency, accepted=True))
    agreement = AgreementFactory(case__handling=agency)
    pledge = PledgeFactory(premises__agency=agency, in_force=True)
    breach = BreachFactory(case=case, pledge__premises__agency=agency)
    records = {
        "returnentry": ReturnEntryFactory(premises__agency=agency),
        "pledge": pledge, "premises": pledge.premises, "pledge_merchant": pledge.premises.merchant,
        "confirmation": confirmation, "court_paper": confirmation.documents.get(),
        "agency": agency, "user": user, "case_pk": case,
        "party": PartyFactory(case=case), "reporter": PartyFactory(case=case, reporter=True),
        "attachment": AttachmentFactory(case=case), "plain_file": AttachmentFactory(case=plain),
        "document": DocumentFactory(case=case),
        "clock": ClockFactory(case=case), "recovery": RecoveryFactory(case=case, actor=user),
        "run": ImportRunFactory(agency=agency),
        "saved": SavedFilterFactory(owner=user, shared=True), "bulk": BulkActFactory(actor=user, cases=[case]),
        "letterhead": LetterheadFactory(agency=agency), "template": DocumentTemplateFactory(agency=agency),
        "mediator": MediatorFactory(agency=agency), "room": RoomFactory(agency=agency),
        "session": session, "session_paper": paper_of(session, "mediation_record", "internal"),
        "agreement": agreement, "agreement_paper": paper_of(agreement, "agreement", "both"),
        "entrustment": EntrustmentFactory(agency=agency), "recusal": RecusalFactory(mediator__agency=agency),
        "referral": referral_to(platform, agency),
        "breach": breach, "letter": paper_of(breach, "warning_letter", "respondent", personal=False),
    }  # fmt: skip
    records |= field_records(agency)
    numbers = {"case": case.number, "plain_case": plain.number, "report_case": report.number}
    return {name: row.pk for name, row in records.items()} | numbers | {"report_pk": report.pk}


def field_records(agency) -> dict[str, object]:
    """Zones, workstations, inspections and targets of an agency; a visit has found something that is not in order."""
    finding = FindingFactory(result="not_ok", inspection__premises__agency=agency)
    return {
        "zone": ZoneFactory(agency=agency), "membership": MembershipFactory(premises__agency=agency),
        "workstation": WorkstationFactory(agency=agency), "station_item": ItemFactory(workstation__agency=agency),
        "plan": PlanFactory(agency=agency), "inspection": finding.inspection,
        "photo": PhotoFactory(inspection=finding.inspection), "target": TargetFactory(agency=agency),
    }  # fmt: skip


def paper_of(row, form: str, side: str, **more):
    """A document that was made out for a session, an agreement or a breach."""
    paper = DocumentFactory(case=row.case, form=form, side=side, **more)
    row.documents.add(paper)
    return paper


def referral_to(platform, agency):
    """A complaint of the agency that waits for an answer of the platform."""
    due = timezone.localdate() + dt.timedelta(days=10)
    case = CaseFactory(handling=agency)
    return ReferralFactory(
        case=case, platform__agency=platform, referred_at=timezone.now(), safe_on=due, due_on=due
    )


def application_to(court, agency):
    """The agreement of a case of the agency, which the court is to confirm."""
    agreement = AgreementFactory(in_force=True, case__handling=agency)
    confirmation = ConfirmationFactory(
        agreement=agreement, court=court, state="applied", applied_on=dt.date(2026, 11, 20), article=205, in_time=True
    )
    confirmation.documents.add(DocumentFactory(case=agreement.case, form="court_application", side="court"))
    return confirmation


def own_records(user, case_pk) -> dict[str, int]:
    """What nobody but `user` has. Without one the names stay those of a colleague's."""
    if user is None:
        return {}
    prepared = {"state": BulkState.PREPARED, "confirmed_at": None}
    return {
        "my_saved": SavedFilterFactory(owner=user).pk,
        "my_bulk": BulkActFactory(actor=user, cases=[Case(pk=case_pk)]).pk,
        "my_prepared": BulkActFactory(actor=user, cases=[Case(pk=case_pk)], **prepared).pk,
    }


@pytest.fixture
def world(agencies):
    """The records that paths name, in the user's district, in the station below it and in the district beside it."""
    records = {
        "user_type": ContentType.objects.get_for_model(User).pk,
        "for_agency": "app_label=registry&model_name=platform&field_name=agency",
        "for_region": "app_label=registry&model_name=merchant&field_name=region",
        "for_user": "app_label=accounts&model_name=user&field_name=agency",
        "register": "complaint_register/internal",
        "sealed_register": "report_register/internal",
        "clockrule": ClockRule.objects.first().pk,
        "ground": Ground.objects.first().pk,
        "checklist_item": ChecklistItem.objects.first().pk,
        "pledge_type": PledgeType.objects.first().pk,
        "signalrule": SignalRule.objects.first().pk,
    }
    records |= {name: factory().pk for name, factory in VOCABULARY_FACTORIES.items()}
    places = (
        ("", agencies.here, agencies.platform, agencies.court),
        ("sub_", agencies.below, agencies.platform_below, agencies.court_below),
        ("other_", agencies.there, AgencyFactory(partner=True), AgencyFactory(court=True)),
    )
    for prefix, *place in places:
        records |= {prefix + name: key for name, key in records_of(*place).items()}
    records |= {"my_saved": records["saved"], "my_bulk": records["bulk"], "my_prepared": records["bulk"]}
    return SimpleNamespace(**vars(agencies), records=records)


def user_of(column, agencies, **kwargs):
    """Someone of the column; None is nobody."""
    if column == "anonymous":
        return None
    if column == "superuser":
        return UserFactory(superuser=True, **kwargs)
    elsewhere = {
        "city_regulator": agencies.city, "platform_partner": agencies.platform, "court_liaison": agencies.court,
    }  # fmt: skip
    agency = elsewhere.get(column, agencies.here)
    return UserFactory(agency=agency, roles=[] if column == "no_role" else [column], **kwargs)


def client_of(user):
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user)
        session = client.session
        session[LAST_SEEN] = int(timezone.now().timestamp())  # or each request would write it, since none of them stays
        session.save()
    return client


def send(client, method, path, records, data=None):
    """The response, read to its end. Nothing that it has done or changed in the session stays."""
    cookies = copy(client.cookies)
    with transaction.atomic():
        response = getattr(client, method.lower())(path.format(**records), data if method == "POST" else None)
        if response.streaming:
            b"".join(response.streaming_content)
        transaction.set_rollback(True)
    client.cookies = cookies
    return response


def writes() -> int:
    """Rows that this transaction has inserted, updated or deleted so far, sessions apart."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables"
            " WHERE relname <> 'django_session'"
        )
        return cursor.fetchone()[0]


DATA = {"reason": "回访当事人", "language": "en", "username": "", "post": "yes", "outcome": "pending"}


@pytest.fixture(autouse=True)
def _bare_refusals(monkeypatch):
    """Nothing but the status of a refusal is asked for here, ten thousand times; their pages: core/test_frame.py."""
    for status, response in ((403, HttpResponseForbidden), (404, HttpResponseNotFound)):
        monkeypatch.setattr(f"django.conf.urls.handler{status}", partial(_refuse, response))


def _refuse(response, request, exception):
    return response()


@pytest.mark.parametrize("column", COLUMNS)
def test_status(column, world):
    user = user_of(column, world)
    client, records = client_of(user), world.records | own_records(user, world.records["case_pk"])
    found, changed = {}, []

    after = writes()

    for method, path, _statuses in ROWS:
        before = after
        status = found[method, path] = send(client, method, path, records, DATA).status_code
        refused = status in (403, 404) or (column == "anonymous" and status != 200)
        after = writes()
        if refused and after != before:
            changed.append((method, path))

    assert found == {(method, path): statuses[column] for method, path, statuses in ROWS}
    assert changed == []


# open with a temporary password too
BEFORE_PASSWORD_CHANGE = {"/accounts/logout/", "/accounts/password/", "/i18n/setlang/"}


def test_with_a_temporary_password_every_page_leads_to_its_change(world):
    client = client_of(user_of("superuser", world, temporary=True))
    elsewhere, changed = set(), []

    for method, path, _statuses in ROWS:
        before = writes()
        response = send(client, method, path, world.records, {"language": "en"})
        if (response.status_code, response.headers.get("Location")) != (302, "/accounts/password/"):
            elsewhere.add(path)
        if path != "/accounts/logout/" and writes() != before:
            changed.append((method, path))

    assert elsewhere == BEFORE_PASSWORD_CHANGE
    assert changed == []


def routes(resolver, prefix=""):
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        else:
            yield route


def test_a_write_in_a_savepoint_is_seen():
    before = writes()
    with transaction.atomic():
        agency = AgencyFactory()
        transaction.set_rollback(True)
    Merchant.objects.filter(pk=0).update(verified=True)

    assert agency.pk
    assert writes() > before


def test_every_url_is_in_the_table(world):
    in_table = {resolve(path.partition("?")[0].format(**world.records)).route for _method, path, _statuses in ROWS}

    assert set(routes(get_resolver())) - in_table == set()


def test_every_role_is_in_the_table():
    assert set(ROLES) == set(COLUMNS) - {"anonymous", "no_role", "superuser"}


def test_every_row_stands_once():
    keys = [(method, path) for method, path, _statuses in ROWS]

    assert len(keys) == len(set(keys))


# ---- acts: each verb of each kind x role x own, sub- and other agency

# In the tables below a cell is one letter a column, in the order of COLUMNS, here for anonymous to pledge_clerk:
# y 200, r 302, n 403, 0 404, u 422, b 302 back to the list because nothing was chosen
CELLS = {"y": 200, "r": 302, "n": 403, "0": 404, "u": 422, "b": 302}
LETTERS_OF = {status: letter for letter, status in CELLS.items() if letter != "b"}


def read_cells(table):
    """The words of every line, and what follows them as [{column: letter}]."""
    for line in table.splitlines():
        if line.strip() and not line.startswith("#"):
            words = line.split()
            cells = [word for word in words if len(word) == len(COLUMNS) and set(word) <= CELLS.keys()]
            yield words[: len(words) - len(cells)], [dict(zip(COLUMNS, cell, strict=True)) for cell in cells]


# The act's page on a case that is registered: r leads back to a case to which the act does not apply now, or where one
# belongs to no agency that could dispatch, or does not see reporters, whom a split names. What is refused is refused to a
# POST, too.
ACTS = """
#                       complaint    report       inquiry
dispatch          own   rnnnynnnnrynnn  rnnnynnnnrynnn  rnnnynnnnrynnn
dispatch          sub   rnnnynnnnrynnn  rnnnynnnnrynnn  rnnnynnnnrynnn
dispatch          other rn0n000nnr0nn0  rn0n000nnr0nn0  rn0n000nnr0nn0
return_to_intake  own   rnnnynnnnynnnn  rnnnynnnnynnnn  rnnnynnnnynnnn
return_to_intake  sub   rnnnynnnnynnnn  rnnnynnnnynnnn  rnnnynnnnynnnn
return_to_intake  other rn0n000nny0nn0  rn0n000nny0nn0  rn0n000nny0nn0
take              own   rnnnynnnnynnnn  rnnnynnnnynnnn  rnnnynnnnynnnn
take              sub   rnnnynnnnynnnn  rnnnynnnnynnnn  rnnnynnnnynnnn
take              other rn0n000nny0nn0  rn0n000nny0nn0  rn0n000nny0nn0
assign            own   rnnnnnnnnyynnn  rnnnnnnnnyynnn  rnnnnnnnnyynnn
assign            sub   rnnnnnnnnyynnn  rnnnnnnnnyynnn  rnnnnnnnnyynnn
assign            other rn0n000nny0nn0  rn0n000nny0nn0  rn0n000nny0nn0
supplement        own   rnnnynnnnynnnn  rnnnynnnnynnnn  rnnnynnnnynnnn
supplement        sub   rnnnynnnnynnnn  rnnnynnnnynnnn  rnnnynnnnynnnn
supplement        other rn0n000nny0nn0  rn0n000nny0nn0  rn0n000nny0nn0
correct           own   rnnnynnnnynnnn  rnnnynnnnynnnn  rnnnynnnnynnnn
correct           sub   rnnnynnnnynnnn  rnnnynnnnynnnn  rnnnynnnnynnnn
correct           other rn0n000nny0nn0  rn0n000nny0nn0  rn0n000nny0nn0
join              own   rnnnynnnnynnnn  rnnnynnnnynnnn  rnnnynnnnynnnn
join              sub   rnnnynnnnynnnn  rnnnynnnnynnnn  rnnnynnnnynnnn
join              other rn0n000nny0nn0  rn0n000nny0nn0  rn0n000nny0nn0
check_identity    own   rnnnynnnnynnnn  rnnnynnnnynnnn  rnnnynnnnynnnn
check_identity    sub   rnnnynnnnynnnn  rnnnynnnnynnnn  rnnnynnnnynnnn
check_identity    other rn0n000nny0nn0  rn0n000nny0nn0  rn0n000nny0nn0
urge              own   rnnnynnnnynnnn  rnnnynnnnynnnn  rnnnynnnnynnnn
urge              sub   rnnnynnnnynnnn  rnnnynnnnynnnn  rnnnynnnnynnnn
urge              other rn0n000nny0nn0  rn0n000nny0nn0  rn0n000nny0nn0
supervise         own   rnyynnnnnyynnn  rnyynnnnnyynnn  rnyynnnnnyynnn
supervise         sub   rnyynnnnnyynnn  rnyynnnnnyynnn  rnyynnnnnyynnn
supervise         other rn0y000nny0nn0  rn0y000nny0nn0  rn0y000nny0nn0
reply             own   rnnnrnnnnrnnnn  rnnnrnnnnrnnnn  rnnnrnnnnrnnnn
reply             sub   rnnnrnnnnrnnnn  rnnnrnnnnrnnnn  rnnnrnnnnrnnnn
reply             other rn0n000nnr0nn0  rn0n000nnr0nn0  rn0n000nnr0nn0
call_back         own   rnnnrnnnnrrnnn  rnnnrnnnnrrnnn  rnnnrnnnnrrnnn
call_back         sub   rnnnrnnnnrrnnn  rnnnrnnnnrrnnn  rnnnrnnnnrrnnn
call_back         other rn0n000nnr0nn0  rn0n000nnr0nn0  rn0n000nnr0nn0
enter_national    own   rnnnrnnnnrnnnn  rnnnrnnnnrnnnn  rnnnrnnnnrnnnn
enter_national    sub   rnnnrnnnnrnnnn  rnnnrnnnnrnnnn  rnnnrnnnnrnnnn
enter_national    other rn0n000nnr0nn0  rn0n000nnr0nn0  rn0n000nnr0nn0
reopen            own   rnnnnnnnnrrnnn  rnnnnnnnnrrnnn  rnnnnnnnnrrnnn
reopen            sub   rnnnnnnnnrrnnn  rnnnnnnnnrrnnn  rnnnnnnnnrrnnn
reopen            other rn0n000nnr0nn0  rn0n000nnr0nn0  rn0n000nnr0nn0
accept            own   rnnnynnnnynnnn  rn00000nn00nn0  rn00000nn00nn0
accept            sub   rnnnynnnnynnnn  rn00000nn00nn0  rn00000nn00nn0
accept            other rn0n000nny0nn0  rn00000nn00nn0  rn00000nn00nn0
refuse            own   rnnnynnnnynnnn  rn00000nn00nn0  rn00000nn00nn0
refuse            sub   rnnnynnnnynnnn  rn00000nn00nn0  rn00000nn00nn0
refuse            other rn0n000nny0nn0  rn00000nn00nn0  rn00000nn00nn0
mediate           own   rnnnrrnnnrrnnn  rn00000nn00nn0  rn00000nn00nn0
mediate           sub   rnnnrrnnnrrnnn  rn00000nn00nn0  rn00000nn00nn0
mediate           other rn0n000nnr0nn0  rn00000nn00nn0  rn00000nn00nn0
agree             own   rnnnrrnnnrrnnn  rn00000nn00nn0  rn00000nn00nn0
agree             sub   rnnnrrnnnrrnnn  rn00000nn00nn0  rn00000nn00nn0
agree             other rn0n000nnr0nn0  rn00000nn00nn0  rn00000nn00nn0
settle            own   rnnnrrnnnrrnnn  rn00000nn00nn0  rn00000nn00nn0
settle            sub   rnnnrrnnnrrnnn  rn00000nn00nn0  rn00000nn00nn0
settle            other rn0n000nnr0nn0  rn00000nn00nn0  rn00000nn00nn0
fail              own   rnnnrrnnnrrnnn  rn00000nn00nn0  rn00000nn00nn0
fail              sub   rnnnrrnnnrrnnn  rn00000nn00nn0  rn00000nn00nn0
fail              other rn0n000nnr0nn0  rn00000nn00nn0  rn00000nn00nn0
withdraw          own   rnnnyynnnyynnn  rn00000nn00nn0  rn00000nn00nn0
withdraw          sub   rnnnyynnnyynnn  rn00000nn00nn0  rn00000nn00nn0
withdraw          other rn0n000nny0nn0  rn00000nn00nn0  rn00000nn00nn0
terminate         own   rnnnrnnnnrnnnn  rn00000nn00nn0  rn00000nn00nn0
terminate         sub   rnnnrnnnnrnnnn  rn00000nn00nn0  rn00000nn00nn0
terminate         other rn0n000nnr0nn0  rn00000nn00nn0  rn00000nn00nn0
represent         own   rnnnynnnnynnnn  rn00000nn00nn0  rn00000nn00nn0
represent         sub   rnnnynnnnynnnn  rn00000nn00nn0  rn00000nn00nn0
represent         other rn0n000nny0nn0  rn00000nn00nn0  rn00000nn00nn0
inform            own   rnnnrrnnnrrnnn  rnnnrnnnnrnnnn  rn00000nn00nn0
inform            sub   rnnnrrnnnrrnnn  rnnnrnnnnrnnnn  rn00000nn00nn0
inform            other rn0n000nnr0nn0  rn0n000nnr0nn0  rn00000nn00nn0
close             own   rnnnrnnnnrnnnn  rnnnrnnnnrnnnn  rnnnrnnnnrnnnn
close             sub   rnnnrnnnnrnnnn  rnnnrnnnnrnnnn  rnnnrnnnnrnnnn
close             other rn0n000nnr0nn0  rn0n000nnr0nn0  rn0n000nnr0nn0
split             own   rnnnynnnnynnnn  rnnnynnnnrnnnn  rn00000nn00nn0
split             sub   rnnnynnnnynnnn  rnnnynnnnrnnnn  rn00000nn00nn0
split             other rn0n000nny0nn0  rn0n000nnr0nn0  rn00000nn00nn0
post_recovery     own   rnnnrrnnnrnnnn  rn00000nn00nn0  rn00000nn00nn0
post_recovery     sub   rnnnrrnnnrnnnn  rn00000nn00nn0  rn00000nn00nn0
post_recovery     other rn0n000nnr0nn0  rn00000nn00nn0  rn00000nn00nn0
pay_recovery      own   rnnnrrnnnrnnnn  rn00000nn00nn0  rn00000nn00nn0
pay_recovery      sub   rnnnrrnnnrnnnn  rn00000nn00nn0  rn00000nn00nn0
pay_recovery      other rn0n000nnr0nn0  rn00000nn00nn0  rn00000nn00nn0
reverse_recovery  own   rnnnrrnnnrnnnn  rn00000nn00nn0  rn00000nn00nn0
reverse_recovery  sub   rnnnrrnnnrnnnn  rn00000nn00nn0  rn00000nn00nn0
reverse_recovery  other rn0n000nnr0nn0  rn00000nn00nn0  rn00000nn00nn0
pause             own   rnnnrrnnnrrnnn  rnnnrnnnnrnnnn  rn00000nn00nn0
pause             sub   rnnnrrnnnrrnnn  rnnnrnnnnrnnnn  rn00000nn00nn0
pause             other rn0n000nnr0nn0  rn0n000nnr0nn0  rn00000nn00nn0
resume            own   rnnnrrnnnrrnnn  rnnnrnnnnrnnnn  rn00000nn00nn0
resume            sub   rnnnrrnnnrrnnn  rnnnrnnnnrnnnn  rn00000nn00nn0
resume            other rn0n000nnr0nn0  rn0n000nnr0nn0  rn00000nn00nn0
change_regime     own   rnnnnnnnnyynnn  rnnnnnnnnyynnn  rn00000nn00nn0
change_regime     sub   rnnnnnnnnyynnn  rnnnnnnnnyynnn  rn00000nn00nn0
change_regime     other rn0n000nny0nn0  rn0n000nny0nn0  rn00000nn00nn0
verify            own   rn00000nn00nn0  rnnnynnnnynnnn  rn00000nn00nn0
verify            sub   rn00000nn00nn0  rnnnynnnnynnnn  rn00000nn00nn0
verify            other rn00000nn00nn0  rn0n000nny0nn0  rn00000nn00nn0
file              own   rn00000nn00nn0  rnnnrnnnnrnnnn  rn00000nn00nn0
file              sub   rn00000nn00nn0  rnnnrnnnnrnnnn  rn00000nn00nn0
file              other rn00000nn00nn0  rn0n000nnr0nn0  rn00000nn00nn0
not_file          own   rn00000nn00nn0  rnnnrnnnnrnnnn  rn00000nn00nn0
not_file          sub   rn00000nn00nn0  rnnnrnnnnrnnnn  rn00000nn00nn0
not_file          other rn00000nn00nn0  rn0n000nnr0nn0  rn00000nn00nn0
decline           own   rn00000nn00nn0  rnnnynnnnynnnn  rn00000nn00nn0
decline           sub   rn00000nn00nn0  rnnnynnnnynnnn  rn00000nn00nn0
decline           other rn00000nn00nn0  rn0n000nny0nn0  rn00000nn00nn0
merge             own   rn00000nn00nn0  rnnnynnnnynnnn  rn00000nn00nn0
merge             sub   rn00000nn00nn0  rnnnynnnnynnnn  rn00000nn00nn0
merge             other rn00000nn00nn0  rn0n000nny0nn0  rn00000nn00nn0
ask_extension     own   rn00000nn00nn0  rnnnrnnnnrnnnn  rn00000nn00nn0
ask_extension     sub   rn00000nn00nn0  rnnnrnnnnrnnnn  rn00000nn00nn0
ask_extension     other rn00000nn00nn0  rn0n000nnr0nn0  rn00000nn00nn0
grant_extension   own   rn00000nn00nn0  rnnnnnnnnrrnnn  rn00000nn00nn0
grant_extension   sub   rn00000nn00nn0  rnnnnnnnnrrnnn  rn00000nn00nn0
grant_extension   other rn00000nn00nn0  rn0n000nnr0nn0  rn00000nn00nn0
deny_extension    own   rn00000nn00nn0  rnnnnnnnnrrnnn  rn00000nn00nn0
deny_extension    sub   rn00000nn00nn0  rnnnnnnnnrrnnn  rn00000nn00nn0
deny_extension    other rn00000nn00nn0  rn0n000nnr0nn0  rn00000nn00nn0
answer            own   rn00000nn00nn0  rn00000nn00nn0  rnnnynnnnynnnn
answer            sub   rn00000nn00nn0  rn00000nn00nn0  rnnnynnnnynnnn
answer            other rn00000nn00nn0  rn00000nn00nn0  rn0n000nny0nn0
"""
KINDS = ("complaint", "report", "inquiry")
ACT_ROWS = list(read_cells(ACTS))


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("kind", KINDS)
def test_acts(kind, column, agencies):
    places = {"own": agencies.here, "sub": agencies.below, "other": agencies.there}
    numbers = {}
    for whose, agency in places.items():
        case = CaseFactory(kind=kind, handling=agency, regime=Regime.ORDER121)
        PartyFactory.create_batch(2, case=case, role=PEOPLE[kind], sealed=kind == Kind.REPORT)
        numbers[whose] = case.number
    client = client_of(user_of(column, agencies))
    found, expected = {}, {}
    before = writes()

    for (verb, whose), cells in ACT_ROWS:
        path, cell = f"/cases/{numbers[whose]}/act/{verb}/", cells[KINDS.index(kind)][column]
        expected["GET", verb, whose] = cell
        found["GET", verb, whose] = LETTERS_OF[client.get(path).status_code]
        if cell in "n0":
            expected["POST", verb, whose] = cell
            found["POST", verb, whose] = LETTERS_OF[client.post(path, {"note": "原因"}).status_code]

    assert found == expected
    assert writes() == before


def test_every_verb_of_each_kind_is_in_the_table():
    rows = {(verb, whose): cells for (verb, whose), cells in ACT_ROWS}

    assert len(rows) == len(ACT_ROWS)
    assert {whose for _verb, whose in rows} == {"own", "sub", "other"}
    assert len(rows) == 3 * len({verb for verb, _whose in rows})
    for number, kind in enumerate(KINDS):
        in_table = {verb for verb, whose in rows if rows[verb, "own"][number]["officer"] != "0"}
        assert in_table == {step.verb for step in WORKFLOWS[kind]}
    assert set(WORKFLOWS) == set(KINDS)


# ---- bulk acts: each verb x role, for cases of one's own, a sub- and another agency

# A start with one such case chosen in the list: r leads on to be confirmed, b back to the list. Then one's own act on a
# complaint and a report, prepared: the page that asks, the answer without more than a note, and its cases chosen again
# after it was queued.
BULK = """
#                 start own    start sub    start other  confirm      confirmed    again
dispatch          rnnnrnnnnrrnnn  rnnnrnnnnrrnnn  rnnnbnnnnrbnnn  rnnnynnnnyynnn  rnnnunnnnuunnn  rnnnrnnnnrrnnn
return_to_intake  rnnnrnnnnrnnnn  rnnnrnnnnrnnnn  rnnnbnnnnrnnnn  rnnnynnnnynnnn  rnnnunnnnunnnn  rnnnrnnnnrnnnn
take              rnnnrnnnnrnnnn  rnnnrnnnnrnnnn  rnnnbnnnnrnnnn  rnnnynnnnynnnn  rnnnrnnnnrnnnn  rnnnrnnnnrnnnn
assign            rnnnnnnnnrrnnn  rnnnnnnnnrrnnn  rnnnnnnnnrbnnn  rnnnnnnnnyynnn  rnnnnnnnnuunnn  rnnnnnnnnrrnnn
supervise         rnrrnnnnnrrnnn  rnrrnnnnnrrnnn  rnbrnnnnnrbnnn  rnyynnnnnyynnn  rnuunnnnnuunnn  rnrrnnnnnrrnnn
accept            rnnnrnnnnrnnnn  rnnnrnnnnrnnnn  rnnnbnnnnrnnnn  rnnnynnnnynnnn  rnnnrnnnnrnnnn  rnnnrnnnnrnnnn
refuse            rnnnrnnnnrnnnn  rnnnrnnnnrnnnn  rnnnbnnnnrnnnn  rnnnynnnnynnnn  rnnnunnnnunnnn  rnnnrnnnnrnnnn
terminate         rnnnrnnnnrnnnn  rnnnrnnnnrnnnn  rnnnbnnnnrnnnn  rnnnynnnnynnnn  rnnnunnnnunnnn  rnnnrnnnnrnnnn
close             rnnnrnnnnrnnnn  rnnnrnnnnrnnnn  rnnnbnnnnrnnnn  rnnnynnnnynnnn  rnnnrnnnnrnnnn  rnnnrnnnnrnnnn
verify            rnnnrnnnnrnnnn  rnnnrnnnnrnnnn  rnnnbnnnnrnnnn  rnnnynnnnynnnn  rnnnrnnnnrnnnn  rnnnrnnnnrnnnn
not_file          rnnnrnnnnrnnnn  rnnnrnnnnrnnnn  rnnnbnnnnrnnnn  rnnnynnnnynnnn  rnnnunnnnunnnn  rnnnrnnnnrnnnn
decline           rnnnrnnnnrnnnn  rnnnrnnnnrnnnn  rnnnbnnnnrnnnn  rnnnynnnnynnnn  rnnnunnnnunnnn  rnnnrnnnnrnnnn
"""
BULK_ROWS = list(read_cells(BULK))


@pytest.mark.parametrize("column", COLUMNS)
def test_bulk_acts(column, world):
    user = user_of(column, world)
    client, found, changed = client_of(user), {}, []
    cases = [Case(pk=world.records[name]) for name in ("case_pk", "report_pk")]
    owner = user or User.objects.get(pk=world.records["user"])  # nobody has acts of his own

    for (verb,), _cells in BULK_ROWS:
        prepared = BulkActFactory(actor=owner, cases=cases, verb=verb, state=BulkState.PREPARED, confirmed_at=None).pk
        queued = BulkActFactory(actor=owner, cases=cases, verb=verb).pk
        steps = [
            ("POST", "/cases/bulk/start/", {"list": "cases", "verb": verb, "case": world.records[f"{prefix}case_pk"]})
            for prefix in ("", "sub_", "other_")
        ]
        steps += [
            ("GET", f"/cases/bulk/{prepared}/confirm/", None),
            ("POST", f"/cases/bulk/{prepared}/confirm/", {"note": "原因"}),
            ("POST", f"/cases/bulk/{queued}/again/", {"verb": verb, "outcome": "pending"}),
        ]
        cells = []
        for method, path, data in steps:
            before = writes()
            response = send(client, method, path, {}, data)
            led_back = response.headers.get("Location") == "/cases/"
            cells.append("b" if led_back else LETTERS_OF[response.status_code])
            if writes() != before and (cells[-1] in "n0b" or column == "anonymous"):
                changed.append((verb, path))
        found[verb] = " ".join(cells)

    assert found == {verb: " ".join(cell[column] for cell in cells) for (verb,), cells in BULK_ROWS}
    assert changed == []


def test_every_bulk_verb_is_in_the_table():
    verbs = {step.verb for workflow in WORKFLOWS.values() for step in workflow if step.bulk}

    assert {verb for (verb,), _cells in BULK_ROWS} == verbs
    assert len(BULK_ROWS) == len(verbs)


# ---- documents: each form and side x role x own, sub- and other agency

FORM_CASES = {
    "registered": {},
    "report": {"report": True},
    "accepted": {"accepted": True},
    "refused": {"refused": True},
    "failed": {"closed": True, "outcome": "failed"},
    "agreed": {"closed": True},
    "declined": {"report": True, "refused": True},
    "council": {"accepted": True, "body": Body.COUNCIL},
    "council_agreed": {"closed": True, "body": Body.COUNCIL},
}
# The case on which the form can be issued, and whose; the pages that issue it, open the copy that was issued, record its
# delivery and declare it void
FORMS = """
# form/side                     case        whose  issue        file         deliver      void
complaint_register/internal     registered  own    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
complaint_register/internal     registered  sub    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
complaint_register/internal     registered  other  rnnn00nnnynnnn  rn0n000nny0nn0  rnnn00nnnynnnn  rnnn00nnnynnnn
report_register/internal        report      own    rnnnynnnnnnnnn  rnnnynnnnnnnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
report_register/internal        report      sub    rnnnynnnnnnnnn  rnnnynnnnnnnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
report_register/internal        report      other  rnnn0nnnnnnnnn  rn0n000nnn0nn0  rnnn00nnnynnnn  rnnn00nnnynnnn
dispatch_notice/internal        report      own    rnnnyynnnynnnn  rnyyyyynnyynny  rnnnyynnnynnnn  rnnnyynnnynnnn
dispatch_notice/internal        report      sub    rnnnyynnnynnnn  rnyyyyynnyynny  rnnnyynnnynnnn  rnnnyynnnynnnn
dispatch_notice/internal        report      other  rnnn00nnnynnnn  rn0y000nny0nn0  rnnn00nnnynnnn  rnnn00nnnynnnn
identity_notice/complainant     registered  own    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
identity_notice/complainant     registered  sub    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
identity_notice/complainant     registered  other  rnnn00nnnynnnn  rn0n000nny0nn0  rnnn00nnnynnnn  rnnn00nnnynnnn
acceptance/complainant          accepted    own    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
acceptance/complainant          accepted    sub    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
acceptance/complainant          accepted    other  rnnn00nnnynnnn  rn0n000nny0nn0  rnnn00nnnynnnn  rnnn00nnnynnnn
refusal/complainant             refused     own    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
refusal/complainant             refused     sub    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
refusal/complainant             refused     other  rnnn00nnnynnnn  rn0n000nny0nn0  rnnn00nnnynnnn  rnnn00nnnynnnn
mediation_notice/complainant    accepted    own    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
mediation_notice/complainant    accepted    sub    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
mediation_notice/complainant    accepted    other  rnnn00nnnynnnn  rn0n000nny0nn0  rnnn00nnnynnnn  rnnn00nnnynnnn
mediation_notice/respondent     accepted    own    rnnnyynnnynnnn  rnyyyyynnyynny  rnnnyynnnynnnn  rnnnyynnnynnnn
mediation_notice/respondent     accepted    sub    rnnnyynnnynnnn  rnyyyyynnyynny  rnnnyynnnynnnn  rnnnyynnnynnnn
mediation_notice/respondent     accepted    other  rnnn00nnnynnnn  rn0y000nny0nn0  rnnn00nnnynnnn  rnnn00nnnynnnn
termination/complainant         failed      own    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
termination/complainant         failed      sub    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
termination/complainant         failed      other  rnnn00nnnynnnn  rn0n000nny0nn0  rnnn00nnnynnnn  rnnn00nnnynnnn
termination/respondent          failed      own    rnnnyynnnynnnn  rnyyyyynnyynny  rnnnyynnnynnnn  rnnnyynnnynnnn
termination/respondent          failed      sub    rnnnyynnnynnnn  rnyyyyynnyynny  rnnnyynnnynnnn  rnnnyynnnynnnn
termination/respondent          failed      other  rnnn00nnnynnnn  rn0y000nny0nn0  rnnn00nnnynnnn  rnnn00nnnynnnn
agreement/both                  agreed      own    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
agreement/both                  agreed      sub    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
agreement/both                  agreed      other  rnnn00nnnynnnn  rn0n000nny0nn0  rnnn00nnnynnnn  rnnn00nnnynnnn
report_result/complainant       declined    own    rnnnynnnnnnnnn  rnnnynnnnnnnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
report_result/complainant       declined    sub    rnnnynnnnnnnnn  rnnnynnnnnnnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
report_result/complainant       declined    other  rnnn0nnnnnnnnn  rn0n000nnn0nn0  rnnn00nnnynnnn  rnnn00nnnynnnn
council_notice/complainant      council        own    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
council_notice/complainant      council        sub    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
council_notice/complainant      council        other  rnnn00nnnynnnn  rn0n000nny0nn0  rnnn00nnnynnnn  rnnn00nnnynnnn
council_notice/respondent       council        own    rnnnyynnnynnnn  rnyyyyynnyynny  rnnnyynnnynnnn  rnnnyynnnynnnn
council_notice/respondent       council        sub    rnnnyynnnynnnn  rnyyyyynnyynny  rnnnyynnnynnnn  rnnnyynnnynnnn
council_notice/respondent       council        other  rnnn00nnnynnnn  rn0y000nny0nn0  rnnn00nnnynnnn  rnnn00nnnynnnn
council_agreement/both          council_agreed own    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
council_agreement/both          council_agreed sub    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
council_agreement/both          council_agreed other  rnnn00nnnynnnn  rn0n000nny0nn0  rnnn00nnnynnnn  rnnn00nnnynnnn
mediation_record/internal       accepted       own    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
mediation_record/internal       accepted       sub    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
mediation_record/internal       accepted       other  rnnn00nnnynnnn  rn0n000nny0nn0  rnnn00nnnynnnn  rnnn00nnnynnnn
court_application/court         agreed         own    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
court_application/court         agreed         sub    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
court_application/court         agreed         other  rnnn00nnnynnnn  rn0n000nny0nn0  rnnn00nnnynnnn  rnnn00nnnynnnn
mediator_certificate/court      agreed         own    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
mediator_certificate/court      agreed         sub    rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn  rnnnyynnnynnnn
mediator_certificate/court      agreed         other  rnnn00nnnynnnn  rn0n000nny0nn0  rnnn00nnnynnnn  rnnn00nnnynnnn
warning_letter/respondent       accepted       own    rnnn00nnn0nnnn  rnyyyyynnyynny  rnnnyynnnynnnn  rnnnnnnnnnnnnn
warning_letter/respondent       accepted       sub    rnnn00nnn0nnnn  rnyyyyynnyynny  rnnnyynnnynnnn  rnnnnnnnnnnnnn
warning_letter/respondent       accepted       other  rnnn00nnn0nnnn  rn0y000nny0nn0  rnnn00nnnynnnn  rnnn00nnnnnnnn
"""
FORM_ROWS = list(read_cells(FORMS))
FORM_STEPS = ("{key}/issue", "{pk}/file", "{pk}/deliver", "{pk}/void")


@pytest.mark.parametrize("key", list(dict.fromkeys(key for (key, *_rest), _cells in FORM_ROWS)))
def test_documents(key, agencies):
    form, side = key.split("/")
    clients = {column: client_of(user_of(column, agencies)) for column in COLUMNS}
    places = {"own": agencies.here, "sub": agencies.below, "other": agencies.there}
    rows = {whose: (state, cells) for (row_key, state, whose), cells in FORM_ROWS if row_key == key}
    found = {}

    for whose, (state, _cells) in rows.items():
        case = CaseFactory(handling=places[whose], **FORM_CASES[state])
        pk = DocumentFactory(
            case=case, form=form, side=side, personal=is_personal(form, side), sealed=is_sealed(form, side)
        ).pk
        for step in FORM_STEPS:
            path = f"/cases/{case.number}/documents/{step.format(key=key, pk=pk)}/"
            for column, client in clients.items():
                found[whose, step, column] = LETTERS_OF[send(client, "GET", path, {}).status_code]

    assert found == {
        (whose, step, column): letter
        for whose, (_state, cells) in rows.items()
        for step, cell in zip(FORM_STEPS, cells, strict=True)
        for column, letter in cell.items()
    }


def test_every_form_and_side_is_in_the_table():
    rows = [(*key.split("/"), whose) for (key, _state, whose), _cells in FORM_ROWS]

    assert len(rows) == len(set(rows))
    assert set(rows) == {(*key, whose) for key in ALLOWED for whose in ("own", "sub", "other")}


# ---- the admin: writes of each model, searches and choices

# what the clerk, the account manager, the superuser, the mediator, the approver, the partner, the liaison and the pledge
# clerk get (everyone else is sent to the login): POST of the list, of a new row and of a change, without a single
# field; GET of the page that would delete. 302 leads on from a change where no field is needed
ADMIN_WRITES = """
#                                          list                add                 change              delete
registry/calendarnotice {notice}           200/403/200/403/403/403/403/403 200/403/200/403/403/403/403/403 200/403/200/403/403/403/403/403 403/403/403/403/403/403/403/403
registry/category       {category}         200/403/200/403/200/403/403/403 200/403/200/403/403/403/403/403 200/403/200/403/403/403/403/403 403/403/403/403/403/403/403/403
registry/channel        {channel}          200/403/200/403/403/403/403/403 200/403/200/403/403/403/403/403 200/403/200/403/403/403/403/403 403/403/403/403/403/403/403/403
registry/industry       {industry}         200/403/200/403/403/403/403/200 200/403/200/403/403/403/403/403 200/403/200/403/403/403/403/403 403/403/403/403/403/403/403/403
registry/merchant       {merchant}         200/403/200/403/403/403/403/200 200/403/200/403/403/403/403/200 200/403/200/403/403/403/403/200 403/403/403/403/403/403/403/403
registry/platform       {platform}         200/403/200/403/403/403/403/403 200/403/200/403/403/403/403/403 200/403/200/403/403/403/403/403 403/403/403/403/403/403/403/403
registry/problem        {problem}          200/403/200/403/403/403/403/403 200/403/200/403/403/403/403/403 200/403/200/403/403/403/403/403 403/403/403/403/403/403/403/403
registry/region         {region}           200/403/200/403/403/403/403/200 200/403/200/403/403/403/403/403 200/403/200/403/403/403/403/403 403/403/403/403/403/403/403/403
registry/agency         {agency}           200/200/200/200/200/403/403/200 403/403/200/403/403/403/403/403 403/403/200/403/403/403/403/403 403/403/403/403/403/403/403/403
registry/agency         {sub_agency}                                               403/403/200/403/403/403/403/403 403/403/403/403/403/403/403/403
registry/agency         {other_agency}                                             403/403/200/403/403/403/403/403 403/403/403/403/403/403/403/403
accounts/user           {user}             403/200/200/403/403/403/403/403 403/200/200/403/403/403/403/403 403/200/302/403/403/403/403/403 403/403/403/403/403/403/403/403
accounts/user           {sub_user}                                                 403/200/302/403/403/403/403/403 403/403/403/403/403/403/403/403
accounts/user           {other_user}                                               403/404/302/403/403/403/403/403 403/403/403/403/403/403/403/403
cases/case              {case_pk}          200/403/200/200/200/403/403/200 403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
cases/case              {sub_case_pk}                                              403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
cases/case              {other_case_pk}                                            403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
cases/importrun         {run}              200/403/200/403/403/403/403/200 403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
cases/importrun         {sub_run}                                                  403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
cases/importrun         {other_run}                                                403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
cases/recovery          {recovery}         200/403/200/200/200/403/403/200 403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
cases/recovery          {sub_recovery}                                             403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
cases/recovery          {other_recovery}                                           403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
cases/clock             {clock}            200/403/200/200/200/403/403/200 403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
cases/clock             {sub_clock}                                                403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
cases/clock             {other_clock}                                              403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
cases/clockrule         {clockrule}        403/403/200/403/403/403/403/403 403/403/200/403/403/403/403/403 403/403/200/403/403/403/403/403 403/403/403/403/403/403/403/403
cases/ground            {ground}           403/403/200/403/403/403/403/403 403/403/200/403/403/403/403/403 403/403/200/403/403/403/403/403 403/403/403/403/403/403/403/403
cases/signalrule        {signalrule}       403/403/200/403/403/403/403/403 403/403/200/403/403/403/403/403 403/403/200/403/403/403/403/403 403/403/403/403/403/403/403/403
cases/letterhead        {letterhead}       200/403/200/403/403/403/403/403 200/403/200/403/403/403/403/403 200/403/200/403/403/403/403/403 403/403/403/403/403/403/403/403
cases/letterhead        {sub_letterhead}                                           200/403/200/403/403/403/403/403 403/403/403/403/403/403/403/403
cases/letterhead        {other_letterhead}                                         403/403/200/403/403/403/403/403 403/403/403/403/403/403/403/403
cases/documenttemplate  {template}         200/403/200/403/403/403/403/403 200/403/200/403/403/403/403/403 302/403/302/403/403/403/403/403 403/403/403/403/403/403/403/403
cases/documenttemplate  {sub_template}                                             302/403/302/403/403/403/403/403 403/403/403/403/403/403/403/403
cases/documenttemplate  {other_template}                                           403/403/302/403/403/403/403/403 403/403/403/403/403/403/403/403
mediation/mediator      {mediator}         403/403/200/200/200/403/403/403 403/403/200/403/200/403/403/403 403/403/200/403/200/403/403/403 403/403/403/403/403/403/403/403
mediation/mediator      {sub_mediator}                                             403/403/200/403/200/403/403/403 403/403/403/403/403/403/403/403
mediation/mediator      {other_mediator}                                           403/403/200/403/404/403/403/403 403/403/403/403/403/403/403/403
mediation/room          {room}             403/403/200/200/200/403/403/403 403/403/200/403/200/403/403/403 403/403/200/403/200/403/403/403 403/403/403/403/403/403/403/403
mediation/room          {sub_room}                                                 403/403/200/403/200/403/403/403 403/403/403/403/403/403/403/403
mediation/room          {other_room}                                               403/403/200/403/404/403/403/403 403/403/403/403/403/403/403/403
mediation/session       {session}          403/403/200/200/200/403/403/403 403/403/200/200/403/403/403/403 403/403/200/200/403/403/403/403 403/403/403/403/403/403/403/403
mediation/session       {sub_session}                                              403/403/200/200/403/403/403/403 403/403/403/403/403/403/403/403
mediation/session       {other_session}                                            403/403/200/404/403/403/403/403 403/403/403/403/403/403/403/403
mediation/agreement     {agreement}        403/403/200/200/200/403/403/403 403/403/200/200/403/403/403/403 403/403/200/200/403/403/403/403 403/403/403/403/403/403/403/403
mediation/agreement     {sub_agreement}                                            403/403/200/200/403/403/403/403 403/403/403/403/403/403/403/403
mediation/agreement     {other_agreement}                                          403/403/200/404/403/403/403/403 403/403/403/403/403/403/403/403
mediation/entrustment   {entrustment}      403/403/200/200/200/403/403/403 403/403/200/403/200/403/403/403 403/403/200/403/200/403/403/403 403/403/403/403/403/403/403/403
mediation/entrustment   {sub_entrustment}                                          403/403/200/403/200/403/403/403 403/403/403/403/403/403/403/403
mediation/entrustment  {other_entrustment}                                         403/403/200/403/404/403/403/403 403/403/403/403/403/403/403/403
mediation/recusal       {recusal}          403/403/200/200/200/403/403/403 403/403/200/200/200/403/403/403 403/403/200/403/200/403/403/403 403/403/403/403/403/403/403/403
mediation/recusal       {sub_recusal}                                              403/403/200/403/200/403/403/403 403/403/403/403/403/403/403/403
mediation/recusal       {other_recusal}                                            403/403/200/403/404/403/403/403 403/403/403/403/403/403/403/403
mediation/platformreferral {referral}      403/403/200/200/200/200/403/403 403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
mediation/platformreferral {sub_referral}                                                   403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
mediation/platformreferral {other_referral}                                                 403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
mediation/judicialconfirmation {confirmation} 403/403/200/200/200/403/200/403 403/403/200/200/403/403/403/403 403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
mediation/judicialconfirmation {sub_confirmation}  403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
mediation/judicialconfirmation {other_confirmation}  403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
pledges/pledge          {pledge}         403/403/200/403/200/403/403/200 403/403/200/403/403/403/403/200 403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
pledges/pledge          {sub_pledge}     403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
pledges/pledge          {other_pledge}   403/403/403/403/404/403/403/404 403/403/403/403/403/403/403/403
pledges/premises        {premises}       403/403/200/403/200/403/403/200 403/403/200/403/403/403/403/200 403/403/200/403/403/403/403/200 403/403/403/403/403/403/403/403
pledges/premises        {sub_premises}   403/403/200/403/403/403/403/200 403/403/403/403/403/403/403/403
pledges/premises        {other_premises} 403/403/200/403/403/403/403/404 403/403/403/403/403/403/403/403
pledges/breach          {breach}         403/403/200/403/200/403/403/200 403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
pledges/breach          {sub_breach}     403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
pledges/breach          {other_breach}   403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
pledges/returnentry     {returnentry}       403/403/200/403/200/403/403/200 403/403/200/403/200/403/403/200 403/403/200/403/200/403/403/200 403/403/403/403/403/403/403/403
pledges/returnentry     {sub_returnentry}   403/403/200/403/200/403/403/200 403/403/403/403/403/403/403/403
pledges/returnentry     {other_returnentry} 403/403/200/403/404/403/403/404 403/403/403/403/403/403/403/403
mediation/mediatedcase  {case_pk}          403/403/200/200/200/403/403/403 403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
mediation/mediatedcase  {sub_case_pk}                                              403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
mediation/mediatedcase  {other_case_pk}                                            403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
# zones, workstations, inspections and targets of pledges
pledges/zone             {zone}               403/403/200/403/200/403/403/200 403/403/200/403/200/403/403/200 403/403/200/403/200/403/403/200 403/403/403/403/403/403/403/403
pledges/zone             {sub_zone}           403/403/200/403/200/403/403/200 403/403/403/403/403/403/403/403
pledges/zone             {other_zone}         403/403/200/403/404/403/403/404 403/403/403/403/403/403/403/403
pledges/zonemembership   {membership}         403/403/200/403/200/403/403/200 403/403/200/403/200/403/403/200 403/403/200/403/200/403/403/200 403/403/403/403/403/403/403/403
pledges/zonemembership   {sub_membership}     403/403/200/403/200/403/403/200 403/403/403/403/403/403/403/403
pledges/zonemembership   {other_membership}   403/403/200/403/404/403/403/404 403/403/403/403/403/403/403/403
pledges/workstation      {workstation}        403/403/200/403/200/403/403/200 403/403/200/403/200/403/403/200 403/403/200/403/200/403/403/200 403/403/403/403/403/403/403/403
pledges/workstation      {sub_workstation}    403/403/200/403/200/403/403/200 403/403/403/403/403/403/403/403
pledges/workstation      {other_workstation}  403/403/200/403/404/403/403/404 403/403/403/403/403/403/403/403
pledges/workstationitem  {station_item}       403/403/200/403/200/403/403/200 403/403/200/403/200/403/403/200 403/403/302/403/302/403/403/302 403/403/403/403/403/403/403/403
pledges/workstationitem  {sub_station_item}   403/403/302/403/302/403/403/302 403/403/403/403/403/403/403/403
pledges/workstationitem  {other_station_item} 403/403/302/403/404/403/403/404 403/403/403/403/403/403/403/403
pledges/inspectionplan   {plan}               403/403/200/403/200/403/403/200 403/403/200/403/200/403/403/200 403/403/200/403/200/403/403/200 403/403/403/403/403/403/403/403
pledges/inspectionplan   {sub_plan}           403/403/200/403/200/403/403/200 403/403/403/403/403/403/403/403
pledges/inspectionplan   {other_plan}         403/403/200/403/404/403/403/404 403/403/403/403/403/403/403/403
pledges/inspection       {inspection}         403/403/200/403/200/403/403/200 403/403/200/403/200/403/403/200 403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
pledges/inspection       {sub_inspection}     403/403/403/403/403/403/403/403 403/403/403/403/403/403/403/403
pledges/inspection       {other_inspection}   403/403/403/403/404/403/403/404 403/403/403/403/403/403/403/403
pledges/target           {target}             403/403/200/403/200/403/403/200 403/403/200/403/200/403/403/200 403/403/200/403/200/403/403/200 403/403/403/403/403/403/403/403
pledges/target           {sub_target}         403/403/200/403/200/403/403/200 403/403/403/403/403/403/403/403
pledges/target           {other_target}       403/403/200/403/404/403/403/404 403/403/403/403/403/403/403/403
pledges/checklistitem    {checklist_item}     403/403/200/403/200/403/403/200 403/403/200/403/403/403/403/403 403/403/200/403/403/403/403/403 403/403/403/403/403/403/403/403
pledges/pledgetype       {pledge_type}        403/403/200/403/200/403/403/200 403/403/200/403/403/403/403/403 403/403/200/403/403/403/403/403 403/403/403/403/403/403/403/403
"""  # noqa: E501 - a table
# the list with ?q=, of each model that can be searched, which is then also offered to other models' foreign keys
ADMIN_SEARCHES = """
registry.region          200/403/200/403/403/403/403/200
registry.agency          200/200/200/200/200/403/403/200
registry.platform        200/403/200/403/403/403/403/403
registry.channel         200/403/200/403/403/403/403/403
registry.category        200/403/200/403/200/403/403/403
registry.problem         200/403/200/403/403/403/403/403
registry.industry        200/403/200/403/403/403/403/200
registry.calendarnotice  200/403/200/403/403/403/403/403
registry.merchant        200/403/200/403/403/403/403/200
accounts.user            403/200/200/403/403/403/403/403
cases.case               200/403/200/200/200/403/403/200
cases.recovery           200/403/200/200/200/403/403/200
cases.clock              200/403/200/200/200/403/403/200
cases.clockrule          403/403/200/403/403/403/403/403
cases.ground             403/403/200/403/403/403/403/403
cases.signalrule         403/403/200/403/403/403/403/403
cases.importrun          200/403/200/403/403/403/403/200
cases.letterhead         200/403/200/403/403/403/403/403
mediation.mediator       403/403/200/200/200/403/403/403
mediation.room           403/403/200/200/200/403/403/403
mediation.session        403/403/200/200/200/403/403/403
mediation.agreement      403/403/200/200/200/403/403/403
mediation.entrustment    403/403/200/200/200/403/403/403
mediation.recusal        403/403/200/200/200/403/403/403
mediation.platformreferral  403/403/200/200/200/200/403/403
mediation.mediatedcase   403/403/200/200/200/403/403/403
mediation.judicialconfirmation  403/403/200/200/200/403/200/403
pledges.pledge                  403/403/200/403/200/403/403/200
pledges.premises                403/403/200/403/200/403/403/200
pledges.breach                  403/403/200/403/200/403/403/200
pledges.returnentry             403/403/200/403/200/403/403/200
pledges.zone             403/403/200/403/200/403/403/200
pledges.zonemembership   403/403/200/403/200/403/403/200
pledges.workstation      403/403/200/403/200/403/403/200
pledges.workstationitem  403/403/200/403/200/403/403/200
pledges.inspectionplan   403/403/200/403/200/403/403/200
pledges.inspection       403/403/200/403/200/403/403/200
pledges.target           403/403/200/403/200/403/403/200
pledges.checklistitem    403/403/200/403/200/403/403/200
pledges.pledgetype       403/403/200/403/200/403/403/200
"""
# who may look at the rows of the other model
ADMIN_CHOICES = """
registry.region.parent               200/403/200/403/403/403/403/200
registry.regionsuccession.successor  200/403/200/403/403/403/403/200
registry.agency.parent               200/200/200/200/200/403/403/200
registry.agency.region               200/403/200/403/403/403/403/200
registry.platform.operator           200/403/200/403/403/403/403/200
registry.platform.agency             200/200/200/200/200/403/403/200
registry.category.parent             200/403/200/403/200/403/403/403
registry.category.council            200/403/200/403/200/403/403/403
registry.problem.parent              200/403/200/403/403/403/403/403
registry.problem.council             200/403/200/403/403/403/403/403
registry.merchant.region             200/403/200/403/403/403/403/200
registry.merchant.industry           200/403/200/403/403/403/403/200
cases.letterhead.agency              200/200/200/200/200/403/403/200
cases.documenttemplate.agency        200/200/200/200/200/403/403/200
mediation.mediator.agency            200/200/200/200/200/403/403/200
mediation.mediator.fields            200/403/200/403/200/403/403/403
mediation.room.agency                200/200/200/200/200/403/403/200
mediation.session.mediator           403/403/200/200/200/403/403/403
mediation.session.room               403/403/200/200/200/403/403/403
mediation.entrustment.agency         200/200/200/200/200/403/403/200
mediation.recusal.mediator           403/403/200/200/200/403/403/403
mediation.judicialconfirmation.court  200/200/200/200/200/403/403/200
pledges.pledge.premises               403/403/200/403/200/403/403/200
pledges.premises.merchant             200/403/200/403/403/403/403/200
pledges.returnentry.premises          403/403/200/403/200/403/403/200
pledges.zone.agency                  200/200/200/200/200/403/403/200
pledges.zone.operator                200/403/200/403/403/403/403/200
pledges.zonemembership.zone          403/403/200/403/200/403/403/200
pledges.zonemembership.premises      403/403/200/403/200/403/403/200
pledges.workstation.agency           200/200/200/200/200/403/403/200
pledges.workstation.zone             403/403/200/403/200/403/403/200
pledges.workstationitem.workstation  403/403/200/403/200/403/403/200
pledges.inspectionplan.agency        200/200/200/200/200/403/403/200
pledges.inspection.premises          403/403/200/403/200/403/403/200
pledges.inspection.pledge            403/403/200/403/200/403/403/200
pledges.inspection.plan              403/403/200/403/200/403/403/200
pledges.target.agency                200/200/200/200/200/403/403/200
pledges.coverage.problem             200/403/200/403/403/403/403/403
"""
STAFF = (
    "clerk", "account_manager", "superuser", "mediator", "approver", "platform_partner", "court_liaison", "pledge_clerk",
)  # fmt: skip
STEPS = (("POST", "{}/"), ("POST", "{}/add/"), ("POST", "{}/{}/change/"), ("GET", "{}/{}/delete/"))


def read_admin(table):
    """The words of every line, and what follows them as {staff column: status}."""
    for line in table.splitlines():
        if line.strip() and not line.startswith("#"):
            words = [word for word in line.split() if "/4" not in word and "/2" not in word]
            columns = line.split()[len(words) :]
            yield words, [dict(zip(STAFF, map(int, column.split("/")), strict=True)) for column in columns]


def admin_rows():
    """(method, path, {staff column: status}) of the three tables."""
    for (model, pk), columns in read_admin(ADMIN_WRITES):
        # the rows of a sub- and another agency have what is about one record alone
        for (method, path), statuses in zip(STEPS[-len(columns) :], columns, strict=True):
            yield method, f"/admin/{path.format(model, pk)}", statuses
    for (model,), (statuses,) in read_admin(ADMIN_SEARCHES):
        yield "GET", f"/admin/{model.replace('.', '/')}/?q=2026", statuses
    for (field,), (statuses,) in read_admin(ADMIN_CHOICES):
        app, model, name = field.split(".")
        yield "GET", f"/admin/autocomplete/?app_label={app}&model_name={model}&field_name={name}", statuses


ADMIN_ROWS = list(admin_rows())


@pytest.mark.parametrize("column", COLUMNS)
def test_admin_status(column, world):
    client = client_of(user_of(column, world))
    found, changed = {}, []

    for method, path, _statuses in ADMIN_ROWS:
        before = writes()
        found[method, path] = send(client, method, path, world.records).status_code
        if writes() != before and (found[method, path] != 302 or column not in STAFF):
            changed.append((method, path))

    assert found == {(method, path): statuses.get(column, 302) for method, path, statuses in ADMIN_ROWS}
    assert changed == []


def test_every_search_and_choice_of_the_admin_is_in_the_table():
    searched, choices = set(), set()
    for model, page in admin.site._registry.items():
        # what is done to rows that one has chosen would need rows of its own here
        assert not page.actions, model
        if page.search_fields:
            searched.add(model._meta.label_lower)
        for part in (page, *page.inlines):
            of = getattr(part, "opts", None) or part.model._meta
            choices |= {f"{of.label_lower}.{name}" for name in part.autocomplete_fields}

    assert searched == {model for (model,), _statuses in read_admin(ADMIN_SEARCHES)}
    assert choices == {field for (field,), _statuses in read_admin(ADMIN_CHOICES)}


@pytest.mark.parametrize(
    ("column", "field", "own", "other"),
    [
        ("clerk", "cases.clock.case", "case", "other_case"),
        ("account_manager", "cases.case.officer", "username", "other_username"),
    ],
)
def test_choices_of_the_admin_are_rows_that_the_user_sees(column, field, own, other, world):
    client, (app, model, name) = client_of(user_of(column, world)), field.split(".")
    usernames = {
        f"{prefix}username": User.objects.get(pk=world.records[f"{prefix}user"]).username for prefix in ("", "other_")
    }
    records, found = world.records | usernames, {}

    for key in (own, other):
        asked = {"app_label": app, "model_name": model, "field_name": name, "term": records[key]}
        found[key] = len(client.get("/admin/autocomplete/", asked).json()["results"])

    assert found == {own: 1, other: 0}


# ---- methods and formats

# pages of the admin that only show something, whatever the method
SHOWN = (
    "index", "app_list", "autocomplete", "jsi18n", "view_on_site", "_history", "_file", "_built_in", "_calendar",
    "_paper",
)  # fmt: skip


def methods_of(pattern) -> set[str]:
    """GET and POST, as far as the view answers them with different things."""
    view = getattr(pattern.callback, "view_class", None)
    if view is RedirectView:
        return {"GET"}
    if view is not None:
        return {method.upper() for method in view.http_method_names if hasattr(view, method)} & {"GET", "POST"}
    if pattern.name == "set_language":
        return {"POST"}
    # without a name is what answers every other address below the admin, and the portal's own way into it
    shown = pattern.name.endswith(SHOWN) if pattern.name else pattern.callback is not admin_login
    return {"GET"} if shown else {"GET", "POST"}


def patterns(resolver, prefix=""):
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern, route)
        else:
            yield route, pattern


def test_every_method_of_every_url_is_in_the_table(world):
    in_table = {}
    for method, path, _statuses in (*ROWS, *ADMIN_ROWS):
        route = resolve(path.partition("?")[0].format(**world.records)).route
        in_table.setdefault(route, set()).add(method)
    wanted = {}
    for route, pattern in patterns(get_resolver()):
        wanted.setdefault(route, methods_of(pattern))  # the first one answers

    missing = {route: methods - in_table.get(route, set()) for route, methods in wanted.items()}
    assert {route: methods for route, methods in missing.items() if methods} == {}


def test_every_export_is_in_the_table_in_both_formats(world):
    asked = set()
    for method, path, _statuses in ROWS:
        address, _mark, query = path.partition("?")
        if method == "GET" and address.endswith("/export/"):
            asked.add((address, query))
    in_table = {(resolve(address.format(**world.records)).route, query) for address, query in asked}
    exports = {route for route in routes(get_resolver()) if route.endswith("export/")}

    assert asked == {(address, query) for address, _query in asked for query in ("format=csv", "format=xlsx")}
    assert in_table == {(route, query) for route in exports for query in ("format=csv", "format=xlsx")}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_export_of_personal_data(form, world):
    """No role may, as none has the permission: it is the superuser's."""
    found, data = {}, {"format": form, "reason": "市局要求回访当事人"}
    for column in COLUMNS:
        client = client_of(user_of(column, world))
        found[column] = send(client, "POST", "/cases/export/personal/", {}, data).status_code

    assert found == {
        "anonymous": 302, "no_role": 403, "regulator": 403, "city_regulator": 403, "officer": 403, "mediator": 403,
        "clerk": 403, "auditor": 403, "account_manager": 403, "superuser": 200, "approver": 403,
        "platform_partner": 403, "court_liaison": 403, "pledge_clerk": 403,
    }  # fmt: skip


# ---- every record of an agency: own, of a sub-agency and of another one

# what belongs to no agency; whatever else a path names has rows of its own for each
OF_NO_AGENCY = {
    *VOCABULARY_FACTORIES, "checklist_item", "pledge_type", "clockrule", "ground", "signalrule", "user_type",
    "for_agency", "for_region", "for_user", "register", "sealed_register",
}  # fmt: skip
WHOSE = re.compile(r"{(my_|sub_|other_|)(\w+)}")
PERSONAL = {"saved", "bulk"}  # one's own, and those of others in the own, the sub- and the other agency


def whose_rows():
    """{(method, path without whose): (names of records, whose each row is)}; more than one in a row is a mix."""
    found = {}
    for method, path, _statuses in (*ROWS, *ADMIN_ROWS):
        named = [(whose, name) for whose, name in WHOSE.findall(path) if name not in OF_NO_AGENCY]
        if named:
            names, rows = found.setdefault((method, WHOSE.sub(r"{\2}", path)), ({name for _whose, name in named}, set()))
            rows.add(frozenset(whose for whose, _name in named))
    return found


def test_every_record_of_an_agency_has_rows_of_its_own_of_a_sub_and_of_another_agency():
    missing = {}
    for key, (names, rows) in whose_rows().items():
        wanted = {"", "sub_", "other_"} | ({"my_"} if names <= PERSONAL else set())
        if "prepared" in names:
            wanted = {"my_"}  # in its other states it is {bulk}
        if lacking := {whose for whose in wanted if frozenset([whose]) not in rows}:
            missing[key] = lacking

    assert missing == {}


# ---- agencies above: the station does not see the cases of its district

# the role in the station that goes there, the method, the path of a record, and what is got of one of the station
STATION = """
officer          GET   /cases/{case}/                                                   200
officer          GET   /cases/{case}/next/?sort=-received                               302
officer          GET   /cases/{case}/act/accept/                                        200
officer          GET   /cases/{case}/copy-out/                                          200
officer          POST  /cases/{case}/parties/{party}/reveal/                            200
officer          GET   /cases/{case}/attachments/add/                                   200
officer          GET   /cases/{case}/attachments/{attachment}/file/                     200
officer          GET   /cases/{case}/attachments/{attachment}/withdraw/                 200
officer          GET   /cases/{case}/documents/complaint_register/internal/issue/       200
officer          GET   /cases/{case}/documents/{document}/file/                         200
officer          GET   /cases/{case}/documents/{document}/deliver/                      200
officer          GET   /cases/{case}/documents/{document}/void/                         200
approver         GET   /cases/{case}/act/assign/                                        200
regulator        GET   /cases/{case}/act/supervise/                                     200
regulator        GET   /cases/{case}/signals/                                           200
regulator        POST  /cases/{case}/signals/                                           200
clerk            GET   /admin/cases/case/{case_pk}/change/                              200
clerk            GET   /imports/{run}/                                                  200
clerk            GET   /imports/{run}/rejects.csv                                       200
auditor          GET   /audit/cases/{case}/                                             200
auditor          GET   /audit/cases/{case}/export/?format=csv                           200
auditor          GET   /audit/users/{user}/                                             200
account_manager  GET   /admin/accounts/user/{user}/change/                              200
"""
STATION_ROWS = [(*words[:3], int(words[3])) for words in map(str.split, STATION.strip().splitlines())]


@pytest.mark.parametrize("role", sorted({role for role, *_rest in STATION_ROWS}))
def test_records_of_the_agency_above(role, world):
    client = client_of(UserFactory(agency=world.below, roles=[role]))
    rows = [row[1:] for row in STATION_ROWS if row[0] == role]
    found = {}

    for method, path, _status in rows:
        paths = [WHOSE.sub(rf"{{{whose}\2}}", path) for whose in ("", "sub_", "other_")]
        found[method, path] = [send(client, method, named, world.records, DATA).status_code for named in paths]

    assert found == {(method, path): [404, status, 404] for method, path, status in rows}


EXPORTS_OF_CASES = ("/cases/export/", "/cases/recoveries/export/")


def sheet_text(response, form) -> str:
    content = b"".join(response.streaming_content)
    if form == "csv":
        return content.decode("utf-8-sig")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "".join(archive.read(name).decode() for name in archive.namelist() if name.endswith(".xml"))


@pytest.mark.parametrize("path", EXPORTS_OF_CASES)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_exports_have_the_rows_of_the_agency_and_of_those_below(form, path, agencies):
    places = {"own": agencies.here, "sub": agencies.below, "other": agencies.there}
    cases = {whose: CaseFactory(handling=agency) for whose, agency in places.items()}
    for case in cases.values():
        RecoveryFactory(case=case)
    found = {}
    for name, agency in (("district", agencies.here), ("station", agencies.below), ("city", agencies.city)):
        client = client_of(UserFactory(agency=agency, roles=["officer"]))
        text = sheet_text(client.get(path, {"format": form}), form)
        found[name] = {whose for whose, case in cases.items() if case.number in text}

    assert found == {"district": {"own", "sub"}, "station": {"sub"}, "city": {"own", "sub", "other"}}
