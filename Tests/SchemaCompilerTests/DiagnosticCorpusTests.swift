import Foundation
import Testing

@testable import SchemaCompiler

/// Every file of `Diagnostics` says in comments what the compiler must find in it:
/// `// expect-error@+1:34 [S0203] part of the message`. A line `// --- path` begins another file.
@Suite("Diagnostics")
struct DiagnosticCorpusTests {
    struct Expectation: Hashable, CustomStringConvertible {
        let path: String
        let line: Int
        let column: Int
        let code: String
        let severity: String
        let text: String

        var description: String { "\(path):\(line):\(column): \(severity): \(text) [\(code)]" }
    }

    static let names: [String] = {
        let path = Fixtures.directory.appending(path: "Diagnostics").path
        let all = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return all.filter { $0.hasSuffix(".schema") }.sorted()
    }()

    @Test("each file gives exactly the findings that it announces", arguments: names)
    func announced(name: String) throws {
        let sources = Fixtures.split(try Fixtures.text("Diagnostics/\(name)"))
        let compilation = Compilation(sources)
        var missing = sources.flatMap(Self.expectations)
        #expect(!missing.isEmpty, "the file announces nothing")
        for diagnostic in compilation.diagnostics {
            let file = compilation.sources[diagnostic.location.file]
            let (line, column) = file.position(of: diagnostic.location.span.start)
            let match = missing.firstIndex { expected in
                expected.path == file.path && expected.line == line && expected.column == column
                    && expected.code == diagnostic.code.rawValue
                    && expected.severity == diagnostic.severity.rawValue
                    && compilation.rendered(diagnostic).contains(expected.text)
            }
            if let match {
                missing.remove(at: match)
            } else {
                Issue.record("not announced: \(compilation.rendered(diagnostic))")
            }
        }
        #expect(missing.isEmpty, "\(missing.map(\.description).joined(separator: "\n"))")
    }

    @Test("every code of the compiler has a file")
    func complete() {
        let covered = Set(Self.names.map { String($0.prefix(5)) })
        let all = Set(DiagnosticCode.allCases.map(\.rawValue))
        #expect(all.subtracting(covered).sorted() == [])
    }

    private static func expectations(_ file: SourceFile) -> [Expectation] {
        let pattern = /\/\/ expect-(error|warning)@([+-]?[0-9]+):([0-9]+) \[(S[0-9]+)\] ?(.*)/
        let text = String(decoding: file.bytes, as: UTF8.self)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.enumerated().compactMap { index, line in
            guard let match = line.firstMatch(of: pattern) else { return nil }
            return Expectation(
                path: file.path, line: index + 1 + (Int(match.2) ?? 0), column: Int(match.3) ?? 0,
                code: String(match.4), severity: String(match.1), text: String(match.5))
        }
    }
}
