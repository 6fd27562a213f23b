import RPC
import RPCTransport
import RawHTTP2
import TLS
import Testing

/// P22 to P37 on the server: how calls end.
@Suite("Requirements on replies")
struct ReplyTests {
    @Test("P22 response headers come with the first message, and not before")
    func headersHeldBack() async throws {
        try await Site.open { site in
            await site.client.send(.headers(1, HPACK.block(site.fields("/test.Probe/Chat"))))
            await site.client.send(.ping([1, 2, 3, 4, 5, 6, 7, 8]))
            let first = try await site.client.until { $0.kind == .ping || $0.stream == 1 }
            #expect(first.kind == .ping)
            await site.client.send(.data(1, Site.message([1]), ends: true))
            let reply = try await site.client.response(1)
            #expect(reply.headers.prefix(2).map(\.name) == [":status", "content-type"])
            #expect(reply.status == "200")
            #expect(reply.code == 0)
        }
    }

    @Test("P23 an error before any message is one block of headers that ends the stream")
    func trailersOnly() async throws {
        try await Site.open { site in
            let unary = try await site.call("/test.Probe/Fail", body: Site.message([5]))
            #expect(unary.isTrailersOnly(.notFound))
            #expect(unary.value("content-type") == "application/grpc")
            // Undecodable, so before any reply of a stream too.
            let bad: [UInt8] = [0, 0, 0, 0, 1, 0xFF]
            let stream = try await site.call("/test.Probe/Watch", body: bad, stream: 3)
            #expect(stream.isTrailersOnly(.internal))
        }
    }

    @Test("P24 the status is there also for 0, decimal, in the block that ends the stream")
    func status() async throws {
        try await Site.open { site in
            let reply = try await site.call()
            #expect(reply.value("grpc-status") == nil)
            #expect(reply.trailers?.first { $0.name == "grpc-status" }?.value == "0")
            for code in 1...16 {
                let stream = UInt32(2 * code + 1)
                let failed = try await site.call(
                    "/test.Probe/Fail", body: Site.message([UInt8(code)]), stream: stream)
                #expect(failed.ending("grpc-status") == String(code))
            }
        }
    }

    @Test("P25 a message is percent-encoded outside 0x20 to 0x7E, and at %")
    func message() async throws {
        try await Site.open { site in
            let text = "50% caf\u{E9}\r\n~"
            let reply = try await site.call(
                "/test.Probe/Fail", body: Site.message([10] + Array(text.utf8)))
            #expect(reply.ending("grpc-message") == "50%25 caf%C3%A9%0D%0A~")
        }
    }

    @Test("P27 a call that ends before its request: trailers, then RST_STREAM(NO_ERROR)")
    func earlyEnd() async throws {
        try await Site.open { (site: Site) async throws in
            await site.client.send(
                .headers(1, HPACK.block(site.fields("/test.Probe/Nothing"))), .data(1, [0]))
            #expect(try await site.client.response(1).isTrailersOnly(.unimplemented))
            #expect(try await site.client.streamError(1) == .noError)
            #expect(try await site.call(stream: 3).code == 0)
        }
    }

    @Test("P28 a call that its caller cancels ends its handler")
    func cancelled() async throws {
        try await Site.open { (site: Site) async throws in
            await site.client.send(
                .headers(1, HPACK.block(site.fields("/test.Probe/Hold"))),
                .data(1, Site.message([]), ends: true))
            await site.probe.started.reaches(1)
            await site.client.send(.reset(1, .cancel))
            await site.probe.cancelled.reaches(1)
            #expect(try await site.call(stream: 3).code == 0)
        }
    }

    @Test("P29 a passed deadline cancels the handler and ends the call with DEADLINE_EXCEEDED")
    func deadline() async throws {
        try await Site.open { site in
            let reply = try await site.call("/test.Probe/Quick")
            #expect(reply.isTrailersOnly(.deadlineExceeded))
            #expect(reply.hasReason("EXPIRED"))
            await site.probe.cancelled.reaches(1)
            let asked = try await site.call(
                "/test.Probe/Hold", [Field("grpc-timeout", "20m")], stream: 3)
            #expect(asked.isTrailersOnly(.deadlineExceeded))
            await site.probe.cancelled.reaches(2)
        }
    }

    @Test("P29 a deadline within a stream ends it with trailers, whatever was sent before")
    func streamDeadline() async throws {
        try await Site.open { site in
            await site.client.send(
                .headers(
                    1, HPACK.block(site.fields("/test.Probe/Chat", [Field("grpc-timeout", "60m")]))),
                .data(1, Site.message([1])))
            let reply = try await site.client.response(1)
            #expect(reply.code == 4)
        }
    }

    @Test("P30 an orderly close begins with GOAWAY, twice")
    func goAway() async throws {
        let probe = ProbeService()
        let server = RPCServer(listeners: [.plaintext(port: 0)], services: [probe])
        try await server.start()
        let client = try await RawClient(port: server.port)
        try await client.handshake()
        let ended = Task { await server.shutdown(grace: .seconds(5)) }
        let notice = try await client.until { $0.kind == .goAway }
        #expect(notice.number(at: 0) == UInt32.max >> 1)
        let last = try await client.until { $0.kind == .goAway }
        #expect(last.number(at: 0) == 0)
        #expect(last.number(at: 4) == 0)
        while try await client.next() != nil {}
        await ended.value
    }

    @Test("P31 a lost connection cancels its handlers; a PING comes back as it went")
    func lost() async throws {
        try await Site.open { site in
            let other = try await RawClient(port: site.port)
            try await other.handshake()
            try await other.ping()
            await other.send(
                .headers(1, HPACK.block(site.fields("/test.Probe/Hold"))),
                .data(1, Site.message([]), ends: true))
            await site.probe.started.reaches(1)
            await other.close()
            await site.probe.cancelled.reaches(1)
        }
    }

    @Test("P33 the runtime itself uses none of the codes that belong to the application")
    func codes() async throws {
        try await Site.open { site in
            let replies = [
                try await site.call("/test.Probe/Nothing", stream: 1),
                try await site.call(Site.say, [Field("grpc-timeout", "x")], stream: 3),
                try await site.call(Site.say, [Field("grpc-encoding", "x")], stream: 5),
                try await site.call(body: [], stream: 7),
                try await site.call(body: [9, 0, 0, 0, 0], stream: 9),
                try await site.call(body: [0, 0, 0, 0, 1, 0xFF], stream: 11),
                try await site.call("/test.Probe/Guarded", stream: 13),
                try await site.call("/test.Probe/Quick", stream: 15),
                try await site.call("/test.Probe/Fail", stream: 17),
            ]
            let ofTheApplication = [3, 5, 6, 9, 10, 11, 15]
            for reply in replies.dropLast() {
                #expect(!ofTheApplication.contains(reply.code ?? 0))
                #expect(reply.code != 0)
            }
        }
    }

    @Test("P36 request trailers are read and dropped")
    func requestTrailers() async throws {
        try await Site.open { site in
            await site.client.send(
                .headers(1, HPACK.block(site.fields(Site.say))), .data(1, Site.message([1])),
                .headers(1, HPACK.block([Field("grpc-status", "13"), Field("a", "b")]), ends: true))
            let reply = try await site.client.response(1)
            #expect(reply.code == 0)
            await site.client.send(
                .headers(3, HPACK.block(site.fields("/test.Probe/Chat"))),
                .data(3, Site.message([1])),
                .headers(3, HPACK.block([Field("a", "b")]), ends: true))
            #expect(try await site.client.response(3).code == 0)
        }
    }

    @Test("P36 what comes behind the end of a request is an error")
    func behindTheEnd() async throws {
        try await Site.open { (site: Site) async throws in
            await site.client.send(
                .headers(1, HPACK.block(site.fields("/test.Probe/Hold"))),
                .data(1, Site.message([]), ends: true), .data(1, Site.message([]), ends: true))
            #expect(try await site.client.connectionError() == .streamClosed)
        }
    }

    @Test("P37 every call ends once: one status on the wire, one record in the log")
    func once() async throws {
        try await Site.open { site in
            _ = try await site.call(stream: 1)
            _ = try await site.call("/test.Probe/Fail", body: Site.message([5]), stream: 3)
            _ = try await site.call("/test.Probe/Nothing", stream: 5)
            let codes = site.observer.records.map(\.code)
            #expect(codes == [.ok, .notFound, .unimplemented])
        }
    }
}
