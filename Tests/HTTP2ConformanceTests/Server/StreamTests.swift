import RawHTTP2
import Testing

/// RFC 9113 §5: streams, their states and their errors.
@Suite("Server: RFC 9113 §5")
struct StreamTests {
    @Test("5.1 Stream states", arguments: StreamCases.states.cases, ServerUnderTest.allCases)
    func states(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test(
        "5.1 What may still be on its way", arguments: StreamCases.late.cases,
        ServerUnderTest.allCases)
    func late(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test(
        "5.1.1 Stream identifiers", arguments: StreamCases.numbers.cases, ServerUnderTest.allCases)
    func numbers(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test(
        "5.1.2 Stream concurrency", arguments: StreamCases.concurrency.cases,
        ServerUnderTest.allCases)
    func concurrency(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test(
        "5.3.1 Stream dependencies", arguments: StreamCases.dependencies.cases,
        ServerUnderTest.allCases)
    func dependencies(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test("5.4.1 Connection errors", arguments: StreamCases.errors.cases, ServerUnderTest.allCases)
    func errors(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test("5.5 Extending HTTP/2", arguments: StreamCases.extensions.cases, ServerUnderTest.allCases)
    func extensions(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }
}

enum StreamCases {
    static let states = Section { section in
        section.ends("idle: DATA is a PROTOCOL_ERROR", with: .protocolError) { client in
            await client.send(.data(1, [1, 2, 3], ends: true))
        }
        section.ends("idle: RST_STREAM is a PROTOCOL_ERROR", with: .protocolError) { client in
            await client.send(.reset(1, .cancel))
        }
        section.ends("idle: WINDOW_UPDATE is a PROTOCOL_ERROR", with: .protocolError) { client in
            await client.send(.windowUpdate(1, by: 100))
        }
        section.ends("idle: CONTINUATION is a PROTOCOL_ERROR", with: .protocolError) { client in
            await client.send(.continuation(1, HPACK.block(client.fields())))
        }
        section.ends(
            "half-closed (remote): DATA is STREAM_CLOSED", with: .streamClosed
        ) { client in
            await client.send(client.call(1, RawClient.hold))
            await client.send(.data(1, [1], ends: true))
        }
        section.ends(
            "half-closed (remote): HEADERS are STREAM_CLOSED", with: .streamClosed
        ) { client in
            await client.send(client.call(1, RawClient.hold))
            await client.send(client.headers(1, ends: true))
        }
        section.ends(
            "half-closed (remote): CONTINUATION is STREAM_CLOSED or a PROTOCOL_ERROR",
            with: .streamClosed, .protocolError
        ) { client in
            await client.send(client.call(1, RawClient.hold))
            await client.send(.continuation(1, HPACK.literal(Field("a", "b"))))
        }
        section.resets(
            "closed: DATA behind one's own RST_STREAM is STREAM_CLOSED", with: .streamClosed
        ) { client in
            await client.send(client.headers(1), .reset(1, .cancel), .data(1, [1], ends: true))
        }
        section.resets(
            "closed: HEADERS behind one's own RST_STREAM are STREAM_CLOSED",
            with: .streamClosed
        ) { client in
            await client.send(client.headers(1), .reset(1, .cancel), client.headers(1, ends: true))
        }
        section.ends(
            "closed: CONTINUATION behind one's own RST_STREAM is STREAM_CLOSED or a PROTOCOL_ERROR",
            with: .streamClosed, .protocolError
        ) { client in
            await client.send(
                client.headers(1), .reset(1, .cancel),
                .continuation(1, HPACK.literal(Field("a", "b"))))
        }
        section.ends("closed: DATA is STREAM_CLOSED", with: .streamClosed) { client in
            try await client.finishedStream()
            await client.send(.data(1, [1], ends: true))
        }
        section.ends("closed: HEADERS are STREAM_CLOSED", with: .streamClosed) { client in
            try await client.finishedStream()
            await client.send(client.headers(1, ends: true))
        }
        section.ends(
            "closed: CONTINUATION is STREAM_CLOSED or a PROTOCOL_ERROR",
            with: .streamClosed, .protocolError
        ) { client in
            try await client.finishedStream()
            await client.send(.continuation(1, HPACK.literal(Field("a", "b"))))
        }
    }

    /// Not among the counted cases: the other half of "closed", which must be survived.
    static let late = Section { section in
        section.survives(
            "DATA and trailers behind a RST_STREAM of the server"
        ) { client in
            // A field that HTTP/2 forbids: the server resets the stream.
            await client.send(client.headers(1, RawClient.echo, [Field("connection", "close")]))
            _ = try await client.streamError(1)
            await client.send(
                .data(1, RawClient.message(3)),
                .headers(1, HPACK.block([Field("a", "b")]), ends: true))
        }
        section.survives(
            "WINDOW_UPDATE and RST_STREAM behind the stream's end"
        ) { client in
            try await client.finishedStream()
            await client.send(.windowUpdate(1, by: 100), .reset(1, .noError), .priority(1))
        }
        section.survives(
            "a request that the server refused at its head"
        ) { client in
            await client.send(client.headers(1, "/test.Echo/Nothing"))
            let reply = try await client.response(1)
            #expect(reply.code == 12)
            await client.send(.data(1, RawClient.message(3), ends: true))
        }
        section.check("frames one byte at a time", greets: false) { client in
            let bytes =
                RawConnection.preface + Frame.settings().bytes
                + client.call(1).flatMap(\.bytes)
            for byte in bytes { try await client.connection.send(bytes: [byte]) }
            try await client.expectEcho(1)
        }
    }

    static let numbers = Section { section in
        section.ends("an even number is a PROTOCOL_ERROR", with: .protocolError) { client in
            await client.send(client.headers(2, ends: true))
        }
        section.ends(
            "a number below one that was used is a PROTOCOL_ERROR", with: .protocolError
        ) { client in
            await client.send(client.call(5))
            try await client.expectEcho(5)
            await client.send(client.headers(3, ends: true))
        }
    }

    static let concurrency = Section { section in
        // The library takes the stream error for one of the connection (§5.4.1 allows it) once the
        // limit was acknowledged; until then it refuses the stream.
        section.check(
            "a stream above MAX_CONCURRENT_STREAMS is a PROTOCOL_ERROR or REFUSED_STREAM",
            greets: false
        ) { client in
            let settings = try await client.handshake()
            let limit = try #require(
                stride(from: 0, to: settings.payload.count, by: 6).first {
                    settings.payload[$0 + 1] == 3
                }.map { settings.number(at: $0 + 2) })
            await client.send((0...limit).map { client.headers(2 * $0 + 1) })
            let last = try await client.until { $0.kind == .reset || $0.kind == .goAway }
            let code = ErrorCode(rawValue: last.number(at: last.kind == .reset ? 0 : 4))
            #expect([.protocolError, .refusedStream].contains(code))
        }
    }

    /// RFC 9113 §5.3.2 drops the priorities of RFC 7540, and with them this rule: whether it is
    /// kept is waived. What counts is that no connection is lost without a word.
    static let dependencies = Section { section in
        section.check("HEADERS that depend on their own stream: an error, or none") { client in
            await client.send(
                Frame(
                    .headers, [.endHeaders, .priority], stream: 1,
                    Frame.priorityFields(on: 1) + HPACK.block(client.fields())),
                .data(1, RawClient.message(3), ends: true))
            let answer = try await client.until {
                [.headers, .reset, .goAway].contains($0.kind)
            }
            if answer.kind == .goAway { #expect(answer.number(at: 4) == 1) }
        }
        section.survives(
            "PRIORITY that depends on its own stream is ignored"
        ) { client in
            await client.send(.priority(1, on: 1))
        }
    }

    static let errors = Section { section in
        section.check("an error of the connection closes it") { client in
            await client.send(.ping([1, 2, 3, 4, 5, 6]))
            while try await client.next() != nil {}
        }
        section.ends(
            "an error of the connection is told in GOAWAY", with: .frameSizeError
        ) { client in await client.send(.ping([1, 2, 3, 4, 5, 6])) }
    }

    static let extensions = Section { section in
        section.survives(
            "an unknown frame is ignored"
        ) { client in
            await client.send(
                Frame(Frame.Kind(rawValue: 0xFF), [.endStream], stream: 5, [1, 2, 3]))
        }
        section.ends(
            "an unknown frame within a block is a PROTOCOL_ERROR", with: .protocolError
        ) { client in
            await client.send(
                .headers(1, HPACK.block(client.fields()), isWhole: false),
                Frame(Frame.Kind(rawValue: 0xFF), [1, 2, 3]),
                .continuation(1, HPACK.literal(Field("a", "b"))))
        }
    }
}
