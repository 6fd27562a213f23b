import RPC
import RawHTTP2
import Testing

/// RFC 9113 §6, for the side that called.
@Suite("Client: RFC 9113 §6", .serialized)
struct ClientFrameTests {
    @Test("6.1 DATA", arguments: ClientFrameCases.data.cases, ClientUnderTest.allCases)
    func data(_ example: ClientCase, _ client: ClientUnderTest) async throws {
        await #expect(throws: Never.self) { try await example.run(against: client) }
    }

    @Test("6.2 HEADERS", arguments: ClientFrameCases.headers.cases, ClientUnderTest.allCases)
    func headers(_ example: ClientCase, _ client: ClientUnderTest) async throws {
        await #expect(throws: Never.self) { try await example.run(against: client) }
    }

    @Test("6.3 PRIORITY", arguments: ClientFrameCases.priority.cases, ClientUnderTest.allCases)
    func priority(_ example: ClientCase, _ client: ClientUnderTest) async throws {
        await #expect(throws: Never.self) { try await example.run(against: client) }
    }

    @Test("6.4 RST_STREAM", arguments: ClientFrameCases.reset.cases, ClientUnderTest.allCases)
    func reset(_ example: ClientCase, _ client: ClientUnderTest) async throws {
        await #expect(throws: Never.self) { try await example.run(against: client) }
    }

    @Test("6.5 SETTINGS", arguments: ClientFrameCases.settings.cases, ClientUnderTest.allCases)
    func settings(_ example: ClientCase, _ client: ClientUnderTest) async throws {
        await #expect(throws: Never.self) { try await example.run(against: client) }
    }

    @Test("6.5.2 Settings", arguments: ClientFrameCases.values.cases, ClientUnderTest.allCases)
    func values(_ example: ClientCase, _ client: ClientUnderTest) async throws {
        await #expect(throws: Never.self) { try await example.run(against: client) }
    }

    @Test(
        "6.5.3 Synchronisation", arguments: ClientFrameCases.synchronisation.cases,
        ClientUnderTest.allCases)
    func synchronisation(_ example: ClientCase, _ client: ClientUnderTest) async throws {
        await #expect(throws: Never.self) { try await example.run(against: client) }
    }

    @Test("6.7 PING", arguments: ClientFrameCases.ping.cases, ClientUnderTest.allCases)
    func ping(_ example: ClientCase, _ client: ClientUnderTest) async throws {
        await #expect(throws: Never.self) { try await example.run(against: client) }
    }

    @Test("6.8 GOAWAY", arguments: ClientFrameCases.goAway.cases, ClientUnderTest.allCases)
    func goAway(_ example: ClientCase, _ client: ClientUnderTest) async throws {
        await #expect(throws: Never.self) { try await example.run(against: client) }
    }

    @Test("6.9 WINDOW_UPDATE", arguments: ClientFrameCases.updates.cases, ClientUnderTest.allCases)
    func updates(_ example: ClientCase, _ client: ClientUnderTest) async throws {
        await #expect(throws: Never.self) { try await example.run(against: client) }
    }

    @Test("6.9.1 The window", arguments: ClientFrameCases.window.cases, ClientUnderTest.allCases)
    func window(_ example: ClientCase, _ client: ClientUnderTest) async throws {
        await #expect(throws: Never.self) { try await example.run(against: client) }
    }

    @Test(
        "6.10 CONTINUATION", arguments: ClientFrameCases.continuation.cases,
        ClientUnderTest.allCases)
    func continuation(_ example: ClientCase, _ client: ClientUnderTest) async throws {
        await #expect(throws: Never.self) { try await example.run(against: client) }
    }
}

enum ClientFrameCases {
    private static let stream = Scene.stream
    private static let more = HPACK.literal(Field("a", "b"))
    static let data = ClientSection { section in
        section.ends("DATA without a stream is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.server.send(.headers(stream, RawServer.headers), .data(0, [1]))
        }
        section.ends("DATA behind the reply's end is STREAM_CLOSED", with: .streamClosed) {
            await $0.server.send(
                .headers(stream, RawServer.headers + HPACK.literal(Field("grpc-status", "0"))),
                .data(stream, [0, 0, 0, 0, 0], ends: true), .data(stream, [1]))
        }
        section.ends("padding longer than the frame is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.server.send(
                .headers(stream, RawServer.headers),
                Frame(.data, [.endStream, .padded], stream: stream, [6, 1, 2, 3, 4]))
        }
    }

    static let headers = ClientSection { section in
        section.ends(
            "a block that is not whole and then PRIORITY is a PROTOCOL_ERROR",
            with: .protocolError
        ) {
            await $0.server.send(
                .headers(stream, RawServer.headers, isWhole: false), .priority(stream))
        }
        section.ends("HEADERS without a stream are a PROTOCOL_ERROR", with: .protocolError) {
            await $0.server.send(.headers(0, RawServer.headers))
        }
        section.ends("padding longer than the frame is a PROTOCOL_ERROR", with: .protocolError) {
            let block = RawServer.headers
            await $0.server.send(
                Frame(
                    .headers, [.endHeaders, .padded], stream: stream,
                    [UInt8(block.count + 1)] + block))
        }
    }

    static let priority = ClientSection { section in
        section.ends("PRIORITY without a stream is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.server.send(.priority(0, on: 1))
        }
        section.ends("a length other than 5 is a FRAME_SIZE_ERROR", with: .frameSizeError) {
            await $0.server.send(Frame(.priority, stream: stream, [0, 0, 0, 0]))
        }
    }

    static let reset = ClientSection { section in
        section.ends("RST_STREAM without a stream is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.server.send(.reset(0, .cancel))
        }
        section.ends("RST_STREAM on an idle stream is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.server.send(.reset(3, .cancel))
        }
        section.ends("a length other than 4 is a FRAME_SIZE_ERROR", with: .frameSizeError) {
            await $0.server.send(Frame(.reset, stream: stream, [0, 0, 0]))
        }
    }

    static let settings = ClientSection { section in
        section.ends(
            "an acknowledgement with a payload is a FRAME_SIZE_ERROR", with: .frameSizeError
        ) { await $0.server.send(Frame(.settings, .acknowledgement, stream: 0, [0])) }
        section.ends("SETTINGS on a stream are a PROTOCOL_ERROR", with: .protocolError) {
            await $0.server.send(Frame(.settings, stream: 1, [0, 3, 0, 0, 0, 100]))
        }
        section.ends(
            "a length that is no multiple of 6 is a FRAME_SIZE_ERROR", with: .frameSizeError
        ) { await $0.server.send(Frame(.settings, [0, 3, 0])) }
    }

    static let values = ClientSection { section in
        section.ends(
            "INITIAL_WINDOW_SIZE above 2^31-1 is a FLOW_CONTROL_ERROR", with: .flowControlError
        ) { await $0.server.send(.settings((.initialWindowSize, 1 << 31))) }
        section.ends("MAX_FRAME_SIZE below 2^14 is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.server.send(.settings((.maximumFrameSize, 16_383)))
        }
        section.ends("MAX_FRAME_SIZE above 2^24-1 is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.server.send(.settings((.maximumFrameSize, 1 << 24)))
        }
        section.survives(
            "an unknown setting is ignored"
        ) {
            await $0.server.send(.settings((Setting(rawValue: 0xFF), 1)))
        }
    }

    static let synchronisation = ClientSection { section in
        section.survives(
            "SETTINGS are acknowledged at once"
        ) {
            await $0.server.send(.settings((.maximumConcurrentStreams, 50)))
            let frame = try await $0.server.until { $0.kind == .settings }
            #expect(frame.has(.acknowledgement))
        }
    }

    static let ping = ClientSection { section in
        section.survives(
            "PING comes back with the same payload"
        ) {
            await $0.server.send(.ping([1, 2, 3, 4, 5, 6, 7, 8]))
            let frame = try await $0.server.until { $0.kind == .ping }
            #expect(frame.has(.acknowledgement))
            #expect(frame.payload == [1, 2, 3, 4, 5, 6, 7, 8])
        }
        section.survives(
            "an answer to a PING is not answered"
        ) {
            await $0.server.send(
                .ping([8, 7, 6, 5, 4, 3, 2, 1], isAnswer: true),
                .ping([1, 2, 3, 4, 5, 6, 7, 8]))
            let frame = try await $0.server.until { $0.kind == .ping }
            #expect(frame.payload == [1, 2, 3, 4, 5, 6, 7, 8])
        }
        section.ends("PING on a stream is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.server.send(Frame(.ping, stream: 1, Array(repeating: 0, count: 8)))
        }
        section.ends("a length other than 8 is a FRAME_SIZE_ERROR", with: .frameSizeError) {
            await $0.server.send(.ping([0, 0, 0, 0, 0, 0]))
        }
    }

    static let goAway = ClientSection { section in
        section.ends("GOAWAY on a stream is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.server.send(Frame(.goAway, stream: 1, Array(repeating: 0, count: 8)))
        }
    }

    static let updates = ClientSection { section in
        section.ends("an increment of 0 is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.server.send(.windowUpdate(0, by: 0))
        }
        section.ends("an increment of 0 on a stream is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.server.send(.windowUpdate(stream, by: 0))
        }
        section.ends("a length other than 4 is a FRAME_SIZE_ERROR", with: .frameSizeError) {
            await $0.server.send(Frame(.windowUpdate, [0, 0, 1]))
        }
    }

    static let window = ClientSection { section in
        section.ends(
            "a window of the connection above 2^31-1 is a FLOW_CONTROL_ERROR",
            with: .flowControlError
        ) {
            await $0.server.send(.windowUpdate(0, by: .max >> 1), .windowUpdate(0, by: .max >> 1))
        }
        section.resets(
            "a stream's window above 2^31-1 is a FLOW_CONTROL_ERROR",
            with: .flowControlError
        ) {
            await $0.server.send(
                .windowUpdate(stream, by: .max >> 1), .windowUpdate(stream, by: .max >> 1))
        }
    }

    static let continuation = ClientSection { section in
        section.check("several CONTINUATION frames make one block") { scene in
            await scene.server.send(
                .headers(stream, RawServer.headers, isWhole: false),
                .continuation(stream, more, isLast: false), .continuation(stream, more),
                .data(stream, [0, 0, 0, 0, 0]),
                .headers(stream, HPACK.block([Field("grpc-status", "0")]), ends: true))
            try await scene.call.value
            try await scene.survives()
        }
        section.ends(
            "another frame between CONTINUATION frames is a PROTOCOL_ERROR",
            with: .protocolError
        ) {
            await $0.server.send(
                .headers(stream, RawServer.headers, isWhole: false),
                .continuation(stream, more, isLast: false), .data(stream, [1]))
        }
        section.ends("CONTINUATION without a stream is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.server.send(
                .headers(stream, RawServer.headers, isWhole: false), .continuation(0, more))
        }
        section.ends(
            "CONTINUATION behind a whole block of HEADERS is a PROTOCOL_ERROR",
            with: .protocolError
        ) {
            await $0.server.send(.headers(stream, RawServer.headers), .continuation(stream, more))
        }
        section.ends(
            "CONTINUATION behind the last CONTINUATION is a PROTOCOL_ERROR",
            with: .protocolError
        ) {
            await $0.server.send(
                .headers(stream, RawServer.headers, isWhole: false), .continuation(stream, more),
                .continuation(stream, more))
        }
        section.ends("CONTINUATION behind DATA is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.server.send(
                .headers(stream, RawServer.headers), .data(stream, [0]),
                .continuation(stream, more))
        }
    }
}
