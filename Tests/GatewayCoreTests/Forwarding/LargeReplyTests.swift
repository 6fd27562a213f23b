import RPC
import RawHTTP2
import TestSupport
import Testing

@testable import GatewayCore

/// Replies on the JSON face that are larger than any window: they pass as they come.
@Suite("Large JSON replies", .serialized, .timeLimit(.minutes(2)))
struct LargeReplyTests {
    private static let path = ForwardingStage.look.path
    private static let head = HPACK.block([
        Field(":status", "200"), Field("content-type", "application/json"),
    ])

    /// A service that answers one request with so many bytes, as far as the gateway takes them.
    private func answer(_ stage: ForwardingStage, bytes: Int) -> Task<Void, any Error> {
        Task {
            let service = try await stage.service()
            let request = try await service.request()
            await service.send(.headers(request.stream, Self.head))
            var (sent, room) = (0, ForwardingStage.window)
            while sent < bytes {
                let count = min(room, 16 << 10, bytes - sent)
                if count > 0 {
                    let piece = [UInt8](repeating: UInt8(ascii: "7"), count: count)
                    (sent, room) = (sent + count, room - count)
                    await service.send(.data(request.stream, piece, ends: sent == bytes))
                    continue
                }
                let frame = try await service.until {
                    $0.stream == request.stream && ($0.kind == .windowUpdate || $0.kind == .reset)
                }
                // The gateway has had enough of it.
                if frame.kind == .reset { return }
                room += Int(frame.number(at: 0))
            }
        }
    }

    @Test(
        "8 MiB over HTTP/1.1 and HTTP/2, whole",
        arguments: ["--http1.1", "--http2-prior-knowledge"])
    func whole(_ version: String) async throws {
        let bytes = 8 << 20
        let stage = try await ForwardingStage(http1: true)
        let service = answer(stage, bytes: bytes)
        let fetched = try await fetch(stage, version)
        try await service.value
        #expect(fetched.end == .exit(0), "\(fetched.errors)")
        #expect(fetched.output == "200 \(bytes)")
        #expect(stage.memory.buffered <= 3 * (64 << 10))
        try await stage.stop()
    }

    @Test("more than four times what the schema allows is cut off, and does not look whole")
    func tooLarge() async throws {
        let stage = try await ForwardingStage(http1: true)
        let service = answer(stage, bytes: 17 << 20)
        let fetched = try await fetch(stage, "--http1.1")
        try await service.value
        #expect(fetched.end != .exit(0), "\(fetched.output)")
        #expect(stage.lines().last?.contains("RESOURCE_EXHAUSTED") == true)
        try await stage.stop()
    }

    private func fetch(
        _ stage: ForwardingStage, _ version: String
    ) async throws -> (end: ChildProcess.End, output: String, errors: String) {
        try await ChildProcess.run(
            "/usr/bin/curl",
            [
                "--silent", "--show-error", "--max-time", "60", version, "--header",
                "content-type: application/json", "--data-binary", "{}", "--output", "/dev/null",
                "--write-out", "%{http_code} %{size_download}",
                "http://127.0.0.1:\(stage.gateway.port)\(Self.path)",
            ])
    }
}
