"""The page of node types is made from the templates."""

from app.manifests.reference import PAGE, reference_page


def test_the_page_of_node_types_is_as_the_templates_are() -> None:
    assert PAGE.read_text() == reference_page(), "write it again: python -m app.manifests.reference"
