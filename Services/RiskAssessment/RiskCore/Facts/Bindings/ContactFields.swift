internal import AssayMessages
internal import RuleLanguage
internal import Wire

extension FactField<AssayRiskV1.Phone> {
    static let phone: [FactField] = [
        .country("phone.country", "phone.country") { $0.country },
        .reading("phone.hash", "phone.number") { phone, context in
            phone.number.isEmpty ? .absent : .text(context.hashes.phone(phone.number))
        },
        // The operator who answered anything would have told of a swap or a change of operator.
        .reading("phone.ported_days", "phone.ported_at") { phone, context in
            context.age(of: phone.portedAt, in: .secondsPerDay, ifAnswered: phone.isLookedUp)
        },
        .reading("phone.sim_swap_hours", "phone.sim_swapped_at") { phone, context in
            context.age(of: phone.simSwappedAt, in: .secondsPerHour, ifAnswered: phone.isLookedUp)
        },
        .flag("phone.verified", "phone.verified") { $0.verified },
        .flag("phone.voip", "phone.voip") { $0.voip },
    ]
}

extension AssayRiskV1.Phone {
    fileprivate var isLookedUp: Bool { voip != nil || portedAt != nil || simSwappedAt != nil }
}

extension FactField<AssayRiskV1.Email> {
    static let email: [FactField] = [
        .country("email.country", "email.country") { $0.country },
        .whole("email.domain_age_days", "email.domain_age_days") { $0.domainAgeDays },
        .reading("email.domain", "email.address") { email, _ in
            EmailAddress(email.address).map { .text($0.domain) } ?? email.unreadable
        },
        .reading("email.digit_share", "email.address") { email, _ in
            EmailAddress(email.address).map { .double($0.digitShare) } ?? email.unreadable
        },
        .reading("email.entropy", "email.address") { email, _ in
            EmailAddress(email.address).map { .double($0.entropy) } ?? email.unreadable
        },
        .reading("email.hash", "email.address") { email, context in
            email.address.isEmpty ? .absent : .text(context.hashes.email(email.address))
        },
    ]
}

extension AssayRiskV1.Email {
    fileprivate var unreadable: FactReading { address.isEmpty ? .absent : .missing(.error) }
}

extension FactField<AssayRiskV1.Address> {
    static let address: [FactField] = [
        .country("addr.billing_country", "address.billing_country") { $0.billingCountry },
        .country("addr.shipping_country", "address.shipping_country") { $0.shippingCountry },
        .reading("addr.shipping_hash", "address.shipping") { address, context in
            address.shipping.isEmpty ? .absent : .text(context.hashes.address(address.shipping))
        },
        .reading("addr.ship_bill_km", "address.shipping_place") { address, _ in
            guard let billing = address.billingPlace, let shipping = address.shippingPlace else {
                return .absent
            }
            guard let from = Coordinates(latitude: billing.latitude, longitude: billing.longitude),
                let to = Coordinates(latitude: shipping.latitude, longitude: shipping.longitude)
            else { return .missing(.error) }
            return .double(GreatCircle.kilometres(from, to))
        },
    ]
}

extension KeyedHash {
    /// Upper and lower case, and spaces around, make no difference.
    func email(_ address: String) -> String { text(of: "email", ContactText.folded(address)) }

    /// Digits alone count: `+43 (1) 234` is `0043`-less `431234`.
    func phone(_ number: String) -> String {
        var digits = number.utf8.filter { $0 >= 0x30 && $0 <= 0x39 }
        if number.utf8.starts(with: [0x30, 0x30]) { digits.removeFirst(2) }
        return text(of: "phone", String(decoding: digits, as: UTF8.self))
    }

    func address(_ line: String) -> String { text(of: "address", ContactText.folded(line)) }
}

/// Contact data as it is compared.
enum ContactText {
    /// In lower case, with single spaces between words and none around.
    static func folded(_ text: String) -> String {
        var folded: [UInt8] = []
        folded.reserveCapacity(text.utf8.count)
        var isBetweenWords = false
        for byte in text.lowercased().utf8 {
            if byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) {
                isBetweenWords = !folded.isEmpty
            } else {
                if isBetweenWords { folded.append(0x20) }
                isBetweenWords = false
                folded.append(byte)
            }
        }
        return String(decoding: folded, as: UTF8.self)
    }
}
