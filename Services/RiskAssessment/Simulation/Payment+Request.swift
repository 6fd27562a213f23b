public import AssayMessages
internal import Wire

extension Payment {
    /// The request a bank's backend would send for this payment. It does not carry the truth.
    ///
    /// - Parameter seed: Of the plan; part of every id, so that two worlds never meet in one store.
    public func request(seed: UInt64) -> AssayRiskV1.AssessTransactionRequest {
        let world = String(seed, radix: 36)
        func id(_ text: String) -> String { "\(text)-\(world)" }
        let account = AssayRiskV1.Account(
            accountID: id("acct-\(customer)"), currency: "EUR", status: "active",
            balance: Self.euros(profile.balanceCents))
        let person = AssayRiskV1.Customer(
            customerID: id("cust-\(customer)"), country: profile.home,
            monthlyIncome: Self.euros(profile.incomeCents))
        return AssayRiskV1.AssessTransactionRequest(
            requestID: id("pay-\(number)"),
            transaction: AssayRiskV1.Transaction(
                transactionID: id("tx-\(number)"), occurredAt: occurredAt,
                amount: Self.euros(cents),
                type: kind.rawValue, channel: channel.rawValue, country: country, mcc: mcc,
                merchantID: merchant.map(id) ?? "", terminalID: terminal.map(id) ?? ""),
            account: account, customer: person,
            payee: payee.map { AssayRiskV1.Payee(payeeID: id($0)) },
            device: device.map { deviceFields($0, id) }, network: network.map(networkFields),
            card: usesCard
                ? AssayRiskV1.Card(
                    token: id("card-\(customer)"), country: profile.home,
                    funding: profile.cardFunding, cvv: cvv) : nil,
            claimed: AssayRiskV1.Claimed(accountAgeDays: profile.accountAgeDays))
    }

    private static func euros(_ cents: Int64) -> Money {
        guard let money = Money(currency: "EUR", coefficient: cents, scale: 2) else {
            preconditionFailure("the simulator makes amounts that money holds")
        }
        return money
    }

    private var occurredAt: Timestamp {
        Timestamp(nanosecondsSinceEpoch: milliseconds * 1_000_000)
    }

    private func deviceFields(
        _ device: Device, _ id: (String) -> String
    ) -> AssayRiskV1.Device {
        AssayRiskV1.Device(
            canvasFingerprint: device.canvas.isEmpty ? "" : id(device.canvas),
            browser: device.browser, os: device.os, webdriver: device.webdriver,
            headless: device.headless, remoteAccess: device.remoteAccess,
            installID: id(device.installID))
    }

    private func networkFields(_ network: Network) -> AssayRiskV1.Network {
        AssayRiskV1.Network(
            address: network.address, country: network.country, isVpn: network.isVPN,
            isTor: network.isTor, isProxy: false)
    }
}
