internal import AssayMessages
internal import RuleLanguage
internal import Wire

/// The facts that a payment's request itself brings.
struct TransactionFacts {
    let request: AssayRiskV1.AssessTransactionRequest
    /// Money of another currency cannot be compared with the rules' amounts.
    let baseCurrency: String

    func fill(_ sheet: inout FactSheet) {
        fillTransaction(&sheet)
        fillParties(&sheet)
        if let device = request.device { fill(device, &sheet) }
        if let network = request.network { fill(network, &sheet) }
        if let card = request.card {
            sheet.set("card.country", to: text(card.country))
            sheet.set("card.funding", to: text(card.funding))
            sheet.set("card.cvv", to: text(card.cvv))
            sheet.set("card.fingerprint", to: text(card.token))
        }
    }

    /// What the caller says of facts that were not observed; after the features.
    func claim(_ sheet: inout FactSheet) {
        guard let claimed = request.claimed else { return }
        sheet.claim("acct.age_days", claimed.accountAgeDays.map { .int($0) })
        sheet.claim("vel.acct_cnt_1h", claimed.transactionsLastHour.map { .int($0) })
        sheet.claim("vel.acct_cnt_24h", claimed.transactionsLastDay.map { .int($0) })
        sheet.claim("ip.is_vpn", claimed.isVpn.map { .bool($0) })
        sheet.claim("ip.is_tor", claimed.isTor.map { .bool($0) })
    }

    private func fillTransaction(_ sheet: inout FactSheet) {
        let transaction = request.transaction
        money("tx.amount", transaction.amount, &sheet)
        sheet.set("tx.currency", to: .string("\(transaction.amount.currency)"))
        sheet.set("tx.type", to: text(transaction.type))
        sheet.set("tx.channel", to: text(transaction.channel))
        sheet.set("tx.country", to: text(transaction.country))
        sheet.set("tx.origin_country", to: text(transaction.originCountry))
        sheet.set("tx.mcc", to: text(transaction.mcc))
        sheet.set("tx.payee_id", to: text(request.payee?.payeeID ?? ""))
        let minutes = transaction.occurredAt.seconds / 60 + Int64(transaction.utcOffsetMin)
        let minuteOfDay = (minutes % 1_440 + 1_440) % 1_440
        sheet.set("tx.hour_local", to: .int(minuteOfDay / 60))
    }

    private func fillParties(_ sheet: inout FactSheet) {
        if let account = request.account {
            sheet.set("acct.currency", to: text(account.currency))
            sheet.set("acct.status", to: text(account.status))
            if let balance = account.balance { money("acct.balance", balance, &sheet) }
        }
        if let customer = request.customer {
            sheet.set("cust.id", to: text(customer.customerID))
            sheet.set("cust.country", to: text(customer.country))
            if let income = customer.monthlyIncome { money("cust.monthly_income", income, &sheet) }
        }
    }

    private func fill(_ device: AssayRiskV1.Device, _ sheet: inout FactSheet) {
        // A device without fingerprints tells something by that, so these may be empty.
        sheet.set("dev.canvas", to: .string(device.canvasFingerprint))
        sheet.set("dev.webgl", to: .string(device.webglFingerprint))
        sheet.set("dev.gpu", to: .string(device.gpuInfo.lowercased()))
        sheet.set("dev.os", to: text(device.os.lowercased()))
        sheet.set("dev.rooted", to: .bool(device.rooted))
        sheet.set("dev.webdriver", to: .bool(device.webdriver))
        sheet.set("dev.headless", to: .bool(device.headless))
        sheet.set("dev.remote_access", to: .bool(device.remoteAccess))
    }

    private func fill(_ network: AssayRiskV1.Network, _ sheet: inout FactSheet) {
        sheet.set("ip.addr", to: text(network.address))
        sheet.set("ip.country", to: text(network.country))
        sheet.set("ip.is_vpn", to: network.isVpn.map { .bool($0) })
        sheet.set("ip.is_tor", to: network.isTor.map { .bool($0) })
        sheet.set("ip.is_proxy", to: network.isProxy.map { .bool($0) })
    }

    /// An empty text of a request is one that was not sent.
    private func text(_ value: String) -> Constant? { value.isEmpty ? nil : .string(value) }

    /// Minor units of the base currency; missing in any other, or with more than two decimals.
    private func money(_ name: String, _ money: Money, _ sheet: inout FactSheet) {
        guard "\(money.currency)" == baseCurrency else { return sheet.miss(name, .unavailable) }
        guard let minor = money.minorUnits(digits: 2) else { return sheet.miss(name, .error) }
        sheet.set(name, to: .int(minor))
    }

    // MARK: Expectations

    private static let remoteChannels: Set<String> = ["web", "app", "mobile", "online", "api"]

    /// Whether this payment should have facts of a kind.
    func expects(_ kind: FactCatalogue.Expectation) -> Bool {
        switch kind {
        case .always: true
        case .remote:
            request.device != nil || request.network != nil
                || Self.remoteChannels.contains(request.transaction.channel)
        case .card: request.card != nil
        case .transfer: request.payee != nil || request.transaction.type == "transfer"
        case .loan, .crypto, .bet, .shop, .marketplace, .enabled, .model: false
        }
    }

    var industry: String {
        Industries.name(of: request.industry)
    }
}
