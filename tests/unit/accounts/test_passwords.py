"""Rules and hashes of passwords."""

import pytest

from app.accounts.passwords import COST, NOBODYS, Passwords, common_passwords
from app.errors import InvalidError

QUICK = Passwords(cost=4)


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("seven77", "at least 8 characters"),
        ("é" * 37, "at most 72 bytes"),
        ("Password1", "too common"),
        ("QWERTYUIOP", "too common"),
        ("ada.lovelace@example.org", "must not be your e-mail address or name"),
        ("Ada.Lovelace", "must not be your e-mail address or name"),
        ("Ada Lovelace ", "must not be your e-mail address or name"),
    ],
)
def test_a_bad_password_is_told_its_rule(password: str, rule: str) -> None:
    with pytest.raises(InvalidError, match=rule):
        QUICK.check(password, email="ada.lovelace@example.org", name="Ada Lovelace")


@pytest.mark.parametrize("password", ["tr0ub4dor", "é" * 36, "only letters", "a" * 72])
def test_there_are_no_rules_of_composition(password: str) -> None:
    QUICK.check(password, email="ada@example.org", name="Ada")


def test_the_least_length_is_a_setting() -> None:
    with pytest.raises(InvalidError, match="at least 12 characters"):
        Passwords(min_length=12).check("elevenchars", email="", name="")


def test_the_10000_most_common_are_known() -> None:
    assert len(common_passwords()) == 10_000
    assert {"123456", "password", "qwerty", "michael"} <= common_passwords()


def test_a_hash_knows_its_password_only() -> None:
    hashed = QUICK.hash("tr0ub4dor")

    assert QUICK.matches("tr0ub4dor", hashed)
    assert not QUICK.matches("tr0ub4dor ", hashed)
    assert not QUICK.matches("", hashed)


def test_what_is_beyond_72_bytes_is_not_cut() -> None:
    hashed = QUICK.hash("a" * 72)

    assert QUICK.matches("a" * 72, hashed)
    assert not QUICK.matches("a" * 73, hashed), "bcrypt alone would take it"


@pytest.mark.parametrize("hashed", ["", "no hash", "$2b$04$short"])
def test_no_or_a_damaged_hash_matches_nothing(hashed: str) -> None:
    assert not QUICK.matches("tr0ub4dor", hashed)
    assert not QUICK.matches("", hashed)


def test_new_hashes_cost_12_and_cheaper_ones_are_outdated() -> None:
    passwords = Passwords()

    assert passwords.hash("tr0ub4dor").startswith("$2b$12$")
    assert passwords.outdated(QUICK.hash("tr0ub4dor"))
    assert not passwords.outdated("$2a$12$" + "x" * 53), "hashes of the earlier backend stay as they are"
    assert NOBODYS[COST].startswith(b"$2b$12$"), "an unknown e-mail must cost what a known one costs"
