internal import Logging
internal import RPC

/// Writes calls down, one line of JSON each (rpc.md §15).
///
/// Of the metadata only the request's id, the trace and the criticality are written, and never a message.
struct CallLog: CallObserver {
    private let logger: Logger

    init(_ logger: Logger) { self.logger = logger }

    func callEnded(_ record: CallRecord) {
        var fields: Logger.Metadata = [
            "request_id": .string(Self.safe(record.requestID)),
            "trace_id": .string(record.traceID),
            "peer": .string(record.peer.identity ?? record.peer.address),
            "method": .string(
                record.method.map { String($0.path.dropFirst()) } ?? RPCTelemetry.unknownMethod),
            "status": .string("\(record.code)"),
            "reason": .string(record.reason ?? ""),
            "duration_us": .stringConvertible(Self.microseconds(record.duration)),
            "queue_us": .stringConvertible(record.queue.map(Self.microseconds) ?? 0),
            "attempt": .stringConvertible(record.attempt),
            "bytes_in": .stringConvertible(record.bytesIn),
            "bytes_out": .stringConvertible(record.bytesOut),
            "deadline_ms": .stringConvertible(
                record.deadline.map { Self.microseconds($0) / 1_000 } ?? 0),
            "criticality": .string(Self.safe(record.criticality)),
        ]
        if let error = Self.loggable(record) { fields["error"] = .string("\(error)") }
        logger.log(
            level: Self.level(of: record.code),
            record.side == .served ? "call served" : "call made", metadata: fields)
    }

    func noticed(_ trouble: HandlerTrouble) {
        var fields: Logger.Metadata = [
            "method": .string(trouble.method), "count": .stringConvertible(trouble.count),
        ]
        if let duration = trouble.duration {
            fields["duration_us"] = .stringConvertible(Self.microseconds(duration))
        }
        let event =
            switch trouble.kind {
            case .outlivesItsCall: "handler runs on 10 s after it was cancelled"
            case .holdsItsLoop: "handler holds its event loop: run it on a pool of threads"
            }
        logger.warning("\(event)", metadata: fields)
    }

    /// What is at fault with a call itself is said to its caller in the caller's own words, which may
    /// be about people: of that only the cause is written.
    private static func loggable(_ record: CallRecord) -> (any Error)? {
        guard level(of: record.code) == .info, let error = record.error as? RPCError else {
            return record.error
        }
        return error.cause
    }

    /// Who is at fault: the process (error), its surroundings or their load (warning), or the caller.
    static func level(of code: StatusCode) -> Logger.Level {
        switch code {
        case .unknown, .internal, .dataLoss: .error
        case .unavailable, .deadlineExceeded, .resourceExhausted, .permissionDenied,
            .unauthenticated:
            .warning
        default: .info
        }
    }

    private static func microseconds(_ duration: Duration) -> Int64 {
        Int64(clamping: Int64(duration / .microseconds(1)))
    }

    /// What a caller chose, cut to what an id needs.
    private static func safe(_ text: String) -> String { String(text.prefix(64)) }
}
