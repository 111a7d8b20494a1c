import pytest

from tests.core.shelves import shelves


@pytest.fixture
def book_tables(db):
    with shelves():
        yield
