import AssayMessages
import FeatureEngine
import Foundation
import RPC
import Testing
import Wire

@testable import FeatureCore

/// From payments in the log to two features of a vector.
@Suite struct NetworkJobTests {
    static let vector = AssayFeaturesV1.VectorRef(name: "reach", version: 1)

    static func definitions() throws -> DefinitionSet {
        let text = """
            format: assay.features/1
            package: network
            owner: test
            description: Who pays whom.
            sensitivity: low
            purposes: [credit]
            base_currency: EUR
            entities: {customer: {short: cust, key: customer_id, subject: self}}
            events:
              payment: {id: payment_id, time: at, max_late: 400d, entities: {customer: customer_id}, fields: {counterparty_id: {type: string, max: 128}}}
              credit: {id: credit_id, time: at, max_late: 400d, entities: {customer: customer_id}, fields: {counterparty_id: {type: string, max: 128}}}
              loan: {id: loan_id, time: at, entities: {customer: customer_id}}
            snapshots:
              party_network: {entity: customer, max_age: 7d, incomplete: is_bounded, fields: {depth_downstream: int, size: int, is_bounded: bool}}
            derived:
              depth: {type: int, default: 0, expr: party_network.depth_downstream}
              size: {type: int, default: 0, expr: party_network.size}
            vectors:
              reach@1: {purpose: credit, features: [depth, size]}
            """
        return try DefinitionCompiler.compile([DefinitionParser.parse(text, file: "n.yaml")])
    }

    private static func send(
        _ id: String, _ type: String, customer: String, other: String?, day: Double,
        to store: TestStore
    ) async throws {
        var fields: [(String, AssayFeaturesV1.FieldValue)] = [("customer_id", .text(customer))]
        if let other { fields.append(("counterparty_id", .text(other))) }
        let event = AssayFeaturesV1.Event(
            id: id, type: type, time: Payment.time(-day * 86_400), fields: WireMap(fields))
        let reply = try await store.score(event, vectors: [])
        #expect(reply.receipt.outcome == .applied, "\(reply.receipt)")
    }

    /// a → b → c → x, and x pays a; too old: c → y.
    private static func fill(_ store: TestStore) async throws {
        try await send("1", "payment", customer: "a", other: "b", day: 100, to: store)
        try await send("2", "payment", customer: "b", other: "c", day: 50, to: store)
        try await send("3", "payment", customer: "c", other: "x", day: 20, to: store)
        try await send("4", "credit", customer: "a", other: "x", day: 10, to: store)
        try await send("5", "payment", customer: "c", other: "y", day: 181, to: store)
        try await send("6", "payment", customer: "d", other: nil, day: 1, to: store)
        try await send("7", "payment", customer: "a", other: "b", day: 2, to: store)
        try await send("8", "payment", customer: "e", other: "e", day: 2, to: store)
    }

    private static func run(
        _ store: TestStore, _ job: NetworkJob = NetworkJob(until: TestStore.now)
    ) async throws -> NetworkJob.Result {
        var edges = try PaymentEdges(job.request, store.features.log, tenant: "bank")
        var pacer = ProcessorPacer(share: 1, processorTime: { .zero }, sleep: { _ in })
        var job = job
        while let chunk = try await edges.next(&pacer) { job.take(chunk) }
        return try await job.finish { request in
            try await store.service.putSnapshot(request, context: store.context())
        }
    }

    private static func reach(_ customer: String, _ store: TestStore) async throws -> [Double] {
        let reply = try await store.service.getVector(
            AssayFeaturesV1.GetVectorRequest(
                vector: vector, keys: ["customer": customer], time: TestStore.now),
            context: store.context())
        #expect(reply.vector.status.allSatisfy { $0 == 0 }, "\(customer) \(reply.vector.status)")
        return reply.vector.values
    }

    @Test("edges are of the owner, and no personal field is an end of one")
    func fields() async throws {
        let text = """
            format: assay.features/1
            package: network
            owner: test
            description: Who pays whom.
            sensitivity: low
            purposes: [credit]
            base_currency: EUR
            entities: {customer: {short: cust, key: customer_id, subject: self, personal: person}}
            events:
              payment:
                {id: payment_id, time: at, entities: {customer: {origin: customer_id, destination: payee_id}}, fields: {counterparty_id: string, merchant_id: string, email: {type: string, personal: contact}}}
            """
        let store = try await TestStore(
            definitions: DefinitionSources(["n.yaml": text]).compile())
        defer { store.remove() }
        func wrong(_ payer: String, _ payee: String) throws -> [String] {
            do {
                _ = try PaymentEdges(
                    AssayFeaturesV1.ReadEdgesRequest(
                        owner: "customer",
                        sources: [
                            AssayFeaturesV1.EdgeSource(
                                eventType: "payment", payer: payer, payee: payee)
                        ], from: Payment.time(-60), until: Payment.time(0)),
                    store.features.log, tenant: "bank")
                return []
            } catch let error as RPCError {
                return error.violations.map(\.field)
            }
        }
        #expect(try wrong("customer_id", "counterparty_id").isEmpty)
        #expect(try wrong("counterparty_id", "customer_id").isEmpty)
        #expect(try wrong("customer_id", "payee_id").isEmpty)
        #expect(try wrong("customer_id", "email") == ["/sources/0/payee"])
        #expect(try wrong("merchant_id", "counterparty_id") == ["/sources/0"])
        #expect(try wrong("email", "merchant_id") == ["/sources/0", "/sources/0/payer"])
    }

    @Test("the reach of each customer is put, and read by vectors and training sets alike")
    func job() async throws {
        let store = try await TestStore(definitions: Self.definitions())
        defer { store.remove() }
        try await Self.fill(store)
        let result = try await Self.run(store)
        // a, b, c, x, e; b and c are customers too, by what they paid.
        #expect(result == NetworkJob.Result(parties: 5, rows: 4))
        #expect(try await Self.reach("a", store) == [3, 3])
        #expect(try await Self.reach("b", store) == [3, 3])
        #expect(try await Self.reach("c", store) == [3, 3])
        #expect(try await Self.reach("e", store) == [0, 0])

        let loan = AssayFeaturesV1.Event(
            id: "loan", type: "loan", time: TestStore.now, fields: ["customer_id": .text("b")])
        let served = try await store.score(loan, vectors: [Self.vector]).vectors[0]
        #expect(served.values == [3, 3])
        let plan = TrainingSetTests.plan {
            $0.vector = Self.vector
            $0.rows = .ids(AssayFeaturesV1.TrainingIds(ids: ["loan"]))
        }
        let built = try TrainingSetTests.build(store, plan)
        let rows = String(decoding: built.rows, as: UTF8.self)
        #expect(rows.split(whereSeparator: \.isNewline).last?.hasSuffix(",3,3") == true)
        #expect(built.manifest.mismatched == 0)
        // The same night again changes nothing.
        #expect(try await Self.run(store) == result)
    }

    @Test("who reaches more than is counted is named, and the values are incomplete")
    func bounded() async throws {
        let store = try await TestStore(definitions: Self.definitions())
        defer { store.remove() }
        var job = NetworkJob(until: TestStore.now)
        for part in 0..<3 {
            let edges = (0..<4_000).map {
                AssayFeaturesV1.PaymentEdge(
                    payer: "hub", payee: "n\(part * 4_000 + $0)", payerIsOwn: true)
            }
            job.take(AssayFeaturesV1.EdgeChunk(edges: edges))
        }
        let result = try await job.finish { request in
            try await store.service.putSnapshot(request, context: store.context())
        }
        #expect(result.rows == 1 && result.bounded == ["hub"] && result.refused == 0)
        let reply = try await store.service.getVector(
            AssayFeaturesV1.GetVectorRequest(
                vector: Self.vector, keys: ["customer": "hub"], time: TestStore.now),
            context: store.context())
        #expect(reply.vector.values == [1, 10_000])
        #expect(reply.vector.status.allSatisfy { $0 == Status.Flags.incomplete.rawValue })
    }

    @Test("another tenant's payments are not read, and what is wrong is told at once")
    func refused() async throws {
        let store = try await TestStore(definitions: Self.definitions())
        defer { store.remove() }
        try await Self.fill(store)
        let job = NetworkJob(until: TestStore.now)
        var edges = try PaymentEdges(job.request, store.features.log, tenant: "other")
        var pacer = ProcessorPacer(share: 1, processorTime: { .zero }, sleep: { _ in })
        #expect(try await edges.next(&pacer) == nil)
        var request = job.request
        request.owner = "custmer"
        request.until = request.from
        request.sources = [
            AssayFeaturesV1.EdgeSource(eventType: "paymnt", payer: "a", payee: "b"),
            AssayFeaturesV1.EdgeSource(eventType: "payment", payer: "customer", payee: "at"),
        ]
        let error = #expect(throws: RPCError.self) {
            try PaymentEdges(request, store.features.log, tenant: "bank")
        }
        #expect(
            error?.violations.map(\.field) == [
                "/until", "/owner", "/sources/0/event_type", "/sources/1/payer",
                "/sources/1/payee",
            ])
        #expect(error?.violations[3].description.contains("payment has no text") == true)
    }
}
