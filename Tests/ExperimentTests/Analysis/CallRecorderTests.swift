import AssayMessages
import Storage
import Testing
import Wire

@testable import ModelCore

@Suite("The recorder of calls")
struct CallRecorderTests {
    private func assignment(
        _ experiment: String, arm: String, failed: Bool = false,
        reason: AssayModelsV1.AssignmentReason = .assigned
    ) -> AssayModelsV1.Assignment {
        var assignment = AssayModelsV1.Assignment.blank()
        assignment.experiment = experiment
        assignment.epoch = 1
        assignment.arm = arm
        assignment.reason = reason
        assignment.unitHash = 42
        assignment.controlAnswered = failed
        return assignment
    }

    @Test("calls that met an arm are found by their request id; others are not kept")
    func calls() throws {
        let kit = try AnalysisKit()
        defer { kit.close() }
        let recorder = CallRecorder(store: kit.store)
        for number in 0..<3_000 {
            recorder.answered(
                [
                    assignment("card-challenger", arm: "control"),
                    assignment("other", arm: "", reason: .notAllocated),
                ], requestID: "r-\(number)", at: kit.time.now, microseconds: 10)
        }
        recorder.drain()
        var calls: [CallIndex.Call] = []
        try CallIndex(store: kit.store).visit("card-challenger", 1) { calls.append($0) }
        #expect(Set(calls.map(\.id)) == Set((0..<3_000).map { "r-\($0)" }))
        #expect(calls.allSatisfy { $0.unit == 42 && $0.at == kit.now })
        try CallIndex(store: kit.store).visit("other", 1) { _ in Issue.record("not a call") }
        #expect(recorder.dropped == 0)
    }

    @Test("calls are counted only for guardrails that were asked for")
    func counts() throws {
        let kit = try AnalysisKit()
        defer { kit.close() }
        let recorder = CallRecorder(store: kit.store)
        func call(failed: Bool) {
            recorder.answered(
                [assignment("card-challenger", arm: "challenger", failed: failed)],
                requestID: "r", at: kit.time.now, microseconds: 400)
        }
        call(failed: true)
        #expect(recorder.counter.counted("card-challenger", 1).isEmpty)
        var specification = kit.control.specification
        specification.metrics = [
            .init(
                name: "error_rate", role: .guardrail, kind: .proportion, better: .lower,
                source: .statistics, worst: 0.01),
            .init(
                name: "p99", role: .guardrail, kind: .quantile, better: .lower,
                source: .statistics, quantile: 0.99, worst: 300),
        ]
        recorder.counter.watch([specification])
        call(failed: true)
        call(failed: false)
        let counted = recorder.counter.counted("card-challenger", 1)
        #expect(counted.map(\.metric) == ["error_rate", "p99"])
        #expect(counted.map(\.events) == [1, 2] && counted.map(\.calls) == [2, 2])
        recorder.drain()
    }
}
