#!/usr/bin/env python3
"""Asks Assay about one payment, as any gRPC client would: grpcio and the emitted .proto files, nothing of ours.

    .venv/bin/python deploy/examples/clients/assess_transaction.py \\
        --target 127.0.0.1:8443 --ca .assay/tls/ca.pem --key "$KEY" --request-id demo-1

Prints one JSON object: the decision as it came, or the status with which the call failed (exit code 1).
"""
import argparse
import collections
import datetime
import json
import pathlib
import sys
import tempfile

import grpc
from grpc_tools import protoc

ROOT = pathlib.Path(__file__).resolve().parents[3]


def stubs(proto_root, folder):
    """Compiles the .proto files into `folder` and imports them."""
    files = [str(p.relative_to(proto_root)) for p in sorted(proto_root.rglob("*.proto"))]
    well_known = pathlib.Path(protoc.__file__).parent / "_proto"
    arguments = ["protoc", f"-I{proto_root}", f"-I{well_known}", f"--python_out={folder}", f"--grpc_python_out={folder}"]
    if protoc.main(arguments + files):
        sys.exit("the .proto files do not compile")
    sys.path.insert(0, folder)
    from assay.risk.v1 import risk_pb2, risk_pb2_grpc
    return risk_pb2, risk_pb2_grpc


def request_of(pb, options):
    request = pb.AssessTransactionRequest(request_id=options.request_id, industry=pb.INDUSTRY_FINTECH)
    payment = request.transaction
    payment.transaction_id = options.transaction_id or options.request_id
    payment.occurred_at.FromJsonString(options.occurred_at)
    payment.amount.currency = "EUR"
    payment.amount.coefficient = options.cents
    payment.amount.scale = 2
    payment.type, payment.channel, payment.country = "purchase", "web", "DE"
    request.account.account_id = "account-python"
    request.customer.customer_id = "customer-python"
    request.card.token = "card-python"
    request.network.is_vpn = options.vpn  # set, also when false
    return request


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--target", default="127.0.0.1:8443")
    parser.add_argument("--ca", required=True, help="the authority's certificate, PEM")
    parser.add_argument("--key", default="", help="the API key; empty sends none")
    parser.add_argument("--request-id", default="python-1")
    parser.add_argument("--transaction-id", default="")
    parser.add_argument("--occurred-at", default=datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
    parser.add_argument("--cents", type=int, default=125_075)
    parser.add_argument("--vpn", action="store_true")
    parser.add_argument("--repeat", type=int, default=1, help="calls in a burst; prints a count by status")
    parser.add_argument("--deadline", type=float, default=5.0, help="seconds")
    parser.add_argument("--proto", type=pathlib.Path, default=ROOT / "docs" / "proto")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        pb, pb_grpc = stubs(options.proto, folder)
        credentials = grpc.ssl_channel_credentials(pathlib.Path(options.ca).read_bytes())
        metadata = [("x-api-key", options.key)] if options.key else []
        with grpc.secure_channel(options.target, credentials) as channel:
            client = pb_grpc.RiskAssessmentStub(channel)
            if options.repeat > 1:
                return burst(client, request_of(pb, options), metadata, options)
            try:
                reply = client.AssessTransaction(request_of(pb, options), metadata=metadata, timeout=options.deadline)
            except grpc.RpcError as error:
                trailers = {k: v for k, v in error.trailing_metadata() or () if isinstance(v, str)}
                print(json.dumps({"status": error.code().name, "message": error.details(), "trailers": trailers}))
                return 1
            print(json.dumps(shown(pb, reply)))
            return 0


def burst(client, request, metadata, options):
    """Many calls at once on one connection: what a rate limit answers."""
    calls = []
    for number in range(options.repeat):
        request.request_id = f"{options.request_id}-{number}"
        request.transaction.transaction_id = request.request_id
        calls.append(client.AssessTransaction.future(request, metadata=metadata, timeout=options.deadline))
    counts = collections.Counter("OK" if call.exception() is None else call.code().name for call in calls)
    print(json.dumps(counts))
    return 0


def shown(pb, reply):
    decision = reply.decision
    return {
        "decision_id": decision.decision_id.hex(),
        "status": pb.Status.Name(decision.status),
        "risk_level": pb.Level.Name(decision.risk_level),
        "score": decision.score,
        "score_exact": [decision.score_exact.coefficient, decision.score_exact.scale],
        "flags": [flag.rule for flag in decision.flags],
        "reasons": [reason.code for reason in decision.reasons],
        "degraded": list(decision.degraded),
        "log_sequence": decision.log.sequence,
        "replayed": reply.replayed,
    }


if __name__ == "__main__":
    sys.exit(main())
