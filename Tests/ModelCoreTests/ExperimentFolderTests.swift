import AssayMessages
import Foundation
import RPC
import Testing

@testable import ModelCore

@Suite("The folder of experiments")
struct ExperimentFolderTests {
    private let holdout = """
        holdout: quiet
        revision: 1
        share: 100
        owner: me@bank.example
        purpose: to compare with
        """

    private func experiment(_ weight: Int = 5_000, revision: Int = 1) -> String {
        """
        experiment: trial
        revision: \(revision)
        epoch: 1
        owner: me@bank.example
        hypothesis: version 2 is better
        model: m
        alias: champion
        unit: customer
        layer: all
        slots: {from: 0, to: 10000}
        allocation: \(revision)
        arms: [{name: control, version: 1, weight: 5000, control: true}, {name: more, version: 2, weight: \(weight)}]
        holdouts: [quiet]
        metrics: [{name: approved, role: primary, kind: proportion, event: decision.approved, better: higher}]
        """
    }

    @Test("files come into force when they change, all or none; what is gone stops nothing")
    func following() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let registry = try await kit.open()
        for number in 1...2 {
            _ = try await registry.register(
                try Example.credit.registration(model: "m", id: "r-\(number)"))
        }
        _ = try await registry.setAlias(.move("m", to: 1))
        let folder = kit.folder.appending(path: "experiments")
        let follower = ExperimentFolderFollower(registry, folder: folder)
        guard case .refused? = await follower.look().first else {
            Issue.record("a folder that is not there was read")
            return
        }
        try FileManager.default.createDirectory(
            at: folder.appending(path: "holdouts"), withIntermediateDirectories: true)
        func write(_ text: String, _ name: String) throws {
            try text.write(
                to: folder.appending(path: name), atomically: true, encoding: .utf8)
        }
        try write(holdout, "holdouts/quiet.yaml")
        try write(experiment(), "trial.yaml")
        try write("no yaml: [", "notes.txt")
        #expect(
            await follower.look() == [
                .applied(file: "holdouts/quiet.yaml", experiment: "quiet"),
                .applied(file: "trial.yaml", experiment: "trial"),
            ])
        #expect(await follower.look() == [])
        #expect(follower.problemCount == 0)

        try write(experiment(revision: 2), "trial.yaml")
        try write(experiment(4_000).replacing("trial", with: "other"), "other.yaml")
        let refused = await follower.look()
        #expect(refused.count == 1 && follower.problemCount == 1)
        guard case .refused("other.yaml", let problem)? = refused.first else {
            Issue.record("\(refused)")
            return
        }
        #expect(problem.hasPrefix("12:7: arms: weights are basis points"))
        #expect(try registry.snapshot.experiment("trial").experiment.specification.revision == 1)
        #expect(await follower.look() == [])

        try FileManager.default.removeItem(at: folder.appending(path: "other.yaml"))
        #expect(await follower.look() == [.applied(file: "trial.yaml", experiment: "trial")])
        // Refused until its version is there; told once.
        let later = experiment(revision: 3).replacing("version: 2", with: "version: 3")
            .replacing("epoch: 1", with: "epoch: 2")
        try write(later, "trial.yaml")
        guard case .refused("trial.yaml", let missing)? = await follower.look().first else {
            Issue.record("a version that is not there was taken")
            return
        }
        #expect(missing.contains("m has versions 1 to 2, not 3"), "\(missing)")
        #expect(await follower.look() == [] && follower.problemCount == 1)
        _ = try await registry.register(
            try Example.credit.registration(model: "m", id: "r-3"))
        #expect(await follower.look() == [.applied(file: "trial.yaml", experiment: "trial")])
        #expect(await follower.look() == [] && follower.problemCount == 0)

        try FileManager.default.removeItem(at: folder.appending(path: "trial.yaml"))
        #expect(await follower.look() == [])
        let trial = try registry.snapshot.experiment("trial").experiment
        #expect(trial.state == .running && trial.specification.revision == 3)
    }

    @Test("what is loaded is not loaded for a plan; what was refused rests while nothing changes")
    func patient() async throws {
        let kit = try RegistryKit()
        defer { kit.removeFolder() }
        let before = try await kit.open()
        for number in 1...2 {
            _ = try await before.register(
                try Example.credit.registration(model: "m", id: "r-\(number)"))
        }
        _ = try await before.setAlias(.move("m", to: 1))
        // Version 1 is loaded, version 2 is not.
        let registry = try await kit.open()
        let file = try #require(try kit.artifactFiles().first)
        let good = try Data(contentsOf: file)
        try Data(good.reversed()).write(to: file)
        let folder = kit.folder.appending(path: "experiments")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try experiment().replacing("holdouts: [quiet]\n", with: "").write(
            to: folder.appending(path: "trial.yaml"), atomically: true, encoding: .utf8)
        let follower = ExperimentFolderFollower(registry, folder: folder)
        let refused = await follower.look()
        #expect(refused.count == 1, "\(refused)")
        try good.write(to: file)
        #expect(await follower.look() == [] && follower.problemCount == 1)
        kit.clock.withLock { $0 += ExperimentFolderFollower.retryMilliseconds }
        #expect(await follower.look() == [.applied(file: "trial.yaml", experiment: "trial")])
    }
}
