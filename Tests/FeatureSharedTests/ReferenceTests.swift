import AssayMessages
import FeatureCore
import FeatureEngine
import TestSupport
import Testing
import Wire

@Suite(
    "Events that refer to earlier ones through the shared store",
    .enabled(if: RedisServer.executable != nil), .timeLimit(.minutes(3)))
struct ReferenceTests {
    static let text = """
        format: assay.features/1
        package: test
        owner: tests
        description: Labels of payments.
        sensitivity: low
        purposes: [fraud]
        base_currency: EUR
        rates: {USD: 0.9}
        entities:
          terminal: {short: term, key: terminal_id}
        events:
          payment:
            id: payment_id
            time: occurred_at
            max_late: 400d
            entities: {terminal: terminal_id}
            fields: {amount: money}
          fraud_label: {id: label_id, time: reported_at, max_late: 400d, class: label, refers_to: {payment: payment_id}}
        aggregates:
          terminal:
            fraud_cnt: {from: fraud_label, count: true, at: payment.occurred_at, windows: [7d], description: x}
            fraud_sum: {from: fraud_label, sum: payment.amount, at: payment.occurred_at, windows: [7d], description: x}
        vectors:
          labels@1: {purpose: fraud, features: [term_fraud_cnt_7d, term_fraud_sum_7d]}
        """

    private func payment(_ id: String) throws -> AssayFeaturesV1.Event {
        let amount = try #require(Money(currency: "USD", coefficient: 1_000, scale: 2))
        return AssayFeaturesV1.Event(
            id: id, type: "payment", time: SharedBench.now,
            fields: WireMap([("amount", .amount(amount)), ("terminal_id", .text("t1"))]))
    }

    private func label(_ id: String, of payment: String) -> AssayFeaturesV1.Event {
        AssayFeaturesV1.Event(
            id: id, type: "fraud_label", time: SharedBench.now,
            fields: WireMap([("payment_id", .text(payment))]))
    }

    private func ingest(
        _ event: AssayFeaturesV1.Event, _ server: SharedServer
    ) async throws -> AssayFeaturesV1.Outcome? {
        try await server.service.ingestEvents(
            AssayFeaturesV1.IngestEventsRequest(batchID: "b", events: [event]),
            context: SharedServer.context
        ).receipts.first?.outcome
    }

    private func values(_ server: SharedServer) async throws -> [Double] {
        try await server.service.getVector(
            AssayFeaturesV1.GetVectorRequest(
                vector: AssayFeaturesV1.VectorRef(name: "labels", version: 1),
                keys: WireMap([("terminal", "t1")]), time: SharedBench.now),
            context: SharedServer.context
        ).vector.values
    }

    @Test("a label counts though its payment has left the shared store, with its amount of then")
    func late() async throws {
        let bench = try await SharedBench.start()
        let definitions = try DefinitionCompiler.compile([
            DefinitionParser.parse(Self.text, file: "test.yaml")
        ])
        let server = try await bench.server(definitions: definitions)
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory, definitions: definitions)
        #expect(try await ingest(payment("p1"), server) == .applied)
        // Others, so that the row is not the last of its stream.
        for index in 0..<100 {
            #expect(try await ingest(payment("other\(index)"), server) == .applied)
        }
        await server.store.flush()
        try await keeper.settle(bench)
        #expect(try await ingest(label("l1", of: "p1"), server) == .logged)
        await server.store.flush()
        #expect(try await ingest(label("l1", of: "p1"), server) == .duplicate)
        try await keeper.settle(bench)
        #expect(try await values(server) == [1, 900])
        // Replays find it in the log.
        let rows = try keeper.logRows().filter { $0.event.id == "l1" }
        #expect(rows.map { $0.references.map(\.id) } == [["p1"]])
        #expect(rows.first?.amounts.map(\.units) == [900])
        #expect(rows.first?.entities.map(\.entity) == ["terminal"])
        await keeper.close()
        await server.close()
        await bench.close()
    }

    @Test("one that names nothing recorded is put aside by the keeper, and may come again")
    func unknown() async throws {
        let bench = try await SharedBench.start()
        let definitions = try DefinitionCompiler.compile([
            DefinitionParser.parse(Self.text, file: "test.yaml")
        ])
        let server = try await bench.server(definitions: definitions)
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory, definitions: definitions)
        #expect(try await ingest(label("l1", of: "p1"), server) == .logged)
        // That names none at all needs no keeper to tell.
        let empty = AssayFeaturesV1.Event(
            id: "l0", type: "fraud_label", time: SharedBench.now, fields: WireMap([]))
        #expect(try await ingest(empty, server) != .logged)
        await server.store.flush()
        try await keeper.settle(bench)
        #expect(try keeper.storage.rows("quarantine", limit: 10).count >= 1)
        #expect(try keeper.storage.rows("log", limit: 10).isEmpty)
        #expect(try keeper.storage.rows("ids", limit: 10).isEmpty)
        #expect(try await ingest(payment("p1"), server) == .applied)
        #expect(try await ingest(label("l1", of: "p1"), server) == .applied)
        await server.store.flush()
        try await keeper.settle(bench)
        #expect(try await values(server) == [1, 900])
        await keeper.close()
        await server.close()
        await bench.close()
    }
}
