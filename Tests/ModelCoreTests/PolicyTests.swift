import AssayMessages
import Foundation
import RPC
import Testing

@testable import ModelCore

@Suite("What aliases ask for")
struct PolicyTests {
    private let file = """
        model: m
        owner: risk@bank.example
        legal_hold: false
        held_versions: [2]
        aliases:
          champion:
            approvals: 2
            golden_rows: 16
            gates: [metrics, compatible]
            floors: {recall: 0.5, auc: 0.75}
            latency_microseconds: 200
            auto_promote: true
          next:
            approvals: 1
        """

    private func apply(
        _ registry: ModelRegistry, _ file: String, id: String = "p-1", dryRun: Bool = false
    ) async throws -> AssayModelsV1.PolicyPlan {
        try await registry.applyPolicy(
            .init(requestID: id, file: file, dryRun: dryRun, reason: "agreed"), by: "risk")
    }

    @Test("a file says all of it; what it leaves out is as without a file")
    func reading() throws {
        let policy = try PolicyFile(yaml: file, name: "m.yaml").policy
        #expect(policy.model == "m" && policy.heldVersions == [2] && policy.file.count == 32)
        #expect(
            policy.aliases == [
                .init(
                    alias: "champion", gates: [.compatible, .metrics], approvals: 2,
                    goldenRows: 16,
                    floors: [
                        .init(figure: "auc", lowest: 0.75), .init(figure: "recall", lowest: 0.5),
                    ], latencyMicroseconds: 200, autoPromote: true),
                .init(alias: "next", gates: [.compatible], approvals: 1),
            ])
        let bare = try PolicyFile(yaml: "model: m\naliases: {champion: {}}", name: "m.yaml")
        #expect(bare.policy.aliases == [AliasPolicies.standard("champion")])
    }

    @Test("every mistake is told with its place")
    func mistakes() throws {
        let bad = """
            model: M
            alias: {}
            held_versions: [0]
            aliases:
              champion:
                approvals: 17
                gates: [fairnes]
                floors: {auc: 0.5}
              Next: {}
            """
        let problems = #expect(throws: FileProblems.self) {
            try PolicyFile(yaml: bad, name: "m.yaml")
        }
        #expect(
            problems?.problems.map(\.description) == [
                "m.yaml:1:8: model: \"M\" is no name; expected a lower-case letter, then letters, "
                    + "digits and \"-\"",
                "m.yaml:2:1: a policy: unknown key \"alias\"; did you mean \"aliases\"?",
                "m.yaml:3:17: held_versions: expected 1 to 2147483647, found 0",
                "m.yaml:6:16: approvals: expected 0 to 16, found 17",
                "m.yaml:7:13: gates: expected compatible, card, metrics, fairness, stability, found "
                    + "\"fairnes\"; did you mean \"fairness\"?",
                "m.yaml:8:13: floors: the gate metrics, which asks for them, is left out",
                "m.yaml:8:19: floors.auc: expected 0.6 to 1, found 0.5",
                "m.yaml:9:3: aliases: \"Next\" is no name; expected a lower-case letter, then "
                    + "letters, digits and \"-\"",
            ])
        #expect(throws: FileProblems.self) { try PolicyFile(yaml: "", name: "m.yaml") }
    }

    @Test("the nearest file holds, from the next move on; the change is an event of its own chain")
    func inForce() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let registry = try await kit.open(isGoverned: true)
        _ = try await registry.register(TinyModel.registration(goldenRows: 4))
        #expect(try await registry.policy(.init(model: "m")).source == "built in")
        let plan = try await apply(registry, file, dryRun: true)
        #expect(plan.changes.count == 4 && !plan.unchanged && plan.result == nil)
        #expect(plan.changes[0] == "owner:  → risk@bank.example")
        #expect(try await registry.policy(.init(model: "m")).source == "built in")

        let every = "model: \"*\"\naliases: {champion: {approvals: 0, golden_rows: 4, gates: []}}"
        _ = try await apply(registry, every)
        #expect(try await registry.policy(.init(model: "m")).source == "the file of *")
        _ = try await registry.setAlias(.move("m", to: 1))
        _ = try await apply(registry, file, id: "p-2")
        #expect(try await apply(registry, file, id: "p-3").unchanged)
        let found = try await registry.policy(.init(model: "m"))
        #expect(found.source == "the file of m" && found.actor == "risk")
        #expect(found.heldVersions == [2] && found.owner == "risk@bank.example")
        let error = await refusal {
            try await registry.setAlias(.move("m", to: 1, from: 1, generation: 1, id: "a-2"))
        }
        #expect(error.message.contains("asks for 16"))
        #expect(error.message.contains("recall is not stated"))

        let events = try await registry.history(
            .init(model: RegistryTransaction.policyChain)
        ).events
        #expect(events.map(\.row) == ["policy/*", "policy/m"])
        #expect(events.allSatisfy { $0.kind == .policyChanged && $0.actor == "risk" })
        let reopened = try await kit.open(isGoverned: true)
        #expect(reopened.snapshot.generation == registry.snapshot.generation)
        #expect(reopened.models(.init()).models.map(\.model) == ["m"])
        #expect(try await reopened.policy(.init(model: "m")) == found)
        let refused = await refusal { try await apply(registry, "model: m", id: "p-4") }
        #expect(refused.code == .invalidArgument && refused.reason == "policy_refused")
    }

    @Test("nothing that is under legal hold is erased")
    func legalHold() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let registry = try await kit.open()
        for number in 1...2 {
            _ = try await registry.register(
                TinyModel.registration(id: "r-\(number)", intercept: Double(number)))
        }
        func set(_ version: UInt32, _ status: AssayModelsV1.VersionStatus, _ id: String)
            async throws
        {
            _ = try await registry.setStatus(
                .init(
                    requestID: id, model: "m", version: version, status: status, reason: "old",
                    actor: status == .erased ? "carol" : "bob"))
        }
        _ = try await apply(registry, file)
        for version in 1...2 as ClosedRange<UInt32> {
            try await set(version, .retired, "t-\(version)")
        }
        let held = await refusal { try await set(2, .erased, "e-2") }
        #expect(held.reason == "legal_hold" && held.message.contains("by the policy of m"))
        try await set(1, .erased, "e-1")
        _ = try await apply(
            registry, file.replacing("held_versions: [2]", with: "held_versions: []"), id: "p-2")
        _ = try await apply(
            registry, "model: \"*\"\nlegal_hold: true\naliases: {}", id: "p-3")
        let all = await refusal { try await set(2, .erased, "e-3") }
        #expect(all.message.contains("by the policy of every model"))
    }

    @Test("files of a folder come into force when they change, all or none")
    func folder() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let registry = try await kit.open(isGoverned: true)
        let folder = kit.folder.appending(path: "alias-policies")
        let follower = PolicyFolderFollower(registry, folder: folder)
        guard case .refused? = await follower.look().first else {
            Issue.record("a folder that is not there was read")
            return
        }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        func write(_ text: String, _ name: String) throws {
            try text.write(
                to: folder.appending(path: name), atomically: true, encoding: .utf8)
        }
        try write(file, "m.yaml")
        try write("no yaml: [", "README.md")
        #expect(await follower.look() == [.applied(file: "m.yaml", model: "m")])
        #expect(await follower.look() == [])
        let looser = file.replacing("approvals: 2", with: "approvals: 0")
        try write(looser, "m.yaml")
        try write(file, "other.yaml")
        let twice = await follower.look()
        #expect(twice == [.refused(file: "other.yaml", problem: "model m has the file m.yaml too")])
        #expect(follower.problemCount == 1)
        #expect(try await registry.policy(.init(model: "m")).policy.approvals == 2)
        try FileManager.default.removeItem(at: folder.appending(path: "other.yaml"))
        #expect(await follower.look() == [.applied(file: "m.yaml", model: "m")])
        #expect(follower.problemCount == 0)
        try FileManager.default.removeItem(at: folder.appending(path: "m.yaml"))
        #expect(await follower.look() == [])
        #expect(try await registry.policy(.init(model: "m")).policy.approvals == 0)
    }

    @Test("the files that ship are read, and let the examples go into service")
    func shipped() throws {
        for (name, model) in [
            ("credit-german", "credit-german"), ("payment-fraud", "payment-fraud"),
        ] {
            let path = Example.credit.folder.deletingLastPathComponent()
                .deletingLastPathComponent().appending(path: "alias-policies/\(name).yaml")
            let policy = try PolicyFile(
                yaml: String(contentsOf: path, encoding: .utf8), name: name
            ).policy
            #expect(policy.model == model)
            #expect(policy.aliases.map(\.approvals) == [0])
        }
    }
}
