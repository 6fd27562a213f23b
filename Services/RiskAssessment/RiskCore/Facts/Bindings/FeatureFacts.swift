internal import AssayMessages
internal import RuleLanguage

/// The facts that are features: the vector `rule_facts@1`, whose values stand in the order in which
/// the catalogue first names them.
struct FeatureFacts: Sendable {
    static let vector = AssayFeaturesV1.VectorRef(name: "rule_facts", version: 1)

    /// Features of graphs, which the feature store does not compute with an event.
    static let unpublished: Set<String> = [
        "chain_hops_24h", "cycle_min_days_30d", "hops_to_flagged_account",
        "reciprocal_pair_cnt_30d", "scatter_gather_cnt_7d",
    ]

    private struct Binding: Sendable {
        let slot: Int
        let index: Int
        let source: FeatureExpression
        let type: ValueType
        let isMoney: Bool
        let never: Int64?
    }

    private let bindings: [Binding]
    /// Features of the vector, in its order.
    let names: [String]

    init(_ catalogue: FactCatalogue) {
        var names: [String] = []
        var positions: [String: Int] = [:]
        var bindings: [Binding] = []
        for (slot, entry) in catalogue.entries.enumerated() where entry.source == .feature {
            guard let source = FeatureExpression(entry.binding),
                !Self.unpublished.contains(source.feature)
            else { continue }
            let index = positions[source.feature] ?? names.count
            if index == names.count {
                names.append(source.feature)
                positions[source.feature] = index
            }
            bindings.append(
                Binding(
                    slot: slot, index: index, source: source, type: entry.type,
                    isMoney: entry.isMoney, never: entry.whenNever))
        }
        self.names = names
        self.bindings = bindings
    }

    /// Sets the facts that a vector's values are. A vector of another length is not ours: then all
    /// are errors.
    func fill(_ sheet: inout FactSheet, from vector: AssayFeaturesV1.Vector) {
        guard vector.values.count == names.count, vector.status.count == names.count else {
            return miss(&sheet, .error)
        }
        for binding in bindings {
            let byte = FeatureStatus(vector.status[binding.index])
            let reading = binding.source.reading(
                vector.values[binding.index], byte.status, as: binding.type,
                isMoney: binding.isMoney)
            sheet.read(
                binding.slot, reading, never: binding.never,
                status: byte.status == .empty ? .empty : .present)
            if byte.flags != 0, sheet.statuses[binding.slot].isKnown {
                sheet.mark(binding.slot, flags: byte.flags)
            }
        }
    }

    func miss(_ sheet: inout FactSheet, _ status: FactStatus) {
        for binding in bindings { sheet.read(binding.slot, .missing(status), never: nil) }
    }
}

/// The status byte of a value of a vector: low bits say what it is, the high ones how fresh.
struct FeatureStatus {
    let status: FactStatus
    /// `stale` and `incomplete`; that a value is approximate, or of an entity that is updated with
    /// a delay, is no news to a rule.
    let flags: UInt8

    static let stale: UInt8 = 0x08
    static let incomplete: UInt8 = 0x40

    init(_ byte: UInt8) {
        status = FactStatus(rawValue: byte & 0x07) ?? .error
        flags = byte & (Self.stale | Self.incomplete)
    }
}

/// What the catalogue says a fact is of a feature: `name`, `name / 3600` or `name == 0`.
struct FeatureExpression: Sendable, Hashable {
    enum Operation: Sendable, Hashable {
        case value
        case dividedBy(Double)
        case equals(Double)
    }

    let feature: String
    let operation: Operation

    init?(_ binding: String) {
        let words = binding.split(separator: " ").map(String.init)
        switch words.count {
        case 1: operation = .value
        case 3:
            guard let operand = Double(words[2]), operand.isFinite else { return nil }
            switch words[1] {
            case "/" where operand > 0: operation = .dividedBy(operand)
            case "==": operation = .equals(operand)
            default: return nil
            }
        default: return nil
        }
        feature = words[0]
    }

    /// The fact's value. A feature without one that is `empty` never happened.
    func reading(
        _ value: Double, _ status: FactStatus, as type: ValueType, isMoney: Bool
    ) -> FactReading {
        guard status.isKnown else { return .missing(status) }
        guard value.isFinite else {
            if !value.isNaN { return .missing(.error) }
            return status == .empty ? .never : .missing(.absent)
        }
        let result: Double
        switch operation {
        case .value: result = value
        case .dividedBy(let divisor): result = value / divisor
        case .equals(let other): return type == .bool ? .bool(value == other) : .missing(.error)
        }
        switch type {
        case .double: return .double(result)
        case .bool: return result == 0 ? .bool(false) : result == 1 ? .bool(true) : .missing(.error)
        case .int: return whole(result, isMoney: isMoney)
        default: return .missing(.error)
        }
    }

    /// Counts are whole, or they are none; the hours of many seconds are full hours, and mean money
    /// is the nearest whole number of minor units.
    private func whole(_ value: Double, isMoney: Bool) -> FactReading {
        var whole = value
        if case .dividedBy = operation {
            whole = value.rounded(.down)
        } else if isMoney {
            whole = value.rounded(.toNearestOrEven)
        }
        guard whole.magnitude <= 0x1p53, whole.rounded() == whole else { return .missing(.error) }
        return .int(Int64(whole))
    }
}
