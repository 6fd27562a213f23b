import AssayMessages
import RPC

/// The services of `bench.v1`, as any would be written.
struct EchoService: BenchV1.Echo.Service {
    func say(
        _ request: BenchV1.EchoMessage, context: ServerContext
    ) async throws -> BenchV1.EchoMessage {
        request
    }
}

struct StreamingService: BenchV1.Streaming.Service {
    func replay(
        _ request: BenchV1.ReplayRequest, replies: ReplyWriter<BenchV1.EchoMessage>,
        context: ServerContext
    ) async throws {
        let message = BenchV1.EchoMessage(payload: request.payload)
        for _ in 0..<request.count { try await replies.write(message) }
    }

    func collect(
        _ requests: RequestStream<BenchV1.EchoMessage>, context: ServerContext
    ) async throws -> BenchV1.CollectSummary {
        try await requests.reduce(into: BenchV1.CollectSummary()) { summary, message in
            summary.messages += 1
            summary.bytes += UInt64(message.payload.count)
        }
    }

    func converse(
        _ requests: RequestStream<BenchV1.EchoMessage>, replies: ReplyWriter<BenchV1.EchoMessage>,
        context: ServerContext
    ) async throws {
        for try await request in requests { try await replies.write(request) }
    }
}
