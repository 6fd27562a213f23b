import RawHTTP2
import Testing

/// RFC 9113 §6.1 to §6.4 and §6.10: the frames that make and end streams.
@Suite("Server: RFC 9113 §6, frames of a stream")
struct FrameTests {
    @Test("6.1 DATA", arguments: FrameCases.data.cases, ServerUnderTest.allCases)
    func data(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test("6.2 HEADERS", arguments: FrameCases.headers.cases, ServerUnderTest.allCases)
    func headers(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test("6.3 PRIORITY", arguments: FrameCases.priority.cases, ServerUnderTest.allCases)
    func priority(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test("6.4 RST_STREAM", arguments: FrameCases.reset.cases, ServerUnderTest.allCases)
    func reset(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test("6.10 CONTINUATION", arguments: FrameCases.continuation.cases, ServerUnderTest.allCases)
    func continuation(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }
}

enum FrameCases {
    static let data = Section { section in
        section.ends("DATA without a stream is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.send(.data(0, [1, 2, 3], ends: true))
        }
        section.ends("DATA on a stream that is not open is STREAM_CLOSED", with: .streamClosed) {
            await $0.send($0.call(1, RawClient.hold))
            await $0.send(.data(1, [1, 2, 3], ends: true))
        }
        section.ends("padding longer than the frame is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.send(
                $0.headers(1), Frame(.data, [.endStream, .padded], stream: 1, [6, 1, 2, 3, 4]))
        }
    }

    static let headers = Section { section in
        section.ends(
            "a block that is not whole and then PRIORITY is a PROTOCOL_ERROR",
            with: .protocolError
        ) {
            await $0.send(
                .headers(1, HPACK.block($0.fields()), ends: true, isWhole: false), .priority(1))
        }
        section.ends(
            "a block that is not whole and then another stream's is a PROTOCOL_ERROR",
            with: .protocolError
        ) {
            await $0.send(
                .headers(1, HPACK.block($0.fields()), ends: true, isWhole: false), $0.headers(3))
        }
        section.ends("HEADERS without a stream are a PROTOCOL_ERROR", with: .protocolError) {
            await $0.send($0.headers(0, ends: true))
        }
        section.ends("padding longer than the frame is a PROTOCOL_ERROR", with: .protocolError) {
            let block = HPACK.block($0.fields())
            await $0.send(
                Frame(
                    .headers, [.endStream, .endHeaders, .padded], stream: 1,
                    [UInt8(block.count + 1)] + block))
        }
    }

    static let priority = Section { section in
        section.ends("PRIORITY without a stream is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.send(.priority(0, on: 1))
        }
        // A stream error that the library takes for one of the connection (§5.4.1 allows it).
        section.ends("a length other than 5 is a FRAME_SIZE_ERROR", with: .frameSizeError) {
            await $0.send($0.headers(1), Frame(.priority, stream: 1, [0, 0, 0, 0]))
        }
    }

    static let reset = Section { section in
        section.ends("RST_STREAM without a stream is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.send(.reset(0, .cancel))
        }
        section.ends("RST_STREAM on an idle stream is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.send(.reset(1, .cancel))
        }
        section.ends("a length other than 4 is a FRAME_SIZE_ERROR", with: .frameSizeError) {
            await $0.send($0.headers(1), Frame(.reset, stream: 1, [0, 0, 0]))
        }
    }

    static let continuation = Section { section in
        section.survives(
            "several CONTINUATION frames make one block"
        ) {
            await $0.send(
                .headers(1, HPACK.block($0.fields()), isWhole: false),
                .continuation(1, HPACK.literal(Field("a", "b")), isLast: false),
                .continuation(1, HPACK.literal(Field("c", "d")), isLast: true),
                .data(1, RawClient.message(3), ends: true))
            try await $0.expectEcho(1)
        }
        section.ends(
            "another frame between CONTINUATION frames is a PROTOCOL_ERROR",
            with: .protocolError
        ) {
            await $0.send(
                .headers(1, HPACK.block($0.fields()), isWhole: false),
                .continuation(1, HPACK.literal(Field("a", "b")), isLast: false),
                .data(1, [1, 2, 3], ends: true))
        }
        section.ends("CONTINUATION without a stream is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.send(
                .headers(1, HPACK.block($0.fields()), isWhole: false),
                .continuation(0, HPACK.literal(Field("a", "b"))))
        }
        section.ends(
            "CONTINUATION behind a whole block of HEADERS is a PROTOCOL_ERROR",
            with: .protocolError
        ) {
            await $0.send($0.headers(1), .continuation(1, HPACK.literal(Field("a", "b"))))
        }
        section.ends(
            "CONTINUATION behind the last CONTINUATION is a PROTOCOL_ERROR",
            with: .protocolError
        ) {
            await $0.send(
                .headers(1, HPACK.block($0.fields()), isWhole: false),
                .continuation(1, HPACK.literal(Field("a", "b"))),
                .continuation(1, HPACK.literal(Field("c", "d"))))
        }
        section.ends("CONTINUATION behind DATA is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.send(
                $0.headers(1), .data(1, [0]), .continuation(1, HPACK.literal(Field("a", "b"))))
        }
    }
}
