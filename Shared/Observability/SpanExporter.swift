internal import AssayMessages
internal import Logging
internal import RPC
internal import RPCTransport
internal import ServiceRuntime
internal import TLS

/// Sends finished spans to a collector of OpenTelemetry, over our own client: batches of 512 at most,
/// at least once a second. Its own calls are neither counted nor traced.
final class SpanExporter: Sendable {
    static let batch = 512
    static let interval = Duration.seconds(1)

    private let queue: SpanQueue
    private let client: RPCClient
    private let telemetry: RPCTelemetry
    private let resource: OTLPResourceV1.Resource
    private let logger: Logger
    private let running: TaskBox

    init(
        endpoint: String, service: String, telemetry: RPCTelemetry,
        environment: ServiceEnvironment
    ) throws {
        self.telemetry = telemetry
        queue = telemetry.spans ?? SpanQueue()
        logger = environment.logger
        resource = OTLPResourceV1.Resource(attributes: [Self.text("service.name", service)])
        let (target, isTLS) = Self.target(of: endpoint)
        let tls = isTLS ? try Self.context(target, environment) : nil
        client = try RPCClient(
            target, tls: tls, profile: .client, group: environment.adminGroup)
        running = TaskBox()
    }

    /// "https://collector:4317" and "collector:4317" name the same place, by TLS and without.
    static func target(of endpoint: String) -> (String, isTLS: Bool) {
        if endpoint.hasPrefix("https://") { return (String(endpoint.dropFirst(8)), true) }
        if endpoint.hasPrefix("http://") { return (String(endpoint.dropFirst(7)), false) }
        return (endpoint, false)
    }

    private static func context(
        _ target: String, _ environment: ServiceEnvironment
    ) throws -> any TLSContextProvider {
        guard let certificates = environment.certificates else {
            throw RPCError(
                .failedPrecondition, "a collector by TLS needs the mesh's authorities")
        }
        let host = target.prefix { $0 != ":" }
        return try certificates.clientContext(serverName: String(host))
    }

    // MARK: Life

    func start() {
        running.set(
            Task {
                while (try? await Task.sleep(for: Self.interval)) != nil {
                    // A task of its own, so that the end does not cancel what is on its way.
                    await Task { await self.exportAll() }.value
                }
            })
    }

    /// Sends what is left, once.
    func close() async {
        await running.stop()
        await exportAll()
        await client.close()
    }

    private func exportAll() async {
        while true {
            let (spans, dropped) = queue.take(most: Self.batch)
            if dropped > 0 { telemetry.events.count(.spans, "dropped", by: dropped) }
            if spans.isEmpty { return }
            await export(spans)
            if spans.count < Self.batch { return }
        }
    }

    private func export(_ spans: [FinishedSpan]) async {
        // Spans are timed by the process's clock; a collector wants civil time.
        let offset = Self.clockOffset
        let request = OTLPTraceCollectorV1.ExportTraceServiceRequest(resourceSpans: [
            OTLPTraceV1.ResourceSpans(
                resource: resource,
                scopeSpans: [
                    OTLPTraceV1.ScopeSpans(
                        scope: OTLPCommonV1.InstrumentationScope(name: "assay.rpc"),
                        spans: spans.map { Self.message($0, offset) })
                ])
        ])
        do {
            let reply = try await OTLPTraceCollectorV1.TraceService.Client(client).export(
                request, options: CallOptions(deadline: .after(.seconds(5))))
            let rejected = Int(clamping: reply.partialSuccess?.rejectedSpans ?? 0)
            if rejected > 0 { telemetry.events.count(.spans, "rejected", by: rejected) }
            telemetry.events.count(.spans, "exported", by: max(0, spans.count - rejected))
        } catch {
            telemetry.events.count(.spans, "failed", by: spans.count)
            logger.warning("spans were not exported", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Messages

    private static var clockOffset: UInt64 {
        let civil = UInt64(clamping: WallClockTime.now.microseconds) &* 1_000
        return civil &- ProcessClock.now.nanoseconds
    }

    static func message(_ finished: FinishedSpan, _ offset: UInt64) -> OTLPTraceV1.Span {
        let (span, context) = (finished.span, finished.span.context)
        var attributes = [
            text("rpc.system", "grpc"), text("rpc.method", finished.name),
            OTLPCommonV1.KeyValue(
                key: "rpc.grpc.status_code",
                value: .init(value: .intValue(Int64(finished.code.rawValue)))),
        ]
        attributes += finished.attributes.map { text($0.name, $0.value) }
        return OTLPTraceV1.Span(
            traceID: bytes(context.traceHigh) + bytes(context.traceLow),
            spanID: bytes(context.spanID), traceState: context.state,
            parentSpanID: span.parentSpanID.map(bytes) ?? [], name: finished.name,
            kind: span.kind == .server ? .spanKindServer : .spanKindClient,
            startTimeUnixNano: span.startedAt.nanoseconds &+ offset,
            endTimeUnixNano: finished.endedAt.nanoseconds &+ offset, attributes: attributes,
            status: status(of: finished, span.kind), flags: 1)
    }

    /// A server's span fails only by what is the server's fault (OpenTelemetry's conventions for gRPC).
    private static func status(
        of finished: FinishedSpan, _ kind: CallSpan.Kind
    ) -> OTLPTraceV1.Status? {
        if finished.code == .ok { return nil }
        let faults: Set<StatusCode> = [
            .unknown, .deadlineExceeded, .unimplemented, .internal, .unavailable, .dataLoss,
        ]
        if kind == .server && !faults.contains(finished.code) { return nil }
        return OTLPTraceV1.Status(message: "\(finished.code)", code: .statusCodeError)
    }

    private static func bytes(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * UInt64($0))) }
    }

    private static func text(_ key: String, _ value: String) -> OTLPCommonV1.KeyValue {
        OTLPCommonV1.KeyValue(key: key, value: .init(value: .stringValue(value)))
    }
}
