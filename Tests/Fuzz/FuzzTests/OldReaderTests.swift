import Foundation
import FuzzProperties
import SchemaCompiler
import Testing
import Wire

/// P4: old reader, new writer. A round trip through the schema as it was before some of its fields and enum
/// values were added keeps every byte.
@Suite("Old readers")
struct OldReaderTests {
    private static let golden = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "SchemaCompilerTests/Golden")

    private static func sources() throws -> [SourceFile] {
        try ["conformance", "everything"].flatMap { name in
            let root = golden.appending(path: "\(name)/schemas")
            let names = try FileManager.default.subpathsOfDirectory(atPath: root.path)
            return try names.filter { $0.hasSuffix(".schema") }.map { name in
                let text = try String(contentsOf: root.appending(path: name), encoding: .utf8)
                // The services name fields in their annotations, and no reader needs them.
                return SourceFile(path: name, text: withoutServices(text))
            }
        }
    }

    private static func withoutServices(_ text: String) -> String {
        let start = text.range(of: "\nservice ")?.lowerBound
        guard let start, let end = text.range(of: "\n}\n", range: start..<text.endIndex) else {
            return text
        }
        let head = text[..<start]
        // Up to its annotations, which stand on the lines before it.
        let annotations = head.range(of: "\n@", options: .backwards)?.lowerBound ?? start
        let isItsOwn = head[annotations...].filter { $0 == "\n" }.count <= 1
        return String(head[..<(isItsOwn ? annotations : start)]) + "\n" + text[end.upperBound...]
    }

    /// The sources without one in so many fields and enum values.
    private static func older(
        _ sources: [SourceFile], _ generator: inout SeededGenerator
    ) throws -> DynamicSchema {
        // A line that cannot go, since something else needs it, stays: one at a time.
        var kept = sources
        for index in sources.indices {
            let lines = String(decoding: sources[index].bytes, as: UTF8.self)
                .split(separator: "\n", omittingEmptySubsequences: false)
            var dropped: Set<Int> = []
            for number in lines.indices where isMember(lines, number) {
                guard Int.random(in: 0..<4, using: &generator) == 0 else { continue }
                dropped.insert(number)
            }
            let rest = lines.indices.filter { !dropped.contains($0) }.map { lines[$0] }
            let text = rest.joined(separator: "\n")
            var candidate = kept
            candidate[index] = SourceFile(path: sources[index].path, text: text)
            if !Compilation(candidate).hasErrors { kept = candidate }
        }
        return try #require(Compilation(kept).dynamicSchema())
    }

    /// A field or an enum value that stands on a line of its own, and is no member of a required oneof: to
    /// add one there is a breaking change (WIRE-06).
    private static func isMember(_ lines: [Substring], _ number: Int) -> Bool {
        let line = lines[number].drop { $0 == " " }
        let name = line.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        let rest = line.dropFirst(name.count).drop { $0 == " " }
        let isMember = !name.isEmpty && (rest.first == ":" || rest.first == "=")
        let before = lines[..<number].suffix(4)
        let isRequired = before.contains { $0.contains("@required") && !$0.contains("=") }
        return isMember && !isRequired && !line.contains("= 0")
    }

    @Test("a message keeps what an older schema does not know", arguments: 0..<12)
    func oldReader(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let old = try Self.older(try Self.sources(), &generator)
        let limits = DecodeLimits(unknownBytes: 1 << 20)
        var unknown = 0
        for type in MessageProperties.all {
            for _ in 0..<20 {
                var records = ArbitraryRecords(generator: generator)
                let loose = records.message(type.fields)
                generator = records.generator
                let bytes = try type.canonical(loose).bytes
                for door in [Door.strict, .tolerant] {
                    let message = try #require(
                        try DynamicMessage(
                            decoding: bytes, as: type.name, in: old, door: door, limits: limits))
                    #expect(message.encoded() == bytes, "\(type.name), seed \(seed)")
                    if message.unknown != nil { unknown += 1 }
                }
                // In any layout too, the known fields come out as the new reader would write them.
                let message = try DynamicMessage(
                    decoding: loose, as: type.name, in: old, door: .tolerant, limits: limits)
                let again = try type.canonical(try #require(message).encoded()).bytes
                #expect(again == bytes, "\(type.name), seed \(seed)")
            }
        }
        #expect(unknown > 50)
    }

    @Test("a new reader takes what an old one wrote", arguments: 0..<4)
    func newReader(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let old = try Self.older(try Self.sources(), &generator)
        for type in MessageProperties.all {
            let table = try #require(old.table(of: type.name))
            for _ in 0..<10 {
                var records = ArbitraryRecords(generator: generator)
                let loose = records.message(table)
                generator = records.generator
                let message = try #require(
                    try DynamicMessage(decoding: loose, as: type.name, in: old, door: .tolerant))
                // Unless it lacks a record that has become required.
                let isWhole = type.fields.fields.allSatisfy { field in
                    if case .required = field.shape {
                        table.fields.contains { $0.number == field.number }
                    } else {
                        true
                    }
                }
                if isWhole {
                    #expect(throws: Never.self, "\(type.name), seed \(seed)") {
                        _ = try type.strict(message.encoded(), DecodeLimits())
                    }
                }
            }
        }
    }
}
