import AssayMessages
import FeatureEngine
import Foundation
import RPC
import Redis
import Storage
import Synchronization
import TestSupport
import Testing
import Wire

@testable import FeatureCore

/// Servers that end at every step of a payment, and what the keeper makes of it.
@Suite(
    "Servers that end", .enabled(if: RedisServer.executable != nil), .timeLimit(.minutes(5)))
struct CrashTests {
    @Test(
        "at each step, before or after it had its effect, every event counts once",
        arguments: [FaultySender.Fault.beforeSend, .beforeReply], 1..<9)
    func everyStep(fault: FaultySender.Fault, step: Int) async throws {
        let bench = try await SharedBench.start()
        let directory = try TemporaryDirectory()
        let keeper = try await bench.keeper(directory)
        let well = try await bench.server()
        for index in 0..<3 { _ = try await well.score(payment(index)) }
        let dying = try await bench.server(sender: { FaultySender($0, fails: fault, at: step) })
        for index in 3..<6 {
            _ = try? await dying.score(payment(index))
            await dying.store.flush()
        }
        // The callers try again elsewhere, while the keeper finishes what was left.
        for index in 3..<6 {
            while true {
                do {
                    let reply = try await well.score(payment(index))
                    #expect([.applied, .logged, .duplicate].contains(reply.outcome))
                    break
                } catch let error as RPCError where error.code == .aborted {
                    // The keeper takes what is open for longer than a server may hold it.
                    await well.store.flush()
                    try await keeper.keeper.round()
                }
            }
        }
        await well.store.flush()
        try await keeper.settle(bench)
        let probe = try await well.score(payment(99), dryRun: true)
        let vector = try #require(probe.vector)
        let comment = Comment(rawValue: "\(fault) at \(step)")
        #expect(vector.value("card_txn_cnt_24h") == 6, comment)
        #expect(vector.value("card_amt_sum_24h") == 63, comment)
        #expect(vector.value("cust_txn_cnt_24h") == 6, comment)
        #expect(vector.value("term_txn_cnt_24h") == 6, comment)
        try await bench.expectBlobsEqualTheirRows(keeper)
        await keeper.close()
        await dying.close()
        await well.close()
        await bench.close()
    }

    /// Each has an amount of its own, so that a sum tells which were counted.
    private func payment(_ index: Int) -> AssayFeaturesV1.Event {
        Bank.payment("e\(index)", cents: 1 << Int64(index), terminal: "t1")
    }

    /// `ASSAY_RACES` runs more of them.
    static let races = UInt64(ProcessInfo.processInfo.environment["ASSAY_RACES"] ?? "") ?? 6

    @Test(
        "writers that race and end, and a keeper that takes events out of their hands and ends too, leave states that are the folds of their rows",
        arguments: 0..<races)
    func race(seed: UInt64) async throws {
        let bench = try await SharedBench.start()
        let directory = try TemporaryDirectory()
        var random = SeededGenerator(seed: seed)
        let events = self.events(240, &random)
        var servers: [SharedServer] = []
        for _ in 0..<3 { servers.append(try await bench.server()) }
        for _ in 0..<4 {
            let ending = Self.ending(1..<80, &random)
            servers.append(try await bench.server(sender: ending))
        }
        let endings = (0..<3).map { _ in Self.ending(40..<400, &random) }
        let isOver = Flag()
        async let kept: Void = keep(bench, directory, endings, until: isOver)
        // Every event is sent twice, by servers some of which end on the way.
        let orders = (0..<2).map { _ in events.shuffled(using: &random) }
        await send(orders, to: servers)
        for server in servers { await server.store.flush() }
        isOver.raise()
        try await kept
        let keeper = try await bench.keeper(directory)
        try await keeper.settle(bench)
        for event in events {
            let reply = try await servers[0].scorePatiently(event)
            #expect(reply.outcome == .duplicate || reply.outcome == .applied)
        }
        await servers[0].store.flush()
        try await keeper.settle(bench)
        let applications = try await bench.expectBlobsEqualTheirRows(keeper)
        #expect(applications == 3 * events.count, "seed \(seed)")
        #expect(try await bench.notes() == 0)
        for server in servers { await server.close() }
        await keeper.close()
        await bench.close()
    }

    /// Payments of few entities: a state's ring tells of the 64 highest sequences alone.
    private func events(
        _ count: Int, _ random: inout SeededGenerator
    ) -> [AssayFeaturesV1.Event] {
        (0..<count).map { index in
            Bank.payment(
                "e\(index)", cents: Int64.random(in: 1...1_000, using: &random),
                card: "c\(Int.random(in: 0..<2, using: &random))",
                customer: "p\(Int.random(in: 0..<2, using: &random))",
                terminal: "t\(Int.random(in: 0..<2, using: &random))",
                offset: -Int64.random(in: 0..<200_000, using: &random))
        }
    }

    private static func ending(
        _ steps: Range<Int>, _ random: inout SeededGenerator
    ) -> @Sendable (RedisClient) -> any RedisSender {
        let fault: FaultySender.Fault = Bool.random(using: &random) ? .beforeSend : .beforeReply
        let last = Int.random(in: steps, using: &random)
        return { FaultySender($0, fails: fault, at: last) }
    }

    private func send(
        _ orders: [[AssayFeaturesV1.Event]], to servers: [SharedServer]
    ) async {
        await withTaskGroup(of: Void.self) { tasks in
            for (turn, order) in orders.enumerated() {
                for (index, event) in order.enumerated() {
                    let server = servers[(index + turn) % servers.count]
                    tasks.addTask {
                        _ = try? await server.score(event)
                        if index % 30 == 0 { await server.store.flush() }
                    }
                }
            }
        }
    }

    /// Keepers, one after another, that take every event at once: also from servers at work on it.
    private func keep(
        _ bench: SharedBench, _ directory: TemporaryDirectory,
        _ endings: [@Sendable (RedisClient) -> any RedisSender], until isOver: Flag
    ) async throws {
        for ending in endings {
            let keeper = try await bench.keeper(directory, sender: ending)
            while !isOver.isRaised, (try? await keeper.keeper.round()) != nil {}
            await keeper.close()
        }
    }
}

/// Something that has happened.
final class Flag: Sendable {
    private let raised = Atomic(false)

    var isRaised: Bool { raised.load(ordering: .acquiring) }

    func raise() { raised.store(true, ordering: .releasing) }
}

extension SharedBench {
    /// Holds every blob against the fold of the rows that the keeper has of its entity, in the order
    /// of versions. Returns the number of applications.
    @discardableResult
    func expectBlobsEqualTheirRows(
        _ keeper: TestKeeper, definitions: DefinitionSet? = nil
    ) async throws -> Int {
        let definitions = try definitions ?? Bank.definitions()
        let histories = try histories(keeper.logRows(), definitions)
        let states = SharedStates(definitions, cacheBytes: 0)
        for (_, history) in histories {
            let entity = history[0].entity
            var state = states.empty(entity)
            for step in history.sorted(by: { $0.version < $1.version }) {
                let applied = state.apply(
                    step.scoring.resolved.engineEvent, touches: step.entity.touches,
                    sequence: step.sequence, delivery: .first)
                #expect(applied == .applied(version: step.version))
            }
            let blob = try await probe.send(
                RedisCommand("HGET", key: states.key(entity), StateField.blob))
            #expect(blob == .bytes(state.encode()))
        }
        return histories.values.reduce(0) { $0 + $1.count }
    }

    private func histories(
        _ rows: [AssayFeaturesV1.LogRow], _ definitions: DefinitionSet
    ) throws -> [StateKey: [Step]] {
        let pipeline = EventPipeline(definitions, masterKey: nil, clock: { Self.now })
        var histories: [StateKey: [Step]] = [:]
        for row in rows {
            let scoring = try pipeline.scoring(row.event, tenant: row.tenant)
            for entity in scoring.entities {
                let name = definitions.entities[entity.entity].name
                let version = try #require(
                    row.entities.first {
                        $0.entity == name && StateKey(bytes: $0.pid) == entity.key
                    }?.version)
                #expect(version > 0)
                histories[entity.key, default: []].append(
                    Step(
                        version: version, sequence: row.sequence, entity: entity, scoring: scoring))
            }
        }
        return histories
    }
}

/// What one event made of one entity.
private struct Step {
    let version: UInt64
    let sequence: UInt64
    let entity: EntityReference
    let scoring: Scoring
}
