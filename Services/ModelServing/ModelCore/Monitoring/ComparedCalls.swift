internal import AssayMessages
internal import Crypto
internal import Statistics
internal import Wire

/// The calls of a shadow's log by the version that answered, up to a number over all versions.
struct ComparedCalls {
    /// About 200 bytes each while they are compared.
    static let maximum = 1_000_000

    /// Those that are compared.
    struct Chosen {
        /// 0: there are none.
        var baseline: UInt32 = 0
        /// The version that answered is the champion; a score that is missing is NaN.
        var pairs: [ScoreComparison.Pair] = []
        /// What the calls' ids are known by; empty unless they are needed.
        var ids: [UInt64] = []
        var firstAt: Timestamp?
        var lastAt: Timestamp?
        /// Read, but of other versions.
        var others = 0
    }

    private struct Group {
        var pairs: [ScoreComparison.Pair] = []
        var ids: [UInt64] = []
        var firstAt: Timestamp
        var lastAt: Timestamp
    }

    private let challenger: UInt32
    private let baseline: UInt32
    private let keepsIDs: Bool
    private let limit: Int
    private var groups: [UInt32: Group] = [:]
    private var rows = 0
    private var kept = 0

    /// - Parameter baseline: 0: the version that answered most.
    init(
        challenger: UInt32, baseline: UInt32, keepsIDs: Bool = false, limit: Int = Self.maximum
    ) {
        self.challenger = challenger
        self.baseline = baseline
        self.keepsIDs = keepsIDs
        self.limit = limit
    }

    /// What an id is known by: two of a million are hardly ever the same.
    static func key(_ requestID: String) -> UInt64 {
        SHA256.hash(data: Array(requestID.utf8)).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// - Returns: false if there is no room for it.
    mutating func add(_ row: AssayModelsV1.ShadowRow) -> Bool {
        let version = row.live.version
        guard row.shadow.version == challenger,
            baseline == 0 ? version != challenger : version == baseline
        else {
            rows += 1
            return true
        }
        guard kept < limit else { return false }
        rows += 1
        kept += 1
        var group = groups[version] ?? Group(firstAt: row.at, lastAt: row.at)
        groups[version] = nil
        group.pairs.append(
            .init(champion: row.live.score ?? .nan, challenger: row.shadow.score ?? .nan))
        if keepsIDs { group.ids.append(Self.key(row.requestID)) }
        group.firstAt = min(group.firstAt, row.at)
        group.lastAt = max(group.lastAt, row.at)
        groups[version] = group
        return true
    }

    /// The calls that the baseline answered; of several versions with as many, the older.
    var chosen: Chosen {
        let found = groups.max {
            ($0.value.pairs.count, $1.key) < ($1.value.pairs.count, $0.key)
        }
        guard let (version, group) = found else { return Chosen(others: rows) }
        return Chosen(
            baseline: version, pairs: group.pairs, ids: group.ids, firstAt: group.firstAt,
            lastAt: group.lastAt, others: rows - group.pairs.count)
    }
}

extension AssayModelsV1.Comparison {
    init(
        _ found: ScoreComparison, _ calls: ComparedCalls.Chosen, _ thresholds: Thresholds,
        horizon: Timestamp
    ) {
        let usable = calls.pairs.filter { $0.champion.isFinite && $0.challenger.isFinite }
        self.init(
            baseline: calls.baseline, rows: UInt64(calls.pairs.count),
            unusable: UInt64(found.unusable), otherRows: UInt64(calls.others),
            firstAt: calls.firstAt, lastAt: calls.lastAt, horizon: horizon,
            baselineThreshold: thresholds.baseline, challengerThreshold: thresholds.challenger,
            both: .init(found.both), onlyBaseline: .init(found.onlyChampion),
            onlyChallenger: .init(found.onlyChallenger), neither: .init(found.neither),
            agreement: found.agreement, kappa: found.kappa,
            stabilityIndex: found.stabilityIndex,
            rankCorrelation: RankCorrelation.spearman(
                usable.map(\.champion), usable.map(\.challenger)),
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
