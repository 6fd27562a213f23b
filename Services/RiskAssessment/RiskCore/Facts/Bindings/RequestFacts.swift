internal import AssayMessages
internal import Wire

/// The facts that a payment's request itself brings: each part of the request with the facts that
/// its fields are. Slots are looked up once, when a rule set is loaded.
struct RequestFacts: Sendable {
    private let transaction: BoundFields<AssayRiskV1.Transaction>
    private let payee: BoundFields<AssayRiskV1.Payee>
    private let account: BoundFields<AssayRiskV1.Account>
    private let unobservedAccount: BoundFields<AssayRiskV1.Account>
    private let customer: BoundFields<AssayRiskV1.Customer>
    private let identity: BoundFields<AssayRiskV1.Identity>
    private let phone: BoundFields<AssayRiskV1.Phone>
    private let email: BoundFields<AssayRiskV1.Email>
    private let address: BoundFields<AssayRiskV1.Address>
    private let device: BoundFields<AssayRiskV1.Device>
    private let network: BoundFields<AssayRiskV1.Network>
    private let session: BoundFields<AssayRiskV1.Session>
    private let card: BoundFields<AssayRiskV1.Card>
    private let joined: BoundFields<AssayRiskV1.AssessTransactionRequest>
    private let loan: BoundFields<AssayRiskV1.Loan>
    private let bureau: BoundFields<AssayRiskV1.Bureau>
    private let crypto: BoundFields<AssayRiskV1.Crypto>
    private let bet: BoundFields<AssayRiskV1.Bet>
    private let shop: BoundFields<AssayRiskV1.Shop>
    private let marketplace: BoundFields<AssayRiskV1.Marketplace>
    private let screening: BoundFields<AssayRiskV1.Screening>
    private let consortium: BoundFields<AssayRiskV1.Consortium>
    private let claims: ClaimedFacts

    init(_ catalogue: FactCatalogue) {
        transaction = BoundFields(FactField.transaction, catalogue)
        payee = BoundFields(FactField.payee, catalogue)
        account = BoundFields(FactField.account, catalogue)
        unobservedAccount = BoundFields(FactField.unobservedAccount, catalogue)
        customer = BoundFields(FactField.customer, catalogue)
        identity = BoundFields(FactField.identity, catalogue)
        phone = BoundFields(FactField.phone, catalogue)
        email = BoundFields(FactField.email, catalogue)
        address = BoundFields(FactField.address, catalogue)
        device = BoundFields(FactField.device, catalogue)
        network = BoundFields(FactField.network, catalogue)
        session = BoundFields(FactField.session, catalogue)
        card = BoundFields(FactField.card, catalogue)
        joined = BoundFields(FactField.joined, catalogue)
        loan = BoundFields(FactField.loan, catalogue)
        bureau = BoundFields(FactField.bureau, catalogue)
        crypto = BoundFields(FactField.crypto, catalogue)
        bet = BoundFields(FactField.bet, catalogue)
        shop = BoundFields(FactField.shop, catalogue)
        marketplace = BoundFields(FactField.marketplace, catalogue)
        screening = BoundFields(FactField.screening, catalogue)
        consortium = BoundFields(FactField.consortium, catalogue)
        claims = ClaimedFacts(catalogue)
    }

    /// What was sent; before the features.
    func fill(
        _ sheet: inout FactSheet, from request: AssayRiskV1.AssessTransactionRequest,
        _ context: FactContext
    ) {
        transaction.fill(&sheet, from: request.transaction, context)
        if let part = request.payee { payee.fill(&sheet, from: part, context) }
        if let part = request.account { account.fill(&sheet, from: part, context) }
        if let part = request.customer { customer.fill(&sheet, from: part, context) }
        if let part = request.identity { identity.fill(&sheet, from: part, context) }
        if let part = request.phone { phone.fill(&sheet, from: part, context) }
        if let part = request.email { email.fill(&sheet, from: part, context) }
        if let part = request.address { address.fill(&sheet, from: part, context) }
        if let part = request.device { device.fill(&sheet, from: part, context) }
        if let part = request.network { network.fill(&sheet, from: part, context) }
        if let part = request.session { session.fill(&sheet, from: part, context) }
        if let part = request.card { card.fill(&sheet, from: part, context) }
        if request.card != nil { joined.fill(&sheet, from: request, context) }
        fillTrades(&sheet, request, context)
    }

    private func fillTrades(
        _ sheet: inout FactSheet, _ request: AssayRiskV1.AssessTransactionRequest,
        _ context: FactContext
    ) {
        if let part = request.loan { loan.fill(&sheet, from: part, context) }
        if let part = request.bureau { bureau.fill(&sheet, from: part, context) }
        if let part = request.crypto { crypto.fill(&sheet, from: part, context) }
        if let part = request.bet { bet.fill(&sheet, from: part, context) }
        if let part = request.shop { shop.fill(&sheet, from: part, context) }
        if let part = request.marketplace { marketplace.fill(&sheet, from: part, context) }
        if let part = request.screening { screening.fill(&sheet, from: part, context) }
        if let part = request.consortium { consortium.fill(&sheet, from: part, context) }
    }

    /// What the caller says of facts that were not observed: first what its records say, then what
    /// it only claims. After the features.
    func fillUnobserved(
        _ sheet: inout FactSheet, from request: AssayRiskV1.AssessTransactionRequest,
        _ context: FactContext, entities: [AssayFeaturesV1.EntityRead]
    ) {
        if let part = request.account {
            unobservedAccount.fillUnknown(&sheet, from: part, context)
        }
        if let claimed = request.claimed {
            claims.fill(&sheet, from: claimed, entities: entities)
        }
    }
}
