"""A Feast server with Redis that has given values to look up: run with the peer's own Python.

    peer.py prepare FOLDER REDIS_PORT VALUES.json    a feature repository with the values in Redis
    peer.py request VALUES.json PROTO JSON           what to ask: a row, as gRPC message and as JSON
    peer.py check VALUES.json GRPC_PORT              do the values come back, bit for bit?

VALUES.json: {"views": {view: [feature, ...]}, "rows": [{"keys": {view: key}, "values": {feature: x}}]}.
A view is an entity's features: its key is the column `<view>_key`.
"""

import datetime
import json
import math
import pathlib
import struct
import sys

import grpc
import pandas
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.protos.feast.serving.GrpcServer_pb2_grpc import GrpcFeatureServerStub
from feast.protos.feast.serving.ServingService_pb2 import GetOnlineFeaturesRequest
from feast.types import Float64

SERVICE = "vector"
MOMENT = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def prepare(folder: pathlib.Path, port: str, values: dict) -> None:
    folder.mkdir()
    (folder / "feature_store.yaml").write_text(
        "project: bench\nprovider: local\nregistry: registry.db\n"
        "entity_key_serialization_version: 3\n"
        f'online_store: {{type: redis, connection_string: "127.0.0.1:{port}"}}\n')
    store = FeatureStore(repo_path=str(folder))
    views = []
    for view, features in values["views"].items():
        table = pandas.DataFrame({
            f"{view}_key": pandas.Series(dtype="str"),
            "event_timestamp": pandas.Series(dtype="datetime64[ns, UTC]"),
            **{feature: pandas.Series(dtype="float64") for feature in features}})
        table.to_parquet(folder / f"{view}.parquet")
        views.append(FeatureView(
            name=view, entities=[entity(view)], ttl=datetime.timedelta(0),
            schema=[Field(name=feature, dtype=Float64) for feature in features],
            source=FileSource(path=str(folder / f"{view}.parquet"), timestamp_field="event_timestamp")))
    store.apply([*(entity(view) for view in values["views"]), *views,
                 FeatureService(name=SERVICE, features=views)])
    for view, features in values["views"].items():
        rows = {row["keys"][view]: row["values"] for row in values["rows"]}
        store.write_to_online_store(view, pandas.DataFrame({
            f"{view}_key": list(rows), "event_timestamp": [MOMENT] * len(rows),
            **{feature: [number(row[feature]) for row in rows.values()] for feature in features}}))


def entity(view: str) -> Entity:
    return Entity(name=view, join_keys=[f"{view}_key"], value_type=ValueType.STRING)


def number(text: str) -> float:
    """From the hexadecimal bits, so that nothing is rounded on the way."""
    return struct.unpack(">d", bytes.fromhex(text))[0]


def message(row: dict) -> GetOnlineFeaturesRequest:
    request = GetOnlineFeaturesRequest(feature_service=SERVICE)
    for view, key in row["keys"].items():
        request.entities[f"{view}_key"].val.add().string_val = key
    return request


def write_requests(values: dict, proto: pathlib.Path, text: pathlib.Path) -> None:
    row = values["rows"][0]
    proto.write_bytes(message(row).SerializeToString())
    text.write_text(json.dumps({
        "feature_service": SERVICE,
        "entities": {f"{view}_key": [key] for view, key in row["keys"].items()}}))


def check(values: dict, port: str) -> None:
    stub = GrpcFeatureServerStub(grpc.insecure_channel(f"127.0.0.1:{port}"))
    for row in values["rows"][:50]:
        reply = stub.GetOnlineFeatures(message(row), timeout=30)
        # A value that is missing is NaN with us and no value at all with them.
        got = {name: result.values[0].double_val if result.values[0].WhichOneof("val") else math.nan
               for name, result in zip(reply.metadata.feature_names.val, reply.results)
               if name in row["values"]}
        for name, expected in row["values"].items():
            same = struct.pack(">d", got[name]) == bytes.fromhex(expected)
            if not same and not (math.isnan(got[name]) and math.isnan(number(expected))):
                raise SystemExit(f"{name} is {got[name]!r}, not {number(expected)!r}")


def read(values: str) -> dict:
    return json.loads(pathlib.Path(values).read_text())


def main() -> None:
    match sys.argv[1:]:
        case ["prepare", folder, port, values]:
            prepare(pathlib.Path(folder), port, read(values))
        case ["request", values, proto, text]:
            write_requests(read(values), pathlib.Path(proto), pathlib.Path(text))
        case ["check", values, port]:
            check(read(values), port)
        case _:
            raise SystemExit(__doc__)


main()
