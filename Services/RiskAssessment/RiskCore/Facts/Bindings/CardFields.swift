internal import AssayMessages
internal import RuleLanguage
internal import Wire

extension FactField<AssayRiskV1.Card> {
    static let card: [FactField] = [
        .text("card.avs", "card.avs") { $0.avs == "none" ? "fail" : $0.avs },
        .text("card.bin", "card.bin") { $0.bin },
        .country("card.country", "card.country") { $0.country },
        .text("card.cvv", "card.cvv") { $0.cvv },
        .flag("card.expired", "card.expired") { $0.expired },
        .text("card.fingerprint", "card.token") { $0.token },
        .text("card.funding", "card.funding") { $0.funding },
        .text("card.three_ds", "card.three_ds") { threeDomainSecure($0.threeDs) },
    ]

    /// The words that rules use for a result of strong customer authentication.
    private static func threeDomainSecure(_ result: String) -> String {
        switch result {
        case "fail": "failed"
        case "none": "not_attempted"
        default: result
        }
    }
}

extension FactField<AssayRiskV1.AssessTransactionRequest> {
    /// Facts that two parts of a request give together.
    static let joined: [FactField] = [
        .reading("card.name_score", "card.holder_name") { request, _ in
            guard let holder = request.card?.holderName, let name = request.customer?.name,
                !holder.isEmpty, !name.isEmpty
            else { return .absent }
            return .double(PersonName.similarity(holder, name))
        }
    ]
}

/// Names of persons, compared whatever the order of their parts: `MUSTERMANN/MAX` is
/// `Max Mustermann`.
enum PersonName {
    /// 0 to 1: Dice's coefficient of the trigrams of both names.
    static func similarity(_ a: String, _ b: String) -> Double {
        Similarity.dice(ordered(a), ordered(b))
    }

    private static func ordered(_ name: String) -> String {
        // Letters beyond ASCII count as such; all else of ASCII separates.
        let parts = name.lowercased().utf8.split { byte in
            byte < 0x80 && !(byte >= 0x61 && byte <= 0x7A)
        }
        return parts.map { String(Substring($0)) }.sorted().joined(separator: " ")
    }
}
