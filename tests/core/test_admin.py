import datetime as dt
from types import SimpleNamespace

import pytest
from django import forms
from django.contrib import admin
from django.contrib.admin.sites import AdminSite
from django.core.exceptions import ImproperlyConfigured
from django.forms import inlineformset_factory
from django.test import RequestFactory
from django.utils import translation

from core import pagination
from core.admin import LabelledFormSet, ReadOnlyAdmin, ReadOnlyInline, ScopedAdmin, ScopedInline
from tests.core.shelves import Book, Loan, Shelf


class BookAdmin(ScopedAdmin):
    ordering = ["-bought_on", "pk"]


@pytest.fixture
def books(book_tables):
    mine, other = Shelf.objects.create(name="甲"), Shelf.objects.create(name="乙")
    for number in range(3):
        Book.objects.create(title=f"甲{number}", shelf=mine, bought_on=dt.date(2024, 1, 1 + number))
    Book.objects.create(title="乙书", shelf=other, bought_on=dt.date(2024, 1, 1))


def request_of(name, permissions=True):
    request = RequestFactory().get("/admin/")
    request.user = SimpleNamespace(
        username=name, is_superuser=name == "root", is_active=True, is_staff=True, has_perm=lambda _name: permissions
    )
    return request


def test_the_admin_shows_the_rows_in_scope_in_its_order(books):
    rows = BookAdmin(Book, AdminSite()).get_queryset(request_of("甲"))
    assert [book.title for book in rows] == ["甲2", "甲1", "甲0"]
    assert BookAdmin(Book, AdminSite()).get_object(request_of("甲"), str(Book.objects.get(title="乙书").pk)) is None


def test_a_model_without_scope_cannot_be_shown(book_tables):
    with pytest.raises(ImproperlyConfigured):
        ScopedAdmin(Shelf, AdminSite()).get_queryset(request_of("root"))


def test_nothing_is_deleted(books):
    model_admin = BookAdmin(Book, AdminSite())
    request = request_of("root")
    assert model_admin.has_change_permission(request)
    assert not model_admin.has_delete_permission(request)
    assert "delete_selected" not in model_admin.get_actions(request)


def test_a_read_only_admin_only_shows(books):
    model_admin = ReadOnlyAdmin(Book, AdminSite())
    request = request_of("root")
    assert model_admin.has_view_permission(request)
    assert not model_admin.has_add_permission(request)
    assert not model_admin.has_change_permission(request)
    assert not model_admin.has_delete_permission(request)


def test_a_long_change_list_is_not_counted(books, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(pagination.CappedPaginator, "cap", 2)
    paginator = BookAdmin(Book, AdminSite()).get_paginator(request_of("root"), Book.objects.order_by("pk"), 2)
    with django_assert_num_queries(1):
        assert (paginator.count, paginator.num_pages) == (3, 2)
    assert BookAdmin.show_full_result_count is False


def test_choices_of_a_foreign_key_are_rows_in_scope(books):
    request = request_of("甲")
    loans = ScopedAdmin(Loan, AdminSite())
    chosen = loans.formfield_for_foreignkey(Loan._meta.get_field("book"), request).queryset
    assert {book.title for book in chosen} == {"甲0", "甲1", "甲2"}
    unscoped = BookAdmin(Book, AdminSite()).formfield_for_foreignkey(Book._meta.get_field("shelf"), request)
    assert unscoped.queryset.count() == 2


def test_both_inputs_of_a_time_have_names():
    field = BookAdmin(Book, AdminSite()).formfield_for_dbfield(Book._meta.get_field("lent_at"), request_of("root"))
    html = field.widget.render("lent_at", None)
    assert 'aria-label="Lent at 日期"' in html
    assert 'aria-label="Lent at 时间"' in html


def test_every_control_of_an_inline_has_a_name():
    form_set = inlineformset_factory(
        Shelf,
        Book,
        formset=LabelledFormSet,
        fields=["title", "lent_at"],
        field_classes={"lent_at": forms.SplitDateTimeField},
        extra=1,
    )
    with translation.override("en"):
        first, empty = form_set().forms[0].fields, form_set().empty_form.fields
        assert first["title"].widget.attrs["aria-label"] == "Title 1"
        assert [part.attrs["aria-label"] for part in first["lent_at"].widget.widgets] == ["Lent at 1"] * 2
        assert first["DELETE"].widget.attrs["aria-label"] == "Delete 1"
        assert empty["title"].widget.attrs["aria-label"] == "Title"


@pytest.mark.parametrize("inline", [ScopedInline, ReadOnlyInline])
def test_inlines_never_delete(inline):
    assert issubclass(inline, admin.TabularInline)
    assert inline.can_delete is False
    assert inline.extra == 0
    assert inline.formset is LabelledFormSet


def test_a_read_only_inline_only_shows():
    class BookInline(ReadOnlyInline):
        model = Book

    shown = BookInline(Shelf, AdminSite())
    request = request_of("root")
    assert shown.has_view_permission(request)
    assert not shown.has_add_permission(request)
    assert not shown.has_change_permission(request)
