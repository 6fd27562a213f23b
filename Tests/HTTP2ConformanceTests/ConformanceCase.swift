import RawHTTP2
import Testing

/// One requirement of an RFC, as something to do to a server and something to expect of it.
struct ConformanceCase: Sendable, CustomTestStringConvertible {
    let number: Int
    let requirement: String
    /// Is given a connection; preface and SETTINGS were exchanged unless `greets` is false.
    let body: @Sendable (RawClient) async throws -> Void
    let greets: Bool

    var testDescription: String { "\(number). \(requirement)" }

    func run(against server: ServerUnderTest) async throws {
        let client = try await server.connect()
        do {
            if greets { try await client.handshake() }
            try await body(client)
        } catch {
            await client.close()
            throw error
        }
        await client.close()
    }
}

/// The cases of one section, numbered from one.
struct Section: Sendable {
    private(set) var cases: [ConformanceCase] = []

    init(_ build: (inout Section) -> Void) { build(&self) }

    mutating func check(
        _ requirement: String, greets: Bool = true,
        _ body: @escaping @Sendable (RawClient) async throws -> Void
    ) {
        cases.append(
            ConformanceCase(
                number: cases.count + 1, requirement: requirement, body: body, greets: greets))
    }

    /// A case in which the connection must end with one of `codes`.
    mutating func ends(
        _ requirement: String, with codes: ErrorCode...,
        by body: @escaping @Sendable (RawClient) async throws -> Void
    ) {
        check(requirement) { client in
            try await body(client)
            let code = try await client.connectionError()
            #expect(codes.contains(code), "GOAWAY with \(code)")
        }
    }

    /// A case in which stream 1 must be reset with one of `codes`, and the connection must go on.
    mutating func resets(
        _ requirement: String, with codes: ErrorCode...,
        by body: @escaping @Sendable (RawClient) async throws -> Void
    ) {
        check(requirement) { client in
            try await body(client)
            let code = try await client.streamError(1)
            #expect(codes.contains(code), "RST_STREAM with \(code)")
            try await client.survives()
        }
    }

    /// A case after which the connection must serve as before.
    mutating func survives(
        _ requirement: String, _ body: @escaping @Sendable (RawClient) async throws -> Void
    ) {
        check(requirement) { client in
            try await body(client)
            try await client.survives()
        }
    }
}

extension RawClient {
    static let grpc = [Field("content-type", "application/grpc"), Field("te", "trailers")]
    static let echo = EchoService.say.path
    static let hold = EchoService.hold.path

    /// A message with its prefix that the echo returns as it is.
    static func message(_ count: Int) -> [UInt8] {
        precondition(count < 128, "the length is one byte")
        return [0, 0, 0, 0, UInt8(count + 2), 0x0A, UInt8(count)]
            + Array(repeating: 7, count: count)
    }

    func fields(_ path: String = RawClient.echo, _ extra: [Field] = []) -> [Field] {
        request("POST", path) + Self.grpc + extra
    }

    func headers(
        _ stream: UInt32, _ path: String = RawClient.echo, _ extra: [Field] = [],
        ends: Bool = false
    ) -> Frame {
        .headers(stream, HPACK.block(fields(path, extra)), ends: ends)
    }

    /// A whole request, as any client sends it.
    func call(_ stream: UInt32, _ path: String = RawClient.echo, bytes: Int = 3) -> [Frame] {
        [headers(stream, path), .data(stream, Self.message(bytes), ends: true)]
    }

    /// The stream's reply is the echo of `call`.
    func expectEcho(_ stream: UInt32, bytes: Int = 3) async throws {
        let reply = try await response(stream)
        #expect(reply.status == "200")
        #expect(reply.code == 0)
        #expect(reply.body == Self.message(bytes))
    }

    /// The connection is as good as new: it answers a PING and a call.
    func survives(at stream: UInt32 = 1001) async throws {
        try await ping()
        await send(call(stream))
        try await expectEcho(stream)
    }

    /// A stream that both sides have ended.
    func finishedStream(_ stream: UInt32 = 1) async throws {
        await send(call(stream))
        try await expectEcho(stream)
    }
}
