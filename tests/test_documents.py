"""README and docs name what there is: every setting, command and target, and no file that is not there."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands
from django.utils import translation

from cases.enums import Addressee, DocumentForm
from cases.official_forms import (
    ALLOWED,
    COMPLAINANT_PERSON,
    DATA,
    FORMS,
    REPORTER_PERSON,
    SOURCES,
    is_personal,
    is_sealed,
    variables_of,
)
from insights.metrics import families, metrics

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
OURS = {"consumer_rights", *settings.LOCAL_APPS}


def section(title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)[1]


def first_cells(text):
    return {re.match(r"\w+", cell)[0] for cell in re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)}


def anchors(path):
    titles = HEADING.findall(path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_table_of_settings_is_that_of_the_code():
    code = (ROOT / "consumer_rights" / "settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'(?:env\.\w+|required)\(\s*"([A-Z_]+)"', code))

    assert first_cells(section("Settings")) == read


@pytest.mark.parametrize("name", re.findall(r'"([A-Z_]+)"', re.search(
    r"REQUIRED = \((.*?)\)", (ROOT / "consumer_rights" / "wsgi.py").read_text(encoding="utf-8")
)[1]))  # fmt: skip
def test_what_the_server_demands_is_marked_and_in_the_example(name):
    assert re.search(rf"^\| `{name}` \| must be given \|", README, re.MULTILINE)
    assert re.search(rf"^{name}=", section("Run it for real"), re.MULTILINE)


def test_table_of_commands_is_that_of_the_code():
    ours = {name for name, app in get_commands().items() if app in OURS}

    assert first_cells(section("Commands")) == ours


def test_named_targets_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        name
        for path in DOCUMENTS
        for name in re.findall(r"[`\n]make\s([a-z-]+)", path.read_text(encoding="utf-8"))
    }

    assert {"demo", "test"} <= named <= targets


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for link in LINK.findall(path.read_text(encoding="utf-8")):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_profile_of_the_example_is_the_file():
    shown = re.search(r"```toml\n(.*?)```", README, re.DOTALL)[1]
    stored = (ROOT / "docs" / "examples" / "car_complaints.toml").read_text(encoding="utf-8")

    assert shown == "".join(line for line in stored.splitlines(keepends=True) if not line.startswith("#"))


def in_words(metric):
    """A figure as docs/metrics.md has it."""
    lines = [f"{metric.label} ({metric.unit.label}). {metric.definition}", ""]
    if metric.numerator:
        lines += [f"- Numerator: {metric.numerator}", f"- Denominator: {metric.denominator}"]
    return "\n".join([*lines, f"- Date used: {metric.basis}", f"- Source: {metric.source}"])


def test_figures_are_described_as_they_are_defined():
    document = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    described = re.findall(r"^## `(.+?)`\n\n(.*?)\n*(?=^## |\Z)", document, re.MULTILINE | re.DOTALL)

    with translation.override("en"):
        assert described == [(metric.code, in_words(metric)) for metric in (*metrics(), *families())]


OFFICIAL = (ROOT / "docs" / "documents.md").read_text(encoding="utf-8")


def table_under(heading):
    """The rows of the first table below a heading of docs/documents.md, without its head."""
    text = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", OFFICIAL, re.MULTILINE | re.DOTALL)[1]
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [tuple(row) for row in rows[1:]]


@pytest.mark.parametrize("form", DocumentForm)
def test_what_the_law_demands_of_a_form_is_told(form):
    definition = FORMS[form]
    expected = [
        (
            datum.order_121,
            datum.order_20 or "-",
            datum.what,
            ", ".join(f"`{name}`" for name in datum.variables) or f"“{datum.printed}”",
        )
        for datum in DATA
        if datum.form == form
    ]

    assert table_under(f"{definition.position}. {definition.title} `{form.value}`") == expected


def test_who_may_read_what_is_told():
    expected = []
    with translation.override("en"):
        for (form, side), names in ALLOWED.items():
            persons = sorted(names & (COMPLAINANT_PERSON | REPORTER_PERSON))
            persons += ["addressee"] if side == Addressee.COMPLAINANT else []
            if is_sealed(form, side):
                who = "whoever may know reporters"
            else:
                who = "whoever may reveal parties" if is_personal(form, side) else "whoever sees the case"
            expected.append(
                (str(form.label), str(side.label), who, ", ".join(f"`{name}`" for name in persons) or "-")
            )

    assert table_under("Who may read what") == expected


def test_words_of_numbers_and_variables_are_told():
    assert table_under("Numbers") == [(form.title, form.word) for form in FORMS.values()]
    assert table_under("Variables") == [
        (
            f"`{name}`",
            source,
            ", ".join(str(FORMS[form].position) for form in DocumentForm if name in variables_of(form)),
        )
        for name, source in SOURCES.items()
    ]
