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
    /// Slots of observed facts that a claim contradicts, in the order of the claims.
    public private(set) var contradicted: [Int] = []
    /// Slots of known facts whose values the feature store flagged, and its flags.
    public private(set) var flagged: [(slot: Int, flags: UInt8)] = []

    /// Whether a claim contradicts what was observed.
    public var hasClaimMismatch: Bool { !contradicted.isEmpty }

    public init(catalogue: FactCatalogue) {
        self.catalogue = catalogue
        frame = FactFrame(schema: catalogue.schema)
        statuses = Array(repeating: .absent, count: catalogue.schema.count)
    }

    /// Sets a known fact. Facts that the catalogue does not have are left out.
    public mutating func set(_ name: String, to value: Constant?, status: FactStatus = .present) {
        guard let value, let slot = catalogue.schema.slot(of: name) else { return }
        guard frame.set(slot, to: value) else { return miss(slot, .error) }
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

    /// A record says that a claim contradicted what was observed of a fact.
    mutating func noteContradicted(_ slot: Int) { contradicted.append(slot) }

    // MARK: By slot

    /// Takes what a source said of a fact; a source that said nothing changes nothing.
    ///
    /// - Parameters:
    ///   - never: what the fact reads as if it never happened.
    ///   - status: of a value that is known.
    mutating func read(
        _ slot: Int, _ reading: FactReading, never: Int64?, status: FactStatus = .present
    ) {
        let isSet: Bool
        switch reading {
        case .absent: return
        case .missing(let status): return miss(slot, status)
        case .never:
            guard let never else { return miss(slot, .absent) }
            isSet = frame.set(slot, to: Scalar.int(never))
        case .bool(let value): isSet = frame.set(slot, to: Scalar.bool(value))
        case .int(let value): isSet = frame.set(slot, to: Scalar.int(value))
        case .double(let value):
            isSet = value.isFinite && frame.set(slot, to: Scalar.double(value))
        case .text(let text): isSet = frame.set(slot, to: Scalar.text(text))
        case .texts(let texts):
            isSet = frame.set(slot, to: Constant.list(texts.map { .string($0) }))
        }
        if isSet { statuses[slot] = status } else { miss(slot, .error) }
    }

    private mutating func miss(_ slot: Int, _ status: FactStatus) {
        frame.clear(slot)
        statuses[slot] = status
    }

    /// Notes that the feature store flagged a value as stale or incomplete.
    mutating func mark(_ slot: Int, flags: UInt8) { flagged.append((slot, flags)) }

    /// Takes a claim only where nothing was observed: no value at all, or an entity without
    /// history. A claim that contradicts an observation is dropped.
    mutating func claim(_ slot: Int, _ reading: FactReading, ofSeenEntity isSeen: Bool) {
        if reading == .absent { return }
        let isObserved = statuses[slot] == .present || (statuses[slot] == .empty && isSeen)
        guard isObserved else {
            read(slot, reading, never: nil)
            if statuses[slot] == .present { claimed.insert(slot) }
            return
        }
        let isEqual =
            switch (frame.value(at: slot), reading) {
            case (.int(let value), .int(let claim)): value == claim
            case (.bool(let value), .bool(let claim)): value == claim
            default: false
            }
        if !isEqual { contradicted.append(slot) }
    }
}

extension FactSheet {
    /// Whether a value is older than its source allows, or an incomplete count.
    func isStale(_ slot: Int) -> Bool {
        flagged.contains { $0.slot == slot }
    }

    /// Whether a value is older than its source allows. That a count is incomplete, as while a store
    /// warms up, is no fault of anyone.
    var hasStaleFacts: Bool { flagged.contains { $0.flags & FeatureStatus.stale != 0 } }

    /// Names of facts that were used though they are stale or incomplete.
    var staleFacts: [String] {
        flagged.map(\.slot).sorted().map { catalogue.entries[$0].name }
    }

    /// Names of observed facts that the caller contradicts.
    var contradictedFacts: [String] {
        contradicted.map { catalogue.entries[$0].name }.sorted()
    }
}
