"""How a spec says what numbers stand for a token of a text."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, model_serializer, model_validator
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from kerascnn.spec.section import Section


class Embedding(Section):
    """The numbers that stand for a token of a text. Those of padding are always 0."""

    size: int = Field(128, ge=1, le=8192)
    """Numbers for each token; with `path`, as many as the file has."""
    path: str | None = Field(None, min_length=1)
    """File of vectors that training begins with: word2vec's binary form where it ends in `.bin`, else text, as
    word2vec, fastText and GloVe have it; or the folder of a run on texts, whose vectors it is then, token by token,
    whatever vocabulary this training has. Tokens that are not in it begin with numbers of chance of the same variance.
    The saved model has all of them inside. A relative path starts from the current folder. Left out: numbers of
    chance."""
    train: Literal["non_static", "static", "two_channel"] = "non_static"
    """Whether the vectors of the file are learnt further, stay as they are, or both, side by side: twice as many
    numbers (Kim 2014, arXiv:1408.5882)."""

    @model_validator(mode="after")
    def _vectors_are_there(self) -> Self:
        if self.path is None and self.train != "non_static":
            raise PydanticCustomError(
                "no_vectors",
                "{train} keeps vectors that were learnt elsewhere; name their file in `path`, or leave `train` out",
                {"train": self.train},
            )
        return self

    @model_serializer(mode="wrap")
    def _shortest(self, whole: Any) -> Any:
        """Return the size alone where there is nothing else to say."""
        return self.size if self.path is None else whole(self)


class _SizeAlone:
    """Lets a number stand for an embedding of that size."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_section, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 8192}, handler(schema)]}


def _section(value: Any) -> Any:
    if isinstance(value, dict | Embedding):
        return value
    if type(value) is not int or not 1 <= value <= 8192:
        raise PydanticCustomError(
            "embedding", "should be a whole number from 1 to 8192, or a section of size, path and train"
        )
    return {"size": value}


EmbeddingField = Annotated[Embedding, _SizeAlone()]
"""A number of numbers, or a section."""
