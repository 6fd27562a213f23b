"""Calls a server of the Open Inference Protocol with grpcio and the protocol's own stubs.

    infer_client.py HOST:PORT EXAMPLES [CA KEY]

With the file of an authority and an API key it goes through a gateway, with TLS. EXAMPLES is the folder deploy/examples: the server has its models as "credit" and "payments", and
their golden rows say what must come back, bit for bit. Prints one line per check; exits with 1 if
one fails.
"""

import json
import struct
import sys

import grpc
from open_inference.grpc import protocol as pb
from open_inference.grpc.service import GRPCInferenceServiceStub


class Checks:
    def __init__(self):
        self.failed = 0

    def __call__(self, name, holds):
        print(("ok    " if holds else "FAIL  ") + name, flush=True)
        self.failed += not holds


check = Checks()


class Identity(grpc.UnaryUnaryClientInterceptor):
    """Who calls: to a gateway an API key, else what a gateway in front of the server says."""

    said = [("assay-tenant", "bank"), ("assay-client", "tests"), ("assay-scopes", "models.predict")]

    def __init__(self, key):
        self.metadata = [("x-api-key", key)] if key else self.said

    def intercept_unary_unary(self, continuation, details, message):
        return continuation(details._replace(metadata=self.metadata), message)


def opened(target, authority):
    if authority is None:
        return grpc.insecure_channel(target)
    with open(authority, "rb") as file:
        return grpc.secure_channel(target, grpc.ssl_channel_credentials(file.read()))


def golden(examples, model):
    with open(f"{examples}/{model}/manifest.json") as file:
        manifest = json.load(file)
    rows = [[float(value) for value in row["values"]] for row in manifest["goldenRows"]]
    return manifest["inputs"], rows, [row["margin"][0] for row in manifest["goldenRows"]]


def bits(values):
    return [struct.pack("<d", value) for value in values]


def tensor(name, datatype, shape, **contents):
    made = pb.ModelInferRequest.InferInputTensor(name=name, datatype=datatype, shape=shape)
    if contents:
        made.contents.CopyFrom(pb.InferTensorContents(**contents))
    return made


def request(model, inputs, raw=(), version="", **more):
    return pb.ModelInferRequest(
        model_name=model, model_version=version, id="call-7", inputs=inputs, raw_input_contents=raw, **more
    )


def output(reply, name):
    """Values of an output, of typed or raw contents."""
    for index, found in enumerate(reply.outputs):
        if found.name == name:
            if reply.raw_output_contents:
                raw = reply.raw_output_contents[index]
                return list(struct.unpack(f"<{len(raw) // 8}d", raw))
            return list(found.contents.fp64_contents)
    return None


def refused(call, code, text):
    try:
        call()
    except grpc.RpcError as error:
        if error.code() != code or text not in error.details():
            print(f"      {error.code()}: {error.details()}")
        return error.code() == code and text in error.details()
    return False


def metadata(stub):
    check("the server is live and ready", stub.ServerLive(pb.ServerLiveRequest()).live)
    check("the server is ready", stub.ServerReady(pb.ServerReadyRequest()).ready)
    check("the server has a name", stub.ServerMetadata(pb.ServerMetadataRequest()).name == "assay-models")
    ready = lambda name, version="": stub.ModelReady(pb.ModelReadyRequest(name=name, version=version)).ready
    check("a model is ready by champion, alias and number", ready("credit") and ready("credit", "champion") and ready("credit", "1"))
    check("what is not there is not ready", not ready("nothing") and not ready("credit", "9") and not ready("credit", "no"))
    found = stub.ModelMetadata(pb.ModelMetadataRequest(name="credit"))
    check("metadata names versions", list(found.versions) == ["champion", "1"] and found.properties["version"] == "1")
    types = {tensor.name: tensor.datatype for tensor in found.inputs}
    check("metadata types inputs", types["purpose"] == "BYTES" and types["telephone"] == "BOOL" and types["credit_amount"] == "FP64")
    check(
        "metadata shapes outputs",
        [(tensor.name, list(tensor.shape)) for tensor in found.outputs]
        == [("margin", [-1, 1]), ("probability", [-1, 1]), ("contributions", [-1, 18])],
    )
    check(
        "metadata of no model is NOT_FOUND with a near name",
        refused(lambda: stub.ModelMetadata(pb.ModelMetadataRequest(name="credits")), grpc.StatusCode.NOT_FOUND, '"credit"'),
    )


def all_widths(stub, examples, model):
    inputs, rows, margins = golden(examples, model)
    flat = [value for row in rows for value in row]
    shape = [len(rows), len(inputs)]
    single, double = struct.pack(f"<{len(flat)}f", *flat), struct.pack(f"<{len(flat)}d", *flat)
    calls = {
        "FP32": request(model, [tensor("rows", "FP32", shape, fp32_contents=flat)]),
        "FP64": request(model, [tensor("rows", "FP64", shape, fp64_contents=flat)]),
        "raw FP32": request(model, [tensor("rows", "FP32", shape)], [single]),
        "raw FP64": request(model, [tensor("rows", "FP64", shape)], [double], version="1"),
    }
    probabilities = set()
    for name, call in calls.items():
        reply = stub.ModelInfer(call)
        check(f"{model}: {name} gives the library's margins, bit for bit", bits(output(reply, "margin")) == bits(margins))
        probabilities.add(tuple(bits(output(reply, "probability"))))
        check(
            f"{model}: {name} names what answered",
            reply.model_version == "1" and reply.id == "call-7" and reply.parameters["version"].int64_param == 1,
        )
    check(f"{model}: probabilities are the same bits in all widths", len(probabilities) == 1)
    return inputs, rows, margins


def one_per_field(stub, inputs, rows, margins):
    """Each field as a tensor of its own, in the type that suits it; categories as texts, flags as BOOL,
    which cannot be missing."""
    kept = [row[-1] == row[-1] for row in rows]
    rows = [row for row, keep in zip(rows, kept) if keep]
    margins = [margin for margin, keep in zip(margins, kept) if keep]

    def column(index, field):
        values = [row[index] for row in rows]
        if field["kind"] == "category":
            texts = [b"" if value != value else field["vocabulary"][int(value)].encode() for value in values]
            return tensor(field["name"], "BYTES", [len(rows)], bytes_contents=texts)
        if field["kind"] == "flag" and not any(value != value for value in values):
            return tensor(field["name"], "BOOL", [len(rows), 1], bool_contents=[value == 1 for value in values])
        if all(value == int(value) for value in values if value == value) and not any(value != value for value in values):
            return tensor(field["name"], "INT64", [len(rows)], int64_contents=[int(value) for value in values])
        return tensor(field["name"], "FP64", [len(rows)], fp64_contents=values)

    tensors = [column(index, field) for index, field in enumerate(inputs)]
    tensors.reverse()
    reply = stub.ModelInfer(request("credit", tensors))
    check("one tensor per field, in any order: the same bits", bits(output(reply, "margin")) == bits(margins))

    raws = []
    for made in tensors:
        contents = made.contents
        raws.append(
            b"".join(struct.pack("<I", len(text)) + text for text in contents.bytes_contents)
            + struct.pack(f"<{len(contents.bool_contents)}?", *contents.bool_contents)
            + struct.pack(f"<{len(contents.int64_contents)}q", *contents.int64_contents)
            + struct.pack(f"<{len(contents.fp64_contents)}d", *contents.fp64_contents)
        )
        made.ClearField("contents")
    reply = stub.ModelInfer(request("credit", tensors, raws))
    check("the same raw, texts with their lengths", bits(output(reply, "margin")) == bits(margins))


def explanations(stub, rows, margins):
    flat = [value for row in rows[:5] for value in row]
    tensors = [tensor("rows", "FP64", [5, len(rows[0])], fp64_contents=flat)]
    wanted = [pb.ModelInferRequest.InferRequestedOutputTensor(name="contributions")]
    reply = stub.ModelInfer(request("payments", tensors, outputs=wanted))
    values, width = output(reply, "contributions"), len(rows[0]) + 1
    sums = [sum(values[row * width : (row + 1) * width]) for row in range(5)]
    check("contributions and base add up to the margins", all(abs(a - b) < 1e-5 for a, b in zip(sums, margins)))
    check("only what is asked for comes back", [found.name for found in reply.outputs] == ["contributions"])
    again = request("payments", tensors)
    again.parameters["explain"].bool_param = True
    check("the parameter explain asks for them too", output(stub.ModelInfer(again), "contributions") == values)


def refusals(stub, width):
    invalid = grpc.StatusCode.INVALID_ARGUMENT
    row = [1.0] * width

    def infer(tensors, raw=(), model="payments", **more):
        return lambda: stub.ModelInfer(request(model, tensors, raw, **more))

    matrix = tensor("rows", "FP64", [1, width], fp64_contents=row)
    cases = [
        ("a shape of more elements", infer([tensor("rows", "FP64", [2, width], fp64_contents=row)]), f"the shape has {2 * width} elements, the contents {width}"),
        ("contents of another type", infer([tensor("rows", "FP32", [1, width], fp64_contents=row)]), "elements of FP32 stand in fp32_contents, these in fp64_contents"),
        ("an unknown datatype", infer([tensor("rows", "FP16", [1, width])], [b"ab" * width]), 'the datatype "FP16" is not read'),
        ("a negative dimension", infer([tensor("rows", "FP64", [-1, width], fp64_contents=row)]), "expected 1 to 4096 rows, got -1"),
        ("a huge dimension", infer([tensor("rows", "FP64", [1, 1 << 62], fp64_contents=row)]), "is no shape of rows and fields"),
        ("three dimensions", infer([tensor("rows", "FP64", [1, 1, width], fp64_contents=row)]), "the shape is [rows] or [rows, fields]"),
        ("raw bytes that are too few", infer([tensor("rows", "FP64", [1, width])], [b"1234"]), f"elements of FP64 have {8 * width} bytes, the raw contents 4"),
        ("raw beside typed", infer([matrix], [b"1" * 8 * width]), "contents stand beside raw_input_contents"),
        ("raw for another number of inputs", infer([matrix], [b"", b""]), "expected one for each of the 1 inputs, got 2"),
        ("no contents", infer([tensor("rows", "FP64", [1, width])]), "there are no contents"),
        ("no inputs", infer([]), "inputs: there are none"),
        ("a field with a near name", infer([tensor("amonut", "FP64", [1], fp64_contents=[1.0])]), 'did you mean "amount"'),
        ("fields that are missing", infer([tensor("amount", "FP64", [1], fp64_contents=[1.0])]), "is missing"),
        ("a field twice", infer([tensor("amount", "FP64", [1], fp64_contents=[1.0])] * 2), "the field is given twice"),
        ("rows that differ", infer([tensor("amount", "FP64", [1], fp64_contents=[1.0]), tensor("card_txn_cnt_1h", "FP64", [2], fp64_contents=[1.0, 2.0])]), "2 rows, where the first input has 1"),
        ("a number float64 cannot hold", infer([tensor("amount", "INT64", [1], int64_contents=[(1 << 53) + 1])]), "which float64 cannot hold"),
        ("an INT8 that is none", infer([tensor("amount", "INT8", [1], int_contents=[300])]), "which is no INT8"),
        ("an output that is not there", infer([matrix], outputs=[pb.ModelInferRequest.InferRequestedOutputTensor(name="label")]), 'no output "label"; there are margin, probability, contributions'),
        ("an infinite value", infer([tensor("rows", "FP64", [1, width], fp64_contents=[float("inf")] + row[1:])]), "values[0] amount: expected a number, got inf"),
        ("a text that is cut", infer([tensor("purpose", "BYTES", [1])], [b"\x09\x00\x00\x00abc"], model="credit"), "ends behind the raw contents"),
        ("a unit of no kind", infer([matrix], parameters={"unit.": pb.InferParameter(string_param="c-1")}), "expected a kind of up to 64 bytes behind the dot"),
        ("a unit that is a number", infer([matrix], parameters={"unit.customer": pb.InferParameter(int64_param=5)}), "parameters[unit.customer]: expected a text"),
        ("a unit that is too long", infer([matrix], parameters={"unit.customer": pb.InferParameter(string_param="c" * 129)}), "129 bytes; an id has up to 128"),
        ("too many units", infer([matrix], parameters={f"unit.k{number}": pb.InferParameter(string_param="c") for number in range(17)}), "17 units; a call has up to 16"),
        ("an explanation of another kind", infer([matrix], parameters={"explain": pb.InferParameter(string_param="lime")}), "expected true, false, contributions or none"),
        ("a vector that is no fingerprint", infer([matrix], parameters={"vector": pb.InferParameter(string_param="zz")}), "or the fingerprint in hexadecimal"),
        ("a text of a number", infer([tensor("amount", "BYTES", [1], bytes_contents=[b"12"])]), "is missing"),
    ]
    for name, call, text in cases:
        check(f"refused: {name}", refused(call, invalid, text))
    check("refused: no such version", refused(infer([matrix], version="9"), grpc.StatusCode.NOT_FOUND, "not 9"))
    check("refused: no such alias", refused(infer([matrix], version="champoin"), grpc.StatusCode.NOT_FOUND, '"champion"'))
    check("the channel still works", len(output(stub.ModelInfer(request("payments", [matrix])), "margin")) == 1)


def main():
    target, examples, authority, key = (sys.argv[1:] + [None, None])[:4]
    with opened(target, authority) as channel:
        stub = GRPCInferenceServiceStub(grpc.intercept_channel(channel, Identity(key)))
        metadata(stub)
        _, rows, margins = all_widths(stub, examples, "payments")
        explanations(stub, rows, margins)
        refusals(stub, len(rows[0]))
        one_per_field(stub, *all_widths(stub, examples, "credit"))
    sys.exit(1 if check.failed else 0)


if __name__ == "__main__":
    main()
