import RawHTTP2
import Testing

/// RFC 9113 §3 and §4: how a connection begins, and what a frame is.
@Suite("Server: RFC 9113 §3, §4")
struct ConnectionTests {
    @Test(
        "3.5 Connection preface", arguments: ConnectionCases.preface.cases, ServerUnderTest.allCases
    )
    func preface(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test("4.1 Frame format", arguments: ConnectionCases.format.cases, ServerUnderTest.allCases)
    func format(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test("4.2 Frame size", arguments: ConnectionCases.size.cases, ServerUnderTest.allCases)
    func size(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test(
        "4.3 Header compression", arguments: ConnectionCases.blocks.cases, ServerUnderTest.allCases)
    func blocks(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }
}

enum ConnectionCases {
    static let preface = Section { section in
        section.check("the first frame that a server sends is SETTINGS", greets: false) { client in
            try await client.connection.send(
                bytes: RawConnection.preface + Frame.settings().bytes)
            let first = try await client.next()
            #expect(first?.kind == .settings)
            #expect(first?.has(.acknowledgement) == false)
        }
        section.check("another preface ends the connection", greets: false) { client in
            try await client.connection.send(
                bytes: Array("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".utf8) + Frame.settings().bytes)
            while try await client.next() != nil {}
        }
    }

    static let format = Section { section in
        section.survives(
            "a frame of an unknown type is discarded"
        ) { client in
            await client.send(Frame(Frame.Kind(rawValue: 0x16), Array(repeating: 0, count: 8)))
        }
        section.survives(
            "flags that a type does not define are ignored"
        ) { client in
            await client.send(
                Frame(
                    .ping, Frame.Flags(rawValue: 0x16), stream: 0, Array(repeating: 1, count: 8)
                ))
            _ = try await client.until { $0.kind == .ping && $0.has(.acknowledgement) }
        }
        section.survives(
            "the reserved bit of a stream's number is ignored"
        ) { client in
            await client.send(Frame(.ping, stream: 1 << 31, Array(repeating: 1, count: 8)))
            _ = try await client.until { $0.kind == .ping && $0.has(.acknowledgement) }
        }
    }

    static let size = Section { section in
        section.survives(
            "a frame of 2^14 bytes is taken"
        ) { client in
            let length = 16_384 - 5
            let prefix = [0] + UInt32(length).bigEndianBytes
            let count = length - 3
            let field = [0x0A, UInt8(count & 127 | 128), UInt8(count >> 7)]
            await client.send(
                client.headers(1),
                .data(1, prefix + field + Array(repeating: 7, count: count), ends: true))
            let reply = try await client.response(1)
            #expect(reply.code == 0)
            #expect(reply.body.count == 16_384)
        }
        section.ends(
            "DATA above MAX_FRAME_SIZE is a FRAME_SIZE_ERROR", with: .frameSizeError
        ) { client in
            await client.send(client.headers(1), .data(1, Array(repeating: 0, count: 16_385)))
        }
        section.ends(
            "HEADERS above MAX_FRAME_SIZE are a FRAME_SIZE_ERROR of the connection",
            with: .frameSizeError
        ) { client in
            let large = (0..<5).map { Field("x-dummy\($0)", String(repeating: "x", count: 4_000)) }
            await client.send(client.headers(1, RawClient.echo, large))
        }
    }

    static let blocks = Section { section in
        section.ends(
            "a block that cannot be decoded is a COMPRESSION_ERROR", with: .compressionError
        ) { client in
            // A literal whose name is longer than the block.
            await client.send(.headers(1, [0x40, 0x7F, 0x20, 0x61], ends: true))
        }
        section.ends(
            "PRIORITY within a block is a PROTOCOL_ERROR of the connection",
            with: .protocolError
        ) { client in
            await client.send(
                .headers(1, HPACK.block(client.fields()), isWhole: false), .priority(1),
                .continuation(1, HPACK.literal(Field("a", "b"))))
        }
        section.ends(
            "HEADERS of another stream within a block are a PROTOCOL_ERROR of the connection",
            with: .protocolError
        ) { client in
            await client.send(
                .headers(1, HPACK.block(client.fields()), isWhole: false), client.headers(3))
        }
    }
}
