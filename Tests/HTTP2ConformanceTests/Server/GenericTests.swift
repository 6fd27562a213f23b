import RawHTTP2
import Testing

/// What every server takes: each kind of frame in its ordinary use.
@Suite("Server: ordinary use")
struct GenericTests {
    @Test("generic 1 Starting", arguments: GenericCases.start.cases, ServerUnderTest.allCases)
    func start(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test("generic 2 Streams", arguments: GenericCases.streams.cases, ServerUnderTest.allCases)
    func streams(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test("generic 3 Frames", arguments: GenericCases.frames.cases, ServerUnderTest.allCases)
    func frames(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test("generic 4 Requests", arguments: GenericCases.requests.cases, ServerUnderTest.allCases)
    func requests(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }
}

enum GenericCases {
    static let start = Section { section in
        section.check("a client's preface", greets: false) {
            try await $0.handshake()
            try await $0.survives()
        }
    }

    static let streams = Section { section in
        section.survives(
            "PRIORITY on an idle stream"
        ) {
            await $0.send(.priority(1, weight: 255))
        }
        section.survives(
            "WINDOW_UPDATE on a half-closed stream"
        ) {
            await $0.send(.settings((.initialWindowSize, 0)))
            await $0.send($0.call(1))
            await $0.send(.windowUpdate(1, by: 1))
            let frame = try await $0.until { $0.kind == .data }
            #expect(frame.payload.count == 1)
            await $0.send(.settings((.initialWindowSize, 65_535)))
        }
        section.survives(
            "PRIORITY on a half-closed stream"
        ) {
            await $0.send($0.call(1, RawClient.hold))
            await $0.send(.priority(1, weight: 255))
        }
        section.survives(
            "RST_STREAM on a half-closed stream"
        ) {
            await $0.send($0.call(1, RawClient.hold))
            await $0.send(.reset(1, .cancel))
        }
        section.survives(
            "PRIORITY on a closed stream"
        ) {
            try await $0.finishedStream()
            await $0.send(.priority(1, weight: 255))
        }
    }

    /// DATA (3), HEADERS (3), PRIORITY (5), RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE (2),
    /// CONTINUATION (2).
    static let frames = Section { section in
        func add(_ what: String, _ frames: @escaping @Sendable (RawClient) -> [Frame]) {
            section.survives(
                what
            ) {
                await $0.send(frames($0))
                try await $0.expectEcho(1)
            }
        }
        let message = RawClient.message(3)
        add("DATA") { $0.call(1) }
        add("several DATA") {
            [$0.headers(1)] + message.dropLast().map { .data(1, [$0]) }
                + [.data(1, message.suffix(1), ends: true)]
        }
        add("DATA with padding") {
            [$0.headers(1), .data(1, message, ends: true).padded(by: 5)]
        }
        add("HEADERS") { $0.call(1) }
        add("HEADERS with padding") {
            [$0.headers(1).padded(by: 8), .data(1, message, ends: true)]
        }
        add("HEADERS with a priority") {
            [
                Frame(
                    .headers, [.endHeaders, .priority], stream: 1,
                    Frame.priorityFields(on: 0, weight: 255) + HPACK.block($0.fields())),
                .data(1, message, ends: true),
            ]
        }
        add("PRIORITY with the weight 1") { [.priority(1, weight: 0)] + $0.call(1) }
        add("PRIORITY with the weight 256") { [.priority(1, weight: 255)] + $0.call(1) }
        add("PRIORITY that depends on a stream") { [.priority(1, on: 3)] + $0.call(1) }
        add("PRIORITY that is exclusive") { [.priority(1, isExclusive: true)] + $0.call(1) }
        add("PRIORITY of a stream above the next one") { [.priority(5)] + $0.call(1) }
        section.survives(
            "RST_STREAM"
        ) {
            await $0.send($0.headers(1), .reset(1, .cancel))
        }
        add("SETTINGS") {
            [.settings((.maximumConcurrentStreams, 100), (.headerTableSize, 4_096))] + $0.call(1)
        }
        section.survives("PING") { try await $0.ping() }
        section.check("GOAWAY") {
            await $0.send($0.call(1) + [.goAway(last: 0, .noError)])
            try await $0.expectEcho(1)
        }
        add("WINDOW_UPDATE of the connection") { [.windowUpdate(0, by: 1)] + $0.call(1) }
        add("WINDOW_UPDATE of a stream") {
            [$0.headers(1), .windowUpdate(1, by: 1), .data(1, message, ends: true)]
        }
        add("CONTINUATION") {
            [
                .headers(1, HPACK.block($0.fields()), isWhole: false),
                .continuation(1, HPACK.literal(Field("x-test", "a"))),
                .data(1, message, ends: true),
            ]
        }
        add("several CONTINUATION") {
            [
                .headers(1, HPACK.block($0.fields()), isWhole: false),
                .continuation(1, HPACK.literal(Field("x-test", "a")), isLast: false),
                .continuation(1, HPACK.literal(Field("x-test", "b"))),
                .data(1, message, ends: true),
            ]
        }
    }

    /// Requests of HTTP that are no calls: each gets a whole response.
    static let requests = Section { section in
        section.survives(
            "GET"
        ) {
            await $0.send(.headers(1, HPACK.block($0.request("GET", "/")), ends: true))
            let reply = try await $0.response(1)
            #expect(reply.status == "404")
        }
        section.survives(
            "HEAD has no body"
        ) {
            await $0.send(.headers(1, HPACK.block($0.request("HEAD", "/")), ends: true))
            let reply = try await $0.response(1)
            #expect(reply.status == "405")
            #expect(reply.body.isEmpty)
        }
        section.survives(
            "POST"
        ) {
            await $0.send(
                .headers(1, HPACK.block($0.request("POST", "/"))), .data(1, [1, 2], ends: true))
            let reply = try await $0.response(1)
            #expect(reply.status == "415")
        }
        section.survives(
            "POST with trailers"
        ) {
            await $0.send(
                $0.headers(1), .data(1, RawClient.message(3)),
                .headers(1, HPACK.block([Field("x-test", "a")]), ends: true))
            try await $0.expectEcho(1)
        }
    }
}
