/// How much a call matters when not all can be served: from `assay-criticality`, which the gateway
/// sets and child calls inherit.
public enum Criticality: UInt8, Sendable, Hashable, Comparable, CaseIterable {
    /// Goes first, and a part of the capacity is kept for it.
    case critical
    case normal
    /// Goes last: batches, replays, whatever is tried again later anyway.
    case sheddable

    /// More important ones come first.
    public static func < (left: Criticality, right: Criticality) -> Bool {
        left.rawValue < right.rawValue
    }

    /// What a header says; anything unknown is `normal`.
    public init(header: some Collection<UInt8>) {
        self = Self.allCases.first { header.elementsEqual("\($0)".utf8) } ?? .normal
    }
}

extension Criticality: CustomStringConvertible {
    public var description: String {
        switch self {
        case .critical: "critical"
        case .normal: "normal"
        case .sheddable: "sheddable"
        }
    }
}
