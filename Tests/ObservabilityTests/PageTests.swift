import AssayMessages
import Foundation
import Observability
import RPC
import RPCTransport
import ServiceRuntime
import TestSupport
import Testing

@Suite("The admin port of a process that serves calls", .serialized)
struct PageTests {
    @Test("metrics have the names and labels of the design")
    func metrics() async throws {
        let process = try await ObservedProcess { _, _ in ([Echo()], []) }
        let client = try RPCClient(
            process.target, telemetry: process.observability.telemetry,
            group: process.environment.group)
        process.observability.watch(process.server, [client])
        _ = try await BenchV1.Echo.Client(client).say(BenchV1.EchoMessage(payload: [1, 2]))
        // Two handlers outlive their calls; one of them ends after all.
        let load = process.observability.telemetry
        for path in ["/bench.v1.Echo/Say", "/who.Knows/What"] { load.outlivedCancellation(path) }
        load.outlivingHandlerEnded("/who.Knows/What")
        let text = try await process.page("/metrics")
        for expected in [
            #"grpc_server_call_started_total{grpc_method="bench.v1.Echo/Say"} 1"#,
            #"grpc_server_call_duration_seconds_count{grpc_method="bench.v1.Echo/Say",grpc_status="OK"} 1"#,
            #"grpc_server_call_sent_total_compressed_message_size_bytes_sum{grpc_method="bench.v1.Echo/Say",grpc_status="OK"} 9"#,
            #"grpc_server_call_rcvd_total_compressed_message_size_bytes_sum{grpc_method="bench.v1.Echo/Say",grpc_status="OK"} 9"#,
            #"assay_rpc_queue_seconds_count{grpc_method="bench.v1.Echo/Say"} 1"#,
            #"assay_rpc_handler_seconds_count{grpc_method="bench.v1.Echo/Say"} 1"#,
            #"assay_rpc_in_flight{grpc_method="bench.v1.Echo/Say"} 0"#,
            #"grpc_client_call_duration_seconds_count{grpc_method="bench.v1.Echo/Say",grpc_target="\#(process.target)",grpc_status="OK"} 1"#,
            #"grpc_client_attempt_started_total{grpc_method="bench.v1.Echo/Say",grpc_target="\#(process.target)"} 1"#,
            #"grpc_client_attempt_duration_seconds_count"#,
            #"grpc_client_attempt_sent_total_compressed_message_size_bytes_sum"#,
            #"assay_lb_endpoints{state="ready",grpc_target="\#(process.target)"} 1"#,
            #"assay_rpc_budget_tokens{kind="throttle",grpc_target="\#(process.target)"} 100"#,
            #"assay_h2_connections{profile="mesh"}"#,
            #"assay_h2_stalled_streams{reason="handler",profile="mesh"} 0"#,
            #"assay_loop_lag_seconds{loop="0"}"#, #"assay_loop_jobs_total{loop="1"}"#,
            "# TYPE assay_rpc_retries_total counter", "# TYPE assay_rpc_hedges_total counter",
            #"assay_rpc_handlers_limit{profile="mesh"} 512"#,
            #"assay_rpc_handlers_waiting{profile="mesh"} 0"#,
            #"assay_rpc_zombie_handlers{grpc_method="bench.v1.Echo/Say"} 1"#,
            #"assay_rpc_zombie_handlers{grpc_method="unknown"} 0"#,
            "# TYPE assay_h2_abuse_total counter", "# TYPE assay_h2_goaway_total counter",
            "# TYPE assay_resolver_answers_total counter",
            "# TYPE assay_lb_ejections_total counter",
        ] {
            #expect(text.contains(expected), "\(expected)")
        }
        await client.close()
        try await process.stop()
    }

    @Test("OpenMetrics carries the trace of a call in each range")
    func exemplars() async throws {
        let collector = "127.0.0.1:\(try FreePort.find())"
        let process = try await ObservedProcess([
            "--trace-endpoint", collector, "--trace-sampling", "1",
        ]) { _, _ in ([Echo()], []) }
        let client = try RPCClient(process.target)
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        _ = try await BenchV1.Echo.Client(client).say(
            BenchV1.EchoMessage(payload: [1]),
            options: CallOptions(metadata: ["traceparent": "00-\(trace)-00f067aa0ba902b7-01"]))
        let open = try await process.page("/metrics", accept: "application/openmetrics-text")
        #expect(open.contains(##" # {trace_id="\##(trace)"} "##))
        #expect(open.hasSuffix("# EOF\n"))
        #expect(open.contains("# TYPE grpc_server_call_started counter"))
        #expect(try await !process.page("/metrics").contains("trace_id"))
        await client.close()
        try await process.stop()
    }

    @Test("the debug page has endpoints and connections, and a form for people")
    func debug() async throws {
        let process = try await ObservedProcess { _, _ in ([Echo()], []) }
        let client = try RPCClient(process.target, group: process.environment.group)
        process.observability.watch(process.server, [client])
        _ = try await BenchV1.Echo.Client(client).say(BenchV1.EchoMessage(payload: [1]))
        let view = try await process.debug { $0.servers.first?.connections ?? 0 > 0 }
        let connection = try #require(view.servers[0].listed.first)
        #expect(connection.state == "serving" && connection.takesOutput)
        #expect(connection.windowOurs > 0 && connection.windowPeers > 0 && connection.score > 0)
        #expect(view.clients.first?.endpoints.first?.state == "ready")
        let html = try await process.page("/debug/rpc", accept: "text/html,application/xml;q=0.9")
        #expect(html.hasPrefix("<!doctype html>") && html.contains("SERVER (mesh)"))
        #expect(html.contains("CLIENT of \(process.target)"))
        await client.close()
        try await process.stop()
    }
}
