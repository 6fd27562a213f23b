internal import AssayMessages
internal import Wire

extension AssayFeaturesV1.Event {
    /// The event that a payment is to the feature store: all that its definitions name and the
    /// request has. A field that the request does not have is left out, and touches no entity.
    ///
    /// - Parameters:
    ///   - hashes: stand for contact data; the profiles of customers must be hashed alike.
    ///   - deviceID: of the device analysis; empty: no device is told.
    init(
        payment request: AssayRiskV1.AssessTransactionRequest, hashes: KeyedHash,
        deviceID: String = ""
    ) {
        var event = PaymentEvent()
        event.add(request.transaction, industry: request.industry)
        event.add(request)
        if let card = request.card { event.add(card) }
        event.addContacts(request, hashes)
        if let device = request.device { event.add(device, id: deviceID) }
        if let network = request.network { event.add(network) }
        event.text("payee_id", request.payee?.payeeID)
        event.text("counterparty_id", request.payee?.payeeID)
        let transaction = request.transaction
        self.init(
            id: transaction.transactionID, type: "payment", time: transaction.occurredAt,
            fields: WireMap(event.fields))
    }
}

/// Collects the fields of a payment's event, in the words of the feature store's definitions.
private struct PaymentEvent {
    private(set) var fields: [(String, AssayFeaturesV1.FieldValue)] = []

    init() { fields.reserveCapacity(48) }

    mutating func text(_ name: String, _ value: String?) {
        if let value, !value.isEmpty { fields.append((name, .text(value))) }
    }

    /// A text that the definitions allow only so long; a longer one is no such thing.
    private mutating func text(_ name: String, _ value: String, atMost bytes: Int) {
        if value.utf8.count <= bytes { text(name, value) }
    }

    private mutating func flag(_ name: String, _ value: Bool?) {
        if let value { fields.append((name, .flag(value))) }
    }

    /// Minutes east of UTC, as far as zones go.
    private mutating func offset(_ name: String, _ minutes: Int32?) {
        if let minutes, minutes.magnitude <= 840 { fields.append((name, .integer(Int64(minutes)))) }
    }

    mutating func add(
        _ transaction: AssayRiskV1.Transaction, industry: AssayRiskV1.Industry
    ) {
        fields.append(("amount", .amount(transaction.amount)))
        text("type", Self.type(transaction.type))
        text("channel", Self.channel(transaction.channel))
        if industry != .unspecified { text("industry", Industries.name(of: industry)) }
        offset("utc_offset", transaction.utcOffsetMin)
        text("mcc", transaction.mcc)
        text("merchant_id", transaction.merchantID)
        text("terminal_id", transaction.terminalID)
        // An agent takes payments in as a merchant does.
        if transaction.channel == "agent" { text("agent_id", transaction.merchantID) }
        let (source, destination) = (
            CountryCode.normalised(transaction.originCountry),
            CountryCode.normalised(transaction.country)
        )
        text("country", destination)
        text("source_country", source)
        text("destination_country", destination)
        if !source.isEmpty, !destination.isEmpty { text("corridor", source + ">" + destination) }
        flag("card_present", Self.isCardPresent(transaction.channel))
    }

    mutating func add(_ request: AssayRiskV1.AssessTransactionRequest) {
        text("account_id", request.account?.accountID)
        text("account_currency", request.account?.currency)
        text("customer_id", request.customer?.customerID)
        flag("active_call", request.session?.callActive)
        if let seconds = request.session?.seconds, seconds <= 31_536_000 {
            fields.append(("session_seconds", .integer(seconds)))
        }
    }

    mutating func add(_ card: AssayRiskV1.Card) {
        text("card_id", card.token)
        text("bin", card.bin)
        text("card_country", CountryCode.normalised(card.country))
        text("avs", Self.check(card.avs))
        text("cvv", Self.check(card.cvv))
    }

    mutating func addContacts(
        _ request: AssayRiskV1.AssessTransactionRequest, _ hashes: KeyedHash
    ) {
        if let email = request.email, !email.address.isEmpty {
            text("email_hash", hashes.email(email.address))
            text("email_domain", EmailAddress(email.address)?.domain ?? "", atMost: 255)
        }
        if let phone = request.phone, !phone.number.isEmpty {
            text("phone_hash", hashes.phone(phone.number))
        }
        guard let address = request.address else { return }
        text("billing_country", CountryCode.normalised(address.billingCountry))
        if !address.shipping.isEmpty {
            let hash = hashes.address(address.shipping)
            text("shipping_address_hash", hash)
            text("address_hash", hash)
        }
    }

    mutating func add(_ device: AssayRiskV1.Device, id: String) {
        text("device_id", id)
        text("fingerprint", id)
        text("canvas", device.canvasFingerprint)
        offset("device_utc_offset", device.utcOffsetMin)
        flag("remote_access", device.remoteAccess)
        if let place = device.location {
            fields.append(
                (
                    "location",
                    .place(
                        AssayTypesV1.Place(latitude: place.latitude, longitude: place.longitude))
                ))
        }
    }

    mutating func add(_ network: AssayRiskV1.Network) {
        text("ip", network.address)
        text("ip64", InternetAddress.subscriber(network.address))
        text("ip_asn", network.asn, atMost: 16)
        text("ip_country", CountryCode.normalised(network.country))
        offset("ip_utc_offset", network.utcOffsetMin)
        flag("ip_is_vpn", network.isVpn)
        flag("ip_is_tor", network.isTor)
    }

    // MARK: Words

    private static func type(_ type: String) -> String {
        switch type {
        case "crypto_withdrawal", "bet_withdrawal": "withdrawal"
        case "standing_order": "transfer"
        default: type
        }
    }

    private static func channel(_ channel: String) -> String {
        switch channel {
        case "app": "mobile"
        case "online": "web"
        default: channel
        }
    }

    /// Whether the card is at hand by the channel alone; nil where it does not tell.
    private static func isCardPresent(_ channel: String) -> Bool? {
        switch channel {
        case "pos", "atm", "branch": true
        case "web", "app", "mobile", "online", "api", "ecommerce", "moto": false
        default: nil
        }
    }

    /// The definitions' words for the result of a check.
    private static func check(_ result: String) -> String {
        switch result {
        case "pass": "match"
        case "fail": "mismatch"
        case "none": "not_checked"
        default: result
        }
    }
}

/// Internet addresses in text form.
enum InternetAddress {
    /// The part of an address that one subscriber has: the first 64 bits of IPv6 as
    /// `2001:db8:0:1`, all of IPv4. Empty if the text is neither.
    static func subscriber(_ address: String) -> String {
        guard address.utf8.contains(0x3A) else { return isIPv4(address) ? address : "" }
        guard let groups = groups(address) else { return "" }
        return groups.prefix(4).map { String($0, radix: 16) }.joined(separator: ":")
    }

    private static func isIPv4(_ address: String) -> Bool {
        let parts = address.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8(Substring($0)) != nil }
    }

    /// The eight groups of 16 bits (RFC 4291, section 2.2); the last two may be written as IPv4.
    private static func groups(_ address: String) -> [UInt16]? {
        let text = address.prefix { $0 != "%" }
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2, let head = part(halves[0]) else { return nil }
        guard halves.count == 2 else { return head.count == 8 ? head : nil }
        guard let tail = part(halves[1]), head.count + tail.count < 8 else { return nil }
        return head + [UInt16](repeating: 0, count: 8 - head.count - tail.count) + tail
    }

    private static func part(_ text: Substring) -> [UInt16]? {
        if text.isEmpty { return [] }
        var groups: [UInt16] = []
        for group in text.split(separator: ":", omittingEmptySubsequences: false) {
            if group.utf8.contains(0x2E) {
                guard isIPv4(String(group)) else { return nil }
                groups += [0, 0]
            } else {
                guard group.utf8.count <= 4, let value = UInt16(group, radix: 16) else {
                    return nil
                }
                groups.append(value)
            }
        }
        return groups
    }
}
