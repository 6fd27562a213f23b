import AssayMessages
import Foundation
import RPC
import Testing

@testable import ModelCore

@Suite("Ensembles in the registry")
struct EnsembleRegistryTests {
    private static let three = ["trees 1 weight 3", "forest 1 weight 0.5", "line 1 weight 1.5"]

    /// The formula: Σ wᵢ vᵢ / Σ wᵢ in member order.
    private func expected(_ kit: EnsembleKit) async throws -> Double {
        var (sum, weights) = (0.0, 0.0)
        for (model, weight) in [("trees", 3.0), ("forest", 0.5), ("line", 1.5)] {
            sum += weight * (try await kit.ask(model).margin[0])
            weights += weight
        }
        return sum / weights
    }

    @Test(
        "trees, a forest and a line answer as the formula says, explained, the same after a restart"
    )
    func whole() async throws {
        let kit = try await EnsembleKit()
        defer { kit.kit.removeFolder() }
        let margin = try await expected(kit)
        let version = try await kit.register("blend", Self.three, golden: [margin])
        #expect(version.format == "assay-ensemble" && version.trees == 121)
        let response = try await kit.ask("blend", explain: .contributions)
        #expect(response.margin == [margin])
        #expect(abs(response.probability[0] - 1 / (1 + exp(-margin))) < 1e-15)
        let explanation = try #require(response.explanation)
        let sum = explanation.attributions.reduce(explanation.baseValue) { $0 + $1.value }
        #expect(explanation.method == .ensemble && explanation.exactness == .exact)
        #expect(abs(sum + explanation.rounding - margin) < 1e-12)
        #expect(abs(explanation.rounding) < 1e-4)

        _ = try await kit.registry.setAlias(.move("blend", to: 1, alias: "live"))
        let restarted = try await kit.kit.open()
        #expect(restarted.snapshot.damagedAliases.isEmpty && restarted.snapshot.loadedCount == 1)
        let after = try await kit.ask("blend", restarted, explain: .contributions)
        #expect(after.margin == response.margin && after.probability == response.probability)
        #expect(after.explanation == response.explanation)
        // And one that is loaded because a call names it.
        #expect(try await kit.ask("line", restarted).margin == kit.ask("line").margin)
        let wrong = await refusal {
            try await kit.register("other", Self.three, golden: [margin + 1])
        }
        #expect(wrong.message.contains("manifest.golden_rows[0].margin[0]"))
    }

    @Test("an ensemble comes in parts too, and is loaded when a call names it")
    func uploaded() async throws {
        let kit = try await EnsembleKit()
        defer { kit.kit.removeFolder() }
        let file = EnsembleText.file(
            "mean", on: "probability", inputs: kit.inputs.map(\.name), Self.three)
        let parts = AsyncStream<AssayModelsV1.UploadPart> { parts in
            let start = AssayModelsV1.UploadStart(
                requestID: "u-1", model: "blend", manifest: .init(inputs: kit.inputs),
                size: UInt64(file.count), actor: "ann")
            parts.yield(.init(piece: .start(start)))
            parts.yield(.init(piece: .data(file)))
            parts.yield(.init(piece: .digest(ArtifactDigest(of: file).bytes)))
            parts.finish()
        }
        #expect(try await kit.registry.upload(parts, by: "ann").number == 1)
        var sum = 0.0
        for model in ["trees", "forest", "line"] {
            sum += try await kit.ask(model).probability[0]
        }
        let restarted = try await kit.kit.open()
        #expect(restarted.snapshot.loadedCount == 0)
        #expect(try await kit.ask("blend", restarted).probability == [sum / 3])
    }

    @Test("a required member that is not there, retired or damaged refuses with its name and place")
    func required() async throws {
        let kit = try await EnsembleKit()
        defer { kit.kit.removeFolder() }
        func refused(_ member: String) async -> RPCError {
            await refusal { try await kit.register("blend", ["trees 1", member]) }
        }
        let unknown = await refused("forest 2")
        #expect(unknown.code == .invalidArgument && unknown.reason == "artifact_refused")
        #expect(
            unknown.message
                == "artifact: $.members[1]: forest 2 cannot answer: there is no such version")
        // One that is optional has to be there as well, so that no version can be part of itself.
        let itself = await refused("blend 1 optional")
        #expect(itself.message.hasSuffix("blend 1 cannot answer: there is no such version"))
        _ = try await kit.set("line", .suspended, id: "s-1")
        let suspended = await refused("line 1")
        #expect(suspended.message.contains("$.members[1]: line 1 cannot answer: it is suspended"))
        _ = try await kit.set("line", .retired, id: "s-2")
        #expect(await refused("line 1").message.contains("it is retired by bob: old"))
        try kit.damage("forest")
        #expect(await refused("forest 1").message.contains("no longer have this hash"))
        #expect(kit.registry.snapshot.models["blend"] == nil)
        // A retired one that is optional is gone for good: the rest answers without it.
        _ = try await kit.register("blend", ["trees 1", "line 1 optional"], combine: "mean")
        #expect(try await kit.ask("blend").margin == kit.ask("trees").margin)
    }

    @Test(
        "a member whose file is damaged later: required it refuses to load, optional it is left out"
    )
    func damaged() async throws {
        let kit = try await EnsembleKit()
        defer { kit.kit.removeFolder() }
        let margin = try await expected(kit)
        _ = try await kit.register("strict", Self.three, golden: [margin])
        let lenient = ["trees 1 weight 3", "forest 1 weight 0.5 optional", "line 1 weight 1.5"]
        _ = try await kit.register("lenient", lenient, golden: [margin])
        _ = try await kit.registry.setAlias(.move("strict", to: 1, alias: "live"))
        try kit.damage("forest")
        let restarted = try await kit.kit.open()
        #expect(restarted.snapshot.damagedAliases.map(\.model) == ["strict"])
        let error = await refusal { try await kit.ask("strict", restarted) }
        #expect(error.code == .unavailable && error.reason == "version_damaged")
        #expect(error.message.contains("$.members[1]: forest 1 cannot answer: "))
        let without = try await kit.ask("lenient", restarted)
        let (trees, line) = (try await kit.ask("trees"), try await kit.ask("line"))
        let sum: Double = 3 * trees.margin[0] + 1.5 * line.margin[0]
        #expect(without.margin == [sum / 4.5])
        let serving = try #require(try restarted.snapshot.model("lenient").versions[1])
        #expect(serving.isDegraded && serving.statistics[.degraded] == 1)
    }

    @Test("what an ensemble answers with stays in use, until the ensemble is out of use")
    func inUse() async throws {
        let kit = try await EnsembleKit()
        defer { kit.kit.removeFolder() }
        _ = try await kit.register("blend", Self.three)
        _ = try await kit.register("outer", ["blend 1", "trees 1"], combine: "mean")
        for (number, status) in [AssayModelsV1.VersionStatus.suspended, .retired].enumerated() {
            let error = await refusal { try await kit.set("forest", status, id: "n-\(number)") }
            #expect(error.code == .failedPrecondition && error.reason == "version_in_use")
            #expect(
                error.message == "forest version 1 is in use: ensemble blend version 1 answers "
                    + "with it (retire that first)")
        }
        let nested = await refusal { try await kit.set("blend", .retired, id: "n-2") }
        #expect(nested.message.contains("ensemble outer version 1 answers with it"))
        _ = try await kit.set("outer", .retired, id: "t-1")
        _ = try await kit.set("blend", .suspended, id: "t-2")
        _ = try await kit.set("forest", .retired, id: "t-3")
        let back = await refusal { try await kit.set("blend", .candidate, id: "t-4") }
        #expect(back.code == .failedPrecondition && back.reason == "member_status")
        #expect(
            back.message
                == "blend version 1 answers with forest version 1: it is retired by bob: old")
        let erased = try await kit.set("forest", .erased, id: "t-5", by: "carol")
        #expect(erased.status == .erased)
        let report = await RegistryInspection(
            store: kit.kit.store, artifacts: kit.kit.artifacts
        ).run()
        #expect(report.findings == [])
    }

    @Test("ensembles nest three deep and no deeper")
    func depth() async throws {
        let kit = try await EnsembleKit()
        defer { kit.kit.removeFolder() }
        _ = try await kit.register("one", ["trees 1"], combine: "mean")
        _ = try await kit.register("two", ["one 1", "trees 1"], combine: "mean")
        _ = try await kit.register("three", ["two 1", "one 1"], combine: "mean")
        #expect(try await kit.ask("three").margin == kit.ask("trees").margin)
        let error = await refusal {
            try await kit.register("four", ["three 1"], combine: "mean")
        }
        #expect(error.message == "artifact: three 1 nests ensembles too deep")
    }

    @Test("experiments and shadows take an ensemble as any other version")
    func elsewhere() async throws {
        let kit = try await EnsembleKit()
        defer { kit.kit.removeFolder() }
        _ = try await kit.register("blend", Self.three)
        _ = try await kit.register("blend", ["trees 1"], combine: "mean", id: "r-2")
        _ = try await kit.registry.setAlias(.move("blend", to: 1, alias: "live"))
        let restarted = try await kit.kit.open()
        let shadow = """
            shadow: next
            revision: 1
            owner: me@bank.example
            model: blend
            alias: live
            version: 2
            share: 10000
            budget: {pool: 2500, queue: 16}
            """
        _ = try await restarted.applyExperiment(
            .init(requestID: "x-1", file: shadow, reason: "try"), by: "ann")
        #expect(try restarted.snapshot.model("blend").versions.keys.sorted() == [1, 2])
    }
}
