import pytest
from django.core.exceptions import ImproperlyConfigured

from core.personal_data import (
    PersonalDataError,
    check_keys,
    decrypt,
    encrypt,
    is_current,
    keyed_digest,
    lookup_hash,
    mask,
)

OLD, NEW = f"2025:{'1a' * 32}", f"2026:{'2b' * 32}"
PLAIN = {"name": "王小明", "phone": "13800001234", "address": 'C:\\ "引号" 😀\n'}
PLACE = "cases.Party:17"


@pytest.fixture(autouse=True)
def _keys(settings):
    settings.PERSONAL_DATA_KEYS = OLD
    settings.LOOKUP_KEY = "3c" * 32


class TestEncryption:
    def test_what_was_encrypted_comes_back_for_its_place(self):
        blob = encrypt(PLAIN, context=PLACE)

        assert decrypt(blob, context=PLACE) == PLAIN
        assert decrypt(memoryview(blob), context=PLACE) == PLAIN
        assert b"13800001234" not in blob

    def test_the_same_data_never_look_the_same(self):
        assert encrypt(PLAIN, context=PLACE) != encrypt(PLAIN, context=PLACE)

    @pytest.mark.parametrize("position", range(-1, -30, -7))
    def test_an_altered_byte_is_noticed(self, position):
        blob = bytearray(encrypt(PLAIN, context=PLACE))
        blob[position] ^= 1

        with pytest.raises(PersonalDataError, match="altered"):
            decrypt(bytes(blob), context=PLACE)

    def test_an_altered_nonce_is_noticed(self):
        blob = bytearray(encrypt(PLAIN, context=PLACE))
        blob[2 + len("2025")] ^= 1

        with pytest.raises(PersonalDataError, match="altered"):
            decrypt(bytes(blob), context=PLACE)

    def test_data_moved_to_another_row_cannot_be_read(self):
        blob = encrypt(PLAIN, context=PLACE)

        with pytest.raises(PersonalDataError, match="another row"):
            decrypt(blob, context="cases.Party:18")

    @pytest.mark.parametrize("blob", [b"", b"\x01", b"\x02\x04abcd" + b"x" * 40, b"{}"])
    def test_what_is_no_ciphertext_is_refused(self, blob):
        with pytest.raises(PersonalDataError, match="algorithm"):
            decrypt(blob, context=PLACE)

    @pytest.mark.parametrize("length", [8, 12, 18, 30])
    def test_a_ciphertext_cut_short_is_refused(self, length):
        with pytest.raises(PersonalDataError):
            decrypt(encrypt(PLAIN, context=PLACE)[:length], context=PLACE)


class TestKeys:
    def test_an_unknown_key_is_named(self, settings):
        blob = encrypt(PLAIN, context=PLACE)
        settings.PERSONAL_DATA_KEYS = NEW

        with pytest.raises(PersonalDataError, match="'2025'"):
            decrypt(blob, context=PLACE)

    def test_a_key_of_that_name_with_other_digits_reads_nothing(self, settings):
        blob = encrypt(PLAIN, context=PLACE)
        settings.PERSONAL_DATA_KEYS = f"2025:{'4d' * 32}"

        with pytest.raises(PersonalDataError, match="altered"):
            decrypt(blob, context=PLACE)

    def test_the_first_key_encrypts_and_all_decrypt(self, settings):
        before = encrypt(PLAIN, context=PLACE)
        settings.PERSONAL_DATA_KEYS = f"{NEW}, {OLD}"
        after = encrypt(PLAIN, context=PLACE)

        assert (is_current(before), is_current(after)) == (False, True)
        assert decrypt(before, context=PLACE) == decrypt(after, context=PLACE) == PLAIN
        settings.PERSONAL_DATA_KEYS = NEW
        assert decrypt(after, context=PLACE) == PLAIN
        settings.PERSONAL_DATA_KEYS = f"{OLD},{NEW}"
        assert (is_current(before), is_current(after)) == (True, False)

    @pytest.mark.parametrize(
        "configured",
        [
            "",
            " , ",
            "1a" * 32,
            f":{'1a' * 32}",
            f"{'x' * 33}:{'1a' * 32}",
            "2025:1a1a",
            f"2025:{'zz' * 32}",
            f"2025:{'1a' * 33}",
            f"{OLD},{OLD}",
            f"{OLD};{NEW}",
        ],
    )
    def test_malformed_keys_are_refused_and_never_shown(self, settings, configured):
        settings.PERSONAL_DATA_KEYS = configured

        with pytest.raises(ImproperlyConfigured, match="PERSONAL_DATA_KEYS") as refused:
            check_keys()
        with pytest.raises(ImproperlyConfigured):
            encrypt(PLAIN, context=PLACE)
        assert "1a1a" not in str(refused.value)

    @pytest.mark.parametrize("configured", ["", "3c" * 31, "zz" * 32, "3"])
    def test_a_malformed_lookup_key_is_refused(self, settings, configured):
        settings.LOOKUP_KEY = configured

        with pytest.raises(ImproperlyConfigured, match="LOOKUP_KEY"):
            check_keys()
        with pytest.raises(ImproperlyConfigured):
            lookup_hash("phone", "13800001234")

    def test_good_keys_pass(self):
        assert check_keys() is None


class TestLookup:
    @pytest.mark.parametrize(
        "written",
        [
            "+86 13800001234",
            "138 0000 1234",
            "138-0000-1234",
            "0086 138-00001234",
            "8613800001234",
            "１３８００００１２３４",
        ],
    )
    def test_spellings_of_one_telephone_number_have_one_hash(self, written):
        assert lookup_hash("phone", written) == lookup_hash("phone", "13800001234")

    @pytest.mark.parametrize(
        "written", ["33000019900101001x", " 330000 19900101 001X", "33000019900101001Ｘ", "330000-19900101-001x"]
    )
    def test_spellings_of_one_identity_number_have_one_hash(self, written):
        assert lookup_hash("id_number", written) == lookup_hash("id_number", "33000019900101001X")

    def test_other_numbers_kinds_and_keys_have_other_hashes(self, settings):
        first = lookup_hash("phone", "13800001234")
        found = {first, lookup_hash("phone", "13800001235"), lookup_hash("id_number", "13800001234")}
        settings.LOOKUP_KEY = "5e" * 32
        found.add(lookup_hash("phone", "13800001234"))

        assert len(found) == 4
        assert {len(value) for value in found} == {16}

    def test_a_landline_keeps_its_leading_digits(self):
        assert lookup_hash("phone", "0571-86000000") == lookup_hash("phone", "057186000000")
        assert lookup_hash("phone", "86000000") != lookup_hash("phone", "000000")

    @pytest.mark.parametrize("written", ["", "-", "138****1234", "138＊＊＊＊1234"])
    def test_nothing_and_masked_numbers_have_none(self, written):
        assert lookup_hash("phone", written) is None

    def test_a_masked_identity_number_has_none(self):
        assert lookup_hash("id_number", "330000********001X") is None

    def test_an_unknown_kind_is_an_error(self):
        with pytest.raises(ValueError, match="e-mail"):
            lookup_hash("e-mail", "a")

    def test_a_digest_depends_on_key_and_content(self, settings):
        found = {keyed_digest(b"a"), keyed_digest(b"b")}
        settings.LOOKUP_KEY = "5e" * 32
        found.add(keyed_digest(b"a"))

        assert len(found) == 3


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("name", "王小明", "王**"),
        ("name", "李", "李**"),
        ("phone", "13800001234", "138****1234"),
        ("phone", "057186000000", "057****0000"),
        ("phone", "0571-86000012", "057****0012"),
        ("phone", "88123456", "******56"),
        ("phone", "8812-3456", "*******56"),
        ("phone", "8-8-1-2-3-4-5-6", "*************-6"),
        ("phone", "4008000012", "********12"),
        ("phone", "1380012", "*****12"),
        ("phone", "12315", "*****"),
        ("id_number", "33000019900101001X", "330000********001X"),
        ("id_number", "12345678", "********"),
        ("address", "杭州市西湖区文三路1号", "杭州市西湖区****"),
        ("address", "文三路1号", "*****"),
        ("id_type", "居民身份证", "居民身份证"),
        ("e-mail", "someone@example.org", "********"),
        ("phone", "", ""),
    ],
)
def test_masks(kind, value, shown):
    assert mask(kind, value) == shown
