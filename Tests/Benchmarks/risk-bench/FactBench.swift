import AssayMessages
import RiskCore
import Wire

/// What it costs to make the facts of a payment: of a usual request, and of one with every part.
enum FactBench {
    /// A vector of `rule_facts@1` in which everything is known.
    static let features = AssayFeaturesV1.Vector(
        ref: AssayFeaturesV1.VectorRef(name: "rule_facts", version: 1),
        asOf: Timestamp(seconds: 1_772_366_000) ?? .blank(),
        values: [Double](repeating: 1, count: 132), status: [UInt8](repeating: 0, count: 132),
        digest: [UInt8](repeating: 2, count: 32))

    static func measure(_ rules: RuleSet, _ rounds: Int) {
        let keys = TenantKeys(secret: [UInt8](repeating: 7, count: 32))
        for (name, request) in [
            ("a usual", RiskBench.payment("f")), ("a full", Self.fullPayment),
        ] {
            var known = 0
            let measurement = Measurement(rounds) {
                let sheet = rules.facts(
                    of: request, features: features, tenant: "bench", keys: keys)
                known = sheet.statuses.count
            }
            let sheet = rules.facts(of: request, features: features, tenant: "bench", keys: keys)
            precondition(known > 0)
            measurement.report(
                "\(sheet.statuses.count { $0.isKnown }) facts of \(name) request and 132 features")
        }
    }

    /// A payment with every part that a request can have.
    static var fullPayment: AssayRiskV1.AssessTransactionRequest {
        var request = RiskBench.payment("full")
        let second = request.transaction.occurredAt.seconds
        let earlier = Timestamp(seconds: second - 5_000_000) ?? .blank()
        request.transaction.confirmationOfPayee = "match"
        request.transaction.originCountry = "AT"
        request.transaction.purpose = "invoice"
        request.account?.openedAt = earlier
        request.account?.transactionLimit = Money("5000.00", "EUR")
        request.customer?.name = "Max Mustermann"
        request.payee = AssayRiskV1.Payee(payeeID: "payee-1")
        request.identity = AssayRiskV1.Identity(
            dateOfBirth: CalendarDate(year: 1980, month: 3, day: 2), addressVerified: true,
            dobMatch: true, docTamperScore: 0.1, hasNationalID: true, idChecked: true,
            livenessFailed: false, nameMatch: true, selfieScore: 0.95)
        request.phone = AssayRiskV1.Phone(
            number: "+43123456789", country: "AT", simSwappedAt: earlier, verified: true,
            voip: false)
        request.email = AssayRiskV1.Email(
            address: "max.mustermann@mail.example", country: "AT", domainAgeDays: 900)
        request.address = AssayRiskV1.Address(
            billingCountry: "AT", shippingCountry: "DE", shipping: "Hauptstrasse 1, 10115 Berlin",
            billingPlace: AssayRiskV1.Place(latitude: 48.2082, longitude: 16.3738),
            shippingPlace: AssayRiskV1.Place(latitude: 52.52, longitude: 13.405))
        request.device?.userAgent =
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
            + "Chrome/120.0.6099.43 Mobile Safari/537.36"
        request.device?.browserVersion = "120.0.6099.43"
        request.device?.languages = ["de-AT", "de", "en-GB"]
        request.device?.screen = AssayRiskV1.Screen(width: 412, height: 915)
        request.device?.utcOffsetMin = 60
        request.session = AssayRiskV1.Session(
            callActive: false, events: 40, formMs: 12_000, intervalCv: 0.8, ja4: "t13d1516h2",
            keystrokeZ: 0.4, mfaFailures: 0, mouse: "human", mouseEvents: 30, pages: 4,
            seconds: 190, touchSd: 0.3, typingWpm: 38)
        request.card?.holderName = "MUSTERMANN/MAX"
        request.card?.bin = "530000"
        request.shop = AssayRiskV1.Shop(category: "books", digital: false, maxQuantity: 2)
        request.screening = AssayRiskV1.Screening(adverseMediaHits: 0, sanctionsScore: 0.1)
        return request
    }
}
