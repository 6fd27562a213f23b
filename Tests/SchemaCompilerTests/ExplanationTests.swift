import Testing
import Wire

@testable import SchemaCompiler

@Suite("Explanations")
struct ExplanationTests {
    static let pages = Explanation.all.map(\.code)

    private func page(_ code: String) throws -> Explanation {
        try #require(Explanation.of(code))
    }

    private func compile(_ text: String) -> Compilation {
        Compilation(Explanation.sources(text))
    }

    @Test("every diagnostic, wire rule and breaking rule has one page, in order")
    func complete() {
        let wire = (1...14).map { "R\($0)" }
        let expected =
            DiagnosticCode.allCases.map(\.rawValue) + wire + BreakingRule.allCases.map(\.rawValue)
        #expect(Self.pages == expected)
    }

    @Test("the example does what the page says", arguments: pages)
    func example(code: String) throws {
        switch try page(code).example {
        case .schema(let wrong, let right):
            #expect(Set(compile(wrong).codes) == [code], "\(compile(wrong).report)")
            #expect(compile(right).diagnostics.isEmpty, "\(compile(right).report)")
        case .bytes(let schema, let wrong, let right):
            let compilation = compile(schema)
            let dynamic = try #require(compilation.dynamicSchema(), "\(compilation.report)")
            func decode(_ hex: String) throws(WireError) -> DynamicMessage? {
                try DynamicMessage(
                    decoding: bytes(hex), as: "example.v1.Payment", in: dynamic, door: .strict)
            }
            let message = try #require(try decode(right))
            #expect(message.encoded() == bytes(right))
            guard let wrong else { return }
            let error = #expect(throws: WireError.self) { try decode(wrong) }
            #expect(error?.rule.map { "R\($0)" } == code, "\(String(describing: error))")
        case .change(let old, let wrong, let right):
            func rules(_ new: String) -> [String] {
                let versions = (compile(old), compile(new))
                #expect(versions.0.diagnostics.isEmpty, "\(versions.0.report)")
                #expect(versions.1.diagnostics.isEmpty, "\(versions.1.report)")
                return SchemaComparison(old: versions.0, new: versions.1).findings
                    .map(\.rule.rawValue)
            }
            #expect(rules(wrong).contains(code))
            // What is safe breaks nothing else either, but for names in Swift.
            #expect(rules(right).filter { !$0.hasPrefix("SOURCE") } == [])
            #expect(!rules(right).contains(code))
        }
    }

    private func bytes(_ text: String) -> [UInt8] {
        let hex = text.prefix { $0 != "#" }
        return hex.split(separator: " ").compactMap { UInt8($0, radix: 16) }
    }

    @Test("a page shows the example and what the compiler says of it")
    func rendered() throws {
        let text = try page("S0203").rendered()
        #expect(text.hasPrefix("S0203: duplicate field number\n\n"))
        #expect(text.contains("\n      score: uint32 = 1\n"))
        #expect(text.contains("error: field number 1 is already used by 'id' [S0203]"))
        #expect(text.contains("use 2, the next free number"))
        for line in try Self.pages.flatMap({ try page($0).rendered().split(separator: "\n") }) {
            #expect(line.count <= 160, "\(line)")
        }
    }

    @Test("codes are found in any case, and guessed when they are misspelt")
    func lookup() {
        #expect(Explanation.of("wire-05")?.code == "WIRE-05")
        #expect(Explanation.of("s0203")?.code == "S0203")
        #expect(Explanation.of("R15") == nil)
        #expect(Explanation.of("WIRE5")?.code == "WIRE-05")
        #expect(Explanation.of("r07")?.code == "R7")
        #expect(Explanation.suggestion(for: "WIER-05") == "WIRE-05")
        #expect(Explanation.suggestion(for: "S02003") == "S0203")
        #expect(Explanation.suggestion(for: "nonsense") == nil)
        #expect(Explanation.index.contains("  WIRE-05    presence changed\n"))
    }
}
