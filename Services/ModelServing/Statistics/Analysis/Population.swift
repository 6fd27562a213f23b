/// The units of an experiment, in the order of their hashes, without those that do not count.
struct Population {
    private let design: ExperimentDesign
    private let rows: [UnitRow]
    let excluded: AnalysisResult.Excluded
    let summaries: [AnalysisResult.ArmSummary]

    /// Met in two arms, in parts of all units: from here on something is wrong with the assignment.
    static let crossoverAlarm = 0.01

    init(_ design: ExperimentDesign, units: [UnitRow]) {
        let sorted = units.sorted { $0.hash < $1.hash }
        var kept: [UnitRow] = []
        kept.reserveCapacity(sorted.count)
        var crossovers = 0
        var forced = 0
        var unusable = 0
        var rest = sorted[...]
        while let first = rest.first {
            let same = rest.prefix { $0.hash == first.hash }
            rest = rest.dropFirst(same.count)
            if same.contains(where: { $0.flags.contains(.forced) }) {
                forced += 1
            } else if same.contains(where: { $0.arm != first.arm || $0.flags.contains(.crossover) })
            {
                crossovers += 1
            } else if same.count == 1 && Population.fits(first, design) {
                kept.append(first)
            } else {
                unusable += same.count
            }
        }
        self.design = design
        rows = kept
        excluded = AnalysisResult.Excluded(
            crossovers: crossovers, forced: forced, unusable: unusable,
            tooManyCrossovers: crossovers > 0
                && Double(crossovers) >= Self.crossoverAlarm * Double(kept.count + crossovers))
        summaries = Population.summaries(design, kept)
    }

    private static func fits(_ row: UnitRow, _ design: ExperimentDesign) -> Bool {
        design.arms.indices.contains(row.arm) && row.values.count == design.metrics.count
    }

    private static func summaries(
        _ design: ExperimentDesign, _ rows: [UnitRow]
    ) -> [AnalysisResult.ArmSummary] {
        design.arms.indices.map { arm in
            let own = rows.lazy.filter { $0.arm == arm }
            return AnalysisResult.ArmSummary(
                name: design.arms[arm].name, units: own.count { _ in true },
                fallback: own.count { $0.flags.contains(.fallback) },
                failed: own.count { $0.flags.contains(.failed) })
        }
    }

    var unitsPerArm: [Int] { summaries.map(\.units) }

    /// One column per arm.
    func columns(metric: Int) -> [MetricColumn] {
        var columns = design.arms.map { _ in MetricColumn(kind: design.metrics[metric].kind) }
        for row in rows { columns[row.arm].add(row.values[metric]) }
        return columns
    }
}
