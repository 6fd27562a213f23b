"""Reads a gateway's OpenAPI document without a key, validates it against OpenAPI 3.1, and sends the
example of every operation, with the first of the keys that may. Prints what came of each:

    openapi.py PORT AUTHORITIES KEY...

    200 POST /package.Service/Method
    404 not_found GET /package.Service/Method
    ...
    problem POST /package.Service/Method: what is wrong

A problem is an answer that the document does not have, whose body does not fit its schema there, or
that says that the request was not one of the method.
"""

import base64
import http.client
import json
import ssl
import sys
import time

import jsonschema
from openapi_spec_validator import validate

# What a schema cannot say: texts of files that are read, a time that must be to come.
JUDGED_FURTHER = {
    "/assay.models.v1.Experiments/ApplyExperiment",
    "/assay.models.v1.ModelRegistry/ApplyPolicy",
    "/assay.models.v1.ModelRegistry/RegisterVersion",
    "/assay.risk.v1.RuleAdministration/ProposeException",
    "/assay.risk.v1.RuleAdministration/ProposeRules",
}
# A service's alone: no key of a person has its scope.
NOBODYS = {"/assay.models.v1.Experiments/RecordDecisions"}

port, authorities, keys = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
context = ssl.create_default_context(cafile=authorities)
context.set_alpn_protocols(["http/1.1"])


def ask(method, path, body=None, key=None):
    connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=30)
    headers = {} if body is None else {"content-type": "application/json"}
    if key:
        headers["x-api-key"] = key
    connection.request(method, path, body, headers)
    reply = connection.getresponse()
    text = reply.read()
    connection.close()
    return reply.status, text, reply.headers


status, text, headers = ask("GET", "/openapi.json")
assert status == 200, (status, text)
document = json.loads(text)
validate(document)
connection_tag = headers["etag"]
assert connection_tag, "no etag"


def resolve(value):
    while "$ref" in value:
        target = document
        for part in value["$ref"][2:].split("/"):
            target = target[part]
        value = target
    return value


def misfit(value, schema):
    root = dict(document, **{"$schema": "https://json-schema.org/draft/2020-12/schema"})
    root["allOf"] = [schema]
    errors = jsonschema.Draft202012Validator(root).iter_errors(value)
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in errors][:3]


def try_keys(method, path, body):
    for attempt in range(50):
        for key in keys:
            status, text, headers = ask(method, path, body, key)
            if status != 403:
                break
        # A debug build on a busy machine misses deadlines.
        if status not in (503, 504):
            break
        time.sleep(0.1)
    return status, text, headers


def check(method, path, operation, example):
    if method == "POST":
        status, text, headers = try_keys("POST", path, json.dumps(example))
    else:
        message = base64.urlsafe_b64encode(json.dumps(example).encode()).decode().rstrip("=")
        query = f"{path}?encoding=json&base64=1&connect=v1&message={message}"
        status, text, headers = try_keys("GET", query, None)
    where = f"{method} {path}"
    answer = json.loads(text) if text else {}
    print(status, *([answer["code"]] if status != 200 else []), where)
    response = resolve(operation["responses"].get(str(status), operation["responses"]["default"]))
    if str(status) not in operation["responses"]:
        print(f"not in the document by name: {status} {where}")
    schema = response["content"]["application/json"]["schema"]
    for error in misfit(answer, schema):
        print(f"problem {where}: {status} {error}")
    debug = [detail.get("debug", {}) for detail in answer.get("details", [])] if status != 200 else []
    reasons = {detail.get("reason") for detail in debug}
    if status == 403 and path in NOBODYS:
        return
    isUnread = status == 400 and path not in JUDGED_FURTHER and (
        any("fieldViolations" in detail for detail in debug) or answer["message"].startswith("/")
    )
    if status in (401, 403, 405, 413, 415, 429, 500, 501) or isUnread or "UNKNOWN_METHOD" in reasons:
        print(f"problem {where}: {status} {text.decode()[:300]}")
    for name in ("assay-request-id", "ratelimit", "ratelimit-policy"):
        if name not in headers:
            print(f"problem {where}: no {name}")


for path, item in document["paths"].items():
    example = item["post"]["requestBody"]["content"]["application/json"]["example"]
    check("POST", path, item["post"], example)
    if "get" in item:
        check("GET", path, item["get"], example)
