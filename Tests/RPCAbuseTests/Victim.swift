import AssayMessages
import RPC
import Synchronization

/// The service under attack: an echo, and methods that hold what an attacker wants held.
struct Victim: RPCService {
    typealias Message = BenchV1.EchoMessage

    static func method(
        _ name: String, _ kind: MethodKind = .unary, deadline: Duration? = .seconds(20)
    ) -> MethodDescriptor {
        MethodDescriptor(
            path: "/abuse.v1.Victim/\(name)", kind: kind, access: .public,
            idempotency: name == "Say" ? .readonly : .none, deadline: deadline,
            maximumRequestBytes: 1 << 20, maximumResponseBytes: 1 << 20)
    }

    static let say = method("Say")
    /// Runs until it is cancelled, and a while on.
    static let hold = method("Hold")
    static let fail = method("Fail")
    /// Sends as long as it may.
    static let flood = method("Flood", .serverStreaming, deadline: nil)
    /// Takes one message, and then no more.
    static let ignore = method("Ignore", .clientStreaming, deadline: nil)
    static let collect = method("Collect", .clientStreaming, deadline: nil)
    /// Takes one message, waits until it is let go, and then takes all.
    static let dally = method("Dally", .clientStreaming, deadline: nil)

    let gauge: Gauge

    /// What the handlers do together.
    final class Gauge: Sendable {
        struct Counts: Sendable {
            var running = 0
            var mostRunning = 0
            var written = 0
        }
        private let state = Mutex(Counts())
        var counts: Counts { state.withLock { $0 } }

        func began() {
            state.withLock {
                $0.running += 1
                $0.mostRunning = max($0.mostRunning, $0.running)
            }
        }
        func ended() { state.withLock { $0.running -= 1 } }
        func wrote(_ count: Int) { state.withLock { $0.written += count } }

        private let waiting = Mutex<(isOver: Bool, handlers: [CheckedContinuation<Void, Never>])>(
            (false, []))

        /// What `Dally` waits for.
        func waitUntilLetGo() async {
            await withCheckedContinuation { continuation in
                let isOver = waiting.withLock { waiting in
                    if !waiting.isOver { waiting.handlers.append(continuation) }
                    return waiting.isOver
                }
                if isOver { continuation.resume() }
            }
        }

        func letGo() {
            let handlers = waiting.withLock { waiting in
                defer { waiting = (true, []) }
                return waiting.handlers
            }
            for handler in handlers { handler.resume() }
        }
    }

    /// The reply of `Collect` and `Dally`: how many bytes came.
    static func summary(of count: Int) -> Message {
        Message(payload: withUnsafeBytes(of: count.bigEndian, Array.init))
    }

    struct Secret: Error { let password = "hunter2" }

    func register(in registry: inout MethodRegistry) {
        let gauge = gauge
        registry.unary(Self.say) { (request: Message, _) in request }
        registry.unary(Self.hold) { (request: Message, _) in
            gauge.began()
            await untilCancelled()
            gauge.ended()
            return request
        }
        registry.unary(Self.fail) { (request: Message, _) -> Message in throw Secret() }
        registry.serverStreaming(Self.flood) { (_: Message, replies: ReplyWriter<Message>, _) in
            let message = Message(payload: Array(repeating: 7, count: 16 << 10))
            while true {
                try await replies.write(message)
                gauge.wrote(16 << 10)
            }
        }
        registry.clientStreaming(Self.ignore) { (requests: RequestStream<Message>, _) in
            for try await request in requests {
                gauge.began()
                await untilCancelled()
                gauge.ended()
                return request
            }
            return Message()
        }
        registry.clientStreaming(Self.collect) { (requests: RequestStream<Message>, _) in
            var count = 0
            for try await request in requests { count += request.payload.count }
            return Self.summary(of: count)
        }
        registry.clientStreaming(Self.dally) { (requests: RequestStream<Message>, _) in
            var count = 0
            for try await request in requests {
                if count == 0 {
                    gauge.began()
                    await gauge.waitUntilLetGo()
                    gauge.ended()
                }
                count += request.payload.count
            }
            return Self.summary(of: count)
        }
    }
}

/// Waits until its task is cancelled.
private func untilCancelled() async {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    defer { continuation.finish() }
    for await _ in stream {}
}
