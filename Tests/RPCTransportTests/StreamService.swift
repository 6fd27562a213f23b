import AssayMessages
import RPC
import Synchronization

/// Streaming methods that do what a test says. Without one they replay, count and echo.
struct StreamService: RPCService {
    typealias Watch =
        @Sendable (EchoMessage, ReplyWriter<EchoMessage>, ServerContext) async throws -> Void
    typealias Collect =
        @Sendable (RequestStream<EchoMessage>, ServerContext) async throws
        -> EchoMessage
    typealias Converse =
        @Sendable (RequestStream<EchoMessage>, ReplyWriter<EchoMessage>, ServerContext)
        async throws -> Void

    static func method(
        _ name: String, _ kind: MethodKind, deadline: Duration? = nil
    ) -> MethodDescriptor {
        MethodDescriptor(
            path: "/test.Streams/\(name)", kind: kind, access: .public, deadline: deadline,
            maximumRequestBytes: 100_000, maximumResponseBytes: 100_000)
    }

    static let watch = method("Watch", .serverStreaming)
    static let collect = method("Collect", .clientStreaming)
    static let converse = method("Converse", .bidirectional)
    static let brief = method("Brief", .bidirectional, deadline: .milliseconds(100))

    var watch: Watch = { request, replies, _ in
        for index in 0..<Int(request.payload.first ?? 0) {
            try await replies.write(EchoMessage(payload: [UInt8(index)]))
        }
    }
    var collect: Collect = { requests, _ in
        var sum = 0
        for try await request in requests { sum += request.payload.count }
        return EchoMessage(payload: Array(String(sum).utf8))
    }
    var converse: Converse = { requests, replies, _ in
        for try await request in requests { try await replies.write(request) }
    }

    func register(in registry: inout MethodRegistry) {
        registry.serverStreaming(Self.watch, watch)
        registry.clientStreaming(Self.collect, collect)
        registry.bidirectional(Self.converse, converse)
        registry.bidirectional(Self.brief, converse)
    }
}

/// Waits until its task is cancelled.
func untilCancelled() async {
    let gate = Gate()
    await withTaskCancellationHandler {
        await gate.wait()
    } onCancel: {
        gate.open()
    }
}
