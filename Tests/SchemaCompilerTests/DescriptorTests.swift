import Foundation
import SchemaCompiler
import Testing

/// The emitted descriptors against what `protoc` makes of the emitted text.
@Suite("Descriptors", .enabled(if: Protoc.isPresent, "protoc is not installed"))
struct DescriptorTests {
    /// Compares the set with that of `protoc`, file by file.
    private static func compare(_ compilation: Compilation) throws {
        let report = compilation.report
        try #require(!compilation.hasErrors, "\(report)")
        let theirs = try protoc(compilation)
        let ours = compilation.descriptorSet()
        for (our, their) in zip(try files(ours), try files(theirs)) {
            let isEqual = our == their
            #expect(isEqual, "\(name(our)) differs from \(name(their))")
        }
        let isEqual = ours == theirs
        #expect(isEqual)
    }

    /// Compiles the `.proto` files of a compilation with `protoc`.
    private static func protoc(_ compilation: Compilation) throws -> [UInt8] {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "assay-descriptors-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        let files = compilation.protoFiles()
        for file in files {
            let url = directory.appending(path: file.path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(file.bytes).write(to: url)
        }
        return try Protoc.run(
            ["--descriptor_set_out=/dev/stdout", "--include_imports"] + files.map(\.path).sorted(),
            in: directory)
    }

    /// The files of a `FileDescriptorSet`, which are its field 1.
    private static func files(_ set: [UInt8]) throws -> [ArraySlice<UInt8>] {
        var result: [ArraySlice<UInt8>] = []
        var rest = set[...]
        while !rest.isEmpty { result.append(try record(&rest)) }
        return result
    }

    /// Field 1 of a file.
    private static func name(_ file: ArraySlice<UInt8>) -> String {
        var rest = file
        return (try? record(&rest)).map { String(decoding: $0, as: UTF8.self) } ?? "nothing"
    }

    private static func record(_ bytes: inout ArraySlice<UInt8>) throws -> ArraySlice<UInt8> {
        let tag = bytes.popFirst()
        try #require(tag == 0x0A)
        var length = 0
        for shift in stride(from: 0, to: 28, by: 7) {
            let next = bytes.popFirst()
            let byte = try #require(next)
            length |= Int(byte & 0x7F) << shift
            if byte < 0x80 { break }
        }
        try #require(length <= bytes.count)
        defer { bytes = bytes.dropFirst(length) }
        return bytes.prefix(length)
    }

    @Test("they are protoc's, byte for byte", arguments: ["conformance", "everything"])
    func golden(name: String) throws {
        try Self.compare(Compilation(try Fixtures.sources(below: "Golden/\(name)/schemas")))
    }

    @Test("those of Assay's own schemas are protoc's too")
    func repository() throws { try Self.compare(try Repository.compilation()) }

    @Test("names that protoc would seek in the wrong scope get a leading dot")
    func scopes() throws {
        let compilation = Compilation([
            SourceFile(
                path: "a/bank/v1/x.schema",
                text: """
                    package a.bank.v1
                    import bank.v1
                    import google.v1 as goo
                    message M { one: bank.v1.Card?  = 1; at: timestamp? = 2; two: goo.Thing? = 3 }
                    message Card { price: decimal? = 1 }
                    message N { card: Card? = 1; own: a.bank.v1.Card? = 2 }
                    """),
            SourceFile(path: "bank/v1/x.schema", text: "package bank.v1\nmessage Card {}"),
            SourceFile(path: "google/v1/x.schema", text: "package google.v1\nmessage Thing {}"),
            SourceFile(
                path: "a/google/v1/x.schema",
                text: "package a.google.v1\nmessage M { at: duration? = 1 }"),
            SourceFile(
                path: "foreign/x.schema",
                text: """
                    @protobuf_types(file: "other/name.proto")
                    package foreign
                    message Outer {
                      inner: Inner? = 1; nested: Outer.Inner? = 2; deep: Outer.Inner.Deep? = 3
                      things: [string: Inner] = 4; entry: ThingsEntry? = 5
                    }
                    message Outer.Inner { deep: Outer.Inner.Deep? = 1; top: Inner? = 2 }
                    message Outer.Inner.Deep { kind: Outer.Inner.Kind = 1; up: ThingsEntry? = 2 }
                    enum Outer.Inner.Kind { none = 0; deprecated_one = 7 @deprecated("old") }
                    message Inner { flag: bool? = 1 }
                    message ThingsEntry { one: bool = 1 }
                    """),
        ])
        try Self.compare(compilation)
        let text = compilation.proto("a/bank/v1/bank.proto")
        expect(text, contains: "  .bank.v1.Card one = 1;")
        expect(text, contains: "  .google.protobuf.Timestamp at = 2;")
        expect(text, contains: "  Card card = 1;")
        let foreign = compilation.proto("other/name.proto")
        expect(foreign, contains: "  foreign.Inner inner = 1;")
        expect(foreign, contains: "  foreign.ThingsEntry entry = 5;")
        expect(foreign, contains: "  Outer.Inner.Deep deep = 3;")
    }

    @Test("packages may be called what .proto keeps for itself")
    func keywordPackages() throws {
        let words = [
            "message", "enum", "extensions", "reserved", "option", "oneof", "optional", "repeated",
            "map", "group", "stream", "string", "int32", "package", "import", "syntax", "service",
        ]
        let types = words.map { word in
            SourceFile(
                path: "\(word)/v1/x.schema", text: "package \(word).v1\nmessage Card {}\n")
        }
        let imports = words.map { "import \($0).v1 as p_\($0)\n" }.joined()
        let fields = words.enumerated().map { index, word in
            """
            message M\(index) {
              one: p_\(word).Card? = 1; many: [p_\(word).Card] = 2; named: [string: p_\(word).Card] = 3
              oneof choice { chosen: p_\(word).Card = 4 }
            }
            @public service S\(index) { rpc Call(stream p_\(word).Card) -> p_\(word).Card }

            """
        }
        let text = "package user.v1\n" + imports + fields.joined()
        try Self.compare(Compilation(types + [SourceFile(path: "user/v1/x.schema", text: text)]))
    }

    private func expect(_ text: String, contains line: String) {
        let found = text.contains(line)
        #expect(found, "no '\(line)' in\n\(text)")
    }

    @Test("field names that .proto keeps for itself stay names")
    func keywords() throws {
        let words = [
            "message", "enum", "service", "rpc", "returns", "stream", "option", "optional",
            "required", "repeated", "oneof", "map", "reserved", "extensions", "extend", "group",
            "import", "package", "syntax", "public", "weak", "to", "max", "double", "int32",
            "string", "bytes", "true", "inf", "nan", "default", "json_name", "packed",
        ]
        let fields = words.enumerated().map { "  \($1): string = \($0 + 1)" }
        let optionals = words.enumerated().map { "  \($1): uint32? = \($0 + 1)" }
        let lists = words.enumerated().map { "  \($1): [Option] = \($0 + 1)" }
        let members = words.enumerated().map { "    \($1): bool = \($0 + 1)" }
        let values = words.enumerated().map { "  \($1) = \($0 + 1)" }
        try Self.compare(
            .test(
                """
                message Fields {\n\(fields.joined(separator: "\n"))\n}
                message Optionals {\n\(optionals.joined(separator: "\n"))\n}
                message Option {\n  oneof choice {\n\(members.joined(separator: "\n"))\n  }\n}
                message Lists {\n\(lists.joined(separator: "\n"))\n}
                enum Message {\n  unspecified = 0\n\(values.joined(separator: "\n"))\n}
                """))
    }
}
