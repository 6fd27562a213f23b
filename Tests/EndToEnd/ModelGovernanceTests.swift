import Foundation
import TestSupport
import Testing

@Suite("People decide what answers", .serialized, .timeLimit(.minutes(5)))
struct ModelGovernanceTests {
    @Test(
        "pushed, refused, approved, in service, rolled back, suspended, ended: by the command line")
    func story() async throws {
        let assay = try await AssayUnderTest()
        let folder = "\(PackageLayout.root)/deploy/examples/credit"
        func models(_ arguments: [String]) async throws -> (isDone: Bool, text: String) {
            let answer = try await assay.assay(["models"] + arguments)
            return (answer.end == .exit(0), answer.output + answer.errors)
        }
        let push = [
            "push", "--model", "loans", "--manifest", "\(folder)/manifest.json", "--artifact",
            "\(folder)/model.json",
        ]
        // Nobody has said what this model's aliases ask for: people govern the champion.
        let bare = try await models(push + ["--alias", "champion"])
        #expect(!bare.isDone)
        for line in [
            "4 gates failed:", "  card: the manifest has no card", "  metrics: ", "  fairness: ",
            "  approval: 0 of 1 approvals by people other than demo",
        ] {
            #expect(bare.text.contains(line), "\(bare.text)")
        }
        let policy = try assay.folder.write(
            """
            model: loans
            owner: risk@bank.example
            aliases:
              champion: {approvals: 1, gates: [compatible]}
            """, to: "loans.yaml")
        #expect(try await models(["policy", "apply", policy]).isDone)
        let shown = try await models(["policy", "show", "--model", "loans"])
        #expect(shown.text.contains("asks for 1 approval, 32 golden rows, gates compatible"))
        let changes = try await models(["policy", "history"])
        #expect(changes.text.contains("aliases of loans ask for something else"))

        let alias = ["alias", "--model", "loans", "--reason", "validated", "--version"]
        let early = try await models(alias + ["1"])
        #expect(!early.isDone && early.text.contains("assay models approve --model loans"))
        let approve = ["approve", "--model", "loans", "--role", "model risk", "--reason", "fine"]
        let approved = try await models(approve + ["--version", "1"])
        #expect(approved.text.contains("approved by reviewer, model risk; it is approved"))
        #expect(try await models(alias + ["1"]).isDone)

        // Another version: the same bytes, described otherwise.
        let manifest = try String(contentsOfFile: "\(folder)/manifest.json", encoding: .utf8)
            .replacing("Probability that", with: "Probability, that")
        let other = try assay.folder.write(manifest, to: "manifest.json")
        let second = try await models(
            ["push", "--model", "loans", "--manifest", other, "--artifact", "\(folder)/model.json"])
        #expect(second.text.contains("loans version 2"))
        #expect(try await models(approve + ["--version", "2"]).isDone)
        #expect(try await models(alias + ["2"]).isDone)
        let back = try await models(["rollback", "--model", "loans", "--reason", "worse"])
        #expect(back.text.contains("rolled back from version 2 to version 1 (generation 3)"))
        let status = ["status", "--model", "loans", "--reason", "wrong labels", "--to"]
        #expect(try await models(status + ["suspended", "--version", "2"]).isDone)
        let inUse = try await models(status + ["suspended", "--version", "1"])
        #expect(!inUse.isDone && inUse.text.contains("alias \"champion\" points to it"))

        let list = try await models(["list", "--model", "loans"])
        #expect(list.text.contains("suspended") && list.text.contains("approved"))
        let show = try await models(["show", "--model", "loans", "--version", "2"])
        #expect(show.text.contains("by demo: wrong labels"))
        #expect(show.text.contains("approved by reviewer, model risk"))
        let then = try await models(["as-of", "--model", "loans", "--time", "2031-01-01T00:00:00Z"])
        #expect(then.text.contains("loans@champion pointed to version 1"))
        let before = try await models(
            ["as-of", "--model", "loans", "--time", "2001-01-01T00:00:00Z"])
        #expect(before.text.contains("pointed to no version"))
        let end = try await models(
            ["alias", "--delete", "--model", "loans", "--reason", "the product ended"])
        #expect(end.text.contains("alias champion is gone; it was at version 1"))
        let history = try await models(["history", "--model", "loans"])
        #expect(history.text.contains("rolled back from version 2 to version 1"))
        #expect(await assay.stop() == .exit(0))
    }
}
