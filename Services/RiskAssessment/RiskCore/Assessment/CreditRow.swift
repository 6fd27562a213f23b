internal import AssayMessages
internal import Wire

/// A loan application in the order of the credit model's inputs. Numbers are values; categories
/// are given by their text, and not given at all if the application leaves them out.
struct CreditRow {
    private(set) var values: [Double] = []
    private(set) var texts: [(field: String, text: String)] = []
    /// Whether each input is given.
    private(set) var isKnown: [Bool] = []

    init(_ request: AssayRiskV1.AssessCreditRequest) {
        let (customer, loan, bureau) = (request.customer, request.loan, request.bureau)
        category("checking_status", bureau?.checkingStatus)
        number(Double(request.termMonths))
        category("credit_history", bureau?.creditHistory)
        category("purpose", loan?.purpose)
        number(request.amount.amount.doubleValue)
        category("savings", bureau?.savings)
        category("employment_since", customer.employmentSince)
        number(loan?.installmentRatePercent.map(Double.init))
        category("guarantor", loan?.guarantor)
        number(customer.residenceSinceYears.map(Double.init))
        category("collateral", loan?.collateral)
        category("other_installment_plans", bureau?.otherInstallmentPlans)
        category("housing", customer.housing)
        number(bureau?.existingCredits.map(Double.init))
        category("job", customer.job)
        number(customer.dependants.map(Double.init))
        number(customer.telephone.map { $0 ? 1 : 0 })
    }

    /// Share of the inputs that the application gives.
    var knownShare: Double { Self.share(isKnown.count { $0 }, of: isKnown.count) }

    private static func share(_ known: Int, of all: Int) -> Double { Double(known) / Double(all) }

    // MARK: Record

    private static let vectorName = "credit_application"

    /// Which inputs were given. Their values are personal, and stand in the request only.
    var recorded: AssayRiskV1.RecordedVector {
        AssayRiskV1.RecordedVector(
            name: Self.vectorName, version: 1,
            status: isKnown.map { ($0 ? FactStatus.present : .absent).rawValue })
    }

    /// The share of a recorded decision; nil if its record does not say.
    static func knownShare(of record: AssayRiskV1.DecisionRecord) -> Double? {
        guard let vector = record.vectors.first(where: { $0.name == vectorName }),
            !vector.status.isEmpty
        else { return nil }
        let known = vector.status.count { $0 == FactStatus.present.rawValue }
        return share(known, of: vector.status.count)
    }

    // MARK: Inputs

    private mutating func number(_ value: Double?) {
        values.append(value ?? .nan)
        isKnown.append(value != nil)
    }

    private mutating func category(_ field: String, _ text: String?) {
        values.append(.nan)
        guard let text, !text.isEmpty else { return isKnown.append(false) }
        texts.append((field, text))
        isKnown.append(true)
    }
}
