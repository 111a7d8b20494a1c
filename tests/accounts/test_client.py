import pytest
from django.test import RequestFactory

from accounts.client import client_browser, client_ip

PEER = "192.0.2.1"


def ip(forwarded=None, peer=PEER):
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return client_ip(RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers))


@pytest.mark.parametrize("forwarded", [None, "203.0.113.9", "203.0.113.9, 198.51.100.2"])
def test_without_proxies_the_header_does_not_count(forwarded, settings):
    settings.TRUSTED_PROXIES = 0

    assert ip(forwarded) == PEER


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "10.9.9.9, 203.0.113.9", "203.0.113.9"),  # the left was written by the client
        (2, "10.9.9.9, 203.0.113.9, 198.51.100.2", "203.0.113.9"),
        (2, "203.0.113.9", PEER),  # came round the first proxy
        (1, None, PEER),
        (1, "unknown", PEER),
        (1, "203.0.113.9:4711", "203.0.113.9"),
        (1, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, "2001:DB8::1", "2001:db8::1"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
    ],
)
def test_behind_proxies_the_header_counts_from_the_right(proxies, forwarded, address, settings):
    settings.TRUSTED_PROXIES = proxies

    assert ip(forwarded) == address


@pytest.mark.parametrize("peer", ["", "not-an-address"])
def test_no_address_is_none(peer, settings):
    settings.TRUSTED_PROXIES = 0

    assert ip(peer=peer) is None


def test_browser_loses_control_characters():
    request = RequestFactory().get("/", headers={"User-Agent": "Fire\x00fox\x1b[31m"})

    assert client_browser(request) == "Firefox[31m"
