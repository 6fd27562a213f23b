internal import Synchronization

/// How often which rule decided what, and by whom. Every label is of a table of ours.
public final class LimitCounters: Sendable {
    public enum Result: Int, Sendable, CaseIterable, CustomStringConvertible {
        case admitted, refused, wouldBlock, unavailable

        public var description: String {
            switch self {
            case .admitted: "admitted"
            case .refused: "refused"
            case .wouldBlock: "would_block"
            case .unavailable: "unavailable"
            }
        }
    }

    /// One line of the metric.
    public struct Count: Sendable, Hashable {
        public var rule: String
        public var result: String
        public var source: String
        public var count: Int
    }

    private final class Cell: Sendable { let count = Atomic<Int>(0) }

    private let cells: [Cell]
    private static let sources = RateLimitDecision.Source.allCases
    private static let levels = LimitRule.Level.allCases

    init() {
        let cells = Self.levels.count * Result.allCases.count * Self.sources.count
        self.cells = (0..<cells).map { _ in Cell() }
    }

    private func add(
        _ level: LimitRule.Level, _ result: Result, _ source: RateLimitDecision.Source
    ) {
        let row = level.rawValue * Result.allCases.count + result.rawValue
        cells[row * Self.sources.count + source.rawValue].count.add(1, ordering: .relaxed)
    }

    func count(_ decision: RateLimitDecision, of question: LimitQuestion) {
        switch decision.outcome {
        case .limited(let level, _): add(level, .refused, decision.source)
        case .unavailable(let level): add(level, .unavailable, decision.source)
        case .admitted:
            for index in question.rules.indices {
                let isBlocked = decision.shadowed >> UInt8(index) & 1 == 1
                add(
                    question.rules[index].level, isBlocked ? .wouldBlock : .admitted,
                    decision.source)
            }
        }
    }

    /// Those that are not zero, in a stable order.
    public var all: [Count] {
        var all: [Count] = []
        for level in Self.levels {
            for result in Result.allCases {
                for source in Self.sources {
                    let row = level.rawValue * Result.allCases.count + result.rawValue
                    let count = cells[row * Self.sources.count + source.rawValue].count.load(
                        ordering: .relaxed)
                    guard count > 0 else { continue }
                    all.append(
                        Count(
                            rule: "\(level)", result: "\(result)", source: "\(source)",
                            count: count))
                }
            }
        }
        return all
    }
}
