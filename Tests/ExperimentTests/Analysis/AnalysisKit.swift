import AssayMessages
import Foundation
import Numerics
import RPC
import Statistics
import Storage
import Synchronization
import Wire

@testable import ModelCore

/// An analyst over real files in a folder of its own, with experiments and exposures that a test
/// sets, and a clock that moves only when told to.
final class AnalysisKit: Sendable {
    static let start: Int64 = 1_767_571_200_000
    static let hour: Int64 = 3_600_000
    static let day: Int64 = 86_400_000

    let folder: URL
    let store: RocksDBStore
    let control: RehearsedControl
    let exposures = HeldExposures()
    let counter = CallCounter()
    let outcomes: OutcomeLog
    let shadows: ShadowLog
    let analyst: ExperimentAnalyst

    init(
        _ specification: AssayModelsV1.ExperimentSpecification = .shipped(), folder: URL? = nil
    ) throws {
        self.folder =
            folder
            ?? FileManager.default.temporaryDirectory
            .appending(path: "assay-analysis-\(UUID().uuidString)")
        store = try RocksDBStore(
            directory: self.folder.appending(path: "analysis").path,
            families: OutcomeLog.families + ExposureIndex.families + ShadowLog.families)
        control = RehearsedControl(specification)
        let time = Clock(AnalysisKit.start)
        self.time = time
        outcomes = try OutcomeLog(store: store, now: { time.now })
        shadows = try ShadowLog(store: store, now: { time.now })
        analyst = ExperimentAnalyst(
            control: control, exposures: exposures, outcomes: outcomes, counts: counter,
            shadows: shadows, now: { time.now })
    }

    final class Clock: Sendable {
        private let milliseconds: Mutex<Int64>

        init(_ milliseconds: Int64) { self.milliseconds = Mutex(milliseconds) }

        var now: Timestamp { Timestamp(milliseconds: milliseconds.withLock { $0 }) }

        func advance(by amount: Int64) { milliseconds.withLock { $0 += amount } }
    }

    let time: Clock

    func close() {
        store.close()
        try? FileManager.default.removeItem(at: folder)
    }

    var now: Int64 { time.now.millisecondsSinceEpoch }

    /// A unit meets its arm now, by the published draw, with one call of that name.
    @discardableResult
    func meet(_ unit: String, call: String? = nil) throws -> String {
        let specification = control.specification
        let hash = Bucketing.hash(
            purpose: .arm, seed: "\(specification.experiment):\(specification.epoch)",
            kind: specification.unit, unit: unit)
        let bucket = Bucketing.bucket(hash)
        let arm = bucket < 500_000 ? specification.arms[0].name : specification.arms[1].name
        exposures.add(
            AssayModelsV1.Exposure(
                experiment: specification.experiment, epoch: specification.epoch, unitHash: hash,
                arm: arm, firstAt: time.now, requestID: call ?? ""))
        if let call {
            var batch = WriteBatch()
            CallIndex(store: store).put(
                .init(
                    experiment: specification.experiment, epoch: specification.epoch, id: call,
                    unit: hash, at: now), into: &batch)
            try store.write(batch, sync: false)
        }
        return arm
    }

    func outcome(
        _ id: String, of call: String, _ name: String, _ value: Double, observed: Int64? = nil
    ) -> AssayModelsV1.Outcome {
        AssayModelsV1.Outcome(
            id: id, subject: .decision(call), name: name, value: value,
            observedAt: Timestamp(milliseconds: observed ?? now))
    }
}

extension AssayModelsV1.ExperimentSpecification {
    /// Two arms, a share as primary metric and one as guardrail, looks every hour.
    static func shipped(
        minimumUnits: UInt64 = 100, maturitySeconds: UInt32 = 0, revision: UInt32 = 1
    ) -> Self {
        var specification = AssayModelsV1.ExperimentSpecification.blank()
        specification.experiment = "card-challenger"
        specification.revision = revision
        specification.epoch = 1
        specification.unit = "customer"
        specification.arms = [
            .init(name: "control", version: 17, weight: 5_000, control: true),
            .init(name: "challenger", version: 18, weight: 5_000, control: false),
        ]
        specification.metrics = [
            .init(
                name: "fraud_found", role: .primary, kind: .proportion, better: .higher,
                event: "outcome.fraud_found", maturitySeconds: maturitySeconds),
            .init(
                name: "approval_rate", role: .guardrail, kind: .proportion, better: .higher,
                event: "decision.approved", worstRelative: -0.05),
        ]
        specification.analysis = .init(
            alpha: 0.05, method: .asymptoticSequence, tuningUnits: 2_000, srmAlpha: 0.001,
            minimumUnitsPerArm: minimumUnits, lookEverySeconds: 3_600)
        specification.stop = .init(onSrm: .halt, onGuardrail: .control, onSuccess: .propose)
        return specification
    }
}

/// Runs one experiment, and keeps what is ordered.
final class RehearsedControl: ExperimentControl {
    private let held: Mutex<AssayModelsV1.ExperimentSpecification>
    private let orderedSoFar = Mutex<[StopOrder]>([])
    private let refusal = Mutex<RPCError?>(nil)

    init(_ specification: AssayModelsV1.ExperimentSpecification) { held = Mutex(specification) }

    var specification: AssayModelsV1.ExperimentSpecification {
        get { held.withLock { $0 } }
        set { held.withLock { $0 = newValue } }
    }

    var orders: [StopOrder] { orderedSoFar.withLock { $0 } }

    func refuse(with error: RPCError?) { refusal.withLock { $0 = error } }

    func running() -> [AssayModelsV1.ExperimentSpecification] { [specification] }

    func specification(
        of experiment: String, epoch: UInt32
    ) throws -> AssayModelsV1.ExperimentSpecification {
        let specification = specification
        guard experiment == specification.experiment else {
            throw RPCError(.notFound, "no experiment \"\(experiment)\"")
        }
        return specification
    }

    func carryOut(_ order: StopOrder) throws {
        if let error = refusal.withLock({ $0 }) { throw error }
        orderedSoFar.withLock { $0.append(order) }
    }
}

/// Exposures in memory.
final class HeldExposures: ExposureSource {
    private let held = Mutex<[AssayModelsV1.Exposure]>([])

    func add(_ exposure: AssayModelsV1.Exposure) { held.withLock { $0.append(exposure) } }

    func removeAll(where isGone: (AssayModelsV1.Exposure) -> Bool) {
        held.withLock { $0.removeAll(where: isGone) }
    }

    func shuffle(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        held.withLock { $0.shuffle(using: &random) }
    }

    func settle() {}

    func visit(
        _ experiment: String, _ epoch: UInt32, _ body: (AssayModelsV1.Exposure) throws -> Void
    ) throws {
        let all = held.withLock { $0 }
        for exposure in all where exposure.experiment == experiment && exposure.epoch == epoch {
            try body(exposure)
        }
    }
}

/// The error of a call that must fail.
func refusal<Result>(_ body: () async throws -> Result) async -> RPCError {
    do {
        _ = try await body()
        return RPCError(.ok, "it succeeded")
    } catch let error as RPCError {
        return error
    } catch {
        return RPCError(.unknown, "\(error)")
    }
}
