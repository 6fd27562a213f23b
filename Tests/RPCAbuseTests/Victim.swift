import AssayMessages
import RPC
import Synchronization

/// The service under attack: an echo, and methods that hold what an attacker wants held.
struct Victim: RPCService {
    typealias Message = BenchV1.EchoMessage

    /// The field that says which of a method's behaviours is wanted. The methods are those of a schema,
    /// since a gateway forwards no others.
    static let behaviour = "x-behaviour"

    static let say = MethodDescriptor(
        path: BenchV1.Echo.say.path, kind: .unary, access: .public, idempotency: .readonly,
        deadline: .seconds(20), maximumRequestBytes: 1 << 20, maximumResponseBytes: 1 << 20)
    static let replay = stream(BenchV1.Streaming.replay)
    static let collect = stream(BenchV1.Streaming.collect)

    private static func stream(_ method: MethodDescriptor) -> MethodDescriptor {
        MethodDescriptor(
            path: method.path, kind: method.kind, access: .public, maximumRequestBytes: 1 << 20,
            maximumResponseBytes: 1 << 20)
    }

    /// Where a behaviour is had.
    ///
    /// - `Say` returns what it is sent; `Hold` runs until it is cancelled; `Fail` fails.
    /// - `Flood` sends as long as it may.
    /// - `Collect` counts what it is sent; `Ignore` takes one message, and then no more; `Dally` takes
    ///   one, waits until it is let go, and then takes all.
    static func path(of behaviour: String) -> String {
        switch behaviour {
        case "Flood": replay.path
        case "Collect", "Ignore", "Dally": collect.path
        default: say.path
        }
    }

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

        /// Waits until those who write have had to stop: nothing more was written for a quarter of a
        /// second, which no pause of a busy machine is.
        func rest() async {
            var (before, unchanged) = (-1, 0)
            for _ in 0..<500 where unchanged < 25 {
                let written = counts.written
                unchanged = written == before && written > 0 ? unchanged + 1 : 0
                before = written
                try? await Task.sleep(for: .milliseconds(10))
            }
        }

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
        registry.unary(Self.say) { (request: Message, context) in
            try await answer(request, as: context.metadata[Self.behaviour])
        }
        registry.serverStreaming(Self.replay) { (_: Message, replies: ReplyWriter<Message>, _) in
            let message = Message(payload: Array(repeating: 7, count: 16 << 10))
            while true {
                try await replies.write(message)
                gauge.wrote(16 << 10)
            }
        }
        registry.clientStreaming(Self.collect) { (requests: RequestStream<Message>, context) in
            try await collect(requests, as: context.metadata[Self.behaviour])
        }
    }

    private func answer(_ request: Message, as behaviour: String?) async throws -> Message {
        if behaviour == "Fail" { throw Secret() }
        if behaviour == "Hold" { await hold() }
        return request
    }

    private func hold() async {
        gauge.began()
        await untilCancelled()
        gauge.ended()
    }

    private func collect(
        _ requests: RequestStream<Message>, as behaviour: String?
    ) async throws -> Message {
        var count = 0
        for try await request in requests {
            if behaviour == "Ignore" {
                await hold()
                return request
            }
            if behaviour == "Dally", count == 0 {
                gauge.began()
                await gauge.waitUntilLetGo()
                gauge.ended()
            }
            count += request.payload.count
        }
        return Self.summary(of: count)
    }
}

/// Waits until its task is cancelled.
private func untilCancelled() async {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    defer { continuation.finish() }
    for await _ in stream {}
}
