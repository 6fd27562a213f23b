import ArgumentParser
import AssayMessages
import FeatureEngine
import Foundation
import Wire

/// A vector as calls name it.
struct VectorReference {
    let reference: AssayFeaturesV1.VectorRef
    /// In the definition set.
    let position: Int
    let columns: Int

    init(_ text: String, in set: DefinitionSet) throws {
        let parts = text.split(separator: "@")
        guard parts.count == 2, let version = UInt32(parts[1]),
            let found = set.vector(named: String(parts[0]), version: version)
        else {
            let names = set.vectors.map { "\($0.name)@\($0.version)" }.joined(separator: ", ")
            throw ValidationError("no vector \(text); there are \(names)")
        }
        reference = AssayFeaturesV1.VectorRef(name: String(parts[0]), version: version)
        position = found
        columns = set.vectors[found].columns.count
    }
}

/// Makes events of one type for any definitions: cards and merchants by Zipf's law, who takes part
/// with them as it is at a bank, other fields at random.
struct LoadShape: Sendable {
    /// Which fields the events have.
    enum Payload: String, CaseIterable, Sendable {
        /// What an issuer knows when a card payment is authorised: it names a card, an account, a
        /// customer, a merchant, a terminal, a device, an IP address and an MCC.
        case card
        /// Every field that the event type has.
        case full
    }

    private static let cardFields: Set<String> = [
        "card_id", "account_id", "customer_id", "merchant_id", "terminal_id", "device_id", "ip",
        "mcc", "amount", "type", "channel", "utc_offset", "mcc_group", "card_present",
        "entry_mode", "three_ds", "avs", "cvv", "country", "card_country", "billing_country",
        "billing_address_hash", "shipping_address_hash", "location", "geo_cell", "fingerprint",
        "device_utc_offset", "email_domain", "ip_country", "ip_location", "ip_utc_offset",
        "ip_is_vpn", "ip_is_tor",
    ]

    let definitions: DefinitionSet
    let definition: EventDefinition
    let payload: Payload
    var cards: Int
    /// Fields that are, or are part of, an entity's key.
    private var isKey: [Bool] = []

    init(_ set: DefinitionSet, event: String, payload: Payload, cards: Int) throws {
        guard let position = set.event(named: event) else {
            throw ValidationError(
                "no event type \(event); there are "
                    + set.events.map(\.name).joined(separator: ", "))
        }
        definitions = set
        definition = set.events[position]
        self.payload = payload
        self.cards = cards
        isKey = [Bool](repeating: false, count: definition.fields.count)
        for touch in definition.touches {
            for field in touch.fields { isKey[field] = true }
        }
    }

    /// Who takes part in one event. A card belongs to an account and a customer, who mostly uses a
    /// device of their own, which mostly has one IP address; a merchant has three terminals and one
    /// MCC.
    private struct Parties {
        let holder: Int
        let merchant: Int
        let terminal: Int
        let device: Int
        let address: Int

        init(_ load: LoadShape, _ random: inout SeededGenerator) {
            holder = load.zipf(load.cards, &random)
            merchant = load.zipf(max(1, load.cards / 50), &random)
            terminal = merchant * 3 + Int.random(in: 0..<3, using: &random)
            let isOwn = Int.random(in: 0..<10, using: &random) > 0
            device = isOwn ? holder : load.zipf(load.cards, &random)
            let isHome = Int.random(in: 0..<10, using: &random) > 2
            address = isHome ? device / 2 : load.zipf(max(1, load.cards / 2), &random)
        }

        /// The key under a field's name, without what tells kinds of keys apart.
        func key(_ field: String, _ load: LoadShape, _ random: inout SeededGenerator) -> Int {
            switch field {
            case "card_id", "account_id": holder
            case "customer_id": holder * 4 / 5
            case "device_id": device
            case "ip", "ip64", "ip_asn": address
            case "merchant_id": merchant
            case "terminal_id": terminal
            case "mcc": merchant % 300
            default: load.zipf(load.cards, &random)
            }
        }
    }

    /// Names of the entities that every event names, once for each role.
    var entityTypes: [String] {
        definition.touches.filter { $0.fields.allSatisfy { has(definition.fields[$0]) } }
            .map { definitions.entities[$0.entity].name }
    }

    private func has(_ field: FieldDefinition) -> Bool {
        field.isGiven && (payload == .full || Self.cardFields.contains(field.name))
    }

    /// - Parameter time: milliseconds since 1970.
    func event(
        _ id: String, at time: Int64, _ random: inout SeededGenerator
    ) -> AssayFeaturesV1.Event {
        let parties = Parties(self, &random)
        var fields: [(String, AssayFeaturesV1.FieldValue)] = []
        for (index, field) in definition.fields.enumerated() where has(field) {
            if isKey[index] {
                let key = "\(field.name.prefix(3))\(parties.key(field.name, self, &random))"
                fields.append((field.name, .text(String(key.suffix(field.maximumLength ?? 128)))))
            } else if let value = value(of: field, at: time, &random) {
                fields.append((field.name, value))
            }
        }
        return AssayFeaturesV1.Event(
            id: id, type: definition.name, time: Self.timestamp(time), fields: WireMap(fields))
    }

    /// The entities of an event, as a read without one names them.
    func keys(_ random: inout SeededGenerator) -> WireMap<String, String> {
        var texts: [String: String] = [:]
        for entry in event("", at: 0, &random).fields {
            if case .text(let text) = entry.value { texts[entry.key] = text }
        }
        var keys: [(String, String)] = []
        for touch in definition.touches where touch.role.isEmpty || touch.role == "origin" {
            let entity = definitions.entities[touch.entity]
            for (part, field) in zip(entity.key, touch.fields) {
                guard let text = texts[definition.fields[field].name] else { continue }
                keys.append((entity.key.count == 1 ? entity.name : "\(entity.name).\(part)", text))
            }
        }
        return WireMap(keys)
    }

    static func timestamp(_ milliseconds: Int64) -> Timestamp {
        Timestamp(nanosecondsSinceEpoch: milliseconds * 1_000_000)
    }

    /// The rank of a key whose frequency falls with its rank.
    fileprivate func zipf(_ count: Int, _ random: inout SeededGenerator) -> Int {
        let exponent = Double.random(in: 0..<1, using: &random)
        return min(count - 1, Int(pow(Double(count + 1), exponent)) - 1)
    }

    private func value(
        of field: FieldDefinition, at time: Int64, _ random: inout SeededGenerator
    ) -> AssayFeaturesV1.FieldValue? {
        switch field.type {
        case .string:
            let text = "\(field.name.prefix(2))\(Int.random(in: 0..<40, using: &random))"
            return .text(String(text.suffix(field.maximumLength ?? 128)))
        case .category:
            guard let position = field.enumeration else { return nil }
            return definitions.enumerations[position].labels.randomElement(using: &random)
                .map { .text($0) }
        case .int: return .integer(Int64.random(in: 0..<1_000, using: &random))
        case .double: return .number(Double.random(in: 0..<1, using: &random))
        case .bool: return .flag(Bool.random(using: &random))
        case .timestamp: return .time(Self.timestamp(time))
        case .date: return nil
        case .place:
            let country = ["DE", "FR", "NL", "PL"].randomElement(using: &random) ?? "DE"
            return .place(
                AssayTypesV1.Place(
                    latitude: Double.random(in: 45..<55, using: &random),
                    longitude: Double.random(in: 0..<20, using: &random), country: country))
        case .money:
            let cents = Int64(exp(Double.random(in: 4..<12, using: &random)))
            return Money(currency: "EUR", coefficient: cents, scale: 2).map { .amount($0) }
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
