import AssayMessages
import RPC
import Testing
import Wire

@testable import FeatureCore

@Suite struct QuarantineServiceTests {
    private func withStore(_ body: (TestStore) async throws -> Void) async throws {
        let store = try await TestStore(definitions: EventFixture.definitions)
        defer { store.remove() }
        try await body(store)
    }

    private func list(
        _ store: TestStore, rule: String = "", limit: UInt32 = 0, token: [UInt8] = [],
        tenant: String = "bank"
    ) async throws -> AssayFeaturesV1.ListQuarantineResponse {
        try await store.service.listQuarantine(
            AssayFeaturesV1.ListQuarantineRequest(rule: rule, limit: limit, pageToken: token),
            context: store.context(tenant: tenant))
    }

    private func release(
        _ id: String, _ store: TestStore, fields: [(String, AssayFeaturesV1.FieldValue)] = [],
        removed: [String] = [], time: Timestamp? = nil, accepted: [String] = []
    ) async throws -> AssayFeaturesV1.Receipt {
        try await store.service.releaseQuarantined(
            AssayFeaturesV1.ReleaseQuarantinedRequest(
                eventID: id, fields: WireMap(fields), removed: removed, time: time,
                accepted: accepted, reason: "the producer's clock was wrong"),
            context: store.context()
        ).receipt
    }

    private func quarantine(_ id: String, _ store: TestStore) async throws {
        let event = EventFixture.payment(id, at: EventFixture.now + 60_000)
        let reply = try await store.score(event, vectors: [])
        #expect(reply.receipt.outcome == .quarantined)
    }

    private func count(_ store: TestStore) async throws -> Double {
        try await store.service.getVector(
            AssayFeaturesV1.GetVectorRequest(
                vector: AssayFeaturesV1.VectorRef(name: "card_small", version: 1),
                keys: WireMap([("card", "card-1")]), time: TestStore.now),
            context: store.context()
        ).vector.values[0]
    }

    @Test("events kept aside are listed page by page, with what is wrong with them")
    func listing() async throws {
        try await withStore { store in
            for index in 0..<5 { try await quarantine("e\(index)", store) }
            _ = try await store.score(EventFixture.outcome("approved", of: "none"), vectors: [])
            var ids: [String] = []
            var token: [UInt8] = []
            repeat {
                let page = try await list(store, limit: 2, token: token)
                ids += page.events.map(\.event.id)
                token = page.nextPageToken
            } while !token.isEmpty
            #expect(Set(ids) == ["e0", "e1", "e2", "e3", "e4", "o1"])
            #expect(ids.count == 6)
            let future = try await list(store, rule: "future")
            #expect(future.events.count == 5)
            #expect(future.events[0].problems.map(\.path) == ["/event/time"])
            #expect(future.events[0].event.fields["card_id"] == .text("card-1"))
            #expect(try await list(store, tenant: "other").events.isEmpty)
            let error = await #expect(throws: RPCError.self) {
                try await list(store, token: [1, 2, 3])
            }
            #expect(error?.code == .invalidArgument)
        }
    }

    @Test("a corrected event is recorded once under its id, with who and why")
    func releasing() async throws {
        try await withStore { store in
            try await quarantine("e1", store)
            #expect(try await count(store) == 0)
            let left = await #expect(throws: RPCError.self) { try await release("e1", store) }
            #expect(left?.code == .failedPrecondition)
            #expect(left?.message.contains("future") == true)
            let receipt = try await release("e1", store, time: TestStore.now)
            #expect(receipt.outcome == .applied)
            #expect(try await count(store) == 1)
            let gone = await #expect(throws: RPCError.self) {
                try await release("e1", store, time: TestStore.now)
            }
            #expect(gone?.code == .notFound)
            #expect(try await list(store).events.isEmpty)
            let audit = try AuditLog(store: store.storage).entries(tenant: "bank", limit: 10)
            #expect(audit.map(\.action) == ["release"])
            #expect(audit[0].client == "test")
            #expect(audit[0].object == "e1")
            #expect(audit[0].reason == "the producer's clock was wrong")
        }
    }

    @Test("a person may accept what puts an event aside, not what makes it unusable")
    func accepting() async throws {
        try await withStore { store in
            let late = EventFixture.payment("late", at: EventFixture.now - 8 * 86_400_000)
            _ = try await store.score(late, vectors: [])
            #expect(try await release("late", store, accepted: ["too_late"]).outcome == .applied)
            try await quarantine("e1", store)
            let broken = await #expect(throws: RPCError.self) {
                try await release(
                    "e1", store, removed: ["merchant_id"], accepted: ["future", "required"])
            }
            #expect(broken?.message.contains("required") == true)
        }
    }

    @Test("an event that its producer sends corrected is no longer in the list")
    func resent() async throws {
        try await withStore { store in
            try await quarantine("e1", store)
            let reply = try await store.score(EventFixture.payment("e1"), vectors: [])
            #expect(reply.receipt.outcome == .applied)
            #expect(try await list(store).events.isEmpty)
            // What was recorded meanwhile is not recorded again with other content.
            let error = await #expect(throws: RPCError.self) {
                try await release(
                    "e1", store, fields: [("mcc", .text("1111"))], time: TestStore.now)
            }
            #expect(error?.code == .alreadyExists)
            #expect(try await count(store) == 1)
        }
    }
}
