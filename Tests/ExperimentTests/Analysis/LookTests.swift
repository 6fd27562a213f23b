import AssayMessages
import RPC
import Synchronization
import Testing
import Wire

@testable import ModelCore

@Suite("Looks at running experiments")
struct LookTests {
    /// 1,000 customers; approvals of the challenger's every `refused`th customer are missing.
    private func fill(_ kit: AnalysisKit, refused: Int) async throws {
        var outcomes: [AssayModelsV1.Outcome] = []
        for number in 0..<1_000 {
            let arm = try kit.meet("c-\(number)", call: "r-\(number)")
            if arm == "challenger" && number % refused == 0 { continue }
            outcomes.append(kit.outcome("a-\(number)", of: "r-\(number)", "decision.approved", 1))
        }
        _ = try await kit.outcomes.record(outcomes)
        kit.time.advance(by: 1)
    }

    private func looks(_ kit: AnalysisKit) throws -> [AssayModelsV1.RecordedLook] {
        var looks: [AssayModelsV1.RecordedLook] = []
        try kit.analyst.looks.visit("card-challenger", 1) {
            looks.append($0)
            return true
        }
        return looks
    }

    @Test("one look at once, then one every look_every; missed ones are not made up for")
    func schedule() async throws {
        let kit = try AnalysisKit()
        defer { kit.close() }
        let job = ExperimentLooks(kit.analyst)
        let wait = await job.lookWhereDue(at: kit.now)
        #expect(wait == ExperimentLooks.longestWaitMilliseconds)
        #expect(try looks(kit).map(\.number) == [1])
        kit.time.advance(by: AnalysisKit.hour - 400)
        #expect(await job.lookWhereDue(at: kit.now) == 400)
        #expect(try looks(kit).count == 1)
        kit.time.advance(by: 400 + 5 * AnalysisKit.hour)
        await job.lookWhereDue(at: kit.now)
        await job.lookWhereDue(at: kit.now)
        #expect(try looks(kit).map(\.number) == [1, 2])
    }

    @Test("a broken guardrail has all traffic sent to control at the next look, once")
    func guardrail() async throws {
        let kit = try AnalysisKit()
        defer { kit.close() }
        let job = ExperimentLooks(kit.analyst)
        await job.lookWhereDue(at: kit.now)
        try await fill(kit, refused: 2)
        #expect(kit.control.orders.isEmpty)
        kit.time.advance(by: AnalysisKit.hour)
        await job.lookWhereDue(at: kit.now)
        let order = try #require(kit.control.orders.first)
        #expect(order.action == .control && order.experiment == "card-challenger")
        #expect(order.reason == "look 2: guardrail broken: approval_rate in arm challenger")
        kit.time.advance(by: AnalysisKit.hour)
        await job.lookWhereDue(at: kit.now)
        #expect(kit.control.orders.count == 1)
        #expect(try looks(kit).map(\.verdict) == [.tooFewUnits, .harm, .harm])
        #expect(try looks(kit).map(\.action) == [.unspecified, .control, .unspecified])
    }

    @Test("what could not be carried out is ordered again at the next look")
    func failure() async throws {
        let kit = try AnalysisKit()
        defer { kit.close() }
        try await fill(kit, refused: 2)
        let job = ExperimentLooks(kit.analyst)
        kit.control.refuse(with: RPCError(.unavailable, "the registry's store failed"))
        await job.lookWhereDue(at: kit.now)
        #expect(kit.control.orders.isEmpty)
        #expect(try looks(kit)[0].failure == "the registry's store failed")
        kit.control.refuse(with: nil)
        kit.time.advance(by: AnalysisKit.hour)
        await job.lookWhereDue(at: kit.now)
        #expect(kit.control.orders.map(\.action) == [.control])
        #expect(try looks(kit)[1].action == .control)
    }

    @Test("a person's change since is a new decision: the next breach is acted on again")
    func revision() async throws {
        let kit = try AnalysisKit()
        defer { kit.close() }
        try await fill(kit, refused: 2)
        let job = ExperimentLooks(kit.analyst)
        await job.lookWhereDue(at: kit.now)
        kit.control.specification.revision = 2
        kit.time.advance(by: AnalysisKit.hour)
        await job.lookWhereDue(at: kit.now)
        #expect(
            kit.control.orders.map(\.requestID) == [
                "look-card-challenger-1-control", "look-card-challenger-2-control",
            ])
    }

    @Test("a sample ratio that does not hold halts, a success is proposed, `none` does nothing")
    func actions() async throws {
        let kit = try AnalysisKit()
        defer { kit.close() }
        try await fill(kit, refused: .max)
        kit.exposures.removeAll { $0.arm == "challenger" && $0.unitHash % 10 != 0 }
        let job = ExperimentLooks(kit.analyst)
        await job.lookWhereDue(at: kit.now)
        #expect(kit.control.orders.map(\.action) == [.halt])

        let other = try AnalysisKit()
        defer { other.close() }
        other.control.specification.stop.onSuccess = .none
        var outcomes: [AssayModelsV1.Outcome] = []
        for number in 0..<1_000 {
            let arm = try other.meet("c-\(number)", call: "r-\(number)")
            if arm == "challenger" {
                outcomes.append(
                    other.outcome("f-\(number)", of: "r-\(number)", "outcome.fraud_found", 1))
            }
            outcomes.append(
                other.outcome("a-\(number)", of: "r-\(number)", "decision.approved", 1))
        }
        _ = try await other.outcomes.record(outcomes)
        other.time.advance(by: 1)
        let quiet = ExperimentLooks(other.analyst)
        await quiet.lookWhereDue(at: other.now)
        #expect(other.control.orders.isEmpty)
        other.control.specification.stop.onSuccess = .propose
        other.time.advance(by: AnalysisKit.hour)
        await quiet.lookWhereDue(at: other.now)
        #expect(other.control.orders.map(\.action) == [.propose])
    }

    @Test("a look of the schedule taken again, as of its horizon, is that look to the last bit")
    func again() async throws {
        let kit = try AnalysisKit()
        defer { kit.close() }
        try await fill(kit, refused: 40)
        let job = ExperimentLooks(kit.analyst)
        await job.lookWhereDue(at: kit.now)
        kit.time.advance(by: AnalysisKit.hour)
        await job.lookWhereDue(at: kit.now)
        kit.time.advance(by: AnalysisKit.hour)
        await job.lookWhereDue(at: kit.now)
        for look in try looks(kit) {
            let analysis = try await kit.analyst.analyze(
                .init(experiment: "card-challenger", asOf: look.horizon))
            #expect(analysis.look == look.number)
            #expect(analysis.contentHash == look.contentHash)
        }
    }

    @Test("calls are counted by arm, over a restart too, and errors stop the arm that makes them")
    func counted() async throws {
        let kit = try AnalysisKit()
        defer { kit.close() }
        kit.control.specification.metrics.append(
            .init(
                name: "error_rate", role: .guardrail, kind: .proportion, better: .lower,
                source: .statistics, worst: 0.01))
        kit.control.specification.metrics.append(
            .init(
                name: "compute_p99_us", role: .guardrail, kind: .quantile, better: .lower,
                source: .statistics, quantile: 0.99, worst: 300))
        func count(_ counter: CallCounter, _ calls: Int) {
            for call in 0..<calls {
                counter.add(
                    "card-challenger", 1, arm: "challenger",
                    microseconds: call % 500 == 0 ? 400 : 20, failed: false)
            }
        }
        kit.counter.watch([kit.control.specification])
        count(kit.counter, 600)
        await ExperimentLooks(kit.analyst).lookWhereDue(at: kit.now)
        // A new process counts from 0; what was counted before it stays.
        let counter = CallCounter()
        counter.watch([kit.control.specification])
        let time = kit.time
        let analyst = ExperimentAnalyst(
            control: kit.control, exposures: kit.exposures,
            outcomes: try OutcomeLog(store: kit.store, now: { time.now }), counts: counter,
            now: { time.now })
        for _ in 0..<2_000 {
            counter.add(
                "card-challenger", 1, arm: "challenger", microseconds: 20, failed: true)
        }
        kit.time.advance(by: AnalysisKit.hour)
        await ExperimentLooks(analyst).lookWhereDue(at: kit.now)
        let last = try #require(try looks(kit).last)
        #expect(last.counted.map(\.calls) == [2_600, 2_600])
        #expect(last.counted.map(\.events) == [2, 2_000])
        #expect(last.verdict == .harm)
        #expect(kit.control.orders.map(\.action) == [.control])
    }

    @Test("the job looks, sleeps as long as it says, and ends when it is cancelled")
    func job() async throws {
        let kit = try AnalysisKit()
        defer { kit.close() }
        let waits = Mutex<[Duration]>([])
        let time = kit.time
        let job = ExperimentLooks(kit.analyst)
        let sleep: @Sendable (Duration) throws -> Void = { wait in
            let count = waits.withLock { waits in
                waits.append(wait)
                return waits.count
            }
            if count == 800 { throw CancellationError() }
            time.advance(by: wait.components.seconds * 1_000)
        }
        await job.run(now: { time.now }, sleep: sleep)
        #expect(waits.withLock { $0.allSatisfy { $0 <= .seconds(10) } })
        // 799 waits of ten seconds are 2.2 hours.
        #expect(try looks(kit).map(\.number) == [1, 2, 3])
    }
}
