import dataclasses

import pytest
from django.utils import translation

from core.exceptions import FileRefused
from core.importing.profile import Profile, header_key, load_profile

FIELDS = ("external_number", "kind", "received_at", "claimed", "merchant")
TOP = 'name = "mine"\ntitle = "Mine"\nsource = "city"\n'
COLUMNS = '[columns]\nexternal_number = ["登记编号", "登记号"]\nkind = "类型"\n'


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def load(tmp_path):
    def load(text, **options):
        path = tmp_path / "mine.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_profile(path, known_fields=FIELDS, **options)

    return load


def test_load_profile_reads_every_setting(load):
    profile = load(
        TOP
        + 'required = ["kind"]\nkeep = ["罚款金额(单位:元)"]\nignore = ["序号"]\n'
        + '[file]\nencoding = "GBK"\ndelimiter = "\\t"\nsheet = "投诉"\n'
        + COLUMNS
        + '[values.kind]\n"投诉" = "complaint"\n"*" = "inquiry"\n"" = "report"\n'
        + '[constants]\nmerchant = "某店"\n[dates]\nformats = ["%d/%m/%Y"]\n'
    )

    assert profile == Profile(
        name="mine",
        title="Mine",
        source="city",
        key_field="external_number",
        columns={"external_number": ("登记编号", "登记号"), "kind": ("类型",)},
        required=("external_number", "kind"),
        encoding="gb18030",
        delimiter="\t",
        sheet="投诉",
        values={"kind": {"投诉": "complaint", "*": "inquiry", "": "report"}},
        constants={"merchant": "某店"},
        date_formats=("%d/%m/%Y",),
        keep=("罚款金额(单位:元)",),
        ignore=("序号",),
    )


def test_the_system_of_the_further_numbers(load):
    assert load(TOP + COLUMNS).reference_source == ""
    assert load(TOP + 'reference_source = "hotline12345"\n' + COLUMNS).reference_source == "hotline12345"


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ('"city"', "own source “city”"),
        ('"12345"', "a letter first"),
        ("[]", "must be a text"),
    ],
)
def test_the_system_of_the_further_numbers_is_another_one(load, written, problem):
    with pytest.raises(FileRefused, match=problem) as refused:
        load(TOP + f"reference_source = {written}\n" + COLUMNS)

    assert "\n" not in str(refused.value)


def test_the_key_is_required_even_where_the_profile_does_not_say_so(load):
    assert load(TOP + COLUMNS).required == ("external_number",)


def test_another_importer_names_another_key(load):
    profile = load(TOP + '[columns]\nmerchant = "名称"\n', key_field="merchant")

    assert profile.required == ("merchant",)


def test_digest_follows_the_meaning_alone(load):
    first = load(TOP + COLUMNS)
    same = load("# a remark\n" + TOP.replace(" = ", "=") + "\n" + COLUMNS)
    other = load(TOP + COLUMNS.replace("类型", "类别"))

    assert len(first.digest) == 64
    assert first.digest == same.digest
    assert first.digest != other.digest
    assert dataclasses.replace(first, sheet="x").digest != first.digest


def test_a_byte_order_mark_of_the_windows_editor_does_not_matter(load):
    assert load(b"\xef\xbb\xbf" + (TOP + COLUMNS).encode()).name == "mine"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("投诉", ("complaint", True)),
        ("举报", ("举报", False)),
        ("*", ("*", False)),
        ("", (None, True)),
    ],
)
def test_translate_by_a_value_map(load, text, expected):
    profile = load(TOP + COLUMNS + '[values.kind]\n"投诉" = "complaint"\n')

    assert profile.translate("kind", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("投诉", ("complaint", True)),
        ("举报", ("inquiry", True)),
        ("*", ("inquiry", True)),
        ("", ("report", True)),
    ],
)
def test_translate_by_a_value_map_with_defaults(load, text, expected):
    profile = load(TOP + COLUMNS + '[values.kind]\n"投诉" = "complaint"\n"*" = "inquiry"\n"" = "report"\n')

    assert profile.translate("kind", text) == expected


def test_translate_without_a_value_map_keeps_the_text(load):
    profile = load(TOP + COLUMNS)

    assert profile.translate("merchant", "某店") == ("某店", True)
    assert profile.translate("merchant", "") == (None, True)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("消费金额(单位:元)", "消费金额（单位：元）"),
        ("Date received", "DATE  RECEIVED"),
        ("登记编号", "\ufeff登记编号\n"),
    ],
)
def test_header_key_is_one_for_two_spellings(first, second):
    assert header_key(first) == header_key(second)


BAD = {
    "no name": ('source = "city"\n' + COLUMNS, "“name” is missing"),
    "no source": ('name = "mine"\n' + COLUMNS, "“source” is missing"),
    "bad name": (TOP.replace('"mine"', '"My own"') + COLUMNS, "“name” must be at most 40 small letters"),
    "no columns": (TOP, "the table [columns] is missing"),
    "no key": (TOP + '[columns]\nkind = "类型"\n', "[columns] lacks “external_number”"),
    "unknown field": (TOP + COLUMNS + 'colour = "颜色"\n', "the unknown field “colour”"),
    "unknown field in values": (
        TOP + COLUMNS + '[values.colour]\n"红" = "red"\n',
        "the unknown field “colour”",
    ),
    "unknown field in constants": (
        TOP + COLUMNS + '[constants]\ncolour = "red"\n',
        "the unknown field “colour”",
    ),
    "unknown table": (TOP + COLUMNS + "[formats]\n", "“formats” is unknown; known are name,"),
    "unknown key": (TOP + "encoding = 'utf-8'\n" + COLUMNS, "“encoding” is unknown; known are"),
    "unknown key in a table": (TOP + COLUMNS + '[file]\nquote = "x"\n', "“quote” is unknown in [file]"),
    "table as a setting": (TOP + 'columns = "类型"\n', "“columns” must be a table, [columns]"),
    "setting as a table": (TOP + COLUMNS + "[keep]\n", "“keep” is a setting, not a table"),
    "values without a field": (TOP + COLUMNS + '[values]\nkind = "x"\n', "“values.kind” must be a table"),
    "setting below a table": (
        TOP + COLUMNS + 'ignore = ["序号"]\n',
        "“ignore” stands inside [columns]. Move",
    ),
    "setting below dates": (TOP + COLUMNS + '[dates]\nkeep = ["x"]\n', "“keep” stands inside [dates]. Move"),
    "alias given twice": (
        TOP + COLUMNS + 'merchant = "登记号"\n',
        "“登记号” is given twice, for external_number and for merchant",
    ),
    "alias in another width": (
        TOP + '[columns]\nexternal_number = ["编号(一)", "编号（一）"]\n',
        "is given twice, for external_number and for external_number",
    ),
    "mapped and ignored": (
        TOP + 'ignore = ["类型"]\n' + COLUMNS,
        "“类型” is given twice, for kind and for ignore",
    ),
    "no header": (TOP + COLUMNS.replace('"类型"', "[]"), "“columns.kind” names no header"),
    "empty header": (TOP + COLUMNS.replace('"类型"', '" "'), "“columns.kind” contains an empty text"),
    "header is a number": (TOP + COLUMNS.replace('"类型"', "3"), "“columns.kind” must be a list of texts"),
    "required without header": (TOP + 'required = ["claimed"]\n' + COLUMNS, "“required” names “claimed”"),
    "constant key": (
        TOP + COLUMNS + '[constants]\nexternal_number = "1"\n',
        "“external_number” cannot be a constant",
    ),
    "constant is a number": (
        TOP + COLUMNS + "[constants]\nclaimed = 0\n",
        "“constants.claimed” must be a text",
    ),
    "value twice": (
        TOP + COLUMNS + '[values.kind]\n"投诉" = "a"\n" 投诉" = "b"\n',
        "[values.kind] gives “ 投诉” twice",
    ),
    "encoding": (
        TOP + COLUMNS + '[file]\nencoding = "big5"\n',
        "“big5” is no file.encoding; known are 'auto'",
    ),
    "delimiter": (TOP + COLUMNS + '[file]\ndelimiter = "#"\n', "“#” is no file.delimiter"),
    "date format": (
        TOP + COLUMNS + '[dates]\nformats = ["%d/%m"]\n',
        "“%d/%m” must give year, month and day, as %d/%m/%Y",
    ),
    "unknown directive": (TOP + COLUMNS + '[dates]\nformats = ["%Q"]\n', "the date format “%Q”"),
    "syntax": (TOP + "[columns\n", "TOML syntax: Expected ']' at the end of a table declaration (at line 4"),
    "key twice": (TOP + COLUMNS + 'kind = "类别"\n', "TOML syntax: Cannot overwrite a value (at line 7"),
    "not UTF-8": ((TOP + COLUMNS).encode("gb18030"), "it is not UTF-8 text. Save it as UTF-8."),
}


@pytest.mark.parametrize("case", BAD)
def test_a_wrong_profile_is_refused_in_one_line(load, case):
    text, message = BAD[case]

    with pytest.raises(FileRefused) as refusal:
        load(text)

    assert str(refusal.value).startswith("Profile mine.toml: ")
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.fixture
def builtin_dir(tmp_path):
    directory = tmp_path / "profiles"
    directory.mkdir()
    (directory / "city.toml").write_text(TOP + COLUMNS, encoding="utf-8")
    return directory


def test_a_built_in_profile_is_found_by_name(builtin_dir):
    assert load_profile("city", known_fields=FIELDS, builtin_dir=builtin_dir).name == "mine"


def test_a_missing_profile_names_the_built_in_ones(builtin_dir):
    with pytest.raises(FileRefused, match="There is no profile town.*built-in name: city"):
        load_profile("town", known_fields=FIELDS, builtin_dir=builtin_dir)


def test_a_name_cannot_leave_the_directory_of_built_in_profiles(builtin_dir):
    (builtin_dir.parent / "secret.toml").write_text(TOP + COLUMNS, encoding="utf-8")

    with pytest.raises(FileRefused):
        load_profile("../secret", known_fields=FIELDS, builtin_dir=builtin_dir)
