"""What a request on the wire means: service, operation, parameters, account, region.

Everything here is read from botocore's service models, the machine-readable description that AWS generates its own
SDKs from, so that a name in the call log is AWS's name and not one of ours. Nothing here changes any state.

Three steps: the credential scope of the signature names the service and the region; the service's protocol says where
the operation's name is (a form field, a header, or method + path + query); moto's parsers turn the body into parameters.
"""

import functools
import json
import re
import threading
import urllib.parse
from xml.sax.saxutils import escape

import botocore.session
from moto.core.model import ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from werkzeug.datastructures import EnvironHeaders, MultiDict

DEFAULT_ACCOUNT = "123456789012"  # moto's own default

# An access key that holds its account, as AWS's own do in an encoded form. There is no table, so it outlives a reset.
LAB_KEY = re.compile(r"^LABK0000(\d{12})$")

# Signing names that are not the name of botocore's model.
MODEL_OF_SIGNING_NAME = {
    "aps": "amp",
    "cloudcontrolapi": "cloudcontrol",
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2",
    "monitoring": "cloudwatch",
    "servicequotas": "service-quotas",
    "tagging": "resourcegroupstaggingapi",
}

_session = botocore.session.Session()
_model_lock = threading.Lock()


@functools.cache
def _load_model(service):
    # AWS's data without moto's own additions to it, in the class that moto's parsers want.
    return ServiceModel(_session.get_service_data(service), service)


def service_model(service):
    """botocore's model of a service, or None for a name it does not know."""
    with _model_lock:  # botocore's loader is not made for threads
        try:
            return _load_model(service)
        except Exception:  # an unknown service is an answer here
            return None


class Call:
    """One request, as far as it could be understood. `problem` says why not, where it could not."""

    def __init__(self, environ, body):
        self.method = environ["REQUEST_METHOD"]
        self.headers = EnvironHeaders(environ)
        self.body = body
        raw = environ.get("RAW_URI") or environ["PATH_INFO"]
        self.raw_path = raw.split("?", 1)[0]
        self.query = MultiDict(urllib.parse.parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
        self.form = MultiDict()
        if (self.headers.get("Content-Type") or "").startswith("application/x-www-form-urlencoded"):
            pairs = urllib.parse.parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
            self.form = MultiDict(pairs)
        self.access_key, self.region, self.service = self._scope()
        self.account = self._account()
        self.operation = None  # botocore's OperationModel
        self.labels = {}  # what the path held in the places of its labels
        self.params = {}
        self.problem = None
        self.model = service_model(self.service)
        self.protocol = self._protocol()
        try:
            self._understand()
        except Exception as error:  # whatever a parser raises, the request was not readable
            self.problem = f"not readable: {type(error).__name__}: {error}"[:300]

    def _scope(self):
        """Access key, region and service from the credential scope (header or presigned query)."""
        credential = self.query.get("X-Amz-Credential", "")
        found = re.search(r"Credential=([^,\s]+)", self.headers.get("Authorization") or "")
        parts = (found[1] if found else credential).split("/")
        if len(parts) != 5:
            form_action = self.form.get("Action", "")
            return "", "us-east-1", "sts" if form_action.startswith("AssumeRole") else "s3"
        key, _, region, signing_name, _ = parts
        service = MODEL_OF_SIGNING_NAME.get(signing_name, signing_name)
        if service == "elbv2" and self.form.get("Version", "").startswith("2012"):
            service = "elb"
        if service == "s3" and self.raw_path.startswith("/v20180820/"):
            service = "s3control"
        return key, region, service

    def _account(self):
        return self.headers.get("x-moto-account-id") or account_of_key(self.access_key)

    def _protocol(self):
        if self.model is None:
            return "json" if self.headers.get("X-Amz-Target") else "query"
        protocols = self.model.metadata.get("protocols", [self.model.protocol])
        kind = self.headers.get("Content-Type") or ""
        if self.headers.get("X-Amz-Target") and "json" in protocols:
            return "json"
        if self.form and any(p in protocols for p in ("query", "ec2")):
            return "ec2" if "ec2" in protocols else "query"
        if kind.startswith("application/cbor") or self.headers.get("smithy-protocol") == "rpc-v2-cbor":
            return "smithy-rpc-v2-cbor"
        return self.model.protocol

    def _understand(self):
        if self.model is None:
            self.problem = f"botocore knows no service {self.service!r}"
            return
        if self.protocol in ("query", "ec2"):
            name = self.form.get("Action") or self.query.get("Action")
        elif self.protocol == "json":
            name = (self.headers.get("X-Amz-Target") or "").rpartition(".")[2]
        elif self.protocol in ("rest-xml", "rest-json"):
            name, self.labels = route(self)
        else:
            self.problem = f"protocol {self.protocol} is not read here"
            return
        if not name or name not in self.model.operation_names:
            self.problem = f"{self.service} has no operation {name or self.method + ' ' + self.raw_path!r}"
            return
        self.operation = self.model.operation_model(name)
        if self.operation.input_shape is not None:
            self.params = self._parse() or {}

    def _parse(self):
        shape = self.operation.input_shape
        payload = shape.serialization.get("payload")
        streaming = payload and shape.members[payload].type_name in ("blob", "string")
        values = MultiDict(self.query)
        values.update(self.form)
        return PROTOCOL_PARSERS[self.protocol](self.operation).parse(
            {
                "method": self.method,
                "values": values,
                "headers": self.headers,
                # An object's content is no parameter to judge; one byte stands for "there is a body".
                "body": (b"." if self.body else b"") if streaming and self.service == "s3" else self.body,
                "url_path": self.raw_path,
                "url_params": self.labels,
            }
        )

    @property
    def name(self):
        """The operation's name, or the request line where it has none."""
        return self.operation.name if self.operation else f"{self.method} {self.raw_path}"

    @property
    def token(self):
        """The idempotency token, where the request carries one."""
        if self.operation is None:
            return None
        members = list(getattr(self.operation, "idempotent_members", []))
        # Not every token is marked as one in the model (CreateVpcEndpoint, CreateFlowLogs, EKS's older calls).
        members += ["ClientToken", "clientToken", "ClientRequestToken", "clientRequestToken", "CreatorRequestId"]
        return next((self.params[m] for m in members if self.params.get(m)), None)

    @property
    def resource(self):
        """What the call is about, as far as the request says: the first identifying parameter."""
        if self.service == "s3" and "Bucket" in self.params:
            return "/".join(str(self.params[k]) for k in ("Bucket", "Key") if self.params.get(k))
        shape = self.operation.input_shape if self.operation else None
        required = list(shape.required_members) if shape is not None else []
        named = [k for k in self.params if re.search(r"(Name|Id|Arn|ARN|name|arn|Identifier)$", k)]
        for key in required + named:
            value = self.params.get(key)
            if isinstance(value, str) and value and key in named:
                return value
            if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
                return value[0]
        return None

    def error(self, status, code, message):
        """An error answer in this call's protocol: (status, headers, body)."""
        return error(self.service, self.protocol, status, code, message)


def account_of_key(access_key):
    """The account of an access key: written in it, or known to moto's IAM (AssumeRole, CreateAccessKey)."""
    found = LAB_KEY.match(access_key or "")
    if found:
        return found[1]
    from moto.iam.models import iam_backends

    # Only what exists already: asking a backend for a partition makes it, with 1,600 managed policies in each.
    for account, partitions in list(iam_backends.items()):
        if any(access_key in partition.access_keys for partition in list(partitions.values())):
            return account
    return DEFAULT_ACCOUNT


@functools.cache
def routes(service):
    """The REST routes of a service: (method, path pattern, fixed query, needed query and headers, operation)."""
    table = []
    model = service_model(service)
    for name in model.operation_names:
        operation = model.operation_model(name)
        path, _, query = operation.http["requestUri"].partition("?")
        pattern = ""
        for piece in re.split(r"(\{[^}]+\})", path):
            if not piece.startswith("{"):
                pattern += re.escape(piece)
            else:
                label = piece.strip("{}")
                group = "g_" + re.sub(r"\W", "_", label.rstrip("+"))
                # Clients do not agree on whether the slashes of an ARN are encoded: a last label takes them too.
                greedy = label.endswith("+") or (service != "s3" and path.endswith(piece))
                pattern += f"(?P<{group}>{'.+' if greedy else '[^/]+'})"
        fixed = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        shape = operation.input_shape
        needed = []
        for member in shape.required_members if shape is not None else []:
            place = shape.members[member].serialization
            if place.get("location") in ("querystring", "header"):
                needed.append((place["location"], place.get("name", member)))
        table.append((operation.http["method"], re.compile(f"^{pattern}/?$"), fixed, needed, operation))
    return table


def route(call):
    """The operation that a REST request names, and the labels of its path.

    Several operations share a path (`PUT /{Bucket}/{Key+}` is PutObject, CopyObject, UploadPart and UploadPartCopy): the
    one wins whose fixed query and required query and headers are all there and are most. A deprecated twin loses
    (GetBucketLifecycle against GetBucketLifecycleConfiguration). `x-id`, which newer SDKs send, settles a tie.
    """
    best = None
    for method, pattern, fixed, needed, operation in routes(call.service):
        if method != call.method:
            continue
        found = pattern.match(call.raw_path)
        if not found or any(call.query.get(k) != v for k, v in fixed.items() if k != "x-id"):
            continue
        present = sum(1 for place, n in needed if n in (call.query if place == "querystring" else call.headers))
        if call.service == "s3" and present < len(needed):
            continue
        literal = len(re.sub(r"\(\?P<[^)]*\)", "", pattern.pattern))
        named = call.query.get("x-id") == operation.name
        score = (len(fixed), present, literal, not operation.deprecated, named, -len(needed))
        if operation.name == "ListDirectoryBuckets" and not named:
            continue  # the same path as ListBuckets, on another host
        if best is None or score > best[0]:
            best = (score, operation, found)
    if best is None:
        return None, {}
    names = {re.sub(r"\W", "_", n): n for n in re.findall(r"\{([^}+]+)\+?\}", best[1].http["requestUri"])}
    return best[1].name, {names[k[2:]]: urllib.parse.unquote(v) for k, v in best[2].groupdict().items()}


def error(service, protocol, status, code, message):
    """An error answer as the service's protocol writes it, so that an SDK reads the code and not only the status."""
    if protocol in ("json", "rest-json", "smithy-rpc-v2-cbor"):
        kind = "application/x-amz-json-1.1" if protocol == "json" else "application/json"
        body = json.dumps({"__type": code, "message": message})
        return status, {"Content-Type": kind, "x-amzn-ErrorType": code}, body.encode()
    inner = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if protocol == "ec2":
        body = f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>lab</RequestID></Response>"
    elif service == "s3":
        body = f"<Error>{inner}<RequestId>lab</RequestId></Error>"
    else:
        kind = "Receiver" if status >= 500 else "Sender"
        body = f"<ErrorResponse><Error><Type>{kind}</Type>{inner}</Error><RequestId>lab</RequestId></ErrorResponse>"
    return status, {"Content-Type": "text/xml"}, b'<?xml version="1.0" encoding="UTF-8"?>\n' + body.encode()


def throttled(call):
    """The throttling answer of a service, by its protocol: this is what its SDKs retry on."""
    status, code = {
        "ec2": (503, "RequestLimitExceeded"),
        "query": (400, "Throttling"),
        "json": (400, "ThrottlingException"),
        "rest-json": (429, "TooManyRequestsException"),
    }.get(call.protocol, (503, "SlowDown") if call.service == "s3" else (400, "Throttling"))
    return call.error(status, code, "Rate exceeded")
