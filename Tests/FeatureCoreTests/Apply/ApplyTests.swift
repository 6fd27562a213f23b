import AssayMessages
import FeatureEngine
import RPC
import Testing

@testable import FeatureCore

@Suite struct ApplyTests {
    static let small = AssayFeaturesV1.VectorRef(name: "card_small", version: 1)

    @Test("features over what is kept are served at once, and the others as before, bit by bit")
    func free() async throws {
        let store = try await TestStore(text: DefinitionChange.base())
        defer { store.remove() }
        for index in 0..<50 {
            _ = try await store.score(
                Payment.event("e\(index)", cents: 100 + Int64(index), offset: -Double(index * 700)))
        }
        let probe = Payment.event("probe")
        let before = try await store.score(probe, dryRun: true)
        let text = try DefinitionChange.free()
        let answer = try await store.apply(text)
        #expect(answer.backfill == nil)
        #expect(answer.active == (try DefinitionChange.set(text)).hash)
        let after = try await store.score(
            probe, vectors: [Payment.vector, Self.small], dryRun: true)
        #expect(after.definitionSet == answer.active && after.definitionSet != before.definitionSet)
        #expect(after.vectors[0] == before.vectors[0])
        #expect(after.vectors[1].values[1] == before.vectors[0].value("card_txn_cnt_24h"))
        #expect(after.vectors[1].values[0] > 0, "\(after.vectors[1].status)")
    }

    @Test("calls go on while definitions are applied: none fails, and every event counts once")
    func underLoad() async throws {
        let directory = TestStore.freshDirectory()
        let store = try await TestStore(directory: directory, text: DefinitionChange.base())
        let texts = [
            try DefinitionChange.free(), try DefinitionChange.base(), try DefinitionChange.noted(),
            try DefinitionChange.base(),
        ]
        let replies = try await withThrowingTaskGroup(
            of: [AssayFeaturesV1.ScoreEventResponse].self
        ) { group in
            for caller in 0..<4 {
                group.addTask {
                    var replies: [AssayFeaturesV1.ScoreEventResponse] = []
                    for index in 0..<250 {
                        replies.append(
                            try await store.score(
                                Payment.event(
                                    "e\(caller)-\(index)", cents: Int64(index),
                                    card: "c\(index % 3)", customer: "p\(index % 5)",
                                    offset: -Double(index))))
                    }
                    return replies
                }
            }
            for round in 0..<12 {
                // Going back takes the vector away again.
                try await store.apply(texts[round % 4])
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(replies.allSatisfy { $0.receipt.outcome == .applied })
        #expect(Set(replies.map(\.receipt.sequence)).count == 1_000)
        #expect(
            try await store.vector([("terminal", "t1")]).vector.value("term_txn_cnt_24h") == 1_000)
        try await store.features.flush()
        let served = try store.generation(store.features.active.generation)
        store.crash()
        let replayed = try await TestStore.replayed(directory, DefinitionChange.base())
        let other = served.filter { replayed[$0.key] != $0.value }
        #expect(other.isEmpty && served.count == replayed.count)
    }

    @Test("a plan that was made for other definitions is refused")
    func stale() async throws {
        let store = try await TestStore(text: DefinitionChange.base())
        defer { store.remove() }
        let free = try DefinitionChange.free()
        let noted = try DefinitionChange.noted()
        let plan = try await store.plan(free)
        try await store.apply(noted)
        await #expect(throws: RPCError.self) { try await store.apply(free, plan: plan.planHash) }
        do {
            try await store.apply(free, plan: plan.planHash)
        } catch let error as RPCError {
            #expect(error.code == .failedPrecondition && error.reason == "PLAN_CHANGED")
        }
        // A plan that was carried out already has the same answer again.
        let again = try await store.plan(free).planHash
        let first = try await store.apply(free, plan: again)
        #expect(try await store.apply(free, plan: again) == first)
    }

    @Test("what is refused says why, and changes nothing")
    func refused() async throws {
        let store = try await TestStore(text: DefinitionChange.base())
        defer { store.remove() }
        let active = store.features.definitions.hash
        func error(_ text: String, plan: [UInt8]? = nil) async -> RPCError? {
            do {
                try await store.apply(text, plan: plan)
                return nil
            } catch {
                return error as? RPCError
            }
        }
        let changed = await error(try DefinitionChange.refused())
        #expect(changed?.code == .invalidArgument)
        #expect(changed?.message.contains("card_amt_avg_24h") == true)
        #expect(changed?.message.contains("take a new name") == true)
        let wrong = await error(
            try DefinitionChange.base().replacing("max: amount", with: "max: amout"),
            plan: [UInt8](repeating: 1, count: 32))
        #expect(wrong?.code == .invalidArgument && wrong?.message.contains("amout") == true)
        let large = await error(
            try DefinitionChange.base() + String(repeating: "# x\n", count: 1 << 20),
            plan: [UInt8](repeating: 1, count: 32))
        #expect(large?.code == .invalidArgument && large?.message.contains("4 MiB") == true)
        let empty = await error("", plan: [UInt8](repeating: 1, count: 32))
        #expect(empty != nil)
        #expect(store.features.definitions.hash == active)
        let twice = AssayFeaturesV1.DefinitionText(path: "a.yaml", text: "")
        await #expect(throws: RPCError.self) {
            _ = try await store.service.applyDefinitions(
                AssayFeaturesV1.ApplyDefinitionsRequest(
                    planHash: [UInt8](repeating: 1, count: 32), files: [twice, twice]),
                context: store.context())
        }
    }

    @Test("of two plans that are applied at once one comes into force")
    func twoAtOnce() async throws {
        let store = try await TestStore(text: DefinitionChange.base())
        defer { store.remove() }
        let texts = [
            try DefinitionChange.free(), try DefinitionChange.noted(),
            try DefinitionChange.grown(),
        ]
        var plans: [[UInt8]] = []
        for text in texts { plans.append(try await store.plan(text).planHash) }
        let made = plans
        let outcomes = await withTaskGroup(of: RPCError?.self) { group in
            for index in texts.indices {
                group.addTask {
                    do {
                        try await store.apply(texts[index], plan: made[index])
                        return nil
                    } catch {
                        return error as? RPCError
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let backfill = try await store.backfilled()
        #expect(backfill == nil || backfill?.phase == .done)
        #expect(outcomes.count { $0 == nil } == 1)
        #expect(outcomes.allSatisfy { $0 == nil || $0?.code == .failedPrecondition })
    }
}
