/// What it takes to go from one definition set to another, change by change.
public struct DefinitionPlan: Sendable {
    /// What a change costs, from nothing to not at all.
    public enum Class: String, Hashable, Sendable, CaseIterable {
        /// Names, descriptions, reference data: at once.
        case note
        /// A feature or vector over what states keep already: at once, warm.
        case free
        /// States keep more: with the next generation.
        case grow
        /// Something is no longer there.
        case remove
        /// Something means something else under its old name: refused.
        case change
    }

    public struct Change: Hashable, Sendable {
        public let `class`: Class
        /// `feature card_txn_cnt_1h`, `vector card_small@1`, `entity card`.
        public let subject: String
        public let text: String
        /// The vectors of the new set whose values it reaches.
        public internal(set) var vectors: [String]
        /// Why it cannot be applied; nil if it can.
        public internal(set) var refusal: String?
    }

    /// Of the sets; empty if there was none before.
    public let before: [UInt8]
    public let after: [UInt8]
    /// Ascending by class and subject.
    public let changes: [Change]
    /// What is allowed but looks wrong.
    public let lints: [String]
    /// Of the entities whose states change.
    public let sizes: [StateSize]
    /// Of the windows that are new.
    public let overshoots: [Overshoot]

    /// How much longer than it says a window may be.
    public struct Overshoot: Hashable, Sendable {
        public let feature: String
        /// Milliseconds.
        public let window: Int64
        public let hop: Int64
    }

    public var refusals: [Change] { changes.filter { $0.refusal != nil } }
    public var isRefused: Bool { !refusals.isEmpty }

    /// Whether states of the set before are of no use to the one after.
    public let needsGeneration: Bool

    /// Names the plan: whoever applies it says which one they have read.
    public var hash: [UInt8] {
        let lines = changes.map { "\($0.class.rawValue) \($0.subject) \($0.text)" }
        return Digest.sha256("\(before) \(after)\n\(lines.joined(separator: "\n"))")
    }

    /// - Parameters:
    ///   - before: the active set; nil if there is none.
    ///   - pinned: vectors, as `name@version`, that live models pin.
    public init(from before: DefinitionSet?, to after: DefinitionSet, pinned: Set<String> = []) {
        let comparison = SetComparison(before, after, pinned: pinned)
        self.before = before?.hash ?? []
        self.after = after.hash
        sizes = comparison.grownEntities.map { StateSize(of: $0, in: after) }
        var changes = comparison.changes
        for size in sizes where size.largest > StateSize.maximumBytes {
            changes.append(
                Change(
                    class: .grow, subject: "entity \(size.entity)",
                    text: "its largest state has \(size.largest) bytes", vectors: [],
                    refusal: "a state has at most \(StateSize.maximumBytes) bytes"))
        }
        for leak in DefinitionLints.labelCounts(after) where leak.isLeak {
            changes.append(
                Change(
                    class: .grow, subject: "feature \(leak.feature)",
                    text: "counts \(leak.event) events where they cannot be known yet",
                    vectors: [], refusal: "give it a lag of as long as labels take"))
        }
        let order = Class.allCases
        self.changes = changes.sorted {
            let (a, b) = (order.firstIndex(of: $0.class) ?? 0, order.firstIndex(of: $1.class) ?? 0)
            return (a, $0.subject, $0.text) < (b, $1.subject, $1.text)
        }
        overshoots = comparison.newFeatures.compactMap(Self.overshoot)
        lints = DefinitionLints.all(of: after)
        needsGeneration = before.map { $0.generation != after.generation } ?? false
    }

    private static func overshoot(of feature: CataloguedFeature) -> Overshoot? {
        guard let window = feature.window, let hop = feature.hop, window != Tier.ever.span else {
            return nil
        }
        return Overshoot(feature: feature.name, window: window, hop: hop)
    }
}
