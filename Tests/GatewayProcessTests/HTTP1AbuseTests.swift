import Foundation
import TestSupport
import Testing

/// What HTTP/1.1 can be abused for, at a gateway's port (RFC 9112 §11; gateway.md §9 and §14).
@Suite("HTTP/1.1 abuse at the public port", .serialized, .timeLimit(.minutes(3)))
struct HTTP1AbuseTests {
    struct Attack: Sendable {
        let name: String
        let request: String
        let status: Int
    }

    private static let line = "POST \(EchoGateway.path) HTTP/1.1\r\n"
    private static let start =
        line + "Host: localhost\r\nContent-Type: application/json\r\n"
    /// What an attacker wants to have run behind the request.
    private static let second = EchoGateway.post("{\"payload\":\"ZXZpbA==\"}")

    private static func chunked(_ body: String, _ coding: String = "Transfer-Encoding: chunked")
        -> String
    { start + coding + "\r\n\r\n" + body }

    /// Requests that two hops could read differently: refused, and nothing behind them is read.
    private static let smuggling: [Attack] = {
        let (body, end) = ("2\r\n{}\r\n0\r\n\r\n", "0\r\n\r\n")
        func length(_ fields: String) -> String { start + fields + "\r\n\r\n{}" }
        return [
            ("CL.TE", start + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + end),
            ("TE.CL", chunked(end, "Transfer-Encoding: chunked\r\nContent-Length: 3")),
            ("TE.TE twice", chunked(body, "Transfer-Encoding: chunked\r\nTransfer-Encoding: x")),
            (
                "TE.TE the other way",
                chunked(body, "Transfer-Encoding: x\r\nTransfer-Encoding: chunked")
            ),
            ("TE chunked twice", chunked(body, "Transfer-Encoding: chunked, chunked")),
            ("TE identity", chunked(body, "Transfer-Encoding: identity")),
            ("TE chunked, identity", chunked(body, "Transfer-Encoding: chunked, identity")),
            ("TE misspelled", chunked(body, "Transfer-Encoding: xchunked")),
            ("TE with a tab", chunked(body, "Transfer-Encoding: \u{b}chunked")),
            ("TE behind a blank", chunked(body, "Transfer-Encoding : chunked")),
            ("TE behind a line's start", chunked(body, "X: y\nTransfer-Encoding: chunked")),
            (
                "TE of HTTP/1.0",
                chunked(body).replacing("HTTP/1.1", with: "HTTP/1.0", maxReplacements: 1)
            ),
            ("bare LF", start.replacing("\r\n", with: "\n") + "Content-Length: 2\n\n{}"),
            ("one bare LF", length("Content-Length: 2\nX: y")),
            ("blank before the colon", length("Content-Length : 2")),
            ("folded field", length("X: a\r\n b\r\nContent-Length: 2")),
            ("folded first field", line + " Host: localhost\r\n\r\n"),
            ("length twice", length("Content-Length: 2\r\nContent-Length: 2")),
            ("two lengths", length("Content-Length: 2\r\nContent-Length: 22")),
            ("list of lengths", length("Content-Length: 2, 2")),
            ("signed length", length("Content-Length: +2")),
            ("negative length", length("Content-Length: -2")),
            ("hexadecimal length", length("Content-Length: 0x2")),
            ("length over 64 bits", length("Content-Length: 18446744073709551618")),
            ("chunk over 64 bits", chunked("10000000000000002\r\n{}\r\n" + end)),
            ("signed chunk", chunked("+2\r\n{}\r\n" + end)),
            ("chunk with 0x", chunked("0x2\r\n{}\r\n" + end)),
            ("chunk without size", chunked("\r\n{}\r\n" + end)),
            ("chunk longer than it says", chunked("1\r\n{}\r\n" + end)),
            ("chunks with bare LF", chunked("2\n{}\n0\n\n")),
            ("extension with bare LF", chunked("2;a\nx\r\n{}\r\n" + end)),
            ("two hosts", line + "Host: localhost\r\nHost: evil\r\nContent-Length: 0\r\n\r\n"),
            ("no host", line + "Content-Length: 0\r\n\r\n"),
            (
                "another host in the target",
                "POST http://evil\(EchoGateway.path) HTTP/1.1\r\nHost: localhost\r\n"
                    + "Content-Length: 0\r\n\r\n"
            ),
            ("NUL in a value", length("X: a\0b\r\nContent-Length: 2")),
            ("CR in a value", length("X: a\rb\r\nContent-Length: 2")),
            ("NUL in a name", length("X\0: a\r\nContent-Length: 2")),
            ("no name", length(": a\r\nContent-Length: 2")),
            ("blank in the target", "POST /a b HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            ("no colon", length("nothing\r\nContent-Length: 2")),
        ].map { Attack(name: $0.0, request: $0.1, status: 400) }
    }()

    private static let huge: [Attack] = {
        func long(_ count: Int) -> String { String(repeating: "y", count: count) }
        func get(_ target: String) -> String { "GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n" }
        return [
            Attack(name: "target of 17 KiB", request: get("/" + long(17 << 10)), status: 414),
            Attack(name: "target of 1 MiB", request: get("/" + long(1 << 20)), status: 414),
            Attack(
                name: "value of 20 KiB", request: start + "X: \(long(20 << 10))\r\n\r\n",
                status: 431),
            Attack(
                name: "value of 1 MiB", request: start + "X: \(long(1 << 20))\r\n\r\n", status: 431),
            Attack(
                name: "name of 20 KiB", request: start + "\(long(20 << 10)): 1\r\n\r\n", status: 431
            ),
            Attack(
                name: "101 fields",
                request: start + (0..<100).map { "x-\($0): 1\r\n" }.joined() + "\r\n", status: 431),
            Attack(
                name: "16 KiB in small fields",
                request: start
                    + (0..<80).map { "x-\($0): \(long(250))\r\n" }.joined() + "\r\n", status: 431),
            Attack(
                name: "gRPC",
                request: line + "Host: localhost\r\nContent-Type: application/grpc\r\n"
                    + "Content-Length: 5\r\n\r\n\0\0\0\0\0", status: 415),
            Attack(
                name: "an expectation of its own",
                request: start + "Expect: tea\r\nContent-Length: 2\r\n\r\n{}", status: 417),
        ]
    }()

    private func expect(_ attacks: [Attack], at echo: EchoGateway) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for attack in attacks {
                group.addTask {
                    let answer = try await echo.answer(to: attack.request + Self.second)
                    #expect(
                        EchoGateway.status(answer) == attack.status,
                        "\(attack.name): \(answer.prefix(300))")
                    #expect(answer.contains("connection: close\r\n"), "\(attack.name)")
                    let statuses = ["1.1 2", "1.0 2", "1.1 4", "1.0 4"].map {
                        answer.ranges(of: "HTTP/" + $0).count
                    }
                    #expect(statuses[0] + statuses[1] == 0, "\(attack.name): \(answer)")
                    #expect(statuses[2] + statuses[3] == 1, "\(attack.name): \(answer)")
                }
            }
            try await group.waitForAll()
        }
        #expect(echo.service.count == 0)
        let honest = try await echo.answer(
            to: EchoGateway.post(EchoGateway.json, to: EchoGateway.path, "Connection: close\r\n"))
        #expect(EchoGateway.status(honest) == 200)
        #expect(echo.service.count == 1)
    }

    @Test("smuggling: what two hops could read differently is 400, and nothing behind it is read")
    func smuggling() async throws {
        try await EchoGateway.run { echo in
            try await expect(Self.smuggling, at: echo)
            let counted = try await echo.gateway.metric(
                "assay_h2_abuse_total", ["event=\"http1_malformed\"", "action=\"closed\""])
            #expect(counted == Double(Self.smuggling.count))
        }
    }

    @Test("huge targets are 414, huge fields and many of them 431, gRPC is 415")
    func huge() async throws {
        try await EchoGateway.run { try await expect(Self.huge, at: $0) }
    }

    @Test("slow fields are 408 and closed; so is a slow body; silence is closed")
    func slow() async throws {
        let timeouts =
            "headers: 200ms, body: 200ms, idle: 300ms, settings: 300ms, first_request: 5s"
        try await EchoGateway.run(timeouts: timeouts) { echo in
            let fields = try await echo.socket()
            await fields.send(Self.line + "Host: loc")
            let dribble = Task {
                while !fields.isClosed {
                    await fields.send("a")
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            #expect(EchoGateway.status(try await fields.untilClosed()) == 408)
            try await dribble.value

            async let body = echo.answer(to: Self.start + "Content-Length: 100\r\n\r\n{")
            async let none = echo.answer(to: Self.start + "Content-Length: 100\r\n\r\n")
            async let chunk = echo.answer(
                to: Self.chunked("2;" + String(repeating: "x", count: 5000)))
            async let silence = echo.answer(to: "")
            for answer in try await [body, none, chunk] {
                #expect(EchoGateway.status(answer) == 408, "\(answer)")
            }
            #expect(try await silence.isEmpty)
            #expect(echo.service.count == 0)
            // Between requests a connection may rest, and is closed when it has rested enough.
            async let idle = echo.answer(to: EchoGateway.post())
            // Fields that stop behind an answered request.
            async let dropped = echo.answer(to: EchoGateway.post() + "POST / HTT")
            #expect(try await idle.hasSuffix(EchoGateway.json))
            let behind = try await dropped
            #expect(behind.ranges(of: "HTTP/1.1 200").count == 1, "\(behind)")
        }
    }

    @Test("a body that ends early runs nothing")
    func truncated() async throws {
        try await EchoGateway.run { echo in
            for request in [
                Self.start + "Content-Length: 18\r\n\r\n{\"payload\":",
                Self.chunked("12\r\n{\"payload\":\"AQID\"}\r\n"), Self.chunked("12\r\n{\"pay"),
                Self.chunked("12"), Self.chunked("12\r\n{\"payload\":\"AQID\"}\r\n0\r\nX: y\r\n"),
            ] {
                let socket = try await echo.socket()
                await socket.send(request)
                await socket.close()
            }
            let honest = try await echo.answer(
                to: EchoGateway.post(
                    EchoGateway.json, to: EchoGateway.path, "Connection: close\r\n"))
            #expect(EchoGateway.status(honest) == 200)
            #expect(echo.service.count == 1)
        }
    }

    @Test("requests sent ahead run one by one, in their order")
    func pipelining() async throws {
        try await EchoGateway.run { echo in
            let socket = try await echo.socket()
            let payloads = (0..<20).map { Data([UInt8($0), 1, 2]).base64EncodedString() }
            let requests = payloads.map { EchoGateway.post("{\"payload\":\"\($0)\"}") }
            await socket.send(requests.joined())
            let all = try await socket.until { $0.ranges(of: "HTTP/1.1 200 OK").count == 20 }
            let places = payloads.compactMap { all.range(of: $0)?.lowerBound }
            #expect(places.count == 20 && places == places.sorted())
            #expect(echo.service.mostRunning == 1)
            #expect(echo.service.payloads.map { $0[0] } == Array(0..<20))
            await socket.close()
        }
    }

    @Test("no other protocol comes about, and nothing is read behind the wish for one")
    func upgrade() async throws {
        try await EchoGateway.run { echo in
            for fields in [
                "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
            ] {
                let before = echo.service.count
                let answer = try await echo.answer(
                    to: EchoGateway.post(EchoGateway.json, to: EchoGateway.path, fields)
                        + Self.second)
                #expect(EchoGateway.status(answer) == 200 && answer.contains("connection: close"))
                #expect(echo.service.count == before + 1)
            }
        }
    }

    @Test("100 Continue comes to who is let in, and to nobody who is refused")
    func expectations() async throws {
        try await EchoGateway.run { echo in
            let expecting = "Expect: 100-continue\r\n"
            let whole = EchoGateway.post(EchoGateway.json, to: EchoGateway.path, expecting)
            let fields = String(whole.dropLast(EchoGateway.json.utf8.count))
            let patient = try await echo.socket()
            await patient.send(fields)
            try await patient.until { $0 == "HTTP/1.1 100 Continue\r\n\r\n" }
            await patient.send(EchoGateway.json)
            let answer = try await patient.until { $0.hasSuffix(EchoGateway.json) }
            #expect(answer.contains("HTTP/1.1 200 OK\r\n"))
            await patient.close()

            let refused = [
                String(EchoGateway.post("{}", to: "/no.Such/Method", expecting).dropLast(2)),
                fields.replacing("application/json", with: "text/plain"),
                fields.replacing(
                    "\r\n\r\n",
                    with: "\r\nTE: gzip, trailers\r\nX-Request-Id: a\r\nX-Request-Id: b\r\n\r\n"),
            ]
            try await withThrowingTaskGroup(of: String.self) { group in
                for request in refused { group.addTask { try await echo.answer(to: request) } }
                for try await answer in group {
                    #expect((400..<500).contains(EchoGateway.status(answer)), "\(answer)")
                    #expect(!answer.contains("100 Continue"))
                    #expect(answer.contains("connection: close\r\n"))
                }
            }
            #expect(echo.service.count == 1)
        }
    }

    @Test("a refused request with much of it unread ends the connection; a small one does not")
    func refusedBodies() async throws {
        try await EchoGateway.run { echo in
            let small = try await echo.socket()
            await small.send(EchoGateway.post("{}", to: "/no.Such/Method"))
            try await small.until { $0.contains("\"reason\":\"UNKNOWN_METHOD\"") }
            await small.send(EchoGateway.post())
            let both = try await small.until { $0.hasSuffix(EchoGateway.json) }
            #expect(EchoGateway.status(both) == 404 && !both.contains("connection: close"))
            await small.close()
            let large = String(repeating: " ", count: 200 << 10)
            let answer = try await echo.answer(to: EchoGateway.post(large, to: "/no.Such/Method"))
            #expect(EchoGateway.status(answer) == 404, "\(answer.prefix(300))")
            #expect(answer.contains("connection: close\r\n"))
            // Of an admitted request the body's own limit counts.
            let body = String(repeating: " ", count: 5 << 20)
            let tooLarge = try await echo.answer(to: EchoGateway.post(body))
            #expect(EchoGateway.status(tooLarge) == 413, "\(tooLarge.prefix(300))")
        }
    }

    @Test("methods other than GET and POST are 405; HTTP of another age is refused")
    func methods() async throws {
        try await EchoGateway.run { echo in
            for method in ["PUT", "DELETE", "TRACE", "HEAD", "OPTIONS"] {
                let answer = try await echo.answer(
                    to: "\(method) \(EchoGateway.path) HTTP/1.1\r\nHost: localhost\r\n"
                        + "Connection: close\r\n\r\n")
                #expect(EchoGateway.status(answer) == 405, "\(method): \(answer)")
            }
            let tunnel = try await echo.answer(
                to: "CONNECT localhost:1 HTTP/1.1\r\nHost: localhost:1\r\n\r\n")
            #expect(EchoGateway.status(tunnel) != 200)
            for version in ["HTTP/0.9", "HTTP/2.0", "HTTP/3.7", "HTTPS/1.1"] {
                let answer = try await echo.answer(
                    to: "GET \(EchoGateway.path) \(version)\r\nHost: localhost\r\n\r\n")
                #expect(![200, 0].contains(EchoGateway.status(answer)), "\(version): \(answer)")
            }
            #expect(echo.service.count == 0)
        }
    }
}
