"""The files of an upload: which names and sizes are taken."""

import pytest

from app.errors import InvalidError, TooLargeError
from app.imports.parts import Part, checked, decoded_file, relative_name

MAIN = Part("compose.yaml", b"services: {}")


def test_the_main_file_comes_first() -> None:
    upload = checked(MAIN, [Part(".env", b"A=1"), Part("config/nginx.conf", b"")], limit_kb=1024)

    assert upload.main == "compose.yaml"
    assert list(upload.files) == ["compose.yaml", ".env", "config/nginx.conf"]


@pytest.mark.parametrize("main", [None, Part("", b"services: {}")])
def test_no_file_is_said_in_the_contracts_words(main: Part | None) -> None:
    with pytest.raises(InvalidError, match=r"^No file uploaded$"):
        checked(main, limit_kb=1024)


@pytest.mark.parametrize("name", ["compose.txt", "compose", "compose.yaml.exe", "yaml"])
def test_another_type_is_said_in_the_contracts_words(name: str) -> None:
    with pytest.raises(InvalidError, match=r"^Invalid file type\. Only \.yml and \.yaml files are allowed$"):
        checked(Part(name, b""), limit_kb=1024)


def test_a_file_may_be_as_large_as_the_limit_and_no_larger() -> None:
    checked(Part("a.YML", b"x" * 1024 * 1024), limit_kb=1024)

    with pytest.raises(TooLargeError, match=r"^File too large\. Maximum size is 1MB$"):
        checked(Part("a.yml", b"x" * (1024 * 1024 + 1)), limit_kb=1024)
    with pytest.raises(TooLargeError, match="Maximum size is 100KB"):
        checked(MAIN, [Part("b", b"x" * 102_401)], limit_kb=100)


def test_all_files_together_have_a_limit() -> None:
    many = [Part(f"{n}.conf", b"x" * 1024 * 1024) for n in range(5)]

    with pytest.raises(TooLargeError, match="5MB"):
        checked(MAIN, many, limit_kb=1024)
    with pytest.raises(InvalidError, match="at most 200"):
        checked(MAIN, [Part(f"{n}.conf", b"") for n in range(200)], limit_kb=1024)


def test_two_files_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidError, match="Two files are called a/b"):
        checked(MAIN, [Part("a/b", b""), Part("a//./b", b"")], limit_kb=1024)


@pytest.mark.parametrize(
    "name",
    [
        "../etc/passwd",
        "/etc/passwd",
        "..",
        ".",
        "",
        "~/x",
        "C:\\x.yaml",
        "..\\x",
        "a\0b",
        "a\nb",
        "a/../../b",
        "x" * 256,
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(InvalidError, match="below the upload"):
        relative_name(name)


@pytest.mark.parametrize(
    ("name", "kept"), [("./a/b.conf", "a/b.conf"), ("a\\b.conf", "a/b.conf"), ("ü ß.yml", "ü ß.yml")]
)
def test_a_name_below_is_kept(name: str, kept: str) -> None:
    assert relative_name(name) == kept


@pytest.mark.parametrize("content", ["%%%", "YQ", "ümlaut"])
def test_what_isnt_base64_is_refused(content: str) -> None:
    with pytest.raises(InvalidError) as refused:
        decoded_file("a.yml", content)

    assert refused.value.details == {"fileContent": "must be base64"}
