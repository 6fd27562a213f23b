import AssayMessages
import Foundation
import RPC
import TestSupport
import Testing

/// Kills an assay-models at random moments while clients change its registry, starts it again, and
/// holds what it then says against what the clients were told.
struct KillBench {
    /// Versions gather in a folder: after so many kills the next one is begun.
    private static let pointsPerFolder = 100
    private static let clients = 6

    let store: ModelsProcess.Store
    var random: SeededGenerator

    /// What was seen, over all folders.
    struct Tally: Sendable {
        var kills = 0
        var acknowledged = 0
        var unknown = 0
        var events = 0
    }

    private(set) var tally = Tally()

    init(_ store: ModelsProcess.Store, seed: UInt64) {
        self.store = store
        random = SeededGenerator(seed: seed)
    }

    mutating func run(points: Int) async throws {
        var left = points
        while left > 0 {
            let now = min(left, Self.pointsPerFolder)
            try await runFolder(points: now)
            left -= now
        }
    }

    private mutating func runFolder(points: Int) async throws {
        let folder = try TemporaryDirectory()
        var redis =
            store == .redis ? try await RedisServer.start { $0.isPersistent = true } : nil
        let ledger = KillLedger()
        var models = try await ModelsProcess.start(in: folder.path, redis: redis?.port)
        try await prepare(models, ledger)
        for point in 0..<points {
            let delay = Duration.milliseconds(Int.random(in: 5...120, using: &random))
            // Now and then the server of a shared registry goes with it.
            let isTogether = point % 5 == 4
            let seeds = (0..<Self.clients).map { _ in random.next() }
            await withTaskGroup(of: Void.self) { group in
                for (client, seed) in seeds.enumerated() {
                    group.addTask { [models] in
                        await Self.change(models, ledger, client, seed)
                    }
                }
                try? await Task.sleep(for: delay)
                if isTogether { await redis?.kill() }
                await models.kill()
            }
            tally.kills += 1
            if isTogether { redis = try await redis?.restarted() }
            models = try await ModelsProcess.start(in: folder.path, redis: redis?.port)
            try await verify(models, ledger, point)
            try await stopExperiments(models)
        }
        try await verifyWhole(models)
        await models.kill()
        let checked = try await ModelsProcess.check(folder.path, redis: redis?.port)
        #expect(checked.end == .exit(0), "\(checked.output)\(checked.errors)")
        #expect(ledger.oddRefusals.isEmpty)
        await redis?.kill()
    }

    private func prepare(_ models: ModelsProcess, _ ledger: KillLedger) async throws {
        for number in 1...3 {
            let isDone = await ledger.ask(.push(-number, id: "first-\(number)"), models)
            try #require(isDone)
        }
        try #require(await ledger.ask(.move("live", to: 1, from: nil, id: "live"), models))
        try #require(ledger.take().allSatisfy { $0.answer != nil })
    }

    // MARK: Clients

    /// Changes the registry until the process is gone.
    private static func change(
        _ models: ModelsProcess, _ ledger: KillLedger, _ client: Int, _ seed: UInt64
    ) async {
        var random = SeededGenerator(seed: seed)
        while true {
            let number = ledger.next()
            let isAlive: Bool
            switch Int.random(in: 0..<14, using: &random) {
            case 10:
                let version = UInt32.random(in: 1...2, using: &random)
                isAlive = await ledger.ask(
                    .approve(version, by: "judge-\(number)", id: "v-\(number)"), models)
            case 11:
                // The third version: no alias is ever moved to it.
                isAlive = await ledger.ask(
                    .setStatus(
                        3, Bool.random(using: &random) ? .suspended : .candidate,
                        id: "t-\(number)"), models)
            case 12...13:
                let alias = "a\(Int.random(in: 0..<3, using: &random))"
                isAlive = await ledger.ask(.rollback(alias, id: "b-\(number)"), models)
            case 0...1: isAlive = await ledger.ask(.push(number, id: "p-\(number)"), models)
            case 2...3:
                let name = "trial-\(number)"
                let isApplied = await ledger.ask(
                    .apply(name, slot: client, id: "e-\(number)"), models)
                guard isApplied else { return }
                isAlive = await ledger.ask(.stop(name, id: "s-\(number)"), models)
            default: isAlive = await move(models, ledger, number, &random)
            }
            if !isAlive { return }
        }
    }

    private static func move(
        _ models: ModelsProcess, _ ledger: KillLedger, _ number: Int,
        _ random: inout SeededGenerator
    ) async -> Bool {
        let alias = "a\(Int.random(in: 0..<3, using: &random))"
        let version = UInt32.random(in: 1...2, using: &random)
        do {
            let known = try await current(alias, models)
            return await ledger.ask(
                .move(alias, to: version, from: known, id: "m-\(number)"), models)
        } catch {
            return false
        }
    }

    private static func current(
        _ alias: String, _ models: ModelsProcess
    ) async throws -> AssayModelsV1.Alias? {
        do {
            return try await models.registry.getAlias(
                .init(model: RegistryChange.model, alias: alias), options: ModelsProcess.options)
        } catch let error as RPCError where error.code == .notFound {
            return nil
        }
    }

    // MARK: After a kill

    /// Everything acknowledged is there, and asking again for anything does it at most once.
    private mutating func verify(
        _ models: ModelsProcess, _ ledger: KillLedger, _ point: Int
    ) async throws {
        for entry in ledger.take() {
            if let answer = entry.answer {
                tally.acknowledged += 1
                let again = try await entry.change.answer(models)
                #expect(again == answer, "point \(point): another answer to \(entry.change)")
                continue
            }
            tally.unknown += 1
            // It happened or it happens now; or somebody else's change came before it.
            do {
                let answer = try await entry.change.answer(models)
                let again = try await entry.change.answer(models)
                #expect(again == answer, "point \(point): another answer to \(entry.change)")
            } catch let error as RPCError {
                let isLost = [.aborted, .notFound, .failedPrecondition].contains(error.code)
                #expect(isLost, "point \(point): \(entry.change): \(error)")
            }
        }
    }

    /// Ends what a kill left running, so that the next experiments have their slots.
    private func stopExperiments(_ models: ModelsProcess) async throws {
        let running = try await models.experiments.listExperiments(
            .init(model: RegistryChange.model), options: ModelsProcess.options)
        for experiment in running.experiments {
            let name = experiment.specification.experiment
            _ = try await RegistryChange.stop(name, id: "clean-\(name)").answer(models)
        }
    }

    /// Numbers and sequences without gaps, one event per change, aliases as their events say.
    private mutating func verifyWhole(_ models: ModelsProcess) async throws {
        let events = try await events(models)
        tally.events += events.count
        expectDense(events.map(\.sequence))
        let registered = events.filter { $0.kind == .versionRegistered }.map(\.version)
        expectDense(registered.map(UInt64.init))
        let page = try await models.registry.listVersions(
            .init(model: RegistryChange.model, limit: 1), options: ModelsProcess.options)
        #expect(page.versions.last?.number == registered.last)
        let moveKinds: Set<AssayModelsV1.EventKind> = [.aliasMoved, .aliasRolledBack]
        for alias in page.aliases {
            let moves = events.filter { moveKinds.contains($0.kind) && $0.alias == alias.alias }
            expectDense(moves.map(\.generation))
            #expect(moves.last?.version == alias.version)
            #expect(moves.last?.generation == alias.generation)
        }
        let moved = Set(events.filter { $0.kind == .aliasMoved }.map(\.alias))
        #expect(moved == Set(page.aliases.map(\.alias)))
        let states = events.filter { $0.kind == .statusChanged && $0.version == 3 }
        let third = try await models.registry.getVersion(
            .init(model: RegistryChange.model, version: 3), options: ModelsProcess.options)
        #expect(third.version.status == states.last?.status ?? .candidate)
    }

    private func expectDense(_ numbers: [UInt64]) {
        let expected = numbers.isEmpty ? [] : Array(1...UInt64(numbers.count))
        #expect(numbers == expected)
    }

    private func events(_ models: ModelsProcess) async throws -> [AssayModelsV1.Event] {
        var events: [AssayModelsV1.Event] = []
        while true {
            let page = try await models.registry.history(
                .init(model: RegistryChange.model, after: events.last?.sequence ?? 0),
                options: ModelsProcess.options)
            events += page.events
            if page.next == 0 { return events }
        }
    }
}
