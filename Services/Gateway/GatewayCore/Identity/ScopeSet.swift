/// The names of all scopes that a configuration and its methods know, each with a bit.
public struct ScopeTable: Sendable, Hashable {
    /// More scopes than this are refused when the configuration is loaded.
    public static let maximumScopes = 128

    public private(set) var names: [String] = []
    private var positions: [String: Int] = [:]

    public init() {}

    /// The set with only this scope, which becomes known; nil when the table is full.
    public mutating func insert(_ name: String) -> ScopeSet? {
        if let position = positions[name] { return ScopeSet(bits: 1 << UInt128(position)) }
        guard names.count < Self.maximumScopes else { return nil }
        positions[name] = names.count
        names.append(name)
        return ScopeSet(bits: 1 << UInt128(names.count - 1))
    }

    /// The set with all of these, which become known.
    mutating func insert(all names: [String]) throws(ConfigurationError) -> ScopeSet {
        var set = ScopeSet.none
        for name in names {
            guard let scope = insert(name) else { throw GatewaySnapshot.tooManyScopes }
            set = set.union(scope)
        }
        return set
    }

    /// The set with only this scope; nil if it is not known.
    func scope(_ name: String) -> ScopeSet? {
        positions[name].map { ScopeSet(bits: 1 << UInt128($0)) }
    }

    /// The scopes of a set in the order in which the table learned them.
    public func names(of set: ScopeSet) -> [String] {
        names.indices.filter { set.bits >> UInt128($0) & 1 == 1 }.map { names[$0] }
    }
}

/// Scopes as bits of a `ScopeTable`, so that authorization is one test.
public struct ScopeSet: Sendable, Hashable {
    let bits: UInt128

    public static let none = ScopeSet(bits: 0)

    public func union(_ other: ScopeSet) -> ScopeSet { ScopeSet(bits: bits | other.bits) }
    public func intersection(_ other: ScopeSet) -> ScopeSet { ScopeSet(bits: bits & other.bits) }
    public func isSuperset(of other: ScopeSet) -> Bool { other.bits & ~bits == 0 }
}
