"""Two small models of the tests' own, for what core does with any model."""

from contextlib import contextmanager

from django.db import connection, models
from django.test.utils import isolate_apps

with isolate_apps("core"):

    class Shelf(models.Model):
        name = models.CharField(max_length=20)

        class Meta:
            app_label = "core"
            db_table = "test_shelf"

        def __str__(self):
            return self.name

    class BookQuerySet(models.QuerySet):
        def visible_to(self, user):
            return self if user.is_superuser else self.filter(shelf__name=user.username)

    class Book(models.Model):
        title = models.CharField(max_length=40)
        lent_at = models.DateTimeField(null=True)
        bought_on = models.DateField()
        price = models.DecimalField("价格", max_digits=14, decimal_places=2, null=True)
        pages = models.IntegerField(default=0)
        note = models.TextField(blank=True)
        shelf = models.ForeignKey(Shelf, models.PROTECT, null=True)

        objects = BookQuerySet.as_manager()

        class Meta:
            app_label = "core"
            db_table = "test_book"

        def __str__(self):
            return self.title

    class Loan(models.Model):
        book = models.ForeignKey(Book, models.PROTECT)

        class Meta:
            app_label = "core"
            db_table = "test_loan"

        def __str__(self):
            return str(self.pk)


@contextmanager
def shelves():
    """The two tables, inside a test's transaction."""
    with connection.schema_editor() as editor:
        editor.create_model(Shelf)
        editor.create_model(Book)
    yield
