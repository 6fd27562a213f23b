/// Everything that an OpenAPI document of some methods is put together of.
struct OpenAPIParts {
    /// A schema, and the schemas that it names, as positions among all.
    struct Component {
        let name: String
        let json: JSONText
        let references: [Int]
    }

    struct Operation {
        let path: String
        let post: JSONObject
        let get: JSONObject?
        let references: [Int]
    }

    let components: [Component]
    let operations: [Operation]

    /// What the unary methods of a schema name, directly or not, in the order of the schemas.
    init(_ schema: Schema, _ bounds: Bounds) {
        let entries = OpenAPIOperations(schema: schema, bounds: bounds).all
        let used = Self.reachable(entries.flatMap(\.types), in: schema)
        var places: [TypeID: Int] = [:]
        for (place, id) in used.enumerated() { places[id] = place }
        let schemas = OpenAPISchemas(schema: schema)
        components = used.map { id in
            Component(
                name: schema.types[id.index].fullName,
                json: schemas.component(schema.types[id.index]),
                references: Self.types(of: id, in: schema).compactMap { places[$0] }.sorted())
        }
        operations = entries.map { entry in
            Operation(
                path: entry.path, post: entry.post, get: entry.get,
                references: Set(entry.types.compactMap { places[$0] }).sorted())
        }
    }

    private static func types(of id: TypeID, in schema: Schema) -> Set<TypeID> {
        Set(schema.message(id)?.fields.compactMap(\.type.typeID) ?? [])
    }

    private static func reachable(_ roots: [TypeID], in schema: Schema) -> [TypeID] {
        var seen = Set(roots)
        var waiting = Array(seen)
        while let next = waiting.popLast() {
            for type in types(of: next, in: schema) where seen.insert(type).inserted {
                waiting.append(type)
            }
        }
        return seen.sorted { $0.index < $1.index }
    }

    /// The whole document, as a file beside the `.proto` files.
    var document: JSONText {
        var paths = JSONObject()
        for operation in operations {
            var item: JSONObject = ["post": .object(operation.post)]
            if let get = operation.get { item.add("get", .object(get)) }
            paths.add(operation.path, .object(item))
        }
        var schemas = JSONObject()
        for component in components { schemas.add(component.name, component.json) }
        schemas.add(OpenAPICommon.errorName, OpenAPICommon.error)
        var shared: JSONObject = ["schemas": .object(schemas)]
        shared.add(contentsOf: OpenAPICommon.components)
        return .object([
            "openapi": .string("3.1.0"),
            "info": .object(["title": .string("All methods"), "version": .string("1")]),
            "paths": .object(paths), "components": .object(shared),
        ])
    }
}
