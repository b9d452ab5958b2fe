"""HTTP of image registries. No logic."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app.errors import InvalidError
from app.http.auth import signed_in
from app.http.context import services
from app.http.openapi import Query, documented
from app.registries.models import ImageFacts
from app.registries.references import reference_of

bp = Blueprint("registries", __name__)


@bp.get("/registries/image-facts")
@signed_in
@documented(
    "What a registry knows of an image",
    description="From its manifest and configuration; nothing is pulled. Values of environment variables are left out.",
    query=[
        Query("image", "As in a Compose file, such as `nginx:1.29` or `ghcr.io/owner/app@sha256:…`.", required=True),
        Query("platform", "`os/architecture[/variant]`; default: `linux/amd64`, else the first that there is."),
    ],
    answers={200: ImageFacts},
    errors=(400, 403, 404, 502, 504),
)
def image_facts() -> ResponseReturnValue:
    image = request.args.get("image", "")
    if not image.strip():
        raise InvalidError("Image parameter is required", {"image": "is required"})
    facts = services().images.facts(reference_of(image), request.args.get("platform", ""))
    return facts.model_dump(by_alias=True)
