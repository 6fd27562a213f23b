import AssayMessages
import FeatureEngine
import Foundation
import Testing
import Wire

@testable import FeatureCore

/// The definitions that ship, held against what a store writes.
@Suite struct ClearTextTests {
    private static let folder = URL(filePath: #filePath)
        .appending(path: "../../../../deploy/definitions").standardizedFileURL

    /// A text that stands nowhere else, short enough for every key.
    private static func mark(_ event: Int, _ field: Int) -> String {
        "Q\(String(event * 1_000 + field, radix: 36, uppercase: true))Z"
    }

    private static func value(
        _ field: FieldDefinition, _ text: String, _ definitions: DefinitionSet
    ) -> AssayFeaturesV1.FieldValue? {
        switch field.type {
        case .string:
            (field.maximumLength ?? 64) >= text.utf8.count ? .text(text) : .text("7")
        case .int: .integer(field.minimum ?? 1)
        case .money: EventFixture.money("12.34", "EUR")
        case .double: .number(0.5)
        case .bool: .flag(true)
        case .timestamp: .time(TestStore.now)
        case .date: .day(CalendarDate(year: 1980, month: 2, day: 29) ?? .blank())
        case .place: .place(AssayTypesV1.Place(latitude: 48, longitude: 11, country: "DE"))
        case .category:
            field.enumeration.flatMap { definitions.enumerations[$0].labels.last }.map { .text($0) }
        }
    }

    @Test("no key or personal text of any shipped event type stands in clear anywhere")
    func shipped() async throws {
        let definitions = try DefinitionSources(folder: Self.folder.path).compile()
        let store = try await TestStore(definitions: definitions)
        defer { store.remove() }
        var secrets: [(mark: String, field: String)] = []
        var recorded = 0
        for (type, event) in definitions.events.enumerated() where event.references.isEmpty {
            var fields: [(String, AssayFeaturesV1.FieldValue)] = []
            let personal = Set(
                event.touches.filter {
                    let entity = definitions.entities[$0.entity]
                    return entity.subject != nil || entity.personal != nil
                }.filter { $0.fields.count == 1 }.flatMap(\.fields))
            for (position, field) in event.fields.enumerated() where field.isGiven {
                let mark = Self.mark(type, position)
                guard let value = Self.value(field, mark, definitions) else { continue }
                fields.append((field.name, value))
                if value == .text(mark), personal.contains(position) || field.personal != nil {
                    secrets.append((mark, "\(event.name).\(field.name)"))
                }
            }
            let response = try await store.score(
                AssayFeaturesV1.Event(
                    id: "e-\(type)", type: event.name, time: TestStore.now,
                    fields: WireMap(fields)), vectors: [])
            #expect(
                [.applied, .quarantined].contains(response.receipt.outcome),
                "\(event.name): \(response.receipt.problems.map(\.message))")
            if response.receipt.outcome == .applied { recorded += 1 }
        }
        #expect(recorded > 5 && secrets.count > 40)
        try await store.features.flush()
        for family in EmbeddedFeatureStore.families {
            for row in try store.rows(family) {
                for secret in secrets {
                    let bytes = Array(secret.mark.utf8)
                    #expect(
                        !row.key.contains(bytes) && !row.value.contains(bytes),
                        "\(secret.field) in \(family.name)")
                }
            }
        }
    }
}
