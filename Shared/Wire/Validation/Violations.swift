/// One bound of the schema that a message breaks. It never holds the value itself.
public struct Violation: Sendable, Hashable {
    /// The field, such as `/transaction/amount` or `/features[3]`.
    public let path: String
    /// The annotation, such as `max`.
    public let rule: String
    /// The bound, such as `64`; empty if the rule has none.
    public let limit: String

    public init(path: String, rule: String, limit: String = "") {
        self.path = path
        self.rule = rule
        self.limit = limit
    }
}

extension Violation: CustomStringConvertible {
    public var description: String { "\(path): \(message)" }

    /// A sentence without the path.
    public var message: String {
        switch rule {
        case "required": "is required"
        case "max": "is longer or has more elements than \(limit)"
        case "min": "is shorter or has fewer elements than \(limit)"
        case "len": "must have a length of \(limit)"
        case "unique": "has equal elements"
        case "range": "is not in \(limit)"
        case "finite": "is not a finite number"
        case "in": "is not one of \(limit)"
        case "pattern": "does not match \(limit)"
        case "scale": "has more than \(limit) fraction digits"
        case "currency": "is not in one of \(limit)"
        default: "breaks \(rule) \(limit)"
        }
    }
}

/// Collects what breaks the bounds of a schema; generated `validate` methods report to it.
public struct Violations: Sendable {
    /// More are not collected.
    public static let maximum = 20

    public private(set) var found: [Violation] = []
    @usableFromInline var path: [(name: String, index: Int?)] = []

    public init() {}

    @usableFromInline var isFull: Bool { found.count >= Self.maximum }

    @inline(never)
    @usableFromInline
    mutating func report(
        _ name: String, _ rule: String, _ limit: String = "", index: Int? = nil
    ) {
        guard !isFull else { return }
        let parts = path + [(name, index)]
        let text = parts.map { part in
            "/\(part.name)" + (part.index.map { "[\($0)]" } ?? "")
        }
        found.append(Violation(path: text.joined(), rule: rule, limit: limit))
    }

    // MARK: Nested messages

    @inlinable @inline(never)
    public mutating func nested<M: WireRecord>(_ name: String, _ value: M) {
        inside(name, nil, value)
    }

    @inlinable @inline(never)
    public mutating func nested<M: WireRecord>(_ name: String, _ value: M?) {
        if let value { inside(name, nil, value) }
    }

    @inlinable @inline(never)
    public mutating func nested<M: WireRecord>(_ name: String, _ values: [M]) {
        for index in values.indices where !isFull { inside(name, index, values[index]) }
    }

    @inlinable @inline(never)
    public mutating func nested<K, M: WireRecord>(_ name: String, _ map: WireMap<K, M>) {
        for index in map.entries.indices where !isFull {
            inside(name, index, map.entries[index].value)
        }
    }

    @inlinable @inline(never)
    mutating func inside<M: WireRecord>(_ name: String, _ index: Int?, _ value: M) {
        path.append((name, index))
        value.validate(&self)
        path.removeLast()
    }

    // MARK: Presence and sizes

    /// `@required` on a scalar, list or map.
    public mutating func required(_ name: String, missing: Bool) {
        if missing { report(name, "required") }
    }

    /// `@min` and `@max` of a string or bytes, in bytes.
    public mutating func length(
        _ name: String, _ count: Int, min: Int? = nil, max: Int? = nil,
        _ presence: Presence = .implicit
    ) {
        if count == 0, presence == .implicit { return }
        if let min, count < min { report(name, "min", String(min)) }
        if let max, count > max { report(name, "max", String(max)) }
    }

    /// `@len` of a string or bytes, in bytes.
    public mutating func length(
        _ name: String, _ count: Int, exactly: Int, _ presence: Presence = .implicit
    ) {
        if count == 0, presence == .implicit { return }
        if count != exactly { report(name, "len", String(exactly)) }
    }

    /// `@min` and `@max` of a list or map.
    public mutating func count(
        _ name: String, _ count: Int, min: Int? = nil, max: Int? = nil
    ) {
        length(name, count, min: min, max: max)
    }

    /// `@len` of a list or map.
    public mutating func count(_ name: String, _ count: Int, exactly: Int) {
        length(name, count, exactly: exactly)
    }

    /// `@each` on a list of strings.
    public mutating func each(
        _ name: String, _ values: [String], min: Int? = nil, max: Int? = nil
    ) {
        for (index, value) in values.enumerated() {
            sizeOfElement(name, index, value.utf8.count, min, max)
        }
    }

    /// `@each` on a list of bytes.
    public mutating func each(
        _ name: String, _ values: [[UInt8]], min: Int? = nil, max: Int? = nil
    ) {
        for (index, value) in values.enumerated() {
            sizeOfElement(name, index, value.count, min, max)
        }
    }

    /// `@each` on a map with strings as values.
    @inlinable @inline(never)
    public mutating func each<K>(
        _ name: String, _ map: WireMap<K, String>, min: Int? = nil, max: Int? = nil
    ) {
        each(name, map.values, min: min, max: max)
    }

    /// `@each` on a map with bytes as values.
    @inlinable @inline(never)
    public mutating func each<K>(
        _ name: String, _ map: WireMap<K, [UInt8]>, min: Int? = nil, max: Int? = nil
    ) {
        each(name, map.values, min: min, max: max)
    }

    @usableFromInline
    mutating func sizeOfElement(
        _ name: String, _ index: Int, _ count: Int, _ min: Int?, _ max: Int?
    ) {
        if let min, count < min { report(name, "min", String(min), index: index) }
        if let max, count > max { report(name, "max", String(max), index: index) }
    }

    /// `@key` on a map.
    @inlinable @inline(never)
    public mutating func keys<V>(_ name: String, _ map: WireMap<String, V>, max: Int) {
        for index in map.entries.indices where map.entries[index].key.utf8.count > max {
            report(name, "key", "longer than \(max)", index: index)
        }
    }

    /// `@unique` on a list: by the identity of the encodings.
    @inlinable @inline(never)
    public mutating func unique<T: WireValue>(_ name: String, _ values: [T]) {
        guard values.count > 1 else { return }
        var seen: Set<Identity<T>> = []
        for index in values.indices
        where !seen.insert(Identity(value: values[index])).inserted {
            report(name, "unique", index: index)
        }
    }

    @usableFromInline
    struct Identity<T: WireValue>: Hashable {
        @usableFromInline let value: T
        @inlinable init(value: T) { self.value = value }
        @inlinable static func == (a: Identity, b: Identity) -> Bool {
            T.isIdentical(a.value, b.value)
        }
        @inlinable func hash(into hasher: inout Hasher) { value.hashIdentity(into: &hasher) }
    }
}
