/// The largest encoding of each type, known from the schema alone (wire.md §9).
struct Bounds {
    /// Allowed on top of the computed size, for fields that a newer peer may add.
    static let allowanceBytes = 16 << 10

    private let schema: Schema
    /// Body size in bytes by type index; a type without an entry is unbounded.
    private var sizes: [Int: Int] = [:]
    private var depths: [Int: Int] = [:]
    private var inlineCounts: [Int: Int] = [:]

    init(_ schema: Schema) {
        self.schema = schema
        for type in Self.innermostFirst(schema) {
            guard let message = schema.message(type) else { continue }
            sizes[type.index] = message.isUnion ? largest(message.fields) : messageBytes(message)
            depths[type.index] = message.recursionLimit ?? nesting(message)
            inlineCounts[type.index] = inlineFields(message)
        }
    }

    /// All types, each after those that it holds, so far as they are not recursive. Without
    /// recursion of our own: a chain of messages may be as long as a package.
    private static func innermostFirst(_ schema: Schema) -> [TypeID] {
        var order: [TypeID] = []
        var entered: Set<TypeID> = []
        for root in schema.types.indices.map(TypeID.init) where entered.insert(root).inserted {
            var path = [(type: root, next: schema.message(root)?.fields[...] ?? [])]
            while let top = path.last {
                guard let field = top.next.first else {
                    order.append(top.type)
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next.removeFirst()
                guard let type = field.type.typeID, entered.insert(type).inserted else { continue }
                path.append((type, schema.message(type)?.fields[...] ?? []))
            }
        }
        return order
    }

    /// The largest body of a message in bytes; nil if it is unbounded.
    func maximumBytes(_ type: TypeID) -> Int? { sizes[type.index] }

    /// How deep messages nest, the message itself and map entries included.
    func depth(_ type: TypeID) -> Int { depths[type.index] ?? 1 }

    /// How many fields a value holds without following a list or a map, messages within it included.
    func inlineFields(_ type: TypeID) -> Int { inlineCounts[type.index] ?? 1 }

    /// The limit of a request or response: the explicit one, or the computed one.
    func limit(_ type: TypeID, explicit: UInt64?) -> Int? {
        explicit.map { Int(clamping: $0) } ?? maximumBytes(type).map { $0 + Self.allowanceBytes }
    }

    /// The first unbounded field on the way from a type: "requests.items.name".
    func unboundedPath(_ type: TypeID) -> [Field] {
        var path: [Field] = []
        var current = type
        var seen: Set<TypeID> = []
        while seen.insert(current).inserted, let message = schema.message(current) {
            guard let field = message.fields.first(where: { fieldBytes($0) == nil }) else { break }
            path.append(field)
            guard case .message(let next) = field.type, maximumBytes(next) == nil else { break }
            current = next
        }
        return path
    }

    // MARK: Sizes

    private func messageBytes(_ message: Message) -> Int? {
        var total = 0
        for field in message.plainFields {
            guard let bytes = fieldBytes(field) else { return nil }
            total += bytes
        }
        for oneof in message.oneofs.indices {
            guard let bytes = largest(message.members(of: oneof)) else { return nil }
            total += bytes
        }
        return total <= Int(Int32.max) ? total : nil
    }

    private func largest(_ fields: [Field]) -> Int? {
        var most = 0
        for field in fields {
            guard let bytes = fieldBytes(field) else { return nil }
            most = max(most, bytes)
        }
        return most
    }

    /// A whole field, tags included; nil if it is unbounded.
    func fieldBytes(_ field: Field) -> Int? {
        let tag = field.number <= 15 ? 1 : 2
        guard let payload = payloadBytes(field) else { return nil }
        switch field.cardinality {
        case .singular, .optional:
            return tag + payload
        case .list:
            guard let count = field.rules.count.maximum else { return nil }
            if !field.isPacked { return Self.product(count, tag + payload) }
            return Self.product(count, payload).map { tag + Self.lengthBytes($0) + $0 }
        case .map(let key, let encoding):
            guard let count = field.rules.count.maximum,
                let keyBytes = keyBytes(key, encoding, maximum: field.rules.keyMaximum)
            else { return nil }
            let entry = 1 + keyBytes + 1 + payload
            return Self.product(count, tag + Self.lengthBytes(entry) + entry)
        }
    }

    /// The value behind the tag, or one element; its own length prefix included.
    private func payloadBytes(_ field: Field) -> Int? {
        switch field.type {
        case .enumeration: return 5
        case .message(let id): return sizes[id.index].map { Self.lengthBytes($0) + $0 }
        case .builtin(let builtin):
            if builtin.isTextual {
                return field.rules.length.maximum.map { Self.lengthBytes($0) + $0 }
            }
            return Self.payloadBytes(builtin, field.encoding)
        }
    }

    private func keyBytes(
        _ key: Builtin, _ encoding: IntegerEncoding, maximum: Int?
    ) -> Int? {
        guard key == .string else { return Self.payloadBytes(key, encoding) }
        return maximum.map { Self.lengthBytes($0) + $0 }
    }

    private static func payloadBytes(_ builtin: Builtin, _ encoding: IntegerEncoding) -> Int? {
        switch builtin {
        case .bool: 1
        case .int32: encoding == .fixed ? 4 : encoding == .twos ? 10 : 5
        case .uint32: encoding == .fixed ? 4 : 5
        case .int64, .uint64: encoding == .fixed ? 8 : 10
        case .float: 4
        case .double: 8
        case .uuid: 17
        case .decimal: 13
        case .money, .timestamp: 18
        case .duration: 23
        case .date: 6
        case .string, .bytes: nil
        }
    }

    private static func product(_ count: Int, _ bytes: Int) -> Int? {
        let (result, overflow) = count.multipliedReportingOverflow(by: bytes)
        return overflow || result > Int(Int32.max) ? nil : result
    }

    /// The size of a length written as a varint.
    static func lengthBytes(_ length: Int) -> Int {
        max(1, (Int.bitWidth - length.leadingZeroBitCount + 6) / 7)
    }

    // MARK: Depth

    private func inlineFields(_ message: Message) -> Int {
        var count = 0
        for field in message.fields {
            if case .message(let inner) = field.type, !field.isRepeated {
                count += inlineFields(inner)
            } else {
                count += 1
            }
            count = min(count, 1 << 32)
        }
        return count
    }

    private func nesting(_ message: Message) -> Int {
        var deepest = 0
        for field in message.fields {
            var depth = field.isMap ? 1 : 0
            switch field.type {
            case .message(let inner): depth += self.depth(inner)
            case .builtin(let builtin) where builtin.isMessageType: depth += 1
            default: break
            }
            deepest = max(deepest, depth)
        }
        return deepest + 1
    }
}
