import AssayMessages
import Dispatch
import RPC
import Statistics
import Synchronization
import Testing

@testable import ModelCore

@Suite("Shadows behind the calls")
struct ShadowRunnerTests {
    @Test("a shadow scores what was answered, as its own version would answer")
    func scores() async throws {
        let kit = try await ShadowKit()
        defer { kit.kit.removeFolder() }
        let runner = ShadowRunner(kit.registry, log: kit.log)
        defer { runner.close() }
        try await kit.apply()
        let service = ModelServingService(kit.registry)
        let live = try await kit.predict(service, "c-1", [1, -1])
        let own = try await kit.predict(service, "c-2", [1, -1]) { $0.selector = .version(2) }
        try await until("it was scored") { kit.activity().scored == 1 }
        let row = try #require(try kit.rows().first)
        #expect(row.requestID == "c-1" && row.revision == 1)
        #expect(
            row.live
                == .init(
                    version: 1, margin: live.margin[0], score: live.probability.last,
                    band: live.band))
        #expect(
            row.shadow
                == .init(
                    version: 2, margin: own.margin[0], score: own.probability.last, band: own.band))
        #expect(row.live.margin == -0.5 && row.shadow.margin == 0)
        // A call for a version is nobody's traffic, and shadows count by themselves.
        #expect(kit.activity().offered == 1)
        let counts = try kit.registry.serving.latest.model("m").counts(of: 2)
        #expect(counts.map(\.shadow) == ["", "next"] && counts.map(\.rows) == [1, 1])
    }

    @Test("a stuck shadow changes no reply; its oldest calls give way, and are counted")
    func stuck() async throws {
        let kit = try await ShadowKit()
        defer { kit.kit.removeFolder() }
        let gate = DispatchSemaphore(value: 0)
        let began = Mutex(0)
        let runner = ShadowRunner(kit.registry, log: kit.log, threads: 4) {
            call, version throws(RPCError) in
            let isFirst = began.withLock { began in
                defer { began += 1 }
                return began == 0
            }
            if isFirst { gate.wait() }
            return try ShadowScorer.predicting(call, version)
        }
        defer { runner.close() }
        let service = ModelServingService(kit.registry)
        var without: [AssayModelsV1.PredictResponse] = []
        for number in 0..<100 {
            without.append(
                try await kit.predict(service, "c-\(number)", [Double(number) / 50, -1]))
        }
        try await kit.apply()
        for number in 0..<100 {
            let reply = try await kit.predict(service, "c-\(number)", [Double(number) / 50, -1])
            #expect(reply.margin == without[number].margin)
            #expect(reply.probability == without[number].probability)
            #expect(reply.version == 1 && reply.band == without[number].band)
            if number == 0 { try await until("it is stuck") { began.withLock { $0 } == 1 } }
        }
        // One call is being scored, sixteen wait: all before them gave way.
        let activity = kit.activity()
        #expect(activity.offered == 100 && activity.dropped == 83 && activity.waiting == 16)
        #expect(activity.scored == 0)
        let lane = try #require(kit.registry.shadows.lanes.first)
        let later = Predictor.nanoseconds() + 2 * ShadowLane.longestNanoseconds
        #expect(lane.activity(now: later).stuck)

        gate.signal()
        try await until("the rest was scored") { kit.activity().scored + kit.activity().late == 17 }
        let kept = try kit.rows().map(\.requestID)
        #expect(kept.suffix(16) == (84..<100).map { "c-\($0)" })
        #expect(!lane.activity(now: later).stuck)
    }

    @Test("one stuck shadow keeps no other one")
    func neighbours() async throws {
        let kit = try await ShadowKit()
        defer { kit.kit.removeFolder() }
        let gate = DispatchSemaphore(value: 0)
        let runner = ShadowRunner(kit.registry, log: kit.log, threads: 4) {
            call, version throws(RPCError) in
            if version.number == 2 { gate.wait() }
            return try ShadowScorer.predicting(call, version)
        }
        defer {
            runner.close()
            gate.signal()
        }
        try await kit.apply(ShadowKit.file(("pool: 2500", "pool: 1000")))
        try await kit.apply(
            ShadowKit.file(
                ("shadow: next", "shadow: third"), ("version: 2", "version: 3"),
                ("pool: 2500", "pool: 1000")))
        let service = ModelServingService(kit.registry)
        for number in 0..<10 { _ = try await kit.predict(service, "c-\(number)", [1, -1]) }
        try await until("the other one scored") { kit.activity("third").scored == 10 }
        #expect(kit.activity().scored == 0)
    }

    @Test("failures are counted, and the share of calls is the published draw")
    func share() async throws {
        let kit = try await ShadowKit()
        defer { kit.kit.removeFolder() }
        let runner = ShadowRunner(kit.registry, log: kit.log, threads: 4) {
            call, _ throws(RPCError) in throw RPCError(.internal, "no")
        }
        defer { runner.close() }
        try await kit.apply(
            ShadowKit.file(("share: 10000", "share: 3000"), ("queue: 16", "queue: 4096")))
        let service = ModelServingService(kit.registry)
        var drawn: UInt64 = 0
        for number in 0..<200 {
            _ = try await kit.predict(service, "c-\(number)", [1, -1])
            let hash = Bucketing.hash(
                purpose: .shadow, seed: "m/champion", kind: "request", unit: "c-\(number)")
            drawn += Bucketing.bucket(hash) < 300_000 ? 1 : 0
        }
        #expect(drawn > 30 && drawn < 90)
        #expect(kit.activity().offered == drawn)
        try await until("all failed") { kit.activity().failed == drawn }
        #expect(try kit.rows().isEmpty)
    }

    @Test("a shadow that ends takes no calls, and a new revision counts anew")
    func ending() async throws {
        let kit = try await ShadowKit()
        defer { kit.kit.removeFolder() }
        let runner = ShadowRunner(kit.registry, log: kit.log)
        defer { runner.close() }
        let service = ModelServingService(kit.registry)
        try await kit.apply()
        _ = try await kit.predict(service, "c-1", [1, -1])
        try await until("it was scored") { kit.activity().scored == 1 }
        try await kit.stop()
        _ = try await kit.predict(service, "c-2", [1, -1])
        try await kit.apply(
            ShadowKit.file(("revision: 1", "revision: 2"), ("version: 2", "version: 3")))
        #expect(kit.activity().offered == 0)
        _ = try await kit.predict(service, "c-3", [1, -1])
        try await until("it was scored") { kit.activity().scored == 1 }
        #expect(try kit.rows().map(\.requestID) == ["c-1", "c-3"])
        #expect(try kit.rows().map(\.shadow.version) == [2, 3])
    }
}
