import RawHTTP2
import Testing

/// RFC 9113 §8: requests and responses. The numbers are those of RFC 7540, as in the list of cases.
@Suite("Server: RFC 9113 §8")
struct MessageTests {
    @Test(
        "8.1 Message exchanges", arguments: MessageCases.exchanges.cases, ServerUnderTest.allCases)
    func exchanges(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test("8.1.2 Fields", arguments: MessageCases.fields.cases, ServerUnderTest.allCases)
    func fields(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test(
        "8.1.2.1 Pseudo-header fields", arguments: MessageCases.pseudo.cases,
        ServerUnderTest.allCases)
    func pseudo(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test(
        "8.1.2.2 Fields of a connection", arguments: MessageCases.connection.cases,
        ServerUnderTest.allCases)
    func connection(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test(
        "8.1.2.3 Request pseudo-header fields", arguments: MessageCases.requests.cases,
        ServerUnderTest.allCases)
    func requests(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test(
        "8.1.2.6 Malformed messages", arguments: MessageCases.malformed.cases,
        ServerUnderTest.allCases)
    func malformed(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test("8.2 Server push", arguments: MessageCases.push.cases, ServerUnderTest.allCases)
    func push(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }
}

enum MessageCases {
    static let exchanges = Section { section in
        section.resets(
            "a second block without END_STREAM is a PROTOCOL_ERROR", with: .protocolError
        ) {
            await $0.send(
                $0.headers(1), .data(1, [0]), .headers(1, HPACK.block([Field("a", "b")])))
        }
    }

    static let fields = Section { section in
        section.resets("upper case in a name is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.send($0.headers(1, RawClient.echo, [Field("X-Upper", "a")], ends: true))
        }
    }

    static let pseudo = Section { section in
        section.resets("an unknown one is a PROTOCOL_ERROR", with: .protocolError) {
            let fields = $0.request("POST", RawClient.echo) + [Field(":test", "ok")]
            await $0.send(.headers(1, HPACK.block(fields + RawClient.grpc), ends: true))
        }
        section.resets("one of responses is a PROTOCOL_ERROR", with: .protocolError) {
            let fields = $0.request("POST", RawClient.echo) + [Field(":status", "200")]
            await $0.send(.headers(1, HPACK.block(fields + RawClient.grpc), ends: true))
        }
        section.resets("one in trailers is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.send(
                $0.headers(1), .data(1, [0]),
                .headers(1, HPACK.block([Field(":method", "GET")]), ends: true))
        }
        section.resets("one behind a regular field is a PROTOCOL_ERROR", with: .protocolError) {
            let fields = $0.request("POST", RawClient.echo)
            let turned = fields.dropLast() + [Field("x-test", "ok")] + fields.suffix(1)
            await $0.send(.headers(1, HPACK.block(Array(turned)), ends: true))
        }
    }

    static let connection = Section { section in
        section.resets("one in a request is a PROTOCOL_ERROR", with: .protocolError) {
            let field = Field("connection", "keep-alive")
            await $0.send($0.headers(1, RawClient.echo, [field], ends: true))
        }
        section.resets("te other than trailers is a PROTOCOL_ERROR", with: .protocolError) {
            let fields = $0.request("POST", RawClient.echo) + [Field("te", "trailers, deflate")]
            await $0.send(.headers(1, HPACK.block(fields), ends: true))
        }
    }

    static let requests = Section { section in
        section.resets("an empty :path is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.send(.headers(1, HPACK.block($0.request("POST", "")), ends: true))
        }
        for name in [":method", ":scheme", ":path"] {
            section.resets("a missing \(name) is a PROTOCOL_ERROR", with: .protocolError) {
                let fields = $0.request("POST", RawClient.echo).filter { $0.name != name }
                await $0.send(.headers(1, HPACK.block(fields + RawClient.grpc), ends: true))
            }
        }
        for name in [":method", ":scheme", ":path"] {
            section.resets("two of \(name) are a PROTOCOL_ERROR", with: .protocolError) {
                let fields = $0.request("POST", RawClient.echo)
                let twice = fields + fields.filter { $0.name == name }
                await $0.send(.headers(1, HPACK.block(twice + RawClient.grpc), ends: true))
            }
        }
    }

    static let malformed = Section { section in
        section.resets("a wrong content-length is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.send(
                $0.headers(1, RawClient.echo, [Field("content-length", "1")]),
                .data(1, RawClient.message(3), ends: true))
        }
        section.resets(
            "a content-length that is not the sum of all DATA is a PROTOCOL_ERROR",
            with: .protocolError
        ) {
            let message = RawClient.message(3)
            await $0.send(
                $0.headers(1, RawClient.echo, [Field("content-length", "99")]),
                .data(1, Array(message.prefix(4))),
                .data(1, Array(message.dropFirst(4)), ends: true))
        }
    }

    static let push = Section { section in
        section.ends("PUSH_PROMISE from a client is a PROTOCOL_ERROR", with: .protocolError) {
            await $0.send(
                Frame(
                    .pushPromise, .endHeaders, stream: 1,
                    UInt32(3).bigEndianBytes + HPACK.block($0.fields())))
        }
    }
}
