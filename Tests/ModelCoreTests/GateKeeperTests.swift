import AssayMessages
import Testing
import Wire

@testable import ModelCore

@Suite("Each gate of an alias alone")
struct GateKeeperTests {
    typealias Change = @Sendable (inout Facts) -> Void

    /// What the gates look at, everything in order.
    struct Facts {
        var manifest = TinyModel.manifest()
        var present: AssayModelsV1.Manifest? = TinyModel.manifest()
        var policy = AliasPolicies.governed
        var state = AssayModelsV1.VersionState(
            model: "m", version: 2, status: .approved,
            changedAt: Timestamp(nanosecondsSinceEpoch: 0),
            approvals: [
                .init(
                    model: "m", version: 2, person: "carol", decision: .approved,
                    time: Timestamp(nanosecondsSinceEpoch: 0))
            ])
        var evidence = [AliasMove.Evidence(source: "shadow \"next\"", populationStability: 0.1)]
        var reason = "better"
        var mover = "bob"
        var time: Int64 = 1_767_571_200
        var isLoaded = true
        var isRollback = false
    }

    private func judged(_ change: Change) throws -> [AssayModelsV1.GateResult] {
        var facts = Facts()
        change(&facts)
        let time = Timestamp(nanosecondsSinceEpoch: facts.time * 1_000_000_000)
        let version = AssayModelsV1.Version(
            model: "m", number: 2, registeredAt: time, uploader: "ann")
        let artifact = TinyModel.artifact()
        let loaded: Result<ServingVersion, AliasMove.LoadFailure> =
            facts.isLoaded
            ? .success(
                try ServingVersion(
                    artifact: artifact, digest: ArtifactDigest(of: artifact), number: 2,
                    manifest: facts.manifest))
            : .failure(.init(reason: "its bytes no longer have this hash"))
        return GateKeeper(
            move: AliasMove(
                model: "m", alias: "champion", policy: facts.policy,
                record: .init(version: version, manifest: facts.manifest), state: facts.state,
                loaded: loaded,
                present: facts.present.map {
                    .init(
                        version: .init(model: "m", number: 1, registeredAt: time), manifest: $0)
                }, evidence: facts.evidence, mover: facts.mover, reason: facts.reason, time: time,
                isRollback: facts.isRollback)
        ).results
    }

    private func failures(_ change: Change) throws -> [AssayModelsV1.Gate: String] {
        let failed = try judged(change).filter { $0.outcome == .failed }
        return Dictionary(uniqueKeysWithValues: failed.map { ($0.gate, $0.finding) })
    }

    @Test("a version with everything in order passes every gate, in their order")
    func passes() throws {
        let results = try judged { _ in }
        #expect(results.allSatisfy { $0.outcome == .passed && !$0.finding.isEmpty }, "\(results)")
        #expect(
            results.map(\.gate) == [
                .parse, .signature, .golden, .compatible, .experiment, .card, .metrics, .fairness,
                .stability, .approval, .status,
            ])
    }

    /// A change of the facts, the gate that fails then, and what it says.
    struct Case: Sendable, CustomTestStringConvertible {
        let gate: AssayModelsV1.Gate
        let finding: String
        let change: Change

        init(_ gate: AssayModelsV1.Gate, _ finding: String, _ change: @escaping Change) {
            self.gate = gate
            self.finding = finding
            self.change = change
        }

        var testDescription: String { "\(gate): \(finding)" }
    }

    static let said = Timestamp(nanosecondsSinceEpoch: 0)

    static let manifestCases: [Case] = [
        Case(.card, "no card: push") { $0.manifest.card = nil },
        Case(.card, "lacks limits, next_review") { facts in
            facts.manifest.card?.limits = ""
            facts.manifest.card?.nextReview = nil
        },
        Case(.card, "review was due at 2027-01-15T08:00:00Z") { $0.time = 1_800_000_000 },
        Case(.metrics, "no metrics") { $0.manifest.metrics = nil },
        Case(.metrics, "of which rows") { $0.manifest.metrics?.rows = 0 },
        Case(.metrics, "auc 0.59 below 0.6, on held out, 2025") {
            $0.manifest.metrics?.figures[0].value = 0.59
        },
        Case(.metrics, "auc 0.78 below 0.8") { facts in
            facts.policy.floors = [.init(figure: "auc", lowest: 0.8)]
        },
        Case(.metrics, "recall is not stated, and must be at least 0.5") { facts in
            facts.policy.floors = [.init(figure: "recall", lowest: 0.5)]
        },
        Case(.fairness, "no fairness report") { $0.manifest.fairness = nil },
        Case(.fairness, "disparate_impact 0.79 (age: under 25 to others): mitigate") {
            $0.manifest.fairness?.figures[0].value = 0.79
        },
        Case(.fairness, "the exception names dan, who has not approved") { facts in
            facts.manifest.fairness?.figures[0].value = 0.79
            facts.manifest.fairness?.exception = .init(approvedBy: "dan", reason: "few rows")
        },
        Case(.fairness, "gap 0.2") { facts in
            facts.manifest.fairness?.figures.append(.init(metric: "gap", value: 0.2, highest: 0.1))
        },
        Case(.golden, "has 31 golden rows; the alias \"champion\" asks for 32") { facts in
            facts.manifest.goldenRows = Array(facts.manifest.goldenRows.dropLast())
        },
        Case(.parse, "its bytes no longer have this hash; push the same file again") {
            $0.isLoaded = false
        },
        Case(.compatible, "callers send what version 1 takes: 1 values, and this") { facts in
            facts.present = TinyModel.manifest()
            facts.present?.inputs = [.init(name: "a", kind: .number)]
        },
        Case(.compatible, "c at 1, where this version takes b") {
            $0.present?.inputs[1].name = "c"
        },
        Case(.compatible, "b as a flag, where this version takes a number") {
            $0.present?.inputs[1].kind = .flag
        },
        Case(.compatible, "the vector people@1, and this version is pinned to none") {
            $0.present?.vector = "people@1"
        },
    ]

    static let peopleCases: [Case] = [
        Case(.stability, "neither a shadow of at least 200 calls nor an experiment") {
            $0.evidence = []
        },
        Case(.stability, "index is 0.3, above 0.25") { facts in
            facts.evidence = [.init(source: "shadow \"next\"", populationStability: 0.3)]
        },
        Case(.approval, "0 of 1 approvals by people other than ann") { $0.state.approvals = [] },
        Case(.approval, "0 of 1 approvals") { $0.mover = "carol" },
        Case(.approval, "0 of 1 approvals") { $0.state.approvals[0].person = "ann" },
        Case(.approval, "1 of 2 approvals") { $0.policy.approvals = 2 },
        Case(.approval, "rejected by dan") { facts in
            facts.state.approvals.append(
                .init(
                    model: "m", version: 2, person: "dan", decision: .rejected, time: Self.said))
        },
        Case(.status, "it is suspended by ") { $0.state.status = .suspended },
    ]

    @Test(
        "one thing that is missing fails its gate and no other, and says what to do",
        arguments: manifestCases + peopleCases)
    func alone(_ one: Case) throws {
        let failed = try failures(one.change)
        #expect(Array(failed.keys) == [one.gate], "\(failed)")
        #expect(failed[one.gate]?.contains(one.finding) == true, "\(failed)")
    }

    @Test("a row may take as long as the alias says")
    func latency() throws {
        #expect(try failures { $0.policy.latencyMicroseconds = 60_000_000 }.isEmpty)
        // What a row takes is known only when it was measured: any time above nothing is too long.
        let asked = try judged { $0.policy.latencyMicroseconds = 60_000_000 }
        #expect(asked.map(\.gate).contains(.latency))
    }

    @Test("an explanation, an exception by who approved, and evidence let a version through")
    func explained() throws {
        #expect(
            try failures { facts in
                facts.evidence = []
                facts.reason = "more recall; stability: the threshold moved by design"
            }.isEmpty)
        #expect(
            try failures { facts in
                facts.manifest.fairness?.figures[0].value = 0.79
                facts.manifest.fairness?.exception = .init(approvedBy: "carol", reason: "few rows")
            }.isEmpty)
        #expect(
            try failures { facts in
                facts.manifest.fairness?.figures[0].value = 0.1
                facts.manifest.fairness?.figures[0].tooSmall = true
            }.isEmpty)
        #expect(try failures { $0.evidence = [.init(source: "experiment \"trial\"")] }.isEmpty)
        #expect(
            try failures { facts in
                facts.present = nil
                facts.evidence = []
            }.isEmpty)
    }

    @Test("a rollback goes without what only a move forward must show, never without the file")
    func rollback() throws {
        let results = try judged { facts in
            facts.isRollback = true
            facts.manifest.card = nil
            facts.manifest.metrics = nil
            facts.manifest.fairness = nil
            facts.evidence = []
            facts.state.approvals = []
        }
        #expect(!results.contains { $0.outcome == .failed })
        let skipped = results.filter { $0.outcome == .skipped }.map(\.gate)
        #expect(skipped == [.card, .metrics, .fairness, .stability, .approval])
        let damaged = try failures { facts in
            facts.isRollback = true
            facts.isLoaded = false
        }
        #expect(Array(damaged.keys) == [.parse])
    }

    @Test("a clause of a reason is found by its name")
    func clauses() {
        #expect(ReasonClause.text(of: "stability", in: "stability: new labels") == "new labels")
        #expect(ReasonClause.text(of: "stability", in: "a; Stability : x ; b") == "x")
        #expect(ReasonClause.text(of: "stability", in: "stability:  ") == nil)
        #expect(ReasonClause.text(of: "stability", in: "the stability is: fine") == nil)
    }

    @Test("categories keep their codes; a narrower version of the same vector is welcome")
    func categories() {
        var present = TinyModel.manifest()
        present.inputs[0].kind = .category
        present.inputs[0].vocabulary = ["x", "y"]
        var next = present
        next.inputs[0].vocabulary = ["x", "y", "z"]
        #expect(CompatibleGate.problems(next: next, present: present).isEmpty)
        next.inputs[0].vocabulary = ["y", "x"]
        #expect(CompatibleGate.problems(next: next, present: present).count == 1)

        (present.vector, present.vectorFields) = ("people@1", ["a", "b", "c"])
        next = present
        next.inputs.removeFirst()
        #expect(CompatibleGate.problems(next: next, present: present).isEmpty)
        next.inputs.append(.init(name: "d", kind: .number))
        #expect(CompatibleGate.problems(next: next, present: present) == ["no d"])
        next.vector = "people@2"
        #expect(
            CompatibleGate.problems(next: next, present: present)
                == ["the vector people@1, and this version takes people@2"])
    }
}
