"""Security check 24: loopback, link-local, private, mapped, NAT64, decimal, hex and short addresses are refused."""

import socket

import pytest

from app.net.guard import AddressGuard, BlockedAddressError

STRICT = AddressGuard(allow_private=False, allow_loopback=False, allowlist=(), settings_prefix="")
CLUSTERS = AddressGuard(allow_private=True, allow_loopback=True, allowlist=())

NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "224.0.0.1",
    "ff02::1",
    "169.254.0.7",
    "169.254.169.254",
    "169.254.170.2",
    "fe80::1",
    "fe80::1%1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "240.0.0.1",
    "255.255.255.255",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "::169.254.169.254",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::10.0.0.1",
    "2002:a9fe:a9fe::1",
    "2001:0:0:0:0:0:5601:5601",  # Teredo, the client's address inverted: 169.254.169.254
]
LOOPBACK = ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"]
PRIVATE = [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "198.18.0.1",
    "192.0.2.1",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "2001:db8::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:c0a8:101::",
]
# As C's inet_aton reads them, and getaddrinfo with it.
SPELLINGS = [
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "127.1",
    "0177.0.0.1",
    "localhost",
    "LOCALHOST.",
    "[::1]",
    "127.0.0.1.",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", NEVER + LOOPBACK + PRIVATE)
def test_24_inner_addresses_are_refused_where_only_public_ones_make_sense(address: str) -> None:
    with pytest.raises(BlockedAddressError, match=r"not allowed here: .* OUTBOUND_ALLOWLIST"):
        STRICT.resolve(address, 443)


@pytest.mark.parametrize("address", NEVER)
def test_24_some_are_never_allowed_for_clusters_either(address: str) -> None:
    with pytest.raises(BlockedAddressError):
        CLUSTERS.resolve(address, 443)


@pytest.mark.parametrize("host", SPELLINGS)
def test_24_a_disguised_loopback_is_judged_by_where_it_leads(host: str) -> None:
    with pytest.raises((BlockedAddressError, socket.gaierror)):
        STRICT.resolve(host, 443)


def test_24_full_width_digits_are_no_way_around() -> None:
    with pytest.raises((BlockedAddressError, socket.gaierror)):
        STRICT.resolve("127。0。0。1", 443)


@pytest.mark.parametrize("address", PRIVATE + LOOPBACK + PUBLIC)
def test_24_clusters_may_live_in_private_places(address: str) -> None:
    assert CLUSTERS.resolve(address, 443), "what is allowed comes back to be connected to"


@pytest.mark.parametrize("address", PUBLIC)
def test_24_public_addresses_are_allowed(address: str) -> None:
    assert STRICT.resolve(address, 443) == [address]


def test_24_one_bad_address_among_several_is_enough() -> None:
    guard = AddressGuard(False, False, (), lookup=lambda host, port: ["1.1.1.1", "10.0.0.1"])

    with pytest.raises(BlockedAddressError):
        guard.resolve("two-faced.example", 443)


def test_24_the_refusal_names_the_setting_but_not_the_address() -> None:
    guard = AddressGuard(False, False, (), settings_prefix="REGISTRY", lookup=lambda host, port: ["10.1.2.3"])

    with pytest.raises(BlockedAddressError) as refused:
        guard.resolve("registry.corp.example", 443)

    assert str(refused.value) == (
        "registry.corp.example is a private address, not allowed here: "
        "an administrator can allow it with REGISTRY_ALLOW_PRIVATE or by naming it in OUTBOUND_ALLOWLIST"
    )


@pytest.mark.parametrize("entry", ["git.corp.example", "GIT.corp.example:8443", "10.1.0.0/16", "10.1.2.3"])
def test_24_what_the_allowlist_names_is_allowed(entry: str) -> None:
    guard = AddressGuard(False, False, (entry,), lookup=lambda host, port: ["10.1.2.3"])

    assert guard.resolve("git.corp.example", 8443) == ["10.1.2.3"]


@pytest.mark.parametrize("entry", ["corp.example", "git.corp.example:443", "10.2.0.0/16", "evil.git.corp.example", ""])
def test_24_the_allowlist_names_exactly(entry: str) -> None:
    guard = AddressGuard(False, False, (entry,), lookup=lambda host, port: ["10.1.2.3"])

    with pytest.raises(BlockedAddressError):
        guard.resolve("git.corp.example", 8443)


@pytest.mark.parametrize("host", ["", "[]", ".", "a" * 64 + ".example", "a..b"])
def test_24_what_is_no_name_is_not_found(host: str) -> None:
    with pytest.raises(socket.gaierror):
        CLUSTERS.resolve(host, 443)  # an empty host would be this machine
