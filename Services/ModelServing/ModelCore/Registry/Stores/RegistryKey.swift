/// What a row of the registry is: its place in the order of keys, and in what a change may say.
package struct RowKind: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// Lower-case letters and dashes.
    package let name: String

    package init(stringLiteral name: String) { self.name = name }
    init(_ name: String) { self.name = name }

    package var description: String { name }

    /// What comes next in a chain, and the end of its chain of events. Guards every change.
    static let head: RowKind = "head"
    /// A registered version with its manifest; never changed. Its id is its number, big-endian.
    static let version: RowKind = "version"
    /// An alias as it stands. Its id is its name.
    static let alias: RowKind = "alias"
    /// A sealed event. Its id is its sequence, big-endian.
    static let event: RowKind = "event"
    /// What a request id was answered with.
    static let request: RowKind = "request"

    /// Whether rows of this kind are only kept for a time, and so are not listed.
    var expires: Bool { self == .request }
}

/// Where a row stands: what it is, the chain whose changes it belongs to, and which of that chain's
/// rows of this kind.
///
/// A chain is what changes in one order: a model, or anything else with a head of its own. Its name
/// holds no "/".
package struct RegistryKey: Hashable, Sendable, CustomStringConvertible {
    package var kind: RowKind
    package var chain: String
    package var id: [UInt8]

    package init(_ kind: RowKind, _ chain: String, _ id: [UInt8] = []) {
        self.kind = kind
        self.chain = chain
        self.id = id
    }

    package init(_ kind: RowKind, _ chain: String, _ name: String) {
        self.init(kind, chain, Array(name.utf8))
    }

    package init(_ kind: RowKind, _ chain: String, _ number: some FixedWidthInteger) {
        self.init(kind, chain, BigEndian.bytes(number))
    }

    /// `kind/chain`, and `/id` where a chain has several rows of the kind. Rows sort by this.
    package var bytes: [UInt8] {
        let start = Array("\(kind.name)/\(chain)".utf8)
        return id.isEmpty ? start : start + [UInt8(ascii: "/")] + id
    }

    /// Nil for bytes that are no key.
    package init?(_ bytes: some Collection<UInt8>) {
        let parts = bytes.split(
            separator: UInt8(ascii: "/"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2 else { return nil }
        self.init(
            RowKind(String(decoding: parts[0], as: UTF8.self)),
            String(decoding: parts[1], as: UTF8.self), parts.count == 3 ? Array(parts[2]) : [])
    }

    package var description: String {
        let isText = id.allSatisfy { 0x20..<0x7F ~= $0 }
        let id = isText ? String(decoding: id, as: UTF8.self) : "\(BigEndian.number(id))"
        return id.isEmpty ? "\(kind) of \(chain)" : "\(kind) \(id) of \(chain)"
    }
}

/// Rows of one kind, of one chain or of all.
package struct RegistryRange: Hashable, Sendable {
    package var kind: RowKind
    package var chain: String?

    package init(_ kind: RowKind, of chain: String? = nil) {
        self.kind = kind
        self.chain = chain
    }

    /// Every key of the range starts with this.
    package var prefix: [UInt8] {
        guard let chain else { return Array("\(kind.name)/".utf8) }
        return Array("\(kind.name)/\(chain)/".utf8)
    }
}

/// Numbers whose bytes sort as they do.
package enum BigEndian {
    package static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }

    package static func number(_ bytes: some Collection<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
