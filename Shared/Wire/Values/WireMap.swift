/// A key of a map; its order is the order of the encoding (rule R7).
public protocol WireMapKey: WireValue {
    /// Strings by UTF-8 bytes, signed by value, unsigned by unsigned value, false before true.
    static func precedes(_ a: Self, _ b: Self) -> Bool
}

extension WireMapKey where Self: Comparable {
    @inlinable
    public static func precedes(_ a: Self, _ b: Self) -> Bool { a < b }
}

extension Int32: WireMapKey {}
extension Int64: WireMapKey {}
extension UInt32: WireMapKey {}
extension UInt64: WireMapKey {}

extension Bool: WireMapKey {
    @inlinable
    public static func precedes(_ a: Bool, _ b: Bool) -> Bool { !a && b }
}

extension String: WireMapKey {
    @inlinable
    public static func precedes(_ a: String, _ b: String) -> Bool { UTF8Order.precedes(a, b) }
}

/// A map as a flat array of pairs, sorted by key in the order of the encoding.
///
/// Not a `Dictionary`: that compares strings by canonical equivalence and would silently merge keys
/// whose bytes differ. Lookup is a binary search; appending in order is amortized constant time.
@frozen
public struct WireMap<Key: WireMapKey, Value: WireValue>: WireValue {
    @frozen
    public struct Entry: Sendable {
        public let key: Key
        public var value: Value

        @inlinable
        public init(key: Key, value: Value) {
            self.key = key
            self.value = value
        }
    }

    @usableFromInline var entries: [Entry]

    @inlinable
    public init() { entries = [] }

    /// For the decoder, which has checked the order.
    @inlinable
    init(sorted entries: [Entry]) { self.entries = entries }

    /// The last of several pairs with one key wins.
    @inlinable
    public init(_ pairs: some Sequence<(Key, Value)>) {
        self.init(lastWins: pairs.map { Entry(key: $0.0, value: $0.1) })
    }

    /// Sorts entries in any order, the last with a key winning.
    @inlinable
    init(lastWins unsorted: [Entry]) {
        // Array.sort is stable in practice but not by contract: the index decides.
        let order = unsorted.indices.sorted { a, b in
            if Key.precedes(unsorted[a].key, unsorted[b].key) { return true }
            if Key.precedes(unsorted[b].key, unsorted[a].key) { return false }
            return a < b
        }
        entries = []
        entries.reserveCapacity(unsorted.count)
        for index in order {
            if let last = entries.last, !Key.precedes(last.key, unsorted[index].key) {
                entries.removeLast()
            }
            entries.append(unsorted[index])
        }
    }

    @inlinable
    func search(_ key: Key) -> (index: Int, found: Bool) {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if Key.precedes(entries[middle].key, key) { low = middle + 1 } else { high = middle }
        }
        return (low, low < entries.count && !Key.precedes(key, entries[low].key))
    }

    public subscript(key: Key) -> Value? {
        @inlinable get {
            let (index, found) = search(key)
            return found ? entries[index].value : nil
        }
        @inlinable set {
            let (index, found) = search(key)
            switch (newValue, found) {
            case (let value?, true): entries[index].value = value
            case (let value?, false): entries.insert(Entry(key: key, value: value), at: index)
            case (nil, true): entries.remove(at: index)
            case (nil, false): break
            }
        }
    }

    @inlinable public var keys: [Key] { entries.map(\.key) }
    @inlinable public var values: [Value] { entries.map(\.value) }

    @inlinable
    public static func == (a: WireMap, b: WireMap) -> Bool {
        guard a.entries.count == b.entries.count else { return false }
        for index in a.entries.indices {
            let (left, right) = (a.entries[index], b.entries[index])
            guard Key.isIdentical(left.key, right.key), Value.isIdentical(left.value, right.value)
            else { return false }
        }
        return true
    }

    @inlinable
    public func hash(into hasher: inout Hasher) {
        hasher.combine(entries.count)
        for entry in entries {
            entry.key.hashIdentity(into: &hasher)
            entry.value.hashIdentity(into: &hasher)
        }
    }
}

extension WireMap: RandomAccessCollection {
    @inlinable public var startIndex: Int { 0 }
    @inlinable public var endIndex: Int { entries.count }
    @inlinable public subscript(position: Int) -> Entry { entries[position] }
}

extension WireMap: ExpressibleByDictionaryLiteral {
    @inlinable
    public init(dictionaryLiteral elements: (Key, Value)...) {
        if elements.isEmpty { self.init() } else { self.init(elements) }
    }
}
