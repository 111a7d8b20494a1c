"""Personal data: encrypted at rest, found by keyed hash, shown masked.

The keys are PERSONAL_DATA_KEYS ("id:hex[,id:hex…]": the first encrypts, all decrypt) and, apart from it, LOOKUP_KEY
for the hashes; SECRET_KEY is never used. A ciphertext is

    1 byte algorithm | 1 byte length of the key id | key id | 12 bytes nonce | AES-256-GCM ciphertext and tag

and is bound to its place (`context`), so that it cannot be moved to another row.
"""

import functools
import hashlib
import hmac
import json
import os
import re
import unicodedata
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

AES_256_GCM = 1
NONCE_BYTES = 12
HASH_BYTES = 16
MASK = "*"
COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class PersonalDataError(Exception):
    """A ciphertext cannot be read: unknown key or algorithm, or it was altered or moved."""


@dataclass(frozen=True)
class Keyring:
    """`head` begins each ciphertext of the current key: algorithm and key id."""

    current: str
    head: bytes
    ciphers: dict[str, AESGCM]


@functools.cache
def _keyring(configured: str) -> Keyring:
    ciphers: dict[str, AESGCM] = {}
    for item in filter(None, (part.strip() for part in configured.split(","))):
        name, _, secret = item.partition(":")
        try:
            key = bytes.fromhex(secret)
        except ValueError:
            key = b""
        if len(key) != 32 or not 1 <= len(name.encode()) <= 32 or name in ciphers:
            raise ImproperlyConfigured(
                "PERSONAL_DATA_KEYS must be id:key pairs parted by commas, each id once and each key 64 hex digits."
            )
        ciphers[name] = AESGCM(key)
    if not ciphers:
        raise ImproperlyConfigured("PERSONAL_DATA_KEYS holds no key.")
    current = next(iter(ciphers))
    name = current.encode()
    return Keyring(current, bytes((AES_256_GCM, len(name))) + name, ciphers)


@functools.cache
def _lookup_key(configured: str) -> bytes:
    try:
        key = bytes.fromhex(configured)
    except ValueError:
        key = b""
    if len(key) < 32:
        raise ImproperlyConfigured("LOOKUP_KEY must be at least 64 hex digits.")
    return key


@functools.cache
def _lookup_mac(configured: str) -> hmac.HMAC:
    return hmac.new(_lookup_key(configured), digestmod="sha256")


def check_keys() -> None:
    """Raise ImproperlyConfigured unless both keys of the settings are usable."""
    _keyring(settings.PERSONAL_DATA_KEYS)
    _lookup_key(settings.LOOKUP_KEY)


def encrypt(plain: dict, *, context: str) -> bytes:
    """Encrypt a JSON object for the place `context` (such as "cases.Party:17") with the current key."""
    return encrypt_bytes(COMPACT(plain).encode(), context=context)


def decrypt(blob: bytes, *, context: str) -> dict:
    """The JSON object that `encrypt` was given. Raises PersonalDataError."""
    try:
        return json.loads(decrypt_bytes(blob, context=context))
    except ValueError:
        raise PersonalDataError("The data is no JSON object.") from None


def encrypt_bytes(plain: bytes, *, context: str) -> bytes:
    """Encrypt `plain`, such as a file, for the place `context` with the current key."""
    ring = _keyring(settings.PERSONAL_DATA_KEYS)
    nonce = os.urandom(NONCE_BYTES)
    return ring.head + nonce + ring.ciphers[ring.current].encrypt(nonce, plain, context.encode())


def decrypt_bytes(blob: bytes, *, context: str) -> bytes:
    """What `encrypt_bytes` was given. Raises PersonalDataError."""
    blob = bytes(blob)
    name, start = _key_id(blob)
    ring = _keyring(settings.PERSONAL_DATA_KEYS)
    if name not in ring.ciphers:
        raise PersonalDataError(f"The key {name!r} is not in PERSONAL_DATA_KEYS.")
    nonce, sealed = blob[start : start + NONCE_BYTES], blob[start + NONCE_BYTES :]
    try:
        return ring.ciphers[name].decrypt(nonce, sealed, context.encode())
    except (InvalidTag, ValueError):  # ValueError: cut short, even in its nonce
        raise PersonalDataError("The data was altered or belongs to another row.") from None


def is_current(blob: bytes) -> bool:
    """Whether `blob` was encrypted with the current key (otherwise it waits for rotation)."""
    return _key_id(bytes(blob))[0] == _keyring(settings.PERSONAL_DATA_KEYS).current


def _key_id(blob: bytes) -> tuple[str, int]:
    if len(blob) < 3 or blob[0] != AES_256_GCM:
        raise PersonalDataError("Unknown algorithm.")
    end = 2 + blob[1]
    return blob[2:end].decode(errors="replace"), end


def keyed_digest(data: bytes) -> bytes:
    """A 16-byte keyed digest, such as of a source row: equal rows are found, contents cannot be guessed."""
    return hashlib.blake2b(data, digest_size=HASH_BYTES, key=_lookup_key(settings.LOOKUP_KEY)[:64]).digest()


def lookup_hash(kind: str, value: str) -> bytes | None:
    """The keyed hash by which a value is found: 16 bytes of HMAC-SHA256 over type and normalised value.

    `kind` is "phone" (digits, without +86) or "id_number" (upper case). None for an empty or masked value.
    """
    normal = normalise(kind, value)
    if not normal or MASK in normal:
        return None
    mac = _lookup_mac(settings.LOOKUP_KEY).copy()
    mac.update(f"{kind}:{normal}".encode())
    return mac.digest()[:HASH_BYTES]


def normalise(kind: str, value: str) -> str:
    """One spelling for equal values: phone digits without country code, identity numbers in upper case."""
    if kind == "phone" and len(value) == 11 and value.isascii() and value.isdigit():
        return value
    if kind == "id_number" and value.isascii() and value.isalnum():
        return value.upper()
    text = unicodedata.normalize("NFKC", value or "").replace("＊", MASK)
    if kind == "phone":
        text = re.sub(r"[^\d*]", "", text)
        for prefix in ("0086", "86"):
            if text.startswith(prefix) and len(text) - len(prefix) == 11:
                return text[len(prefix) :]
        return text
    if kind == "id_number":
        return re.sub(r"[^\dA-Z*]", "", text.upper())
    raise ValueError(kind)


def mask(kind: str, value: str) -> str:
    """What may be shown without a reveal: the family name, three and four digits of a mobile phone, two of a
    shorter number, and so on."""
    if not value:
        return ""
    if kind == "name":
        return value[0] + MASK * 2
    if kind == "phone":
        digits = sum(map(str.isdigit, value))
        if digits >= 11:
            return value[:3] + MASK * 4 + value[-4:]
        return MASK * (len(value) - 2) + value[-2:] if digits >= 7 else MASK * len(value)
    if kind == "id_number":
        return value[:6] + MASK * 8 + value[-4:] if len(value) >= 15 else MASK * len(value)
    if kind == "address":
        return value[:6] + MASK * 4 if len(value) > 6 else MASK * len(value)
    return value if kind == "id_type" else MASK * min(len(value), 8)
