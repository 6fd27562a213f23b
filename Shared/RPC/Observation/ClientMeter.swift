/// What one event loop of a client counts of the calls to its target.
public final class ClientMeter: Sendable {
    public static let schema = CallMeter.Schema(
        instruments: [
            .init(
                "grpc_client_call_duration_seconds", "A call with all of its attempts.", .time,
                isByStatus: true),
            .init(
                "grpc_client_attempt_duration_seconds", "One attempt, from its sending on.", .time,
                isByStatus: true),
            .init(
                "grpc_client_attempt_sent_total_compressed_message_size_bytes",
                "Bytes of an attempt's requests, as they were sent.", .size, isByStatus: true),
            .init(
                "grpc_client_attempt_rcvd_total_compressed_message_size_bytes",
                "Bytes of an attempt's replies, as they came.", .size, isByStatus: true),
        ],
        counts: [
            .init(name: "assay_rpc_client_calls_started_total", help: "Calls that were made."),
            .init(name: "grpc_client_attempt_started_total", help: "Attempts that were begun."),
        ])

    public let calls: CallMeter
    private let call, attempt, sent, received: CallMeter.Slot
    private let begun, attempts: CallMeter.CountSlot

    init(methods: Int, target: String) {
        calls = CallMeter(Self.schema, methods: methods, target: target)
        call = calls.slot(0)
        attempt = calls.slot(1)
        sent = calls.slot(2)
        received = calls.slot(3)
        begun = calls.countSlot(0)
        attempts = calls.countSlot(1)
    }

    package func callStarted(_ method: Int) { begun.count(method) }

    package func attemptStarted(_ method: Int) { attempts.count(method) }

    /// An attempt's status stands. Times are nanoseconds.
    package func attemptEnded(
        _ method: Int, _ status: StatusCode, took nanoseconds: UInt64, bytesIn: Int, bytesOut: Int
    ) {
        attempt.record(nanoseconds, method, status)
        sent.record(UInt64(clamping: bytesOut), method, status)
        received.record(UInt64(clamping: bytesIn), method, status)
    }

    package func callEnded(_ method: Int, _ status: StatusCode, took nanoseconds: UInt64) {
        call.record(nanoseconds, method, status)
    }
}
