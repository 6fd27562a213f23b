import AssayMessages
import Foundation
import RPC
import TestSupport
import Testing

@Suite("People change the rules", .serialized, .timeLimit(.minutes(5)))
struct RuleStoryTests {
    @Test(
        "an analyst's change is checked, proposed, approved by another, applied, and decides at once"
    )
    func story() async throws {
        let assay = try await AssayUnderTest()
        let curl = Curl(port: try assay.port("gateway"), authority: assay.authority)
        let key = try assay.key("default")
        func rules(_ arguments: [String]) async throws -> (code: Bool, text: String) {
            let answer = try await assay.assay(["rules"] + arguments)
            return (answer.end == .exit(0), answer.output + answer.errors)
        }
        func flags(_ id: String) async throws -> String {
            let json = RuleFiles.payment(id, claiming: 4)
            let reply = try await curl.decide(json: json, key: key)
            #expect(reply.status == 200, "\(reply.text)")
            return reply.text
        }
        #expect(try await !flags("before").contains("VEL-001"))

        // A folder of one's own, one number changed.
        let folder = "\(assay.folder.path)/mine"
        let written = try await rules(["files", "--out", folder])
        #expect(written.code, "\(written.text)")
        let file = "\(folder)/\(RuleFiles.velocity)"
        try RuleFiles.velocity(limit: 3, testsAgree: false)
            .write(toFile: file, atomically: true, encoding: .utf8)
        let wrong = try await assay.validate(folder)
        #expect(wrong.end == .exit(1))
        #expect(wrong.errors.contains("\(file):"), "\(wrong.errors)")
        #expect(wrong.errors.contains("expects no_hit, found hit"))
        #expect(wrong.errors.contains("    ^") || wrong.errors.contains(" ^\n"))
        #expect(try await !rules(["propose", folder, "--reason", "too late"]).code)

        try RuleFiles.velocity(limit: 3).write(toFile: file, atomically: true, encoding: .utf8)
        #expect(try await assay.validate(folder).end == .exit(0))
        let differs = try await rules(["diff", folder])
        #expect(differs.text.contains("parameter hourly_limit: 5 → 3"), "\(differs.text)")
        let proposed = try await rules(
            ["propose", folder, "--reason", "stolen cards pay four times an hour"])
        #expect(proposed.code && proposed.text.contains("change-1"), "\(proposed.text)")

        // The author's own approval, straight at the service: the command line knows no such way.
        let early = try await rules(["apply", "change-1", "--reason", "now"])
        #expect(!early.code && early.text.contains("nobody has approved"))
        let own = try await curl.post(
            "assay.risk.v1.RuleAdministration/ReviewProposal",
            json: #"{"requestId":"own-1","proposalId":"change-1","approve":true}"#,
            key: try assay.key("demo"))
        #expect(own.status == 403, "\(own.text)")
        let reviewed = try await rules(["review", "change-1", "--approve", "--comment", "agreed"])
        #expect(reviewed.code && reviewed.text.contains("approved by"), "\(reviewed.text)")
        #expect(try await !flags("approved").contains("VEL-001"))
        let applied = try await rules(["apply", "change-1", "--reason", "agreed"])
        #expect(applied.code && applied.text.contains("live: generation 2"), "\(applied.text)")

        #expect(try await flags("after").contains("VEL-001"))
        let list = try await rules(["list", "--id", "VEL-001"])
        #expect(list.text.contains("VEL-001") && list.text.contains("generation 2"))
        let explained = try await rules(["explain", "VEL-001", "--running"])
        #expect(explained.text.contains("hourly_limit = 3"), "\(explained.text)")
        let history = try await rules(["proposals", "change-1"])
        #expect(history.text.contains("applied by"), "\(history.text)")
        #expect(await assay.stop() == .exit(0))

        // The next start decides by what was applied.
        let again = try await AssayUnderTest(in: assay.folder)
        let explainedAgain = try await again.assay(["rules", "explain", "VEL-001", "--running"])
        #expect(explainedAgain.output.contains("hourly_limit = 3"))
        #expect(await again.stop() == .exit(0))
    }

    @Test("the author's own approval is refused by the service, whatever the key may do")
    func own() async throws {
        let folder = try TemporaryDirectory()
        let risk = try await RiskProcess.start(in: folder.path)
        let author = RiskProcess.options("author")
        let proposal = try await risk.rules.proposeRules(
            AssayRiskV1.ProposeRequest(
                requestID: "p-1",
                files: [
                    AssayRiskV1.RuleFile(
                        name: RuleFiles.velocity, text: try RuleFiles.velocity(limit: 3))
                ], reason: "mine"), options: author)
        let error = await #expect(throws: RPCError.self) {
            try await risk.rules.reviewProposal(
                AssayRiskV1.ReviewRequest(
                    requestID: "r-1", proposalID: proposal.proposalID, approve: true,
                    actor: "somebody else"), options: author)
        }
        #expect(error?.code == .permissionDenied)
        await risk.kill()
        let proven = try await RiskProcess.verify(folder.path)
        // Adopted, proposed, refused: each is a record of the log.
        #expect(proven.output.contains("records 1 to 3"), "\(proven.output)\(proven.errors)")
        #expect(proven.end == .exit(0))
    }
}

extension AssayUnderTest {
    fileprivate func validate(
        _ folder: String
    ) async throws -> (end: ChildProcess.End, output: String, errors: String) {
        let program = try #require(PackageLayout.executable("assay"))
        return try await ChildProcess.run(program, ["rules", "validate", folder])
    }
}
