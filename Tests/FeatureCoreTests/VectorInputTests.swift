import AssayMessages
import FeatureEngine
import RPC
import Testing
import Wire

@testable import FeatureCore

/// Vectors without an event, with fields that one would have.
@Suite struct VectorInputTests {
    private typealias Fields = WireMap<String, AssayFeaturesV1.FieldValue>

    private static let vector = ExplainDerivedTests.vector

    private func withStore(_ body: (TestStore) async throws -> Void) async throws {
        let store = try await TestStore(definitions: ExplainDerivedTests.definitions())
        defer { store.remove() }
        var random = SeededGenerator(seed: 3)
        for number in 0..<30 {
            _ = try await store.score(
                ExplainDerivedTests.payment(number, &random), vectors: [Self.vector])
        }
        try await body(store)
    }

    private func get(
        _ store: TestStore, keys: [(String, String)] = [], _ tx: Fields = [:],
        type: String = "payment"
    ) async throws -> AssayFeaturesV1.GetVectorResponse {
        try await store.service.getVector(
            AssayFeaturesV1.GetVectorRequest(
                vector: Self.vector, keys: WireMap(keys), time: TestStore.now, eventType: type,
                tx: tx), context: store.context())
    }

    private static func amount(_ cents: Int64) -> AssayFeaturesV1.FieldValue {
        .amount(Money(currency: "EUR", coefficient: cents, scale: 2) ?? .blank())
    }

    @Test("with the fields of an event the vector is the one that the event would get")
    func asScored() async throws {
        try await withStore { store in
            let tx: Fields = [
                "card_id": .text("c1"), "customer_id": .text("u1"), "amount": Self.amount(4_200),
            ]
            let event = AssayFeaturesV1.Event(
                id: "asked", type: "payment", time: TestStore.now, fields: tx)
            let scored = try await store.score(event, vectors: [Self.vector], dryRun: true)
            let read = try await get(store, tx)
            #expect(
                read.vector.values.map(\.bitPattern) == scored.vectors[0].values.map(\.bitPattern))
            #expect(read.vector.status == scored.vectors[0].status)
            #expect(read.vector.digest == scored.vectors[0].digest)
            #expect(read.entities == scored.entities)
            // The same with the entities named by their keys.
            let keyed = try await get(
                store, keys: [("card", "c1"), ("customer", "u1")], ["amount": Self.amount(4_200)])
            #expect(
                keyed.vector.values.prefix(3).map(\.bitPattern)
                    == read.vector.values.prefix(3).map(\.bitPattern))
        }
    }

    @Test("without fields what reads them is absent, and a vector leaves nothing for the next call")
    func without() async throws {
        try await withStore { store in
            let keys = [("card", "c1"), ("customer", "u1")]
            let with = try await get(
                store, ["card_id": .text("c1"), "amount": Self.amount(4_200)])
            #expect(with.vector.status[0] & 7 <= 1)
            let without = try await get(store, keys: keys, type: "").vector
            #expect(without.status[0] & 7 == Status.Class.absent.rawValue)
            #expect(without.values[0].isNaN)
            // `self: include` has no event to include.
            let explained = try ExplainTests.explain(store, "card_with_self_7d", keys)
            #expect(without.values[4] == explained.value)
            #expect(with.vector.values[4] == explained.value + 1)
        }
    }

    @Test("all that is wrong with keys and fields is told at once, with its place")
    func violations() async throws {
        try await withStore { store in
            func fields(_ body: () async throws -> some Any) async -> [String] {
                let error = await #expect(throws: RPCError.self) { _ = try await body() }
                #expect(error?.code == .invalidArgument)
                return error?.violations.map(\.field).sorted() ?? []
            }
            let wrong: Fields = [
                "amount": .text("much"), "amuont": Self.amount(1), "card_id": .integer(3),
            ]
            let found = await fields {
                try await get(store, keys: [("crad", "c1"), ("customer", "u1")], wrong)
            }
            #expect(found.first == "/keys/crad" && found.contains("/tx/amuont"))
            #expect(found.count >= 3, "\(found)")
            #expect(
                await fields { try await get(store, ["amount": Self.amount(1)], type: "") }
                    == ["/event_type"])
            #expect(
                await fields { try await get(store, ["amount": Self.amount(1)], type: "pay") }
                    == ["/event_type"])
            let other = await fields {
                try await get(store, keys: [("card", "c0")], ["card_id": .text("c1")])
            }
            #expect(other == ["/keys/card"])
            let rows = await fields {
                try await store.service.getVectors(
                    AssayFeaturesV1.GetVectorsRequest(
                        vector: Self.vector,
                        rows: [
                            AssayFeaturesV1.VectorRow(keys: ["crad": "c1"]),
                            AssayFeaturesV1.VectorRow(keys: ["card": "c1"]),
                            AssayFeaturesV1.VectorRow(tx: ["amuont": Self.amount(1)]),
                        ], time: TestStore.now, eventType: "payment"), context: store.context())
            }
            #expect(rows == ["/rows/0/keys/crad", "/rows/2/tx/amuont"])
        }
    }

    @Test("rows with fields of their own are read as single ones are")
    func rows() async throws {
        try await withStore { store in
            let inputs: [Fields] = (1...5).map {
                ["card_id": .text("c\($0 % 2)"), "amount": Self.amount(Int64($0) * 700)]
            }
            let many = try await store.service.getVectors(
                AssayFeaturesV1.GetVectorsRequest(
                    vector: Self.vector,
                    rows: inputs.map { AssayFeaturesV1.VectorRow(tx: $0) }, time: TestStore.now,
                    eventType: "payment"), context: store.context())
            for (input, vector) in zip(inputs, many.vectors) {
                #expect(try await get(store, input).vector == vector)
            }
            #expect(Set(many.vectors.map(\.digest)).count == 5)
        }
    }
}
