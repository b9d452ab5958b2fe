"""HTTP of the node types. No logic: the catalogue comes with the code and never changes while it runs."""

from http import HTTPStatus

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.http.auth import signed_in
from app.http.openapi import documented
from app.manifests.answers import TemplatesAnswer
from app.manifests.catalogue import catalogue

bp = Blueprint("templates", __name__)


@bp.get("/templates")
@signed_in
@documented("List the types of nodes", tags=["workflows"], answers={HTTPStatus.OK: TemplatesAnswer})
def list_templates() -> ResponseReturnValue:
    return {"templates": catalogue().listed()}, HTTPStatus.OK
