"""A client of its own inside the lab: boto3, for what a test wants done or asked without the code under test.

Its calls go over the wire like anybody's and are in the call log, marked `"lab": true`; fault rules leave them alone.
"""

import base64
import datetime
import threading

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError


class Clients:
    """boto3 clients, made once for each account, region and service (making one takes longer than a call)."""

    def __init__(self):
        self.endpoint = None
        self.session = boto3.session.Session()  # one, since it keeps the service models it has read
        self.made = {}
        self.lock = threading.Lock()

    def call(self, account, region, service, operation, params, validate=True, lab=True):
        """One operation by its AWS name. `{"ok": answer}` or `{"error": {"code", "message", "status"}}`.

        `validate=False` sends what boto3 would refuse to send; `lab=False` makes it look like the tested program's call.
        """
        client = self._client(account, region, service, validate, lab)
        try:
            method = client.meta.method_to_api_mapping
            name = next(python for python, api in method.items() if api == operation)
        except StopIteration:
            return {"error": {"code": "UnknownOperation", "message": f"{service} has no {operation}", "status": 0}}
        try:
            return {"ok": _plain(getattr(client, name)(**params))}
        except ClientError as error:
            said = error.response.get("Error", {})
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            return {"error": {"code": said.get("Code", ""), "message": said.get("Message", ""), "status": status}}
        except BotoCoreError as error:
            return {"error": {"code": type(error).__name__, "message": str(error), "status": 0}}

    def _client(self, account, region, service, validate, lab):
        key = (account, region, service, validate, lab)
        with self.lock:  # also because boto3 sessions are not made for threads
            if key not in self.made:
                client = self.session.client(
                    service,
                    region_name=region,
                    endpoint_url=self.endpoint,
                    aws_access_key_id=f"LABK0000{account}",
                    aws_secret_access_key="lab",
                    config=Config(
                        parameter_validation=validate,
                        retries={"total_max_attempts": 1},
                        s3={"addressing_style": "path"},
                        read_timeout=60,
                        proxies={},
                    ),
                )
                if lab:
                    client.meta.events.register_first("before-sign.*.*", _mark)
                self.made[key] = client
            return self.made[key]


def _mark(request, **_):
    request.headers["x-purlin-lab"] = "1"


def _plain(value):
    """An answer as JSON can hold it: times in ISO 8601, bytes as text or else base64, streams read to their end."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if k != "ResponseMetadata"}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, (bytes, bytearray)):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    return value
