"""Names → addresses."""

import socket

import pytest

from app.net.lookup import system_lookup


def test_a_literal_address_is_itself() -> None:
    assert system_lookup("192.0.2.7", 443) == ["192.0.2.7"]
    assert system_lookup("::1", 443) == ["::1"]


def test_a_name_of_the_hosts_file_is_found_once_each() -> None:
    found = system_lookup("localhost", 443)

    assert set(found) <= {"127.0.0.1", "::1"}
    assert len(found) == len(set(found))


def test_a_label_that_is_too_long_is_simply_not_found() -> None:
    with pytest.raises(socket.gaierror):
        system_lookup("ä" * 70 + ".example", 443)
