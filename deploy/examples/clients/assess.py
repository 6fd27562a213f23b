"""Sends one payment to Assay over gRPC, with stubs made from the emitted .proto files.

    pip install grpcio grpcio-tools
    python3 deploy/examples/clients/assess.py --data .assay
"""

import argparse
import json
import pathlib
import sys
import tempfile
import time
import uuid

import grpc
from grpc_tools import protoc


def stubs(protos: pathlib.Path):
    """Compiles every .proto below `protos` and imports the risk service's modules."""
    folder = tempfile.mkdtemp(prefix="assay-stubs-")
    files = [str(path) for path in protos.rglob("*.proto")]
    include = pathlib.Path(protoc.__file__).parent / "_proto"
    arguments = ["protoc", f"-I{protos}", f"-I{include}", f"--python_out={folder}", f"--grpc_python_out={folder}"]
    if protoc.main(arguments + files) != 0:
        sys.exit("the .proto files do not compile")
    sys.path.insert(0, folder)
    from assay.risk.v1 import risk_pb2, risk_pb2_grpc

    return risk_pb2, risk_pb2_grpc


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", default=".assay", help="the folder of assay up")
    options.add_argument("--protos", default="docs/proto", help="the emitted .proto files")
    options.add_argument("--key", default="default", help="demo or default")
    chosen = options.parse_args()
    data = pathlib.Path(chosen.data)
    risk, services = stubs(pathlib.Path(chosen.protos))

    name = uuid.uuid4().hex[:12]
    request = risk.AssessTransactionRequest(request_id=f"py-{name}")
    payment = request.transaction
    payment.transaction_id = f"tx-{name}"
    payment.occurred_at.seconds = int(time.time())
    payment.amount.currency = "EUR"
    payment.amount.coefficient, payment.amount.scale = 489_900, 2  # 4,899.00
    payment.type, payment.channel, payment.country = "transfer", "web", "DE"
    request.account.account_id = f"acct-{name}"
    request.network.is_vpn = True

    port = json.loads((data / "run.json").read_text())["services"]["gateway"]["port"]
    key = (data / "keys" / f"{chosen.key}.key").read_text().strip()
    trust = grpc.ssl_channel_credentials((data / "tls" / "ca.pem").read_bytes())
    with grpc.secure_channel(f"localhost:{port}", trust) as channel:
        client = services.RiskAssessmentStub(channel)
        try:
            reply = client.AssessTransaction(request, timeout=2, metadata=[("x-api-key", key)])
        except grpc.RpcError as error:
            sys.exit(f"{error.code().name}: {error.details()}")
    decision = reply.decision
    print(f"{risk.Status.Name(decision.status)}   score {decision.score} of 100")
    for reason in decision.reasons:
        print(f"  {reason.code}: {reason.text}")


if __name__ == "__main__":
    main()
