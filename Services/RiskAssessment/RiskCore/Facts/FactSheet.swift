public import RuleLanguage

/// Whether a fact is known, and if not, why.
public enum FactStatus: UInt8, Sendable, Hashable {
    /// Known.
    case present
    /// Known to be nothing: the entity has no history.
    case empty
    /// Nobody sent or observed it.
    case absent
    /// Its source did not answer.
    case unavailable
    /// Its source may not tell.
    case withheld
    /// Its source failed on it.
    case error

    public var isKnown: Bool { self == .present || self == .empty }
}

/// The facts of one event with where each came from: what the rules read, and what the record
/// keeps of it.
public struct FactSheet: Sendable {
    public let catalogue: FactCatalogue
    public private(set) var frame: FactFrame
    public private(set) var statuses: [FactStatus]
    /// Slots of facts that only the caller vouches for.
    public private(set) var claimed: Set<Int> = []
    /// Whether a claim contradicts what was observed.
    public private(set) var hasClaimMismatch = false

    public init(catalogue: FactCatalogue) {
        self.catalogue = catalogue
        frame = FactFrame(schema: catalogue.schema)
        statuses = Array(repeating: .absent, count: catalogue.schema.count)
    }

    /// Sets a known fact. Facts that the catalogue does not have are left out.
    public mutating func set(_ name: String, to value: Constant?, status: FactStatus = .present) {
        guard let value, let slot = catalogue.schema.slot(of: name) else { return }
        guard frame.set(slot, to: value) else {
            statuses[slot] = .error
            return
        }
        statuses[slot] = status
    }

    /// Says why a fact is missing.
    public mutating func miss(_ name: String, _ status: FactStatus) {
        guard let slot = catalogue.schema.slot(of: name) else { return }
        frame.clear(slot)
        statuses[slot] = status
    }

    /// Puts back what a record says of a fact; nil: it has no value.
    mutating func restore(
        _ slot: Int, to value: Constant?, status: FactStatus, claimed isClaimed: Bool = false
    ) {
        if let value, frame.set(slot, to: value) {
            if isClaimed { claimed.insert(slot) }
        } else {
            frame.clear(slot)
        }
        statuses[slot] = status
    }

    /// A record says that a claim contradicted what was observed.
    mutating func noteClaimMismatch() { hasClaimMismatch = true }

    /// Takes what the caller says of a fact only where nothing was observed: no value at all, or
    /// an entity without history. A claim that contradicts an observation is dropped.
    public mutating func claim(_ name: String, _ value: Constant?) {
        guard let value, let slot = catalogue.schema.slot(of: name) else { return }
        if statuses[slot] == .present {
            if frame.value(at: slot) != value { hasClaimMismatch = true }
            return
        }
        if frame.set(slot, to: value) {
            statuses[slot] = .present
            claimed.insert(slot)
        }
    }
}
