"""A collector of OpenTelemetry for tests: prints each span it is sent as one line of JSON."""

import concurrent.futures
import json
import sys

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    def Export(self, request, context):
        traced = any(name == "traceparent" for name, _ in context.invocation_metadata())
        for resource in request.resource_spans:
            service = next(
                a.value.string_value for a in resource.resource.attributes if a.key == "service.name"
            )
            for scope in resource.scope_spans:
                for span in scope.spans:
                    line = {
                        "service": service,
                        "trace": span.trace_id.hex(),
                        "span": span.span_id.hex(),
                        "parent": span.parent_span_id.hex(),
                        "name": span.name,
                        "kind": int(span.kind),
                        "status": int(span.status.code),
                        "micros": (span.end_time_unix_nano - span.start_time_unix_nano) // 1000,
                        "start": span.start_time_unix_nano,
                        "attempt": next(
                            (a.value.string_value for a in span.attributes if a.key == "rpc.attempt"), ""
                        ),
                        "state": span.trace_state,
                        "batch": len(scope.spans),
                        "export_was_traced": traced,
                    }
                    print(json.dumps(line), flush=True)
        return trace_service_pb2.ExportTraceServiceResponse()


server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=4))
trace_service_pb2_grpc.add_TraceServiceServicer_to_server(Collector(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(f"ready {port}", flush=True)
server.wait_for_termination()
sys.exit(0)
