internal import AssayMessages
package import ModelCore
internal import Statistics
internal import Wire

/// What must hold of assignment over many units, found out by assigning them.
public struct AssignmentProperties {
    /// One property, and what was seen.
    public struct Finding: Sendable {
        public var name: String
        public var holds: Bool
        public var detail: String
    }

    /// A mismatch of counts that chance brings once in a thousand runs; the draws are fixed, so a
    /// number of units either passes or does not.
    private static let significance = 0.001

    private let units: Int

    public init(units: Int) { self.units = units }

    public func findings() throws -> [Finding] {
        var findings = purposes()
        findings.append(try shares())
        findings += try independence()
        findings.append(try ramp())
        findings += try layer()
        return findings
    }

    // MARK: Properties

    /// Buckets of every purpose over a hundred classes.
    private func purposes() -> [Finding] {
        Bucketing.Purpose.allCases.map { purpose in
            let draw = BucketDraw(purpose, seed: "uniform:1")
            var counts = [Int](repeating: 0, count: 100)
            for unit in 0..<units {
                counts[draw.bucket(kind: "customer", unit: "c-\(unit)") / 10_000] += 1
            }
            return compare(
                "buckets of \(purpose.rawValue) are uniform", counts,
                Array(repeating: 1, count: 100), shows: false)
        }
    }

    private func shares() throws -> Finding {
        let weights: [UInt32] = [1_000, 4_500, 4_000, 500]
        let table = try table([Self.experiment("shares", weights: weights)])
        var counts = [0, 0, 0, 0]
        each(table) { _, found in counts[Int(found[0].version) - 1] += 1 }
        return compare("arms get the shares of their weights", counts, weights.map(Int.init))
    }

    private func independence() throws -> [Finding] {
        let table = try table([
            Self.experiment("one", layer: "a", allocation: 5_000),
            Self.experiment("two", layer: "b"),
        ])
        let later = try self.table([Self.experiment("one", layer: "a", epoch: 2)])
        let draw = BucketDraw(.arm, seed: "one:1")
        var (allocation, experiment, epoch) = ([0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0])
        each(table) { unit, found in
            let arm = draw.bucket(kind: "customer", unit: "c-\(unit)") < 500_000 ? 0 : 2
            allocation[arm + (found[0].reason == .assigned ? 1 : 0)] += 1
            experiment[arm + Int(found[1].version) - 1] += 1
            let again = assign(unit, later)
            epoch[arm + Int(again[0].version) - 1] += 1
        }
        return [
            compare("allocation and arm are independent", allocation, [1, 1, 1, 1]),
            compare("two experiments are independent", experiment, [1, 1, 1, 1]),
            compare("two epochs are independent", epoch, [1, 1, 1, 1]),
        ]
    }

    /// Raising the allocation moves nobody who takes part; lowered and raised again, all are back.
    private func ramp() throws -> Finding {
        let tables = try [0, 1, 100, 500, 2_500, 10_000].map {
            try table([Self.experiment("ramp", allocation: $0)])
        }
        let again = try table([Self.experiment("ramp", allocation: 500)])
        var (moved, outside) = (0, 0)
        for unit in 0..<units {
            var before: AssayModelsV1.Assignment?
            for (index, table) in tables.enumerated() {
                let found = assign(unit, table)[0]
                if let before, before.reason == .assigned, before != found { moved += 1 }
                if index == 3, assign(unit, again)[0] != found { moved += 1 }
                before = found
            }
            if before?.reason != .assigned { outside += 1 }
        }
        return Finding(
            name: "a ramp moves nobody", holds: moved == 0 && outside == 0,
            detail: "\(moved) moved, \(outside) outside at the end")
    }

    private func layer() throws -> [Finding] {
        let table = try table([
            Self.experiment("first", slots: 0...4_000),
            Self.experiment("second", slots: 4_000...9_000),
            Self.experiment("third", slots: 9_000...10_000),
        ])
        var counts = [0, 0, 0]
        var wrong = 0
        each(table) { _, found in
            let members = found.indices.filter { found[$0].reason == .assigned }
            if members.count != 1 { wrong += 1 }
            for member in members { counts[member] += 1 }
        }
        return [
            Finding(
                name: "experiments of a layer are disjoint", holds: wrong == 0,
                detail: "\(wrong) units in none or in several"),
            compare("slots have their shares", counts, [4, 5, 1]),
        ]
    }

    // MARK: Pieces

    private func compare(
        _ name: String, _ counts: [Int], _ weights: [Int], shows: Bool = true
    ) -> Finding {
        guard let test = SampleRatioTest(units: counts, weights: weights) else {
            return Finding(name: name, holds: false, detail: "too few units: \(counts)")
        }
        return Finding(
            name: name, holds: test.pValue > Self.significance,
            detail: "p \(test.pValue)" + (shows ? ", \(counts)" : ""))
    }

    private func table(_ experiments: [RunningExperiment]) throws -> AssignmentTable {
        try AssignmentTable(experiments)
    }

    private func assign(
        _ unit: Int, _ table: AssignmentTable
    ) -> [AssayModelsV1.Assignment] {
        var undecided: [String] = []
        return table.assign(
            AssignmentCall(subjects: ["customer": "c-\(unit)"]), to: Self.traffic,
            undecided: &undecided)
    }

    private func each(
        _ table: AssignmentTable, _ body: (Int, [AssayModelsV1.Assignment]) -> Void
    ) {
        for unit in 0..<units { body(unit, assign(unit, table)) }
    }

    package static let traffic = AssignmentTable.traffic("m", "champion")

    package static func experiment(
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
}
