"""Documents and their ids: an ObjectId in Python and Mongo, 24 hex digits in JSON. No I/O."""

from typing import Annotated, Any, Self

from bson import ObjectId
from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from app.errors import InvalidError


class _ObjectIdType:
    """Teaches pydantic ObjectIds: takes one or its hex text, writes hex in JSON."""

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        def parse(value: Any) -> ObjectId:
            if isinstance(value, ObjectId):
                return value
            if isinstance(value, str) and ObjectId.is_valid(value):
                return ObjectId(value)
            raise ValueError("must be 24 hex digits")

        return core_schema.no_info_plain_validator_function(
            parse, serialization=core_schema.plain_serializer_function_ser_schema(str, when_used="json")
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "pattern": "^[0-9a-f]{24}$", "examples": ["65f1a2b3c4d5e6f708192a3b"]}


Id = Annotated[ObjectId, _ObjectIdType]


class Document(BaseModel):
    """Base of what stores give out: frozen, made from a raw document. Unknown fields stay in the store, unread."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, arbitrary_types_allowed=True, extra="ignore")

    @classmethod
    def of(cls, raw: Any) -> Self:
        return cls.model_validate(raw)


def object_id(text: str, thing: str) -> ObjectId:
    """An id from a URL or body.

    Raises:
        InvalidError: `Invalid <thing> ID`.
    """
    if len(text) != 24 or not ObjectId.is_valid(text):
        raise InvalidError(f"Invalid {thing} ID")
    return ObjectId(text)
