/// Champion and challenger on the same calls: whom each of them selects, and how their scores differ.
public struct ScoreComparison: Sendable, Equatable {
    /// One call, scored by both.
    public struct Pair: Sendable, Equatable {
        public let champion: Double
        public let challenger: Double
        /// What came of it, once that is known.
        public let isPositive: Bool?

        public init(champion: Double, challenger: Double, isPositive: Bool? = nil) {
            self.champion = champion
            self.challenger = challenger
            self.isPositive = isPositive
        }
    }

    /// The calls that two versions treat in one way.
    public struct Cell: Sendable, Equatable {
        public private(set) var calls = 0
        /// Whose outcome is known.
        public private(set) var labelled = 0
        public private(set) var positives = 0

        mutating func add(_ isPositive: Bool?) {
            calls += 1
            labelled += isPositive == nil ? 0 : 1
            positives += isPositive == true ? 1 : 0
        }

        /// Nil while no outcome is known.
        public var positiveShare: Double? {
            labelled == 0 ? nil : Double(positives) / Double(labelled)
        }
    }

    /// Selected by both, by one of them (the swap set), and by neither.
    public let both: Cell
    public let onlyChampion: Cell
    public let onlyChallenger: Cell
    public let neither: Cell
    /// A score that is not a number: not compared.
    public let unusable: Int
    /// Of the challenger's scores from the champion's, in the champion's deciles.
    public let stabilityIndex: Double
    public let meanDifference: Double
    public let largestDifference: Double

    /// A call is selected if its score reaches its version's threshold.
    public init(_ pairs: [Pair], championThreshold: Double, challengerThreshold: Double) {
        let usable = pairs.filter { $0.champion.isFinite && $0.challenger.isFinite }
        var cells = [Cell](repeating: Cell(), count: 4)
        var sum = ExactSum()
        var largest = 0.0
        for pair in usable {
            let first = pair.champion >= championThreshold ? 2 : 0
            let second = pair.challenger >= challengerThreshold ? 1 : 0
            cells[first + second].add(pair.isPositive)
            sum.add(pair.challenger - pair.champion)
            largest = max(largest, abs(pair.challenger - pair.champion))
        }
        neither = cells[0]
        onlyChallenger = cells[1]
        onlyChampion = cells[2]
        both = cells[3]
        unusable = pairs.count - usable.count
        let champion = usable.map(\.champion)
        let reference = ReferenceCells(reference: champion)
        stabilityIndex = PopulationStability.index(
            reference: reference.counts(champion),
            current: reference.counts(usable.map(\.challenger)))
        meanDifference = usable.isEmpty ? 0 : sum.value / Double(usable.count)
        largestDifference = largest
    }

    public var calls: Int {
        both.calls + onlyChampion.calls + onlyChallenger.calls + neither.calls
    }

    /// Treated alike by both; nil without calls.
    public var agreement: Double? {
        calls == 0 ? nil : Double(both.calls + neither.calls) / Double(calls)
    }

    /// The part of the agreement that chance does not explain (Cohen's kappa, 1960): 1 is perfect, 0
    /// is chance. Nil without calls, or if both versions treat all calls alike.
    public var kappa: Double? {
        guard let agreement else { return nil }
        let n = Double(calls)
        let first = Double(both.calls + onlyChampion.calls) / n
        let second = Double(both.calls + onlyChallenger.calls) / n
        let chance = first * second + (1 - first) * (1 - second)
        return chance < 1 ? (agreement - chance) / (1 - chance) : nil
    }
}
