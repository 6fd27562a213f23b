internal import AssayMessages

/// Which facts an event should have: a rule that misses only others is not blamed on anyone.
struct ExpectedFacts: Sendable, Hashable {
    private var kinds: UInt32 = 0
    /// Namespaces of facts whose source the tenant has switched on, such as `kyc`.
    private let enabled: Set<String>

    /// Kinds and enabled namespaces, as they are recorded.
    var names: [String] {
        FactCatalogue.Expectation.allCases.filter(has).map(\.rawValue) + packedNamespaces
    }

    private static let maximumNameBytes = 16

    /// Namespaces, several in one name as in `addr+bureau`, because a record has room for few names.
    private var packedNamespaces: [String] {
        var names: [String] = []
        for namespace in enabled.sorted() {
            if let last = names.last,
                last.utf8.count + 1 + namespace.utf8.count <= Self.maximumNameBytes
            {
                names[names.count - 1] = last + "+" + namespace
            } else {
                names.append(namespace)
            }
        }
        return names
    }

    /// What a record says was expected.
    init(names: [String]) {
        var enabled: Set<String> = []
        var kinds: [FactCatalogue.Expectation] = []
        for name in names {
            if let kind = FactCatalogue.Expectation(rawValue: name) {
                kinds.append(kind)
            } else {
                enabled.formUnion(name.split(separator: "+").map(String.init))
            }
        }
        self.init(kinds, enabled: enabled)
    }

    init(_ kinds: [FactCatalogue.Expectation], enabled: Set<String> = []) {
        self.enabled = enabled
        for kind in kinds { self.kinds |= Self.bit(kind) }
    }

    func has(_ kind: FactCatalogue.Expectation) -> Bool { kinds & Self.bit(kind) != 0 }

    func contains(_ entry: FactCatalogue.Entry) -> Bool {
        if entry.expectation == .enabled {
            return !enabled.isEmpty && enabled.contains(String(entry.namespace))
        }
        return has(entry.expectation)
    }

    private static func bit(_ kind: FactCatalogue.Expectation) -> UInt32 {
        switch kind {
        case .always: 1
        case .remote: 2
        case .card: 4
        case .transfer: 8
        case .loan: 16
        case .crypto: 32
        case .bet: 64
        case .shop: 128
        case .marketplace: 256
        case .enabled: 512
        case .model: 1_024
        }
    }
}

extension ExpectedFacts {
    private static let remoteChannels: Set<String> = ["web", "app", "mobile", "online", "api"]
    private static let transferTypes: Set<String> = ["transfer", "wire", "p2p", "request_to_pay"]

    /// What a payment should have, by what it is and by what was sent: a transfer has no card, and a
    /// purchase in a shop has goods.
    init(_ request: AssayRiskV1.AssessTransactionRequest, enabled: Set<String>) {
        let (type, channel) = (request.transaction.type, request.transaction.channel)
        var kinds: [FactCatalogue.Expectation] = [.always]
        func expect(_ kind: FactCatalogue.Expectation, _ isExpected: Bool) {
            if isExpected { kinds.append(kind) }
        }
        expect(
            .remote,
            request.device != nil || request.network != nil || request.session != nil
                || Self.remoteChannels.contains(channel))
        expect(.card, request.card != nil)
        expect(.transfer, request.payee != nil || Self.transferTypes.contains(type))
        expect(.loan, request.loan != nil || type.hasPrefix("loan_"))
        expect(.crypto, request.crypto != nil || type.hasPrefix("crypto_"))
        expect(.bet, request.bet != nil || type.hasPrefix("bet_"))
        let isPurchase = type == "purchase"
        expect(.shop, request.shop != nil || isPurchase && request.industry == .ecommerce)
        expect(
            .marketplace,
            request.marketplace != nil || isPurchase && request.industry == .marketplace)
        self.init(kinds, enabled: enabled)
    }
}
