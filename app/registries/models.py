"""What a registry tells about an image, as answers have it. No I/O."""

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class ImageFacts(BaseModel):
    """Of one image for one platform."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    image: str = Field(description="With registry and tag written out.")
    digest: str = Field(description="Of what the name stands for; of the index when there are several platforms.")
    size: int = Field(description="Bytes that are pulled: layers, compressed, and configuration.")
    created: str = Field("", description="As the image says; blank when it doesn't.")
    platforms: tuple[str, ...] = Field(description="All that there are, such as `linux/amd64`.")
    exposed_ports: tuple[str, ...] = Field((), description="Such as `8080/tcp`.")
    user: str = ""
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    working_dir: str = ""
    volumes: tuple[str, ...] = ()
    env_names: tuple[str, ...] = Field((), description="Names only: values may be secret.")
