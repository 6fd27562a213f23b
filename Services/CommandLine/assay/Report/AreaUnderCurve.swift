/// The area under the ROC curve as the rank statistic: the chance that a bad case scores above a
/// good one, equal scores counting half (Hanley and McNeil 1982; Mann and Whitney's U ÷ (m·n)).
enum AreaUnderCurve {
    /// - Returns: Nil without a case of each kind.
    static func rankStatistic(_ cases: [(score: Double, isPositive: Bool)]) -> Double? {
        let positives = cases.count { $0.isPositive }
        let negatives = cases.count - positives
        guard positives > 0, negatives > 0 else { return nil }
        let sorted = cases.sorted { $0.score < $1.score }
        var rankSum = 0.0
        var start = 0
        while start < sorted.count {
            var end = start + 1
            while end < sorted.count, sorted[end].score == sorted[start].score { end += 1 }
            // Ranks start + 1 ... end are shared by equals.
            let mean = Double(start + 1 + end) / 2
            rankSum += mean * Double(sorted[start..<end].count { $0.isPositive })
            start = end
        }
        let smallest = Double(positives) * Double(positives + 1) / 2
        return (rankSum - smallest) / (Double(positives) * Double(negatives))
    }
}
