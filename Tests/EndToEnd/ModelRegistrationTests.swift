import Foundation
import TestSupport
import Testing

@Suite("A model file is refused before it can harm", .serialized, .timeLimit(.minutes(5)))
struct ModelRegistrationTests {
    @Test("a corrupt file is refused with its position and reason; a good one is served")
    func corruptModel() async throws {
        let assay = try await AssayUnderTest()
        let folder = "\(PackageLayout.root)/deploy/examples/credit"
        let model = try String(contentsOfFile: "\(folder)/model.json", encoding: .utf8)

        let cut = try assay.folder.write(String(model.prefix(model.count / 2)), to: "cut.json")
        let refused = try await Self.push(assay, cut, folder)
        #expect(refused.end != .exit(0))
        #expect(refused.errors.contains("byte"), "\(refused.errors)")

        // One split condition changed: the file parses, but does not give the golden rows.
        let bent = model.replacingOccurrences(
            of: "\"split_conditions\":[", with: "\"split_conditions\":[1e3,")
        let bentFile = try assay.folder.write(bent, to: "bent.json")
        let wrong = try await Self.push(assay, bentFile, folder)
        #expect(wrong.end != .exit(0), "\(wrong.output)")

        let good = try await Self.push(assay, "\(folder)/model.json", folder)
        #expect(good.end == .exit(0), "\(good.errors)")
        let decided = try await assay.assay(["assess", "credit", "--json"])
        #expect(decided.end == .exit(0), "\(decided.errors)")
        #expect(decided.output.contains("probabilityOfDefault"), "\(decided.output)")
        #expect(await assay.stop() == .exit(0))
    }

    private static func push(
        _ assay: AssayUnderTest, _ file: String, _ folder: String
    ) async throws -> (end: ChildProcess.End, output: String, errors: String) {
        try await assay.assay([
            "models", "push", "--model", "credit-german", "--manifest", "\(folder)/manifest.json",
            "--artifact", file, "--alias", "champion",
        ])
    }
}
