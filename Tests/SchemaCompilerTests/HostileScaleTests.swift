import Testing

@testable import SchemaCompiler

/// Texts that are large or cross-linked on purpose. Each would take minutes, or never end, if some
/// step took exponential effort. What is merely quadratic shows at ten times these sizes, where the
/// program itself takes under five seconds, unoptimized.
@Suite("Hostile sizes", .timeLimit(.minutes(2)))
struct HostileScaleTests {
    private static let megabyte = 1_000_000

    /// Compiles, renders, formats and emits; returns the codes that were reported.
    @discardableResult
    private func survive(_ text: String) -> [String] {
        let source = SourceFile(path: "test/v1/test.schema", text: text)
        let compilation = Compilation([source])
        #expect(compilation.report.utf8.count < 400_000)
        _ = Formatter.format(source)
        _ = compilation.swiftFiles()
        _ = compilation.protoFiles()
        #expect(compilation.diagnostics.count <= 40)
        return compilation.codes
    }

    private func message(_ body: String) -> String {
        "package test.v1\nmessage A { \(body) }\n"
    }

    private func repeated(_ text: String, _ count: Int) -> String {
        String(repeating: text, count: count)
    }

    @Test("a line of ten megabytes is refused unread")
    func longLine() {
        #expect(survive(repeated("x", 10 * Self.megabyte)) == ["S0004"])
    }

    @Test("a name, a string or a comment of a megabyte is shown in part")
    func longWords() {
        let long = repeated("a", Self.megabyte)
        #expect(survive(message("f: \(long) = 1")) == ["S0004"])
        #expect(survive(message("\(long): Nope = 1")) == ["S0004"])
        #expect(survive(message("f: string = 1 @pattern(\"\(long)\")")) == ["S0505"])
        #expect(survive(message("f: string = 1 @\(long)")) == ["S0004"])
        #expect(survive(message("\"\(long)\"")) == ["S0002"])
        #expect(survive("package test.v1\n// \(long)\n/* \(long.prefix(9_000)) */") == [])
        #expect(survive("package test.v1\n/// \(long)\nmessage A { f: bool = 1 }") == [])
        #expect(survive("package \(long)") == ["S0004"])
    }

    @Test(
        "nesting of any kind is refused, not followed",
        arguments: ["{", "[", "(", "@a(", "a.", "a{"])
    func nesting(open: String) {
        let deep = repeated(open, 10_000)
        survive(message(deep))
        survive(message("f: \(deep)"))
        survive(message("f: bool = 1 @x_a(\(deep))"))
        survive(message("oneof x { \(deep) }"))
        survive("package test.v1\n\(deep)")
        survive("package test.v1\nenum E { \(deep) }\nservice S { \(deep) }")
    }

    @Test(
        "the same thing thousands of times is survived",
        arguments: [
            "#", "\u{0}", "@", "}", "{", "\"", "/*", "///\n", "/// a\n\n", "@x\n", ";", "a", "1",
            "-",
            "reserved 1\n", "reserved 1...2000\n", "reserved \"a\"\n", "a: b = 1\n", "a: [b] = 1;",
            "oneof o {}\n", "a: bool = 99999999999999999999 @max(1h)\n", "é", "\t", "a:", "a =",
        ])
    func repetition(text: String) {
        let many = repeated(text, 8_000)
        survive(message(many))
        survive("package test.v1\n" + many)
        survive("package test.v1\nenum E { unspecified = 0; \(many) }")
    }

    @Test("invalid UTF-8 and NUL bytes are errors wherever they stand")
    func badBytes() throws {
        let path = "Golden/conformance/schemas/bank/risk/v1/risk.schema"
        let original = Array(try Fixtures.text(path).utf8)
        for bad in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80]]
            as [[UInt8]]
        {
            for position in stride(from: 0, through: original.count, by: 397) {
                let bytes = original[..<position] + bad + original[position...]
                let file = SourceFile(path: "bank/risk/v1/risk.schema", bytes: Array(bytes))
                let compilation = Compilation([file])
                #expect(compilation.codes.contains("S0001"))
                #expect(compilation.report.contains("not UTF-8"))
                #expect(Formatter.format(file) == nil)
            }
        }
        #expect(survive(message("f: bool\u{0} = 1")) == ["S0001"])
        #expect(survive(message("f: string = 1 @json(\"a\u{0}\")")) == ["S0001"])
    }

    @Test("counts over the limits are errors")
    func counts() {
        let fields = (1...513).map { "f\($0)_x: bool = \($0)" }.joined(separator: "; ")
        #expect(survive(message(fields)) == ["S0004"])
        let declarations = (1...4097).map { "message M\($0) { f: bool = 1 }" }
        #expect(survive("package test.v1\n" + declarations.joined(separator: "\n")) == ["S0004"])
        let required = (1...65).map { "f\($0)_x: date = \($0) @required" }
        #expect(survive(message(required.joined(separator: "; "))) == ["S0004"])
        let oneofs = (1...65).map { "@required\noneof o\($0)_x { f\($0)_x: bool = \($0) }" }
        #expect(survive(message(oneofs.joined(separator: "\n"))) == ["S0004"])
        let just = (1...64).map { "f\($0)_x: date = \($0) @required" }
        #expect(survive(message(just.joined(separator: "; "))) == [])
    }

    @Test("tens of thousands of names, fields and reservations take linear effort")
    func many() {
        let unknown = (0..<5_000).map { "f\($0): Nope\($0) = \($0)" }.joined(separator: "\n")
        survive(message(unknown))
        let reserved = (0..<15_000).map { "\($0)...\($0 + 1)" }.joined(separator: ", ")
        survive(message("a: bool = 1\nreserved \(reserved)"))
        let values = (1...10_000).map { "v\($0)_x = \($0)" }.joined(separator: "; ")
        let gaps = (5_000..<10_000).map { "\(2 * $0)" }.joined(separator: ", ")
        survive("package test.v1\nenum E { unspecified = 0; \(values)\nreserved \(gaps) }")
        survive("package test.v1\n" + repeated("message A.B {}\n", 12_000))
        survive("package test.v1\n" + repeated("import a.v1\n", 12_000))
        let imports = (0..<5_000).map { "import a\($0).v1" }.joined(separator: "\n")
        survive("package test.v1\n\(imports)\nmessage A { f: Nope = 1 }")
    }

    @Test("sixty messages, each with two of the one before, are measured and refused at once")
    func doubling() {
        let messages = (1..<60).map { "message M\($0) { a: M\($0 - 1)? = 1; b: M\($0 - 1)? = 2 }" }
        let text = "message M0 { a: string = 1 @max(1000) }\n" + messages.joined(separator: "\n")
        let codes = survive("package test.v1\n" + text)
        // Two to the thirteenth fields in one value.
        #expect(codes == ["S0004"])
        let compilation = Compilation.test(text)
        #expect(compilation.schema.types.count == 60)
        #expect(compilation.bounds.maximumBytes(TypeID(index: 59)) == nil)
        #expect(compilation.bounds.depth(TypeID(index: 59)) == 60)
        let comparison = SchemaComparison(old: compilation, new: compilation)
        #expect(comparison.findings.isEmpty)
    }

    @Test("the same through lists is accepted, and its size has no bound")
    func doublingLists() throws {
        let messages = (1..<60).map {
            "message M\($0) { a: [M\($0 - 1)] = 1 @max(1000); b: [string: M\($0 - 1)] = 2 @max(9) @key(max: 9) }"
        }
        let text = "message M0 { a: string = 1 @max(1000) }\n" + messages.joined(separator: "\n")
        let codes = survive("package test.v1\n" + text)
        #expect(codes == ["S0004"], "sixty messages and their map entries nest over a hundred deep")
        let shallow = (1..<40).map {
            "message M\($0) { a: [M\($0 - 1)] = 1 @max(1000); b: [M\($0 - 1)] = 2 @max(1000) }"
        }
        let source = "message M0 { a: string = 1 @max(1000) }\n" + shallow.joined(separator: "\n")
        #expect(survive("package test.v1\n" + source) == [])
        let compilation = Compilation.test(source)
        #expect(compilation.bounds.maximumBytes(TypeID(index: 39)) == nil)
        #expect(compilation.canonicalText(of: "test.v1.M39")?.utf8.count ?? 0 < 10_000)
        #expect(compilation.wireFingerprint(of: "test.v1.M39") != nil)
    }

    @Test("a chain of messages deeper than a decoder goes is refused")
    func chain() {
        func chain(_ count: Int) -> String {
            (0..<count).map { "message M\($0) { f: [M\($0 + 1)] = 1 @max(2) }" }
                .joined(separator: "\n") + "\nmessage M\(count) { f: bool = 1 }"
        }
        #expect(Compilation.test(chain(99)).codes == [])
        #expect(Compilation.test(chain(100)).codes == ["S0004"])
        #expect(Compilation.test(chain(4000)).codes == ["S0004"])
    }

    @Test("cycles of two and of five hundred packages are found once per package")
    func importCycles() {
        for count in [2, 500] {
            let files = (0..<count).map { index in
                SourceFile(
                    path: "p\(index)/v1/p.schema",
                    text: """
                        package p\(index).v1
                        import p\((index + 1) % count).v1
                        message M { f: p\((index + 1) % count).M? = 1 }
                        """)
            }
            let compilation = Compilation(files)
            let cycles = compilation.codes.count { $0 == "S0104" }
            #expect(cycles == count)
            #expect(compilation.report.utf8.count < 2_000 * count)
        }
    }

    @Test("a package graph where everybody imports everybody is survived")
    func denseImports() {
        let count = 60
        let files = (0..<count).map { index in
            let imports = (0..<count).filter { $0 != index }.map { "import p\($0).v1" }
            return SourceFile(
                path: "p\(index)/v1/p.schema",
                text: "package p\(index).v1\n" + imports.joined(separator: "\n"))
        }
        #expect(Compilation(files).codes.count { $0 == "S0104" } == count)
    }

    @Test("an archive of two thousand packages is read in one go")
    func archive() {
        let sections = (0..<2_000).map { "package p\($0).v1\nmessage M {\n  f: bool = 1\n}\n" }
        let file = SourceFile(path: "archive.schema", text: sections.joined())
        let compilation = Compilation([file], archive: true)
        #expect(!compilation.hasErrors, "\(compilation.report.prefix(500))")
        #expect(SchemaComparison(old: compilation, new: compilation).findings.isEmpty)
    }

    @Test("a finding in a very long line shows the part around it, and no control characters")
    func excerpt() {
        let text = message(
            "/* \u{1B}[31m\(repeated("é", 500)) */ f: Nope = 1 /* \(repeated("x", 500)) */")
        let lines = Compilation.test(text.replacing("package test.v1\n", with: "")).report
            .split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[1].unicodeScalars.count <= 170)
        #expect(lines[1].contains("f: Nope = 1"))
        #expect(!lines[1].unicodeScalars.contains("\u{1B}"))
        let column = lines[2].unicodeScalars.firstIndex(of: "^").map {
            lines[2].unicodeScalars.distance(from: lines[2].unicodeScalars.startIndex, to: $0)
        }
        let name = lines[1].unicodeScalars.firstIndex(of: "N").map {
            lines[1].unicodeScalars.distance(from: lines[1].unicodeScalars.startIndex, to: $0)
        }
        #expect(column == name)
    }
}
