import AssayMessages
import Testing
import Wire

@testable import RPC
@testable import RPCTransport

@Suite("Streaming calls to a server that misbehaves")
struct MisbehavingServerTests {
    static func message(_ byte: UInt8) -> [UInt8] {
        var framed = EchoMessage(payload: [byte]).encoded(prefix: 5)
        MessagePrefix.write(into: &framed)
        return framed
    }

    /// Reads the replies to one call; how many came, and how it ended.
    func read(_ script: [ScriptedServer.Reply]) async throws -> (count: Int, error: RPCError?) {
        let server = try await ScriptedServer(script)
        let client = try RPCClient(server.target)
        let count = Counter()
        var failure: RPCError?
        do {
            try await client.serverStreaming(StreamService.watch, EchoMessage()) {
                (replies: ReplyStream<EchoMessage>) in for try await _ in replies { count.add() }
            }
        } catch {
            failure = error as? RPCError
        }
        await client.close()
        try await server.stop()
        return (count.value, failure)
    }

    @Test("a server killed mid-stream: its messages, then UNAVAILABLE")
    func killed() async throws {
        let (count, error) = try await read([
            .sendAndClose { stream in
                ScriptedServer.headers(stream)
                    + RawPeer.frame(0, 0, stream, Self.message(1) + Self.message(2) + [0, 0])
            }
        ])
        #expect(count == 2)
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("was lost") == true)
    }

    @Test("trailers inside a message are INTERNAL, never a shorter stream")
    func truncated() async throws {
        let (count, error) = try await read([
            .send { stream in
                ScriptedServer.headers(stream)
                    + RawPeer.frame(0, 0, stream, Self.message(1) + Self.message(2).dropLast())
                    + ScriptedServer.trailers(stream, status: 0)
            }
        ])
        #expect(count == 1)
        #expect(error?.code == .internal)
    }

    @Test("each byte in a DATA frame of its own changes nothing")
    func byteByByte() async throws {
        let (count, error) = try await read([
            .send { stream in
                let messages = (0..<20).flatMap { Self.message($0) }
                return ScriptedServer.headers(stream)
                    + messages.flatMap { RawPeer.frame(0, 0, stream, [$0]) }
                    + ScriptedServer.trailers(stream, status: 0)
            }
        ])
        #expect(count == 20)
        #expect(error == nil)
    }

    @Test("a message over the limit is refused at its prefix")
    func oversized() async throws {
        let (count, error) = try await read([
            .send { stream in
                ScriptedServer.headers(stream)
                    + RawPeer.frame(0, 0, stream, Self.message(1) + [0, 1, 0, 0, 0, 1])
            }
        ])
        #expect(count == 1)
        #expect(error?.code == .resourceExhausted)
    }

    @Test("a reset has the code that gRPC gives it; an end without a status is no success")
    func resets() async throws {
        for (code, expected) in [
            (2, StatusCode.internal), (8, .cancelled), (11, .resourceExhausted),
        ] {
            let (_, error) = try await read([
                .send { stream in
                    ScriptedServer.headers(stream)
                        + RawPeer.frame(3, 0, stream, [0, 0, 0, UInt8(code)])
                }
            ])
            #expect(error?.code == expected)
        }
        let (count, error) = try await read([
            .send { stream in
                ScriptedServer.headers(stream) + RawPeer.frame(0, 1, stream, Self.message(1))
            }
        ])
        #expect(count == 1)
        #expect(error?.code == .unknown)
    }

    @Test("a stream that was refused is sent again, once")
    func refused() async throws {
        let refusal = ScriptedServer.Reply.send { RawPeer.frame(3, 0, $0, [0, 0, 0, 7]) }
        let success = ScriptedServer.Reply.send { stream in
            ScriptedServer.headers(stream) + RawPeer.frame(0, 0, stream, Self.message(1))
                + ScriptedServer.trailers(stream, status: 0)
        }
        let (count, error) = try await read([refusal, success])
        #expect(count == 1)
        #expect(error == nil)
        let (_, twice) = try await read([refusal, refusal, success])
        #expect(twice?.code == .unavailable)
    }

    @Test("what is not gRPC is an error, with the code that its HTTP status stands for")
    func foreign() async throws {
        for (status, expected) in [("404", StatusCode.unimplemented), ("503", .unavailable)] {
            let (_, error) = try await read([
                .send { stream in
                    RawPeer.frame(
                        1, 4, stream,
                        RawPeer.block([(":status", status), ("content-type", "text/html")]))
                        + RawPeer.frame(0, 1, stream, Array("<html>".utf8))
                }
            ])
            #expect(error?.code == expected)
        }
    }

    @Test("a method with one reply takes exactly one")
    func cardinality() async throws {
        for replies in [0, 2] {
            let server = try await ScriptedServer([
                .send { stream in
                    ScriptedServer.headers(stream)
                        + (0..<replies).flatMap { _ in RawPeer.frame(0, 0, stream, Self.message(1))
                        }
                        + ScriptedServer.trailers(stream, status: 0)
                }
            ])
            let client = try RPCClient(server.target)
            let error = await #expect(throws: RPCError.self) {
                let _: EchoMessage = try await client.clientStreaming(StreamService.collect) {
                    (_: RequestWriter<EchoMessage>) in
                }
            }
            #expect(error?.code == .unimplemented)
            await client.close()
            try await server.stop()
        }
    }
}
