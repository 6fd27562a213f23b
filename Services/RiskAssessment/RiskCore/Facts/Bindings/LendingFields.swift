internal import AssayMessages
internal import Wire

extension FactField<AssayRiskV1.Loan> {
    static let loan: [FactField] = [
        // Who counts the applicant's loans knows when the last was paid out, or refused.
        .reading("loan.days_since_disbursement", "loan.days_since_disbursement") { loan, _ in
            loan.daysSinceDisbursement.map { .int($0) }
                ?? (loan.existingLoans == nil ? .absent : .never)
        },
        .reading("loan.days_since_rejection", "loan.days_since_rejection") { loan, _ in
            loan.daysSinceRejection.map { .int($0) }
                ?? (loan.existingLoans == nil ? .absent : .never)
        },
        .money("loan.declared_income", "loan.declared_income") { $0.declaredIncome },
        .number("loan.doc_tamper_score", "loan.doc_tamper_score") { $0.docTamperScore },
        .text("loan.employer_check", "loan.employer_check") { $0.employerCheck },
        .text("loan.employment", "loan.employment") { $0.employment },
        .whole("loan.existing_loans", "loan.existing_loans") { $0.existingLoans },
        .whole("loan.field_conflicts", "loan.field_conflicts") { $0.fieldConflicts },
        .whole("loan.form_seconds", "loan.form_seconds") { $0.formSeconds },
        .flag("loan.income_verified", "loan.income_verified") { $0.incomeVerified },
        .money("loan.product_max", "loan.product_max") { $0.productMax },
        .text("loan.purpose", "loan.purpose") { $0.purpose },
        .number("loan.repaid_share", "loan.repaid_share") { $0.repaidShare },
        .money("loan.verified_income", "loan.verified_income") { $0.verifiedIncome },
    ]
}

extension FactField<AssayRiskV1.Bureau> {
    static let bureau: [FactField] = [
        .reading("bureau.months_since_bankruptcy", "bureau.months_since_bankruptcy") { bureau, _ in
            bureau.monthsSinceBankruptcy.map { .int($0) } ?? (bureau.hasReport ? .never : .absent)
        },
        .flag("bureau.thin_file", "bureau.thin_file") { $0.thinFile },
    ]
}

extension AssayRiskV1.Bureau {
    /// Whether the bureau told anything, and so would have told of a bankruptcy.
    fileprivate var hasReport: Bool {
        thinFile != nil || existingCredits != nil || !creditHistory.isEmpty
    }
}
