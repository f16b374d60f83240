"""The parameters of an operation that name its resources, and the ARNs that they name.

They follow from two models, and are not guessed from values: a parameter names a resource if
botocore's model calls it as the catalogue calls the type's ARN (`topicArn`) or a part of it
(`TableName`), at any depth, keys of maps included. The tables below add what those models lack. A
value that looks like an ARN under any other name is payload, and is ignored.

Everything else is unknown (None), which `authorize` lets every Deny match: a type that no parameter
names, an ARN of another account, Region or kind, a name with an ambiguous character, a parameter
that may lead the service past the one that names the resource. A service whose ARNs contain more
than the names in calls is known by ARN only.

Sources: botocore's service models; AWS Service Authorization Reference (through the catalogue).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from itertools import chain, groupby, product
from operator import attrgetter
from typing import Any

from moto.core.model import Shape
from moto.core.utils import get_service_model

from sekisho.catalogue import Action, ResourceType, load
from sekisho.lazy import dataclass
from sekisho.localaws.decision import moto_state
from sekisho.localaws.decision.classify import ApiCall
from sekisho.localaws.state.world import World

_Path = tuple[str, ...]

_ITEMS, _KEYS, _VALUES = "[]", "{}", "{}="
"""Steps of a path besides members: each item of a list, each key or value of a map."""

_NAMES_ARE_EXACT = frozenset(
    {"dynamodb", "ec2", "ecr", "kinesis", "kms", "lambda", "secretsmanager", "sqs", "ssm"}
)
"""Services whose parameters contain exactly a part of the ARN, possibly after `_READINGS`."""

_ALSO_CALLED: Mapping[tuple[str, str], frozenset[str]] = {
    ("dynamodb", "TableName"): frozenset({"sourcetablename", "targettablename", "tablearn"}),
    ("ec2", "SecurityGroupId"): frozenset({"groupid", "groupids"}),
    ("kms", "Alias"): frozenset({"aliasname"}),
    ("kms", "KeyId"): frozenset({"aliasname", "destinationkeyid", "targetkeyid"}),
    ("lambda", "Alias"): frozenset({"qualifier"}),
    ("lambda", "Version"): frozenset({"qualifier"}),
    ("sqs", "QueueName"): frozenset({"queueurl"}),
    ("secretsmanager", "SecretId"): frozenset({"secretidlist"}),
    ("sns", "TopicName"): frozenset({"targetarn"}),
    ("ssm", "ParameterNameWithoutLeadingSlash"): frozenset({"name", "names"}),
}
"""Other names of parameters for a part of an ARN, in lower case and without separators."""

_WITH_SLASH = frozenset(
    {"LogGroupName", "ParameterNameWithoutLeadingSlash", "RepositoryName", "SecretId"}
)
"""Parts of ARNs that may contain a slash."""

_LEADS_PAST: Mapping[str, frozenset[str]] = {
    "ec2": frozenset(
        {"groupname", "securitygroups", "launchtemplate", "launchtemplatename", "filters"}
    ),
    "kms": frozenset({"granttoken"}),
}
"""Parameters by which a call may affect more than the resource that it names."""

_DEEPEST = 8
"""The greatest depth of a path: resources are not named deeper, and some shapes are huge."""

_ACCOUNT = re.compile(r"registryid|catalogid|account(id|number)?$|ownerid$|awsaccountid$")
_OF_PLACE = frozenset({"Partition", "Region", "Account"})
_PLACE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class _Form:
    """One form of a type's ARN, and the parameters with its parts.

    Attributes:
        template: the catalogue's.
        places: its placeholders, like `TableName`, in order.
        arns: the paths of parameters that may hold the ARN.
        names: for each place, the paths of parameters that may hold what is put there.
    """

    template: str
    places: tuple[str, ...]
    arns: tuple[_Path, ...]
    names: tuple[tuple[_Path, ...], ...]


@dataclass(frozen=True, slots=True)
class NamedType:
    """One type of resource of an action, as an operation names it.

    Attributes:
        name: the type's name.
        required: whether every call of the action is about one.
        named: whether the operation has a parameter that names one.
        forms: the forms of its ARN.
    """

    name: str
    required: bool
    named: bool
    forms: tuple[_Form, ...]


@dataclass(frozen=True, slots=True)
class Naming:
    """The parameters by which an operation names the resources of one of its actions.

    Attributes:
        types: the action's types of resources.
        others: the paths of parameters that may lead past what the types' parameters say.
        accounts: the paths of parameters that name an account.
    """

    types: tuple[NamedType, ...]
    others: tuple[_Path, ...]
    accounts: tuple[_Path, ...]


@cache
def naming(service: str, operation: str, action: str) -> Naming:
    """Return the parameters of an operation that name the resources of an IAM action."""
    known = load().action(action)
    leaves = _leaves_of(service, operation)
    types = tuple(_types(known, leaves)) if known is not None else ()
    prefix = action.partition(":")[0]
    past = _LEADS_PAST.get(prefix, frozenset())
    used = {path for each in types for form in each.forms for path in _paths(form)}
    others = {path for path, _ in leaves if any(_plain(step) in past for step in path)}
    if prefix not in _NAMES_ARE_EXACT:
        # moto may use the name although the ARN was checked
        others |= {path for path, _ in leaves if path in used and _by_name_only(types, path)}
    accounts = tuple(path for path, name in leaves if _ACCOUNT.search(_plain(name)))
    return Naming(types, tuple(others), accounts)


def _by_name_only(types: tuple[NamedType, ...], path: _Path) -> bool:
    return not any(path in form.arns for each in types for form in each.forms)


def _paths(form: _Form) -> Iterator[_Path]:
    yield from form.arns
    for paths in form.names:
        yield from paths


@cache
def _leaves_of(service: str, operation: str) -> tuple[tuple[_Path, str], ...]:
    shape = get_service_model(service).operation_model(operation).input_shape
    return tuple(_leaves(shape)) if shape is not None else ()


def _leaves(
    shape: Shape, path: _Path = (), within: tuple[str, ...] = ()
) -> Iterator[tuple[_Path, str]]:
    """Yield the path and the name of each text in the shape."""
    if shape.name in within or len(path) > _DEEPEST:
        return
    # of moto's three classes of shapes that hold others
    whole: Any = shape
    inner = (*within, shape.name)
    if shape.type_name == "structure":
        for name, member in whole.members.items():
            yield from _leaves(member, (*path, name), inner)
    elif shape.type_name == "list":
        yield from _leaves(whole.member, (*path, _ITEMS), inner)
    elif shape.type_name == "map":
        yield (*path, _KEYS), whole.key.name
        yield from _leaves(whole.value, (*path, _VALUES), inner)
    elif shape.type_name == "string" and not getattr(shape, "enum", None):
        # a value from a fixed list names no resource
        steps = [step for step in path if step not in {_ITEMS, _KEYS}]
        yield path, steps[-1] if steps else ""


def _types(action: Action, leaves: tuple[tuple[_Path, str], ...]) -> Iterator[NamedType]:
    # names are those of the account's own resources, as far as moto has them
    listed = (kind for kind in action.resource_types if kind.listed)
    for name, group in groupby(listed, key=attrgetter("name")):
        kinds = list(group)
        forms = tuple(_form(action.service, kind, leaves) for kind in kinds)
        named = any(_is_named(action.service, form) for form in forms)
        yield NamedType(name, kinds[0].required, named, forms)


def _is_named(service: str, form: _Form) -> bool:
    by_name = service in _NAMES_ARE_EXACT and form.names and all(form.names)
    return bool(form.arns or by_name)


def _form(service: str, kind: ResourceType, leaves: tuple[tuple[_Path, str], ...]) -> _Form:
    places = tuple(name for name in _PLACE.findall(kind.arn) if name not in _OF_PLACE)
    called = [_called(service, place) for place in places]
    names = tuple(tuple(path for path, name in leaves if _plain(name) in each) for each in called)
    arns = tuple(path for path, name in leaves if _holds_arn(kind.name, places, path, name))
    if len(places) == 1:
        # a parameter for a name usually accepts an ARN as well
        arns = tuple(dict.fromkeys((*arns, *names[0])))
    return _Form(kind.arn, places, arns, names)


def _called(service: str, place: str) -> frozenset[str]:
    """Return the names of parameters for `place`, and for lists of it."""
    plain = _plain(place)
    return frozenset({plain, f"{plain}s"}) | _ALSO_CALLED.get((service, place), frozenset())


_ANY_ARN = frozenset({"arn", "arns", "resourcearn", "resourcearns", "resourcearnlist"})


def _holds_arn(kind: str, places: tuple[str, ...], path: _Path, name: str) -> bool:
    plain = _plain(name)
    if plain in _ANY_ARN:
        return len([step for step in path if step != _ITEMS]) == 1
    stems = {_plain(kind)}
    if places:
        stems.add(re.sub("(name|id)$", "", _plain(places[-1])))
    return plain.removesuffix("s").removesuffix("list") in {f"{stem}arn" for stem in stems}


@cache
def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def named_resources(world: World, call: ApiCall, action: Action) -> tuple[str | None, ...]:
    """Return the ARNs that a call is about; None for an unknown one."""
    plan = naming(call.service, call.operation, str(action))
    if _names_other_account(world, call, plan) or any(
        value for path in plan.others for value in _values(call.params, path)
    ):
        return (None,)
    found: dict[str | None, None] = {}
    understood: set[str] = set()
    missing = []
    for each in plan.types:
        own = [arn for f in each.forms for arn in _arns_of_form(world, call, action, f, understood)]
        found.update(dict.fromkeys(own))
        if not own:
            missing.append(each)
    paths = {path for each in plan.types for form in each.forms for path in _paths(form)}
    unknown = not _texts_at(call, paths) <= understood or any(
        not _is_absent(call, each, understood) for each in missing
    )
    return (*found, None) if unknown or not found else tuple(found)


def _is_absent(call: ApiCall, kind: NamedType, understood: set[str]) -> bool:
    """Return whether the call is about no resource of a type of which it names none.

    A required type is absent only where another type was named in its place. An optional one that
    no parameter names may still hide in any text that was not understood.
    """
    if kind.required:
        values = _texts_at(call, {path for form in kind.forms for path in _paths(form)})
        return bool(values) and values <= understood
    if kind.named:
        return True
    leaves = _leaves_of(call.service, call.operation)
    return _texts_at(call, {path for path, _ in leaves}) <= understood


@cache
def named_paths(service: str, operation: str, actions: tuple[str, ...]) -> frozenset[_Path]:
    """Return the parameters that name resources of a call's actions, without list items."""
    return frozenset(
        tuple(step for step in path if step not in {_ITEMS, _KEYS, _VALUES})
        for action in actions
        for kind in naming(service, operation, action).types
        for form in kind.forms
        for path in _paths(form)
    )


def texts_of(call: ApiCall) -> Iterator[tuple[str, ...]]:
    """Yield the path of each text parameter, by the names of the service's model."""
    for path, _ in _leaves_of(call.service, call.operation):
        if any(True for _ in _values(call.params, path)):
            yield path


def _texts_at(call: ApiCall, paths: Iterable[_Path]) -> set[str]:
    return {value for path in paths for value in _values(call.params, path)}


def _names_other_account(world: World, call: ApiCall, plan: Naming) -> bool:
    return any(
        value != world.account for path in plan.accounts for value in _values(call.params, path)
    )


def _arns_of_form(
    world: World, call: ApiCall, action: Action, form: _Form, understood: set[str]
) -> Iterator[str]:
    """Yield the ARNs of one form; add the values that they contain to `understood`."""
    if not any((action.service, place) in _READINGS for place in form.places):
        pattern = _pattern(form.template, world.partition, call.region, world.account)
        for value in chain.from_iterable(_values(call.params, path) for path in form.arns):
            if pattern.fullmatch(value):
                understood.add(value)
                yield value
    if action.service not in _NAMES_ARE_EXACT or not form.places:
        return
    readings = [
        [
            (value, text)
            for path in paths
            for value in _values(call.params, path)
            if (text := _read(world, call, action.service, place, value)) is not None
        ]
        for place, paths in zip(form.places, form.names, strict=True)
    ]
    for combined in product(*readings):
        understood.update(value for value, _ in combined)
        texts = [text for _, text in combined]
        yield texts[0] if texts[0].startswith("arn:") else _filled(world, call, form, texts)


def _filled(world: World, call: ApiCall, form: _Form, texts: list[str]) -> str:
    values = {"Partition": world.partition, "Region": call.region, "Account": world.account}
    values.update(zip(form.places, texts, strict=True))
    return _PLACE.sub(lambda found: values[found[1]], form.template)


@lru_cache(maxsize=4096)
def _pattern(template: str, partition: str, region: str, account: str) -> re.Pattern[str]:
    """Return a pattern of the ARNs of a template in one Region of one account."""
    values = {"Partition": partition, "Region": region, "Account": account}
    parts = _PLACE.split(template)
    return re.compile(
        "".join(
            re.escape(part)
            if index % 2 == 0
            else re.escape(values[part])
            if part in values
            else _characters(part)
            for index, part in enumerate(parts)
        )
    )


def _characters(place: str) -> str:
    """Return a pattern of the characters at a place: none that ends a part for any reader."""
    return r"[\w.+=@,/-]+" if place in _WITH_SLASH else r"[\w.+=@,-]+"


def _values(value: object, path: _Path) -> Iterator[str]:
    """Yield the texts at a path of the parameters."""
    if path:
        for inner in _step(value, path[0]):
            yield from _values(inner, path[1:])
    elif isinstance(value, str) and value:
        yield value


def _step(value: object, step: str) -> Iterable[object]:
    if isinstance(value, list):
        return value if step == _ITEMS else ()
    if not isinstance(value, Mapping):
        return ()
    match step:
        case "{}":
            return list(value)
        case "{}=":
            return list(value.values())
        case name:
            return (value[name],) if name in value else ()


_Reading = Callable[[World, ApiCall, str], str | None]


def _queue(world: World, call: ApiCall, url: str) -> str | None:
    """Return the name of the queue in a URL; None if it is ambiguous."""
    del call
    found = re.fullmatch(rf"(https?://[^/?#]+/{world.account}/)?([\w.-]+)", url)
    return found[2] if found else None


def _parameter(world: World, call: ApiCall, name: str) -> str | None:
    """Return a parameter's name in its ARN: without leading slash, version or label."""
    start = f"arn:{world.partition}:ssm:{call.region}:{world.account}:parameter"
    found = re.fullmatch(rf"(?:{start}(?=/))?/?([\w.-]+(?:/[\w.-]+)*)(?::[\w.-]+)?", name)
    return found[1] if found else None


def _alias(world: World, call: ApiCall, name: str) -> str | None:
    del world, call
    found = re.fullmatch(r"alias/([\w/-]+)", name)
    return found[1] if found else None


def _function(world: World, call: ApiCall, name: str) -> str | None:
    """Return the ARN of a function, with the version or the alias that the call names.

    A policy about the function alone is not about a version of it, and the reverse. Source: AWS
    Lambda Developer Guide, "Fine-tuning the Resources and Conditions sections of policies".
    """
    start = f"arn:{world.partition}:lambda:{call.region}:{world.account}:function:"
    found = re.fullmatch(rf"(?:{start})?([\w-]+)(?::([\w$-]+))?", name)
    qualifiers = {found[2], call.params.get("Qualifier")} - {None, ""} if found else set()
    takes_one = any(name == "Qualifier" for _, name in _leaves_of(call.service, call.operation))
    if found is None or len(qualifiers) > 1 or (found[2] and not takes_one):
        return None
    return ":".join((f"{start}{found[1]}", *map(str, qualifiers)))


_READINGS: Mapping[tuple[str, str], _Reading] = {
    ("kms", "KeyId"): moto_state.key_of,
    ("kms", "Alias"): _alias,
    ("lambda", "FunctionName"): _function,
    ("secretsmanager", "SecretId"): moto_state.secret_of,
    ("sqs", "QueueName"): _queue,
    ("ssm", "ParameterNameWithoutLeadingSlash"): _parameter,
}
"""How to get from a parameter's value to the part of the ARN, or to the whole ARN."""


def _read(world: World, call: ApiCall, service: str, place: str, value: str) -> str | None:
    """Return the part of an ARN, or the whole ARN, for a parameter's value; None: unknown."""
    reading = _READINGS.get((service, place))
    if reading is not None:
        return reading(world, call, value)
    return value if re.fullmatch(_characters(place), value) else None
