import RawHTTP2
import Testing

/// RFC 7541: what cannot be decoded ends the connection, what can be is taken in every form.
@Suite("Server: RFC 7541")
struct HeaderCompressionTests {
    @Test(
        "HPACK 2.3.3 Index space", arguments: HeaderCompressionCases.indices.cases,
        ServerUnderTest.allCases)
    func indices(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test(
        "HPACK 4.2 Table size", arguments: HeaderCompressionCases.size.cases,
        ServerUnderTest.allCases)
    func size(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test(
        "HPACK 5.2 Strings", arguments: HeaderCompressionCases.strings.cases,
        ServerUnderTest.allCases)
    func strings(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test(
        "HPACK 6.1 Indexed fields", arguments: HeaderCompressionCases.indexed.cases,
        ServerUnderTest.allCases)
    func indexed(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test(
        "HPACK 6.3 Size updates", arguments: HeaderCompressionCases.updates.cases,
        ServerUnderTest.allCases)
    func updates(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }

    @Test(
        "generic 5 HPACK", arguments: HeaderCompressionCases.forms.cases, ServerUnderTest.allCases)
    func forms(_ example: ConformanceCase, _ server: ServerUnderTest) async throws {
        try await example.run(against: server)
    }
}

enum HeaderCompressionCases {
    static let indices = Section { section in
        section.ends("an index beyond both tables", with: .compressionError) {
            await $0.send(.headers(1, HPACK.block($0.fields()) + HPACK.indexed(70), ends: true))
        }
        section.ends("a literal whose name's index is beyond", with: .compressionError) {
            let field = HPACK.literal(nameAt: 70, "empty", .incremental)
            await $0.send(.headers(1, HPACK.block($0.fields()) + field, ends: true))
        }
    }

    static let size = Section { section in
        section.ends("a change of size behind fields", with: .compressionError) {
            let block = HPACK.block($0.fields()) + HPACK.tableSizeUpdate(1)
            await $0.send(.headers(1, block, ends: true))
        }
    }

    static let strings = Section { section in
        func add(_ what: String, _ value: [UInt8]) {
            section.ends(what, with: .compressionError) {
                let field =
                    [0x00] + HPACK.string("x-test")
                    + HPACK.integer(value.count, prefix: 7, pattern: 0x80) + value
                await $0.send(.headers(1, HPACK.block($0.fields()) + field, ends: true))
            }
        }
        let text = "test".utf8.map { Int($0) }
        add("padding of more than seven bits", HuffmanCode.encode(text, extra: 1))
        add("padding of zeros", HuffmanCode.encode(text, fill: false))
        add("the symbol that ends a string", HuffmanCode.encode(text + [HuffmanCode.endOfString]))
    }

    static let indexed = Section { section in
        section.ends("the index 0", with: .compressionError) {
            await $0.send(.headers(1, HPACK.block($0.fields()) + HPACK.indexed(0), ends: true))
        }
    }

    static let updates = Section { section in
        section.ends("a size above HEADER_TABLE_SIZE", with: .compressionError) {
            let block = HPACK.tableSizeUpdate(4_097) + HPACK.block($0.fields())
            await $0.send(.headers(1, block, ends: true))
        }
    }

    /// Every representation of a field, by index and by name, plain and in Huffman's code.
    static let forms = Section { section in
        func add(_ what: String, _ field: [UInt8], behind update: [UInt8] = []) {
            section.survives(
                what
            ) {
                let block = update + HPACK.block($0.fields()) + field
                await $0.send(.headers(1, block), .data(1, RawClient.message(3), ends: true))
                try await $0.expectEcho(1)
            }
        }
        // 15 of appendix A is accept-charset, 58 is user-agent.
        section.survives(
            "an indexed field"
        ) {
            let rest = $0.fields().filter { $0.name != ":method" }
            await $0.send(
                .headers(1, HPACK.indexed(3) + HPACK.block(rest)),
                .data(1, RawClient.message(3), ends: true))
            try await $0.expectEcho(1)
        }
        let names: [(HPACK.Indexing, String)] = [
            (.incremental, "with incremental indexing"), (.without, "without indexing"),
            (.never, "never indexed"),
        ]
        for (indexing, name) in names {
            for isHuffman in [false, true] {
                let coded = isHuffman ? ", in Huffman's code" : ""
                add(
                    "a literal \(name), its name by index\(coded)",
                    HPACK.literal(nameAt: 58, "test", indexing, isHuffman: isHuffman))
            }
            for isHuffman in [false, true] {
                let coded = isHuffman ? ", in Huffman's code" : ""
                add(
                    "a literal \(name), its name in full\(coded)",
                    HPACK.literal(Field("x-test", "test"), indexing, isHuffman: isHuffman))
            }
        }
        add("a change of the table's size", [], behind: HPACK.tableSizeUpdate(128))
        add(
            "two changes of the table's size", [],
            behind: HPACK.tableSizeUpdate(128) + HPACK.tableSizeUpdate(4_096))
    }
}
