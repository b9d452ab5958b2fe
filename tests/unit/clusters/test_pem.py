"""Certificates and keys in the forms people paste them."""

import base64
from datetime import timedelta

import pytest

from app.clusters.pem import PemError, belong_together, certificates, client_certificate, private_key
from tests.unit.clusters.certificates import NOW, a_pair

PAIR = a_pair()
OTHER = a_pair("other")


def encoded(text: str) -> str:
    return base64.encodebytes(text.encode()).decode()  # with line breaks, as `base64` prints it


# Named, as certificates differ between the processes that share the tests out.
@pytest.mark.parametrize(
    "given",
    [PAIR.pem, encoded(PAIR.pem), encoded(encoded(PAIR.pem)), f"  notes\n{PAIR.pem}\n"],
    ids=["PEM", "base64", "base64 twice", "with notes"],
)
def test_pem_and_one_or_two_layers_of_base64_are_the_same(given: str) -> None:
    assert certificates(given, NOW) == (PAIR.pem, NOW + timedelta(days=3650))


@pytest.mark.parametrize(
    "given",
    ["", "nonsense", encoded(encoded(encoded(PAIR.pem))), base64.b64encode(b"\xff\xfe").decode(), "ä"],
    ids=["empty", "nonsense", "base64 three times", "base64 of no text", "no ASCII"],
)
def test_what_is_no_pem_says_so(given: str) -> None:
    with pytest.raises(PemError, match="neither PEM"):
        certificates(given, NOW)


def test_a_block_that_holds_no_certificate_says_so() -> None:
    broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

    with pytest.raises(PemError, match="no certificate that can be read"):
        certificates(broken, NOW)
    with pytest.raises(PemError, match="no certificate that can be read"):
        certificates(PAIR.key, NOW)


def test_an_expired_certificate_is_refused_with_its_date() -> None:
    expired = a_pair(until=NOW - timedelta(days=3))

    with pytest.raises(PemError, match="expired on 2025-12-30"):
        client_certificate(expired.pem, NOW)


def test_of_several_authorities_one_may_have_expired() -> None:
    expired = a_pair(until=NOW - timedelta(days=3))

    text, _ = certificates(expired.pem + PAIR.pem, NOW)

    assert text == expired.pem + PAIR.pem
    with pytest.raises(PemError, match="expired"):
        client_certificate(expired.pem + PAIR.pem, NOW)  # of a chain the first one is ours


def test_a_key_is_written_anew_and_without_its_neighbours() -> None:
    noisy = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + PAIR.key

    assert private_key(noisy) == PAIR.key


def test_a_key_with_a_passphrase_is_refused_with_the_way_out() -> None:
    with pytest.raises(PemError, match=r"passphrase.*openssl pkey"):
        private_key(PAIR.locked_key)


def test_key_and_certificate_belong_together() -> None:
    assert belong_together(PAIR.pem, PAIR.key)
    assert not belong_together(PAIR.pem, OTHER.key)
