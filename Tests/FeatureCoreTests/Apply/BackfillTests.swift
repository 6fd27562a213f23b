import AssayMessages
import FeatureEngine
import Foundation
import RPC
import Storage
import Synchronization
import Testing
import Wire

@testable import FeatureCore

@Suite struct BackfillTests {
    static let week = AssayFeaturesV1.VectorRef(name: "card_week", version: 1)

    static func event(_ index: Int, _ random: inout SeededGenerator) -> AssayFeaturesV1.Event {
        Payment.event(
            "e\(index)", cents: Int64.random(in: 1...100_000, using: &random),
            card: "c\(Int.random(in: 0..<20, using: &random))",
            customer: "p\(Int.random(in: 0..<10, using: &random))",
            terminal: "t\(Int.random(in: 0..<3, using: &random))",
            offset: -Double.random(in: 0...500_000, using: &random))
    }

    static func record(_ store: TestStore, _ indices: Range<Int>) async throws {
        var random = SeededGenerator(seed: UInt64(indices.lowerBound))
        for index in indices {
            let reply = try await store.score(event(index, &random))
            #expect(reply.receipt.outcome == .applied)
        }
    }

    @Test("a new window has its history, and all states are those of a clean replay")
    func grow() async throws {
        let directory = TestStore.freshDirectory()
        let store = try await TestStore(directory: directory, text: DefinitionChange.base())
        try await Self.record(store, 0..<600)
        let before = store.features.active.generation
        let probe = Payment.event("probe", card: "c3", customer: "p3")
        let old = try await store.score(probe, dryRun: true)
        let grown = try DefinitionChange.grown()
        let begun = try await store.apply(grown)
        #expect(begun.backfill?.definitionSet == (try DefinitionChange.set(grown)).hash)
        let done = try #require(try await store.backfilled())
        #expect(done.phase == .done && done.problem.isEmpty && done.replayed == 600)
        #expect(done.entities == 34 && done.values > 300)
        let new = try await store.score(probe, vectors: [Payment.vector, Self.week], dryRun: true)
        #expect(new.definitionSet == store.features.definitions.hash)
        #expect(new.vectors[0].values == old.vectors[0].values)
        #expect(new.vectors[0].status == old.vectors[0].status)
        #expect(new.vectors[1].values[0] > new.vectors[0].value("card_amt_max_24h") ?? 0)
        try await Self.record(store, 600..<700)
        try await store.features.flush()
        // What was in force is there for a day.
        #expect(!(try store.generation(before)).isEmpty)
        store.clock.set(90_000)
        try store.features.dropOldRows()
        #expect(try store.generation(before).isEmpty)
        let served = try store.generation(store.features.active.generation)
        store.crash()
        #expect(try await TestStore.replayed(directory, grown) == served)
    }

    @Test("events go on while states are made: none fails, and the states are those of a replay")
    func underLoad() async throws {
        let directory = TestStore.freshDirectory()
        var backfill = BackfillConfiguration()
        backfill.rows = 16
        backfill.nearRows = 50
        let steps = Steps()
        backfill.watch = { steps.saw($0) }
        let store = try await TestStore(
            directory: directory, text: DefinitionChange.base(), backfill)
        try await Self.record(store, 0..<300)
        let grown = try DefinitionChange.grown()
        let load = LoadCount()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 1...4 {
                group.addTask {
                    var random = SeededGenerator(seed: UInt64(caller))
                    var index = 0
                    while !load.hasEnded || index < 100, index < 20_000 {
                        let event = Self.event(caller * 1_000_000 + index, &random)
                        let reply = try await store.score(event)
                        #expect(reply.receipt.outcome == .applied)
                        #expect(reply.vectors[0].values.count == 19)
                        index += 1
                        load.count()
                        await Task.yield()
                    }
                }
            }
            try await store.apply(grown)
            let done = try await store.backfilled()
            #expect(done?.phase == .done, "\(done?.problem ?? "")")
            load.end()
            try await group.waitForAll()
        }
        #expect(steps.all == Set(BackfillStep.allCases))
        #expect(store.features.definitions.hash == (try DefinitionChange.set(grown)).hash)
        try await store.features.flush()
        let served = try store.generation(store.features.active.generation)
        #expect(try store.recordedIDs().count == 300 + load.sent)
        store.crash()
        #expect(try await TestStore.replayed(directory, grown) == served)
    }

    @Test("no event is between the definitions it was looked at under and its place in the log")
    func exchanged() async throws {
        let store = try await TestStore(text: DefinitionChange.base())
        defer { store.remove() }
        let features = store.features
        let key = features.pipeline.keys.key(of: "bank").pid(entity: "card", key: "c1")
        let tail = EventTail(maximumCount: 10, maximumBytes: 1 << 20)
        // As an event does that is about to be recorded: it would not be in the tail, nor in the log
        // up to the place that is read once the tail is there.
        let exchange = features.active.states.holding([key]) {
            let exchange = Task.detached { features.exchange { $0.with(tail) } }
            for _ in 0..<20_000 where features.active.tail == nil { sched_yield() }
            #expect(features.active.tail == nil)
            return exchange
        }
        await exchange.value
        #expect(features.active.tail === tail)
        let reply = try await store.score(Payment.event("e1", card: "c1"))
        #expect(tail.take(through: .max).map(\.sequence) == [reply.receipt.sequence])
    }

    @Test("one value that differs stops it, with the entity, the feature and both values")
    func difference() async throws {
        let notices = Notices()
        let store = try await TestStore(text: DefinitionChange.base(), log: notices.log)
        defer { store.remove() }
        try await Self.record(store, 0..<50)
        _ = try await store.score(Payment.event("planted", card: "c3"))
        // What the log says now is not what was counted.
        try store.changeRow(51) { row in
            row.event.fields = WireMap(
                row.event.fields.map { entry in
                    guard entry.key == "amount",
                        let money = Money(
                            currency: "EUR", coefficient: 99_999_999, scale: 2)
                    else { return (entry.key, entry.value) }
                    return (entry.key, .amount(money))
                })
        }
        let probe = Payment.event("probe", card: "c3")
        let before = try await store.score(probe, dryRun: true)
        try await store.apply(try DefinitionChange.grown())
        let stopped = try #require(try await store.backfilled())
        #expect(stopped.phase == .stopped)
        #expect(stopped.problem.contains("_amt_") && stopped.problem.contains("bits"))
        #expect(notices.text.contains(stopped.problem))
        // What was in force goes on, and nothing is left of the other.
        #expect(try await store.score(probe, dryRun: true) == before)
        let grown = try DefinitionChange.set(DefinitionChange.grown())
        #expect(try store.generation(grown.generation).isEmpty)
        try await Self.record(store, 50..<60)
    }

    @Test("after a crash at any step it goes on", arguments: BackfillStep.allCases)
    func crash(_ at: BackfillStep) async throws {
        let directory = TestStore.freshDirectory()
        var backfill = BackfillConfiguration()
        backfill.rows = 32
        backfill.nearRows = 40
        let box = StoreBox()
        let resumed = backfill
        backfill.watch = { step in
            guard step == at else { return }
            if step == .doubled {
                // Events that only the tail has when it ends.
                try await Self.record(try #require(box.store), 200..<220)
            }
            box.store?.crash()
            throw CancellationError()
        }
        let first = try await TestStore(
            directory: directory, text: DefinitionChange.base(), backfill)
        box.store = first
        try await Self.record(first, 0..<200)
        let grown = try DefinitionChange.grown()
        try await first.apply(grown)
        let under = first.features.register.state.withLock { $0.backfill }
        await under?.finished()
        box.store = nil
        let second = try await TestStore(
            directory: directory, text: DefinitionChange.base(), resumed)
        let done = try await second.backfilled()
        #expect(done?.phase == .done, "\(done?.problem ?? "")")
        #expect(second.features.definitions.hash == (try DefinitionChange.set(grown)).hash)
        try await Self.record(second, 220..<260)
        try await second.features.flush()
        let served = try second.generation(second.features.active.generation)
        second.crash()
        #expect(try await TestStore.replayed(directory, grown) == served)
    }

    @Test("other definitions wait until those under way are in force")
    func busy() async throws {
        var backfill = BackfillConfiguration()
        let gate = Gate()
        backfill.watch = { if $0 == .met { await gate.wait() } }
        let store = try await TestStore(text: DefinitionChange.base(), backfill)
        defer { store.remove() }
        try await Self.record(store, 0..<20)
        let grown = try DefinitionChange.grown()
        let plan = try await store.plan(grown).planHash
        let begun = try await store.apply(grown, plan: plan)
        #expect(begun.active == (try DefinitionChange.set(DefinitionChange.base())).hash)
        // The same again is told how far it is.
        #expect(try await store.apply(grown, plan: plan).backfill?.planHash == plan)
        do {
            try await store.apply(try DefinitionChange.noted())
            Issue.record("it was applied")
        } catch let error as RPCError {
            #expect(error.code == .failedPrecondition && error.reason == "BACKFILL_UNDER_WAY")
        }
        gate.open()
        #expect(try await store.backfilled()?.phase == .done)
        #expect(try await store.apply(grown, plan: plan).backfill?.phase == .done)
    }

    @Test("an entity that events named all along has its history, and belongs to its subject")
    func newEntity() async throws {
        let directory = TestStore.freshDirectory()
        let store = try await TestStore(directory: directory, text: DefinitionChange.base())
        func event(_ id: String) -> AssayFeaturesV1.Event {
            var event = Payment.event(id)
            event.fields = WireMap(
                event.fields.map { ($0.key, $0.value) } + [("merchant_id", .text("m1"))])
            return event
        }
        for index in 0..<20 { _ = try await store.score(event("e\(index)")) }
        let text = try DefinitionChange.withMerchants()
        try await store.apply(text)
        #expect(try await store.backfilled()?.phase == .done)
        let shops = AssayFeaturesV1.VectorRef(name: "shops", version: 1)
        let reply = try await store.score(event("probe"), vectors: [shops], dryRun: true)
        #expect(reply.vectors[0].values == [20])
        for index in 20..<25 { _ = try await store.score(event("e\(index)")) }
        try await store.features.flush()
        let served = try store.generation(store.features.active.generation)
        let merchant = store.features.pipeline.keys.key(of: "bank").pid(
            entity: "merchant", key: "m1")
        #expect(try store.rows("subject").contains { $0.key.suffix(16) == merchant.bytes[...] })
        store.crash()
        #expect(try await TestStore.replayed(directory, text) == served)
    }

    @Test("who is erased while states are made is in neither")
    func erasure() async throws {
        let directory = TestStore.freshDirectory()
        var backfill = BackfillConfiguration()
        let gate = Gate()
        backfill.watch = { if $0 == .met { await gate.wait() } }
        let store = try await TestStore(
            directory: directory, text: DefinitionChange.base(), backfill)
        try await Self.record(store, 0..<100)
        let grown = try DefinitionChange.grown()
        try await store.apply(grown)
        _ = try await store.service.eraseSubject(
            AssayFeaturesV1.EraseSubjectRequest(
                requestID: "r1", entity: "customer", key: ["p3"], reason: "asked"),
            context: store.context())
        gate.open()
        #expect(try await store.backfilled()?.phase == .done)
        let vector = try await store.vector([("customer", "p3")]).vector
        #expect(vector.value("cust_txn_cnt_24h") == 0 && vector.value("cust_amt_sum_24h") == 0)
        try await store.features.flush()
        let served = try store.generation(store.features.active.generation)
        store.crash()
        let replayed = try await TestStore.replayed(directory, grown)
        #expect(Set(replayed.keys) == Set(served.keys))
        #expect(replayed == served)
    }

    @Test("going back within a day takes the events since, and no others")
    func back() async throws {
        let directory = TestStore.freshDirectory()
        let notices = Notices()
        let store = try await TestStore(
            directory: directory, text: DefinitionChange.base(), log: notices.log)
        try await Self.record(store, 0..<300)
        try await store.apply(try DefinitionChange.grown())
        try await store.backfilled()
        try await Self.record(store, 300..<330)
        try await store.apply(try DefinitionChange.base())
        #expect(try await store.backfilled()?.phase == .done)
        #expect(notices.text.contains("replays the log from 300 to 330"))
        try await Self.record(store, 330..<340)
        try await store.features.flush()
        let served = try store.generation(store.features.active.generation)
        store.crash()
        #expect(try await TestStore.replayed(directory, DefinitionChange.base()) == served)
    }
}

/// Which steps were seen.
final class Steps: Sendable {
    private let steps = Mutex<Set<BackfillStep>>([])

    func saw(_ step: BackfillStep) { steps.withLock { _ = $0.insert(step) } }
    var all: Set<BackfillStep> { steps.withLock { $0 } }
}

/// Events that were sent, until that is enough.
final class LoadCount: Sendable {
    private let state = Mutex((sent: 0, hasEnded: false))

    var sent: Int { state.withLock(\.sent) }
    var hasEnded: Bool { state.withLock(\.hasEnded) }

    func count() { state.withLock { $0.sent += 1 } }
    func end() { state.withLock { $0.hasEnded = true } }
}

/// A store that is only known after what looks at it.
final class StoreBox: Sendable {
    private let state = Mutex<TestStore?>(nil)

    var store: TestStore? {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}

/// Lets those who wait go on at a moment that a test chooses.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiters.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
