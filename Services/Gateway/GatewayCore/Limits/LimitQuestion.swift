/// What one call asks of its limits: by which rules it is counted, under which names, how much.
///
/// Made for every call, so it refers to what stands in the snapshot and allocates nothing.
public struct LimitQuestion: Sendable {
    /// In the order tenant, client, method; at most one of each.
    public let rules: [LimitRule]
    /// A number of exactly these rules: what was decided by others does not hold for them.
    public let fingerprint: UInt64
    public let tenant: String
    /// The API key's id, or the client's name.
    public let caller: String
    /// Whether `caller` is a client's name, which joins all of its credentials.
    public let isClient: Bool
    /// A number that the method has on every replica, whatever its routes are.
    public let method: UInt32
    /// The method's cost.
    public let cost: Int

    public init(
        rules: [LimitRule], fingerprint: UInt64, tenant: String, caller: String, isClient: Bool,
        method: UInt32, cost: Int
    ) {
        precondition(rules.count <= Self.maximumRules, "one rule per level")
        self.rules = rules
        self.fingerprint = fingerprint
        self.tenant = tenant
        self.caller = caller
        self.isClient = isClient
        self.method = method
        self.cost = cost
    }

    static let maximumRules = LimitRule.Level.allCases.count

    /// Of everything that is counted for the tenant.
    func groupHash(_ seed: UInt64) -> UInt64 {
        var hash = KeyHash(seed)
        hash.add(tenant)
        return hash.finished
    }

    /// Of what a rule of this level counts together.
    func hash(_ level: LimitRule.Level, _ seed: UInt64) -> UInt64 {
        var hash = KeyHash(seed)
        hash.add(tenant)
        hash.add(UInt8(level.rawValue))
        if level == .tenant { return hash.finished }
        hash.add(UInt8(isClient ? 1 : 0))
        hash.add(caller)
        if level == .method { hash.add(number: UInt64(method)) }
        return hash.finished
    }

    /// Of the caller's calls of this method under these rules.
    func wholeHash(_ seed: UInt64) -> UInt64 {
        var hash = KeyHash(seed ^ fingerprint)
        hash.add(tenant)
        hash.add(UInt8(isClient ? 1 : 0))
        hash.add(caller)
        hash.add(number: UInt64(method))
        return hash.finished
    }
}

/// FNV-1a over a seeded start, finished as SplitMix64 does. Parts of a key are kept apart.
struct KeyHash {
    private var value: UInt64

    init(_ seed: UInt64) { value = seed ^ 0xCBF2_9CE4_8422_2325 }

    mutating func add(_ text: String) {
        for byte in text.utf8 { add(byte) }
        // No text has this byte: "ab" and "c" are not "a" and "bc".
        add(UInt8(0xFF))
    }

    mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }

    mutating func add(number: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) {
            add(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
        }
    }

    var finished: UInt64 {
        var value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
