import AssayMessages
import FeatureEngine
import RPC
import Synchronization
import Testing
import Wire

@testable import FeatureCore

/// What a call may ask for, and how many calls there may be.
@Suite struct LimitTests {
    private static func long(_ fields: Int) throws -> DefinitionSet {
        let names = (0..<fields).map { "text_\($0): {type: string, max: 1024}" }
        let text = """
            format: assay.features/1
            package: long
            owner: test
            description: Long events.
            sensitivity: low
            purposes: [fraud]
            base_currency: EUR
            entities: {card: {short: card, key: card_id}}
            events:
              note: {id: note_id, time: at, entities: {card: card_id}, fields: {\(names.joined(separator: ", "))}}
            aggregates: {card: {cnt: {from: note, count: true, windows: [1h]}}}
            vectors: {notes@1: {purpose: fraud, features: [card_cnt_1h]}}
            """
        return try DefinitionCompiler.compile([DefinitionParser.parse(text, file: "l.yaml")])
    }

    private static func event(_ id: String, texts: Int, of length: Int) -> AssayFeaturesV1.Event {
        let fields = (0..<texts).map {
            ("text_\($0)", AssayFeaturesV1.FieldValue.text(String(repeating: "x", count: length)))
        }
        return AssayFeaturesV1.Event(
            id: id, type: "note", time: TestStore.now,
            fields: WireMap(fields + [("card_id", .text("c1"))]))
    }

    @Test("an event of 64 KiB is taken, one byte more is refused with both numbers")
    func eventSize() async throws {
        let store = try await TestStore(definitions: Self.long(64))
        defer { store.remove() }
        let vector = AssayFeaturesV1.VectorRef(name: "notes", version: 1)
        var event = Self.event("e", texts: 64, of: 1_000)
        let room = EventPipeline.maximumEventBytes - event.encoded().count
        #expect(room > 0 && room < 64 * 24)
        // Lengths of two bytes stay lengths of two bytes.
        var left = room
        for number in 0..<64 where left > 0 {
            let more = min(left, 24)
            event.fields["text_\(number)"] = .text(String(repeating: "x", count: 1_000 + more))
            left -= more
        }
        #expect(event.encoded().count == 65_536)
        #expect(try await store.score(event, vectors: [vector]).receipt.outcome == .applied)
        event.id = "e2"
        let error = await #expect(throws: RPCError.self) {
            try await store.score(event, vectors: [vector])
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.violations.first?.field == "/event")
        let text = error?.violations.first?.description ?? ""
        #expect(text.contains("65537") && text.contains("65536"), "\(text)")
        // Of a batch only this one is rejected.
        let receipts = try await store.service.ingestEvents(
            AssayFeaturesV1.IngestEventsRequest(
                batchID: "b", events: [event, Self.event("e3", texts: 1, of: 10)]),
            context: store.context()
        ).receipts
        #expect(receipts.map(\.outcome) == [.rejected, .applied])
    }

    @Test("more than 4,096 events under way are refused, and may come again")
    func inFlight() async throws {
        let store = try await TestStore()
        defer { store.remove() }
        let claimed = (0..<InFlightEvents.maximumCount).map { Array("id \($0)".utf8) }
        for id in claimed { try store.features.inFlight.claim(id) }
        let error = await #expect(throws: RPCError.self) {
            try await store.score(Payment.event("p1"))
        }
        #expect(error?.code == .resourceExhausted && error?.reason == "TOO_MANY_IN_FLIGHT")
        #expect(error?.retryAfter != nil)
        let receipt = await store.service.receipt(
            for: Payment.event("p1"), isLoggedOnly: false, tenant: "bank"
        ).value()
        #expect(receipt.outcome == .notRecorded)
        store.features.inFlight.release(claimed[0])
        #expect(try await store.score(Payment.event("p1")).receipt.outcome == .applied)
    }

    @Test("256 events wait for one entity, the next is refused, and those that wait get it in turn")
    func waiting() async throws {
        let queue = EntityQueue<Int, Int>()
        let key = StateKey(high: 1, low: 2)
        let gate = Gate()
        let works = Mutex<[[Int]]>([])
        let body = { @Sendable (together: [Int]) in
            works.withLock { $0.append(together) }
            if together == [-1] { await gate.wait() }
            return together.map { $0 * 2 }
        }
        async let first = queue.run(-1, holding: [key], body)
        while works.withLock(\.isEmpty) { await Task.yield() }
        let limit = EntityQueue<Int, Int>.maximumWaiting
        let waiting = (0..<limit).map { work in
            Task { await queue.run(work, holding: [key], body) }
        }
        while queue.waiting(for: key) < limit { await Task.yield() }
        #expect(await queue.run(1_000, holding: [key], body) == nil)
        let refusal = #expect(throws: RPCError.self) { try queue.checkRoom(for: [key]) }
        #expect(refusal?.code == .resourceExhausted && refusal?.reason == "ENTITY_QUEUE_FULL")
        gate.open()
        #expect(await first == -2)
        for (work, task) in waiting.enumerated() { #expect(await task.value == work * 2) }
        #expect(queue.waiting(for: key) == 0)
        // Each once, and never too many at once.
        let together = works.withLock { $0 }
        #expect(together.flatMap { $0 }.sorted() == Array(-1..<limit))
        #expect(together.allSatisfy { $0.count <= EntityQueue<Int, Int>.maximumTogether })
        #expect(together.count == 1 + limit / EntityQueue<Int, Int>.maximumTogether)
    }

    @Test(
        "those who wait are joined if all else that they want is free, and then it is held for them"
    )
    func joining() async throws {
        let queue = EntityQueue<String, String>()
        let keys = (0..<4).map { StateKey(high: 1, low: UInt64($0)) }
        let gates = ["a": Gate(), "b": Gate(), "other": Gate()]
        let works = Mutex<[[String]]>([])
        let body = { @Sendable (together: [String]) in
            works.withLock { $0.append(together) }
            await gates[together[0]]?.wait()
            return together
        }
        func begun(_ count: Int) async {
            while works.withLock(\.count) < count { await Task.yield() }
        }
        async let a = queue.run("a", holding: [keys[0]], body)
        await begun(1)
        async let other = queue.run("other", holding: [keys[2]], body)
        await begun(2)
        async let b = queue.run("b", holding: [keys[0]], body)
        while queue.waiting(for: keys[0]) < 1 { await Task.yield() }
        async let free = queue.run("free", holding: [keys[0], keys[1]], body)
        while queue.waiting(for: keys[0]) < 2 { await Task.yield() }
        async let taken = queue.run("taken", holding: [keys[0], keys[2]], body)
        while queue.waiting(for: keys[0]) < 3 { await Task.yield() }
        gates["a"]?.open()
        await begun(3)
        #expect(works.withLock { $0.last } == ["b", "free"])
        async let late = queue.run("late", holding: [keys[1]], body)
        while queue.waiting(for: keys[1]) < 1 { await Task.yield() }
        gates["b"]?.open()
        gates["other"]?.open()
        let all = [await a, await b, await free, await taken, await late, await other]
        #expect(all == ["a", "b", "free", "taken", "late", "other"])
        #expect(keys.allSatisfy { queue.waiting(for: $0) == 0 })
        #expect(await queue.run("again", holding: keys, body) == "again")
    }
}
