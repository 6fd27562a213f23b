import AssayMessages

/// The truth against what was decided.
struct ConfusionTable: Sendable, Hashable {
    static let columns: [AssayRiskV1.Status] = [.approved, .challenge, .review, .declined]

    private var positive: [AssayRiskV1.Status: Int] = [:]
    private var negative: [AssayRiskV1.Status: Int] = [:]

    mutating func count(isPositive: Bool, _ status: AssayRiskV1.Status) {
        if isPositive {
            positive[status, default: 0] += 1
        } else {
            negative[status, default: 0] += 1
        }
    }

    func count(of status: AssayRiskV1.Status, isPositive: Bool) -> Int {
        (isPositive ? positive : negative)[status, default: 0]
    }

    /// The share of positives that were not simply approved.
    var caught: Double {
        let all = positive.values.reduce(0, +)
        return all == 0 ? 0 : Double(all - positive[.approved, default: 0]) / Double(all)
    }

    /// The share of negatives that were not simply approved.
    var disturbed: Double {
        let all = negative.values.reduce(0, +)
        return all == 0 ? 0 : Double(all - negative[.approved, default: 0]) / Double(all)
    }

    /// Lines of a table: a head, then one row for each truth.
    func lines(positive positiveName: String, negative negativeName: String) -> [String] {
        func row(_ cells: [String]) -> String {
            let numbers = cells.dropFirst().map { cell in
                String(repeating: " ", count: max(0, 11 - cell.count)) + cell
            }
            let name = cells[0] + String(repeating: " ", count: max(0, 14 - cells[0].count))
            return "  " + name + numbers.joined()
        }
        let head = row([""] + Self.columns.map(\.word))
        return [head]
            + [(negativeName, false), (positiveName, true)].map { name, isPositive in
                row([name] + Self.columns.map { "\(count(of: $0, isPositive: isPositive))" })
            }
    }
}

extension AssayRiskV1.Status {
    /// As a person reads it.
    var word: String {
        switch self {
        case .approved: "approved"
        case .challenge: "challenge"
        case .review: "review"
        case .declined: "declined"
        case .unspecified: "unspecified"
        case .unrecognized: "unknown"
        }
    }
}
