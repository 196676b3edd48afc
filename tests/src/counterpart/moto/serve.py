"""moto, made into a counterpart that tests can trust: stricter, watched, and able to fail on purpose.

  python serve.py --folder FOLDER [--lenient]

Binds a free loopback port, says {"port": N, ...} in one line on stdout, then serves until stdin ends, which is also how
it notices that whoever started it was killed. What stands between a client and moto, in this order:

  1  every call is written down, with AWS's own name for it             wire.py
  2  a fault rule may lose, delay or replace the answer                 Rules
  3  a request that breaks AWS's model is refused                       judge.py
  4  an idempotency token means what it means on AWS                    Tokens
  5  what moto lacks answers a typed 501; moto alone gives an HTML page with status 500, which SDKs retry
  6  what moto leaves out of a call of S3 is added                      _complete

Beside it, under /_lab/: accounts, calls, rules, inventory (inventory.py), a client for changes behind somebody's back.
"""

import argparse
import hashlib
import io
import json
import os
import shutil
import signal
import socket
import struct
import sys
import threading
import time
import traceback
import urllib.parse

# Read by moto when it is imported: without it, attaching arn:aws:iam::aws:policy/... is NoSuchEntity.
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")

import moto.iam.models
import moto.s3.models
from moto.core.base_backend import BackendDict
from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.utilities.utils import get_partition
from werkzeug.serving import make_server

import wire
from client import Clients
from inventory import inventory
from judge import violations

# moto asks every IAM partition of every account for the key, and makes them to ask: slow, and slower with each test.
moto.iam.models.get_account_id_from = wire.account_of_key


class Calls:
    """The call log: in memory for questions, one JSON line a call in a file for whoever comes after a crash."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.all = []
        self.file = open(path, "a", encoding="utf-8")

    def begin(self, call, by_lab):
        record = {
            "n": 0,
            "service": call.service,
            "operation": call.name,
            "account": call.account,
            "region": call.region,
            "resource": call.resource,
            "token": call.token,
            "lab": by_lab,
            "fault": None,
            "replayed": False,
            "status": None,  # until answered; None for good where the request was lost before moto saw it
            "violations": [],
            "crash": None,
        }
        with self.lock:
            record["n"] = len(self.all)
            self.all.append(record)
        return record

    def done(self, record):
        with self.lock:
            self.file.write(json.dumps(record) + "\n")
            self.file.flush()

    def since(self, n, account):
        with self.lock:
            calls = [dict(c) for c in self.all[n:] if account in (None, c["account"])]
            return {"next": len(self.all), "calls": calls}


class Rules:
    """Fault rules: what to match (service, operation, account), which of those calls (`nth`, `times`), what to do."""

    def __init__(self):
        self.lock = threading.Lock()
        self.all = []
        self.made = 0

    def add(self, rule):
        with self.lock:
            self.made += 1
            rule = {"nth": 1, "times": 1, **rule, "id": self.made, "seen": 0, "hits": 0}
            self.all.append(rule)
            return dict(rule)

    def clear(self, account=None):
        with self.lock:
            self.all = [r for r in self.all if account not in (None, r.get("account"))]

    def list(self, account=None):
        with self.lock:
            return [dict(r) for r in self.all if account in (None, r.get("account"))]

    def match(self, record):
        with self.lock:
            chosen = None
            for rule in self.all:
                if any(rule.get(k) not in (None, record[k]) for k in ("service", "operation", "account")):
                    continue
                rule["seen"] += 1  # each rule counts by itself, also where another one acts
                if chosen is None and rule["nth"] <= rule["seen"] < rule["nth"] + rule["times"]:
                    rule["hits"] += 1
                    chosen = dict(rule)
            return chosen


class Tokens:
    """Idempotency: same token and same parameters give the first answer again, other parameters are a mismatch."""

    # These keep or ignore tokens in their own way, in moto as on AWS.
    NOT_HERE = ("acm", "efs", "route53", "s3", "sqs")
    MISMATCH = {
        "dynamodb": "IdempotentParameterMismatchException",
        "eks": "InvalidRequestException",
        "secretsmanager": "ResourceExistsException",
    }

    def __init__(self):
        self.lock = threading.Lock()
        self.answers = {}
        self.busy = {}

    def serve(self, call, record, run):
        token = call.token
        if not token or call.service in self.NOT_HERE or call.name.startswith(("Describe", "Get", "List")):
            return run()
        key = (call.account, call.region, call.service, call.name, token)
        print_of = hashlib.sha256(json.dumps(call.params, sort_keys=True, default=str).encode()).hexdigest()
        with self.lock:
            one_at_a_time = self.busy.setdefault(key, threading.Lock())
        with one_at_a_time:
            if key in self.answers:
                first, answer = self.answers[key]
                record["replayed"] = first == print_of
                if first == print_of:
                    return answer
                code = self.MISMATCH.get(call.service, "IdempotentParameterMismatch")
                return call.error(400, code, "The token was used before with other parameters")
            answer = run()
            if answer[0] < 300:
                self.answers[key] = (print_of, answer)
            return answer

    def forget(self, account=None):
        with self.lock:
            for table in (self.answers, self.busy):
                for key in [k for k in table if account in (None, k[0])]:
                    del table[key]


class Lab:
    """The WSGI application: moto inside, the lab around it."""

    def __init__(self, log, refuse):
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.refuse = refuse
        self.calls, self.rules, self.tokens, self.clients = Calls(log), Rules(), Tokens(), Clients()
        self.accounts = 0
        self.lock = threading.Lock()

    def __call__(self, environ, start_response):
        body = _read_body(environ)
        path = environ["PATH_INFO"]
        if path.startswith("/_lab/"):
            status, headers, out = self.admin(environ["REQUEST_METHOD"], path, environ.get("QUERY_STRING", ""), body)
        elif path.startswith("/moto-api"):
            status, headers, out = self.ask_moto(environ)
        else:
            status, headers, out = self.serve(environ, body)
        headers = {k: v for k, v in headers.items() if k.lower() not in ("status", "connection", "transfer-encoding")}
        if environ["REQUEST_METHOD"] != "HEAD" and status not in (204, 304):
            headers = {k: v for k, v in headers.items() if k.lower() != "content-length"}
            headers["Content-Length"] = str(len(out))
        start_response(f"{status} {'OK' if status < 400 else 'Error'}", list(headers.items()))
        return [out]

    def serve(self, environ, body):
        call = wire.Call(environ, body)
        record = self.calls.begin(call, "HTTP_X_PURLIN_LAB" in environ)
        try:
            rule = None if record["lab"] else self.rules.match(record)
            fault = record["fault"] = rule and rule["do"]
            if fault == "lose_request":
                _reset(environ)
            if fault == "delay":
                time.sleep(rule.get("ms", 0) / 1000)
            if fault == "throttle":
                answer = wire.throttled(call)
            elif fault == "status":
                answer = call.error(rule["status"], rule["code"], "A fault rule")
            else:
                answer = self.judged(call, record, environ)
            record["status"] = answer[0]
            if fault == "lose_response":
                _reset(environ)
            return answer
        finally:
            self.calls.done(record)

    def judged(self, call, record, environ):
        record["violations"] = [call.problem] if call.problem else violations(call)
        if call.operation is not None and record["violations"] and self.refuse:
            return call.error(400, "ValidationException", "; ".join(record["violations"])[:900])
        return self.tokens.serve(call, record, lambda: self.typed(call, record, environ))

    def typed(self, call, record, environ):
        """moto's answer, where the things that moto does not do are errors an SDK can read."""
        try:
            status, headers, body = self.ask_moto(environ)
        except NotImplementedError as error:
            return call.error(501, "NotImplemented", f"moto has no {call.service} {call.name}: {error}")
        except Exception as error:  # a crash of moto is an answer of moto
            traceback.print_exc()
            record["crash"] = f"{type(error).__name__}: {error}"[:300]
            return call.error(500, "InternalFailure", f"moto crashed: {record['crash']}")
        if status < 300 and call.service == "s3":
            body = _complete(call, body)
        from_a_service = body.lstrip().startswith((b"{", b"<?xml", b"<Err", b"<Res"))
        if status in (404, 405) and call.service != "s3" and not from_a_service:
            return call.error(501, "NotImplemented", f"moto has no {call.service} {call.name}")
        return status, headers, body

    def ask_moto(self, environ):
        answer = {}

        def start_response(status, headers, exc_info=None):
            answer["status"], answer["headers"] = int(status.split()[0]), dict(headers)

        chunks = self.moto(environ, start_response)
        try:
            body = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        return answer["status"], answer["headers"], body

    def admin(self, method, path, query, body):
        asked = dict(urllib.parse.parse_qsl(query))
        account = asked.get("account")
        try:
            given = json.loads(body) if body else {}
            match method, path.removeprefix("/_lab/"):
                case "POST", "account":
                    said = {"account": self.new_account()}
                case "GET", "calls":
                    said = self.calls.since(int(asked.get("since", 0)), account)
                case "GET", "inventory":
                    said = inventory(account or wire.DEFAULT_ACCOUNT, asked.get("region"))
                case "GET", "rules":
                    said = {"rules": self.rules.list(account)}
                case "POST", "rules":
                    said = self.rules.add(given)
                case "DELETE", "rules":
                    self.rules.clear(account)
                    said = {}
                case "POST", "call":
                    said = self.clients.call(**given)
                case "POST", "reset":
                    self.reset(account)
                    said = {}
                case _:
                    return _json(404, {"error": f"the lab has no {method} {path}"})
            return _json(200, said)
        except Exception as error:  # said to the one who asked
            traceback.print_exc()
            return _json(500, {"error": f"{type(error).__name__}: {error}"})

    def new_account(self):
        with self.lock:
            self.accounts += 1
            return f"{210_000_000_000 + self.accounts}"

    def reset(self, account):
        """Forgets one account, or everything. Call numbers go on, so that a mark stays a mark."""
        self.tokens.forget(account)
        self.rules.clear(account)
        if account is None:
            BackendDict.reset()
            return
        for backend in list(BackendDict._instances):
            if account in list(backend.keys()):
                backend[account].reset()
                dict.pop(backend, account, None)


class Handler(MotoRequestHandler):
    """One request a connection, no access log: the call log is that."""

    def log_request(self, code="-", size="-"):
        pass

    def connection_dropped(self, error, environ=None):
        self.close_connection = True


def _read_body(environ):
    """The whole body, put back for moto to read again with its length known."""
    if environ.get("wsgi.input_terminated"):
        body = environ["wsgi.input"].read()
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ.pop("wsgi.input_terminated")
    else:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _complete(call, body):
    """Adds what AWS does in a call of S3 and moto leaves out; gives the body as AWS writes it."""
    if call.name in ("CreateBucket", "DeleteBucket"):
        partition = get_partition(call.region)
        backend = moto.s3.models.s3_backends[call.account][partition]
    if call.name == "DeleteBucket":
        # A bucket that is made again under this name does not get the old one's tags.
        backend.tagger.delete_all_tags_for_resource(f"arn:{partition}:s3:::{call.params['Bucket']}")
    if call.name == "CreateBucket":
        tags = (call.params.get("CreateBucketConfiguration") or {}).get("Tags")
        # A create of a bucket that is there already changes nothing.
        if tags and not backend.get_bucket_tagging(call.params["Bucket"])["Tags"]:
            backend.put_bucket_tagging(call.params["Bucket"], {tag["Key"]: tag["Value"] for tag in tags})
    if call.name == "GetBucketVersioning":
        # Of a bucket that never had versions; boto3 takes any name of the root, other SDKs do not.
        body = body.replace(b"GetBucketVersioningResponse", b"VersioningConfiguration")
    return body


def _reset(environ):
    """Cuts the connection with a RST, at once: no FIN first, which a client could take for a short answer."""
    connection = environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())
    raise ConnectionResetError("a fault rule")


def _json(status, value):
    return status, {"Content-Type": "application/json"}, json.dumps(value, default=str).encode()


def _leave_with_parent(folder):
    while sys.stdin.buffer.read(4096):
        pass
    shutil.rmtree(folder, ignore_errors=True)  # a parent that was killed could not
    os._exit(0)


def main():
    words = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    words.add_argument("--folder", required=True, help="for calls.ndjson; removed when stdin ends")
    words.add_argument("--lenient", action="store_true", help="note what breaks AWS's model, but serve it")
    asked = words.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-C reaches the whole group; stdin says when to leave
    lab = Lab(os.path.join(asked.folder, "calls.ndjson"), refuse=not asked.lenient)
    server = make_server("127.0.0.1", 0, lab, threaded=True, request_handler=Handler)
    server.daemon_threads = True
    lab.clients.endpoint = f"http://127.0.0.1:{server.server_port}"
    os.environ["MOTO_PORT"] = str(server.server_port)  # for the few calls that moto makes to itself
    threading.Thread(target=_leave_with_parent, args=[asked.folder], daemon=True).start()
    print(json.dumps({"port": server.server_port, "pid": os.getpid()}), flush=True)
    os.dup2(2, 1)  # stdout was for that one line; whatever moto prints goes to the log
    server.serve_forever()


if __name__ == "__main__":
    main()
