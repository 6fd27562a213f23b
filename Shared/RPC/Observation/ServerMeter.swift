/// What one event loop of a server counts of the calls that it answers.
public final class ServerMeter: Sendable {
    public static let schema = CallMeter.Schema(
        instruments: [
            .init(
                "grpc_server_call_duration_seconds",
                "From a request's headers to its status, as the transport sees it.", .time,
                isByStatus: true),
            .init(
                "grpc_server_call_sent_total_compressed_message_size_bytes",
                "Bytes of a call's replies, as they were sent.", .size, isByStatus: true),
            .init(
                "grpc_server_call_rcvd_total_compressed_message_size_bytes",
                "Bytes of a call's requests, as they came.", .size, isByStatus: true),
            .init(
                "assay_rpc_handler_seconds", "In the handler alone, without the queue.", .time,
                isByStatus: false),
            .init(
                "assay_rpc_queue_seconds", "From a request's headers to the handler's start.",
                .time, isByStatus: false),
        ],
        counts: [
            .init(
                name: "grpc_server_call_started_total", help: "Calls that came, refused ones too.")
        ])

    public let calls: CallMeter
    private let duration, sent, received, handler, queue: CallMeter.Slot
    private let begun: CallMeter.CountSlot

    init(methods: Int) {
        calls = CallMeter(Self.schema, methods: methods)
        duration = calls.slot(0)
        sent = calls.slot(1)
        received = calls.slot(2)
        handler = calls.slot(3)
        queue = calls.slot(4)
        begun = calls.countSlot(0)
    }

    /// A call's headers have come.
    package func started(_ method: Int) { begun.count(method) }

    /// Its handler has run. The times are nanoseconds.
    package func handled(_ method: Int, queued: UInt64, ran: UInt64) {
        queue.record(queued, method)
        handler.record(ran, method)
    }

    /// Its status stands.
    package func ended(
        _ method: Int, _ status: StatusCode, took nanoseconds: UInt64, bytesIn: Int, bytesOut: Int
    ) {
        duration.record(nanoseconds, method, status)
        sent.record(UInt64(clamping: bytesOut), method, status)
        received.record(UInt64(clamping: bytesIn), method, status)
    }
}
