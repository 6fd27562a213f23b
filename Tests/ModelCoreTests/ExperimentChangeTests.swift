import AssayMessages
import Foundation
import RPC
import Testing
import Wire

@testable import ModelCore

@Suite("Experiments in the registry")
struct ExperimentChangeTests {
    /// A registry with versions 1 to 3 of the model m; champion is at 1.
    private func registry() async throws -> (RegistryKit, ModelRegistry) {
        let kit = try RegistryKit()
        let registry = try await kit.open()
        for number in 1...3 {
            _ = try await registry.register(
                try Example.credit.registration(model: "m", id: "r-\(number)"))
        }
        _ = try await registry.setAlias(.move("m", to: 1))
        return (kit, registry)
    }

    private func file(_ changes: (String, String)...) -> String {
        changes.reduce(
            """
            experiment: trial
            revision: 1
            epoch: 1
            owner: me@bank.example
            hypothesis: version 2 is better
            model: m
            alias: champion
            unit: customer
            layer: all
            slots: {from: 0, to: 10000}
            allocation: 10000
            arms: [{name: control, version: 1, weight: 5000, control: true}, {name: challenger, version: 2, weight: 5000}]
            metrics: [{name: approved, role: primary, kind: proportion, event: decision.approved, better: higher}]
            """
        ) { $0.replacing($1.0, with: $1.1) }
    }

    private func apply(
        _ registry: ModelRegistry, _ file: String, id: String = "x-1", dryRun: Bool = false
    ) async throws -> AssayModelsV1.ExperimentPlan {
        try await registry.applyExperiment(
            .init(requestID: id, file: file, dryRun: dryRun, reason: "try"), by: "ann")
    }

    private func stop(
        _ registry: ModelRegistry, _ state: AssayModelsV1.ExperimentState = .stopped,
        id: String = "s-1", _ name: String = "trial"
    ) async throws -> AssayModelsV1.Experiment {
        try await registry.stopExperiment(
            .init(requestID: id, experiment: name, state: state, reason: "enough"), by: "bob")
    }

    @Test("a dry run changes nothing; applying does, once, and survives a restart with its events")
    func lifecycle() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        let plan = try await apply(registry, file(), dryRun: true)
        #expect(plan.problems.isEmpty && plan.result?.state == .running)
        #expect(registry.snapshot.assignments.isEmpty)

        let applied = try await apply(registry, file())
        #expect(applied.result?.actor == "ann" && applied.result?.reason == "try")
        #expect(try await apply(registry, file()) == applied)
        #expect(try await apply(registry, file(), id: "x-2").unchanged)
        #expect(!registry.snapshot.assignments.isEmpty)

        let reopened = try await kit.open()
        let record = try reopened.snapshot.experiment("trial")
        #expect(record.experiment == applied.result)
        #expect(record.secret.count == 32)
        #expect(reopened.snapshot.generation == registry.snapshot.generation)
        #expect(!reopened.snapshot.assignments.isEmpty)
        let events = try await reopened.rows.events("m")
        #expect(events.last?.kind == .experimentChanged)
        #expect(events.last?.experiment?.experiment == "trial")
        #expect(events.count(where: { $0.kind == .experimentChanged }) == 1)

        _ = try await stop(reopened)
        #expect(reopened.snapshot.assignments.isEmpty)
        #expect(try await kit.open().snapshot.experiment("trial").experiment.state == .stopped)
    }

    @Test("a file with problems is refused with all of them, and nothing changes")
    func refused() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        let bad = file(("version: 2", "version: 9"), ("model: m", "model: m\nlayers: x"))
        let plan = try await apply(registry, bad, dryRun: true)
        #expect(plan.problems.count == 1)
        let error = await refusal {
            try await apply(
                registry,
                file(("version: 2", "version: 9"), ("alias: champion", "alias: champions")))
        }
        #expect(error.code == .invalidArgument && error.reason == "experiment_refused")
        #expect(error.message.contains("7:8: alias: m has no alias \"champions\""))
        let versions = await refusal {
            try await apply(registry, file(("version: 2", "version: 9")))
        }
        #expect(versions.message.contains("m has versions 1 to 3, not 9"))
        let unknown = await refusal {
            try await apply(registry, file(("model: m\n", "model: n\n")))
        }
        #expect(unknown.message.contains("no model \"n\""))
        #expect(registry.snapshot.experiments.isEmpty)
    }

    @Test("the alias is frozen while the experiment runs, and the refusal names it")
    func frozen() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        _ = try await apply(registry, file())
        let error = await refusal {
            try await registry.setAlias(.move("m", to: 2, from: 1, generation: 1, id: "a-2"))
        }
        #expect(error.code == .failedPrecondition && error.reason == "alias_frozen")
        #expect(error.message.contains("frozen by experiment \"trial\""))
        _ = try await registry.setAlias(.move("m", to: 2, id: "a-3", alias: "next"))
        _ = try await stop(registry)
        _ = try await registry.setAlias(.move("m", to: 2, from: 1, generation: 1, id: "a-4"))
    }

    @Test("experiments of other models in the layer keep their slots, whoever applies when")
    func layers() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        _ = try await registry.register(
            try Example.credit.registration(model: "other", id: "r-o"))
        _ = try await registry.setAlias(.move("other", to: 1, id: "a-o"))
        let half = ("to: 10000}", "to: 5000}")
        _ = try await apply(registry, file(half))
        let theirs = [("model: m", "model: other"), ("version: 2", "version: 1")]
        func second(_ slots: String) -> String {
            file(
                theirs[0], theirs[1], ("experiment: trial", "experiment: second"),
                ("{from: 0, to: 10000}", slots))
        }
        let overlap = await refusal {
            try await apply(registry, second("{from: 4999, to: 6000}"), id: "y-1")
        }
        #expect(overlap.message.contains("overlaps experiment \"trial\""))
        _ = try await apply(registry, second("{from: 5000, to: 6000}"), id: "y-2")
        let name = await refusal {
            try await apply(
                registry, file(theirs[0], theirs[1], ("layer: all", "layer: own")), id: "y-3")
        }
        #expect(name.message.contains("has the same name"))
        // What has ended gives its slots back.
        _ = try await stop(registry)
        _ = try await apply(
            registry,
            second("{from: 0, to: 6000}").replacing("revision: 1", with: "revision: 2")
                .replacing("epoch: 1", with: "epoch: 2"), id: "y-4")
    }

    @Test("two that are applied at once cannot both have the slots")
    func race() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        _ = try await registry.register(
            try Example.credit.registration(model: "other", id: "r-o"))
        _ = try await registry.setAlias(.move("other", to: 1, id: "a-o"))
        let first = file()
        let second = file(
            ("experiment: trial", "experiment: second"), ("model: m", "model: other"),
            ("version: 2", "version: 1"))
        let plans = await withTaskGroup(of: Bool.self) { group in
            for (number, text) in [first, second].enumerated() {
                group.addTask { (try? await apply(registry, text, id: "z-\(number)")) != nil }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(plans == 1)
        #expect(registry.snapshot.experiments.count == 1)
    }

    @Test("the arm picks the version; a version by number gets what it asks for")
    func predict() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        _ = try await apply(registry, file())
        let golden = try Example.credit.manifest().goldenRows[0]
        let serving = ModelServingService(registry)
        let context = ServerContext(
            method: AssayModelsV1.ModelServing.predict, caller: Caller(tenant: "t", client: "c"))
        func predict(
            _ customer: String?, _ selector: AssayModelsV1.Selector? = nil,
            force: AssayModelsV1.ForceArm? = nil, scopes: [String] = []
        ) async throws -> AssayModelsV1.PredictResponse {
            var context = context
            if !scopes.isEmpty {
                context = ServerContext(
                    method: AssayModelsV1.ModelServing.predict,
                    caller: Caller(tenant: "t", client: "c", scopes: scopes))
            }
            return try await serving.predict(
                .init(
                    requestID: "p", model: "m", selector: selector, values: golden.values,
                    subjects: customer.map { ["customer": $0] } ?? [:], forceArm: force),
                context: context)
        }
        var versions: Set<UInt32> = []
        for number in 0..<20 {
            let response = try await predict("c-\(number)")
            let assignment = try #require(response.assignments.first)
            #expect(assignment.version == response.version && assignment.reason == .assigned)
            #expect(response.margin == golden.margin)
            versions.insert(response.version)
        }
        #expect(versions == [1, 2])
        let nobody = try await predict(nil)
        #expect(nobody.version == 1 && nobody.assignments.map(\.reason) == [.noUnit])
        let direct = try await predict("c-1", .version(3))
        #expect(direct.version == 3 && direct.assignments.isEmpty)

        let force = AssayModelsV1.ForceArm(experiment: "trial", arm: "challenger")
        let denied = await refusal { try await predict("c-1", force: force) }
        #expect(denied.code == .permissionDenied)
        let scopes = ["experiments.override"]
        let forced = try await predict("c-1", force: force, scopes: scopes)
        #expect(forced.version == 2 && forced.assignments.map(\.reason) == [.forced])
        let unknown = await refusal {
            try await predict(
                "c-1", force: .init(experiment: "trial", arm: "nobody"), scopes: scopes)
        }
        #expect(unknown.code == .notFound)
        let elsewhere = await refusal {
            try await predict("c-1", force: .init(experiment: "x", arm: "y"), scopes: scopes)
        }
        #expect(elsewhere.code == .notFound)

        _ = try await stop(registry, .controlled)
        for number in 0..<20 {
            let response = try await predict("c-\(number)")
            #expect(response.version == 1)
            #expect(response.assignments.map(\.reason) == [.controlled])
        }
    }

    @Test(
        "a version that cannot answer leaves its unit in its arm: control answers, and that is noted"
    )
    func intentionToTreat() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        var other = try Example.payments.registration(model: "m", id: "r-9")
        other.manifest.vector = ""
        other.manifest.vectorFingerprint = []
        _ = try await registry.register(other)
        let refused = await refusal {
            try await apply(registry, file(("version: 2", "version: 4")), id: "x-0")
        }
        #expect(refused.message.contains("send 17 values, and this version takes 19"))
        // An alias that asks for nothing lets it in.
        _ = try await registry.applyPolicy(
            .init(
                requestID: "p", file: "model: m\naliases: {champion: {approvals: 0, gates: []}}"),
            by: "risk")
        _ = try await apply(registry, file(("version: 2", "version: 4")))
        let golden = try Example.credit.manifest().goldenRows[0]
        let serving = ModelServingService(registry)
        let context = ServerContext(
            method: AssayModelsV1.ModelServing.predict, caller: Caller(tenant: "t", client: "c"))
        var answered = 0
        for number in 0..<20 {
            let response = try await serving.predict(
                .init(
                    requestID: "p", model: "m", values: golden.values,
                    subjects: ["customer": "c-\(number)"]), context: context)
            #expect(response.version == 1 && response.margin == golden.margin)
            let assignment = response.assignments[0]
            #expect(assignment.controlAnswered == (assignment.arm == "challenger"))
            answered += assignment.controlAnswered ? 1 : 0
        }
        #expect(answered > 0 && answered < 20)
    }

    @Test("a holdout is known before it is named, grows alone, and keeps its units out")
    func holdouts() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        let naming = file(("layer: all", "layer: all\nholdouts: [bank-2027]"))
        let unknown = await refusal { try await apply(registry, naming) }
        #expect(unknown.message.contains("no holdout \"bank-2027\""))
        let holdout = """
            holdout: bank-2027
            revision: 1
            share: 10000
            owner: me@bank.example
            purpose: what all experiments together bring
            """
        let dry = try await apply(registry, holdout, id: "h-0", dryRun: true)
        #expect(dry.experiment == "bank-2027" && dry.problems.isEmpty)
        _ = try await apply(registry, holdout, id: "h-1")
        #expect(try await apply(registry, holdout, id: "h-2").unchanged)
        let less = holdout.replacing("10000", with: "100").replacing(
            "revision: 1", with: "revision: 2")
        let shrunk = await refusal { try await apply(registry, less, id: "h-3") }
        #expect(shrunk.message.contains("3:8: share: 10000 is applied"))
        _ = try await apply(registry, naming, id: "h-4")
        let reopened = try await kit.open()
        #expect(reopened.snapshot.holdouts.count == 1)
        #expect(reopened.snapshot.models.keys.sorted() == ["m"])
        var undecided: [String] = []
        for registry in [registry, reopened] {
            let found = registry.snapshot.assignments.assign(
                AssignmentCall(subjects: ["customer": "c"]), undecided: &undecided)
            #expect(found.map(\.reason) == [.holdout])
        }
    }

    @Test("a ramp takes one step at a time, and a second process that is late takes none")
    func ramp() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        let ramped = file(
            (
                "allocation: 10000",
                "allocation: 100\nramp: [{allocation: 100, hold: 1h, minimum_units: 5}, {allocation: 500, hold: 1h}]"
            ))
        _ = try await apply(registry, ramped)
        #expect(try await registry.rampExperiment("trial", units: 10) == nil)
        kit.clock.withLock { $0 += 3_600_000 }
        #expect(try await registry.rampExperiment("trial", units: 4) == nil)
        let next = try #require(try await registry.rampExperiment("trial", units: 5))
        #expect(next.allocation == 500 && next.actor == "ramp")
        #expect(try registry.snapshot.experiment("trial").experiment == next)
        #expect(try await registry.rampExperiment("trial", units: 5) == nil)
    }
}
