import AssayMessages
import RPC
import Testing

@testable import ModelCore

@Suite("The status of versions")
struct StatusTests {
    /// Versions 1 to 3 of the model m; champion is at 1.
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

    private func set(
        _ registry: ModelRegistry, _ version: UInt32, _ status: AssayModelsV1.VersionStatus,
        id: String = "t-1", by person: String = "bob"
    ) async throws -> AssayModelsV1.Version {
        try await registry.setStatus(
            .init(
                requestID: id, model: "m", version: version, status: status,
                reason: "wrong labels", ticket: "RISK-7", actor: "ann"), by: person)
    }

    private func predict(
        _ registry: ModelRegistry, _ version: UInt32
    ) async throws -> AssayModelsV1.PredictResponse {
        try Predictor.predict(
            .init(
                requestID: "p", model: "m", selector: .version(version),
                values: try Example.credit.manifest().goldenRows[0].values),
            in: registry.serving.latest)
    }

    @Test("a suspended version scores nothing until it is reinstated; a restart knows that")
    func suspend() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        #expect(try registry.versions(.init(model: "m")).versions.map(\.status)[1] == .candidate)
        let suspended = try await set(registry, 2, .suspended)
        #expect(suspended.status == .suspended && suspended.statusReason == "wrong labels")
        #expect(try await set(registry, 2, .suspended) == suspended)
        for registry in [registry, try await kit.open()] {
            let error = await refusal { try await predict(registry, 2) }
            #expect(error.code == .failedPrecondition && error.reason == "version_suspended")
            #expect(
                error.message
                    == "m version 2 may not be scored: it is suspended by bob: wrong labels")
            let record = try await registry.version(.init(model: "m", version: 2))
            #expect(record.version == suspended && record.state?.actor == "bob")
            #expect(registry.snapshot.generation == 5)
        }
        let again = await refusal { try await set(registry, 2, .suspended, id: "t-2") }
        #expect(again.message == "m version 2 is suspended: it is so already")
        let wrong = await refusal { try await set(registry, 2, .approved, id: "t-3") }
        #expect(wrong.message.hasSuffix("it would be candidate again; ask for that"))
        #expect(try await set(registry, 2, .candidate, id: "t-4").status == .candidate)
        _ = try await predict(registry, 2)
        let event = try #require(try await registry.rows.events("m").last)
        #expect(event.kind == .statusChanged && event.status == .candidate)
        #expect(event.row == "status/2" && event.ticket == "RISK-7" && event.statedActor == "ann")
    }

    @Test("no alias moves to a version that may not serve")
    func alias() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        _ = try await set(registry, 2, .suspended)
        let move = AssayModelsV1.SetAliasRequest.move("m", to: 2, from: 1, generation: 1, id: "a-2")
        let error = await refusal { try await registry.setAlias(move) }
        #expect(error.code == .failedPrecondition)
        #expect(error.message.contains("it is suspended by bob: wrong labels"))
        #expect(try registry.snapshot.alias("champion", of: "m").version == 1)
        _ = try await set(registry, 2, .candidate, id: "t-2")
        _ = try await registry.setAlias(move)
    }

    @Test("what an alias points to stays in use; the refusal names the alias")
    func inUse() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        for status in [.suspended, .retired] as [AssayModelsV1.VersionStatus] {
            let error = await refusal { try await set(registry, 1, status) }
            #expect(error.code == .failedPrecondition && error.reason == "version_in_use")
            #expect(error.message.contains("alias \"champion\" points to it"))
        }
        _ = try await predict(registry, 1)
    }

    @Test("an arm may be suspended, control may not; neither may be retired")
    func arms() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        let file = """
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
            arms: [{name: control, version: 3, weight: 5000, control: true}, {name: challenger, version: 2, weight: 5000}]
            metrics: [{name: approved, role: primary, kind: proportion, event: decision.approved, better: higher}]
            """
        func apply(_ file: String) async throws -> AssayModelsV1.ExperimentPlan {
            try await registry.applyExperiment(
                .init(requestID: "x-1", file: file, reason: "try"), by: "ann")
        }
        _ = try await set(registry, 2, .suspended)
        let refused = await refusal { try await apply(file) }
        #expect(refused.message.contains("version 2 may not be served: it is suspended by bob"))
        _ = try await set(registry, 2, .candidate, id: "t-2")
        _ = try await apply(file)
        let control = await refusal { try await set(registry, 3, .suspended, id: "t-3") }
        #expect(control.message.contains("experiment \"trial\" has it as control"))
        let retired = await refusal { try await set(registry, 2, .retired, id: "t-4") }
        #expect(retired.message.contains("experiment \"trial\" has it as an arm"))
        _ = try await set(registry, 2, .suspended, id: "t-5")

        let serving = ModelServingService(registry)
        let golden = try Example.credit.manifest().goldenRows[0]
        for customer in 0..<20 {
            let response = try await serving.predict(
                .init(
                    requestID: "p", model: "m", values: golden.values,
                    subjects: ["customer": "c-\(customer)"]),
                context: ServerContext(
                    method: AssayModelsV1.ModelServing.predict,
                    caller: Caller(tenant: "t", client: "c")))
            let assignment = try #require(response.assignments.first)
            #expect(response.version == 3)
            #expect(assignment.controlAnswered == (assignment.arm == "challenger"))
        }
    }

    @Test("who uploaded a version does not lift what somebody else suspended it for")
    func ownVersion() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        _ = try await set(registry, 2, .suspended)
        let own = await refusal { try await set(registry, 2, .candidate, id: "t-2", by: "ann") }
        #expect(own.code == .permissionDenied && own.reason == "own_version")
        #expect(own.message.contains("ann uploaded m version 2, and bob suspended it"))
        _ = try await set(registry, 2, .candidate, id: "t-3", by: "carol")
        // What they said themselves they may take back.
        _ = try await set(registry, 2, .suspended, id: "t-4", by: "ann")
        #expect(try await set(registry, 2, .candidate, id: "t-5", by: "ann").status == .candidate)
    }

    @Test("two people end a version, within a day one takes it back; its row and hash stay")
    func erase() async throws {
        let (kit, registry) = try await registry()
        defer { kit.removeFolder() }
        _ = try await registry.register(
            try Example.payments.registration(model: "other", id: "r-o"))
        let early = await refusal { try await set(registry, 2, .erased, by: "carol") }
        #expect(early.message == "m version 2 is candidate: only what is retired can be erased")
        for version in 2...3 as ClosedRange<UInt32> {
            _ = try await set(registry, version, .retired, id: "t-\(version)")
            let own = await refusal { try await set(registry, version, .erased, id: "o") }
            #expect(own.code == .permissionDenied && own.reason == "own_retirement")
            let erased = try await set(
                registry, version, .erased, id: "e-\(version)", by: "carol")
            #expect(erased.size > 0)
        }
        _ = try await registry.setAlias(.move("m", to: 1, id: "a-2", alias: "x"))
        for state in [.retired, .erased] as [AssayModelsV1.VersionStatus] {
            let other = try await registry.setStatus(
                .init(
                    requestID: "o-\(state)", model: "other", version: 1, status: state,
                    reason: "no longer allowed"), by: "bob-\(state)")
            #expect(other.artifact.count == 32)
        }
        let after = try await kit.open()
        #expect(after.snapshot.generation == registry.snapshot.generation)
        let record = try await after.version(.init(model: "other", version: 1))
        #expect(record.version.status == .erased && record.manifest.inputs.count > 1)
        let error = await refusal {
            try Predictor.predict(
                .init(requestID: "p", model: "other", selector: .version(1)),
                in: after.serving.latest)
        }
        #expect(error.reason == "version_erased")
        let back = await refusal { try await set(registry, 2, .candidate, id: "b") }
        #expect(back.message.contains("can only be taken back to retired, within 23 hours"))
        kit.clock.withLock { $0 += 23 * 3_600_000 - 1 }
        #expect(try await set(registry, 2, .retired, id: "b-2").status == .retired)
        kit.clock.withLock { $0 += 1 }
        let late = await refusal { try await set(registry, 3, .retired, id: "b-3") }
        #expect(late.message.contains("after 23 hours its model file is gone"))
    }
}
