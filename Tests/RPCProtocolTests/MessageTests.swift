import NIOCore
import RPC
import RPCTransport
import RawHTTP2
import Testing

/// P14 to P21 on the server: messages and their framing.
@Suite("Requirements on messages")
struct MessageTests {
    @Test("P14 a flag other than 0 and 1 is INTERNAL", arguments: [2, 3, 127, 255] as [UInt8])
    func flag(_ flag: UInt8) async throws {
        try await Site.open { site in
            let reply = try await site.call(body: Site.message([1], flag: flag))
            #expect(reply.isTrailersOnly(.internal))
        }
    }

    @Test("P15 DATA may be cut anywhere: one byte a frame, with empty and padded ones between")
    func boundaries() async throws {
        try await Site.open { site in
            let message = Site.message([1, 2, 3])
            var frames: [Frame] = [.headers(1, HPACK.block(site.fields(Site.say)))]
            for byte in message { frames += [.data(1, [byte]).padded(by: 3), .data(1, [])] }
            await site.client.send(frames + [.data(1, [], ends: true)])
            let reply = try await site.client.response(1)
            #expect(reply.code == 0)
            #expect(reply.body == message)
        }
    }

    @Test("P16 flag 1 without an encoding, or with identity, is INTERNAL")
    func compressedWithoutEncoding() async throws {
        try await Site.open { site in
            let body = Site.message([1], flag: 1)
            #expect(try await site.call(body: body).isTrailersOnly(.internal))
            let encoding = Field("grpc-encoding", "identity")
            let reply = try await site.call(Site.say, [encoding], body: body, stream: 3)
            #expect(reply.isTrailersOnly(.internal))
        }
    }

    @Test("P17 an unknown encoding is UNIMPLEMENTED, with a list of those that are accepted")
    func unknownEncoding() async throws {
        try await Site.open { site in
            let reply = try await site.call(Site.say, [Field("grpc-encoding", "snappy")])
            #expect(reply.isTrailersOnly(.unimplemented))
            let accepted = try #require(reply.value("grpc-accept-encoding"))
            for name in accepted.split(separator: ",").map({ $0.filter { $0 != " " } }) {
                #expect(["identity", "gzip"].contains(name))
            }
        }
    }

    @Test("P19 a length over the method's limit is refused at the prefix")
    func tooLarge() async throws {
        try await Site.open { site in
            // 17 bytes are announced, none of them is sent, and the stream stays open.
            await site.client.send(
                .headers(1, HPACK.block(site.fields("/test.Probe/Small"))),
                .data(1, [0, 0, 0, 0, 17]))
            let reply = try await site.client.response(1)
            #expect(reply.isTrailersOnly(.resourceExhausted))
            #expect(reply.hasReason("MESSAGE_TOO_LARGE"))
            let fits = try await site.call(
                "/test.Probe/Small", body: Site.message(Array(repeating: 1, count: 14)), stream: 3)
            #expect(fits.code == 0)
        }
    }

    @Test("P20 a message of no bytes is one, and the end may come with an empty DATA frame")
    func emptyMessage() async throws {
        try await Site.open { (site: Site) async throws in
            #expect(try await site.call(body: [0, 0, 0, 0, 0]).body == [0, 0, 0, 0, 0])
            await site.client.send(
                .headers(3, HPACK.block(site.fields(Site.say))), .data(3, [0, 0, 0, 0, 0]),
                .data(3, [], ends: true))
            #expect(try await site.client.response(3).code == 0)
        }
    }

    @Test("P20 an end within a prefix or a message is INTERNAL", arguments: [1, 4, 5, 9])
    func truncated(_ count: Int) async throws {
        try await Site.open { site in
            let body = Array(Site.message([1, 2, 3]).prefix(count))
            #expect(try await site.call(body: body).isTrailersOnly(.internal))
            let streamed = try await site.call("/test.Probe/Chat", body: body, stream: 3)
            #expect(streamed.code == 13)
        }
    }

    @Test("P21 a unary call has exactly one message, else UNIMPLEMENTED")
    func cardinality() async throws {
        try await Site.open { (site: Site) async throws in
            #expect(try await site.call(body: []).isTrailersOnly(.unimplemented))
            let two = Site.message([1]) + Site.message([2])
            #expect(try await site.call(body: two, stream: 3).isTrailersOnly(.unimplemented))
            // The second one comes later.
            await site.client.send(
                .headers(5, HPACK.block(site.fields(Site.say))), .data(5, Site.message([1])))
            await site.client.send(.data(5, Site.message([2]), ends: true))
            #expect(try await site.client.response(5).isTrailersOnly(.unimplemented))
            // END_STREAM on HEADERS: no message at all.
            await site.client.send(.headers(7, HPACK.block(site.fields(Site.say)), ends: true))
            #expect(try await site.client.response(7).isTrailersOnly(.unimplemented))
        }
    }
}
