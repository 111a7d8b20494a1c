"""How the rows of this app's files name a merchant and a place."""

import datetime as dt

from django.utils.translation import gettext as _

from cases.importers.plain import PlainRow
from cases.importers.rows import merchant_key, wrong_code
from core.importing.values import BadValue, parse_credit_code
from registry.domain import Directory
from registry.domain.merchants import MerchantKey
from registry.enums import RegionLevel
from registry.models import Region


def read_region(row: PlainRow, directory: Directory, days: list[dt.date]) -> Region:
    """The place that the row names, on the first of the days on which there was one of that name."""
    written = row.required("region", _("The row does not say in which district the premises are."))
    for day in dict.fromkeys(days):
        region = directory.region(written, day)
        if region is not None and region.level == RegionLevel.DISTRICT:
            return region
        if region is not None:
            raise row.bad("region", "region", _("Premises lie in a district or county."))
    message = _("There is no region of this code or name. Correct it, or add the name as an alias of the region.")
    raise row.bad("region", "region", message)


def read_merchant(row: PlainRow, region: Region | None) -> MerchantKey:
    """By what the merchant is found: a valid credit code, else name and place. A wrong code is a warning."""
    name = row.required("merchant", _("The row names no merchant."))
    code = None
    if written := row["merchant_code"]:
        code, wrong = parse_credit_code(row.number("merchant_code"))
        if wrong:
            row.warnings.append(("credit_code", row.target.header("merchant_code"), wrong_code(written)))
    return code, merchant_key(name, row.target.header("merchant")), region and region.pk, name


def read_premises(row: PlainRow) -> tuple[str, str]:
    """Name and key of the premises: where they have no name of their own, the merchant's."""
    column = "premises" if row["premises"] else "merchant"
    return row[column], merchant_key(row[column], row.target.header(column))


def as_bad(row: PlainRow, name: str, read):
    """What `read` makes of a cell. Raises RowRejected."""
    try:
        return read(row[name])
    except BadValue as bad:
        raise row.bad(name, bad.rule, str(bad)) from None
