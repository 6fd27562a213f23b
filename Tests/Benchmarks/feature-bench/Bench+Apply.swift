import ArgumentParser
import AssayMessages
import FeatureCore
import FeatureEngine
import Foundation
import RPC
import Storage
import Synchronization
import Wire

/// What calls take before, while and after other definitions come into force.
extension Bench {
    /// Events of history that are enough to see a backfill at work.
    private static let appliedHistory = 20_000
    private static let patience: Duration = .seconds(45)

    /// Calls come at half of what the store can do, whatever becomes of them, while a feature over
    /// what is kept already is applied, then another description, then a counter whose history is
    /// made from the log. Each step is given ``patience``; what is not done by then is said.
    func apply(_ sources: DefinitionSources, callers: Int, seconds: Int) async throws {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "assay-feature-bench-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let disk = try RocksDBStore(directory: directory, families: EmbeddedFeatureStore.families)
        var configuration = FeatureStoreConfiguration()
        configuration.cacheBytes = 1 << 30
        configuration.durability = .written
        let clock = BenchClock()
        let store = try await EmbeddedFeatureStore.open(
            disk, folder: sources, configuration: configuration, clock: { clock.now })
        try await record(store, clock, load, count: min(history, Self.appliedHistory))
        clock.set(LoadShape.timestamp(Self.start + 86_400_000))
        let background = Task { try await store.run() }
        defer { background.cancel() }
        let changes = try DefinitionChanges(of: load.definition, in: definitions, sources)
        let calls = SteadyLoad(FeatureService(store), load, references)
        let rate = try await calls.closed(callers: callers, seconds: 2) / 2
        print(
            "definitions applied to a store in process, \(Int(rate)) events/s, \(callers) callers:")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<callers {
                group.addTask { await calls.run(caller, of: callers, rate: rate) }
            }
            defer { calls.end() }
            let step = Duration.seconds(min(seconds, 10))
            calls.begin("before")
            try await Task.sleep(for: step)
            print("  \(calls.line)")
            for (name, texts) in changes.steps {
                calls.begin(name)
                let began = ContinuousClock.now
                try await Self.apply(texts, to: calls.service)
                let taken = began.duration(to: .now)
                try await Task.sleep(for: step)
                let rest = try await Self.backfilled(calls.service, since: began)
                print("  \(calls.line); the call took \(Result.milliseconds(taken)) ms\(rest)")
            }
            calls.begin("after")
            try await Task.sleep(for: step)
            print("  \(calls.line)")
        }
        for verdict in calls.verdicts { print(verdict) }
        try await store.close()
    }

    /// Waits for states that are made from the log, and says how long that took.
    private static func backfilled(
        _ service: FeatureService, since began: ContinuousClock.Instant
    ) async throws -> String {
        var isUnderWay = false
        while let backfill = try await status(service).backfill, backfill.phase != .done {
            guard backfill.phase != .stopped else {
                throw RPCError(.internal, "the backfill stopped: \(backfill.problem)")
            }
            guard began.duration(to: .now) < patience else {
                return ", its states are not made after \(patience): \(backfill.phase)"
            }
            isUnderWay = true
            try await Task.sleep(for: .milliseconds(20))
        }
        return isUnderWay ? ", its states \(Result.milliseconds(began.duration(to: .now))) ms" : ""
    }

    private static func apply(_ texts: [String: String], to service: FeatureService) async throws {
        let files = texts.sorted { $0.key < $1.key }.map {
            AssayFeaturesV1.DefinitionText(path: $0.key, text: $0.value)
        }
        let plan = try await service.planDefinitions(
            AssayFeaturesV1.PlanDefinitionsRequest(files: files), context: context)
        _ = try await service.applyDefinitions(
            AssayFeaturesV1.ApplyDefinitionsRequest(planHash: plan.planHash, files: files),
            context: context)
    }

    private static func status(
        _ service: FeatureService
    ) async throws -> AssayFeaturesV1.ListDefinitionsResponse {
        try await service.listDefinitions(
            AssayFeaturesV1.ListDefinitionsRequest(onlyStatus: true), context: context)
    }
}

/// What the definitions of a folder become, one after the other.
private struct DefinitionChanges {
    var steps: [(name: String, texts: [String: String])] = []

    init(of event: EventDefinition, in set: DefinitionSet, _ sources: DefinitionSources) throws {
        guard
            let entity = event.touches.first(where: \.role.isEmpty).map({
                set.entities[$0.entity].name
            }),
            let money = event.fields.first(where: { $0.type == .money })?.name
        else { throw ValidationError("\(event.name) names no entity, or has no money") }
        func file(_ description: String, _ aggregates: String = "") -> String {
            """
            format: assay.features/1
            package: bench
            owner: bench
            sensitivity: low
            purposes: [fraud]
            \(aggregates)
            derived:
              bench_weekday: {type: int, default: 0, expr: local_weekday(tx.time), description: \(description)}
            vectors:
              bench@1: {purpose: fraud, features: [bench_weekday]}

            """
        }
        func step(_ name: String, _ file: String) {
            steps.append((name, sources.texts.merging(["bench.yaml": file]) { $1 }))
        }
        step("free: a feature", file("A day."))
        step("note: its description", file("The day of the week."))
        step(
            "grow: a counter, from the log",
            file(
                "The day of the week.",
                """
                aggregates:
                  \(entity):
                    bench_cnt: {from: \(event.name), count: true, where: '\(money) % 7 == 3', windows: [7d], description: x}
                """))
    }
}

/// Calls at a steady rate that wait for nobody, told apart by what goes on when they are due.
private final class SteadyLoad: Sendable {
    private struct State {
        var phases: [(name: String, latencies: [Duration], failures: [String])] = []
        var sent = 0
        var hasEnded = false
    }

    let service: FeatureService
    private let load: LoadShape
    private let references: [AssayFeaturesV1.VectorRef]
    private let state = Mutex(State())

    init(
        _ service: FeatureService, _ load: LoadShape, _ references: [AssayFeaturesV1.VectorRef]
    ) {
        self.service = service
        self.load = load
        self.references = references
    }

    func begin(_ phase: String) { state.withLock { $0.phases.append((phase, [], [])) } }
    func end() { state.withLock { $0.hasEnded = true } }

    /// What the calls of the phase have taken so far.
    var line: String {
        guard let phase = state.withLock(\.phases.last) else { return "" }
        let found = Result(phase.latencies, elapsed: .seconds(1))
        let quantiles = [0.5, 0.99, 0.999, 1].map { Result.milliseconds(found.quantile($0)) }
        return "\(phase.name): \(found.count) calls, p50 \(quantiles[0]) ms, p99"
            + " \(quantiles[1]) ms, p99.9 \(quantiles[2]) ms, longest \(quantiles[3]) ms,"
            + " \(phase.failures.count) failed \(Set(phase.failures).sorted().joined(separator: "; "))"
    }

    /// Latency is flat while definitions are applied, and no call fails.
    var verdicts: [Verdict] {
        let phases = state.withLock(\.phases)
        func p99(_ latencies: [Duration]) -> Double {
            Result(latencies, elapsed: .seconds(1)).quantile(0.99) / .milliseconds(1)
        }
        guard let before = phases.first, let after = phases.last else { return [] }
        let meanwhile = phases.dropFirst().dropLast()
        return [
            .atMost(
                2, "times", "the p99 while definitions are applied is",
                p99(meanwhile.flatMap(\.latencies)) / max(p99(before.latencies), 1e-9)),
            .atMost(
                1.1, "times", "the p99 afterwards is",
                p99(after.latencies) / max(p99(before.latencies), 1e-9)),
            .atMost(0, "calls", "failed", Double(phases.reduce(0) { $0 + $1.failures.count })),
        ]
    }

    private func request(
        _ random: inout SeededGenerator
    ) -> AssayFeaturesV1.ScoreEventRequest {
        let number = state.withLock { state in
            state.sent += 1
            return state.sent
        }
        return AssayFeaturesV1.ScoreEventRequest(
            event: load.event("a\(number)", at: Bench.start + Int64(number), &random),
            vectors: references)
    }

    /// Events a second of callers that call as soon as they have an answer.
    func closed(callers: Int, seconds: Int) async throws -> Double {
        let began = ContinuousClock.now
        let end = began.advanced(by: .seconds(seconds))
        return try await withThrowingTaskGroup(of: Int.self) { group in
            for caller in 0..<callers {
                group.addTask {
                    var random = SeededGenerator(seed: UInt64(1_000 + caller))
                    var count = 0
                    while ContinuousClock.now < end {
                        _ = try await self.service.scoreEvent(
                            self.request(&random), context: Bench.context)
                        count += 1
                    }
                    return count
                }
            }
            let count = try await group.reduce(0, +)
            return Double(count) / (began.duration(to: .now) / .seconds(1))
        }
    }

    /// Every call that falls to a caller, from when it is due until it is answered.
    func run(_ caller: Int, of callers: Int, rate: Double) async {
        var random = SeededGenerator(seed: UInt64(2_000 + caller))
        let began = ContinuousClock.now
        var index = caller
        while !state.withLock(\.hasEnded) {
            let due = began.advanced(by: .seconds(Double(index) / rate))
            index += callers
            let request = request(&random)
            if due > .now { try? await Task.sleep(until: due, tolerance: .zero) }
            let phase = state.withLock { $0.phases.count - 1 }
            var failure: String?
            do {
                let reply = try await service.scoreEvent(request, context: Bench.context)
                if reply.receipt.outcome != .applied { failure = "\(reply.receipt.outcome)" }
            } catch {
                failure = "\(error)"
            }
            let latency = due.duration(to: .now)
            state.withLock { state in
                guard state.phases.indices.contains(phase) else { return }
                state.phases[phase].latencies.append(latency)
                if let failure { state.phases[phase].failures.append(failure) }
            }
        }
    }
}
