import AssayMessages
import FeatureEngine
import Foundation
import Testing
import Wire

/// An event of Scenario/events.jsonl.
struct ScenarioEvent {
    let type: String
    let id: String
    /// Seconds since 1970.
    let time: Int64
    private let fields: [String: Any]

    /// Whether it is asked about at the end.
    var isAtHand: Bool { id.hasSuffix("-at-hand") }

    /// The event of which nothing is known but its type and time.
    var bare: ScenarioEvent { ScenarioEvent(type: type, id: id, time: time, fields: [:]) }

    static func all() throws -> [ScenarioEvent] {
        try Repository.text("Scenario/events.jsonl").split(separator: "\n").map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
            let event = try #require(object as? [String: Any])
            return ScenarioEvent(
                type: try #require(event["event"] as? String),
                id: try #require(event["id"] as? String),
                time: try #require(event["time"] as? Int64),
                fields: try #require(event["fields"] as? [String: Any]))
        }
    }

    /// As a caller would send it.
    func message(_ definitions: DefinitionSet) throws -> AssayFeaturesV1.Event {
        let position = try #require(definitions.event(named: type), "\(type)")
        let definition = definitions.events[position]
        var values: [(String, AssayFeaturesV1.FieldValue)] = []
        for (name, value) in fields where name != "currency" {
            let field = try #require(
                definition.position(ofField: name).map { definition.fields[$0] },
                "\(type) has no field \(name)")
            values.append((name, try Self.value(value, field.type, currency: fields["currency"])))
        }
        return AssayFeaturesV1.Event(
            id: id, type: type, time: try #require(Timestamp(seconds: time)),
            fields: WireMap(values))
    }

    private static func value(
        _ value: Any, _ type: FieldType, currency: Any?
    ) throws -> AssayFeaturesV1.FieldValue {
        switch type {
        case .string, .category: return .text(try #require(value as? String))
        case .int: return .integer(try #require(value as? Int64))
        case .bool: return .flag(try #require(value as? Bool))
        case .double: return .number(try #require(value as? Double))
        case .timestamp, .date:
            let seconds = try #require(value as? Int64)
            return .time(try #require(Timestamp(seconds: seconds)))
        case .money:
            let code = try #require(CurrencyCode(currency as? String ?? "EUR"))
            let coefficient = try #require(value as? Int64)
            return .amount(
                try #require(Money(currency: code, coefficient: coefficient, scale: 2)))
        case .place:
            let degrees = try #require(value as? [Double])
            return .place(AssayTypesV1.Place(latitude: degrees[0], longitude: degrees[1]))
        }
    }
}
