/// The facts of one event, one slot each. An unset slot is a missing fact: its tag is the presence
/// bit. A frame can be emptied and filled again without new memory.
public struct FactFrame: Sendable {
    public let schema: FactSchema
    private(set) var slots: [Value]
    private(set) var store = ValueStore()

    public init(schema: FactSchema) {
        self.schema = schema
        slots = Array(repeating: .missing, count: schema.count)
    }

    public mutating func removeAll() {
        for slot in slots.indices { slots[slot] = .missing }
        store.removeAll()
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
        slots[slot] = .text(.frame, store.texts.count)
        store.texts.append(value)
    }

    public mutating func set(_ slot: Int, to instant: Instant) {
        precondition(schema.facts[slot].type == .timestamp, "the fact is no timestamp")
        slots[slot] = .timestamp(instant)
    }

    public mutating func set(_ slot: Int, to values: [String]) {
        precondition(schema.facts[slot].type == .list(.string), "the fact is no list of texts")
        let (text, cell) = (store.texts.count, store.cells.count)
        store.texts += values
        for index in values.indices { store.cells.append(.text(.frame, text + index)) }
        slots[slot] = .composite(.list, .frame, at: cell, count: values.count)
    }

    /// Sets a fact from a constant of its type; false if the type is another.
    public mutating func set(_ slot: Int, to constant: Constant) -> Bool {
        if case .int(let value) = constant, schema.facts[slot].type == .double {
            set(slot, to: Double(value))
            return true
        }
        guard constant.fits(schema.facts[slot].type) else { return false }
        slots[slot] = store.add(constant, .frame)
        return true
    }

    /// Sets a fact without making a constant; false if its type is another.
    public mutating func set(_ slot: Int, to scalar: Scalar) -> Bool {
        guard let value = value(of: scalar, as: schema.facts[slot].type) else { return false }
        slots[slot] = value
        return true
    }

    /// Sets a fact that is a list of rows, oldest first. A field that `scalar` gives nothing for,
    /// or something of another type, is missing; false if the fact is no list of rows.
    public mutating func setRows(
        _ slot: Int, count: Int, _ scalar: (_ row: Int, _ field: Int) -> Scalar?
    ) -> Bool {
        guard case .list(.record(let record)) = schema.facts[slot].type else { return false }
        let first = store.cells.count
        for row in 0..<count {
            for (position, field) in record.fields.enumerated() {
                let given = scalar(row, position)
                store.cells.append(given.flatMap { value(of: $0, as: field.type) } ?? .missing)
            }
        }
        let list = store.cells.count
        for row in 0..<count {
            let fields = record.fields.count
            store.cells.append(
                .composite(.record, .frame, at: first + row * fields, count: fields))
        }
        slots[slot] = .composite(.list, .frame, at: list, count: count)
        return true
    }

    /// Sets a fact that counts by class, from 0 on: as a map of the classes that occurred, or as a
    /// histogram; or, of type list of ints, as so many counts. False if the fact is another.
    public mutating func setCounts(_ slot: Int, _ counts: [Int64], classes: Int = 0) -> Bool {
        let first = store.cells.count
        switch schema.facts[slot].type {
        case .list(.int):
            for index in 0..<classes {
                store.cells.append(.int(index < counts.count ? counts[index] : 0))
            }
            slots[slot] = .composite(.list, .frame, at: first, count: classes)
        case .map(.int, .int), .histogram:
            for (index, count) in counts.enumerated() where count > 0 {
                store.cells.append(.int(Int64(index)))
                store.cells.append(.int(count))
            }
            let entries = (store.cells.count - first) / 2
            slots[slot] = .composite(.map, .frame, at: first, count: entries)
        default: return false
        }
        return true
    }

    private mutating func value(of scalar: Scalar, as type: ValueType) -> Value? {
        switch (scalar, type) {
        case (.bool(let value), .bool): return .bool(value)
        case (.int(let value), .int): return .int(value)
        case (.int(let value), .double): return .double(Double(value))
        case (.double(let value), .double): return .double(value)
        case (.timestamp(let instant), .timestamp): return .timestamp(instant)
        case (.place(let place), .place): return .place(place)
        case (.category(let code), .category(let category)):
            return category.labels.indices.contains(code) ? .category(code) : nil
        case (.text(let text), .string), (.text(let text), .token):
            store.texts.append(text)
            return .text(.frame, store.texts.count - 1)
        default: return nil
        }
    }

    /// Makes the fact missing.
    public mutating func clear(_ slot: Int) { slots[slot] = .missing }

    public func isPresent(_ slot: Int) -> Bool { !slots[slot].isError }

    /// The value of a fact; nil if it is missing.
    public func value(at slot: Int) -> Constant? {
        slots[slot].isError ? nil : constant(slots[slot])
    }

    /// What a frame holds came from constants, so its depth is that of a constant.
    private func constant(_ value: Value) -> Constant {
        func cells(_ count: Int) -> ArraySlice<Value> {
            store.cells[value.index..<(value.index + count)]
        }
        switch value.tag {
        case .error, .null: return .null
        case .bool: return .bool(value.isTrue)
        case .int: return .int(value.int)
        case .double: return .double(value.double)
        case .text: return .string(store.texts[value.index])
        case .timestamp: return .timestamp(value.instant)
        case .duration: return .duration(value.int)
        case .category: return .category(Int(value.int))
        case .place: return .place(value.coordinates)
        case .list: return .list(cells(value.count).map(constant))
        case .record: return .record(cells(value.count).map { $0.isError ? nil : constant($0) })
        case .map:
            let pairs = Array(cells(value.count * 2))
            return .map(
                (0..<value.count).map {
                    Constant.MapEntry(
                        key: constant(pairs[$0 * 2]), value: constant(pairs[$0 * 2 + 1]))
                })
        }
    }
}
