import AssayMessages
import Foundation
import RPC
import Testing

@testable import ModelCore

@Suite("Versions that are loaded when a call names them")
struct LoadingTests {
    /// margin = a + the number of the version.
    private static func registration(
        _ number: Int, golden: Int = 0
    ) -> AssayModelsV1.RegisterVersionRequest {
        let artifact = """
            {"format":"assay-linear","version":1,"inputs":["a"],"impute":[0],"link":"identity",
             "scaler":{"mean":[0],"scale":[1]},"coefficients":[[1]],"intercept":[\(number)]}
            """
        return .init(
            requestID: "r-\(number)", model: "m",
            manifest: .init(
                inputs: [.init(name: "a", kind: .number, nullable: true)],
                goldenRows: (0..<golden).map {
                    .init(values: [Double($0)], margin: [Double($0 + number)])
                }),
            artifact: Array(artifact.utf8), actor: "ann")
    }

    /// A registry with versions 1 to `count`, opened anew, of which the alias "live" uses the first.
    private func kit(
        _ count: Int, _ limits: VersionShelf.Limits = .init()
    ) async throws -> (RegistryKit, ModelRegistry) {
        let kit = try RegistryKit()
        let before = try await kit.open()
        for number in 1...count { _ = try await before.register(Self.registration(number)) }
        _ = try await before.setAlias(.move("m", to: 1, alias: "live"))
        return (kit, try await kit.open(shelf: limits))
    }

    private func margin(
        _ version: UInt32, _ service: ModelServingService
    ) async throws -> Double? {
        try await service.predict(
            .init(requestID: "p", model: "m", selector: .version(version), values: [0.5]),
            context: ServerContext(method: AssayModelsV1.ModelServing.predict)
        ).margin.first
    }

    @Test("after a start only versions in use are loaded; others answer all the same")
    func lazily() async throws {
        let (kit, registry) = try await kit(3)
        defer { kit.removeFolder() }
        #expect(registry.snapshot.loadedCount == 1 && registry.snapshot.versionCount == 3)
        let service = ModelServingService(registry)
        #expect(service.isReady("m", .version(2)) && !service.isReady("m", .version(4)))
        #expect(try await margin(2, service) == 2.5)
        #expect(try await margin(1, service) == 1.5)
        #expect(registry.snapshot.loadedCount == 2 && registry.snapshot.loads == 2)
        let unknown = await refusal { try await margin(4, service) }
        #expect(unknown.code == .notFound && unknown.message.contains("1 to 3"))
    }

    @Test("many calls for one version load it once")
    func once() async throws {
        let (kit, registry) = try await kit(2)
        defer { kit.removeFolder() }
        let service = ModelServingService(registry)
        let margins = try await withThrowingTaskGroup(of: Double?.self) { group in
            for _ in 0..<64 { group.addTask { try await margin(2, service) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(margins == [Double?](repeating: 2.5, count: 64))
        #expect(registry.snapshot.loads == 2)
        #expect(registry.loads.count == 0)
    }

    @Test("what is in use stays; of the rest the last used ones; a call that began keeps its own")
    func limited() async throws {
        let (kit, registry) = try await kit(6, .init(versions: 2))
        defer { kit.removeFolder() }
        let service = ModelServingService(registry)
        #expect(try await margin(2, service) == 2.5)
        let began = registry.serving.latest
        for version: UInt32 in 3...6 {
            #expect(try await margin(version, service) == Double(version) + 0.5)
        }
        let loaded = try registry.snapshot.model("m").versions.keys.sorted()
        #expect(loaded.count == 3 && loaded.first == 1 && loaded.last == 6)
        #expect(registry.snapshot.evictions == 3)
        let response = try Predictor.predict(
            .init(requestID: "p", model: "m", selector: .version(2), values: [0.5]), in: began)
        #expect(response.margin == [2.5])
        // Back it comes, too.
        #expect(try await margin(2, service) == 2.5)
    }

    @Test("a failed load is remembered with its reason, and tried again later")
    func failure() async throws {
        let (kit, registry) = try await kit(2)
        defer { kit.removeFolder() }
        let service = ModelServingService(registry)
        let digest = try #require(
            ArtifactDigest(try registry.snapshot.model("m").records[1].artifact))
        let file = try #require(
            try kit.artifactFiles().first { $0.lastPathComponent == digest.description })
        let good = try Data(contentsOf: file)
        try Data(good.reversed()).write(to: file)
        let first = await refusal { try await margin(2, service) }
        #expect(first.code == .unavailable && first.message.contains("no longer have this hash"))
        #expect(registry.snapshot.loadFailures == 1 && !service.isReady("m", .version(2)))
        try good.write(to: file)
        let second = await refusal { try await margin(2, service) }
        #expect(second.message == first.message && registry.snapshot.loadFailures == 1)
        kit.clock.withLock { $0 += ModelRegistry.retryMilliseconds }
        #expect(try await margin(2, service) == 2.5)
        #expect(service.isReady("m", .version(2)))
    }

    @Test("what is in use and damaged is refused at once, and tried again behind the call")
    func behind() async throws {
        let (kit, before) = try await kit(1)
        defer { kit.removeFolder() }
        let digest = try #require(
            ArtifactDigest(try before.snapshot.model("m").records[0].artifact))
        let file = try #require(
            try kit.artifactFiles().first { $0.lastPathComponent == digest.description })
        let good = try Data(contentsOf: file)
        try Data(good.reversed()).write(to: file)
        let registry = try await kit.open()
        let service = ModelServingService(registry)
        try good.write(to: file)
        // A call that waited would be answered.
        let refused = await refusal { try await margin(1, service) }
        #expect(refused.code == .unavailable && refused.reason == "version_damaged")
        try await until("it is loaded") { registry.snapshot.loadedCount == 1 }
        #expect(try await margin(1, service) == 1.5)
    }

    @Test("a load that nobody waits for any more is passed over, and never begun")
    func abandoned() async throws {
        let (kit, registry) = try await kit(3)
        defer { kit.removeFolder() }
        let service = ModelServingService(registry)
        // Another load has its turn.
        try await registry.loadLanes.run(ModelRegistry.namedLoads) {
            let left = Task { try await margin(2, service) }
            try await until("it waits") { registry.loads.count == 1 }
            left.cancel()
            let error = await refusal { try await left.value }
            #expect(error.code == .cancelled && registry.loads.count == 1)
        }
        #expect(try await margin(3, service) == 3.5)
        #expect(registry.loads.count == 0 && registry.snapshot.loads == 2)
        #expect(try await margin(2, service) == 2.5)
    }

    @Test("so many versions may wait to be loaded; a call for another one is refused")
    func full() async throws {
        let loads = PendingLoads()
        func place(_ version: Int) -> VersionShelf.Place {
            .init(model: "m", version: UInt32(version))
        }
        for version in 1...PendingLoads.maximumLoads { #expect(loads.begin(place(version))) }
        let refused = await loads.wait(for: place(100)) { Issue.record("it has begun") }
        guard case .failure(let error) = refused else {
            Issue.record("it was loaded")
            return
        }
        #expect(error.code == .resourceExhausted)
        #expect(loads.abandon(place(1)))
        #expect(loads.count == PendingLoads.maximumLoads - 1)
        let (begun, continuation) = AsyncStream.makeStream(of: Void.self)
        let waiting = Task { await loads.wait(for: place(100)) { continuation.yield() } }
        var begins = begun.makeAsyncIterator()
        _ = await begins.next()
        #expect(!loads.abandon(place(100)))
        loads.settle(place(100), .failure(RPCError(.unavailable, "it failed")))
        _ = await waiting.value
    }

    @Test("a call that is cancelled waits no longer; the others go on to")
    func cancelled() async throws {
        let loads = PendingLoads()
        let place = VersionShelf.Place(model: "m", version: 1)
        let (begun, continuation) = AsyncStream.makeStream(of: Void.self)
        let first = Task { await loads.wait(for: place) { continuation.yield() } }
        var begins = begun.makeAsyncIterator()
        _ = await begins.next()
        let second = Task { await loads.wait(for: place) { Issue.record("it has begun already") } }
        first.cancel()
        guard case .failure(let error) = await first.value else {
            Issue.record("it was cancelled")
            return
        }
        #expect(error.code == .cancelled && loads.count == 1)
        second.cancel()
        _ = await second.value
        loads.settle(place, .failure(RPCError(.unavailable, "it failed")))
        #expect(loads.count == 0)
    }

    @Test("what a version did is counted: calls, rows, failures by status, times")
    func activity() async throws {
        let (kit, registry) = try await kit(2)
        defer { kit.removeFolder() }
        let service = ModelServingService(registry)
        for _ in 0..<3 { _ = try await margin(2, service) }
        let wrong = await refusal {
            try await service.predict(
                .init(requestID: "p", model: "m", selector: .version(2), values: [1, 2]),
                context: ServerContext(method: AssayModelsV1.ModelServing.predict))
        }
        #expect(wrong.code == .invalidArgument)
        let all = registry.snapshot.activity
        let version = try #require(all.first)
        #expect(all.count == 1 && version.model == "m" && version.version == 2)
        #expect(version.requests == 4 && version.rows == 3)
        let failure = try #require(version.failures.first)
        #expect(version.failures.count == 1 && failure.count == 1)
        #expect(failure.code == "\(StatusCode.invalidArgument)")
        #expect(version.compute.counts.reduce(0, +) == 3 && version.compute.sum > 0)
        #expect(version.compute.counts.count == VersionActivity.Times.bounds.count + 1)
        #expect(version.queue.counts.allSatisfy { $0 == 0 })
        let serving = try #require(try registry.snapshot.model("m").versions[2])
        let answer = try await service.pool.run(for: serving) { () throws(RPCError) in 7 }
        #expect(answer == 7)
        #expect(registry.snapshot.activity[0].queue.counts.reduce(0, +) == 1)
        #expect(service.pool.queueTimes.counts.reduce(0, +) == 1)
    }

    @Test("an alias that moves under load: every call is answered, by the version that it names")
    func swaps() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let registry = try await kit.open()
        for number in 1...2 {
            _ = try await registry.register(Self.registration(number, golden: 32))
        }
        _ = try await registry.setAlias(.move("m", to: 1))
        let service = ModelServingService(registry)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<2_000 {
                        let response = try await service.predict(
                            .init(requestID: "p", model: "m", values: [0.5]),
                            context: ServerContext(method: AssayModelsV1.ModelServing.predict))
                        #expect(response.margin == [Double(response.version) + 0.5])
                    }
                }
            }
            group.addTask {
                for move in 1...40 {
                    let (from, to): (UInt32, UInt32) = move.isMultiple(of: 2) ? (2, 1) : (1, 2)
                    _ = try await registry.setAlias(
                        .move("m", to: to, from: from, generation: UInt64(move), id: "s-\(move)"))
                }
            }
            try await group.waitForAll()
        }
        #expect(try registry.snapshot.alias("champion", of: "m").generation == 41)
    }
}
