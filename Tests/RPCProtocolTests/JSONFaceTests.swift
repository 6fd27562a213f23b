import RPC
import RPCTransport
import RawHTTP2
import Testing

/// §5.2: Connect's unary protocol.
@Suite("The JSON face")
struct JSONFaceTests {
    private static let echoed = "{\"payload\":\"AQID\"}"

    @Test("POST: a bare JSON body both ways; the version of the protocol may be named")
    func post() async throws {
        try await Site.open { site in
            let plain = try await site.json(Site.say, Self.echoed)
            #expect(plain.status == "200")
            #expect(plain.value("content-type") == "application/json")
            #expect(plain.text == Self.echoed)
            #expect(plain.trailers == nil)
            let version = Field("connect-protocol-version", "1")
            #expect(try await site.json(Site.say, "{}", [version], stream: 3).status == "200")
        }
    }

    @Test(
        "GET of a method that changes nothing",
        arguments: [
            "encoding=json&message=%7B%22payload%22%3A%22AQID%22%7D",
            "encoding=json&message=%7B%22payload%22%3A%22AQID%22%7D&connect=v1",
            "message={\"payload\":\"AQID\"}&encoding=json",
            // The same text in base64's alphabet for URLs, without and with padding.
            "encoding=json&base64=1&message=eyJwYXlsb2FkIjoiQVFJRCJ9",
            "connect=v1&encoding=json&base64=1&message=eyJwYXlsb2FkIjoiQVFJRCIgfQ%3D%3D",
        ])
    func get(_ query: String) async throws {
        try await Site.open { site in
            let reply = try await site.get("/test.Probe/Say?\(query)")
            #expect(reply.status == "200")
            #expect(reply.text == Self.echoed)
        }
    }

    @Test(
        "GET with a query that cannot be read is HTTP 400",
        arguments: [
            "", "encoding=json", "message=%7B%7D", "encoding=json&message=%7B%7D&connect=v2",
            "encoding=json&base64=1&message=!!", "encoding=json&message=%7B%7D&surprise=1",
            "encoding=json&message=%7B", "encoding=json&message=%ZZ",
        ])
    func badGet(_ query: String) async throws {
        try await Site.open { site in
            let reply = try await site.get("/test.Probe/Say?\(query)")
            #expect(reply.status == "400")
            #expect(reply.text.hasPrefix("{\"code\":\"invalid_argument\""))
        }
    }

    @Test("GET of a method that changes something is HTTP 405, in another encoding 415")
    func refusedGet() async throws {
        try await Site.open { site in
            let query = "?encoding=json&message=%7B%7D"
            let changing = try await site.get("/test.Probe/Metadata\(query)")
            #expect(changing.status == "405")
            #expect(changing.value("allow") == "POST")
            let proto = try await site.get("/test.Probe/Say?encoding=proto&message=", stream: 3)
            #expect(proto.status == "415")
        }
    }

    @Test("connect-timeout-ms is the deadline; at most ten digits")
    func timeout() async throws {
        try await Site.open { site in
            let late = try await site.json(
                "/test.Probe/Hold", "{}", [Field("connect-timeout-ms", "20")])
            #expect(late.status == "504")
            #expect(late.text.contains("\"code\":\"deadline_exceeded\""))
            await site.probe.cancelled.reaches(1)
            var stream: UInt32 = 3
            for bad in ["", "-1", "1.5", "10s", "12345678901"] {
                let reply = try await site.json(
                    Site.say, "{}", [Field("connect-timeout-ms", bad)], stream: stream)
                #expect(reply.status == "400")
                stream += 2
            }
            let long = try await site.json(
                Site.say, "{}", [Field("connect-timeout-ms", "9999999999")], stream: stream)
            #expect(long.status == "200")
            let over = try await site.json(
                Site.say, "{}", [Field("connect-timeout-ms", "0")], stream: stream + 2)
            #expect(over.status == "504")
        }
    }

    @Test("an unknown path is 404, a known method that is not offered 501, both unimplemented")
    func unknown() async throws {
        let elsewhere = ProbeService.method("Elsewhere", idempotency: .readonly)
        try await Site.open(known: [elsewhere, ProbeService.say]) { site in
            let unknown = try await site.json("/test.Probe/Nothing", "{}")
            #expect(unknown.status == "404")
            #expect(unknown.text.contains("\"code\":\"unimplemented\""))
            let absent = try await site.json("/test.Probe/Elsewhere", "{}", stream: 3)
            #expect(absent.status == "501")
            #expect(absent.text.contains("\"code\":\"unimplemented\""))
            let query = "?encoding=json&message=%7B%7D"
            #expect(try await site.get("/test.Probe/Nothing\(query)", stream: 5).status == "404")
            #expect(try await site.get("/test.Probe/Elsewhere\(query)", stream: 7).status == "501")
            #expect(try await site.json(Site.say, "{}", stream: 9).status == "200")
        }
    }

    @Test("a method that streams is 415 on this face")
    func streaming() async throws {
        try await Site.open { site in
            let reply = try await site.json("/test.Probe/Watch", "{}")
            #expect(reply.status == "415")
            #expect(
                reply.value("accept-post")
                    == "application/grpc, application/grpc+proto, application/grpc+assay")
        }
    }

    @Test("an error is its HTTP status and code, message and details")
    func errors() async throws {
        try await Site.open { site in
            for code in 1...16 {
                let expected = try #require(StatusCode(rawValue: UInt8(code)))
                // [code, "a"] in base64.
                var metadata = Metadata()
                metadata.append("x-bin", bytes: [UInt8(code), 0x61])
                let payload = try #require(metadata["x-bin"])
                let reply = try await site.json(
                    "/test.Probe/Fail", "{\"payload\":\"\(payload)\"}",
                    stream: UInt32(2 * code - 1))
                #expect(reply.status == String(expected.httpStatus))
                #expect(reply.value("content-type") == "application/json")
                #expect(
                    reply.text == "{\"code\":\"\(expected.jsonName)\",\"message\":\"a\"}")
            }
        }
    }

    @Test("a body that cannot be decoded is 400 with a pointer to the place")
    func undecodable() async throws {
        try await Site.open { site in
            let reply = try await site.json(Site.say, "{\"nothing\":1}")
            #expect(reply.status == "400")
            #expect(reply.text.hasPrefix("{\"code\":\"invalid_argument\""))
            #expect(reply.text.contains("\"field\":\"/nothing\""))
            #expect(reply.text.contains("\"type\":\"google.rpc.BadRequest\""))
        }
    }
}
