import Foundation
import TestSupport
import Testing

/// The OpenAPI document of a running gateway, in front of running services.
@Suite("The gateway's description", .serialized, .timeLimit(.minutes(5))) struct DescriptionTests {
    private static let python = "\(PackageLayout.root)/.venv/bin/python"
    private static let hasValidator: Bool = {
        let site = URL(filePath: "\(PackageLayout.root)/.venv/lib")
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: site.path)) ?? []
        return versions.contains { version in
            let package = "\(version)/site-packages/openapi_spec_validator"
            return FileManager.default.fileExists(atPath: site.appending(path: package).path)
        }
    }()

    @Test(
        "is valid OpenAPI 3.1, and each of its examples is a request that the method takes",
        .enabled(
            if: hasValidator, "no .venv with openapi-spec-validator here: make test creates it"))
    func examples() async throws {
        let assay = try await AssayUnderTest()
        let folder = URL(filePath: "\(assay.folder.path)/keys")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        let names = files.filter { $0.hasSuffix(".key") }.map { String($0.dropLast(4)) }.sorted()
        let keys = try names.map { try assay.key($0) }
        let result = try await ChildProcess.run(
            Self.python,
            [
                "\(PackageLayout.root)/Tests/EndToEnd/openapi.py", "\(try assay.port("gateway"))",
                assay.authority,
            ] + keys)
        try #require(result.end == .exit(0), "\(result.errors)")
        let lines = result.output.split(separator: "\n").map(String.init)
        let problems = lines.filter { $0.hasPrefix("problem ") }
        #expect(problems.isEmpty, "\(problems.joined(separator: "\n"))")
        #expect(lines.contains("200 POST /assay.risk.v1.RiskAssessment/AssessTransaction"))
        #expect(lines.contains("200 GET /assay.risk.v1.RiskAssessment/ListDecisions"))
        #expect(lines.count > 30, "\(result.output)")
        #expect(await assay.stop() == .exit(0))
    }
}
