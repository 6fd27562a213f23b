import Testing

@testable import SchemaCompiler

@Suite("Static bounds")
struct BoundsTests {
    private func maximum(_ text: String, of name: String = "A") -> Int? {
        let compilation = Compilation.test(text)
        #expect(!compilation.hasErrors, "\(compilation.report)")
        guard let type = compilation.schema.type(named: "test.v1.\(name)") else { return nil }
        return compilation.bounds.maximumBytes(type)
    }

    @Test("the conformance request has the bound and the limit that the format states")
    func conformanceRequest() throws {
        #expect(
            try Fixtures.conformance().boundsReport() == """
                service bank.risk.v1.RiskService
                  Assess: request at most 74684 bytes, depth 4, limit 91068; \
                response at most 34 bytes, depth 2, limit 16418
                  WatchDecisions: request at most 19 bytes, depth 2, limit 16403; \
                response at most 34 bytes, depth 2, limit 16418

                """)
    }

    @Test(
        "a field is its tag and its largest payload",
        arguments: [
            ("bool = 1", 2), ("int32 = 1", 6), ("int32 = 1 @wire(twos)", 11),
            ("uint64 = 16", 12), ("uint64 = 1 @wire(fixed)", 9), ("float = 1", 5),
            ("string = 1 @max(127)", 129), ("bytes = 1 @max(128)", 131), ("uuid = 1", 18),
            ("decimal? = 1", 14), ("money? = 1", 19), ("timestamp? = 1", 19),
            ("duration? = 1", 24), ("date? = 1", 7), ("[bool] = 1 @max(3)", 5),
            ("[uuid] = 1 @max(3)", 54), ("[string: bool] = 1 @max(2) @key(max: 10)", 32),
            ("[int64: int32] = 1 @max(1)", 19),
        ])
    func fieldSizes(field: String, bytes: Int) {
        #expect(maximum("message A { f: \(field) }") == bytes)
    }

    @Test("a oneof counts its largest member, a union likewise")
    func oneofs() {
        #expect(maximum("message A { oneof x { a: bool = 1; b: double = 2 }; c: bool = 3 }") == 11)
        #expect(maximum("union A { a: bool = 1; b: double = 2 }") == 9)
    }

    @Test(
        "what has no bound is unbounded",
        arguments: [
            "message A { f: string = 1 }", "message A { f: [bool] = 1 }",
            "message A { f: [string] = 1 @max(2) }",
            "message A { f: [string: bool] = 1 @max(2) }",
            "@depth(4) message A { f: [A] = 1 @max(2) }",
            "message A { f: [B] = 1 @max(1_000_000) } message B { g: bytes = 1 @max(16MiB) }",
        ])
    func unbounded(text: String) {
        #expect(maximum(text.replacing(") } message", with: ") }\nmessage")) == nil)
    }

    @Test("depth counts messages, map entries and value types; a recursive type states its own")
    func depth() {
        let compilation = Compilation.test(
            """
            message Leaf { f: bool = 1 }
            message Money { f: money? = 1 }
            message Entry { f: [string: bool] = 1 }
            message Nested { f: [string: Money] = 1 }
            @depth(9) message Tree { f: [Tree] = 1 }
            message Holder { f: Tree? = 1 }
            """.replacing("message Money", with: "message Amount").replacing(
                ": Money]", with: ": Amount]"))
        func depth(_ name: String) -> Int? {
            compilation.schema.type(named: "test.v1.\(name)").map(compilation.bounds.depth)
        }
        #expect(depth("Leaf") == 1, "\(compilation.report)")
        #expect(depth("Amount") == 2)
        #expect(depth("Entry") == 2)
        #expect(depth("Nested") == 4)
        #expect(depth("Tree") == 9)
        #expect(depth("Holder") == 10)
    }
}
