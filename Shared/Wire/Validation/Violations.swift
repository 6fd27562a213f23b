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
    private var path: [(name: StaticString, index: Int?)] = []

    public init() {}

    @usableFromInline var isFull: Bool { found.count >= Self.maximum }

    @inline(never)
    @usableFromInline
    mutating func report(
        _ name: StaticString, _ rule: String, _ limit: String = "", index: Int? = nil
    ) {
        guard !isFull else { return }
        let parts = path + [(name, index)]
        let text = parts.map { part in
            "/\(part.name)" + (part.index.map { "[\($0)]" } ?? "")
        }
        found.append(Violation(path: text.joined(), rule: rule, limit: limit))
    }

    // MARK: Nested messages

    public mutating func nested<M: WireMessage>(_ name: StaticString, _ value: M) {
        inside(name, nil, value)
    }

    public mutating func nested<M: WireMessage>(_ name: StaticString, _ value: M?) {
        if let value { inside(name, nil, value) }
    }

    public mutating func nested<M: WireMessage>(_ name: StaticString, _ values: [M]) {
        for (index, value) in values.enumerated() where !isFull { inside(name, index, value) }
    }

    public mutating func nested<K, M: WireMessage>(_ name: StaticString, _ map: WireMap<K, M>) {
        for (index, entry) in map.enumerated() where !isFull { inside(name, index, entry.value) }
    }

    private mutating func inside(_ name: StaticString, _ index: Int?, _ value: some WireMessage) {
        path.append((name, index))
        value.validate(&self)
        path.removeLast()
    }

    // MARK: Presence and sizes

    /// `@required` on a scalar, list or map.
    public mutating func required(_ name: StaticString, missing: Bool) {
        if missing { report(name, "required") }
    }

    /// `@min` and `@max` of a string or bytes, in bytes.
    public mutating func length(
        _ name: StaticString, _ count: Int, min: Int? = nil, max: Int? = nil,
        _ presence: Presence = .implicit
    ) {
        if count == 0, presence == .implicit { return }
        if let min, count < min { report(name, "min", String(min)) }
        if let max, count > max { report(name, "max", String(max)) }
    }

    /// `@len` of a string or bytes, in bytes.
    public mutating func length(
        _ name: StaticString, _ count: Int, exactly: Int, _ presence: Presence = .implicit
    ) {
        if count == 0, presence == .implicit { return }
        if count != exactly { report(name, "len", String(exactly)) }
    }

    /// `@min` and `@max` of a list or map.
    public mutating func count(
        _ name: StaticString, _ count: Int, min: Int? = nil, max: Int? = nil
    ) {
        length(name, count, min: min, max: max)
    }

    /// `@len` of a list or map.
    public mutating func count(_ name: StaticString, _ count: Int, exactly: Int) {
        length(name, count, exactly: exactly)
    }

    /// `@each` on a list of strings.
    public mutating func each(
        _ name: StaticString, _ values: [String], min: Int? = nil, max: Int? = nil
    ) {
        for (index, value) in values.enumerated() {
            sizeOfElement(name, index, value.utf8.count, min, max)
        }
    }

    /// `@each` on a list of bytes.
    public mutating func each(
        _ name: StaticString, _ values: [[UInt8]], min: Int? = nil, max: Int? = nil
    ) {
        for (index, value) in values.enumerated() {
            sizeOfElement(name, index, value.count, min, max)
        }
    }

    /// `@each` on a map with strings as values.
    public mutating func each<K>(
        _ name: StaticString, _ map: WireMap<K, String>, min: Int? = nil, max: Int? = nil
    ) {
        each(name, map.values, min: min, max: max)
    }

    /// `@each` on a map with bytes as values.
    public mutating func each<K>(
        _ name: StaticString, _ map: WireMap<K, [UInt8]>, min: Int? = nil, max: Int? = nil
    ) {
        each(name, map.values, min: min, max: max)
    }

    private mutating func sizeOfElement(
        _ name: StaticString, _ index: Int, _ count: Int, _ min: Int?, _ max: Int?
    ) {
        if let min, count < min { report(name, "min", String(min), index: index) }
        if let max, count > max { report(name, "max", String(max), index: index) }
    }

    /// `@key` on a map.
    public mutating func keys<V>(_ name: StaticString, _ map: WireMap<String, V>, max: Int) {
        for (index, entry) in map.enumerated() where entry.key.utf8.count > max {
            report(name, "key", "longer than \(max)", index: index)
        }
    }

    /// `@unique` on a list: by the identity of the encodings.
    public mutating func unique<T: WireValue>(_ name: StaticString, _ values: [T]) {
        guard values.count > 1 else { return }
        var seen: Set<Identity<T>> = []
        for (index, value) in values.enumerated()
        where !seen.insert(Identity(value: value)).inserted {
            report(name, "unique", index: index)
        }
    }

    private struct Identity<T: WireValue>: Hashable {
        let value: T
        static func == (a: Identity, b: Identity) -> Bool { T.isIdentical(a.value, b.value) }
        func hash(into hasher: inout Hasher) { value.hashIdentity(into: &hasher) }
    }
}
