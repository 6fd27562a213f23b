internal import AssayMessages

/// Old status against new status: how many, how much money, and examples.
struct StatusMatrix {
    static let size = RiskStatus.allCases.count

    struct Cell {
        var count: UInt64 = 0
        var amount: Int64 = 0
        /// The largest amounts first.
        var examples: [AssayRiskV1.ChangedDecision] = []
    }

    private(set) var cells = [Cell](repeating: Cell(), count: size * size)
    let maximumExamples: Int

    init(maximumExamples: Int) { self.maximumExamples = maximumExamples }

    subscript(_ before: RiskStatus, _ after: RiskStatus) -> Cell {
        cells[before.rawValue * Self.size + after.rawValue]
    }

    /// `example` is called only if there is room for it.
    mutating func add(
        _ before: RiskStatus, _ after: RiskStatus, amount: Int64, isDifferent: Bool,
        example: () -> AssayRiskV1.ChangedDecision
    ) {
        let index = before.rawValue * Self.size + after.rawValue
        cells[index].count += 1
        cells[index].amount = cells[index].amount.addingSaturated(amount)
        guard isDifferent, maximumExamples > 0 else { return }
        let examples = cells[index].examples
        if examples.count == maximumExamples, let last = examples.last, last.amount > amount {
            return
        }
        keep([example()], at: index)
    }

    mutating func merge(_ other: StatusMatrix) {
        for (index, cell) in other.cells.enumerated() {
            cells[index].count += cell.count
            cells[index].amount = cells[index].amount.addingSaturated(cell.amount)
            keep(cell.examples, at: index)
        }
    }

    /// The order is total, so which are kept does not depend on which came first.
    private mutating func keep(_ new: [AssayRiskV1.ChangedDecision], at index: Int) {
        guard !new.isEmpty else { return }
        let all = (cells[index].examples + new).sorted { a, b in
            if a.amount != b.amount { return a.amount > b.amount }
            return a.decisionID.bytes.lexicographicallyPrecedes(b.decisionID.bytes)
        }
        cells[index].examples = Array(all.prefix(maximumExamples))
    }
}

extension Int64 {
    /// The sum, or the greatest or least number if it is none.
    func addingSaturated(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other > 0 ? .max : .min) : sum
    }
}
