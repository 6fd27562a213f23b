import Foundation
// Every test of generated code needs these two.
@_exported import FuzzProperties
@_exported import GoldenMessages

@testable import SchemaCompiler

/// Files beside the tests.
enum Fixtures {
    static let directory = URL(filePath: #filePath).deletingLastPathComponent()

    static func text(_ path: String) throws -> String {
        try String(contentsOf: directory.appending(path: path), encoding: .utf8)
    }

    static func sources(below path: String) throws -> [SourceFile] {
        let root = directory.appending(path: path)
        let names = try FileManager.default.subpathsOfDirectory(atPath: root.path)
        return try names.filter { $0.hasSuffix(".schema") }.map { name in
            let data = try Data(contentsOf: root.appending(path: name))
            return SourceFile(path: name, bytes: Array(data))
        }
    }

    /// Whether golden files are refreshed instead of compared.
    static let isUpdate = ProcessInfo.processInfo.environment["ASSAY_UPDATE_GOLDEN"] == "1"

    /// The files in one text: a line `// --- path` begins another one.
    static func split(_ text: String) -> [SourceFile] {
        var files: [(path: String, lines: [String])] = [("test/v1/test.schema", [])]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("// --- ") {
                files.append((String(line.dropFirst(7)), []))
            } else {
                files[files.count - 1].lines.append(String(line))
            }
        }
        return files.filter { $0.lines != [""] && !$0.lines.isEmpty }.map {
            SourceFile(path: $0.path, text: $0.lines.joined(separator: "\n"))
        }
    }

    /// The schema of wire.md §2.
    static func conformance() throws -> Compilation {
        Compilation(try sources(below: "Golden/conformance/schemas"))
    }
}

extension Compilation {
    /// Compiles one file of package `test.v1`; the package line is added.
    static func test(_ text: String) -> Compilation {
        Compilation([SourceFile(path: "test/v1/test.schema", text: "package test.v1\n" + text)])
    }

    /// Full names of everything that has a canonical text.
    var roots: [String] {
        schema.types.map(\.fullName) + schema.services.map(\.fullName)
    }

    /// Fingerprints and canonical text of every root.
    var canonicalReport: String {
        roots.map { name in
            """
            === \(name)
            wire \(wireFingerprint(of: name) ?? "")
            API  \(apiFingerprint(of: name) ?? "")
            \(canonicalText(of: name) ?? "")
            """
        }.joined(separator: "\n")
    }

    var codes: [String] { diagnostics.map(\.code.rawValue) }

    var report: String { diagnostics.map { rendered($0) }.joined(separator: "\n") }

    func swift(_ path: String) -> String {
        swiftFiles().first { $0.path == path }?.text ?? ""
    }

    func proto(_ path: String) -> String {
        protoFiles().first { $0.path == path }?.text ?? ""
    }
}

extension Compilation {
    /// The API fingerprint of the sealable message of the golden schema.
    static var everythingFingerprint: String? {
        let sources = try? Fixtures.sources(below: "Golden/everything/schemas")
        return Compilation(sources ?? []).apiFingerprint(of: "test.everything.v1.Sealed")
    }
}

extension Compilation {
    /// The schemas of a golden folder; without messages if they cannot be read.
    static func golden(_ name: String) -> Compilation {
        Compilation((try? Fixtures.sources(below: "Golden/\(name)/schemas")) ?? [])
    }
}

enum Hexadecimal {
    /// Nil unless the text is pairs of digits.
    static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        let digits = text.compactMap(\.hexDigitValue)
        guard digits.count == text.count, digits.count % 2 == 0 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }

    /// 32 bytes a line.
    static func lines(_ bytes: [UInt8]) -> String {
        stride(from: 0, to: bytes.count, by: 32).map { start in
            bytes[start..<min(start + 32, bytes.count)].map { byte in
                String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
            }.joined() + "\n"
        }.joined()
    }
}
