"""What is made from code is what the code says now."""

from app.settings import Settings
from docs.generate import configuration, pages


def test_generated_pages_are_fresh() -> None:
    stale = [path.name for path, content in pages().items() if not path.exists() or path.read_text() != content]

    assert stale == [], "run `make docs`"


def test_every_setting_is_on_the_page_once() -> None:
    page = configuration()

    assert [page.count(f"| {name.upper()} |") for name in Settings.model_fields] == [1] * len(Settings.model_fields)


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
