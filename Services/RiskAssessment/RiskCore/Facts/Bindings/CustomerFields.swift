internal import AssayMessages
internal import Wire

extension FactField<AssayRiskV1.Customer> {
    static let customer: [FactField] = [
        .text("cust.id", "customer.customer_id") { $0.customerID },
        .country("cust.country", "customer.country") { $0.country },
        .text("cust.business_type", "customer.business_type") { $0.businessType },
        .money("cust.monthly_income", "customer.monthly_income") { $0.monthlyIncome },
        .reading("cust.nexus_countries", "customer.nexus_countries") { customer, _ in
            customer.nexusCountries.isEmpty
                ? .absent : .texts(customer.nexusCountries.map(CountryCode.normalised))
        },
        .flag("cust.pep", "customer.pep") { $0.pep },
        .flag("cust.pep_related", "customer.pep_related") { $0.pepRelated },
    ]
}

extension FactField<AssayRiskV1.Identity> {
    static let identity: [FactField] = [
        .reading("cust.age_years", "identity.date_of_birth") { identity, context in
            identity.dateOfBirth.map { CalendarAge.years(since: $0, at: context) } ?? .absent
        },
        .flag("kyc.address_verified", "identity.address_verified") { $0.addressVerified },
        .flag("kyc.business_verified", "identity.business_verified") { $0.businessVerified },
        .flag("kyc.deceased", "identity.deceased") { $0.deceased },
        .flag("kyc.dob_match", "identity.dob_match") { $0.dobMatch },
        .number("kyc.doc_tamper_score", "identity.doc_tamper_score") { $0.docTamperScore },
        .flag("kyc.has_national_id", "identity.has_national_id") { $0.hasNationalID },
        .flag("kyc.id_checked", "identity.id_checked") { $0.idChecked },
        .flag("kyc.liveness_failed", "identity.liveness_failed") { $0.livenessFailed },
        .flag("kyc.name_match", "identity.name_match") { $0.nameMatch },
        .number("kyc.selfie_score", "identity.selfie_score") { $0.selfieScore },
        .money("kyc.tier_limit", "identity.tier_limit") { $0.tierLimit },
    ]
}

/// Whole years by the calendar.
enum CalendarAge {
    /// On the day of the event at its place; an error for somebody who is not born yet.
    static func years(since birth: CalendarDate, at context: FactContext) -> FactReading {
        guard let today = CalendarDay.containing(context.localSeconds), birth <= today
        else { return .missing(.error) }
        let hadBirthday = (today.month, today.day) >= (birth.month, birth.day)
        return .int(Int64(today.year - birth.year - (hadBirthday ? 0 : 1)))
    }
}
