import polib
import pytest

from tools import messages

PYTHON = '''
from django.utils.translation import gettext as _, ngettext, pgettext
_("Case")
pgettext("unit", "case")
ngettext("%(n)s row", "%(n)s rows", 2)
_("Two "
  "lines")
'''
TEMPLATE = """
{% load i18n %}{% if x %}
    {% translate "Menu" %}{% endif %}
{% blocktranslate count n=3 %}{{ n }} day{% plural %}{{ n }} days{% endblocktranslate %}
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "core").mkdir()
    (tmp_path / "templates").mkdir()
    (tmp_path / "core" / "a.py").write_text(PYTHON)
    (tmp_path / "templates" / "a.html").write_text(TEMPLATE)
    return tmp_path


def translate_all(root, text="译文"):
    catalogue = messages.load(root / messages.CATALOGUE)
    for entry in catalogue:
        placeholders = "".join(sorted(set(messages.PLACEHOLDER.findall(entry.msgid))))
        messages.translate(entry, text + placeholders)
    catalogue.save()


def texts(root):
    return {
        (entry.msgctxt, entry.msgid, entry.msgid_plural)
        for entry in messages.load(root / messages.CATALOGUE)
        if not set(dict(entry.occurrences)) <= {*messages.PACKAGES, *messages.REWORDED}
    }


def test_collects_python_and_templates(root):
    assert messages.main([], root=root) == 1
    assert texts(root) == {
        (None, "Case", ""),
        ("unit", "case", ""),
        (None, "%(n)s row", "%(n)s rows"),
        (None, "Two lines", ""),
        (None, "Menu", ""),
        (None, "%(n)s day", "%(n)s days"),
    }


def test_a_complete_catalogue_passes_and_is_stable(root, capsys):
    messages.main([], root=root)
    translate_all(root)
    assert messages.main([], root=root) == 0
    before = (root / messages.CATALOGUE).read_bytes()
    assert messages.main(["--check"], root=root) == 0
    assert messages.main([], root=root) == 0
    assert (root / messages.CATALOGUE).read_bytes() == before
    compiled = polib.mofile(str((root / messages.CATALOGUE).with_suffix(".mo")))
    assert compiled.find("Menu").msgstr == "译文"


@pytest.fixture
def complete(root, capsys):
    messages.main([], root=root)
    translate_all(root)
    assert messages.main([], root=root) == 0
    capsys.readouterr()
    return root


def check(root, capsys):
    before = (root / messages.CATALOGUE).read_bytes()
    code = messages.main(["--check"], root=root)
    assert (root / messages.CATALOGUE).read_bytes() == before
    return code, capsys.readouterr().out


def test_check_finds_a_new_message(complete, capsys):
    (complete / "core" / "b.py").write_text('_("New one")')
    code, said = check(complete, capsys)
    assert code == 1
    assert "not in the catalogue: 'New one'" in said


def test_check_finds_a_message_no_longer_used(complete, capsys):
    (complete / "templates" / "a.html").write_text("")
    code, said = check(complete, capsys)
    assert code == 1
    assert "no longer in the sources: 'Menu'" in said
    assert messages.main([], root=complete) == 0
    assert "Menu" not in {text for _context, text, _plural in texts(complete)}


def edit(root, text, change):
    catalogue = messages.load(root / messages.CATALOGUE)
    change(catalogue.find(text))
    catalogue.save()
    (root / messages.CATALOGUE).with_suffix(".mo").write_bytes(catalogue.to_binary())


@pytest.mark.parametrize(
    ("text", "change", "expected"),
    [
        ("Menu", lambda entry: messages.translate(entry, ""), "no translation: 'Menu' (templates/a.html)"),
        ("Menu", lambda entry: entry.flags.append("fuzzy"), "fuzzy: 'Menu'"),
        ("%(n)s row", lambda entry: messages.translate(entry, "行"), "other placeholders: '%(n)s row' -> '行'"),
        ("%(n)s row", lambda entry: messages.translate(entry, "%(m)s 行"), "other placeholders"),
        ("%(n)s row", lambda entry: setattr(entry, "msgid_plural", "%(n)s lines"), "another plural in the sources"),
    ],
)
def test_check_finds_what_is_wrong_with_a_translation(complete, capsys, text, change, expected):
    edit(complete, text, change)
    code, said = check(complete, capsys)
    assert code == 1
    assert expected in said


def test_check_finds_a_stale_mo(complete, capsys):
    catalogue = messages.load(complete / messages.CATALOGUE)
    messages.translate(catalogue.find("Menu"), "菜单")
    catalogue.save()
    code, said = check(complete, capsys)
    assert code == 1
    assert ".mo is not compiled" in said
    (complete / messages.CATALOGUE).with_suffix(".mo").unlink()
    assert check(complete, capsys)[0] == 1


def test_messages_of_the_sources_are_english(complete, capsys):
    (complete / "core" / "a.py").write_text(PYTHON + '_("案件")')
    code, said = check(complete, capsys)
    assert code == 1
    assert "not English: '案件' (core/a.py)" in said


def test_one_text_with_two_plurals_is_an_error(complete, capsys):
    (complete / "core" / "b.py").write_text('ngettext("%(n)s row", "%(n)s lines", 2)')
    assert messages.main(["--check"], root=complete) == 1
    assert "two plurals" in capsys.readouterr().err


def test_merge_fills_what_is_missing_and_keeps_what_is_there(complete, tmp_path, capsys):
    edit(complete, "Menu", lambda entry: messages.translate(entry, ""))
    edit(complete, "%(n)s row", lambda entry: messages.translate(entry, ""))
    table = tmp_path / "words.tsv"
    table.write_text("# words\n\tMenu\t菜单\n\n\tCase\t案件\nunit\tcase\t件\n\t%(n)s row\t%(n)s 行\n\tGone\t没了\n")
    assert messages.main(["--merge", str(table)], root=complete) == 0
    said = capsys.readouterr().out
    catalogue = messages.load(complete / messages.CATALOGUE)
    assert catalogue.find("Menu").msgstr == "菜单"
    assert catalogue.find("%(n)s row").msgstr_plural == {0: "%(n)s 行"}
    assert catalogue.find("Case").msgstr == "译文"
    assert "words.tsv: kept '译文' for 'Case', the table has '案件'" in said
    assert "words.tsv: not in the sources: 'Gone'" in said

    assert messages.main(["--merge", str(table), "--overwrite"], root=complete) == 0
    catalogue = messages.load(complete / messages.CATALOGUE)
    assert catalogue.find("Case").msgstr == "案件"
    assert catalogue.find("case", msgctxt="unit").msgstr == "件"


@pytest.mark.parametrize("line", ["Menu\t菜单", "\tMenu", "\t\t菜单", "\tMenu\t", "\tMenu\t菜单\tmore"])
def test_a_table_with_a_broken_line_changes_nothing(complete, tmp_path, capsys, line):
    table = tmp_path / "words.tsv"
    table.write_text(f"\tCase\t案件\n{line}\n")
    before = (complete / messages.CATALOGUE).read_bytes()
    assert messages.main(["--merge", str(table), "--overwrite"], root=complete) == 1
    assert "line 2" in capsys.readouterr().err
    assert (complete / messages.CATALOGUE).read_bytes() == before


def test_line_ends_and_tabs_in_a_table(tmp_path):
    table = tmp_path / "words.tsv"
    table.write_text("\tone\\ntwo\t一\\n二\\t三\n")
    assert list(messages.read_table(table)) == [((None, "one\ntwo"), "一\n二\t三")]


def test_packages_that_lack_our_language_bring_their_messages():
    found = messages.collect_packages()
    assert found[(None, "access attempt")].files == {"axes"}
    assert (None, "Yesterday") in found
