/// The facts of one event, one slot each. An unset slot is a missing fact: its tag is the presence
/// bit. A frame can be emptied and filled again without new memory.
public struct FactFrame: Sendable {
    public let schema: FactSchema
    private(set) var slots: [Value]
    private(set) var texts: [String] = []
    private(set) var lists: [[Value]] = []

    public init(schema: FactSchema) {
        self.schema = schema
        slots = Array(repeating: .missing, count: schema.count)
    }

    public mutating func removeAll() {
        for slot in slots.indices { slots[slot] = .missing }
        texts.removeAll(keepingCapacity: true)
        lists.removeAll(keepingCapacity: true)
    }

    public mutating func set(_ slot: Int, to value: Bool) {
        precondition(schema.facts[slot].type == .bool, "the fact is no bool")
        slots[slot] = .bool(value)
    }

    public mutating func set(_ slot: Int, to value: Int64) {
        precondition(schema.facts[slot].type == .int, "the fact is no int")
        slots[slot] = .int(value)
    }

    public mutating func set(_ slot: Int, to value: Double) {
        precondition(schema.facts[slot].type == .double, "the fact is no double")
        slots[slot] = .double(value)
    }

    public mutating func set(_ slot: Int, to value: String) {
        precondition(schema.facts[slot].type == .string, "the fact is no text")
        slots[slot] = .text(.frame, texts.count)
        texts.append(value)
    }

    public mutating func set(_ slot: Int, to values: [String]) {
        precondition(schema.facts[slot].type == .list(.string), "the fact is no list of texts")
        let first = texts.count
        texts += values
        slots[slot] = .list(.frame, lists.count)
        lists.append(values.indices.map { .text(.frame, first + $0) })
    }

    /// Sets a fact from a constant of its type; false if the type is another.
    public mutating func set(_ slot: Int, to constant: Constant) -> Bool {
        switch (constant, schema.facts[slot].type) {
        case (.bool(let value), .bool): set(slot, to: value)
        case (.int(let value), .int): set(slot, to: value)
        case (.double(let value), .double): set(slot, to: value)
        case (.int(let value), .double): set(slot, to: Double(value))
        case (.string(let value), .string): set(slot, to: value)
        case (.list(let entries), .list(.string)):
            let texts = entries.compactMap { if case .string(let text) = $0 { text } else { nil } }
            guard texts.count == entries.count else { return false }
            set(slot, to: texts)
        default: return false
        }
        return true
    }

    /// Makes the fact missing.
    public mutating func clear(_ slot: Int) { slots[slot] = .missing }

    public func isPresent(_ slot: Int) -> Bool { !slots[slot].isError }

    /// The value of a fact; nil if it is missing.
    public func value(at slot: Int) -> Constant? {
        let value = slots[slot]
        switch value.tag {
        case .error: return nil
        case .null: return .null
        case .bool: return .bool(value.isTrue)
        case .int: return .int(value.int)
        case .double: return .double(value.double)
        case .text: return .string(texts[value.index])
        case .list: return .list(lists[value.index].map { .string(texts[$0.index]) })
        }
    }
}
