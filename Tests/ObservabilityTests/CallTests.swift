import AssayMessages
import NIOPosix
import RPC
import RPCTransport
import Synchronization
import Testing

@Suite("Each call is counted and written down once, at both ends")
struct CallTests {
    private struct Secret: Error {}

    /// Does what the first byte of the payload says.
    private struct Moody: BenchV1.Echo.Service {
        let gate: Gate

        func say(
            _ request: BenchV1.EchoMessage, context: ServerContext
        ) async throws -> BenchV1.EchoMessage {
            switch request.payload.first {
            case 1: throw Secret()
            case 2: throw RPCError(.notFound, "no such thing", reason: "GONE")
            case 3: await gate.wait()
            default: break
            }
            return request
        }
    }

    private final class Ends: Sendable {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let served = RecordingLog()
        let made = RecordingLog()
        let gate = Gate()
        let server: RPCServer
        let client: RPCClient
        let serverTelemetry: RPCTelemetry
        let clientTelemetry: RPCTelemetry

        init(spans: SpanQueue? = nil, sampling: Double = 0) async throws {
            var settings = RPCTelemetry.Settings.everything
            settings.rootSampling = sampling
            serverTelemetry = RPCTelemetry(
                methods: PolicyTable.all, settings: .everything, log: served, spans: spans)
            clientTelemetry = RPCTelemetry(
                methods: PolicyTable.all, settings: settings, log: made, spans: spans)
            server = RPCServer(
                listeners: [.plaintext(host: "127.0.0.1", port: 0)],
                services: [Moody(gate: gate)],
                authorizer: ScopeAuthorizer(trustsEveryPeer: true), telemetry: serverTelemetry,
                group: group)
            try await server.start()
            client = try RPCClient(
                "127.0.0.1:\(server.port)", telemetry: clientTelemetry, group: group)
        }

        func say(_ bytes: [UInt8], _ options: CallOptions = CallOptions()) async throws {
            _ = try await BenchV1.Echo.Client(client).say(
                BenchV1.EchoMessage(payload: bytes), options: options)
        }

        func stop() async throws {
            gate.open()
            await client.close()
            await server.shutdown(grace: .milliseconds(200))
            try await group.shutdownGracefully()
        }
    }

    @Test("a call that goes well, with all fields of its record")
    func good() async throws {
        let ends = try await Ends()
        try await ends.say(
            [9, 9],
            CallOptions(
                deadline: .after(.seconds(5)),
                metadata: [
                    "assay-request-id": "r-1", "assay-criticality": "critical",
                    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00",
                ]))
        try await ends.stop()
        let record = try #require(ends.served.all.first)
        #expect(ends.served.all.count == 1)
        #expect(record.method?.path == "/bench.v1.Echo/Say")
        #expect(record.code == .ok)
        #expect(record.requestID == "r-1")
        #expect(record.criticality == "critical")
        #expect(record.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(record.bytesIn == 9 && record.bytesOut == 9)
        #expect(record.queue != nil && record.duration > .zero)
        #expect((record.deadline ?? .zero) > .seconds(4))
        let made = try #require(ends.made.all.first)
        #expect(ends.made.all.count == 1)
        #expect(made.side == .made && made.code == .ok)
        #expect(made.duration >= record.duration)
        #expect(made.bytesIn == 9 && made.bytesOut == 9)
    }

    @Test("errors: their cause stays in the log of the process that threw")
    func errors() async throws {
        let ends = try await Ends()
        await #expect(throws: RPCError.self) { try await ends.say([1]) }
        await #expect(throws: RPCError.self) { try await ends.say([2]) }
        try await ends.stop()
        #expect(ends.served.all.map(\.code) == [.unknown, .notFound])
        #expect(ends.served.all[0].error is Secret)
        #expect(ends.served.all[1].reason == "GONE")
        #expect(ends.made.all.map(\.code) == [.unknown, .notFound])
        #expect(!(ends.made.all[0].error is Secret))
        #expect(ends.made.all[1].reason == "GONE")
    }

    @Test("a deadline that passes and a caller that leaves end the call once, with their status")
    func cutOff() async throws {
        let ends = try await Ends()
        await #expect(throws: RPCError.self) {
            try await ends.say([3], CallOptions(deadline: .after(.milliseconds(30))))
        }
        let call = Task { try await ends.say([3], CallOptions(deadline: .after(.seconds(5)))) }
        // Until the second handler runs.
        while ends.serverTelemetry.serverMeters.map({
            CallMeter.total([$0.calls]).counts.values.reduce(0, +)
        }).reduce(0, +) < 2 { await Task.yield() }
        call.cancel()
        _ = try? await call.value
        while ends.served.all.count < 2 { await Task.yield() }
        try await ends.stop()
        #expect(ends.served.all.count == 2)
        #expect([.deadlineExceeded, .cancelled].contains(ends.served.all[0].code))
        #expect(ends.served.all[1].code == .cancelled)
        #expect(ends.made.all.map(\.code) == [.deadlineExceeded, .cancelled])
    }

    @Test("a method that nobody has is counted as unknown")
    func unknown() async throws {
        let ends = try await Ends()
        let request = RawRequest(
            target: "/who.Knows/What", headers: ["content-type": "application/grpc"], body: [])
        _ = try await ends.client.forward(request, deadline: .none)
        try await ends.stop()
        #expect(ends.served.all.first?.method == nil)
        #expect(ends.served.all.first?.code == .unimplemented)
        let totals = CallMeter.total(ends.serverTelemetry.serverMeters.map(\.calls))
        #expect(totals.counts.keys.map(\.method) == [PolicyTable.all.count])
    }

    @Test("spans: the call, its attempt and the call at the server are one chain")
    func spans() async throws {
        let queue = SpanQueue()
        let ends = try await Ends(spans: queue, sampling: 1)
        try await ends.say([0])
        try await ends.stop()
        let spans = queue.take(most: 10).spans
        #expect(spans.count == 3)
        let root = try #require(spans.first { $0.span.parentSpanID == nil })
        let attempt = try #require(
            spans.first { $0.span.parentSpanID == root.span.context.spanID })
        let served = try #require(
            spans.first { $0.span.parentSpanID == attempt.span.context.spanID })
        #expect(root.span.kind == .client && attempt.span.kind == .client)
        #expect(served.span.kind == .server)
        #expect(Set(spans.map(\.span.context.traceID)).count == 1)
        #expect(spans.allSatisfy { $0.name == "bench.v1.Echo/Say" && $0.code == .ok })
    }

    @Test("the first process names a trace that nobody records, and what it calls is in it")
    func named() async throws {
        var settings = RPCTelemetry.Settings.everything
        settings.namesTraces = true
        final class Seen: Sendable { let header = Mutex<String?>(nil) }
        let (log, seen) = (RecordingLog(), Seen())
        struct Asking: BenchV1.Echo.Service {
            let see: @Sendable (Metadata) -> Void
            func say(
                _ request: BenchV1.EchoMessage, context: ServerContext
            ) async throws -> BenchV1.EchoMessage {
                see(context.child.metadata)
                return request
            }
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let server = RPCServer(
            listeners: [.plaintext(host: "127.0.0.1", port: 0)],
            services: [Asking { fields in seen.header.withLock { $0 = fields["traceparent"] } }],
            authorizer: ScopeAuthorizer(trustsEveryPeer: true),
            telemetry: RPCTelemetry(methods: PolicyTable.all, settings: settings, log: log),
            group: group)
        try await server.start()
        let client = try RPCClient("127.0.0.1:\(server.port)", group: group)
        _ = try await BenchV1.Echo.Client(client).say(BenchV1.EchoMessage(payload: [0]))
        await client.close()
        await server.shutdown(grace: .milliseconds(200))
        try await group.shutdownGracefully()
        let trace = try #require(log.all.first?.traceID)
        #expect(trace.count == 32)
        let handed = seen.header.withLock { $0 }
        #expect(handed?.contains(trace) == true && handed?.hasSuffix("-00") == true)
    }

    @Test("what the caller does not record is not recorded, and the trace goes on as it came")
    func unsampled() async throws {
        let queue = SpanQueue()
        let ends = try await Ends(spans: queue, sampling: 1)
        try await ends.say(
            [0],
            CallOptions(metadata: [
                "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
            ]))
        try await ends.stop()
        #expect(queue.count == 0)
        #expect(ends.served.all.first?.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
    }
}
