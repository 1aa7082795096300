"""Marks what is personal, once, on the field itself; sealing, masking and the API pages follow it.

    name: Annotated[str, Personal("name")]

Masking errs on the side of hiding: a field that the model does not know is hidden, and where a
value may be one of several models, what any of them calls personal is hidden.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from typing_extensions import TypeAliasType

from shared.retention.blanking import is_blank
from shared.security.masks import HIDDEN, MASKS

Kind = Literal["name", "id_number", "phone", "address", "text", "form", "email"]


@dataclass(frozen=True, slots=True)
class Personal:
    """Annotation: this field holds something about a person; `kind` says how it is masked."""

    kind: Kind = "text"

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(core), "x-personal": True}


_UNKNOWN: Final = Personal("form")


def masked(
    value: BaseModel | Mapping[str, Any], model: type[BaseModel] | None = None
) -> dict[str, Any]:
    """As JSON would show it, with what is personal masked. A mapping needs the `model` it obeys."""
    if isinstance(value, BaseModel):
        model = model or type(value)
        value = value.model_dump(mode="json")
    if model is None:
        raise TypeError("say which model the mapping obeys")
    return _mask_object(value, (model,))


@cache
def personal_fields(model: type[BaseModel]) -> Mapping[str, Personal]:
    """The model's own personal fields, by name."""
    found = {name: _marker(_annotation(field)) for name, field in model.model_fields.items()}
    return MappingProxyType({name: marker for name, marker in found.items() if marker})


def personal_paths(model: type[BaseModel]) -> Iterator[tuple[str, Personal]]:
    """Every personal field at any depth: ("applicant.name", Personal("name")), ("notes[]", …)."""
    yield from _paths((model,), "", ())


def _annotation(field: FieldInfo) -> Any:
    """The field's type with the markers that pydantic has taken off it."""
    annotation: Any = field.annotation
    for extra in field.metadata:
        annotation = Annotated[annotation, extra]
    return annotation


def _marker(annotation: Any) -> Personal | None:
    return next((each for each in _members(annotation) if isinstance(each, Personal)), None)


def _members(annotation: Any) -> Iterator[Any]:
    """What the value may be: unions and aliases taken apart; a marker stands for itself."""
    if isinstance(annotation, TypeAliasType):
        yield from _members(annotation.__value__)
    elif get_origin(annotation) is Annotated:
        inner, *extras = get_args(annotation)
        yield from (extra for extra in extras if isinstance(extra, Personal))
        yield from _members(inner)
    elif get_origin(annotation) in (Union, UnionType):
        for member in get_args(annotation):
            yield from _members(member)
    elif annotation is not NoneType:
        yield annotation


def _mask(value: Any, annotations: Sequence[Any]) -> Any:
    members = [member for each in annotations for member in _members(each)]
    marker = next((member for member in members if isinstance(member, Personal)), None)
    if marker is not None:
        return _hide(value, marker.kind)
    if isinstance(value, Mapping):
        return _mask_mapping(value, members)
    if isinstance(value, list | tuple | set | frozenset):
        return [_mask(item, _items(members)) for item in value]
    return value


def _mask_mapping(value: Mapping[str, Any], members: Sequence[Any]) -> dict[str, Any]:
    models = [member for member in members if _is_model(member)]
    if models:
        fitting = [model for model in models if _fits(model, value)]
        return _mask_object(value, fitting or models)
    values = [get_args(member)[1] for member in members if len(get_args(member)) == 2]
    return {key: _mask(item, values) for key, item in value.items()}


def _mask_object(value: Mapping[str, Any], models: Sequence[type[BaseModel]]) -> dict[str, Any]:
    return {
        key: _mask(item, [a for model in models for a in _known(model).get(key, ())] or [_hidden()])
        for key, item in value.items()
    }


def _hidden() -> Any:
    return Annotated[Any, _UNKNOWN]


@cache
def _known(model: type[BaseModel]) -> Mapping[str, tuple[Any, ...]]:
    """Annotations by every name under which a field may appear."""
    known: dict[str, tuple[Any, ...]] = {}
    for name, field in model.model_fields.items():
        for key in {name, field.alias or name, field.serialization_alias or name}:
            known[key] = (_annotation(field),)
    for name, computed in model.model_computed_fields.items():
        known[name] = (computed.return_type,)
    return known


def _fits(model: type[BaseModel], value: Mapping[str, Any]) -> bool:
    """A model whose Literal field (a `kind`) says otherwise is not what this value is."""
    return all(
        value[name] in get_args(field.annotation)
        for name, field in model.model_fields.items()
        if get_origin(field.annotation) is Literal and name in value
    )


def _items(members: Sequence[Any]) -> list[Any]:
    return [
        argument
        for member in members
        if not _is_model(member)
        for argument in get_args(member)
        if argument is not Ellipsis
    ]


def _is_model(member: Any) -> bool:
    return isinstance(member, type) and issubclass(member, BaseModel)


def _hide(value: Any, kind: str) -> Any:
    """Keys of a form stay (they are the item's, not the person's); every value goes."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        return {key: _hide(item, "text") for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_hide(item, kind) for item in value]
    if is_blank(value):
        # Nothing is left to hide.
        return value
    return MASKS[kind](value) if isinstance(value, str) else HIDDEN


def _paths(
    annotations: Sequence[Any], path: str, above: tuple[type[BaseModel], ...]
) -> Iterator[tuple[str, Personal]]:
    members = [member for each in annotations for member in _members(each)]
    marker = next((member for member in members if isinstance(member, Personal)), None)
    if marker is not None:
        yield path, marker
        return
    for member in members:
        if _is_model(member):
            if member not in above:
                for name, field in member.model_fields.items():
                    below = f"{path}.{name}" if path else name
                    yield from _paths([_annotation(field)], below, (*above, member))
        elif get_args(member) and get_origin(member) is not Literal:
            yield from _paths(_items([member]), f"{path}[]", above)
