import AssayMessages
import FeatureCore
import FeatureEngine
import RPC
import Testing
import Wire

@Suite struct SnapshotTests {
    static let text = """
        format: assay.features/1
        package: test
        owner: tests
        description: Facts of batch jobs.
        sensitivity: low
        purposes: [fraud]
        base_currency: EUR
        entities:
          customer: {short: cust, key: customer_id}
          customer_mcc: {short: cust_mcc, key: [customer_id, mcc]}
        snapshots:
          profile: {entity: customer, max_age: 30d, fields: {score: int, verified: bool}}
          habits: {entity: customer_mcc, fields: {share: double}}
        """

    func withStore(_ body: (TestStore) async throws -> Void) async throws {
        let definitions = try DefinitionCompiler.compile([
            try DefinitionParser.parse(Self.text, file: "test.yaml")
        ])
        let store = try await TestStore(definitions: definitions)
        defer { store.remove() }
        try await body(store)
    }

    func put(
        _ store: TestStore, _ snapshot: String, _ rows: [AssayFeaturesV1.SnapshotRow],
        id: String = "s1"
    ) async throws -> [AssayFeaturesV1.Receipt] {
        try await store.service.putSnapshot(
            AssayFeaturesV1.PutSnapshotRequest(
                snapshotID: id, snapshot: snapshot, time: TestStore.now, rows: rows),
            context: store.context()
        ).receipts
    }

    func row(_ key: [String], _ score: Int64) -> AssayFeaturesV1.SnapshotRow {
        AssayFeaturesV1.SnapshotRow(
            key: key, fields: WireMap([("score", .integer(score)), ("verified", .flag(true))]))
    }

    @Test("each row is an event of its entity, and a snapshot sent again counts once")
    func rows() async throws {
        try await withStore { store in
            let rows = (0..<300).map { row(["c\($0)"], Int64($0)) }
            let receipts = try await put(store, "profile", rows)
            #expect(receipts.allSatisfy { $0.outcome == .applied })
            #expect(Set(receipts.map(\.eventID)).count == 300)
            // In whatever order.
            let again = try await put(store, "profile", rows.reversed())
            #expect(again.allSatisfy { $0.outcome == .duplicate })
            #expect(again.map(\.sequence) == receipts.map(\.sequence).reversed())
            let other = try await put(store, "profile", [row(["c0"], 5)])
            #expect(other.map(\.outcome) == [.rejected])
            #expect(other[0].problems.first?.message.contains("/event/fields/score") == true)
            #expect(try await store.trailSteps() == 300)
        }
    }

    @Test("the calls of one job, and other snapshots of the day, may have one snapshot id")
    func oneID() async throws {
        try await withStore { store in
            let long = String(repeating: "2026-11-22 ", count: 10)
            for id in ["2026-11-22", long + "a", long + "b"] {
                for card in ["c1", "c2"] {
                    let receipts = try await put(store, "profile", [row([card], 5)], id: id)
                    #expect(receipts.map(\.outcome) == [.applied])
                    #expect(receipts.allSatisfy { $0.eventID.utf8.count <= 128 })
                }
                let habits = try await put(
                    store, "habits",
                    [
                        AssayFeaturesV1.SnapshotRow(
                            key: ["c1", "5411"], fields: WireMap([("share", .number(0.5))]))
                    ], id: id)
                #expect(habits.map(\.outcome) == [.applied])
            }
            let twice = await #expect(throws: RPCError.self) {
                _ = try await put(store, "profile", [row(["c1"], 1), row(["c1"], 2)])
            }
            #expect(twice?.message.contains("/rows/1/key") == true)
        }
    }

    @Test("a row that does not fit its snapshot is refused with its place")
    func mistakes() async throws {
        try await withStore { store in
            let name = await #expect(throws: RPCError.self) {
                _ = try await put(store, "profil", [row(["c1"], 1)])
            }
            #expect(name?.code == .notFound)
            #expect(name?.message.contains("\"profile\"") == true)
            let key = await #expect(throws: RPCError.self) {
                _ = try await put(store, "habits", [row(["c1"], 1)])
            }
            #expect(key?.code == .invalidArgument)
            #expect(key?.message.contains("customer_id, mcc") == true)
            let fields = try await put(
                store, "profile",
                [
                    row(["c1"], 1),
                    AssayFeaturesV1.SnapshotRow(
                        key: ["c2"], fields: WireMap([("scor", .flag(true))])),
                ])
            #expect(fields.map(\.outcome) == [.applied, .rejected])
            #expect(fields[1].problems.first?.message.contains("\"score\"") == true)
        }
    }
}
