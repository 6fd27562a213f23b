import RPC
import RawHTTP2
import Testing

/// RFC 9113 §3 to §5, for the side that called.
@Suite("Client: RFC 9113 §3 to §5", .serialized)
struct ClientStreamTests {
    @Test("1 Starting", arguments: ClientStreamCases.start.cases, ClientUnderTest.allCases)
    func start(_ example: ClientCase, _ client: ClientUnderTest) async throws {
        await #expect(throws: Never.self) { try await example.run(against: client) }
    }

    @Test("4.1 Frame format", arguments: ClientStreamCases.format.cases, ClientUnderTest.allCases)
    func format(_ example: ClientCase, _ client: ClientUnderTest) async throws {
        await #expect(throws: Never.self) { try await example.run(against: client) }
    }

    @Test("4.2 Frame size", arguments: ClientStreamCases.size.cases, ClientUnderTest.allCases)
    func size(_ example: ClientCase, _ client: ClientUnderTest) async throws {
        await #expect(throws: Never.self) { try await example.run(against: client) }
    }

    @Test(
        "4.3 Header compression", arguments: ClientStreamCases.blocks.cases,
        ClientUnderTest.allCases)
    func blocks(_ example: ClientCase, _ client: ClientUnderTest) async throws {
        await #expect(throws: Never.self) { try await example.run(against: client) }
    }

    @Test("5.1 Stream states", arguments: ClientStreamCases.states.cases, ClientUnderTest.allCases)
    func states(_ example: ClientCase, _ client: ClientUnderTest) async throws {
        await #expect(throws: Never.self) { try await example.run(against: client) }
    }

    @Test("5.1 What may still be on its way", arguments: ClientUnderTest.allCases)
    func late(_ client: ClientUnderTest) async throws {
        let late = ClientSection { section in
            section.check("a whole reply behind the client's RST_STREAM is discarded") { scene in
                scene.call.cancel()
                #expect(try await scene.server.streamError(Scene.stream) == .cancel)
                await scene.server.answer(Scene.stream)
                try await scene.survives()
            }
        }
        try await late.cases[0].run(against: client)
    }

    @Test(
        "5.1.1 Stream identifiers", arguments: ClientStreamCases.numbers.cases,
        ClientUnderTest.allCases)
    func numbers(_ example: ClientCase, _ client: ClientUnderTest) async throws {
        await #expect(throws: Never.self) { try await example.run(against: client) }
    }

    @Test(
        "5.4.1 Connection errors", arguments: ClientStreamCases.errors.cases,
        ClientUnderTest.allCases)
    func errors(_ example: ClientCase, _ client: ClientUnderTest) async throws {
        await #expect(throws: Never.self) { try await example.run(against: client) }
    }

    @Test(
        "5.5 Extending HTTP/2", arguments: ClientStreamCases.extensions.cases,
        ClientUnderTest.allCases)
    func extensions(_ example: ClientCase, _ client: ClientUnderTest) async throws {
        await #expect(throws: Never.self) { try await example.run(against: client) }
    }
}

enum ClientStreamCases {
    static let start = ClientSection { section in
        section.survives("a server's preface is taken") { _ in }
    }

    static let format = ClientSection { section in
        section.survives(
            "a frame of an unknown type is discarded"
        ) {
            await $0.server.send(
                Frame(Frame.Kind(rawValue: 0x16), Array(repeating: 0, count: 8)))
        }
        section.survives(
            "flags that a type does not define are ignored"
        ) {
            await $0.server.send(
                Frame(
                    .ping, Frame.Flags(rawValue: 0x16), stream: 0, Array(repeating: 1, count: 8)
                ))
            _ = try await $0.server.until { $0.kind == .ping && $0.has(.acknowledgement) }
        }
        section.survives(
            "the reserved bit of a stream's number is ignored"
        ) {
            await $0.server.send(Frame(.ping, stream: 1 << 31, Array(repeating: 1, count: 8)))
            _ = try await $0.server.until { $0.kind == .ping && $0.has(.acknowledgement) }
        }
    }

    static let size = ClientSection { section in
        let count = 16_384 - 5 - 3
        section.check("a frame of 2^14 bytes is taken", bytes: count) { scene in
            let prefix = [0] + UInt32(count + 3).bigEndianBytes
            let field = [0x0A, UInt8(count & 127 | 128), UInt8(count >> 7)]
            await scene.server.answer(
                Scene.stream, message: prefix + field + Array(repeating: 7, count: count))
            try await scene.call.value
            try await scene.survives()
        }
        section.ends("DATA above MAX_FRAME_SIZE is a FRAME_SIZE_ERROR", with: .frameSizeError) {
            await $0.server.send(
                .headers(Scene.stream, RawServer.headers),
                .data(Scene.stream, Array(repeating: 0, count: 16_385)))
        }
        section.ends(
            "HEADERS above MAX_FRAME_SIZE are a FRAME_SIZE_ERROR", with: .frameSizeError
        ) {
            let large = (0..<5).map { Field("x-dummy\($0)", String(repeating: "x", count: 4_000)) }
            await $0.server.send(.headers(Scene.stream, RawServer.headers + HPACK.block(large)))
        }
    }

    static let blocks = ClientSection { section in
        section.ends(
            "a block that cannot be decoded is a COMPRESSION_ERROR", with: .compressionError
        ) { await $0.server.send(.headers(Scene.stream, [0x40, 0x7F, 0x20, 0x61])) }
    }

    static let states = ClientSection { section in
        let idle: UInt32 = 3
        let more = HPACK.literal(Field("a", "b"))
        section.ends("idle: DATA is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.server.send(.data(idle, [1, 2, 3], ends: true))
        }
        section.ends("idle: RST_STREAM is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.server.send(.reset(idle, .cancel))
        }
        section.ends("idle: WINDOW_UPDATE is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.server.send(.windowUpdate(idle, by: 100))
        }
        section.ends("idle: CONTINUATION is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.server.send(.continuation(idle, more))
        }
        section.resets(
            "closed: DATA behind the server's RST_STREAM is STREAM_CLOSED",
            with: .streamClosed
        ) { await $0.server.send(.reset(Scene.stream, .cancel), .data(Scene.stream, [1])) }
        section.resets(
            "closed: HEADERS behind the server's RST_STREAM are STREAM_CLOSED",
            with: .streamClosed
        ) {
            await $0.server.send(
                .reset(Scene.stream, .cancel), .headers(Scene.stream, RawServer.headers))
        }
        section.ends(
            "closed: CONTINUATION behind the server's RST_STREAM is STREAM_CLOSED or a "
                + "PROTOCOL_ERROR", with: .streamClosed, .protocolError
        ) { await $0.server.send(.reset(Scene.stream, .cancel), .continuation(Scene.stream, more)) }
        section.ends("closed: DATA is STREAM_CLOSED", with: .streamClosed) {
            await $0.server.answer(Scene.stream)
            try await $0.call.value
            await $0.server.send(.data(Scene.stream, [1]))
        }
        section.ends("closed: HEADERS are STREAM_CLOSED", with: .streamClosed) {
            await $0.server.answer(Scene.stream)
            try await $0.call.value
            await $0.server.send(.headers(Scene.stream, RawServer.headers))
        }
        section.ends(
            "closed: CONTINUATION is STREAM_CLOSED or a PROTOCOL_ERROR",
            with: .streamClosed, .protocolError
        ) {
            await $0.server.answer(Scene.stream)
            try await $0.call.value
            await $0.server.send(.continuation(Scene.stream, more))
        }
    }

    static let numbers = ClientSection { section in
        section.ends("a stream that the server opens is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.server.send(.headers(2, RawServer.headers))
        }
    }

    static let errors = ClientSection { section in
        section.check("an error of the connection closes it, and fails its calls") { scene in
            await scene.server.send(.ping([1, 2, 3, 4, 5, 6]))
            let error = await #expect(throws: RPCError.self) { try await scene.call.value }
            #expect(error?.code == .unavailable)
            while try await scene.server.connection.next() != nil {}
        }
        section.ends("an error of the connection is told in GOAWAY", with: .frameSizeError) {
            await $0.server.send(.ping([1, 2, 3, 4, 5, 6]))
        }
    }

    static let extensions = ClientSection { section in
        section.survives(
            "an unknown frame is ignored"
        ) {
            await $0.server.send(
                Frame(Frame.Kind(rawValue: 0xFF), [.endStream], stream: 5, [1, 2, 3]))
        }
    }
}
