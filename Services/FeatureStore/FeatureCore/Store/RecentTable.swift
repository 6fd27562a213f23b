/// A table of what was used lately: at least the last `half` entries are there.
struct RecentTable<Key: Hashable, Value> {
    private let half: Int
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]

    init(_ half: Int) { self.half = half }

    var count: Int { young.count + old.count }

    subscript(key: Key) -> Value? {
        mutating get {
            if let value = young[key] { return value }
            guard let value = old.removeValue(forKey: key) else { return nil }
            add(value, key)
            return value
        }
        set {
            old[key] = nil
            if let newValue { add(newValue, key) } else { young[key] = nil }
        }
    }

    /// Changes an entry in place, if it is there.
    mutating func change(_ key: Key, _ body: (inout Value) -> Void) {
        guard self[key] != nil else { return }
        body(&young[key]!)
    }

    private mutating func add(_ value: Value, _ key: Key) {
        if young.count >= half {
            old = young
            young = [:]
        }
        young[key] = value
    }
}
