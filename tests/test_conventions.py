"""The house style, as far as a machine can check it."""

import ast
import re
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, Permission
from django.core.management import get_commands, load_command_class
from django.db import models
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import User, UserRole
from cases.models import Case, CaseHistory
from core.admin import ReadOnlyAdmin, ScopedAdmin
from mediation.models import MediatedCase

OURS = [apps.get_app_config(name) for name in settings.LOCAL_APPS]
MODELS = [model for app in OURS for model in app.get_models() if not model._meta.proxy]
# made by pghistory: read through a case that was found in scope, and nowhere else
GENERATED = {CaseHistory}
WRITTEN = [model for model in MODELS if model not in GENERATED]

# views without a permission of their own, and why
FOR_EVERYONE = {
    "accounts:login": "the way in",
    "accounts:logout": "the way out",
    "accounts:session": "says nothing but that one is signed in",
    "accounts:password_change": "everyone's own password",
    "set_language": "the language switch stands on the login page too",
    "admin/login/": "leads to accounts:login",
    "admin/logout/": "the same view as accounts:logout",
    "admin/password_change/": "leads to accounts:password_change",
    "admin/password_change/done/": "leads to accounts:password_change",
}
WITHOUT_LOGIN = {"accounts:login", "set_language", "admin/login/"}


def our_views(resolver=None, prefix="", route=""):
    """(name, or route where there is none, and view) of every URL outside the admin."""
    for pattern in (resolver or get_resolver()).url_patterns:
        path = route + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin":
                namespace = f"{pattern.namespace}:" if pattern.namespace else ""
                yield from our_views(pattern, prefix + namespace, path)
        elif isinstance(pattern, URLPattern):
            yield (prefix + pattern.name if pattern.name else path), pattern.callback


VIEWS = dict(our_views())


# views


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_needs_a_login(name):
    assert getattr(VIEWS[name], "login_required", True) is (name not in WITHOUT_LOGIN)


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(VIEWS.keys() - FOR_EVERYONE.keys()))
def test_every_view_names_a_permission_that_exists(name):
    named = VIEWS[name].view_class.permission_required

    for permission in [named] if isinstance(named, str) else named:
        app, _dot, codename = permission.partition(".")
        assert Permission.objects.filter(content_type__app_label=app, codename=codename).exists(), permission


def test_the_exceptions_are_views():
    assert VIEWS.keys() >= FOR_EVERYONE.keys() >= WITHOUT_LOGIN


# models


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_no_foreign_key_cascades(model):
    cascading = [
        field.name
        for field in model._meta.concrete_fields
        if field.is_relation and field.remote_field.on_delete is models.CASCADE
    ]

    assert cascading == []


def test_only_rows_that_join_two_others_go_with_their_ends():
    """Django makes these tables, and always with CASCADE; users, mediators, categories, documents and those for whom
    they are made out are never deleted, a role only without members."""
    made_by_django = [
        model._meta.db_table
        for app in OURS
        for model in app.get_models(include_auto_created=True)
        if model._meta.auto_created
    ]

    assert sorted(made_by_django) == [
        "accounts_user_groups", "accounts_user_user_permissions", "mediation_agreement_documents",
        "mediation_judicialconfirmation_documents", "mediation_mediator_fields", "mediation_session_documents",
        "pledges_breach_documents",
    ]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("model", WRITTEN, ids=str)
def test_rows_are_scoped_and_closed_to_strangers(model, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert not model._default_manager.all().visible_to(AnonymousUser()).exists()


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_times_and_dates_are_named_as_such(model):
    inherited = {field.name for field in User._meta.get_fields()} & {"last_login", "date_joined"}
    wrong = []
    for field in model._meta.concrete_fields:
        kind = getattr(field, "output_field", field)
        if isinstance(kind, models.DateTimeField):
            fits = field.name == "at" or field.name.endswith("_at") or field.name in inherited
        elif isinstance(kind, models.DateField):
            # the ends of a period, what is due, the date that a calendar is about, and a month by its first day
            named = ("date", "month", "since", "until")
            fits = field.name.endswith(("_on", "_from", "_to", "_by")) or field.name in named
        else:
            fits = not field.name.endswith(("_at", "_on"))
        if not fits:
            wrong.append(field.name)

    assert wrong == []


@pytest.mark.parametrize("model", WRITTEN, ids=str)
def test_every_field_that_a_page_shows_has_a_translatable_name(model):
    """A name that Django made of the field's own is a plain string and stays English."""
    plain = [
        field.name
        for field in model._meta.concrete_fields
        if field.editable and not field.primary_key and isinstance(field.verbose_name, str)
    ]

    assert plain == []


@pytest.mark.parametrize(
    "model",
    [model for model, shown in admin.site._registry.items() if not isinstance(shown, ReadOnlyAdmin)],
    ids=str,
)
def test_constraints_of_models_with_forms_say_what_is_wrong(model):
    silent = [
        constraint.name
        for constraint in model._meta.constraints
        if constraint.violation_error_message == constraint.default_violation_error_message
        # Django's own message names the fields of a plain unique constraint
        and not (
            isinstance(constraint, models.UniqueConstraint) and constraint.fields and not constraint.condition
        )
    ]

    assert silent == []


def test_roles_held_are_a_proxy_that_grants_nothing_to_edit():
    assert UserRole._meta.proxy
    assert UserRole._meta.default_permissions == ()


# admin


@pytest.mark.parametrize("model", admin.site._registry, ids=str)
def test_every_admin_shows_the_rows_in_scope_and_deletes_none(model):
    registered = admin.site._registry[model]

    assert isinstance(registered, ScopedAdmin)
    assert type(registered).has_delete_permission is ScopedAdmin.has_delete_permission


def test_nothing_else_is_in_the_admin():
    """Beside the models themselves, other views of them."""
    others = [model for model in admin.site._registry if model not in MODELS]

    assert [(model, model._meta.concrete_model) for model in others] == [(MediatedCase, Case)]


# names


def test_no_app_shadows_the_standard_library():
    names = {app.name for app in OURS} | {"consumer_rights", "tests", "tools", "benchmarks"}

    assert names & set(sys.stdlib_module_names) == set()


@pytest.mark.parametrize("name", [name for name, app in get_commands().items() if app in settings.LOCAL_APPS])
def test_every_command_says_what_it_does(name):
    assert load_command_class(get_commands()[name], name).help


def texts_put_together(path: Path) -> list[int]:
    """Lines that put a translatable text together outside of functions: while the module is imported, and so once and
    for all in whatever language that was."""

    def walk(node):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return
        if isinstance(node, ast.BinOp) and isinstance(node.left, ast.Call):
            name = getattr(node.left.func, "id", "")
            if name == "_" or name.endswith("gettext") or name.endswith("gettext_lazy"):
                found.append(node.lineno)
        for child in ast.iter_child_nodes(node):
            walk(child)

    found: list[int] = []
    walk(ast.parse(path.read_text(encoding="utf-8")))
    return found


@pytest.mark.parametrize("app", OURS, ids=lambda app: app.label)
def test_texts_are_put_together_in_the_language_of_the_page(app):
    assert {path.name: lines for path in Path(app.path).rglob("*.py") if (lines := texts_put_together(path))} == {}


STYLES = Path(settings.BASE_DIR) / "static" / "portal"
STYLES_OF_ADMIN = ("shell.css", "admin-brand.css", "evidence.css")


def styled(*names: str) -> set[str]:
    return {c for name in names for c in re.findall(r"\.([a-z][\w-]*)", (STYLES / name).read_text(encoding="utf-8"))}


def written_for_admin() -> set[str]:
    """The classes that pages of the administration write."""
    pages = [*Path(settings.BASE_DIR, "templates").rglob("admin/**/*.html")]
    pages += [path for app in OURS for path in (*Path(app.path).glob("admin/*.py"), *Path(app.path).glob("admin.py"))]
    found = (re.findall(r'class="([^"{]*)', path.read_text(encoding="utf-8")) for path in pages)
    return {name for values in found for value in values for name in value.split()}


def test_marks_of_the_portal_look_the_same_in_the_administration():
    portal = styled(*(path.name for path in STYLES.glob("*.css") if path.name not in STYLES_OF_ADMIN))
    unstyled = (written_for_admin() & portal) - styled(*STYLES_OF_ADMIN)

    assert unstyled <= {"mini"}  # a name of Django's, styled there
    assert "flag" in written_for_admin() & styled("shell.css")
