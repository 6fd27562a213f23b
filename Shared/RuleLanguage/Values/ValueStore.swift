/// Texts, and the cells of lists, maps and records. A list is a row of cells; a map is pairs of
/// cells by rising key, so that look-ups are binary and its order never depends on how it was made.
struct ValueStore: Sendable {
    var texts: [String] = []
    var cells: [Value] = []

    mutating func removeAll() {
        if !texts.isEmpty { texts.removeAll(keepingCapacity: true) }
        if !cells.isEmpty { cells.removeAll(keepingCapacity: true) }
    }

    /// Puts a constant into the store, which is the one of `table`.
    mutating func add(_ constant: Constant, _ table: Value.Table) -> Value {
        switch constant {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .int(let value): return .int(value)
        case .double(let value): return .double(value)
        case .timestamp(let instant): return .timestamp(instant)
        case .duration(let nanoseconds): return .duration(nanoseconds)
        case .category(let code): return .category(code)
        case .place(let place): return .place(place)
        case .string(let text):
            texts.append(text)
            return .text(table, texts.count - 1)
        case .list(let entries):
            return add(entries.map { add($0, table) }, .list, entries.count, table)
        case .record(let fields):
            let values = fields.map { field in field.map { add($0, table) } ?? .missing }
            return add(values, .record, fields.count, table)
        case .map(let entries):
            let values = entries.sorted { Constant.keyPrecedes($0.key, $1.key) }
                .flatMap { [add($0.key, table), add($0.value, table)] }
            return add(values, .map, entries.count, table)
        }
    }

    private mutating func add(
        _ values: [Value], _ tag: Value.Tag, _ count: Int, _ table: Value.Table
    ) -> Value {
        cells += values
        return .composite(tag, table, at: cells.count - values.count, count: count)
    }
}

/// The order of the keys of a map: bools, ints, texts.
enum KeyOrder {
    static func precedes(_ a: Value, _ b: Value, text: (Value) -> String) -> Bool {
        guard a.tag == b.tag else { return a.tag.rawValue < b.tag.rawValue }
        switch a.tag {
        case .text: return text(a).precedes(text(b))
        case .int: return a.int < b.int
        default: return a.bits < b.bits
        }
    }
}
