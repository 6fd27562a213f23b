internal import AssayMessages
internal import Wire

/// A loan application in the order of the credit model's inputs. Numbers are values; categories
/// are given by their text, and not given at all if the application leaves them out.
struct CreditRow {
    private(set) var values: [Double] = []
    private(set) var texts: [(field: String, text: String)] = []
    private var known = 0

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
    var knownShare: Double { Double(known) / Double(values.count) }

    private mutating func number(_ value: Double?) {
        values.append(value ?? .nan)
        known += value == nil ? 0 : 1
    }

    private mutating func category(_ field: String, _ text: String?) {
        values.append(.nan)
        guard let text, !text.isEmpty else { return }
        texts.append((field, text))
        known += 1
    }
}
