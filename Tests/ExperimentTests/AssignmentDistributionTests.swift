import AssayMessages
import Foundation
import Statistics
import Testing
import Wire

@testable import ModelCore

/// What holds of assignment over many units: a sample here, a million with
/// `ASSAY_UNITS=1000000` (`make assignment`).
@Suite struct AssignmentDistributionTests {
    private static let units =
        ProcessInfo.processInfo.environment["ASSAY_UNITS"].flatMap(Int.init) ?? 20_000

    private func table(_ experiments: [RunningExperiment]) throws -> AssignmentTable {
        try AssignmentTable(experiments)
    }

    private func experiment(
        _ name: String, layer: String = "a", slots: ClosedRange<UInt32> = 0...10_000,
        allocation: UInt32 = 10_000, weights: [UInt32] = [5_000, 5_000], epoch: UInt32 = 1
    ) -> RunningExperiment {
        RunningExperiment(
            AssayModelsV1.ExperimentSpecification(
                experiment: name, revision: 1, epoch: epoch, model: "m", alias: "champion",
                unit: "customer", layer: layer,
                slots: .init(from: slots.lowerBound, to: slots.upperBound), allocation: allocation,
                arms: weights.enumerated().map { index, weight in
                    .init(
                        name: "arm-\(index)", version: UInt32(index + 1), weight: weight,
                        control: index == 0)
                }, analysis: .init(), stop: .init()))
    }

    /// One list of assignments for each unit.
    private func assignments(_ table: AssignmentTable) -> [[AssayModelsV1.Assignment]] {
        var undecided: [String] = []
        return (0..<Self.units).map { unit in
            table.assign(
                AssignmentCall(subjects: ["customer": "c-\(unit)"]), to: "m@champion",
                undecided: &undecided)
        }
    }

    @Test("arms get the shares of their weights")
    func uniform() throws {
        let weights: [UInt32] = [1_000, 4_500, 4_000, 500]
        var counts = [Int](repeating: 0, count: 4)
        for found in assignments(try table([experiment("shares", weights: weights)])) {
            counts[Int(found[0].version) - 1] += 1
        }
        let test = try #require(
            SampleRatioTest(units: counts, weights: weights.map(Int.init)))
        #expect(test.pValue > 0.001, "\(counts)")
    }

    @Test("buckets of every purpose are uniform over a hundred classes")
    func buckets() throws {
        for purpose in Bucketing.Purpose.allCases {
            let draw = BucketDraw(purpose, seed: "uniform:1")
            var counts = [Int](repeating: 0, count: 100)
            for unit in 0..<Self.units {
                counts[draw.bucket(kind: "customer", unit: "c-\(unit)") / 10_000] += 1
            }
            let test = try #require(
                SampleRatioTest(units: counts, weights: Array(repeating: 1, count: 100)))
            #expect(test.pValue > 0.001, "\(purpose)")
        }
    }

    @Test("allocation and arm, two experiments, and two epochs are independent of each other")
    func independent() throws {
        let halves = assignments(
            try table([
                experiment("one", layer: "a", allocation: 5_000),
                experiment("two", layer: "b"),
            ]))
        let again = assignments(try table([experiment("one", layer: "a", epoch: 2)]))
        var allocationByArm = [0, 0, 0, 0]
        var armByArm = [0, 0, 0, 0]
        var armByEpoch = [0, 0, 0, 0]
        let draw = BucketDraw(.arm, seed: "one:1")
        for (unit, (found, later)) in zip(halves, again).enumerated() {
            let arm = draw.bucket(kind: "customer", unit: "c-\(unit)") < 500_000 ? 0 : 1
            allocationByArm[(found[0].reason == .assigned ? 2 : 0) + arm] += 1
            armByArm[arm * 2 + Int(found[1].version) - 1] += 1
            armByEpoch[arm * 2 + Int(later[0].version) - 1] += 1
        }
        for counts in [allocationByArm, armByArm, armByEpoch] {
            let test = try #require(
                SampleRatioTest(units: counts, weights: [1, 1, 1, 1]))
            #expect(test.pValue > 0.001, "\(counts)")
        }
    }

    @Test("a rising allocation moves nobody who takes part; lowered and raised, all are back")
    func monotone() throws {
        func found(_ allocation: UInt32) throws -> [AssayModelsV1.Assignment] {
            assignments(try table([experiment("ramp", allocation: allocation)])).map { $0[0] }
        }
        var before = try found(0)
        #expect(before.allSatisfy { $0.reason == .notAllocated })
        for allocation: UInt32 in [1, 100, 500, 2_500, 10_000] {
            let now = try found(allocation)
            let moved = zip(before, now).count { $0.reason == .assigned && $0 != $1 }
            #expect(moved == 0, "at \(allocation)")
            before = now
        }
        #expect(before.allSatisfy { $0.reason == .assigned })
        #expect(try found(500) == found(500))
    }

    @Test("no unit is in two experiments of a layer, and each slot has its share")
    func disjoint() throws {
        let found = assignments(
            try table([
                experiment("first", slots: 0...4_000), experiment("second", slots: 4_000...9_000),
                experiment("third", slots: 9_000...10_000),
            ]))
        var counts = [0, 0, 0]
        for assignments in found {
            let members = assignments.indices.filter { assignments[$0].reason == .assigned }
            #expect(members.count == 1)
            for member in members { counts[member] += 1 }
        }
        let test = try #require(SampleRatioTest(units: counts, weights: [4, 5, 1]))
        #expect(test.pValue > 0.001, "\(counts)")
    }

    @Test("eight experiments in four layers: the same answer for the same call, whatever the order")
    func order() throws {
        let experiments = (0..<8).map { number in
            experiment(
                "e-\(number)", layer: "l-\(number / 2)",
                slots: number % 2 == 0 ? 0...5_000 : 5_000...10_000)
        }
        let forward = assignments(try table(experiments))
        #expect(forward == assignments(try table(experiments.reversed())))
    }
}
