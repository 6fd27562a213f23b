import AssayMessages
import FeatureCore
import FeatureEngine
import RPC
import RPCTransport
import Testing
import Wire

@Suite struct IngestTests {
    func withStore(_ body: (TestStore) async throws -> Void) async throws {
        let store = try await TestStore()
        defer { store.remove() }
        try await body(store)
    }

    @Test("a batch gives one receipt for each event, in order, whatever became of it")
    func batch() async throws {
        try await withStore { store in
            var unknown = Payment.event("unknown")
            unknown.type = "paymnt"
            let events = [
                Payment.event("e1"), Payment.event("e1"), Payment.event("e1", cents: 7), unknown,
                Payment.event("late", offset: -401 * 86_400), Payment.event("e2", cents: -1),
            ]
            let receipts = try await store.ingest(events)
            #expect(receipts.map(\.eventID) == events.map(\.id))
            let expected: [AssayFeaturesV1.Outcome] = [.applied, .rejected, .quarantined, .applied]
            #expect([0, 3, 4, 5].map { receipts[$0].outcome } == expected)
            // They come before the first is durable, or behind it.
            #expect([.notRecorded, .duplicate].contains(receipts[1].outcome))
            #expect([.notRecorded, .rejected].contains(receipts[2].outcome))
            for receipt in receipts where receipt.outcome == .notRecorded {
                #expect(receipt.problems.map(\.rule) == ["event_in_flight"])
            }
            #expect(receipts[3].problems.first?.path == "/event/type")
            #expect(receipts[3].problems.first?.message.contains("\"payment\"") == true)
            #expect(receipts[5].problems.map(\.rule) == ["range"])
            let again = try await store.ingest(events)
            #expect(again[0].outcome == .duplicate)
            #expect(again[0].sequence == receipts[0].sequence)
            #expect(again[2].outcome == .rejected)
            #expect(again[2].problems.map(\.rule) == ["event_conflict"])
            let vector = try await store.vector([("card", "c1")]).vector
            #expect(vector.value("card_txn_cnt_24h") == 2)
        }
    }

    @Test("an event that was ingested is known to ScoreEvent, without vectors")
    func ingestedThenScored() async throws {
        try await withStore { store in
            let receipts = try await store.ingest([Payment.event("e1")], logged: true)
            #expect(receipts.map(\.outcome) == [.logged])
            #expect(receipts[0].durability == .synced)
            let reply = try await store.score(Payment.event("e1"))
            #expect(reply.receipt.outcome == .duplicate)
            #expect(reply.vectors.isEmpty)
        }
    }

    @Test("a stream's receipts come in the order of its events, and each event counts once")
    func stream() async throws {
        try await withStore { store in
            try await store.serving { client in
                let count = 3_000
                let receipts = try await client.streamEvents(options: store.callOptions) {
                    requests, replies in
                    async let sent: Void = {
                        for index in 0..<count {
                            try await requests.write(Payment.event("e\(index)", cents: 1))
                        }
                        requests.finish()
                    }()
                    var receipts: [AssayFeaturesV1.Receipt] = []
                    for try await receipt in replies { receipts.append(receipt) }
                    try await sent
                    return receipts
                }
                #expect(receipts.map(\.eventID) == (0..<count).map { "e\($0)" })
                #expect(receipts.allSatisfy { $0.outcome == .logged })
                #expect(receipts.map(\.sequence) == (1...UInt64(count)).map { $0 })
            }
            let vector = try await store.vector([("account", "a1")]).vector
            #expect(vector.value("acct_amt_sum_24h") == 3_000)
        }
    }

    @Test("many rows of one vector are read in one call, as one by one")
    func manyVectors() async throws {
        try await withStore { store in
            for index in 0..<20 {
                _ = try await store.score(Payment.event("e\(index)", card: "c\(index % 7)"))
            }
            let rows = (0..<8).map {
                AssayFeaturesV1.VectorRow(keys: WireMap([("card", "c\($0)")]))
            }
            let reply = try await store.service.getVectors(
                AssayFeaturesV1.GetVectorsRequest(
                    vector: Payment.vector, rows: rows, time: TestStore.now),
                context: store.context())
            #expect(reply.vectors.map { $0.value("card_txn_cnt_24h") } == [3, 3, 3, 3, 3, 3, 2, 0])
            for (index, vector) in reply.vectors.enumerated() {
                #expect(try await store.vector([("card", "c\(index)")]).vector == vector)
            }
            let error = await #expect(throws: RPCError.self) {
                _ = try await store.service.getVectors(
                    AssayFeaturesV1.GetVectorsRequest(
                        vector: Payment.vector,
                        rows: [rows[0], AssayFeaturesV1.VectorRow(keys: WireMap([("cart", "c")]))],
                        time: TestStore.now), context: store.context())
            }
            #expect(error?.message.contains("/rows/1/keys/cart") == true)
        }
    }
}

extension TestStore {
    func ingest(
        _ events: [AssayFeaturesV1.Event], logged: Bool = false
    ) async throws -> [AssayFeaturesV1.Receipt] {
        try await service.ingestEvents(
            AssayFeaturesV1.IngestEventsRequest(batchID: "b", events: events, logged: logged),
            context: context()
        ).receipts
    }

    /// A client of the service over a transport in this process.
    func serving(
        _ body: (AssayFeaturesV1.FeatureStore.Client) async throws -> Void
    ) async throws {
        let link = InProcessTransport(.encoded)
        let server = RPCServer(
            listeners: [.inProcess(link)], services: [service],
            authorizer: ScopeAuthorizer(trustsEveryPeer: true))
        try await server.start()
        do {
            try await body(AssayFeaturesV1.FeatureStore.Client(link.client()))
        } catch {
            Issue.record(error)
        }
        await server.shutdown(grace: .milliseconds(200))
    }

    var callOptions: CallOptions {
        var metadata = Metadata()
        metadata.append(AssayHeader.tenant, "bank")
        metadata.append(AssayHeader.client, "test")
        metadata.append(AssayHeader.scopes, "features.score features.ingest features.snapshot")
        return CallOptions(metadata: metadata)
    }
}
