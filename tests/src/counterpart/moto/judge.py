"""Is this request legal AWS? Judged by botocore's service model, not by moto and not by the code under test.

Two judges. botocore's own ParamValidator finds missing members, wrong types and numbers or lengths below the minimum.
It leaves out what AWS checks on its side: enums, patterns, maxima and members that do not exist. `_walk` adds the first
three. For the last, botocore serialises the parsed parameters again, and what the request holds beyond that is unknown.
"""

import json
import re
import threading
import xml.etree.ElementTree as xml

import botocore.serialize
from botocore.validate import ParamValidator

_serialisers = {}
_lock = threading.Lock()


def violations(call):
    """Everything in a parsed call that its model does not allow, one line each."""
    if call.operation is None or call.operation.input_shape is None:
        return []
    shape = call.operation.input_shape
    found = []
    report = ParamValidator().validate(call.params, shape)
    if report.has_errors():
        found += [line for line in report.generate_report().split("\n") if line]
    _walk(shape, call.params, call.operation.name, found)
    if not found:  # an invalid request need not serialise
        found += _unknown_members(call)
    return found


def _walk(shape, value, path, found):
    limits = shape.metadata
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, inner in value.items():
            if name in shape.members and inner is not None:
                _walk(shape.members[name], inner, f"{path}.{name}", found)
    elif shape.type_name == "list" and isinstance(value, list):
        _at_most(len(value), limits, f"{path}: items", found)
        for index, inner in enumerate(value):
            _walk(shape.member, inner, f"{path}[{index}]", found)
    elif shape.type_name == "map" and isinstance(value, dict):
        _at_most(len(value), limits, f"{path}: entries", found)
        for key, inner in value.items():
            _walk(shape.key, key, f"{path} (key)", found)
            _walk(shape.value, inner, f"{path}[{key!r}]", found)
    elif shape.type_name == "string" and isinstance(value, str):
        if shape.enum and value not in shape.enum:
            found.append(f"{path}: {value!r} is not one of {', '.join(shape.enum[:12])}")
        _at_most(len(value), limits, f"{path}: length", found)
        pattern = limits.get("pattern")
        if pattern and not _matches(pattern, value):
            found.append(f"{path}: {value!r} does not match {pattern}")
    elif shape.type_name in ("integer", "long", "float", "double") and isinstance(value, (int, float)):
        _at_most(value, limits, path, found)


def _at_most(number, limits, what, found):
    if limits.get("max") is not None and number > limits["max"]:
        found.append(f"{what} {number} is over the maximum of {limits['max']}")


def _matches(pattern, value):
    # Smithy's patterns are searched, not anchored. Some are written for Java and are no Python: those are not judged.
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return True


def _unknown_members(call):
    try:
        again = _serialiser(call).serialize_to_request(call.params, call.operation)
    except Exception as error:  # what botocore cannot write, it also would not have sent
        return [f"{call.name}: botocore cannot serialise these parameters: {type(error).__name__}: {error}"[:300]]
    known = again.get("body") or {}
    if call.protocol in ("query", "ec2"):
        # An empty list is written as its bare name by some clients and left out by others.
        return [f"{call.name}.{k}: unknown member" for k, v in call.form.items() if k not in known and v != ""]
    found = []
    if call.protocol in ("rest-xml", "rest-json"):
        _, _, fixed = call.operation.http["requestUri"].partition("?")
        query = again.get("query_string") or {}
        names = set(query) | {pair.partition("=")[0] for pair in fixed.split("&")} | {"x-id"}
        open_ended = any(m.type_name == "map" and m.serialization.get("location") == "querystring"
                         for m in call.operation.input_shape.members.values())
        if not open_ended:
            found += [f"{call.name}?{k}: unknown query parameter" for k in call.query
                      if k not in names and not k.lower().startswith("x-amz-")]
    if call.protocol in ("json", "rest-json") and _has_document(call.operation):
        return found
    if call.protocol in ("json", "rest-json") and call.body:
        sent = _json(call.body)
        if isinstance(sent, dict):
            _beyond(sent, _json(known) or {}, call.name, found)
    elif call.protocol == "rest-xml" and known and isinstance(known, (bytes, str)) and known[:1] in (b"<", "<"):
        sent, expected = _tags(call.body), _tags(known)
        found += [f"{call.name}: unknown element {tag}" for tag in sorted(sent - expected)]
    return found


def _serialiser(call):
    with _lock:
        made = _serialisers.get(call.protocol)
        if made is None:
            made = _serialisers[call.protocol] = botocore.serialize.create_serializer(call.protocol, False)
        return made


def _has_document(operation):
    return any(m.type_name == "structure" and getattr(m, "is_document_type", False)
               for m in operation.input_shape.members.values())


def _json(text):
    try:
        return json.loads(text)
    except (ValueError, TypeError):
        return None


def _beyond(sent, known, path, found):
    """Members of the JSON that was sent which the model's own serialiser would not have written."""
    if isinstance(sent, dict):
        for key, value in sent.items():
            if value is None:
                continue
            if not isinstance(known, dict) or key not in known:
                found.append(f"{path}.{key}: unknown member")
            else:
                _beyond(value, known[key], f"{path}.{key}", found)
    elif isinstance(sent, list) and isinstance(known, list):
        for index, (value, expected) in enumerate(zip(sent, known)):
            _beyond(value, expected, f"{path}[{index}]", found)


def _tags(document):
    """Every element of an XML document as a path of names, without namespaces."""
    paths = set()

    def visit(element, path):
        path = f"{path}/{element.tag.rpartition('}')[2]}"
        paths.add(path)
        for child in element:
            visit(child, path)

    try:
        root = xml.fromstring(document)
    except xml.ParseError:
        return paths
    for child in root:  # the root's own name differs between versions of a model
        visit(child, "")
    return paths
