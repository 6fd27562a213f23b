internal import Synchronization
package import Wire

/// The messages of a compiled schema, ready to be read and written without generated code.
///
/// It holds what the Swift emitter writes into source: the field tables of the runtime, and per
/// field the calls of reader, writer and JSON that generated code would make.
public final class DynamicSchema: Sendable {
    /// By index in `Schema.types`; nil for enums.
    let messages: [DynamicType?]
    private let indices: [String: Int]
    private let registry: TableRegistry

    /// What is behind the `FieldTable`s of a schema. A table names the tables of its fields, in a
    /// circle where a type is recursive; the schema breaks it at its end, so that nothing keeps
    /// itself alive.
    final class TableRegistry: Sendable {
        private let tables = Mutex<[Int: FieldTable]>([:])

        func set(_ table: FieldTable, _ index: Int) { tables.withLock { $0[index] = table } }
        func table(_ index: Int) -> FieldTable {
            tables.withLock { $0[index] } ?? FieldTable("", depth: 1, [])
        }
        func removeAll() { tables.withLock { $0.removeAll() } }
    }

    init(_ schema: Schema, bounds: Bounds) {
        let registry = TableRegistry()
        self.registry = registry
        let builder = FieldBuilder(schema: schema, registry: registry)
        var messages: [DynamicType?] = []
        var indices: [String: Int] = [:]
        for index in schema.types.indices {
            guard let message = schema.message(TypeID(index: index)) else {
                messages.append(nil)
                continue
            }
            let depth = bounds.depth(TypeID(index: index))
            let type = builder.type(message, depth: depth)
            registry.set(type.table, index)
            messages.append(type)
            indices[message.fullName] = index
        }
        self.messages = messages
        self.indices = indices
    }

    deinit { registry.removeAll() }

    /// The full names of all messages and unions, sorted.
    public var typeNames: [String] { indices.keys.sorted { $0.utf8.precedes($1.utf8) } }

    /// The index of a message or union by its full name.
    func index(of name: String) -> Int? { indices[name] }

    /// What the runtime knows of a type; whole only while the schema is alive.
    package func table(of name: String) -> FieldTable? { index(of: name).map(type).map(\.table) }

    /// The message with an index that this schema has given out.
    func type(_ index: Int) -> DynamicType {
        guard let type = messages[index] else { preconditionFailure("type \(index) is an enum") }
        return type
    }
}

/// A message or union as the runtime sees it.
struct DynamicType: Sendable {
    let table: FieldTable
    /// Ascending by number; the same places as in `table.fields`.
    let fields: [DynamicField]
}

/// A field: its records, and how its content is read.
struct DynamicField: Sendable {
    let number: Int
    let name: String
    let jsonName: String
    /// Number and wire type of its records.
    let tag: UInt32
    let oneof: Int?
    /// Its place among the required fields and oneofs of the message: R14.
    let requiredRank: Int?
    let pii: Wire.PersonalData?
    let rules: RuleCheck
    let coder: any FieldCoder
}

extension Compilation {
    /// The messages of the schema for `DynamicMessage`; nil if there are errors.
    public func dynamicSchema() -> DynamicSchema? {
        hasErrors ? nil : DynamicSchema(schema, bounds: bounds)
    }
}
