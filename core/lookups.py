"""Look-ups that a trigram index serves and that Django's own do not: `icontains` compares UPPER(…), which no
index on the column answers."""

from django.db.models import CharField, Q, TextField
from django.db.models.lookups import Contains


@CharField.register_lookup
@TextField.register_lookup
class ILike(Contains):
    """`name__ilike="kfc"`: contains, whatever the case; % and _ in the value stand for themselves."""

    lookup_name = "ilike"

    def get_rhs_op(self, connection, rhs):
        return f"ILIKE {rhs}"


def contains(field: str, word: str) -> Q:
    """`field` contains `word`. Case is only ignored where the word has any: ILIKE takes twice the time of LIKE."""
    lookup = "contains" if word.lower() == word.upper() else "ilike"
    return Q(**{f"{field}__{lookup}": word})
