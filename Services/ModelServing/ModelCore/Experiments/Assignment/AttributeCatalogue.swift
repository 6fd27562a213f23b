internal import AssayMessages
internal import RuleLanguage

/// The attributes that assay-risk sends with every call it makes, so that experiments may target by
/// them without declaring them.
enum AttributeCatalogue {
    /// Of payments and loan applications; one that a call does not have is missing.
    static let standard: [String: AssayModelsV1.AttributeKind] = [
        "kind": .text,
        "industry": .text,
        "channel": .text,
        "type": .text,
        "country": .text,
        "origin_country": .text,
        "mcc": .text,
        "amount.currency": .text,
        "amount.value": .number,
        "card.country": .text,
        "card.funding": .text,
        "network.country": .text,
        "customer.country": .text,
        "term_months": .integer,
        "loan.purpose": .text,
    ]

    /// Parts of lower-case letters, digits and underscores, joined by dots.
    static func isName(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return !parts.isEmpty
            && parts.allSatisfy { part in
                part.first.map { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 } ?? false
                    && part.allSatisfy {
                        UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0
                            || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
                            || $0 == UInt8(ascii: "_")
                    }
            }
    }

    /// The facts that an expression may read, in a fixed order.
    static func schema(
        with declared: [AssayModelsV1.AttributeDeclaration]
    ) -> FactSchema {
        let known = standard.map { ($0.key, $0.value) } + declared.map { ($0.name, $0.kind) }
        return FactSchema(
            known.sorted { $0.0 < $1.0 }.map { FactDeclaration(name: $0.0, type: type($0.1)) })
    }

    private static func type(_ kind: AssayModelsV1.AttributeKind) -> ValueType {
        switch kind {
        case .integer: .int
        case .number: .double
        case .flag: .bool
        case .texts: .list(.string)
        default: .string
        }
    }
}
