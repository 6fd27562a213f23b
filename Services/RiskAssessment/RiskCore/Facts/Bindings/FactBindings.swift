internal import AssayMessages

/// Every binding of facts to where they come from, resolved once for a catalogue.
struct FactBindings: Sendable {
    let request: RequestFacts
    let features: FeatureFacts
    private let vectors: [String: PaymentVector]
    private let otherVector: PaymentVector

    init(_ catalogue: FactCatalogue) {
        request = RequestFacts(catalogue)
        features = FeatureFacts(catalogue)
        vectors = Dictionary(
            uniqueKeysWithValues: PaymentVector.known.keys.map {
                ($0, PaymentVector($0, catalogue: catalogue))
            })
        otherVector = PaymentVector("", catalogue: catalogue)
    }

    /// The vector that a model of payments reads; one that does not ship binds no facts.
    func vector(_ name: String) -> PaymentVector { vectors[name] ?? otherVector }

    /// A fact and the field it is bound to, for the check against the catalogue.
    struct Bound: Hashable {
        var fact: String
        var path: String
    }

    /// All bindings to fields of a request.
    static var requestFields: [Bound] {
        func bound<Message>(_ fields: [FactField<Message>]) -> [Bound] {
            fields.map { Bound(fact: $0.fact, path: $0.path) }
        }
        var all = bound(FactField.transaction) + bound(FactField.payee) + bound(FactField.account)
        all += bound(FactField.customer) + bound(FactField.identity) + bound(FactField.phone)
        all += bound(FactField.email) + bound(FactField.address) + bound(FactField.device)
        all += bound(FactField.network) + bound(FactField.session) + bound(FactField.card)
        all += bound(FactField.joined) + bound(FactField.loan) + bound(FactField.bureau)
        all += bound(FactField.crypto) + bound(FactField.bet) + bound(FactField.shop)
        all += bound(FactField.marketplace) + bound(FactField.screening)
        all += bound(FactField.consortium)
        return all
    }
}
