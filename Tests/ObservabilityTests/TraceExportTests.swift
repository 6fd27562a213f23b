import AssayMessages
import Foundation
import Observability
import RPC
import RPCTransport
import TestSupport
import Testing

@Suite("Spans reach a collector of another make", .serialized)
struct TraceExportTests {
    /// A span as the collector prints it.
    private struct Line: Decodable {
        let service: String
        let trace: String
        let span: String
        let parent: String
        let name: String
        let kind: Int
        let status: Int
        let micros: Int64
        let start: UInt64
        let attempt: String
        let exportWasTraced: Bool

        enum CodingKeys: String, CodingKey {
            case service, trace, span, parent, name, kind, status, micros, start, attempt
            case exportWasTraced = "export_was_traced"
        }
    }

    /// Answers, after a call on its own behalf to the service behind it.
    private struct Relay: BenchV1.Echo.Service {
        let next: RPCClient

        func say(
            _ request: BenchV1.EchoMessage, context: ServerContext
        ) async throws -> BenchV1.EchoMessage {
            try await BenchV1.Echo.Client(next).say(request, options: context.child)
        }
    }

    private static var python: String { "\(PackageLayout.root)/.venv/bin/python" }

    private static func collector() async throws -> (ChildProcess, address: String) {
        let process = try ChildProcess(
            python, ["\(PackageLayout.root)/Tests/ObservabilityTests/collector.py"])
        let line = try await process.line { $0.hasPrefix("ready ") }
        return (process, "127.0.0.1:\(line.dropFirst(6))")
    }

    private static func relay(
        to target: String, _ arguments: [String]
    ) async throws -> ObservedProcess {
        try await ObservedProcess(arguments) { observability, environment in
            let client = try RPCClient(
                target, telemetry: observability.telemetry, group: environment.group)
            return ([Relay(next: client)], [client])
        }
    }

    @Test(
        "a call through three processes is one tree, with an attempt between each two",
        .enabled(if: FileManager.default.isExecutableFile(atPath: Self.python)))
    func tree() async throws {
        let (collector, address) = try await Self.collector()
        let arguments = ["--trace-endpoint", address, "--trace-sampling", "0"]
        let third = try await ObservedProcess(arguments) { _, _ in ([Echo()], []) }
        let second = try await Self.relay(to: third.target, arguments)
        let first = try await Self.relay(to: second.target, arguments)
        let client = try RPCClient(first.target)
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        for sampled in ["01", "00"] {
            _ = try await BenchV1.Echo.Client(client).say(
                BenchV1.EchoMessage(payload: [1]),
                options: CallOptions(metadata: [
                    "traceparent": "00-\(trace)-00f067aa0ba902b7-\(sampled)",
                    "tracestate": "vendor=1",
                ]))
        }
        await client.close()
        for process in [first, second, third] { try await process.stop() }
        let lines = try collector.standardOutput.split(separator: "\n").dropFirst().map {
            try JSONDecoder().decode(Line.self, from: Data($0.utf8))
        }
        collector.terminate()
        // Three calls that were answered, and two that were made, with an attempt each.
        #expect(lines.count == 7)
        #expect(lines.allSatisfy { $0.trace == trace && $0.status == 0 && !$0.exportWasTraced })
        #expect(Set(lines.map(\.span)).count == 7)
        var kinds: [Int] = []
        var parent = "00f067aa0ba902b7"
        while let next = lines.first(where: { $0.parent == parent }) {
            kinds.append(next.kind)
            parent = next.span
        }
        #expect(kinds == [2, 3, 3, 2, 3, 3, 2])
        #expect(lines.count { $0.attempt == "0" } == 2)
        let now = UInt64(Date().timeIntervalSince1970 * 1e9)
        #expect(lines.allSatisfy { $0.start < now && now - $0.start < 120_000_000_000 })
    }

    @Test("a collector that is not there costs the oldest spans, and nothing else")
    func absent() async throws {
        let process = try await ObservedProcess([
            "--trace-endpoint", "127.0.0.1:1", "--trace-sampling", "1",
        ]) { _, _ in ([Echo()], []) }
        let client = try RPCClient(process.target)
        for _ in 0..<50 {
            _ = try await BenchV1.Echo.Client(client).say(BenchV1.EchoMessage(payload: [1]))
        }
        var metrics = ""
        for _ in 0..<300 where !metrics.contains(#"assay_trace_spans_total{result="failed"}"#) {
            metrics = try await process.page("/metrics")
        }
        #expect(metrics.contains(#"assay_trace_spans_total{result="failed"}"#))
        #expect(metrics.contains(#"grpc_status="OK"} 50"#))
        await client.close()
        try await process.stop()
    }
}
