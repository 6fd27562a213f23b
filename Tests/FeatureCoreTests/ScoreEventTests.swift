import AssayMessages
import FeatureCore
import FeatureEngine
import RPC
import Storage
import Testing
import Wire

@Suite struct ScoreEventTests {
    func withStore(_ body: (TestStore) async throws -> Void) async throws {
        let store = try await TestStore()
        defer { store.remove() }
        try await body(store)
    }

    @Test("the vector is as it was before the event, and the next event sees it")
    func readBeforeApply() async throws {
        try await withStore { store in
            let first = try await store.score(Payment.event("e1", cents: 4_995))
            #expect(first.receipt.outcome == .applied)
            #expect(first.receipt.durability == .synced)
            #expect(first.receipt.sequence == 1)
            #expect(first.definitionSet == store.features.definitions.hash)
            let before = try #require(first.vectors.first)
            #expect(before.value("amount") == 49.95)
            #expect(before.value("card_txn_cnt_1h") == 0)
            #expect(before.kind("card_txn_cnt_1h") == .empty)
            #expect(before.value("card_amt_avg_24h")?.bitPattern == 0x7FF8_0000_0000_0000)

            let second = try await store.score(Payment.event("e2", cents: 5, offset: 30))
            let vector = try #require(second.vectors.first)
            #expect(vector.value("card_txn_cnt_1h") == 1)
            #expect(vector.value("acct_amt_sum_24h") == 4_995)
            #expect(vector.value("term_amt_avg_24h") == 4_995)
            #expect(vector.kind("card_amt_max_24h") == .present)
            #expect(second.entities.map(\.version) == [1, 1, 1, 1])
            #expect(vector.digest.count == 32)
        }
    }

    @Test("the same id and content again gives the stored vectors and counts once")
    func duplicate() async throws {
        try await withStore { store in
            let first = try await store.score(Payment.event("e1"))
            _ = try await store.score(Payment.event("e2"))
            let again = try await store.score(Payment.event("e1"))
            #expect(again.receipt.outcome == .duplicate)
            #expect(again.receipt.sequence == first.receipt.sequence)
            #expect(again.vectors == first.vectors)
            let now = try await store.vector([("card", "c1")])
            #expect(now.vector.value("card_txn_cnt_24h") == 2)
        }
    }

    @Test("the same id with other content is refused with the fields that differ")
    func conflict() async throws {
        try await withStore { store in
            _ = try await store.score(Payment.event("e1"))
            let other = Payment.event("e1", cents: 7, terminal: nil, offset: 1)
            let error = await #expect(throws: RPCError.self) { _ = try await store.score(other) }
            #expect(error?.code == .alreadyExists)
            for field in ["/event/time", "/event/fields/amount", "/event/fields/terminal_id"] {
                #expect(error?.message.contains(field) == true)
            }
            #expect(error?.message.contains("card_id") == false)
        }
    }

    @Test("an entity or a field that the event does not name is absent")
    func absent() async throws {
        try await withStore { store in
            let reply = try await store.score(
                Payment.event("e1", cents: nil, customer: nil, terminal: ""))
            let vector = try #require(reply.vectors.first)
            #expect(vector.kind("amount") == .absent)
            #expect(vector.kind("cust_txn_cnt_1h") == .absent)
            #expect(vector.kind("term_txn_cnt_1h") == .absent)
            #expect(vector.kind("card_txn_cnt_1h") == .empty)
            #expect(reply.entities.map(\.entity) == ["account", "card"])
        }
    }

    @Test("a dry run reads and records nothing")
    func dryRun() async throws {
        try await withStore { store in
            let reply = try await store.score(Payment.event("e1"), dryRun: true)
            #expect(reply.receipt.outcome == .notRecorded)
            #expect(reply.vectors.count == 1)
            #expect(try await store.score(Payment.event("e1")).receipt.outcome == .applied)
        }
    }

    @Test("an event from the future or from too long ago is kept aside, with its vectors")
    func quarantine() async throws {
        try await withStore { store in
            for (id, offset) in [("future", 5.001), ("late", -401.0 * 86_400)] {
                let reply = try await store.score(Payment.event(id, offset: offset))
                #expect(reply.receipt.outcome == .quarantined)
                #expect(reply.receipt.problems.map(\.path) == ["/event/time"])
                #expect(reply.vectors.count == 1)
            }
            #expect(
                try await store.score(Payment.event("ok", offset: 5)).receipt.outcome == .applied)
            let dollars = try await store.score(Payment.event("usd", currency: "USD"))
            #expect(dollars.receipt.outcome == .quarantined)
            #expect(dollars.receipt.problems.map(\.rule) == ["currency"])
            let now = try await store.vector([("card", "c1")])
            #expect(now.vector.value("card_txn_cnt_24h") == 1)
        }
    }

    @Test("a field of the wrong type rejects the event, a value out of range only flags it")
    func problems() async throws {
        try await withStore { store in
            var event = Payment.event("e1")
            event.fields = WireMap([("card_id", .text("c1")), ("amount", .integer(5))])
            let rejected = try await store.score(event)
            #expect(rejected.receipt.outcome == .rejected)
            #expect(rejected.receipt.problems.map(\.rule) == ["type"])
            #expect(rejected.vectors.first?.kind("amount") == .absent)
            let flagged = try await store.score(Payment.event("e2", cents: -1))
            #expect(flagged.receipt.outcome == .applied)
            #expect(flagged.receipt.problems.map(\.rule) == ["range"])
        }
    }

    @Test("unknown vectors, types, fields and entities are errors with the nearest names")
    func nearNames() async throws {
        try await withStore { store in
            func error(_ body: () async throws -> Void) async -> RPCError? {
                await #expect(throws: RPCError.self) { try await body() }
            }
            let vector = await error {
                let near = AssayFeaturesV1.VectorRef(name: "payment_frau", version: 1)
                _ = try await store.score(Payment.event("e"), vectors: [near])
            }
            #expect(vector?.code == .notFound)
            #expect(vector?.message.contains("payment_fraud@1") == true)
            let type = await error {
                var event = Payment.event("e")
                event.type = "paymnt"
                _ = try await store.score(event)
            }
            #expect(type?.code == .invalidArgument)
            #expect(type?.message.contains("\"payment\"") == true)
            let field = await error {
                var event = Payment.event("e")
                event.fields = WireMap([("card", .text("c"))])
                _ = try await store.score(event)
            }
            #expect(field?.message.contains("/event/fields/card") == true)
            let entity = await error { _ = try await store.vector([("cart", "c1")]) }
            #expect(entity?.message.contains("\"card\"") == true)
        }
    }

    @Test("a pinned fingerprint must be the vector's")
    func fingerprint() async throws {
        try await withStore { store in
            var pinned = Payment.vector
            pinned.fingerprint = store.features.definitions.vectors[0].fingerprint
            _ = try await store.score(Payment.event("e1"), vectors: [pinned])
            pinned.fingerprint[0] ^= 1
            let error = await #expect(throws: RPCError.self) {
                _ = try await store.score(Payment.event("e2"), vectors: [pinned])
            }
            #expect(error?.code == .failedPrecondition)
        }
    }

    @Test("tenants share neither ids nor entities, and a call without one is refused")
    func tenants() async throws {
        try await withStore { store in
            _ = try await store.score(Payment.event("e1"), tenant: "bank")
            let other = try await store.score(Payment.event("e1", cents: 3), tenant: "other")
            #expect(other.receipt.outcome == .applied)
            #expect(other.vectors.first?.value("card_txn_cnt_24h") == 0)
            let error = await #expect(throws: RPCError.self) {
                _ = try await store.score(Payment.event("e1"), tenant: "")
            }
            #expect(error?.code == .unauthenticated)
        }
    }

    @Test("writers of one entity never interleave: each sees exactly those before it")
    func oneEntity() async throws {
        try await withStore { store in
            let replies = try await withThrowingTaskGroup(
                of: AssayFeaturesV1.ScoreEventResponse.self
            ) { tasks in
                for index in 0..<400 {
                    tasks.addTask {
                        try await store.score(Payment.event("e\(index)", cents: 1))
                    }
                }
                return try await tasks.reduce(into: []) { $0.append($1) }
            }
            let seen = replies.compactMap { $0.vectors.first?.value("card_txn_cnt_24h") }.sorted()
            #expect(seen == (0..<400).map(Double.init))
            for reply in replies {
                let before = reply.entities.first { $0.entity == "card" }?.version ?? 0
                let sum = reply.vectors.first?.value("acct_amt_sum_24h") ?? -1
                // The entity's first event may have any sequence; from there versions count events.
                #expect(sum == 0 ? before == 0 : before >= UInt64(sum))
            }
        }
    }

    @Test("the same id at once from many callers is recorded once")
    func oneID() async throws {
        try await withStore { store in
            let outcomes = await withTaskGroup(of: String.self) { tasks in
                for _ in 0..<50 {
                    tasks.addTask {
                        do {
                            return try await store.score(Payment.event("e1")).receipt.outcome
                                .description
                        } catch {
                            return "\((error as? RPCError)?.code ?? .unknown)"
                        }
                    }
                }
                return await tasks.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
            }
            #expect(outcomes.filter { $0.key.contains("applied") }.map(\.value) == [1])
            let now = try await store.vector([("card", "c1")])
            #expect(now.vector.value("card_txn_cnt_24h") == 1)
        }
    }
}
