/// Schemas in small: every construct of the language, one idea per text.
enum SchemaSeeds {
    static var pieces: [Seed] {
        let head = "package test.v1\n"
        let named = declarations.map { ($0.name, head + $0.text) }
        let all = ("all", head + declarations.map(\.text).joined(separator: "\n"))
        return (named + [all]).map { Seed(name: $0.0, input: Array($0.1.utf8)) }
    }

    /// Several files: imports, aliases, an ambiguity, a cycle, a foreign package.
    static var compilations: [Seed] {
        let texts = [
            "imports": """
            === a/v1/a.schema
            package a.v1
            import b.v1
            import c.v2 as other
            message A { b: b.B = 1 @required; c: [other.C] = 2 @max(2) }
            === b/v1/b.schema
            package b.v1
            message B { x: bool = 1 }
            === c/v2/c.schema
            package c.v2
            message C { x: bool = 1 }
            """,
            "cycle": """
            === a/v1/a.schema
            package a.v1
            import b.v1
            message A { b: b.B? = 1 }
            === b/v1/b.schema
            package b.v1
            import a.v1
            message B { a: a.A? = 1 }
            """,
            "foreign": """
            === inference/inference.schema
            @protobuf_types
            package inference
            enum State { unknown = 0; ready = 1 }
            message Request { shape: [int64] = 1; in: [string: Request.Tensor] = 2; state: State = 3 }
            message Request.Tensor { oneof kind { a: int32 = 1; b: string = 2 } }
            """,
        ]
        return texts.sorted { $0.key < $1.key }.map {
            Seed(name: $0.key, input: Array($0.value.utf8))
        }
    }

    private static let declarations: [(name: String, text: String)] = [
        (
            "scalars",
            """
            /// A code.
            scalar Code = string @max(8) @pattern("[A-Z]{3}-?[0-9]*") @pii(account)
            message Scalars {
              a: bool = 1 @required; b: int32 = 2 @range(-5...5); c: int64? = 3 @wire(fixed)
              d: [double] = 4 @max(4) @finite @json("dee") @x_mine([1, "two", {}]) // trailing
              e: Code = 5 @in(["ABC", "ABD"]) @deprecated("old")
              reserved 9, 20...29, "f"
            }
            """
        ),
        (
            "values",
            """
            message Values {
              a: decimal? = 1 @scale(max: 2) @range(0...100.5); b: money = 2 @required @currency([EUR])
              c: timestamp? = 3; d: duration? = 4; e: date? = 5; f: uuid = 6; g: bytes = 7 @len(4)
            }
            """
        ),
        (
            "union",
            """
            union Choice { one: bool = 1; two: string = 2 @max(4) }
            message Holder {
              @required
              oneof which { x: Choice = 1; y: uint64 = 2 }
              maps: [string: Choice] = 3 @max(8) @key(max: 8)
              /* a comment */
              ids: [uuid] = 4 @len(2) @unique
            }
            """
        ),
        (
            "enum",
            """
            enum Word { unspecified = 0; default = 1; init = 2 @deprecated("x"); reserved 4...6, "class" }
            message Words { w: Word = 1 @in([default, init]); many: [Word] = 2 @max(3) }
            """
        ),
        (
            "tree",
            """
            @depth(8)
            message Tree { label: string = 1 @max(8); children: [Tree] = 2 @max(4) }
            @sealable
            message Log { at: timestamp = 1 @required; secret: bytes = 2 @commitment }
            """
        ),
        (
            "service",
            """
            message Request { id: string = 1 @required @max(64) }
            @auth(scope: "test.use", mtls: true)
            service Calls {
              /// Once.
              @idempotent(key: id, ttl: 90s) @cost(5) @deadline(1500us) @retry(max: 3, on: [unavailable])
              rpc Do(Request) -> Request
              @public @readonly
              rpc Watch(Request) -> stream Request @max_response(1MiB)
              rpc Both(stream Request) -> stream Request
            }
            """
        ),
    ]
}
