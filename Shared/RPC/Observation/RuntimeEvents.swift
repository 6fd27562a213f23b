internal import Synchronization

/// What happens seldom and is counted by its name: the runtime tells it here, from any thread.
///
/// Labels are names of the program's own, never text of a peer's; should there be too many all the
/// same, the rest is counted as `other`.
public final class RuntimeEvents: Sendable {
    /// A counter with up to three labels.
    public enum Family: Int, Sendable, CaseIterable {
        case retries, hedges, goAways, abuse, zombies, shed, heldLoops, logLinesDropped, spans

        public var name: String {
            switch self {
            case .retries: "assay_rpc_retries_total"
            case .hedges: "assay_rpc_hedges_total"
            case .goAways: "assay_h2_goaway_total"
            case .abuse: "assay_h2_abuse_total"
            case .zombies: "assay_rpc_zombie_handlers_total"
            case .shed: "assay_rpc_shed_total"
            case .heldLoops: "assay_loop_held_total"
            case .logLinesDropped: "assay_log_lines_dropped_total"
            case .spans: "assay_trace_spans_total"
            }
        }

        public var help: String {
            switch self {
            case .retries: "Attempts behind the first, by what allowed them."
            case .hedges: "Attempts beside another, by what became of them."
            case .goAways: "Ends of connections that were announced, by who did and why."
            case .abuse: "What peers did that they should not, and what was done about it."
            case .zombies: "Handlers that went on for 10 s after they were cancelled."
            case .shed: "Calls that were refused because there were too many, by their criticality."
            case .heldLoops: "Times that an event loop was busy with handlers for over 10 ms."
            case .logLinesDropped: "Lines about calls that were not written, and why."
            case .spans: "Spans by what became of them."
            }
        }

        public var labels: [String] {
            switch self {
            case .retries: ["kind", "grpc_target"]
            case .hedges: ["result", "grpc_target"]
            case .goAways: ["direction", "reason", "profile"]
            case .abuse: ["event", "action", "profile"]
            case .zombies, .heldLoops: ["grpc_method"]
            case .shed: ["criticality"]
            case .logLinesDropped: ["reason"]
            case .spans: ["result"]
            }
        }
    }

    /// A family with the values of its labels.
    public struct Key: Sendable, Hashable {
        public let family: Family
        public let first: String
        public let second: String
        public let third: String

        /// In the order of the family's labels.
        public var values: [String] { [first, second, third] }
    }

    /// Series of all families together.
    static let maximumSeries = 1_000

    private let counts = Mutex<[Key: UInt64]>([:])

    public init() {}

    /// Counts one event, or `amount` of them. The labels are in the order of the family's.
    public func count(
        _ family: Family, _ first: String, _ second: String = "", _ third: String = "",
        by amount: Int = 1
    ) {
        let key = Key(family: family, first: first, second: second, third: third)
        counts.withLock { counts in
            if counts[key] == nil, counts.count >= Self.maximumSeries {
                let other = Key(family: family, first: "other", second: "other", third: "other")
                counts[other, default: 0] &+= UInt64(clamping: amount)
            } else {
                counts[key, default: 0] &+= UInt64(clamping: amount)
            }
        }
    }

    public var all: [Key: UInt64] { counts.withLock { $0 } }
}
