internal import Wire

/// Binds a fact to a field of a part of the request.
struct FactField<Message>: Sendable {
    let fact: String
    /// The field's path, as the column `binding` of the catalogue names it.
    let path: String
    let read: @Sendable (Message, FactContext) -> FactReading

    /// Any reading.
    static func reading(
        _ fact: String, _ path: String,
        _ read: @escaping @Sendable (Message, FactContext) -> FactReading
    ) -> FactField {
        FactField(fact: fact, path: path, read: read)
    }

    /// A text as it was sent; an empty one was not.
    static func text(
        _ fact: String, _ path: String, _ field: @escaping @Sendable (Message) -> String
    ) -> FactField {
        FactField(fact: fact, path: path) { message, _ in .text(unlessEmpty: field(message)) }
    }

    /// ISO 3166-1 alpha-2, in capital letters.
    static func country(
        _ fact: String, _ path: String, _ field: @escaping @Sendable (Message) -> String
    ) -> FactField {
        FactField(fact: fact, path: path) { message, _ in
            .text(unlessEmpty: CountryCode.normalised(field(message)))
        }
    }

    static func flag(
        _ fact: String, _ path: String, _ field: @escaping @Sendable (Message) -> Bool?
    ) -> FactField {
        FactField(fact: fact, path: path) { message, _ in .bool(field(message)) }
    }

    static func whole(
        _ fact: String, _ path: String, _ field: @escaping @Sendable (Message) -> Int64?
    ) -> FactField {
        FactField(fact: fact, path: path) { message, _ in .int(field(message)) }
    }

    static func number(
        _ fact: String, _ path: String, _ field: @escaping @Sendable (Message) -> Double?
    ) -> FactField {
        FactField(fact: fact, path: path) { message, _ in .double(field(message)) }
    }

    static func money(
        _ fact: String, _ path: String, _ field: @escaping @Sendable (Message) -> Money?
    ) -> FactField {
        FactField(fact: fact, path: path) { message, context in context.money(field(message)) }
    }
}

/// Codes of countries, ISO 3166-1 alpha-2.
enum CountryCode {
    /// In capital letters; what is no code stays as it is.
    static func normalised(_ code: String) -> String {
        code.utf8.allSatisfy { $0 < 0x80 } ? code.uppercased() : code
    }
}

/// The fields of one part of the request with the slots of their facts, resolved once.
struct BoundFields<Message>: Sendable {
    private struct Bound: Sendable {
        let slot: Int
        let never: Int64?
        let read: @Sendable (Message, FactContext) -> FactReading
    }

    private let fields: [Bound]

    /// Facts that the catalogue does not have are left out.
    init(_ fields: [FactField<Message>], _ catalogue: FactCatalogue) {
        self.fields = fields.compactMap { field in
            catalogue.schema.slot(of: field.fact).map {
                Bound(slot: $0, never: catalogue.entries[$0].whenNever, read: field.read)
            }
        }
    }

    func fill(_ sheet: inout FactSheet, from message: Message, _ context: FactContext) {
        for field in fields {
            sheet.read(field.slot, field.read(message, context), never: field.never)
        }
    }

    /// The same, only for facts that nobody has observed.
    func fillUnknown(_ sheet: inout FactSheet, from message: Message, _ context: FactContext) {
        for field in fields where sheet.statuses[field.slot] != .present {
            sheet.read(field.slot, field.read(message, context), never: field.never)
        }
    }
}
