"""Every URL x every role x own and other agency, with the status that each is to get.

The table is written by hand, one row per URL and kind of record, and a URL that is missing from it fails the suite.
In a path, {x} is a record of the user's own agency (a district) and {other_x} one of the district beside it. Where
the answer is no, nothing may have changed; what a POST does where the answer is yes is tested with its own page.
"""

import io
import zipfile
from types import SimpleNamespace

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test import Client
from django.urls import URLResolver, get_resolver, resolve
from django.views.generic import RedirectView

from accounts.models import User
from accounts.roles import ROLES
from accounts.views import admin_login
from cases.domain import WORKFLOWS
from cases.models import Ground, SignalRule
from cases.official_forms import ALLOWED, is_personal, is_sealed
from registry.models import Merchant
from tests.factories import (
    AgencyFactory,
    AttachmentFactory,
    BulkActFactory,
    CalendarNoticeFactory,
    CaseFactory,
    CategoryFactory,
    ChannelFactory,
    ClockFactory,
    DocumentFactory,
    DocumentTemplateFactory,
    ImportRunFactory,
    IndustryFactory,
    LetterheadFactory,
    MerchantFactory,
    PartyFactory,
    PlatformFactory,
    ProblemFactory,
    RecoveryFactory,
    RegionFactory,
    SavedFilterFactory,
    UserFactory,
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
    "account_manager", "superuser", "approver",
)  # fmt: skip

# anonymous: nobody is signed in. no_role: an account without a role. city_regulator: of the city bureau, as the role
# demands; the superuser has no agency; all others are of the district.
PORTAL = """
#                                                       anon none regu city offi medi cler audi acco supe appr
GET  /                                                  302  200  200  200  200  200  200  200  200  200  200
GET  /insights/definitions/                             302  403  200  200  200  200  200  403  403  200  200
GET  /insights/uncounted/                               302  403  200  200  200  200  200  403  403  200  200
GET  /cases/                                            302  403  200  200  200  200  200  403  403  200  200
GET  /cases/export/?format=csv                          302  403  200  200  200  403  403  403  403  200  200
GET  /cases/export/?format=xlsx                         302  403  200  200  200  403  403  403  403  200  200
POST /cases/export/personal/                            302  403  403  403  403  403  403  403  403  404  403
GET  /cases/new/                                        302  403  403  403  200  403  403  403  403  403  403
POST /cases/new/                                        302  403  403  403  422  403  403  403  403  403  403
POST /cases/new/similar/                                302  403  403  403  200  403  403  403  403  200  403
GET  /cases/merchants/?q=清泉                           302  403  403  403  200  403  403  403  403  200  403
GET  /cases/queue/                                      302  403  403  403  200  403  403  403  403  200  200
GET  /cases/recoveries/                                 302  403  200  200  200  200  200  403  403  200  200
GET  /cases/recoveries/export/?format=csv               302  403  200  200  200  403  403  403  403  200  200
GET  /cases/recoveries/export/?format=xlsx              302  403  200  200  200  403  403  403  403  200  200
GET  /cases/{case}/                                     302  403  200  200  200  200  200  403  403  200  200
GET  /cases/{other_case}/                               302  403  404  200  404  404  404  403  403  200  404
GET  /cases/{case}/copy-out/                            302  403  403  403  200  403  403  403  403  200  403
GET  /cases/{other_case}/copy-out/                      302  403  403  403  404  403  403  403  403  200  403
POST /cases/{case}/copy-out/                            302  403  403  403  200  403  403  403  403  200  403
POST /cases/{other_case}/copy-out/                      302  403  403  403  404  403  403  403  403  200  403
GET  /cases/{case}/next/?sort=-received                 302  403  302  302  302  302  302  403  403  302  302
GET  /cases/{other_case}/next/?sort=-received           302  403  404  302  404  404  404  403  403  302  404
GET  /cases/{case}/previous/?sort=-received             302  403  302  302  302  302  302  403  403  302  302
GET  /cases/{case}/act/accept/                          302  403  403  403  200  403  403  403  403  200  403
GET  /cases/{other_case}/act/accept/                    302  403  404  403  404  404  404  403  403  200  404
POST /cases/{other_case}/act/accept/                    302  403  404  403  404  404  404  403  403  302  404
GET  /cases/{case}/act/assign/                          302  403  403  403  403  403  403  403  403  200  200
GET  /cases/{case}/act/supervise/                       302  403  200  200  403  403  403  403  403  200  200
GET  /cases/{case}/act/nonsense/                        302  403  404  404  404  404  404  403  403  404  404
GET  /cases/bulk/                                       302  403  200  200  200  200  200  403  403  200  200
POST /cases/bulk/start/                                 302  403  404  404  404  404  404  403  403  404  404
GET  /cases/bulk/{bulk}/                                302  403  404  404  404  404  404  403  403  404  404
GET  /cases/bulk/{bulk}/confirm/                        302  403  404  404  404  404  404  403  403  404  404
POST /cases/bulk/{bulk}/confirm/                        302  403  404  404  404  404  404  403  403  404  404
GET  /cases/bulk/{bulk}/export/?format=csv              302  403  404  404  404  403  403  403  403  404  404
GET  /cases/bulk/{bulk}/export/?format=xlsx             302  403  404  404  404  403  403  403  403  404  404
POST /cases/bulk/{bulk}/cancel/                         302  403  404  404  404  404  404  403  403  404  404
POST /cases/bulk/{bulk}/again/                          302  403  404  404  404  404  404  403  403  404  404
POST /cases/{case}/parties/{party}/reveal/              302  403  403  403  200  200  403  403  403  200  403
POST /cases/{case}/parties/{reporter}/reveal/           302  403  403  403  200  403  403  403  403  200  403
POST /cases/{other_case}/parties/{other_party}/reveal/  302  403  404  403  404  404  404  403  403  200  404
POST /cases/{case}/parties/{other_party}/reveal/        302  403  404  404  404  404  404  403  403  404  404
GET  /imports/                                          302  403  200  200  403  403  200  200  403  200  403
GET  /imports/{run}/                                    302  403  200  200  403  403  200  200  403  200  403
GET  /imports/{other_run}/                              302  403  404  200  403  403  404  404  403  200  403
GET  /imports/{run}/rejects.csv                         302  403  403  403  403  403  200  403  403  200  403
GET  /imports/{other_run}/rejects.csv                   302  403  403  403  403  403  404  403  403  200  403
GET  /audit/                                            302  403  403  403  403  403  403  200  403  200  403
GET  /audit/cases/{case}/                               302  403  403  403  403  403  403  200  403  200  403
GET  /audit/cases/{other_case}/                         302  403  403  403  403  403  403  404  403  200  403
GET  /audit/cases/{case}/export/?format=csv             302  403  403  403  403  403  403  200  403  200  403
GET  /audit/cases/{case}/export/?format=xlsx            302  403  403  403  403  403  403  200  403  200  403
GET  /audit/cases/{other_case}/export/?format=csv       302  403  403  403  403  403  403  404  403  200  403
GET  /audit/cases/{other_case}/export/?format=xlsx      302  403  403  403  403  403  403  404  403  200  403
POST /audit/persons/                                    302  403  403  403  403  403  403  200  403  200  403
GET  /audit/persons/0123456789abcdef/                   302  403  403  403  403  403  403  404  403  404  403
GET  /audit/persons/0123456789abcdef/export/?format=csv 302  403  403  403  403  403  403  404  403  404  403
GET  /audit/persons/0123456789abcdef/export/?format=xlsx 302  403  403  403  403  403  403  404  403  404  403
GET  /audit/users/{user}/                               302  403  403  403  403  403  403  200  403  200  403
GET  /audit/users/{other_user}/                         302  403  403  403  403  403  403  404  403  200  403
GET  /audit/users/{user}/export/?format=csv             302  403  403  403  403  403  403  200  403  200  403
GET  /audit/users/{user}/export/?format=xlsx            302  403  403  403  403  403  403  200  403  200  403
GET  /audit/users/{other_user}/export/?format=csv       302  403  403  403  403  403  403  404  403  200  403
GET  /audit/users/{other_user}/export/?format=xlsx      302  403  403  403  403  403  403  404  403  200  403
POST /accounts/login/                                   200  302  302  302  302  302  302  302  302  302  302
GET  /accounts/login/                                   200  302  302  302  302  302  302  302  302  302  302
POST /accounts/logout/                                  302  302  302  302  302  302  302  302  302  302  302
POST /accounts/password/                                302  200  200  200  200  200  200  200  200  200  200
GET  /accounts/password/                                302  200  200  200  200  200  200  200  200  200  200
GET  /accounts/sign-ins/                                302  403  403  403  403  403  403  200  200  200  403
GET  /accounts/access-log/                              302  403  403  403  403  403  403  200  403  200  403
POST /i18n/setlang/                                     302  302  302  302  302  302  302  302  302  302  302
GET  /cases/saved/                                      302  403  200  200  200  200  200  403  403  200  200
POST /cases/saved/cases/save/                           302  403  302  302  302  302  302  403  403  302  302
POST /cases/saved/nothing/save/                         302  403  404  404  404  404  404  403  403  404  404
POST /cases/saved/{other_saved}/rename/                 302  403  404  404  404  404  404  403  403  404  404
POST /cases/saved/{other_saved}/share/                  302  403  404  404  404  404  404  403  403  404  404
POST /cases/saved/{other_saved}/delete/                 302  403  404  404  404  404  404  403  403  404  404
GET  /cases/columns/cases/                              302  403  200  200  200  200  200  403  403  200  200
POST /cases/columns/cases/                              302  403  302  302  302  302  302  403  403  302  302
GET  /cases/columns/nothing/                            302  403  404  404  404  404  404  403  403  404  404
GET  /cases/{case}/signals/                             302  403  200  200  403  403  403  403  403  200  200
POST /cases/{case}/signals/                             302  403  200  200  403  403  403  403  403  200  200
GET  /cases/{other_case}/signals/                       302  403  404  200  403  403  403  403  403  200  404
POST /cases/{other_case}/signals/                       302  403  404  200  403  403  403  403  403  200  404
GET  /cases/{case}/repeats/                             302  403  200  200  200  200  200  403  403  200  200
GET  /cases/{other_case}/repeats/                       302  403  404  200  404  404  404  403  403  200  404
"""

# Whoever is no staff is sent from the admin to its login page, which turns him away with 403.
ADMIN = """
#                                                       anon none regu city offi medi cler audi acco supe appr
GET  /admin/                                            302  302  302  302  302  302  200  302  200  200  302
GET  /admin/login/                                      302  403  403  403  403  403  302  403  302  302  403
POST /admin/login/                                      302  403  403  403  403  403  302  403  302  302  403
POST /admin/logout/                                     302  302  302  302  302  302  302  302  302  302  302
GET  /admin/password_change/                            302  302  302  302  302  302  302  302  302  302  302
GET  /admin/password_change/done/                       302  302  302  302  302  302  302  302  302  302  302
GET  /admin/jsi18n/                                     302  302  302  302  302  302  200  302  200  200  302
GET  /admin/autocomplete/?{for_agency}                  302  302  302  302  302  302  200  302  200  200  302
GET  /admin/autocomplete/?{for_region}                  302  302  302  302  302  302  200  302  403  200  302
GET  /admin/r/{user_type}/{user}/                       302  302  302  302  302  302  404  302  404  404  302
GET  /admin/cases/                                      302  302  302  302  302  302  200  302  404  200  302
GET  /admin/accounts/                                   302  302  302  302  302  302  404  302  200  200  302
GET  /admin/registry/                                   302  302  302  302  302  302  200  302  200  200  302
GET  /admin/nowhere/                                    302  302  302  302  302  302  404  302  404  404  302
"""

# what a data clerk keeps
VOCABULARIES = """
#                                                       anon none regu city offi medi cler audi acco supe appr
GET  /admin/registry/calendarnotice/                    302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/calendarnotice/add/                302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/calendarnotice/{notice}/change/    302  302  302  302  302  302  200  302  403  200  302
POST /admin/registry/calendarnotice/{notice}/delete/    302  302  302  302  302  302  403  302  403  403  302
GET  /admin/registry/calendarnotice/{notice}/history/   302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/calendarnotice/{notice}/           302  302  302  302  302  302  302  302  302  302  302
GET  /admin/registry/category/                          302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/category/add/                      302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/category/{category}/change/        302  302  302  302  302  302  200  302  403  200  302
POST /admin/registry/category/{category}/delete/        302  302  302  302  302  302  403  302  403  403  302
GET  /admin/registry/category/{category}/history/       302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/category/{category}/               302  302  302  302  302  302  302  302  302  302  302
GET  /admin/registry/channel/                           302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/channel/add/                       302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/channel/{channel}/change/          302  302  302  302  302  302  200  302  403  200  302
POST /admin/registry/channel/{channel}/delete/          302  302  302  302  302  302  403  302  403  403  302
GET  /admin/registry/channel/{channel}/history/         302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/channel/{channel}/                 302  302  302  302  302  302  302  302  302  302  302
GET  /admin/registry/industry/                          302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/industry/add/                      302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/industry/{industry}/change/        302  302  302  302  302  302  200  302  403  200  302
POST /admin/registry/industry/{industry}/delete/        302  302  302  302  302  302  403  302  403  403  302
GET  /admin/registry/industry/{industry}/history/       302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/industry/{industry}/               302  302  302  302  302  302  302  302  302  302  302
GET  /admin/registry/merchant/                          302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/merchant/add/                      302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/merchant/{merchant}/change/        302  302  302  302  302  302  200  302  403  200  302
POST /admin/registry/merchant/{merchant}/delete/        302  302  302  302  302  302  403  302  403  403  302
GET  /admin/registry/merchant/{merchant}/history/       302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/merchant/{merchant}/               302  302  302  302  302  302  302  302  302  302  302
GET  /admin/registry/platform/                          302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/platform/add/                      302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/platform/{platform}/change/        302  302  302  302  302  302  200  302  403  200  302
POST /admin/registry/platform/{platform}/delete/        302  302  302  302  302  302  403  302  403  403  302
GET  /admin/registry/platform/{platform}/history/       302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/platform/{platform}/               302  302  302  302  302  302  302  302  302  302  302
GET  /admin/registry/problem/                           302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/problem/add/                       302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/problem/{problem}/change/          302  302  302  302  302  302  200  302  403  200  302
POST /admin/registry/problem/{problem}/delete/          302  302  302  302  302  302  403  302  403  403  302
GET  /admin/registry/problem/{problem}/history/         302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/problem/{problem}/                 302  302  302  302  302  302  302  302  302  302  302
GET  /admin/registry/region/                            302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/region/add/                        302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/region/{region}/change/            302  302  302  302  302  302  200  302  403  200  302
POST /admin/registry/region/{region}/delete/            302  302  302  302  302  302  403  302  403  403  302
GET  /admin/registry/region/{region}/history/           302  302  302  302  302  302  200  302  403  200  302
GET  /admin/registry/region/{region}/                   302  302  302  302  302  302  302  302  302  302  302
"""

# agencies and accounts decide who sees what
ACCOUNTS = """
#                                                       anon none regu city offi medi cler audi acco supe appr
GET  /admin/registry/agency/                            302  302  302  302  302  302  200  302  200  200  302
GET  /admin/registry/agency/add/                        302  302  302  302  302  302  403  302  403  200  302
GET  /admin/registry/agency/{agency}/change/            302  302  302  302  302  302  200  302  200  200  302
POST /admin/registry/agency/{agency}/change/            302  302  302  302  302  302  403  302  403  200  302
POST /admin/registry/agency/{agency}/delete/            302  302  302  302  302  302  403  302  403  403  302
GET  /admin/registry/agency/{agency}/history/           302  302  302  302  302  302  200  302  200  200  302
GET  /admin/registry/agency/{agency}/                   302  302  302  302  302  302  302  302  302  302  302
GET  /admin/accounts/user/                              302  302  302  302  302  302  403  302  200  200  302
GET  /admin/accounts/user/add/                          302  302  302  302  302  302  403  302  200  200  302
POST /admin/accounts/user/add/                          302  302  302  302  302  302  403  302  200  200  302
GET  /admin/accounts/user/agencies/?{for_user}          302  302  302  302  302  302  200  302  200  200  302
GET  /admin/accounts/user/{user}/change/                302  302  302  302  302  302  403  302  200  200  302
POST /admin/accounts/user/{user}/change/                302  302  302  302  302  302  403  302  200  302  302
GET  /admin/accounts/user/{other_user}/change/          302  302  302  302  302  302  403  302  404  200  302
POST /admin/accounts/user/{other_user}/change/          302  302  302  302  302  302  403  302  404  302  302
GET  /admin/accounts/user/{user}/password/                 302  302  302  302  302  302  403  302  200  200  302
GET  /admin/accounts/user/{other_user}/password/           302  302  302  302  302  302  403  302  404  200  302
POST /admin/accounts/user/{user}/password/              302  302  302  302  302  302  403  302  200  200  302
POST /admin/accounts/user/{other_user}/password/        302  302  302  302  302  302  403  302  404  200  302
GET  /admin/accounts/user/{user}/active/                   302  302  302  302  302  302  403  302  200  200  302
GET  /admin/accounts/user/{other_user}/active/             302  302  302  302  302  302  403  302  404  200  302
POST /admin/accounts/user/{user}/active/                302  302  302  302  302  302  403  302  302  302  302
POST /admin/accounts/user/{other_user}/active/          302  302  302  302  302  302  403  302  404  302  302
GET  /admin/accounts/user/{user}/unlock/                   302  302  302  302  302  302  403  302  200  200  302
GET  /admin/accounts/user/{other_user}/unlock/             302  302  302  302  302  302  403  302  404  200  302
POST /admin/accounts/user/{user}/unlock/                302  302  302  302  302  302  403  302  302  302  302
POST /admin/accounts/user/{other_user}/unlock/          302  302  302  302  302  302  403  302  404  302  302
POST /admin/accounts/user/{user}/delete/                302  302  302  302  302  302  403  302  403  403  302
POST /admin/accounts/user/{other_user}/delete/          302  302  302  302  302  302  403  302  403  403  302
GET  /admin/accounts/user/{user}/history/               302  302  302  302  302  302  404  302  200  200  302
GET  /admin/accounts/user/{other_user}/history/         302  302  302  302  302  302  404  302  404  200  302
GET  /admin/accounts/user/{user}/                       302  302  302  302  302  302  302  302  302  302  302
"""

# cases and runs are looked at; rules of terms belong to the setting-up
CASES = """
#                                                       anon none regu city offi medi cler audi acco supe appr
GET  /admin/cases/case/                                 302  302  302  302  302  302  200  302  403  200  302
GET  /admin/cases/case/add/                             302  302  302  302  302  302  403  302  403  403  302
GET  /admin/cases/case/{case_pk}/change/                302  302  302  302  302  302  200  302  403  200  302
POST /admin/cases/case/{case_pk}/change/                302  302  302  302  302  302  403  302  403  403  302
GET  /admin/cases/case/{other_case_pk}/change/          302  302  302  302  302  302  404  302  403  200  302
POST /admin/cases/case/{case_pk}/delete/                302  302  302  302  302  302  403  302  403  403  302
GET  /admin/cases/case/{case_pk}/history/               302  302  302  302  302  302  200  302  404  200  302
GET  /admin/cases/case/{other_case_pk}/history/         302  302  302  302  302  302  404  302  404  200  302
GET  /admin/cases/case/{case_pk}/                       302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/importrun/                            302  302  302  302  302  302  200  302  403  200  302
GET  /admin/cases/importrun/add/                        302  302  302  302  302  302  403  302  403  403  302
GET  /admin/cases/importrun/{run}/change/               302  302  302  302  302  302  200  302  403  200  302
POST /admin/cases/importrun/{run}/change/               302  302  302  302  302  302  403  302  403  403  302
GET  /admin/cases/importrun/{other_run}/change/         302  302  302  302  302  302  404  302  403  200  302
POST /admin/cases/importrun/{run}/delete/               302  302  302  302  302  302  403  302  403  403  302
GET  /admin/cases/importrun/{run}/history/              302  302  302  302  302  302  200  302  404  200  302
GET  /admin/cases/importrun/{other_run}/history/        302  302  302  302  302  302  404  302  404  200  302
GET  /admin/cases/importrun/{run}/                      302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/recovery/                             302  302  302  302  302  302  200  302  403  200  302
GET  /admin/cases/recovery/add/                         302  302  302  302  302  302  403  302  403  403  302
GET  /admin/cases/recovery/{recovery}/change/           302  302  302  302  302  302  200  302  403  200  302
POST /admin/cases/recovery/{recovery}/change/           302  302  302  302  302  302  403  302  403  403  302
POST /admin/cases/recovery/{recovery}/delete/           302  302  302  302  302  302  403  302  403  403  302
GET  /admin/cases/recovery/{recovery}/history/          302  302  302  302  302  302  200  302  404  200  302
GET  /admin/cases/recovery/{recovery}/                  302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/clock/                                302  302  302  302  302  302  200  302  403  200  302
GET  /admin/cases/clock/add/                            302  302  302  302  302  302  403  302  403  403  302
GET  /admin/cases/clock/{clock}/change/                 302  302  302  302  302  302  200  302  403  200  302
POST /admin/cases/clock/{clock}/change/                 302  302  302  302  302  302  403  302  403  403  302
POST /admin/cases/clock/{clock}/delete/                 302  302  302  302  302  302  403  302  403  403  302
GET  /admin/cases/clock/{clock}/history/                302  302  302  302  302  302  200  302  404  200  302
GET  /admin/cases/clock/{clock}/                        302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/clockrule/                            302  302  302  302  302  302  403  302  403  200  302
GET  /admin/cases/clockrule/add/                        302  302  302  302  302  302  403  302  403  200  302
GET  /admin/cases/clockrule/{clockrule}/change/         302  302  302  302  302  302  403  302  403  200  302
POST /admin/cases/clockrule/{clockrule}/change/         302  302  302  302  302  302  403  302  403  200  302
POST /admin/cases/clockrule/{clockrule}/delete/         302  302  302  302  302  302  403  302  403  403  302
GET  /admin/cases/clockrule/{clockrule}/history/        302  302  302  302  302  302  403  302  403  200  302
GET  /admin/cases/clockrule/{clockrule}/                302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/ground/                               302  302  302  302  302  302  403  302  403  200  302
GET  /admin/cases/ground/add/                           302  302  302  302  302  302  403  302  403  200  302
GET  /admin/cases/ground/{ground}/change/               302  302  302  302  302  302  403  302  403  200  302
POST /admin/cases/ground/{ground}/change/               302  302  302  302  302  302  403  302  403  200  302
POST /admin/cases/ground/{ground}/delete/               302  302  302  302  302  302  403  302  403  403  302
GET  /admin/cases/ground/{ground}/history/              302  302  302  302  302  302  403  302  403  200  302
GET  /admin/cases/ground/{ground}/                      302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/signalrule/                           302  302  302  302  302  302  403  302  403  200  302
GET  /admin/cases/signalrule/add/                       302  302  302  302  302  302  403  302  403  200  302
GET  /admin/cases/signalrule/{signalrule}/change/       302  302  302  302  302  302  403  302  403  200  302
POST /admin/cases/signalrule/{signalrule}/change/       302  302  302  302  302  302  403  302  403  200  302
POST /admin/cases/signalrule/{signalrule}/delete/       302  302  302  302  302  302  403  302  403  403  302
GET  /admin/cases/signalrule/{signalrule}/history/      302  302  302  302  302  302  403  302  403  200  302
GET  /admin/cases/signalrule/{signalrule}/              302  302  302  302  302  302  302  302  302  302  302
"""

# files and official documents of cases. {case} has a reporter, so its files are sealed; {plain_case} has none
PAPERS = """
#                                                                  anon none regu city offi medi cler audi acco supe appr
GET  /cases/{case}/attachments/add/                                302  403  403  403  200  200  403  403  403  200  403
POST /cases/{case}/attachments/add/                                302  403  403  403  200  200  403  403  403  200  403
GET  /cases/{other_case}/attachments/add/                          302  403  403  403  404  404  403  403  403  200  403
POST /cases/{other_case}/attachments/add/                          302  403  403  403  404  404  403  403  403  200  403
GET  /cases/{plain_case}/attachments/{plain_attachment}/file/      302  403  200  200  200  200  200  403  403  200  200
GET  /cases/{case}/attachments/{attachment}/file/                  302  403  403  403  200  403  403  403  403  403  403
GET  /cases/{other_case}/attachments/{other_attachment}/file/      302  403  404  403  404  404  404  403  403  403  404
GET  /cases/{case}/attachments/{other_attachment}/file/            302  403  404  404  404  404  404  403  403  404  404
GET  /cases/{case}/attachments/{attachment}/withdraw/              302  403  403  403  200  200  403  403  403  200  403
POST /cases/{case}/attachments/{attachment}/withdraw/              302  403  403  403  302  302  403  403  403  302  403
POST /cases/{other_case}/attachments/{other_attachment}/withdraw/  302  403  403  403  404  404  403  403  403  302  403
GET  /cases/{case}/documents/{register}/issue/                     302  403  403  403  200  200  403  403  403  200  403
POST /cases/{case}/documents/{register}/issue/                     302  403  403  403  302  302  403  403  403  302  403
POST /cases/{other_case}/documents/{register}/issue/               302  403  403  403  404  404  403  403  403  302  403
POST /cases/{report_case}/documents/{sealed_register}/issue/       302  403  403  403  302  403  403  403  403  403  403
GET  /cases/{case}/documents/{document}/file/                      302  403  403  403  200  200  403  403  403  200  403
GET  /cases/{other_case}/documents/{other_document}/file/          302  403  404  403  404  404  404  403  403  200  404
GET  /cases/{case}/documents/{other_document}/file/                302  403  404  404  404  404  404  403  403  404  404
GET  /cases/{case}/documents/{document}/deliver/                   302  403  403  403  200  200  403  403  403  200  403
POST /cases/{other_case}/documents/{other_document}/deliver/       302  403  403  403  404  404  403  403  403  200  403
GET  /cases/{case}/documents/{document}/void/                      302  403  403  403  200  200  403  403  403  200  403
POST /cases/{case}/documents/{document}/void/                      302  403  403  403  302  302  403  403  403  302  403
POST /cases/{other_case}/documents/{other_document}/void/          302  403  403  403  404  404  403  403  403  302  403
"""

# how documents look belongs to the setting-up
LETTERS = """
#                                                       anon none regu city offi medi cler audi acco supe appr
GET  /admin/cases/letterhead/                           302  302  302  302  302  302  200  302  403  200  302
GET  /admin/cases/letterhead/add/                       302  302  302  302  302  302  200  302  403  200  302
GET  /admin/cases/letterhead/{letterhead}/change/       302  302  302  302  302  302  200  302  403  200  302
POST /admin/cases/letterhead/{letterhead}/delete/       302  302  302  302  302  302  403  302  403  403  302
GET  /admin/cases/letterhead/{letterhead}/history/      302  302  302  302  302  302  200  302  403  200  302
GET  /admin/cases/letterhead/{letterhead}/              302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/documenttemplate/                     302  302  302  302  302  302  200  302  403  200  302
GET  /admin/cases/documenttemplate/add/                 302  302  302  302  302  302  200  302  403  200  302
GET  /admin/cases/documenttemplate/{template}/change/   302  302  302  302  302  302  200  302  403  200  302
POST /admin/cases/documenttemplate/{template}/delete/   302  302  302  302  302  302  403  302  403  403  302
GET  /admin/cases/documenttemplate/{template}/history/  302  302  302  302  302  302  200  302  403  200  302
GET  /admin/cases/documenttemplate/{template}/          302  302  302  302  302  302  302  302  302  302  302
GET  /admin/cases/documenttemplate/{template}/file/     302  302  302  302  302  302  200  302  403  200  302
GET  /admin/cases/documenttemplate/built-in/refusal/    302  302  302  302  302  302  200  302  403  200  302
"""


def read(*tables):
    """(method, path, {column: status}) of every line."""
    for table in tables:
        for line in table.splitlines():
            if line.strip() and not line.startswith("#"):
                method, path, *statuses = line.split()
                yield method, path, dict(zip(COLUMNS, map(int, statuses), strict=True))


ROWS = list(read(PORTAL, PAPERS, ADMIN, VOCABULARIES, ACCOUNTS, CASES, LETTERS))
each_row = pytest.mark.parametrize(
    ("method", "path", "expected"), ROWS, ids=[f"{method} {path}" for method, path, _expected in ROWS]
)


@pytest.fixture
def world():
    """The records that paths name, in the user's district and in the one beside it."""
    city = AgencyFactory()
    here, there = AgencyFactory(parent=city), AgencyFactory(parent=city)
    records = {
        "agency": here.pk,
        "user_type": ContentType.objects.get_for_model(User).pk,
        "for_agency": "app_label=registry&model_name=platform&field_name=agency",
        "for_region": "app_label=registry&model_name=merchant&field_name=region",
        "for_user": "app_label=accounts&model_name=user&field_name=agency",
    }
    for prefix, agency in (("", here), ("other_", there)):
        case, user = CaseFactory(handling=agency), UserFactory(agency=agency, roles=["officer"])
        records |= {
            f"{prefix}case": case.number,
            f"{prefix}case_pk": case.pk,
            f"{prefix}party": PartyFactory(case=case).pk,
            f"{prefix}reporter": PartyFactory(case=case, reporter=True).pk,
            f"{prefix}run": ImportRunFactory(agency=agency).pk,
            f"{prefix}user": user.pk,
            f"{prefix}saved": SavedFilterFactory(owner=user, shared=True).pk,
            f"{prefix}attachment": AttachmentFactory(case=case).pk,
            f"{prefix}document": DocumentFactory(case=case).pk,
        }
        if agency == here:
            clock, recovery = ClockFactory(case=case), RecoveryFactory(case=case, actor=user)
            records["bulk"] = BulkActFactory(actor=user, cases=[case]).pk  # nobody's but his own
            records |= {"clock": clock.pk, "clockrule": clock.rule_id, "recovery": recovery.pk}
    records["ground"] = Ground.objects.first().pk
    records["signalrule"] = SignalRule.objects.first().pk
    plain, report = CaseFactory(handling=here), CaseFactory(handling=here, report=True)
    records |= {
        "plain_case": plain.number,
        "plain_attachment": AttachmentFactory(case=plain).pk,
        "report_case": report.number,
    }
    records |= {
        "register": "complaint_register/internal",
        "sealed_register": "report_register/internal",
        "letterhead": LetterheadFactory().pk,
        "template": DocumentTemplateFactory().pk,
    }
    records |= {name: factory().pk for name, factory in VOCABULARY_FACTORIES.items()}
    return SimpleNamespace(city=city, here=here, there=there, records=records)


def client_of(column, world, **kwargs):
    client = Client(raise_request_exception=False)
    if column == "superuser":
        client.force_login(UserFactory(superuser=True, **kwargs))
    elif column == "no_role":
        client.force_login(UserFactory(agency=world.here, **kwargs))
    elif column != "anonymous":
        agency = world.city if column == "city_regulator" else world.here
        client.force_login(UserFactory(agency=agency, roles=[column], **kwargs))
    return client


def send(client, method, path, world):
    data = {"reason": "回访当事人", "language": "en", "username": "", "post": "yes"} if method == "POST" else None
    response = getattr(client, method.lower())(path.format(**world.records), data)
    if response.streaming:
        b"".join(response.streaming_content)
    return response.status_code


def writes() -> int:
    """Rows that this transaction has inserted, updated or deleted so far, sessions apart."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables"
            " WHERE relname <> 'django_session'"
        )
        return cursor.fetchone()[0]


@each_row
def test_status(method, path, expected, world):
    found, changed = {}, []
    for column in COLUMNS:
        with transaction.atomic():
            client = client_of(column, world)
            before = writes()
            found[column] = send(client, method, path, world)
            refused = found[column] in (403, 404) or (column == "anonymous" and found[column] != 200)
            if refused and writes() != before:
                changed.append(column)
            transaction.set_rollback(True)

    assert found == expected
    assert changed == []


# open with a temporary password too
BEFORE_PASSWORD_CHANGE = {"/accounts/logout/", "/accounts/password/", "/i18n/setlang/"}


@each_row
def test_with_a_temporary_password_every_page_leads_to_its_change(method, path, expected, world):
    client = client_of("superuser", world, temporary=True)
    before = writes()

    data = {"language": "en"} if method == "POST" else None
    response = getattr(client, method.lower())(path.format(**world.records), data)

    leads_there = (response.status_code, response.headers.get("Location")) == (302, "/accounts/password/")
    assert leads_there is (path not in BEFORE_PASSWORD_CHANGE)
    assert path == "/accounts/logout/" or writes() == before


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


# ---- acts: each verb of each kind x role x own and other agency

# Of each kind the status of the act's page on a case that is registered, for those who may: 302 leads back to a case to
# which the act does not apply now, and - is no act of the kind. Then the roles that may; the superuser may always.
ACTS = """
#                 complaint report inquiry
dispatch          200       200    200      officer approver
return_to_intake  200       200    200      officer
take              200       200    200      officer
assign            200       200    200      approver
supplement        200       200    200      officer
correct           200       200    200      officer
join              200       200    200      officer
check_identity    200       200    200      officer
urge              200       200    200      officer
supervise         200       200    200      regulator city_regulator approver
reply             302       302    302      officer
call_back         302       302    302      officer approver
enter_national    302       302    302      officer
reopen            302       302    302      approver
accept            200       -      -        officer
refuse            200       -      -        officer
mediate           302       -      -        officer
agree             302       -      -        officer
settle            302       -      -        officer
fail              302       -      -        officer
withdraw          200       -      -        officer
terminate         302       -      -        officer
represent         200       -      -        officer
inform            302       302    -        officer
close             302       302    302      officer
split             200       200    -        officer
pause             302       200    -        officer
resume            302       302    -        officer
change_regime     200       200    -        approver
verify            -         200    -        officer
file              -         302    -        officer
not_file          -         302    -        officer
decline           -         200    -        officer
merge             -         200    -        officer
ask_extension     -         302    -        officer
grant_extension   -         302    -        approver
deny_extension    -         302    -        approver
answer            -         -      200      officer
"""
KINDS = ("complaint", "report", "inquiry")
# who sees no case at all, with what he gets instead; who sees those of every agency
BLIND = {"anonymous": 302, "no_role": 403, "auditor": 403, "account_manager": 403}
SEE_ALL = {"city_regulator", "superuser"}
# has the permission, but belongs to no agency that could dispatch
LED_BACK = {("superuser", "dispatch")}


def read_acts():
    """(verb, {kind: status or None}, roles that may) of every line."""
    for line in ACTS.splitlines():
        if line.strip() and not line.startswith("#"):
            verb, *words = line.split()
            statuses = [None if word == "-" else int(word) for word in words[: len(KINDS)]]
            yield verb, dict(zip(KINDS, statuses, strict=True)), {*words[len(KINDS) :], "superuser"}


def expected_of(column, status, may, *, own):
    """`status` for who may; None is a page that nobody has."""
    if column in BLIND:
        return BLIND[column]
    if status is None or not (own or column in SEE_ALL):
        return 404
    return status if column in may else 403


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("kind", KINDS)
def test_acts(kind, column, world):
    own, other = (CaseFactory(kind=kind, handling=agency).number for agency in (world.here, world.there))
    client = client_of(column, world)
    found, expected = {}, {}
    before = writes()

    for verb, statuses, may in read_acts():
        for number in (own, other):
            path = f"/cases/{number}/act/{verb}/"
            status = expected_of(column, statuses[kind], may, own=number == own)
            expected["GET", path] = 302 if (column, verb) in LED_BACK else status
            found["GET", path] = client.get(path).status_code
            if status in (403, 404):
                expected["POST", path] = status
                found["POST", path] = client.post(path, {"note": "原因"}).status_code

    assert found == expected
    assert writes() == before


def test_every_verb_of_each_kind_is_in_the_table():
    acts = list(read_acts())

    assert len({verb for verb, _statuses, _may in acts}) == len(acts)
    for kind in KINDS:
        in_table = {verb for verb, statuses, _may in acts if statuses[kind]}
        assert in_table == {step.verb for step in WORKFLOWS[kind]}
    assert set(WORKFLOWS) == set(KINDS)


# ---- documents: each form and side x role x own and other agency

# The case on which the form can be issued; who issues it; who opens the copy that was issued. The superuser does too,
# but for a reporter's. "all" are all who see the case: this copy names nobody.
FORM_CASES = {
    "registered": {},
    "report": {"report": True},
    "accepted": {"accepted": True},
    "refused": {"refused": True},
    "failed": {"closed": True, "outcome": "failed"},
    "agreed": {"closed": True},
    "declined": {"report": True, "refused": True},
}
FORMS = """
# form/side                     case        issues            opens
complaint_register/internal     registered  officer,mediator  officer,mediator
report_register/internal        report      officer           officer
dispatch_notice/internal        report      officer,mediator  all
identity_notice/complainant     registered  officer,mediator  officer,mediator
acceptance/complainant          accepted    officer,mediator  officer,mediator
refusal/complainant             refused     officer,mediator  officer,mediator
mediation_notice/complainant    accepted    officer,mediator  officer,mediator
mediation_notice/respondent     accepted    officer,mediator  all
termination/complainant         failed      officer,mediator  officer,mediator
termination/respondent          failed      officer,mediator  all
agreement/both                  agreed      officer,mediator  officer,mediator
report_result/complainant       declined    officer           officer
"""
FORM_ROWS = [line.split() for line in FORMS.splitlines() if line.strip() and not line.startswith("#")]
SEE_CASES = {"regulator", "city_regulator", "officer", "mediator", "clerk", "approver", "superuser"}
ISSUERS = {"officer", "mediator", "superuser"}


def roles_of(names):
    """Of a column of the table above."""
    if names == "all":
        return SEE_CASES
    roles = set(names.split(","))
    return roles | {"superuser"} if "mediator" in roles else roles


@pytest.mark.parametrize(("key", "state", "issues", "opens"), FORM_ROWS, ids=[row[0] for row in FORM_ROWS])
def test_documents(key, state, issues, opens, world):
    form, side = key.split("/")
    found, expected = {}, {}
    for agency in (world.here, world.there):
        case = CaseFactory(handling=agency, **FORM_CASES[state])
        document = DocumentFactory(
            case=case, form=form, side=side, personal=is_personal(form, side), sealed=is_sealed(form, side)
        )
        for column in COLUMNS:
            with transaction.atomic():
                client = client_of(column, world)
                own, base = agency == world.here, f"/cases/{case.number}/documents"
                for path, may in ((f"{key}/issue", issues), (f"{document.pk}/file", opens)):
                    expected[own, column, path] = expected_of(column, 200, roles_of(may), own=own)
                    found[own, column, path] = client.get(f"{base}/{path}/").status_code
                for path in (f"{document.pk}/deliver", f"{document.pk}/void"):
                    expected[own, column, path] = expected_of(column, 200, ISSUERS, own=own)
                    found[own, column, path] = client.get(f"{base}/{path}/").status_code
                transaction.set_rollback(True)
    # what needs a permission is refused before the case is looked for
    for own, column, path in expected:
        issuing = column in SEE_CASES and not path.endswith("/file")
        if issuing and column not in (roles_of(issues) if path.endswith("issue") else ISSUERS):
            expected[own, column, path] = 403

    assert found == expected


def test_every_form_and_side_is_in_the_table():
    assert {tuple(key.split("/")) for key, *_rest in FORM_ROWS} == set(ALLOWED)
    assert len(FORM_ROWS) == len(ALLOWED)


# ---- the admin: writes of each model, searches and choices

# what the clerk, the account manager and the superuser get (everyone else is sent to the login): POST of the list, of a
# new row and of a change, without a single field; GET of the page that would delete. 302 leads on from a change where no
# field is needed
ADMIN_WRITES = """
#                                      list         add          change       delete
registry/calendarnotice {notice}       200/403/200  200/403/200  200/403/200  403/403/403
registry/category       {category}     200/403/200  200/403/200  200/403/200  403/403/403
registry/channel        {channel}      200/403/200  200/403/200  200/403/200  403/403/403
registry/industry       {industry}     200/403/200  200/403/200  200/403/200  403/403/403
registry/merchant       {merchant}     200/403/200  200/403/200  200/403/200  403/403/403
registry/platform       {platform}     200/403/200  200/403/200  200/403/200  403/403/403
registry/problem        {problem}      200/403/200  200/403/200  200/403/200  403/403/403
registry/region         {region}       200/403/200  200/403/200  200/403/200  403/403/403
registry/agency         {agency}       200/200/200  403/403/200  403/403/200  403/403/403
accounts/user           {user}         403/200/200  403/200/200  403/200/302  403/403/403
cases/case              {case_pk}      200/403/200  403/403/403  403/403/403  403/403/403
cases/importrun         {run}          200/403/200  403/403/403  403/403/403  403/403/403
cases/recovery          {recovery}     200/403/200  403/403/403  403/403/403  403/403/403
cases/clock             {clock}        200/403/200  403/403/403  403/403/403  403/403/403
cases/clockrule         {clockrule}    403/403/200  403/403/200  403/403/200  403/403/403
cases/ground            {ground}       403/403/200  403/403/200  403/403/200  403/403/403
cases/signalrule        {signalrule}   403/403/200  403/403/200  403/403/200  403/403/403
cases/letterhead        {letterhead}   200/403/200  200/403/200  200/403/200  403/403/403
cases/documenttemplate  {template}     200/403/200  200/403/200  302/403/302  403/403/403
"""
# the list with ?q=, of each model that can be searched, which is then also offered to other models' foreign keys
ADMIN_SEARCHES = """
registry.region          200/403/200
registry.agency          200/200/200
registry.platform        200/403/200
registry.channel         200/403/200
registry.category        200/403/200
registry.problem         200/403/200
registry.industry        200/403/200
registry.calendarnotice  200/403/200
registry.merchant        200/403/200
accounts.user            403/200/200
cases.case               200/403/200
cases.recovery           200/403/200
cases.clock              200/403/200
cases.clockrule          403/403/200
cases.ground             403/403/200
cases.signalrule         403/403/200
cases.importrun          200/403/200
cases.letterhead         200/403/200
"""
# who may look at the rows of the other model
ADMIN_CHOICES = """
registry.region.parent               200/403/200
registry.regionsuccession.successor  200/403/200
registry.agency.parent               200/200/200
registry.agency.region               200/403/200
registry.platform.operator           200/403/200
registry.platform.agency             200/200/200
registry.category.parent             200/403/200
registry.category.council            200/403/200
registry.problem.parent              200/403/200
registry.problem.council             200/403/200
registry.merchant.region             200/403/200
registry.merchant.industry           200/403/200
cases.letterhead.agency              200/200/200
cases.documenttemplate.agency        200/200/200
"""
STAFF = ("clerk", "account_manager", "superuser")
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
        for (method, path), statuses in zip(STEPS, columns, strict=True):
            yield method, f"/admin/{path.format(model, pk)}", statuses
    for (model,), (statuses,) in read_admin(ADMIN_SEARCHES):
        yield "GET", f"/admin/{model.replace('.', '/')}/?q=2026", statuses
    for (field,), (statuses,) in read_admin(ADMIN_CHOICES):
        app, model, name = field.split(".")
        yield "GET", f"/admin/autocomplete/?app_label={app}&model_name={model}&field_name={name}", statuses


ADMIN_ROWS = list(admin_rows())


@pytest.mark.parametrize("column", COLUMNS)
def test_admin_status(column, world):
    client = client_of(column, world)
    found, changed = {}, []

    for method, path, _statuses in ADMIN_ROWS:
        before = writes()
        found[method, path] = getattr(client, method.lower())(path.format(**world.records)).status_code
        if writes() != before and (found[method, path] != 302 or column not in STAFF):
            changed.append((method, path))

    assert found == {(method, path): statuses.get(column, 302) for method, path, statuses in ADMIN_ROWS}
    assert changed == []


def test_every_search_and_choice_of_the_admin_is_in_the_table():
    searched, choices = set(), set()
    for model, page in admin.site._registry.items():
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
    client, (app, model, name) = client_of(column, world), field.split(".")
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
SHOWN = ("index", "app_list", "autocomplete", "jsi18n", "view_on_site", "_history", "_file", "_built_in")


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


def test_every_export_is_in_the_table_in_both_formats():
    asked = {}
    for method, path, _statuses in ROWS:
        address, _mark, query = path.partition("?")
        if method == "GET" and address.endswith("/export/"):
            asked.setdefault(address, set()).add(query)
    exports = {route for route in routes(get_resolver()) if route.endswith("export/")}

    assert all(formats == {"format=csv", "format=xlsx"} for formats in asked.values())
    assert len({address.replace("{other_", "{") for address in asked}) == len(exports)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_export_of_personal_data(form, world):
    """No role may: it is granted to single people."""
    found = {}
    for column in COLUMNS:
        data = {"format": form, "reason": "市局要求回访当事人"}
        response = client_of(column, world).post("/cases/export/personal/", data)
        if response.streaming:
            b"".join(response.streaming_content)
        found[column] = response.status_code

    assert found == dict.fromkeys(COLUMNS, 403) | {"anonymous": 302, "superuser": 200}


# ---- agencies below: own, of a station below the user's district, and of the district beside it

# the role that goes there, the method, the path of a record, and what is got of an own one
BELOW = """
officer          GET   /cases/{number}/                                                 200
officer          GET   /cases/{number}/next/?sort=-received                             302
officer          GET   /cases/{number}/act/accept/                                      200
officer          GET   /cases/{number}/copy-out/                                        200
officer          POST  /cases/{number}/parties/{party}/reveal/                          200
officer          GET   /cases/{number}/attachments/add/                                 200
officer          GET   /cases/{number}/attachments/{attachment}/file/                   200
officer          GET   /cases/{number}/attachments/{attachment}/withdraw/               200
officer          GET   /cases/{number}/documents/complaint_register/internal/issue/     200
officer          GET   /cases/{number}/documents/{document}/file/                       200
officer          GET   /cases/{number}/documents/{document}/deliver/                    200
officer          GET   /cases/{number}/documents/{document}/void/                       200
approver         GET   /cases/{number}/act/assign/                                      200
regulator        GET   /cases/{number}/act/supervise/                                   200
regulator        GET   /cases/{number}/signals/                                         200
regulator        POST  /cases/{number}/signals/                                         200
clerk            GET   /admin/cases/case/{pk}/change/                                   200
clerk            GET   /imports/{run}/                                                  200
clerk            GET   /imports/{run}/rejects.csv                                       200
auditor          GET   /audit/cases/{number}/                                           200
auditor          GET   /audit/cases/{number}/export/?format=csv                         200
auditor          GET   /audit/users/{user}/                                             200
account_manager  GET   /admin/accounts/user/{user}/change/                              200
"""
BELOW_ROWS = [(*words[:3], int(words[3])) for words in map(str.split, BELOW.strip().splitlines())]
EXPORTS_OF_CASES = ("/cases/export/", "/cases/recoveries/export/")


@pytest.fixture
def tree():
    """A city, a district with a station, and the district beside it, each with a case and what belongs to one."""
    city = AgencyFactory()
    own, other = AgencyFactory(parent=city), AgencyFactory(parent=city)
    agencies = {"own": own, "sub": AgencyFactory(parent=own, kind="station"), "other": other}
    records = {}
    for name, agency in agencies.items():
        case, user = CaseFactory(handling=agency), UserFactory(agency=agency, roles=["officer"])
        RecoveryFactory(case=case, actor=user)
        records[name] = {
            "number": case.number, "pk": case.pk, "party": PartyFactory(case=case).pk, "user": user.pk,
            "attachment": AttachmentFactory(case=case).pk, "document": DocumentFactory(case=case).pk,
            "run": ImportRunFactory(agency=agency).pk,
        }  # fmt: skip
    return SimpleNamespace(here=own, city=city, station=agencies["sub"], records=records)


def answers(client, method, path, tree):
    """{whose record: status}."""
    return {
        name: send(client, method, path, SimpleNamespace(records=records)) for name, records in tree.records.items()
    }


@pytest.mark.parametrize(
    ("role", "method", "path", "status"), BELOW_ROWS, ids=[f"{row[1]} {row[2]}" for row in BELOW_ROWS]
)
def test_records_of_an_agency_below(role, method, path, status, tree):
    client = client_of(role, tree)
    assert answers(client, method, path, tree) == {"own": status, "sub": status, "other": 404}

    client.force_login(UserFactory(agency=tree.station, roles=[role]))
    assert answers(client, method, path, tree) == {"own": 404, "sub": status, "other": 404}


def sheet_text(response, form) -> str:
    content = b"".join(response.streaming_content)
    if form == "csv":
        return content.decode("utf-8-sig")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "".join(archive.read(name).decode() for name in archive.namelist() if name.endswith(".xml"))


@pytest.mark.parametrize("path", EXPORTS_OF_CASES)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_exports_have_the_rows_of_the_agency_and_of_those_below(form, path, tree):
    found, client = {}, Client()
    for name, agency in (("district", tree.here), ("station", tree.station), ("city", tree.city)):
        client.force_login(UserFactory(agency=agency, roles=["officer"]))
        text = sheet_text(client.get(path, {"format": form}), form)
        found[name] = {whose for whose, records in tree.records.items() if records["number"] in text}

    assert found == {"district": {"own", "sub"}, "station": {"sub"}, "city": {"own", "sub", "other"}}
