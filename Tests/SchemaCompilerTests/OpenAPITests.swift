import Foundation
import Testing
import Wire

@testable import SchemaCompiler

/// The OpenAPI document of the project's own schemas, held against the schemas themselves.
@Suite("OpenAPI") struct OpenAPITests {
    private func document(_ compilation: Compilation) throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: Data(compilation.openAPI()))
        return try #require(value as? [String: Any])
    }

    /// The value at a path of keys.
    private func find(_ value: Any?, _ keys: String...) -> Any? {
        keys.reduce(value) { ($0 as? [String: Any])?[$1] }
    }

    @Test("every unary method is an operation; what only reads is one by GET, too")
    func operations() throws {
        let compilation = try Repository.compilation()
        let paths = try #require(try document(compilation)["paths"] as? [String: Any])
        var expected: [String: Bool] = [:]
        for service in compilation.schema.services {
            for method in service.methods where !method.streamsRequest && !method.streamsResponse {
                expected["/\(service.fullName)/\(method.name)"] =
                    method.policy.idempotency == .readonly
            }
        }
        #expect(Set(paths.keys) == Set(expected.keys))
        for (path, isReadOnly) in expected {
            #expect((find(paths[path], "get") != nil) == isReadOnly, "\(path)")
            #expect(find(paths[path], "post") != nil, "\(path)")
        }
    }

    @Test("every example is a message that the schema lets pass")
    func examples() throws {
        let compilation = try Repository.compilation()
        let paths = try #require(try document(compilation)["paths"] as? [String: Any])
        let schema = try #require(compilation.dynamicSchema())
        for service in compilation.schema.services {
            for method in service.methods where !method.streamsRequest && !method.streamsResponse {
                let path = "/\(service.fullName)/\(method.name)"
                let media = find(
                    paths[path], "post", "requestBody", "content", "application/json")
                let example = try #require(find(media, "example"), "\(path) has no example")
                let type = compilation.schema.types[method.request.index].fullName
                #expect(
                    find(media, "schema", "$ref") as? String == "#/components/schemas/\(type)")
                let text = Array(try JSONSerialization.data(withJSONObject: example))
                let limits = JSONLimits(
                    bytes: text.count, heap: DynamicMessage.heap(forBytes: text.count), depth: 64)
                let message = try #require(
                    try DynamicMessage(jsonBytes: text, as: type, in: schema, limits: limits))
                #expect(message.violations().isEmpty, "\(path): \(message.violations())")
            }
        }
    }

    @Test("every reference leads somewhere, and every schema is named")
    func references() throws {
        let compilation = try Repository.compilation()
        let root = try document(compilation)
        var named: Set<String> = []
        func look(_ value: Any) {
            if let object = value as? [String: Any] {
                if let name = object["$ref"] as? String { named.insert(name) }
                for (_, inner) in object { look(inner) }
            } else if let array = value as? [Any] {
                for inner in array { look(inner) }
            }
        }
        look(root)
        for name in named {
            let keys = name.dropFirst(2).split(separator: "/").map(String.init)
            #expect(keys.reduce(root as Any?) { ($0 as? [String: Any])?[$1] } != nil, "\(name)")
        }
        let schemas = try #require(find(root, "components", "schemas") as? [String: Any])
        for name in schemas.keys { #expect(named.contains("#/components/schemas/\(name)")) }
    }

    @Test("rules become keywords of JSON Schema")
    func rules() throws {
        let compilation = Compilation.test(
            """
            enum Color { unspecified = 0; red = 1; blue = 2 @deprecated("gone") }
            union Shape { side: double = 1 @finite; name: string = 2 @max(9) }
            /// What is asked.
            message Ask {
              name: string = 1 @required @max(64) @pattern("[a-z]{2,5}x?")
              size: int64 = 2 @range(-5...7)
              color: Color = 3 @required
              price: money? = 4 @currency([EUR, CHF]) @scale(max: 2)
              data: bytes? = 5 @max(10)
              marks: [string] = 6 @required @max(3) @each(max: 4) @unique
              by: [string: Shape] = 7 @max(2) @key(max: 8)
              @required oneof way { train: bool = 8; car: bool = 9 }
              oneof extra { tip: uint32 = 10 @in([1, 2]); none: bool = 11 }
              share: decimal? = 12 @range(0...1)
              loose: double = 13
            }
            message Answer {}
            @auth(scope: "a.b", mtls: true)
            service Shop { @readonly @cost(3) @deadline(2s) rpc Get(Ask) -> Answer }
            """)
        #expect(!compilation.hasErrors, "\(compilation.report)")
        let root = try document(compilation)
        let ask = find(root, "components", "schemas", "test.v1.Ask")
        func property(_ name: String, _ key: String) -> NSObject? {
            find(ask, "properties", name, key) as? NSObject
        }
        #expect(find(ask, "description") as? String == "What is asked.")
        #expect(find(ask, "required") as? [String] == ["name", "color", "marks"])
        #expect(property("name", "pattern") == "^[a-z]{2,5}x?$" as NSString)
        #expect(property("name", "maxLength") == 64 as NSNumber)
        #expect(property("size", "type") == ["string", "integer"] as NSArray)
        #expect(property("size", "minimum") == -5 as NSNumber)
        #expect(property("color", "not") == ["const": "unspecified"] as NSDictionary)
        #expect(property("data", "contentEncoding") == "base64" as NSString)
        #expect(property("data", "maxLength") == 16 as NSNumber)
        #expect(property("marks", "minItems") == 1 as NSNumber)
        #expect(property("marks", "uniqueItems") == true as NSNumber)
        #expect(property("by", "propertyNames") == ["maxLength": 8] as NSDictionary)
        #expect(property("tip", "enum") == [1, 2] as NSArray)
        #expect(property("share", "description") == "At least 0. At most 1." as NSString)
        #expect(property("loose", "anyOf") != nil && property("loose", "type") == nil)
        let currency = find(ask, "properties", "price", "properties", "currency", "enum")
        #expect(currency as? [String] == ["EUR", "CHF"])
        let choices = try #require(find(ask, "allOf") as? [[String: Any]])
        #expect(choices.map { ($0["oneOf"] as? [Any])?.count } == [2, 3])
        let shape = find(root, "components", "schemas", "test.v1.Shape")
        #expect(find(shape, "maxProperties") as? Int == 1)
        let color = find(root, "components", "schemas", "test.v1.Color")
        #expect(find(color, "enum") as? [String] == ["unspecified", "red", "blue"])
        #expect((find(color, "description") as? String)?.contains("gone") == true)
        let get = find(root, "paths", "/test.v1.Shop/Get", "get")
        #expect(find(get, "x-cost") as? Int == 3 && find(get, "x-deadline-ms") as? Int == 2000)
        let example = find(
            root, "paths", "/test.v1.Shop/Get", "post", "requestBody", "content",
            "application/json", "example")
        #expect(
            find(example, "name") as? String == "aax" && find(example, "train") as? Bool == true)
    }

    @Test("a message that requires itself has no example, and ends")
    func recursion() throws {
        let compilation = Compilation.test(
            """
            message Node { next: Link = 1 @required }
            union Link { node: Node = 1; stop: bool = 2 }
            message Wide { a: [Node] = 1 @required @max(9) }
            @public service S { rpc Go(Wide) -> Node }
            """)
        guard !compilation.hasErrors else { return }
        let media = find(
            try document(compilation), "paths", "/test.v1.S/Go", "post", "requestBody", "content",
            "application/json")
        #expect(media != nil && find(media, "example") == nil)
    }
}
