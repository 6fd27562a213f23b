import RPC
import RPCTransport
import RawHTTP2
import Testing

@testable import GatewayCore

/// How the end of one side of a forwarded call comes to the other.
@Suite("Ends of forwarded calls", .serialized, .timeLimit(.minutes(2)))
struct ForwardedEndTests {
    private static let methods = [
        ForwardingStage.look, ForwardingStage.watch, ForwardingStage.collect,
        ForwardingStage.converse,
    ]

    /// A call whose request has come to the service, whole or not.
    private func begin(
        _ method: MethodDescriptor, _ stage: ForwardingStage, _ client: RawClient,
        timeout: String? = nil
    ) async throws -> (RawServer, UInt32) {
        if method.kind.streamsRequests {
            await client.open(method, timeout: timeout)
            await client.send(.data(1, Message.framed([1])))
        } else {
            await client.call(method, timeout: timeout)
        }
        let service = try await stage.service()
        return (service, try await service.requestHead().stream)
    }

    @Test("a client's reset reaches the service, before a reply and in the middle of one")
    func cancelled() async throws {
        for method in Self.methods {
            for hasBegun in [false, true] {
                let stage = try await ForwardingStage()
                let client = try await stage.client()
                let (service, stream) = try await begin(method, stage, client)
                if hasBegun {
                    await service.begin(stream)
                    _ = try await client.until { $0.kind == .data }
                }
                await client.send(.reset(1, .cancel))
                #expect(try await service.streamError(stream) == .cancel)
                try await client.ping()
                #expect(stage.lines().last?.contains("\"status\":\"CANCELLED\"") == true)
                await client.close()
                try await stage.stop()
            }
        }
    }

    @Test("a client whose connection ends: the service is told the same")
    func vanished() async throws {
        let stage = try await ForwardingStage()
        let client = try await stage.client()
        let (service, stream) = try await begin(ForwardingStage.watch, stage, client)
        await client.close()
        #expect(try await service.streamError(stream) == .cancel)
        try await stage.stop()
    }

    @Test("a service's reset reaches the client: as status 14, behind what came of the reply")
    func reset() async throws {
        for method in Self.methods where method.idempotency != .readonly {
            for hasBegun in [false, true] {
                let stage = try await ForwardingStage()
                let client = try await stage.client()
                let (service, stream) = try await begin(method, stage, client)
                if hasBegun { await service.begin(stream) }
                await service.send(.reset(stream, ErrorCode(rawValue: 2)))
                let reply = try await client.response(1)
                #expect(reply.status == "200")
                #expect(reply.code == 14 || reply.code == 13, "\(reply.ending)")
                #expect(reply.body == (hasBegun ? Message.framed([1]) : []))
                #expect(stage.lines().last?.contains("\"stage\":\"forward\"") ?? true)
                await client.close()
                try await stage.stop()
            }
        }
    }

    @Test("on the JSON face a reply that breaks off is reset, never made to look whole")
    func resetJSON() async throws {
        let stage = try await ForwardingStage()
        let client = try await stage.client()
        let fields =
            client.request("POST", ForwardingStage.order.path) + [
                Field("content-type", "application/json")
            ]
        await client.send(
            .headers(1, HPACK.block(fields)), .data(1, Array("{}".utf8), ends: true))
        let service = try await stage.service()
        let request = try await service.request()
        let head = HPACK.block([Field(":status", "200"), Field("content-type", "application/json")])
        await service.send(
            .headers(request.stream, head), .data(request.stream, Array("{\"a".utf8)))
        _ = try await client.until { $0.kind == .data }
        await service.send(.reset(request.stream, ErrorCode(rawValue: 2)))
        #expect(try await client.streamError(1) == ErrorCode(rawValue: 2))
        await client.close()
        try await stage.stop()
    }

    @Test(
        "a deadline in the middle of a stream: status 4 behind its messages, and the service is told"
    )
    func deadline() async throws {
        for hasBegun in [false, true] {
            let stage = try await ForwardingStage()
            let client = try await stage.client()
            let (service, stream) = try await begin(
                ForwardingStage.watch, stage, client, timeout: "400m")
            if hasBegun { await service.begin(stream) }
            let reply = try await client.response(1)
            #expect(reply.code == 4)
            #expect(reply.body == (hasBegun ? Message.framed([1]) : []))
            #expect(try await service.streamError(stream) == .cancel)
            await client.close()
            try await stage.stop()
        }
    }

    @Test("a deadline on the JSON face is a whole reply of 504, and no reset follows it")
    func deadlineJSON() async throws {
        for hasBegun in [false, true] { try await deadlineJSON(behindHeaders: hasBegun) }
    }

    private func deadlineJSON(behindHeaders hasBegun: Bool) async throws {
        let stage = try await ForwardingStage()
        let client = try await stage.client()
        let fields =
            client.request("POST", ForwardingStage.order.path) + [
                Field("content-type", "application/json"), Field("connect-timeout-ms", "300"),
            ]
        await client.send(
            .headers(1, HPACK.block(fields)), .data(1, Array("{}".utf8), ends: true))
        let service = try await stage.service()
        let request = try await service.request()
        // Headers without a body say nothing yet.
        if hasBegun {
            let head = [Field(":status", "200"), Field("content-type", "application/json")]
            await service.send(.headers(request.stream, HPACK.block(head)))
        }
        let reply = try await client.response(1)
        #expect(reply.status == "504")
        #expect(String(decoding: reply.body, as: UTF8.self).contains("deadline_exceeded"))
        #expect(try await service.streamError(request.stream) == .cancel)
        // What comes next on the connection is the answer to another call, not a reset.
        await client.call(ForwardingStage.order, 3)
        let other = try await service.request()
        await service.answer(other.stream)
        while true {
            let frame = try #require(try await client.next())
            #expect(frame.kind != .reset, "\(frame)")
            if frame.stream == 3, frame.has(.endStream) { break }
        }
        await client.close()
        try await stage.stop()
    }

    @Test("G11: a service that ends before the request does: its status arrives, no 502")
    func early() async throws {
        for isNoError in [false, true] {
            let stage = try await ForwardingStage()
            let client = try await stage.client()
            let (service, stream) = try await begin(ForwardingStage.collect, stage, client)
            await service.refuse(stream, 9, [Field("grpc-message", "enough")])
            if isNoError { await service.send(.reset(stream, ErrorCode(rawValue: 0))) }
            let reply = try await client.response(1)
            #expect(reply.status == "200" && reply.code == 9)
            #expect(reply.ending("grpc-message") == "enough")
            // What is still to come of the request is not wanted.
            #expect(try await client.streamError(1) == ErrorCode(rawValue: 0))
            await client.send(.data(1, Message.framed([2]), ends: true))
            try await client.ping()
            await client.close()
            try await stage.stop()
        }
    }

    @Test("the same on the JSON face, in the middle of a large body")
    func earlyJSON() async throws {
        let stage = try await ForwardingStage()
        let client = try await stage.client()
        let fields =
            client.request("POST", ForwardingStage.order.path) + [
                Field("content-type", "application/json")
            ]
        await client.send(.headers(1, HPACK.block(fields)))
        let piece = [UInt8](repeating: UInt8(ascii: " "), count: 8 << 10)
        for _ in 0..<7 { await client.send(.data(1, piece)) }
        _ = try await client.until { $0.kind == .windowUpdate && $0.stream == 1 }
        for _ in 0..<3 { await client.send(.data(1, piece)) }
        let service = try await stage.service()
        let request = try await service.requestHead()
        let head = HPACK.block([
            Field(":status", "409"), Field("content-type", "application/json"),
        ])
        let text = Array("{\"code\":\"aborted\"}".utf8)
        await service.send(.headers(request.stream, head), .data(request.stream, text, ends: true))
        let reply = try await client.response(1)
        #expect(reply.status == "409" && reply.body == text)
        #expect(try await client.streamError(1) == ErrorCode(rawValue: 0))
        await client.close()
        try await stage.stop()
    }

    @Test(
        "a drain: what is in flight ends as the service says, open streams get UNAVAILABLE in time")
    func drain() async throws {
        let stage = try await ForwardingStage()
        let client = try await stage.client()
        await client.call(ForwardingStage.watch, 1)
        let service = try await stage.service()
        let watch = try await service.request()
        await service.begin(watch.stream)
        await client.call(ForwardingStage.order, 3)
        let order = try await service.request()
        let ended = Task {
            await stage.gateway.shutdown(DrainTimes(grace: .seconds(3)))
        }
        // Two GOAWAYs; what is in flight goes on.
        var lasts: [UInt32] = []
        while lasts.count < 2 {
            let frame = try await client.until { $0.kind == .goAway || $0.kind == .ping }
            if frame.kind == .ping {
                await client.send(.ping(frame.payload, isAnswer: true))
            } else {
                lasts.append(frame.number(at: 0))
            }
        }
        #expect(lasts == [0x7FFF_FFFF, 3])
        await service.answer(order.stream, message: Message.framed([5]))
        let reply = try await client.response(3)
        #expect(reply.code == 0 && reply.body == Message.framed([5]))
        // A stream has no end of its own: it is ended while there is time to say so.
        let ending = try await client.until { $0.stream == 1 && $0.has(.endStream) }
        #expect(ending.fields.contains(Field("grpc-status", "14")), "\(ending)")
        #expect(try await service.streamError(watch.stream) == .cancel)
        await ended.value
        #expect(try await client.next() == nil, "the connection is closed")
        try await stage.stop()
    }
}
