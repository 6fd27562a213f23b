internal import AssayMessages
internal import Statistics
internal import Wire

/// The calls of a shadow's log by the version that answered.
struct ComparedCalls {
    /// One call; a score that is missing is NaN.
    struct Call {
        let requestID: String
        let live: Double
        let shadow: Double
    }

    /// Those that are compared.
    struct Chosen {
        /// 0: there are none.
        var baseline: UInt32 = 0
        var calls: [Call] = []
        var firstAt: Timestamp?
        var lastAt: Timestamp?
        /// Read, but of other versions.
        var others = 0
    }

    private struct Group {
        var calls: [Call] = []
        var firstAt: Timestamp
        var lastAt: Timestamp
    }

    private let challenger: UInt32
    private let baseline: UInt32
    private var groups: [UInt32: Group] = [:]
    private var rows = 0

    /// - Parameter baseline: 0: the version that answered most.
    init(challenger: UInt32, baseline: UInt32) {
        self.challenger = challenger
        self.baseline = baseline
    }

    mutating func add(_ row: AssayModelsV1.ShadowRow) {
        rows += 1
        let version = row.live.version
        guard row.shadow.version == challenger,
            baseline == 0 ? version != challenger : version == baseline
        else { return }
        var group = groups[version] ?? Group(firstAt: row.at, lastAt: row.at)
        groups[version] = nil
        group.calls.append(
            Call(
                requestID: row.requestID, live: row.live.score ?? .nan,
                shadow: row.shadow.score ?? .nan))
        group.firstAt = min(group.firstAt, row.at)
        group.lastAt = max(group.lastAt, row.at)
        groups[version] = group
    }

    /// The calls that the baseline answered; of several versions with as many, the older.
    var chosen: Chosen {
        let found = groups.max {
            ($0.value.calls.count, $1.key) < ($1.value.calls.count, $0.key)
        }
        guard let (version, group) = found else { return Chosen(others: rows) }
        return Chosen(
            baseline: version, calls: group.calls, firstAt: group.firstAt, lastAt: group.lastAt,
            others: rows - group.calls.count)
    }
}

extension AssayModelsV1.Comparison {
    init(
        _ found: ScoreComparison, _ calls: ComparedCalls.Chosen, _ thresholds: Thresholds,
        horizon: Timestamp
    ) {
        let usable = calls.calls.filter { $0.live.isFinite && $0.shadow.isFinite }
        self.init(
            baseline: calls.baseline, rows: UInt64(calls.calls.count),
            unusable: UInt64(found.unusable), otherRows: UInt64(calls.others),
            firstAt: calls.firstAt, lastAt: calls.lastAt, horizon: horizon,
            baselineThreshold: thresholds.baseline, challengerThreshold: thresholds.challenger,
            both: .init(found.both), onlyBaseline: .init(found.onlyChampion),
            onlyChallenger: .init(found.onlyChallenger), neither: .init(found.neither),
            agreement: found.agreement, kappa: found.kappa,
            stabilityIndex: found.stabilityIndex,
            rankCorrelation: RankCorrelation.spearman(usable.map(\.live), usable.map(\.shadow)),
            meanDifference: found.meanDifference, largestDifference: found.largestDifference)
    }
}

extension AssayModelsV1.SwapCell {
    fileprivate init(_ cell: ScoreComparison.Cell) {
        self.init(
            calls: UInt64(cell.calls), labelled: UInt64(cell.labelled),
            positives: UInt64(cell.positives))
    }
}
