import RPC
import RPCTransport
import RawHTTP2
import TLS
import Testing

/// P1 to P13 on the server: what stands in front of a message.
@Suite("Requirements on a request's head")
struct RequestHeadTests {
    @Test("P1 a call is a POST; another method gets HTTP 405", arguments: ["PUT", "GET", "HEAD"])
    func method(_ method: String) async throws {
        try await Site.open { site in
            let fields = site.fields("/test.Probe/Say", method: method)
            await site.client.send(.headers(1, HPACK.block(fields), ends: true))
            let reply = try await site.client.response(1)
            #expect(reply.status == "405")
            #expect(reply.value("allow") == "POST")
            #expect(try await site.call(stream: 3).code == 0)
        }
    }

    @Test(
        "P2 a scheme that is none of HTTP's, or not the transport's, is a PROTOCOL_ERROR",
        arguments: ["ftp", "https", "HTTP"])
    func scheme(_ scheme: String) async throws {
        try await Site.open { (site: Site) async throws in
            let fields = site.fields("/test.Probe/Say", [Field(":scheme", scheme)])
            await site.client.send(.headers(1, HPACK.block(fields), ends: true))
            #expect(try await site.client.streamError(1) == .protocolError)
            #expect(try await site.call(stream: 3).code == 0)
        }
    }

    @Test(
        "P3 a path is looked up byte for byte",
        arguments: [
            "/test.Probe/say", "/test.probe/Say", "//test.Probe/Say", "/test.Probe//Say",
            "/test.Probe/Say/", "/test.Probe/../test.Probe/Say", "/test.Probe%2FSay",
            "/test.Probe/Say?x=1", "/", "/test.Probe", "/other.Service/Say",
        ])
    func path(_ path: String) async throws {
        try await Site.open { site in
            let reply = try await site.call(path)
            #expect(reply.isTrailersOnly(.unimplemented))
        }
    }

    @Test("P4 a call without te: trailers is served, counted and told once per peer")
    func trailers() async throws {
        try await Site.open { site in
            for stream: UInt32 in [1, 3, 5] {
                #expect(try await site.call(without: ["te"], stream: stream).code == 0)
            }
            #expect(site.router.oddities.count(of: .missingTE) == 3)
            #expect(site.observer.withoutTrailers.count == 1)
            _ = try await site.call(stream: 7)
            #expect(site.router.oddities.count(of: .missingTE) == 3)
        }
    }

    @Test("P5 a pseudo-header field behind others is a PROTOCOL_ERROR")
    func order() async throws {
        try await Site.open { (site: Site) async throws in
            let fields = site.fields("/test.Probe/Say")
            await site.client.send(
                .headers(1, HPACK.block(Array(fields.dropFirst()) + fields.prefix(1)), ends: true))
            #expect(try await site.client.streamError(1) == .protocolError)
        }
    }

    @Test(
        "P6 a timeout that cannot be read is INTERNAL, never infinite",
        arguments: [
            "", "S", "1", "123456789S", "-1S", "1.5S", "1s", "0S", "00000000n", "1 S", "1SS", "١S",
        ])
    func unreadableTimeout(_ value: String) async throws {
        try await Site.open { site in
            let reply = try await site.call("/test.Probe/Hold", [Field("grpc-timeout", value)])
            #expect(reply.isTrailersOnly(.internal))
            #expect(site.probe.started.count == 0)
        }
    }

    @Test(
        "P6 one to eight digits and one of six units are read",
        arguments: ["1H", "99999999H", "1M", "60S", "5000m", "5000000u", "99999999n", "00000001H"])
    func timeout(_ value: String) async throws {
        try await Site.open { (site: Site) async throws in
            #expect(try await site.call(Site.say, [Field("grpc-timeout", value)]).code == 0)
        }
    }

    @Test("P7 without a timeout the method's own deadline counts: ten seconds if it has none")
    func noTimeout() async throws {
        try await Site.open { site in
            let reply = try await site.call("/test.Probe/Remaining")
            let left = try #require(
                Double(String(decoding: Site.payload(reply.body), as: UTF8.self)))
            #expect(left > 5_000 && left <= 10_000)
        }
    }

    @Test(
        "P8 a content type that is none of ours gets HTTP 415",
        arguments: [
            ("text/plain", false), ("application/octet-stream", false), ("", false),
            ("application/grpc+json", true), ("application/grpcx", true),
            ("application/grpc-web+proto", true),
        ])
    func contentType(_ type: String, isGRPC: Bool) async throws {
        try await Site.open { site in
            let reply = try await site.call(Site.say, [Field("content-type", type)])
            #expect(reply.status == "415")
            #expect(
                reply.value("accept-post")
                    == "application/grpc, application/grpc+proto, application/grpc+assay, "
                    + "application/json")
            #expect(reply.value("grpc-status") == (isGRPC ? "12" : nil))
        }
    }

    @Test(
        "P8 the reply has the request's content type; parameters are allowed",
        arguments: [
            ("application/grpc", "application/grpc"),
            ("application/grpc+proto", "application/grpc+proto"),
            ("application/grpc+assay", "application/grpc+assay"),
            ("application/grpc;charset=utf-8", "application/grpc"),
            ("Application/GRPC+Proto ; x=y", "application/grpc+proto"),
        ])
    func sameContentType(_ type: String, answer: String) async throws {
        try await Site.open { site in
            let reply = try await site.call(Site.say, [Field("content-type", type)])
            #expect(reply.code == 0)
            #expect(reply.value("content-type") == answer)
        }
    }

    @Test("P9 reserved names are not shown to the handler, and counted")
    func reserved() async throws {
        try await Site.open { site in
            let reply = try await site.call(
                "/test.Probe/Metadata",
                [
                    Field("grpc-invented", "1"), Field("grpc-accept-encoding", "identity"),
                    Field("note", "kept"),
                ])
            let seen = String(decoding: Site.payload(reply.body), as: UTF8.self)
            #expect(seen == "note=kept")
            #expect(site.router.oddities.count(of: .reservedField) == 1)
        }
    }

    @Test(
        "P10 a name outside [0-9a-z_.-] is a PROTOCOL_ERROR of the stream",
        arguments: ["no!te", "note*", "no'te", "no~te", "no|te", "Note", "no te", "nöte"])
    func names(_ name: String) async throws {
        try await Site.open { (site: Site) async throws in
            let fields = site.fields("/test.Probe/Metadata", [Field(name, "1")])
            await site.client.send(.headers(1, HPACK.block(fields)))
            #expect(try await site.client.streamError(1) == .protocolError)
            #expect(try await site.call(stream: 3).code == 0)
        }
    }

    @Test("P10 all of [0-9a-z_.-] makes names")
    func allowedNames() async throws {
        try await Site.open { site in
            let name = "0123456789abcdefghijklmnopqrstuvwxyz_.-"
            let reply = try await site.call("/test.Probe/Metadata", [Field(name, "1")])
            #expect(String(decoding: Site.payload(reply.body), as: UTF8.self) == "\(name)=1")
        }
    }

    @Test("P11 blanks around a value are stripped, those within it stay; 0x80 and up is no error")
    func values() async throws {
        try await Site.open { site in
            let reply = try await site.call(
                "/test.Probe/Metadata",
                [Field("a", " \t x  y \t"), Field("b", "  "), Field("c", "caf\u{E9}")])
            let seen = String(decoding: Site.payload(reply.body), as: UTF8.self)
            #expect(seen == "a=x  y\nb=\nc=caf\u{E9}")
        }
    }

    @Test("P12 binary values are split at commas, keep their order, and may be padded")
    func binary() throws {
        var metadata: Metadata = ["x-bin": "AQI=,AwQ, BQ==", "other": "1"]
        metadata.append("x-bin", "Bg")
        metadata.append("x-bin", "!!")
        #expect(metadata.binaryValues("x-bin") == [[1, 2], [3, 4], [5], [6]])
        #expect(metadata.bytes("x-bin") == [1, 2])
        var written = Metadata()
        written.append("y-bin", bytes: [1])
        #expect(written["y-bin"] == "AQ")
    }

    @Test("P12 what is not base64 never reaches the handler, and is counted")
    func undecodable() async throws {
        try await Site.open { site in
            let reply = try await site.call(
                "/test.Probe/Metadata",
                [
                    Field("x-bin", "AQI=,???,AwQ"), Field("y-bin", "A"), Field("z-bin", "Bg=="),
                    Field("note", "?"),
                ])
            #expect(reply.code == 0)
            let seen = String(decoding: Site.payload(reply.body), as: UTF8.self)
            #expect(seen == "x-bin=AQI=\nx-bin=AwQ\nz-bin=Bg==\nnote=?")
            #expect(site.router.oddities.count(of: .undecodableValue) == 2)
        }
    }

    @Test(
        "P13 metadata over the limit, by HTTP/2's count, is RESOURCE_EXHAUSTED; HTTP 431 for JSON")
    func metadataSize() async throws {
        try await Site.open(profile: .edge) { site in
            let filler = Field("filler", String(repeating: "x", count: 8_100))
            let refused = try await site.call(Site.say, [filler])
            #expect(refused.isTrailersOnly(.resourceExhausted))
            #expect(refused.hasReason("METADATA_TOO_LARGE"))
            let json = try await site.json(Site.say, "{}", [filler], stream: 3)
            #expect(json.status == "431")
            #expect(json.text.contains("\"code\":\"resource_exhausted\""))
            // 100 fields of few bytes: 32 more count for each.
            let crumbs = (0..<100).map { Field("x\($0)", "") }
            let counted = try await site.call(Site.say, crumbs, stream: 5)
            #expect(counted.isTrailersOnly(.resourceExhausted))
            let fitting = Field("filler", String(repeating: "x", count: 7_000))
            #expect(try await site.call(Site.say, [fitting], stream: 7).code == 0)
        }
    }
}

extension Site {
    static let say = "/test.Probe/Say"
}
